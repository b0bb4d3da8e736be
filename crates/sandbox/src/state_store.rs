//! The state store in S3, before a cloud with faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bbws_aws::{Aws, Connection, Place, S3Store, Session, Wire};
use bbws_engine::{PutOutcome, Store, StoreError};
use bbws_testkit::store_contract;
use serde_json::json;

use crate::kinds::bucket::Row;
use crate::{Call, Effect, Fate, Sandbox, Seen, refuse};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
const KEY: &str = "arn:aws:kms:af-south-1:536580886816:key/k";

fn place(kms_key: Option<&str>) -> Place {
    Place {
        bucket: "dev-state".into(),
        owner: ACCOUNT.parse().unwrap(),
        environment: "dev".into(),
        kms_key: kms_key.map(str::to_owned),
        approvers: vec![],
    }
}

/// A bucket with versions, and a store in it.
fn store() -> (Sandbox, S3Store) {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    tamper(&sandbox, |_| ());
    let store = seen_by(&sandbox, None);
    (sandbox, store)
}

fn seen_by(sandbox: &Sandbox, kms_key: Option<&str>) -> S3Store {
    S3Store::over(Aws::for_store(Arc::new(sandbox.clone()), REGION), place(kms_key))
}

fn tamper<T>(sandbox: &Sandbox, change: impl FnOnce(&mut Row) -> T) -> T {
    sandbox.sim().tamper(|cloud| {
        let account = cloud.accounts.entry(ACCOUNT.into()).or_default();
        let buckets = &mut account.regions.entry(REGION.into()).or_default().buckets;
        change(buckets.entry("dev-state".into()).or_insert_with(|| Row { versioning: Some(true), ..Row::empty() }))
    })
}

/// From now on the first `times` calls of an operation meet this fate.
fn weather(sandbox: &Sandbox, operation: &'static str, times: usize, fate: Fate) {
    let left = AtomicUsize::new(times);
    sandbox.sim().set_weather(move |call: &Call| {
        let take = |left: usize| left.checked_sub(1);
        let mine = call.operation == operation;
        let met = mine && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok();
        if met { fate.clone() } else { Fate::default() }
    });
}

fn puts(sandbox: &Sandbox) -> usize {
    sandbox.sim().calls().iter().filter(|call| call.operation == "PutObject").count()
}

#[tokio::test(start_paused = true)]
async fn the_contract_of_stores_holds() {
    let (_sandbox, store) = store();
    store_contract(&store).await;
}

