//! The settings of an S3 bucket: one call each to read them, one call each to write them.

use std::collections::BTreeSet;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag,
};
use bbws_kinds::{BucketEncryption, BucketLifecycle, BucketOwnership};
use bbws_model::{Class, CloudError, PolicyDocument};
use serde_json::{Value, json};

use crate::Told;

/// The one lifecycle rule that is ours.
const RULE: &str = "bbws";

/// All settings of a bucket but its tags.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) versioning: bool,
    pub(crate) encryption: BucketEncryption,
    pub(crate) ownership: BucketOwnership,
    pub(crate) public_access_blocked: bool,
    pub(crate) tls_only: bool,
    pub(crate) policy: Option<PolicyDocument>,
    pub(crate) lifecycle: BucketLifecycle,
}

/// Something that the SDK will not put together.
pub(crate) fn built<T>(operation: &str, thing: Result<T, BuildError>) -> Result<T, CloudError> {
    thing.map_err(|error| CloudError::own(operation, Class::Invalid, error.to_string()))
}

/// A setting that was never made has a code of its own, which is a value and no absence of the bucket.
pub(crate) fn unless<T>(answer: Result<T, CloudError>, never_made: &str) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.code == never_made => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads all settings but the tags side by side: six calls.
pub(crate) async fn settings(s3: &Client, name: &str) -> Result<(Settings, usize), CloudError> {
    let (versioning, encryption, ownership, blocked, policy, lifecycle) = tokio::join!(
        versioning(s3, name),
        encryption(s3, name),
        ownership(s3, name),
        public_access_blocked(s3, name),
        policy(s3, name),
        lifecycle(s3, name)
    );
    let (tls_only, policy) = policy?.map_or((false, None), |whole| without_tls(&whole, name));
    let settings = Settings {
        versioning: versioning?,
        encryption: encryption?,
        ownership: ownership?,
        public_access_blocked: blocked?,
        tls_only,
        policy,
        lifecycle: lifecycle?,
    };
    Ok((settings, 6))
}

/// All tags, our mark and AWS's own included.
pub(crate) async fn tags(s3: &Client, name: &str) -> Result<Vec<(String, String)>, CloudError> {
    let answer = unless(s3.get_bucket_tagging().bucket(name).send().await.told("s3:GetBucketTagging"), "NoSuchTagSet")?;
    Ok(answer.map(|a| a.tag_set).unwrap_or_default().into_iter().map(|Tag { key, value, .. }| (key, value)).collect())
}

async fn versioning(s3: &Client, name: &str) -> Result<bool, CloudError> {
    let answer = s3.get_bucket_versioning().bucket(name).send().await.told("s3:GetBucketVersioning")?;
    Ok(answer.status.is_some_and(|status| status.as_str() == "Enabled"))
}

async fn encryption(s3: &Client, name: &str) -> Result<BucketEncryption, CloudError> {
    let answer = s3.get_bucket_encryption().bucket(name).send().await.told("s3:GetBucketEncryption");
    let answer = unless(answer, "ServerSideEncryptionConfigurationNotFoundError")?;
    let rules = answer.and_then(|a| a.server_side_encryption_configuration).map(|c| c.rules).unwrap_or_default();
    let by_default = rules.into_iter().find_map(|rule| rule.apply_server_side_encryption_by_default);
    Ok(match by_default {
        None => BucketEncryption::Other("none".into()),
        Some(ServerSideEncryptionByDefault { sse_algorithm, kms_master_key_id, .. }) => match (sse_algorithm.as_str(), kms_master_key_id) {
            ("AES256", _) => BucketEncryption::S3,
            ("aws:kms", Some(key)) => BucketEncryption::Kms(key),
            (other, _) => BucketEncryption::Other(other.to_owned()),
        },
    })
}

/// What the call that writes a bucket's encryption takes. With a key of its own for the bucket, KMS is asked rarely.
pub(crate) fn encryption_configuration(want: &BucketEncryption) -> Result<ServerSideEncryptionConfiguration, CloudError> {
    const OPERATION: &str = "s3:PutBucketEncryption";
    let by_default = ServerSideEncryptionByDefault::builder();
    let (by_default, kms) = match want {
        BucketEncryption::Kms(key) => (by_default.sse_algorithm(ServerSideEncryption::AwsKms).kms_master_key_id(key), true),
        BucketEncryption::S3 | BucketEncryption::Other(_) => (by_default.sse_algorithm(ServerSideEncryption::Aes256), false),
    };
    let by_default = built(OPERATION, by_default.build())?;
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).bucket_key_enabled(kms).build();
    built(OPERATION, ServerSideEncryptionConfiguration::builder().rules(rule).build())
}

