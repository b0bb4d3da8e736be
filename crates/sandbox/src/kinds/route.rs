//! Routes: one of a table for each destination. What they lead to decides whether they are black holes.

use aws_sdk_ec2::operation::create_route::{CreateRouteInput, CreateRouteOutput};
use aws_sdk_ec2::operation::delete_route::{DeleteRouteInput, DeleteRouteOutput};
use aws_sdk_ec2::operation::replace_route::{ReplaceRouteInput, ReplaceRouteOutput};
use aws_sdk_ec2::types::{Route as Answered, RouteOrigin, RouteState};
use bbws_model::Cidr;
use serde::{Deserialize, Serialize};

use super::{nat_gateway, route_table, vpc};
use crate::cloud::{At, Region};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// How many routes a table takes.
const MOST: usize = 50;

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Route {
    /// A network, or the id of a prefix list.
    pub(crate) destination: String,
    /// `local`, or the id of what it leads to.
    pub(crate) target: String,
    pub(crate) origin: Origin,
}

/// Where a route comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// The table was born with it.
    CreateRouteTable,
    /// Somebody wrote it, or made a gateway endpoint, which did.
    CreateRoute,
    /// A virtual private gateway wrote it.
    EnableVgwRoutePropagation,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_route).on(replace_route).on(delete_route)
}

/// Writes the route that a gateway endpoint puts into a table.
pub(crate) fn put_prefix_list(at: &mut At<'_>, table: &str, prefix_list: &str, endpoint: &str) -> Answer<()> {
    let row = route_table::the(at, Some(table))?;
    if row.route(prefix_list).is_some() {
        let message = format!("route table {table} already has a route with destination-prefix-list-id {prefix_list}");
        return Err(refuse(400, "RouteAlreadyExists", message));
    }
    row.routes.push(Route { destination: prefix_list.to_owned(), target: endpoint.to_owned(), origin: Origin::CreateRoute });
    Ok(())
}

/// Takes the routes to a gateway endpoint out of all tables but those named.
pub(crate) fn drop_to_endpoint(at: &mut At<'_>, endpoint: &str, keep: &[String]) {
    for (_, row) in at.here().route_tables.iter_mut().filter(|(id, _)| !keep.contains(id)) {
        row.routes.retain(|route| route.target != endpoint);
    }
}

/// The routes of a table, as AWS shows them now.
pub(crate) fn answers(here: &Region, table: &route_table::Row, now_ms: u64) -> Vec<Answered> {
    let one = |route: &Route| {
        let to = Answered::builder().state(if leads(here, table, route, now_ms) { RouteState::Active } else { RouteState::Blackhole });
        let to = if route.destination.starts_with("pl-") {
            to.destination_prefix_list_id(&route.destination)
        } else {
            to.destination_cidr_block(&route.destination)
        };
        let to = match route.target.split('-').next().unwrap_or_default() {
            "nat" => to.nat_gateway_id(&route.target),
            "eni" => to.network_interface_id(&route.target),
            "tgw" => to.transit_gateway_id(&route.target),
            "pcx" => to.vpc_peering_connection_id(&route.target),
            _ => to.gateway_id(&route.target),
        };
        to.origin(match route.origin {
            Origin::CreateRouteTable => RouteOrigin::CreateRouteTable,
            Origin::CreateRoute => RouteOrigin::CreateRoute,
            Origin::EnableVgwRoutePropagation => RouteOrigin::EnableVgwRoutePropagation,
        })
        .build()
    };
    table.routes.iter().map(one).collect()
}

fn leads(here: &Region, table: &route_table::Row, route: &Route, now_ms: u64) -> bool {
    match route.target.split('-').next().unwrap_or_default() {
        "nat" => nat_gateway::works(here, &route.target, now_ms),
        "igw" => here.internet_gateways.get(&route.target).is_some_and(|row| row.is_at(&table.vpc)),
        "eni" => here.network_interfaces.contains_key(&route.target),
        _ => true,
    }
}

fn canonical(text: Option<&str>) -> Answer<Cidr> {
    let text = text.unwrap_or_default();
    let message = format!("Value ({text}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.");
    text.parse().map_err(|_| refuse(400, "InvalidParameterValue", message))
}

fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameterValue", message)
}

