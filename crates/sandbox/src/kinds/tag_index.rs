//! The index of tags over all services. Of what it lists, alarms are simulated.

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
    if input.resource_type_filters() != ["cloudwatch:alarm"] || !input.resource_arn_list().is_empty() {
        return invalid("sandbox: of the index of tags only alarms are simulated");
    }
    let size = input.resources_per_page().unwrap_or(50);
    let Some(size) = usize::try_from(size).ok().filter(|size| (1..=100).contains(size)) else {
        return invalid("ResourcesPerPage must be between 1 and 100");
    };
    let prefix = at.arn("cloudwatch", "alarm:");
    let here = at.here();
    let mut found = vec![];
    for (name, row) in &here.alarms {
        let arn = format!("{prefix}{name}");
        let tags = here.late_tags.get(&arn).unwrap_or(&row.tags);
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
