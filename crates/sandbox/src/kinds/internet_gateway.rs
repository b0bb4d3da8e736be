//! Internet gateways: one of a VPC, and it cannot be detached while an interface of the VPC has a public address.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::attach_internet_gateway::{AttachInternetGatewayInput, AttachInternetGatewayOutput};
use aws_sdk_ec2::operation::create_internet_gateway::{CreateInternetGatewayInput, CreateInternetGatewayOutput};
use aws_sdk_ec2::operation::delete_internet_gateway::{DeleteInternetGatewayInput, DeleteInternetGatewayOutput};
use aws_sdk_ec2::operation::describe_internet_gateways::{DescribeInternetGatewaysInput, DescribeInternetGatewaysOutput};
use aws_sdk_ec2::operation::detach_internet_gateway::{DetachInternetGatewayInput, DetachInternetGatewayOutput};
use aws_sdk_ec2::types::{InternetGateway, InternetGatewayAttachment};
use serde::{Deserialize, Serialize};

use super::{network_interface, quota, vpc};
use crate::cloud::{At, Region};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// One internet gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) attached: Option<Attachment>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// To which VPC it is attached, and from when on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) vpc: String,
    pub(crate) ready_ms: u64,
}

impl Row {
    pub(crate) fn is_at(&self, vpc: &str) -> bool {
        self.attached.as_ref().is_some_and(|attachment| attachment.vpc == vpc)
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_internet_gateway)
        .on(attach_internet_gateway)
        .on(describe_internet_gateways)
        .on(detach_internet_gateway)
        .on(delete_internet_gateway)
}

/// Whether a VPC has a way to the internet.
pub(crate) fn serves(here: &Region, vpc: &str) -> bool {
    here.internet_gateways.values().any(|row| row.is_at(vpc))
}

fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "InvalidInternetGatewayID.NotFound", format!("The internetGateway ID '{id}' does not exist"));
    at.here().internet_gateways.get_mut(id).ok_or(gone)
}

fn create_internet_gateway(at: &mut At<'_>, input: &CreateInternetGatewayInput) -> Answer<CreateInternetGatewayOutput> {
    if at.here().internet_gateways.len() >= quota::INTERNET_GATEWAYS.most(at) {
        return Err(refuse(400, "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached."));
    }
    let row = Row { attached: None, tags: created_tags(input.tag_specifications(), "internet-gateway")? };
    let id = at.id("igw");
    let gateway = answer(at, &id, &row);
    at.here().internet_gateways.insert(id, row);
    Ok(CreateInternetGatewayOutput::builder().internet_gateway(gateway).build())
}

fn attach_internet_gateway(at: &mut At<'_>, input: &AttachInternetGatewayInput) -> Answer<AttachInternetGatewayOutput> {
    vpc::the(at, input.vpc_id())?;
    let (id, vpc) = (input.internet_gateway_id().unwrap_or_default(), input.vpc_id().unwrap_or_default().to_owned());
    if let Some(attached) = &the(at, Some(id))?.attached {
        let message = format!("resource {id} is already attached to network {}", attached.vpc);
        return Err(refuse(400, "Resource.AlreadyAssociated", message));
    }
    if serves(at.here(), &vpc) {
        let message = format!("Network {vpc} already has an internet gateway attached");
        return Err(refuse(400, "InvalidParameterValue", message));
    }
    let ready_ms = at.after(2);
    the(at, Some(id))?.attached = Some(Attachment { vpc, ready_ms });
    Ok(AttachInternetGatewayOutput::builder().build())
}

fn answer(at: &At<'_>, id: &str, row: &Row) -> InternetGateway {
    // The description says `available` of a gateway that is attached, a word that the enum does not list.
    let state = |attached: &Attachment| if at.now_ms < attached.ready_ms { "attaching" } else { "available" };
    let attachment =
        |attached: &Attachment| InternetGatewayAttachment::builder().vpc_id(&attached.vpc).state(state(attached).into()).build();
    InternetGateway::builder()
        .internet_gateway_id(id)
        .owner_id(at.account)
        .set_attachments(Some(row.attached.iter().map(attachment).collect()))
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn describe_internet_gateways(at: &mut At<'_>, input: &DescribeInternetGatewaysInput) -> Answer<DescribeInternetGatewaysOutput> {
    let ids = input.internet_gateway_ids();
    for id in ids {
        the(at, Some(id))?;
    }
    let mut found = vec![];
    for (id, row) in at.here().internet_gateways.clone() {
        let gateway = answer(at, &id, &row);
        let attachments = || gateway.attachments().iter();
        let field = |name: &str| match name {
            "internet-gateway-id" => Some(vec![id.clone()]),
            "attachment.vpc-id" => Some(attachments().filter_map(|a| a.vpc_id.clone()).collect()),
            "attachment.state" => Some(attachments().filter_map(|a| Some(a.state.as_ref()?.to_string())).collect()),
            "owner-id" => Some(gateway.owner_id.iter().cloned().collect()),
            _ => None,
        };
        if (ids.is_empty() || ids.contains(&id)) && matches(input.filters(), &row.tags, field)? {
            found.push(gateway);
        }
    }
    let (gateways, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeInternetGatewaysOutput::builder().set_internet_gateways(Some(gateways)).set_next_token(next).build())
}

fn detach_internet_gateway(at: &mut At<'_>, input: &DetachInternetGatewayInput) -> Answer<DetachInternetGatewayOutput> {
    let (id, vpc) = (input.internet_gateway_id().unwrap_or_default(), input.vpc_id().unwrap_or_default());
    if !the(at, Some(id))?.is_at(vpc) {
        return Err(refuse(400, "Gateway.NotAttached", format!("resource {id} is not attached to network {vpc}")));
    }
    if network_interface::mapped_to_public(at.here(), vpc) {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(refuse(400, "DependencyViolation", message));
    }
    the(at, Some(id))?.attached = None;
    Ok(DetachInternetGatewayOutput::builder().build())
}

fn delete_internet_gateway(at: &mut At<'_>, input: &DeleteInternetGatewayInput) -> Answer<DeleteInternetGatewayOutput> {
    let id = input.internet_gateway_id().unwrap_or_default();
    if the(at, Some(id))?.attached.is_some() {
        let message = format!("The internetGateway '{id}' has dependencies and cannot be deleted.");
        return Err(refuse(400, "DependencyViolation", message));
    }
    at.here().internet_gateways.remove(id);
    Ok(DeleteInternetGatewayOutput::builder().build())
}
