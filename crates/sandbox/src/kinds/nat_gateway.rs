//! NAT gateways: some minutes until they are available, some until they are gone, and an hour in which they are still
//! listed. What was wrong with a request may show only later, as a gateway that failed.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_nat_gateway::{CreateNatGatewayInput, CreateNatGatewayOutput};
use aws_sdk_ec2::operation::delete_nat_gateway::{DeleteNatGatewayInput, DeleteNatGatewayOutput};
use aws_sdk_ec2::operation::describe_nat_gateways::{DescribeNatGatewaysInput, DescribeNatGatewaysOutput};
use aws_sdk_ec2::types::{ConnectivityType, NatGateway, NatGatewayAddress, NatGatewayState};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::network_interface::Wanted;
use super::{elastic_ip, internet_gateway, network_interface, quota, subnet};
use crate::cloud::{At, Region};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// Seconds from the request to `available`.
const MAKING: u64 = 100;
/// Seconds from the request to `failed`, where something is wrong.
const FAILING: u64 = 30;
/// Seconds from the delete to `deleted`.
const LEAVING: u64 = 60;
/// Seconds for which a gateway that is gone or failed is still listed.
const LISTED: u64 = 3600;
/// Seconds for which its Elastic IP still counts as held.
const HELD: u64 = 8;

/// One NAT gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    pub(crate) zone: String,
    pub(crate) allocation: String,
    /// The token of the request that made it, and what that request said.
    pub(crate) token: Option<String>,
    pub(crate) asked: String,
    pub(crate) made_ms: u64,
    /// When it is available, or failed.
    pub(crate) done_ms: u64,
    /// Why it will fail: AWS's code and message.
    pub(crate) failure: Option<(String, String)>,
    /// When it will be gone, once it was deleted.
    pub(crate) gone_ms: Option<u64>,
    pub(crate) interface: String,
    pub(crate) association: String,
    pub(crate) private_ip: String,
    pub(crate) public_ip: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Row {
    pub(crate) fn state(&self, now_ms: u64) -> NatGatewayState {
        match self.gone_ms {
            Some(gone) if now_ms < gone => NatGatewayState::Deleting,
            Some(_) => NatGatewayState::Deleted,
            None if now_ms < self.done_ms => NatGatewayState::Pending,
            None if self.failure.is_some() => NatGatewayState::Failed,
            None => NatGatewayState::Available,
        }
    }

    fn counts(&self, now_ms: u64) -> bool {
        !matches!(self.state(now_ms), NatGatewayState::Deleted | NatGatewayState::Failed)
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_nat_gateway).on(describe_nat_gateways).on(delete_nat_gateway).tick(forget)
}

/// The gateway of this id, however far it is.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "NatGatewayNotFound", format!("The Nat Gateway {id} was not found"));
    at.here().nat_gateways.get_mut(id).ok_or(gone)
}

/// Gateways that are long gone are listed no more.
fn forget(at: &mut At<'_>) {
    let (now, listed) = (at.now_ms, at.after(LISTED) - at.now_ms);
    for here in at.cloud.accounts.values_mut().flat_map(|account| account.regions.values_mut()) {
        here.nat_gateways.retain(|_, row| match (row.gone_ms, &row.failure) {
            (Some(gone), _) => now < gone + listed,
            (None, Some(_)) => now < row.done_ms + listed,
            (None, None) => true,
        });
    }
}

fn create_nat_gateway(at: &mut At<'_>, input: &CreateNatGatewayInput) -> Answer<CreateNatGatewayOutput> {
    let missing = |name: &str| {
        let message = format!("The request must include the {name} parameter. Add the required parameter and retry the request.");
        refuse(400, "MissingParameter", message)
    };
    if input.connectivity_type() == Some(&ConnectivityType::Private) {
        return Err(refuse(400, "InvalidParameterValue", "sandbox: private NAT gateways are not simulated"));
    }
    let tags = created_tags(input.tag_specifications(), "natgateway")?;
    let subnet = input.subnet_id().ok_or_else(|| missing("SubnetId"))?.to_owned();
    let allocation = input.allocation_id().ok_or_else(|| missing("AllocationId"))?.to_owned();
    let asked = hex::encode(Sha256::digest(format!("{subnet} {allocation} {tags:?}")));
    let (now, token) = (at.now_ms, input.client_token().map(str::to_owned));
    if let Some((id, row)) = at.here().nat_gateways.iter().find(|(_, row)| token.is_some() && row.token == token) {
        if row.asked != asked {
            let message =
                "The client token you have provided is associated with a resource that is already deleted or has other parameters.";
            return Err(refuse(400, "IdempotentParameterMismatch", message));
        }
        let gateway = answer(id, row, now);
        return Ok(CreateNatGatewayOutput::builder().nat_gateway(gateway).set_client_token(token).build());
    }
    let (vpc, zone) = {
        let row = subnet::the(at, Some(&subnet))?;
        (row.vpc.clone(), row.zone.clone())
    };
    let held = elastic_ip::the(at, Some(&allocation))?.held_ms;
    if elastic_ip::holder(at.here(), &allocation).is_some() {
        let message = format!("Elastic IP address [{allocation}] is already associated");
        return Err(refuse(400, "Resource.AlreadyAssociated", message));
    }
    if now < held {
        return Err(refuse(400, "InvalidIPAddress.InUse", format!("Elastic IP address [{allocation}] is in use")));
    }
    // Those that are leaving count.
    let most = quota::NAT_GATEWAYS.most(at);
    if at.here().nat_gateways.values().filter(|row| row.zone == zone && row.counts(now)).count() >= most {
        let message = format!("Performing this operation would exceed the limit of {most} NAT gateways");
        return Err(refuse(400, "NatGatewayLimitExceeded", message));
    }
    let id = at.id("nat");
    let mut row = Row {
        vpc,
        subnet,
        zone,
        allocation,
        token: token.clone(),
        asked,
        made_ms: now,
        done_ms: at.after(MAKING),
        failure: None,
        gone_ms: None,
        interface: String::new(),
        association: String::new(),
        private_ip: String::new(),
        public_ip: String::new(),
        tags,
    };
    let built = match at.here().next_nat_fails.take() {
        Some(failure) => Err(failure),
        None => build(at, &id, &mut row).map_err(|(code, message)| (code.to_owned(), message)),
    };
    if let Err(failure) = built {
        row.done_ms = at.after(FAILING);
        row.failure = Some(failure);
    }
    let gateway = answer(&id, &row, now);
    at.here().nat_gateways.insert(id, row);
    Ok(CreateNatGatewayOutput::builder().nat_gateway(gateway).set_client_token(token).build())
}

