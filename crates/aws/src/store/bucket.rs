//! The bucket that holds states: what it must have, what of that it lacks, and how it comes to have it.
//!
//! Only what is missing is changed, and nothing is weakened: other statements and rules stay, and what is stricter stays too.

use std::sync::Arc;

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration, ObjectOwnership, OwnershipControls, OwnershipControlsRule,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, VersioningConfiguration,
};
use bbws_model::{Class, CloudError, PolicyDocument};

use super::{Place, S3Store, statements};
use crate::guard::Listener;
use crate::kinds::s3::{built, unless};
use crate::{Aws, Identity, Plain, Told, Whose, whoami};

/// How long what was overwritten or removed can be brought back.
const KEPT_DAYS: i32 = 90;
/// The lifecycle rule that is ours.
const RULE: &str = "bbws-earlier-versions";

/// One thing that a state bucket must have, in the order in which they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// The bucket itself.
    Bucket,
    /// Nothing in it can be made public.
    PublicAccess,
    /// All in it belongs to its account.
    Ownership,
    /// What was overwritten or removed stays.
    Versions,
    /// It is encrypted with a key of KMS.
    Encryption,
    /// TLS only, slots only made and never overwritten, versions never destroyed.
    Policy,
    /// Earlier versions go at last.
    Lifecycle,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Bucket, Self::PublicAccess, Self::Ownership, Self::Versions, Self::Encryption, Self::Policy, Self::Lifecycle];

    /// Its name in messages and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::PublicAccess => "public-access-blocked",
            Self::Ownership => "owner-enforced",
            Self::Versions => "versioning",
            Self::Encryption => "encryption",
            Self::Policy => "policy",
            Self::Lifecycle => "lifecycle",
        }
    }

    /// What is done to have it.
    #[must_use]
    pub fn deed(self) -> &'static str {
        match self {
            Self::Bucket => "create the bucket",
            Self::PublicAccess => "block public access in all four ways",
            Self::Ownership => "let all objects belong to the bucket's account (BucketOwnerEnforced)",
            Self::Versions => "keep versions of what is overwritten or removed",
            Self::Encryption => "encrypt with a key of KMS, and a bucket key to ask it rarely",
            Self::Policy => "demand TLS 1.2, conditional writes of log and checkpoints, KMS; keep versions from being destroyed",
            Self::Lifecycle => "clear earlier versions after 90 days",
        }
    }
}

/// What a look at the bucket found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lacks {
    /// What is missing.
    pub missing: Vec<Setting>,
    /// What others have set that would harm a state, and is not ours to change.
    pub dangers: Vec<String>,
}

/// The bucket of a state.
pub struct Vault {
    aws: Aws,
    place: Place,
}

/// The default encryption that the bucket has.
struct Encryption {
    algorithm: String,
    key: Option<String>,
    bucket_key: bool,
}

impl Vault {
    /// The bucket over a connection at hand.
    #[must_use]
    pub fn over(aws: Aws, place: Place) -> Self {
        Self { aws, place }
    }

    /// The bucket in a region.
    pub async fn connect(whose: Whose, region: &str, place: Place) -> Self {
        Self::over(Aws::for_store(Arc::new(Plain::load(whose, region).await), region), place)
    }

    /// Asks whose credentials these are.
    ///
    /// # Errors
    /// When STS does not answer.
    pub async fn whoami(&self) -> Result<Identity, CloudError> {
        whoami(&self.aws.read).await
    }

    /// Tells each request from now on, when it ends.
    pub fn listen(&self, to: Listener) {
        self.aws.calls().listen(to);
    }

    /// Lets changes through. To be called once the account was checked.
    pub fn open_gate(&self) {
        self.aws.gate().open();
    }

    /// The store in the bucket.
    #[must_use]
    pub fn store(&self) -> S3Store {
        S3Store::over(self.aws.clone(), self.place.clone())
    }

    fn owner(&self) -> &str {
        self.place.owner.as_str()
    }

