//! What others have hung on security groups: rules in them, rules that name them, whatever has network interfaces under them.

use aws_sdk_ec2::types::{IpPermission, SecurityGroupRule};
use bbws_engine::{Addition, Carrier, Hanging, Reading};
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
            let (what, adds) = if inside(rule) {
                ("security group rule", Some(addition(id, name, rule, &self.region)))
            } else if naming(rule) {
                ("security group rule that names it", None)
            } else {
                return None;
            };
            let of = rule.group_id().unwrap_or_default();
            let group = groups.get(of).and_then(Raw::group_name).unwrap_or(of);
            Some(Hanging { what, id: name.as_str().into(), name: in_words(rule, group), owner: from_tags(rule.tags()).1, adds })
        };
        Ok(rules.iter().filter_map(hanging).chain(holders).collect())
    }
}

/// What a rule lets through, and how it is taken away.
fn addition(group: &str, id: &str, rule: &SecurityGroupRule, region: &str) -> Addition {
    let out = rule.is_egress() == Some(true);
    let from_everywhere =
        [rule.cidr_ipv4(), rule.cidr_ipv6()].into_iter().flatten().any(|network| ["0.0.0.0/0", "::/0"].contains(&network));
    let danger = if from_everywhere && !out { "it is open to the whole world" } else { "" };
    let way = if out { "egress" } else { "ingress" };
    let undo = format!("aws ec2 revoke-security-group-{way} --group-id {group} --security-group-rule-ids {id} --region {region}");
    Addition { danger, undo }
}

/// A rule in words: `tcp 3306 from 0.0.0.0/0 into wp-dev-rds, by hand`.
fn in_words(rule: &SecurityGroupRule, group: &str) -> String {
    let protocol = match rule.ip_protocol() {
        None | Some("-1") => "all traffic",
        Some(name) => name,
    };
    let ports = match (protocol, rule.from_port(), rule.to_port()) {
        ("tcp" | "udp", Some(from), Some(to)) if from >= 0 && from == to => format!(" {from}"),
        ("tcp" | "udp", Some(from), Some(to)) if from >= 0 => format!(" {from}-{to}"),
        _ => String::new(),
    };
    let other = rule.cidr_ipv4().or(rule.cidr_ipv6()).or(rule.prefix_list_id()).or(peer(rule)).unwrap_or("somebody");
    let way = if rule.is_egress() == Some(true) { format!("to {other} out of {group}") } else { format!("from {other} into {group}") };
    let said = rule.description().filter(|text| !text.is_empty()).map(|text| format!(", {text}")).unwrap_or_default();
    format!("{protocol}{ports} {way}{said}")
}

fn peer(rule: &SecurityGroupRule) -> Option<&str> {
    rule.referenced_group_info().and_then(|group| group.group_id())
}

/// Whether a group has a rule that names another one.
fn names(raw: &Raw, other: &str) -> bool {
    let named = |permission: &IpPermission| permission.user_id_group_pairs().iter().any(|pair| pair.group_id() == Some(other));
    raw.ip_permissions().iter().chain(raw.ip_permissions_egress()).any(named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ec2::types::ReferencedSecurityGroup;

    #[test]
    fn a_rule_says_who_reaches_what_and_how_it_goes_away() {
        let tcp = |from: i32, to: i32| SecurityGroupRule::builder().ip_protocol("tcp").from_port(from).to_port(to).is_egress(false);
        let of = |rule: SecurityGroupRule| (in_words(&rule, "wp-dev-rds"), addition("sg-1", "sgr-1", &rule, "af-south-1"));
        let (told, adds) = of(tcp(3306, 3306).cidr_ipv4("0.0.0.0/0").description("by hand").build());
        assert_eq!(told, "tcp 3306 from 0.0.0.0/0 into wp-dev-rds, by hand");
        assert_eq!(adds.danger, "it is open to the whole world");
        assert_eq!(adds.undo, "aws ec2 revoke-security-group-ingress --group-id sg-1 --security-group-rule-ids sgr-1 --region af-south-1");
        assert!(!of(tcp(0, 65535).cidr_ipv6("::/0").build()).1.danger.is_empty());
        let from_group = ReferencedSecurityGroup::builder().group_id("sg-2").build();
        let (told, adds) = of(tcp(8000, 8080).referenced_group_info(from_group).build());
        assert_eq!((told.as_str(), adds.danger), ("tcp 8000-8080 from sg-2 into wp-dev-rds", ""));
        let (told, adds) = of(SecurityGroupRule::builder().ip_protocol("-1").is_egress(true).cidr_ipv4("0.0.0.0/0").build());
        assert_eq!((told.as_str(), adds.danger), ("all traffic to 0.0.0.0/0 out of wp-dev-rds", ""));
        assert!(adds.undo.contains("revoke-security-group-egress"), "{}", adds.undo);
    }
}
