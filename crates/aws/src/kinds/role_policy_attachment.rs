//! The driver of `role-policy-attachment`. Its id is `ROLE/ARN`; the name of a role cannot hold a `/`.

use std::collections::BTreeSet;
use std::sync::Arc;

use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{RolePolicyAttachment, RolePolicyAttachmentOutputs, RolePolicyAttachmentSpec};
use bbws_model::{CloudError, Locate, Name, Observed, Phase, Ready};
use futures::future::join_all;

use super::iam::{owner_on, unless_absent};
use crate::{Aws, Told};

impl Driver<RolePolicyAttachment> for Aws {
    async fn observe(&self, at: &[Locate<RolePolicyAttachment>], reading: &Reading) -> Vec<Sight<RolePolicyAttachment>> {
        join_all(at.iter().map(|place| self.role_policy_attachment(place, reading))).await
    }

    async fn create(&self, want: &RolePolicyAttachmentSpec<Ready>, _: &Attempt) -> Result<Created, CloudError> {
        let RolePolicyAttachmentSpec { role, policy } = want;
        let attach = self.write.iam.attach_role_policy().role_name(role.as_str()).policy_arn(policy);
        attach.send().await.told("iam:AttachRolePolicy")?;
        Ok(Created { id: format!("{role}/{policy}").into() })
    }

    /// An attachment has nothing that could change.
    async fn update(
        &self,
        _: &Observed<RolePolicyAttachment>,
        _: &RolePolicyAttachmentSpec<Ready>,
        _: &Attempt,
    ) -> Result<Progress, CloudError> {
        Ok(Progress::Nothing)
    }

    async fn delete(&self, seen: &Observed<RolePolicyAttachment>, _: &Attempt) -> Result<Progress, CloudError> {
        let RolePolicyAttachmentSpec { role, policy } = &seen.spec;
        let detach = self.write.iam.detach_role_policy().role_name(role.as_str()).policy_arn(policy);
        detach.send().await.told("iam:DetachRolePolicy")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn role_policy_attachment(&self, place: &Locate<RolePolicyAttachment>, reading: &Reading) -> Sight<RolePolicyAttachment> {
        let by_spec = (place.spec.role.as_str(), place.spec.policy.as_str());
        let (role, policy) = place.id.as_ref().and_then(|id| id.as_str().split_once('/')).unwrap_or(by_spec);
        let (holder, attached) = tokio::join!(self.iam_role(role, reading), self.attached_policies(role, reading));
        let Some(holder) = holder?.as_ref().clone() else { return Ok(None) };
        Ok(attached?.contains(policy).then(|| Observed {
            id: format!("{role}/{policy}").into(),
            spec: RolePolicyAttachmentSpec { role: Name::new(role), policy: policy.to_owned() },
            outputs: RolePolicyAttachmentOutputs { policy: policy.to_owned() },
            phase: Phase::Ready,
            owner: owner_on(&holder, place),
        }))
    }

    /// The ARNs of the managed policies on a role; none on a role that is not there.
    pub(super) async fn attached_policies(&self, role: &str, reading: &Reading) -> Result<Arc<BTreeSet<String>>, CloudError> {
        const OPERATION: &str = "iam:ListAttachedRolePolicies";
        let ask = || async {
            let (mut all, mut calls) = (BTreeSet::new(), 0);
            let mut pages = self.read.iam.list_attached_role_policies().role_name(role).into_paginator().send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let Some(page) = unless_absent(page.told(OPERATION))? else { break };
                all.extend(page.attached_policies.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn));
            }
            Ok((all, calls))
        };
        reading.once(format!("{OPERATION} {role}"), ask()).await
    }
}
