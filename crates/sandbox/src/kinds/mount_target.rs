//! EFS mount targets: one a zone for each file system, each with a network interface that EFS manages.

use aws_sdk_efs::operation::create_mount_target::{CreateMountTargetInput, CreateMountTargetOutput};
use aws_sdk_efs::operation::delete_mount_target::{DeleteMountTargetInput, DeleteMountTargetOutput};
use aws_sdk_efs::operation::describe_mount_target_security_groups::{
    DescribeMountTargetSecurityGroupsInput, DescribeMountTargetSecurityGroupsOutput,
};
use aws_sdk_efs::operation::describe_mount_targets::{DescribeMountTargetsInput, DescribeMountTargetsOutput};
use aws_sdk_efs::operation::modify_mount_target_security_groups::{
    ModifyMountTargetSecurityGroupsInput, ModifyMountTargetSecurityGroupsOutput,
};
use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription};
use serde::{Deserialize, Serialize};

use super::file_system::{self, bad};
use super::network_interface::{self, Wanted};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// How many EFS answers a page, whatever it is asked for.
const PAGE: usize = 10;

/// One mount target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) file_system: String,
    pub(crate) subnet: String,
    pub(crate) vpc: String,
    pub(crate) zone: String,
    pub(crate) groups: Vec<String>,
    pub(crate) interface: String,
    pub(crate) address: String,
    pub(crate) ready_ms: u64,
    pub(crate) leaves_ms: Option<u64>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(describe_groups).on(modify_groups).on(delete).tick(|at| {
        let now = at.now_ms;
        let gone = |row: &Row| row.leaves_ms.is_some_and(|leaves| leaves <= now);
        let ids: Vec<String> = at.here().mount_targets.iter().filter(|(_, row)| gone(row)).map(|(id, _)| id.clone()).collect();
        for id in ids {
            at.here().mount_targets.remove(&id);
            network_interface::drop_of(at, &id, 0);
        }
    })
}

fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(404, "MountTargetNotFound", format!("Mount target '{id}' does not exist."));
    at.here().mount_targets.get_mut(id).ok_or(gone)
}

fn state(row: &Row, now_ms: u64) -> LifeCycleState {
    match row.leaves_ms {
        Some(_) => LifeCycleState::Deleting,
        None if now_ms < row.ready_ms => LifeCycleState::Creating,
        None => LifeCycleState::Available,
    }
}

fn the_available<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let now_ms = at.now_ms;
    let row = the(at, id)?;
    match state(row, now_ms) {
        LifeCycleState::Available => Ok(row),
        other => Err(refuse(409, "IncorrectMountTargetState", format!("Mount target '{}' is {other}.", id.unwrap_or_default()))),
    }
}

fn check_groups(at: &mut At<'_>, groups: &[String], vpc: &str) -> Answer<()> {
    if groups.len() > 5 {
        return Err(refuse(400, "SecurityGroupLimitExceeded", "A mount target has five security groups at most"));
    }
    let here = at.here();
    match groups.iter().find(|id| here.security_groups.get(*id).is_none_or(|group| group.vpc != vpc)) {
        Some(id) => Err(refuse(400, "SecurityGroupNotFound", format!("The security group '{id}' does not exist in the VPC '{vpc}'."))),
        None => Ok(()),
    }
}

