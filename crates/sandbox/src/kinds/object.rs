//! S3 objects, as far as a store of small files needs them: conditional writes, reads, lists and versions.

use aws_sdk_s3::operation::delete_object::{DeleteObjectInput, DeleteObjectOutput};
use aws_sdk_s3::operation::get_object::{GetObjectInput, GetObjectOutput};
use aws_sdk_s3::operation::head_object::{HeadObjectInput, HeadObjectOutput};
use aws_sdk_s3::operation::list_objects_v2::{ListObjectsV2Input, ListObjectsV2Output};
use aws_sdk_s3::operation::put_object::{PutObjectInput, PutObjectOutput};
use aws_sdk_s3::types::{Object, ObjectStorageClass};
use aws_smithy_types::DateTime;
use aws_smithy_types::byte_stream::ByteStream;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::bucket::{Row, the, unless_simulated};
use super::bucket_policy::{Request, unless_denied};
use super::bucket_settings::Encryption;
use crate::cloud::{At, Principal};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// One version of an object. The newest stands last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    /// None in a bucket that never had versioning: AWS calls it `null`.
    pub(crate) id: Option<String>,
    /// What it holds; none for a delete marker.
    pub(crate) body: Option<Body>,
    pub(crate) written_ms: u64,
    /// How it is encrypted; none for a delete marker.
    #[serde(default)]
    pub(crate) encryption: Option<Encryption>,
}

/// Bytes: as text where they are text, so that the sandbox's file stays readable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Body {
    Text(String),
    Hex(String),
}

impl Body {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Hex(hex::encode(error.as_bytes())), Self::Text)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.as_bytes().to_vec(),
            Self::Hex(text) => hex::decode(text).unwrap_or_default(),
        }
    }
}

/// An opaque text with its quotes, as AWS gives it.
pub(crate) fn etag(bytes: &[u8]) -> String {
    let mut digest = hex::encode(Sha256::digest(bytes));
    digest.truncate(32);
    format!("\"{digest}\"")
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on_part(|input: &PutObjectInput| Put::from(input), put_object).on(get_object).on(head_object).on(list_objects).on(delete_object)
}

fn no_key() -> Refusal {
    refuse(404, "NoSuchKey", "The specified key does not exist.")
}

fn unmet() -> Refusal {
    refuse(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

/// What of a PutObject counts; its body is a stream.
struct Put {
    bucket: Option<String>,
    owner: Option<String>,
    key: String,
    /// None: it comes from a file or a socket.
    body: Option<Vec<u8>>,
    if_match: Option<String>,
    if_none_match: Option<String>,
    /// The algorithm, if the request names one.
    algorithm: Option<String>,
    kms_key: Option<String>,
    bucket_key: Option<bool>,
    unknown: bool,
}

impl From<&PutObjectInput> for Put {
    fn from(input: &PutObjectInput) -> Self {
        Self {
            bucket: input.bucket().map(str::to_owned),
            owner: input.expected_bucket_owner().map(str::to_owned),
            key: input.key().unwrap_or_default().to_owned(),
            body: input.body().bytes().map(<[u8]>::to_vec),
            if_match: input.if_match().map(str::to_owned),
            if_none_match: input.if_none_match().map(str::to_owned),
            algorithm: input.server_side_encryption().map(|algorithm| algorithm.as_str().to_owned()),
            kms_key: input.ssekms_key_id().map(str::to_owned),
            bucket_key: input.bucket_key_enabled(),
            unknown: input.acl().is_some()
                || input.tagging().is_some()
                || input.metadata().is_some_and(|m| !m.is_empty())
                || input.object_lock_mode().is_some()
                || input.sse_customer_algorithm().is_some()
                || input.storage_class().is_some()
                || input.write_offset_bytes().is_some(),
        }
    }
}

/// The newest version of a key, delete markers left out.
fn newest<'a>(row: &'a Row, key: &str) -> Option<(&'a Version, &'a Body)> {
    let version = row.objects.get(key)?.last()?;
    Some((version, version.body.as_ref()?))
}

impl Put {
    /// How the object will be encrypted: as the request says, else as the bucket does.
    fn encryption(&self, row: &Row) -> Answer<Encryption> {
        let Some(algorithm) = &self.algorithm else {
            unless_simulated(self.kms_key.is_some() || self.bucket_key.is_some(), "a key without its algorithm")?;
            return Ok(row.encryption.clone());
        };
        let kms = algorithm.starts_with("aws:kms");
        if !(kms || algorithm == "AES256") {
            return Err(refuse(400, "InvalidArgument", "The encryption method specified is not supported"));
        }
        if !kms && self.kms_key.is_some() {
            let text = "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
            return Err(refuse(400, "InvalidArgument", text));
        }
        let bucket_key = self.bucket_key.unwrap_or(row.encryption.bucket_key);
        Ok(Encryption { algorithm: algorithm.clone(), key: self.kms_key.clone(), bucket_key })
    }

    /// What a policy's conditions see of it.
    fn carries(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("s3:if-none-match", &self.if_none_match),
            ("s3:if-match", &self.if_match),
            ("s3:x-amz-server-side-encryption", &self.algorithm),
            ("s3:x-amz-server-side-encryption-aws-kms-key-id", &self.kms_key),
        ];
        all.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect()
    }
}

