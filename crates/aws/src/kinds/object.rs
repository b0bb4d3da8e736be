//! What a bucket holds, and how a bucket is emptied before it is deleted: a thousand versions at a time.

use aws_sdk_s3::Client;
use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use bbws_engine::Progress;
use bbws_model::{Class, CloudError};

use super::s3::built;
use crate::Told;

const LIST: &str = "s3:ListObjectVersions";
const DELETE: &str = "s3:DeleteObjects";
/// One request deletes so many, and one page shows no more.
const MOST: i32 = 1000;

/// The first thousand of all versions and delete markers that a bucket holds. One that never had versions shows each object as
/// the version `null`.
pub(crate) async fn held(s3: &Client, bucket: &str) -> Result<Vec<ObjectIdentifier>, CloudError> {
    let page = s3.list_object_versions().bucket(bucket).max_keys(MOST).send().await.told(LIST)?;
    let versions = page.versions.unwrap_or_default().into_iter().map(|one| (one.key, one.version_id));
    let markers = page.delete_markers.unwrap_or_default().into_iter().map(|one| (one.key, one.version_id));
    versions
        .chain(markers)
        .map(|(key, version)| {
            let one = ObjectIdentifier::builder().set_key(key).version_id(version.unwrap_or_else(|| "null".to_owned()));
            built(LIST, one.build())
        })
        .collect()
}

/// Deletes versions in one request. AWS answers it well although some of them stay, and names those.
pub(crate) async fn delete_objects(s3: &Client, bucket: &str, held: Vec<ObjectIdentifier>) -> Result<Progress, CloudError> {
    let count = held.len();
    let all = built(DELETE, Delete::builder().set_objects(Some(held)).quiet(true).build())?;
    let answer = s3.delete_objects().bucket(bucket).delete(all).send().await.told(DELETE)?;
    let stayed = answer.errors.unwrap_or_default();
    // Where some went the next call deletes the rest, or is told alone why it cannot.
    let Some(first) = stayed.first().filter(|_| stayed.len() == count) else { return Ok(Progress::Part) };
    let (code, message) = (first.code().unwrap_or_default(), first.message().unwrap_or_default());
    let class = match code {
        "AccessDenied" => Class::Denied,
        "InternalError" | "SlowDown" | "ServiceUnavailable" => Class::Throttled,
        _ => Class::Invalid,
    };
    let told =
        format!("none of {count} objects of `{bucket}` was deleted, the first being `{}`: {message}", first.key().unwrap_or_default());
    Err(CloudError { code: code.to_owned(), ..CloudError::own(DELETE, class, told) })
}
