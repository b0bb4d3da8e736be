//! Keys of KMS that sign. Signatures are simulated: a digest that only the key's own secret can make.

use aws_sdk_kms::operation::describe_key::{DescribeKeyInput, DescribeKeyOutput};
use aws_sdk_kms::operation::get_key_policy::{GetKeyPolicyInput, GetKeyPolicyOutput};
use aws_sdk_kms::operation::list_grants::{ListGrantsInput, ListGrantsOutput};
use aws_sdk_kms::operation::sign::{SignInput, SignOutput};
use aws_sdk_kms::operation::verify::{VerifyInput, VerifyOutput};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{GrantListEntry, GrantOperation, KeyMetadata, KeyState, KeyUsageType, MessageType, SigningAlgorithmSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::bucket::unless_simulated;
use crate::cloud::{At, Cloud};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// A key of the specification ECC_NIST_P256, for signing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Row {
    /// The roles that may sign, by name; everybody of the account if empty.
    signers: Vec<String>,
    /// The roles that may verify; the same.
    verifiers: Vec<String>,
    /// Whom a grant allows to sign, whoever else may: ARNs.
    granted: Vec<String>,
    /// Whether it is switched off.
    disabled: bool,
    /// What its signatures are made with; it never leaves.
    secret: String,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_key).on(get_key_policy).on(list_grants).on(sign).on(verify)
}

/// The key that an ARN, or an id in the region called, names.
fn found<'a>(at: &'a mut At<'_>, key: Option<&str>) -> Answer<(String, &'a Row)> {
    let key = key.unwrap_or_default();
    unless_simulated(key.contains("alias/"), "a key by its alias")?;
    let arn = if key.starts_with("arn:") { key.to_owned() } else { at.arn("kms", &format!("key/{key}")) };
    let missing = || refuse(400, "NotFoundException", format!("Key '{arn}' does not exist"));
    let here = at.here();
    here.kms_keys.get(&arn).map(|row| (arn.clone(), row)).ok_or_else(missing)
}

/// Refuses whom the key's policy does not name, and a key that is switched off.
fn allowed(at: &mut At<'_>, key: Option<&str>, action: &str, of: fn(&Row) -> &Vec<String>) -> Answer<(String, Row)> {
    let (role, caller) = (at.principal.role.clone(), at.principal.arn(at.account));
    let (arn, row) = found(at, key)?;
    let granted = action == "kms:Sign" && row.granted.iter().any(|who| bbws_model::Principal::of(&caller, None).is(who));
    let may = of(row).is_empty() || of(row).contains(&role) || granted;
    if !may {
        let text = format!(
            "User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based policy allows the {action} action"
        );
        return Err(refuse(400, "AccessDeniedException", text));
    }
    if row.disabled {
        return Err(refuse(400, "DisabledException", format!("{arn} is disabled.")));
    }
    Ok((arn, row.clone()))
}

fn describe_key(at: &mut At<'_>, input: &DescribeKeyInput) -> Answer<DescribeKeyOutput> {
    let account = at.account.to_owned();
    let (arn, row) = found(at, input.key_id())?;
    let state = if row.disabled { KeyState::Disabled } else { KeyState::Enabled };
    let id = arn.rsplit('/').next().unwrap_or_default();
    let about = KeyMetadata::builder().aws_account_id(account).key_id(id).arn(&arn).enabled(!row.disabled).key_state(state);
    let about = about.key_usage(KeyUsageType::SignVerify).key_spec(aws_sdk_kms::types::KeySpec::EccNistP256);
    Ok(DescribeKeyOutput::builder().key_metadata(about.signing_algorithms(SigningAlgorithmSpec::EcdsaSha256).build()?).build())
}

/// Whom a list names alone is named by the key's policy; where it is empty, the key leaves it to the account's own policies.
fn get_key_policy(at: &mut At<'_>, input: &GetKeyPolicyInput) -> Answer<GetKeyPolicyOutput> {
    if input.policy_name().is_some_and(|name| name != "default") {
        return Err(refuse(400, "NotFoundException", "No such policy exists"));
    }
    let account = at.account.to_owned();
    let (_, row) = found(at, input.key_id())?;
    let arn = |what: String| format!("arn:aws:iam::{account}:{what}");
    let statement = |sid: &str, who: Vec<String>, actions: Value| json!({"Sid": sid, "Effect": "Allow", "Principal": {"AWS": who}, "Action": actions, "Resource": "*"});
    let root = |sid, actions| statement(sid, vec![arn("root".to_owned())], actions);
    let mut statements = vec![root("Look", json!(["kms:Describe*", "kms:Get*", "kms:List*"]))];
    for (sid, roles, action) in [("Sign", &row.signers, "kms:Sign"), ("Verify", &row.verifiers, "kms:Verify")] {
        let named: Vec<String> = roles.iter().map(|role| arn(format!("role/{role}"))).collect();
        statements.push(if named.is_empty() { root(sid, json!(action)) } else { statement(sid, named, json!(action)) });
    }
    let policy = json!({"Version": "2012-10-17", "Id": "key-default-1", "Statement": statements});
    Ok(GetKeyPolicyOutput::builder().policy(policy.to_string()).policy_name("default").build())
}

