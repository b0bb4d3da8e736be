//! A team that brings production from elsewhere does not have to break glass: what is to be taken under management is a plan in a
//! file, which a second person approves.

use serde_json::{Value, json};

use crate::approvals::production;
use crate::support::{Place, Ran, ran};

const ALARM: &str = "metric-alarm.rds-cpu";
const ACCOUNT: &str = "093646564004";

fn by(place: &Place, who: &str, line: &str) -> Ran {
    ran(place.here(format!("{line} --sandbox --sandbox-principal {who}").split_whitespace()).output().expect("the binary runs"))
}

#[track_caller]
fn refused(ran: Ran, parts: &[&str]) {
    let told = ran.exits(3).err;
    let text = told.split_whitespace().collect::<Vec<_>>().join(" ");
    parts.iter().for_each(|part| assert!(text.contains(part), "{part} in\n{told}"));
    assert!(told.lines().filter(|line| !line.contains("bbws validate")).count() <= 12, "{told}");
}

/// Changes the alarm behind everybody's back.
fn threshold(place: &Place, value: &Value) -> Value {
    let mut before = Value::Null;
    place.change_cloud(|cloud| {
        let alarms = cloud["accounts"][ACCOUNT]["regions"]["af-south-1"]["alarms"].as_object_mut().expect("alarms");
        let alarm = alarms.values_mut().find(|alarm| alarm.to_string().contains("wp-prod-rds-cpu")).expect("the alarm");
        before = alarm["threshold"].take();
        assert!(!before.is_null(), "{alarm}");
        alarm["threshold"] = value.clone();
    });
    before
}

#[test]
fn production_takes_what_a_second_person_has_approved() {
    let place = production();
    // It is there, and nobody manages it.
    let reason = ["--break-glass", "the alarm is to be taken over by an approved import", "--confirm", "wp-prod-cluster"];
    let mut forget = place.here(format!("state rm prod {ALARM} --reason gone --sandbox --sandbox-principal deployer").split(' '));
    ran(forget.args(reason).output().expect("the binary runs")).exits(0);
    let managed = |place: &Place| place.state("prod")["entries"][ALARM].is_object();
    let import = format!("import prod {ALARM} wp-prod-rds-cpu");
    refused(by(&place, "deployer", &format!("{import} --yes")), &["PROD IS PRODUCTION", "-o FILE", "--break-glass REASON"]);

    let serial = place.state("prod")["seq"].clone();
    let told = by(&place, "deployer", &format!("{import} -o import.plan")).exits(0);
    assert!(told.err.contains("bbws approve prod --sandbox --sandbox-principal approver import.plan"), "{}", told.err);
    assert!(!managed(&place) && place.state("prod")["seq"] == serial, "nothing was taken");
    refused(by(&place, "deployer", "apply prod import.plan --yes"), &["NOBODY HAS APPROVED THIS PLAN"]);
    refused(by(&place, "deployer", "approve prod import.plan --yes"), &["may not approve"]);
    by(&place, "approver", "approve prod import.plan --yes").exits(0);

    // Another one than was looked at is not taken.
    let before = threshold(&place, &json!(1.0));
    refused(by(&place, "deployer", "apply prod import.plan --yes"), &["NO LONGER FITS", ALARM]);
    threshold(&place, &before);
    assert!(!managed(&place), "nothing was taken");

    let done = by(&place, "deployer", "apply prod import.plan --yes").exits(0).out;
    assert!(done.contains("1 under management of prod") && done.contains("Approved"), "{done}");
    assert!(managed(&place));
    assert!(place.bbws("state history prod --sandbox").exits(0).out.contains("approved by arn:aws:iam::093646564004:role/approver"));
    refused(by(&place, "deployer", "apply prod import.plan --yes"), &["THIS PLAN WAS APPLIED BEFORE"]);
    by(&place, "deployer", "plan prod --detailed-exitcode").exits(0);

    // Elsewhere it is a plan in a file as well.
    let dev = Place::new();
    dev.applied("dev").expect("applied");
    let line = |line: &str| ran(dev.here(format!("{line} --sandbox").split(' ')).output().expect("the binary runs"));
    line(&format!("state rm dev {ALARM} --reason gone --yes")).exits(0);
    line(&format!("import dev {ALARM} wp-dev-rds-cpu -o import.plan")).exits(0);
    line("apply dev import.plan").exits(0);
    dev.at_rest("dev");
}
