//! What others have hung on VPCs and subnets, and who stands under a security group: subnets, tables, groups, gateways, and whatever has an interface there. An
//! interface says in words whose it is; what it belongs to is what people know, and what our state may know.

use aws_sdk_ec2::types::NetworkInterface;
use aws_sdk_rds::types::DbInstance;
use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::{Subnet, Vpc, partition};
use bbws_model::{CloudError, Observed};

use super::ec2::{filter, from_tags};
use super::rds::from_rds_tags;
use crate::scan::ById;
use crate::{Aws, Told};

/// What RDS writes on the interfaces of all its databases alike.
const OF_RDS: &str = "RDSNetworkInterface";
/// What people are told that a load balancer is.
const LOAD_BALANCER: &str = "load balancer";

/// Where interfaces are looked for: in a VPC, and there in one subnet, or under one security group.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Within<'a> {
    pub(crate) vpc: &'a str,
    pub(crate) subnet: Option<&'a str>,
    pub(crate) group: Option<&'a str>,
}

impl Within<'_> {
    /// Interfaces of the VPC are read; of those this one counts.
    fn holds(&self, raw: &NetworkInterface) -> bool {
        let under = |group: &str| raw.groups().iter().any(|has| has.group_id() == Some(group));
        self.subnet.is_none_or(|subnet| raw.subnet_id() == Some(subnet)) && self.group.is_none_or(under)
    }

    /// The interfaces of a database do not say whose they are: it counts where it may have one.
    fn may_hold(&self, raw: &DbInstance) -> bool {
        let Some(of) = raw.db_subnet_group() else { return false };
        let stands_in = |subnet: &str| of.subnets().iter().any(|one| one.subnet_identifier() == Some(subnet));
        let under = |group: &str| raw.vpc_security_groups().iter().any(|has| has.vpc_security_group_id() == Some(group));
        of.vpc_id() == Some(self.vpc) && self.subnet.is_none_or(stands_in) && self.group.is_none_or(under)
    }
}

impl Carrier<Vpc> for Aws {
    async fn hung_on(&self, seen: &Observed<Vpc>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let vpc = seen.id.as_str();
        let vpcs = [vpc];
        let (subnets, tables, groups, gateways, holders) = tokio::try_join!(
            self.subnets_of_vpcs(&vpcs, reading),
            self.with_route_tables(ById::new(), "vpc-id", &vpcs, reading),
            self.groups_of_vpc(vpc, reading),
            self.internet_gateways_of_vpcs(&vpcs, reading),
            self.with_interfaces(Within { vpc, subnet: None, group: None }, reading)
        )?;
        let hang = |what, id: &String, tags: &[_]| Hanging {
            what,
            id: id.as_str().into(),
            name: String::new(),
            owner: from_tags(tags).1,
            adds: None,
        };
        let mut all: Vec<Hanging> = subnets.iter().map(|(id, raw)| hang("subnet", id, raw.tags())).collect();
        // The main table and the default group are AWS's and go with the VPC.
        let own = tables.iter().filter(|(_, raw)| raw.associations().iter().all(|association| association.main() != Some(true)));
        all.extend(own.map(|(id, raw)| hang("route table", id, raw.tags())));
        let own = groups.iter().filter(|(_, raw)| raw.group_name() != Some("default"));
        all.extend(
            own.map(|(id, raw)| Hanging {
                name: raw.group_name().unwrap_or_default().to_owned(),
                ..hang("security group", id, raw.tags())
            }),
        );
        all.extend(gateways.iter().map(|(id, raw)| hang("internet gateway", id, raw.tags())));
        all.extend(holders);
        Ok(all)
    }
}

impl Carrier<Subnet> for Aws {
    async fn hung_on(&self, seen: &Observed<Subnet>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let within = Within { vpc: seen.spec.vpc.as_str(), subnet: Some(seen.id.as_str()), group: None };
        self.with_interfaces(within, reading).await
    }
}

