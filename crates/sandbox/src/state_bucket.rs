//! The bucket of states: made whole, mended where something is missing, never weakened.

use std::collections::BTreeSet;
use std::sync::Arc;

use bbws_aws::{Aws, INIT_ACTIONS, Lacks, Place, STORE_ACTIONS, Setting, Vault, iam_action};
use bbws_engine::Store;
use bbws_model::Class;
use serde_json::{Value, json};

use crate::Sandbox;
use crate::kinds::bucket::Row;
use crate::kinds::bucket_settings::{Encryption, Rule};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
const KEY: &str = "arn:aws:kms:af-south-1:536580886816:key/k";

/// A change behind everybody's back.
type Drift<'a> = &'a dyn Fn(&mut Row);

fn vault(sandbox: &Sandbox, kms_key: Option<&str>) -> Vault {
    let place = Place {
        bucket: "dev-state".into(),
        owner: ACCOUNT.parse().unwrap(),
        environment: "dev".into(),
        kms_key: kms_key.map(str::to_owned),
        approvers: vec![],
    };
    Vault::over(Aws::for_store(Arc::new(sandbox.clone()), REGION), place)
}

fn tamper<T>(sandbox: &Sandbox, change: impl FnOnce(&mut Row) -> T) -> T {
    sandbox.sim().tamper(|cloud| {
        let region = cloud.accounts.entry(ACCOUNT.into()).or_default().regions.entry(REGION.into()).or_default();
        change(region.buckets.entry("dev-state".into()).or_insert_with(Row::empty))
    })
}

async fn missing(vault: &Vault) -> Vec<Setting> {
    vault.look().await.unwrap().missing
}

/// Makes all that is missing, and answers what that was.
async fn mend(vault: &Vault) -> Vec<Setting> {
    vault.open_gate();
    let mut made = vec![];
    while let Some(setting) = missing(vault).await.first().copied() {
        assert!(made.len() < 10, "{made:?}");
        vault.make(setting).await.unwrap();
        made.push(setting);
    }
    made
}

#[tokio::test(start_paused = true)]
async fn a_bucket_is_made_as_a_state_needs_it() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let vault = vault(&sandbox, Some(KEY));
    assert_eq!(missing(&vault).await, Setting::ALL);
    let refused = vault.make(Setting::Bucket).await.unwrap_err();
    assert!(refused.message.contains("not been checked"), "{refused}");

    // A new bucket has the first two from AWS.
    assert_eq!(mend(&vault).await, [Setting::Bucket, Setting::Versions, Setting::Encryption, Setting::Policy, Setting::Lifecycle]);
    let row = tamper(&sandbox, |row| row.clone());
    assert_eq!((row.versioning, row.public_access, row.ownership.as_deref()), (Some(true), Some([true; 4]), Some("BucketOwnerEnforced")));
    assert_eq!(row.encryption, Encryption { algorithm: "aws:kms".into(), key: Some(KEY.into()), bucket_key: true });
    assert_eq!(row.lifecycle[0].noncurrent_days, Some(90));
    assert_eq!(mend(&vault).await, [], "done once, nothing is done again");

    // The policy binds even the account itself, and lets the store do all it does.
    let store = vault.store();
    bbws_testkit::store_contract(&store).await;
    assert!(store.overwrite("log/1.json", b"y").await.is_err());
    assert!(store.overwrite("checkpoints/1.json", b"y").await.is_err());
    let (aws, expected) = (Aws::new(Arc::new(sandbox.clone()), REGION), "AccessDenied");
    aws.gate().open();
    let s3 = &aws.write.s3;
    let version = s3.list_object_versions().bucket("dev-state").max_keys(1).send().await.unwrap().versions.unwrap().remove(0);
    let delete = s3.delete_object().bucket("dev-state").key(version.key.unwrap()).version_id(version.version_id.unwrap());
    let code = |error: Option<&str>| error.unwrap_or_default().to_owned();
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;
    assert_eq!(code(delete.send().await.unwrap_err().code()), expected, "no version is destroyed");
    assert_eq!(code(s3.delete_bucket().bucket("dev-state").send().await.unwrap_err().code()), expected);
    let other = s3.put_object().bucket("dev-state").key("dev/x").server_side_encryption("AES256".into());
    assert_eq!(code(other.send().await.unwrap_err().code()), expected);
}

