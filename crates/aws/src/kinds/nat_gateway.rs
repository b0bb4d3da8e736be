//! The driver of `nat-gateway`. AWS takes bad requests too and lets the gateway fail later; gateways that are gone or
//! failed stay listed for about an hour, with their tags.

use aws_sdk_ec2::types::{ConnectivityType, Filter, NatGatewayAddress, ResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{NatGateway, NatGatewayOutputs, NatGatewaySpec};
use bbws_model::{Class, CloudError, Id, Locate, Observed, Phase, Ready};

use super::ec2::{bears, filter, from_tags, of_lineage, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, lineage, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::NatGateway;

const DESCRIBE: &str = "ec2:DescribeNatGateways";

impl Driver<NatGateway> for Aws {
    async fn observe(&self, at: &[Locate<NatGateway>], reading: &Reading) -> Vec<Sight<NatGateway>> {
        let all = match self.nat_gateways(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter().map(|place| found(place, &all).map(observed).transpose()).collect()
    }

    async fn create(&self, want: &NatGatewaySpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateNatGateway";
        let create = self
            .write
            .ec2
            .create_nat_gateway()
            .connectivity_type(ConnectivityType::Public)
            .subnet_id(want.subnet.as_str())
            .allocation_id(want.elastic_ip.as_str())
            .client_token(&attempt.token)
            .tag_specifications(specification(ResourceType::Natgateway, &want.tags, attempt));
        // It is the address that is still held, not the gateway that exists.
        let held = |error: CloudError| match error.code.as_str() {
            "Resource.AlreadyAssociated" => CloudError { class: Class::Dependency, ..error },
            _ => not_yet(error),
        };
        let answer = create.send().await.told(OPERATION).map_err(held)?;
        let id = told(OPERATION, "NatGatewayId", answer.nat_gateway.and_then(|gateway| gateway.nat_gateway_id))?;
        Ok(Created { id: id.into() })
    }

    async fn update(&self, seen: &Observed<NatGateway>, want: &NatGatewaySpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        self.retag(seen.id.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<NatGateway>, _: &Attempt) -> Result<Progress, CloudError> {
        if seen.phase == Phase::Leaving {
            return Ok(Progress::Nothing);
        }
        self.write.ec2.delete_nat_gateway().nat_gateway_id(seen.id.as_str()).send().await.told("ec2:DeleteNatGateway")?;
        Ok(Progress::Sent)
    }
}

/// By id; else by our mark, where one that is on its way out or failed counts only if its very intent is asked for; else,
/// because an Elastic IP serves one gateway, as the gateway that has the address.
fn found<'a>(place: &Locate<NatGateway>, all: &'a ById<Raw>) -> Option<&'a Raw> {
    if let Some(id) = &place.id {
        return all.get(id.as_str()).filter(|raw| state(raw) != "deleted");
    }
    if place.intent.is_some() {
        return all.values().find(|raw| state(raw) != "deleted" && bears(raw.tags(), place));
    }
    let mut alive = all.values().filter(|raw| matches!(state(raw), "pending" | "available"));
    alive.clone().find(|raw| bears(raw.tags(), place)).or_else(|| {
        let has = |raw: &&Raw| primary(raw).and_then(|address| address.allocation_id()) == Some(place.spec.elastic_ip.as_str());
        alive.find(has)
    })
}

fn state(raw: &Raw) -> &str {
    raw.state().map_or("pending", |state| state.as_str())
}

/// The first address of a gateway; AWS does not always say which it is where there is only one.
fn primary(raw: &Raw) -> Option<&NatGatewayAddress> {
    let addresses = raw.nat_gateway_addresses();
    addresses.iter().find(|address| address.is_primary() == Some(true)).or(addresses.first())
}

fn observed(raw: &Raw) -> Result<Observed<NatGateway>, CloudError> {
    let id = told(DESCRIBE, "NatGatewayId", raw.nat_gateway_id())?;
    let subnet = told(DESCRIBE, "SubnetId", raw.subnet_id())?;
    if raw.connectivity_type() == Some(&ConnectivityType::Private) {
        let message = format!("{id} is a private NAT gateway, which leads to no internet and which bbws does not keep");
        return Err(CloudError::own(DESCRIBE, Class::Invalid, message));
    }
    let address = told(DESCRIBE, "NatGatewayAddresses", primary(raw))?;
    let allocation = told(DESCRIBE, "AllocationId", address.allocation_id())?;
    let (tags, owner) = from_tags(raw.tags());
    let phase = match state(raw) {
        "available" => Phase::Ready,
        "deleting" | "deleted" => Phase::Leaving,
        "failed" => {
            let (code, message) = (raw.failure_code().unwrap_or("without a code"), raw.failure_message().unwrap_or("without a reason"));
            Phase::Failed(format!("{code}: {message}"))
        }
        _ => Phase::Pending("AWS makes the NAT gateway available, which takes 1 to 3 minutes".into()),
    };
    let ready = phase == Phase::Ready;
    Ok(Observed {
        id: id.into(),
        // The internet gateway is there for the order alone: AWS keeps no link to it.
        spec: NatGatewaySpec { subnet: Id::new(subnet), elastic_ip: Id::new(allocation), internet_gateway: None, tags },
        outputs: NatGatewayOutputs {
            id: ready.then(|| Id::new(id)),
            public_ip: address.public_ip().filter(|_| ready).map(str::to_owned),
            private_ip: address.private_ip().filter(|_| ready).map(str::to_owned),
        },
        phase,
        owner,
    })
}

impl Aws {
    async fn nat_gateways(&self, at: &[Locate<NatGateway>], reading: &Reading) -> Result<ById<Raw>, CloudError> {
        let lineage = lineage(at);
        let scan = self.describe_nat_gateways(vec![of_lineage(lineage)]);
        let mut all = reading.once(format!("{DESCRIBE} lineage={lineage}"), scan).await?.as_ref().clone();
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by_id = self.describe_nat_gateways(vec![filter("nat-gateway-id", ids.to_vec())]);
            all.extend(reading.once(format!("{DESCRIBE} ids={}", ids.join(",")), by_id).await?.as_ref().clone());
        }
        // AWS has no filter for the address, so the subnet's gateways are looked through.
        let mut subnets: Vec<&str> = at.iter().filter(|place| place.id.is_none()).map(|place| place.spec.subnet.as_str()).collect();
        subnets.sort_unstable();
        subnets.dedup();
        for subnets in subnets.chunks(FILTER_VALUES - 2) {
            let by = vec![filter("subnet-id", subnets.to_vec()), filter("state", ["pending", "available"])];
            let in_subnets = self.describe_nat_gateways(by);
            all.extend(reading.once(format!("{DESCRIBE} subnets={}", subnets.join(",")), in_subnets).await?.as_ref().clone());
        }
        Ok(all)
    }

    pub(super) async fn describe_nat_gateways(&self, by: Vec<Filter>) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_nat_gateways().set_filter(Some(by)).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let gateways = page.told(DESCRIBE)?.nat_gateways.unwrap_or_default();
            all.extend(gateways.into_iter().filter_map(|gateway| Some((gateway.nat_gateway_id.clone()?, gateway))));
        }
        Ok((all, calls))
    }
}
