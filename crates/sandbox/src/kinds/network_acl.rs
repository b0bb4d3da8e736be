//! Network ACLs, as far as every VPC has one: the default ACL, which lets everything through and which every subnet joins.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::describe_network_acls::{DescribeNetworkAclsInput, DescribeNetworkAclsOutput};
use aws_sdk_ec2::types::{NetworkAcl, NetworkAclAssociation, NetworkAclEntry, RuleAction};
use serde::{Deserialize, Serialize};

use crate::cloud::{At, Region};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{ec2_size, ec2_tags, matches, page};

/// The number of the rule that stands last in every ACL and refuses what no other let through.
const LAST: i32 = 32767;

/// One network ACL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    /// What AWS calls the association of each of its subnets.
    pub(crate) subnets: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_network_acls)
}

/// Every VPC is born with one.
pub(crate) fn make_default(at: &mut At<'_>, vpc: &str) {
    let id = at.id("acl");
    at.here().network_acls.insert(id, Row { vpc: vpc.to_owned(), subnets: BTreeMap::new(), tags: BTreeMap::new() });
}

/// A new subnet joins its VPC's default one.
pub(crate) fn join(at: &mut At<'_>, vpc: &str, subnet: &str) {
    let association = at.id("aclassoc");
    if let Some(row) = at.here().network_acls.values_mut().find(|row| row.vpc == vpc) {
        row.subnets.insert(subnet.to_owned(), association);
    }
}

/// A subnet that goes leaves it.
pub(crate) fn leave(here: &mut Region, subnet: &str) {
    for row in here.network_acls.values_mut() {
        row.subnets.remove(subnet);
    }
}

fn answer(id: &str, row: &Row, account: &str) -> NetworkAcl {
    let association = |(subnet, association): (&String, &String)| {
        NetworkAclAssociation::builder().network_acl_id(id).subnet_id(subnet).network_acl_association_id(association).build()
    };
    let entry = |egress: bool, number: i32, action: RuleAction| {
        let to = NetworkAclEntry::builder().egress(egress).rule_number(number).rule_action(action);
        to.protocol("-1").cidr_block("0.0.0.0/0").build()
    };
    let entries =
        [true, false].into_iter().flat_map(|egress| [entry(egress, 100, RuleAction::Allow), entry(egress, LAST, RuleAction::Deny)]);
    NetworkAcl::builder()
        .network_acl_id(id)
        .vpc_id(&row.vpc)
        .owner_id(account)
        .is_default(true)
        .set_entries(Some(entries.collect()))
        .set_associations(Some(row.subnets.iter().map(association).collect()))
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn describe_network_acls(at: &mut At<'_>, input: &DescribeNetworkAclsInput) -> Answer<DescribeNetworkAclsOutput> {
    let (account, ids) = (at.account, input.network_acl_ids());
    let here = at.here();
    if let Some(id) = ids.iter().find(|id| !here.network_acls.contains_key(*id)) {
        return Err(refuse(400, "InvalidNetworkAclID.NotFound", format!("The networkAcl ID '{id}' does not exist")));
    }
    let mut found = vec![];
    for (id, row) in &here.network_acls {
        let field = |name: &str| match name {
            "network-acl-id" => Some(vec![id.clone()]),
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "default" => Some(vec!["true".into()]),
            "association.subnet-id" => Some(row.subnets.keys().cloned().collect()),
            _ => None,
        };
        if (ids.is_empty() || ids.contains(id)) && matches(input.filters(), &row.tags, field)? {
            found.push(answer(id, row, account));
        }
    }
    let (acls, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeNetworkAclsOutput::builder().set_network_acls(Some(acls)).set_next_token(next).build())
}
