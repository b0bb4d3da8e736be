//! The policies that `bbws iam` prints: enough for all of a cluster's life, and what is missing is named.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::Arc;

use bbws_aws::{Aws, INIT_ACTIONS, STORE_ACTIONS, Setting, Vault, iam_action, iam_prefix};
use bbws_engine::{PutOutcome, Store};
use bbws_operate::iam::{Ground, Policies, Purpose, StatePlace, policies as made_for};
use bbws_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::servers::{ACCOUNT, OPTIONS, RULE, interpreter, python};
use crate::support::{Place, Ran, ran};

/// Writes the policies of dev into a folder, and answers the options that hold a command to them.
pub(crate) fn policies(place: &Place, purpose: &str, folder: &str) -> String {
    policies_of(place, "dev", purpose, folder)
}

fn policies_of(place: &Place, environment: &str, purpose: &str, folder: &str) -> String {
    let path = place.path(folder);
    place.bbws(&format!("iam {environment} --sandbox {purpose} -o {}", path.display())).exits(0);
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
    without_of(place, "whole", missing)
}

pub(crate) fn without_of(place: &Place, folder: &str, missing: &[&str]) -> String {
    let (from, to) = (place.path(folder), place.path("lacking"));
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

/// The calls that were answered so far.
pub(crate) fn calls(place: &Place) -> Vec<Value> {
    let calls = place.bbws("sandbox calls --json").exits(0);
    let lists = calls.out.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    lists.flat_map(|list| if let Value::Array(all) = list { all } else { vec![list] }).collect()
}

/// The actions of the calls made since so many, but for the one that everybody may.
pub(crate) fn made_since(place: &Place, before: usize) -> BTreeSet<String> {
    let text = |call: &Value, part: &str| call[part].as_str().expect("a text").to_owned();
    let action = |call: &Value| iam_action(&format!("{}:{}", iam_prefix(&text(call, "service")), text(call, "operation"))).to_owned();
    calls(place)[before..].iter().map(action).filter(|action| action != "sts:GetCallerIdentity").collect()
}

/// The actions that the policies in a folder allow, but for those of optional looks.
pub(crate) fn allowed(place: &Place, folder: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for file in fs::read_dir(place.path(folder)).expect("a folder") {
        let policy: Value = serde_json::from_slice(&fs::read(file.expect("a file").path()).expect("a file")).expect("JSON");
        for statement in policy["Statement"].as_array().expect("statements") {
            if !statement["Sid"].as_str().expect("a name").starts_with("Optional") {
                all.extend(listed(&statement["Action"]));
            }
        }
    }
    all
}

fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().map(|one| one.as_str().expect("a text").to_owned()).collect(),
        one => vec![one.as_str().expect("a text").to_owned()],
    }
}

