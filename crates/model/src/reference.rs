//! References between resources: a value, or the place where it will come from.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::{Address, Kind};

/// The key that marks a reference in a document.
const REF: &str = "$ref";
/// The key that marks a text put together from parts, some of them references.
const TEXT: &str = "$text";

/// A value that another resource brings forth: which kind, under which output name.
pub trait Target: Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + Eq + Ord + fmt::Debug + Send + Sync + 'static {
    /// The kind's name.
    const KIND: &'static str;
    /// The output's name.
    const OUTPUT: &'static str;
}

/// Where a value will come from: `{"$ref": "vpc.main", "output": "id"}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pointer {
    /// The resource referred to.
    #[serde(rename = "$ref")]
    pub to: Address,
    /// The name of its output.
    pub output: String,
}

impl Pointer {
    /// The reference `output` of `to`.
    #[must_use]
    pub fn new(to: Address, output: &str) -> Self {
        Self { to, output: output.to_owned() }
    }

    /// The reference as a document has it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({REF: self.to, "output": self.output})
    }
}

/// As people write it: `${vpc.main.id}`.
impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}.{}}}", self.to, self.output)
    }
}

/// A known value, or a reference to the output that will hold it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ref<T> {
    /// The value itself.
    Known(T),
    /// Where it will come from.
    To(Pointer),
}

impl<T> Ref<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::To(_) => None,
        }
    }
}

impl<T: Serialize> Serialize for Ref<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            Self::To(pointer) => pointer.serialize(serializer),
        }
    }
}

// By hand: serde's `untagged` would only say "did not match any variant".
impl<'de, T: Target> Deserialize<'de> for Ref<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if !value.is_object() {
            return T::deserialize(value).map(Self::Known).map_err(D::Error::custom);
        }
        let pointer = Pointer::deserialize(value).map_err(D::Error::custom)?;
        if (pointer.to.kind(), pointer.output.as_str()) != (T::KIND, T::OUTPUT) {
            return Err(D::Error::custom(format!(
                "`{}` of `{}` does not fit here: `{}` of a `{}` is wanted",
                pointer.output,
                pointer.to,
                T::OUTPUT,
                T::KIND
            )));
        }
        Ok(Self::To(pointer))
    }
}

impl<T: Target> JsonSchema for Ref<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Ref_{}_{}", T::KIND, T::OUTPUT).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = T::json_schema(generator).get("type").cloned().unwrap_or_default();
        let either = if value == "string" { value } else { json!(["string", value]) };
        json_schema!({
            "type": either,
            "description": format!("the {} of a {}: a reference `${{{}.NAME.{}}}`, or the value itself", T::OUTPUT, T::KIND, T::KIND, T::OUTPUT)
        })
    }
}

/// A text in which outputs of any resource may stand: `"arn:aws:s3:::"`, then a bucket's name, then `"/*"`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Text {
    /// All of it is known.
    Known(String),
    /// Literal parts and references, one after the other.
    Parts(Vec<Ref<String>>),
}

impl Text {
    /// A text that is one reference.
    #[must_use]
    pub fn of(to: Address, output: &str) -> Self {
        Self::Parts(vec![Ref::To(Pointer::new(to, output))])
    }

    /// The text, where all of it is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Parts(_) => None,
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Known(text.to_owned())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(text) => text.serialize(serializer),
            Self::Parts(parts) => match parts.as_slice() {
                [Ref::To(pointer)] => pointer.serialize(serializer),
                parts => json!({TEXT: parts}).serialize(serializer),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let part = |value: &Value| match value {
            Value::String(text) => Ok(Ref::Known(text.clone())),
            other => Pointer::deserialize(other).map(Ref::To).map_err(D::Error::custom),
        };
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Self::Known(text)),
            Value::Object(map) if map.contains_key(TEXT) => match &map[TEXT] {
                Value::Array(parts) => parts.iter().map(part).collect::<Result<_, _>>().map(Self::Parts),
                _ => Err(D::Error::custom("`$text` wants a list of texts and references")),
            },
            other @ Value::Object(_) => part(&other).map(|one| Self::Parts(vec![one])),
            other => Err(D::Error::custom(format!("a text is wanted, not `{other}`"))),
        }
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "a text; `${kind.name.output}` stands for an output of another resource" })
    }
}

