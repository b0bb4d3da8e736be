//! What tenants hang on load balancers: target groups, and the rules of listeners. bbws only looks at them.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::operation::describe_rules::{DescribeRulesInput, DescribeRulesOutput};
use aws_sdk_elasticloadbalancingv2::operation::describe_target_groups::{DescribeTargetGroupsInput, DescribeTargetGroupsOutput};
use aws_sdk_elasticloadbalancingv2::types::{
    HostHeaderConditionConfig, Matcher, PathPatternConditionConfig, ProtocolEnum, Rule, RuleCondition, TargetGroup, TargetTypeEnum,
};
use serde::{Deserialize, Serialize};

use super::elb::{invalid, listed};
use super::elb_action::{Action, used_by};
use super::tenant::{Tenant, hex};
use super::{listener, load_balancer};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// One target group, by its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) vpc: String,
    pub(crate) port: i32,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One rule, by its ARN. A listener's own default action is not among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RuleRow {
    pub(crate) listener: String,
    pub(crate) priority: u32,
    pub(crate) hosts: Vec<String>,
    pub(crate) paths: Vec<String>,
    pub(crate) action: Action,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Tenant<'_> {
    /// Makes a target group in a VPC, and answers its ARN.
    pub fn target_group(&mut self, name: &str, vpc: &str) -> String {
        let arn = self.arn("elasticloadbalancing", &format!("targetgroup/{name}/{}", hex(name)));
        let row = Row { name: name.to_owned(), vpc: vpc.to_owned(), port: 80, tags: Self::tags(name) };
        self.here.target_groups.insert(arn.clone(), row);
        arn
    }

    /// Sends the requests for a host that reach a listener to a target group, and answers the rule's ARN.
    pub fn rule(&mut self, listener: &str, priority: u32, host: &str, target_group: &str) -> String {
        let arn = format!("{}/{}", listener.replace(":listener/", ":listener-rule/"), hex(host));
        let row = RuleRow {
            listener: listener.to_owned(),
            priority,
            hosts: vec![host.to_owned()],
            paths: vec![],
            action: Action::Forward { groups: vec![(target_group.to_owned(), 1)], sticky: false },
            tags: Self::tags(host),
        };
        self.here.listener_rules.insert(arn.clone(), row);
        arn
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_target_groups).on(describe_rules)
}

fn describe_target_groups(at: &mut At<'_>, input: &DescribeTargetGroupsInput) -> Answer<DescribeTargetGroupsOutput> {
    let (on, arns, names) = (input.load_balancer_arn(), input.target_group_arns(), input.names());
    if [on.is_some(), !arns.is_empty(), !names.is_empty()].into_iter().filter(|given| *given).count() > 1 {
        return Err(invalid("Only one of a load balancer ARN, target group ARNs and names can be specified"));
    }
    if on.is_some() {
        load_balancer::the(at, on)?;
    }
    let here = at.here();
    let missing = |what: &str| refuse(400, "TargetGroupNotFound", format!("One or more target groups not found: {what}"));
    if let Some(arn) = arns.iter().find(|arn| !here.target_groups.contains_key(*arn)) {
        return Err(missing(arn));
    }
    if let Some(name) = names.iter().find(|name| !here.target_groups.values().any(|row| row.name == **name)) {
        return Err(missing(name));
    }
    let mut found = vec![];
    for (arn, row) in &here.target_groups {
        let users = used_by(here, arn);
        let wanted = (arns.is_empty() || arns.contains(arn))
            && (names.is_empty() || names.contains(&row.name))
            && on.is_none_or(|on| users.iter().any(|user| user == on));
        if wanted {
            found.push(
                TargetGroup::builder()
                    .target_group_arn(arn)
                    .target_group_name(&row.name)
                    .protocol(ProtocolEnum::Http)
                    .protocol_version("HTTP1")
                    .port(row.port)
                    .vpc_id(&row.vpc)
                    .target_type(TargetTypeEnum::Ip)
                    .health_check_enabled(true)
                    .health_check_protocol(ProtocolEnum::Http)
                    .health_check_port("traffic-port")
                    .health_check_path("/")
                    .health_check_interval_seconds(30)
                    .health_check_timeout_seconds(5)
                    .healthy_threshold_count(5)
                    .unhealthy_threshold_count(2)
                    .matcher(Matcher::builder().http_code("200").build())
                    .set_load_balancer_arns(Some(users))
                    .build(),
            );
        }
    }
    let (found, next) = listed(found, input.page_size(), input.marker())?;
    Ok(DescribeTargetGroupsOutput::builder().set_target_groups(Some(found)).set_next_marker(next).build())
}

fn answer(arn: &str, row: &RuleRow) -> Rule {
    let hosts = (!row.hosts.is_empty()).then(|| {
        let config = HostHeaderConditionConfig::builder().set_values(Some(row.hosts.clone())).build();
        RuleCondition::builder().field("host-header").host_header_config(config).set_values(Some(row.hosts.clone())).build()
    });
    let paths = (!row.paths.is_empty()).then(|| {
        let config = PathPatternConditionConfig::builder().set_values(Some(row.paths.clone())).build();
        RuleCondition::builder().field("path-pattern").path_pattern_config(config).set_values(Some(row.paths.clone())).build()
    });
    Rule::builder()
        .rule_arn(arn)
        .priority(row.priority.to_string())
        .set_conditions(Some(hosts.into_iter().chain(paths).collect()))
        .actions(row.action.answer())
        .is_default(false)
        .build()
}

fn describe_rules(at: &mut At<'_>, input: &DescribeRulesInput) -> Answer<DescribeRulesOutput> {
    let (on, arns) = (input.listener_arn(), input.rule_arns());
    if on.is_some() != arns.is_empty() {
        return Err(invalid("Either rule ARNs or a listener ARN must be specified"));
    }
    let mut found = vec![];
    if let Some(listener) = on {
        let default = listener::the(at, on)?.action.answer();
        let mut rules: Vec<(&String, &RuleRow)> = at.here().listener_rules.iter().filter(|(_, row)| row.listener == listener).collect();
        rules.sort_by_key(|(_, row)| row.priority);
        found.extend(rules.into_iter().map(|(arn, row)| answer(arn, row)));
        let arn = format!("{}/default", listener.replace(":listener/", ":listener-rule/"));
        let rule = Rule::builder().rule_arn(arn).priority("default").set_conditions(Some(vec![])).actions(default).is_default(true);
        found.push(rule.build());
    }
    for arn in arns {
        let row = at.here().listener_rules.get(arn);
        found.push(answer(arn, row.ok_or_else(|| refuse(400, "RuleNotFound", format!("Rule '{arn}' not found")))?));
    }
    let (found, next) = listed(found, input.page_size(), input.marker())?;
    Ok(DescribeRulesOutput::builder().set_rules(Some(found)).set_next_marker(next).build())
}