fn put_object(at: &mut At<'_>, input: &Put) -> Answer<PutObjectOutput> {
    unless_simulated(input.unknown, "PutObject with ACL, tags, metadata, lock, storage class or a key of one's own")?;
    let body = input.body.clone();
    unless_simulated(body.is_none(), "a body that is not in memory")?;
    let bytes = body.unwrap_or_default();
    let (now, id, account, who) = (at.now_ms, at.hex(32), at.account, at.principal);
    let mut carries = input.carries();
    carries.push(("aws:principalarn", format!("arn:aws:iam::{account}:role/{}", at.principal.role)));
    let row = the(at, input.bucket.as_deref(), input.owner.as_deref())?;
    let bucket = input.bucket.as_deref().unwrap_or_default();
    unless_denied(row, &Request { account, who, bucket, action: "s3:PutObject", key: Some(&input.key), carries })?;
    if input.key.is_empty() || input.key.len() > 1024 {
        return Err(refuse(400, "KeyTooLongError", "Your key is too long"));
    }
    let current = newest(row, &input.key).map(|(_, body)| etag(&body.bytes()));
    match (input.if_none_match.as_deref(), input.if_match.as_deref()) {
        (Some("*"), None) if current.is_some() => return Err(unmet()),
        (None, Some(wanted)) => match &current {
            None => return Err(no_key()),
            Some(have) if have != wanted && wanted != "*" => return Err(unmet()),
            Some(_) => {}
        },
        (Some("*"), None) | (None, None) => {}
        (Some(_), _) => unless_simulated(true, "If-None-Match other than `*` on a write")?,
    }
    let encryption = input.encryption(row)?;
    let answer = PutObjectOutput::builder().e_tag(etag(&bytes)).server_side_encryption(encryption.algorithm.as_str().into());
    let answer = answer.set_ssekms_key_id(encryption.key.clone());
    let version = Version {
        id: row.versioning.map(|on| if on { id } else { "null".into() }),
        body: Some(Body::new(bytes)),
        written_ms: now,
        encryption: Some(encryption),
    };
    let answer = answer.set_version_id(version.id.clone()).build();
    add(row, &input.key, version);
    Ok(answer)
}

/// Adds a version; without versioning it takes the place of the one that has no id of its own.
pub(crate) fn add(row: &mut Row, key: &str, version: Version) {
    let versions = row.objects.entry(key.to_owned()).or_default();
    if row.versioning != Some(true) {
        versions.retain(|old| !matches!(old.id.as_deref(), None | Some("null")));
    }
    versions.push(version);
}

/// The version asked for, judged by the conditions of a read.
fn found<'a>(
    row: &'a Row,
    key: &str,
    version: Option<&str>,
    if_match: Option<&str>,
    if_none_match: Option<&str>,
) -> Answer<(&'a Version, Vec<u8>, String)> {
    let wanted = match version {
        None => newest(row, key).ok_or_else(no_key)?,
        Some(id) => {
            let all = row.objects.get(key).ok_or_else(no_key)?;
            let gone = || refuse(404, "NoSuchVersion", "The specified version does not exist.");
            let version = all.iter().find(|v| v.id.as_deref().unwrap_or("null") == id).ok_or_else(gone)?;
            let marker = || refuse(405, "MethodNotAllowed", "The specified method is not allowed against this resource.");
            (version, version.body.as_ref().ok_or_else(marker)?)
        }
    };
    let bytes = wanted.1.bytes();
    let tag = etag(&bytes);
    if if_match.is_some_and(|wanted| wanted != tag && wanted != "*") {
        return Err(unmet());
    }
    if if_none_match.is_some_and(|known| known == tag || known == "*") {
        return Err(refuse(304, "NotModified", "Not Modified"));
    }
    Ok((wanted.0, bytes, tag))
}

fn get_object(at: &mut At<'_>, input: &GetObjectInput) -> Answer<GetObjectOutput> {
    unless_simulated(input.range().is_some() || input.part_number().is_some(), "a read of a part of an object")?;
    unless_simulated(input.if_modified_since().is_some() || input.if_unmodified_since().is_some(), "a read on a condition of time")?;
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let key = input.key().unwrap_or_default();
    let (version, bytes, tag) = found(row, key, input.version_id(), input.if_match(), input.if_none_match())?;
    Ok(GetObjectOutput::builder()
        .content_length(i64::try_from(bytes.len()).unwrap_or(i64::MAX))
        .body(ByteStream::from(bytes))
        .e_tag(tag)
        .set_version_id(version.id.clone())
        .last_modified(time(version))
        .build())
}

