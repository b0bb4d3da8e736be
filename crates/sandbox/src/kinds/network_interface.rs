//! Network interfaces: who has which address in a subnet. Load balancers, NAT gateways, endpoints, databases and mount
//! targets hold one each per subnet, and while they do, neither the subnet nor a security group on it can be deleted.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::operation::describe_network_interfaces::{DescribeNetworkInterfacesInput, DescribeNetworkInterfacesOutput};
use aws_sdk_ec2::types::{
    GroupIdentifier, NetworkInterface, NetworkInterfaceAssociation, NetworkInterfaceAttachment, NetworkInterfaceStatus,
};
use serde::{Deserialize, Serialize};

use super::subnet;
use crate::cloud::{At, Region, Table};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{ec2_size, ec2_tags, matches, page};

/// Of each subnet AWS keeps the first four addresses and the last one.
const RESERVED: usize = 5;

/// One network interface.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    pub(crate) address: String,
    /// The public address that is mapped to it.
    pub(crate) public_ip: Option<String>,
    /// The Elastic IP that this address is, if it is one.
    pub(crate) allocation: Option<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) description: String,
    pub(crate) interface_type: String,
    /// The service that made it and alone may remove it, as AWS names it; none for an interface of somebody's own.
    pub(crate) requester: Option<String>,
    /// What it belongs to: the id or ARN of the gateway, load balancer, endpoint, database, mount target or task.
    pub(crate) holder: String,
    /// When it will be gone, once its holder is.
    pub(crate) leaves_ms: Option<u64>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// An interface that a service wants in a subnet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Where.
    pub(crate) subnet: &'a str,
    /// Its security groups. Whoever asks has checked that they exist and are of the same VPC.
    pub(crate) groups: &'a [String],
    /// As AWS writes it: `ELB app/NAME/HEX`, `Interface for NAT Gateway nat-…`, `VPC Endpoint Interface vpce-…`,
    /// `RDSNetworkInterface`, `EFS mount target for fs-…`.
    pub(crate) description: &'a str,
    /// `interface`, `nat_gateway`, `vpc_endpoint`, `efs`.
    pub(crate) interface_type: &'a str,
    /// `amazon-elb` for load balancers, `amazon-aws` for NAT gateways and endpoints, `amazon-rds`, `amazon-efs`.
    pub(crate) requester: &'a str,
    /// The id or ARN of what it will belong to.
    pub(crate) holder: &'a str,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_network_interfaces).tick(leave)
}

/// Makes an interface with the lowest free address of the subnet, and answers its id.
pub(crate) fn make(at: &mut At<'_>, wanted: Wanted<'_>) -> Answer<String> {
    let vpc = subnet::the(at, Some(wanted.subnet))?.vpc.clone();
    let full = || {
        let message = format!("The specified subnet {} does not have enough free addresses to satisfy the request.", wanted.subnet);
        refuse(400, "InsufficientFreeAddressesInSubnet", message)
    };
    let address = lowest_free(at.here(), wanted.subnet).ok_or_else(full)?;
    Ok(put(at, wanted, vpc, address))
}

/// Makes an interface with an address of the caller's choice, where nobody has it, and answers its id.
pub(crate) fn make_with(at: &mut At<'_>, wanted: Wanted<'_>, address: &str) -> Answer<String> {
    let vpc = subnet::the(at, Some(wanted.subnet))?.vpc.clone();
    if !hosts(at.here(), wanted.subnet).any(|host| host == address) {
        return Err(refuse(400, "InvalidParameterValue", "Address does not fall within the subnet's address range"));
    }
    if in_subnet(at.here(), wanted.subnet).any(|row| row.address == address) {
        return Err(refuse(400, "InvalidIPAddress.InUse", format!("Address {address} is in use.")));
    }
    Ok(put(at, wanted, vpc, address.to_owned()))
}

