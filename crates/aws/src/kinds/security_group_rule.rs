//! The driver of `security-group-rule`.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, ResourceType, SecurityGroupRuleRequest, SecurityGroupRuleUpdate, UserIdGroupPair,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Direction, Icmp, Peer, Ports, Protocol, SecurityGroupRule, SecurityGroupRuleOutputs, SecurityGroupRuleSpec};
use bbws_model::{Class, CloudError, Id, Locate, Observed, Phase, Ready};

use super::ec2::{filter, from_tags, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::SecurityGroupRule;
type Spec = SecurityGroupRuleSpec<Ready>;

/// The ids of prefix lists that AWS keeps, by their names.
type Lists = BTreeMap<String, String>;

const DESCRIBE: &str = "ec2:DescribeSecurityGroupRules";

impl Driver<SecurityGroupRule> for Aws {
    async fn observe(&self, at: &[Locate<SecurityGroupRule>], reading: &Reading) -> Vec<Sight<SecurityGroupRule>> {
        let (all, lists) = match self.rules_at(at, reading).await {
            Ok(read) => read,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| match &place.id {
                Some(id) => all.get(id.as_str()).map(|raw| observed(raw, &lists)).transpose(),
                // A rule of somebody else's may be of a form that ours never have: it is not the one looked for.
                None => Ok(all.values().filter_map(|raw| observed(raw, &lists).ok()).find(|seen| is_same(&seen.spec, &place.spec))),
            })
            .collect()
    }

    async fn create(&self, want: &Spec, attempt: &Attempt) -> Result<Created, CloudError> {
        let permission = permission(want, &self.lists_of(&[want]).await?)?;
        let tags = specification(ResourceType::SecurityGroupRule, &want.tags, attempt);
        let group = want.group.as_str();
        let (operation, rules) = match want.direction {
            Direction::Ingress => {
                const OPERATION: &str = "ec2:AuthorizeSecurityGroupIngress";
                let add = self.write.ec2.authorize_security_group_ingress().group_id(group).ip_permissions(permission);
                (OPERATION, add.tag_specifications(tags).send().await.told(OPERATION).map_err(not_yet)?.security_group_rules)
            }
            Direction::Egress => {
                const OPERATION: &str = "ec2:AuthorizeSecurityGroupEgress";
                let add = self.write.ec2.authorize_security_group_egress().group_id(group).ip_permissions(permission);
                (OPERATION, add.tag_specifications(tags).send().await.told(OPERATION).map_err(not_yet)?.security_group_rules)
            }
        };
        let rule = rules.unwrap_or_default().into_iter().next();
        let id = told(operation, "SecurityGroupRuleId", rule.and_then(|rule| rule.security_group_rule_id))?;
        Ok(Created { id: id.into() })
    }

    async fn update(&self, seen: &Observed<SecurityGroupRule>, want: &Spec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (id, have) = (seen.id.as_str(), &seen.spec);
        if !is_same(have, want) || have.description != want.description {
            let request = request(want, &self.lists_of(&[want]).await?)?;
            let update = SecurityGroupRuleUpdate::builder().security_group_rule_id(id).security_group_rule(request).build();
            let modify = self.write.ec2.modify_security_group_rules().group_id(have.group.as_str()).security_group_rules(update);
            modify.send().await.told("ec2:ModifySecurityGroupRules").map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.retag(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<SecurityGroupRule>, _: &Attempt) -> Result<Progress, CloudError> {
        let (id, group) = (seen.id.as_str(), seen.spec.group.as_str());
        match seen.spec.direction {
            Direction::Ingress => {
                let revoke = self.write.ec2.revoke_security_group_ingress().group_id(group).security_group_rule_ids(id);
                revoke.send().await.told("ec2:RevokeSecurityGroupIngress")?;
            }
            Direction::Egress => {
                let revoke = self.write.ec2.revoke_security_group_egress().group_id(group).security_group_rule_ids(id);
                revoke.send().await.told("ec2:RevokeSecurityGroupEgress")?;
            }
        }
        Ok(Progress::Sent)
    }
}

/// Whether two rules let the same through between the same: a group has only one such.
fn is_same(a: &Spec, b: &Spec) -> bool {
    let key = |spec: &Spec| (spec.group.clone(), spec.direction, spec.protocol, spec.ports, spec.icmp, spec.peer.clone());
    key(a) == key(b)
}

fn observed(raw: &Raw, lists: &Lists) -> Result<Observed<SecurityGroupRule>, CloudError> {
    let id = told(DESCRIBE, "SecurityGroupRuleId", raw.security_group_rule_id())?;
    let protocol: Protocol = told(DESCRIBE, "IpProtocol", raw.ip_protocol().and_then(|text| text.parse().ok()))?;
    let (tags, owner) = from_tags(raw.tags());
    Ok(Observed {
        id: id.into(),
        spec: SecurityGroupRuleSpec {
            group: Id::new(told(DESCRIBE, "GroupId", raw.group_id())?),
            direction: if told(DESCRIBE, "IsEgress", raw.is_egress())? { Direction::Egress } else { Direction::Ingress },
            protocol,
            ports: if protocol.has_ports() { Some(told(DESCRIBE, "FromPort", ports(raw))?) } else { None },
            icmp: if protocol.has_messages() { icmp(raw) } else { None },
            peer: told(DESCRIBE, "peer", peer(raw, lists))?,
            description: raw.description().unwrap_or_default().to_owned(),
            tags,
        },
        outputs: SecurityGroupRuleOutputs { id: Id::new(id), arn: raw.security_group_rule_arn().unwrap_or_default().to_owned() },
        phase: Phase::Ready,
        owner,
    })
}

fn ports(raw: &Raw) -> Option<Ports> {
    match (raw.from_port()?, raw.to_port()?) {
        (-1, _) => Some(Ports { from: 0, to: u16::MAX }),
        (from, to) => Some(Ports { from: u16::try_from(from).ok()?, to: u16::try_from(to).ok()? }),
    }
}

/// EC2 keeps type and code in the places of the ports; -1 is any.
fn icmp(raw: &Raw) -> Option<Icmp> {
    let one = |number: Option<i32>| number.and_then(|number| u8::try_from(number).ok());
    Some(Icmp { kind: one(raw.from_port())?, code: one(raw.to_port()) })
}

fn peer(raw: &Raw, lists: &Lists) -> Option<Peer<Ready>> {
    if let Some(network) = raw.cidr_ipv4().or(raw.cidr_ipv6()) {
        return network.parse().ok().map(Peer::Cidr);
    }
    if let Some(list) = raw.prefix_list_id() {
        let name = lists.iter().find(|(_, id)| *id == list).map(|(name, _)| name.clone());
        return Some(name.map_or_else(|| Peer::PrefixList(list.to_owned()), Peer::ManagedPrefixList));
    }
    raw.referenced_group_info().and_then(|group| group.group_id()).map(|id| Peer::Group(Id::new(id)))
}

/// First and last port, or type and code, as EC2 takes them.
fn range(spec: &Spec) -> (i32, i32) {
    match (spec.ports, spec.icmp) {
        (Some(ports), _) => (ports.from.into(), ports.to.into()),
        (None, Some(icmp)) => (icmp.kind.into(), icmp.code.map_or(-1, Into::into)),
        (None, None) => (-1, -1),
    }
}

fn list_id(name: &str, lists: &Lists) -> Result<String, CloudError> {
    let unknown =
        || CloudError::own("ec2:DescribeManagedPrefixLists", Class::Invalid, format!("AWS keeps no prefix list `{name}` in this region"));
    lists.get(name).cloned().ok_or_else(unknown)
}

fn permission(want: &Spec, lists: &Lists) -> Result<IpPermission, CloudError> {
    let (from, to) = range(want);
    let permission = IpPermission::builder().ip_protocol(want.protocol.ec2()).from_port(from).to_port(to);
    let text = want.description.as_str();
    let list = |id: &str| PrefixListId::builder().prefix_list_id(id).description(text).build();
    Ok(match &want.peer {
        Peer::Cidr(network) if network.is_ipv6() => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(network.to_string()).description(text).build())
        }
        Peer::Cidr(network) => permission.ip_ranges(IpRange::builder().cidr_ip(network.to_string()).description(text).build()),
        Peer::Group(id) => permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(id.as_str()).description(text).build()),
        Peer::PrefixList(id) => permission.prefix_list_ids(list(id)),
        Peer::ManagedPrefixList(name) => permission.prefix_list_ids(list(&list_id(name, lists)?)),
    }
    .build())
}

