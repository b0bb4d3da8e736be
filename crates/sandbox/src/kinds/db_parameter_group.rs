//! DB parameter groups: what a user set, checked as RDS checks it, and what it does to the databases that have the group.

use std::collections::BTreeMap;

use aws_sdk_rds::operation::create_db_parameter_group::{CreateDbParameterGroupInput, CreateDbParameterGroupOutput};
use aws_sdk_rds::operation::delete_db_parameter_group::{DeleteDbParameterGroupInput, DeleteDbParameterGroupOutput};
use aws_sdk_rds::operation::describe_db_parameter_groups::{DescribeDbParameterGroupsInput, DescribeDbParameterGroupsOutput};
use aws_sdk_rds::operation::describe_db_parameters::{DescribeDbParametersInput, DescribeDbParametersOutput};
use aws_sdk_rds::operation::modify_db_parameter_group::{ModifyDbParameterGroupInput, ModifyDbParameterGroupOutput};
use aws_sdk_rds::operation::reset_db_parameter_group::{ResetDbParameterGroupInput, ResetDbParameterGroupOutput};
use aws_sdk_rds::types::{ApplyMethod, DbParameterGroup, Parameter};
use serde::{Deserialize, Serialize};

use super::mysql_parameter::{PARAMETERS, Parameter as Known, the as known};
use super::quota;
use super::rds::{created_tags, family, name as rds_name, rds_page, unfit, wrong};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// One DB parameter group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) family: String,
    pub(crate) description: String,
    /// What a user set, by name.
    pub(crate) set: BTreeMap<String, String>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(describe_parameters).on(modify).on(reset).on(delete)
}

fn absent(name: &str) -> crate::fate::Refusal {
    refuse(404, "DBParameterGroupNotFound", format!("DBParameterGroup not found: {name}"))
}

/// The group of this name, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, name: &str) -> Answer<&'a mut Row> {
    at.here().db_parameter_groups.get_mut(&name.to_lowercase()).ok_or_else(|| absent(name))
}

/// The family of a group; RDS's own groups are there without being made.
pub(crate) fn family_of(at: &mut At<'_>, name: &str) -> Answer<String> {
    match name.strip_prefix("default.") {
        Some(family) => Ok(family.to_owned()),
        None => the(at, name).map(|row| row.family.clone()),
    }
}

fn create(at: &mut At<'_>, input: &CreateDbParameterGroupInput) -> Answer<CreateDbParameterGroupOutput> {
    let name = rds_name(input.db_parameter_group_name(), "DBParameterGroupName", 255)?;
    let wanted = input.db_parameter_group_family().unwrap_or_default();
    if ![family("8.0"), family("8.4")].iter().any(|known| known == wanted) {
        return Err(wrong(format!("ParameterGroupFamily {wanted} is not a valid parameter group family")));
    }
    let description = input.description().unwrap_or_default();
    if description.is_empty() {
        return Err(wrong("The parameter Description must be provided and must not be blank."));
    }
    if at.here().db_parameter_groups.contains_key(&name) {
        return Err(refuse(400, "DBParameterGroupAlreadyExists", format!("Parameter group {name} already exists")));
    }
    let most = quota::DB_PARAMETER_GROUPS.most(at);
    if at.here().db_parameter_groups.len() >= most {
        let message = format!("The request would exceed the quota of {most} DB parameter groups");
        return Err(refuse(400, "DBParameterGroupQuotaExceeded", message));
    }
    let tags = created_tags(input.tags())?;
    let row = Row { family: wanted.to_owned(), description: description.to_owned(), set: BTreeMap::new(), tags };
    let group = answer(at, &name, &row);
    at.here().db_parameter_groups.insert(name, row);
    Ok(CreateDbParameterGroupOutput::builder().db_parameter_group(group).build())
}

fn answer(at: &At<'_>, name: &str, row: &Row) -> DbParameterGroup {
    DbParameterGroup::builder()
        .db_parameter_group_name(name)
        .db_parameter_group_family(&row.family)
        .description(&row.description)
        .db_parameter_group_arn(at.arn("rds", &format!("pg:{name}")))
        .build()
}

fn describe(at: &mut At<'_>, input: &DescribeDbParameterGroupsInput) -> Answer<DescribeDbParameterGroupsOutput> {
    let mut rows = at.here().db_parameter_groups.clone();
    if let Some(name) = input.db_parameter_group_name() {
        the(at, name)?;
        rows.retain(|have, _| *have == name.to_lowercase());
    }
    let found = rows.iter().map(|(name, row)| answer(at, name, row)).collect();
    let (groups, marker) = rds_page(found, input.max_records(), input.marker())?;
    Ok(DescribeDbParameterGroupsOutput::builder().set_db_parameter_groups(Some(groups)).set_marker(marker).build())
}

/// A value that a user set and that is RDS's own anyway counts as RDS's.
fn source(known: &Known, set: Option<&String>) -> &'static str {
    match (set, known.default) {
        (Some(value), default) if default != Some(value.as_str()) => "user",
        (_, Some(_)) => "system",
        _ => "engine-default",
    }
}