fn create(at: &mut At<'_>, input: &CreateMountTargetInput) -> Answer<CreateMountTargetOutput> {
    let file_system = input.file_system_id().unwrap_or_default().to_owned();
    file_system::the_available(at, Some(&file_system))?;
    let subnet = input.subnet_id().unwrap_or_default();
    let absent = || refuse(400, "SubnetNotFound", format!("The subnet ID '{subnet}' does not exist"));
    let (vpc, zone) = at.here().subnets.get(subnet).map(|row| (row.vpc.clone(), row.zone.clone())).ok_or_else(absent)?;
    for other in at.here().mount_targets.values().filter(|other| other.file_system == file_system) {
        if other.zone == zone {
            return Err(refuse(409, "MountTargetConflict", "mount target already exists in this AZ"));
        }
        if other.vpc != vpc {
            let text = "requested subnet for new mount target is not in the same VPC as existing mount targets";
            return Err(refuse(409, "MountTargetConflict", text));
        }
    }
    let mut groups = input.security_groups().to_vec();
    if groups.is_empty() {
        let default = at.here().security_groups.iter().find(|(_, group)| group.vpc == vpc && group.is_default());
        groups.extend(default.map(|(id, _)| id.clone()));
    }
    check_groups(at, &groups, &vpc)?;
    let id = at.id("fsmt");
    let wanted = Wanted {
        subnet,
        groups: &groups,
        description: &format!("EFS mount target for {file_system} ({id})"),
        interface_type: "efs",
        requester: "amazon-efs",
        holder: &id,
    };
    let no_room = |refusal: crate::fate::Refusal| match refusal.code {
        "InsufficientFreeAddressesInSubnet" => refuse(409, "NoFreeAddressesInSubnet", refusal.message),
        "InvalidIPAddress.InUse" => refuse(409, "IpAddressInUse", refusal.message),
        "InvalidParameterValue" => bad(refusal.message),
        _ => refusal,
    };
    let made = match input.ip_address() {
        Some(address) => network_interface::make_with(at, wanted, address),
        None => network_interface::make(at, wanted),
    };
    let interface = made.map_err(no_room)?;
    let address = at.here().network_interfaces.get(&interface).map(|eni| eni.address.clone()).unwrap_or_default();
    let ready_ms = at.after(80);
    let row = Row { file_system, subnet: subnet.to_owned(), vpc, zone, groups, interface, address, ready_ms, leaves_ms: None };
    let described = answer(at, &id, &row)?;
    at.here().mount_targets.insert(id, row);
    Ok(CreateMountTargetOutput::builder()
        .set_owner_id(described.owner_id)
        .mount_target_id(described.mount_target_id)
        .file_system_id(described.file_system_id)
        .subnet_id(described.subnet_id)
        .life_cycle_state(described.life_cycle_state)
        .set_ip_address(described.ip_address)
        .set_network_interface_id(described.network_interface_id)
        .set_availability_zone_name(described.availability_zone_name)
        .set_vpc_id(described.vpc_id)
        .build()?)
}

fn answer(at: &At<'_>, id: &str, row: &Row) -> Answer<MountTargetDescription> {
    Ok(MountTargetDescription::builder()
        .owner_id(at.account)
        .mount_target_id(id)
        .file_system_id(&row.file_system)
        .subnet_id(&row.subnet)
        .life_cycle_state(state(row, at.now_ms))
        .ip_address(&row.address)
        .network_interface_id(&row.interface)
        .availability_zone_name(&row.zone)
        .vpc_id(&row.vpc)
        .build()?)
}

fn describe(at: &mut At<'_>, input: &DescribeMountTargetsInput) -> Answer<DescribeMountTargetsOutput> {
    match (input.file_system_id(), input.mount_target_id()) {
        (Some(id), None) => drop(file_system::the(at, Some(id))?),
        (None, Some(id)) => drop(the(at, Some(id))?),
        _ => return Err(bad("One of FileSystemId, MountTargetId and AccessPointId must be given")),
    }
    let mut found = vec![];
    for (id, row) in at.here().mount_targets.clone() {
        let fits =
            input.file_system_id().is_none_or(|asked| asked == row.file_system) && input.mount_target_id().is_none_or(|asked| asked == id);
        if fits {
            found.push(answer(at, &id, &row)?);
        }
    }
    let (targets, next) = page(found, Some(PAGE), input.marker())?;
    Ok(DescribeMountTargetsOutput::builder().set_mount_targets(Some(targets)).set_next_marker(next).build())
}

fn describe_groups(at: &mut At<'_>, input: &DescribeMountTargetSecurityGroupsInput) -> Answer<DescribeMountTargetSecurityGroupsOutput> {
    let groups = the_available(at, input.mount_target_id())?.groups.clone();
    Ok(DescribeMountTargetSecurityGroupsOutput::builder().set_security_groups(Some(groups)).build()?)
}

fn modify_groups(at: &mut At<'_>, input: &ModifyMountTargetSecurityGroupsInput) -> Answer<ModifyMountTargetSecurityGroupsOutput> {
    let id = input.mount_target_id().unwrap_or_default();
    let vpc = the_available(at, Some(id))?.vpc.clone();
    let groups = input.security_groups().to_vec();
    if groups.is_empty() {
        return Err(bad("sandbox: going back to the VPC's default security group is not simulated"));
    }
    check_groups(at, &groups, &vpc)?;
    network_interface::regroup(at, id, &groups);
    the(at, Some(id))?.groups = groups;
    Ok(ModifyMountTargetSecurityGroupsOutput::builder().build())
}

fn delete(at: &mut At<'_>, input: &DeleteMountTargetInput) -> Answer<DeleteMountTargetOutput> {
    let leaves = at.after(45);
    let row = the(at, input.mount_target_id())?;
    // A second request changes nothing.
    row.leaves_ms.get_or_insert(leaves);
    Ok(DeleteMountTargetOutput::builder().build())
}
