//! Elastic IPs: five of a region, and none can be released while something holds it.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::allocate_address::{AllocateAddressInput, AllocateAddressOutput};
use aws_sdk_ec2::operation::describe_addresses::{DescribeAddressesInput, DescribeAddressesOutput};
use aws_sdk_ec2::operation::release_address::{ReleaseAddressInput, ReleaseAddressOutput};
use aws_sdk_ec2::types::{Address, DomainType};
use serde::{Deserialize, Serialize};

use super::network_interface::{self, new_public_address};
use super::quota;
use crate::cloud::{At, Region};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_tags, matches};

/// One Elastic IP. What holds it, the interface says that it is mapped to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) public_ip: String,
    /// What AWS calls its last association.
    pub(crate) association: String,
    /// Until when AWS takes it for held after its holder is gone.
    pub(crate) held_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(allocate_address).on(describe_addresses).on(release_address)
}

/// The Elastic IP of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "InvalidAllocationID.NotFound", format!("The allocation ID '{id}' does not exist"));
    at.here().elastic_ips.get_mut(id).ok_or(gone)
}

/// The interface that has this address, with its id.
pub(crate) fn holder<'a>(here: &'a Region, allocation: &str) -> Option<(&'a String, &'a network_interface::Row)> {
    here.network_interfaces.iter().find(|(_, row)| row.allocation.as_deref() == Some(allocation))
}

/// Maps the address to an interface, and answers the address.
pub(crate) fn associate(at: &mut At<'_>, allocation: &str, interface: &str) -> Answer<String> {
    let association = at.id("eipassoc");
    let row = the(at, Some(allocation))?;
    row.association = association;
    let public_ip = row.public_ip.clone();
    if let Some(interface) = at.here().network_interfaces.get_mut(interface) {
        interface.public_ip = Some(public_ip.clone());
        interface.allocation = Some(allocation.to_owned());
    }
    Ok(public_ip)
}

fn allocate_address(at: &mut At<'_>, input: &AllocateAddressInput) -> Answer<AllocateAddressOutput> {
    if input.domain().is_some_and(|domain| *domain != DomainType::Vpc) {
        return Err(refuse(400, "InvalidParameterValue", "Invalid domain: only 'vpc' is supported"));
    }
    if at.here().elastic_ips.len() >= quota::ADDRESSES.most(at) {
        return Err(refuse(400, "AddressLimitExceeded", "The maximum number of addresses has been reached."));
    }
    let tags = created_tags(input.tag_specifications(), "elastic-ip")?;
    let (id, public_ip, border) = (at.id("eipalloc"), new_public_address(at), at.region);
    at.here().elastic_ips.insert(id.clone(), Row { public_ip: public_ip.clone(), association: String::new(), held_ms: 0, tags });
    let to = AllocateAddressOutput::builder().allocation_id(id).public_ip(public_ip);
    Ok(to.domain(DomainType::Vpc).network_border_group(border).build())
}

fn describe_addresses(at: &mut At<'_>, input: &DescribeAddressesInput) -> Answer<DescribeAddressesOutput> {
    let ids = input.allocation_ids();
    for id in ids {
        the(at, Some(id))?;
    }
    let (account, border) = (at.account, at.region);
    let here = at.here();
    let mut found = vec![];
    for (id, row) in &here.elastic_ips {
        let interface = holder(here, id);
        let field = |name: &str| match name {
            "allocation-id" => Some(vec![id.clone()]),
            "public-ip" => Some(vec![row.public_ip.clone()]),
            "domain" => Some(vec!["vpc".into()]),
            "association-id" => Some(interface.map(|_| row.association.clone()).into_iter().collect()),
            "network-interface-id" => Some(interface.map(|(id, _)| id.clone()).into_iter().collect()),
            "private-ip-address" => Some(interface.map(|(_, row)| row.address.clone()).into_iter().collect()),
            _ => None,
        };
        if (ids.is_empty() || ids.contains(id)) && matches(input.filters(), &row.tags, field)? {
            let to = Address::builder()
                .allocation_id(id)
                .public_ip(&row.public_ip)
                .domain(DomainType::Vpc)
                .network_border_group(border)
                .set_tags(Some(ec2_tags(&row.tags)));
            found.push(match interface {
                Some((interface, on)) => to
                    .association_id(&row.association)
                    .network_interface_id(interface)
                    .network_interface_owner_id(account)
                    .private_ip_address(&on.address)
                    .build(),
                None => to.build(),
            });
        }
    }
    Ok(DescribeAddressesOutput::builder().set_addresses(Some(found)).build())
}

fn release_address(at: &mut At<'_>, input: &ReleaseAddressInput) -> Answer<ReleaseAddressOutput> {
    let Some(id) = input.allocation_id() else {
        return Err(refuse(400, "MissingParameter", "The request must contain the parameter AllocationId"));
    };
    let (now, held) = (at.now_ms, the(at, Some(id))?.held_ms);
    // What a service holds its own way may not be taken from it, and EC2 says so as if it were a matter of credentials.
    let not_yours = refuse(400, "AuthFailure", "You do not have permission to access the specified resource.");
    match holder(at.here(), id) {
        Some((_, row)) if row.requester.is_some() => return Err(not_yours),
        Some((interface, _)) => {
            let message = format!("Address {id} is in use by {interface}: you must first disassociate the address");
            return Err(refuse(400, "InvalidIPAddress.InUse", message));
        }
        None if now < held => return Err(not_yours),
        None => {}
    }
    at.here().elastic_ips.remove(id);
    Ok(ReleaseAddressOutput::builder().build())
}
