//! CloudTrail: who changed what and when, told from the sandbox's own log of calls. It is never late here.

use std::fmt::Debug;

use aws_sdk_cloudtrail::operation::lookup_events::{LookupEventsInput, LookupEventsOutput};
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{Event, LookupAttributeKey, Resource};
use serde_json::json;

use crate::authority::said::Said;
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::file::CallRecord;
use crate::handlers::Handlers;
use crate::paging::page;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(lookup_events)
}

fn lookup_events(at: &mut At<'_>, input: &LookupEventsInput) -> Answer<LookupEventsOutput> {
    let [by] = input.lookup_attributes() else {
        return Err(refuse(400, "InvalidLookupAttributesException", "sandbox: one attribute is looked up, no more and no less"));
    };
    if *by.attribute_key() != LookupAttributeKey::ResourceName {
        return Err(refuse(400, "InvalidLookupAttributesException", "sandbox: of the attributes only ResourceName is simulated"));
    }
    let size = input.max_results().unwrap_or(50);
    let Some(size) = usize::try_from(size).ok().filter(|size| (1..=50).contains(size)) else {
        return Err(refuse(400, "InvalidMaxResultsException", "MaxResults must be between 1 and 50"));
    };
    let since = input.start_time().map_or(0, |time| time.to_millis().unwrap_or_default());
    let is_meant = |call: &CallRecord| {
        let at_ms = i64::try_from(call.at_ms).unwrap_or(i64::MAX);
        !call.caller.is_empty() && at_ms >= since && call.names.iter().any(|name| name == by.attribute_value())
    };
    let here = |call: &CallRecord| call.account == at.account && call.region == at.region;
    let mut found: Vec<Event> = (at.past)().iter().filter(|call| here(call) && is_meant(call)).map(event).collect();
    // The newest first.
    found.reverse();
    let (events, next) = page(found, Some(size), input.next_token())?;
    Ok(LookupEventsOutput::builder().set_events(Some(events)).set_next_token(next).build())
}

fn event(call: &CallRecord) -> Event {
    let at = DateTime::from_millis(i64::try_from(call.at_ms).unwrap_or(i64::MAX));
    let source = format!("{}.amazonaws.com", prefix(&call.service));
    let mut told = json!({
        "userIdentity": { "type": "AssumedRole", "arn": call.caller },
        "eventSource": source,
        "eventName": call.operation,
        "sourceIPAddress": "192.0.2.1",
        "readOnly": false,
    });
    if call.outcome != "ok" {
        told["errorCode"] = call.outcome.clone().into();
    }
    let resources = call.names.iter().map(|name| Resource::builder().resource_name(name).build()).collect();
    Event::builder()
        .event_id(format!("{:032x}", call.at_ms))
        .event_name(&call.operation)
        .event_source(source)
        .event_time(at)
        .read_only("false")
        .username(call.caller.rsplit('/').next().unwrap_or_default())
        .set_resources(Some(resources))
        .cloud_trail_event(told.to_string())
        .build()
}

/// The service as its events' source has it.
fn prefix(service: &str) -> String {
    let name = service.to_lowercase().replace(' ', "");
    match name.as_str() {
        "elasticloadbalancingv2" => "elasticloadbalancing".to_owned(),
        "efs" => "elasticfilesystem".to_owned(),
        "cloudwatch" => "monitoring".to_owned(),
        "cloudwatchlogs" => "logs".to_owned(),
        _ => name,
    }
}

/// What a request or an answer names: the values of its fields that hold ids, names and ARNs. CloudTrail picks the same out of
/// a request's parameters; what is secret stands in none of them.
pub(crate) fn names(of: &impl Debug) -> Vec<String> {
    let told = Said::read(&format!("{of:?}"));
    let named =
        told.fields().filter(|(field, text)| is_name(field) && (3..=256).contains(&text.len()) && !text.contains(char::is_whitespace));
    named.map(|(_, text)| text.to_owned()).collect()
}

/// Whether a field of this name holds what a thing is called.
fn is_name(field: &str) -> bool {
    ["id", "ids", "arn", "arns", "name", "names", "identifier", "identifiers", "bucket", "cluster", "resources", "resource"]
        .iter()
        .any(|end| field == *end || field.ends_with(&format!("_{end}")))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bbws_aws::{Aws, Told};

    use super::*;
    use crate::{Principal, Sandbox};

    #[test]
    fn what_a_request_names_is_picked_out() {
        let input = aws_sdk_ec2::operation::revoke_security_group_ingress::RevokeSecurityGroupIngressInput::builder()
            .group_id("sg-1")
            .security_group_rule_ids("sgr-2")
            .cidr_ip("10.0.0.0/8")
            .build()
            .unwrap();
        assert_eq!(names(&input), ["sg-1", "sgr-2"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_changed_what_is_told_from_the_log_of_calls() {
        let sandbox = Sandbox::in_memory("536580886816");
        let client = |sandbox: &Sandbox| {
            let aws = Aws::new(Arc::new(sandbox.clone()), "af-south-1");
            aws.gate().open();
            aws
        };
        let made = client(&sandbox).write.ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.told("ec2:CreateVpc").unwrap();
        let id = made.vpc().and_then(|vpc| vpc.vpc_id()).unwrap().to_owned();
        let thandi = sandbox.with_principal(Principal { role: "console".into(), session: "thandi".into() });
        let refused = client(&thandi).write.ec2.delete_vpc().vpc_id("vpc-none").send().await;
        assert!(refused.is_err());
        client(&thandi).write.ec2.delete_vpc().vpc_id(&id).send().await.told("ec2:DeleteVpc").unwrap();
        let asked = bbws_aws::trail(&client(&sandbox), "af-south-1", &id, 0).await.unwrap();
        let told: Vec<_> = asked.iter().map(|event| (event.call.as_str(), event.who.rsplit('/').next().unwrap())).collect();
        assert_eq!(told, [("ec2:DeleteVpc", "thandi"), ("ec2:CreateVpc", "operator")]);
        for (region, name) in [("af-south-1", "vpc-none"), ("us-east-1", id.as_str())] {
            assert!(bbws_aws::trail(&client(&sandbox), region, name, 0).await.unwrap().is_empty(), "{name}");
        }
    }
}
