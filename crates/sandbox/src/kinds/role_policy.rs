//! Inline policies of IAM roles.

use aws_sdk_iam::operation::delete_role_policy::{DeleteRolePolicyInput, DeleteRolePolicyOutput};
use aws_sdk_iam::operation::get_role_policy::{GetRolePolicyInput, GetRolePolicyOutput};
use aws_sdk_iam::operation::list_role_policies::{ListRolePoliciesInput, ListRolePoliciesOutput};
use aws_sdk_iam::operation::put_role_policy::{PutRolePolicyInput, PutRolePolicyOutput};

use super::iam::{absent, check_name, check_permissions, encoded, invalid, length, limit};
use super::role::{the, the_own};
use crate::cloud::At;
use crate::fate::{Answer, Refusal};
use crate::handlers::Handlers;
use crate::paging::page;

/// What AWS takes for all inline policies of a role together, white space aside.
const MOST: usize = 10_240;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(put).on(get).on(list).on(delete)
}

fn gone(name: &str) -> Refusal {
    absent(format!("The role policy with name {name} cannot be found."))
}

fn put(at: &mut At<'_>, input: &PutRolePolicyInput) -> Answer<PutRolePolicyOutput> {
    let (name, document) = (input.policy_name().unwrap_or_default(), input.policy_document().unwrap_or_default());
    check_name("policyName", name, 128)?;
    let row = the_own(at, input.role_name())?;
    check_permissions(document)?;
    row.policies.insert(name.to_owned(), document.to_owned());
    if row.policies.values().map(|document| length(document)).sum::<usize>() > MOST {
        return Err(limit(format!("Maximum policy size of {MOST} bytes exceeded for role {}", row.name)));
    }
    Ok(PutRolePolicyOutput::builder().build())
}

fn get(at: &mut At<'_>, input: &GetRolePolicyInput) -> Answer<GetRolePolicyOutput> {
    let row = the(at, input.role_name())?;
    let name = input.policy_name().unwrap_or_default();
    let document = row.policies.get(name).ok_or_else(|| gone(name))?;
    Ok(GetRolePolicyOutput::builder().role_name(&row.name).policy_name(name).policy_document(encoded(document)).build()?)
}

fn list(at: &mut At<'_>, input: &ListRolePoliciesInput) -> Answer<ListRolePoliciesOutput> {
    let size = input.max_items().unwrap_or(100);
    if !(1..=1000).contains(&size) {
        return Err(invalid(format!("1 validation error detected: Value '{size}' at 'maxItems' must be between 1 and 1000")));
    }
    let names: Vec<String> = the(at, input.role_name())?.policies.keys().cloned().collect();
    let (found, next) = page(names, usize::try_from(size).ok(), input.marker())?;
    Ok(ListRolePoliciesOutput::builder().set_policy_names(Some(found)).is_truncated(next.is_some()).set_marker(next).build()?)
}

fn delete(at: &mut At<'_>, input: &DeleteRolePolicyInput) -> Answer<DeleteRolePolicyOutput> {
    let name = input.policy_name().unwrap_or_default();
    let row = the_own(at, input.role_name())?;
    row.policies.remove(name).ok_or_else(|| gone(name))?;
    Ok(DeleteRolePolicyOutput::builder().build())
}
