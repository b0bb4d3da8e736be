//! The driver of `security-group`, and the reads of groups and rules that other kinds share with it.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_ec2::types::{Filter, IpPermission, ResourceType, SecurityGroupRule};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{SecurityGroup, SecurityGroupOutputs, SecurityGroupSpec};
use bbws_model::{Arn, CloudError, Id, Locate, Name, Observed, Phase, Ready};

use super::ec2::{filter, from_tags, specification, told};
use super::route53::not_yet;
use crate::scan::{ById, FILTER_VALUES, all_failed, unseen};
use crate::{Aws, Told};

type Raw = aws_sdk_ec2::types::SecurityGroup;

const EVERYBODY: [&str; 2] = ["0.0.0.0/0", "::/0"];

impl Driver<SecurityGroup> for Aws {
    async fn observe(&self, at: &[Locate<SecurityGroup>], reading: &Reading) -> Vec<Sight<SecurityGroup>> {
        match self.security_groups(at, reading).await {
            Ok(sights) => sights.into_iter().map(Ok).collect(),
            Err(error) => all_failed(at, &error),
        }
    }

    async fn create(&self, want: &SecurityGroupSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ec2:CreateSecurityGroup";
        let create = self.write.ec2.create_security_group().vpc_id(want.vpc.as_str());
        let create = create.group_name(&want.name).description(&want.description);
        let create = create.tag_specifications(specification(ResourceType::SecurityGroup, &want.tags, attempt));
        let id = told(OPERATION, "GroupId", create.send().await.told(OPERATION).map_err(not_yet)?.group_id)?;
        Ok(Created { id: id.into() })
    }

    async fn update(
        &self,
        seen: &Observed<SecurityGroup>,
        want: &SecurityGroupSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let (id, have) = (seen.id.as_str(), &seen.spec);
        if want.no_default_egress && !have.no_default_egress {
            let rules = self.rules_of_groups(&[id], &Reading::new()).await?;
            let ids: Vec<&str> =
                rules.values().filter(|rule| is_default_egress(rule)).filter_map(|rule| rule.security_group_rule_id()).collect();
            if !ids.is_empty() {
                let ids = ids.into_iter().map(str::to_owned).collect();
                let revoke = self.write.ec2.revoke_security_group_egress().group_id(id).set_security_group_rule_ids(Some(ids));
                revoke.send().await.told("ec2:RevokeSecurityGroupEgress")?;
                return Ok(Progress::Sent);
            }
        }
        self.retag(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<SecurityGroup>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.ec2.delete_security_group().group_id(seen.id.as_str()).send().await.told("ec2:DeleteSecurityGroup")?;
        Ok(Progress::Sent)
    }
}

/// Whether a group may have the rule that AWS gives to each: it lets everything out and says not what for.
fn may_have_default_egress(raw: &Raw) -> bool {
    let nameless = |to: Option<&str>, text: Option<&str>| to.is_some_and(|to| EVERYBODY.contains(&to)) && text.is_none_or(str::is_empty);
    let lets_out = |permission: &IpPermission| {
        permission.ip_protocol() == Some("-1")
            && (permission.ip_ranges().iter().any(|range| nameless(range.cidr_ip(), range.description()))
                || permission.ipv6_ranges().iter().any(|range| nameless(range.cidr_ipv6(), range.description())))
    };
    raw.ip_permissions_egress().iter().any(lets_out)
}

fn lets_everything_out(rule: &SecurityGroupRule) -> bool {
    let to = rule.cidr_ipv4().or(rule.cidr_ipv6());
    rule.is_egress() == Some(true) && rule.ip_protocol() == Some("-1") && to.is_some_and(|to| EVERYBODY.contains(&to))
}

/// A rule that somebody gave a description or a tag is somebody's, not AWS's.
pub(crate) fn is_default_egress(rule: &SecurityGroupRule) -> bool {
    let (tags, owner) = from_tags(rule.tags());
    lets_everything_out(rule) && rule.description().is_none_or(str::is_empty) && tags.is_empty() && owner.is_none()
}

/// What a group is; `rules` are all rules of all groups that may have AWS's own one.
fn observed(raw: &Raw, rules: &ById<SecurityGroupRule>) -> Result<Observed<SecurityGroup>, CloudError> {
    const OPERATION: &str = "ec2:DescribeSecurityGroups";
    let id = told(OPERATION, "GroupId", raw.group_id())?;
    let name = told(OPERATION, "GroupName", raw.group_name())?;
    let vpc = told(OPERATION, "VpcId", raw.vpc_id())?;
    let mut suspects = rules.values().filter(|rule| rule.group_id() == Some(id) && lets_everything_out(rule)).peekable();
    // The two reads may disagree for a moment: the rule counts as gone only when it is seen to be somebody's.
    let theirs = suspects.peek().is_some() && !suspects.any(is_default_egress);
    let (tags, owner) = from_tags(raw.tags());
    Ok(Observed {
        id: id.into(),
        spec: SecurityGroupSpec {
            vpc: Id::new(vpc),
            name: name.to_owned(),
            description: raw.description().unwrap_or_default().to_owned(),
            no_default_egress: !may_have_default_egress(raw) || theirs,
            tags,
        },
        outputs: SecurityGroupOutputs {
            id: Id::new(id),
            arn: Arn::new(raw.security_group_arn().unwrap_or_default()),
            name: Name::new(name),
        },
        phase: Phase::Ready,
        owner,
    })
}

/// Distinct values in order, as a key of a read needs them.
fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    values.collect::<BTreeSet<_>>().into_iter().collect()
}

