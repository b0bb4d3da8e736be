//! The driver of `subnet`.

use std::sync::Arc;

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, ResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Subnet, SubnetOutputs, SubnetSpec};
use bbws_model::{CloudError, Id, Locate, Observed, Phase, Ready};

use super::ec2::{filter, from_tags, of_lineage, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::Subnet;

impl Driver<Subnet> for Aws {
    async fn observe(&self, at: &[Locate<Subnet>], reading: &Reading) -> Vec<Sight<Subnet>> {
        let all = match self.subnets(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| {
                let raw = match &place.id {
                    Some(id) => all.get(id.as_str()),
                    // AWS refuses overlaps, so VPC and addresses together name one subnet.
                    None => all.values().find(|raw| {
                        raw.vpc_id() == Some(place.spec.vpc.as_str()) && raw.cidr_block() == Some(place.spec.cidr.to_string().as_str())
                    }),
                };
                raw.map(observed).transpose()
            })
            .collect()
    }

    async fn create(&self, want: &SubnetSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateSubnet";
        let answer = self
            .write
            .ec2
            .create_subnet()
            .vpc_id(want.vpc.as_str())
            .cidr_block(want.cidr.to_string())
            .availability_zone(&want.zone)
            .tag_specifications(specification(ResourceType::Subnet, &want.tags, attempt))
            .send()
            .await
            .told(OPERATION)
            .map_err(not_yet)?;
        let id = told(OPERATION, "SubnetId", answer.subnet.and_then(|subnet| subnet.subnet_id))?;
        Ok(Created { id: id.into() })
    }

    async fn update(&self, seen: &Observed<Subnet>, want: &SubnetSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (id, have) = (seen.id.as_str(), &seen.spec);
        if have.public_addresses != want.public_addresses {
            let value = AttributeBooleanValue::builder().value(want.public_addresses).build();
            let modify = self.write.ec2.modify_subnet_attribute().subnet_id(id).map_public_ip_on_launch(value);
            modify.send().await.told("ec2:ModifySubnetAttribute")?;
            return Ok(Progress::Sent);
        }
        self.retag(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<Subnet>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.ec2.delete_subnet().subnet_id(seen.id.as_str()).send().await.told("ec2:DeleteSubnet")?;
        Ok(Progress::Sent)
    }
}

fn observed(raw: &Raw) -> Result<Observed<Subnet>, CloudError> {
    const OPERATION: &str = "ec2:DescribeSubnets";
    let id = told(OPERATION, "SubnetId", raw.subnet_id())?;
    let cidr = told(OPERATION, "CidrBlock", raw.cidr_block().and_then(|text| text.parse().ok()))?;
    let zone = told(OPERATION, "AvailabilityZone", raw.availability_zone())?;
    let vpc = told(OPERATION, "VpcId", raw.vpc_id())?;
    let (tags, owner) = from_tags(raw.tags());
    let state = raw.state().map_or("unknown", |s| s.as_str()).to_lowercase();
    Ok(Observed {
        id: id.into(),
        spec: SubnetSpec {
            vpc: Id::new(vpc),
            cidr,
            zone: zone.to_owned(),
            public_addresses: raw.map_public_ip_on_launch().unwrap_or(false),
            tags,
        },
        outputs: SubnetOutputs { id: Id::new(id), arn: raw.subnet_arn().unwrap_or_default().to_owned(), cidr, zone: zone.to_owned() },
        phase: match state.as_str() {
            "available" => Phase::Ready,
            failed if failed.starts_with("failed") => Phase::Failed(format!("AWS says the subnet is `{failed}`")),
            _ => Phase::Pending("AWS makes the subnet available".into()),
        },
        owner,
    })
}

impl Aws {
    async fn subnets(&self, at: &[Locate<Subnet>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let lineage = lineage(at);
        let scanned =
            reading.once(format!("ec2:DescribeSubnets lineage={lineage}"), self.describe_subnets(vec![of_lineage(lineage)])).await?;
        let mut all = scanned.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by = vec![filter("subnet-id", ids.to_vec())];
            let more = reading.once(format!("ec2:DescribeSubnets ids={}", ids.join(",")), self.describe_subnets(by)).await?;
            all.extend(more.as_ref().clone());
        }
        // Without an id the natural key decides, whoever made the subnet.
        let mut vpcs: Vec<&str> = at.iter().filter(|place| place.id.is_none()).map(|place| place.spec.vpc.as_str()).collect();
        vpcs.sort_unstable();
        vpcs.dedup();
        if !vpcs.is_empty() {
            all.extend(self.subnets_of_vpcs(&vpcs, reading).await?.as_ref().clone());
        }
        Ok(all)
    }

    /// All subnets of some VPCs, whoever made them.
    pub(crate) async fn subnets_of_vpcs(&self, vpcs: &[&str], reading: &Reading) -> Result<Arc<ById<Raw>>, CloudError> {
        let by = vec![filter("vpc-id", vpcs.to_vec())];
        reading.once(format!("ec2:DescribeSubnets vpcs={}", vpcs.join(",")), self.describe_subnets(by)).await
    }

    pub(super) async fn describe_subnets(&self, by: Vec<Filter>) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_subnets().set_filters(Some(by)).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let subnets = page.told("ec2:DescribeSubnets")?.subnets.unwrap_or_default();
            all.extend(subnets.into_iter().filter_map(|subnet| Some((subnet.subnet_id.clone()?, subnet))));
        }
        Ok((all, calls))
    }
}
