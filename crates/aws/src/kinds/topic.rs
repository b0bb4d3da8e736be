//! The driver of `topic`. AWS knows a topic by its ARN, which ends with its name; CreateTopic answers with a topic of the
//! same name instead of refusing, so it is looked for before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_sns::types::{Subscription, Tag};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{Topic, TopicOutputs, TopicSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase, PolicyDocument};
use futures::future::join_all;
use serde_json::json;

use super::ec2::told;
use crate::{Aws, Clients, Told};

/// What stands in place of a subscription's ARN until its owner has confirmed.
const UNCONFIRMED: &str = "PendingConfirmation";

impl Driver<Topic> for Aws {
    async fn observe(&self, at: &[Locate<Topic>], reading: &Reading) -> Vec<Sight<Topic>> {
        join_all(at.iter().map(|place| self.topic(place, reading))).await
    }

    async fn create(&self, want: &TopicSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "sns:CreateTopic";
        let (_, write) = self.at(self.region_of(want.region.as_deref()));
        let tags = as_tags(OPERATION, attempt.tagged(&want.tags))?;
        let answer = write.sns.create_topic().name(&want.name).set_tags(Some(tags)).send().await.told(OPERATION)?;
        Ok(Created { id: told(OPERATION, "TopicArn", answer.topic_arn)?.into() })
    }

    async fn update(&self, seen: &Observed<Topic>, want: &TopicSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (arn, have) = (seen.id.as_str(), &seen.spec);
        let (read, write) = self.at(self.region_of(have.region.as_deref()));
        let sns = &write.sns;
        if have.kms_key != want.kms_key {
            return set(sns, arn, "KmsMasterKeyId", want.kms_key.clone().unwrap_or_default()).await;
        }
        if have.policy != want.policy {
            let policy = want.policy.clone().unwrap_or_else(|| default_policy(arn));
            return set(sns, arn, "Policy", policy.to_text()).await;
        }
        if let Some(email) = want.emails.difference(&have.emails).next() {
            sns.subscribe().topic_arn(arn).protocol("email").endpoint(email).send().await.told("sns:Subscribe")?;
            return Ok(Progress::Sent);
        }
        if have.emails.difference(&want.emails).next().is_some() {
            let (all, _) = subscriptions(&read, arn).await?;
            let leaves = |s: &&Subscription| is_email(s) && s.endpoint().is_some_and(|e| !want.emails.contains(e)) && !is_unconfirmed(s);
            // One that was never confirmed has no ARN to name; AWS drops it after two days.
            let Some(subscription) = all.iter().find(leaves).and_then(Subscription::subscription_arn) else { return Ok(Progress::Nothing) };
            sns.unsubscribe().subscription_arn(subscription).send().await.told("sns:Unsubscribe")?;
            return Ok(Progress::Sent);
        }
        const TAG: &str = "sns:TagResource";
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        if !missing.is_empty() {
            sns.tag_resource().resource_arn(arn).set_tags(Some(as_tags(TAG, missing)?)).send().await.told(TAG)?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        sns.untag_resource().resource_arn(arn).set_tag_keys(Some(extra)).send().await.told("sns:UntagResource")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Topic>, _: &Attempt) -> Result<Progress, CloudError> {
        let (_, write) = self.at(self.region_of(seen.spec.region.as_deref()));
        write.sns.delete_topic().topic_arn(seen.id.as_str()).send().await.told("sns:DeleteTopic")?;
        Ok(Progress::Sent)
    }
}

async fn set(sns: &aws_sdk_sns::Client, arn: &str, name: &str, value: String) -> Result<Progress, CloudError> {
    let set = sns.set_topic_attributes().topic_arn(arn).attribute_name(name).attribute_value(value);
    set.send().await.told("sns:SetTopicAttributes")?;
    Ok(Progress::Sent)
}

fn as_tags(operation: &str, tags: BTreeMap<String, String>) -> Result<Vec<Tag>, CloudError> {
    let build = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.into_iter().map(build).collect::<Result<_, _>>().map_err(|e| CloudError::own(operation, Class::Invalid, e.to_string()))
}

fn is_email(subscription: &Subscription) -> bool {
    subscription.protocol() == Some("email")
}

fn is_unconfirmed(subscription: &Subscription) -> bool {
    subscription.subscription_arn().is_none_or(|arn| arn == UNCONFIRMED)
}

/// The policy that AWS gives every topic: who belongs to the account may use it, its alarms included.
fn default_policy(arn: &str) -> PolicyDocument {
    let account = arn.split(':').nth(4).unwrap_or_default();
    let actions = [
        "GetTopicAttributes",
        "SetTopicAttributes",
        "AddPermission",
        "RemovePermission",
        "DeleteTopic",
        "Subscribe",
        "ListSubscriptionsByTopic",
        "Publish",
    ];
    PolicyDocument::new(json!({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions.map(|a| format!("SNS:{a}")),
        "Resource": arn, "Condition": {"StringEquals": {"AWS:SourceOwner": account}}
    }]}))
}

