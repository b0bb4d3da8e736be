//! What others have hung on VPCs and subnets: subnets, tables, groups, gateways, and whatever has an interface there. An
//! interface says in words whose it is; what it belongs to is what people know, and what our state may know.

use std::sync::Arc;

use aws_sdk_ec2::types::NetworkInterface;
use bbws_engine::{Carrier, Hanging, Reading, read_tags};
use bbws_kinds::{Subnet, Vpc};
use bbws_model::{CloudError, Observed};

use super::ec2::{filter, from_tags};
use crate::scan::ById;
use crate::{Aws, Told};

/// What RDS writes on the interfaces of all its databases alike.
const OF_RDS: &str = "RDSNetworkInterface";

/// A database, the VPC that it stands in, and the subnets that it may stand in.
struct Database {
    hanging: Hanging,
    vpc: String,
    subnets: Vec<String>,
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
            self.with_interfaces(vpc, None, reading)
        )?;
        let hang = |what, id: &String, tags: &[_]| Hanging { what, id: id.as_str().into(), name: String::new(), owner: from_tags(tags).1 };
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
        self.with_interfaces(seen.spec.vpc.as_str(), Some(seen.id.as_str()), reading).await
    }
}

impl Aws {
    /// Whatever has interfaces in a VPC, or in one subnet of it, each thing once.
    async fn with_interfaces(&self, vpc: &str, subnet: Option<&str>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let interfaces = reading.once(format!("ec2:DescribeNetworkInterfaces vpc={vpc}"), self.interfaces_of(vpc)).await?;
        let here = || interfaces.iter().filter(|raw| subnet.is_none_or(|subnet| raw.subnet_id() == Some(subnet)));
        let of_rds = |raw: &&NetworkInterface| raw.description() == Some(OF_RDS);
        let mut all: Vec<Hanging> = here().filter(|raw| !of_rds(raw)).filter_map(|raw| holder(raw, &self.region)).collect();
        if here().any(|raw| of_rds(&raw)) {
            let databases = self.databases(reading).await?;
            let stands = |db: &&Database| db.vpc == vpc && subnet.is_none_or(|subnet| db.subnets.iter().any(|id| id == subnet));
            let found: Vec<Hanging> = databases.iter().filter(stands).map(|db| db.hanging.clone()).collect();
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

    async fn databases(&self, reading: &Reading) -> Result<Arc<Vec<Database>>, CloudError> {
        const OPERATION: &str = "rds:DescribeDBInstances";
        let ask = || async {
            let (mut all, mut calls) = (vec![], 0);
            let mut pages = self.read.rds.describe_db_instances().into_paginator().send();
            while let Some(page) = pages.next().await {
                calls += 1;
                all.extend(page.told(OPERATION)?.db_instances.unwrap_or_default().into_iter().filter_map(|raw| {
                    let tag = |tag: &aws_sdk_rds::types::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
                    let owner = read_tags(raw.tag_list().iter().filter_map(tag)).1;
                    let group = raw.db_subnet_group()?;
                    let hanging = Hanging { what: "database", id: raw.db_instance_identifier()?.into(), name: String::new(), owner };
                    let subnets = group.subnets().iter().filter_map(|subnet| subnet.subnet_identifier.clone()).collect();
                    Some(Database { hanging, vpc: group.vpc_id()?.to_owned(), subnets })
                }));
            }
            Ok((all, calls))
        };
        reading.once(format!("{OPERATION} with their subnets"), ask()).await
    }
}

fn itself(raw: &NetworkInterface, what: &'static str) -> Option<Hanging> {
    let name = raw.description().unwrap_or_default().to_owned();
    Some(Hanging { what, id: raw.network_interface_id()?.into(), name, owner: from_tags(raw.tag_set()).1 })
}

/// What an interface belongs to, where its description says so; else the interface itself.
fn holder(raw: &NetworkInterface, region: &str) -> Option<Hanging> {
    let description = raw.description().unwrap_or_default();
    let hang = |what, id: &str| Some(Hanging { what, id: id.into(), name: String::new(), owner: None });
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
        return hang("load balancer", &arn);
    }
    if description.contains(":attachment/") {
        return itself(raw, "network interface of an ECS task");
    }
    itself(raw, "network interface")
}

fn partition(region: &str) -> &'static str {
    match region.split('-').next().unwrap_or_default() {
        "cn" => "aws-cn",
        "eusc" => "aws-eusc",
        "us" if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
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
        assert_eq!(partition("us-gov-east-1"), "aws-us-gov");
    }
}
