//! All versions of all objects of a bucket: listed, and deleted a thousand at a time.

use aws_sdk_s3::operation::delete_objects::{DeleteObjectsInput, DeleteObjectsOutput};
use aws_sdk_s3::operation::list_object_versions::{ListObjectVersionsInput, ListObjectVersionsOutput};
use aws_sdk_s3::types::{DeleteMarkerEntry, DeletedObject, ObjectVersion, ObjectVersionStorageClass};

use super::bucket::{the, unless_simulated};
use super::bucket_policy::unless_denied;
use super::object::{deletes, etag, remove, time};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// So many versions stand on a page, and so many go with one request.
const MOST: usize = 1000;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(list).on(delete)
}

fn list(at: &mut At<'_>, input: &ListObjectVersionsInput) -> Answer<ListObjectVersionsOutput> {
    unless_simulated(input.delimiter().is_some(), "a list with a delimiter")?;
    let most = usize::try_from(input.max_keys().unwrap_or(1000)).unwrap_or_default().min(MOST);
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let prefix = input.prefix().unwrap_or_default();
    let id = |id: Option<&str>| id.unwrap_or("null").to_owned();
    // By key; of one key the newest first.
    let mut all: Vec<_> = row
        .objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix))
        .flat_map(|(key, versions)| versions.iter().rev().enumerate().map(move |(age, version)| (key, age == 0, version)))
        .collect();
    // The page after a version begins behind it; after a key alone, behind all of its versions.
    if let Some(after) = input.key_marker() {
        let place = match input.version_id_marker() {
            Some(marker) => all.iter().position(|(key, _, version)| *key == after && id(version.id.as_deref()) == marker).map(|n| n + 1),
            None => None,
        };
        let place = place.unwrap_or_else(|| all.iter().take_while(|(key, _, _)| key.as_str() <= after).count());
        all.drain(..place);
    }
    let more = all.len() > most;
    all.truncate(most);
    let last = all.last().filter(|_| more).map(|(key, _, version)| ((*key).clone(), id(version.id.as_deref())));
    let (mut versions, mut markers) = (vec![], vec![]);
    for (key, latest, version) in all {
        let id = id(version.id.as_deref());
        match &version.body {
            Some(body) => {
                let bytes = body.bytes();
                let one = ObjectVersion::builder().key(key).version_id(id).is_latest(latest).last_modified(time(version));
                let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
                versions.push(one.e_tag(etag(&bytes)).size(size).storage_class(ObjectVersionStorageClass::Standard).build());
            }
            None => {
                let one = DeleteMarkerEntry::builder().key(key).version_id(id).is_latest(latest).last_modified(time(version));
                markers.push(one.build());
            }
        }
    }
    let answer = ListObjectVersionsOutput::builder().set_name(input.bucket().map(str::to_owned)).prefix(prefix).is_truncated(more);
    let answer = answer.max_keys(i32::try_from(most).unwrap_or(i32::MAX)).set_versions(Some(versions)).set_delete_markers(Some(markers));
    let (key, version) = last.unzip();
    Ok(answer.set_next_key_marker(key).set_next_version_id_marker(version).build())
}

fn delete(at: &mut At<'_>, input: &DeleteObjectsInput) -> Answer<DeleteObjectsOutput> {
    let asked = input.delete();
    let objects = asked.map(|all| all.objects()).unwrap_or_default();
    if !(1..=MOST).contains(&objects.len()) {
        return Err(refuse(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ));
    }
    let conditional = objects.iter().any(|one| one.e_tag().is_some() || one.size().is_some() || one.last_modified_time().is_some());
    unless_simulated(conditional, "a delete on a condition")?;
    let quiet = asked.and_then(|all| all.quiet()) == Some(true);
    let ids: Vec<String> = objects.iter().map(|_| at.hex(32)).collect();
    let (now, who) = (at.now_ms, (at.account, at.principal));
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let (mut deleted, mut stayed) = (vec![], vec![]);
    for (one, id) in objects.iter().zip(ids) {
        if let Err(refusal) = unless_denied(row, &deletes(who, input.bucket().unwrap_or_default(), one.key(), one.version_id())) {
            let told = aws_sdk_s3::types::Error::builder().key(one.key()).set_version_id(one.version_id().map(str::to_owned));
            stayed.push(told.code(refusal.code).message(refusal.message).build());
            continue;
        }
        let marker = remove(row, one.key(), one.version_id(), (now, id));
        let told = DeletedObject::builder().key(one.key()).set_version_id(one.version_id().map(str::to_owned));
        deleted.push(told.set_delete_marker(marker.is_some().then_some(true)).set_delete_marker_version_id(marker).build());
    }
    Ok(DeleteObjectsOutput::builder().set_deleted((!quiet).then_some(deleted)).set_errors((!stayed.is_empty()).then_some(stayed)).build())
}
