//! One text for one value: the base of every digest.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a canonical text, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(pub String);

impl Digest {
    /// The digest of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// JSON with sorted keys and no white space.
///
/// It leans on `serde_json`'s sorted map; a test fails if some dependency switches `preserve_order` on.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    value.to_string()
}

/// The digest of a value's canonical JSON.
#[must_use]
pub fn digest(value: &Value) -> Digest {
    Digest::of(canonical_json(value).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_however_they_came() {
        let value: Value = serde_json::from_str(r#"{ "b": 1, "a": {"d": [2, 1], "c": null} }"#).unwrap();
        assert_eq!(canonical_json(&value), r#"{"a":{"c":null,"d":[2,1]},"b":1}"#);
    }

    #[test]
    fn a_digest_is_the_sha_256_of_the_text() {
        assert_eq!(digest(&Value::Null).0, "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
    }
}
