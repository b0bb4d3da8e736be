//! AWS's own index of tags tells the marks of a hundred things in one call. It is late by seconds to minutes, and still
//! tells of things that are gone. So it may confirm what is known already, and nothing else: whatever it tells otherwise,
//! or does not tell, is asked of the thing itself.

use std::sync::Arc;

use aws_sdk_resourcegroupstagging::types::{Tag, TagFilter};
use bbws_engine::{LINEAGE_TAG, Reading, read_tags};
use bbws_model::CloudError;

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
        reading.once(format!("{GET} {region} {sort} {lineage}"), get_resources(&read, sort, ours)).await.ok()
    }
}

/// The ARNs of all of one sort that the index knows with a mark of bbws. Each is to be looked at itself: it may be gone, and
/// others may have come in the last minutes.
pub(crate) async fn indexed(read: &Clients, sort: &str) -> Result<Vec<String>, CloudError> {
    let (all, _) = get_resources(read, sort, TagFilter::builder().key(LINEAGE_TAG).build()).await?;
    Ok(all.into_keys().collect())
}

async fn get_resources(read: &Clients, sort: &str, bears: TagFilter) -> Result<(ById<Marked>, usize), CloudError> {
    let (mut all, mut calls) = (ById::new(), 0);
    let ask = read.tags.get_resources().resource_type_filters(sort).tag_filters(bears).resources_per_page(100);
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