fn request(want: &Spec, lists: &Lists) -> Result<SecurityGroupRuleRequest, CloudError> {
    let (from, to) = range(want);
    let request = SecurityGroupRuleRequest::builder().ip_protocol(want.protocol.ec2()).from_port(from).to_port(to);
    let request = request.description(&want.description);
    Ok(match &want.peer {
        Peer::Cidr(network) if network.is_ipv6() => request.cidr_ipv6(network.to_string()),
        Peer::Cidr(network) => request.cidr_ipv4(network.to_string()),
        Peer::Group(id) => request.referenced_group_id(id.as_str()),
        Peer::PrefixList(id) => request.prefix_list_id(id),
        Peer::ManagedPrefixList(name) => request.prefix_list_id(list_id(name, lists)?),
    }
    .build())
}

impl Aws {
    async fn rules_at(&self, at: &[Locate<SecurityGroupRule>], reading: &Reading) -> Result<(ById<Raw>, Lists), CloudError> {
        let groups: Vec<&str> = at.iter().map(|place| place.spec.group.as_str()).collect::<BTreeSet<_>>().into_iter().collect();
        let specs: Vec<&Spec> = at.iter().map(|place| &place.spec).collect();
        let (all, lists) = tokio::join!(self.rules_of_groups(&groups, reading), self.managed_lists(&specs, reading));
        let (mut all, lists) = (all?, lists?);
        let lost = unseen(at, &all);
        if !lost.is_empty() {
            all.extend(self.rules("security-group-rule-id", &lost, reading).await?);
        }
        Ok((all, lists))
    }