fn put(at: &mut At<'_>, wanted: Wanted<'_>, vpc: String, address: String) -> String {
    let row = Row {
        vpc,
        subnet: wanted.subnet.to_owned(),
        address,
        public_ip: None,
        allocation: None,
        groups: wanted.groups.to_vec(),
        description: wanted.description.to_owned(),
        interface_type: wanted.interface_type.to_owned(),
        requester: Some(wanted.requester.to_owned()),
        holder: wanted.holder.to_owned(),
        leaves_ms: None,
        tags: BTreeMap::new(),
    };
    let id = at.id("eni");
    at.here().network_interfaces.insert(id.clone(), row);
    id
}

fn lowest_free(here: &Region, subnet: &str) -> Option<String> {
    let taken: BTreeSet<&str> = in_subnet(here, subnet).map(|row| row.address.as_str()).collect();
    hosts(here, subnet).find(|address| !taken.contains(address.as_str()))
}

/// The addresses of a subnet that AWS does not keep for itself.
fn hosts(here: &Region, subnet: &str) -> impl Iterator<Item = String> {
    // `hosts` of a network leaves out its own address and the last one.
    let hosts = here.subnets.get(subnet).into_iter().flat_map(|row| row.cidr.net().hosts().skip(RESERVED - 2));
    hosts.map(|address| address.to_string())
}

fn in_subnet<'a>(here: &'a Region, subnet: &str) -> impl Iterator<Item = &'a Row> {
    here.network_interfaces.values().filter(move |row| row.subnet == subnet)
}

/// How many addresses of a subnet nobody has; none of a subnet that is not there.
pub(crate) fn free_addresses(here: &Region, subnet: &str) -> usize {
    let all = here.subnets.get(subnet).map_or(0, |row| 1_usize << (32 - row.cidr.prefix()));
    all.saturating_sub(RESERVED + in_subnet(here, subnet).count())
}

/// The interfaces of a holder, those included that are on their way out.
pub(crate) fn of<'a>(here: &'a Region, holder: &str) -> Vec<(&'a String, &'a Row)> {
    here.network_interfaces.iter().filter(|(_, row)| row.holder == holder).collect()
}

/// Gives all interfaces of a holder other security groups.
pub(crate) fn regroup(at: &mut At<'_>, holder: &str, groups: &[String]) {
    for row in at.here().network_interfaces.values_mut().filter(|row| row.holder == holder) {
        row.groups = groups.to_vec();
    }
}

/// The interfaces of a holder are gone after `seconds` of AWS's time.
pub(crate) fn drop_of(at: &mut At<'_>, holder: &str, seconds: u64) {
    drop_where(at, |row| row.holder == holder, seconds);
}

/// The same for the one interface of a holder in a subnet.
pub(crate) fn drop_in(at: &mut At<'_>, holder: &str, subnet: &str, seconds: u64) {
    drop_where(at, |row| row.holder == holder && row.subnet == subnet, seconds);
}

fn drop_where(at: &mut At<'_>, which: impl Fn(&Row) -> bool, seconds: u64) {
    let gone = at.after(seconds);
    for row in at.here().network_interfaces.values_mut().filter(|row| which(row) && row.leaves_ms.is_none()) {
        row.leaves_ms = Some(gone);
    }
    if seconds == 0 {
        leave(at);
    }
}

fn leave(at: &mut At<'_>) {
    let now = at.now_ms;
    for here in at.cloud.accounts.values_mut().flat_map(|account| account.regions.values_mut()) {
        here.network_interfaces.retain(|_, row| row.leaves_ms.is_none_or(|gone| now < gone));
    }
}

/// Refuses to let a subnet go while an interface is in it.
pub(crate) fn refuse_used_subnet(here: &Region, subnet: &str) -> Answer<()> {
    match in_subnet(here, subnet).next() {
        Some(_) => Err(refuse(400, "DependencyViolation", format!("The subnet '{subnet}' has dependencies and cannot be deleted."))),
        None => Ok(()),
    }
}

