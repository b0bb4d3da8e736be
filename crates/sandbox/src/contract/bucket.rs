use std::sync::Arc;

use bbws_aws::{Aws, Told};
use bbws_model::{Class, CloudError};
use serde_json::json;

use super::{ACCOUNT, Bench, REGION, edited};

const KEY: &str = "arn:aws:kms:af-south-1:536580886816:key/k";

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut crate::kinds::bucket::Row));

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"name": "dev-alb-logs", "tags": {"Name": "logs"}});
    let seen = bench.make("bucket.logs", spec.clone()).await;
    assert_eq!(seen.outputs["domain_name"], "dev-alb-logs.s3.af-south-1.amazonaws.com");

    let allow = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::dev-alb-logs/AWSLogs/536580886816/*"}]});
    for edit in [
        json!({"versioning": true}),
        json!({"encryption": {"kms": KEY}}),
        json!({"ownership": "BucketOwnerPreferred"}),
        json!({"policy": allow}),
        json!({"policy": allow, "tls_only": false}),
        json!({"tls_only": false}),
        json!({"lifecycle": {"expire_days": 90, "expire_noncurrent_days": 30}}),
        json!({"lifecycle": {"abort_uploads_days": 0}}),
        json!({"empty_before_delete": true}),
        json!({"tags": {"Team": "web"}}),
        json!({"tags": {}}),
    ] {
        bench.change("bucket.logs", edited(&spec, edit)).await;
    }
    bench.change("bucket.logs", spec.clone()).await;

    let drifts: [Drift; 8] = [
        ("versioning", |row| row.versioning = Some(true)),
        ("encryption", |row| row.encryption.algorithm = "aws:kms:dsse".into()),
        ("ownership", |row| row.ownership = None),
        ("public_access_blocked", |row| row.public_access = Some([true, true, false, true])),
        ("public_access_blocked", |row| row.public_access = None),
        ("tls_only", |row| row.policy = None),
        ("lifecycle", |row| row.lifecycle[0].enabled = false),
        ("tags", |row| row.tags.clear()),
    ];
    for (field, drift) in drifts {
        bench.tamper(|here| drift(here.buckets.get_mut("dev-alb-logs").unwrap()));
        assert_eq!(bench.drift("bucket.logs").await, [field]);
        bench.mend("bucket.logs").await;
    }

    bench.change("bucket.logs", edited(&spec, json!({"empty_before_delete": true}))).await;
    fill(&bench, "dev-alb-logs", 1).await;
    bench.remove("bucket.logs").await;
    bench.assert_permissions("bucket", &["s3:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_stands_in_the_region_it_names() {
    let mut bench = Bench::new();
    let seen = bench.make("bucket.cdn", json!({"name": "dev-cdn-logs", "region": "us-east-1"})).await;
    assert_eq!(seen.outputs["domain_name"], "dev-cdn-logs.s3.us-east-1.amazonaws.com");
    bench.tamper_in("us-east-1", |here| assert!(here.buckets.contains_key("dev-cdn-logs")));

    let elsewhere = bench.find("bucket.cdn", &json!({"name": "dev-cdn-logs"}), None).await.unwrap_err();
    assert_eq!((elsewhere.class, elsewhere.code.as_str()), (Class::Invalid, "PermanentRedirect"));
    bench.remove("bucket.cdn").await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_somebody_has_is_no_absence() {
    let mut bench = Bench::new();
    let other = Aws::new(Arc::new(bench.sandbox.with_account("815856636111")), "us-east-1");
    other.gate().open();
    other.write.s3.create_bucket().bucket("taken").send().await.unwrap();

    let told = bench.find("bucket.logs", &json!({"name": "taken"}), None).await.unwrap_err();
    assert_eq!(told.class, Class::Denied);
    assert!(told.message.contains("belongs to another account"), "{}", told.message);
    let refused = bench.refused_create("bucket.logs", json!({"name": "taken"})).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "BucketAlreadyExists"));
    // us-east-1 alone answers its owner as if the bucket were new, which is why it is looked for before.
    other.write.s3.create_bucket().bucket("taken").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_it_holds_keeps_a_bucket() {
    let mut bench = Bench::new();
    bench.make("bucket.logs", json!({"name": "dev-logs", "versioning": true})).await;
    let s3 = bench.aws.write.s3.clone();
    s3.put_object().bucket("dev-logs").key("a").body(b"1".to_vec().into()).send().await.unwrap();
    s3.delete_object().bucket("dev-logs").key("a").send().await.unwrap();
    let refused = bench.refused_delete("bucket.logs").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "BucketNotEmpty"), "a delete marker and a version are left");
}

/// Writes objects, and takes every third away again.
async fn fill(bench: &Bench, bucket: &str, objects: usize) {
    let s3 = &bench.aws.write.s3;
    for n in 0..objects {
        s3.put_object().bucket(bucket).key(format!("{n:04}")).body(b"line".to_vec().into()).send().await.unwrap();
        if n % 3 == 0 {
            s3.delete_object().bucket(bucket).key(format!("{n:04}")).send().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_is_said_to_be_is_emptied_a_thousand_versions_at_a_time() {
    let mut bench = Bench::trusted();
    bench.make("bucket.logs", json!({"name": "dev-logs", "versioning": true, "empty_before_delete": true})).await;
    bench.make("bucket.other", json!({"name": "dev-other"})).await;
    fill(&bench, "dev-other", 2).await;
    // 1,200 versions and 400 delete markers.
    fill(&bench, "dev-logs", 1200).await;
    let from = bench.aws.calls().count();
    bench.remove("bucket.logs").await;
    let calls: Vec<String> = bench.aws.calls().all()[from..].iter().map(|call| call.operation.clone()).collect();
    let changes: Vec<&str> = calls.iter().map(String::as_str).filter(|call| !bbws_aws::is_read(call)).collect();
    assert_eq!(changes, ["s3:DeleteObjects", "s3:DeleteObjects", "s3:DeleteBucket"]);
    bench.tamper(|here| assert_eq!(here.buckets["dev-other"].objects.len(), 1, "nothing else was touched"));
    assert_eq!(bench.refused_delete("bucket.other").await.code, "BucketNotEmpty");
}

#[tokio::test(start_paused = true)]
async fn versions_are_listed_page_by_page() {
    let mut bench = Bench::new();
    bench.make("bucket.logs", json!({"name": "dev-logs", "versioning": true})).await;
    fill(&bench, "dev-logs", 4).await;
    let (mut told, mut after) = (vec![], (None, None));
    loop {
        let list = bench.aws.read.s3.list_object_versions().bucket("dev-logs").max_keys(1);
        let page = list.set_key_marker(after.0).set_version_id_marker(after.1).send().await.unwrap();
        told.extend(page.versions().iter().map(|one| format!("{} version", one.key().unwrap())));
        told.extend(page.delete_markers().iter().map(|one| format!("{} marker", one.key().unwrap())));
        after = (page.next_key_marker, page.next_version_id_marker);
        if page.is_truncated != Some(true) {
            break;
        }
    }
    assert_eq!(told, ["0000 marker", "0000 version", "0001 version", "0002 version", "0003 marker", "0003 version"]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_opens_the_bucket_is_refused() {
    let mut bench = Bench::new();
    bench.make("bucket.logs", json!({"name": "dev-logs"})).await;
    let policy = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::dev-logs/*"}}"#;
    let refused =
        bench.aws.write.s3.put_bucket_policy().bucket("dev-logs").policy(policy).send().await.told("s3:PutBucketPolicy").unwrap_err();
    assert_eq!(refused.class, Class::Denied);
}

#[tokio::test(start_paused = true)]
async fn objects_are_written_once_read_back_and_listed() {
    let mut bench = Bench::new();
    bench.make("bucket.state", json!({"name": "state", "versioning": true})).await;
    let (read, write) = (bench.aws.read.s3.clone(), bench.aws.write.s3.clone());
    let put = |key: &'static str, body: &'static str| {
        let put = write
            .put_object()
            .bucket("state")
            .key(key)
            .body(body.as_bytes().to_vec().into())
            .if_none_match("*")
            .expected_bucket_owner(ACCOUNT);
        async move { put.send().await.told("s3:PutObject") }
    };
    put("log/1", "one").await.unwrap();
    put("log/2", "two").await.unwrap();
    let again: CloudError = put("log/1", "another").await.unwrap_err();
    assert_eq!((again.class, again.code.as_str()), (Class::Conflict, "PreconditionFailed"));

    let got = read.get_object().bucket("state").key("log/1").send().await.unwrap();
    let tag = got.e_tag().unwrap().to_owned();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"one");
    assert_eq!(read.head_object().bucket("state").key("log/1").send().await.unwrap().e_tag(), Some(tag.as_str()));
    let gone = read.head_object().bucket("state").key("log/9").send().await.told("s3:HeadObject").unwrap_err();
    assert_eq!(gone.class, Class::Absent);

    let page = read.list_objects_v2().bucket("state").prefix("log/").max_keys(1).send().await.unwrap();
    assert_eq!((page.contents()[0].key(), page.is_truncated()), (Some("log/1"), Some(true)));
    let rest =
        read.list_objects_v2().bucket("state").prefix("log/").set_continuation_token(page.next_continuation_token).send().await.unwrap();
    assert_eq!((rest.contents()[0].key(), rest.key_count(), rest.is_truncated()), (Some("log/2"), Some(1), Some(false)));
    let after = read.list_objects_v2().bucket("state").start_after("log/1").send().await.unwrap();
    assert_eq!(after.contents().len(), 1);

    let stale =
        write.put_object().bucket("state").key("log/1").body(b"x".to_vec().into()).if_match("\"old\"").send().await.told("s3:PutObject");
    assert_eq!(stale.unwrap_err().code, "PreconditionFailed");
    write.put_object().bucket("state").key("log/1").body(b"new".to_vec().into()).if_match(tag).send().await.unwrap();
    // A delete marker counts as nothing there; the versions below it stay.
    write.delete_object().bucket("state").key("log/2").send().await.unwrap();
    put("log/2", "two again").await.unwrap();

    let foreign = Aws::new(Arc::new(bench.sandbox.with_account("815856636111")), REGION);
    let refused = foreign.read.s3.get_object().bucket("state").key("log/1").send().await.told("s3:GetObject").unwrap_err();
    assert_eq!(refused.class, Class::Denied);
}