/// Buckets from before 2021 have no controls: there each writer owns what he wrote.
async fn ownership(s3: &Client, name: &str) -> Result<BucketOwnership, CloudError> {
    let answer = s3.get_bucket_ownership_controls().bucket(name).send().await.told("s3:GetBucketOwnershipControls");
    let rules = unless(answer, "OwnershipControlsNotFoundError")?.and_then(|a| a.ownership_controls).map(|c| c.rules).unwrap_or_default();
    Ok(match rules.first().map(|rule| rule.object_ownership().as_str()) {
        Some("BucketOwnerEnforced") => BucketOwnership::BucketOwnerEnforced,
        Some("BucketOwnerPreferred") => BucketOwnership::BucketOwnerPreferred,
        _ => BucketOwnership::ObjectWriter,
    })
}

async fn public_access_blocked(s3: &Client, name: &str) -> Result<bool, CloudError> {
    let answer = s3.get_public_access_block().bucket(name).send().await.told("s3:GetPublicAccessBlock");
    let blocks = unless(answer, "NoSuchPublicAccessBlockConfiguration")?.and_then(|a| a.public_access_block_configuration);
    Ok(blocks.is_some_and(|b| {
        [b.block_public_acls, b.ignore_public_acls, b.block_public_policy, b.restrict_public_buckets].iter().all(|on| *on == Some(true))
    }))
}

async fn policy(s3: &Client, name: &str) -> Result<Option<PolicyDocument>, CloudError> {
    const OPERATION: &str = "s3:GetBucketPolicy";
    let answer = unless(s3.get_bucket_policy().bucket(name).send().await.told(OPERATION), "NoSuchBucketPolicy")?;
    let text = answer.and_then(|a| a.policy);
    let unread =
        |error: serde_json::Error| CloudError::own(OPERATION, Class::Transient, format!("the policy of `{name}` is no JSON: {error}"));
    text.map(|text| PolicyDocument::parse(&text).map_err(unread)).transpose()
}

/// The statement that refuses requests without TLS, as a document of its own.
fn tls(name: &str) -> PolicyDocument {
    let arn = format!("arn:aws:s3:::{name}");
    PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "BbwsTlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [arn, format!("{arn}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}}
    }]}))
}

fn statements(policy: &PolicyDocument) -> Vec<Value> {
    policy.value()["Statement"].as_array().cloned().unwrap_or_default()
}

fn with_statements(policy: &PolicyDocument, statements: Vec<Value>) -> PolicyDocument {
    let mut document = policy.value().clone();
    document["Statement"] = statements.into();
    PolicyDocument::new(document)
}

/// The whole policy of a bucket: what is declared, and the statement on TLS where that is wanted.
pub(crate) fn whole_policy(declared: Option<&PolicyDocument>, tls_only: bool, name: &str) -> Option<PolicyDocument> {
    match (declared, tls_only) {
        (declared, false) => declared.cloned(),
        (None, true) => Some(tls(name)),
        (Some(declared), true) => Some(with_statements(declared, [statements(declared), statements(&tls(name))].concat())),
    }
}

/// The opposite: whether the statement on TLS is there, and what is there beside it.
fn without_tls(whole: &PolicyDocument, name: &str) -> (bool, Option<PolicyDocument>) {
    let (ours, rest): (Vec<Value>, Vec<Value>) =
        statements(whole).into_iter().partition(|statement| statements(&tls(name)).contains(statement));
    (!ours.is_empty(), (!rest.is_empty()).then(|| with_statements(whole, rest)))
}

async fn lifecycle(s3: &Client, name: &str) -> Result<BucketLifecycle, CloudError> {
    let answer = s3.get_bucket_lifecycle_configuration().bucket(name).send().await.told("s3:GetBucketLifecycleConfiguration");
    let rules = unless(answer, "NoSuchLifecycleConfiguration")?.and_then(|a| a.rules).unwrap_or_default();
    let never = BucketLifecycle { expire_days: None, expire_noncurrent_days: None, abort_uploads_days: 0, foreign_rules: BTreeSet::new() };
    Ok(rules.iter().fold(never, |lifecycle, rule| {
        let foreign = |mut lifecycle: BucketLifecycle| {
            lifecycle.foreign_rules.insert(rule.id().unwrap_or("without an id").to_owned());
            lifecycle
        };
        our_rule(rule)
            .map_or_else(|| foreign(lifecycle.clone()), |ours| BucketLifecycle { foreign_rules: lifecycle.foreign_rules.clone(), ..ours })
    }))
}

