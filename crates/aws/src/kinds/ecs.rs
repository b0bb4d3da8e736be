//! What the ECS kinds share: tags.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::Tag;
use bbws_engine::{Attempt, Progress, read_tags};
use bbws_model::{CloudError, Ownership, Tags};

use crate::{Aws, Told};

/// Tags as ECS takes them.
pub(crate) fn as_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The user's tags and our mark.
pub(crate) fn from_tags(tags: &[Tag]) -> (Tags, Option<Ownership>) {
    read_tags(tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))))
}

impl Aws {
    /// Sends the one request, if any, that brings the tags of something of ECS nearer to what is wanted.
    pub(crate) async fn retag_ecs(
        &self,
        arn: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let missing = attempt.missing(have.0, have.1, want);
        if !missing.is_empty() {
            self.write.ecs.tag_resource().resource_arn(arn).set_tags(Some(as_tags(missing))).send().await.told("ecs:TagResource")?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(have.0, want);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        self.write.ecs.untag_resource().resource_arn(arn).set_tag_keys(Some(extra)).send().await.told("ecs:UntagResource")?;
        Ok(Progress::Sent)
    }
}
