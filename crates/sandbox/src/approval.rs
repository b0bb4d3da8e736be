//! Signatures of approvals, and the bucket's fence around them where there is no key.

use std::sync::Arc;

use bbws_aws::{Aws, Place, Vault, granted_signers, key_policy, sign, verifies};
use bbws_engine::{PutOutcome, Store};
use bbws_model::{Class, Signature};

use crate::{Principal, Sandbox};

const ACCOUNT: &str = "093646564004";
const REGION: &str = "af-south-1";
const KEY: &str = "arn:aws:kms:af-south-1:093646564004:key/approvals";
const OTHER: &str = "arn:aws:kms:eu-west-1:093646564004:key/other";

fn as_role(sandbox: &Sandbox, role: &str) -> Sandbox {
    sandbox.with_principal(Principal { role: role.into(), session: "s".into() })
}

fn aws(sandbox: &Sandbox, role: &str) -> Aws {
    Aws::new(Arc::new(as_role(sandbox, role)), REGION)
}

#[tokio::test(start_paused = true)]
async fn the_approver_signs_and_the_applier_verifies() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    sandbox.ensure_signing_key(KEY, &["approver".into()]).unwrap();
    sandbox.ensure_signing_key(OTHER, &[]).unwrap();
    let (approver, applier) = (aws(&sandbox, "approver"), aws(&sandbox, "deployer"));
    let message = [7; 32];
    let signature = sign(&approver, KEY, &message).await.unwrap();
    assert_eq!((signature.key.as_str(), signature.algorithm.as_str()), (KEY, "ECDSA_SHA_256"));
    assert!(verifies(&applier, KEY, &signature, &message).await.unwrap());

    // Another message, another key, other bytes, another way of signing.
    assert!(!verifies(&applier, KEY, &signature, &[8; 32]).await.unwrap());
    assert!(!verifies(&applier, OTHER, &signature, &message).await.unwrap());
    let forged = sign(&applier, OTHER, &message).await.unwrap();
    assert!(!verifies(&applier, KEY, &forged, &message).await.unwrap(), "a signature is by its key, whatever it says");
    for algorithm in ["RSASSA_PSS_SHA_256", "HMAC_SHA_256", ""] {
        let other = Signature { algorithm: algorithm.into(), ..signature.clone() };
        assert!(!verifies(&applier, KEY, &other, &message).await.unwrap(), "{algorithm}");
    }
    let denied = sign(&applier, KEY, &message).await.unwrap_err();
    assert!(denied.class == Class::Denied && denied.message.contains("kms:Sign"), "{denied}");
    assert!(sign(&approver, "arn:aws:kms:af-south-1:093646564004:key/none", &message).await.is_err());

    // Its policy says who signs: by name, or whoever the account's policies let.
    let signers = |policy: serde_json::Value| policy["Statement"][1]["Principal"]["AWS"][0].as_str().unwrap().to_owned();
    assert_eq!(signers(key_policy(&applier, KEY).await.unwrap()), format!("arn:aws:iam::{ACCOUNT}:role/approver"));
    assert_eq!(signers(key_policy(&applier, OTHER).await.unwrap()), format!("arn:aws:iam::{ACCOUNT}:root"));
    let none = key_policy(&applier, "arn:aws:kms:af-south-1:093646564004:key/none").await.unwrap_err();
    assert!(none.message.contains("does not exist"), "{none}");

    // A grant lets sign whomever it names, and all of them are listed.
    let grantees: Vec<String> = (0..60)
        .map(|n| format!("role-{n}"))
        .chain(["deployer".to_owned()])
        .map(|role| format!("arn:aws:iam::{ACCOUNT}:role/{role}"))
        .collect();
    assert_eq!(granted_signers(&applier, KEY).await.unwrap(), [""; 0]);
    sandbox.sim().tamper(|cloud| cloud.grant_signing(KEY, &grantees));
    assert_eq!(granted_signers(&applier, KEY).await.unwrap(), grantees);
    assert!(sign(&applier, KEY, &message).await.is_ok());

    // The gate stood open for the signature alone.
    assert!(!bbws_aws::is_read("kms:Sign") && bbws_aws::is_read("kms:Verify") && !bbws_aws::is_read("ses:VerifyDomainIdentity"));
    let made = approver.write.s3.create_bucket().bucket("b").send().await.unwrap_err();
    assert!(format!("{made:?}").contains("the approval is signed"), "{made:?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_key_the_bucket_lets_only_the_approvers_write() {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let approvers = vec![format!("arn:aws:iam::{ACCOUNT}:role/approver")];
    let place = Place { bucket: "state".into(), owner: ACCOUNT.parse().unwrap(), environment: "prod".into(), kms_key: None, approvers };
    let vault = |role: &str| Vault::over(Aws::for_store(Arc::new(as_role(&sandbox, role)), REGION), place.clone());
    let (admin, approver, applier) = (vault("admin"), vault("approver"), vault("deployer"));
    admin.open_gate();
    while let Some(setting) = admin.look().await.unwrap().missing.first().copied() {
        admin.make(setting).await.unwrap();
    }
    let key = "approvals/ab/0001.json";
    assert!(applier.store().create(key, b"mine").await.is_err(), "whoever applies cannot write an approval");
    assert_eq!(approver.store().create(key, b"theirs").await, Ok(PutOutcome::Created));
    assert_eq!(applier.store().get(key).await.unwrap().as_deref(), Some(&b"theirs"[..]));
    assert_eq!(applier.store().create("log/00000000000000000001.json", b"x").await, Ok(PutOutcome::Created));
    assert!(approver.store().overwrite(key, b"other").await.is_err(), "and nobody writes over one");

    // One that was taken away is seen.
    applier.store().delete(key).await.unwrap();
    assert_eq!((applier.store().get(key).await.unwrap(), applier.store().earlier(key).await.unwrap().len()), (None, 1));
}
