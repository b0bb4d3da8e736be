//! Security groups: unique by name in their VPC, born with a rule that lets everything out, kept by whoever uses them.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::create_security_group::{CreateSecurityGroupInput, CreateSecurityGroupOutput};
use aws_sdk_ec2::operation::delete_security_group::{DeleteSecurityGroupInput, DeleteSecurityGroupOutput};
use aws_sdk_ec2::operation::describe_security_groups::{DescribeSecurityGroupsInput, DescribeSecurityGroupsOutput};
use aws_sdk_ec2::types::SecurityGroup;
use serde::{Deserialize, Serialize};

use super::security_group_rule::{Peer, Rule, permissions};
use super::{network_interface, quota, vpc};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// One group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) vpc: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// Its rules, by their ids.
    pub(crate) rules: BTreeMap<String, Rule>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Row {
    pub(crate) fn is_default(&self) -> bool {
        self.name == "default"
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_security_group).on(describe_security_groups).on(delete_security_group)
}

/// The group of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(400, "InvalidGroup.NotFound", format!("The security group '{id}' does not exist"));
    at.here().security_groups.get_mut(id).ok_or(gone)
}

/// Whether EC2 takes a text as a group's name or a description.
pub(crate) fn is_group_text(text: &str) -> bool {
    text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c))
}

/// Every VPC is born with a group that lets its members talk to each other and to everybody.
pub(crate) fn make_default(at: &mut At<'_>, vpc: &str) {
    let id = at.id("sg");
    let rules = [(false, Peer::Group(id.clone())), (true, Peer::Ipv4("0.0.0.0/0".into()))];
    let rules = rules.into_iter().map(|(egress, peer)| (at.id("sgr"), Rule::of_everything(egress, peer))).collect();
    let row =
        Row { vpc: vpc.to_owned(), name: "default".into(), description: "default VPC security group".into(), rules, tags: BTreeMap::new() };
    at.here().security_groups.insert(id, row);
}

fn create_security_group(at: &mut At<'_>, input: &CreateSecurityGroupInput) -> Answer<CreateSecurityGroupOutput> {
    let missing = |what: &str| refuse(400, "MissingParameter", format!("The request must contain the parameter {what}"));
    let name = input.group_name().filter(|name| !name.is_empty()).ok_or_else(|| missing("GroupName"))?;
    let description = input.description().filter(|text| !text.is_empty()).ok_or_else(|| missing("GroupDescription"))?;
    let invalid = |message: String| refuse(400, "InvalidParameterValue", message);
    if !is_group_text(name) || name.trim() != name {
        return Err(invalid(format!("Value ({name}) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.")));
    }
    if !is_group_text(description) {
        return Err(invalid(
            "Invalid security group description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*".into(),
        ));
    }
    if name.to_lowercase().starts_with("sg-") {
        return Err(invalid(format!("Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*")));
    }
    if name.eq_ignore_ascii_case("default") {
        return Err(refuse(400, "InvalidGroup.Reserved", "Cannot use reserved security group name: default"));
    }
    vpc::the(at, input.vpc_id())?;
    let vpc = input.vpc_id().unwrap_or_default();
    if at.here().security_groups.values().any(|row| row.vpc == vpc && row.name.eq_ignore_ascii_case(name)) {
        return Err(refuse(400, "InvalidGroup.Duplicate", format!("The security group '{name}' already exists for VPC '{vpc}'")));
    }
    if at.here().security_groups.len() >= quota::SECURITY_GROUPS.most(at) {
        return Err(refuse(400, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached."));
    }
    let tags = created_tags(input.tag_specifications(), "security-group")?;
    let (id, rule) = (at.id("sg"), at.id("sgr"));
    let rules = BTreeMap::from([(rule, Rule::of_everything(true, Peer::Ipv4("0.0.0.0/0".into())))]);
    let row = Row { vpc: vpc.to_owned(), name: name.to_owned(), description: description.to_owned(), rules, tags };
    let answer = CreateSecurityGroupOutput::builder()
        .group_id(&id)
        .security_group_arn(at.arn("ec2", &format!("security-group/{id}")))
        .set_tags(Some(ec2_tags(&row.tags)))
        .build();
    at.here().security_groups.insert(id, row);
    Ok(answer)
}

fn describe_security_groups(at: &mut At<'_>, input: &DescribeSecurityGroupsInput) -> Answer<DescribeSecurityGroupsOutput> {
    if input.max_results().is_some() && !input.group_ids().is_empty() {
        return Err(refuse(400, "InvalidParameterCombination", "The parameter GroupIds cannot be used with the parameter MaxResults"));
    }
    for id in input.group_ids() {
        the(at, Some(id))?;
    }
    let account = at.account.to_owned();
    let mut found = vec![];
    for (id, row) in at.here().security_groups.clone() {
        let peers = |egress| {
            let groups = row.rules.values().filter(|rule| rule.egress == egress).filter_map(|rule| rule.peer.group().map(str::to_owned));
            groups.collect::<Vec<String>>()
        };
        let field = |name: &str| match name {
            "vpc-id" => Some(vec![row.vpc.clone()]),
            "group-name" => Some(vec![row.name.clone()]),
            "group-id" => Some(vec![id.clone()]),
            "description" => Some(vec![row.description.clone()]),
            "owner-id" => Some(vec![account.clone()]),
            "ip-permission.group-id" => Some(peers(false)),
            "egress.ip-permission.group-id" => Some(peers(true)),
            _ => None,
        };
        if (input.group_ids().is_empty() || input.group_ids().contains(&id)) && matches(input.filters(), &row.tags, field)? {
            found.push(answer(at, &id, &row));
        }
    }
    let (groups, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeSecurityGroupsOutput::builder().set_security_groups(Some(groups)).set_next_token(next).build())
}

fn answer(at: &At<'_>, id: &str, row: &Row) -> SecurityGroup {
    SecurityGroup::builder()
        .group_id(id)
        .group_name(&row.name)
        .description(&row.description)
        .vpc_id(&row.vpc)
        .owner_id(at.account)
        .security_group_arn(at.arn("ec2", &format!("security-group/{id}")))
        .set_ip_permissions(Some(permissions(at.account, row, false)))
        .set_ip_permissions_egress(Some(permissions(at.account, row, true)))
        .set_tags(Some(ec2_tags(&row.tags)))
        .build()
}

fn delete_security_group(at: &mut At<'_>, input: &DeleteSecurityGroupInput) -> Answer<DeleteSecurityGroupOutput> {
    let row = the(at, input.group_id())?;
    let id = input.group_id().unwrap_or_default();
    if row.is_default() {
        let told = format!("the specified group: \"{id}\" name: \"default\" cannot be deleted by a user");
        return Err(refuse(400, "CannotDelete", told));
    }
    network_interface::refuse_used_group(at.here(), id)?;
    let names = |row: &Row| row.rules.values().any(|rule| rule.peer.group() == Some(id));
    if at.here().security_groups.iter().any(|(other, row)| other != id && names(row)) {
        return Err(refuse(400, "DependencyViolation", format!("resource {id} has a dependent object")));
    }
    at.here().security_groups.remove(id);
    Ok(DeleteSecurityGroupOutput::builder().r#return(true).group_id(id).build())
}