#[tokio::test(start_paused = true)]
async fn only_what_is_missing_is_made_and_what_others_set_stays() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let vault = vault(&sandbox, None);
    mend(&vault).await;
    let others =
        Rule { id: "uploads".into(), enabled: true, prefix: String::new(), expire_days: None, noncurrent_days: None, abort_days: Some(7) };
    let theirs = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::dev-state/secret/*"});
    let cases: [(Setting, Drift<'_>); 7] = [
        (Setting::PublicAccess, &|row| row.public_access = Some([true, true, true, false])),
        (Setting::Ownership, &|row| row.ownership = Some("ObjectWriter".into())),
        (Setting::Versions, &|row| row.versioning = Some(false)),
        (Setting::Encryption, &|row| row.encryption.bucket_key = false),
        (Setting::Encryption, &|row| row.encryption = Encryption::default()),
        (Setting::Policy, &|row| row.policy = Some(json!({"Version": "2012-10-17", "Statement": [theirs]}).to_string())),
        (Setting::Lifecycle, &|row| row.lifecycle = vec![others.clone()]),
    ];
    for (setting, drift) in cases {
        tamper(&sandbox, drift);
        assert_eq!(mend(&vault).await, [setting]);
    }
    let row = tamper(&sandbox, |row| row.clone());
    assert!(row.lifecycle.contains(&others) && row.lifecycle.len() == 2, "{:?}", row.lifecycle);
    let policy: Value = serde_json::from_str(row.policy.as_deref().unwrap()).unwrap();
    assert!(policy["Statement"].as_array().unwrap().len() == 6 && policy.to_string().contains("dev-state/secret/*"), "{policy}");

    // What is stricter, or was chosen by somebody, is left.
    let chosen = Encryption { algorithm: "aws:kms".into(), key: Some(KEY.into()), bucket_key: false };
    tamper(&sandbox, |row| row.encryption = chosen.clone());
    mend(&vault).await;
    assert_eq!(tamper(&sandbox, |row| row.encryption.clone()), Encryption { bucket_key: true, ..chosen });
    tamper(&sandbox, |row| row.encryption.algorithm = "aws:kms:dsse".into());
    tamper(&sandbox, |row| row.lifecycle.iter_mut().for_each(|rule| rule.noncurrent_days = rule.noncurrent_days.map(|_| 365)));
    assert_eq!(mend(&vault).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_would_delete_the_log_is_told() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let vault = vault(&sandbox, None);
    mend(&vault).await;
    let rule = |prefix: &str, enabled| Rule {
        id: "old".into(),
        enabled,
        prefix: prefix.into(),
        expire_days: Some(30),
        noncurrent_days: None,
        abort_days: None,
    };
    for (prefix, enabled, danger) in
        [("", true, true), ("dev/", true, true), ("dev/log/", true, true), ("d", true, true), ("sit/", true, false), ("", false, false)]
    {
        tamper(&sandbox, |row| {
            row.lifecycle.truncate(1);
            row.lifecycle.push(rule(prefix, enabled));
        });
        let Lacks { missing, dangers } = vault.look().await.unwrap();
        assert_eq!((missing, dangers.len()), (vec![], usize::from(danger)), "{prefix}: {dangers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_somebody_else_is_never_made_ours() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    tamper(&sandbox, |_| ());
    let stranger = sandbox.with_account("815856636111");
    let theirs = Place {
        bucket: "dev-state".into(),
        owner: "815856636111".parse().unwrap(),
        environment: "dev".into(),
        kms_key: None,
        approvers: vec![],
    };
    let denied = Vault::over(Aws::for_store(Arc::new(stranger), REGION), theirs).look().await.unwrap_err();
    assert!(denied.class == Class::Denied && denied.message.contains("another account"), "{denied}");

    let place =
        Place { bucket: "dev-state".into(), owner: ACCOUNT.parse().unwrap(), environment: "dev".into(), kms_key: None, approvers: vec![] };
    let elsewhere = Vault::over(Aws::for_store(Arc::new(sandbox), "eu-west-1"), place).look().await.unwrap_err();
    assert!(elsewhere.message.contains("another region"), "{elsewhere}");
}

#[tokio::test(start_paused = true)]
async fn the_actions_told_are_those_of_the_calls_made() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let vault = vault(&sandbox, None);
    vault.whoami().await.unwrap();
    mend(&vault).await;
    tamper(&sandbox, |row| (row.public_access, row.ownership) = (None, None));
    mend(&vault).await;
    let store = vault.store();
    for text in [b"1", b"2"] {
        store.overwrite("state.json", text).await.unwrap();
    }
    store.get("state.json").await.unwrap();
    store.list_after("", "").await.unwrap();
    store.delete("state.json").await.unwrap();
    store.earlier("state.json").await.unwrap();
    let made: BTreeSet<String> = sandbox
        .sim()
        .calls()
        .iter()
        .map(|call| iam_action(&format!("{}:{}", call.service.to_lowercase(), call.operation)).to_owned())
        .collect();
    let told: BTreeSet<String> = INIT_ACTIONS.iter().chain(&STORE_ACTIONS).map(|&action| action.to_owned()).collect();
    // A read of one version is a GetObject whose action has a name of its own.
    assert_eq!(told.iter().filter(|action| *action != "s3:GetObjectVersion").cloned().collect::<BTreeSet<_>>(), made);
}
