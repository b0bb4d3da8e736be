//! What tenants have put into the cluster: untouched by everything, and named where it stands in the way.

use serde_json::{Value, json};

use crate::support::Place;

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
/// Where global services stand.
const GLOBAL: &str = "us-east-1";

/// A cluster with a tenant at work in it.
fn inhabited() -> Place {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let state = place.state("dev");
    let id = |address: &str| state["entries"][address]["id"].as_str().unwrap_or_else(|| panic!("{address}")).to_owned();
    place.tamper(|cloud| {
        let mut tenant = cloud.tenant(ACCOUNT, REGION);
        let group = tenant.target_group("banana", &id("vpc.main"));
        tenant.rule(&id("listener.http"), 10, "banana.wpdev.kimmyai.io", &group);
        tenant.access_point(&id("file-system.main"), "banana");
        tenant.service("wp-dev-cluster", "banana", Some(&group));
        tenant.task("wp-dev-cluster", "once", None);
        cloud.tenant(ACCOUNT, GLOBAL).record(&id("hosted-zone.main"), "banana.wpdev.kimmyai.io", "elsewhere.example.com");
    });
    place
}

/// All that the tenant has, as AWS keeps it.
fn belongings(place: &Place) -> Value {
    let cloud = place.cloud();
    let here = &cloud["accounts"][ACCOUNT]["regions"][REGION];
    let zones = cloud["accounts"][ACCOUNT]["regions"][GLOBAL]["hosted_zones"].as_object().expect("zones");
    let records: Vec<&Value> = zones
        .values()
        .flat_map(|zone| zone["records"].as_object().expect("records").values())
        .filter(|record| record["name"].as_str().is_some_and(|name| name.starts_with("banana.")))
        .collect();
    let tables = ["target_groups", "listener_rules", "access_points", "services", "tasks"].map(|table| {
        let rows = here[table].as_object().expect(table);
        assert!(!rows.is_empty(), "{table}");
        (table, rows)
    });
    assert_eq!(records.len(), 1);
    json!({ "tables": tables.into_iter().map(|(name, rows)| json!([name, rows])).collect::<Vec<_>>(), "records": records })
}

