//! The VPC, its subnets and their zones.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Cidr};

use super::naming::is_region;
use super::{Fault, Judge};
use crate::{Environment, Nat, RuleId, Subnet};

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    let net = &env.network;
    vpc(&net.vpc_cidr, judge);
    let subnets: Vec<(String, &Subnet)> = net.subnets().collect();
    for (path, subnet) in &subnets {
        one(path, subnet, env, judge);
    }
    overlaps(&subnets, judge);
    zones(env, judge);
    let mut seen = BTreeSet::new();
    for (at, endpoint) in net.endpoints.iter().enumerate().filter(|(_, endpoint)| !seen.insert(**endpoint)).collect::<Vec<_>>() {
        judge.raise(Fault::new(
            RuleId::EndpointTwice,
            format!("network.endpoints[{at}]"),
            format!("the endpoint `{}` is named twice", endpoint.service()),
            "keep one of the two",
        ));
    }
}

fn vpc(cidr: &Cidr, judge: &mut Judge<'_>) {
    if !(16..=28).contains(&cidr.prefix()) {
        judge.raise(Fault::new(
            RuleId::VpcSize,
            "network.vpc_cidr",
            format!("`{cidr}` is a /{}: AWS takes /16 to /28 for a VPC", cidr.prefix()),
            "write `10.0.0.0/16`, or another network of that size",
        ));
    }
    let private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    if !private.iter().filter_map(|net| net.parse::<Cidr>().ok()).any(|net| net.contains(cidr)) {
        judge.raise(
            Fault::new(
                RuleId::VpcPublicAddresses,
                "network.vpc_cidr",
                format!("the addresses of `{cidr}` belong to others on the internet, who cannot be reached from inside"),
                format!("take a network of {}", private[..3].join(", ")),
            )
            .warning(),
        );
    }
}

fn one(path: &str, subnet: &Subnet, env: &Environment, judge: &mut Judge<'_>) {
    let Subnet { cidr, zone, spare: _ } = subnet;
    let name = path.rsplit('.').next().unwrap_or_default();
    if Address::new("subnet", name).is_err() {
        judge.raise(
            Fault::new(
                RuleId::SubnetName,
                path,
                format!("`{name}` cannot be a subnet's name"),
                "use lower-case letters, digits, `-` and `_`: the name is part of the address `subnet.public-a`",
            )
            .of_key(),
        );
    }
    let at = format!("{path}.cidr");
    let vpc = &env.network.vpc_cidr;
    if !(16..=28).contains(&cidr.prefix()) {
        judge.raise(Fault::new(
            RuleId::SubnetSize,
            at,
            format!("`{cidr}` is a /{}: AWS takes /16 to /28 for a subnet", cidr.prefix()),
            "write a /24, which has 251 free addresses",
        ));
    } else if !vpc.contains(cidr) {
        judge.raise(
            Fault::new(
                RuleId::SubnetOutside,
                at,
                format!("`{cidr}` is not inside the VPC's `{vpc}`"),
                format!("take a network within `{vpc}`"),
            )
            .beside("network.vpc_cidr", "the VPC"),
        );
    }
    let letter = zone.strip_prefix(env.region.as_str());
    // A region that is none has a fault of its own, and no zones.
    if is_region(&env.region) && !letter.is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_lowercase())) {
        judge.raise(
            Fault::new(
                RuleId::ZoneOutsideRegion,
                format!("{path}.zone"),
                format!("`{zone}` is not a zone of the region `{}`", env.region),
                format!("write `{0}a`, `{0}b` or `{0}c`", env.region),
            )
            .beside("region", "the region"),
        );
    }
}

/// Neighbours in the order of their first address are compared with the widest before them: linear after sorting.
fn overlaps(subnets: &[(String, &Subnet)], judge: &mut Judge<'_>) {
    let mut order: Vec<&(String, &Subnet)> = subnets.iter().filter(|(path, _)| judge.readable(&format!("{path}.cidr"))).collect();
    order.sort_by_key(|(_, subnet)| (subnet.cidr.net().network(), subnet.cidr.prefix()));
    let mut widest: Option<&(String, &Subnet)> = None;
    for item in order {
        let (path, subnet) = item;
        match widest {
            Some((other, wide)) if wide.cidr.overlaps(&subnet.cidr) => {
                let name = other.strip_prefix("network.").unwrap_or(other);
                judge.raise(
                    Fault::new(
                        RuleId::SubnetsOverlap,
                        format!("{path}.cidr"),
                        format!("`{}` shares addresses with `{}` of `{name}`", subnet.cidr, wide.cidr),
                        "give each subnet a network of its own",
                    )
                    .beside(format!("{other}.cidr"), "shared with this one"),
                );
            }
            _ => widest = Some(item),
        }
    }
}

fn zones(env: &Environment, judge: &mut Judge<'_>) {
    let net = &env.network;
    let mut of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (side, subnets) in [("public", &net.public), ("private", &net.private)] {
        let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, subnet) in subnets.iter().filter(|(_, subnet)| !subnet.spare) {
            let what = if side == "public" {
                "the load balancer takes one subnet of a zone"
            } else {
                "the file system takes one subnet of a zone"
            };
            if let Some(first) = taken.insert(&subnet.zone, name) {
                judge.raise(
                    Fault::new(
                        RuleId::TwoInOneZone,
                        format!("network.{side}.{name}.zone"),
                        format!("`{first}` and `{name}` are both in `{}`: {what}", subnet.zone),
                        "take another zone, or mark one of the two `spare = true`",
                    )
                    .beside(format!("network.{side}.{first}.zone"), "the other one"),
                );
            }
        }
        of.insert(side, taken.into_keys().collect());
    }
    let count = |side| of.get(side).map_or(0, BTreeSet::len);
    let head = |side: &str, judge: &Judge<'_>| {
        if judge.given(&format!("network.{side}")) { format!("network.{side}") } else { "network".to_owned() }
    };
    if count("public") < 2 && judge.readable("network.public") {
        let path = head("public", judge);
        judge.raise(Fault::new(
            RuleId::AlbZones,
            path,
            format!("the public subnets stand in {}: a load balancer needs two zones", zones_word(count("public"))),
            format!("add a subnet in another zone, such as `{}b`", env.region),
        ));
    }
    if count("private") < 2 && judge.readable("network.private") {
        let path = head("private", judge);
        judge.raise(Fault::new(
            RuleId::OneZone,
            path,
            format!("the private subnets stand in {}: a database wants two zones, and one zone may fail", zones_word(count("private"))),
            format!("add a subnet in another zone, such as `{}b`", env.region),
        ));
    }
    if net.nat == Nat::PerZone && judge.readable("network.public") {
        for (name, subnet) in net.private_in_use().filter(|(_, subnet)| !of["public"].contains(subnet.zone.as_str())).collect::<Vec<_>>() {
            judge.raise(
                Fault::new(
                    RuleId::NatZone,
                    format!("network.private.{name}.zone"),
                    format!("no public subnet stands in `{}`: this zone's NAT gateway has no place", subnet.zone),
                    "add a public subnet in the zone, or write `nat = \"one\"`",
                )
                .beside("network.nat", "one gateway in each zone"),
            );
        }
    }
}

fn zones_word(count: usize) -> &'static str {
    if count == 0 { "no zone" } else { "one zone" }
}