fn describe_parameters(at: &mut At<'_>, input: &DescribeDbParametersInput) -> Answer<DescribeDbParametersOutput> {
    let set = the(at, input.db_parameter_group_name().unwrap_or_default())?.set.clone();
    let mut found = vec![];
    for known in PARAMETERS {
        let value = set.get(known.name);
        let source = source(known, value);
        let named = super::rds::rds_matches(input.filters(), |name| (name == "parameter-name").then(|| known.name.to_owned()))?;
        if !named || input.source().is_some_and(|wanted| wanted != source) {
            continue;
        }
        let parameter = Parameter::builder()
            .parameter_name(known.name)
            .set_parameter_value(value.cloned().or_else(|| known.default.map(str::to_owned)))
            .source(source)
            .apply_type(if known.dynamic { "dynamic" } else { "static" })
            .data_type("string")
            .set_allowed_values((!known.allowed.is_empty()).then(|| known.allowed.to_owned()))
            .is_modifiable(known.modifiable)
            .apply_method(ApplyMethod::PendingReboot);
        found.push(parameter.build());
    }
    let (parameters, marker) = rds_page(found, input.max_records(), input.marker())?;
    Ok(DescribeDbParametersOutput::builder().set_parameters(Some(parameters)).set_marker(marker).build())
}

/// What a change or a reset names, if RDS takes it; and whether all of it takes effect at once.
fn named(parameters: &[Parameter]) -> Answer<(Vec<(&'static Known, &Parameter)>, bool)> {
    if parameters.is_empty() || parameters.len() > 20 {
        return Err(wrong("The number of parameters in a request must be between 1 and 20"));
    }
    let mut all = vec![];
    for parameter in parameters {
        let known = known(parameter.parameter_name().unwrap_or_default())?;
        if !known.modifiable {
            return Err(wrong(format!("The parameter {} cannot be modified.", known.name)));
        }
        match parameter.apply_method() {
            Some(ApplyMethod::Immediate) if !known.dynamic => {
                return Err(unfit(format!("cannot use immediate apply method for static parameter {}", known.name)));
            }
            Some(_) => all.push((known, parameter)),
            None => return Err(wrong(format!("The parameter ApplyMethod must be provided for {}", known.name))),
        }
    }
    let at_once = all.iter().all(|(_, parameter)| parameter.apply_method() == Some(&ApplyMethod::Immediate));
    Ok((all, at_once))
}

fn refuse_own(name: &str) -> Answer<()> {
    if name.starts_with("default.") {
        Err(wrong(format!("Modifications to default parameter groups are not allowed: {name}")))
    } else {
        Ok(())
    }
}

fn modify(at: &mut At<'_>, input: &ModifyDbParameterGroupInput) -> Answer<ModifyDbParameterGroupOutput> {
    let name = input.db_parameter_group_name().unwrap_or_default().to_lowercase();
    refuse_own(&name)?;
    let row = the(at, &name)?;
    let (all, at_once) = named(input.parameters())?;
    for (known, parameter) in all {
        let value = parameter.parameter_value().unwrap_or_default();
        known.takes(value)?;
        row.set.insert(known.name.to_owned(), value.to_owned());
    }
    let value = |name: &str| row.set.get(name).map_or("utf8mb4", String::as_str);
    for (set, collation) in [("character_set_server", "collation_server"), ("character_set_connection", "collation_connection")] {
        let Some(wanted) = row.set.get(collation) else { continue };
        if wanted.split('_').next() != Some(value(set)) {
            return Err(wrong(format!("{collation} '{wanted}' is not valid for character_set '{}'", value(set))));
        }
    }
    tell_databases(at, &name, at_once);
    Ok(ModifyDbParameterGroupOutput::builder().db_parameter_group_name(name).build())
}

fn reset(at: &mut At<'_>, input: &ResetDbParameterGroupInput) -> Answer<ResetDbParameterGroupOutput> {
    let name = input.db_parameter_group_name().unwrap_or_default().to_lowercase();
    refuse_own(&name)?;
    let row = the(at, &name)?;
    let at_once = if input.reset_all_parameters().unwrap_or(true) {
        if !input.parameters().is_empty() {
            return Err(unfit("The parameter Parameters must not be given when ResetAllParameters is true"));
        }
        row.set.clear();
        false
    } else {
        let (all, at_once) = named(input.parameters())?;
        for (known, _) in all {
            row.set.remove(known.name);
        }
        at_once
    };
    tell_databases(at, &name, at_once);
    Ok(ResetDbParameterGroupOutput::builder().db_parameter_group_name(name).build())
}

/// The databases that have the group take it over, or wait for their reboot.
fn tell_databases(at: &mut At<'_>, name: &str, at_once: bool) {
    let applied = at.after(20);
    for db in at.here().db_instances.values_mut().filter(|db| db.parameter_group == name) {
        if at_once {
            db.parameters_applied_ms = applied;
        } else {
            db.needs_reboot = true;
        }
    }
}

fn delete(at: &mut At<'_>, input: &DeleteDbParameterGroupInput) -> Answer<DeleteDbParameterGroupOutput> {
    let name = input.db_parameter_group_name().unwrap_or_default().to_lowercase();
    if name.starts_with("default.") {
        return Err(wrong(format!("Default parameter groups cannot be deleted: {name}")));
    }
    the(at, &name)?;
    // One that is still being deleted counts.
    if at.here().db_instances.values().any(|db| db.parameter_group == name) {
        let text =
            format!("One or more database instances are still members of this parameter group {name}, so the group cannot be deleted");
        return Err(refuse(400, "InvalidDBParameterGroupState", text));
    }
    at.here().db_parameter_groups.remove(&name);
    Ok(DeleteDbParameterGroupOutput::builder().build())
}
