//! Application load balancers: their life, the zones they stand in, and the interfaces they hold there.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::operation::create_load_balancer::{CreateLoadBalancerInput, CreateLoadBalancerOutput};
use aws_sdk_elasticloadbalancingv2::operation::delete_load_balancer::{DeleteLoadBalancerInput, DeleteLoadBalancerOutput};
use aws_sdk_elasticloadbalancingv2::operation::describe_load_balancers::{DescribeLoadBalancersInput, DescribeLoadBalancersOutput};
use aws_sdk_elasticloadbalancingv2::operation::set_ip_address_type::{SetIpAddressTypeInput, SetIpAddressTypeOutput};
use aws_sdk_elasticloadbalancingv2::operation::set_security_groups::{SetSecurityGroupsInput, SetSecurityGroupsOutput};
use aws_sdk_elasticloadbalancingv2::operation::set_subnets::{SetSubnetsInput, SetSubnetsOutput};
use aws_sdk_elasticloadbalancingv2::types::{
    AvailabilityZone, IpAddressType, LoadBalancer, LoadBalancerSchemeEnum, LoadBalancerState, LoadBalancerStateEnum, LoadBalancerTypeEnum,
};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

use super::elb::{invalid, listed, misconfigured, set_tags, unless_simulated};
use super::internet_gateway::serves;
use super::load_balancer_attributes::defaults;
use super::network_interface::{self, Wanted, free_addresses};
use super::role::ensure_service_linked;
use super::{elb_zones, quota, subnet};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// How long AWS keeps the interfaces of a load balancer that is gone, in seconds.
const LEAVING: u64 = 120;

/// One load balancer, by its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) vpc: String,
    pub(crate) internal: bool,
    /// Its subnets, by zone.
    pub(crate) subnets: BTreeMap<String, String>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) ip_address_type: String,
    pub(crate) dns_name: String,
    pub(crate) zone: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) made_ms: u64,
    pub(crate) active_ms: u64,
    /// Why it will not come, if it will not.
    pub(crate) failed: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(set_subnets).on(set_groups).on(set_ip_address_type).on(delete)
}

pub(crate) fn absent(arn: &str) -> Refusal {
    refuse(400, "LoadBalancerNotFound", format!("Load balancer '{arn}' not found"))
}

/// The load balancer of this ARN.
pub(crate) fn the<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut Row> {
    let arn = arn.unwrap_or_default();
    if !arn.starts_with(&at.arn("elasticloadbalancing", "loadbalancer/")) {
        return Err(invalid(format!("'{arn}' is not a valid load balancer ARN")));
    }
    at.here().load_balancers.get_mut(arn).ok_or_else(|| absent(arn))
}

/// What follows `loadbalancer/` in its ARN, which is what others call it.
pub(crate) fn suffix(arn: &str) -> &str {
    arn.split_once(":loadbalancer/").map_or(arn, |(_, suffix)| suffix)
}

/// Where it is to stand: the VPC, and a subnet by zone.
fn place(at: &mut At<'_>, subnets: &[String], internal: bool, holder: &str) -> Answer<(String, BTreeMap<String, String>)> {
    let (mut zones, mut vpcs) = (BTreeMap::new(), BTreeSet::new());
    let wanted: BTreeSet<&String> = subnets.iter().collect();
    for id in wanted {
        let missing = |_| refuse(400, "SubnetNotFound", format!("The subnet ID '{id}' does not exist"));
        let row = subnet::the(at, Some(id)).map_err(missing)?.clone();
        vpcs.insert(row.vpc);
        if zones.insert(row.zone, id.clone()).is_some() {
            return Err(misconfigured("A load balancer cannot be attached to multiple subnets in the same Availability Zone"));
        }
        if row.cidr.prefix() > 27 {
            return Err(refuse(400, "InvalidSubnet", format!("The subnet '{id}' is smaller than /27")));
        }
        let here = at.here();
        let has_one = network_interface::of(here, holder).iter().any(|(_, row)| row.subnet == *id && row.leaves_ms.is_none());
        if !has_one && free_addresses(here, id) < 8 {
            return Err(refuse(
                400,
                "InvalidSubnet",
                format!("Not enough IP space available in {id}. ELB requires at least 8 free IP addresses in each subnet."),
            ));
        }
    }
    if zones.len() < 2 {
        return Err(invalid("At least two subnets in two different Availability Zones must be specified"));
    }
    let vpc = vpcs.pop_first().unwrap_or_default();
    if !vpcs.is_empty() {
        return Err(misconfigured("All subnets must belong to the same VPC"));
    }
    if !internal && !serves(at.here(), &vpc) {
        return Err(refuse(400, "InvalidSubnet", format!("VPC {vpc} has no internet gateway")));
    }
    Ok((vpc, zones))
}

