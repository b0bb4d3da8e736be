//! The VPC, its subnets and their ways out.

use std::collections::BTreeMap;

use bbws_kinds::{
    ElasticIp, ElasticIpSpec, InternetGateway, InternetGatewaySpec, NatGateway, NatGatewaySpec, Route, RouteSpec, RouteTable,
    RouteTableAssociation, RouteTableAssociationSpec, RouteTableSpec, Subnet, SubnetSpec, Vpc, VpcSpec,
};
use bbws_model::Cidr;

use super::parts::{Parts, to};
use crate::{Environment, Nat};

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    parts.add::<Vpc>(
        "main",
        &VpcSpec {
            cidr: env.network.vpc_cidr,
            dns_support: true,
            dns_hostnames: true,
            empty_default_group: true,
            tags: parts.tags_of("vpc"),
        },
    );
    parts.add::<InternetGateway>("main", &InternetGatewaySpec { vpc: Some(to("main")), tags: parts.tags_of("igw") });
    subnets(parts);
    let nats = nats(env);
    for (letter, subnet) in &nats {
        let name = format!("nat-{letter}");
        parts.add::<ElasticIp>(&name, &ElasticIpSpec { tags: parts.tags_of(&name) });
        parts.add::<NatGateway>(
            letter,
            &NatGatewaySpec {
                subnet: to(&format!("public-{subnet}")),
                elastic_ip: to(&name),
                internet_gateway: Some(to("main")),
                tags: parts.tags_of(&name),
            },
        );
    }
    table(parts, "public", None);
    for (name, nat) in private_tables(env) {
        table(parts, &name, Some(nat));
    }
}

fn subnets(parts: &mut Parts<'_>) {
    let net = &parts.env.network;
    for (side, subnets) in [("public", &net.public), ("private", &net.private)] {
        for (name, subnet) in subnets {
            let full = format!("{side}-{name}");
            parts.add::<Subnet>(
                &full,
                &SubnetSpec {
                    vpc: to("main"),
                    cidr: subnet.cidr,
                    zone: subnet.zone.clone(),
                    // What stands here has its address from elsewhere: the load balancer by itself, a NAT gateway by its Elastic IP.
                    public_addresses: false,
                    tags: parts.tags_of(&full),
                },
            );
            let table = if side == "public" { "public".to_owned() } else { table_of(parts.env, &subnet.zone) };
            parts.add::<RouteTableAssociation>(&full, &RouteTableAssociationSpec { subnet: to(&full), table: to(&table) });
        }
    }
}

/// A table with its way to the internet: by a NAT gateway, or by the internet gateway.
fn table(parts: &mut Parts<'_>, name: &str, nat: Option<String>) {
    parts.add::<RouteTable>(name, &RouteTableSpec { vpc: to("main"), tags: parts.tags_of(name) });
    parts.add::<Route>(
        name,
        &RouteSpec {
            table: to(name),
            destination: everywhere(),
            internet_gateway: if nat.is_none() { Some(to("main")) } else { None },
            nat_gateway: nat.map(|nat| to(&nat)),
        },
    );
}

/// All addresses.
pub(super) fn everywhere() -> Cidr {
    "0.0.0.0/0".parse().expect("a network")
}

/// What tells a zone from others of its region: `a` of `af-south-1a`. It names what stands once in a zone, so that a
/// second NAT gateway leaves the first alone.
fn letter<'e>(env: &'e Environment, zone: &'e str) -> &'e str {
    zone.strip_prefix(env.region.as_str()).filter(|rest| !rest.is_empty()).unwrap_or(zone)
}

/// The NAT gateways by the letter of their zone, each with the public subnet that it stands in.
pub(super) fn nats(env: &Environment) -> BTreeMap<String, String> {
    let net = &env.network;
    let public: Vec<(&str, &str)> = net.public_in_use().map(|(name, subnet)| (letter(env, &subnet.zone), name)).collect();
    let owned = |(letter, name): &(&str, &str)| ((*letter).to_owned(), (*name).to_owned());
    match net.nat {
        Nat::One => public.first().map(owned).into_iter().collect(),
        Nat::PerZone => {
            let wanted: Vec<&str> = net.private_in_use().map(|(_, subnet)| letter(env, &subnet.zone)).collect();
            public.iter().filter(|(letter, _)| wanted.contains(letter)).map(owned).collect()
        }
    }
}

/// The tables of the private subnets, each with the NAT gateway that it leads to.
pub(super) fn private_tables(env: &Environment) -> BTreeMap<String, String> {
    let name = |letter: &String| if env.network.nat == Nat::One { "private".to_owned() } else { format!("private-{letter}") };
    nats(env).into_keys().map(|letter| (name(&letter), letter)).collect()
}

/// The table of a private subnet in this zone. A spare one in a zone without a NAT gateway takes the first.
fn table_of(env: &Environment, zone: &str) -> String {
    let tables = private_tables(env);
    let own = tables.iter().find(|(_, nat)| *nat == letter(env, zone)).or(tables.first_key_value());
    own.map_or_else(|| "private".to_owned(), |(table, _)| table.clone())
}