    fn name(&self) -> &str {
        &self.place.bucket
    }

    /// What the bucket lacks.
    ///
    /// # Errors
    /// When it is another account's, stands in another region, or cannot be read.
    pub async fn look(&self) -> Result<Lacks, CloudError> {
        if !self.is_there().await? {
            return Ok(Lacks { missing: Setting::ALL.to_vec(), dangers: vec![] });
        }
        let (blocked, enforced, versions, encryption, policy, rules) =
            tokio::join!(self.is_blocked(), self.is_enforced(), self.has_versions(), self.encryption(), self.policy(), self.rules());
        let (policy, rules) = (policy?, rules?);
        let has = [
            (Setting::PublicAccess, blocked?),
            (Setting::Ownership, enforced?),
            (Setting::Versions, versions?),
            (Setting::Encryption, self.suits(encryption?.as_ref())),
            (Setting::Policy, statements::missing(&self.place, policy.as_ref()).is_empty()),
            (Setting::Lifecycle, rules.iter().any(clears_earlier_versions)),
        ];
        let missing = has.into_iter().filter(|(_, has)| !has).map(|(setting, _)| setting).collect();
        let dangers = rules.iter().filter_map(|rule| self.danger(rule)).collect();
        Ok(Lacks { missing, dangers })
    }

    async fn is_there(&self) -> Result<bool, CloudError> {
        const OPERATION: &str = "s3:HeadBucket";
        let name = self.name();
        let explain = |why: String, error: CloudError| CloudError { message: why, ..error };
        match self.aws.read.s3.head_bucket().bucket(name).expected_bucket_owner(self.owner()).send().await.told(OPERATION) {
            Ok(_) => Ok(true),
            Err(error) if error.class == Class::Absent => Ok(false),
            Err(error) if error.class == Class::Denied => Err(explain(
                format!(
                    "the bucket `{name}` belongs to another account than {}, or may not be looked at: choose another name, or allow s3:ListBucket",
                    self.owner()
                ),
                error,
            )),
            Err(error) if error.code == "PermanentRedirect" => {
                Err(explain(format!("the bucket `{name}` stands in another region than {}: say in [state] which", self.aws.region), error))
            }
            Err(error) => Err(error),
        }
    }

    async fn is_blocked(&self) -> Result<bool, CloudError> {
        let get = self.aws.read.s3.get_public_access_block().bucket(self.name()).expected_bucket_owner(self.owner());
        let answer = unless(get.send().await.told("s3:GetPublicAccessBlock"), "NoSuchPublicAccessBlockConfiguration")?;
        Ok(answer.and_then(|a| a.public_access_block_configuration).is_some_and(|b| {
            [b.block_public_acls, b.ignore_public_acls, b.block_public_policy, b.restrict_public_buckets].iter().all(|on| *on == Some(true))
        }))
    }

    async fn is_enforced(&self) -> Result<bool, CloudError> {
        let get = self.aws.read.s3.get_bucket_ownership_controls().bucket(self.name()).expected_bucket_owner(self.owner());
        let answer = unless(get.send().await.told("s3:GetBucketOwnershipControls"), "OwnershipControlsNotFoundError")?;
        let rules = answer.and_then(|a| a.ownership_controls).map(|c| c.rules).unwrap_or_default();
        Ok(rules.iter().any(|rule| rule.object_ownership == ObjectOwnership::BucketOwnerEnforced))
    }

    async fn has_versions(&self) -> Result<bool, CloudError> {
        let get = self.aws.read.s3.get_bucket_versioning().bucket(self.name()).expected_bucket_owner(self.owner());
        Ok(get.send().await.told("s3:GetBucketVersioning")?.status == Some(BucketVersioningStatus::Enabled))
    }

