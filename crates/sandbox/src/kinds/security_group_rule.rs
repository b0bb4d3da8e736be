//! The rules of security groups: one peer each, no two alike, and as many as the quota allows.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::authorize_security_group_egress::{AuthorizeSecurityGroupEgressInput, AuthorizeSecurityGroupEgressOutput};
use aws_sdk_ec2::operation::authorize_security_group_ingress::{AuthorizeSecurityGroupIngressInput, AuthorizeSecurityGroupIngressOutput};
use aws_sdk_ec2::operation::describe_security_group_rules::{DescribeSecurityGroupRulesInput, DescribeSecurityGroupRulesOutput};
use aws_sdk_ec2::operation::modify_security_group_rules::{ModifySecurityGroupRulesInput, ModifySecurityGroupRulesOutput};
use aws_sdk_ec2::operation::revoke_security_group_egress::{RevokeSecurityGroupEgressInput, RevokeSecurityGroupEgressOutput};
use aws_sdk_ec2::operation::revoke_security_group_ingress::{RevokeSecurityGroupIngressInput, RevokeSecurityGroupIngressOutput};
use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ReferencedSecurityGroup, SecurityGroupRule, SecurityGroupRuleRequest, TagSpecification,
    UserIdGroupPair,
};
use ipnet::{Ipv4Net, Ipv6Net};
use serde::{Deserialize, Serialize};

use super::security_group::{Row, is_group_text, the};
use super::{prefix_list, quota};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{created_tags, ec2_size, ec2_tags, matches, page};

/// One rule of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) egress: bool,
    /// As EC2 answers it: `tcp`, `udp`, `icmp`, `icmpv6`, `-1`, or a number.
    pub(crate) protocol: String,
    pub(crate) from: i32,
    pub(crate) to: i32,
    pub(crate) peer: Peer,
    pub(crate) description: String,
    pub(crate) tags: BTreeMap<String, String>,
}

/// Whom a rule speaks of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Peer {
    Ipv4(String),
    Ipv6(String),
    Group(String),
    PrefixList(String),
}

impl Peer {
    pub(crate) fn group(&self) -> Option<&str> {
        match self {
            Self::Group(id) => Some(id),
            Self::Ipv4(_) | Self::Ipv6(_) | Self::PrefixList(_) => None,
        }
    }
}

impl Rule {
    /// A rule for every protocol and port, as AWS makes them by itself.
    pub(crate) fn of_everything(egress: bool, peer: Peer) -> Self {
        Self { egress, protocol: "-1".into(), from: -1, to: -1, peer, description: String::new(), tags: BTreeMap::new() }
    }

    /// Whether two rules let the same through. Their descriptions do not count.
    fn is_like(&self, other: &Self) -> bool {
        let key = |rule: &Self| (rule.egress, rule.protocol.clone(), rule.from, rule.to, rule.peer.clone());
        key(self) == key(other)
    }

    /// How many rules it counts as, for IPv4 and for IPv6.
    fn weight(&self) -> (usize, usize) {
        match &self.peer {
            Peer::Ipv4(_) => (1, 0),
            Peer::Ipv6(_) => (0, 1),
            Peer::Group(_) => (1, 1),
            Peer::PrefixList(id) => prefix_list::weight(id),
        }
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(authorize_ingress).on(authorize_egress).on(describe_rules).on(modify_rules).on(revoke_ingress).on(revoke_egress)
}

/// The rules of one direction as a group's description has them: those of one protocol and range together.
pub(crate) fn permissions(account: &str, row: &Row, egress: bool) -> Vec<IpPermission> {
    let mut together: BTreeMap<(&str, i32, i32), Vec<&Rule>> = BTreeMap::new();
    for rule in row.rules.values().filter(|rule| rule.egress == egress) {
        together.entry((&rule.protocol, rule.from, rule.to)).or_default().push(rule);
    }
    let all = together.into_iter().map(|((protocol, from, to), rules)| {
        // Ports of a rule for all protocols are not answered here.
        let permission = IpPermission::builder().ip_protocol(protocol);
        let permission = if protocol == "-1" { permission } else { permission.from_port(from).to_port(to) };
        rules.into_iter().fold(permission, |permission, rule| with_source(permission, account, rule)).build()
    });
    all.collect()
}

type PermissionBuilder = aws_sdk_ec2::types::builders::IpPermissionBuilder;

fn with_source(to: PermissionBuilder, account: &str, rule: &Rule) -> PermissionBuilder {
    let text = Some(rule.description.clone()).filter(|text| !text.is_empty());
    match &rule.peer {
        Peer::Ipv4(cidr) => to.ip_ranges(IpRange::builder().cidr_ip(cidr).set_description(text).build()),
        Peer::Ipv6(cidr) => to.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).set_description(text).build()),
        Peer::Group(id) => to.user_id_group_pairs(UserIdGroupPair::builder().group_id(id).user_id(account).set_description(text).build()),
        Peer::PrefixList(id) => to.prefix_list_ids(PrefixListId::builder().prefix_list_id(id).set_description(text).build()),
    }
}

