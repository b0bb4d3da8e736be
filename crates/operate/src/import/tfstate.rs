//! A Terraform state, format 4, as far as an import needs it. Only the attributes in one list are kept: a password, a secret's
//! value or a key never comes into a value that could be shown or written.

use std::collections::BTreeSet;
use std::fmt;

use bbws_model::{Secret, net};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// The attributes that are kept, of whatever type; all others are read over.
const KEPT: [&str; 49] = [
    "alarm_name",
    "allocation_id",
    "arn",
    "bucket",
    "cidr_block",
    "cidr_blocks",
    "cidr_ipv4",
    "dashboard_name",
    "destination_cidr_block",
    "domain_name",
    "egress",
    "family",
    "file_system_id",
    "from_port",
    "function_name",
    "gateway_id",
    "id",
    "identifier",
    "ingress",
    "ip_protocol",
    "ipv6_cidr_blocks",
    "listener_arn",
    "load_balancer_arn",
    "name",
    "nat_gateway_id",
    "policy_arn",
    "port",
    "prefix_list_id",
    "prefix_list_ids",
    "protocol",
    "referenced_security_group_id",
    "role",
    "route",
    "route_table_id",
    "secret_id",
    "security_group_id",
    "security_group_rule_id",
    "security_groups",
    "self",
    "service_name",
    "set_identifier",
    "source_security_group_id",
    "subnet_id",
    "subnets",
    "to_port",
    "topic_arn",
    "type",
    "vpc_id",
    "zone_id",
];
/// Further ones, by which one resource names another.
const ALSO_KEPT: [&str; 12] = [
    "db_subnet_group_name",
    "delivery_destination_arn",
    "delivery_source_name",
    "dns_name",
    "domain_validation_options",
    "execution_role_arn",
    "fqdn",
    "log_group_name",
    "parameter_group_name",
    "resource_record_name",
    "task_role_arn",
    "vpc_security_group_ids",
];
/// What marks an attribute whose text is a secret: besides being read over, it is told to the net.
const SECRET: [&str; 6] = ["password", "secret_string", "secret_binary", "private_key", "result", "token"];

/// A Terraform state.
#[derive(Debug, Clone, PartialEq)]
pub struct TfState {
    /// Terraform's own version.
    pub terraform: String,
    /// Every instance of every resource in it.
    pub resources: Vec<TfResource>,
}

/// One instance of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct TfResource {
    /// What Terraform calls it: `module.network.aws_subnet.public[0]`.
    pub address: String,
    /// Its type: `aws_subnet`.
    pub of: String,
    /// Whether it was only read.
    pub data: bool,
    /// The attributes that are kept.
    pub attributes: Map<String, Value>,
}

/// An attribute that is a text and not empty.
pub(super) fn text<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    attributes.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

impl TfResource {
    /// An attribute that is a text and not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        text(&self.attributes, name)
    }

    /// The last part of its name: `public` of `module.network.aws_subnet.public[0]`.
    #[must_use]
    pub fn name(&self) -> &str {
        let last = self.address.rsplit_once(&format!("{}.", self.of)).map_or(self.address.as_str(), |(_, last)| last);
        last.split('[').next().unwrap_or(last)
    }
}

/// Why a file is not a Terraform state that can be read. It never quotes the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TfError {
    /// There is nothing in it.
    #[error("the file is empty: write it anew with `terraform state pull > FILE`")]
    Empty,
    /// It is encrypted.
    #[error("the file is encrypted: write it in the clear with `tofu state pull > FILE`, where the key is at hand")]
    Encrypted,
    /// It is what something else of Terraform's looks like.
    #[error("the file is {0}, not a state: write the state with `terraform state pull > FILE`")]
    Other(&'static str),
    /// Its format is another.
    #[error(
        "the state has the format {0}, and bbws reads format 4: let a current Terraform write it (`terraform refresh`, then `terraform state pull > FILE`)"
    )]
    Version(u64),
    /// It is not JSON, or ends too early.
    #[error("the file is not whole: it {what} at line {line}, column {column}; fetch it again with `terraform state pull > FILE`")]
    Broken {
        /// What is wrong there.
        what: &'static str,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

impl TfState {
    /// The accounts and the regions that the ARNs of its objects name. Objects that were only read may be anywhere.
    #[must_use]
    pub fn places(&self) -> (BTreeSet<&str>, BTreeSet<&str>) {
        let arns = self.resources.iter().filter(|one| !one.data).filter_map(|one| one.text("arn")?.strip_prefix("arn:"));
        let (mut accounts, mut regions) = (BTreeSet::new(), BTreeSet::new());
        for arn in arns {
            let mut parts = arn.split(':').skip(2);
            regions.extend(parts.next().filter(|region| !region.is_empty()));
            accounts.extend(parts.next().filter(|account| account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())));
        }
        (accounts, regions)
    }

    /// Reads a state.
    ///
    /// # Errors
    /// When the file is not one, or not one of format 4.
    pub fn read(bytes: Vec<u8>) -> Result<Self, TfError> {
        if bytes.starts_with(b"PK\x03\x04") {
            return Err(TfError::Other("a saved plan"));
        }
        let text = Whole(String::from_utf8(bytes).map_err(|_| TfError::Other("no text"))?);
        let text = text.0.trim_start_matches('\u{feff}');
        if text.trim().is_empty() {
            return Err(TfError::Empty);
        }
        let head: Head = serde_json::from_str(text).map_err(|error| broken(&error))?;
        match head {
            Head { encrypted_data: Some(_), .. } => return Err(TfError::Encrypted),
            Head { format_version: Some(_), .. } => return Err(TfError::Other("what `terraform show -json` prints")),
            Head { backend: Some(_), resources: None, .. } => {
                return Err(TfError::Other("the note of where a state is kept (.terraform/terraform.tfstate)"));
            }
            Head { version: Some(4), .. } => {}
            Head { version: Some(other), .. } => return Err(TfError::Version(other)),
            Head { version: None, .. } => return Err(TfError::Other("some other JSON")),
        }
        let state: Raw = serde_json::from_str(text).map_err(|error| broken(&error))?;
        let resources = state.resources.into_iter().flat_map(instances).collect();
        Ok(Self { terraform: state.terraform_version, resources })
    }
}