/// Refuses to let a security group go while an interface is in it.
pub(crate) fn refuse_used_group(here: &Region, group: &str) -> Answer<()> {
    if here.network_interfaces.values().any(|row| row.groups.iter().any(|have| have == group)) {
        return Err(refuse(400, "DependencyViolation", format!("resource {group} has a dependent object")));
    }
    Ok(())
}

/// Whether some interface of a VPC has a public address: its internet gateway cannot be detached then.
pub(crate) fn mapped_to_public(here: &Region, vpc: &str) -> bool {
    here.network_interfaces.values().any(|row| row.vpc == vpc && row.public_ip.is_some())
}

/// A public address that nobody in the sandbox has, of those that are nobody's on the internet (RFC 2544).
pub(crate) fn new_public_address(at: &mut At<'_>) -> String {
    loop {
        let digits = u32::from_str_radix(&at.hex(5), 16).unwrap_or_default();
        let address = format!("198.{}.{}.{}", 18 + (digits >> 16 & 1), digits >> 8 & 0xff, digits & 0xff);
        let has = |here: &Region| {
            here.network_interfaces.values().any(|row| row.public_ip.as_ref() == Some(&address))
                || here.elastic_ips.values().any(|row| row.public_ip == address)
        };
        if !at.cloud.accounts.values().flat_map(|account| account.regions.values()).any(has) {
            return address;
        }
    }
}

fn answer(id: &str, row: &Row, at: (&str, &str), groups: &Table<super::security_group::Row>) -> NetworkInterface {
    let (account, zone) = at;
    let named = |group: &String| {
        let name = groups.get(group).map(|row| row.name.clone());
        GroupIdentifier::builder().group_id(group).set_group_name(name).build()
    };
    let association = row.public_ip.as_ref().map(|ip| {
        let to = NetworkInterfaceAssociation::builder().public_ip(ip).set_allocation_id(row.allocation.clone());
        to.ip_owner_id(if row.allocation.is_some() { account } else { "amazon" }).build()
    });
    let attachment = row.requester.as_ref().map(|owner| NetworkInterfaceAttachment::builder().instance_owner_id(owner).build());
    NetworkInterface::builder()
        .network_interface_id(id)
        .vpc_id(&row.vpc)
        .subnet_id(&row.subnet)
        .availability_zone(zone)
        .private_ip_address(&row.address)
        .set_association(association)
        .set_attachment(attachment)
        .set_groups(Some(row.groups.iter().map(named).collect()))
        .description(&row.description)
        .interface_type(row.interface_type.as_str().into())
        .owner_id(account)
        .set_requester_id(row.requester.clone())
        .requester_managed(row.requester.is_some())
        .status(status(row))
        .set_tag_set(Some(ec2_tags(&row.tags)))
        .build()
}

fn status(row: &Row) -> NetworkInterfaceStatus {
    if row.holder.is_empty() { NetworkInterfaceStatus::Available } else { NetworkInterfaceStatus::InUse }
}

