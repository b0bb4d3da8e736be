//! JSON in which nothing stands twice. The usual reader takes the last of two equal keys, and a person who looks at a file sees the
//! first: what was looked at, signed or approved would not be what is done.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

/// Why bytes are not JSON of this sort.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StrictError {
    /// They are no JSON, or not all of it.
    #[error("{0}")]
    NoJson(String),
    /// A key stands twice in one object.
    #[error("the key `{0}` stands there twice")]
    Twice(String),
}

/// Reads JSON, and refuses an object with two equal keys.
///
/// # Errors
/// When the bytes are no JSON, go on after it, or hold a key twice, with its path.
pub fn parse(bytes: &[u8]) -> Result<Value, StrictError> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let Strict(value) =
        Strict::deserialize(serde_path_to_error::Deserializer::new(&mut reader, &mut track)).map_err(|error| match error.classify() {
            // The reader itself takes any value: only this one objects to data.
            Category::Data => StrictError::Twice(track.path().to_string()),
            Category::Io | Category::Syntax | Category::Eof => StrictError::NoJson(error.to_string()),
        })?;
    reader.end().map_err(|error| StrictError::NoJson(error.to_string()))?;
    Ok(value)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        while let Some(Strict(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = fields.next_key::<String>()? {
            let twice = all.contains_key(&key);
            // The value is read within the key's path, so that the error names it.
            let Strict(value) = fields.next_value_seed(Once(twice))?;
            all.insert(key, value);
        }
        Ok(Value::Object(all))
    }
}

/// The value of a key, refused where the key was there before.
struct Once(bool);

impl<'de> serde::de::DeserializeSeed<'de> for Once {
    type Value = Strict;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Strict, D::Error> {
        if self.0 { Err(D::Error::custom("twice")) } else { Strict::deserialize(deserializer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_the_usual_reader_reads() {
        let text = r#" {"a": [1, -2, 0.5, 1e300, null, true, "x\u00e9\n"], "b": {"a": {}}, "": 18446744073709551615} "#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_key_that_stands_twice_is_named_with_its_path() {
        let table = [
            (r#"{"a": 1, "a": 1}"#, "a"),
            (r#"{"a": [{}, {"b": {"c": 1, "d": 2, "c": 3}}]}"#, "a[1].b.c"),
            (r#"{"x": {"a": 1, "\u0061": 2}}"#, "x.a"),
        ];
        for (text, path) in table {
            assert_eq!(parse(text.as_bytes()), Err(StrictError::Twice(path.into())), "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_or_goes_on_is_no_json() {
        for text in ["", "{\"a\": 1", "{} {}", "{},", "nul", "[1, ]"] {
            assert!(matches!(parse(text.as_bytes()), Err(StrictError::NoJson(_))), "{text}");
        }
    }
}
