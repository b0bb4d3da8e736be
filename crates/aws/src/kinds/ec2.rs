//! What all EC2 kinds share: filters, tags, and reads of many objects at once.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification, UnsuccessfulItem};
use bbws_engine::{Attempt, LINEAGE_TAG, Progress, read_tags};
use bbws_model::{Class, CloudError, Kind, Locate, Ownership, Tags};

use crate::error::classify;
use crate::{Aws, Told};

/// A filter that holds where the field has one of these values. Filters never fail on unknown values, as ids do.
pub(crate) fn filter(name: &str, values: impl IntoIterator<Item = impl Into<String>>) -> Filter {
    Filter::builder().name(name).set_values(Some(values.into_iter().map(Into::into).collect())).build()
}

/// The filter for everything of one lineage.
pub(crate) fn of_lineage(lineage: &str) -> Filter {
    filter(&format!("tag:{LINEAGE_TAG}"), [lineage])
}

/// Tags for a create call.
pub(crate) fn specification(of: ResourceType, tags: &Tags, attempt: &Attempt) -> TagSpecification {
    TagSpecification::builder().resource_type(of).set_tags(Some(as_tags(attempt.tagged(tags)))).build()
}

fn as_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The user's tags and our mark.
pub(crate) fn from_tags(tags: &[Tag]) -> (Tags, Option<Ownership>) {
    read_tags(tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))))
}

/// Whether an object bears the mark of the place: its lineage and address, and its intent where that is asked for.
pub(crate) fn bears<K: Kind>(tags: &[Tag], place: &Locate<K>) -> bool {
    from_tags(tags).1.is_some_and(|owner| {
        owner.lineage == place.lineage
            && owner.address == place.address
            && place.intent.as_ref().is_none_or(|intent| *intent == owner.intent)
    })
}

/// A member that AWS always answers.
pub(crate) fn told<T>(operation: &str, member: &str, value: Option<T>) -> Result<T, CloudError> {
    value.ok_or_else(|| CloudError::own(operation, Class::Transient, format!("the answer has no `{member}`")))
}

/// Calls that take many objects are answered with success and the list of those that were refused.
pub(crate) fn all_done(operation: &str, refused: &[UnsuccessfulItem]) -> Result<(), CloudError> {
    let Some(error) = refused.iter().find_map(UnsuccessfulItem::error) else { return Ok(()) };
    let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
    let class = classify(code, message, 400).unwrap_or(Class::Ambiguous);
    Err(CloudError { code: code.to_owned(), ..CloudError::own(operation, class, message) })
}

impl Aws {
    /// Sends the one request, if any, that brings an EC2 object's tags nearer to what is wanted: first what is missing
    /// or different, our mark included, then what is too much.
    pub(crate) async fn retag(
        &self,
        id: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let (tags, owner) = have;
        let missing = attempt.missing(tags, owner, want);
        if !missing.is_empty() {
            self.write.ec2.create_tags().resources(id).set_tags(Some(as_tags(missing))).send().await.told("ec2:CreateTags")?;
            return Ok(Progress::Sent);
        }
        let extra: Vec<Tag> = Attempt::extra(tags, want).into_iter().map(|key| Tag::builder().key(key).build()).collect();
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        self.write.ec2.delete_tags().resources(id).set_tags(Some(extra)).send().await.told("ec2:DeleteTags")?;
        Ok(Progress::Sent)
    }
}
