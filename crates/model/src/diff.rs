//! What differs between a resource as it is and as it is wanted, and what each difference means.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What has to happen for a field to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// AWS changes it in place.
    Update,
    /// AWS cannot change it: a new object takes the old one's place.
    Replace,
    /// It must not be changed by a plan, because data would be lost; the text names the safe way.
    Forbid(String),
    /// It can be written but not read: compared by reference and version, never by value.
    WriteOnly,
}

/// What can go wrong for people when a step runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RiskKind {
    /// Something users stored may be gone.
    DataLoss,
    /// The service is away for a while.
    Downtime,
    /// It opens or closes network access.
    Security,
    /// It changes who may do what.
    Iam,
}

/// One risk of a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Risk {
    /// Which sort.
    pub kind: RiskKind,
    /// What happens, to whom.
    pub text: String,
    /// For how long the service is expected to be away; none where it is not, or where nobody can say.
    pub away: Option<Away>,
}

impl Risk {
    /// A risk of this sort.
    #[must_use]
    pub fn new(kind: RiskKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), away: None }
    }
}

/// For how long the service is expected to be away, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Away {
    /// At least.
    pub least: u64,
    /// At most, if nothing goes wrong.
    pub most: u64,
}

/// `up to 30 seconds`, `1 to 2 minutes`, `90 seconds to 4 minutes`.
impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |seconds: u64| match seconds {
            0..120 if !seconds.is_multiple_of(60) => (seconds, "second"),
            ..7200 => (seconds.div_ceil(60), "minute"),
            _ => (seconds.div_ceil(3600), "hour"),
        };
        let many = |(number, unit): (u64, &str)| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
        let (least, most) = (told(self.least), told(self.most));
        if self.least == 0 {
            write!(f, "up to {}", many(most))
        } else if least == most {
            write!(f, "about {}", many(most))
        } else if least.1 == most.1 {
            write!(f, "{} to {}", least.0, many(most))
        } else {
            write!(f, "{} to {}", many(least), many(most))
        }
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field of the spec.
    pub field: String,
    /// What has to happen.
    pub verb: Verb,
    /// As it is.
    pub from: Value,
    /// As it is wanted; a reference that is not yet known stands here as such.
    pub to: Value,
    /// What changing it risks.
    pub risks: Vec<Risk>,
    /// Whether the data is copied before it is changed.
    pub backup: bool,
}

/// A field that stays as it is although the wish says otherwise: the wish is a least, and it is met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptField {
    /// The field of the spec.
    pub field: String,
    /// As it is.
    pub have: Value,
    /// As it is wished.
    pub want: Value,
    /// Why nothing is done about it.
    pub why: String,
}

/// All fields that differ. Built field by field: the verb per field is the kind's policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    changes: Vec<FieldChange>,
    kept: Vec<KeptField>,
    /// Whether the field named last differs, so that what is said next is about it.
    last_differs: bool,
}

