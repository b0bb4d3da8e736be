//! SNS topics and their subscriptions by e-mail.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sns::operation::create_topic::{CreateTopicInput, CreateTopicOutput};
use aws_sdk_sns::operation::delete_topic::{DeleteTopicInput, DeleteTopicOutput};
use aws_sdk_sns::operation::get_topic_attributes::{GetTopicAttributesInput, GetTopicAttributesOutput};
use aws_sdk_sns::operation::list_subscriptions_by_topic::{ListSubscriptionsByTopicInput, ListSubscriptionsByTopicOutput};
use aws_sdk_sns::operation::list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
use aws_sdk_sns::operation::list_topics::{ListTopicsInput, ListTopicsOutput};
use aws_sdk_sns::operation::set_topic_attributes::{SetTopicAttributesInput, SetTopicAttributesOutput};
use aws_sdk_sns::operation::subscribe::{SubscribeInput, SubscribeOutput};
use aws_sdk_sns::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_sns::operation::unsubscribe::{UnsubscribeInput, UnsubscribeOutput};
use aws_sdk_sns::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_sns::types::{Subscription, Tag, Topic};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// AWS lists topics and subscriptions by the hundred.
const PAGE: usize = 100;

/// One topic, by its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// None: the one that AWS gives.
    pub(crate) policy: Option<String>,
    pub(crate) kms_key: Option<String>,
    pub(crate) subscriptions: Vec<Subscriber>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// Who wants to hear from a topic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Subscriber {
    pub(crate) arn: String,
    pub(crate) protocol: String,
    pub(crate) endpoint: String,
    /// Nobody in the sandbox opens the mail.
    pub(crate) confirmed: bool,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_topic)
        .on(list_topics)
        .on(get_topic_attributes)
        .on(set_topic_attributes)
        .on(list_subscriptions)
        .on(subscribe)
        .on(unsubscribe)
        .on(list_tags)
        .on(tag_resource)
        .on(untag_resource)
        .on(delete_topic)
}

fn invalid(what: &str) -> Refusal {
    refuse(400, "InvalidParameter", format!("Invalid parameter: {what}"))
}

fn the<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut Row> {
    at.here().topics.get_mut(arn.unwrap_or_default()).ok_or_else(|| refuse(404, "NotFound", "Topic does not exist"))
}

/// The tag calls have another code for the same.
fn tagged<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut Row> {
    the(at, arn).map_err(|_| refuse(404, "ResourceNotFound", "Resource does not exist"))
}

fn read_tags(tags: &[Tag]) -> Answer<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    tags.iter().try_for_each(|tag| put_tag(&mut all, tag.key(), tag.value()))?;
    Ok(all)
}

fn create_topic(at: &mut At<'_>, input: &CreateTopicInput) -> Answer<CreateTopicOutput> {
    let name = input.name().unwrap_or_default();
    if name.is_empty() || name.len() > 256 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(invalid("Topic Name"));
    }
    if input.attributes().is_some_and(|a| !a.is_empty()) || input.data_protection_policy().is_some() {
        return Err(invalid("sandbox: attributes of a new topic are not simulated"));
    }
    let tags = read_tags(input.tags())?;
    let arn = at.arn("sns", name);
    match at.here().topics.get(&arn) {
        Some(row) if row.tags != tags => return Err(invalid("Tags Reason: Topic already exists with different tags")),
        // A topic of that name is answered as if it were new.
        Some(_) => {}
        None => drop(at.here().topics.insert(arn.clone(), Row { policy: None, kms_key: None, subscriptions: vec![], tags })),
    }
    Ok(CreateTopicOutput::builder().topic_arn(arn).build())
}

fn list_topics(at: &mut At<'_>, input: &ListTopicsInput) -> Answer<ListTopicsOutput> {
    let all = at.here().topics.keys().map(|arn| Topic::builder().topic_arn(arn).build()).collect();
    let (topics, next) = page(all, Some(PAGE), input.next_token())?;
    Ok(ListTopicsOutput::builder().set_topics(Some(topics)).set_next_token(next).build())
}

/// The policy of a topic that was given none.
fn default_policy(account: &str, arn: &str) -> String {
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
    json!({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [{
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions.map(|a| format!("SNS:{a}")),
        "Resource": arn, "Condition": {"StringEquals": {"AWS:SourceOwner": account}}
    }]})
    .to_string()
}

fn get_topic_attributes(at: &mut At<'_>, input: &GetTopicAttributesInput) -> Answer<GetTopicAttributesOutput> {
    let (account, arn) = (at.account.to_owned(), input.topic_arn().unwrap_or_default());
    let row = the(at, input.topic_arn())?;
    let confirmed = row.subscriptions.iter().filter(|s| s.confirmed).count();
    let mut attributes = HashMap::from([
        ("TopicArn".to_owned(), arn.to_owned()),
        ("Owner".to_owned(), account.clone()),
        ("DisplayName".to_owned(), String::new()),
        ("Policy".to_owned(), row.policy.clone().unwrap_or_else(|| default_policy(&account, arn))),
        ("SubscriptionsConfirmed".to_owned(), confirmed.to_string()),
        ("SubscriptionsPending".to_owned(), (row.subscriptions.len() - confirmed).to_string()),
    ]);
    attributes.extend(row.kms_key.clone().map(|key| ("KmsMasterKeyId".to_owned(), key)));
    Ok(GetTopicAttributesOutput::builder().set_attributes(Some(attributes)).build())
}

