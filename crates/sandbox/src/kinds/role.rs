//! IAM roles, and those that AWS's services make for themselves.

use std::collections::BTreeMap;

use aws_sdk_iam::operation::create_role::{CreateRoleInput, CreateRoleOutput};
use aws_sdk_iam::operation::delete_role::{DeleteRoleInput, DeleteRoleOutput};
use aws_sdk_iam::operation::delete_role_permissions_boundary::{DeleteRolePermissionsBoundaryInput, DeleteRolePermissionsBoundaryOutput};
use aws_sdk_iam::operation::get_role::{GetRoleInput, GetRoleOutput};
use aws_sdk_iam::operation::list_role_tags::{ListRoleTagsInput, ListRoleTagsOutput};
use aws_sdk_iam::operation::list_roles::{ListRolesInput, ListRolesOutput};
use aws_sdk_iam::operation::put_role_permissions_boundary::{PutRolePermissionsBoundaryInput, PutRolePermissionsBoundaryOutput};
use aws_sdk_iam::operation::tag_role::{TagRoleInput, TagRoleOutput};
use aws_sdk_iam::operation::untag_role::{UntagRoleInput, UntagRoleOutput};
use aws_sdk_iam::operation::update_assume_role_policy::{UpdateAssumeRolePolicyInput, UpdateAssumeRolePolicyOutput};
use aws_sdk_iam::operation::update_role::{UpdateRoleInput, UpdateRoleOutput};
use aws_sdk_iam::types::{AttachedPermissionsBoundary, PermissionsBoundaryAttachmentType, Role};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::iam::{absent, as_tags, check_managed, check_name, check_trust, encoded, invalid, limit, moment, set_tags};
use super::quota;
use crate::cloud::{At, Table};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// One role, by its name in lower case: two roles never share a name, whatever its case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) path: String,
    pub(crate) trust: String,
    pub(crate) description: Option<String>,
    pub(crate) max_session_seconds: i32,
    pub(crate) boundary: Option<String>,
    pub(crate) created_ms: u64,
    /// From when its ARN is answered; before, its unique id stands there.
    pub(crate) spread_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
    /// Its inline policies, by name.
    pub(crate) policies: Table<String>,
    /// The managed policies on it, by ARN.
    pub(crate) attached: Vec<String>,
}

impl Row {
    pub(crate) fn arn(&self, account: &str) -> String {
        format!("arn:aws:iam::{account}:role{}{}", self.path, self.name)
    }

    /// Whether a service of AWS made it for itself.
    pub(crate) fn is_of_service(&self) -> bool {
        self.path.starts_with("/aws-service-role/")
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_role)
        .on(get_role)
        .on(list_roles)
        .on(list_role_tags)
        .on(update_trust)
        .on(update_role)
        .on(put_boundary)
        .on(delete_boundary)
        .on(tag_role)
        .on(untag_role)
        .on(delete_role)
}

fn gone(name: &str) -> Refusal {
    absent(format!("The role with name {name} cannot be found."))
}

/// The role of this name.
pub(crate) fn the<'a>(at: &'a mut At<'_>, name: Option<&str>) -> Answer<&'a mut Row> {
    let name = name.unwrap_or_default();
    check_name("roleName", name, 64)?;
    at.global().roles.get_mut(&name.to_lowercase()).ok_or_else(|| gone(name))
}

/// The same, for calls that change it: what a service of AWS made for itself nobody else changes.
pub(crate) fn the_own<'a>(at: &'a mut At<'_>, name: Option<&str>) -> Answer<&'a mut Row> {
    let row = the(at, name)?;
    if row.is_of_service() {
        let text = format!("Cannot perform the operation on the protected role '{}' - this role is only modifiable by AWS", row.name);
        return Err(refuse(400, "UnmodifiableEntity", text));
    }
    Ok(row)
}

/// A service makes its own role in an account when it does its first work there.
pub(crate) fn ensure_service_linked(at: &mut At<'_>, name: &str, service: &str) {
    if at.global().roles.contains_key(&name.to_lowercase()) {
        return;
    }
    let id = at.hex(17).to_uppercase();
    let trust =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
    let row = Row {
        name: name.to_owned(),
        id: format!("AROA{id}"),
        path: format!("/aws-service-role/{service}/"),
        trust: trust.to_string(),
        description: None,
        max_session_seconds: 3600,
        boundary: None,
        created_ms: at.now_ms,
        spread_ms: at.now_ms,
        tags: BTreeMap::new(),
        policies: Table::new(),
        attached: vec![format!(
            "arn:aws:iam::aws:policy/aws-service-role/{}",
            name.replace("AWSServiceRoleFor", "Amazon") + "ServiceRolePolicy"
        )],
    };
    at.global().roles.insert(name.to_lowercase(), row);
}

