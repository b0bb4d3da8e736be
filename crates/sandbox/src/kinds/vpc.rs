//! VPCs: attributes, what comes with one (default security group and network ACL, main route table), and what keeps one
//! from being deleted.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_vpc::{CreateVpcInput, CreateVpcOutput};
use aws_sdk_ec2::operation::delete_vpc::{DeleteVpcInput, DeleteVpcOutput};
use aws_sdk_ec2::operation::describe_vpc_attribute::{DescribeVpcAttributeInput, DescribeVpcAttributeOutput};
use aws_sdk_ec2::operation::describe_vpcs::{DescribeVpcsInput, DescribeVpcsOutput};
use aws_sdk_ec2::operation::modify_vpc_attribute::{ModifyVpcAttributeInput, ModifyVpcAttributeOutput};
use aws_sdk_ec2::types::{AttributeBooleanValue, Tenancy, Vpc, VpcAttributeName, VpcState};
use bbws_model::Cidr;
use serde::{Deserialize, Serialize};

use super::{internet_gateway, network_acl, quota, route_table, security_group, vpc_endpoint};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// One VPC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) cidr: Cidr,
    pub(crate) dns_support: bool,
    pub(crate) dns_hostnames: bool,
    pub(crate) ready_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_vpc).on(describe_vpcs).on(describe_vpc_attribute).on(modify_vpc_attribute).on(delete_vpc)
}

/// The VPC of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"));
    at.here().vpcs.get_mut(id).ok_or(gone)
}

fn create_vpc(at: &mut At<'_>, input: &CreateVpcInput) -> Answer<CreateVpcOutput> {
    let text = input.cidr_block().unwrap_or_default();
    let invalid = || refuse(400, "InvalidVpcRange", format!("The CIDR '{text}' is invalid."));
    let cidr: Cidr = text.parse().map_err(|_| invalid())?;
    if !(16..=28).contains(&cidr.prefix()) {
        return Err(invalid());
    }
    if at.here().vpcs.len() >= quota::VPCS.most(at) {
        return Err(refuse(400, "VpcLimitExceeded", "The maximum number of VPCs has been reached."));
    }
    let tags = created_tags(input.tag_specifications(), "vpc")?;
    let (id, ready_ms) = (at.id("vpc"), at.after(2));
    let row = Row { cidr, dns_support: true, dns_hostnames: false, ready_ms, tags };
    let vpc = answer(&id, &row, at.now_ms);
    at.here().vpcs.insert(id.clone(), row);
    network_acl::make_default(at, &id);
    route_table::make_main(at, &id, cidr);
    security_group::make_default(at, &id);
    Ok(CreateVpcOutput::builder().vpc(vpc).build())
}

fn answer(id: &str, row: &Row, now_ms: u64) -> Vpc {
    Vpc::builder()
        .vpc_id(id)
        .cidr_block(row.cidr.to_string())
        .state(if now_ms < row.ready_ms { VpcState::Pending } else { VpcState::Available })
        .instance_tenancy(Tenancy::Default)
        .is_default(false)
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn describe_vpcs(at: &mut At<'_>, input: &DescribeVpcsInput) -> Answer<DescribeVpcsOutput> {
    for id in input.vpc_ids() {
        the(at, Some(id))?;
    }
    let now_ms = at.now_ms;
    let mut found = vec![];
    for (id, row) in &at.here().vpcs {
        let field = |name: &str| match name {
            "vpc-id" => Some(vec![id.clone()]),
            "cidr" => Some(vec![row.cidr.to_string()]),
            "is-default" => Some(vec!["false".into()]),
            _ => None,
        };
        if (input.vpc_ids().is_empty() || input.vpc_ids().contains(id)) && matches(input.filters(), &row.tags, field)? {
            found.push(answer(id, row, now_ms));
        }
    }
    let (vpcs, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeVpcsOutput::builder().set_vpcs(Some(vpcs)).set_next_token(next).build())
}

fn describe_vpc_attribute(at: &mut At<'_>, input: &DescribeVpcAttributeInput) -> Answer<DescribeVpcAttributeOutput> {
    let row = the(at, input.vpc_id())?;
    let value = |on: bool| AttributeBooleanValue::builder().value(on).build();
    let to = DescribeVpcAttributeOutput::builder().set_vpc_id(input.vpc_id.clone());
    match input.attribute() {
        Some(VpcAttributeName::EnableDnsSupport) => Ok(to.enable_dns_support(value(row.dns_support)).build()),
        Some(VpcAttributeName::EnableDnsHostnames) => Ok(to.enable_dns_hostnames(value(row.dns_hostnames)).build()),
        other => Err(refuse(400, "InvalidParameterValue", format!("sandbox: the VPC attribute {other:?} is not simulated"))),
    }
}

fn modify_vpc_attribute(at: &mut At<'_>, input: &ModifyVpcAttributeInput) -> Answer<ModifyVpcAttributeOutput> {
    let row = the(at, input.vpc_id())?;
    let on = |value: &AttributeBooleanValue| value.value().unwrap_or(false);
    match (input.enable_dns_support(), input.enable_dns_hostnames()) {
        (Some(value), None) => {
            if !on(value) && row.dns_hostnames {
                return Err(refuse(400, "InvalidParameterCombination", "DNS host names need DNS support"));
            }
            row.dns_support = on(value);
        }
        (None, Some(value)) => {
            if on(value) && !row.dns_support {
                return Err(refuse(400, "InvalidParameterCombination", "DNS host names need DNS support"));
            }
            row.dns_hostnames = on(value);
        }
        _ => return Err(refuse(400, "InvalidParameterCombination", "Exactly one attribute may be modified at a time")),
    }
    Ok(ModifyVpcAttributeOutput::builder().build())
}

fn delete_vpc(at: &mut At<'_>, input: &DeleteVpcInput) -> Answer<DeleteVpcOutput> {
    the(at, input.vpc_id())?;
    let id = input.vpc_id().unwrap_or_default();
    let here = at.here();
    let held = here.subnets.values().any(|row| row.vpc == id)
        || here.network_interfaces.values().any(|row| row.vpc == id)
        || here.security_groups.values().any(|row| row.vpc == id && !row.is_default())
        || internet_gateway::serves(here, id)
        || route_table::has_own(here, id)
        || vpc_endpoint::holds_vpc(here, id);
    if held {
        return Err(refuse(400, "DependencyViolation", format!("The vpc '{id}' has dependencies and cannot be deleted.")));
    }
    here.vpcs.remove(id);
    here.network_acls.retain(|_, row| row.vpc != id);
    here.route_tables.retain(|_, row| row.vpc != id);
    here.security_groups.retain(|_, row| row.vpc != id);
    here.flow_logs.retain(|_, row| row.vpc != id);
    Ok(DeleteVpcOutput::builder().build())
}
