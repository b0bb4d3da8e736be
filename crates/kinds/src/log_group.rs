//! `log-group`: a CloudWatch Logs group with its retention.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    RiskKind, SpecProblem, Stage, Tags, Unit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// A CloudWatch Logs group.
pub enum LogGroup {}

/// The retentions that CloudWatch Logs knows, in days.
pub const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// What may be declared of a log group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogGroupSpec {
    /// Its name, up to 512 of `a-zA-Z0-9_-/.#`.
    pub name: String,
    /// How many days log lines are kept; one of the numbers AWS knows. None: AWS keeps them for ever.
    pub retention_days: Option<u32>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a log group offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogGroupOutputs {
    /// Its ARN, without the `:*` that AWS puts behind it in some places.
    pub arn: Arn<LogGroup>,
    /// Its name.
    pub name: Name<LogGroup>,
}

impl Kind for LogGroup {
    const NAME: &'static str = "log-group";
    const FACTS: Facts = Facts {
        service: "logs",
        id_prefix: "",
        holds_data: false,
        loses: Some("the log events in it go with it"),
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 1, 2, 5),
        pace: pace::LOGS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["logs:DescribeLogGroups", "logs:ListTagsForResource"],
        create: &["logs:CreateLogGroup", "logs:TagResource"],
        update: &["logs:PutRetentionPolicy", "logs:DeleteRetentionPolicy", "logs:TagResource", "logs:UntagResource"],
        delete: &["logs:DeleteLogGroup"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = LogGroupSpec;
    type Outputs = LogGroupOutputs;

    fn check(want: &LogGroupSpec) -> Vec<SpecProblem> {
        let LogGroupSpec { name, retention_days, tags: _ } = want;
        let mut problems = vec![];
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) || name.starts_with("aws/") {
            problems.push(SpecProblem::new(
                "name",
                format!("`{name}` is no log group name: up to 512 of a-z A-Z 0-9 _ - / . #, not beginning with `aws/`"),
            ));
        }
        if let Some(days) = retention_days.filter(|days| !RETENTION_DAYS.contains(days)) {
            problems.push(SpecProblem::new(
                "retention_days",
                format!("AWS does not know {days} days: it knows {}", RETENTION_DAYS.map(|d| d.to_string()).join(", ")),
            ));
        }
        problems
    }

    fn diff(have: &LogGroupSpec, want: &LogGroupSpec) -> Diff {
        let LogGroupSpec { name, retention_days, tags } = want;
        let shorter = match (have.retention_days, retention_days) {
            (Some(have), Some(want)) => *want < have,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        let diff = Diff::new().replace("name", &have.name, name).update("retention_days", &have.retention_days, retention_days);
        let diff = if shorter { diff.risks(RiskKind::DataLoss, "log lines older than the new retention are deleted") } else { diff };
        diff.update("tags", &have.tags, tags)
    }

    fn replacement(have: &LogGroupSpec, want: &LogGroupSpec) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &LogGroupSpec) -> Meters {
        Meters::usage_only("logs.ingested").and("logs.stored", 0.0, Unit::Usage)
    }

    /// Fifty groups are described by one call, which lacks the tags: they are told of one group at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let arns = of.iter().map(|it| format!("log-group:{}", it.id));
        Reads::none().batched("logs:DescribeLogGroups", 50, of.iter().map(|it| it.id.as_str())).each("logs:ListTagsForResource", arns)
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::Verb;

    fn spec(name: &str, days: Option<u32>) -> LogGroupSpec {
        LogGroupSpec { name: name.into(), retention_days: days, tags: Tags::default() }
    }

    #[test]
    fn each_field_has_its_verb() {
        let have = spec("/ecs/dev", Some(7));
        let verb = |want: &LogGroupSpec| LogGroup::diff(&have, want).changes().first().map(|c| c.verb.clone());
        assert_eq!(verb(&spec("/ecs/sit", Some(7))), Some(Verb::Replace));
        assert_eq!(verb(&spec("/ecs/dev", Some(14))), Some(Verb::Update));
        assert_eq!(verb(&spec("/ecs/dev", None)), Some(Verb::Update));
        assert_eq!(verb(&LogGroupSpec { tags: Tags::default().with("a", "b"), ..have.clone() }), Some(Verb::Update));
        assert_eq!(verb(&have), None);
    }

    #[test]
    fn keeping_lines_for_a_shorter_time_loses_some() {
        let risks = |from, to| LogGroup::diff(&spec("g", from), &spec("g", to)).changes()[0].risks.len();
        assert_eq!((risks(Some(14), Some(7)), risks(None, Some(7)), risks(Some(7), Some(14)), risks(Some(7), None)), (1, 1, 0, 0));
    }

    #[test]
    fn a_retention_aws_does_not_know_is_told() {
        assert!(LogGroup::check(&spec("g", Some(10)))[0].message.contains("7, 14"));
        assert!(LogGroup::check(&spec("g", None)).is_empty());
        assert_eq!(LogGroup::check(&spec("a b", Some(7)))[0].field, "name");
    }
}
