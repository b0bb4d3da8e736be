//! The load balancer and its listeners. Target groups and rules are the tenants'.

use std::collections::BTreeSet;

use bbws_kinds::{
    Action, Bucket, BucketEncryption, BucketLifecycle, BucketOwnership, BucketSpec, DesyncMitigation, ForwardedFor, IpAddressType,
    Listener, ListenerSpec, LoadBalancer, LoadBalancerSpec, LogsTo, SecurityGroup, TLS_POLICY, Tls,
};
use bbws_model::PolicyDocument;
use serde_json::{Value, json};

use super::certificate::for_alb;
use super::parts::{Parts, text, to};

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    if env.alb.access_logs {
        access_logs(parts);
    }
    parts.add::<LoadBalancer>(
        "main",
        &LoadBalancerSpec {
            name: env.names.alb.clone(),
            vpc: Some(to("main")),
            internet_gateway: Some(to("main")),
            subnets: env.network.public_in_use().map(|(name, _)| to(&format!("public-{name}"))).collect(),
            security_groups: BTreeSet::from([text::<SecurityGroup>("alb", "id")]),
            internal: false,
            ip_address_type: IpAddressType::Ipv4,
            deletion_protection: env.alb.deletion_protection,
            idle_timeout_seconds: env.alb.idle_timeout,
            client_keep_alive_seconds: 3600,
            drop_invalid_headers: env.alb.drop_invalid_headers,
            http2: true,
            desync_mitigation: DesyncMitigation::Defensive,
            preserve_host_header: false,
            forwarded_for: ForwardedFor::Append,
            forwarded_port: false,
            tls_headers: false,
            waf_fail_open: false,
            access_logs: env.alb.access_logs.then(|| LogsTo { bucket: to("alb-logs"), prefix: String::new() }),
            connection_logs: None,
            tags: parts.tags(&env.names.alb),
        },
    );
    listener(parts, "http", 80, None);
    if env.alb.https && env.has_certificate() {
        let tls = Tls { certificate: to(for_alb(env)), policy: TLS_POLICY.to_owned() };
        listener(parts, "https", 443, Some(tls));
    }
}

/// A port. What no tenant's rule takes is answered here, with a status that a health check takes for well.
fn listener(parts: &mut Parts<'_>, name: &str, port: u16, tls: Option<Tls<bbws_model::Written>>) {
    let answer = &parts.env.alb.fixed_response;
    parts.add::<Listener>(
        name,
        &ListenerSpec {
            load_balancer: to("main"),
            port,
            tls,
            default_action: Action::FixedResponse {
                status: answer.status,
                content_type: "text/plain".to_owned(),
                body: answer.body.clone(),
            },
            tags: parts.tags_of(name),
        },
    );
}

/// Where the load balancer writes a line for each request.
fn access_logs(parts: &mut Parts<'_>) {
    let account = parts.env.account.to_string();
    let statement = |_: &str, bucket: &str| {
        json!({
            "Sid": "LoadBalancerLogs",
            "Effect": "Allow",
            "Principal": { "Service": "logdelivery.elasticloadbalancing.amazonaws.com" },
            "Action": "s3:PutObject",
            "Resource": format!("{bucket}/AWSLogs/{account}/*")
        })
    };
    log_bucket(parts, "alb-logs", statement);
}

/// A bucket for logs, emptied by age, into which one service writes. The statement is given the bucket's name and ARN.
pub(super) fn log_bucket(parts: &mut Parts<'_>, what: &str, statement: impl Fn(&str, &str) -> Value) {
    let env = parts.env;
    // Names of buckets are taken the world over, so the account is part of it.
    let name = format!("{}-{}", env.names.of(what), env.account);
    let arn = format!("arn:{}:s3:::{name}", parts.partition());
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement(&name, &arn)] });
    parts.add::<Bucket>(
        what,
        &BucketSpec {
            tags: parts.tags(&name),
            name,
            region: None,
            versioning: false,
            encryption: BucketEncryption::S3,
            ownership: BucketOwnership::BucketOwnerEnforced,
            public_access_blocked: true,
            tls_only: true,
            policy: Some(PolicyDocument::new(policy)),
            lifecycle: BucketLifecycle { expire_days: Some(env.logs.retention_days), ..BucketLifecycle::default() },
            // The load balancer's first test file is in it from the first minute on: AWS would keep it for ever.
            empty_before_delete: true,
        },
    );
}
