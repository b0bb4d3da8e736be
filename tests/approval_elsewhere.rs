//! An approval that was given in the simulation, put to where the state of the same environment stands in S3, on a server written by
//! others: it counts for nothing there.

use std::fs;

use serde_json::{Value, json};

use crate::servers::Servers;
use crate::support::{Place, Ran, edited, ran};

const PROD: &str = "093646564004";
const BUCKET: &str = "wp-prod-bbws-state-093646564004";

/// The binary towards the proxy, with credentials of production's account.
fn bbws(servers: &Servers, place: &Place, line: &str) -> Ran {
    let mut command = place.command(line.split_whitespace());
    servers.lead(&mut command);
    ran(command.env("AWS_ACCESS_KEY_ID", PROD).output().expect("the binary runs"))
}

fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_approval_of_the_simulation_counts_for_nothing_elsewhere() {
    let (servers, place) = (Servers::start(), Place::new());
    let mut text = place.file("prod");
    for zone in ["wpdev", "wpsit"] {
        let servers = format!("name_servers = [\"ns-1.{zone}.example.com\", \"ns-2.{zone}.example.com\"]");
        let section = format!("dns.delegations.{zone}");
        text = edited(&text, &[(&section, "-from_environment"), (&section, &servers)]);
    }
    // No key: the weaker fence, which stands on the bucket's policy.
    text = edited(&text, &[("+", &format!("[approval]\nroles = [\"arn:aws:iam::{PROD}:role/approver\"]"))]);
    place.write("prod", &text);
    // In the simulation, with its own state: planned by one, approved by another.
    let (played, real) = (place.path("sandbox.plan"), place.path("real.plan"));
    place.bbws(&format!("plan prod -o {} --sandbox --sandbox-principal deployer", played.display())).exits(0);
    place.bbws(&format!("approve prod {} --sandbox --sandbox-principal approver --yes", played.display())).exits(0);
    let folder = fs::read_dir(place.path("state/sandbox/prod/approvals")).expect("approvals").next().expect("one").expect("a folder");
    let given: Value = serde_json::from_slice(&fs::read(folder.path().join("0001.json")).expect("an approval")).expect("JSON");

    // The same environment where its state stands in its bucket.
    servers.boto("proxy", &format!(
        "boto3.client('route53', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='{PROD}', aws_secret_access_key='any')\
         .create_hosted_zone(Name='kimmyai.io', CallerReference='1')"
    ));
    bbws(&servers, &place, "init prod --yes").exits(0);
    let told = bbws(&servers, &place, &format!("plan prod -o {}", real.display())).exits(0);
    assert!(unbroken(&told.err).contains("Somebody else approves it: bbws approve prod --env-dir"), "{}", told.err);
    let plan: Value = serde_json::from_slice(&fs::read(&real).expect("a plan")).expect("JSON");
    let digest = plan["digest"].as_str().expect("a digest").to_owned();
    let refused = |approval: &Value| {
        fs::write(place.path("approval.json"), approval.to_string()).expect("a file");
        let body = place.path("approval.json");
        servers.boto(
            "ministack",
            &format!(
                "boto3.client('s3', endpoint_url=sys.argv[1], region_name='af-south-1', aws_access_key_id='{PROD}', aws_secret_access_key='any')\
                 .put_object(Bucket='{BUCKET}', Key='prod/approvals/{digest}/0001.json', Body=open('{}','rb').read())",
                body.display()
            ),
        );
        let ran = bbws(&servers, &place, &format!("apply prod {} --yes", real.display())).exits(3);
        assert!(unbroken(&ran.err).contains("NO APPROVAL COUNTS"), "{}", ran.err);
        unbroken(&ran.err)
    };
    let told = refused(&given);
    assert!(told.contains("it was given in the world `sandbox`, and counts for nothing in `endpoint"), "{told}");
    // It is the world that is refused first: with that put right it is of another plan's state still.
    let mut forged = given.clone();
    forged["statement"]["world"] = json!(plan["basis"]["world"]);
    let told = refused(&forged);
    assert!(!told.contains("in the world") && told.contains("it is of the state"), "{told}");
    // One that was deleted is not one that was never given: the bucket keeps what stood there.
    servers.boto(
        "ministack",
        &format!(
            "boto3.client('s3', endpoint_url=sys.argv[1], region_name='af-south-1', aws_access_key_id='{PROD}', aws_secret_access_key='any')\
             .delete_object(Bucket='{BUCKET}', Key='prod/approvals/{digest}/0001.json')"
        ),
    );
    let told = unbroken(&bbws(&servers, &place, &format!("apply prod {} --yes", real.display())).exits(3).err);
    assert!(told.contains("NO APPROVAL COUNTS") && told.contains("it was removed from the store after it was given"), "{told}");
    assert!(bbws(&servers, &place, "state list prod").exits(1).err.contains("no state yet"), "nothing was changed");
}
