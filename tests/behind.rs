//! `drift` as its users run it: what somebody else did in the sandbox is told with who and when; it is kept, or put back; and
//! the look itself touches nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bbws_aws::{Aws, is_read};
use bbws_sandbox::{CloudFile, Principal, Sandbox};
use serde_json::Value;

use crate::support::{Place, edited};

const ACCOUNT: &str = "536580886816";

/// Somebody at the console, in the sandbox of a place.
fn somebody(place: &Place, does: impl AsyncFnOnce(&Aws)) {
    let file = CloudFile::new(place.path("state/sandbox"));
    let sandbox = Sandbox::in_file(ACCOUNT, file, SystemTime::now(), 1.0).expect("a sandbox");
    let sandbox = sandbox.with_principal(Principal { role: "console".into(), session: "mallory".into() });
    let aws = Aws::new(Arc::new(sandbox), "af-south-1");
    aws.gate().open();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        does(&aws).await;
    });
}

/// Every file below a folder, but for the log of calls.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if !path.ends_with("calls.jsonl") {
            all.insert(path.display().to_string(), fs::read(&path).expect("a file"));
        }
    }
    all
}

fn calls(place: &Place) -> Vec<Value> {
    let text = fs::read_to_string(place.path("state/sandbox/calls.jsonl")).expect("calls");
    text.lines().map(|line| serde_json::from_str(line).expect("a call")).collect()
}

fn resource<'a>(told: &'a Value, address: &str) -> &'a Value {
    let all = told["resources"].as_array().expect("resources");
    all.iter().find(|one| one["address"] == address).unwrap_or_else(|| panic!("{address} in {told:#}"))
}

