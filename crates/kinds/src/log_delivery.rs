//! `log-delivery`: the way that logs take from a source to a destination.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LogDeliveryDestination, LogDeliverySource, pace};

/// A delivery of CloudWatch Logs, in us-east-1.
pub enum LogDelivery {}

/// The fields of CloudFront's access logs without the viewers' cookies: whoever reads a session cookie is logged in.
pub const CLOUDFRONT_LOG_FIELDS: [&str; 32] = [
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];

/// What may be declared of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct LogDeliverySpec<S: Stage> {
    /// Whose logs are delivered.
    pub source: S::Ref<Name<LogDeliverySource>>,
    /// Where they go.
    pub destination: S::Ref<Arn<LogDeliveryDestination>>,
    /// The fields that are delivered, in this order.
    #[serde(default = "log_fields")]
    pub fields: Vec<String>,
    /// What stands between fields, in formats that have it. None: as AWS chooses.
    #[serde(default)]
    pub delimiter: Option<String>,
    /// How the bucket's keys go on after `AWSLogs/ACCOUNT/CloudFront/`.
    #[serde(default = "by_the_hour")]
    pub path: String,
    /// Whether the parts of the path are named for Apache Hive: `year=2026`.
    #[serde(default)]
    pub hive: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a delivery offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogDeliveryOutputs {
    /// Its id.
    pub id: Id<LogDelivery>,
    /// Its ARN.
    pub arn: Arn<LogDelivery>,
}

fn log_fields() -> Vec<String> {
    CLOUDFRONT_LOG_FIELDS.map(str::to_owned).to_vec()
}

fn by_the_hour() -> String {
    "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}".into()
}

impl Kind for LogDelivery {
    const NAME: &'static str = "log-delivery";
    const FACTS: Facts = Facts {
        service: "logs",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(3, 3, 3, 10),
        pace: pace::LOGS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["logs:DescribeDeliveries", "logs:GetDelivery", "logs:ListTagsForResource"],
        create: &["logs:CreateDelivery", "logs:TagResource"],
        update: &["logs:UpdateDeliveryConfiguration", "logs:TagResource", "logs:UntagResource"],
        delete: &["logs:DeleteDelivery"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::created("arn")];
    type Spec<S: Stage> = LogDeliverySpec<S>;
    type Outputs = LogDeliveryOutputs;

    fn check(want: &LogDeliverySpec<Written>) -> Vec<SpecProblem> {
        let LogDeliverySpec { source: _, destination: _, fields, delimiter, path, hive, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if fields.is_empty() || fields.len() > 128 {
            wrong("fields", format!("a delivery has 1 to 128 fields, not {}", fields.len()));
        }
        if let Some(at) = (0..fields.len()).find(|at| fields[..*at].contains(&fields[*at])) {
            wrong(&format!("fields[{at}]"), format!("`{}` stands there twice", fields[at]));
        }
        if let Some(at) = fields.iter().position(|field| field.is_empty() || field.len() > 64) {
            wrong(&format!("fields[{at}]"), "a field's name has 1 to 64 characters".into());
        }
        if delimiter.as_ref().is_some_and(|text| text.is_empty() || text.len() > 5) {
            wrong("delimiter", "1 to 5 characters; or leave it out".into());
        }
        if path.is_empty() || path.len() > 256 || path.starts_with('/') || path.ends_with('/') {
            wrong("path", format!("`{path}` does not do: 1 to 256 characters without `/` at its ends, as in `{}`", by_the_hour()));
        }
        // AWS names the parts itself then: "Provided suffixPath is invalid".
        if *hive && path.contains('=') {
            wrong("path", format!("`{path}` names its parts already, which `hive` does: leave the names out"));
        }
        problems
    }

    fn diff(have: &LogDeliverySpec<Written>, want: &LogDeliverySpec<Written>) -> Diff {
        let LogDeliverySpec { source, destination, fields, delimiter, path, hive, tags } = want;
        Diff::new()
            .replace("source", &have.source, source)
            .replace("destination", &have.destination, destination)
            .update("fields", &have.fields, fields)
            .update_if_declared("delimiter", &have.delimiter, delimiter)
            .update("path", &have.path, path)
            .update("hive", &have.hive, hive)
            .update("tags", &have.tags, tags)
    }

    /// A source delivers to one destination of a sort.
    fn replacement(have: &LogDeliverySpec<Written>, want: &LogDeliverySpec<Written>) -> Replacement {
        if have.source == want.source { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    /// CloudFront's logs come to S3 at no charge.
    fn meters(_: &LogDeliverySpec<Written>) -> Meters {
        Meters::free()
    }

    /// The list of deliveries tells next to nothing of each, and CloudWatch Logs tells the tags of one thing at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let arns = of.iter().map(|it| format!("delivery:{}", it.id));
        Reads::none().each("logs:GetDelivery", of.iter().map(|it| it.id.as_str())).each("logs:ListTagsForResource", arns)
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::{Value, json};

    fn spec(edit: Value) -> LogDeliverySpec<Written> {
        let mut whole = json!({
            "source": {"$ref": "log-delivery-source.cdn", "output": "name"},
            "destination": {"$ref": "log-delivery-destination.cdn", "output": "arn"},
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"source": "other"}), Verb::Replace),
            (json!({"destination": "arn:aws:logs"}), Verb::Replace),
            (json!({"fields": ["date", "time"]}), Verb::Update),
            (json!({"delimiter": ";"}), Verb::Update),
            (json!({"path": "{DistributionId}"}), Verb::Update),
            (json!({"hive": true}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = LogDelivery::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
        assert!(LogDelivery::diff(&spec(json!({"delimiter": ";"})), &spec(json!({}))).is_empty(), "AWS chooses one by itself");
        assert_eq!(LogDelivery::replacement(&spec(json!({})), &spec(json!({"destination": "arn:x"}))).order, Order::DeleteFirst);
        assert_eq!(LogDelivery::replacement(&spec(json!({})), &spec(json!({"source": "other"}))).order, Order::CreateFirst);
    }

    #[test]
    fn cookies_are_not_logged_unless_asked_for() {
        assert!(!spec(json!({})).fields.iter().any(|field| field.contains("Cookie")));
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let fields = |edit| LogDelivery::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"fields": []})), ["fields"]);
        assert_eq!(fields(json!({"fields": ["date", "date"]})), ["fields[1]"]);
        assert_eq!(fields(json!({"fields": ["date", ""]})), ["fields[1]"]);
        assert_eq!(fields(json!({"delimiter": ""})), ["delimiter"]);
        assert_eq!(fields(json!({"path": "/x"})), ["path"]);
        assert_eq!(fields(json!({"hive": true, "path": "year={yyyy}"})), ["path"]);
        assert!(fields(json!({})).is_empty());
    }
}