fn session(seconds: Option<i32>) -> Answer<i32> {
    let seconds = seconds.unwrap_or(3600);
    if (3600..=43_200).contains(&seconds) {
        return Ok(seconds);
    }
    Err(invalid(format!("1 validation error detected: Value '{seconds}' at 'maxSessionDuration' must be between 3600 and 43200")))
}

fn described(text: Option<&str>) -> Answer<Option<String>> {
    let taken = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
    match text {
        Some(text) if !text.chars().all(taken) => Err(invalid(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: Member must satisfy regular expression pattern",
        )),
        Some(text) if text.chars().count() > 1000 => {
            Err(invalid("1 validation error detected: Value at 'description' must have length less than or equal to 1000"))
        }
        text => Ok(text.filter(|text| !text.is_empty()).map(str::to_owned)),
    }
}

fn create_role(at: &mut At<'_>, input: &CreateRoleInput) -> Answer<CreateRoleOutput> {
    let name = input.role_name().unwrap_or_default();
    check_name("roleName", name, 64)?;
    let path = input.path().unwrap_or("/");
    let sound = path.starts_with('/') && path.ends_with('/') && path.len() <= 512 && path.chars().all(|c| c.is_ascii_graphic());
    if !sound || path.starts_with("/aws-service-role/") {
        return Err(invalid(format!(
            "The specified value for path {path} is invalid. It must begin and end with / and be at most 512 long."
        )));
    }
    let max_session_seconds = session(input.max_session_duration())?;
    let description = described(input.description())?;
    if at.global().roles.contains_key(&name.to_lowercase()) {
        return Err(refuse(409, "EntityAlreadyExists", format!("Role with name {name} already exists.")));
    }
    let trust = input.assume_role_policy_document().unwrap_or_default();
    check_trust(at, trust)?;
    if let Some(arn) = input.permissions_boundary() {
        check_managed(at, arn)?;
    }
    let most = quota::ROLES.most(at);
    if at.global().roles.values().filter(|row| !row.is_of_service()).count() >= most {
        return Err(limit(format!("Cannot exceed quota for RolesPerAccount: {most}")));
    }
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, input.tags())?;
    let row = Row {
        name: name.to_owned(),
        id: format!("AROA{}", at.hex(17).to_uppercase()),
        path: path.to_owned(),
        trust: trust.to_owned(),
        description,
        max_session_seconds,
        boundary: input.permissions_boundary().map(str::to_owned),
        created_ms: at.now_ms,
        spread_ms: at.after(2),
        tags,
        policies: Table::new(),
        attached: vec![],
    };
    let role = answer(at, &row)?;
    at.global().roles.insert(name.to_lowercase(), row);
    Ok(CreateRoleOutput::builder().role(role).build())
}

fn answer(at: &At<'_>, row: &Row) -> Answer<Role> {
    let boundary = row.boundary.as_ref().map(|arn| {
        let boundary = AttachedPermissionsBoundary::builder().permissions_boundary_arn(arn);
        boundary.permissions_boundary_type(PermissionsBoundaryAttachmentType::Policy).build()
    });
    Ok(Role::builder()
        .role_name(&row.name)
        .role_id(&row.id)
        .path(&row.path)
        .arn(if at.now_ms < row.spread_ms { row.id.clone() } else { row.arn(at.account) })
        .create_date(moment(row.created_ms))
        .assume_role_policy_document(encoded(&row.trust))
        .set_description(row.description.clone())
        .max_session_duration(row.max_session_seconds)
        .set_permissions_boundary(boundary)
        .set_tags(Some(as_tags(&row.tags)?))
        .build()?)
}

fn get_role(at: &mut At<'_>, input: &GetRoleInput) -> Answer<GetRoleOutput> {
    let row = the(at, input.role_name())?.clone();
    Ok(GetRoleOutput::builder().role(answer(at, &row)?).build())
}

