//! What a bill is made of, in the words of those who pay it.

use std::collections::BTreeMap;

use super::{Bill, Usd};

/// What is paid for under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The name: `NAT gateways`.
    pub name: &'static str,
    /// How much of it a month.
    pub monthly: Usd,
    /// What it is for, or what ends it.
    pub remark: &'static str,
}

/// How items are called, by how they begin; the first that fits counts.
const NAMES: &[(&str, &str, &str)] = &[
    (
        "rds.extended-support.",
        "Extended Support for MySQL 8.0",
        "8.0 has left standard support, and AWS charges by the vCPU-hour: `engine_version = \"8.4\"` ends it",
    ),
    ("nat-gateway.", "NAT gateways", "the tasks' way out of the private subnets, by the hour; what passes comes on top"),
    ("vpc-endpoint.", "interface endpoints", "each by the hour and the subnet; `endpoints = [\"s3\"]` has none of them"),
    ("public-ipv4.", "public IPv4 addresses", "of the NAT gateways and the load balancer; AWS charges each since 2024"),
    ("elb.", "load balancer", "by the hour, without traffic"),
    ("rds.", "database", "instance and storage, whatever they do"),
    ("route53.health-check", "health check", "Route 53's, with what it does beside the plain check"),
    ("cloudwatch.", "alarms and dashboards", "an account has ten alarms and three dashboards for nothing, which are not taken off here"),
    ("", "zone, secret and the rest", "each by the month"),
];

/// What a bill is made of, the dearest first. What is billed by use has no share.
#[must_use]
pub fn shares(bill: &Bill) -> Vec<Share> {
    let mut sums: BTreeMap<usize, Usd> = BTreeMap::new();
    for line in bill.lines() {
        let place = NAMES.iter().position(|(begin, ..)| line.item.starts_with(begin));
        if let (Some(place), Some(monthly)) = (place, line.monthly()) {
            *sums.entry(place).or_default() += monthly;
        }
    }
    let share = |(place, monthly): (usize, Usd)| Share { name: NAMES[place].1, monthly, remark: NAMES[place].2 };
    let mut shares: Vec<Share> = sums.into_iter().map(share).filter(|share| share.monthly != Usd::ZERO).collect();
    shares.sort_by_key(|share| (-share.monthly, share.name));
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Prices;
    use bbws_model::{Meters, Unit};

    #[test]
    fn the_shares_are_all_of_the_bill() {
        let meters = Meters::free()
            .and("rds.instance.db.t3.micro.single-az", 730.0, Unit::Hours)
            .and("rds.extended-support.mysql8.0.vcpu", 1460.0, Unit::Hours)
            .and("secretsmanager.secret", 1.0, Unit::Month)
            .and("route53.zone", 1.0, Unit::Month)
            .and("logs.ingested", 0.0, Unit::Usage);
        let bill = Bill::of([("db-instance.main".parse().unwrap(), meters.0)], &Prices::built_in("af-south-1").unwrap());
        let shares = shares(&bill);
        assert_eq!(
            shares.iter().map(|share| share.name).collect::<Vec<_>>(),
            ["Extended Support for MySQL 8.0", "database", "zone, secret and the rest"]
        );
        assert_eq!(shares.iter().map(|share| share.monthly).sum::<Usd>(), bill.sum().monthly);
    }
}