/// The file's text, wiped when it goes: it holds whatever secrets Terraform was given.
struct Whole(String);

impl Drop for Whole {
    fn drop(&mut self) {
        Secret::wipe(std::mem::take(&mut self.0));
    }
}

fn broken(error: &serde_json::Error) -> TfError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Syntax => "is not JSON",
        serde_json::error::Category::Data | serde_json::error::Category::Io => "is not of the form of a state",
    };
    TfError::Broken { what, line: error.line(), column: error.column() }
}

/// What tells one file of Terraform's from another.
#[derive(Deserialize)]
struct Head {
    version: Option<u64>,
    format_version: Option<IgnoredAny>,
    encrypted_data: Option<IgnoredAny>,
    backend: Option<IgnoredAny>,
    resources: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    terraform_version: String,
    #[serde(default)]
    resources: Vec<RawResource>,
}

#[derive(Deserialize)]
struct RawResource {
    #[serde(default)]
    module: Option<String>,
    mode: String,
    #[serde(rename = "type")]
    of: String,
    name: String,
    #[serde(default)]
    instances: Vec<RawInstance>,
}

#[derive(Deserialize)]
struct RawInstance {
    #[serde(default)]
    index_key: Option<Value>,
    #[serde(default)]
    deposed: Option<String>,
    #[serde(default)]
    attributes: Option<Attributes>,
    #[serde(default)]
    sensitive_attributes: Option<Value>,
}

fn instances(of: RawResource) -> Vec<TfResource> {
    let RawResource { module, mode, of, name, instances } = of;
    let data = mode == "data";
    let module = module.map_or_else(String::new, |module| format!("{module}."));
    let one = |instance: RawInstance| {
        let index = match &instance.index_key {
            Some(Value::String(key)) => format!("[{key:?}]"),
            Some(Value::Number(number)) => format!("[{number}]"),
            _ => String::new(),
        };
        let mut attributes = instance.attributes.unwrap_or_default().0;
        for hidden in hidden(instance.sensitive_attributes.as_ref()) {
            attributes.remove(&hidden);
        }
        let sort = if data { "data." } else { "" };
        TfResource { address: format!("{module}{sort}{of}.{name}{index}"), of: of.clone(), data, attributes }
    };
    // A deposed instance is one that Terraform itself had still to remove.
    instances.into_iter().filter(|instance| instance.deposed.is_none()).map(one).collect()
}

/// The attributes that Terraform marks as sensitive: paths of steps, of which the first names the attribute.
fn hidden(paths: Option<&Value>) -> Vec<String> {
    let paths = paths.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let first = |path: &Value| match path {
        Value::Array(steps) => steps.first().and_then(|step| step.get("value")).and_then(Value::as_str).map(str::to_owned),
        Value::String(name) => Some(name.clone()),
        _ => None,
    };
    paths.iter().filter_map(first).collect()
}

/// The attributes of an instance, without those that are not kept.
#[derive(Default)]
struct Attributes(Map<String, Value>);

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_any(Kept)? {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Ok(Self::default()),
        }
    }
}

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name) || ALSO_KEPT.contains(&name)
}

/// A value of which only the kept attributes are built.
struct Kept;

impl<'de> DeserializeSeed<'de> for Kept {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("attributes")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = vec![];
        while let Some(one) = seq.next_element_seed(Kept)? {
            all.push(one);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            if is_kept(&name) {
                all.insert(name, map.next_value_seed(Kept)?);
            } else if SECRET.iter().any(|secret| name.ends_with(secret)) {
                map.next_value_seed(Hidden)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Value::Object(all))
    }
}

/// A value that is a secret, if it is a text: the net is told, and nothing is kept.
struct Hidden;

impl<'de> DeserializeSeed<'de> for Hidden {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Hidden {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        net::remember(value);
        // Credentials stand in a document of their own, with a password among what is no secret.
        if let Ok(Value::Object(fields)) = serde_json::from_str::<Value>(value) {
            for (name, mut field) in fields {
                if let Value::String(text) = &mut field {
                    if SECRET.iter().any(|secret| name.ends_with(secret)) {
                        net::remember(text);
                    }
                    Secret::wipe(std::mem::take(text));
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Hidden)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value_seed(Hidden)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
