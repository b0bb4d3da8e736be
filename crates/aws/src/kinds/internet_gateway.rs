//! The driver of `internet-gateway`. Create makes it, update attaches it, delete detaches and then deletes it.

use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, InternetGatewayAttachment, ResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{InternetGateway, InternetGatewayOutputs, InternetGatewaySpec};
use bbws_model::{CloudError, Id, Locate, Observed, Phase, Ready};

use super::ec2::{bears, filter, from_tags, of_lineage, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::InternetGateway;

const DESCRIBE: &str = "ec2:DescribeInternetGateways";

impl Driver<InternetGateway> for Aws {
    async fn observe(&self, at: &[Locate<InternetGateway>], reading: &Reading) -> Vec<Sight<InternetGateway>> {
        let all = match self.internet_gateways(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter().map(|place| found(place, &all).map(observed).transpose()).collect()
    }

    async fn create(&self, want: &InternetGatewaySpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateInternetGateway";
        let tags = specification(ResourceType::InternetGateway, &want.tags, attempt);
        let answer = self.write.ec2.create_internet_gateway().tag_specifications(tags).send().await.told(OPERATION)?;
        let id = told(OPERATION, "InternetGatewayId", answer.internet_gateway.and_then(|gateway| gateway.internet_gateway_id))?;
        Ok(Created { id: id.into() })
    }

    async fn update(
        &self,
        seen: &Observed<InternetGateway>,
        want: &InternetGatewaySpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let (id, have) = (seen.id.as_str(), &seen.spec);
        if let (None, Some(vpc)) = (&have.vpc, &want.vpc) {
            let attach = self.write.ec2.attach_internet_gateway().internet_gateway_id(id).vpc_id(vpc.as_str());
            // Gateway and VPC may both be new, and not known everywhere.
            attach.send().await.told("ec2:AttachInternetGateway").map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.retag(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<InternetGateway>, _: &Attempt) -> Result<Progress, CloudError> {
        let id = seen.id.as_str();
        if seen.phase == Phase::Leaving {
            return Ok(Progress::Nothing);
        }
        match &seen.spec.vpc {
            Some(vpc) => {
                let detach = self.write.ec2.detach_internet_gateway().internet_gateway_id(id).vpc_id(vpc.as_str());
                detach.send().await.told("ec2:DetachInternetGateway")?;
            }
            None => {
                self.write.ec2.delete_internet_gateway().internet_gateway_id(id).send().await.told("ec2:DeleteInternetGateway")?;
            }
        }
        Ok(Progress::Sent)
    }
}

/// By id, else by our mark, else, because a VPC takes only one, as the gateway of the VPC.
fn found<'a>(place: &Locate<InternetGateway>, all: &'a ById<Raw>) -> Option<&'a Raw> {
    if let Some(id) = &place.id {
        return all.get(id.as_str());
    }
    let marked = all.values().find(|raw| bears(raw.tags(), place));
    let attached = || {
        let vpc = place.spec.vpc.as_ref().filter(|_| place.intent.is_none())?;
        all.values().find(|raw| attachment(raw).and_then(|attachment| attachment.vpc_id()) == Some(vpc.as_str()))
    };
    marked.or_else(attached)
}

/// The one attachment that a gateway has, if it has one.
fn attachment(raw: &Raw) -> Option<&InternetGatewayAttachment> {
    raw.attachments().iter().find(|attachment| state(attachment) != "detached")
}

/// AWS says `available` of a gateway that is attached, where its own list of states says `attached`.
fn state(attachment: &InternetGatewayAttachment) -> &str {
    attachment.state().map_or("available", |state| state.as_str())
}

fn observed(raw: &Raw) -> Result<Observed<InternetGateway>, CloudError> {
    let id = told(DESCRIBE, "InternetGatewayId", raw.internet_gateway_id())?;
    let (tags, owner) = from_tags(raw.tags());
    let attachment = attachment(raw);
    let vpc = attachment.map(|attachment| told(DESCRIBE, "VpcId", attachment.vpc_id()).map(Id::new)).transpose()?;
    let phase = match attachment.map(state) {
        None | Some("available" | "attached") => Phase::Ready,
        Some(other) => Phase::Pending(format!("the gateway is {other}")),
    };
    let usable = attachment.is_some() && phase == Phase::Ready;
    Ok(Observed {
        id: id.into(),
        spec: InternetGatewaySpec { vpc, tags },
        outputs: InternetGatewayOutputs { id: usable.then(|| Id::new(id)) },
        phase,
        owner,
    })
}

impl Aws {
    async fn internet_gateways(&self, at: &[Locate<InternetGateway>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let lineage = lineage(at);
        let scan = self.describe_internet_gateways(of_lineage(lineage));
        let mut all = reading.once(format!("{DESCRIBE} lineage={lineage}"), scan).await?.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by_id = self.describe_internet_gateways(filter("internet-gateway-id", ids.to_vec()));
            all.extend(reading.once(format!("{DESCRIBE} ids={}", ids.join(",")), by_id).await?.as_ref().clone());
        }
        let mut vpcs: Vec<&str> =
            at.iter().filter(|place| place.id.is_none()).filter_map(|p| Some(p.spec.vpc.as_ref()?.as_str())).collect();
        vpcs.sort_unstable();
        vpcs.dedup();
        for vpcs in vpcs.chunks(FILTER_VALUES) {
            all.extend(self.internet_gateways_of_vpcs(vpcs, reading).await?.as_ref().clone());
        }
        Ok(all)
    }

    /// The gateways of some VPCs, whoever made them.
    pub(crate) async fn internet_gateways_of_vpcs(&self, vpcs: &[&str], reading: &Reading) -> Result<Arc<ById<Raw>>, CloudError> {
        let by_vpc = self.describe_internet_gateways(filter("attachment.vpc-id", vpcs.to_vec()));
        reading.once(format!("{DESCRIBE} vpcs={}", vpcs.join(",")), by_vpc).await
    }

    pub(super) async fn describe_internet_gateways(&self, by: Filter) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_internet_gateways().filters(by).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let gateways = page.told(DESCRIBE)?.internet_gateways.unwrap_or_default();
            all.extend(gateways.into_iter().filter_map(|gateway| Some((gateway.internet_gateway_id.clone()?, gateway))));
        }
        Ok((all, calls))
    }
}
