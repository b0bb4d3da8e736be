//! The policies that `bbws iam` prints: enough for all of a cluster's life, and what is missing is named.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::servers::{ACCOUNT, OPTIONS, RULE, interpreter, python};
use crate::support::{Place, Ran, ran};

/// Writes the policies of dev into a folder, and answers the options that hold a command to them.
fn policies(place: &Place, purpose: &str, folder: &str) -> String {
    let path = place.path(folder);
    place.bbws(&format!("iam dev --sandbox {purpose} -o {}", path.display())).exits(0);
    held(&path)
}

/// The options that hold a command to the policies in a folder.
fn held(folder: &std::path::Path) -> String {
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.iter().map(|file| format!(" --sandbox-policy {}", file.display())).collect()
}

/// The same policies without some actions.
fn without(place: &Place, missing: &[&str]) -> String {
    let (from, to) = (place.path("whole"), place.path("lacking"));
    let _ = fs::remove_dir_all(&to);
    fs::create_dir(&to).expect("a folder");
    for file in fs::read_dir(from).expect("a folder") {
        let file = file.expect("a file");
        let mut policy: Value = serde_json::from_slice(&fs::read(file.path()).expect("a file")).expect("JSON");
        for statement in policy["Statement"].as_array_mut().expect("statements") {
            let mut actions = match statement["Action"].take() {
                Value::Array(all) => all,
                one => vec![one],
            };
            actions.retain(|one| !missing.iter().any(|action| one == action));
            statement["Action"] = json!(actions);
        }
        fs::write(to.join(file.file_name()), policy.to_string()).expect("a file");
    }
    held(&to)
}

/// The calls that were refused as denied.
fn denied(place: &Place) -> Vec<String> {
    let calls = place.bbws("sandbox calls --json").exits(0);
    let calls: Vec<Value> = calls
        .out
        .lines()
        .flat_map(|line| match serde_json::from_str(line).expect("JSON") {
            Value::Array(all) => all,
            one => vec![one],
        })
        .collect();
    let denied = |call: &&Value| {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"].iter().any(|code| call["outcome"] == *code)
    };
    assert!(!calls.is_empty());
    calls.iter().filter(denied).map(|call| format!("{} {}", call["service"], call["operation"])).collect()
}

#[test]
fn the_printed_policies_are_enough_for_all_of_a_clusters_life() {
    let place = Place::new();
    for (from, to) in OPTIONS {
        place.edit("dev", from, to);
    }
    place.edit("dev", "dashboard = false", "dashboard = true");
    place.write("dev", &(place.file("dev") + RULE));
    // Before anything is there.
    let allowed = policies(&place, "", "first");
    place.bbws(&format!("apply dev --sandbox --yes{allowed}")).exits(0);

    // Now the mark is known, and so are the ids.
    let narrower = policies(&place, "", "whole");
    assert!(fs::read_to_string(place.path("whole/bbws-dev-apply-1.json")).expect("a policy").contains("vpc/vpc-"));
    place.edit("dev", "ManagedBy = \"bbws\"\n", "ManagedBy = \"bbws\"\nTeam = \"hosting\"\n");
    place.edit("dev", "idle_timeout         = 60 ", "idle_timeout         = 90 ");
    place.edit("dev", "max_connections = 60", "max_connections = 61");
    place.edit("dev", "class               = \"db.t3.small\"", "class               = \"db.t3.micro\"");
    place.bbws(&format!("apply dev --sandbox --yes{narrower}")).exits(0);

    // Whoever may plan may plan, and no more.
    let looking = policies(&place, "--plan", "looking");
    place.bbws(&format!("plan dev --sandbox --detailed-exitcode{looking}")).exits(0);
    place.bbws(&format!("plan dev --sandbox --destroy{looking}")).exits(0);
    assert_eq!(denied(&place), Vec::<String>::new());
    place.edit("dev", "max_connections = 61", "max_connections = 62");
    let refused = place.bbws(&format!("apply dev --sandbox --yes{looking}")).exits(1);
    assert!(refused.out.contains("rds:ModifyDBParameterGroup"), "{}", refused.out);
    assert_eq!(denied(&place), ["\"RDS\" \"ModifyDBParameterGroup\""]);

    place.bbws(&format!("destroy dev --sandbox --confirm wp-dev-cluster{narrower}")).exits(0);
    assert_eq!(denied(&place).len(), 1, "nothing more was denied");
}

