//! What a user is told, word by word: each error of the specification, and one of each class that AWS can answer with, provoked in
//! the binary.

use std::fs;
use std::process::Stdio;

use serde_json::json;

use crate::kept::Kept;
use crate::stand_in::{self, Weather};
use crate::support::{Place, Ran, edited, ran};

const FURTHER: &str = "[resource.log-group.x]\nname = \"/x\"";

fn bbws(place: &Place, line: &str) -> Ran {
    ran(place.here(line.split_whitespace()).output().expect("the binary runs"))
}

/// A run in which AWS answers the calls of one operation so.
fn answered(place: &Place, line: &str, operation: &str, answer: (u16, &str, &str)) -> Ran {
    ran(stand_in::answer(&place.here(line.split_whitespace()), operation, answer).output().expect("the binary runs"))
}

/// An apply in which somebody uses up the quota of an operation after it was looked ahead.
fn used_up(place: &Place, operation: &str) -> Ran {
    let plain = place.here("apply dev --sandbox --yes".split(' '));
    ran(stand_in::of(&plain, Some((operation, Weather::UsedUp)), 1).output().expect("the binary runs"))
}

/// The part of a run's text that tells of a resource's failure.
fn of_step(out: &str, address: &str) -> String {
    let head = format!("{address} failed while");
    out.split("\n\n").find(|part| part.contains(&head)).unwrap_or_else(|| panic!("{head} in\n{out}")).to_owned()
}

type Answer = (u16, &'static str, &'static str);

#[test]
fn each_class_of_answer_is_told_with_operation_address_cause_and_next_command() {
    let table: [(&str, &str, &str, Answer); 15] = [
        ("E-THROTTLED", "vpc.main", "CreateVpc", (503, "RequestLimitExceeded", "Request limit exceeded.")),
        ("E-NO-ANSWER", "vpc.main", "CreateVpc", (500, "InternalError", "An internal error has occurred")),
        ("E-NOT-VISIBLE", "role.ecs-task", "CreateRole", (400, "MalformedPolicyDocument", "Invalid principal in policy: AWS")),
        ("E-ABSENT", "role-policy.ecs-task", "PutRolePolicy", (404, "NoSuchEntity", "The role with name wp-dev-ecs-task cannot be found.")),
        ("E-EXISTS", "role.ecs-task", "CreateRole", (409, "EntityAlreadyExists", "Role with name wp-dev-ecs-task already exists.")),
        ("E-NAME", "bucket.cdn-logs", "CreateBucket", (409, "BucketAlreadyExists", "The requested bucket name is not available.")),
        ("E-CONFLICT", "bucket.cdn-logs", "CreateBucket", (409, "OperationAborted", "A conflicting operation is in progress.")),
        (
            "E-DENIED",
            "vpc.main",
            "CreateVpc",
            (
                403,
                "UnauthorizedOperation",
                "You are not authorized to perform this operation. User: arn:aws:sts::536580886816:assumed-role/ci/run is not authorized to \
                 perform: ec2:CreateVpc on resource: arn:aws:ec2:af-south-1:536580886816:vpc/* because no identity-based policy allows the \
                 ec2:CreateVpc action. Encoded authorization failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm",
            ),
        ),
        ("E-CREDENTIALS", "vpc.main", "CreateVpc", (400, "RequestExpired", "Request has expired.")),
        (
            "E-CLOCK",
            "bucket.cdn-logs",
            "CreateBucket",
            (403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large."),
        ),
        ("E-REGION-OFF", "vpc.main", "CreateVpc", (401, "OptInRequired", "You are not subscribed to this service.")),
        ("E-ACCOUNT-STATE", "vpc.main", "CreateVpc", (400, "PendingVerification", "Your account is currently being verified.")),
        ("E-CAPACITY", "elastic-ip.nat-a", "AllocateAddress", (400, "InsufficientAddressCapacity", "Not enough addresses.")),
        ("E-INVALID", "log-group.x", "CreateLogGroup", (400, "InvalidParameterException", "1 validation error detected.")),
        ("E-SERVICE", "", "GetCallerIdentity", (503, "ServiceUnavailable", "The service is not available.")),
    ];
    let mut kept = Kept::default();
    for (id, address, operation, answer) in table {
        let place = Place::new();
        place.write("dev", &edited(&place.file("dev"), &[("+", FURTHER)]));
        let target = if address.is_empty() { String::new() } else { format!(" --target {address}") };
        let run = answered(&place, &format!("apply dev --sandbox --yes{target}"), operation, answer);
        assert!(matches!(run.code, 1 | 75), "{id}: {}\n{}", run.out, run.err);
        let told = if address.is_empty() { run.err } else { of_step(&run.out, address) };
        for part in [id, address, answer.1, "bbws "] {
            assert!(told.contains(part), "{id}: {part} in\n{told}");
        }
        kept.keep(&place, id, &told);
    }
    // Somebody else was faster.
    let place = Place::new();
    let limit = used_up(&place, "CreateVpc").exits(1);
    let told = of_step(&limit.out, "vpc.main");
    for part in ["E-LIMIT", "VpcLimitExceeded", "5 of 5 are used"] {
        assert!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part} in\n{told}");
    }
    kept.keep(&place, "E-LIMIT", &told);
    // What is to go, and cannot.
    let place = Place::new();
    let shipped = place.file("dev");
    place.write("dev", &edited(&shipped, &[("+", FURTHER)]));
    bbws(&place, "apply dev --sandbox --yes --target log-group.x").exits(0);
    place.write("dev", &shipped);
    for (id, answer) in [
        ("E-IN-USE", (400, "ResourceInUseException", "Something still uses it.")),
        ("E-PROTECTED", (400, "ValidationException", "Cannot delete: deletion protection is enabled.")),
    ] {
        let run = answered(&place, "apply dev --sandbox --yes --target log-group.x", "DeleteLogGroup", answer).exits(1);
        let told = of_step(&run.out, "log-group.x");
        assert!(told.contains(id) && told.contains(answer.1), "{told}");
        kept.keep(&place, id, &told);
    }
    kept.demand("classes");
}

