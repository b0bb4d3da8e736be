//! The simulated cloud: accounts, their regions, and what stands in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::file::CallRecord;
use crate::kinds;

/// Rows by what AWS calls them.
pub(crate) type Table<R> = BTreeMap<String, R>;

// Global services are signed for it, and so kept in it.
pub(crate) use bbws_kinds::GLOBAL;

/// Everything that exists in the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cloud {
    /// The simulated time when it was last written, in seconds since 1970.
    pub now: u64,
    /// How often it was written.
    pub revision: u64,
    /// The accounts, by id.
    pub accounts: BTreeMap<String, AccountCloud>,
}

/// One account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AccountCloud {
    /// How many ids were given so far.
    ids: u64,
    /// The regions, by name.
    pub regions: BTreeMap<String, Region>,
    /// The opt-in regions that are not switched on.
    #[serde(default, skip_serializing_if = "std::collections::BTreeSet::is_empty")]
    pub(crate) off: std::collections::BTreeSet<String>,
}

/// What stands in one region of one account, a table per kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Region {
    pub(crate) access_points: Table<kinds::access_point::Row>,
    pub(crate) alarms: Table<kinds::metric_alarm::Row>,
    pub(crate) buckets: Table<kinds::bucket::Row>,
    pub(crate) cdn_functions: Table<kinds::cdn_function::Row>,
    pub(crate) certificates: Table<kinds::certificate::Row>,
    pub(crate) clusters: Table<kinds::ecs_cluster::Row>,
    pub(crate) dashboards: Table<kinds::dashboard::Row>,
    pub(crate) db_instances: Table<kinds::db_instance::Row>,
    pub(crate) db_parameter_groups: Table<kinds::db_parameter_group::Row>,
    pub(crate) db_snapshots: Table<kinds::db_snapshot::Row>,
    pub(crate) db_subnet_groups: Table<kinds::db_subnet_group::Row>,
    pub(crate) deliveries: Table<kinds::log_delivery::Row>,
    pub(crate) delivery_destinations: Table<kinds::log_delivery_destination::Row>,
    pub(crate) delivery_sources: Table<kinds::log_delivery_source::Row>,
    /// The caller references of all distributions there ever were.
    pub(crate) distribution_references: BTreeSet<String>,
    pub(crate) distributions: Table<kinds::distribution::Row>,
    pub(crate) elastic_ips: Table<kinds::elastic_ip::Row>,
    pub(crate) file_systems: Table<kinds::file_system::Row>,
    pub(crate) flow_logs: Table<kinds::flow_log::Row>,
    pub(crate) health_checks: Table<kinds::health_check::Row>,
    pub(crate) hosted_zones: Table<kinds::hosted_zone::Row>,
    pub(crate) internet_gateways: Table<kinds::internet_gateway::Row>,
    pub(crate) listener_rules: Table<kinds::target_group::RuleRow>,
    pub(crate) listeners: Table<kinds::listener::Row>,
    pub(crate) kms_keys: Table<kinds::kms_key::Row>,
    /// What the index of tags has of a thing, by its ARN, where it is late.
    pub(crate) late_tags: Table<BTreeMap<String, String>>,
    pub(crate) load_balancers: Table<kinds::load_balancer::Row>,
    pub(crate) log_groups: Table<kinds::log_group::Row>,
    /// The managed policies that the account made, by ARN, each with its document.
    pub(crate) managed_policies: Table<String>,
    pub(crate) mount_targets: Table<kinds::mount_target::Row>,
    /// Why the next NAT gateway comes up failed, if it does: AWS's code and message.
    pub(crate) next_nat_fails: Option<(String, String)>,
    pub(crate) nat_gateways: Table<kinds::nat_gateway::Row>,
    pub(crate) network_acls: Table<kinds::network_acl::Row>,
    pub(crate) network_interfaces: Table<kinds::network_interface::Row>,
    /// The quotas that AWS has raised or lowered, by their codes.
    pub(crate) quotas: Table<f64>,
    pub(crate) roles: Table<kinds::role::Row>,
    pub(crate) route53: kinds::route53::Memory,
    pub(crate) route_tables: Table<kinds::route_table::Row>,
    pub(crate) secrets: Table<kinds::secret::Row>,
    pub(crate) security_groups: Table<kinds::security_group::Row>,
    pub(crate) services: Table<kinds::ecs_work::ServiceRow>,
    pub(crate) subnets: Table<kinds::subnet::Row>,
    pub(crate) target_groups: Table<kinds::target_group::Row>,
    pub(crate) task_definitions: Table<kinds::task_definition::Row>,
    /// The last number given in each family.
    pub(crate) task_families: Table<i32>,
    pub(crate) tasks: Table<kinds::ecs_work::TaskRow>,
    pub(crate) topics: Table<kinds::topic::Row>,
    pub(crate) vpc_endpoints: Table<kinds::vpc_endpoint::Row>,
    pub(crate) vpcs: Table<kinds::vpc::Row>,
}

