//! The index of tags over all services. Of single sorts it lists alarms, log groups and task definitions; all at once, it lists
//! whatever bears tags here but IAM's roles, which AWS's own does not know.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::operation::get_resources::{GetResourcesInput, GetResourcesOutput};
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag, TagFilter};

use crate::cloud::{At, Table};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_resources)
}

fn get_resources(at: &mut At<'_>, input: &GetResourcesInput) -> Answer<GetResourcesOutput> {
    let invalid = |text: &str| Err(refuse(400, "InvalidParameterException", text));
    let sort = match input.resource_type_filters() {
        [] => None,
        [sort] => Some(sort.as_str()),
        _ => return invalid("sandbox: the index of tags takes one sort at a time, or none"),
    };
    if !input.resource_arn_list().is_empty() {
        return invalid("sandbox: the index of tags takes no ARNs");
    }
    let size = input.resources_per_page().unwrap_or(50);
    let Some(size) = usize::try_from(size).ok().filter(|size| (1..=100).contains(size)) else {
        return invalid("ResourcesPerPage must be between 1 and 100");
    };
    let Some(all) = tagged(at, sort) else {
        return invalid("sandbox: of single sorts the index of tags knows alarms, log groups and task definitions");
    };
    let mut found = vec![];
    for (arn, tags) in all {
        let tags = at.here().late_tags.get(&arn).cloned().unwrap_or(tags);
        let fits = |filter: &TagFilter| {
            let has = filter.key().and_then(|key| tags.get(key));
            has.is_some_and(|has| filter.values().is_empty() || filter.values().contains(has))
        };
        if !input.tag_filters().iter().all(fits) {
            continue;
        }
        let tags: Result<Vec<Tag>, _> = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        found.push(ResourceTagMapping::builder().resource_arn(arn).set_tags(tags.ok()).build());
    }
    let (mappings, next) = page(found, Some(size), input.pagination_token())?;
    // The last page has an empty token, not none.
    let next = next.unwrap_or_default();
    Ok(GetResourcesOutput::builder().set_resource_tag_mapping_list(Some(mappings)).pagination_token(next).build())
}

/// Things by their ARN, each with its tags.
type Tagged = Vec<(String, BTreeMap<String, String>)>;

/// All of one sort, or of all. What was deregistered is still told of.
fn tagged(at: &mut At<'_>, sort: Option<&str>) -> Option<Tagged> {
    match sort {
        Some("cloudwatch:alarm") => Some(alarms(at)),
        Some("logs:log-group") => Some(log_groups(at)),
        Some("ecs:task-definition") => Some(task_definitions(at)),
        Some(_) => None,
        None => Some(everything(at)),
    }
}

fn rows<'a, R: 'a>(prefix: &str, table: &'a Table<R>, tags: impl Fn(&R) -> &BTreeMap<String, String>) -> Tagged {
    table.iter().map(|(id, row)| (format!("{prefix}{id}"), tags(row).clone())).collect()
}

fn alarms(at: &mut At<'_>) -> Tagged {
    let prefix = at.arn("cloudwatch", "alarm:");
    rows(&prefix, &at.here().alarms, |row| &row.tags)
}

fn log_groups(at: &mut At<'_>) -> Tagged {
    let prefix = at.arn("logs", "log-group:");
    rows(&prefix, &at.here().log_groups, |row| &row.tags)
}

fn task_definitions(at: &mut At<'_>) -> Tagged {
    let prefix = at.arn("ecs", "task-definition/");
    rows(&prefix, &at.here().task_definitions, |row| &row.tags)
}

