//! `-v`: each call of AWS as it ends, with its time.

use serde_json::Value;

use crate::stand_in::{self, Weather};
use crate::support::{Place, ran};

/// The calls that were told: operation, region, outcome.
fn told(err: &str) -> Vec<(String, String, String)> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let calls = err.lines().map(words).filter(|words| words.len() == 5 && words[0].ends_with("ms"));
    calls.map(|words| (words[1].clone(), words[2].clone(), format!("{} {}", words[3], words[4]))).collect()
}

#[test]
fn each_call_is_told_once_with_service_region_time_and_outcome() {
    let place = Place::new();
    let run = place.bbws("apply dev --sandbox --yes -v").exits(0);
    let calls = told(&run.err);
    let has = |operation: &str, region: &str| calls.contains(&(operation.to_owned(), region.to_owned(), "ok 200".to_owned()));
    assert!(has("sts:GetCallerIdentity", "af-south-1") && has("ec2:CreateVpc", "af-south-1"), "{calls:?}");
    assert!(has("acm:RequestCertificate", "us-east-1"), "the certificate is CloudFront's: {calls:?}");

    let plan = place.bbws("plan dev --sandbox -v").exits(0);
    let summed = plan.err.lines().find_map(|line| line.split_once(" calls: ")?.0.trim().parse().ok());
    assert_eq!(summed, Some(told(&plan.err).len()), "each is told, and once:\n{}", plan.err);
    assert!(told(&place.bbws("plan dev --sandbox").exits(0).err).is_empty(), "only with -v");
}

#[test]
fn what_aws_refuses_is_told_by_its_code() {
    let place = Place::new();
    let line = "apply dev --sandbox --yes -v";
    let run = ran(stand_in::command(&place, line, Some(("CreateVpc", Weather::Limit)), 1).output().expect("the binary runs")).exits(1);
    let vpc = ("ec2:CreateVpc".to_owned(), "af-south-1".to_owned(), "refused VpcLimitExceeded".to_owned());
    assert!(told(&run.err).contains(&vpc), "{}", run.err);
}

#[test]
fn programs_are_told_on_the_error_output() {
    let place = Place::new();
    let run = place.bbws("plan dev --sandbox -v --json").exits(0);
    let calls: Vec<Value> = run.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let call = calls.iter().find(|call| call["operation"] == "sts:GetCallerIdentity").expect("the first call");
    assert_eq!((&call["event"], &call["outcome"], &call["region"]), (&"call".into(), &"ok".into(), &"af-south-1".into()));
    serde_json::from_str::<Value>(&run.out).expect("the plan alone");
}