/// What our own rule says; none where the rule is somebody else's, or says what we never do.
fn our_rule(rule: &LifecycleRule) -> Option<BucketLifecycle> {
    let days = |days: Option<i32>| days.and_then(|days| u32::try_from(days).ok());
    let filter = rule.filter();
    let whole =
        filter.is_none_or(|f| *f == LifecycleRuleFilter::builder().prefix("").build() || *f == LifecycleRuleFilter::builder().build());
    let expiration = rule.expiration();
    let plain = rule.transitions().is_empty()
        && rule.noncurrent_version_transitions().is_empty()
        && expiration.is_none_or(|e| e.date().is_none() && e.expired_object_delete_marker() != Some(true))
        && rule.noncurrent_version_expiration().is_none_or(|e| e.newer_noncurrent_versions().is_none());
    let ours = rule.id() == Some(RULE) && rule.status() == &ExpirationStatus::Enabled && whole && plain;
    ours.then(|| BucketLifecycle {
        expire_days: days(expiration.and_then(LifecycleExpiration::days)),
        expire_noncurrent_days: days(rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::noncurrent_days)),
        abort_uploads_days: days(rule.abort_incomplete_multipart_upload().and_then(AbortIncompleteMultipartUpload::days_after_initiation))
            .unwrap_or(0),
        foreign_rules: BTreeSet::new(),
    })
}

/// What the call that writes a bucket's lifecycle takes; none where nothing is ever deleted: AWS takes no empty list.
pub(crate) fn lifecycle_configuration(want: &BucketLifecycle) -> Result<Option<BucketLifecycleConfiguration>, CloudError> {
    const OPERATION: &str = "s3:PutBucketLifecycleConfiguration";
    let BucketLifecycle { expire_days, expire_noncurrent_days, abort_uploads_days, foreign_rules: _ } = want;
    if expire_days.is_none() && expire_noncurrent_days.is_none() && *abort_uploads_days == 0 {
        return Ok(None);
    }
    let days = |days: u32| i32::try_from(days).map_err(|e| CloudError::own(OPERATION, Class::Invalid, e.to_string()));
    let mut rule =
        LifecycleRule::builder().id(RULE).status(ExpirationStatus::Enabled).filter(LifecycleRuleFilter::builder().prefix("").build());
    if let Some(after) = expire_days {
        rule = rule.expiration(LifecycleExpiration::builder().days(days(*after)?).build());
    }
    if let Some(after) = expire_noncurrent_days {
        rule = rule.noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(days(*after)?).build());
    }
    if *abort_uploads_days > 0 {
        let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(days(*abort_uploads_days)?).build();
        rule = rule.abort_incomplete_multipart_upload(abort);
    }
    let rule = built(OPERATION, rule.build())?;
    built(OPERATION, BucketLifecycleConfiguration::builder().rules(rule).build()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allow(who: &str) -> Value {
        json!({"Effect": "Allow", "Principal": {"Service": who}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"})
    }

    #[test]
    fn the_statement_on_tls_goes_in_and_comes_out() {
        let declared = PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": [allow("delivery.logs.amazonaws.com")]}));
        for (policy, tls_only) in [(Some(&declared), true), (Some(&declared), false), (None, true)] {
            let whole = whole_policy(policy, tls_only, "b").unwrap();
            let read = PolicyDocument::parse(&whole.to_text()).unwrap();
            assert_eq!(without_tls(&read, "b"), (tls_only, policy.cloned()));
        }
        assert_eq!(whole_policy(None, false, "b"), None);
        let other = whole_policy(None, true, "another").unwrap();
        assert_eq!(without_tls(&other, "b"), (false, Some(other.clone())), "the same statement on another bucket guards nothing here");
    }

    #[test]
    fn a_lifecycle_reads_back_as_written() {
        let want = BucketLifecycle {
            expire_days: Some(90),
            expire_noncurrent_days: Some(30),
            abort_uploads_days: 7,
            foreign_rules: BTreeSet::new(),
        };
        let rules = lifecycle_configuration(&want).unwrap().unwrap().rules;
        assert_eq!(our_rule(&rules[0]), Some(want.clone()));
        let disabled = LifecycleRule::builder().id(RULE).status(ExpirationStatus::Disabled).build().unwrap();
        assert_eq!(our_rule(&disabled), None);
        let never = BucketLifecycle { expire_days: None, expire_noncurrent_days: None, abort_uploads_days: 0, ..want };
        assert!(lifecycle_configuration(&never).unwrap().is_none());
    }
}