/// Whether references still stand as [`Written`], or all are resolved and the spec is [`Ready`] for a driver.
pub trait Stage: fmt::Debug + Clone + PartialEq + Eq + PartialOrd + Ord + Send + Sync + 'static {
    /// A value that another resource brings forth.
    type Ref<T: Target>: Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + Eq + PartialOrd + Ord + fmt::Debug + Send + Sync;
    /// A text in which outputs may stand.
    type Text: Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + Eq + PartialOrd + Ord + fmt::Debug + Send + Sync;
}

/// The stage of a spec as declared: it may hold references.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Written {}

impl Stage for Written {
    type Ref<T: Target> = Ref<T>;
    type Text = Text;
}

/// The stage of a spec that a driver meets: every reference has become its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ready {}

impl Stage for Ready {
    type Ref<T: Target> = T;
    type Text = String;
}

/// Which output a [`Output`] is.
pub trait OutputName: Send + Sync + 'static {
    /// The output's name.
    const NAME: &'static str;
    /// Whether it begins with the kind's id prefix.
    const PREFIXED: bool;
}

/// The output `id`.
pub enum IdOutput {}
impl OutputName for IdOutput {
    const NAME: &'static str = "id";
    const PREFIXED: bool = true;
}

/// The output `arn`.
pub enum ArnOutput {}
impl OutputName for ArnOutput {
    const NAME: &'static str = "arn";
    const PREFIXED: bool = false;
}

/// The output `name`.
pub enum NameOutput {}
impl OutputName for NameOutput {
    const NAME: &'static str = "name";
    const PREFIXED: bool = false;
}

/// The id of a `K`: `Id<Vpc>` is `vpc-0a1…`.
pub type Id<K> = Output<K, IdOutput>;
/// The ARN of a `K`.
pub type Arn<K> = Output<K, ArnOutput>;
/// The name of a `K`.
pub type Name<K> = Output<K, NameOutput>;

/// The output `O` of a resource of kind `K`, as AWS writes it.
pub struct Output<K, O>(String, PhantomData<fn() -> (K, O)>);

impl<K, O> Output<K, O> {
    /// Takes a value that AWS answered.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into(), PhantomData)
    }

    /// The value as AWS writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// By hand: derives would demand the same of `K` and `O`, which are only names.
impl<K, O> Clone for Output<K, O> {
    fn clone(&self) -> Self {
        Self::new(self.0.clone())
    }
}

impl<K, O> PartialEq for Output<K, O> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K, O> Eq for Output<K, O> {}

impl<K, O> PartialOrd for Output<K, O> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<K, O> Ord for Output<K, O> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K, O> fmt::Debug for Output<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<K, O> fmt::Display for Output<K, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<K, O> Serialize for Output<K, O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, K: Kind, O: OutputName> Deserialize<'de> for Output<K, O> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let prefix = K::FACTS.id_prefix;
        if O::PREFIXED && !text.starts_with(prefix) {
            return Err(D::Error::custom(format!("`{text}` is not the id of a {} ({prefix}…)", K::NAME)));
        }
        Ok(Self::new(text))
    }
}

impl<K: Kind, O: OutputName> JsonSchema for Output<K, O> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_{}", K::NAME, O::NAME).into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl<K: Kind, O: OutputName> Target for Output<K, O> {
    const KIND: &'static str = K::NAME;
    const OUTPUT: &'static str = O::NAME;
}

/// Every reference in a document, wherever it stands. A malformed one is passed over: check a spec before asking.
#[must_use]
pub fn pointers(document: &Value) -> BTreeSet<Pointer> {
    let mut found = BTreeSet::new();
    collect(document, &mut found);
    found
}

/// The reference that an object is, if it is one and nothing else.
fn pointer(map: &Map<String, Value>) -> Option<Pointer> {
    let (to, output) = (map.get(REF)?.as_str()?, map.get("output")?.as_str()?);
    (map.len() == 2).then(|| to.parse().ok()).flatten().map(|to| Pointer { to, output: output.to_owned() })
}

