//! How AWS answers, one file per kind, and the list of them.

pub(crate) mod access_point;
mod ahead;
mod alias_target;
pub(crate) mod bucket;
mod bucket_policy;
pub(crate) mod bucket_settings;
pub(crate) mod cdn_config;
pub(crate) mod cdn_function;
mod cdn_rules;
pub(crate) mod certificate;
mod certificate_user;
mod cloudfront;
pub(crate) mod cloudtrail;
pub(crate) mod container;
pub(crate) mod dashboard;
pub(crate) mod db_instance;
mod db_modify;
pub(crate) mod db_parameter_group;
pub(crate) mod db_snapshot;
pub(crate) mod db_subnet_group;
mod db_work;
pub(crate) mod distribution;
mod dns;
pub(crate) mod dns_record;
mod ecs;
pub(crate) mod ecs_cluster;
pub(crate) mod ecs_work;
pub(crate) mod elastic_ip;
mod elb;
pub(crate) mod elb_action;
mod elb_zones;
pub(crate) mod file_system;
mod file_system_settings;
pub(crate) mod flow_log;
pub(crate) mod health_check;
pub(crate) mod hosted_zone;
mod iam;
mod identity;
pub(crate) mod internet_gateway;
pub(crate) mod kms_key;
pub(crate) mod listener;
pub(crate) mod load_balancer;
mod load_balancer_attributes;
pub(crate) mod log_delivery;
pub(crate) mod log_delivery_destination;
pub(crate) mod log_delivery_source;
pub(crate) mod log_group;
pub(crate) mod log_stream;
pub(crate) mod metric_alarm;
pub(crate) mod mount_target;
mod mysql_parameter;
pub(crate) mod nat_gateway;
pub(crate) mod network_acl;
pub(crate) mod network_interface;
pub(crate) mod object;
mod object_versions;
mod prefix_list;
mod price_list;
mod quota;
pub(crate) mod rds;
pub(crate) mod role;
mod role_policy;
mod role_policy_attachment;
pub(crate) mod route;
pub(crate) mod route53;
pub(crate) mod route_table;
pub(crate) mod route_table_association;
pub(crate) mod secret;
mod secret_value;
pub(crate) mod security_group;
pub(crate) mod security_group_rule;
pub(crate) mod subnet;
mod tag_index;
mod tagging;
pub(crate) mod target_group;
pub(crate) mod task_definition;
mod tenant;
pub(crate) mod topic;
pub(crate) mod vpc;
pub(crate) mod vpc_endpoint;

pub(crate) use identity::principal;
pub use tenant::Tenant;

use std::collections::BTreeMap;

use crate::cloud::Region;
use crate::handlers::Handlers;

/// The handlers of all operations.
pub(crate) fn handlers() -> Handlers {
    let add = [
        access_point::handlers,
        ahead::handlers,
        quota::handlers,
        bucket::handlers,
        bucket_settings::handlers,
        cdn_function::handlers,
        certificate::handlers,
        cloudfront::handlers,
        cloudtrail::handlers,
        dashboard::handlers,
        db_instance::handlers,
        db_modify::handlers,
        db_parameter_group::handlers,
        db_snapshot::handlers,
        db_subnet_group::handlers,
        distribution::handlers,
        dns_record::handlers,
        ecs::handlers,
        ecs_cluster::handlers,
        ecs_work::handlers,
        elastic_ip::handlers,
        elb::handlers,
        file_system::handlers,
        file_system_settings::handlers,
        flow_log::handlers,
        health_check::handlers,
        hosted_zone::handlers,
        identity::handlers, //
        internet_gateway::handlers,
        kms_key::handlers,
        listener::handlers,
        load_balancer::handlers,
        load_balancer_attributes::handlers,
        log_delivery::handlers,
        log_delivery_destination::handlers,
        log_delivery_source::handlers,
        log_group::handlers,
        log_stream::handlers,
        metric_alarm::handlers,
        mount_target::handlers,
        nat_gateway::handlers,
        network_acl::handlers,
        network_interface::handlers,
        object::handlers,
        object_versions::handlers,
        prefix_list::handlers,
        price_list::handlers,
        rds::handlers,
        role::handlers,
        role_policy::handlers,
        role_policy_attachment::handlers,
        route::handlers,
        route53::handlers,
        route_table::handlers,
        route_table_association::handlers,
        secret::handlers,
        secret_value::handlers,
        security_group::handlers,
        security_group_rule::handlers,
        subnet::handlers,
        tag_index::handlers,
        tagging::handlers,
        target_group::handlers,
        task_definition::handlers,
        topic::handlers,
        vpc::handlers,
        vpc_endpoint::handlers,
    ];
    add.into_iter().fold(Handlers::default(), |handlers, add| add(handlers))
}