    async fn encryption(&self) -> Result<Option<Encryption>, CloudError> {
        let get = self.aws.read.s3.get_bucket_encryption().bucket(self.name()).expected_bucket_owner(self.owner());
        let answer = unless(get.send().await.told("s3:GetBucketEncryption"), "ServerSideEncryptionConfigurationNotFoundError")?;
        let rules = answer.and_then(|a| a.server_side_encryption_configuration).map(|c| c.rules).unwrap_or_default();
        Ok(rules.into_iter().find_map(|rule| {
            let by_default = rule.apply_server_side_encryption_by_default?;
            let algorithm = by_default.sse_algorithm.as_str().to_owned();
            Some(Encryption { algorithm, key: by_default.kms_master_key_id, bucket_key: rule.bucket_key_enabled == Some(true) })
        }))
    }

    /// Two layers of encryption are more than one, and know no bucket key.
    fn suits(&self, have: Option<&Encryption>) -> bool {
        let key_fits = |have: &Encryption| self.place.kms_key.is_none() || self.place.kms_key == have.key;
        have.is_some_and(|have| match have.algorithm.as_str() {
            "aws:kms" => have.bucket_key && key_fits(have),
            "aws:kms:dsse" => key_fits(have),
            _ => false,
        })
    }

    async fn policy(&self) -> Result<Option<PolicyDocument>, CloudError> {
        const OPERATION: &str = "s3:GetBucketPolicy";
        let get = self.aws.read.s3.get_bucket_policy().bucket(self.name()).expected_bucket_owner(self.owner());
        let text = unless(get.send().await.told(OPERATION), "NoSuchBucketPolicy")?.and_then(|a| a.policy);
        let unread = |error| CloudError::own(OPERATION, Class::Invalid, format!("the policy of `{}` is no JSON: {error}", self.name()));
        text.map(|text| PolicyDocument::parse(&text).map_err(unread)).transpose()
    }

    async fn rules(&self) -> Result<Vec<LifecycleRule>, CloudError> {
        let get = self.aws.read.s3.get_bucket_lifecycle_configuration().bucket(self.name()).expected_bucket_owner(self.owner());
        let answer = unless(get.send().await.told("s3:GetBucketLifecycleConfiguration"), "NoSuchLifecycleConfiguration")?;
        Ok(answer.and_then(|a| a.rules).unwrap_or_default())
    }

    /// A rule that would delete the log itself.
    fn danger(&self, rule: &LifecycleRule) -> Option<String> {
        let ends = rule.expiration().is_some_and(|e| e.days().is_some() || e.date().is_some());
        let (prefix, ours) = (prefix(rule), format!("{}/", self.place.environment));
        let meets = prefix.starts_with(&ours) || ours.starts_with(prefix);
        (ends && meets && rule.status() == &ExpirationStatus::Enabled).then(|| {
            format!(
                "the lifecycle rule `{}` of {} deletes what it holds, the log of every run among it",
                rule.id().unwrap_or("without an id"),
                self.name()
            )
        })
    }

