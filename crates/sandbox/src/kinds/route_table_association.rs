//! Which route table a subnet follows. A new table is a new association: AWS answers another id.

use aws_sdk_ec2::operation::associate_route_table::{AssociateRouteTableInput, AssociateRouteTableOutput};
use aws_sdk_ec2::operation::disassociate_route_table::{DisassociateRouteTableInput, DisassociateRouteTableOutput};
use aws_sdk_ec2::operation::replace_route_table_association::{ReplaceRouteTableAssociationInput, ReplaceRouteTableAssociationOutput};
use aws_sdk_ec2::types::{RouteTableAssociation, RouteTableAssociationState, RouteTableAssociationStateCode};
use serde::{Deserialize, Serialize};

use super::{route_table, subnet};
use crate::cloud::{At, Region};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// One association, as its table keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Association {
    /// The subnet; none for all subnets that follow no table of their own.
    pub(crate) subnet: Option<String>,
    pub(crate) ready_ms: u64,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(associate_route_table).on(replace_route_table_association).on(disassociate_route_table)
}

/// The associations of a table, as AWS shows them now.
pub(crate) fn answers(table: &str, row: &route_table::Row, now_ms: u64) -> Vec<RouteTableAssociation> {
    let one = |(id, association): (&String, &Association)| {
        RouteTableAssociation::builder()
            .route_table_association_id(id)
            .route_table_id(table)
            .main(association.subnet.is_none())
            .set_subnet_id(association.subnet.clone())
            .association_state(state(association, now_ms))
            .build()
    };
    row.associations.iter().map(one).collect()
}

fn state(association: &Association, now_ms: u64) -> RouteTableAssociationState {
    let ready = now_ms >= association.ready_ms;
    let code = if ready { RouteTableAssociationStateCode::Associated } else { RouteTableAssociationStateCode::Associating };
    RouteTableAssociationState::builder().state(code).build()
}

/// A subnet that goes takes its association along.
pub(crate) fn leave(here: &mut Region, subnet: &str) {
    for table in here.route_tables.values_mut() {
        table.associations.retain(|_, association| association.subnet.as_deref() != Some(subnet));
    }
}

/// The table in which an association stands.
fn table_of(here: &Region, association: &str) -> Answer<String> {
    let gone = || refuse(400, "InvalidAssociationID.NotFound", format!("The association ID '{association}' does not exist"));
    here.route_tables.iter().find(|(_, row)| row.associations.contains_key(association)).map(|(id, _)| id.clone()).ok_or_else(gone)
}

fn put(at: &mut At<'_>, table: &str, subnet: Option<String>) -> Answer<(String, RouteTableAssociationState)> {
    let (id, association) = (at.id("rtbassoc"), Association { subnet, ready_ms: at.after(2) });
    let state = state(&association, at.now_ms);
    route_table::the(at, Some(table))?.associations.insert(id.clone(), association);
    Ok((id, state))
}

fn associate_route_table(at: &mut At<'_>, input: &AssociateRouteTableInput) -> Answer<AssociateRouteTableOutput> {
    let table = input.route_table_id().unwrap_or_default();
    let vpc = route_table::the(at, Some(table))?.vpc.clone();
    let Some(subnet) = input.subnet_id() else {
        return Err(refuse(400, "MissingParameter", "sandbox: only associations of subnets are simulated"));
    };
    if subnet::the(at, Some(subnet))?.vpc != vpc {
        let message = format!("Route table {table} and subnet {subnet} belong to different networks");
        return Err(refuse(400, "InvalidParameterValue", message));
    }
    let follows = |row: &route_table::Row| row.associations.values().any(|association| association.subnet.as_deref() == Some(subnet));
    if at.here().route_tables.values().any(follows) {
        let message = format!("the specified association for route table {table} conflicts with an existing association");
        return Err(refuse(400, "Resource.AlreadyAssociated", message));
    }
    let (id, state) = put(at, table, Some(subnet.to_owned()))?;
    Ok(AssociateRouteTableOutput::builder().association_id(id).association_state(state).build())
}

fn replace_route_table_association(
    at: &mut At<'_>,
    input: &ReplaceRouteTableAssociationInput,
) -> Answer<ReplaceRouteTableAssociationOutput> {
    let (old, new) = (input.association_id().unwrap_or_default(), input.route_table_id().unwrap_or_default());
    let from = table_of(at.here(), old)?;
    let vpc = route_table::the(at, Some(new))?.vpc.clone();
    let row = route_table::the(at, Some(&from))?;
    if row.vpc != vpc {
        let message = format!("Route table {new} and association {old} belong to different networks");
        return Err(refuse(400, "InvalidParameterValue", message));
    }
    let subnet = row.associations.remove(old).and_then(|association| association.subnet);
    let (id, state) = put(at, new, subnet)?;
    Ok(ReplaceRouteTableAssociationOutput::builder().new_association_id(id).association_state(state).build())
}

fn disassociate_route_table(at: &mut At<'_>, input: &DisassociateRouteTableInput) -> Answer<DisassociateRouteTableOutput> {
    let id = input.association_id().unwrap_or_default();
    let table = table_of(at.here(), id)?;
    let row = route_table::the(at, Some(&table))?;
    if row.associations[id].subnet.is_none() {
        let message = format!("cannot disassociate the main route table association {id}");
        return Err(refuse(400, "InvalidParameterValue", message));
    }
    row.associations.remove(id);
    Ok(DisassociateRouteTableOutput::builder().build())
}
