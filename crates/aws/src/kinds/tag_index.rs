//! AWS's own index of tags tells the marks of a hundred things in one call. It is late by seconds to minutes, and still
//! tells of things that are gone. So it may confirm what is known already, and nothing else: whatever it tells otherwise,
//! or does not tell, is asked of the thing itself.

use std::sync::Arc;

use aws_sdk_resourcegroupstagging::types::{Tag, TagFilter};
use bbws_engine::{LINEAGE_TAG, Reading, Tagged, read_tags};
use bbws_model::{CloudError, Tags};

use super::elb::Marked;
use crate::scan::ById;
use crate::{Aws, Clients, Told};

const GET: &str = "tag:GetResources";

impl Aws {
    /// What the index has of the things of one sort in a region that bear our lineage, by their ARN. Nothing where it may
    /// not be asked: that costs the calls it would have saved.
    pub(crate) async fn tag_index(&self, region: &str, sort: &str, lineage: &str, reading: &Reading) -> Option<Arc<ById<Marked>>> {
        let (read, _) = self.at(region);
        let ours = TagFilter::builder().key(LINEAGE_TAG).values(lineage).build();
        reading.once(format!("{GET} {region} {sort} {lineage}"), get_resources(&read, Some(sort), vec![ours])).await.ok()
    }
}

/// The ARNs of all of one sort that the index knows with a mark of bbws. Each is to be looked at itself: it may be gone, and
/// others may have come in the last minutes.
pub(crate) async fn indexed(read: &Clients, sort: &str) -> Result<Vec<String>, CloudError> {
    let (all, _) = get_resources(read, Some(sort), vec![TagFilter::builder().key(LINEAGE_TAG).build()]).await?;
    Ok(all.into_keys().collect())
}

/// What the index of a region has of the things that bear all of these tags, of whatever sort. Those of global services are in
/// us-east-1. It may tell of what is gone, and is late with what has come.
///
/// # Errors
/// As the call fails.
pub async fn tagged(aws: &Aws, region: &str, tags: &Tags) -> Result<Vec<Tagged>, CloudError> {
    let (read, _) = aws.at(region);
    let bears = tags.iter().map(|(key, value)| TagFilter::builder().key(key).values(value).build()).collect();
    let (all, _) = get_resources(&read, None, bears).await?;
    Ok(all.into_iter().map(|(arn, (tags, owner))| Tagged { arn, owner, tags }).collect())
}

async fn get_resources(read: &Clients, sort: Option<&str>, bears: Vec<TagFilter>) -> Result<(ById<Marked>, usize), CloudError> {
    let (mut all, mut calls) = (ById::new(), 0);
    let sorts = sort.map(|sort| vec![sort.to_owned()]);
    let ask = read.tags.get_resources().set_resource_type_filters(sorts).set_tag_filters(Some(bears)).resources_per_page(100);
    let mut pages = ask.into_paginator().send();
    while let Some(page) = pages.next().await {
        calls += 1;
        for found in page.told(GET)?.resource_tag_mapping_list.unwrap_or_default() {
            let pair = |tag: Tag| (tag.key, tag.value);
            let marked = read_tags(found.tags.unwrap_or_default().into_iter().map(pair));
            all.extend(found.resource_arn.map(|arn| (arn, marked)));
        }
    }
    Ok((all, calls))
}
