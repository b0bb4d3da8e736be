//! Domain names.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use toml::de::DeValue;

use crate::RuleId;
use crate::decode::{Scalar, Wrong};

/// A domain name in lower case, without a final dot; its first label may be `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Domain(String);

impl Domain {
    /// Reads a domain name.
    ///
    /// # Errors
    /// Why the text is none.
    pub fn new(text: &str) -> Result<Self, String> {
        let wrong = |why: String| Err(format!("`{text}` is not a domain name: {why}"));
        let labels: Vec<&str> = text.split('.').collect();
        if text.len() > 253 {
            return wrong(format!("it has {} characters, and 253 are allowed", text.len()));
        }
        if labels.len() < 2 {
            return wrong("it has no dot".to_owned());
        }
        for (at, label) in labels.iter().enumerate() {
            if label.is_empty() {
                return wrong("there is nothing before, after or between its dots".to_owned());
            }
            if label.len() > 63 {
                return wrong(format!("its part `{label}` has {} characters, and 63 are allowed", label.len()));
            }
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
            if !(at == 0 && *label == "*") && (!label.chars().all(allowed) || label.starts_with('-') || label.ends_with('-')) {
                return wrong(format!("its part `{label}` has a character that may not stand there"));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is `zone` or a name inside it.
    #[must_use]
    pub fn is_within(&self, zone: &Self) -> bool {
        self.0.strip_suffix(&zone.0).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether a certificate for `name` (perhaps a wildcard) is good for it.
    #[must_use]
    pub fn is_covered_by(&self, name: &Self) -> bool {
        self == name || name.0.strip_prefix("*.").is_some_and(|base| self.0.split_once('.').is_some_and(|(_, rest)| rest == base))
    }

    /// Every name right below it: `*.wpdev.kimmyai.io`.
    #[must_use]
    pub fn wildcard(&self) -> Self {
        Self(format!("*.{}", self.0))
    }

    /// How many parts it has: 2 of `kimmyai.io`.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.0.split('.').count()
    }

    /// Stands in for a name that could not be read.
    pub(crate) fn unknown() -> Self {
        Self("unknown.invalid".to_owned())
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Scalar for Domain {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let fix = "write it in lower case, without a final dot: `wpdev.kimmyai.io`";
        let text = value.as_str().ok_or_else(|| Wrong::typed("a domain name in quotes", value))?;
        Self::new(text).map_err(|why| Wrong::new(RuleId::Domain, why, fix))
    }
}

impl JsonSchema for Domain {
    fn schema_name() -> Cow<'static, str> {
        "Domain".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::new(text).unwrap()
    }

    #[test]
    fn within_is_by_whole_parts() {
        assert!(domain("wp.kimmyai.io").is_within(&domain("kimmyai.io")));
        assert!(domain("kimmyai.io").is_within(&domain("kimmyai.io")));
        assert!(!domain("notkimmyai.io").is_within(&domain("kimmyai.io")));
    }

    #[test]
    fn a_wildcard_covers_one_part() {
        assert!(domain("a.b.io").is_covered_by(&domain("*.b.io")));
        assert!(!domain("x.a.b.io").is_covered_by(&domain("*.b.io")));
        assert!(!domain("b.io").is_covered_by(&domain("*.b.io")));
        assert!(domain("*.b.io").is_covered_by(&domain("*.b.io")));
    }

    #[test]
    fn what_is_none_says_why() {
        for (text, part) in [
            ("kimmyai", "no dot"),
            ("kimmyai..io", "nothing"),
            ("Kimmyai.io", "`Kimmyai`"),
            ("a.-b.io", "`-b`"),
            ("a.*.io", "`*`"),
            ("kimmyai.io.", "nothing"),
        ] {
            assert!(Domain::new(text).unwrap_err().contains(part), "{text}");
        }
    }
}
