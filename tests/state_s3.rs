//! States in S3, on servers written by others: the store's contract on both of them, and a cluster's life from its first plan to
//! its removal.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use bbws_aws::{Aws, Mfa, Place as Bucket, Plain, S3Store, Whose, whoami};
use bbws_engine::Store;
use serde_json::json;

use crate::servers::{ACCOUNT, Servers};
use crate::support::{Place, ran};

const BUCKET: &str = "wp-dev-bbws-state";

/// With credentials of its own process: `stores_and_credentials_hold_on_servers_written_by_others` starts it.
#[test]
#[ignore = "it needs a server, which the test beside it starts"]
fn on_the_server_of_the_environment() {
    let place = Bucket {
        bucket: BUCKET.into(),
        owner: ACCOUNT.parse().expect("an account"),
        environment: "dev".into(),
        kms_key: None,
        approvers: vec![],
    };
    let ask = |mfa: &Mfa| Err(format!("{} wants a code", mfa.profile));
    let whose = Whose { profile: None, account: place.owner.clone(), ask: Arc::new(ask) };
    let store = S3Store::new(whose, "af-south-1", place);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        bbws_testkit::store_contract(&store).await;
        let earlier = store.earlier("state.json").await.expect("versions");
        assert_eq!(earlier, [&b"old"[..], b"new, and longer"], "what was overwritten is kept");
    });
}

/// With a profile that wants a code.
#[test]
#[ignore = "it needs a server and a profile, which the test beside it has"]
fn with_a_code_on_the_server_of_the_environment() {
    let ask = |mfa: &Mfa| if mfa.serial.ends_with(":mfa/jo") { Ok("123456".to_owned()) } else { Err(mfa.serial.clone()) };
    let whose = Whose { profile: Some("ops".into()), account: ACCOUNT.parse().expect("an account"), ask: Arc::new(ask) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let aws = Aws::new(Arc::new(Plain::load(whose, "af-south-1").await), "af-south-1");
        assert_eq!(aws.session(), None, "nobody is asked before it must be");
        let caller = whoami(&aws.read).await.expect("a caller");
        assert_eq!(caller.account.as_str(), ACCOUNT);
        assert!(caller.arn.contains("assumed-role/ops"), "{}", caller.arn);
        let session = aws.session().expect("a session that ends");
        assert!(!session.renewable && session.left.as_secs() > 1000, "{session:?}");
        // Refused, it is had anew, and its account is asked for before it is used.
        aws.renew_credentials();
        assert_eq!(whoami(&aws.read).await.expect("a caller").account.as_str(), ACCOUNT);
    });
}

/// Files of AWS's tools with a profile whose role wants a code.
fn profile(place: &Place, name: &str) {
    let text = format!(
        "[profile {name}]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/ops\nsource_profile = jo\nmfa_serial = arn:aws:iam::{ACCOUNT}:mfa/jo\n\n\
         [profile jo]\naws_access_key_id = {ACCOUNT}\naws_secret_access_key = any\n"
    );
    fs::create_dir_all(place.path(".aws")).expect("a folder");
    fs::write(place.path(".aws/config"), text).expect("a file");
}

#[test]
fn a_profile_that_wants_a_code_is_told_where_nobody_can_be_asked() {
    let place = Place::new();
    profile(&place, "Tebogo-dev");
    let told = place.bbws("plan dev").exits(75);
    for part in ["Tebogo-dev", ":mfa/jo", "terminal", "AWS_SESSION_TOKEN"] {
        assert!(told.err.contains(part), "{part} in {}", told.err);
    }
}

#[test]
fn stores_and_credentials_hold_on_servers_written_by_others() {
    let servers = Servers::start();
    for server in ["moto", "ministack"] {
        servers.boto(server, &bucket());
        let mut child = Command::new(std::env::current_exe().expect("this test"));
        child.args(["--exact", "state_s3::on_the_server_of_the_environment", "--ignored"]);
        child.env_clear().env("AWS_ENDPOINT_URL", servers.url(server)).env("AWS_EC2_METADATA_DISABLED", "true");
        let done = ran(child.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "any").output().expect("this test"));
        assert!(done.out.contains("1 passed"), "{server}:\n{}\n{}", done.out, done.err);
    }
    let place = Place::new();
    profile(&place, "ops");
    let mut child = Command::new(std::env::current_exe().expect("this test"));
    child.args(["--exact", "state_s3::with_a_code_on_the_server_of_the_environment", "--ignored"]).env_clear();
    child.env("HOME", place.path("")).env("AWS_ENDPOINT_URL", servers.url("moto")).env("AWS_EC2_METADATA_DISABLED", "true");
    let done = ran(child.output().expect("this test"));
    assert!(done.out.contains("1 passed"), "{}\n{}", done.out, done.err);
}

/// Makes a bucket with versions.
fn bucket() -> String {
    format!(
        "s3.create_bucket(Bucket='{BUCKET}', CreateBucketConfiguration={{'LocationConstraint': 'af-south-1'}})\n\
         s3.put_bucket_versioning(Bucket='{BUCKET}', VersioningConfiguration={{'Status': 'Enabled'}})"
    )
}

/// Removes all versions of a key, and of what is derived from the log.
fn lost(key: &str) -> String {
    format!(
        "keys = ('{key}', 'dev/state.json', 'dev/checkpoints/')\n\
         for v in s3.list_object_versions(Bucket='{BUCKET}').get('Versions', []):\n\
         \x20   if v['Key'].startswith(keys): s3.delete_object(Bucket='{BUCKET}', Key=v['Key'], VersionId=v['VersionId'])"
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
    // With -v the store's calls are told, too.
    let told = servers.bbws(&place, "plan dev --detailed-exitcode -v").exits(0).err;
    for part in ["s3:GetObject  af-south-1  ok 200", "ec2:DescribeVpcs  af-south-1  ok 200"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    assert!(servers.bbws(&place, "state show dev").exits(0).out.contains("vpc.main"));
    assert!(servers.bbws(&place, "output dev vpc_id").exits(0).out.starts_with("vpc-"));
    assert!(!place.path("state").exists(), "nothing is kept on this machine");

    // A slot is lost with all its versions, and all that was folded beyond it. The old log's versions stay in the bucket, and
    // nobody takes them for those of the new one.
    servers.boto("ministack", &lost("dev/log/00000000000000000010.json"));
    let refused = servers.bbws(&place, "plan dev").exits(74);
    assert!(
        refused.err.contains("00000000000000000010.json is damaged") && refused.err.contains("bbws state rebuild dev"),
        "{}",
        refused.err
    );
    servers.bbws(&place, "state rebuild dev --yes").exits(0);
    let verified = servers.bbws(&place, "state verify dev --json").exits(0).json();
    assert_eq!(verified["damage"], json!([]), "{verified}");
    servers.bbws(&place, "plan dev --detailed-exitcode").exits(0);

    servers.bbws(&place, "destroy dev --confirm wp-dev-cluster").exits(0);
    let kept = servers.boto("ministack", &format!("print(*[o['Key'] for o in s3.list_objects_v2(Bucket='{BUCKET}')['Contents']])"));
    for key in
        ["/log/00000000000000000001.json", "dev/lost/claims/", "dev/checkpoints/", "dev/state.json", "dev/outputs.json", "dev/backups/"]
    {
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
