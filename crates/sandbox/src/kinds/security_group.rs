//! Security groups, as far as every VPC has one: the default group and its rules.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::describe_security_groups::{DescribeSecurityGroupsInput, DescribeSecurityGroupsOutput};
use aws_sdk_ec2::operation::revoke_security_group_egress::{RevokeSecurityGroupEgressInput, RevokeSecurityGroupEgressOutput};
use aws_sdk_ec2::operation::revoke_security_group_ingress::{RevokeSecurityGroupIngressInput, RevokeSecurityGroupIngressOutput};
use aws_sdk_ec2::types::{IpPermission, IpRange, SecurityGroup, UserIdGroupPair};
use serde::{Deserialize, Serialize};

use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{ec2_size, ec2_tags, matches, page};

/// One security group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) rules: Vec<Rule>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One rule of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) egress: bool,
    pub(crate) protocol: String,
    pub(crate) from: i32,
    pub(crate) to: i32,
    pub(crate) peer: Peer,
}

/// Whom a rule speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Peer {
    Cidr(String),
    Group(String),
}

impl Row {
    pub(crate) fn is_default(&self) -> bool {
        self.name == "default"
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_security_groups).on(revoke_ingress).on(revoke_egress)
}

/// Every VPC is born with a group that lets its members talk to each other and to everybody.
pub(crate) fn make_default(at: &mut At<'_>, vpc: &str) {
    let id = at.id("sg");
    let all = |egress, peer| Rule { egress, protocol: "-1".into(), from: -1, to: -1, peer };
    let row = Row {
        vpc: vpc.to_owned(),
        name: "default".into(),
        description: "default VPC security group".into(),
        rules: vec![all(false, Peer::Group(id.clone())), all(true, Peer::Cidr("0.0.0.0/0".into()))],
        tags: BTreeMap::new(),
    };
    at.here().security_groups.insert(id, row);
}

fn permission(rule: &Rule) -> IpPermission {
    let to = IpPermission::builder().ip_protocol(&rule.protocol).from_port(rule.from).to_port(rule.to);
    match &rule.peer {
        Peer::Cidr(cidr) => to.ip_ranges(IpRange::builder().cidr_ip(cidr).build()),
        Peer::Group(group) => to.user_id_group_pairs(UserIdGroupPair::builder().group_id(group).build()),
    }
    .build()
}

fn describe_security_groups(at: &mut At<'_>, input: &DescribeSecurityGroupsInput) -> Answer<DescribeSecurityGroupsOutput> {
    let mut found = vec![];
    for (id, row) in &at.here().security_groups {
        let field = |name: &str| match name {
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "group-name" => Some(vec![row.name.clone()]),
            "group-id" => Some(vec![id.clone()]),
            _ => None,
        };
        if (input.group_ids().is_empty() || input.group_ids().contains(id)) && matches(input.filters(), &row.tags, field)? {
            let rules = |egress| row.rules.iter().filter(|rule| rule.egress == egress).map(permission).collect();
            found.push(
                SecurityGroup::builder()
                    .group_id(id)
                    .group_name(&row.name)
                    .description(&row.description)
                    .vpc_id(&row.vpc)
                    .set_ip_permissions(Some(rules(false)))
                    .set_ip_permissions_egress(Some(rules(true)))
                    .set_tags(Some(ec2_tags(&row.tags)))
                    .build(),
            );
        }
    }
    let (groups, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeSecurityGroupsOutput::builder().set_security_groups(Some(groups)).set_next_token(next).build())
}

fn revoke(at: &mut At<'_>, group: Option<&str>, egress: bool, permissions: &[IpPermission]) -> Answer<()> {
    let id = group.unwrap_or_default();
    let gone = refuse(400, "InvalidGroup.NotFound", format!("The security group '{id}' does not exist"));
    let row = at.here().security_groups.get_mut(id).ok_or(gone)?;
    for wanted in permissions {
        let before = row.rules.len();
        row.rules.retain(|rule| rule.egress != egress || permission(rule) != *wanted);
        if row.rules.len() == before {
            return Err(refuse(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group."));
        }
    }
    Ok(())
}

fn revoke_ingress(at: &mut At<'_>, input: &RevokeSecurityGroupIngressInput) -> Answer<RevokeSecurityGroupIngressOutput> {
    revoke(at, input.group_id(), false, input.ip_permissions())?;
    Ok(RevokeSecurityGroupIngressOutput::builder().r#return(true).build())
}

fn revoke_egress(at: &mut At<'_>, input: &RevokeSecurityGroupEgressInput) -> Answer<RevokeSecurityGroupEgressOutput> {
    revoke(at, input.group_id(), true, input.ip_permissions())?;
    Ok(RevokeSecurityGroupEgressOutput::builder().r#return(true).build())
}