/// Its security groups; AWS takes the VPC's default one where none is named.
fn groups(at: &mut At<'_>, wanted: &[String], vpc: &str) -> Answer<BTreeSet<String>> {
    let here = at.here();
    if wanted.is_empty() {
        let default = here.security_groups.iter().find(|(_, row)| row.vpc == vpc && row.is_default());
        return Ok(default.map(|(id, _)| id.clone()).into_iter().collect());
    }
    for id in wanted {
        match here.security_groups.get(id) {
            Some(row) if row.vpc == vpc => {}
            Some(_) => return Err(misconfigured("One or more security groups are invalid: they are of another VPC")),
            None => return Err(refuse(400, "InvalidSecurityGroup", format!("One or more security groups are invalid: {id}"))),
        }
    }
    Ok(wanted.iter().cloned().collect())
}

/// No subnet of the sandbox has IPv6 addresses.
fn family(wanted: Option<&IpAddressType>) -> Answer<String> {
    match wanted.unwrap_or(&IpAddressType::Ipv4) {
        IpAddressType::Ipv4 => Ok(IpAddressType::Ipv4.as_str().to_owned()),
        IpAddressType::Dualstack | IpAddressType::DualstackWithoutPublicIpv4 => {
            Err(misconfigured("You must specify subnets with an associated IPv6 CIDR block"))
        }
        other => Err(invalid(format!("'{other}' is not a valid IP address type"))),
    }
}

fn check_name(name: &str) -> Answer<()> {
    let sound = (1..=32).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if !sound {
        return Err(invalid(format!(
            "The load balancer name '{name}' can only contain characters that are alphanumeric characters and hyphens(-), at most 32"
        )));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(invalid(format!("The load balancer name '{name}' cannot begin or end with a hyphen(-)")));
    }
    if name.starts_with("internal-") {
        return Err(invalid(format!("The load balancer name '{name}' cannot begin with 'internal-'")));
    }
    Ok(())
}

fn create(at: &mut At<'_>, input: &CreateLoadBalancerInput) -> Answer<CreateLoadBalancerOutput> {
    let name = input.name().unwrap_or_default();
    check_name(name)?;
    unless_simulated(input.r#type().is_some_and(|of| *of != LoadBalancerTypeEnum::Application), "a load balancer of another type")?;
    let other = !input.subnet_mappings().is_empty()
        || input.customer_owned_ipv4_pool().is_some()
        || input.enable_prefix_for_ipv6_source_nat().is_some()
        || input.ipam_pools().is_some();
    unless_simulated(other, "a subnet mapping, an address pool or a source NAT prefix")?;
    let internal = input.scheme() == Some(&LoadBalancerSchemeEnum::Internal);
    let there =
        at.here().load_balancers.iter().find(|(_, row)| row.name.eq_ignore_ascii_case(name)).map(|(arn, row)| (arn.clone(), row.clone()));
    let holder = there.as_ref().map_or("", |(arn, _)| arn.as_str());
    let (vpc, subnets) = place(at, input.subnets(), internal, holder)?;
    let groups = groups(at, input.security_groups(), &vpc)?;
    let ip_address_type = family(input.ip_address_type())?;
    if let Some((arn, row)) = there {
        let same = row.name == name
            && (row.internal, &row.subnets, &row.groups, &row.ip_address_type) == (internal, &subnets, &groups, &ip_address_type);
        if !same {
            let text = format!("A load balancer with the same name '{name}' exists, but with different settings");
            return Err(refuse(400, "DuplicateLoadBalancerName", text));
        }
        // Whoever made it, and whatever its tags: it is handed out as if it were new.
        return Ok(CreateLoadBalancerOutput::builder().load_balancers(answer(at, &arn, &row)).build());
    }
    if at.here().load_balancers.len() >= quota::LOAD_BALANCERS.most(at) {
        return Err(refuse(400, "TooManyLoadBalancers", "The maximum number of load balancers has been reached"));
    }
    let zone =
        elb_zones::of_application(at.region).ok_or_else(|| invalid(format!("sandbox: the region {} is not known to ELB", at.region)))?;
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, input.tags())?;
    ensure_service_linked(at, "AWSServiceRoleForElasticLoadBalancing", "elasticloadbalancing.amazonaws.com");
    let hex = at.hex(16);
    let arn = at.arn("elasticloadbalancing", &format!("loadbalancer/app/{name}/{hex}"));
    let number = u32::from_str_radix(&at.hex(7), 16).unwrap_or(0);
    let prefix = if internal { "internal-" } else { "" };
    let row = Row {
        name: name.to_owned(),
        vpc,
        internal,
        subnets,
        groups,
        ip_address_type,
        dns_name: format!("{prefix}{name}-{number:010}.{}.elb.amazonaws.com", at.region),
        zone: zone.to_owned(),
        attributes: defaults(internal),
        made_ms: at.now_ms,
        active_ms: at.after(130),
        failed: None,
        tags,
    };
    for subnet in row.subnets.values() {
        hold(at, &arn, &row, subnet)?;
    }
    let made = answer(at, &arn, &row);
    at.here().load_balancers.insert(arn, row);
    Ok(CreateLoadBalancerOutput::builder().load_balancers(made).build())
}

