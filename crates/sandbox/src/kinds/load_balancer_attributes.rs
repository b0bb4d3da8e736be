//! The attributes of load balancers, and the bucket that their logs go to.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancer_attributes::{
    DescribeLoadBalancerAttributesInput, DescribeLoadBalancerAttributesOutput,
};
use aws_sdk_elasticloadbalancingv2::operation::modify_load_balancer_attributes::{
    ModifyLoadBalancerAttributesInput, ModifyLoadBalancerAttributesOutput,
};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;
use serde_json::Value;

use super::elb::{invalid, misconfigured};
use super::load_balancer::the;
use super::object::{Body, Version, add};
use crate::cloud::At;
use crate::fate::Answer;
use crate::handlers::Handlers;

/// The logs that a load balancer can write, and the file with which ELB tries whether it may.
const LOGS: [(&str, &str); 3] = [
    ("access_logs", "ELBAccessLogTestFile"),
    ("connection_logs", "ELBConnectionLogTestFile"),
    ("health_check_logs", "ELBHealthCheckLogTestFile"),
];

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe).on(modify)
}

/// What a new application load balancer has.
pub(crate) fn defaults(internal: bool) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = [
        ("client_keep_alive.seconds", "3600"),
        ("deletion_protection.enabled", "false"),
        ("idle_timeout.timeout_seconds", "60"),
        ("ipv6.deny_all_igw_traffic", if internal { "true" } else { "false" }),
        ("load_balancing.cross_zone.enabled", "true"),
        ("routing.http.desync_mitigation_mode", "defensive"),
        ("routing.http.drop_invalid_header_fields.enabled", "false"),
        ("routing.http.preserve_host_header.enabled", "false"),
        ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false"),
        ("routing.http.xff_client_port.enabled", "false"),
        ("routing.http.xff_header_processing.mode", "append"),
        ("routing.http2.enabled", "true"),
        ("waf.fail_open.enabled", "false"),
        ("zonal_shift.config.enabled", "false"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect();
    for (logs, _) in LOGS {
        all.insert(format!("{logs}.s3.enabled"), "false".into());
        all.insert(format!("{logs}.s3.bucket"), String::new());
        all.insert(format!("{logs}.s3.prefix"), String::new());
    }
    all
}

fn answer(attributes: &BTreeMap<String, String>) -> Vec<LoadBalancerAttribute> {
    attributes.iter().map(|(key, value)| LoadBalancerAttribute::builder().key(key).value(value).build()).collect()
}

fn describe(at: &mut At<'_>, input: &DescribeLoadBalancerAttributesInput) -> Answer<DescribeLoadBalancerAttributesOutput> {
    let row = the(at, input.load_balancer_arn())?;
    Ok(DescribeLoadBalancerAttributesOutput::builder().set_attributes(Some(answer(&row.attributes))).build())
}

/// Whether ELB takes this value for this attribute.
fn check(key: &str, value: &str) -> Answer<()> {
    let within = |least: u32, most: u32| value.parse().is_ok_and(|seconds: u32| (least..=most).contains(&seconds));
    let sound = match key {
        "idle_timeout.timeout_seconds" => within(1, 4000),
        "client_keep_alive.seconds" => within(60, 604_800),
        "routing.http.desync_mitigation_mode" => ["monitor", "defensive", "strictest"].contains(&value),
        "routing.http.xff_header_processing.mode" => ["append", "preserve", "remove"].contains(&value),
        "load_balancing.cross_zone.enabled" => {
            return Err(misconfigured(
                "Load balancer attribute key 'load_balancing.cross_zone.enabled' cannot be changed for application load balancers",
            ));
        }
        key if key.ends_with(".bucket") => true,
        key if key.ends_with(".prefix") => !value.contains("AWSLogs") && !value.starts_with('/') && !value.ends_with('/'),
        _ => ["true", "false"].contains(&value),
    };
    if sound { Ok(()) } else { Err(invalid(format!("The value '{value}' is not valid for the attribute '{key}'"))) }
}

fn modify(at: &mut At<'_>, input: &ModifyLoadBalancerAttributesInput) -> Answer<ModifyLoadBalancerAttributesOutput> {
    if !(1..=20).contains(&input.attributes().len()) {
        return Err(invalid("Between 1 and 20 attributes can be modified in a single call"));
    }
    let arn = input.load_balancer_arn();
    let mut attributes = the(at, arn)?.attributes.clone();
    for attribute in input.attributes() {
        let (key, value) = (attribute.key().unwrap_or_default(), attribute.value().unwrap_or_default());
        if !attributes.contains_key(key) {
            return Err(invalid(format!("Load balancer attribute key '{key}' is not recognized")));
        }
        check(key, value)?;
        attributes.insert(key.to_owned(), value.to_owned());
    }
    for (logs, file) in LOGS {
        let of = |member: &str| attributes.get(&format!("{logs}.s3.{member}")).map(String::as_str).unwrap_or_default();
        let touched = input.attributes().iter().any(|attribute| attribute.key().is_some_and(|key| key.starts_with(logs)));
        if touched && of("enabled") == "true" {
            try_bucket(at, of("bucket"), of("prefix"), file)?;
        }
    }
    the(at, arn)?.attributes = attributes.clone();
    Ok(ModifyLoadBalancerAttributesOutput::builder().set_attributes(Some(answer(&attributes))).build())
}

/// ELB writes a file where the logs are to go; it stays there.
fn try_bucket(at: &mut At<'_>, bucket: &str, prefix: &str, file: &str) -> Answer<()> {
    let below = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let key = format!("{below}AWSLogs/{}/{file}", at.account);
    let denied = || misconfigured(format!("Access Denied for bucket: {bucket}. Please check S3bucket permission"));
    let (now, id) = (at.now_ms, at.hex(32));
    // A bucket of another region or account is not found here.
    let row = at.here().buckets.get_mut(bucket).ok_or_else(denied)?;
    let policy: Value = row.policy.as_deref().and_then(|text| serde_json::from_str(text).ok()).ok_or_else(denied)?;
    // ELB cannot use keys of KMS.
    if row.encryption.algorithm != "AES256" || !lets_write(&policy, &format!("arn:aws:s3:::{bucket}/{key}")) {
        return Err(denied());
    }
    let (id, encryption) = (row.versioning.map(|on| if on { id } else { "null".into() }), Some(row.encryption.clone()));
    add(row, &key, Version { id, body: Some(Body::new(b"Enable AccessLog for ELB".to_vec())), written_ms: now, encryption });
    Ok(())
}

/// Whether a policy lets ELB write this object. Conditions of denials are about how S3 is spoken to, which ELB does well.
fn lets_write(policy: &Value, object: &str) -> bool {
    let listed = |value: &Value| match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => vec![],
    };
    let speaks_of = |statement: &Value| {
        let service = listed(&statement["Principal"]["Service"]).iter().any(|who| who == "logdelivery.elasticloadbalancing.amazonaws.com");
        let everybody = statement["Principal"] == "*" || listed(&statement["Principal"]["AWS"]).iter().any(|who| who == "*");
        let writes =
            listed(&statement["Action"]).iter().any(|action| ["s3:putobject", "s3:*", "*"].contains(&action.to_lowercase().as_str()));
        (service || everybody) && writes && listed(&statement["Resource"]).iter().any(|resource| covers(resource, object))
    };
    let statements = match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        one => vec![one.clone()],
    };
    let of = |effect: &str| statements.iter().filter(move |statement| statement["Effect"] == effect).any(speaks_of);
    let denies = statements.iter().filter(|one| one["Effect"] == "Deny" && one["Condition"].is_null()).any(speaks_of);
    of("Allow") && !denies
}

/// Whether a pattern with `*` covers a text.
fn covers(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|from| rest.is_char_boundary(*from)).any(|from| covers(tail, &rest[from..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_bucket_lets_elb_write_where_its_policy_says_so() {
        let object = "arn:aws:s3:::logs/alb/AWSLogs/1/ELBAccessLogTestFile";
        let allow = |resource: &str| json!({"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"}, "Action": "s3:PutObject", "Resource": resource});
        let with = |statements: Value| lets_write(&json!({"Statement": statements}), object);
        assert!(with(json!([allow("arn:aws:s3:::logs/alb/AWSLogs/1/*")])));
        assert!(!with(json!([allow("arn:aws:s3:::logs/AWSLogs/1/*")])), "another prefix");
        let tls = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::logs/*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}});
        assert!(with(json!([tls, allow("*")])));
        let never = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        assert!(!with(json!([never, allow("*")])));
    }
}
