//! `topic`: an SNS topic with its subscriptions by e-mail.

use std::collections::BTreeSet;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, PolicyDocument, Reads, Recorded, Recovery,
    Replacement, RiskKind, Severity, SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// An SNS topic.
pub enum Topic {}

/// What may be declared of a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TopicSpec {
    /// Its name, up to 256 letters, digits, `-` and `_`.
    pub name: String,
    /// The region it stands in; an alarm can only tell topics of its own. None: the environment's.
    pub region: Option<String>,
    /// The KMS key that encrypts what waits in it. Its policy must let `cloudwatch.amazonaws.com` use it.
    pub kms_key: Option<String>,
    /// Who may publish to it. None: AWS's default, which lets the account and its alarms.
    pub policy: Option<PolicyDocument>,
    /// Who gets an e-mail. Each has to confirm by a link that AWS sends; until then nothing arrives.
    #[serde(default)]
    pub emails: BTreeSet<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a topic offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicOutputs {
    /// Its ARN.
    pub arn: Arn<Topic>,
    /// Its name.
    pub name: Name<Topic>,
    /// The addresses that have not confirmed yet.
    pub unconfirmed: BTreeSet<String>,
}

impl Kind for Topic {
    const NAME: &'static str = "topic";
    const FACTS: Facts = Facts {
        service: "sns",
        id_prefix: "arn:",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 2, 1, 5),
        pace: pace::SNS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["sns:ListTopics", "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"],
        create: &["sns:CreateTopic", "sns:TagResource"],
        update: &["sns:SetTopicAttributes", "sns:Subscribe", "sns:Unsubscribe", "sns:TagResource", "sns:UntagResource"],
        delete: &["sns:DeleteTopic"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name"), OutputFact::ready("unconfirmed")];
    type Spec<S: Stage> = TopicSpec;
    type Outputs = TopicOutputs;

    fn check(want: &TopicSpec) -> Vec<SpecProblem> {
        let TopicSpec { name, region, kms_key, policy: _, emails, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if name.is_empty() || name.len() > 256 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            wrong("name", format!("`{name}` is no topic's name: up to 256 letters, digits, `-` and `_`"));
        }
        if region.as_ref().is_some_and(String::is_empty) {
            wrong("region", "name a region such as `us-east-1`, or leave the field out for the environment's".into());
        }
        if kms_key.as_deref() == Some("alias/aws/sns") {
            wrong(
                "kms_key",
                "CloudWatch may not use `alias/aws/sns`, so alarms would be lost without a word: give a key of your own, or none".into(),
            );
        }
        for email in emails.iter().filter(|email| !is_email(email)) {
            wrong("emails", format!("`{email}` is no e-mail address"));
        }
        problems
    }

    fn diff(have: &TopicSpec, want: &TopicSpec) -> Diff {
        let TopicSpec { name, region, kms_key, policy, emails, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .replace("region", &have.region, region)
            .update("kms_key", &have.kms_key, kms_key)
            .update("policy", &have.policy, policy)
            .risks(RiskKind::Security, "it changes who may publish to the topic")
            .update("emails", &have.emails, emails)
            .update("tags", &have.tags, tags)
    }

    /// A topic of the same name in the same region would be the same topic.
    fn replacement(have: &TopicSpec, want: &TopicSpec) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &TopicSpec) -> Meters {
        Meters::usage_only("sns.notifications")
    }

    /// SNS answers about one topic a call: what it is, its tags and its subscriptions.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        Reads::none()
            .each("sns:GetTopicAttributes", ids())
            .each("sns:ListTagsForResource", ids())
            .each("sns:ListSubscriptionsByTopic", ids())
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        let waiting = &seen.outputs.unconfirmed;
        if waiting.is_empty() {
            return vec![];
        }
        let who = waiting.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let finding = Finding::new(Severity::Warning, format!("alarms do not reach {who}: the subscription is not confirmed"));
        vec![finding.advise("open the link in AWS's mail; it is valid for two days, after which `bbws apply` has a new one sent")]
    }
}

fn is_email(text: &str) -> bool {
    let sound = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    text.split_once('@').is_some_and(|(who, at)| sound(who) && sound(at) && at.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Phase, Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> TopicSpec {
        let mut whole = json!({"name": "dev-alarms"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"region": "us-east-1"}), Verb::Replace),
            (json!({"kms_key": "arn:aws:kms:af-south-1:1:key/k"}), Verb::Update),
            (json!({"policy": {"Statement": []}}), Verb::Update),
            (json!({"emails": ["ops@example.com"]}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = Topic::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn a_key_that_loses_alarms_is_refused() {
        assert!(Topic::check(&spec(json!({"kms_key": "alias/aws/sns"})))[0].message.contains("alarms would be lost"));
        assert_eq!(Topic::check(&spec(json!({"emails": ["ops", "a@b"]}))).len(), 2);
        assert!(Topic::check(&spec(json!({"emails": ["ops@example.com"]}))).is_empty());
    }

    #[test]
    fn an_unconfirmed_address_is_a_warning() {
        let outputs =
            TopicOutputs { arn: Arn::new("arn:t"), name: Name::new("t"), unconfirmed: BTreeSet::from(["ops@example.com".to_owned()]) };
        let seen = Observed::<Topic> { id: "arn:t".into(), spec: spec(json!({})), outputs, phase: Phase::Ready, owner: None };
        assert!(Topic::health(&seen)[0].summary.contains("ops@example.com"));
    }
}