/// What is told of a denial names the action, whatever the call was that lacks it, and the statement to add. With it the same
/// command goes on from where it stopped.
#[test]
fn what_is_missing_is_named_and_the_run_goes_on_once_it_is_there() {
    let place = Place::new();
    let whole = policies(&place, "", "whole");
    let named = |ran: &Ran, action: &str| {
        // Lines are broken to a width.
        let told: String = (ran.out.clone() + &ran.err).split_whitespace().collect();
        assert!(told.contains(&format!("Allow{action}to")), "{action}:\n{}\n{}", ran.out, ran.err);
        assert!(told.contains(&format!("\"Action\":\"{action}\"")), "{action}:\n{}\n{}", ran.out, ran.err);
    };
    // To tag on create, to pass a role, a setting, and a create: four steps that do not wait for each other.
    let missing = ["ec2:CreateTags", "iam:PassRole", "s3:PutBucketPolicy", "elasticfilesystem:CreateFileSystem"];
    let ran = place.bbws(&format!("apply dev --sandbox --yes{}", without(&place, &missing))).exits(1);
    for action in missing {
        named(&ran, action);
    }
    println!("{}", ran.out);
    // The look ahead has said so before anything was done, and named exactly those.
    let warned: Vec<&str> = ran.out.lines().filter_map(|line| line.strip_prefix("Warning: the caller may not do ")).collect();
    let mut warned: Vec<&str> = warned.iter().flat_map(|line| line.split(", ")).collect();
    warned.sort_unstable();
    let mut sorted = missing;
    sorted.sort_unstable();
    assert_eq!(warned, sorted);
    let ran = place.bbws(&format!("plan dev --sandbox{}", without(&place, &["logs:DescribeLogGroups"]))).exits(1);
    assert!(ran.err.contains("not authorized to perform: logs:DescribeLogGroups"), "{}", ran.err);
    place.bbws(&format!("apply dev --sandbox --yes{whole}")).exits(0);
}

/// What is certain to fail stops an apply before anything is changed, and before anybody is asked; what cannot be looked at is said.
#[test]
fn what_is_certain_to_fail_is_known_beforehand() {
    let place = Place::new();
    let calls = |ran: &Ran| ran.out.lines().find_map(|line| line.strip_prefix("Looked ahead (")).map(str::to_owned);
    place.edit("dev", "class               = \"db.t3.micro\"", "class               = \"db.t1.micro\"");
    let ran = place.bbws("apply dev --sandbox --yes").exits(1);
    assert!(ran.err.contains("would fail; nothing was changed") && ran.err.contains("db.t1.micro cannot be had"), "{}", ran.err);
    place.edit("dev", "class               = \"db.t1.micro\"", "class               = \"db.t3.micro\"");
    // Somebody else has used up the addresses.
    place.tamper(|cloud| cloud.set_quota("536580886816", "af-south-1", "L-0263D0A3", 0.0));
    let ran = place.bbws("apply dev --sandbox --yes").exits(1);
    assert!(ran.err.contains("Elastic IPs of the region") && ran.err.contains("0 of 0 are used"), "{}", ran.err);
    assert!(ran.err.contains("ec2/quotas/L-0263D0A3"), "{}", ran.err);
    assert!(place.bbws("state list dev --sandbox").code != 0, "nothing is recorded");
    place.tamper(|cloud| cloud.set_quota("536580886816", "af-south-1", "L-0263D0A3", 5.0));
    // Without the rights to look, it is said, and goes on.
    policies(&place, "", "whole");
    let held = without(&place, &["servicequotas:GetServiceQuota", "iam:SimulatePrincipalPolicy"]);
    let ran = place.bbws(&format!("apply dev --sandbox --yes{held}")).exits(0);
    assert!(ran.out.contains("not known beforehand: the quota of VPCs") && ran.out.contains("the caller's permissions"), "{}", ran.out);
    // A plan that makes nothing new asks for the caller's rights, and for no more.
    place.edit("dev", "idle_timeout         = 60 ", "idle_timeout         = 90 ");
    let ran = place.bbws("apply dev --sandbox --yes").exits(0);
    assert_eq!(calls(&ran).as_deref(), Some("a call): nothing is known that would stop it."), "{}", ran.out);
    let ran = place.bbws("apply dev --sandbox --yes").exits(0);
    assert_eq!(calls(&ran), None, "nothing to do, nothing to ask");
}