/// Takes an address in a subnet, and a public one unless it is internal.
fn hold(at: &mut At<'_>, arn: &str, row: &Row, subnet: &str) -> Answer<()> {
    let groups: Vec<String> = row.groups.iter().cloned().collect();
    let description = format!("ELB {}", suffix(arn));
    let wanted =
        Wanted { subnet, groups: &groups, description: &description, interface_type: "interface", requester: "amazon-elb", holder: arn };
    let id = network_interface::make(at, wanted)?;
    if !row.internal {
        let address = network_interface::new_public_address(at);
        if let Some(interface) = at.here().network_interfaces.get_mut(&id) {
            interface.public_ip = Some(address);
        }
    }
    Ok(())
}

fn zones(row: &Row) -> Vec<AvailabilityZone> {
    row.subnets.iter().map(|(zone, subnet)| AvailabilityZone::builder().zone_name(zone).subnet_id(subnet).build()).collect()
}

fn answer(at: &At<'_>, arn: &str, row: &Row) -> LoadBalancer {
    let state = match &row.failed {
        Some(why) => LoadBalancerState::builder().code(LoadBalancerStateEnum::Failed).reason(why),
        None if at.now_ms < row.active_ms => LoadBalancerState::builder().code(LoadBalancerStateEnum::Provisioning),
        None => LoadBalancerState::builder().code(LoadBalancerStateEnum::Active),
    };
    LoadBalancer::builder()
        .load_balancer_arn(arn)
        .load_balancer_name(&row.name)
        .dns_name(&row.dns_name)
        .canonical_hosted_zone_id(&row.zone)
        .created_time(DateTime::from_millis(i64::try_from(row.made_ms).unwrap_or(i64::MAX)))
        .scheme(if row.internal { LoadBalancerSchemeEnum::Internal } else { LoadBalancerSchemeEnum::InternetFacing })
        .vpc_id(&row.vpc)
        .state(state.build())
        .r#type(LoadBalancerTypeEnum::Application)
        .set_availability_zones(Some(zones(row)))
        .set_security_groups(Some(row.groups.iter().cloned().collect()))
        .ip_address_type(row.ip_address_type.as_str().into())
        .build()
}

