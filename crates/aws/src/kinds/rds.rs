//! What all RDS kinds share: tags, and what a reader of lists has to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_rds::types::{Filter, Tag};
use bbws_engine::{Attempt, Progress, Reading, read_tags};
use bbws_model::{CloudError, Ownership, Tags};

use crate::{Aws, Told};

/// RDS answers 20 to 100 things a page.
pub(crate) const PAGE: i32 = 100;

/// Tags as RDS takes them.
pub(crate) fn as_rds_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The user's tags and our mark.
pub(crate) fn from_rds_tags(tags: &[Tag]) -> (Tags, Option<Ownership>) {
    read_tags(tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))))
}

/// A filter that holds where the field has one of these values. Filters never fail on unknown values, as names do.
pub(crate) fn rds_filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

impl Aws {
    /// The tags of what RDS lists without them, one call each.
    pub(crate) async fn rds_tags(&self, arn: &str, reading: &Reading) -> Result<Arc<(Tags, Option<Ownership>)>, CloudError> {
        const OPERATION: &str = "rds:ListTagsForResource";
        let ask = || async {
            let answer = self.read.rds.list_tags_for_resource().resource_name(arn).send().await.told(OPERATION)?;
            Ok((from_rds_tags(answer.tag_list()), 1))
        };
        reading.once(format!("{OPERATION} {arn}"), ask()).await
    }

    /// Sends the one request, if any, that brings the tags nearer to what is wanted.
    pub(crate) async fn retag_rds(
        &self,
        arn: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let (tags, owner) = have;
        let missing = attempt.missing(tags, owner, want);
        if !missing.is_empty() {
            return self.tag_rds(arn, missing).await;
        }
        let extra = Attempt::extra(tags, want);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        let untag = self.write.rds.remove_tags_from_resource().resource_name(arn).set_tag_keys(Some(extra));
        untag.send().await.told("rds:RemoveTagsFromResource")?;
        Ok(Progress::Sent)
    }

    /// Sets these tags beside those that are there.
    pub(crate) async fn tag_rds(&self, arn: &str, tags: BTreeMap<String, String>) -> Result<Progress, CloudError> {
        let tag = self.write.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(as_rds_tags(tags)));
        tag.send().await.told("rds:AddTagsToResource")?;
        Ok(Progress::Sent)
    }
}
