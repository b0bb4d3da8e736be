//! VPC endpoints: gateways by routes, interfaces by addresses, and the names they take over.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::operation::create_vpc_endpoint::{CreateVpcEndpointInput, CreateVpcEndpointOutput};
use aws_sdk_ec2::operation::delete_vpc_endpoints::{DeleteVpcEndpointsInput, DeleteVpcEndpointsOutput};
use aws_sdk_ec2::operation::describe_vpc_endpoints::{DescribeVpcEndpointsInput, DescribeVpcEndpointsOutput};
use aws_sdk_ec2::operation::modify_vpc_endpoint::{ModifyVpcEndpointInput, ModifyVpcEndpointOutput};
use aws_sdk_ec2::types::{DnsEntry, SecurityGroupIdentifier, State, UnsuccessfulItem, UnsuccessfulItemError, VpcEndpoint, VpcEndpointType};
use serde::{Deserialize, Serialize};

use super::network_interface::{self, Wanted};
use super::{prefix_list, route, route_table, security_group, subnet, vpc};
use crate::cloud::{At, Region};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// The services that have an interface in every region, in the region's own name.
const INTERFACES: [&str; 17] = [
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticfilesystem",
    "elasticloadbalancing",
    "kms",
    "logs",
    "monitoring",
    "s3",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
];
/// The services that have a gateway.
const GATEWAYS: [&str; 2] = ["dynamodb", "s3"];

/// What AWS puts where no policy is given.
const ALLOW_ALL: &str = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) service: String,
    /// Whether it is an interface; a gateway if not.
    pub(crate) interface: bool,
    pub(crate) route_tables: BTreeSet<String>,
    pub(crate) subnets: BTreeSet<String>,
    pub(crate) groups: BTreeSet<String>,
    pub(crate) private_dns: bool,
    pub(crate) policy: Option<String>,
    pub(crate) ready_ms: u64,
    /// When it will be gone, if it is on its way out.
    pub(crate) gone_ms: Option<u64>,
    /// The token it was asked for with, and all that was asked.
    pub(crate) token: Option<(String, String)>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_endpoint).on(describe_endpoints).on(modify_endpoint).on(delete_endpoints).tick(leave)
}

/// What was deleted long enough ago is gone.
fn leave(at: &mut At<'_>) {
    let now = at.now_ms;
    for here in at.cloud.accounts.values_mut().flat_map(|account| account.regions.values_mut()) {
        here.vpc_endpoints.retain(|_, row| row.gone_ms.is_none_or(|gone| now < gone));
    }
}

fn parameter(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameter", message)
}

/// The service's name within its region, if it has an endpoint of this sort.
fn service(at: &At<'_>, name: &str, interface: bool) -> Answer<String> {
    let known: &[&str] = if interface { &INTERFACES } else { &GATEWAYS };
    let prefix = format!("com.amazonaws.{}.", at.region);
    let short = name.strip_prefix(&prefix).filter(|short| known.contains(short));
    let unknown = || refuse(400, "InvalidServiceName", format!("The Vpc Endpoint Service '{name}' does not exist"));
    short.map(str::to_owned).ok_or_else(unknown)
}

fn sound_policy(text: Option<&str>) -> Answer<Option<String>> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let document: Option<serde_json::Value> = serde_json::from_str(text).ok();
    if text.len() > 20_480 || document.is_none_or(|document| document.get("Statement").is_none()) {
        return Err(refuse(400, "InvalidPolicyDocument", "The policy document is not valid"));
    }
    Ok(Some(text.to_owned()))
}

/// Checks that the subnets can hold the addresses of one endpoint.
fn sound_subnets(at: &mut At<'_>, vpc: &str, ids: &BTreeSet<String>) -> Answer<()> {
    let mut zones = BTreeSet::new();
    for id in ids {
        let row = subnet::the(at, Some(id))?;
        if row.vpc != vpc {
            return Err(parameter(format!("The subnet ID '{id}' is not in the VPC '{vpc}'")));
        }
        if !zones.insert(row.zone.clone()) {
            return Err(refuse(
                400,
                "DuplicateSubnetsInSameZone",
                format!("Found another VPC endpoint subnet in the availability zone of {id}"),
            ));
        }
    }
    if ids.is_empty() {
        return Err(parameter("An interface endpoint stands in one subnet at least"));
    }
    Ok(())
}

fn sound_groups(at: &mut At<'_>, vpc: &str, ids: &BTreeSet<String>) -> Answer<()> {
    for id in ids {
        if security_group::the(at, Some(id))?.vpc != vpc {
            return Err(parameter(format!("The security group '{id}' is not in the VPC '{vpc}'")));
        }
    }
    Ok(())
}

