//! The whole cluster in the sandbox: planned, applied, looked at, changed, destroyed.

use serde_json::Value;

use crate::support::Place;

#[test]
fn a_cluster_is_created_found_unchanged_and_removed_twice() {
    let place = Place::new();
    let plan = place.bbws("plan dev --sandbox --detailed-exitcode").exits(2);
    assert!(plan.out.starts_with("Plan: ") && plan.out.contains("vpc.main"), "{}", plan.out);
    assert!(!place.path("state/sandbox/dev").exists(), "a plan changes nothing");

    for _ in 0..2 {
        let applied = place.bbws("apply dev --sandbox --yes").exits(0);
        for part in ["Apply complete", "AWS took", "Verified", "Outputs:", "vpc_id"] {
            assert!(applied.out.contains(part), "{part} in\n{}", applied.out);
        }
        let again = place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
        assert!(again.out.contains("No changes") || again.out.contains("nothing"), "{}", again.out);
        place.bbws("drift dev --sandbox").exits(0);
        let slots = slots(&place);
        place.bbws("apply dev --sandbox --yes").exits(0);
        assert_eq!(self::slots(&place), slots, "an apply that has nothing to do writes nothing");

        let refused = place.bbws("destroy dev --sandbox --confirm wp-dev").exits(3);
        assert!(refused.err.contains("wp-dev-cluster"), "{}", refused.err);
        place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0);
        let left = place.bbws("state list dev --sandbox --json").exits(0).json();
        assert_eq!(left["resources"].as_array().map(Vec::len), Some(0), "{left}");
        assert!(place.path("state/sandbox/dev/backups").is_dir(), "the state was put aside before");
    }
}

fn slots(place: &Place) -> usize {
    std::fs::read_dir(place.path("state/sandbox/dev/log")).map_or(0, Iterator::count)
}

#[test]
fn what_was_made_can_be_looked_at() {
    let place = Place::new();
    let missing = place.bbws("state show dev --sandbox").exits(1);
    assert!(missing.err.contains("no state yet") && missing.err.contains("bbws apply dev --sandbox"), "{}", missing.err);

    let events = place.bbws("apply dev --sandbox --yes --json").exits(0).out;
    let lines: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect();
    let types: Vec<&str> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
    assert_eq!((types.len(), &types[..3]), (lines.len(), &["plan", "preflight", "run-started"][..]));
    assert!(types.contains(&"step-finished") && types.ends_with(&["run-finished", "verified", "outputs"]), "{types:?}");
    let finished = lines.iter().find(|line| line["event"] == "run-finished").unwrap();
    assert_eq!(finished["outcome"], "done");
    assert!(finished["took_ms"].as_u64() > Some(60_000), "AWS's own durations are told: {finished}");

    let vpc = place.bbws("output dev vpc_id --sandbox").exits(0).out;
    assert!(vpc.starts_with("vpc-") && vpc.lines().count() == 1, "{vpc}");
    let outputs = place.bbws("output dev --json --sandbox").exits(0).json();
    assert_eq!(outputs["vpc_id"], vpc.trim());
    let wrong = place.bbws("output dev vpcid --sandbox").exits(1);
    assert!(wrong.err.contains("did you mean `vpc_id`?"), "{}", wrong.err);
    let published: Value = serde_json::from_slice(&std::fs::read(place.path("state/sandbox/dev/outputs.json")).unwrap()).unwrap();
    assert_eq!(published, outputs);

    let list = place.bbws("state list dev --sandbox").exits(0).out;
    assert!(list.contains("vpc.main") && list.contains(vpc.trim()), "{list}");
    let one = place.bbws("state show dev vpc.main --sandbox").exits(0).out;
    assert!(one.contains(vpc.trim()) && one.contains("10.0.0.0/16"), "{one}");
    let json = place.bbws("state show dev vpc.main --sandbox --json").exits(0).json();
    assert_eq!(json["id"], vpc.trim());
    let whole = place.bbws("state show dev --sandbox --json").exits(0).json();
    assert_eq!(whole["entries"]["vpc.main"]["id"], vpc.trim());
    let wrong = place.bbws("state show dev vpc.mian --sandbox").exits(1);
    assert!(wrong.err.contains("did you mean `vpc.main`?"), "{}", wrong.err);

    let things = place.bbws("sandbox show").exits(0).out;
    assert!(things.contains(vpc.trim()) && things.contains("536580886816"), "{things}");
    let calls = place.bbws("sandbox calls --last 3").exits(0).out;
    assert_eq!(calls.lines().count(), 4, "{calls}");

    let reset = place.bbws("sandbox reset").exits(0).out;
    assert!(reset.contains("dev"), "{reset}");
    assert!(place.bbws("sandbox show").exits(0).out.contains("Nothing exists"));
    place.bbws("state list dev --sandbox").exits(1);
}

#[test]
fn an_edit_is_planned_and_applied_exactly() {
    let place = Place::new();
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.edit("dev", "retention_days = 7 ", "retention_days = 14 ");
    let plan = place.bbws("plan dev --sandbox --detailed-exitcode --json").exits(2).json();
    let steps = plan["steps"].as_array().unwrap();
    assert!(!steps.is_empty());
    for step in steps {
        assert_eq!(step["action"]["do"], "update", "{step}");
        let address = step["address"].as_str().unwrap();
        assert!(address.starts_with("log-group.") || address.starts_with("bucket."), "{step}");
    }
    assert_eq!(plan["counts"]["change"].as_u64(), Some(steps.len() as u64));

    // Nothing is destroyed: nobody needs to be asked.
    place.bbws("apply dev --sandbox").exits(0);
    place.at_rest("dev");
}

