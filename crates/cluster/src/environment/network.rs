//! The VPC and its subnets.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::Cidr;
use schemars::JsonSchema;
use serde::Serialize;

use super::Tier;
use crate::decode::{Choice, Table};

/// The VPC and its subnets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Network {
    /// The addresses of the VPC, between /16 and /28.
    pub vpc_cidr: Cidr,
    /// Subnets with a way in from the internet, by name: the load balancer and the NAT gateways stand here.
    pub public: BTreeMap<String, Subnet>,
    /// Subnets without one, by name: tasks, database and file system stand here.
    pub private: BTreeMap<String, Subnet>,
    /// How private subnets reach the internet. By tier one, one, or one per zone.
    pub nat: Nat,
    /// AWS services reached without leaving the VPC.
    pub endpoints: Vec<Endpoint>,
    /// Whether the VPC's traffic is logged to CloudWatch.
    pub flow_logs: bool,
}

/// One subnet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Subnet {
    /// Its addresses, between /16 and /28, inside the VPC's.
    pub cidr: Cidr,
    /// Its availability zone: `af-south-1a`.
    pub zone: String,
    /// Whether the cluster puts nothing in it: room for others.
    pub spare: bool,
}

/// How private subnets reach the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Nat {
    /// One NAT gateway for all: cheaper, and gone with its zone.
    One,
    /// One NAT gateway in each zone.
    PerZone,
}

impl Choice for Nat {
    const ALL: &'static [Self] = &[Self::One, Self::PerZone];
}

/// An AWS service reached through a VPC endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub enum Endpoint {
    /// S3, by a gateway endpoint: free.
    #[serde(rename = "s3")]
    S3,
    /// The container registry's API.
    #[serde(rename = "ecr.api")]
    EcrApi,
    /// The container registry's Docker side.
    #[serde(rename = "ecr.dkr")]
    EcrDkr,
    /// CloudWatch Logs.
    #[serde(rename = "logs")]
    Logs,
    /// Secrets Manager.
    #[serde(rename = "secretsmanager")]
    SecretsManager,
    /// ECS Exec's channel.
    #[serde(rename = "ssmmessages")]
    SsmMessages,
}

impl Choice for Endpoint {
    const ALL: &'static [Self] = &[Self::S3, Self::EcrApi, Self::EcrDkr, Self::Logs, Self::SecretsManager, Self::SsmMessages];
}

impl Endpoint {
    /// The service's name within its region: `ecr.api`.
    #[must_use]
    pub fn service(self) -> String {
        crate::decode::name_of(&self)
    }

    /// Whether it is a gateway (a route), not an interface (an address in each subnet).
    #[must_use]
    pub fn is_gateway(self) -> bool {
        self == Self::S3
    }
}

impl Network {
    /// The public subnets that the cluster stands in, at most one of each zone.
    pub fn public_in_use(&self) -> impl Iterator<Item = (&str, &Subnet)> {
        in_use(&self.public)
    }

    /// The private subnets that the cluster stands in, at most one of each zone.
    pub fn private_in_use(&self) -> impl Iterator<Item = (&str, &Subnet)> {
        in_use(&self.private)
    }

    /// The availability zones that the cluster stands in.
    #[must_use]
    pub fn zones(&self) -> BTreeSet<&str> {
        self.public_in_use().chain(self.private_in_use()).map(|(_, subnet)| subnet.zone.as_str()).collect()
    }

    /// Every subnet with its path in the file.
    pub(crate) fn subnets(&self) -> impl Iterator<Item = (String, &Subnet)> {
        let sides = [("public", &self.public), ("private", &self.private)];
        sides.into_iter().flat_map(|(side, subnets)| subnets.iter().map(move |(name, subnet)| (format!("network.{side}.{name}"), subnet)))
    }

    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        let any = || "10.0.0.0/16".parse::<Cidr>().expect("a network");
        let subnet = |_: &str, t: &Table<'_, '_>| Subnet {
            cidr: t.get("cidr").required(any(), "\"10.0.1.0/24\""),
            zone: t.get("zone").required(String::new(), "\"af-south-1a\""),
            spare: t.get("spare").or(false),
        };
        Self {
            vpc_cidr: t.get("vpc_cidr").or(any()),
            public: t.named("public", subnet),
            private: t.named("private", subnet),
            nat: t.get("nat").or(tier.pick(Nat::One, Nat::One, Nat::PerZone)),
            endpoints: t.list("endpoints").or(vec![]),
            flow_logs: t.get("flow_logs").or(false),
        }
    }
}

fn in_use(subnets: &BTreeMap<String, Subnet>) -> impl Iterator<Item = (&str, &Subnet)> {
    subnets.iter().filter(|(_, subnet)| !subnet.spare).map(|(name, subnet)| (name.as_str(), subnet))
}