/// The calls that were refused as denied.
fn denied(place: &Place) -> Vec<String> {
    let calls = calls(place);
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

/// A command under a policy that lacks one action, one at a time over all of them: it ends, and names exactly that one.
fn each_lacking(place: &Place, folder: &str, run: impl Fn(&str) -> Ran) {
    for action in allowed(place, folder) {
        let ran = run(&without_of(place, folder, &[&action]));
        let told: String = (ran.out.clone() + &ran.err).split_whitespace().collect::<String>().to_lowercase();
        let named = told.contains(&format!("notauthorizedtoperform:{}", action.to_lowercase()));
        assert!(ran.code != 0 && named, "{action}: exit {}\n{}\n{}", ran.code, ran.out, ran.err);
    }
}

/// Each task has a policy of its own: the command works under it, and calls all that it allows.
#[test]
fn each_task_has_a_policy_that_is_enough_and_no_more() {
    let place = Place::new();
    for (from, to) in OPTIONS {
        place.edit("dev", from, to);
    }
    place.write("dev", &(place.file("dev") + RULE));
    place.bbws("apply dev --sandbox --yes").exits(0);
    let before = place.state("dev");
    let lacking = std::cell::Cell::new(0);
    let under = |task: &str, line: &str| {
        let held = policies(&place, &format!("--for {task}"), task);
        let before = calls(&place).len();
        let ran = place.bbws(&format!("{line}{held}")).exits(0);
        assert_eq!(denied(&place).len(), lacking.get(), "{task}: {}\n{}", ran.out, ran.err);
        made_since(&place, before)
    };
    assert_eq!(under("orphans", "state orphans dev --sandbox"), allowed(&place, "orphans"));
    each_lacking(&place, "orphans", |held| place.bbws(&format!("state orphans dev --sandbox{held}")));
    lacking.set(denied(&place).len());
    assert_eq!(under("cost", "cost dev --refresh --sandbox"), allowed(&place, "cost"));
    // Not all that a kind may be asked is asked in each look.
    let drift = under("drift", "drift dev --sandbox");
    let optional = BTreeSet::from(["cloudtrail:LookupEvents".to_owned()]);
    assert!(drift.iter().all(|action| allowed(&place, "drift").contains(action) || optional.contains(action)), "{drift:?}");

    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    under("rebuild", "state rebuild dev --sandbox --yes");
    assert_eq!(place.state("dev")["outputs"], before["outputs"]);

    // Somebody else made it: it gets our mark, and nothing else is changed.
    let state: Vec<String> = before["entries"].as_object().expect("entries").keys().cloned().collect();
    place.change_cloud(crate::import::unmark);
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    let import = under("import", "import dev --discover --sandbox --yes");
    let taken: BTreeSet<String> = place.state("dev")["entries"].as_object().expect("entries").keys().cloned().collect();
    println!("taken by their names: {} of {}", taken.len(), state.len());
    // The rest, as far as something of each service stands on it, is taken one by one.
    let entries = before["entries"].as_object().expect("entries");
    let alarm = state.iter().find(|address| address.starts_with("metric-alarm.")).expect("an alarm").as_str();
    let (mut wanted, mut order) = (vec![alarm, "distribution.main", "file-system.main", "load-balancer.main"], vec![]);
    while let Some(address) = wanted.pop() {
        order.retain(|one| *one != address);
        order.push(address);
        wanted.extend(entries[address]["dependencies"].as_array().expect("a list").iter().filter_map(Value::as_str));
    }
    let before_these = calls(&place).len();
    let held = policies(&place, "--for import", "import");
    for address in order.iter().rev().filter(|address| !taken.contains(**address)) {
        let id = entries[*address]["id"].as_str().expect("an id");
        place.bbws(&format!("import dev {address} {id} --sandbox --yes{held}")).exits(0);
    }
    let import: BTreeSet<String> = import.into_iter().chain(made_since(&place, before_these)).collect();
    // Each kind's tags were given by its own call, and by none that was not printed.
    let changing =
        |all: &BTreeSet<String>| -> BTreeSet<String> { all.iter().filter(|action| !bbws_aws::is_read(action)).cloned().collect() };
    assert_eq!(changing(&import), changing(&allowed(&place, "import")));
}

/// Whoever approves signs and cannot apply; whoever applies verifies and cannot sign.
#[test]
fn the_policies_of_production_divide_those_who_approve_from_those_who_apply() {
    let place = crate::approvals::production();
    let plan = crate::approvals::planned(&place, "prod.plan", 60, "");
    let approver = policies_of(&place, "prod", "--for approve", "approve");
    let applier = policies_of(&place, "prod", "--for apply", "apply");
    let by = |who: &str, line: &str, held: &str| {
        place.bbws(&format!("{line} {} --yes --sandbox --sandbox-principal {who}{held}", plan.display()))
    };
    let told = by("approver", "approve prod", &applier).exits(1);
    assert!(told.err.contains("kms:"), "{}", told.err);
    each_lacking(&place, "approve", |held| by("approver", "approve prod", held));
    let before = calls(&place).len();
    by("approver", "approve prod", &approver).exits(0);
    assert_eq!(made_since(&place, before), allowed(&place, "approve"));
    assert_eq!(made_since(&place, before), ["kms:DescribeKey", "kms:Sign"].map(str::to_owned).into());
    let refused = by("deployer", "apply prod", &approver);
    assert!(refused.code != 0, "{}", refused.out);
    let refused = by("deployer", "apply prod", &without_of(&place, "apply", &["kms:Verify"]));
    assert!(refused.code != 0 && refused.err.contains("perform: kms:Verify"), "{}", refused.err);
    let before = calls(&place).len();
    by("deployer", "apply prod", &applier).exits(0);
    let made = made_since(&place, before);
    assert!(made.contains("kms:Verify") && !made.contains("kms:Sign"), "{made:?}");
}

/// Makes the bucket, and does in it all that a store does.
async fn used(vault: &Vault) -> Result<(), String> {
    vault.open_gate();
    while let Some(setting) = vault.look().await.map_err(|error| error.to_string())?.missing.first().copied() {
        vault.make(setting).await.map_err(|error| error.to_string())?;
    }
    let (store, told) = (vault.store(), |error: bbws_engine::StoreError| error.to_string());
    store.overwrite("state.json", b"1").await.map_err(told)?;
    store.overwrite("state.json", b"2").await.map_err(told)?;
    store.get("state.json").await.map_err(told)?;
    store.list_after("", "").await.map_err(told)?;
    store.earlier("state.json").await.map_err(told)?;
    store.delete("state.json").await.map_err(told)
}

/// The bucket of a state is made under the policy for that; an approver writes approvals there, once each, and nothing else.
#[test]
fn the_bucket_of_a_state_is_made_and_written_under_its_policies() {
    const ACCOUNT: &str = "093646564004";
    let kinds = bbws_kinds::all();
    let ground = Ground {
        environment: "prod".into(),
        account: ACCOUNT.parse().expect("an account"),
        region: "af-south-1".into(),
        lineage: None,
        state: Some(StatePlace { bucket: "states".into(), region: "af-south-1".into(), key: None, others: BTreeSet::new() }),
        approval_key: None,
        audit_group: None,
        fenced: true,
        resources: vec![],
    };
    let actions = |made: &Policies| -> BTreeSet<String> {
        let statements = made.documents.iter().flat_map(|one| one.policy["Statement"].as_array().expect("statements"));
        statements.flat_map(|one| listed(&one["Action"])).collect()
    };
    let init = made_for(&ground, &kinds, Purpose::Init);
    let needed = INIT_ACTIONS.iter().chain(&STORE_ACTIONS).filter(|action| **action != "sts:GetCallerIdentity");
    assert_eq!(
        actions(&init),
        needed.map(|action| (*action).to_owned()).collect(),
        "told and made: a test in the sandbox compares the calls"
    );

    let sandbox = Sandbox::in_memory(ACCOUNT);
    let hold = |made: &Policies| sandbox.sim().allow_only(made.documents.iter().map(|one| one.policy.clone()).collect());
    let place = bbws_aws::Place {
        bucket: "states".into(),
        owner: ACCOUNT.parse().expect("an account"),
        environment: "prod".into(),
        kms_key: None,
        approvers: vec![],
    };
    let vault = Vault::over(Aws::for_store(Arc::new(sandbox.clone()), "af-south-1"), place.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        hold(&init);
        vault.open_gate();
        while let Some(setting) = vault.look().await.expect("a look").missing.first().copied() {
            vault.make(setting).await.unwrap_or_else(|error| panic!("{}: {error}", setting.name()));
        }
        assert!(Setting::ALL.len() > 5);
        let store = vault.store();
        bbws_testkit::store_contract(&store).await;

        hold(&made_for(&ground, &kinds, Purpose::Approve));
        vault.look().await.expect("whoever approves sees whether the bucket fences approvals");
        assert_eq!(store.create("approvals/a/0001.json", b"{}").await.expect("an approval"), PutOutcome::Created);
        store.list_after("approvals/", "").await.expect("a list");
        assert!(store.overwrite("approvals/a/0001.json", b"{ }").await.is_err(), "made once");
        assert!(store.create("log/00000000000000000099.json", b"{}").await.is_err(), "nothing else is written");
        assert!(store.delete("approvals/a/0001.json").await.is_err());
        assert!(vault.make(Setting::Policy).await.is_err());

        // Whatever lacks of the first one is named, in the making or in the use.
        let mut unneeded = BTreeSet::new();
        for action in actions(&init) {
            let sandbox = Sandbox::in_memory(ACCOUNT);
            let lacks = json!({"Statement": [
                {"Effect": "Allow", "Action": "*", "Resource": "*"}, {"Effect": "Deny", "Action": action, "Resource": "*"}]});
            sandbox.sim().allow_only(vec![lacks]);
            let vault = Vault::over(Aws::for_store(Arc::new(sandbox), "af-south-1"), place.clone());
            match used(&vault).await {
                Ok(()) => drop(unneeded.insert(action)),
                Err(told) => assert!(told.contains(&action), "{action}: {told}"),
            }
        }
        // AWS gives a new bucket these by itself.
        assert_eq!(unneeded, ["s3:PutBucketOwnershipControls", "s3:PutBucketPublicAccessBlock"].map(str::to_owned).into());

        hold(&made_for(&ground, &kinds, Purpose::Plan));
        store.get("approvals/a/0001.json").await.expect("whoever plans reads");
        assert!(store.create("approvals/a/0002.json", b"{}").await.is_err());
    });
}