#[test]
fn what_somebody_did_is_told_with_who_and_the_look_touches_nothing() {
    let place = Place::new();
    place.bbws("drift dev --sandbox").exits(1);
    place.applied("dev").expect("applied");
    let quiet = place.bbws("drift dev --sandbox").exits(0);
    assert!(quiet.out.starts_with("No drift in dev: all "), "{}", quiet.out);

    somebody(&place, async |aws| {
        let retention = aws.write.logs.put_retention_policy().log_group_name("/ecs/dev").retention_in_days(30);
        retention.send().await.expect("they may");
        aws.write.cloudwatch.delete_alarms().alarm_names("wp-dev-rds-cpu").send().await.expect("they may");
    });
    // Nobody called this, so nobody can be named.
    place.change_cloud(|cloud| {
        let groups = &mut cloud["accounts"][ACCOUNT]["regions"]["af-south-1"]["log_groups"];
        groups["/aws/rds/instance/wp-dev-mysql/error"]["retention_days"] = 1.into();
    });
    // An edit is no drift.
    place.write("dev", &edited(&place.file("dev"), &[("alb", "idle_timeout = 120")]));

    let (before, called) = (files(place.path("state").as_path()), calls(&place).len());
    let told = place.bbws("drift dev --sandbox --json").exits(2).json();
    assert_eq!(files(place.path("state").as_path()), before, "neither the state nor the cloud has changed");
    let made = &calls(&place)[called..];
    assert!(made.len() > 30, "{}", made.len());
    for call in made {
        let operation = call["operation"].as_str().expect("an operation");
        assert!(is_read(operation) && call["caller"].is_null(), "{call}");
    }

    assert_eq!((&told["format"], &told["drift"], &told["unread"]), (&1.into(), &true.into(), &Value::Array(vec![])));
    assert_eq!(told["resources"].as_array().map(Vec::len), Some(3), "{told:#}");
    assert_eq!(told["edited"], serde_json::json!(["load-balancer.main"]));
    let group = resource(&told, "log-group.ecs");
    let field = &group["fields"][0];
    assert_eq!((&field["declared"], &field["recorded"], &field["observed"]), (&7.into(), &7.into(), &30.into()));
    let deed = &group["who"]["deeds"][0];
    assert_eq!(deed["who"], format!("arn:aws:sts::{ACCOUNT}:assumed-role/console/mallory"));
    assert_eq!(deed["call"], "logs:PutRetentionPolicy");
    assert!(deed["at"].as_str() > told["since"].as_str(), "{told:#}");
    let alarm = resource(&told, "metric-alarm.rds-cpu");
    assert_eq!((&alarm["standing"], &alarm["who"]["deeds"][0]["call"]), (&"missing".into(), &"cloudwatch:DeleteAlarms".into()));
    assert_eq!(resource(&told, "log-group.rds-error")["who"]["known"], false);

    let text = place.bbws("drift dev --sandbox").exits(2).out;
    for part in ["Drift in dev: 3 of ", "retention_days  7 → 30", "assumed-role/console/mallory", "is gone", "15 minutes late", "--revert"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let one = place.bbws("drift dev log-group.rds-error --sandbox --json").exits(2).json();
    assert_eq!((one["resources"].as_array().map(Vec::len), &one["foreign"]), (Some(1), &Value::Null));
    place.bbws("drift dev vpc.main --sandbox").exits(0);
    assert!(place.bbws("drift dev vpc.mian --sandbox").exits(1).err.contains("did you mean `vpc.main`?"));
    place.bbws("drift dev --accept vpc.main --revert vpc.main --sandbox").exits(64);
}

#[test]
fn what_is_put_back_is_put_back_alone() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    place.change_cloud(|cloud| {
        let here = &mut cloud["accounts"][ACCOUNT]["regions"]["af-south-1"];
        here["log_groups"]["/ecs/dev"]["retention_days"] = 30.into();
        here["log_groups"]["/aws/rds/instance/wp-dev-mysql/error"]["retention_days"] = 1.into();
    });
    place.bbws("drift dev --revert log-group.ecs --sandbox").exits(3);
    place.bbws("drift dev --revert vpc.main --sandbox --yes").exits(1);
    let done = place.bbws("drift dev --revert log-group.ecs --sandbox --yes").exits(0);
    assert!(done.out.contains("Verified"), "{}", done.out);
    let told = place.bbws("drift dev --sandbox --json").exits(2).json();
    let left: Vec<_> = told["resources"].as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap()).collect();
    assert_eq!(left, ["log-group.rds-error"], "the other was left alone");

    // Where the file was edited in the same resource, putting back would do more.
    place.write("dev", &edited(&place.file("dev"), &[("logs", "retention_days = 14")]));
    let refused = place.bbws("drift dev --revert log-group.rds-error --sandbox --yes").exits(3);
    assert!(refused.err.contains("was edited in retention_days"), "{}", refused.err);
    place.write("dev", &edited(&place.file("dev"), &[("logs", "retention_days = 7")]));
    let plan = place.path("back.plan").display().to_string();
    let planned = place.bbws(&format!("drift dev --revert log-group.rds-error --out {plan} --sandbox")).exits(0);
    let next = planned.err.lines().find(|line| line.contains("bbws apply dev --sandbox"));
    assert!(next.is_some_and(|line| line.ends_with(&plan)), "{}", planned.err);
    place.bbws("drift dev --sandbox").exits(2);
    place.bbws(&format!("apply dev {plan} --sandbox --yes")).exits(0);
    place.bbws("drift dev --sandbox").exits(0);
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
}

