//! What all Route 53 kinds share: tags in one call each way, caller references, and the two forms of a refused change.

use std::collections::BTreeMap;

use aws_sdk_route53::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_route53::operation::RequestId;
use aws_sdk_route53::operation::change_resource_record_sets::{ChangeResourceRecordSetsError, ChangeResourceRecordSetsOutput};
use aws_sdk_route53::types::{Tag, TagResourceType};
use bbws_engine::{Attempt, Progress, Reading, read_tags};
use bbws_model::{Class, CloudError, IntentId, Kind, Locate, Ownership, Tags};

use crate::{Aws, Told, classify};

/// Route 53 takes and answers at most this many ids, tags or keys in one tag call.
const BATCH: usize = 10;
/// What our caller references begin with.
const REFERENCE: &str = "bbws.";

/// The user's tags and our mark.
pub(crate) type Marked = (Tags, Option<Ownership>);

/// The caller reference of a create. It names the intent, because Route 53 shows the reference in its lists but takes
/// no tags on create: what was made and not yet marked is found by it. Longest: 64 characters.
pub(crate) fn reference(intent: &IntentId) -> String {
    format!("{REFERENCE}{intent}")
}

/// The mark of something that bears none yet but was made by the intent looked for.
pub(crate) fn made_by<K: Kind>(place: &Locate<K>, caller_reference: &str) -> Option<Ownership> {
    let intent = place.intent.clone().filter(|intent| reference(intent) == caller_reference)?;
    Some(Ownership { lineage: place.lineage.clone(), address: place.address.clone(), intent })
}

/// Whether the mark is of the resource looked for, and of the intent where one is.
pub(crate) fn is_of<K: Kind>(place: &Locate<K>, owner: &Ownership) -> bool {
    owner.lineage == place.lineage && owner.address == place.address && place.intent.as_ref().is_none_or(|intent| *intent == owner.intent)
}

/// Something that the SDK will not put together.
pub(crate) fn built<T>(operation: &str, thing: Result<T, BuildError>) -> Result<T, CloudError> {
    thing.map_err(|error| CloudError::own(operation, Class::Invalid, error.to_string()))
}

/// What was just made may not be known everywhere for a minute, so its absence is no news.
pub(crate) fn not_yet(error: CloudError) -> CloudError {
    if error.class == Class::Absent { CloudError { class: Class::NotVisibleYet, ..error } } else { error }
}

/// Reads the answer to a change. AWS refuses in two forms: as all its errors, and with `InvalidChangeBatch` as the root,
/// in which the SDK finds neither code nor message.
pub(crate) fn told_change(
    answer: Result<ChangeResourceRecordSetsOutput, SdkError<ChangeResourceRecordSetsError>>,
) -> Result<(), CloudError> {
    const OPERATION: &str = "route53:ChangeResourceRecordSets";
    if let Err(SdkError::ServiceError(refused)) = &answer
        && refused.err().code().is_none()
        && let Some(body) = refused.raw().body().bytes().map(String::from_utf8_lossy)
        && body.contains("<InvalidChangeBatch")
    {
        const CODE: &str = "InvalidChangeBatch";
        let messages: Vec<&str> = body.split("<Message>").skip(1).filter_map(|rest| rest.split("</Message>").next()).collect();
        let message = messages.join("; ").replace("&apos;", "'").replace("&quot;", "\"");
        return Err(CloudError {
            operation: OPERATION.to_owned(),
            class: classify(CODE, &message, 400).unwrap_or(Class::Invalid),
            code: CODE.to_owned(),
            message,
            request_id: refused.err().request_id().map(str::to_owned),
        });
    }
    answer.told(OPERATION).map(|_| ())
}

impl Aws {
    /// The tags of things of one sort, ten in a call. What is missing in the answer went in the meantime.
    pub(crate) async fn route53_tags(
        &self,
        of: TagResourceType,
        mut ids: Vec<&str>,
        reading: &Reading,
    ) -> Result<BTreeMap<String, Marked>, CloudError> {
        ids.sort_unstable();
        ids.dedup();
        let mut all = BTreeMap::new();
        for batch in ids.chunks(BATCH) {
            match self.route53_tag_sets(&of, batch, reading).await {
                Ok(sets) => all.extend(sets),
                // One that went fails the call for all.
                Err(error) if error.class == Class::Absent && batch.len() > 1 => {
                    for id in batch {
                        match self.route53_tag_sets(&of, &[id], reading).await {
                            Ok(sets) => all.extend(sets),
                            Err(error) if error.class == Class::Absent => {}
                            Err(error) => return Err(error),
                        }
                    }
                }
                Err(error) if error.class == Class::Absent => {}
                Err(error) => return Err(error),
            }
        }
        Ok(all)
    }

    async fn route53_tag_sets(
        &self,
        of: &TagResourceType,
        ids: &[&str],
        reading: &Reading,
    ) -> Result<BTreeMap<String, Marked>, CloudError> {
        const OPERATION: &str = "route53:ListTagsForResources";
        let ask = async {
            let ids = ids.iter().map(|id| (*id).to_owned()).collect();
            let answer = self
                .read
                .route53
                .list_tags_for_resources()
                .resource_type(of.clone())
                .set_resource_ids(Some(ids))
                .send()
                .await
                .told(OPERATION)?;
            let sets = answer.resource_tag_sets.into_iter().filter_map(|set| {
                let tags = set.tags.unwrap_or_default().into_iter();
                Some((set.resource_id?, read_tags(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))))))
            });
            Ok((sets.collect::<BTreeMap<String, Marked>>(), 1))
        };
        let sets = reading.once(format!("{OPERATION} {} {}", of.as_str(), ids.join(",")), ask).await?;
        Ok(sets.as_ref().clone())
    }

    /// Sends the one request, if any, that brings tags nearer to what is wanted: up to ten set and ten taken off.
    pub(crate) async fn route53_retag(
        &self,
        of: TagResourceType,
        id: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let missing = attempt.missing(have.0, have.1, want).into_iter().take(BATCH);
        let missing: Vec<Tag> = missing.map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        let extra: Vec<String> = Attempt::extra(have.0, want).into_iter().take(BATCH).collect();
        if missing.is_empty() && extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        self.write
            .route53
            .change_tags_for_resource()
            .resource_type(of)
            .resource_id(id)
            .set_add_tags(Some(missing).filter(|tags| !tags.is_empty()))
            .set_remove_tag_keys(Some(extra).filter(|keys| !keys.is_empty()))
            .send()
            .await
            .told("route53:ChangeTagsForResource")
            .map_err(not_yet)?;
        Ok(Progress::Sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;

    #[test]
    fn a_refused_change_is_read_in_its_older_form_too() {
        let body = "<?xml version=\"1.0\"?><InvalidChangeBatch xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Messages>\
                    <Message>Tried to create resource record set [name=&apos;a.example.com.&apos;, type=&apos;A&apos;] but it already exists</Message>\
                    </Messages><RequestId>r-1</RequestId></InvalidChangeBatch>";
        let raw = HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::from(body));
        let refused = SdkError::service_error(ChangeResourceRecordSetsError::unhandled("no code"), raw);
        let error = told_change(Err(refused)).unwrap_err();
        assert_eq!((error.class, error.code.as_str()), (Class::Exists, "InvalidChangeBatch"));
        assert_eq!(error.message, "Tried to create resource record set [name='a.example.com.', type='A'] but it already exists");
    }
}