/// Writes the routes to a gateway into tables of its VPC, none of which may have one to the service.
fn write_routes(at: &mut At<'_>, (id, vpc, service): (&str, &str, &str), tables: &BTreeSet<String>) -> Answer<()> {
    let list = prefix_list::named(at.region, service).unwrap_or_default();
    for table in tables {
        if route_table::the(at, Some(table))?.vpc != vpc {
            return Err(parameter(format!("The route table '{table}' is not in the VPC '{vpc}'")));
        }
        route::put_prefix_list(at, table, &list, id)?;
    }
    Ok(())
}

/// Gives an endpoint an address in each of these subnets.
fn give_addresses(at: &mut At<'_>, id: &str, subnets: &[String], groups: &BTreeSet<String>) -> Answer<()> {
    let groups: Vec<String> = groups.iter().cloned().collect();
    let description = format!("VPC Endpoint Interface {id}");
    for subnet in subnets {
        let wanted = Wanted {
            subnet,
            groups: &groups,
            description: &description,
            interface_type: "vpc_endpoint",
            requester: "amazon-aws",
            holder: id,
        };
        network_interface::make(at, wanted)?;
    }
    Ok(())
}

/// Checks that the service's name can lead to an endpoint of the VPC: `mine` is the one that asks, if it exists.
fn sound_name(at: &mut At<'_>, vpc_id: &str, service: &str, mine: Option<&str>) -> Answer<()> {
    let vpc = vpc::the(at, Some(vpc_id))?;
    if !vpc.dns_support || !vpc.dns_hostnames {
        return Err(parameter(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for the VPC",
        ));
    }
    // One that is still on its way out holds the name.
    let has_it = |(id, row): (&String, &Row)| Some(id.as_str()) != mine && row.vpc == vpc_id && row.service == service && row.private_dns;
    if at.here().vpc_endpoints.iter().any(has_it) {
        let told = format!(
            "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in the VPC {vpc_id}"
        );
        return Err(parameter(told));
    }
    Ok(())
}

fn set(ids: &[String]) -> BTreeSet<String> {
    ids.iter().cloned().collect()
}

