//! Subnets: inside their VPC, never overlapping, in a zone of the region.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_subnet::{CreateSubnetInput, CreateSubnetOutput};
use aws_sdk_ec2::operation::delete_subnet::{DeleteSubnetInput, DeleteSubnetOutput};
use aws_sdk_ec2::operation::describe_subnets::{DescribeSubnetsInput, DescribeSubnetsOutput};
use aws_sdk_ec2::operation::modify_subnet_attribute::{ModifySubnetAttributeInput, ModifySubnetAttributeOutput};
use aws_sdk_ec2::types::{Subnet, SubnetState};
use bbws_model::Cidr;
use serde::{Deserialize, Serialize};

use super::{network_acl, network_interface, route_table_association, vpc};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// One subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) cidr: Cidr,
    pub(crate) zone: String,
    pub(crate) public_addresses: bool,
    pub(crate) ready_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_subnet).on(describe_subnets).on(modify_subnet_attribute).on(delete_subnet)
}

/// The subnet of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist"));
    at.here().subnets.get_mut(id).ok_or(gone)
}

fn create_subnet(at: &mut At<'_>, input: &CreateSubnetInput) -> Answer<CreateSubnetOutput> {
    let outer = vpc::the(at, input.vpc_id())?.cidr;
    let (vpc, text) = (input.vpc_id().unwrap_or_default(), input.cidr_block().unwrap_or_default());
    let invalid = || refuse(400, "InvalidSubnet.Range", format!("The CIDR '{text}' is invalid."));
    let cidr: Cidr = text.parse().map_err(|_| invalid())?;
    if !(16..=28).contains(&cidr.prefix()) || !outer.contains(&cidr) {
        return Err(invalid());
    }
    if at.here().subnets.values().any(|row| row.vpc == vpc && row.cidr.overlaps(&cidr)) {
        return Err(refuse(400, "InvalidSubnet.Conflict", format!("The CIDR '{cidr}' conflicts with another subnet")));
    }
    let zone = input.availability_zone().unwrap_or_default();
    if !["a", "b", "c"].iter().any(|letter| zone == format!("{}{letter}", at.region)) {
        return Err(refuse(
            400,
            "InvalidParameterValue",
            format!(
                "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {0}a, {0}b, {0}c.",
                at.region
            ),
        ));
    }
    let tags = created_tags(input.tag_specifications(), "subnet")?;
    let (id, ready_ms) = (at.id("subnet"), at.after(2));
    let row = Row { vpc: vpc.to_owned(), cidr, zone: zone.to_owned(), public_addresses: false, ready_ms, tags };
    at.here().subnets.insert(id.clone(), row.clone());
    network_acl::join(at, vpc, &id);
    let subnet = answer(at, &id, &row);
    Ok(CreateSubnetOutput::builder().subnet(subnet).build())
}

fn answer(at: &mut At<'_>, id: &str, row: &Row) -> Subnet {
    let free = network_interface::free_addresses(at.here(), id);
    Subnet::builder()
        .subnet_id(id)
        .subnet_arn(at.arn("ec2", &format!("subnet/{id}")))
        .vpc_id(&row.vpc)
        .cidr_block(row.cidr.to_string())
        .availability_zone(&row.zone)
        .available_ip_address_count(i32::try_from(free).unwrap_or(i32::MAX))
        .map_public_ip_on_launch(row.public_addresses)
        .state(if at.now_ms < row.ready_ms { SubnetState::Pending } else { SubnetState::Available })
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn describe_subnets(at: &mut At<'_>, input: &DescribeSubnetsInput) -> Answer<DescribeSubnetsOutput> {
    for id in input.subnet_ids() {
        the(at, Some(id))?;
    }
    let mut found = vec![];
    for (id, row) in at.here().subnets.clone() {
        let field = |name: &str| match name {
            "subnet-id" => Some(vec![id.clone()]),
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "cidr-block" => Some(vec![row.cidr.to_string()]),
            "availability-zone" => Some(vec![row.zone.clone()]),
            _ => None,
        };
        if (input.subnet_ids().is_empty() || input.subnet_ids().contains(&id)) && matches(input.filters(), &row.tags, field)? {
            found.push(answer(at, &id, &row));
        }
    }
    let (subnets, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeSubnetsOutput::builder().set_subnets(Some(subnets)).set_next_token(next).build())
}

fn modify_subnet_attribute(at: &mut At<'_>, input: &ModifySubnetAttributeInput) -> Answer<ModifySubnetAttributeOutput> {
    let row = the(at, input.subnet_id())?;
    match input.map_public_ip_on_launch() {
        Some(value) => row.public_addresses = value.value().unwrap_or(false),
        None => return Err(refuse(400, "InvalidParameterCombination", "sandbox: only MapPublicIpOnLaunch is simulated")),
    }
    Ok(ModifySubnetAttributeOutput::builder().build())
}

fn delete_subnet(at: &mut At<'_>, input: &DeleteSubnetInput) -> Answer<DeleteSubnetOutput> {
    the(at, input.subnet_id())?;
    let id = input.subnet_id().unwrap_or_default();
    network_interface::refuse_used_subnet(at.here(), id)?;
    network_acl::leave(at.here(), id);
    route_table_association::leave(at.here(), id);
    at.here().subnets.remove(id);
    Ok(DeleteSubnetOutput::builder().build())
}
