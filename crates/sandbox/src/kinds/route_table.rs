//! Route tables: the main one that every VPC is born with, and further ones. Routes and associations stand in them.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_route_table::{CreateRouteTableInput, CreateRouteTableOutput};
use aws_sdk_ec2::operation::delete_route_table::{DeleteRouteTableInput, DeleteRouteTableOutput};
use aws_sdk_ec2::operation::describe_route_tables::{DescribeRouteTablesInput, DescribeRouteTablesOutput};
use aws_sdk_ec2::types::{PropagatingVgw, RouteTable};
use bbws_model::Cidr;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::route::{self, Origin, Route};
use super::route_table_association::{self, Association};
use super::vpc;
use crate::cloud::{At, Region, Table};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// A page of route tables has at most so many, asked for or not.
const PAGE: usize = 100;

/// One route table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) routes: Vec<Route>,
    pub(crate) associations: Table<Association>,
    /// The virtual private gateways that write their routes into it.
    pub(crate) propagating: Vec<String>,
    /// The token of the request that made it, and what that request said.
    pub(crate) token: Option<String>,
    pub(crate) asked: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Row {
    fn of(vpc: &str, cidr: Cidr, tags: BTreeMap<String, String>) -> Self {
        let local = Route { destination: cidr.to_string(), target: "local".into(), origin: Origin::CreateRouteTable };
        Self {
            vpc: vpc.to_owned(),
            routes: vec![local],
            associations: BTreeMap::new(),
            propagating: vec![],
            token: None,
            asked: String::new(),
            tags,
        }
    }

    /// What tells it from others.
    pub(crate) fn about(&self) -> String {
        if self.is_main() { format!("main of {}", self.vpc) } else { super::about(&self.tags) }
    }

    /// The route for a destination. A propagated one does not count: one that is written comes before it.
    pub(crate) fn route(&mut self, destination: &str) -> Option<&mut Route> {
        let written = |route: &&mut Route| route.destination == destination && route.origin != Origin::EnableVgwRoutePropagation;
        self.routes.iter_mut().find(written)
    }

    /// Whether subnets follow it that follow no table of their own.
    pub(crate) fn is_main(&self) -> bool {
        self.associations.values().any(|association| association.subnet.is_none())
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_route_table).on(describe_route_tables).on(delete_route_table)
}

/// The table of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "InvalidRouteTableID.NotFound", format!("The routeTable ID '{id}' does not exist"));
    at.here().route_tables.get_mut(id).ok_or(gone)
}

/// Every VPC is born with a table for the subnets that follow no other.
pub(crate) fn make_main(at: &mut At<'_>, vpc: &str, cidr: Cidr) {
    let (id, association) = (at.id("rtb"), at.id("rtbassoc"));
    let mut row = Row::of(vpc, cidr, BTreeMap::new());
    row.associations.insert(association, Association { subnet: None, ready_ms: at.now_ms });
    at.here().route_tables.insert(id, row);
}

/// Whether a VPC has tables that do not go with it.
pub(crate) fn has_own(here: &Region, vpc: &str) -> bool {
    here.route_tables.values().any(|row| row.vpc == vpc && !row.is_main())
}

fn create_route_table(at: &mut At<'_>, input: &CreateRouteTableInput) -> Answer<CreateRouteTableOutput> {
    let cidr = vpc::the(at, input.vpc_id())?.cidr;
    let vpc = input.vpc_id().unwrap_or_default();
    let tags = created_tags(input.tag_specifications(), "route-table")?;
    let asked = hex::encode(Sha256::digest(format!("{vpc} {tags:?}")));
    let token = input.client_token().map(str::to_owned);
    let known = at.here().route_tables.iter().find(|(_, row)| token.is_some() && row.token == token);
    if let Some((id, row)) = known.map(|(id, row)| (id.clone(), row.clone())) {
        if row.asked != asked {
            let message = "The client token you have provided is associated with a request that has other parameters.";
            return Err(refuse(400, "IdempotentParameterMismatch", message));
        }
        let table = answer(at, &id, &row);
        return Ok(CreateRouteTableOutput::builder().route_table(table).set_client_token(token).build());
    }
    if at.here().route_tables.values().filter(|row| row.vpc == vpc).count() >= 200 {
        return Err(refuse(400, "RouteTableLimitExceeded", "The maximum number of route tables has been reached."));
    }
    let row = Row { token: token.clone(), asked, ..Row::of(vpc, cidr, tags) };
    let id = at.id("rtb");
    let table = answer(at, &id, &row);
    at.here().route_tables.insert(id, row);
    Ok(CreateRouteTableOutput::builder().route_table(table).set_client_token(token).build())
}

fn answer(at: &mut At<'_>, id: &str, row: &Row) -> RouteTable {
    let now = at.now_ms;
    let routes = route::answers(at.here(), row, now);
    RouteTable::builder()
        .route_table_id(id)
        .vpc_id(&row.vpc)
        .owner_id(at.account)
        .set_routes(Some(routes))
        .set_associations(Some(route_table_association::answers(id, row, now)))
        .set_propagating_vgws(Some(row.propagating.iter().map(|vgw| PropagatingVgw::builder().gateway_id(vgw).build()).collect()))
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn describe_route_tables(at: &mut At<'_>, input: &DescribeRouteTablesInput) -> Answer<DescribeRouteTablesOutput> {
    let ids = input.route_table_ids();
    for id in ids {
        the(at, Some(id))?;
    }
    let mut found = vec![];
    for (id, row) in at.here().route_tables.clone() {
        let table = answer(at, &id, &row);
        let associations = || table.associations().iter();
        let routes = || table.routes().iter();
        let field = |name: &str| match name {
            "route-table-id" | "association.route-table-id" => Some(vec![id.clone()]),
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "association.main" => Some(associations().map(|a| a.main().unwrap_or_default().to_string()).collect()),
            "association.subnet-id" => Some(associations().filter_map(|a| a.subnet_id.clone()).collect()),
            "association.route-table-association-id" => Some(associations().filter_map(|a| a.route_table_association_id.clone()).collect()),
            "route.destination-cidr-block" => Some(routes().filter_map(|r| r.destination_cidr_block.clone()).collect()),
            "route.destination-prefix-list-id" => Some(routes().filter_map(|r| r.destination_prefix_list_id.clone()).collect()),
            "route.gateway-id" => Some(routes().filter_map(|r| r.gateway_id.clone()).collect()),
            "route.nat-gateway-id" => Some(routes().filter_map(|r| r.nat_gateway_id.clone()).collect()),
            "route.state" => Some(routes().filter_map(|r| Some(r.state.as_ref()?.to_string())).collect()),
            _ => None,
        };
        if (ids.is_empty() || ids.contains(&id)) && matches(input.filters(), &row.tags, field)? {
            found.push(table);
        }
    }
    let size = ec2_size(input.max_results(), 100)?.unwrap_or(PAGE);
    let (tables, next) = page(found, Some(size), input.next_token())?;
    Ok(DescribeRouteTablesOutput::builder().set_route_tables(Some(tables)).set_next_token(next).build())
}

fn delete_route_table(at: &mut At<'_>, input: &DeleteRouteTableInput) -> Answer<DeleteRouteTableOutput> {
    let id = input.route_table_id().unwrap_or_default();
    if !the(at, Some(id))?.associations.is_empty() {
        return Err(refuse(400, "DependencyViolation", format!("The routeTable '{id}' has dependencies and cannot be deleted.")));
    }
    at.here().route_tables.remove(id);
    Ok(DeleteRouteTableOutput::builder().build())
}