/// What AWS does after it took the request, and where it may fail.
fn build(at: &mut At<'_>, id: &str, row: &mut Row) -> Result<(), (&'static str, String)> {
    if !internet_gateway::serves(at.here(), &row.vpc) {
        return Err(("Gateway.NotAttached", format!("Network {} has no Internet gateway attached", row.vpc)));
    }
    let wanted = Wanted {
        subnet: &row.subnet,
        groups: &[],
        description: &format!("Interface for NAT Gateway {id}"),
        interface_type: "nat_gateway",
        requester: "amazon-aws",
        holder: id,
    };
    let refused = |refusal: crate::fate::Refusal| (refusal.code, refusal.message);
    row.interface = network_interface::make(at, wanted).map_err(refused)?;
    row.public_ip = elastic_ip::associate(at, &row.allocation, &row.interface).map_err(refused)?;
    row.association = elastic_ip::the(at, Some(&row.allocation)).map_err(refused)?.association.clone();
    row.private_ip = at.here().network_interfaces[&row.interface].address.clone();
    Ok(())
}

fn answer(id: &str, row: &Row, now_ms: u64) -> NatGateway {
    let state = row.state(now_ms);
    let address = NatGatewayAddress::builder().allocation_id(&row.allocation).is_primary(true);
    // Until then AWS tells only what it was asked for.
    let address = if matches!(state, NatGatewayState::Pending | NatGatewayState::Failed) || row.interface.is_empty() {
        address
    } else {
        let address = address.network_interface_id(&row.interface).association_id(&row.association);
        address.private_ip(&row.private_ip).public_ip(&row.public_ip)
    };
    let time = |ms: u64| DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    let failure = row.failure.clone().filter(|_| state == NatGatewayState::Failed);
    let (code, message) = failure.unzip();
    NatGateway::builder()
        .nat_gateway_id(id)
        .vpc_id(&row.vpc)
        .subnet_id(&row.subnet)
        .connectivity_type(ConnectivityType::Public)
        .create_time(time(row.made_ms))
        .set_delete_time(row.gone_ms.map(time))
        .set_failure_code(code)
        .set_failure_message(message)
        .nat_gateway_addresses(address.build())
        .state(state)
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn describe_nat_gateways(at: &mut At<'_>, input: &DescribeNatGatewaysInput) -> Answer<DescribeNatGatewaysOutput> {
    let ids = input.nat_gateway_ids();
    for id in ids {
        the(at, Some(id))?;
    }
    let now = at.now_ms;
    let mut found = vec![];
    for (id, row) in &at.here().nat_gateways {
        let field = |name: &str| match name {
            "nat-gateway-id" => Some(vec![id.clone()]),
            "state" => Some(vec![row.state(now).to_string()]),
            "subnet-id" => Some(vec![row.subnet.clone()]),
            "vpc-id" => Some(vec![row.vpc.clone()]),
            _ => None,
        };
        if (ids.is_empty() || ids.contains(id)) && matches(input.filter(), &row.tags, field)? {
            found.push(answer(id, row, now));
        }
    }
    let (gateways, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeNatGatewaysOutput::builder().set_nat_gateways(Some(gateways)).set_next_token(next).build())
}

fn delete_nat_gateway(at: &mut At<'_>, input: &DeleteNatGatewayInput) -> Answer<DeleteNatGatewayOutput> {
    let id = input.nat_gateway_id().unwrap_or_default();
    let (now, gone, held) = (at.now_ms, at.after(LEAVING), at.after(LEAVING + HELD));
    let row = the(at, Some(id))?;
    match row.state(now) {
        NatGatewayState::Deleted => return Err(refuse(400, "NatGatewayNotFound", format!("The Nat Gateway {id} was not found"))),
        // AWS does not say that it may be deleted so early.
        NatGatewayState::Pending => return Err(refuse(400, "IncorrectState", format!("The Nat Gateway {id} is pending"))),
        NatGatewayState::Deleting => {}
        _ => {
            row.gone_ms = Some(gone);
            let (allocation, has_it) = (row.allocation.clone(), row.failure.is_none());
            network_interface::drop_of(at, id, LEAVING);
            if has_it && let Some(row) = at.here().elastic_ips.get_mut(&allocation) {
                row.held_ms = held;
            }
        }
    }
    Ok(DeleteNatGatewayOutput::builder().nat_gateway_id(id).build())
}

/// Whether a gateway carries traffic: a route to one that does not is a black hole.
pub(crate) fn works(here: &Region, id: &str, now_ms: u64) -> bool {
    here.nat_gateways.get(id).is_some_and(|row| row.state(now_ms) == NatGatewayState::Available)
}