fn answer(at: &At<'_>, group: &str, id: &str, rule: &Rule) -> SecurityGroupRule {
    let to = SecurityGroupRule::builder().security_group_rule_id(id).group_id(group).group_owner_id(at.account);
    let to = to.is_egress(rule.egress).ip_protocol(&rule.protocol).from_port(rule.from).to_port(rule.to);
    let to = to.security_group_rule_arn(at.arn("ec2", &format!("security-group-rule/{id}")));
    let to = to.set_description(Some(rule.description.clone()).filter(|text| !text.is_empty())).set_tags(Some(ec2_tags(&rule.tags)));
    match &rule.peer {
        Peer::Ipv4(cidr) => to.cidr_ipv4(cidr),
        Peer::Ipv6(cidr) => to.cidr_ipv6(cidr),
        Peer::Group(id) => to.referenced_group_info(ReferencedSecurityGroup::builder().group_id(id).user_id(at.account).build()),
        Peer::PrefixList(id) => to.prefix_list_id(id),
    }
    .build()
}

fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameterValue", message)
}

/// Protocol and range as EC2 keeps them.
fn traffic(protocol: Option<&str>, from: Option<i32>, to: Option<i32>) -> Answer<(String, i32, i32)> {
    let text = protocol.ok_or_else(|| refuse(400, "MissingParameter", "The request must contain the parameter IpProtocol"))?;
    let name = match text.to_lowercase().as_str() {
        "-1" | "all" => return Ok(("-1".into(), -1, -1)),
        "6" | "tcp" => "tcp".to_owned(),
        "17" | "udp" => "udp".to_owned(),
        "1" | "icmp" => "icmp".to_owned(),
        "58" | "icmpv6" => "icmpv6".to_owned(),
        other => {
            let unknown = || invalid(format!("Invalid value '{text}' for IP protocol. Unknown protocol."));
            return other.parse::<u8>().map(|number| (number.to_string(), -1, -1)).map_err(|_| unknown());
        }
    };
    if name.starts_with("icmp") {
        let (kind, code) = (from.unwrap_or(-1), to.unwrap_or(-1));
        let sound = (-1..=255).contains(&kind) && (-1..=255).contains(&code) && (kind != -1 || code == -1);
        return if sound { Ok((name, kind, code)) } else { Err(invalid(format!("Invalid value '{kind}:{code}' for ICMP type and code."))) };
    }
    let (Some(from), Some(to)) = (from, to) else {
        return Err(invalid("Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."));
    };
    if !(0..=65535).contains(&from) || !(0..=65535).contains(&to) || from > to {
        return Err(invalid(format!("Invalid value '{from}:{to}' for portRange. Invalid TCP/UDP port range ({from}:{to})")));
    }
    Ok((name, from, to))
}

fn ipv4(text: &str) -> Answer<Peer> {
    let net: Ipv4Net = text.parse().map_err(|_| invalid(format!("CIDR block {text} is malformed")))?;
    Ok(Peer::Ipv4(net.trunc().to_string()))
}

fn ipv6(text: &str) -> Answer<Peer> {
    let net: Ipv6Net = text.parse().map_err(|_| invalid(format!("CIDR block {text} is malformed")))?;
    Ok(Peer::Ipv6(net.trunc().to_string()))
}

fn group(at: &mut At<'_>, id: Option<&str>, vpc: &str) -> Answer<Peer> {
    if the(at, id)?.vpc != vpc {
        return Err(refuse(400, "InvalidParameter", "You have specified two resources that belong to different networks."));
    }
    Ok(Peer::Group(id.unwrap_or_default().to_owned()))
}

fn list(at: &At<'_>, id: Option<&str>) -> Answer<Peer> {
    let id = id.unwrap_or_default();
    if !prefix_list::exists(at.region, id) {
        return Err(refuse(400, "InvalidPrefixListID.NotFound", format!("The prefix list ID '{id}' does not exist")));
    }
    Ok(Peer::PrefixList(id.to_owned()))
}

fn described(text: Option<&str>) -> Answer<String> {
    let text = text.unwrap_or_default();
    if !is_group_text(text) {
        return Err(invalid(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
        ));
    }
    Ok(text.to_owned())
}

