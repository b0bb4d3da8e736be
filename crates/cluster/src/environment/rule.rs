//! Further security-group rules.

use std::borrow::Cow;
use std::fmt;

use bbws_model::Cidr;
use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use crate::RuleId;
use crate::decode::{Choice, Scalar, Table, Wrong};

/// A security group of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The load balancer's.
    Alb,
    /// The tasks'.
    Ecs,
    /// The database's.
    Rds,
    /// The file system's.
    Efs,
}

impl Choice for Group {
    const ALL: &'static [Self] = &[Self::Alb, Self::Ecs, Self::Rds, Self::Efs];
}

/// Which way the traffic goes that a rule lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards the members of the group.
    In,
    /// From the members of the group.
    Out,
}

impl Choice for Direction {
    const ALL: &'static [Self] = &[Self::In, Self::Out];
}

/// The protocol that a rule lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Choice for Protocol {
    const ALL: &'static [Self] = &[Self::Tcp, Self::Udp];
}

/// A port, or a range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The first.
    pub from: u16,
    /// The last.
    pub to: u16,
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.from == self.to { write!(f, "{}", self.from) } else { write!(f, "{}-{}", self.from, self.to) }
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Scalar for Ports {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let fix = "write a port from 1 to 65535, or a range in quotes: `\"8000-8080\"`";
        let bad = |text: &str, why: &str| Wrong::new(RuleId::Ports, format!("`{text}` {why}"), fix);
        let text = match value {
            DeValue::Integer(number) if number.radix() == 10 => number.to_string(),
            DeValue::String(text) => text.clone().into_owned(),
            other => return Err(Wrong { fix: fix.to_owned(), ..Wrong::typed("a port", other) }),
        };
        let (from, to) = text.split_once('-').unwrap_or((&text, &text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if 0 < from && from <= to => Ok(Self { from, to }),
            (Ok(from), Ok(to)) if 0u16 < from && 0u16 < to => Err(bad(&text, "ends before it begins")),
            _ => Err(bad(&text, "is not a port or a range of ports")),
        }
    }
}

impl JsonSchema for Ports {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Ports".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["integer", "string"], "minimum": 1, "maximum": 65535, "pattern": r"^\d+(-\d+)?$" })
    }
}

/// A further security-group rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rule {
    /// Tells it from others: part of its address.
    pub name: String,
    /// The group whose members it lets traffic to or from.
    pub group: Group,
    /// Which way.
    pub direction: Direction,
    /// The protocol.
    pub protocol: Protocol,
    /// The port, or the range: 8080 or "8000-8080".
    pub port: Ports,
    /// The network at the other end; either this or `peer`.
    pub cidr: Option<Cidr>,
    /// The group at the other end; either this or `cidr`.
    pub peer: Option<Group>,
    /// What it is for; AWS shows it.
    pub description: String,
    /// The day after which it is no longer wanted.
    #[schemars(with = "Option<String>", extend("type" = ["string", "null"]))]
    pub expires: Option<Date>,
}

impl Rule {
    pub(super) fn read(t: &Table<'_, '_>) -> Self {
        Self {
            name: t.get("name").required(String::new(), "\"office\""),
            group: t.get("group").required(Group::Alb, "\"alb\""),
            direction: t.get("direction").or(Direction::In),
            protocol: t.get("protocol").or(Protocol::Tcp),
            port: t.get("port").required(Ports { from: 443, to: 443 }, "443"),
            cidr: t.get("cidr").option(),
            peer: t.get("peer").option(),
            description: t.get("description").required(String::new(), "\"what it is for\""),
            expires: t.get("expires").option(),
        }
    }
}