impl Diff {
    /// Nothing compared yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn compare<T: PartialEq + Serialize>(mut self, field: &str, verb: Verb, have: &T, want: &T) -> Self {
        self.last_differs = have != want;
        if self.last_differs {
            // A value that cannot be written as JSON is shown as null; specs are JSON by construction.
            let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
            self.changes.push(FieldChange {
                field: field.to_owned(),
                verb,
                from: json(have),
                to: json(want),
                risks: vec![],
                backup: false,
            });
        }
        self
    }

    /// AWS changes this field in place.
    #[must_use]
    pub fn update<T: PartialEq + Serialize>(self, field: &str, have: &T, want: &T) -> Self {
        self.compare(field, Verb::Update, have, want)
    }

    /// AWS changes this field in place; one that is not declared has no opinion.
    #[must_use]
    pub fn update_if_declared<T: PartialEq + Serialize>(self, field: &str, have: &Option<T>, want: &Option<T>) -> Self {
        if want.is_none() { self.same() } else { self.update(field, have, want) }
    }

    /// AWS cannot change this field.
    #[must_use]
    pub fn replace<T: PartialEq + Serialize>(self, field: &str, have: &T, want: &T) -> Self {
        self.compare(field, Verb::Replace, have, want)
    }

    /// AWS cannot change this field; one that is not declared has no opinion.
    #[must_use]
    pub fn replace_if_declared<T: PartialEq + Serialize>(self, field: &str, have: &Option<T>, want: &Option<T>) -> Self {
        if want.is_none() { self.same() } else { self.replace(field, have, want) }
    }

    /// This field must not be changed by a plan; `way` names the safe way.
    #[must_use]
    pub fn forbid<T: PartialEq + Serialize>(self, field: &str, have: &T, want: &T, way: &str) -> Self {
        self.compare(field, Verb::Forbid(way.to_owned()), have, want)
    }

    /// This field cannot be read back: give a reference and version, never the value.
    #[must_use]
    pub fn write_only<T: PartialEq + Serialize>(self, field: &str, have: &T, want: &T) -> Self {
        self.compare(field, Verb::WriteOnly, have, want)
    }

    /// The wish is a requirement that `satisfied` says is met or not: a version prefix, a least size.
    #[must_use]
    pub fn accepts<T: PartialEq + Serialize>(self, field: &str, satisfied: bool, have: &T, want: &T) -> Self {
        if satisfied { self.same() } else { self.update(field, have, want) }
    }

    /// Says that a field stays as it is although the wish says otherwise, and why. It is no difference that a plan could end.
    #[must_use]
    pub fn keeps<T: PartialEq + Serialize>(mut self, field: &str, have: &T, want: &T, why: &str) -> Self {
        if have != want {
            let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
            self.kept.push(KeptField { field: field.to_owned(), have: json(have), want: json(want), why: why.to_owned() });
        }
        self.same()
    }

    /// Says that the object is copied before the field named last is changed.
    #[must_use]
    pub fn with_backup(mut self) -> Self {
        if let Some(change) = self.last() {
            change.backup = true;
        }
        self
    }

    /// Says what changing the field named last risks.
    #[must_use]
    pub fn risks(mut self, kind: RiskKind, text: impl Into<String>) -> Self {
        if let Some(change) = self.last() {
            change.risks.push(Risk::new(kind, text));
        }
        self
    }

    /// Says for how many seconds the service is expected to be away by the risk named last.
    #[must_use]
    pub fn away(mut self, least: u64, most: u64) -> Self {
        if let Some(risk) = self.last().and_then(|change| change.risks.last_mut()) {
            risk.away = Some(Away { least, most });
        }
        self
    }

    fn same(mut self) -> Self {
        self.last_differs = false;
        self
    }

    fn last(&mut self) -> Option<&mut FieldChange> {
        if self.last_differs { self.changes.last_mut() } else { None }
    }

    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// What differs, in the order of the spec.
    #[must_use]
    pub fn changes(&self) -> &[FieldChange] {
        &self.changes
    }

    /// What stays as it is although the wish says otherwise.
    #[must_use]
    pub fn kept(&self) -> &[KeptField] {
        &self.kept
    }

    /// Hands the changes out.
    #[must_use]
    pub fn into_changes(self) -> Vec<FieldChange> {
        self.changes
    }

    /// Whether some field demands a new object.
    #[must_use]
    pub fn replaces(&self) -> bool {
        self.changes.iter().any(|c| c.verb == Verb::Replace)
    }

    /// Whether some field must not be changed by a plan.
    #[must_use]
    pub fn forbids(&self) -> bool {
        self.changes.iter().any(|c| matches!(c.verb, Verb::Forbid(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_verb_names_what_differs_and_only_that() {
        let diff = Diff::new()
            .update("a", &1, &1)
            .risks(RiskKind::Downtime, "not said: it does not differ")
            .update("b", &1, &2)
            .with_backup()
            .replace("c", &"x", &"y")
            .update_if_declared("d", &Some(1), &None)
            .accepts("e", true, &"8.0.36", &"8.0")
            .keeps("g", &40, &20, "it never shrinks")
            .risks(RiskKind::Downtime, "not said: it stays")
            .keeps("h", &40, &40, "not said: it is the same")
            .forbid("f", &1, &2, "take a snapshot and restore it");
        let told: Vec<_> = diff.changes().iter().map(|c| (c.field.as_str(), c.backup, c.risks.len())).collect();
        assert_eq!(told, [("b", true, 0), ("c", false, 0), ("f", false, 0)]);
        assert_eq!(diff.kept().iter().map(|kept| kept.field.as_str()).collect::<Vec<_>>(), ["g"]);
        assert!(diff.replaces() && diff.forbids());
    }

    #[test]
    fn how_long_the_service_is_away_is_told_as_people_say_it() {
        let table = [
            (0, 30, "up to 30 seconds"),
            (60, 120, "1 to 2 minutes"),
            (60, 60, "about 1 minute"),
            (90, 240, "90 seconds to 4 minutes"),
            (600, 2400, "10 to 40 minutes"),
            (1800, 7200, "30 minutes to 2 hours"),
        ];
        for (least, most, told) in table {
            assert_eq!(Away { least, most }.to_string(), told);
        }
        let diff = Diff::new().update("a", &1, &2).risks(RiskKind::Downtime, "it restarts").away(60, 120).update("b", &1, &1).away(1, 2);
        assert_eq!(diff.changes()[0].risks[0].away, Some(Away { least: 60, most: 120 }));
    }
}
