//! The driver of `role`. AWS knows a role by its name.

use aws_sdk_iam::types::Role as Raw;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Role, RoleOutputs, RoleSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};
use futures::future::join_all;

use super::ec2::told;
use super::iam::{as_tags, document, tags_of};
use crate::{Aws, Told};

impl Driver<Role> for Aws {
    async fn observe(&self, at: &[Locate<Role>], reading: &Reading) -> Vec<Sight<Role>> {
        let look = |place: &Locate<Role>| {
            let name = place.id.as_ref().map_or_else(|| place.spec.name.clone(), ToString::to_string);
            async move { self.iam_role(&name, reading).await?.as_ref().as_ref().map(observed).transpose() }
        };
        join_all(at.iter().map(look)).await
    }

    async fn create(&self, want: &RoleSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "iam:CreateRole";
        let RoleSpec { name, trust, path, description, max_session_seconds, permissions_boundary, tags } = want;
        self.write
            .iam
            .create_role()
            .role_name(name)
            .assume_role_policy_document(trust.to_text())
            .path(path)
            .set_description((!description.is_empty()).then(|| description.clone()))
            .max_session_duration(seconds(OPERATION, *max_session_seconds)?)
            .set_permissions_boundary(permissions_boundary.clone())
            .set_tags(Some(as_tags(OPERATION, attempt.tagged(tags))?))
            .send()
            .await
            .told(OPERATION)?;
        Ok(Created { id: name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<Role>, want: &RoleSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (name, have, iam) = (seen.id.as_str(), &seen.spec, &self.write.iam);
        if have.trust != want.trust {
            let update = iam.update_assume_role_policy().role_name(name).policy_document(want.trust.to_text());
            update.send().await.told("iam:UpdateAssumeRolePolicy")?;
            return Ok(Progress::Sent);
        }
        if (&have.description, have.max_session_seconds) != (&want.description, want.max_session_seconds) {
            const OPERATION: &str = "iam:UpdateRole";
            // A session length that is left out goes back to an hour, so both are sent.
            let update = iam.update_role().role_name(name).description(&want.description);
            update.max_session_duration(seconds(OPERATION, want.max_session_seconds)?).send().await.told(OPERATION)?;
            return Ok(Progress::Sent);
        }
        if have.permissions_boundary != want.permissions_boundary {
            match &want.permissions_boundary {
                Some(arn) => {
                    let put = iam.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
                    put.send().await.told("iam:PutRolePermissionsBoundary")?;
                }
                None => {
                    iam.delete_role_permissions_boundary().role_name(name).send().await.told("iam:DeleteRolePermissionsBoundary")?;
                }
            }
            return Ok(Progress::Sent);
        }
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        if !missing.is_empty() {
            const OPERATION: &str = "iam:TagRole";
            iam.tag_role().role_name(name).set_tags(Some(as_tags(OPERATION, missing)?)).send().await.told(OPERATION)?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        iam.untag_role().role_name(name).set_tag_keys(Some(extra)).send().await.told("iam:UntagRole")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Role>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.iam.delete_role().role_name(seen.id.as_str()).send().await.told("iam:DeleteRole")?;
        Ok(Progress::Sent)
    }
}

fn seconds(operation: &str, seconds: u32) -> Result<i32, CloudError> {
    i32::try_from(seconds).map_err(|error| CloudError::own(operation, Class::Invalid, error.to_string()))
}

fn observed(raw: &Raw) -> Result<Observed<Role>, CloudError> {
    const OPERATION: &str = "iam:GetRole";
    let trust = document(OPERATION, told(OPERATION, "AssumeRolePolicyDocument", raw.assume_role_policy_document())?)?;
    let (tags, owner) = tags_of(raw);
    let spread = raw.arn().starts_with("arn:");
    Ok(Observed {
        id: raw.role_name().into(),
        spec: RoleSpec {
            name: raw.role_name().to_owned(),
            trust,
            path: raw.path().to_owned(),
            description: raw.description().unwrap_or_default().to_owned(),
            max_session_seconds: raw.max_session_duration().and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(3600),
            permissions_boundary: raw.permissions_boundary().and_then(|boundary| boundary.permissions_boundary_arn()).map(str::to_owned),
            tags,
        },
        outputs: RoleOutputs { arn: spread.then(|| Arn::new(raw.arn())), name: Name::new(raw.role_name()) },
        phase: if spread { Phase::Ready } else { Phase::Pending("IAM spreads the role's ARN".into()) },
        owner,
    })
}
