//! One environment's store in S3. All rests on one condition that S3 keeps: a write with `If-None-Match: *` makes an object
//! only where none is.

use std::sync::Arc;

use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ObjectVersion, ServerSideEncryption};
use bbws_engine::{Boxed, PutOutcome, Store, StoreError};
use bbws_model::{Account, Class, CloudError};

use tokio::sync::OnceCell;

use crate::guard::Listener;
use crate::{Aws, Plain, Told, Whose, is_stale};

const PUT: &str = "s3:PutObject";
const GET: &str = "s3:GetObject";
const LIST: &str = "s3:ListObjectsV2";
const VERSIONS: &str = "s3:ListObjectVersions";
const DELETE: &str = "s3:DeleteObject";

/// Where one environment's objects stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// Whose it must be: S3 refuses every call where it is not.
    pub owner: Account,
    /// The environment; its keys begin with it.
    pub environment: String,
    /// The KMS key that objects are encrypted with; the bucket's default if none.
    pub kms_key: Option<String>,
    /// The only roles and users that may write approvals, where the bucket has to see to that.
    pub approvers: Vec<String>,
}

/// One environment's store in a bucket.
pub struct S3Store {
    /// Made when the store is first used: whoever has no use for it needs no credentials for it.
    aws: OnceCell<Aws>,
    connect: Box<dyn Fn() -> Boxed<'static, Aws> + Send + Sync>,
    place: Place,
    listener: Option<Listener>,
}

