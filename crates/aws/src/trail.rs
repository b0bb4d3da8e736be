//! CloudTrail: who changed a thing, and when.

use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttribute, LookupAttributeKey};
use bbws_model::{Class, CloudError};
use serde_json::Value;

use crate::{Aws, Told};

const LOOKUP: &str = "cloudtrail:LookupEvents";
/// As many as one call answers: the newest ones tell who it was.
const MOST: i32 = 50;

/// One event that changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrailEvent {
    /// When, in seconds since 1970.
    pub at: i64,
    /// By whom.
    pub who: String,
    /// The call, as IAM writes it.
    pub call: String,
    /// From which address, or by which of AWS's services.
    pub from: Option<String>,
    /// The event's own id.
    pub id: String,
}

/// The events since a moment (in seconds since 1970) that changed something, were not refused, and name this, newest first. The events of global
/// services are in us-east-1.
///
/// # Errors
/// As the call fails.
pub async fn trail(aws: &Aws, region: &str, name: &str, since: i64) -> Result<Vec<TrailEvent>, CloudError> {
    let (read, _) = aws.at(region);
    let by = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::ResourceName)
        .attribute_value(name)
        .build()
        .map_err(|error| CloudError::own(LOOKUP, Class::Invalid, error.to_string()))?;
    let asked = read.cloudtrail.lookup_events().lookup_attributes(by).start_time(DateTime::from_secs(since)).max_results(MOST);
    let found = asked.send().await.told(LOOKUP)?;
    Ok(found.events().iter().filter_map(changing).collect())
}

fn changing(event: &Event) -> Option<TrailEvent> {
    let told: Value = event.cloud_trail_event().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let is_refused = told.get("errorCode").is_some_and(|code| !code.is_null());
    if event.read_only() == Some("true") || is_refused {
        return None;
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let identity = &told["userIdentity"];
    let who = text(&identity["arn"]).or_else(|| text(&identity["invokedBy"])).or_else(|| event.username().map(str::to_owned));
    let service = event.event_source().unwrap_or_default().split('.').next().unwrap_or_default();
    Some(TrailEvent {
        at: event.event_time()?.secs(),
        who: who.unwrap_or_else(|| "somebody whom the trail does not name".to_owned()),
        call: format!("{}:{}", iam_prefix(service), event.event_name().unwrap_or_default()),
        from: text(&told["sourceIPAddress"]),
        id: event.event_id().unwrap_or_default().to_owned(),
    })
}

/// The prefix that IAM has for an event's source.
fn iam_prefix(service: &str) -> &str {
    if service == "monitoring" { "cloudwatch" } else { service }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event(told: &Value) -> Event {
        Event::builder()
            .event_name("ModifyDBInstance")
            .event_source("rds.amazonaws.com")
            .event_time(DateTime::from_secs(1_767_225_600))
            .read_only("false")
            .username("thandi")
            .event_id("e-1")
            .cloud_trail_event(told.to_string())
            .build()
    }

    #[test]
    fn an_event_tells_who_and_from_where() {
        let arn = "arn:aws:sts::536580886816:assumed-role/admin/thandi";
        let found = changing(&event(&json!({"userIdentity": {"arn": arn}, "sourceIPAddress": "192.0.2.7"}))).unwrap();
        assert_eq!((found.who.as_str(), found.call.as_str(), found.from.as_deref()), (arn, "rds:ModifyDBInstance", Some("192.0.2.7")));
        assert_eq!(found.at, 1_767_225_600);
        let service = changing(&event(&json!({"userIdentity": {"invokedBy": "rds.amazonaws.com"}}))).unwrap();
        assert_eq!(service.who, "rds.amazonaws.com");
        assert_eq!(changing(&event(&json!({}))).unwrap().who, "thandi");
    }

    #[test]
    fn what_was_refused_or_only_read_changed_nothing() {
        assert_eq!(changing(&event(&json!({"errorCode": "AccessDenied"}))), None);
        let read = Event::builder().event_time(DateTime::from_secs(0)).read_only("true").build();
        assert_eq!(changing(&read), None);
    }
}