#[test]
fn what_is_kept_is_declared_and_recorded() {
    let place = Place::new();
    place.write("dev", &edited(&place.file("dev"), &[("monitoring", "dashboard = true")]));
    place.applied("dev").expect("applied");
    place.change_cloud(|cloud| {
        let account = &mut cloud["accounts"][ACCOUNT]["regions"];
        let here = &mut account["af-south-1"];
        here["db_instances"]["wp-dev-mysql"]["multi_az"] = true.into();
        here["log_groups"]["/ecs/dev"]["retention_days"] = 30.into();
        account["us-east-1"]["dashboards"].as_object_mut().expect("dashboards").clear();
    });
    let before = place.file("dev");
    place.bbws("drift dev --accept db-instance.main --sandbox").exits(3);
    assert_eq!(place.file("dev"), before, "nobody agreed");
    let done = place.bbws("drift dev --accept db-instance.main --accept dashboard.main --sandbox --yes").exits(0);
    assert!(done.out.contains("rds.multi_az: false -> true") && done.out.contains("monitoring.dashboard: true -> false"), "{}", done.out);
    let after = place.file("dev");
    assert!(after.contains("multi_az            = true\n") && after.contains("\ndashboard = false\n"), "{after}");
    assert_eq!(place.state("dev")["entries"]["db-instance.main"]["spec"]["multi_az"], true);
    assert!(place.state("dev")["entries"]["dashboard.main"].is_null());

    // A key that says it of others too is named, and nothing is written.
    let left = place.bbws("drift dev --accept log-group.ecs --sandbox --yes").exits(1);
    assert!(left.err.contains("logs.retention_days") && left.err.contains("log-group.rds-error"), "{}", left.err);
    assert_eq!(place.file("dev"), after);
    place.bbws("drift dev --revert log-group.ecs --sandbox --yes").exits(0);
    place.bbws("drift dev --sandbox").exits(0);
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
}