impl S3Store {
    /// The store at `place`, in a region, with credentials of its own, apart from those that the cloud is reached with.
    #[must_use]
    pub fn new(whose: Whose, region: &str, place: Place) -> Self {
        let region = region.to_owned();
        let connect = move || -> Boxed<'static, Aws> {
            let (whose, region) = (whose.clone(), region.clone());
            Box::pin(async move { Aws::for_store(Arc::new(Plain::load(whose, &region).await), &region) })
        };
        Self { aws: OnceCell::new(), connect: Box::new(connect), place, listener: None }
    }

    /// Tells each request, when it ends.
    #[must_use]
    pub fn heard_by(mut self, listener: Option<Listener>) -> Self {
        self.listener = listener;
        self
    }

    /// The same over a connection at hand.
    #[must_use]
    pub fn over(aws: Aws, place: Place) -> Self {
        let connect = move || -> Boxed<'static, Aws> { Box::pin(std::future::ready(aws.clone())) };
        Self { aws: OnceCell::new(), connect: Box::new(connect), place, listener: None }
    }

    /// The SDK repeats reads, but never a write: one whose answer was lost would meet its own object. The gate is open: of a
    /// bucket in another account S3 itself refuses every call, as each names the owner.
    async fn aws(&self) -> &Aws {
        let connect = || async {
            let aws = (self.connect)().await;
            aws.gate().open();
            if let Some(listener) = self.listener.clone() {
                aws.calls().listen(listener);
            }
            aws
        };
        self.aws.get_or_init(connect).await
    }

    fn at(&self, key: &str) -> String {
        format!("{}/{key}", self.place.environment)
    }

    async fn put(&self, key: &str, bytes: &[u8]) -> PutObjectFluentBuilder {
        let put =
            self.aws().await.write.s3.put_object().bucket(&self.place.bucket).key(self.at(key)).body(ByteStream::from(bytes.to_vec()));
        let put = put.expected_bucket_owner(self.place.owner.as_str()).checksum_algorithm(ChecksumAlgorithm::Sha256);
        match &self.place.kms_key {
            Some(id) => put.server_side_encryption(ServerSideEncryption::AwsKms).ssekms_key_id(id).bucket_key_enabled(true),
            None => put,
        }
    }

    async fn create_now(&self, key: &str, bytes: &[u8]) -> Result<PutOutcome, StoreError> {
        match self.put(key, bytes).await.if_none_match("*").send().await.told(PUT) {
            Ok(_) => Ok(PutOutcome::Created),
            // It may be our own, whose answer was lost: whoever asks reads it back.
            Err(error) if error.code == "PreconditionFailed" => Ok(PutOutcome::Exists),
            Err(error) => Err(self.unwritten(key, &error).await),
        }
    }

    async fn get_now(&self, key: &str, version: Option<&str>) -> Result<Option<Vec<u8>>, StoreError> {
        let get =
            self.aws().await.read.s3.get_object().bucket(&self.place.bucket).key(self.at(key)).set_version_id(version.map(str::to_owned));
        match get.expected_bucket_owner(self.place.owner.as_str()).send().await.told(GET) {
            Ok(answer) => {
                let broken = |error| failed(key, format!("{GET}: the answer broke off: {error}"));
                Ok(Some(answer.body.collect().await.map_err(broken)?.into_bytes().to_vec()))
            }
            Err(error) if error.code == "NoSuchKey" => Ok(None),
            Err(error) => Err(self.failure(key, &error)),
        }
    }

    async fn list_now(&self, prefix: &str, after: &str) -> Result<Vec<String>, StoreError> {
        let mut keys = vec![];
        let mut token = None;
        loop {
            let list = self.aws().await.read.s3.list_objects_v2().bucket(&self.place.bucket).prefix(self.at(prefix));
            let list = list.expected_bucket_owner(self.place.owner.as_str()).set_continuation_token(token);
            let list = list.set_start_after((!after.is_empty()).then(|| self.at(after)));
            let page = list.send().await.told(LIST).map_err(|error| self.failure(prefix, &error))?;
            let own = self.at("");
            keys.extend(page.contents().iter().filter_map(|one| one.key()?.strip_prefix(&own)).map(str::to_owned));
            token = page.next_continuation_token;
            if token.is_none() {
                return Ok(keys);
            }
        }
    }

    /// All earlier versions of the bytes at `key`, oldest first: of what was deleted, all.
    ///
    /// # Errors
    /// When they cannot be listed or read.
    async fn earlier_now(&self, key: &str) -> Result<Vec<Vec<u8>>, StoreError> {
        let whole = self.at(key);
        let (mut versions, mut markers): (Vec<ObjectVersion>, _) = (vec![], (None, None));
        loop {
            let list = self.aws().await.read.s3.list_object_versions().bucket(&self.place.bucket).prefix(&whole);
            let list = list.expected_bucket_owner(self.place.owner.as_str());
            let page = list.set_key_marker(markers.0).set_version_id_marker(markers.1).send().await.told(VERSIONS);
            let page = page.map_err(|error| self.failure(key, &error))?;
            // Other keys that begin with it come after it.
            let more = page.versions().iter().all(|one| one.key() == Some(whole.as_str()));
            versions.extend(page.versions.unwrap_or_default().into_iter().filter(|one| one.key() == Some(whole.as_str())));
            let last = page.is_truncated != Some(true);
            markers = (page.next_key_marker, page.next_version_id_marker);
            if last || !more || markers.0.is_none() {
                break;
            }
        }
        let mut all = vec![];
        // AWS lists the newest first.
        for version in versions.iter().rev().filter(|one| one.is_latest() != Some(true)) {
            all.extend(self.get_now(key, version.version_id()).await?);
        }
        Ok(all)
    }

    /// Why a write did not succeed: for certain, or perhaps.
    async fn unwritten(&self, key: &str, error: &CloudError) -> StoreError {
        let passing = match error.class {
            // `ConditionalRequestConflict` among them: two writes met, and nobody is known to have won.
            Class::Ambiguous | Class::Transient | Class::Throttled | Class::Conflict => true,
            // Signed too long ago, or by credentials that have just run out: the next attempt is signed anew.
            Class::Credentials if is_stale(error) => {
                self.aws().await.renew_credentials();
                true
            }
            _ => false,
        };
        if passing { self.unknown(key, error) } else { self.failure(key, error) }
    }

    fn unknown(&self, key: &str, error: &CloudError) -> StoreError {
        StoreError::Unknown { key: self.shown(key), cause: error.to_string() }
    }

    fn failure(&self, key: &str, error: &CloudError) -> StoreError {
        let Place { bucket, owner, environment, kms_key, approvers: _ } = &self.place;
        let advice = match (error.class, error.code.as_str()) {
            (_, "NoSuchBucket") => format!("create the bucket: bbws init {environment}"),
            (_, "PermanentRedirect") => format!("say in [state] which region {bucket} is in"),
            (_, code) if code.starts_with("KMS.") => {
                format!("look at the key {}: it must be enabled", kms_key.as_deref().unwrap_or("of the bucket"))
            }
            (Class::Denied, _) => {
                format!("the bucket must belong to account {owner}, and the credentials need {} on it", crate::iam_action(&error.operation))
            }
            // The SDK has asked more than once.
            (Class::Transient | Class::Throttled, _) => return self.unknown(key, error),
            (Class::Credentials, _) => StoreError::SIGN_IN.to_owned(),
            _ => return failed(&self.shown(key), error),
        };
        failed(&self.shown(key), format!("{error}; {advice}"))
    }

    fn shown(&self, key: &str) -> String {
        format!("s3://{}/{}", self.place.bucket, self.at(key))
    }
}

fn failed(key: &str, cause: impl ToString) -> StoreError {
    StoreError::Failed { key: key.to_owned(), cause: cause.to_string() }
}

impl Store for S3Store {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(self.create_now(key, bytes))
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(self.get_now(key, None))
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.list_now(prefix, after))
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let answer = self.put(key, bytes).await.send().await.told(PUT);
            match answer {
                Ok(_) => Ok(()),
                Err(error) => Err(self.unwritten(key, &error).await),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let delete = self.aws().await.write.s3.delete_object().bucket(&self.place.bucket).key(self.at(key));
            let answer = delete.expected_bucket_owner(self.place.owner.as_str()).send().await.told(DELETE);
            match answer {
                Ok(_) => Ok(()),
                Err(error) => Err(self.unwritten(key, &error).await),
            }
        })
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(self.earlier_now(key))
    }
}

impl std::fmt::Debug for S3Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Store").field("place", &self.place).finish_non_exhaustive()
    }
}
