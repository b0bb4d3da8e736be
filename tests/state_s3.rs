//! States in S3, on servers written by others: the store's contract on both of them, and a cluster's life from its first plan to
//! its removal.

use std::process::Command;

use bbws_aws::{Place as Bucket, S3Store};
use serde_json::json;

use crate::servers::{ACCOUNT, Servers};
use crate::support::{Place, ran};

const BUCKET: &str = "wp-dev-bbws-state";

/// With credentials of its own process: `the_contract_of_stores_holds_on_servers_written_by_others` starts it.
#[test]
#[ignore = "it needs a server, which the test beside it starts"]
fn on_the_server_of_the_environment() {
    let place = Bucket { bucket: BUCKET.into(), owner: ACCOUNT.parse().expect("an account"), environment: "dev".into(), kms_key: None };
    let store = S3Store::new(None, "af-south-1", place);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        bbws_testkit::store_contract(&store).await;
        let earlier = store.earlier("state.json").await.expect("versions");
        assert_eq!(earlier, [&b"old"[..], b"new, and longer"], "what was overwritten is kept");
    });
}

#[test]
fn the_contract_of_stores_holds_on_servers_written_by_others() {
    let servers = Servers::start();
    for server in ["moto", "ministack"] {
        servers.boto(server, &bucket());
        let mut child = Command::new(std::env::current_exe().expect("this test"));
        child.args(["--exact", "state_s3::on_the_server_of_the_environment", "--ignored"]);
        child.env_clear().env("AWS_ENDPOINT_URL", servers.url(server)).env("AWS_EC2_METADATA_DISABLED", "true");
        let done = ran(child.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "any").output().expect("this test"));
        assert!(done.out.contains("1 passed"), "{server}:\n{}\n{}", done.out, done.err);
    }
}

/// Makes a bucket with versions.
fn bucket() -> String {
    format!(
        "s3.create_bucket(Bucket='{BUCKET}', CreateBucketConfiguration={{'LocationConstraint': 'af-south-1'}})\n\
         s3.put_bucket_versioning(Bucket='{BUCKET}', VersioningConfiguration={{'Status': 'Enabled'}})"
    )
}

#[test]
fn a_cluster_lives_with_its_state_in_s3() {
    let (servers, place) = (Servers::start(), Place::new());
    place.edit("dev", "backend = \"local\"", &format!("backend = \"s3\"\nbucket = \"{BUCKET}\""));
    servers.bbws(&place, "validate dev").exits(0);

    let missing = servers.bbws(&place, "plan dev").exits(1);
    assert!(missing.err.contains("bbws init dev"), "{}", missing.err);

    let unasked = servers.bbws(&place, "init dev").exits(3);
    assert!(unasked.err.contains("--yes"), "{}", unasked.err);
    servers.bbws(&place, "plan dev").exits(1);
    let made = servers.bbws(&place, "init dev --yes --json").exits(0).json();
    assert_eq!((&made["conditional_writes"], &made["made"][0]), (&json!(true), &json!("bucket")), "{made}");
    let again = servers.bbws(&place, "init dev --json").exits(0).json();
    assert_eq!(again["made"], json!([]), "made once, nothing lacks");
    let none = servers.bbws(&place, "state list dev").exits(1);
    assert!(none.err.contains(&format!("s3://{BUCKET}/dev")), "{}", none.err);
    servers.bbws(&place, "plan dev --detailed-exitcode").exits(2);
    servers.bbws(&place, "apply dev --yes").exits(0);
    servers.bbws(&place, "plan dev --detailed-exitcode").exits(0);
    assert!(servers.bbws(&place, "state show dev").exits(0).out.contains("vpc.main"));
    assert!(servers.bbws(&place, "output dev vpc_id").exits(0).out.starts_with("vpc-"));
    assert!(!place.path("state").exists(), "nothing is kept on this machine");

    servers.bbws(&place, "destroy dev --confirm wp-dev-cluster").exits(0);
    let kept = servers.boto("ministack", &format!("print(*[o['Key'] for o in s3.list_objects_v2(Bucket='{BUCKET}')['Contents']])"));
    for key in ["dev/log/00000000000000000001.json", "dev/state.json", "dev/outputs.json", "dev/backups/"] {
        assert!(kept.contains(key), "{key} in {kept}");
    }

    let wrong: Vec<String> = servers
        .requests()
        .iter()
        .filter(|request| !(request["invalid"].is_null() && request["broken"].is_null()) || request["status"].as_u64() >= Some(500))
        .map(ToString::to_string)
        .collect();
    assert!(wrong.is_empty(), "requests that AWS's models do not allow, or that a server has not:\n{}", wrong.join("\n"));
}