/// The one target of a request, which exists and stands in the table's VPC.
fn target(at: &mut At<'_>, table: &str, gateway: Option<&str>, nat: Option<&str>, others: bool) -> Answer<String> {
    if others {
        return Err(invalid("sandbox: only internet gateways and NAT gateways are simulated as targets"));
    }
    let vpc = route_table::the(at, Some(table))?.vpc.clone();
    let now = at.now_ms;
    match (gateway, nat) {
        (Some(id), None) => {
            let gone = refuse(400, "InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist"));
            if at.here().internet_gateways.get(id).ok_or(gone)?.is_at(&vpc) {
                return Ok(id.to_owned());
            }
            Err(invalid(format!("route table {table} and network gateway {id} belong to different networks")))
        }
        (None, Some(id)) => {
            let gone = refuse(400, "InvalidNatGatewayID.NotFound", format!("The natGateway ID '{id}' does not exist"));
            let there = at.here().nat_gateways.get(id).map(|row| row.vpc.clone());
            if there.is_some_and(|of| of != vpc) {
                return Err(invalid(format!("route table {table} and NAT gateway {id} belong to different networks")));
            }
            // Whether AWS takes a gateway that is not available yet is in doubt.
            if nat_gateway::works(at.here(), id, now) { Ok(id.to_owned()) } else { Err(gone) }
        }
        (None, None) => Err(refuse(400, "MissingParameter", "The request must contain exactly one target of the route")),
        (Some(_), Some(_)) => {
            Err(refuse(400, "InvalidParameterCombination", "The parameters gatewayId and natGatewayId cannot be used together"))
        }
    }
}

fn create_route(at: &mut At<'_>, input: &CreateRouteInput) -> Answer<CreateRouteOutput> {
    let table = input.route_table_id().unwrap_or_default();
    let row = route_table::the(at, Some(table))?;
    let destination = canonical(input.destination_cidr_block())?;
    let (count, vpc) = (row.routes.len(), row.vpc.clone());
    if row.route(&destination.to_string()).is_some() {
        // Whether the repeat of a request passes is in doubt.
        return Err(refuse(400, "RouteAlreadyExists", format!("The route identified by {destination} already exists.")));
    }
    if vpc::the(at, Some(&vpc))?.cidr.contains(&destination) {
        return Err(invalid(format!(
            "The destination CIDR block {destination} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
        )));
    }
    if count >= MOST {
        return Err(refuse(400, "RouteLimitExceeded", format!("The route table '{table}' has reached its limit of {MOST} routes.")));
    }
    let others = input.network_interface_id().is_some()
        || input.transit_gateway_id().is_some()
        || input.vpc_endpoint_id().is_some()
        || input.vpc_peering_connection_id().is_some()
        || input.instance_id().is_some();
    let target = target(at, table, input.gateway_id(), input.nat_gateway_id(), others)?;
    let route = Route { destination: destination.to_string(), target, origin: Origin::CreateRoute };
    route_table::the(at, Some(table))?.routes.push(route);
    Ok(CreateRouteOutput::builder().r#return(true).build())
}

fn replace_route(at: &mut At<'_>, input: &ReplaceRouteInput) -> Answer<ReplaceRouteOutput> {
    let table = input.route_table_id().unwrap_or_default();
    let destination = canonical(input.destination_cidr_block())?.to_string();
    let none = invalid(format!("There is no route defined for '{destination}' in the route table. Use CreateRoute instead."));
    let there = route_table::the(at, Some(table))?.route(&destination).ok_or_else(|| none.clone())?;
    if there.target == "local" || there.target.starts_with("vpce-") {
        return Err(invalid(format!("cannot replace the route {destination} in route table {table}: {} keeps it", there.target)));
    }
    let others = input.network_interface_id().is_some()
        || input.transit_gateway_id().is_some()
        || input.vpc_endpoint_id().is_some()
        || input.vpc_peering_connection_id().is_some()
        || input.instance_id().is_some()
        || input.local_target().is_some();
    let target = target(at, table, input.gateway_id(), input.nat_gateway_id(), others)?;
    route_table::the(at, Some(table))?.route(&destination).ok_or(none)?.target = target;
    Ok(ReplaceRouteOutput::builder().build())
}

fn delete_route(at: &mut At<'_>, input: &DeleteRouteInput) -> Answer<DeleteRouteOutput> {
    let table = input.route_table_id().unwrap_or_default();
    let destination = match input.destination_prefix_list_id() {
        Some(list) => list.to_owned(),
        None => canonical(input.destination_cidr_block())?.to_string(),
    };
    let row = route_table::the(at, Some(table))?;
    let none = format!("no route with destination-cidr-block {destination} in route table {table}");
    let route = row.route(&destination).ok_or_else(|| refuse(400, "InvalidRoute.NotFound", none))?;
    if route.target == "local" {
        return Err(invalid(format!("cannot remove local route {destination} in route table {table}")));
    }
    if route.target.starts_with("vpce-") {
        return Err(invalid(format!("cannot remove the route {destination} in route table {table}: {} keeps it", route.target)));
    }
    let gone = route.clone();
    row.routes.retain(|route| *route != gone);
    Ok(DeleteRouteOutput::builder().build())
}