#[test]
fn each_error_of_the_specification_is_told_with_its_way_out() {
    let mut kept = Kept::default();
    let place = Place::new();
    let shipped = place.file("dev");

    let told = bbws(&place, "apply dev --sandbox --yes --sandbox-account 815856636111").exits(3).err;
    kept.keep(&place, "wrong account", &told);

    place.write("dev", &edited(&shipped, &[("network", "vpc_cidr = \"10.0.0.0/99\"")]));
    let told = bbws(&place, "plan dev --sandbox").exits(1).err;
    assert!(told.contains("[environments/dev.toml:") && told.contains("[E-CONFIG]") && told.contains("do: correct that"), "{told}");
    kept.keep(&place, "configuration", &told);

    let alarm = |name: &str, to: &str| {
        format!(
            "[resource.metric-alarm.{name}]\nname = \"{name}\"\nnamespace = \"AWS/EC2\"\nmetric = \"CPUUtilization\"\nstatistic = \"Average\"\n\
             comparison = \"GreaterThanThreshold\"\nthreshold = 1\nalarm_actions = [\"${{metric-alarm.{to}.arn}}\"]"
        )
    };
    place.write("dev", &edited(&shipped, &[("+", &alarm("one", "two")), ("+", &alarm("two", "one"))]));
    let told = bbws(&place, "plan dev --sandbox").exits(1).err;
    assert!(
        told.contains("[E-CYCLE]")
            && told.contains("[environments/dev.toml:")
            && told.contains("do: ")
            && told.contains("bbws validate dev"),
        "{told}"
    );
    assert!(bbws(&place, "validate dev").exits(1).out.contains("one of a circle"), "nobody needs an account to see it");
    kept.keep(&place, "cycle", &told);
    place.write("dev", &shipped);

    let plain = place.here(["plan", "dev", "--sandbox"]);
    let away = stand_in::of(&plain, Some(("GetCallerIdentity", Weather::Unreachable)), 1).output().expect("the binary runs");
    kept.keep(&place, "network", &ran(away).exits(75).err);

    // A run that has made a part, and says how to go on and back.
    let part = used_up(&place, "AllocateAddress").exits(1);
    let end = &part.out[part.out.find("x Apply failed").or_else(|| part.out.find("Apply failed")).expect("an end")..];
    let whole = &end[..end.find("destroy dev --sandbox").expect("a way back")];
    assert!(whole.lines().count() <= 12, "{whole}");
    let end: Vec<&str> = end.lines().filter(|line| !line.contains(" in all: ") && !line.contains(".jsonl")).collect();
    for said in ["[E-PARTIAL]", "Done and recorded: ", "To go on: ", "To go back: ", "bbws destroy dev --sandbox"] {
        assert!(end.iter().any(|line| line.contains(said)), "{said} in\n{}", part.out);
    }
    // Which are named, and how many, is a matter of which ends first.
    let end = end.join("\n");
    let (head, rest) = end.split_once("  Done and recorded: ").expect("what is done");
    let way = &rest[rest.find("To go on: ").expect("a way on")..];
    let way = &way[..way.find("destroy dev --sandbox").expect("a way back") + "destroy dev --sandbox".len()];
    let head = &head[head.find('\n').expect("a head")..];
    kept.keep(&place, "partial failure", &format!("{head}  Done and recorded: …\n\n{way}"));
    kept.keep(&place, "limit exceeded", &of_step(&part.out, "elastic-ip.nat-a"));
    place.change_cloud(|cloud| {
        let addresses = cloud["accounts"]["536580886816"]["regions"]["af-south-1"]["elastic_ips"].as_object_mut().expect("addresses");
        addresses.retain(|_, row| row["tags"]["Tenant"] != "address");
    });

    // Somebody else is at work, or was.
    let mut child = place
        .here("apply dev --sandbox --yes --sandbox-speed 60 --json".split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().expect("a pipe")));
    lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("step-started"))).expect("an event").expect("text");
    let held = bbws(&place, "apply dev --sandbox --yes").exits(73).err;
    child.kill().and_then(|()| child.wait()).expect("it ends");
    for said in ["[E-LOCKED]", "another run is at work in dev", "process ", "last sign", "bbws state unlock dev --sandbox"] {
        assert!(held.contains(said), "{said} in\n{held}");
    }
    assert!(held.lines().count() <= 12, "{held}");
    bbws(&place, "apply dev --sandbox --yes").exits(0);

    // Reads of a plan that fail are told by their cause, with the exit code of that.
    let denied = (
        403,
        "UnauthorizedOperation",
        "You are not authorized to perform this operation. User: arn:aws:sts::536580886816:assumed-role/ci/run is not authorized to \
         perform: ec2:DescribeSubnets because no identity-based policy allows the ec2:DescribeSubnets action. Encoded authorization \
         failure message: 4GIOHlTkIaWHQD0Q0m6XSnuUMCm",
    );
    let told = answered(&place, "plan dev --sandbox", "DescribeSubnets", denied).exits(1).err;
    assert!(told.contains("[E-DENIED]") && told.contains("\"Action\":\"ec2:DescribeSubnets\"") && !told.contains("4GIO"), "{told}");
    kept.keep(&place, "reads denied", &told);
    let expired = (400, "RequestExpired", "Request has expired.");
    let told = answered(&place, "plan dev --sandbox", "DescribeSubnets", expired).exits(75).err;
    assert!(told.contains("[E-CREDENTIALS]"), "{told}");
    kept.keep(&place, "reads with credentials that have ended", &told);
    let plain = place.here(["plan", "dev", "--sandbox"]);
    let away = stand_in::of(&plain, Some(("DescribeSubnets", Weather::Unreachable)), 1).output().expect("the binary runs");
    let told = ran(away).exits(75).err;
    for part in ["[E-NETWORK]", "The service ec2 in af-south-1 could not be reached", "https://health.aws.amazon.com/health/status"] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    kept.keep(&place, "reads out of reach", &told);

    place.change_cloud(|cloud| cloud["accounts"]["536580886816"]["regions"]["af-south-1"]["log_groups"] = json!({}));
    let out = place.here(["plan", "dev", "--sandbox"]).env("AWS_REGION", "eu-west-1").output().expect("the binary runs");
    let out = ran(out).exits(0).out;
    let absent = out.split("\n\n").find(|part| part.contains("[E-ABSENT]")).unwrap_or_else(|| panic!("E-ABSENT in\n{out}"));
    kept.keep(&place, "expected resource absent", absent);
    bbws(&place, "apply dev --sandbox --yes").exits(0);

    // The state is lost, and all of it is there.
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    let told = bbws(&place, "plan dev --sandbox").exits(1).err;
    assert!(told.contains("[E-EXISTS]") && told.contains("bbws import dev --sandbox --discover"), "{told}");
    kept.keep(&place, "already exists", &told);
    let all = bbws(&place, "plan dev --sandbox -v").exits(1).err;
    let things = |text: &str| text.matches("exists already and is not ours").count();
    assert!(things(&all) > 10 && told.contains(&format!("and {} more: -v shows all", things(&all) - things(&told))), "{told}\n{all}");
    kept.demand("specification");
}
