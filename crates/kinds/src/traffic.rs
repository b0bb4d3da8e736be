//! What a security-group rule lets through: a protocol, and its ports or messages.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whether a rule speaks of what comes in or of what goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Towards the members of the group.
    Ingress,
    /// From the members of the group.
    Egress,
}

/// A protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or the number of another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// Every protocol, with all ports.
    All,
    /// One protocol, by its number.
    One(u8),
}

impl Protocol {
    /// TCP.
    pub const TCP: Self = Self::One(6);
    /// UDP.
    pub const UDP: Self = Self::One(17);
    /// ICMP.
    pub const ICMP: Self = Self::One(1);
    /// ICMP for IPv6.
    pub const ICMPV6: Self = Self::One(58);

    /// Whether it has ports.
    #[must_use]
    pub fn has_ports(self) -> bool {
        matches!(self, Self::TCP | Self::UDP)
    }

    /// Whether it has types and codes of messages.
    #[must_use]
    pub fn has_messages(self) -> bool {
        matches!(self, Self::ICMP | Self::ICMPV6)
    }

    /// As EC2 writes it: `-1` for all.
    #[must_use]
    pub fn ec2(self) -> String {
        match self {
            Self::All => "-1".into(),
            Self::One(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::All => f.write_str("all"),
            Self::TCP => f.write_str("tcp"),
            Self::UDP => f.write_str("udp"),
            Self::ICMP => f.write_str("icmp"),
            Self::ICMPV6 => f.write_str("icmpv6"),
            Self::One(number) => number.fmt(f),
        }
    }
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.to_lowercase().as_str() {
            "all" | "-1" => Ok(Self::All),
            "tcp" => Ok(Self::TCP),
            "udp" => Ok(Self::UDP),
            "icmp" => Ok(Self::ICMP),
            "icmpv6" => Ok(Self::ICMPV6),
            other => other
                .parse()
                .map(Self::One)
                .map_err(|_| format!("`{text}` is no protocol: write `tcp`, `udp`, `icmp`, `icmpv6`, `all`, or the number of another one")),
        }
    }
}

impl Serialize for Protocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Protocol {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Protocol {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Protocol".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "tcp, udp, icmp, icmpv6, all, or the number of another protocol" })
    }
}

/// A port, or a range of them: `443`, `"8000-8080"`, `"0-65535"` for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if from <= to => Ok(Self { from, to }),
            (Ok::<u16, _>(_), Ok::<u16, _>(_)) => Err(format!("`{text}` ends before it begins")),
            _ => Err(format!("`{text}` is no port and no range of ports: write `443` or `\"8000-8080\"`")),
        }
    }
}

impl Serialize for Ports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number or a text, as people write ports.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Ports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = |_| D::Error::custom("a port is wanted: write `443` or `\"8000-8080\"`");
        match Written::deserialize(deserializer).map_err(told)? {
            Written::Number(number) => number.to_string().parse(),
            Written::Text(text) => text.parse(),
        }
        .map_err(D::Error::custom)
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
        json_schema!({ "type": ["integer", "string"], "minimum": 0, "maximum": 65535, "pattern": r"^\d+(-\d+)?$" })
    }
}

/// Which messages of ICMP: a type, and one of its codes or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Icmp {
    /// The type: 8 is an echo request.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The code. None: all of the type.
    #[serde(default)]
    pub code: Option<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_protocol_has_one_form() {
        let form = |text: &str| text.parse::<Protocol>().map(|p| p.to_string());
        for (given, kept) in [("6", "tcp"), ("TCP", "tcp"), ("17", "udp"), ("1", "icmp"), ("58", "icmpv6"), ("-1", "all"), ("47", "47")] {
            assert_eq!(form(given).unwrap(), kept);
        }
        assert!(form("http").unwrap_err().contains("`tcp`"));
        assert!(form("256").is_err());
        assert_eq!((Protocol::All.ec2(), Protocol::TCP.ec2()), ("-1".into(), "tcp".into()));
    }

    #[test]
    fn ports_are_a_number_or_a_range() {
        let read = |value: Value| serde_json::from_value::<Ports>(value).map_err(|e| e.to_string());
        assert_eq!(read(json!(443)).unwrap(), Ports { from: 443, to: 443 });
        assert_eq!(read(json!("8000-8080")).unwrap(), Ports { from: 8000, to: 8080 });
        assert_eq!(serde_json::to_value(Ports { from: 0, to: 65535 }).unwrap(), json!("0-65535"));
        assert_eq!(serde_json::to_value(Ports { from: 80, to: 80 }).unwrap(), json!("80"));
        assert!(read(json!("90-80")).unwrap_err().contains("ends before it begins"));
        for wrong in [json!(70_000), json!(-1), json!("http"), json!(true)] {
            assert!(read(wrong.clone()).unwrap_err().contains("443"), "{wrong}");
        }
    }
}
