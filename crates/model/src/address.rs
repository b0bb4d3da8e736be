//! What a resource is called by us (its address) and by AWS (its physical id).

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The name of a resource inside one environment: `subnet.public-a`.
///
/// It stands in AWS tags and in `${…}` references, so it has only lower-case letters, digits, `-` and `_`.
/// A plan holds each of them many times, so all copies share one text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Address {
    text: Arc<str>,
    /// Where the dot stands.
    dot: usize,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It has no dot, or nothing on one side of it.
    #[error("`{0}` is not an address: write `<kind>.<name>`, as in `vpc.main`")]
    Shape(String),
    /// A character that neither a tag nor a reference could carry.
    #[error("`{0}` is not an address: only lower-case letters, digits, `-` and `_` may stand beside the dot")]
    Characters(String),
}

impl JsonSchema for Address {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Address".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "a resource: `<kind>.<name>`" })
    }
}

impl Address {
    /// The address of the resource `name` of kind `kind`.
    ///
    /// # Errors
    /// When a part is empty or has a character an address may not have.
    pub fn new(kind: &str, name: &str) -> Result<Self, AddressError> {
        Self::split(&format!("{kind}.{name}"), kind.len())
    }

    fn split(text: &str, dot: usize) -> Result<Self, AddressError> {
        let (kind, name) = (&text[..dot], &text[dot + 1..]);
        if kind.is_empty() || name.is_empty() {
            return Err(AddressError::Shape(text.to_owned()));
        }
        let allowed = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-' || c == b'_';
        if !kind.bytes().all(allowed) || !name.bytes().all(allowed) {
            return Err(AddressError::Characters(text.to_owned()));
        }
        Ok(Self { text: text.into(), dot })
    }

    /// The kind's name: `subnet`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.text[..self.dot]
    }

    /// The name within its kind: `public-a`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.dot + 1..]
    }
}

/// By kind, then by name.
impl Ord for Address {
    fn cmp(&self, other: &Self) -> Ordering {
        // Two kinds of one length end at the same dot, so that the whole texts stand as their parts do; kinds of different
        // lengths are never equal. Comparing is most of what planning does with addresses.
        let (one, two) = (self.text.as_bytes(), other.text.as_bytes());
        if self.dot == other.dot { one.cmp(two) } else { one[..self.dot].cmp(&two[..other.dot]) }
    }
}

impl PartialOrd for Address {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").field("kind", &self.kind()).field("name", &self.name()).finish()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.find('.') {
            Some(dot) => Self::split(text, dot),
            None => Err(AddressError::Shape(text.to_owned())),
        }
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What AWS calls a resource: `vpc-0a1b…`, an ARN, a name; for things AWS gives no id, a key made by the kind's driver.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PhysicalId(pub String);

impl PhysicalId {
    /// The id as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhysicalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for PhysicalId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<String> for PhysicalId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_written() {
        let address: Address = "subnet.public-a".parse().unwrap();
        assert_eq!((address.kind(), address.name(), address.to_string()), ("subnet", "public-a", "subnet.public-a".into()));
    }

    #[test]
    fn addresses_stand_by_kind_and_then_by_name() {
        let mut all: Vec<Address> = ["vpc.b", "db-instance.a", "db.z", "vpc.a"].iter().map(|text| text.parse().unwrap()).collect();
        all.sort();
        assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>(), ["db.z", "db-instance.a", "vpc.a", "vpc.b"]);
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, part) in
            [("vpc", "as in `vpc.main`"), (".main", "as in"), ("vpc.", "as in"), ("vpc.Main", "lower-case"), ("vpc.a.b", "lower-case")]
        {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
