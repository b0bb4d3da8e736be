//! What others have added to roles: inline policies, and managed policies that they attached. Each lets the role do more than is
//! declared.

use std::collections::BTreeSet;
use std::sync::Arc;

use bbws_engine::{Addition, Carrier, Hanging, Reading};
use bbws_kinds::Role;
use bbws_model::{CloudError, Observed};

use super::iam::unless_absent;
use crate::{Aws, Told};

impl Carrier<Role> for Aws {
    async fn hung_on(&self, seen: &Observed<Role>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let role = seen.id.as_str();
        let (inline, attached) = tokio::try_join!(self.inline_policies(role, reading), self.attached_policies(role, reading))?;
        let own = inline.iter().map(|name| {
            let undo = format!("aws iam delete-role-policy --role-name {role} --policy-name {name}");
            added("inline policy", role, name, Addition { danger: "", undo })
        });
        let managed = attached.iter().map(|arn| {
            let danger = if arn.ends_with(":policy/AdministratorAccess") { "it lets the role do everything" } else { "" };
            let undo = format!("aws iam detach-role-policy --role-name {role} --policy-arn {arn}");
            added("attached policy", role, arn, Addition { danger, undo })
        });
        Ok(own.chain(managed).collect())
    }
}

/// What is ours among it is known by the id, which is that of the kinds.
fn added(what: &'static str, role: &str, policy: &str, adds: Addition) -> Hanging {
    let name = policy.rsplit('/').next().unwrap_or(policy).to_owned();
    Hanging { what, id: format!("{role}/{policy}").into(), name, owner: None, adds: Some(adds) }
}

impl Aws {
    /// The names of the inline policies in a role; none in a role that is not there.
    async fn inline_policies(&self, role: &str, reading: &Reading) -> Result<Arc<BTreeSet<String>>, CloudError> {
        const OPERATION: &str = "iam:ListRolePolicies";
        let ask = || async {
            let (mut all, mut calls) = (BTreeSet::new(), 0);
            let mut pages = self.read.iam.list_role_policies().role_name(role).into_paginator().send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let Some(page) = unless_absent(page.told(OPERATION))? else { break };
                all.extend(page.policy_names);
            }
            Ok((all, calls))
        };
        reading.once(format!("{OPERATION} {role}"), ask()).await
    }
}