#[test]
fn a_tenant_is_left_alone_and_stops_what_would_harm_it() {
    let place = inhabited();
    let before = belongings(&place);
    let same = |what: &str| assert_eq!(belongings(&place), before, "{what}");

    // It is no change, and changes around it pass it by.
    place.at_rest("dev");
    let shipped = place.file("dev");
    for edits in [
        &[("alb", "idle_timeout = 120"), ("tags", "Owner = \"platform\"")][..],
        &[("alb.fixed_response", "status = 404"), ("dns", "ttl = 600"), ("efs", "infrequent_access_days = 0")],
        &[("ecs", "container_insights = false"), ("ecs", "port = \"8080-8090\""), ("rds", "class = \"db.t3.small\"")],
    ] {
        place.write("dev", &crate::support::edited(&shipped, edits));
        assert!(!place.applied("dev").expect("applied").is_empty());
        same("an edit");
    }
    place.write("dev", &shipped);
    place.applied("dev").expect("applied");
    same("the way back");

    // Removing the cluster is refused, and each thing is named.
    for line in ["plan dev --sandbox --destroy", "destroy dev --sandbox --confirm wp-dev-cluster"] {
        let told = place.bbws(line).exits(3).err;
        for (what, name) in [
            ("target group", "banana"),
            ("listener rule", "banana.wpdev.kimmyai.io"),
            ("access point", "banana"),
            ("ECS service", "banana"),
            ("ECS task", "once"),
            ("record", "banana.wpdev.kimmyai.io"),
        ] {
            let named = told.lines().any(|line| line.contains(what) && line.contains(name));
            assert!(named, "{line}: {what} {name} in\n{told}");
        }
        same(line);
    }

    // So is replacing what a tenant stands on.
    for (edits, on, names) in [
        (&[("names", "alb = \"other\"")][..], "load-balancer.main", &["listener rule", "target group"][..]),
        (&[("names", "cluster = \"other\"")], "ecs-cluster.main", &["ECS service", "ECS task"]),
    ] {
        place.write("dev", &crate::support::edited(&with_names(&shipped), edits));
        let told = place.bbws("apply dev --sandbox --yes").exits(3).err;
        assert!(told.contains(on) && names.iter().all(|name| told.contains(name)), "{told}");
        same(on);
    }
    place.write("dev", &shipped);
    place.at_rest("dev");

    // With tenants it goes on, if they are counted: in production never, and what is theirs is not touched by bbws.
    let told = place.bbws("destroy prod --sandbox --with-tenants --confirm wp-prod-cluster").exits(3).err;
    assert!(told.contains("--with-tenants is refused"), "{told}");
    let with_tenants = "destroy dev --sandbox --confirm wp-dev-cluster --with-tenants";
    let asked = place.bbws(with_tenants).exits(3);
    let told = asked.out + &asked.err;
    let number =
        told.split("--tenants ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_else(|| panic!("{told}")).to_owned();
    let listed: String = told.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "AWS removes these together with what they hang on, and they are not bbws's",
        "listener rule banana.wpdev.kimmyai.io",
        "access point banana",
        "these are not bbws's, it never removes them",
        "ECS service banana",
        "ECS task once",
        "target group banana",
    ] {
        assert!(listed.contains(part), "{part} in\n{told}");
    }
    let miscounted = place.bbws(&format!("{with_tenants} --tenants 1")).exits(3).err;
    assert!(miscounted.contains(&format!("there are {number} of others' things, not `1`")), "{miscounted}");
    same("a miscount");
    let gone = place.bbws(&format!("{with_tenants} --tenants {number}")).exits(1).out;
    for (address, code) in [("ecs-cluster.main", "ClusterContains"), ("hosted-zone.main", "HostedZoneNotEmpty")] {
        assert!(gone.lines().any(|line| line.contains(address)) && gone.contains(code), "{address}, {code}:\n{gone}");
    }
    let left = |cloud: &Value| {
        let here = &cloud["accounts"][ACCOUNT]["regions"][REGION];
        ["target_groups", "services", "tasks"].map(|table| here[table].clone())
    };
    let tables = before["tables"].as_array().expect("tables");
    let had = ["target_groups", "services", "tasks"].map(|name| tables.iter().find(|one| one[0] == name).expect(name)[1].clone());
    let cloud = place.cloud();
    assert_eq!(left(&cloud), had, "what can stand alone is left as it was");
    let zones = cloud["accounts"][ACCOUNT]["regions"][GLOBAL]["hosted_zones"].to_string();
    assert!(zones.contains("banana.wpdev.kimmyai.io"), "{zones}");
    for table in ["listener_rules", "access_points", "load_balancers", "vpcs"] {
        assert_eq!(cloud["accounts"][ACCOUNT]["regions"][REGION][table], json!({}), "{table}");
    }
    let state = place.state("dev");
    let kept: Vec<&String> = state["entries"].as_object().expect("entries").keys().collect();
    assert!(kept.iter().any(|address| *address == "ecs-cluster.main") && kept.len() < 9, "{kept:?}");

    // Once the tenant has moved out, nothing stands in the way.
    place.change_cloud(|cloud| {
        for table in ["target_groups", "listener_rules", "access_points", "services", "tasks"] {
            cloud["accounts"][ACCOUNT]["regions"][REGION][table] = json!({});
        }
        for zone in cloud["accounts"][ACCOUNT]["regions"][GLOBAL]["hosted_zones"].as_object_mut().expect("zones").values_mut() {
            zone["records"].as_object_mut().expect("records").retain(|_, record| record["name"] != "banana.wpdev.kimmyai.io");
        }
    });
    place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0);
}

/// The file with names of its own.
fn with_names(text: &str) -> String {
    format!("{text}\n[names]\n")
}