fn collect(document: &Value, found: &mut BTreeSet<Pointer>) {
    match document {
        Value::Object(map) if map.contains_key(REF) => found.extend(pointer(map)),
        Value::Object(map) => map.values().for_each(|v| collect(v, found)),
        Value::Array(items) => items.iter().for_each(|v| collect(v, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The document with every reference that `known` answers replaced by its value; a text whose parts are all known
/// becomes plain.
#[must_use]
pub fn resolve(document: &Value, known: &impl Fn(&Pointer) -> Option<Value>) -> Value {
    match document {
        Value::Object(map) if map.contains_key(REF) => pointer(map).and_then(|pointer| known(&pointer)).unwrap_or_else(|| document.clone()),
        Value::Object(map) if map.contains_key(TEXT) => {
            let parts = resolve(&map[TEXT], known);
            let whole = parts.as_array().and_then(|parts| parts.iter().map(Value::as_str).collect::<Option<String>>());
            whole.map_or_else(|| json!({TEXT: parts}), Value::String)
        }
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), resolve(value, known))).collect(),
        Value::Array(items) => items.iter().map(|value| resolve(value, known)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => document.clone(),
    }
}

/// Whether a value is a map of fields: no reference, and no text with references in it.
#[must_use]
pub fn is_map(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.contains_key(REF) && !map.contains_key(TEXT))
}

/// The innermost fields in which two values differ, each with its path.
#[must_use]
pub fn leaves<'a>(path: &str, from: &'a Value, to: &'a Value) -> Vec<(String, &'a Value, &'a Value)> {
    if from == to {
        return vec![];
    }
    let (Value::Object(old), Value::Object(new)) = (from, to) else { return vec![(path.to_owned(), from, to)] };
    if !is_map(from) || !is_map(to) {
        return vec![(path.to_owned(), from, to)];
    }
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let inner = |key: &String| {
        let (old, new) = (old.get(key).unwrap_or(&Value::Null), new.get(key).unwrap_or(&Value::Null));
        leaves(&format!("{path}.{key}"), old, new)
    };
    keys.into_iter().flat_map(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn references_are_found_wherever_they_stand() {
        let document =
            json!({"a": {"$ref": "vpc.main", "output": "id"}, "b": [{"c": {"$text": ["x/", {"$ref": "role.r", "output": "arn"}]}}]});
        let found: Vec<String> = pointers(&document).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["${role.r.arn}", "${vpc.main.id}"]);
    }

    #[test]
    fn known_references_become_their_values() {
        let document = json!({"a": {"$ref": "vpc.main", "output": "id"}, "b": {"$text": ["arn:", {"$ref": "vpc.main", "output": "id"}, "/*"]}, "c": {"$ref": "vpc.other", "output": "id"}});
        let known = |p: &Pointer| (p.to == address("vpc.main")).then(|| json!("vpc-1"));
        assert_eq!(resolve(&document, &known), json!({"a": "vpc-1", "b": "arn:vpc-1/*", "c": {"$ref": "vpc.other", "output": "id"}}));
    }

    #[test]
    fn a_text_reads_back_as_written() {
        let texts = [
            Text::from("plain"),
            Text::of(address("role.r"), "arn"),
            Text::Parts(vec![Ref::Known("x".into()), Ref::To(Pointer::new(address("role.r"), "arn"))]),
        ];
        for text in texts {
            let json = serde_json::to_value(&text).unwrap();
            assert_eq!(serde_json::from_value::<Text>(json).unwrap(), text);
        }
    }

    #[test]
    fn only_what_differs_is_a_leaf() {
        let (from, to) = (json!({"a": {"b": 1, "c": 2}, "d": 3}), json!({"a": {"b": 1, "c": 4}, "e": 5}));
        let told: Vec<String> = leaves("f", &from, &to).iter().map(|(path, a, b)| format!("{path} {a} {b}")).collect();
        assert_eq!(told, ["f.a.c 2 4", "f.d 3 null", "f.e null 5"]);
        let reference = json!({"$ref": "vpc.main", "output": "id"});
        assert_eq!(leaves("f", &reference, &json!({"x": 1})).len(), 1, "a reference is one value");
    }
}