/// The policy of a topic, where it is another than AWS's default. Older topics have `SNS:Receive` in theirs as well.
fn own_policy(text: &str, arn: &str) -> Result<Option<PolicyDocument>, CloudError> {
    let unread =
        |e: serde_json::Error| CloudError::own("sns:GetTopicAttributes", Class::Transient, format!("the policy of {arn} is no JSON: {e}"));
    let policy = PolicyDocument::parse(text).map_err(unread)?;
    let mut newer = policy.value().clone();
    if let Some(actions) = newer["Statement"][0]["Action"].as_array_mut() {
        actions.retain(|action| action.as_str().map(str::to_lowercase).as_deref() != Some("sns:receive"));
    }
    Ok((PolicyDocument::new(newer) != default_policy(arn)).then_some(policy))
}

async fn subscriptions(read: &Clients, arn: &str) -> Result<(Vec<Subscription>, usize), CloudError> {
    let (mut all, mut calls) = (vec![], 0);
    let mut pages = read.sns.list_subscriptions_by_topic().topic_arn(arn).into_paginator().send();
    while let Some(page) = pages.next().await {
        calls += 1;
        all.extend(page.told("sns:ListSubscriptionsByTopic")?.subscriptions.unwrap_or_default());
    }
    Ok((all, calls))
}

pub(crate) async fn topic_arns(read: &Clients) -> Result<(Vec<String>, usize), CloudError> {
    let (mut all, mut calls) = (vec![], 0);
    let mut pages = read.sns.list_topics().into_paginator().send();
    while let Some(page) = pages.next().await {
        calls += 1;
        all.extend(page.told("sns:ListTopics")?.topics.unwrap_or_default().into_iter().filter_map(|topic| topic.topic_arn));
    }
    Ok((all, calls))
}

/// A topic as its three descriptions show it.
struct Raw {
    attributes: HashMap<String, String>,
    tags: Vec<Tag>,
    subscriptions: Vec<Subscription>,
}

async fn whole(read: &Clients, arn: &str) -> Result<(Raw, usize), CloudError> {
    let attributes = async { read.sns.get_topic_attributes().topic_arn(arn).send().await.told("sns:GetTopicAttributes") };
    let tags = async { read.sns.list_tags_for_resource().resource_arn(arn).send().await.told("sns:ListTagsForResource") };
    let (attributes, tags, subscriptions) = tokio::join!(attributes, tags, subscriptions(read, arn));
    let (subscriptions, pages) = subscriptions?;
    let raw = Raw { attributes: attributes?.attributes.unwrap_or_default(), tags: tags?.tags.unwrap_or_default(), subscriptions };
    Ok((raw, 2 + pages))
}

impl Aws {
    async fn topic(&self, place: &Locate<Topic>, reading: &Reading) -> Sight<Topic> {
        let region = self.region_of(place.spec.region.as_deref());
        let (read, _) = self.at(region);
        let arn = match &place.id {
            Some(id) => id.to_string(),
            None => {
                let all = reading.once(format!("sns:ListTopics {region}"), topic_arns(&read)).await?;
                match all.iter().find(|arn| arn.rsplit(':').next() == Some(place.spec.name.as_str())) {
                    Some(arn) => arn.clone(),
                    None => return Ok(None),
                }
            }
        };
        let raw = match reading.once(format!("sns topic {arn}"), whole(&read, &arn)).await {
            Ok(raw) => raw,
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let name = arn.rsplit(':').next().unwrap_or_default();
        let (tags, owner) = read_tags(raw.tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())));
        let endpoints = |unconfirmed: bool| {
            let chosen = raw.subscriptions.iter().filter(move |s| is_email(s) && is_unconfirmed(s) == unconfirmed);
            chosen.filter_map(|s| s.endpoint().map(str::to_owned)).collect::<BTreeSet<String>>()
        };
        // An unconfirmed address that nobody wants any more cannot be taken back and vanishes by itself.
        let unconfirmed: BTreeSet<String> = endpoints(true).intersection(&place.spec.emails).cloned().collect();
        let policy = raw.attributes.get("Policy").map(|text| own_policy(text, &arn)).transpose()?.flatten();
        Ok(Some(Observed {
            id: arn.as_str().into(),
            spec: TopicSpec {
                name: name.to_owned(),
                region: place.spec.region.clone(),
                kms_key: raw.attributes.get("KmsMasterKeyId").filter(|key| !key.is_empty()).cloned(),
                policy,
                emails: endpoints(false).union(&unconfirmed).cloned().collect(),
                tags,
            },
            outputs: TopicOutputs { arn: Arn::new(arn.as_str()), name: Name::new(name), unconfirmed },
            phase: Phase::Ready,
            owner,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sns:af-south-1:536580886816:dev-alarms";

    #[test]
    fn the_policy_that_aws_gives_is_none_of_ours() {
        let text = |edit: fn(&mut serde_json::Value)| {
            let mut document = default_policy(ARN).value().clone();
            edit(&mut document);
            document.to_string()
        };
        assert_eq!(own_policy(&text(|_| ()), ARN).unwrap(), None);
        assert_eq!(
            own_policy(&text(|d| d["Statement"][0]["Action"].as_array_mut().unwrap().push("SNS:Receive".into())), ARN).unwrap(),
            None
        );
        let opened = own_policy(&text(|d| drop(d["Statement"][0].as_object_mut().unwrap().remove("Condition"))), ARN).unwrap();
        assert!(opened.is_some(), "a topic that everybody may publish to is not the default");
    }
}
