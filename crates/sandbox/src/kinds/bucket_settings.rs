//! The settings of an S3 bucket that guard and clear what it holds: encryption, public access, policy, lifecycle.

use aws_sdk_s3::operation::delete_bucket_lifecycle::{DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput};
use aws_sdk_s3::operation::delete_bucket_policy::{DeleteBucketPolicyInput, DeleteBucketPolicyOutput};
use aws_sdk_s3::operation::get_bucket_encryption::{GetBucketEncryptionInput, GetBucketEncryptionOutput};
use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::{
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput,
};
use aws_sdk_s3::operation::get_bucket_policy::{GetBucketPolicyInput, GetBucketPolicyOutput};
use aws_sdk_s3::operation::get_public_access_block::{GetPublicAccessBlockInput, GetPublicAccessBlockOutput};
use aws_sdk_s3::operation::put_bucket_encryption::{PutBucketEncryptionInput, PutBucketEncryptionOutput};
use aws_sdk_s3::operation::put_bucket_lifecycle_configuration::{
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput,
};
use aws_sdk_s3::operation::put_bucket_policy::{PutBucketPolicyInput, PutBucketPolicyOutput};
use aws_sdk_s3::operation::put_public_access_block::{PutPublicAccessBlockInput, PutPublicAccessBlockOutput};
use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, TransitionDefaultMinimumObjectSize,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::{the, unbuilt, unless_simulated};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// How new objects are encrypted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Encryption {
    pub(crate) algorithm: String,
    pub(crate) key: Option<String>,
    pub(crate) bucket_key: bool,
}

impl Default for Encryption {
    fn default() -> Self {
        Self { algorithm: "AES256".into(), key: None, bucket_key: false }
    }
}

/// One lifecycle rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) enabled: bool,
    pub(crate) prefix: String,
    pub(crate) expire_days: Option<i32>,
    pub(crate) noncurrent_days: Option<i32>,
    pub(crate) abort_days: Option<i32>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_encryption)
        .on(put_encryption)
        .on(get_public_access)
        .on(put_public_access)
        .on(get_policy)
        .on(put_policy)
        .on(delete_policy)
        .on(get_lifecycle)
        .on(put_lifecycle)
        .on(delete_lifecycle)
}