fn list_grants(at: &mut At<'_>, input: &ListGrantsInput) -> Answer<ListGrantsOutput> {
    unless_simulated(input.grant_id().is_some() || input.grantee_principal().is_some(), "a grant by its id or its grantee")?;
    let size = input.limit().and_then(|n| usize::try_from(n).ok()).unwrap_or(50);
    let marker = input.marker().map(str::to_owned);
    let (arn, row) = found(at, input.key_id())?;
    let entry = |who: &String| {
        GrantListEntry::builder()
            .key_id(&arn)
            .grant_id(hex::encode(Sha256::digest(who)))
            .grantee_principal(who)
            .operations(GrantOperation::Sign)
            .build()
    };
    let (grants, next) = page(row.granted.iter().map(entry).collect(), Some(size), marker.as_deref())?;
    Ok(ListGrantsOutput::builder().set_grants(Some(grants)).truncated(next.is_some()).set_next_marker(next).build())
}

/// The message, which has to be a SHA-256, and is signed in one way only.
fn digest(message: Option<&Blob>, sort: Option<&MessageType>, algorithm: Option<&SigningAlgorithmSpec>, arn: &str) -> Answer<Vec<u8>> {
    unless_simulated(sort != Some(&MessageType::Digest), "a signature of anything but a digest")?;
    let message = message.map(|message| message.as_ref().to_vec()).unwrap_or_default();
    if message.len() != 32 {
        return Err(refuse(400, "ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256."));
    }
    if algorithm != Some(&SigningAlgorithmSpec::EcdsaSha256) {
        let text = format!("Algorithm {} is incompatible with key spec ECC_NIST_P256. {arn}", algorithm.map_or("none", |a| a.as_str()));
        return Err(refuse(400, "InvalidKeyUsageException", text));
    }
    Ok(message)
}

fn signature(row: &Row, arn: &str, message: &[u8]) -> Vec<u8> {
    let sum = Sha256::new().chain_update(&row.secret).chain_update([0]).chain_update(arn).chain_update([0]).chain_update(message);
    sum.finalize().to_vec()
}

fn sign(at: &mut At<'_>, input: &SignInput) -> Answer<SignOutput> {
    unless_simulated(input.dry_run().is_some() || !input.grant_tokens().is_empty(), "a dry run, or grants")?;
    let (arn, row) = allowed(at, input.key_id(), "kms:Sign", |row| &row.signers)?;
    let message = digest(input.message(), input.message_type(), input.signing_algorithm(), &arn)?;
    let signed = SignOutput::builder().key_id(&arn).signature(Blob::new(signature(&row, &arn, &message)));
    Ok(signed.signing_algorithm(SigningAlgorithmSpec::EcdsaSha256).build())
}

fn verify(at: &mut At<'_>, input: &VerifyInput) -> Answer<VerifyOutput> {
    unless_simulated(input.dry_run().is_some() || !input.grant_tokens().is_empty(), "a dry run, or grants")?;
    let (arn, row) = allowed(at, input.key_id(), "kms:Verify", |row| &row.verifiers)?;
    let message = digest(input.message(), input.message_type(), input.signing_algorithm(), &arn)?;
    if input.signature().map(Blob::as_ref) != Some(signature(&row, &arn, &message).as_slice()) {
        return Err(refuse(400, "KMSInvalidSignatureException", ""));
    }
    Ok(VerifyOutput::builder().key_id(&arn).signature_valid(true).signing_algorithm(SigningAlgorithmSpec::EcdsaSha256).build())
}

impl Cloud {
    /// Sees to it that a key for signing is there, as one that was made before bbws. Whoever may sign is set when it is made.
    pub fn ensure_signing_key(&mut self, arn: &str, signers: &[String]) {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, _, region, account, _] = parts.as_slice() else { return };
        let secret = hex::encode(Sha256::digest(format!("the secret of {arn}")));
        let here = self.accounts.entry((*account).to_owned()).or_default().regions.entry((*region).to_owned()).or_default();
        let row = || Row { signers: signers.to_vec(), secret, ..Row::default() };
        here.kms_keys.entry(arn.to_owned()).or_insert_with(row);
    }

    /// Grants to these principals, by their ARNs, that they may sign with a key of this ARN.
    #[cfg(test)]
    pub(crate) fn grant_signing(&mut self, arn: &str, grantees: &[String]) {
        let regions = self.accounts.values_mut().flat_map(|account| account.regions.values_mut());
        for row in regions.filter_map(|here| here.kms_keys.get_mut(arn)) {
            grantees.clone_into(&mut row.granted);
        }
    }
}
