//! `log-delivery-destination`: a bucket, as something that logs can be delivered to.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, PolicyDocument, Reads, Recorded,
    Recovery, Replacement, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::log_delivery_source::wrong_name;
use crate::{Bucket, CLOUDFRONT_LOGS_REGION, pace};

/// A delivery destination of CloudWatch Logs in us-east-1: a bucket of any region. CloudWatch Logs writes below
/// `AWSLogs/ACCOUNT/`, and only where the bucket's policy lets it: see [`log_delivery_policy`].
pub enum LogDeliveryDestination {}

/// What logs look like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON document a line.
    #[default]
    Json,
    /// Fields with a delimiter between them.
    Plain,
    /// The same, with the names of the fields first: what CloudFront's logs have always looked like.
    W3c,
    /// As the service wrote it.
    Raw,
    /// Apache Parquet; delivering it costs extra.
    Parquet,
}

/// What may be declared of a delivery destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct LogDeliveryDestinationSpec<S: Stage> {
    /// Its name, up to 60 of `a-zA-Z0-9-_`; unique in the account.
    pub name: String,
    /// The bucket.
    pub bucket: S::Ref<Arn<Bucket>>,
    /// What the logs look like: `json`, `plain`, `w3c`, `raw` or `parquet`.
    #[serde(default)]
    pub format: LogFormat,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a delivery destination offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogDeliveryDestinationOutputs {
    /// Its ARN.
    pub arn: Arn<LogDeliveryDestination>,
    /// Its name.
    pub name: Name<LogDeliveryDestination>,
}

/// The statement by which a bucket lets CloudWatch Logs deliver the access logs of this account's distributions into it.
#[must_use]
pub fn log_delivery_statement(bucket: &str, account: &str) -> Value {
    json!({
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{bucket}/AWSLogs/{account}/*"),
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"},
            "ArnLike": {"aws:SourceArn": format!("arn:aws:logs:{CLOUDFRONT_LOGS_REGION}:{account}:delivery-source:*")},
        },
    })
}

/// The policy of a bucket that takes access logs of CloudFront and nothing else.
#[must_use]
pub fn log_delivery_policy(bucket: &str, account: &str) -> PolicyDocument {
    PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": [log_delivery_statement(bucket, account)]}))
}

impl Kind for LogDeliveryDestination {
    const NAME: &'static str = "log-delivery-destination";
    const FACTS: Facts = Facts {
        service: "logs",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: Some(NameRule { field: "name", max: 60 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 2, 2, 10),
        pace: pace::LOGS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["logs:GetDeliveryDestination", "logs:ListTagsForResource"],
        create: &["logs:PutDeliveryDestination", "logs:TagResource"],
        update: &["logs:PutDeliveryDestination", "logs:TagResource", "logs:UntagResource"],
        delete: &["logs:DeleteDeliveryDestination"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = LogDeliveryDestinationSpec<S>;
    type Outputs = LogDeliveryDestinationOutputs;

    fn check(want: &LogDeliveryDestinationSpec<Written>) -> Vec<SpecProblem> {
        let LogDeliveryDestinationSpec { name, bucket: _, format: _, tags: _ } = want;
        wrong_name(name).into_iter().map(|problem| SpecProblem::new("name", problem)).collect()
    }

    fn diff(have: &LogDeliveryDestinationSpec<Written>, want: &LogDeliveryDestinationSpec<Written>) -> Diff {
        let LogDeliveryDestinationSpec { name, bucket, format, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .update("bucket", &have.bucket, bucket)
            .replace("format", &have.format, format)
            .update("tags", &have.tags, tags)
    }

    /// A delivery holds the old one, and its ARN is made of its name.
    fn replacement(_: &LogDeliveryDestinationSpec<Written>, _: &LogDeliveryDestinationSpec<Written>) -> Replacement {
        Replacement::FRESH_NAME
    }

    fn meters(_: &LogDeliveryDestinationSpec<Written>) -> Meters {
        Meters::free()
    }

    /// CloudWatch Logs tells the tags of one thing at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let arns = of.iter().map(|it| format!("delivery-destination:{}", it.id));
        Reads::none().each("logs:GetDeliveryDestination", of.iter().map(|it| it.id.as_str())).each("logs:ListTagsForResource", arns)
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};

    fn spec(edit: Value) -> LogDeliveryDestinationSpec<Written> {
        let mut whole = json!({"name": "dev-cdn", "bucket": {"$ref": "bucket.cdn-logs", "output": "arn"}});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"bucket": "arn:aws:s3:::other"}), Verb::Update),
            (json!({"format": "w3c"}), Verb::Replace),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = LogDeliveryDestination::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
        assert_eq!(LogDeliveryDestination::check(&spec(json!({"name": ""})))[0].field, "name");
        assert!(LogDeliveryDestination::check(&spec(json!({}))).is_empty());
    }

    #[test]
    fn the_policy_lets_only_this_accounts_logs_in() {
        let text = log_delivery_policy("logs", "536580886816").to_text();
        assert!(text.contains("arn:aws:s3:::logs/AWSLogs/536580886816/*"), "{text}");
        assert!(text.contains("arn:aws:logs:us-east-1:536580886816:delivery-source:*"), "{text}");
    }
}
