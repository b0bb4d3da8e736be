//! What others have hung on security groups: rules in them, rules that name them, whatever has network interfaces under them.

use aws_sdk_ec2::types::{IpPermission, SecurityGroupRule};
use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::SecurityGroup;
use bbws_model::{CloudError, Observed};

use super::ec2::from_tags;
use super::network_hanging::Within;
use super::security_group::is_default_egress;
use crate::Aws;

type Raw = aws_sdk_ec2::types::SecurityGroup;

impl Carrier<SecurityGroup> for Aws {
    async fn hung_on(&self, seen: &Observed<SecurityGroup>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let id = seen.id.as_str();
        // AWS finds no rules by whom they name: the groups of the VPC say which of them have such rules.
        let groups = self.groups_of_vpc(seen.spec.vpc.as_str(), reading).await?;
        let mut asked: Vec<&str> =
            groups.iter().filter(|(other, raw)| *other != id && names(raw, id)).map(|(other, _)| other.as_str()).collect();
        asked.push(id);
        asked.sort_unstable();
        let within = Within { vpc: seen.spec.vpc.as_str(), subnet: None, group: Some(id) };
        let (rules, holders) = tokio::try_join!(self.rules_of_groups(&asked, reading), self.with_interfaces(within, reading))?;
        let inside = |rule: &SecurityGroupRule| rule.group_id() == Some(id) && !is_default_egress(rule);
        let naming = |rule: &SecurityGroupRule| rule.group_id() != Some(id) && peer(rule) == Some(id);
        let hanging = |(name, rule): (&String, &SecurityGroupRule)| {
            let what = if inside(rule) {
                "security group rule"
            } else if naming(rule) {
                "security group rule that names it"
            } else {
                return None;
            };
            let owner = from_tags(rule.tags()).1;
            Some(Hanging { what, id: name.as_str().into(), name: rule.description().unwrap_or_default().to_owned(), owner })
        };
        Ok(rules.iter().filter_map(hanging).chain(holders).collect())
    }
}

fn peer(rule: &SecurityGroupRule) -> Option<&str> {
    rule.referenced_group_info().and_then(|group| group.group_id())
}

/// Whether a group has a rule that names another one.
fn names(raw: &Raw, other: &str) -> bool {
    let named = |permission: &IpPermission| permission.user_id_group_pairs().iter().any(|pair| pair.group_id() == Some(other));
    raw.ip_permissions().iter().chain(raw.ip_permissions_egress()).any(named)
}