#[test]
fn what_destroys_something_wants_a_confirmation() {
    let place = Place::new();
    std::fs::write(place.path("extra.toml"), "\n[resource.log-group.extra]\nname = \"/extra\"\nretention_days = 7\n").unwrap();
    let file = place.path("environments/dev.toml");
    let shipped = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{shipped}{}", std::fs::read_to_string(place.path("extra.toml")).unwrap())).unwrap();
    place.bbws("apply dev --sandbox").exits(0);
    std::fs::write(&file, shipped).unwrap();
    let refused = place.bbws("apply dev --sandbox").exits(3);
    assert!(refused.out.contains("log-group.extra") && refused.err.contains("--yes"), "{}\n{}", refused.out, refused.err);
    place.bbws("state show dev log-group.extra --sandbox").exits(0);
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.bbws("state show dev log-group.extra --sandbox").exits(1);
}

#[test]
fn the_three_environments_stand_in_one_sandbox_and_production_delegates_to_the_others() {
    let place = Place::new();
    let early = place.bbws("apply prod --sandbox --yes").exits(1);
    assert!(early.err.contains("wpdev.kimmyai.io") && early.err.contains("bbws apply dev --sandbox"), "{}", early.err);
    for name in ["dev", "sit", "prod"] {
        place.bbws(&format!("apply {name} --sandbox --yes")).exits(0);
    }
    for name in ["dev", "sit", "prod"] {
        let unchanged = place.bbws(&format!("plan {name} --sandbox --detailed-exitcode -v")).exits(0);
        calls_are_those_of_the_formulas(name, &unchanged.err);
    }
    let delegated = place.bbws("output prod wpdev_delegation_ns_records --sandbox --json").exits(0).json();
    let servers = place.bbws("output dev route53_nameservers --sandbox --json").exits(0).json();
    assert_eq!(delegated, servers);
    // What is protected is told before anything is deleted.
    let protected = place.bbws("destroy prod --sandbox --confirm wp-prod-cluster").exits(3);
    for part in ["db-instance.main", "load-balancer.main", "its file may not say otherwise", "bbws sandbox reset", "nothing was changed"] {
        assert!(protected.err.contains(part), "{part} in\n{}", protected.err);
    }
    // And that advice is the right one: the file is refused without the protection.
    let shipped = place.file("prod");
    place.write("prod", &shipped.replace("deletion_protection = true", "deletion_protection = false"));
    let wrong = place.bbws("validate prod").exits(1);
    assert!(wrong.out.contains("prod/deletion-protection"), "{}", wrong.out);
    place.write("prod", &shipped);
    place.at_rest("prod");
}

/// A look at an unchanged cluster makes exactly the calls that the read formulas of its kinds add up to, API by API. Who
/// the caller is is asked beside it.
#[track_caller]
fn calls_are_those_of_the_formulas(name: &str, told: &str) {
    let rows = told.lines().filter_map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [made, formula, api] => Some((api, made.parse::<usize>().ok()?, formula.parse::<usize>().ok()?)),
        _ => None,
    });
    let rows: Vec<(&str, usize, usize)> = rows.collect();
    assert!(rows.len() > 40, "{name}: too few APIs to be all of a cluster:\n{told}");
    let other: Vec<_> = rows.iter().filter(|(_, made, formula)| made != formula).collect();
    assert_eq!(other, [&("sts:GetCallerIdentity", 1, 0)], "{name}:\n{told}");
    let all: usize = rows.iter().map(|(_, _, formula)| formula).sum();
    assert!(told.contains(&format!("{all} of them for one look at everything; the read formulas of what is recorded: {all}\n")), "{told}");
}

#[test]
fn a_certificate_is_asked_for_only_where_the_dns_leads_to_its_zone() {
    let place = Place::new();
    for name in ["dev", "sit", "prod"] {
        place.applied(name).expect("applied");
    }
    // The zone above refers to this one: it stays.
    let refused = place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(3).err;
    assert!(refused.contains("hosted-zone.main") && refused.contains("still refers to wpdev.kimmyai.io"), "{refused}");
    let with = place.file("prod");
    let without = with.replace("[dns.delegations.wpdev]\nzone             = \"wpdev.kimmyai.io\"\nfrom_environment = \"dev\"\n", "");
    assert_ne!(with, without);
    place.write("prod", &without);
    assert_eq!(place.applied("prod").unwrap(), ["-dns-record.delegation-wpdev"]);
    place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0);

    // A new zone is on other servers, and nobody is led there yet: the certificate would wait in vain, and that is told at once.
    for line in ["plan dev --sandbox", "apply dev --sandbox --yes"] {
        let refused = place.bbws(line).exits(3).err;
        assert!(refused.contains("wait in vain") && refused.contains("dns.delegated = false"), "{refused}");
    }
    let shipped = place.file("dev");
    place.edit("dev", "delegated = true ", "delegated = false ");
    let made = place.bbws("apply dev --sandbox --yes").exits(0).out;
    assert!(made.contains("[dns.delegations"), "{made}");
    let refused = {
        place.write("dev", &shipped);
        place.bbws("apply dev --sandbox --yes").exits(3).err
    };
    assert!(refused.contains("no zone refers to wpdev.kimmyai.io"), "{refused}");
    place.write("prod", &with);
    assert_eq!(place.applied("prod").unwrap(), ["+dns-record.delegation-wpdev"]);
    assert!(place.applied("dev").unwrap().contains(&"+certificate.cdn".to_owned()));
}
