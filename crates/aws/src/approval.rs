//! Signatures of approvals, by a key of KMS. Neither call changes anything; to sign is held back by the gate all the same: what
//! it makes opens production.

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{GrantOperation, MessageType, SigningAlgorithmSpec};
use bbws_model::{Class, CloudError, Signature};
use serde_json::Value;

use crate::{Aws, Told};

const SIGN: &str = "kms:Sign";
const VERIFY: &str = "kms:Verify";
const DESCRIBE: &str = "kms:DescribeKey";
const POLICY: &str = "kms:GetKeyPolicy";
const GRANTS: &str = "kms:ListGrants";

/// What is taken, of what a key can do, the best first: each signs a SHA-256.
const ALGORITHMS: [SigningAlgorithmSpec; 3] =
    [SigningAlgorithmSpec::EcdsaSha256, SigningAlgorithmSpec::RsassaPssSha256, SigningAlgorithmSpec::RsassaPkcs1V15Sha256];

/// The region in a key's ARN; a key is asked for where it is.
fn region(key: &str) -> Option<&str> {
    key.split(':').nth(3)
}

/// Signs a SHA-256. The gate is open for this call alone.
///
/// # Errors
/// When the caller may not, or the key does not sign.
pub async fn sign(aws: &Aws, key: &str, message: &[u8; 32]) -> Result<Signature, CloudError> {
    let (read, write) = aws.at(region(key).unwrap_or(&aws.region));
    let about = read.kms.describe_key().key_id(key).send().await.told(DESCRIBE)?.key_metadata;
    let offered = about.as_ref().map(|about| about.signing_algorithms()).unwrap_or_default();
    let Some(algorithm) = ALGORITHMS.into_iter().find(|one| offered.contains(one)) else {
        let what = about.as_ref().and_then(|about| about.key_spec()).map_or("unknown", |spec| spec.as_str());
        let told = format!("the key {key} ({what}) signs no SHA-256: make one with the usage SIGN_VERIFY, such as ECC_NIST_P256");
        return Err(CloudError::own(SIGN, Class::Invalid, told));
    };
    let ask = write.kms.sign().key_id(key).message(Blob::new(message)).message_type(MessageType::Digest);
    aws.gate().open_for(&[SIGN]);
    let answer = ask.signing_algorithm(algorithm.clone()).send().await.told(SIGN);
    aws.gate().close("the approval is signed: nothing else is to be sent");
    let bytes = answer?.signature.map(Blob::into_inner).unwrap_or_default();
    if bytes.is_empty() {
        return Err(CloudError::own(SIGN, Class::Invalid, "KMS answered without a signature"));
    }
    Ok(Signature { key: key.to_owned(), algorithm: algorithm.as_str().to_owned(), bytes })
}

/// A key's own policy. Each key has exactly one.
///
/// # Errors
/// When the caller may not read it, or it is none.
pub async fn key_policy(aws: &Aws, key: &str) -> Result<Value, CloudError> {
    let (read, _) = aws.at(region(key).unwrap_or(&aws.region));
    let text = read.kms.get_key_policy().key_id(key).policy_name("default").send().await.told(POLICY)?.policy.unwrap_or_default();
    serde_json::from_str(&text).map_err(|error| CloudError::own(POLICY, Class::Invalid, format!("the policy of {key} is none: {error}")))
}

/// To whom grants on a key allow to sign with it.
///
/// # Errors
/// When the caller may not list them.
pub async fn granted_signers(aws: &Aws, key: &str) -> Result<Vec<String>, CloudError> {
    let (read, _) = aws.at(region(key).unwrap_or(&aws.region));
    let grants = read.kms.list_grants().key_id(key).into_paginator().items().send().collect::<Result<Vec<_>, _>>().await.told(GRANTS)?;
    let signs = grants.into_iter().filter(|grant| grant.operations().contains(&GrantOperation::Sign));
    Ok(signs.filter_map(|grant| grant.grantee_principal).collect())
}

/// Whether a key made this signature of a SHA-256. The key is the caller's, whatever the signature says.
///
/// # Errors
/// When KMS cannot be asked.
pub async fn verifies(aws: &Aws, key: &str, signature: &Signature, message: &[u8; 32]) -> Result<bool, CloudError> {
    let algorithm = SigningAlgorithmSpec::from(signature.algorithm.as_str());
    if !ALGORITHMS.contains(&algorithm) {
        return Ok(false);
    }
    let (read, _) = aws.at(region(key).unwrap_or(&aws.region));
    let ask = read.kms.verify().key_id(key).message(Blob::new(message)).message_type(MessageType::Digest);
    match ask.signing_algorithm(algorithm).signature(Blob::new(signature.bytes.clone())).send().await.told(VERIFY) {
        Ok(answer) => Ok(answer.signature_valid()),
        Err(error) if error.code == "KMSInvalidSignatureException" => Ok(false),
        // A key of another sort made it.
        Err(error) if error.code == "InvalidKeyUsageException" => Ok(false),
        Err(error) => Err(error),
    }
}
