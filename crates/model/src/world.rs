//! Which cloud a state speaks of.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cloud that a state's ids belong to. A state of one world is refused in another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// AWS itself.
    Aws,
    /// The simulation inside the binary.
    Sandbox,
    /// A server that speaks AWS's protocols at this URL.
    Endpoint(String),
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws => f.write_str("aws"),
            Self::Sandbox => f.write_str("sandbox"),
            Self::Endpoint(url) => write!(f, "endpoint {url}"),
        }
    }
}

impl FromStr for World {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(' ') {
            None if text == "aws" => Ok(Self::Aws),
            None if text == "sandbox" => Ok(Self::Sandbox),
            Some(("endpoint", url)) => Ok(Self::Endpoint(url.to_owned())),
            _ => Err(format!("`{text}` is not a world: aws, sandbox or endpoint URL")),
        }
    }
}

/// An AWS account id: twelve digits, leading zeros kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Account(String);

impl Account {
    /// The twelve digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Account> for String {
    fn from(account: Account) -> Self {
        account.0
    }
}

impl TryFrom<String> for Account {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not an AWS account id: twelve digits are wanted, in quotes, with leading zeros kept"))
        }
    }
}

impl FromStr for Account {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.to_owned().try_into()
    }
}