fn describe(at: &mut At<'_>, input: &DescribeLoadBalancersInput) -> Answer<DescribeLoadBalancersOutput> {
    let (arns, names) = (input.load_balancer_arns(), input.names());
    if !arns.is_empty() && !names.is_empty() {
        return Err(invalid("Load balancer names and load balancer ARNs cannot be specified at the same time"));
    }
    if arns.len() > 20 || names.len() > 20 {
        return Err(invalid("Up to 20 load balancers can be described in a single call"));
    }
    for arn in arns {
        the(at, Some(arn))?;
    }
    let all = at.here().load_balancers.clone();
    if let Some(name) = names.iter().find(|name| !all.values().any(|row| row.name == **name)) {
        return Err(refuse(400, "LoadBalancerNotFound", format!("Load balancers '[{name}]' not found")));
    }
    let wanted = |arn: &String, row: &Row| (arns.is_empty() || arns.contains(arn)) && (names.is_empty() || names.contains(&row.name));
    let found = all.iter().filter(|(arn, row)| wanted(arn, row)).map(|(arn, row)| answer(at, arn, row)).collect();
    let (found, next) = listed(found, input.page_size(), input.marker())?;
    Ok(DescribeLoadBalancersOutput::builder().set_load_balancers(Some(found)).set_next_marker(next).build())
}

fn set_subnets(at: &mut At<'_>, input: &SetSubnetsInput) -> Answer<SetSubnetsOutput> {
    let arn = input.load_balancer_arn().unwrap_or_default();
    let before = the(at, Some(arn))?.clone();
    let other = !input.subnet_mappings().is_empty() || input.ip_address_type().is_some();
    unless_simulated(other, "a subnet mapping, or an IP address type with the subnets")?;
    let (vpc, subnets) = place(at, input.subnets(), before.internal, arn)?;
    if vpc != before.vpc {
        return Err(misconfigured("The subnets must be of the load balancer's VPC"));
    }
    let row = Row { subnets, ..before.clone() };
    for subnet in before.subnets.values().filter(|subnet| !row.subnets.values().any(|kept| kept == *subnet)) {
        network_interface::drop_in(at, arn, subnet, LEAVING);
    }
    for subnet in row.subnets.values().filter(|subnet| !before.subnets.values().any(|had| had == *subnet)) {
        hold(at, arn, &row, subnet)?;
    }
    let output = SetSubnetsOutput::builder().set_availability_zones(Some(zones(&row)));
    at.here().load_balancers.insert(arn.to_owned(), row);
    Ok(output.build())
}

fn set_groups(at: &mut At<'_>, input: &SetSecurityGroupsInput) -> Answer<SetSecurityGroupsOutput> {
    let arn = input.load_balancer_arn().unwrap_or_default();
    let vpc = the(at, Some(arn))?.vpc.clone();
    if input.security_groups().is_empty() {
        return Err(misconfigured("At least one security group must be specified"));
    }
    let groups = groups(at, input.security_groups(), &vpc)?;
    let ids: Vec<String> = groups.iter().cloned().collect();
    the(at, Some(arn))?.groups = groups;
    network_interface::regroup(at, arn, &ids);
    Ok(SetSecurityGroupsOutput::builder().set_security_group_ids(Some(ids)).build())
}

fn set_ip_address_type(at: &mut At<'_>, input: &SetIpAddressTypeInput) -> Answer<SetIpAddressTypeOutput> {
    let of = family(input.ip_address_type())?;
    let row = the(at, input.load_balancer_arn())?;
    row.ip_address_type = of;
    Ok(SetIpAddressTypeOutput::builder().ip_address_type(row.ip_address_type.as_str().into()).build())
}

fn delete(at: &mut At<'_>, input: &DeleteLoadBalancerInput) -> Answer<DeleteLoadBalancerOutput> {
    let arn = input.load_balancer_arn().unwrap_or_default();
    match the(at, Some(arn)) {
        Ok(row) if row.attributes.get("deletion_protection.enabled").is_some_and(|on| on == "true") => {
            let text = format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled");
            return Err(refuse(400, "OperationNotPermitted", text));
        }
        // To delete what is not there succeeds.
        Err(refusal) if refusal.code == "LoadBalancerNotFound" => {}
        Err(refusal) => return Err(refusal),
        Ok(_) => {
            let here = at.here();
            here.load_balancers.remove(arn);
            // Listeners and their rules go with it; target groups stay.
            here.listeners.retain(|_, row| row.load_balancer != arn);
            let listeners: BTreeSet<String> = here.listeners.keys().cloned().collect();
            here.listener_rules.retain(|_, row| listeners.contains(&row.listener));
            network_interface::drop_of(at, arn, LEAVING);
        }
    }
    Ok(DeleteLoadBalancerOutput::builder().build())
}