fn describe_network_interfaces(at: &mut At<'_>, input: &DescribeNetworkInterfacesInput) -> Answer<DescribeNetworkInterfacesOutput> {
    let ids = input.network_interface_ids();
    if !ids.is_empty() && input.max_results().is_some() {
        return Err(refuse(400, "InvalidParameterCombination", "The parameter NetworkInterfaceIds cannot be used with MaxResults"));
    }
    let account = at.account;
    let here = at.here();
    if let Some(id) = ids.iter().find(|id| !here.network_interfaces.contains_key(*id)) {
        return Err(refuse(400, "InvalidNetworkInterfaceID.NotFound", format!("The networkInterface ID '{id}' does not exist")));
    }
    let mut found = vec![];
    for (id, row) in &here.network_interfaces {
        let field = |name: &str| match name {
            "network-interface-id" => Some(vec![id.clone()]),
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "subnet-id" => Some(vec![row.subnet.clone()]),
            "group-id" => Some(row.groups.clone()),
            "description" => Some(vec![row.description.clone()]),
            "interface-type" => Some(vec![row.interface_type.clone()]),
            "private-ip-address" => Some(vec![row.address.clone()]),
            "association.allocation-id" => Some(row.allocation.iter().cloned().collect()),
            "association.public-ip" => Some(row.public_ip.iter().cloned().collect()),
            "requester-id" | "attachment.instance-owner-id" => Some(row.requester.iter().cloned().collect()),
            "requester-managed" => Some(vec![row.requester.is_some().to_string()]),
            "status" => Some(vec![status(row).to_string()]),
            _ => None,
        };
        if (ids.is_empty() || ids.contains(id)) && matches(input.filters(), &row.tags, field)? {
            let zone = here.subnets.get(&row.subnet).map_or("", |subnet| subnet.zone.as_str());
            found.push(answer(id, row, (account, zone), &here.security_groups));
        }
    }
    let (interfaces, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeNetworkInterfacesOutput::builder().set_network_interfaces(Some(interfaces)).set_next_token(next).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Cloud;
    use crate::kinds::subnet::Row as Subnet;

    fn wanted(holder: &str) -> Wanted<'_> {
        Wanted {
            subnet: "subnet-1",
            groups: &[],
            description: "RDSNetworkInterface",
            interface_type: "interface",
            requester: "amazon-rds",
            holder,
        }
    }

    fn with_subnet(test: impl FnOnce(&mut At<'_>)) {
        let mut cloud = Cloud::default();
        let principal = crate::cloud::Principal::default();
        let mut at = At {
            cloud: &mut cloud,
            account: "536580886816",
            principal: &principal,
            region: "af-south-1",
            now_ms: 1_000,
            speed: 1.0,
            past: &Vec::new,
        };
        let row = Subnet {
            vpc: "vpc-1".into(),
            cidr: "10.0.0.16/28".parse().unwrap(),
            zone: "af-south-1a".into(),
            public_addresses: false,
            ready_ms: 0,
            tags: BTreeMap::new(),
        };
        at.here().subnets.insert("subnet-1".into(), row);
        test(&mut at);
    }

    #[test]
    fn a_subnet_has_eleven_addresses_of_sixteen() {
        with_subnet(|at| {
            assert_eq!(free_addresses(at.here(), "subnet-1"), 11);
            let first = make(at, wanted("db-1")).unwrap();
            assert_eq!(at.here().network_interfaces[&first].address, "10.0.0.20");
            for _ in 1..11 {
                make(at, wanted("db-2")).unwrap();
            }
            assert_eq!(free_addresses(at.here(), "subnet-1"), 0);
            assert_eq!(make(at, wanted("db-3")).unwrap_err().code, "InsufficientFreeAddressesInSubnet");
            drop_of(at, "db-1", 0);
            let again = make(at, wanted("db-3")).unwrap();
            assert_eq!(at.here().network_interfaces[&again].address, "10.0.0.20", "a freed address is given anew");
        });
    }

    #[test]
    fn an_interface_that_is_leaving_still_holds_its_subnet() {
        with_subnet(|at| {
            make(at, wanted("db-1")).unwrap();
            drop_of(at, "db-1", 60);
            drop_of(at, "db-1", 600);
            leave(at);
            assert_eq!(refuse_used_subnet(at.here(), "subnet-1").unwrap_err().code, "DependencyViolation");
            at.now_ms += 60_000;
            leave(at);
            refuse_used_subnet(at.here(), "subnet-1").unwrap();
        });
    }

    #[test]
    fn a_group_is_held_by_whoever_is_in_it() {
        with_subnet(|at| {
            let groups = ["sg-1".to_owned()];
            make(at, Wanted { groups: &groups, ..wanted("db-1") }).unwrap();
            assert_eq!(refuse_used_group(at.here(), "sg-1").unwrap_err().code, "DependencyViolation");
            regroup(at, "db-1", &["sg-2".to_owned()]);
            refuse_used_group(at.here(), "sg-1").unwrap();
        });
    }
}