impl Aws {
    async fn security_groups(
        &self,
        at: &[Locate<SecurityGroup>],
        reading: &Reading,
    ) -> Result<Vec<Option<Observed<SecurityGroup>>>, CloudError> {
        let mut all = ById::new();
        for vpc in distinct(at.iter().map(|place| place.spec.vpc.as_str())) {
            all.extend(self.groups_of_vpc(vpc, reading).await?.as_ref().clone());
        }
        for ids in unseen(at, &all).chunks(FILTER_VALUES) {
            let by = filter("group-id", ids.to_vec());
            let more = reading.once(format!("ec2:DescribeSecurityGroups ids={}", ids.join(",")), self.describe_groups(by)).await?;
            all.extend(more.as_ref().clone());
        }
        let found: Vec<Option<&Raw>> = at
            .iter()
            .map(|place| match &place.id {
                Some(id) => all.get(id.as_str()),
                None => all.values().find(|raw| {
                    raw.vpc_id() == Some(place.spec.vpc.as_str())
                        && raw.group_name().is_some_and(|name| name.eq_ignore_ascii_case(&place.spec.name))
                }),
            })
            .collect();
        // The groups' own description has neither ids nor tags of rules; they are read only where they decide.
        let suspects = distinct(found.iter().flatten().filter(|raw| may_have_default_egress(raw)).filter_map(|raw| raw.group_id()));
        let rules = self.rules_of_groups(&suspects, reading).await?;
        found.into_iter().map(|raw| raw.map(|raw| observed(raw, &rules)).transpose()).collect()
    }

    /// All security groups of a VPC, by id: one read serves its default group and ours.
    pub(crate) async fn groups_of_vpc(&self, vpc: &str, reading: &Reading) -> Result<Arc<ById<Raw>>, CloudError> {
        reading.once(format!("ec2:DescribeSecurityGroups vpc={vpc}"), self.describe_groups(filter("vpc-id", [vpc]))).await
    }

    /// All groups, or those that a filter lets through.
    pub(super) async fn describe_groups(&self, by: impl Into<Option<Filter>>) -> Result<(ById<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        // Paged, because the unpaged form has a smaller rate bucket.
        let mut pages =
            self.read.ec2.describe_security_groups().set_filters(by.into().map(|by| vec![by])).into_paginator().page_size(1000).send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let groups = page.told("ec2:DescribeSecurityGroups")?.security_groups.unwrap_or_default();
            all.extend(groups.into_iter().filter_map(|group| Some((group.group_id.clone()?, group))));
        }
        Ok((all, calls))
    }

    /// All rules of some groups, by the rules' ids.
    pub(crate) async fn rules_of_groups(&self, groups: &[&str], reading: &Reading) -> Result<ById<SecurityGroupRule>, CloudError> {
        self.rules("group-id", groups, reading).await
    }

    /// All rules of which this field has one of these values, by their ids.
    pub(crate) async fn rules(&self, field: &str, values: &[&str], reading: &Reading) -> Result<ById<SecurityGroupRule>, CloudError> {
        let mut all = ById::new();
        for values in values.chunks(FILTER_VALUES) {
            let by = filter(field, values.to_vec());
            let key = format!("ec2:DescribeSecurityGroupRules {field}={}", values.join(","));
            all.extend(reading.once(key, self.describe_rules(by)).await?.as_ref().clone());
        }
        Ok(all)
    }

    pub(super) async fn describe_rules(&self, by: Filter) -> Result<(ById<SecurityGroupRule>, usize), CloudError> {
        let (mut all, mut calls) = (ById::new(), 0);
        let mut pages = self.read.ec2.describe_security_group_rules().filters(by).into_paginator().page_size(1000).send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let rules = page.told("ec2:DescribeSecurityGroupRules")?.security_group_rules.unwrap_or_default();
            all.extend(rules.into_iter().filter_map(|rule| Some((rule.security_group_rule_id.clone()?, rule))));
        }
        Ok((all, calls))
    }
}
