//! Networks as security-group rules name them: IPv4 or IPv6.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An IPv4 or IPv6 network in canonical form: host bits are cleared on reading, as AWS does it (`10.1.2.3/24` is
/// `10.1.2.0/24`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpNet);

impl Network {
    /// Whether it is of IPv6.
    #[must_use]
    pub fn is_ipv6(self) -> bool {
        matches!(self.0, IpNet::V6(_))
    }

    /// The length of the prefix: 24 of `10.0.1.0/24`.
    #[must_use]
    pub fn prefix(self) -> u8 {
        self.0.prefix_len()
    }

    /// Whether it is all addresses there are.
    #[must_use]
    pub fn is_everybody(self) -> bool {
        self.prefix() == 0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let net: IpNet = text.parse().map_err(|_| format!("`{text}` is not a network: write it like `10.0.0.0/16` or `2001:db8::/32`"))?;
        Ok(Self(net.trunc()))
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Network {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Network".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "an IPv4 or IPv6 network, such as 10.0.0.0/16 or 2001:db8::/32" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_cleared() {
        for (given, kept) in [("10.1.2.3/24", "10.1.2.0/24"), ("2001:DB8:0::1/32", "2001:db8::/32"), ("::/0", "::/0")] {
            assert_eq!(given.parse::<Network>().unwrap().to_string(), kept);
        }
    }

    #[test]
    fn a_wrong_one_says_how_to_write_it() {
        assert!("10.0.0.1".parse::<Network>().unwrap_err().contains("10.0.0.0/16"));
    }
}
