//! Who may reach whom: the security groups and their rules.

use bbws_kinds::{
    CLOUDFRONT_ORIGIN_FACING, Direction, Network, Peer, Ports, Protocol, SecurityGroup, SecurityGroupRule, SecurityGroupRuleSpec,
    SecurityGroupSpec,
};
use bbws_model::{Cidr, Tags, Written};

use super::database;
use super::network::everywhere;
use super::parts::{Parts, to};
use crate::{Group, Rule};

pub(super) fn add(parts: &mut Parts<'_>) {
    for (name, what) in
        [("alb", "the load balancer"), ("ecs", "the tasks"), ("rds", "the database"), ("efs", "the mount targets of the file system")]
    {
        group(parts, name, what);
    }
    let env = parts.env;
    let web: &[(&str, u16)] = if env.alb.https { &[("http", 80), ("https", 443)] } else { &[("http", 80)] };
    for (word, number) in web {
        for cidr in &env.alb.allow {
            let (name, whom) = told(cidr);
            let from = ingress("alb", port(*number), network(cidr), format!("{word} from {whom}"));
            rule(parts, &format!("alb-in-{word}-{name}"), from);
        }
    }
    // CloudFront calls one port only, and its list takes the room of 55 rules out of 60.
    if let Some((word, number)) = web.last().filter(|_| env.alb.from_cloudfront_only) {
        let edge = Peer::ManagedPrefixList(CLOUDFRONT_ORIGIN_FACING.to_owned());
        let from = ingress("alb", port(*number), edge, format!("{word} from CloudFront"));
        rule(parts, &format!("alb-in-{word}-cloudfront"), from);
    }
    both(parts, "alb", "ecs", Ports { from: env.ecs.port.from, to: env.ecs.port.to }, "requests");
    both(parts, "ecs", "rds", port(database::PORT), "MySQL");
    both(parts, "ecs", "efs", port(2049), "NFS");
    for (word, number) in [("http", 80), ("https", 443)] {
        let out = egress("ecs", port(number), network(&everywhere()), format!("{word} to the internet"));
        rule(parts, &format!("ecs-out-{word}"), out);
    }
    for further in &env.rules {
        own(parts, further);
    }
}

/// A group with no rule of AWS's own.
pub(super) fn group(parts: &mut Parts<'_>, name: &str, what: &str) {
    let full = parts.env.names.of(name);
    parts.add::<SecurityGroup>(
        name,
        &SecurityGroupSpec {
            vpc: to("main"),
            tags: parts.tags(&full),
            name: full,
            description: format!("{}: {what}", parts.env.names.prefix),
            no_default_egress: true,
        },
    );
}

/// Lets the members of one group call those of another: out of the one, into the other.
fn both(parts: &mut Parts<'_>, from: &str, of: &str, ports: Ports, what: &str) {
    rule(parts, &format!("{from}-out-{of}"), egress(from, ports, Peer::Group(to(of)), format!("{what} to {of}")));
    rule(parts, &format!("{of}-in-{from}"), ingress(of, ports, Peer::Group(to(from)), format!("{what} from {from}")));
}

/// TCP towards the members of a group.
pub(super) fn ingress(group: &str, ports: Ports, peer: Peer<Written>, description: String) -> SecurityGroupRuleSpec<Written> {
    SecurityGroupRuleSpec {
        group: to(group),
        direction: Direction::Ingress,
        protocol: Protocol::TCP,
        ports: Some(ports),
        icmp: None,
        peer,
        description,
        tags: Tags::default(),
    }
}

/// TCP from the members of a group.
fn egress(group: &str, ports: Ports, peer: Peer<Written>, description: String) -> SecurityGroupRuleSpec<Written> {
    SecurityGroupRuleSpec { direction: Direction::Egress, ..ingress(group, ports, peer, description) }
}

pub(super) fn rule(parts: &mut Parts<'_>, name: &str, spec: SecurityGroupRuleSpec<Written>) {
    let tags = parts.tags_of(name);
    parts.add::<SecurityGroupRule>(name, &SecurityGroupRuleSpec { tags, ..spec });
}

/// A rule of the file's own. `rule-` keeps its address apart from the cluster's.
fn own(parts: &mut Parts<'_>, further: &Rule) {
    let peer = match (&further.cidr, further.peer) {
        (Some(cidr), _) => network(cidr),
        (None, Some(group)) => Peer::Group(to(word(group))),
        (None, None) => return,
    };
    let ports = Ports { from: further.port.from, to: further.port.to };
    let spec = SecurityGroupRuleSpec {
        direction: match further.direction {
            crate::Direction::In => Direction::Ingress,
            crate::Direction::Out => Direction::Egress,
        },
        protocol: match further.protocol {
            crate::Protocol::Tcp => Protocol::TCP,
            crate::Protocol::Udp => Protocol::UDP,
        },
        ..ingress(word(further.group), ports, peer, further.description.clone())
    };
    rule(parts, &format!("rule-{}", further.name), spec);
}

fn word(group: Group) -> &'static str {
    match group {
        Group::Alb => "alb",
        Group::Ecs => "ecs",
        Group::Rds => "rds",
        Group::Efs => "efs",
    }
}

pub(super) fn port(number: u16) -> Ports {
    Ports { from: number, to: number }
}

fn network(cidr: &Cidr) -> Peer<Written> {
    // What is written of an IPv4 network is read as one of either sort.
    Peer::Cidr(cidr.to_string().parse::<Network>().expect("a network"))
}

/// A network in an address, and in a description.
fn told(cidr: &Cidr) -> (String, String) {
    if cidr.prefix() == 0 {
        return ("internet".to_owned(), "the internet".to_owned());
    }
    (cidr.to_string().replace('.', "_").replace('/', "-"), cidr.to_string())
}
