//! The driver of `vpc`.

use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, SecurityGroup, VpcAttributeName};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Vpc, VpcOutputs, VpcSpec};
use bbws_model::{CloudError, Id, Locate, Observed, Phase};

use super::ec2::{filter, from_tags, of_lineage, specification, told};
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::Vpc;

impl Driver<Vpc> for Aws {
    async fn observe(&self, at: &[Locate<Vpc>], reading: &Reading) -> Vec<Sight<Vpc>> {
        let all = match self.vpcs(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        let mut sights = vec![];
        for place in at {
            let raw = match &place.id {
                Some(id) => all.get(id.as_str()),
                None => all.values().find(|raw| {
                    from_tags(raw.tags())
                        .1
                        .is_some_and(|o| o.address == place.address && place.intent.as_ref().is_none_or(|i| *i == o.intent))
                }),
            };
            sights.push(match raw {
                Some(raw) => self.whole_vpc(raw, reading).await.map(Some),
                None => Ok(None),
            });
        }
        sights
    }

    async fn create(&self, want: &VpcSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateVpc";
        let answer = self
            .write
            .ec2
            .create_vpc()
            .cidr_block(want.cidr.to_string())
            .tag_specifications(specification(ResourceType::Vpc, &want.tags, attempt))
            .send()
            .await
            .told(OPERATION)?;
        let id = told(OPERATION, "VpcId", answer.vpc.and_then(|vpc| vpc.vpc_id))?;
        Ok(Created { id: id.into() })
    }

    async fn update(&self, seen: &Observed<Vpc>, want: &VpcSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (id, have) = (seen.id.as_str(), &seen.spec);
        let on = |value: bool| AttributeBooleanValue::builder().value(value).build();
        let modify = || self.write.ec2.modify_vpc_attribute().vpc_id(id);
        const MODIFY: &str = "ec2:ModifyVpcAttribute";
        // Host names need support: it is switched on before them, and off after them. AWS takes one attribute a call.
        if have.dns_support != want.dns_support && (want.dns_support || !have.dns_hostnames) {
            modify().enable_dns_support(on(want.dns_support)).send().await.told(MODIFY)?;
            return Ok(Progress::Sent);
        }
        if have.dns_hostnames != want.dns_hostnames {
            modify().enable_dns_hostnames(on(want.dns_hostnames)).send().await.told(MODIFY)?;
            return Ok(Progress::Sent);
        }
        if want.empty_default_group && !have.empty_default_group {
            return self.empty_default_group(id).await;
        }
        self.retag(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<Vpc>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.ec2.delete_vpc().vpc_id(seen.id.as_str()).send().await.told("ec2:DeleteVpc")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn vpcs(&self, at: &[Locate<Vpc>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let lineage = lineage(at);
        let scanned = reading.once(format!("ec2:DescribeVpcs lineage={lineage}"), self.describe_vpcs(of_lineage(lineage))).await?;
        let mut all = scanned.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let more =
                reading.once(format!("ec2:DescribeVpcs ids={}", ids.join(",")), self.describe_vpcs(filter("vpc-id", ids.to_vec()))).await?;
            all.extend(more.as_ref().clone());
        }
        Ok(all)
    }

    pub(super) async fn describe_vpcs(
        &self,
        by: impl Into<Option<aws_sdk_ec2::types::Filter>> + Send,
    ) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_vpcs().set_filters(by.into().map(|by| vec![by])).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            all.extend(
                page.told("ec2:DescribeVpcs")?.vpcs.unwrap_or_default().into_iter().filter_map(|vpc| Some((vpc.vpc_id.clone()?, vpc))),
            );
        }
        Ok((all, calls))
    }

    /// A VPC's description lacks its DNS flags, one call each, and its default security group.
    async fn whole_vpc(&self, raw: &Raw, reading: &Reading) -> Result<Observed<Vpc>, CloudError> {
        const OPERATION: &str = "ec2:DescribeVpcs";
        let id = told(OPERATION, "VpcId", raw.vpc_id())?;
        let cidr = told(OPERATION, "CidrBlock", raw.cidr_block().and_then(|text| text.parse().ok()))?;
        let (support, hostnames, group) = tokio::join!(
            self.vpc_flag(id, VpcAttributeName::EnableDnsSupport, reading),
            self.vpc_flag(id, VpcAttributeName::EnableDnsHostnames, reading),
            self.default_group(id, reading)
        );
        let (support, hostnames, group) = (support?, hostnames?, group?);
        let (tags, owner) = from_tags(raw.tags());
        let empty = group.as_ref().is_none_or(|g| g.ip_permissions().is_empty() && g.ip_permissions_egress().is_empty());
        let available = raw.state().is_some_and(|s| s.as_str().eq_ignore_ascii_case("available"));
        Ok(Observed {
            id: id.into(),
            spec: VpcSpec { cidr, dns_support: support, dns_hostnames: hostnames, empty_default_group: empty, tags },
            outputs: VpcOutputs { id: Id::new(id), cidr, default_security_group: group.and_then(|g| g.group_id) },
            phase: if available { Phase::Ready } else { Phase::Pending("AWS makes the VPC available".into()) },
            owner,
        })
    }

    async fn vpc_flag(&self, id: &str, name: VpcAttributeName, reading: &Reading) -> Result<bool, CloudError> {
        let ask = || async {
            let answer =
                self.read.ec2.describe_vpc_attribute().vpc_id(id).attribute(name.clone()).send().await.told("ec2:DescribeVpcAttribute")?;
            let flag = answer.enable_dns_support.or(answer.enable_dns_hostnames).and_then(|v| v.value);
            Ok((flag.unwrap_or(false), 1))
        };
        Ok(*reading.once(format!("ec2:DescribeVpcAttribute {id} {name}"), ask()).await?)
    }

    async fn default_group(&self, vpc: &str, reading: &Reading) -> Result<Option<SecurityGroup>, CloudError> {
        let groups = self.groups_of_vpc(vpc, reading).await?;
        Ok(groups.values().find(|g| g.group_name() == Some("default")).cloned())
    }

    /// Takes the rules out of the default security group: the incoming ones in one call, the outgoing ones in the next.
    async fn empty_default_group(&self, vpc: &str) -> Result<Progress, CloudError> {
        let Some(group) = self.default_group(vpc, &Reading::new()).await? else { return Ok(Progress::Nothing) };
        let id = told("ec2:DescribeSecurityGroups", "GroupId", group.group_id())?;
        if !group.ip_permissions().is_empty() {
            let revoke = self.write.ec2.revoke_security_group_ingress().group_id(id).set_ip_permissions(group.ip_permissions.clone());
            revoke.send().await.told("ec2:RevokeSecurityGroupIngress")?;
            return Ok(Progress::Sent);
        }
        if !group.ip_permissions_egress().is_empty() {
            let revoke = self.write.ec2.revoke_security_group_egress().group_id(id).set_ip_permissions(group.ip_permissions_egress.clone());
            revoke.send().await.told("ec2:RevokeSecurityGroupEgress")?;
            return Ok(Progress::Sent);
        }
        Ok(Progress::Nothing)
    }
}
