//! The index of tags over all services. Of what it lists, alarms, log groups and task definitions are simulated.

use std::collections::BTreeMap;

use aws_sdk_resourcegroupstagging::operation::get_resources::{GetResourcesInput, GetResourcesOutput};
use aws_sdk_resourcegroupstagging::types::{ResourceTagMapping, Tag, TagFilter};

use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_resources)
}

fn get_resources(at: &mut At<'_>, input: &GetResourcesInput) -> Answer<GetResourcesOutput> {
    let invalid = |text: &str| Err(refuse(400, "InvalidParameterException", text));
    let [sort] = input.resource_type_filters() else { return invalid("sandbox: the index of tags takes one sort at a time") };
    if !input.resource_arn_list().is_empty() {
        return invalid("sandbox: the index of tags takes no ARNs");
    }
    let size = input.resources_per_page().unwrap_or(50);
    let Some(size) = usize::try_from(size).ok().filter(|size| (1..=100).contains(size)) else {
        return invalid("ResourcesPerPage must be between 1 and 100");
    };
    let Some(all) = tagged(at, sort) else {
        return invalid("sandbox: of the index of tags alarms, log groups and task definitions are simulated");
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

/// All of one sort, each with its tags. What was deregistered is still told of.
fn tagged(at: &mut At<'_>, sort: &str) -> Option<Vec<(String, BTreeMap<String, String>)>> {
    let prefix = match sort {
        "cloudwatch:alarm" => at.arn("cloudwatch", "alarm:"),
        "logs:log-group" => at.arn("logs", "log-group:"),
        "ecs:task-definition" => at.arn("ecs", "task-definition/"),
        _ => return None,
    };
    let here = at.here();
    let named = |name: &str, tags: &BTreeMap<String, String>| (format!("{prefix}{name}"), tags.clone());
    Some(match sort {
        "cloudwatch:alarm" => here.alarms.iter().map(|(name, row)| named(name, &row.tags)).collect(),
        "logs:log-group" => here.log_groups.iter().map(|(name, row)| named(name, &row.tags)).collect(),
        _ => here.task_definitions.values().map(|row| named(&format!("{}:{}", row.family, row.revision), &row.tags)).collect(),
    })
}