/// Every peer that a permission names makes a rule.
fn rules(at: &mut At<'_>, permission: &IpPermission, egress: bool, vpc: &str) -> Answer<Vec<Rule>> {
    let (protocol, from, to) = traffic(permission.ip_protocol(), permission.from_port(), permission.to_port())?;
    let mut peers = vec![];
    for range in permission.ip_ranges() {
        peers.push((ipv4(range.cidr_ip().unwrap_or_default())?, described(range.description())?));
    }
    for range in permission.ipv6_ranges() {
        peers.push((ipv6(range.cidr_ipv6().unwrap_or_default())?, described(range.description())?));
    }
    for pair in permission.user_id_group_pairs() {
        peers.push((group(at, pair.group_id(), vpc)?, described(pair.description())?));
    }
    for id in permission.prefix_list_ids() {
        peers.push((list(at, id.prefix_list_id())?, described(id.description())?));
    }
    if peers.is_empty() {
        return Err(refuse(400, "MissingParameter", "The request must contain a source or destination of the rule"));
    }
    let rule = |(peer, description)| Rule { egress, protocol: protocol.clone(), from, to, peer, description, tags: BTreeMap::new() };
    Ok(peers.into_iter().map(rule).collect())
}

fn duplicate(rule: &Rule) -> Refusal {
    let peer = match &rule.peer {
        Peer::Ipv4(peer) | Peer::Ipv6(peer) | Peer::Group(peer) | Peer::PrefixList(peer) => peer,
    };
    let told = format!(
        "the specified rule \"peer: {peer}, {}, from port: {}, to port: {}, ALLOW\" already exists",
        rule.protocol.to_uppercase(),
        rule.from,
        rule.to
    );
    refuse(400, "InvalidPermission.Duplicate", told)
}

/// Refuses more rules than there may be in one direction, of IPv4 and of IPv6 each.
fn within_quota(row: &Row, egress: bool, most: usize) -> Answer<()> {
    let weights = row.rules.values().filter(|rule| rule.egress == egress).map(Rule::weight);
    let (v4, v6) = weights.fold((0, 0), |(v4, v6), (a, b)| (v4 + a, v6 + b));
    if v4 > most || v6 > most {
        return Err(refuse(400, "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached."));
    }
    Ok(())
}

/// Adds all rules, or none.
fn authorize(
    at: &mut At<'_>,
    id: Option<&str>,
    egress: bool,
    permissions: &[IpPermission],
    tags: &[TagSpecification],
) -> Answer<Vec<SecurityGroupRule>> {
    let vpc = the(at, id)?.vpc.clone();
    let id = id.unwrap_or_default();
    let tags = created_tags(tags, "security-group-rule")?;
    if permissions.is_empty() {
        return Err(refuse(400, "MissingParameter", "The request must contain the parameter IpPermissions"));
    }
    let most = quota::GROUP_RULES.most(at);
    let mut made = vec![];
    for permission in permissions {
        for rule in rules(at, permission, egress, &vpc)? {
            let rule = Rule { tags: tags.clone(), ..rule };
            let name = at.id("sgr");
            let row = the(at, Some(id))?;
            if row.rules.values().any(|have| have.is_like(&rule)) {
                return Err(duplicate(&rule));
            }
            row.rules.insert(name.clone(), rule.clone());
            within_quota(row, egress, most)?;
            made.push(answer(at, id, &name, &rule));
        }
    }
    Ok(made)
}