fn malformed() -> Refusal {
    refuse(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

fn get_encryption(at: &mut At<'_>, input: &GetBucketEncryptionInput) -> Answer<GetBucketEncryptionOutput> {
    let Encryption { algorithm, key, bucket_key } = the(at, input.bucket(), input.expected_bucket_owner())?.encryption.clone();
    let by_default = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::from(algorithm.as_str()));
    let by_default = by_default.set_kms_master_key_id(key).build().map_err(unbuilt)?;
    let rule =
        ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(by_default).bucket_key_enabled(bucket_key).build();
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().map_err(unbuilt)?;
    Ok(GetBucketEncryptionOutput::builder().server_side_encryption_configuration(configuration).build())
}

fn put_encryption(at: &mut At<'_>, input: &PutBucketEncryptionInput) -> Answer<PutBucketEncryptionOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let rules = input.server_side_encryption_configuration().map(|c| c.rules()).unwrap_or_default();
    let [rule] = rules else { return Err(malformed()) };
    let wanted = rule.apply_server_side_encryption_by_default().ok_or_else(malformed)?;
    let (algorithm, key) = (wanted.sse_algorithm().as_str(), wanted.kms_master_key_id());
    match (algorithm, key) {
        ("AES256", None) | ("aws:kms" | "aws:kms:dsse", _) => {}
        ("AES256", Some(_)) => {
            return Err(refuse(
                400,
                "InvalidArgument",
                "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            ));
        }
        _ => return Err(malformed()),
    }
    row.encryption =
        Encryption { algorithm: algorithm.to_owned(), key: key.map(str::to_owned), bucket_key: rule.bucket_key_enabled().unwrap_or(false) };
    Ok(PutBucketEncryptionOutput::builder().build())
}

fn get_public_access(at: &mut At<'_>, input: &GetPublicAccessBlockInput) -> Answer<GetPublicAccessBlockOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let none = || refuse(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found");
    let [acls, ignore, policy, restrict] = row.public_access.ok_or_else(none)?;
    let blocks = PublicAccessBlockConfiguration::builder().block_public_acls(acls).ignore_public_acls(ignore);
    let blocks = blocks.block_public_policy(policy).restrict_public_buckets(restrict).build();
    Ok(GetPublicAccessBlockOutput::builder().public_access_block_configuration(blocks).build())
}

fn put_public_access(at: &mut At<'_>, input: &PutPublicAccessBlockInput) -> Answer<PutPublicAccessBlockOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let b = input.public_access_block_configuration().ok_or_else(malformed)?;
    // What is left out is off.
    let on = [b.block_public_acls(), b.ignore_public_acls(), b.block_public_policy(), b.restrict_public_buckets()];
    row.public_access = Some(on.map(|on| on == Some(true)));
    Ok(PutPublicAccessBlockOutput::builder().build())
}

fn get_policy(at: &mut At<'_>, input: &GetBucketPolicyInput) -> Answer<GetBucketPolicyOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let none = || refuse(404, "NoSuchBucketPolicy", "The bucket policy does not exist");
    Ok(GetBucketPolicyOutput::builder().policy(row.policy.clone().ok_or_else(none)?).build())
}

fn put_policy(at: &mut At<'_>, input: &PutBucketPolicyInput) -> Answer<PutBucketPolicyOutput> {
    let (bucket, text) = (input.bucket().unwrap_or_default(), input.policy().unwrap_or_default());
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    let public = check_policy(bucket, text)?;
    if public && row.public_access.is_some_and(|[_, _, policy, _]| policy) {
        let text = format!(
            "User is not authorized to perform: s3:PutBucketPolicy on resource: \"arn:aws:s3:::{bucket}\" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        );
        return Err(refuse(403, "AccessDenied", text));
    }
    row.policy = Some(text.to_owned());
    Ok(PutBucketPolicyOutput::builder().build())
}

/// Refuses what S3 refuses of a policy, and answers whether it opens the bucket to everybody.
fn check_policy(bucket: &str, text: &str) -> Answer<bool> {
    let wrong = |text: &str| refuse(400, "MalformedPolicy", text.to_owned());
    if text.len() > 20 * 1024 {
        return Err(refuse(400, "PolicyTooLarge", "The policy is larger than 20 KB"));
    }
    let document: Value = serde_json::from_str(text).map_err(|_| wrong("Policies must be valid JSON and the first byte must be '{'"))?;
    let listed = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let statements =
        document.get("Statement").map(listed).filter(|s| !s.is_empty()).ok_or_else(|| wrong("Missing required field Statement"))?;
    let mut public = false;
    for statement in &statements {
        let field = |names: [&str; 2]| {
            names.iter().find_map(|name| statement.get(*name)).ok_or_else(|| wrong(&format!("Missing required field {}", names[0])))
        };
        let effect = statement.get("Effect").and_then(Value::as_str).unwrap_or_default();
        if !["Allow", "Deny"].contains(&effect) {
            return Err(wrong("Invalid effect"));
        }
        let (principal, actions, resources) =
            (field(["Principal", "NotPrincipal"])?, field(["Action", "NotAction"])?, field(["Resource", "NotResource"])?);
        if !listed(actions).iter().all(|a| a.as_str().is_some_and(|a| a == "*" || a.to_lowercase().starts_with("s3:"))) {
            return Err(wrong("Policy has invalid action"));
        }
        let arn = format!("arn:aws:s3:::{bucket}");
        if !listed(resources)
            .iter()
            .all(|r| r.as_str().is_some_and(|r| r == arn || r.strip_prefix(&arn).is_some_and(|rest| rest.starts_with('/'))))
        {
            return Err(wrong("Policy has invalid resource"));
        }
        let everybody = principal == "*" || principal.get("AWS").is_some_and(|who| listed(who).iter().any(|who| who == "*"));
        public |= effect == "Allow" && everybody && statement.get("Condition").is_none();
    }
    Ok(public)
}

fn delete_policy(at: &mut At<'_>, input: &DeleteBucketPolicyInput) -> Answer<DeleteBucketPolicyOutput> {
    the(at, input.bucket(), input.expected_bucket_owner())?.policy = None;
    Ok(DeleteBucketPolicyOutput::builder().build())
}

fn get_lifecycle(at: &mut At<'_>, input: &GetBucketLifecycleConfigurationInput) -> Answer<GetBucketLifecycleConfigurationOutput> {
    let row = the(at, input.bucket(), input.expected_bucket_owner())?;
    if row.lifecycle.is_empty() {
        return Err(refuse(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"));
    }
    let rules = row.lifecycle.iter().map(rule_of).collect::<Answer<_>>()?;
    let size = TransitionDefaultMinimumObjectSize::AllStorageClasses128K;
    Ok(GetBucketLifecycleConfigurationOutput::builder().set_rules(Some(rules)).transition_default_minimum_object_size(size).build())
}

fn rule_of(row: &Rule) -> Answer<LifecycleRule> {
    let expiration = row.expire_days.map(|days| LifecycleExpiration::builder().days(days).build());
    let noncurrent = row.noncurrent_days.map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build());
    let abort = row.abort_days.map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    LifecycleRule::builder()
        .id(&row.id)
        .status(if row.enabled { ExpirationStatus::Enabled } else { ExpirationStatus::Disabled })
        .filter(LifecycleRuleFilter::builder().prefix(&row.prefix).build())
        .set_expiration(expiration)
        .set_noncurrent_version_expiration(noncurrent)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .map_err(unbuilt)
}

fn put_lifecycle(at: &mut At<'_>, input: &PutBucketLifecycleConfigurationInput) -> Answer<PutBucketLifecycleConfigurationOutput> {
    the(at, input.bucket(), input.expected_bucket_owner())?;
    let wanted = input.lifecycle_configuration().map(|c| c.rules()).unwrap_or_default();
    if wanted.is_empty() || wanted.len() > 1000 {
        return Err(malformed());
    }
    let mut rules: Vec<Rule> = vec![];
    for rule in wanted {
        let filter = rule.filter().ok_or_else(malformed)?;
        let more = filter.tag().is_some()
            || filter.and().is_some()
            || filter.object_size_greater_than().is_some()
            || filter.object_size_less_than().is_some();
        unless_simulated(more, "a lifecycle filter other than a prefix")?;
        unless_simulated(!rule.transitions().is_empty() || !rule.noncurrent_version_transitions().is_empty(), "a transition")?;
        let (expiration, noncurrent, abort) =
            (rule.expiration(), rule.noncurrent_version_expiration(), rule.abort_incomplete_multipart_upload());
        unless_simulated(
            expiration.is_some_and(|e| e.date().is_some() || e.expired_object_delete_marker().is_some()),
            "an expiration by date or marker",
        )?;
        unless_simulated(noncurrent.is_some_and(|n| n.newer_noncurrent_versions().is_some()), "NewerNoncurrentVersions")?;
        if expiration.is_none() && noncurrent.is_none() && abort.is_none() {
            return Err(refuse(400, "InvalidRequest", "At least one action needs to be specified in a rule"));
        }
        let (expire_days, noncurrent_days) =
            (expiration.and_then(LifecycleExpiration::days), noncurrent.and_then(NoncurrentVersionExpiration::noncurrent_days));
        let abort_days = abort.and_then(AbortIncompleteMultipartUpload::days_after_initiation);
        if [expire_days, noncurrent_days, abort_days].iter().flatten().any(|days| *days <= 0) {
            return Err(refuse(400, "InvalidArgument", "'Days' for Expiration action must be a positive integer"));
        }
        // AWS invents an id where none is given.
        let id = rule.id().map_or_else(|| at.hex(24), str::to_owned);
        if rules.iter().any(|other| other.id == id) {
            return Err(refuse(400, "InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule"));
        }
        let (enabled, prefix) = (rule.status() == &ExpirationStatus::Enabled, filter.prefix().unwrap_or_default().to_owned());
        rules.push(Rule { id, enabled, prefix, expire_days, noncurrent_days, abort_days });
    }
    the(at, input.bucket(), input.expected_bucket_owner())?.lifecycle = rules;
    Ok(PutBucketLifecycleConfigurationOutput::builder().build())
}

fn delete_lifecycle(at: &mut At<'_>, input: &DeleteBucketLifecycleInput) -> Answer<DeleteBucketLifecycleOutput> {
    the(at, input.bucket(), input.expected_bucket_owner())?.lifecycle = vec![];
    Ok(DeleteBucketLifecycleOutput::builder().build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn policies_are_judged_as_s3_judges_them() {
        let statement = |edit: Value| {
            let mut whole = json!({"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*"});
            whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
            check_policy("b", &json!({"Statement": [whole]}).to_string()).map_err(|refusal| refusal.message)
        };
        assert_eq!(statement(json!({})), Ok(false));
        assert_eq!(statement(json!({"Principal": "*"})), Ok(true));
        assert_eq!(statement(json!({"Principal": "*", "Effect": "Deny"})), Ok(false));
        assert_eq!(statement(json!({"Principal": {"AWS": ["*"]}, "Condition": {"Bool": {}}})), Ok(false));
        assert_eq!(statement(json!({"Resource": "arn:aws:s3:::bb/*"})), Err("Policy has invalid resource".into()));
        assert_eq!(statement(json!({"Action": "ec2:*"})), Err("Policy has invalid action".into()));
        assert_eq!(statement(json!({"Effect": "Maybe"})), Err("Invalid effect".into()));
        assert!(check_policy("b", "{}").is_err());
    }
}