/// What is certain to fail stops an apply before anything is changed, and before anybody is asked; what cannot be looked at is said.
#[test]
fn what_is_certain_to_fail_is_known_beforehand() {
    let place = Place::new();
    let calls = |ran: &Ran| ran.out.lines().find_map(|line| line.strip_prefix("Looked ahead (")).map(str::to_owned);
    place.edit("dev", "class               = \"db.t3.micro\"", "class               = \"db.t1.micro\"");
    let ran = place.bbws("apply dev --sandbox --yes").exits(1);
    assert!(ran.err.contains("would fail; nothing was changed") && ran.err.contains("db.t1.micro cannot be had"), "{}", ran.err);
    // A plan says so too, and does not say how to apply it.
    let file = place.path("dev.plan");
    let plan = place.bbws(&format!("plan dev --sandbox -o {}", file.display())).exits(0);
    assert!(plan.out.contains("Error: ") && plan.out.contains("db.t1.micro cannot be had"), "{}", plan.out);
    assert!(plan.out.contains("not known, without a price for rds.instance.db.t1.micro"), "{}", plan.out);
    assert!(plan.err.contains("It would fail") && !plan.err.contains("Apply it"), "{}", plan.err);
    let page = place.bbws("plan dev --sandbox --markdown").exits(0).out;
    assert!(page.contains("**Error:**") && page.contains("cannot be had"), "{page}");
    place.edit("dev", "class               = \"db.t1.micro\"", "class               = \"db.t3.micro\"");
    // Somebody else has used up the addresses.
    place.tamper(|cloud| cloud.set_quota("536580886816", "af-south-1", "L-0263D0A3", 0.0));
    let ran = place.bbws("apply dev --sandbox --yes").exits(1);
    assert!(ran.err.contains("Elastic IPs of the region") && ran.err.contains("0 of 0 are used"), "{}", ran.err);
    assert!(ran.err.contains("ec2/quotas/L-0263D0A3"), "{}", ran.err);
    assert!(place.bbws("state list dev --sandbox").code != 0, "nothing is recorded");
    assert!(ran.err.contains("[E-AHEAD]"), "{}", ran.err);
    place.tamper(|cloud| cloud.set_quota("536580886816", "af-south-1", "L-0263D0A3", 5.0));
    // The same of what the whole account has, of a region that is off, and of a name that somebody else has: all at once.
    place.tamper(|cloud| {
        cloud.set_quota("536580886816", "us-east-1", "L-FE177D64", 1.0);
        cloud.set_quota("536580886816", "us-east-1", "L-DC2B2D3D", 0.0);
        cloud.set_quota("536580886816", "af-south-1", "L-848C634D", 0.0);
        cloud.switch_off("536580886816", "af-south-1");
    });
    let ran = place.bbws("apply dev --sandbox --yes").exits(1);
    for part in ["IAM roles of the account", "buckets of the account", "EFS file systems of the region", "af-south-1 is not switched on"] {
        assert!(ran.err.contains(part), "{part} in\n{}", ran.err);
    }
    // `doctor` and `plan -v` say so too, each thing by its line, and what is well beside it.
    let doctor = place.bbws("doctor dev --sandbox").exits(2).out;
    for part in ["whether af-south-1 is switched on", "not-opted-in", "the role of rds.amazonaws.com", "0 of 0 used, 1 more wanted"] {
        assert!(doctor.contains(part), "{part} in\n{doctor}");
    }
    let plan = place.bbws("plan dev --sandbox -v").exits(0).out;
    assert!(plan.contains("Looked ahead (") && plan.contains("not-opted-in"), "{plan}");
    let json = place.bbws("doctor dev --sandbox --json").exits(2).json();
    let verdicts: Vec<&str> =
        json["ahead"].as_array().expect("a list").iter().map(|one| one["verdict"].as_str().expect("a word")).collect();
    assert!(verdicts.contains(&"error") && verdicts.contains(&"good"), "{json:#}");
    place.tamper(|cloud| {
        for (region, code, value) in
            [("us-east-1", "L-FE177D64", 1000.0), ("us-east-1", "L-DC2B2D3D", 100.0), ("af-south-1", "L-848C634D", 1000.0)]
        {
            cloud.set_quota("536580886816", region, code, value);
        }
        cloud.switch_on("536580886816", "af-south-1");
    });
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
