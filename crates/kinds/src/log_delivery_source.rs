//! `log-delivery-source`: the access logs of a distribution, as something that can be delivered.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Phase, Reads, Recorded, Recovery,
    Replacement, Severity, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Distribution, pace};

/// The region that deliveries of CloudFront's logs live in, wherever the logs go.
pub const CLOUDFRONT_LOGS_REGION: &str = "us-east-1";

/// A delivery source of CloudWatch Logs. A distribution has one for its access logs, in us-east-1.
pub enum LogDeliverySource {}

/// What may be declared of a delivery source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct LogDeliverySourceSpec<S: Stage> {
    /// Its name, up to 60 of `a-zA-Z0-9-_`; unique in the account.
    pub name: String,
    /// The distribution whose logs they are.
    pub distribution: S::Ref<Arn<Distribution>>,
    /// Which of its logs: CloudFront knows `ACCESS_LOGS` only.
    #[serde(default = "access_logs")]
    pub log_type: String,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a delivery source offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogDeliverySourceOutputs {
    /// Its ARN.
    pub arn: Arn<LogDeliverySource>,
    /// Its name.
    pub name: Name<LogDeliverySource>,
}

fn access_logs() -> String {
    "ACCESS_LOGS".into()
}

/// Why nothing of a log delivery can have this name; none if it can.
pub(crate) fn wrong_name(name: &str) -> Option<String> {
    let fits = !name.is_empty() && name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    (!fits).then(|| format!("`{name}` does not do: 1 to 60 of a-z A-Z 0-9 - _"))
}

impl Kind for LogDeliverySource {
    const NAME: &'static str = "log-delivery-source";
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
        durations: Durations::secs(2, 2, 2, 10),
        pace: pace::LOGS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["logs:GetDeliverySource", "logs:ListTagsForResource"],
        create: &["logs:PutDeliverySource", "logs:TagResource", "cloudfront:AllowVendedLogDeliveryForResource"],
        update: &["logs:TagResource", "logs:UntagResource"],
        delete: &["logs:DeleteDeliverySource"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = LogDeliverySourceSpec<S>;
    type Outputs = LogDeliverySourceOutputs;

    fn check(want: &LogDeliverySourceSpec<Written>) -> Vec<SpecProblem> {
        let LogDeliverySourceSpec { name, distribution: _, log_type, tags: _ } = want;
        let mut problems: Vec<SpecProblem> = wrong_name(name).into_iter().map(|problem| SpecProblem::new("name", problem)).collect();
        if *log_type != access_logs() {
            problems.push(SpecProblem::new("log_type", format!("`{log_type}` does not do: CloudFront delivers `ACCESS_LOGS`")));
        }
        problems
    }

    fn diff(have: &LogDeliverySourceSpec<Written>, want: &LogDeliverySourceSpec<Written>) -> Diff {
        let LogDeliverySourceSpec { name, distribution, log_type, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            // AWS: "Update to existing Delivery Source with new ResourceId is not allowed" (CloudFormation roadmap #2513).
            .replace("distribution", &have.distribution, distribution)
            .replace("log_type", &have.log_type, log_type)
            .update("tags", &have.tags, tags)
    }

    /// A distribution has one source a sort of log, and a name one source.
    fn replacement(have: &LogDeliverySourceSpec<Written>, want: &LogDeliverySourceSpec<Written>) -> Replacement {
        let same_logs = (&have.distribution, &have.log_type) == (&want.distribution, &want.log_type);
        if same_logs || have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &LogDeliverySourceSpec<Written>) -> Meters {
        Meters::free()
    }

    /// CloudWatch Logs tells the tags of one thing at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let arns = of.iter().map(|it| format!("delivery-source:{}", it.id));
        Reads::none().each("logs:GetDeliverySource", of.iter().map(|it| it.id.as_str())).each("logs:ListTagsForResource", arns)
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        match &seen.phase {
            Phase::Failed(why) => vec![Finding::new(Severity::Error, format!("no access logs come from CloudFront: {why}"))],
            Phase::Ready | Phase::Pending(_) | Phase::Leaving => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::{Value, json};

    fn spec(edit: Value) -> LogDeliverySourceSpec<Written> {
        let mut whole = json!({"name": "dev-cdn", "distribution": {"$ref": "distribution.main", "output": "arn"}});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace, Order::DeleteFirst),
            (json!({"distribution": "arn:aws:cloudfront::1:distribution/E2"}), Verb::Replace, Order::DeleteFirst),
            (json!({"log_type": "TRACES"}), Verb::Replace, Order::DeleteFirst),
            (json!({"tags": {"a": "b"}}), Verb::Update, Order::DeleteFirst),
        ];
        for (edit, verb, order) in table {
            let diff = LogDeliverySource::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
            assert_eq!(LogDeliverySource::replacement(&spec(json!({})), &spec(edit)).order, order);
        }
        let elsewhere = spec(json!({"name": "other", "distribution": "arn:aws:cloudfront::1:distribution/E2"}));
        assert_eq!(LogDeliverySource::replacement(&spec(json!({})), &elsewhere).order, Order::CreateFirst);
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let fields = |edit| LogDeliverySource::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": "a/b"})), ["name"]);
        assert_eq!(fields(json!({"name": "x".repeat(61)})), ["name"]);
        assert_eq!(fields(json!({"log_type": "WAF_LOGS"})), ["log_type"]);
        assert!(fields(json!({})).is_empty());
    }
}