pub(crate) fn time(version: &Version) -> DateTime {
    DateTime::from_millis(i64::try_from(version.written_ms).unwrap_or(i64::MAX))
}

fn head_object(at: &mut At<'_>, input: &HeadObjectInput) -> Answer<HeadObjectOutput> {
    unless_simulated(input.range().is_some() || input.part_number().is_some(), "a read of a part of an object")?;
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let key = input.key().unwrap_or_default();
    let (version, bytes, tag) = found(row, key, input.version_id(), input.if_match(), input.if_none_match())?;
    let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let answer = HeadObjectOutput::builder().content_length(length).e_tag(tag).set_version_id(version.id.clone());
    Ok(answer.last_modified(time(version)).build())
}

fn list_objects(at: &mut At<'_>, input: &ListObjectsV2Input) -> Answer<ListObjectsV2Output> {
    unless_simulated(input.delimiter().is_some(), "a list with a delimiter")?;
    let most = input.max_keys().unwrap_or(1000).clamp(0, 1000);
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let prefix = input.prefix().unwrap_or_default();
    // The token of the next page is the last key of this one.
    let after = match input.continuation_token() {
        Some(token) => Some(
            token.strip_prefix("after-").ok_or_else(|| refuse(400, "InvalidArgument", "The continuation token provided is incorrect"))?,
        ),
        None => input.start_after(),
    };
    let mut objects = vec![];
    for key in row.objects.keys().filter(|key| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after)) {
        let Some((version, body)) = newest(row, key) else { continue };
        let bytes = body.bytes();
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let object = Object::builder().key(key).e_tag(etag(&bytes)).size(size).last_modified(time(version));
        objects.push(object.storage_class(ObjectStorageClass::Standard).build());
    }
    let more = objects.len() > usize::try_from(most).unwrap_or(0);
    objects.truncate(usize::try_from(most).unwrap_or(0));
    let next = more.then(|| format!("after-{}", objects.last().and_then(Object::key).unwrap_or_default()));
    let count = i32::try_from(objects.len()).unwrap_or(i32::MAX);
    let answer = ListObjectsV2Output::builder().set_name(input.bucket().map(str::to_owned)).prefix(prefix).max_keys(most).key_count(count);
    Ok(answer.is_truncated(more).set_next_continuation_token(next).set_contents(Some(objects)).build())
}

fn delete_object(at: &mut At<'_>, input: &DeleteObjectInput) -> Answer<DeleteObjectOutput> {
    unless_simulated(
        input.if_match_size().is_some() || input.if_match_last_modified_time().is_some(),
        "a delete on a condition of size or time",
    )?;
    let (now, id, who) = (at.now_ms, at.hex(32), (at.account, at.principal));
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let key = input.key().unwrap_or_default();
    unless_denied(row, &deletes(who, input.bucket().unwrap_or_default(), key, input.version_id()))?;
    if let Some(wanted) = input.if_match() {
        let have = newest(row, key).map(|(_, body)| etag(&body.bytes())).ok_or_else(no_key)?;
        if have != wanted && wanted != "*" {
            return Err(unmet());
        }
    }
    let answer = DeleteObjectOutput::builder();
    let marker = remove(row, key, input.version_id(), (now, id));
    let answer = match (input.version_id(), marker) {
        (Some(wanted), _) => answer.version_id(wanted),
        (None, Some(id)) => answer.delete_marker(true).version_id(id),
        (None, None) => answer,
    };
    Ok(answer.build())
}

/// A delete, as a policy sees it: of one version it is an action of its own.
pub(crate) fn deletes<'a>((account, who): (&'a str, &'a Principal), bucket: &'a str, key: &'a str, version: Option<&str>) -> Request<'a> {
    let action = if version.is_some() { "s3:DeleteObjectVersion" } else { "s3:DeleteObject" };
    Request { account, who, bucket, action, key: Some(key), carries: vec![] }
}

/// Takes a version away for good; without one, hides the object behind a delete marker, whose id is answered, or removes it
/// where the bucket never had versions. What is not there is no error.
pub(crate) fn remove(row: &mut Row, key: &str, version: Option<&str>, (now, id): (u64, String)) -> Option<String> {
    let marker = match (version, row.versioning) {
        (Some(wanted), _) => {
            if let Some(versions) = row.objects.get_mut(key) {
                versions.retain(|v| v.id.as_deref().unwrap_or("null") != wanted);
            }
            None
        }
        (None, None) => {
            row.objects.remove(key);
            None
        }
        (None, Some(on)) => {
            let id = if on { id } else { "null".to_owned() };
            add(row, key, Version { id: Some(id.clone()), body: None, written_ms: now, encryption: None });
            Some(id)
        }
    };
    row.objects.retain(|_, versions| !versions.is_empty());
    marker
}
