//! The environment: one cluster as its file describes it, tier defaults filled in. Plain data, one file per section.
//!
//! The types have the shape of the file, key by key: the JSON Schema for editors is derived from them.

mod alb;
mod cdn;
mod certificate;
mod dns;
mod domain;
mod ecs;
mod efs;
mod logs;
mod monitoring;
mod names;
mod network;
mod rds;
mod resource;
mod rule;
mod state;
mod tier;

use std::collections::BTreeMap;

use bbws_model::{Account, Address, Tags};
use schemars::JsonSchema;
use serde::Serialize;

pub use alb::{Alb, FixedResponse};
pub use cdn::{
    Behaviour, CachePolicy, Cdn, EdgeFunction, HttpVersion, Methods, Origin, OriginHeader, OriginRequestPolicy, PriceClass, TriggeredBy,
};
pub use certificate::{Certificate, KeyAlgorithm};
pub use dns::{Delegation, Dns, Existing, HealthCheck, Zone};
pub use domain::Domain;
pub use ecs::{CapacityProvider, Ecs};
pub use efs::{Efs, Throughput};
pub use logs::Logs;
pub use monitoring::{Monitoring, Thresholds};
pub use names::Names;
pub use network::{Endpoint, Nat, Network, Subnet};
pub use rds::{LogExport, Rds};
pub use resource::{Documents, Resource};
pub use rule::{Direction, Group, Ports, Protocol, Rule};
pub use state::{Approval, Audit, Backend, Store};
pub use tier::Tier;

use crate::decode::{Reader, Table};

/// One cluster as its file describes it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Environment {
    /// The environment's name: that of its file.
    #[schemars(skip)]
    pub name: String,
    /// How much care it needs; sets every default below and the policy for changes.
    pub tier: Tier,
    /// The AWS account it lives in. Credentials of any other are refused.
    pub account: Account,
    /// The profile of the AWS configuration that holds its credentials.
    pub profile: Option<String>,
    /// The AWS region.
    pub region: String,
    /// What it is part of: the first half of every name, and the tag `Project`.
    pub project: String,
    /// Names, where they are not to begin with `{project}-{environment}`.
    pub names: Names,
    /// Tags of every resource, beside Environment, Name and Project.
    #[schemars(extend("additionalProperties" = {"type": ["string", "integer", "boolean"]}))]
    pub tags: Tags,
    /// Where bbws keeps its state.
    pub state: Store,
    /// Where every run event is written beside the state.
    pub audit: Audit,
    /// Who may approve a change of production.
    pub approval: Approval,
    /// How long logs are kept.
    pub logs: Logs,
    /// The VPC and its subnets.
    pub network: Network,
    /// The load balancer.
    pub alb: Alb,
    /// Further security-group rules, beside the cluster's own.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
    /// The ECS cluster.
    pub ecs: Ecs,
    /// The database.
    pub rds: Rds,
    /// The file system.
    pub efs: Efs,
    /// Zones and records.
    pub dns: Dns,
    /// The certificate.
    pub certificate: Certificate,
    /// The CloudFront distribution.
    pub cdn: Cdn,
    /// Alarms.
    pub monitoring: Monitoring,
    /// Further resources of any kind.
    #[serde(rename = "resource")]
    pub resources: Documents,
}

impl Environment {
    /// Whether the certificate and what rests on it (aliases, HTTPS) is wanted: not before the zone is delegated.
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.dns.delegated
    }

    /// Tags of every resource: the file's own, then Environment and Project. `Name` is each resource's.
    #[must_use]
    pub fn common_tags(&self) -> Tags {
        Tags(self.tags.0.clone().into_iter().chain(self.own_tags().0).collect::<BTreeMap<_, _>>())
    }

    /// The tags that tell this environment's things from others.
    #[must_use]
    pub fn own_tags(&self) -> Tags {
        Tags::default().with("Environment", &self.name).with("Project", &self.project)
    }

    /// The resource of `[resource.<kind>.<name>]` with this address.
    #[must_use]
    pub fn resource(&self, address: &Address) -> Option<&Resource> {
        self.resources.0.get(address)
    }

    pub(crate) fn read(name: &str, reader: &Reader, t: &Table<'_, '_>) -> Self {
        let tier = t.get("tier").required(Tier::Dev, "\"dev\"");
        let region = t.get("region").or("af-south-1".to_owned());
        let project = t.get("project").required("project".to_owned(), "\"wp\"");
        let domain = t.table("dns", dns::domain);
        let logs = t.table("logs", |t| Logs::read(t, tier));
        Self {
            name: name.to_owned(),
            tier,
            account: t.get("account").required(state::no_account(), "\"012345678901\""),
            profile: t.get("profile").option(),
            names: t.table("names", |t| Names::read(t, &format!("{project}-{name}"), name)),
            tags: Tags(t.texts("tags")),
            state: t.table("state", |t| Store::read(t, &region)),
            audit: t.table("audit", Audit::read),
            approval: t.table("approval", Approval::read),
            logs,
            network: t.table("network", |t| Network::read(t, tier)),
            alb: t.table("alb", |t| Alb::read(t, tier)),
            rules: t.each("rule", Rule::read),
            ecs: t.table("ecs", |t| Ecs::read(t, tier)),
            rds: t.table("rds", |t| Rds::read(t, tier)),
            efs: t.table("efs", |t| Efs::read(t, tier)),
            certificate: t.table("certificate", |t| Certificate::read(t, &domain)),
            cdn: t.table("cdn", |t| Cdn::read(t, &domain)),
            dns: t.table("dns", |t| Dns::read(t, &domain)),
            monitoring: t.table("monitoring", |t| Monitoring::read(t, tier)),
            resources: Documents::read(reader, t),
            region,
            project,
        }
    }
}
