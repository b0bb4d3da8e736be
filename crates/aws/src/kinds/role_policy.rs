//! The driver of `role-policy`. Its id is `ROLE/NAME`; neither name can hold a `/`.

use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{RolePolicy, RolePolicyOutputs, RolePolicySpec};
use bbws_model::{CloudError, Locate, Name, Observed, Phase, PolicyDocument, Ready};
use futures::future::join_all;

use super::iam::{document, owner_on, unless_absent};
use crate::{Aws, Told};

impl Driver<RolePolicy> for Aws {
    async fn observe(&self, at: &[Locate<RolePolicy>], reading: &Reading) -> Vec<Sight<RolePolicy>> {
        join_all(at.iter().map(|place| self.role_policy(place, reading))).await
    }

    async fn create(&self, want: &RolePolicySpec<Ready>, _: &Attempt) -> Result<Created, CloudError> {
        self.put_role_policy(want).await?;
        Ok(Created { id: format!("{}/{}", want.role, want.name).into() })
    }

    async fn update(&self, seen: &Observed<RolePolicy>, want: &RolePolicySpec<Ready>, _: &Attempt) -> Result<Progress, CloudError> {
        if seen.spec.document == want.document {
            return Ok(Progress::Nothing);
        }
        self.put_role_policy(want).await?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<RolePolicy>, _: &Attempt) -> Result<Progress, CloudError> {
        let RolePolicySpec { role, name, document: _ } = &seen.spec;
        let delete = self.write.iam.delete_role_policy().role_name(role.as_str()).policy_name(name);
        delete.send().await.told("iam:DeleteRolePolicy")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn put_role_policy(&self, want: &RolePolicySpec<Ready>) -> Result<(), CloudError> {
        let RolePolicySpec { role, name, document } = want;
        let put = self.write.iam.put_role_policy().role_name(role.as_str()).policy_name(name).policy_document(document.to_text());
        put.send().await.told("iam:PutRolePolicy").map(|_| ())
    }

    async fn role_policy(&self, place: &Locate<RolePolicy>, reading: &Reading) -> Sight<RolePolicy> {
        let by_spec = (place.spec.role.as_str(), place.spec.name.as_str());
        let (role, name) = place.id.as_ref().and_then(|id| id.as_str().split_once('/')).unwrap_or(by_spec);
        let (holder, text) = tokio::join!(self.iam_role(role, reading), self.role_policy_document(role, name, reading));
        let (Some(holder), Some(document)) = (holder?.as_ref().clone(), text?) else { return Ok(None) };
        Ok(Some(Observed {
            id: format!("{role}/{name}").into(),
            spec: RolePolicySpec { role: Name::new(role), name: name.to_owned(), document },
            outputs: RolePolicyOutputs { name: Name::new(name) },
            phase: Phase::Ready,
            owner: owner_on(&holder, place),
        }))
    }

    async fn role_policy_document(&self, role: &str, name: &str, reading: &Reading) -> Result<Option<PolicyDocument>, CloudError> {
        const OPERATION: &str = "iam:GetRolePolicy";
        let ask = || async {
            let answer = unless_absent(self.read.iam.get_role_policy().role_name(role).policy_name(name).send().await.told(OPERATION))?;
            Ok((answer.map(|answer| document(OPERATION, answer.policy_document())).transpose()?, 1))
        };
        Ok(reading.once(format!("{OPERATION} {role}/{name}"), ask()).await?.as_ref().clone())
    }
}