#[test]
fn what_stands_beside_ours_is_listed_and_is_no_drift() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let lineage = place.state("dev")["lineage"].as_str().expect("a lineage").to_owned();
    place.tamper(|cloud| drop(cloud.tenant(ACCOUNT, "af-south-1").service("wp-dev-cluster", "banana", None)));
    place.change_cloud(|cloud| {
        let vpcs = cloud["accounts"][ACCOUNT]["regions"]["af-south-1"]["vpcs"].as_object_mut().expect("vpcs");
        let mut other = vpcs.values().next().expect("a VPC").clone();
        other["tags"] = serde_json::json!({"bbws:lineage": lineage, "bbws:address": "vpc.lost", "bbws:intent": "01"});
        vpcs.insert("vpc-00000000000000077".into(), other);
    });
    let told = place.bbws("drift dev --sandbox --json").exits(0).json();
    assert_eq!(told["orphans"][0]["id"], "vpc-00000000000000077");
    assert_eq!(told["orphans"][0]["marked"], "vpc.lost");
    let foreign = told["foreign"].as_array().expect("foreign");
    assert!(
        foreign.iter().any(|one| one["what"] == "ECS service" && one["name"].as_str().is_some_and(|name| name.contains("banana"))),
        "{told:#}"
    );
    let text = place.bbws("drift dev --sandbox").exits(0).out;
    assert!(text.contains("Not bbws's, and left alone") && text.contains("unknown to the state of dev"), "{text}");

    // What is put into ours changes what that is.
    let state = place.state("dev");
    let id = |address: &str| state["entries"][address]["id"].as_str().unwrap_or_else(|| panic!("{address}")).to_owned();
    let (role, table, gateway, group) =
        (id("role.ecs-task"), id("route-table.private"), id("internet-gateway.main"), id("security-group.rds"));
    somebody(&place, async |aws| {
        let (iam, ec2) = (&aws.write.iam, &aws.write.ec2);
        let document = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}"#;
        iam.put_role_policy().role_name(&role).policy_name("backdoor").policy_document(document).send().await.expect("they may");
        let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
        iam.attach_role_policy().role_name(&role).policy_arn(arn).send().await.expect("they may");
        let route = ec2.create_route().route_table_id(&table).destination_cidr_block("192.168.9.0/24").gateway_id(&gateway);
        route.send().await.expect("they may");
    });
    place.change_cloud(|cloud| {
        let rule = serde_json::json!({
            "egress": false, "protocol": "tcp", "from": 3306, "to": 3306, "peer": {"Ipv4": "0.0.0.0/0"}, "description": "", "tags": {}
        });
        cloud["accounts"][ACCOUNT]["regions"]["af-south-1"]["security_groups"][&group]["rules"]["sgr-00000000000000009"] = rule;
    });
    let told = place.bbws("drift dev --sandbox --json").exits(2).json();
    let added = told["added"].as_array().expect("a list");
    let of = |what: &str| added.iter().find(|one| one["what"] == what).unwrap_or_else(|| panic!("{what} in {told:#}"));
    assert_eq!((added.len(), &told["drift"], told["resources"].as_array().map(Vec::len)), (4, &true.into(), Some(0)), "{told:#}");
    assert_eq!(of("inline policy")["id"], format!("{role}/backdoor"));
    assert_eq!(of("attached policy")["danger"], "it lets the role do everything");
    assert_eq!(of("route")["id"], format!("{table}_192.168.9.0/24"));
    let rule = of("security group rule");
    assert_eq!((&rule["on"], &rule["danger"]), (&"security-group.rds".into(), &"it is open to the whole world".into()));
    assert_eq!(rule["name"], "tcp 3306 from 0.0.0.0/0 into wp-dev-rds");
    assert!(of("route")["who"]["deeds"].to_string().contains("mallory"), "{told:#}");
    assert!(told["foreign"].to_string().contains("ECS service") && !told["foreign"].to_string().contains("sgr-"), "{told:#}");
    let text = place.bbws("drift dev --sandbox").exits(2).out;
    for part in ["4 things were put into ours", "take it away: aws ec2 revoke-security-group-ingress --group-id sg-", "mallory"] {
        assert!(text.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part} in\n{text}");
    }
    // Of some resources what was put into those is told; a plan has nothing to do about any of it.
    let one = place.bbws("drift dev role.ecs-task --sandbox --json").exits(2).json();
    assert_eq!((one["added"].as_array().map(Vec::len), &one["foreign"]), (Some(2), &Value::Null), "{one:#}");
    place.bbws("drift dev vpc.main --sandbox").exits(0);
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
    let blind = place.bbws(&format!("drift dev role.ecs-task --sandbox{}", all_but(&place, &["iam:ListRolePolicies"]))).exits(1);
    assert!(
        blind.out.contains("Not listed: what hangs on role.ecs-task") && blind.err.contains("[E-UNREAD]"),
        "{}{}",
        blind.out,
        blind.err
    );

    // What cannot be read makes no edit of what refers to it, and stops a plan with what is missing, once.
    let held = all_but(&place, &["ec2:DescribeVpcs", "rds:DescribeDBInstances"]);
    let told = place.bbws(&format!("drift dev --sandbox --json{held}")).exits(1);
    let drift: Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!(
        (&drift["edited"], drift["unread"].as_array().map(|all| !all.is_empty())),
        (&serde_json::json!([]), Some(true)),
        "{drift:#}"
    );
    let plan = place.bbws(&format!("plan dev --sandbox{held}")).exits(1);
    for part in ["[E-DENIED]", "ec2:DescribeVpcs", "rds:DescribeDBInstances", "bbws plan dev --sandbox"] {
        assert!(plan.err.contains(part), "{part} in\n{}", plan.err);
    }
    assert!(plan.err.lines().count() <= 12 && !plan.err.contains("must not be changed"), "{}", plan.err);
    for said in [&told.out, &told.err, &plan.err] {
        assert!(!said.contains("Encoded authorization"), "{said}");
    }
}

/// Holds commands to one statement that allows everything but these actions.
fn all_but(place: &Place, actions: &[&str]) -> String {
    let policy = serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": actions, "Resource": "*"},
        ],
    });
    let path = place.path("policy.json");
    fs::write(&path, policy.to_string()).expect("a file");
    format!(" --sandbox-policy {}", path.display())
}