fn create_endpoint(at: &mut At<'_>, input: &CreateVpcEndpointInput) -> Answer<CreateVpcEndpointOutput> {
    let asked = format!("{input:?}");
    let token = input.client_token().map(|token| (token.to_owned(), asked.clone()));
    let known = |row: &Row| row.token.as_ref().zip(token.as_ref()).is_some_and(|((have, _), (want, _))| have == want);
    if let Some((id, row)) = at.here().vpc_endpoints.iter().find(|(_, row)| known(row)).map(|(id, row)| (id.clone(), row.clone())) {
        if row.token != token {
            return Err(refuse(400, "IdempotentParameterMismatch", "The client token was used with other parameters"));
        }
        return Ok(CreateVpcEndpointOutput::builder().vpc_endpoint(answer(at, &id, &row)).build());
    }
    vpc::the(at, input.vpc_id())?;
    let vpc = input.vpc_id().unwrap_or_default().to_owned();
    let name = input.service_name().unwrap_or_default().to_owned();
    let interface = match input.vpc_endpoint_type() {
        None | Some(VpcEndpointType::Gateway) => false,
        Some(VpcEndpointType::Interface) => true,
        Some(other) => return Err(parameter(format!("sandbox: endpoints of type {other} are not simulated"))),
    };
    let short = service(at, &name, interface)?;
    let policy = sound_policy(input.policy_document())?;
    let (tables, subnets, mut groups) = (set(input.route_table_ids()), set(input.subnet_ids()), set(input.security_group_ids()));
    let private_dns = interface && input.private_dns_enabled().unwrap_or(true);
    let alike = at.here().vpc_endpoints.values().filter(|row| row.interface == interface && (!interface || row.vpc == vpc)).count();
    if alike >= if interface { 50 } else { 20 } {
        return Err(refuse(400, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached."));
    }
    if interface {
        if !tables.is_empty() {
            return Err(parameter("Route table IDs are only supported for Gateway type VPC Endpoint."));
        }
        sound_subnets(at, &vpc, &subnets)?;
        sound_groups(at, &vpc, &groups)?;
        if groups.is_empty() {
            let own = at.here().security_groups.iter().find(|(_, row)| row.vpc == vpc && row.is_default());
            groups.extend(own.map(|(id, _)| id.clone()));
        }
        if private_dns {
            sound_name(at, &vpc, &name, None)?;
            let only_inbound = input.dns_options().and_then(|dns| dns.private_dns_only_for_inbound_resolver_endpoint()).unwrap_or(true);
            let gateway = at.here().vpc_endpoints.values().any(|row| !row.interface && row.vpc == vpc && row.service == name);
            if short == "s3" && only_inbound && !gateway {
                let told = format!(
                    "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {vpc} must have a Gateway endpoint for the service."
                );
                return Err(parameter(told));
            }
        }
    } else {
        if !subnets.is_empty() || !groups.is_empty() || input.private_dns_enabled() == Some(true) {
            return Err(parameter("Subnet IDs, security group IDs and private DNS are only supported for Interface type VPC Endpoint."));
        }
    }
    let tags = created_tags(input.tag_specifications(), "vpc-endpoint")?;
    let (id, ready_ms) = (at.id("vpce"), at.after(if interface { 75 } else { 2 }));
    write_routes(at, (&id, &vpc, &name), &tables)?;
    give_addresses(at, &id, &subnets.iter().cloned().collect::<Vec<_>>(), &groups)?;
    let row = Row {
        vpc,
        service: name,
        interface,
        route_tables: tables,
        subnets,
        groups,
        private_dns,
        policy,
        ready_ms,
        gone_ms: None,
        token,
        tags,
    };
    let endpoint = answer(at, &id, &row);
    at.here().vpc_endpoints.insert(id, row);
    Ok(CreateVpcEndpointOutput::builder().vpc_endpoint(endpoint).build())
}

/// AWS's answers are in camel case, other than its own model has them.
fn state(at: &At<'_>, row: &Row) -> State {
    match row.gone_ms {
        Some(_) => State::from("deleting"),
        None if at.now_ms < row.ready_ms => State::from("pending"),
        None => State::from("available"),
    }
}

fn answer(at: &At<'_>, id: &str, row: &Row) -> VpcEndpoint {
    let short = row.service.rsplit('.').next().unwrap_or_default();
    let host = format!("{id}-{}.{short}.{}.vpce.amazonaws.com", &id[id.len() - 8..], at.region);
    let entry = |name: String| DnsEntry::builder().dns_name(name).hosted_zone_id("Z1K56Z6FNPJRR").build();
    let names = if row.interface { vec![entry(host)] } else { vec![] };
    let here = at.cloud.accounts.get(at.account).and_then(|account| account.regions.get(at.region));
    let groups = row.groups.iter().map(|group| {
        let name = here.and_then(|here| here.security_groups.get(group)).map(|row| row.name.clone());
        SecurityGroupIdentifier::builder().group_id(group).set_group_name(name).build()
    });
    let interfaces = here.map(|here| network_interface::of(here, id)).unwrap_or_default();
    VpcEndpoint::builder()
        .vpc_endpoint_id(id)
        .vpc_endpoint_type(if row.interface { VpcEndpointType::Interface } else { VpcEndpointType::Gateway })
        .vpc_id(&row.vpc)
        .service_name(&row.service)
        .state(state(at, row))
        .policy_document(row.policy.as_deref().unwrap_or(ALLOW_ALL))
        .set_route_table_ids(Some(row.route_tables.iter().cloned().collect()))
        .set_subnet_ids(Some(row.subnets.iter().cloned().collect()))
        .set_network_interface_ids(Some(interfaces.into_iter().map(|(id, _)| id.clone()).collect()))
        .set_groups(Some(groups.collect()))
        .private_dns_enabled(row.private_dns)
        .set_dns_entries(Some(names))
        .owner_id(at.account)
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn no_such(id: &str, code: &'static str) -> Refusal {
    refuse(400, code, format!("The Vpc Endpoint Id '{id}' does not exist"))
}

fn describe_endpoints(at: &mut At<'_>, input: &DescribeVpcEndpointsInput) -> Answer<DescribeVpcEndpointsOutput> {
    if let Some(id) = input.vpc_endpoint_ids().iter().find(|id| !at.here().vpc_endpoints.contains_key(*id)) {
        return Err(no_such(id, "InvalidVpcEndpointId.NotFound"));
    }
    let mut found = vec![];
    for (id, row) in at.here().vpc_endpoints.clone() {
        let field = |name: &str| match name {
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "service-name" => Some(vec![row.service.clone()]),
            "vpc-endpoint-id" => Some(vec![id.clone()]),
            "vpc-endpoint-type" => Some(vec![if row.interface { "Interface".into() } else { "Gateway".into() }]),
            "vpc-endpoint-state" => Some(vec![state(at, &row).as_str().to_owned()]),
            _ => None,
        };
        if (input.vpc_endpoint_ids().is_empty() || input.vpc_endpoint_ids().contains(&id)) && matches(input.filters(), &row.tags, field)? {
            found.push(answer(at, &id, &row));
        }
    }
    let size = ec2_size(input.max_results(), 1000)?.or(Some(1000));
    let (endpoints, next) = page(found, size, input.next_token())?;
    Ok(DescribeVpcEndpointsOutput::builder().set_vpc_endpoints(Some(endpoints)).set_next_token(next).build())
}

/// One set with some added and some taken out. What is to go has to be there.
fn altered(have: &BTreeSet<String>, add: &[String], remove: &[String]) -> Answer<BTreeSet<String>> {
    if let Some(id) = remove.iter().find(|id| !have.contains(*id)) {
        return Err(parameter(format!("The VPC endpoint has no '{id}'")));
    }
    Ok(have.iter().filter(|id| !remove.contains(id)).chain(add).cloned().collect())
}

fn modify_endpoint(at: &mut At<'_>, input: &ModifyVpcEndpointInput) -> Answer<ModifyVpcEndpointOutput> {
    let id = input.vpc_endpoint_id().unwrap_or_default().to_owned();
    let mut row = at.here().vpc_endpoints.get(&id).cloned().ok_or_else(|| no_such(&id, "InvalidVpcEndpointId.NotFound"))?;
    if row.gone_ms.is_some() || at.now_ms < row.ready_ms {
        return Err(refuse(400, "IncorrectState", format!("The VPC endpoint '{id}' is in the state {}", state(at, &row).as_str())));
    }
    let (vpc, service) = (row.vpc.clone(), row.service.clone());
    if row.interface {
        if !input.add_route_table_ids().is_empty() || !input.remove_route_table_ids().is_empty() {
            return Err(parameter("Route table IDs are only supported for Gateway type VPC Endpoint."));
        }
        row.subnets = altered(&row.subnets, input.add_subnet_ids(), input.remove_subnet_ids())?;
        sound_subnets(at, &vpc, &row.subnets)?;
        row.groups = altered(&row.groups, input.add_security_group_ids(), input.remove_security_group_ids())?;
        sound_groups(at, &vpc, &row.groups)?;
        if row.groups.is_empty() {
            return Err(parameter("An interface endpoint is under one security group at least"));
        }
        for subnet in input.remove_subnet_ids() {
            network_interface::drop_in(at, &id, subnet, 15);
        }
        network_interface::regroup(at, &id, &row.groups.iter().cloned().collect::<Vec<_>>());
        give_addresses(at, &id, input.add_subnet_ids(), &row.groups)?;
        if let Some(private_dns) = input.private_dns_enabled() {
            if private_dns {
                sound_name(at, &vpc, &service, Some(&id))?;
            }
            row.private_dns = private_dns;
        }
    } else {
        if !input.add_subnet_ids().is_empty() || !input.add_security_group_ids().is_empty() || input.private_dns_enabled().is_some() {
            return Err(parameter("Subnet IDs, security group IDs and private DNS are only supported for Interface type VPC Endpoint."));
        }
        row.route_tables = altered(&row.route_tables, input.add_route_table_ids(), input.remove_route_table_ids())?;
        write_routes(at, (&id, &vpc, &service), &set(input.add_route_table_ids()))?;
        route::drop_to_endpoint(at, &id, &row.route_tables.iter().cloned().collect::<Vec<_>>());
    }
    match (input.reset_policy(), sound_policy(input.policy_document())?) {
        (Some(true), None) => row.policy = None,
        (Some(true), Some(_)) => return Err(refuse(400, "InvalidParameterCombination", "A policy is either reset or set")),
        (_, Some(policy)) => row.policy = Some(policy),
        (_, None) => {}
    }
    row.ready_ms = at.after(if row.interface { 20 } else { 2 });
    at.here().vpc_endpoints.insert(id, row);
    Ok(ModifyVpcEndpointOutput::builder().r#return(true).build())
}

fn delete_endpoints(at: &mut At<'_>, input: &DeleteVpcEndpointsInput) -> Answer<DeleteVpcEndpointsOutput> {
    let mut refused = vec![];
    for id in input.vpc_endpoint_ids() {
        let Some(row) = at.here().vpc_endpoints.get(id).cloned() else {
            let refusal = no_such(id, "InvalidVpcEndpoint.NotFound");
            let error = UnsuccessfulItemError::builder().code(refusal.code).message(refusal.message).build();
            refused.push(UnsuccessfulItem::builder().resource_id(id).error(error).build());
            continue;
        };
        if row.gone_ms.is_some() {
            continue;
        }
        let seconds = if row.interface { 90 } else { 2 };
        route::drop_to_endpoint(at, id, &[]);
        network_interface::drop_of(at, id, seconds);
        let gone_ms = Some(at.after(seconds));
        at.here().vpc_endpoints.insert(id.clone(), Row { gone_ms, ..row });
    }
    Ok(DeleteVpcEndpointsOutput::builder().set_unsuccessful(Some(refused)).build())
}

/// Whether an endpoint keeps the VPC from being deleted.
pub(crate) fn holds_vpc(here: &Region, vpc: &str) -> bool {
    here.vpc_endpoints.values().any(|row| row.vpc == vpc)
}
