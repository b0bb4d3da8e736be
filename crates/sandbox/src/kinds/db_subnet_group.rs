//! DB subnet groups: subnets of one VPC in two zones at least, held by the databases in them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::operation::create_db_subnet_group::{CreateDbSubnetGroupInput, CreateDbSubnetGroupOutput};
use aws_sdk_rds::operation::delete_db_subnet_group::{DeleteDbSubnetGroupInput, DeleteDbSubnetGroupOutput};
use aws_sdk_rds::operation::describe_db_subnet_groups::{DescribeDbSubnetGroupsInput, DescribeDbSubnetGroupsOutput};
use aws_sdk_rds::operation::modify_db_subnet_group::{ModifyDbSubnetGroupInput, ModifyDbSubnetGroupOutput};
use aws_sdk_rds::types::{AvailabilityZone, DbSubnetGroup, Subnet};
use serde::{Deserialize, Serialize};

use super::network_interface;
use super::quota;
use super::rds::{created_tags, rds_page, wrong};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// One DB subnet group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) description: String,
    pub(crate) vpc: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(modify).on(delete)
}

/// The group of this name, as the calls that need one demand it.
pub(crate) fn the(at: &mut At<'_>, name: &str) -> Answer<Row> {
    let gone = || refuse(404, "DBSubnetGroupNotFoundFault", format!("DB subnet group '{name}' does not exist."));
    at.here().db_subnet_groups.get(name).cloned().ok_or_else(gone)
}

/// The VPC of these subnets, if RDS takes them.
fn vpc_of(at: &mut At<'_>, subnets: &[String]) -> Answer<String> {
    let here = at.here();
    let missing: Vec<&String> = subnets.iter().filter(|id| !here.subnets.contains_key(*id)).collect();
    if !missing.is_empty() || subnets.is_empty() {
        return Err(refuse(400, "InvalidSubnet", format!("Some input subnets in :{missing:?} are invalid.")));
    }
    if subnets.len() > 20 {
        return Err(refuse(400, "DBSubnetQuotaExceededFault", "A DB subnet group has 20 subnets at most"));
    }
    let rows: Vec<_> = subnets.iter().filter_map(|id| here.subnets.get(id)).collect();
    let vpcs: BTreeSet<&str> = rows.iter().map(|row| row.vpc.as_str()).collect();
    let zones: BTreeSet<&str> = rows.iter().map(|row| row.zone.as_str()).collect();
    if vpcs.len() > 1 {
        return Err(wrong("The specified subnets are not all in the same VPC"));
    }
    if zones.len() < 2 {
        let text = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. Current AZ coverage: 1. Add subnets to cover at least 2 AZs.";
        return Err(refuse(400, "DBSubnetGroupDoesNotCoverEnoughAZs", text));
    }
    Ok(vpcs.into_iter().collect())
}

fn create(at: &mut At<'_>, input: &CreateDbSubnetGroupInput) -> Answer<CreateDbSubnetGroupOutput> {
    let name = input.db_subnet_group_name().unwrap_or_default().to_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " ._-".contains(c);
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= 255 && name.chars().all(allowed);
    if !fits || name == "default" {
        return Err(wrong(format!("The parameter DBSubnetGroupName is not valid: {name}")));
    }
    if input.db_subnet_group_description().unwrap_or_default().is_empty() {
        return Err(wrong("The parameter DBSubnetGroupDescription must be provided and must not be blank."));
    }
    if at.here().db_subnet_groups.contains_key(&name) {
        return Err(refuse(400, "DBSubnetGroupAlreadyExists", format!("The DB subnet group {name} already exists.")));
    }
    let most = quota::DB_SUBNET_GROUPS.most(at);
    if at.here().db_subnet_groups.len() >= most {
        let message = format!("The request would exceed the quota of {most} DB subnet groups");
        return Err(refuse(400, "DBSubnetGroupQuotaExceeded", message));
    }
    let vpc = vpc_of(at, input.subnet_ids())?;
    let description = input.db_subnet_group_description().unwrap_or_default().to_owned();
    let row = Row { description, vpc, subnets: input.subnet_ids().to_vec(), tags: created_tags(input.tags())? };
    let group = answer(at, &name, &row);
    at.here().db_subnet_groups.insert(name, row);
    Ok(CreateDbSubnetGroupOutput::builder().db_subnet_group(group).build())
}