#[test]
fn what_bears_only_our_tags_is_listed_wherever_it_stands() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let quiet = place.bbws("drift dev --sandbox --json").exits(0).json();
    assert_eq!((&quiet["tagged"], &quiet["unlisted"]), (&serde_json::json!([]), &serde_json::json!([])), "nothing of ours is listed");
    somebody(&place, async |aws| {
        let tags = |environment: &str, project: &str| {
            [("Environment", environment), ("Project", project)].map(|(key, value)| (key.to_owned(), value.to_owned()))
        };
        let (_, global) = aws.at("us-east-1");
        for (clients, name, of) in [
            (&aws.write, "/left/over", tags("dev", "wp")),
            (&global, "/far/away", tags("dev", "wp")),
            (&aws.write, "/of/sit", tags("sit", "wp")),
            (&aws.write, "/of/others", tags("dev", "xy")),
        ] {
            let made = clients.logs.create_log_group().log_group_name(name).set_tags(Some(of.into()));
            made.send().await.expect("they may");
        }
        // What is ours and has lost its mark is drift, and no stranger.
        let arn = format!("arn:aws:logs:af-south-1:{ACCOUNT}:log-group:/ecs/dev");
        let marks = ["bbws:lineage", "bbws:address", "bbws:intent"].map(str::to_owned);
        aws.write.logs.untag_resource().resource_arn(arn).set_tag_keys(Some(marks.into())).send().await.expect("they may");
    });
    let told = place.bbws("drift dev --sandbox --json").exits(2).json();
    let ids: Vec<&str> = told["tagged"].as_array().expect("a list").iter().filter_map(|one| one["id"].as_str()).collect();
    let group = |region: &str, name: &str| format!("arn:aws:logs:{region}:{ACCOUNT}:log-group:{name}");
    assert_eq!(ids, [group("af-south-1", "/left/over"), group("us-east-1", "/far/away")], "{told:#}");
    assert_eq!(resource(&told, "log-group.ecs")["mark"], "lost");
    let text = place.bbws("drift dev --sandbox").exits(2).out;
    assert!(text.contains("2 things with the tags of dev") && text.contains(ids[0]), "{text}");

    // Where the index may not be asked, that is said of both regions, and drift is told all the same.
    let held = all_but(&place, &["tag:GetResources"]);
    let told = place.bbws(&format!("drift dev --sandbox --json{held}")).exits(2).json();
    assert_eq!((&told["tagged"], told["resources"].as_array().map(Vec::len)), (&serde_json::json!([]), Some(1)));
    let text = place.bbws(&format!("drift dev --sandbox{held}")).exits(2).out;
    for part in ["Not listed: what bears our tags in af-south-1", "Not listed: what bears our tags in us-east-1", "tag:GetResources"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn where_the_trail_may_not_be_asked_that_is_said_once_and_drift_is_told() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    somebody(&place, async |aws| {
        for (group, days) in [("/ecs/dev", 30), ("/aws/rds/instance/wp-dev-mysql/error", 1)] {
            let retention = aws.write.logs.put_retention_policy().log_group_name(group).retention_in_days(days);
            retention.send().await.expect("they may");
        }
    });
    let held = all_but(&place, &["cloudtrail:LookupEvents"]);
    let called = calls(&place).len();
    let told = place.bbws(&format!("drift dev --sandbox --json{held}")).exits(2).json();
    let asked =
        calls(&place)[called..].iter().filter(|call| call["operation"].as_str().is_some_and(|name| name.contains("LookupEvents"))).count();
    assert_eq!(asked, 1, "one refusal is enough");
    for address in ["log-group.ecs", "log-group.rds-error"] {
        let one = resource(&told, address);
        assert_eq!((&one["standing"], &one["who"]["known"]), (&"changed".into(), &false.into()));
        assert!(one["who"]["why"].as_str().is_some_and(|why| why.contains("cloudtrail:LookupEvents")), "{one:#}");
    }
    let text = place.bbws(&format!("drift dev --sandbox{held}")).exits(2).out;
    for part in ["retention_days  7 → 30", "by whom is unknown", "cloudtrail:LookupEvents"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    // Whoever may ask learns it.
    let told = place.bbws("drift dev --sandbox --json").exits(2).json();
    assert_eq!(resource(&told, "log-group.ecs")["who"]["known"], true);
}