/// One thing that exists, as `bbws sandbox show` lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Thing {
    /// The account.
    pub account: String,
    /// The region.
    pub region: String,
    /// What sort of thing it is, in AWS's words.
    pub kind: &'static str,
    /// What AWS calls it.
    pub id: String,
    /// Its tags, or what else tells it from others.
    pub about: String,
}

/// Who calls: a session of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The role's name.
    pub role: String,
    /// The session's name.
    pub session: String,
}

impl Principal {
    /// The session, as STS names it.
    pub(crate) fn arn(&self, account: &str) -> String {
        format!("arn:aws:sts::{account}:assumed-role/{}/{}", self.role, self.session)
    }
}

impl Default for Principal {
    fn default() -> Self {
        Self { role: "sandbox".to_owned(), session: "operator".to_owned() }
    }
}

/// Where and when a call takes place: the cloud as the caller's account and region see it.
pub(crate) struct At<'a> {
    /// All of it.
    pub(crate) cloud: &'a mut Cloud,
    /// The caller's account.
    pub(crate) account: &'a str,
    /// Who calls.
    pub(crate) principal: &'a Principal,
    /// The region called.
    pub(crate) region: &'a str,
    /// The simulated time, in milliseconds since 1970.
    pub(crate) now_ms: u64,
    /// By how much AWS's own durations are multiplied.
    pub(crate) speed: f64,
    /// What the caller is held to, if to anything.
    pub(crate) policies: Option<Arc<[Value]>>,
    /// What was called before, where somebody asks.
    pub(crate) past: &'a dyn Fn() -> Vec<CallRecord>,
}

impl At<'_> {
    /// The caller's account.
    pub(crate) fn account(&mut self) -> &mut AccountCloud {
        self.cloud.accounts.entry(self.account.to_owned()).or_default()
    }

    /// The region called, in the caller's account.
    pub(crate) fn here(&mut self) -> &mut Region {
        let region = self.region.to_owned();
        self.account().regions.entry(region).or_default()
    }

    /// Where the caller's account keeps what belongs to no region: Route 53, CloudFront, IAM.
    pub(crate) fn global(&mut self) -> &mut Region {
        self.account().regions.entry(GLOBAL.to_owned()).or_default()
    }

    /// A new id of AWS's shape, `vpc-0…` with 17 hex digits. Two accounts never share one.
    pub(crate) fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", self.hex(16))
    }

    /// New hex digits, at most 64, that no earlier call got.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let account = self.account.to_owned();
        let cloud = self.account();
        cloud.ids += 1;
        let mut text = hex::encode(Sha256::digest(format!("{account} {}", cloud.ids)));
        text.truncate(digits);
        text
    }

    /// A new UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let hex = self.hex(32);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// The ARN of something of a regional service here.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    /// The simulated moment `seconds` from now, as AWS would take them, in milliseconds since 1970.
    pub(crate) fn after(&self, seconds: u64) -> u64 {
        self.now_ms + self.span(Duration::from_secs(seconds))
    }

    /// How long something takes that takes AWS `time`, in milliseconds.
    pub(crate) fn span(&self, time: Duration) -> u64 {
        u64::try_from(time.mul_f64(self.speed).as_millis()).unwrap_or(u64::MAX)
    }
}

impl Cloud {
    /// Gives an account another quota in a region.
    pub fn set_quota(&mut self, account: &str, region: &str, code: &str, value: f64) {
        let account = self.accounts.entry(account.to_owned()).or_default();
        account.regions.entry(region.to_owned()).or_default().quotas.insert(code.to_owned(), value);
    }

    /// Switches an opt-in region of an account off. What stands there is still answered.
    pub fn switch_off(&mut self, account: &str, region: &str) {
        self.accounts.entry(account.to_owned()).or_default().off.insert(region.to_owned());
    }

    /// Switches it on again.
    pub fn switch_on(&mut self, account: &str, region: &str) {
        self.accounts.entry(account.to_owned()).or_default().off.remove(region);
    }

    /// Lists what exists, independently of bbws's state.
    #[must_use]
    pub fn things(&self) -> Vec<Thing> {
        let mut things = vec![];
        for (account, cloud) in &self.accounts {
            for (region, here) in &cloud.regions {
                for (kind, id, about) in kinds::things(here) {
                    things.push(Thing { account: account.clone(), region: region.clone(), kind, id, about });
                }
            }
        }
        things.sort();
        things
    }
}
