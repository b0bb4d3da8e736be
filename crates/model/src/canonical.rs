//! One text for one value: the base of every digest.

use std::{fmt, io};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The SHA-256 of a canonical text, in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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

/// The digest of the JSON text of something whose fields stand in the order of their names: the same as [`digest`] of it as
/// a value, without making one.
///
/// # Errors
/// When it cannot be written as JSON: a map with keys that are no texts.
pub fn digest_of(value: &impl Serialize) -> Result<Digest, serde_json::Error> {
    struct Hashing(Sha256);
    impl io::Write for Hashing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    // The writer hands over a few bytes at a time, which is not how the digest likes them.
    let mut into = io::BufWriter::with_capacity(1 << 14, Hashing(Sha256::new()));
    serde_json::to_writer(&mut into, value)?;
    let into = into.into_inner().map_err(|error| serde_json::Error::io(error.into_error()))?;
    Ok(Digest(hex::encode(into.0.finalize())))
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
    fn what_is_written_straight_away_has_the_same_digest() {
        #[derive(Serialize)]
        struct Two<'a> {
            a: &'a [&'a Value],
            b: (u8, &'a str),
        }
        let inner: Value = serde_json::from_str(r#"{ "b": 1.5, "a": {"d": [2, "x\"y"], "c": null} }"#).unwrap();
        let whole = serde_json::json!({"a": [inner, inner], "b": [7, "ö"]});
        assert_eq!(digest_of(&Two { a: &[&inner, &inner], b: (7, "ö") }).unwrap(), digest(&whole));
    }

    proptest::proptest! {
        /// Else a document with such a number would not fit its own digest when it is read, and the whole of it be refused.
        #[test]
        fn a_number_is_read_as_it_was_written(number in proptest::num::f64::ANY) {
            let value = Value::from(number);
            let read: Value = serde_json::from_str(&canonical_json(&value)).unwrap();
            proptest::prop_assert_eq!(digest(&read), digest(&value));
        }
    }

    #[test]
    fn a_digest_is_the_sha_256_of_the_text() {
        assert_eq!(digest(&Value::Null).0, "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
    }
}
