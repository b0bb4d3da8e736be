//! What is optional about the network: ways to AWS's services inside it, and the record of its traffic.

use std::collections::BTreeSet;

use bbws_kinds::{
    EndpointType, FLOW_LOG_FORMAT, FlowLog, FlowLogSpec, LogGroup, LogGroupSpec, Peer, Role, RolePolicy, RolePolicySpec, RoleSpec, Traffic,
    VpcEndpoint, VpcEndpointSpec,
};
use bbws_model::PolicyDocument;
use serde_json::json;

use super::network::private_tables;
use super::parts::{Parts, to, trust, value_and};
use super::security::{group, ingress, port, rule};
use crate::Endpoint;

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    if env.network.endpoints.iter().any(|endpoint| !endpoint.is_gateway()) {
        group(parts, "endpoints", "the VPC endpoints");
        let from_tasks = ingress("endpoints", port(443), Peer::Group(to("ecs")), "https from ecs".to_owned());
        rule(parts, "endpoints-in-ecs", from_tasks);
    }
    for endpoint in &env.network.endpoints {
        way(parts, *endpoint);
    }
    if env.network.flow_logs {
        flow_log(parts);
    }
}

fn way(parts: &mut Parts<'_>, endpoint: Endpoint) {
    let env = parts.env;
    let name = endpoint.service().replace('.', "-");
    let common = VpcEndpointSpec {
        vpc: to("main"),
        service: format!("com.amazonaws.{}.{}", env.region, endpoint.service()),
        endpoint_type: EndpointType::Gateway,
        route_tables: BTreeSet::new(),
        subnets: BTreeSet::new(),
        security_groups: BTreeSet::new(),
        private_dns: None,
        policy: None,
        tags: parts.tags_of(&name),
    };
    let spec = if endpoint.is_gateway() {
        VpcEndpointSpec { route_tables: private_tables(env).keys().map(|table| to(table)).collect(), ..common }
    } else {
        VpcEndpointSpec {
            endpoint_type: EndpointType::Interface,
            subnets: env.network.private_in_use().map(|(name, _)| to(&format!("private-{name}"))).collect(),
            security_groups: BTreeSet::from([to("endpoints")]),
            private_dns: Some(true),
            ..common
        }
    };
    parts.add::<VpcEndpoint>(&name, &spec);
}

fn flow_log(parts: &mut Parts<'_>) {
    let env = parts.env;
    let (group_name, role_name) = (format!("/vpc/{}/flow-logs", env.names.prefix), env.names.of("flow-logs"));
    parts.add::<LogGroup>(
        "flow-logs",
        &LogGroupSpec { tags: parts.tags(&group_name), name: group_name, retention_days: Some(env.logs.retention_days) },
    );
    parts.add::<Role>(
        "flow-logs",
        &RoleSpec {
            tags: parts.tags(&role_name),
            name: role_name,
            trust: trust("vpc-flow-logs.amazonaws.com", &env.account.to_string(), &parts.arn("ec2", "vpc-flow-log/*")),
            path: "/".to_owned(),
            description: format!("{}: writes the record of the VPC's traffic", env.names.prefix),
            max_session_seconds: 3600,
            permissions_boundary: None,
        },
    );
    // Without CreateLogGroup: a group that somebody deletes would come back without its retention.
    let document = PolicyDocument::new(json!({
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Write",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": value_and::<LogGroup>("flow-logs", "arn", ":*")
            },
            { "Sid": "Find", "Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*" }
        ]
    }));
    parts.add::<RolePolicy>("flow-logs", &RolePolicySpec { role: to("flow-logs"), name: "flow-logs".to_owned(), document });
    parts.add::<FlowLog>(
        "vpc",
        &FlowLogSpec {
            vpc: to("main"),
            log_group: to("flow-logs"),
            role: to("flow-logs"),
            traffic: Traffic::All,
            aggregation_seconds: 600,
            format: FLOW_LOG_FORMAT.to_owned(),
            tags: parts.tags_of("flow-logs"),
        },
    );
}