fn authorize_ingress(at: &mut At<'_>, input: &AuthorizeSecurityGroupIngressInput) -> Answer<AuthorizeSecurityGroupIngressOutput> {
    let rules = authorize(at, input.group_id(), false, input.ip_permissions(), input.tag_specifications())?;
    Ok(AuthorizeSecurityGroupIngressOutput::builder().r#return(true).set_security_group_rules(Some(rules)).build())
}

fn authorize_egress(at: &mut At<'_>, input: &AuthorizeSecurityGroupEgressInput) -> Answer<AuthorizeSecurityGroupEgressOutput> {
    let rules = authorize(at, input.group_id(), true, input.ip_permissions(), input.tag_specifications())?;
    Ok(AuthorizeSecurityGroupEgressOutput::builder().r#return(true).set_security_group_rules(Some(rules)).build())
}

fn no_such_rule(id: &str) -> Refusal {
    refuse(400, "InvalidSecurityGroupRuleId.NotFound", format!("The security group rule ID '{id}' does not exist"))
}

fn describe_rules(at: &mut At<'_>, input: &DescribeSecurityGroupRulesInput) -> Answer<DescribeSecurityGroupRulesOutput> {
    let mut all = vec![];
    for (group, row) in &at.here().security_groups {
        all.extend(row.rules.iter().map(|(id, rule)| (group.clone(), id.clone(), rule.clone())));
    }
    if let Some(id) = input.security_group_rule_ids().iter().find(|id| !all.iter().any(|(_, have, _)| have == *id)) {
        return Err(no_such_rule(id));
    }
    let mut found = vec![];
    for (group, id, rule) in all {
        let field = |name: &str| match name {
            "group-id" => Some(vec![group.clone()]),
            "security-group-rule-id" => Some(vec![id.clone()]),
            _ => None,
        };
        let asked = input.security_group_rule_ids().is_empty() || input.security_group_rule_ids().contains(&id);
        if asked && matches(input.filters(), &rule.tags, field)? {
            found.push(answer(at, &group, &id, &rule));
        }
    }
    let (rules, next) = page(found, ec2_size(input.max_results(), 1000)?, input.next_token())?;
    Ok(DescribeSecurityGroupRulesOutput::builder().set_security_group_rules(Some(rules)).set_next_token(next).build())
}

/// The rule that a request asks for in place of one.
fn asked(at: &mut At<'_>, request: &SecurityGroupRuleRequest, old: &Rule, vpc: &str) -> Answer<Rule> {
    let (protocol, from, to) = traffic(request.ip_protocol(), request.from_port(), request.to_port())?;
    let mut peers = vec![];
    if let Some(cidr) = request.cidr_ipv4() {
        peers.push(ipv4(cidr)?);
    }
    if let Some(cidr) = request.cidr_ipv6() {
        peers.push(ipv6(cidr)?);
    }
    if let Some(id) = request.referenced_group_id() {
        peers.push(group(at, Some(id), vpc)?);
    }
    if let Some(id) = request.prefix_list_id() {
        peers.push(list(at, Some(id))?);
    }
    let Some(peer) = peers.pop().filter(|_| peers.is_empty()) else {
        return Err(refuse(400, "InvalidParameterCombination", "Exactly one source or destination of the rule has to be given"));
    };
    if std::mem::discriminant(&peer) != std::mem::discriminant(&old.peer) {
        return Err(invalid("The type of the source or destination of a rule cannot be changed"));
    }
    Ok(Rule { egress: old.egress, protocol, from, to, peer, description: described(request.description())?, tags: old.tags.clone() })
}

fn modify_rules(at: &mut At<'_>, input: &ModifySecurityGroupRulesInput) -> Answer<ModifySecurityGroupRulesOutput> {
    let vpc = the(at, input.group_id())?.vpc.clone();
    let most = quota::GROUP_RULES.most(at);
    for update in input.security_group_rules() {
        let id = update.security_group_rule_id().unwrap_or_default();
        let old = the(at, input.group_id())?.rules.get(id).cloned().ok_or_else(|| no_such_rule(id))?;
        let missing = || refuse(400, "MissingParameter", "The request must contain the parameter SecurityGroupRule");
        let new = asked(at, update.security_group_rule().ok_or_else(missing)?, &old, &vpc)?;
        let row = the(at, input.group_id())?;
        if row.rules.iter().any(|(other, rule)| other != id && rule.is_like(&new)) {
            return Err(duplicate(&new));
        }
        row.rules.insert(id.to_owned(), new);
        within_quota(row, old.egress, most)?;
    }
    Ok(ModifySecurityGroupRulesOutput::builder().r#return(true).build())
}

/// Takes all rules out that are named, by id or by what they say, or none.
fn revoke(at: &mut At<'_>, group: Option<&str>, egress: bool, ids: &[String], permissions: &[IpPermission]) -> Answer<()> {
    let vpc = the(at, group)?.vpc.clone();
    if ids.is_empty() == permissions.is_empty() {
        return Err(refuse(400, "InvalidParameterCombination", "Either rule IDs or permissions have to be given"));
    }
    for id in ids {
        let row = the(at, group)?;
        row.rules.get(id).filter(|rule| rule.egress == egress).ok_or_else(|| no_such_rule(id))?;
        row.rules.remove(id);
    }
    for permission in permissions {
        for wanted in rules(at, permission, egress, &vpc)? {
            let row = the(at, group)?;
            let found = row.rules.iter().find(|(_, rule)| rule.is_like(&wanted)).map(|(id, _)| id.clone());
            let gone = || refuse(400, "InvalidPermission.NotFound", "The specified rule does not exist in this security group.");
            row.rules.remove(&found.ok_or_else(gone)?);
        }
    }
    Ok(())
}

fn revoke_ingress(at: &mut At<'_>, input: &RevokeSecurityGroupIngressInput) -> Answer<RevokeSecurityGroupIngressOutput> {
    revoke(at, input.group_id(), false, input.security_group_rule_ids(), input.ip_permissions())?;
    Ok(RevokeSecurityGroupIngressOutput::builder().r#return(true).build())
}

fn revoke_egress(at: &mut At<'_>, input: &RevokeSecurityGroupEgressInput) -> Answer<RevokeSecurityGroupEgressOutput> {
    revoke(at, input.group_id(), true, input.security_group_rule_ids(), input.ip_permissions())?;
    Ok(RevokeSecurityGroupEgressOutput::builder().r#return(true).build())
}
