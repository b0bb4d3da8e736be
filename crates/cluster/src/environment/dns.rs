//! Zones and records.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use super::Domain;
use crate::RuleId;
use crate::decode::{Scalar, Table, Wrong};

/// Zones and records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Dns {
    /// The name under which the cluster is found: tenants are the names right below it.
    pub domain: Domain,
    /// The zone that holds the records.
    pub zone: Zone,
    /// Whether the parent zone refers to this one. Until then there is no certificate and CloudFront has no names of its own.
    pub delegated: bool,
    /// Whether `domain` is a zone of its own inside `zone`, with an NS record there.
    pub own_subzone: bool,
    /// Further names that lead to CloudFront, each inside `domain`. Tenants' names belong to the Tenant Manager.
    pub aliases: Vec<Domain>,
    /// Seconds for which others may keep the records.
    pub ttl: u32,
    /// Zones of other environments that this one's zone refers to.
    pub delegations: BTreeMap<String, Delegation>,
    /// A check of the load balancer from outside.
    pub health_check: HealthCheck,
}

/// A hosted zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Zone {
    /// Its name; `domain` if left out.
    pub name: Domain,
    /// Whether it is there already: bbws then finds it by name, or by this id, and never creates or deletes it.
    pub existing: Existing,
}

/// Whether something is there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Existing {
    /// bbws creates it.
    No,
    /// It is there, the only one of its name.
    ByName,
    /// It is there under this id.
    Id(String),
}

impl Existing {
    /// Whether it is there already.
    #[must_use]
    pub fn is_there(&self) -> bool {
        *self != Self::No
    }
}

impl Serialize for Existing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::No => serializer.serialize_bool(false),
            Self::ByName => serializer.serialize_bool(true),
            Self::Id(id) => serializer.serialize_str(id),
        }
    }
}

impl JsonSchema for Existing {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Existing".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["boolean", "string"], "pattern": "^Z[A-Z0-9]{1,31}$" })
    }
}

impl Scalar for Existing {
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong> {
        let fix = "write `true`, or the zone's id in quotes: `\"Z0123456789ABCDEFGHIJ\"`";
        match value {
            DeValue::Boolean(false) => Ok(Self::No),
            DeValue::Boolean(true) => Ok(Self::ByName),
            DeValue::String(id) => {
                let fits =
                    id.starts_with('Z') && (2..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                if fits {
                    Ok(Self::Id(id.clone().into_owned()))
                } else {
                    Err(Wrong::new(RuleId::ZoneId, format!("`{id}` is not the id of a hosted zone"), fix))
                }
            }
            other => Err(Wrong { fix: fix.to_owned(), ..Wrong::typed("`true` or a zone's id", other) }),
        }
    }
}

/// A zone of another environment that this one's zone refers to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Delegation {
    /// The other zone.
    pub zone: Domain,
    /// Its name servers, as the other environment printed them; either these or `from_environment`.
    pub name_servers: Vec<Domain>,
    /// The environment whose published outputs hold them; either this or `name_servers`.
    pub from_environment: Option<String>,
}

/// A check of the load balancer from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct HealthCheck {
    /// Whether there is one.
    pub enabled: bool,
    /// The path it asks for.
    pub path: String,
    /// Failures in a row until it counts as down.
    pub failures: u32,
}

/// The domain, read before the rest because certificate and distribution take their defaults from it.
pub(super) fn domain(t: &Table<'_, '_>) -> Domain {
    let domain = t.raw("domain").and_then(|value| Domain::read(value.get_ref()).ok());
    t.everything();
    domain.unwrap_or_else(Domain::unknown)
}

impl Dns {
    pub(super) fn read(t: &Table<'_, '_>, domain: &Domain) -> Self {
        Self {
            domain: t.get("domain").required(domain.clone(), "\"wpdev.kimmyai.io\""),
            zone: t.table("zone", |t| Zone { name: t.get("name").or(domain.clone()), existing: t.get("existing").or(Existing::No) }),
            delegated: t.get("delegated").or(true),
            own_subzone: t.get("own_subzone").or(false),
            aliases: t.list("aliases").or(vec![]),
            ttl: t.get("ttl").within(0..=2_147_483_647, "seconds").or(300),
            delegations: t.named("delegations", |_, t| Delegation {
                zone: t.get("zone").required(Domain::unknown(), "\"wpdev.kimmyai.io\""),
                name_servers: t.list("name_servers").or(vec![]),
                from_environment: t.get("from_environment").option(),
            }),
            health_check: t.table("health_check", |t| HealthCheck {
                enabled: t.get("enabled").or(false),
                path: t.get("path").or("/".to_owned()),
                failures: t.get("failures").within(1..=10, "").or(3),
            }),
        }
    }
}
