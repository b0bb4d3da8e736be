//! EC2 tags: one call for things of any sort.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_tags::{CreateTagsInput, CreateTagsOutput};
use aws_sdk_ec2::operation::delete_tags::{DeleteTagsInput, DeleteTagsOutput};

use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::put_tag;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_tags).on(delete_tags)
}

/// The tags of whatever has this id.
fn tags_of<'a>(at: &'a mut At<'_>, id: &str) -> Answer<&'a mut BTreeMap<String, String>> {
    let here = at.here();
    let found = match id.split('-').next().unwrap_or_default() {
        "acl" => here.network_acls.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidNetworkAclID.NotFound"),
        "eipalloc" => here.elastic_ips.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidAllocationID.NotFound"),
        "eni" => here.network_interfaces.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidNetworkInterfaceID.NotFound"),
        "igw" => here.internet_gateways.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidInternetGatewayID.NotFound"),
        "nat" => here.nat_gateways.get_mut(id).map(|row| &mut row.tags).ok_or("NatGatewayNotFound"),
        "rtb" => here.route_tables.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidRouteTableID.NotFound"),
        "vpc" => here.vpcs.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidVpcID.NotFound"),
        "subnet" => here.subnets.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidSubnetID.NotFound"),
        "sg" => here.security_groups.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidGroup.NotFound"),
        "sgr" => {
            let rules = &mut here.security_groups.values_mut().flat_map(|row| row.rules.iter_mut());
            rules.find(|(name, _)| *name == id).map(|(_, rule)| &mut rule.tags).ok_or("InvalidSecurityGroupRuleId.NotFound")
        }
        "vpce" => here.vpc_endpoints.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidVpcEndpointId.NotFound"),
        "fl" => here.flow_logs.get_mut(id).map(|row| &mut row.tags).ok_or("InvalidFlowLogId.NotFound"),
        _ => Err("InvalidID"),
    };
    found.map_err(|code| refuse(400, code, format!("The ID '{id}' does not exist")))
}

fn create_tags(at: &mut At<'_>, input: &CreateTagsInput) -> Answer<CreateTagsOutput> {
    for id in input.resources() {
        let tags = tags_of(at, id)?;
        for tag in input.tags() {
            put_tag(tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default())?;
        }
    }
    Ok(CreateTagsOutput::builder().build())
}

fn delete_tags(at: &mut At<'_>, input: &DeleteTagsInput) -> Answer<DeleteTagsOutput> {
    for id in input.resources() {
        let tags = tags_of(at, id)?;
        for tag in input.tags() {
            let key = tag.key().unwrap_or_default();
            // A value given is a condition.
            if tag.value().is_none_or(|value| tags.get(key).is_some_and(|have| have == value)) {
                tags.remove(key);
            }
        }
    }
    Ok(DeleteTagsOutput::builder().build())
}
