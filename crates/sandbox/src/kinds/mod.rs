//! How AWS answers, one file per kind, and the list of them.

mod alias_target;
pub(crate) mod bucket;
pub(crate) mod bucket_settings;
pub(crate) mod certificate;
mod certificate_user;
pub(crate) mod container;
mod dns;
pub(crate) mod dns_record;
mod ecs;
pub(crate) mod ecs_cluster;
pub(crate) mod ecs_work;
pub(crate) mod health_check;
pub(crate) mod hosted_zone;
mod iam;
mod identity;
pub(crate) mod log_group;
pub(crate) mod metric_alarm;
pub(crate) mod object;
pub(crate) mod role;
mod role_policy;
mod role_policy_attachment;
pub(crate) mod route53;
pub(crate) mod secret;
mod secret_value;
pub(crate) mod security_group;
pub(crate) mod subnet;
mod tagging;
pub(crate) mod task_definition;
mod tenant;
pub(crate) mod topic;
pub(crate) mod vpc;

pub use tenant::Tenant;

use std::collections::BTreeMap;

use crate::cloud::Region;
use crate::handlers::Handlers;

/// The handlers of all operations.
pub(crate) fn handlers() -> Handlers {
    let add = [
        bucket::handlers,
        bucket_settings::handlers,
        certificate::handlers,
        dns_record::handlers,
        ecs::handlers,
        ecs_cluster::handlers,
        ecs_work::handlers,
        health_check::handlers,
        hosted_zone::handlers,
        identity::handlers, //
        log_group::handlers,
        metric_alarm::handlers,
        object::handlers,
        role::handlers,
        role_policy::handlers,
        role_policy_attachment::handlers,
        route53::handlers,
        secret::handlers,
        secret_value::handlers,
        security_group::handlers,
        subnet::handlers,
        tagging::handlers,
        task_definition::handlers,
        topic::handlers,
        vpc::handlers,
    ];
    add.into_iter().fold(Handlers::default(), |handlers, add| add(handlers))
}

/// What exists in a region: sort, id, and what tells it from others.
pub(crate) fn things(here: &Region) -> Vec<(&'static str, String, String)> {
    let mut things = vec![];
    let mut list = |kind: &'static str, ids: Vec<(String, String)>| things.extend(ids.into_iter().map(|(id, about)| (kind, id, about)));
    list("alarm", here.alarms.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("bucket", here.buckets.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("log group", here.log_groups.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("secret", here.secrets.iter().map(|(id, row)| (id.clone(), format!("{}{}", about(&row.tags), row.about()))).collect());
    list(
        "security group",
        here.security_groups.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.name, about(&row.tags)))).collect(),
    );
    list("subnet", here.subnets.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.cidr, about(&row.tags)))).collect());
    list("topic", here.topics.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("vpc", here.vpcs.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.cidr, about(&row.tags)))).collect());
    list("certificate", here.certificates.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.names[0], about(&row.tags)))).collect());
    list("dns record", here.hosted_zones.iter().flat_map(|(id, row)| dns_record::things(id, row)).collect());
    list(
        "health check",
        here.health_checks.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.config.domain, about(&row.tags)))).collect(),
    );
    list("hosted zone", here.hosted_zones.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.name, about(&row.tags)))).collect());
    list("role", here.roles.values().map(|row| (row.name.clone(), about(&row.tags))).collect());
    list(
        "role policy",
        here.roles.values().flat_map(|row| row.policies.keys().map(|name| (format!("{}/{name}", row.name), String::new()))).collect(),
    );
    let attached = |row: &role::Row| row.attached.iter().map(|arn| (format!("{}/{arn}", row.name), String::new())).collect::<Vec<_>>();
    list("role policy attachment", here.roles.values().flat_map(attached).collect());
    let living = here.clusters.iter().filter(|(_, row)| row.status != ecs_cluster::Status::Inactive);
    list("ecs cluster", living.map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("ecs service", here.services.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("ecs task", here.tasks.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    // What was deregistered stays to be seen for ever.
    let active = here.task_definitions.iter().filter(|(_, row)| row.deregistered_ms.is_none());
    list("task definition", active.map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    things
}

fn about(tags: &BTreeMap<String, String>) -> String {
    tags.get("bbws:address").or_else(|| tags.get("Name")).cloned().unwrap_or_default()
}