pub(crate) fn answer(at: &mut At<'_>, name: &str, row: &Row) -> DbSubnetGroup {
    let arn = at.arn("rds", &format!("subgrp:{name}"));
    let here = at.here();
    let subnet = |id: &String| {
        let zone = here.subnets.get(id).map(|subnet| AvailabilityZone::builder().name(&subnet.zone).build());
        Subnet::builder().subnet_identifier(id).set_subnet_availability_zone(zone).subnet_status("Active").build()
    };
    DbSubnetGroup::builder()
        .db_subnet_group_name(name)
        .db_subnet_group_description(&row.description)
        .db_subnet_group_arn(arn)
        .vpc_id(&row.vpc)
        .subnet_group_status("Complete")
        .set_subnets(Some(row.subnets.iter().map(subnet).collect()))
        .supported_network_types("IPV4")
        .build()
}

fn describe(at: &mut At<'_>, input: &DescribeDbSubnetGroupsInput) -> Answer<DescribeDbSubnetGroupsOutput> {
    if !input.filters().is_empty() {
        return Err(wrong("This parameter isn't currently supported: Filters"));
    }
    let mut rows = at.here().db_subnet_groups.clone();
    if let Some(name) = input.db_subnet_group_name() {
        the(at, &name.to_lowercase())?;
        rows.retain(|have, _| *have == name.to_lowercase());
    }
    let found = rows.iter().map(|(name, row)| answer(at, name, row)).collect();
    let (groups, marker) = rds_page(found, input.max_records(), input.marker())?;
    Ok(DescribeDbSubnetGroupsOutput::builder().set_db_subnet_groups(Some(groups)).set_marker(marker).build())
}

fn modify(at: &mut At<'_>, input: &ModifyDbSubnetGroupInput) -> Answer<ModifyDbSubnetGroupOutput> {
    let name = input.db_subnet_group_name().unwrap_or_default().to_lowercase();
    let mut row = the(at, &name)?;
    if vpc_of(at, input.subnet_ids())? != row.vpc {
        return Err(wrong("The new Subnets are not in the same Vpc as the existing subnet group"));
    }
    let here = at.here();
    let databases: Vec<&String> = here.db_instances.iter().filter(|(_, db)| db.subnet_group == name).map(|(id, _)| id).collect();
    let used = |subnet: &String| databases.iter().any(|id| network_interface::of(here, id).iter().any(|(_, eni)| eni.subnet == *subnet));
    if let Some(subnet) = row.subnets.iter().find(|subnet| !input.subnet_ids().contains(subnet) && used(subnet)) {
        return Err(refuse(400, "SubnetAlreadyInUse", format!("The subnet {subnet} is in use by a DB instance of the group {name}")));
    }
    row.subnets = input.subnet_ids().to_vec();
    if let Some(description) = input.db_subnet_group_description() {
        row.description = description.to_owned();
    }
    let group = answer(at, &name, &row);
    at.here().db_subnet_groups.insert(name, row);
    Ok(ModifyDbSubnetGroupOutput::builder().db_subnet_group(group).build())
}

fn delete(at: &mut At<'_>, input: &DeleteDbSubnetGroupInput) -> Answer<DeleteDbSubnetGroupOutput> {
    let name = input.db_subnet_group_name().unwrap_or_default().to_lowercase();
    the(at, &name)?;
    // One that is still being deleted counts.
    if let Some((id, _)) = at.here().db_instances.iter().find(|(_, db)| db.subnet_group == name) {
        let text = format!("Cannot delete the subnet group '{name}' because at least one database instance: {id} is still using it.");
        return Err(refuse(400, "InvalidDBSubnetGroupStateFault", text));
    }
    at.here().db_subnet_groups.remove(&name);
    Ok(DeleteDbSubnetGroupOutput::builder().build())
}