    /// Makes one setting, with one request.
    ///
    /// # Errors
    /// When AWS refuses it.
    pub async fn make(&self, setting: Setting) -> Result<(), CloudError> {
        let (s3, name, owner) = (&self.aws.write.s3, self.name(), self.owner());
        match setting {
            Setting::Bucket => return self.create().await,
            Setting::PublicAccess => {
                let all = PublicAccessBlockConfiguration::builder().block_public_acls(true).ignore_public_acls(true);
                let all = all.block_public_policy(true).restrict_public_buckets(true).build();
                let put = s3.put_public_access_block().bucket(name).expected_bucket_owner(owner);
                put.public_access_block_configuration(all).send().await.told("s3:PutPublicAccessBlock")?;
            }
            Setting::Ownership => {
                const OPERATION: &str = "s3:PutBucketOwnershipControls";
                let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::BucketOwnerEnforced).build();
                let controls = built(OPERATION, OwnershipControls::builder().rules(built(OPERATION, rule)?).build())?;
                let put = s3.put_bucket_ownership_controls().bucket(name).expected_bucket_owner(owner);
                put.ownership_controls(controls).send().await.told(OPERATION)?;
            }
            Setting::Versions => {
                let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
                let put = s3.put_bucket_versioning().bucket(name).expected_bucket_owner(owner);
                put.versioning_configuration(on).send().await.told("s3:PutBucketVersioning")?;
            }
            Setting::Encryption => {
                const OPERATION: &str = "s3:PutBucketEncryption";
                // A key that somebody chose stays, unless the file names another.
                let have = self.encryption().await?.filter(|have| have.algorithm.starts_with("aws:kms")).and_then(|have| have.key);
                let by_default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
                let by_default = by_default.set_kms_master_key_id(self.place.kms_key.clone().or(have)).build();
                let rule = ServerSideEncryptionRule::builder().bucket_key_enabled(true);
                let rule = rule.apply_server_side_encryption_by_default(built(OPERATION, by_default)?).build();
                let whole = built(OPERATION, ServerSideEncryptionConfiguration::builder().rules(rule).build())?;
                let put = s3.put_bucket_encryption().bucket(name).expected_bucket_owner(owner);
                put.server_side_encryption_configuration(whole).send().await.told(OPERATION)?;
            }
            Setting::Policy => {
                let have = self.policy().await?;
                let whole = statements::whole(&self.place, have.as_ref());
                let put = s3.put_bucket_policy().bucket(name).expected_bucket_owner(owner);
                put.policy(whole.to_text()).send().await.told("s3:PutBucketPolicy")?;
            }
            Setting::Lifecycle => {
                const OPERATION: &str = "s3:PutBucketLifecycleConfiguration";
                let rule = LifecycleRule::builder().id(RULE).status(ExpirationStatus::Enabled);
                let rule = rule.filter(LifecycleRuleFilter::builder().prefix("").build());
                let rule = rule.noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(KEPT_DAYS).build());
                // One of our name that does not do its work any more is made anew.
                let mut rules: Vec<LifecycleRule> = self.rules().await?.into_iter().filter(|rule| rule.id() != Some(RULE)).collect();
                rules.push(built(OPERATION, rule.build())?);
                let whole = built(OPERATION, BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build())?;
                let put = s3.put_bucket_lifecycle_configuration().bucket(name).expected_bucket_owner(owner);
                put.lifecycle_configuration(whole).send().await.told(OPERATION)?;
            }
        }
        Ok(())
    }

    async fn create(&self) -> Result<(), CloudError> {
        let create = self.aws.write.s3.create_bucket().bucket(self.name());
        let region = self.aws.region.as_str();
        let place = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::from(region)).build();
        let create = if region == "us-east-1" { create } else { create.create_bucket_configuration(place) };
        match create.send().await.told("s3:CreateBucket") {
            // An earlier request of ours, whose answer was lost.
            Err(error) if error.code == "BucketAlreadyOwnedByYou" => Ok(()),
            other => other.map(drop),
        }
    }
}

fn prefix(rule: &LifecycleRule) -> &str {
    rule.filter().and_then(|filter| filter.prefix().or_else(|| filter.and().and_then(|and| and.prefix()))).unwrap_or_default()
}

/// A rule of another name serves as well; earlier than after 90 days it may not.
fn clears_earlier_versions(rule: &LifecycleRule) -> bool {
    let whole = rule.filter().is_none_or(|filter| {
        *filter == LifecycleRuleFilter::builder().prefix("").build() || *filter == LifecycleRuleFilter::builder().build()
    });
    let after = rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::noncurrent_days);
    whole && rule.status() == &ExpirationStatus::Enabled && after.is_some_and(|days| days >= KEPT_DAYS)
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vault").field("place", &self.place).finish_non_exhaustive()
    }
}

/// The IAM actions that reading and writing a state takes.
pub const STORE_ACTIONS: [&str; 6] =
    ["s3:DeleteObject", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions", "s3:PutObject"];

/// The IAM actions that checking and making the bucket takes, beside those of its store.
pub const INIT_ACTIONS: [&str; 14] = [
    "s3:CreateBucket",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
    "sts:GetCallerIdentity",
];