    async fn lists_of(&self, specs: &[&Spec]) -> Result<Lists, CloudError> {
        self.managed_lists(specs, &Reading::new()).await
    }

    /// The prefix lists of AWS's that some specs name. Ids differ from region to region.
    async fn managed_lists(&self, specs: &[&Spec], reading: &Reading) -> Result<Lists, CloudError> {
        let named = specs.iter().filter_map(|spec| match &spec.peer {
            Peer::ManagedPrefixList(name) => Some(name.as_str()),
            Peer::Cidr(_) | Peer::Group(_) | Peer::PrefixList(_) => None,
        });
        let names: Vec<&str> = named.collect::<BTreeSet<_>>().into_iter().collect();
        let mut lists = Lists::new();
        for names in names.chunks(FILTER_VALUES) {
            let key = format!("ec2:DescribeManagedPrefixLists names={}", names.join(","));
            lists.extend(reading.once(key, self.describe_managed_lists(names)).await?.as_ref().clone());
        }
        Ok(lists)
    }

    async fn describe_managed_lists(&self, names: &[&str]) -> Result<(Lists, usize), CloudError> {
        let (mut lists, mut calls) = (Lists::new(), 0);
        let ask = self.read.ec2.describe_managed_prefix_lists();
        // Somebody's own list may bear the same name.
        let ask = ask.filters(filter("owner-id", ["AWS"])).filters(filter("prefix-list-name", names.to_vec()));
        let mut pages = ask.into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let found = page.told("ec2:DescribeManagedPrefixLists")?.prefix_lists.unwrap_or_default();
            lists.extend(found.into_iter().filter_map(|list| Some((list.prefix_list_name?, list.prefix_list_id?))));
        }
        Ok((lists, calls))
    }
}
