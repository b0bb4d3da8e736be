//! Managed policies on IAM roles.

use aws_sdk_iam::operation::attach_role_policy::{AttachRolePolicyInput, AttachRolePolicyOutput};
use aws_sdk_iam::operation::detach_role_policy::{DetachRolePolicyInput, DetachRolePolicyOutput};
use aws_sdk_iam::operation::list_attached_role_policies::{ListAttachedRolePoliciesInput, ListAttachedRolePoliciesOutput};
use aws_sdk_iam::types::AttachedPolicy;

use super::iam::{absent, check_managed, invalid, limit};
use super::role::{the, the_own};
use crate::cloud::At;
use crate::fate::Answer;
use crate::handlers::Handlers;
use crate::paging::page;

/// How many managed policies AWS takes on a role.
const MOST: usize = 10;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(attach).on(list).on(detach)
}

fn attach(at: &mut At<'_>, input: &AttachRolePolicyInput) -> Answer<AttachRolePolicyOutput> {
    let arn = input.policy_arn().unwrap_or_default();
    the_own(at, input.role_name())?;
    check_managed(at, arn)?;
    let row = the_own(at, input.role_name())?;
    // What is attached already is no error.
    if !row.attached.iter().any(|have| have == arn) {
        if row.attached.len() >= MOST {
            return Err(limit(format!("Cannot exceed quota for PoliciesPerRole: {MOST}")));
        }
        row.attached.push(arn.to_owned());
    }
    Ok(AttachRolePolicyOutput::builder().build())
}

fn list(at: &mut At<'_>, input: &ListAttachedRolePoliciesInput) -> Answer<ListAttachedRolePoliciesOutput> {
    let size = input.max_items().unwrap_or(100);
    if !(1..=1000).contains(&size) {
        return Err(invalid(format!("1 validation error detected: Value '{size}' at 'maxItems' must be between 1 and 1000")));
    }
    if input.path_prefix().is_some() {
        return Err(invalid("sandbox: PathPrefix is not simulated"));
    }
    let attached = the(at, input.role_name())?.attached.clone();
    let (found, next) = page(attached, usize::try_from(size).ok(), input.marker())?;
    let policy = |arn: String| AttachedPolicy::builder().policy_name(arn.rsplit('/').next().unwrap_or_default()).policy_arn(arn).build();
    Ok(ListAttachedRolePoliciesOutput::builder()
        .set_attached_policies(Some(found.into_iter().map(policy).collect()))
        .is_truncated(next.is_some())
        .set_marker(next)
        .build())
}

fn detach(at: &mut At<'_>, input: &DetachRolePolicyInput) -> Answer<DetachRolePolicyOutput> {
    let arn = input.policy_arn().unwrap_or_default();
    let row = the_own(at, input.role_name())?;
    let before = row.attached.len();
    row.attached.retain(|have| have != arn);
    if row.attached.len() == before {
        return Err(absent(format!("Policy {arn} was not found.")));
    }
    Ok(DetachRolePolicyOutput::builder().build())
}