#[tokio::test(start_paused = true)]
async fn environments_in_one_bucket_do_not_see_each_other() {
    let (sandbox, dev) = store();
    let other = Place { environment: "dev2".into(), ..place(None) };
    let dev2 = S3Store::over(Aws::for_store(Arc::new(sandbox), REGION), other);
    dev.create("log/1", b"dev").await.unwrap();
    dev2.create("log/2", b"dev2").await.unwrap();
    assert_eq!(dev.list_after("", "").await.unwrap(), ["log/1"]);
    assert_eq!(dev2.list_after("", "").await.unwrap(), ["log/2"]);
    assert_eq!(dev2.get("log/1").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_lost_is_sent_once_and_unknown() {
    let (sandbox, store) = store();
    for seen in [
        Seen::TimedOut,
        Seen::Closed,
        Seen::Reset,
        Seen::Silence,
        Seen::Refused(refuse(500, "InternalError", "We encountered an internal error.")),
    ] {
        let key = format!("log/{seen:?}");
        let before = puts(&sandbox);
        weather(&sandbox, "PutObject", 1, Fate { seen: seen.clone(), ..Fate::default() });
        let outcome = store.create(&key, b"mine").await;
        assert!(matches!(outcome, Err(StoreError::Unknown { .. })), "{seen:?}: {outcome:?}");
        assert_eq!(puts(&sandbox), before + 1, "{seen:?}: the SDK repeats no write");
        // The log asks again with the same bytes, meets its own object, and reads it back.
        assert_eq!(store.create(&key, b"mine").await.unwrap(), PutOutcome::Exists, "{seen:?}");
        assert_eq!(store.get(&key).await.unwrap().unwrap(), b"mine", "{seen:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_is_known_to_have_won_is_tried_again() {
    let (sandbox, store) = store();
    for refusal in [
        refuse(409, "ConditionalRequestConflict", "A conflicting operation occurred during the request."),
        refuse(409, "OperationAborted", "A conflicting conditional operation is currently in progress against this resource."),
        refuse(503, "SlowDown", "Please reduce your request rate."),
        refuse(503, "ServiceUnavailable", "Service is unable to handle request."),
        refuse(400, "RequestTimeout", "Your socket connection to the server was not read from or written to within the timeout period."),
        refuse(403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
        refuse(400, "ExpiredToken", "The provided token has expired."),
    ] {
        let key = format!("log/{}", refusal.code);
        weather(&sandbox, "PutObject", 1, Fate { effect: Effect::Never, seen: Seen::Refused(refusal.clone()), ..Fate::default() });
        let outcome = store.create(&key, b"mine").await;
        assert!(matches!(outcome, Err(StoreError::Unknown { .. })), "{}: {outcome:?}", refusal.code);
        assert_eq!(store.create(&key, b"mine").await.unwrap(), PutOutcome::Created, "{}", refusal.code);
    }
}

/// Counts how often other credentials are asked for.
struct Counting(Sandbox, Arc<AtomicUsize>);

impl Connection for Counting {
    fn wire(&self, region: &str) -> Wire {
        self.0.wire(region)
    }

    fn renew(&self) {
        self.1.fetch_add(1, Ordering::SeqCst);
    }

    fn session(&self) -> Option<Session> {
        self.0.session()
    }
}

#[tokio::test(start_paused = true)]
async fn other_credentials_are_looked_for_where_they_have_run_out_and_only_there() {
    let (sandbox, _) = store();
    let renewed = Arc::new(AtomicUsize::new(0));
    let store = S3Store::over(Aws::for_store(Arc::new(Counting(sandbox.clone(), renewed.clone())), REGION), place(None));
    for (code, count) in [("InvalidAccessKeyId", 0), ("AccessDenied", 0), ("SlowDown", 0), ("ExpiredToken", 1), ("RequestTimeTooSkewed", 2)]
    {
        weather(&sandbox, "PutObject", 1, Fate { effect: Effect::Never, seen: Seen::Refused(refuse(403, code, "")), ..Fate::default() });
        assert!(store.create("log/1", b"x").await.is_err());
        assert_eq!(renewed.load(Ordering::SeqCst), count, "{code}");
    }
    assert_eq!(store.create("log/1", b"x").await.unwrap(), PutOutcome::Created);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_certain_fails_and_says_what_to_do() {
    let (sandbox, store) = store();
    for (refusal, advice) in [
        (refuse(403, "AccessDenied", "Access Denied"), "s3:PutObject"),
        (refuse(404, "NoSuchBucket", "The specified bucket does not exist"), "bbws init dev"),
        (refuse(301, "PermanentRedirect", "must be addressed using the specified endpoint"), "region"),
        (refuse(400, "KMS.DisabledException", "is disabled"), "must be enabled"),
        (refuse(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."), "sign in"),
        (refuse(400, "InvalidRequest", "no"), "InvalidRequest"),
    ] {
        weather(&sandbox, "PutObject", 1, Fate { effect: Effect::Never, seen: Seen::Refused(refusal.clone()), ..Fate::default() });
        match store.create("log/1", b"x").await {
            Err(error @ StoreError::Failed { .. }) => assert!(error.to_string().contains(advice), "{error}"),
            other => panic!("{}: {other:?}", refusal.code),
        }
    }
    assert_eq!(store.get("log/1").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_read_is_repeated_and_a_failed_one_is_no_absence() {
    let (sandbox, store) = store();
    store.create("log/1", b"x").await.unwrap();
    let down = Fate { effect: Effect::Never, seen: Seen::Refused(refuse(503, "SlowDown", "")), ..Fate::default() };
    weather(&sandbox, "GetObject", 2, down.clone());
    assert_eq!(store.get("log/1").await.unwrap().unwrap(), b"x");
    weather(&sandbox, "GetObject", usize::MAX, down.clone());
    assert!(matches!(store.get("log/1").await, Err(StoreError::Unknown { .. })));
    weather(&sandbox, "ListObjectsV2", usize::MAX, down);
    assert!(matches!(store.list_after("log/", "").await, Err(StoreError::Unknown { .. })), "half a list is none");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_of_another_account_is_never_touched() {
    let (sandbox, _) = store();
    let stranger = sandbox.with_account("815856636111");
    let theirs = S3Store::over(Aws::for_store(Arc::new(stranger), REGION), Place { owner: "815856636111".parse().unwrap(), ..place(None) });
    for error in [theirs.create("log/1", b"x").await.map(drop), theirs.get("log/1").await.map(drop), theirs.delete("log/1").await] {
        assert!(matches!(&error, Err(StoreError::Failed { cause, .. }) if cause.contains("815856636111")), "{error:?}");
    }
    // Its own bucket, where another's is expected.
    let mistaken =
        S3Store::over(Aws::for_store(Arc::new(sandbox), REGION), Place { owner: "815856636111".parse().unwrap(), ..place(None) });
    assert!(matches!(mistaken.create("log/1", b"x").await, Err(StoreError::Failed { .. })));
}

#[tokio::test(start_paused = true)]
async fn objects_are_encrypted_as_the_file_says_or_else_as_the_bucket_does() {
    let (sandbox, store) = store();
    tamper(&sandbox, |row| row.encryption.algorithm = "aws:kms".into());
    store.create("log/1", b"x").await.unwrap();
    seen_by(&sandbox, Some(KEY)).create("log/2", b"x").await.unwrap();
    seen_by(&sandbox, Some(KEY)).overwrite("state.json", b"x").await.unwrap();
    let of = |key: &str| {
        let version = tamper(&sandbox, |row| row.objects[key][0].encryption.clone()).unwrap();
        (version.algorithm, version.key, version.bucket_key)
    };
    assert_eq!(of("dev/log/1"), ("aws:kms".into(), None, false));
    for key in ["dev/log/2", "dev/state.json"] {
        assert_eq!(of(key), ("aws:kms".into(), Some(KEY.into()), true), "{key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_can_demand_that_slots_are_only_made() {
    let (sandbox, store) = store();
    let policy = json!({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::dev-state/*/log/*",
        "Condition": {"Null": {"s3:if-none-match": "true"}}}]});
    tamper(&sandbox, |row| row.policy = Some(policy.to_string()));
    assert_eq!(store.create("log/1", b"x").await.unwrap(), PutOutcome::Created);
    assert!(matches!(store.overwrite("log/1", b"y").await, Err(StoreError::Failed { .. })));
    assert_eq!(store.get("log/1").await.unwrap().unwrap(), b"x");
    store.overwrite("state.json", b"y").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn earlier_bytes_come_oldest_first() {
    let (_sandbox, store) = store();
    assert_eq!(store.earlier("state.json").await.unwrap(), Vec::<Vec<u8>>::new());
    for text in ["1", "2", "3"] {
        store.overwrite("state.json", text.as_bytes()).await.unwrap();
        store.overwrite("state.json.other", b"no").await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(store.earlier("state.json").await.unwrap(), [b"1", b"2"]);
    store.delete("state.json").await.unwrap();
    assert_eq!(store.earlier("state.json").await.unwrap(), [b"1", b"2", b"3"], "of what was deleted, all");
    for n in 0..1_100 {
        store.overwrite("many", n.to_string().as_bytes()).await.unwrap();
    }
    let all = store.earlier("many").await.unwrap();
    assert_eq!((all.len(), all[0].as_slice(), all[1_098].as_slice()), (1_099, &b"0"[..], &b"1098"[..]));
}