/// What is denied, and the resource whose making needs it; whatever names none is a read that any plan needs.
const SAMPLED: [(&str, &str); 20] = [
    ("acm:ListCertificates", ""),
    ("acm:RequestCertificate", "certificate.cdn"),
    ("ec2:AllocateAddress", "elastic-ip.nat-a"),
    ("ec2:CreateVpc", "vpc.main"),
    ("ec2:DescribeVpcs", ""),
    ("ecs:CreateCluster", "ecs-cluster.main"),
    ("ecs:DescribeClusters", ""),
    ("elasticfilesystem:CreateFileSystem", "file-system.main"),
    ("elasticfilesystem:DescribeFileSystems", ""),
    ("iam:CreateRole", "role.ecs-task"),
    ("iam:GetRole", ""),
    ("logs:CreateLogGroup", "log-group.ecs"),
    ("logs:DescribeLogGroups", ""),
    ("rds:CreateDBParameterGroup", "db-parameter-group.main"),
    ("s3:CreateBucket", "bucket.cdn-logs"),
    ("secretsmanager:CreateSecret", "secret.rds"),
    ("secretsmanager:DescribeSecret", ""),
    ("sns:CreateTopic", "topic.alarms"),
    ("sns:ListTopics", ""),
    // The last one: what it stands on is made, and then belongs to a state that the others do not know.
    ("iam:PutRolePolicy", "role-policy.ecs-task"),
];

/// A server written by others, which enforces IAM: each caller may do all but one thing, and is told exactly that.
#[test]
fn what_a_server_that_enforces_iam_denies_is_named() {
    let (python_of, folder) = (interpreter(), tempfile::tempdir().expect("a folder"));
    let mut command = python(&python_of, "denied.py");
    command.arg(folder.path()).arg(ACCOUNT).args(SAMPLED.map(|(action, _)| action));
    let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    let told: Value = serde_json::from_str(&line).expect("JSON");
    let mut wrong = String::new();
    for (action, target) in SAMPLED {
        let place = Place::new();
        let line = if target.is_empty() { "plan dev".to_owned() } else { format!("apply dev --yes --target {target}") };
        let mut command = place.command(line.split_whitespace());
        let key = |at: usize| told["keys"][action][at].as_str().expect("a key");
        command.env("AWS_ENDPOINT_URL", told["url"].as_str().expect("a URL"));
        command.env("AWS_ACCESS_KEY_ID", key(0)).env("AWS_SECRET_ACCESS_KEY", key(1));
        let ran = ran(command.output().expect("the binary runs"));
        let shown: String = (ran.out.clone() + &ran.err).split_whitespace().collect();
        // Of a look it is told what AWS said; of a step also what to do.
        let says = ["notauthorizedtoperform:", "notauthorizedtoperform", "Allow"].map(|says| format!("{says}{action}"));
        if ran.code != 1 || !says.iter().any(|says| shown.to_lowercase().contains(&says.to_lowercase())) {
            wrong += &format!("{action}: exit {}\n{}\n{}\n", ran.code, ran.out, ran.err);
        }
    }
    drop(server.stdin.take());
    let _ = server.wait();
    assert!(wrong.is_empty(), "{wrong}");
}