/// What exists in a region: sort, id, and what tells it from others.
pub(crate) fn things(here: &Region) -> Vec<(&'static str, String, String)> {
    let mut things = vec![];
    let mut list = |kind: &'static str, ids: Vec<(String, String)>| things.extend(ids.into_iter().map(|(id, about)| (kind, id, about)));
    list("alarm", here.alarms.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("bucket", here.buckets.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("elastic ip", here.elastic_ips.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.public_ip, about(&row.tags)))).collect());
    list("internet gateway", here.internet_gateways.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("log group", here.log_groups.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    let stands = |row: &nat_gateway::Row| row.gone_ms.is_none() || here.network_interfaces.contains_key(&row.interface);
    list("nat gateway", here.nat_gateways.iter().filter(|(_, row)| stands(row)).map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("network acl", here.network_acls.iter().map(|(id, row)| (id.clone(), format!("default of {}", row.vpc))).collect());
    list(
        "network interface",
        here.network_interfaces.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.address, row.description))).collect(),
    );
    list("route table", here.route_tables.iter().map(|(id, row)| (id.clone(), row.about())).collect());
    list("secret", here.secrets.iter().map(|(id, row)| (id.clone(), format!("{}{}", about(&row.tags), row.about()))).collect());
    list(
        "security group",
        here.security_groups.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.name, about(&row.tags)))).collect(),
    );
    list(
        "security group rule",
        here.security_groups
            .iter()
            .flat_map(|(group, row)| row.rules.iter().map(move |(id, rule)| (id.clone(), format!("{group} {}", about(&rule.tags)))))
            .collect(),
    );
    list("flow log", here.flow_logs.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.vpc, about(&row.tags)))).collect());
    list(
        "vpc endpoint",
        here.vpc_endpoints.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.service, about(&row.tags)))).collect(),
    );
    list("subnet", here.subnets.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.cidr, about(&row.tags)))).collect());
    list("topic", here.topics.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("vpc", here.vpcs.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.cidr, about(&row.tags)))).collect());
    list("certificate", here.certificates.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.names[0], about(&row.tags)))).collect());
    list("cdn function", here.cdn_functions.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list(
        "distribution",
        here.distributions.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.domain_name, about(&row.tags)))).collect(),
    );
    list("log delivery", here.deliveries.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("log delivery destination", here.delivery_destinations.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("log delivery source", here.delivery_sources.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("dashboard", here.dashboards.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("database", here.db_instances.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.class, about(&row.tags)))).collect());
    list("db parameter group", here.db_parameter_groups.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("db snapshot", here.db_snapshots.iter().map(|(id, row)| (id.clone(), format!("of {}", row.instance))).collect());
    list("db subnet group", here.db_subnet_groups.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("dns record", here.hosted_zones.iter().flat_map(|(id, row)| dns_record::things(id, row)).collect());
    list("file system", here.file_systems.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("mount target", here.mount_targets.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.file_system, row.subnet))).collect());
    list(
        "health check",
        here.health_checks.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.config.domain, about(&row.tags)))).collect(),
    );
    list("hosted zone", here.hosted_zones.iter().map(|(id, row)| (id.clone(), format!("{} {}", row.name, about(&row.tags)))).collect());
    let (of_services, own): (Vec<_>, Vec<_>) = here.roles.values().partition(|row| row.is_of_service());
    list("service-linked role", of_services.iter().map(|row| (row.name.clone(), String::new())).collect());
    list("role", own.iter().map(|row| (row.name.clone(), about(&row.tags))).collect());
    list("role policy", own.iter().flat_map(|row| row.policies.keys().map(move |name| on_role(row, name))).collect());
    list("role policy attachment", own.iter().flat_map(|row| row.attached.iter().map(move |arn| on_role(row, arn))).collect());
    let living = here.clusters.iter().filter(|(_, row)| row.status != ecs_cluster::Status::Inactive);
    list("ecs cluster", living.map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("ecs service", here.services.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("ecs task", here.tasks.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    // What was deregistered stays to be seen for ever.
    let active = here.task_definitions.iter().filter(|(_, row)| row.deregistered_ms.is_none());
    list("task definition", active.map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("load balancer", here.load_balancers.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("listener", here.listeners.iter().map(|(id, row)| (id.clone(), about(&row.tags))).collect());
    list("listener rule", here.listener_rules.iter().map(|(id, row)| (id.clone(), row.hosts.join(" "))).collect());
    list("target group", here.target_groups.iter().map(|(id, row)| (id.clone(), row.name.clone())).collect());
    things
}

fn on_role(row: &role::Row, what: &str) -> (String, String) {
    (format!("{}/{what}", row.name), String::new())
}

fn about(tags: &BTreeMap<String, String>) -> String {
    tags.get("bbws:address").or_else(|| tags.get("Name")).cloned().unwrap_or_default()
}