/// The list tells neither tags nor boundaries.
fn list_roles(at: &mut At<'_>, input: &ListRolesInput) -> Answer<ListRolesOutput> {
    let size = size(input.max_items())?;
    let path = input.path_prefix().unwrap_or("/");
    let rows: Vec<Row> = at.global().roles.values().filter(|row| row.path.starts_with(path)).cloned().collect();
    let bare = |row: Row| answer(at, &Row { tags: BTreeMap::new(), boundary: None, ..row });
    let roles = rows.into_iter().map(bare).collect::<Answer<Vec<Role>>>()?;
    let (roles, next) = page(roles, size, input.marker())?;
    Ok(ListRolesOutput::builder().set_roles(Some(roles)).is_truncated(next.is_some()).set_marker(next).build()?)
}

fn list_role_tags(at: &mut At<'_>, input: &ListRoleTagsInput) -> Answer<ListRoleTagsOutput> {
    let size = size(input.max_items())?;
    let tags = as_tags(&the(at, input.role_name())?.tags)?;
    let (tags, next) = page(tags, size, input.marker())?;
    Ok(ListRoleTagsOutput::builder().set_tags(Some(tags)).is_truncated(next.is_some()).set_marker(next).build()?)
}

fn size(asked: Option<i32>) -> Answer<Option<usize>> {
    match usize::try_from(asked.unwrap_or(100)) {
        Ok(size) if (1..=1000).contains(&size) => Ok(Some(size)),
        _ => Err(invalid("1 validation error detected: Value at 'maxItems' must be between 1 and 1000")),
    }
}

fn update_trust(at: &mut At<'_>, input: &UpdateAssumeRolePolicyInput) -> Answer<UpdateAssumeRolePolicyOutput> {
    the_own(at, input.role_name())?;
    let trust = input.policy_document().unwrap_or_default();
    check_trust(at, trust)?;
    the_own(at, input.role_name())?.trust = trust.to_owned();
    Ok(UpdateAssumeRolePolicyOutput::builder().build())
}

fn update_role(at: &mut At<'_>, input: &UpdateRoleInput) -> Answer<UpdateRoleOutput> {
    let (seconds, text) = (session(input.max_session_duration())?, described(input.description())?);
    let row = the_own(at, input.role_name())?;
    row.max_session_seconds = seconds;
    if input.description().is_some() {
        row.description = text;
    }
    Ok(UpdateRoleOutput::builder().build())
}

fn put_boundary(at: &mut At<'_>, input: &PutRolePermissionsBoundaryInput) -> Answer<PutRolePermissionsBoundaryOutput> {
    let arn = input.permissions_boundary().unwrap_or_default();
    check_managed(at, arn)?;
    the_own(at, input.role_name())?.boundary = Some(arn.to_owned());
    Ok(PutRolePermissionsBoundaryOutput::builder().build())
}

fn delete_boundary(at: &mut At<'_>, input: &DeleteRolePermissionsBoundaryInput) -> Answer<DeleteRolePermissionsBoundaryOutput> {
    let row = the_own(at, input.role_name())?;
    if row.boundary.take().is_none() {
        return Err(absent(format!("The role {} has no permissions boundary.", row.name)));
    }
    Ok(DeleteRolePermissionsBoundaryOutput::builder().build())
}

fn tag_role(at: &mut At<'_>, input: &TagRoleInput) -> Answer<TagRoleOutput> {
    // AWS lets tag what its services made.
    set_tags(&mut the(at, input.role_name())?.tags, input.tags())?;
    Ok(TagRoleOutput::builder().build())
}

fn untag_role(at: &mut At<'_>, input: &UntagRoleInput) -> Answer<UntagRoleOutput> {
    let row = the(at, input.role_name())?;
    row.tags.retain(|key, _| !input.tag_keys().iter().any(|gone| gone.eq_ignore_ascii_case(key)));
    Ok(UntagRoleOutput::builder().build())
}

fn delete_role(at: &mut At<'_>, input: &DeleteRoleInput) -> Answer<DeleteRoleOutput> {
    let row = the_own(at, input.role_name())?;
    let held = |text: &str| refuse(409, "DeleteConflict", text);
    if !row.attached.is_empty() {
        return Err(held("Cannot delete entity, must detach all policies first."));
    }
    if !row.policies.is_empty() {
        return Err(held("Cannot delete entity, must delete policies first."));
    }
    let key = row.name.to_lowercase();
    at.global().roles.remove(&key);
    Ok(DeleteRoleOutput::builder().build())
}
