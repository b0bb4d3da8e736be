//! IPv4 networks as AWS keeps them.

use std::fmt;
use std::str::FromStr;

use ipnet::Ipv4Net;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An IPv4 network in canonical form: host bits are cleared on reading, as AWS does it (`10.0.1.5/16` is `10.0.0.0/16`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(Ipv4Net);

impl Cidr {
    /// The network and its prefix length.
    #[must_use]
    pub fn net(&self) -> Ipv4Net {
        self.0
    }

    /// The length of the prefix: 24 of `10.0.1.0/24`.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether `inner` lies wholly inside.
    #[must_use]
    pub fn contains(&self, inner: &Self) -> bool {
        self.0.contains(&inner.0)
    }

    /// Whether the two share an address.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let net: Ipv4Net = text.parse().map_err(|_| format!("`{text}` is not an IPv4 network: write it like `10.0.0.0/16`"))?;
        Ok(Self(net.trunc()))
    }
}

impl Serialize for Cidr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Cidr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Cidr".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "an IPv4 network, such as 10.0.0.0/16",
            "pattern": r"^(\d{1,3}\.){3}\d{1,3}/\d{1,2}$"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn host_bits_are_cleared() {
        assert_eq!(cidr("10.0.1.5/16").to_string(), "10.0.0.0/16");
    }

    #[test]
    fn containing_and_overlapping() {
        assert!(cidr("10.0.0.0/16").contains(&cidr("10.0.1.0/24")));
        assert!(!cidr("10.0.0.0/16").contains(&cidr("10.1.0.0/24")));
        assert!(cidr("10.0.1.0/24").overlaps(&cidr("10.0.0.0/16")));
        assert!(!cidr("10.0.1.0/24").overlaps(&cidr("10.0.2.0/24")));
    }

    #[test]
    fn a_wrong_one_says_how_to_write_it() {
        assert!("10.0.0.0".parse::<Cidr>().unwrap_err().contains("10.0.0.0/16"));
    }
}