fn everything(at: &mut At<'_>) -> Tagged {
    let mut all = [alarms(at), log_groups(at), task_definitions(at)].concat();
    let (region, account) = (at.region.to_owned(), at.account.to_owned());
    let arn = |service: &str, sort: &str| format!("arn:aws:{service}:{region}:{account}:{sort}");
    let here = at.here();
    let ec2 = |sort: &str| arn("ec2", &format!("{sort}/"));
    all.extend(rows(&ec2("elastic-ip"), &here.elastic_ips, |row| &row.tags));
    all.extend(rows(&ec2("internet-gateway"), &here.internet_gateways, |row| &row.tags));
    all.extend(rows(&ec2("natgateway"), &here.nat_gateways, |row| &row.tags));
    all.extend(rows(&ec2("network-acl"), &here.network_acls, |row| &row.tags));
    all.extend(rows(&ec2("network-interface"), &here.network_interfaces, |row| &row.tags));
    all.extend(rows(&ec2("route-table"), &here.route_tables, |row| &row.tags));
    all.extend(rows(&ec2("security-group"), &here.security_groups, |row| &row.tags));
    for group in here.security_groups.values() {
        all.extend(rows(&ec2("security-group-rule"), &group.rules, |row| &row.tags));
    }
    all.extend(rows(&ec2("subnet"), &here.subnets, |row| &row.tags));
    all.extend(rows(&ec2("vpc"), &here.vpcs, |row| &row.tags));
    all.extend(rows(&ec2("vpc-endpoint"), &here.vpc_endpoints, |row| &row.tags));
    all.extend(rows(&ec2("vpc-flow-log"), &here.flow_logs, |row| &row.tags));
    all.extend(rows(&arn("rds", "db:"), &here.db_instances, |row| &row.tags));
    all.extend(rows(&arn("rds", "pg:"), &here.db_parameter_groups, |row| &row.tags));
    all.extend(rows(&arn("rds", "snapshot:"), &here.db_snapshots, |row| &row.tags));
    all.extend(rows(&arn("rds", "subgrp:"), &here.db_subnet_groups, |row| &row.tags));
    all.extend(rows(&arn("ecs", "cluster/"), &here.clusters, |row| &row.tags));
    all.extend(rows(&arn("elasticfilesystem", "access-point/"), &here.access_points, |row| &row.tags));
    all.extend(rows(&arn("elasticfilesystem", "file-system/"), &here.file_systems, |row| &row.tags));
    all.extend(rows(&arn("logs", "delivery:"), &here.deliveries, |row| &row.tags));
    all.extend(rows(&arn("logs", "delivery-destination:"), &here.delivery_destinations, |row| &row.tags));
    all.extend(rows(&arn("logs", "delivery-source:"), &here.delivery_sources, |row| &row.tags));
    all.extend(rows("arn:aws:s3:::", &here.buckets, |row| &row.tags));
    all.extend(rows("arn:aws:route53:::healthcheck/", &here.health_checks, |row| &row.tags));
    all.extend(rows("arn:aws:route53:::hostedzone/", &here.hosted_zones, |row| &row.tags));
    all.extend(rows(&format!("arn:aws:cloudwatch::{account}:dashboard/"), &here.dashboards, |row| &row.tags));
    // These go by their ARN.
    all.extend(rows("", &here.certificates, |row| &row.tags));
    all.extend(rows("", &here.listener_rules, |row| &row.tags));
    all.extend(rows("", &here.listeners, |row| &row.tags));
    all.extend(rows("", &here.load_balancers, |row| &row.tags));
    all.extend(rows("", &here.services, |row| &row.tags));
    all.extend(rows("", &here.target_groups, |row| &row.tags));
    all.extend(rows("", &here.tasks, |row| &row.tags));
    all.extend(rows("", &here.topics, |row| &row.tags));
    all.extend(here.cdn_functions.values().map(|row| (row.arn.clone(), row.tags.clone())));
    all.extend(here.distributions.values().map(|row| (row.arn.clone(), row.tags.clone())));
    all.extend(here.secrets.values().map(|row| (row.arn.clone(), row.tags.clone())));
    all.retain(|(_, tags)| !tags.is_empty());
    all
}
