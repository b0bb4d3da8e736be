//! `db-parameter-group`: MySQL's own settings of a database.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, RiskKind, SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db_subnet_group::managed;
use crate::mysql_parameter::{TakesEffect, takes_effect};
use crate::mysql_value::{ValueFault, value_fault};
use crate::pace;

/// MySQL's own settings of a database: those that differ from what RDS sets by itself.
pub enum DbParameterGroup {}

/// What may be declared of a DB parameter group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DbParameterGroupSpec {
    /// Its name, up to 255 of `a-z0-9-`, a letter first; unique in the region. RDS keeps names in lower case.
    pub name: String,
    /// The engine and major version it is for: `mysql8.0`, `mysql8.4`.
    pub family: String,
    /// What it is for. RDS wants one, and cannot change it.
    #[serde(default = "managed")]
    pub description: String,
    /// What is set, by MySQL's names in lower case. What is not named here has RDS's own value. A parameter that MySQL reads
    /// only when it starts takes effect when the database is rebooted; bbws does not do that.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a DB parameter group offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DbParameterGroupOutputs {
    /// Its name, known once its parameters are set: some count only while a database is made.
    pub name: Name<DbParameterGroup>,
    /// Its ARN.
    pub arn: Arn<DbParameterGroup>,
}

impl Kind for DbParameterGroup {
    const NAME: &'static str = "db-parameter-group";
    const FACTS: Facts = Facts {
        service: "rds",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: Some(NameRule { field: "name", max: 255 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(4, 3, 3, 10),
        pace: pace::RDS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["rds:DescribeDBParameterGroups", "rds:DescribeDBParameters", "rds:ListTagsForResource"],
        create: &["rds:CreateDBParameterGroup", "rds:AddTagsToResource", "iam:CreateServiceLinkedRole"],
        update: &["rds:ModifyDBParameterGroup", "rds:ResetDBParameterGroup", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
        delete: &["rds:DeleteDBParameterGroup"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("name"), OutputFact::created("arn")];
    type Spec<S: Stage> = DbParameterGroupSpec;
    type Outputs = DbParameterGroupOutputs;

    fn check(want: &DbParameterGroupSpec) -> Vec<SpecProblem> {
        let DbParameterGroupSpec { name, family, description, parameters, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if !is_rds_name(name, 255) {
            wrong("name", format!("`{name}` is no DB parameter group's name: {}", rds_name_rule(255)));
        }
        let version = family.strip_prefix("mysql").and_then(|version| version.split_once('.'));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !version.is_some_and(|(major, minor)| digits(major) && digits(minor)) {
            wrong("family", format!("`{family}` is no family of MySQL: write `mysql8.0` or `mysql8.4`"));
        }
        if description.is_empty() || description.len() > 255 {
            wrong("description", "RDS wants a description of 1 to 255 characters".into());
        }
        for (parameter, value) in parameters {
            let field = format!("parameters.{parameter}");
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
            if parameter.is_empty() || !parameter.chars().all(allowed) {
                wrong(&field, format!("`{parameter}` is not the name of a MySQL parameter, in lower case: `max_connections`"));
            }
            if value.is_empty() {
                wrong(&field, format!("`{parameter}` has no value: leave it out to have RDS's own"));
            } else if let Some(ValueFault::NoNumber { .. }) = value_fault(parameter, value) {
                wrong(&field, format!("`{parameter}` is a number: RDS refuses `{value}`"));
            }
            if parameter == "lower_case_table_names" && value == "2" {
                wrong(&field, "MySQL on Linux takes 0 or 1".into());
            }
        }
        problems
    }

    fn diff(have: &DbParameterGroupSpec, want: &DbParameterGroupSpec) -> Diff {
        let DbParameterGroupSpec { name, family, description, parameters, tags } = want;
        const MOVES: &str = "the database moves to a new group, which takes effect when it is rebooted";
        let turns_tls_off = is_on(have, "require_secure_transport") && !is_on(want, "require_secure_transport");
        let diff = Diff::new()
            .replace("name", &have.name, name)
            .risks(RiskKind::Downtime, MOVES)
            .away(60, 120)
            .replace("family", &have.family, family)
            .risks(RiskKind::Downtime, MOVES)
            .away(60, 120)
            .replace("description", &have.description, description)
            .risks(RiskKind::Downtime, MOVES)
            .away(60, 120)
            .update("parameters", &have.parameters, parameters);
        let names: BTreeSet<&String> = have.parameters.keys().chain(parameters.keys()).collect();
        let changed = |when: TakesEffect| {
            let differs = |name: &&String| have.parameters.get(*name) != parameters.get(*name) && takes_effect(name) == when;
            names.iter().copied().filter(differs).cloned().collect::<Vec<_>>().join(", ")
        };
        let (at_start, unknown) = (changed(TakesEffect::AtStart), changed(TakesEffect::Unknown));
        let diff = if at_start.is_empty() {
            diff
        } else {
            let told = format!("{at_start} takes effect at the next reboot of the database, which is left to you");
            diff.risks(RiskKind::Downtime, told).away(60, 120)
        };
        let diff = if unknown.is_empty() {
            diff
        } else {
            let told =
                format!("{unknown} may take effect only at the next reboot of the database (bbws does not know it), which is left to you");
            diff.risks(RiskKind::Downtime, told).away(60, 120)
        };
        let diff = if turns_tls_off { diff.risks(RiskKind::Security, "the database lets clients in that do not speak TLS") } else { diff };
        diff.update("tags", &have.tags, tags)
    }

    /// Two groups of a region never share a name, and a database holds on to its own.
    fn replacement(have: &DbParameterGroupSpec, want: &DbParameterGroupSpec) -> Replacement {
        if have.name == want.name { Replacement::FRESH_NAME } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &DbParameterGroupSpec) -> Meters {
        Meters::free()
    }

    /// The list has neither parameters nor tags. A value that is set to RDS's own may take a second call.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        Reads::none()
            .shared("rds:DescribeDBParameterGroups")
            .each("rds:DescribeDBParameters", ids())
            .each("rds:ListTagsForResource", ids().map(|id| format!("pg:{id}")))
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

fn is_on(spec: &DbParameterGroupSpec, parameter: &str) -> bool {
    spec.parameters.get(parameter).is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("on"))
}

/// Whether RDS keeps this name as it is: it takes capitals too, but answers in lower case.
pub(crate) fn is_rds_name(name: &str, longest: usize) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-') && !name.contains("--");
    edges && name.len() <= longest && name.chars().all(allowed)
}

pub(crate) fn rds_name_rule(longest: usize) -> String {
    format!("1 to {longest} of a-z 0-9 -, a letter first, no `-` at the end and no `--` (RDS keeps names in lower case)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> DbParameterGroupSpec {
        let mut whole = json!({"name": "dev-mysql80", "family": "mysql8.0", "parameters": {"require_secure_transport": "1"}});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace, 1),
            (json!({"family": "mysql8.4"}), Verb::Replace, 1),
            (json!({"description": "d"}), Verb::Replace, 1),
            (json!({"parameters": {"require_secure_transport": "1", "max_connections": "100"}}), Verb::Update, 0),
            (json!({"parameters": {"require_secure_transport": "0"}}), Verb::Update, 1),
            (json!({"parameters": {}}), Verb::Update, 1),
            (json!({"parameters": {"require_secure_transport": "1", "performance_schema": "1"}}), Verb::Update, 1),
            (json!({"parameters": {"require_secure_transport": "1", "innodb_read_io_threads": "8"}}), Verb::Update, 1),
            (json!({"parameters": {"require_secure_transport": "1", "some_plugin_setting": "8"}}), Verb::Update, 1),
            (json!({"tags": {"a": "b"}}), Verb::Update, 0),
        ];
        for (edit, verb, risks) in table {
            let diff = DbParameterGroup::diff(&spec(json!({})), &spec(edit.clone()));
            let told: Vec<_> = diff.changes().iter().map(|c| (c.verb.clone(), c.risks.len())).collect();
            assert_eq!(told, [(verb, risks)], "{edit}");
        }
    }

    #[test]
    fn a_new_one_of_the_same_name_needs_a_fresh_one() {
        let fresh = |edit| DbParameterGroup::replacement(&spec(json!({})), &spec(edit)).fresh_name;
        assert!(fresh(json!({"family": "mysql8.4"})));
        assert!(!fresh(json!({"name": "other"})));
    }

    #[test]
    fn what_rds_would_refuse_is_told() {
        let fields = |edit| DbParameterGroup::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        for name in ["", "Dev", "1a", "a-", "a--b", "mysql8.0"] {
            assert_eq!(fields(json!({"name": name})), ["name"], "{name}");
        }
        assert_eq!(fields(json!({"family": "mysql"})), ["family"]);
        assert_eq!(fields(json!({"family": "postgres16"})), ["family"]);
        assert_eq!(fields(json!({"description": ""})), ["description"]);
        assert_eq!(fields(json!({"parameters": {"Max": "1"}})), ["parameters.Max"]);
        for value in ["", "abc", "64M"] {
            assert_eq!(fields(json!({"parameters": {"max_connections": value}})), ["parameters.max_connections"], "{value}");
        }
        assert!(fields(json!({"parameters": {"max_connections": "{DBInstanceClassMemory/12582880}", "other": "abc"}})).is_empty());
        assert!(fields(json!({})).is_empty());
    }
}