fn set_topic_attributes(at: &mut At<'_>, input: &SetTopicAttributesInput) -> Answer<SetTopicAttributesOutput> {
    let (arn, value) = (input.topic_arn().unwrap_or_default(), input.attribute_value().unwrap_or_default());
    let row = the(at, input.topic_arn())?;
    match input.attribute_name() {
        Some("KmsMasterKeyId") => row.kms_key = (!value.is_empty()).then(|| value.to_owned()),
        Some("Policy") => {
            let document: Value = serde_json::from_str(value).map_err(|_| invalid("Policy Error: null"))?;
            let statements = document["Statement"].as_array().filter(|s| !s.is_empty()).ok_or_else(|| invalid("Policy Error: null"))?;
            let sound = |s: &Value| s["Effect"].is_string() && !s["Principal"].is_null() && s["Resource"] == arn;
            if !statements.iter().all(sound) {
                return Err(invalid("Policy statement action out of service scope!"));
            }
            row.policy = Some(value.to_owned());
        }
        _ => return Err(invalid("sandbox: of a topic's attributes only Policy and KmsMasterKeyId are simulated")),
    }
    Ok(SetTopicAttributesOutput::builder().build())
}

fn list_subscriptions(at: &mut At<'_>, input: &ListSubscriptionsByTopicInput) -> Answer<ListSubscriptionsByTopicOutput> {
    let account = at.account.to_owned();
    let row = the(at, input.topic_arn())?;
    let all = row.subscriptions.iter().map(|s| {
        let arn = if s.confirmed { s.arn.as_str() } else { "PendingConfirmation" };
        let told = Subscription::builder().subscription_arn(arn).owner(&account).protocol(&s.protocol).endpoint(&s.endpoint);
        told.set_topic_arn(input.topic_arn().map(str::to_owned)).build()
    });
    let (subscriptions, next) = page(all.collect(), Some(PAGE), input.next_token())?;
    Ok(ListSubscriptionsByTopicOutput::builder().set_subscriptions(Some(subscriptions)).set_next_token(next).build())
}

fn subscribe(at: &mut At<'_>, input: &SubscribeInput) -> Answer<SubscribeOutput> {
    let endpoint = input.endpoint().unwrap_or_default();
    if input.protocol() != Some("email") || input.attributes().is_some_and(|a| !a.is_empty()) {
        return Err(invalid("sandbox: only plain subscriptions by e-mail are simulated"));
    }
    if !endpoint.contains('@') {
        return Err(invalid("Email address"));
    }
    let arn = format!("{}:{}", input.topic_arn().unwrap_or_default(), at.hex(32));
    let row = the(at, input.topic_arn())?;
    let pending = "pending confirmation";
    let told = match row.subscriptions.iter().find(|s| s.endpoint == endpoint) {
        Some(s) if s.confirmed => s.arn.clone(),
        // Another mail is sent.
        Some(_) => pending.to_owned(),
        None => {
            row.subscriptions.push(Subscriber { arn, protocol: "email".into(), endpoint: endpoint.to_owned(), confirmed: false });
            pending.to_owned()
        }
    };
    Ok(SubscribeOutput::builder().subscription_arn(told).build())
}

fn unsubscribe(at: &mut At<'_>, input: &UnsubscribeInput) -> Answer<UnsubscribeOutput> {
    let arn = input.subscription_arn().unwrap_or_default();
    let topic = arn
        .rsplit_once(':')
        .map(|(topic, _)| topic)
        .ok_or_else(|| invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"))?;
    let row = the(at, Some(topic)).map_err(|_| refuse(404, "NotFound", "Subscription does not exist"))?;
    row.subscriptions.retain(|s| s.arn != arn);
    Ok(UnsubscribeOutput::builder().build())
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForResourceInput) -> Answer<ListTagsForResourceOutput> {
    let row = tagged(at, input.resource_arn())?;
    let tags: Result<Vec<Tag>, _> = row.tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    Ok(ListTagsForResourceOutput::builder().set_tags(tags.ok()).build())
}

fn tag_resource(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    let row = tagged(at, input.resource_arn())?;
    input.tags().iter().try_for_each(|tag| put_tag(&mut row.tags, tag.key(), tag.value()))?;
    Ok(TagResourceOutput::builder().build())
}

fn untag_resource(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let row = tagged(at, input.resource_arn())?;
    row.tags.retain(|key, _| !input.tag_keys().contains(key));
    Ok(UntagResourceOutput::builder().build())
}

fn delete_topic(at: &mut At<'_>, input: &DeleteTopicInput) -> Answer<DeleteTopicOutput> {
    // A topic that is not there is deleted all the same.
    at.here().topics.remove(input.topic_arn().unwrap_or_default());
    Ok(DeleteTopicOutput::builder().build())
}