impl Aws {
    /// Whatever has interfaces there, each thing once.
    pub(crate) async fn with_interfaces(&self, within: Within<'_>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let vpc = within.vpc;
        let interfaces = reading.once(format!("ec2:DescribeNetworkInterfaces vpc={vpc}"), self.interfaces_of(vpc)).await?;
        let here = || interfaces.iter().filter(|raw| within.holds(raw));
        let of_rds = |raw: &&NetworkInterface| raw.description() == Some(OF_RDS);
        let mut all: Vec<Hanging> = here().filter(|raw| !of_rds(raw)).filter_map(|raw| holder(raw, &self.region)).collect();
        if all.iter().any(|hanging| hanging.what == LOAD_BALANCER) {
            // The interfaces of a load balancer go minutes after it: what is left of one that is gone is AWS's to remove.
            let there = self.load_balancers(reading).await?;
            let lives = |id: &str| there.iter().any(|raw| raw.load_balancer_arn() == Some(id));
            all.retain(|hanging| hanging.what != LOAD_BALANCER || lives(hanging.id.as_str()));
        }
        if here().any(|raw| of_rds(&raw)) {
            let databases = self.db_instances(reading).await?;
            let named = |(id, raw): (&String, &DbInstance)| {
                let owner = from_rds_tags(raw.tag_list()).1;
                Hanging { what: "database", id: id.as_str().into(), name: String::new(), owner, adds: None }
            };
            let found: Vec<Hanging> = databases.iter().filter(|(_, raw)| within.may_hold(raw)).map(named).collect();
            // An interface that no database accounts for is of a proxy, or of a database that is leaving.
            if found.is_empty() {
                all.extend(here().filter(of_rds).filter_map(|raw| itself(raw, "network interface of RDS")));
            }
            all.extend(found);
        }
        all.sort_by(|a, b| a.id.as_str().cmp(b.id.as_str()));
        all.dedup_by(|a, b| a.id == b.id);
        Ok(all)
    }

    async fn interfaces_of(&self, vpc: &str) -> Result<(Vec<NetworkInterface>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        // Paged, because the unpaged form has a smaller rate bucket.
        let describe = self.read.ec2.describe_network_interfaces().filters(filter("vpc-id", [vpc]));
        let mut pages = describe.into_paginator().page_size(1000).send();
        while let Some(page) = pages.next().await {
            calls += 1;
            all.extend(page.told("ec2:DescribeNetworkInterfaces")?.network_interfaces.unwrap_or_default());
        }
        Ok((all, calls))
    }
}

fn itself(raw: &NetworkInterface, what: &'static str) -> Option<Hanging> {
    let name = raw.description().unwrap_or_default().to_owned();
    Some(Hanging { what, id: raw.network_interface_id()?.into(), name, owner: from_tags(raw.tag_set()).1, adds: None })
}

/// What an interface belongs to, where its description says so; else the interface itself.
fn holder(raw: &NetworkInterface, region: &str) -> Option<Hanging> {
    let description = raw.description().unwrap_or_default();
    let hang = |what, id: &str| Some(Hanging { what, id: id.into(), name: String::new(), owner: None, adds: None });
    // Anybody may write such words on an interface of his own.
    if raw.requester_managed() != Some(true) {
        return itself(raw, "network interface");
    }
    if let Some(id) = description.strip_prefix("Interface for NAT Gateway ") {
        return hang("NAT gateway", id);
    }
    if let Some(id) = description.strip_prefix("VPC Endpoint Interface ") {
        return hang("VPC endpoint", id);
    }
    if let Some(target) = description.strip_prefix("EFS mount target for ").and_then(|rest| rest.split_once('(')) {
        return hang("mount target", target.1.trim_end_matches(')'));
    }
    if let Some(path) = description.strip_prefix("ELB ") {
        // A classic one has a name and no path.
        if !path.contains('/') {
            return itself(raw, "network interface of a load balancer");
        }
        let account = raw.owner_id().unwrap_or_default();
        let arn = format!("arn:{}:elasticloadbalancing:{region}:{account}:loadbalancer/{path}", partition(region));
        return hang(LOAD_BALANCER, &arn);
    }
    if description.contains(":attachment/") {
        return itself(raw, "network interface of an ECS task");
    }
    itself(raw, "network interface")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_says_whose_it_is() {
        let told = |description: &str, managed| {
            let raw = NetworkInterface::builder().network_interface_id("eni-1").owner_id("1").description(description);
            let hanging = holder(&raw.requester_managed(managed).build(), "af-south-1").unwrap();
            (hanging.what, hanging.id.to_string())
        };
        let lb = "arn:aws:elasticloadbalancing:af-south-1:1:loadbalancer/app/dev/50dc6c495c0c9188";
        let table = [
            ("Interface for NAT Gateway nat-1", ("NAT gateway", "nat-1")),
            ("VPC Endpoint Interface vpce-1", ("VPC endpoint", "vpce-1")),
            ("EFS mount target for fs-1 (fsmt-1)", ("mount target", "fsmt-1")),
            ("ELB app/dev/50dc6c495c0c9188", ("load balancer", lb)),
            ("ELB classic", ("network interface of a load balancer", "eni-1")),
            ("arn:aws:ecs:af-south-1:1:attachment/a-b", ("network interface of an ECS task", "eni-1")),
            ("AWS Lambda VPC ENI-shop", ("network interface", "eni-1")),
        ];
        for (description, (what, id)) in table {
            assert_eq!(told(description, true), (what, id.to_owned()), "{description}");
            assert_eq!(told(description, false), ("network interface", "eni-1".to_owned()), "somebody's own words: {description}");
        }
    }
}
