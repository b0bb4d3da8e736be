//! The outputs that others read, by name; and what a blueprint must never hold.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Desired, pointers};
use serde_json::{Value, json};

use crate::blueprint::{desired, faults};

/// Every name of the contract with the Tenant Manager, as the product lists them.
const NAMES: &str = "\
    vpc_id vpc_cidr_block public_subnet_ids private_subnet_ids public_subnet_cidr_blocks private_subnet_cidr_blocks internet_gateway_id \
    nat_gateway_id nat_gateway_ids nat_gateway_eip nat_gateway_eips availability_zones alb_dns_name alb_arn alb_zone_id alb_listener_arn \
    alb_security_group_id route53_zone_id route53_nameservers wpdev_delegation_ns_records wpsit_delegation_ns_records \
    wp_subdomain_zone_id route53_wpdev_zone_id route53_wpdev_nameservers route53_wpsit_zone_id route53_wpsit_nameservers \
    acm_certificate_arn acm_certificate_status acm_certificate_domain cloudfront_distribution_id cloudfront_domain_name \
    cloudfront_distribution_arn cloudfront_status cloudfront_alternate_domain_names cloudfront_logging_bucket ecs_cluster_name \
    ecs_cluster_arn ecs_security_group_id ecs_task_execution_role_arn ecs_task_role_arn rds_endpoint rds_address rds_master_secret_arn \
    rds_security_group_id efs_id efs_dns_name efs_security_group_id tenant_url_pattern";

fn nulls(desired: &Desired) -> BTreeSet<&str> {
    desired.outputs.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.as_str()).collect()
}

#[test]
fn every_name_is_there_and_null_only_where_it_does_not_apply() {
    let certificate = ["acm_certificate_arn", "acm_certificate_status", "acm_certificate_domain", "tenant_url_pattern"];
    let parent = ["wpdev_delegation_ns_records", "wpsit_delegation_ns_records", "wp_subdomain_zone_id"];
    let (dev, sit) = (["route53_wpdev_zone_id", "route53_wpdev_nameservers"], ["route53_wpsit_zone_id", "route53_wpsit_nameservers"]);
    type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], Vec<&'r [&'r str]>);
    let table: [Row<'_>; 4] = [
        ("dev", &[], vec![&parent, &sit]),
        ("sit", &[], vec![&parent, &dev]),
        ("prod", &[], vec![&dev, &sit]),
        (
            "dev",
            &[("dns", "delegated = false"), ("cdn", "logs = false")],
            vec![&parent, &sit, &certificate, &["cloudfront_logging_bucket"]],
        ),
    ];
    for (base, edits, expected) in table {
        let desired = desired(base, edits);
        let known: BTreeSet<&str> = desired.outputs.keys().map(String::as_str).collect();
        let missing: Vec<&str> = NAMES.split_whitespace().filter(|name| !known.contains(name)).collect();
        assert!(missing.is_empty(), "{base}: {missing:?}");
        // Without HTTPS there is no second listener.
        let expected: BTreeSet<&str> = expected.into_iter().flatten().copied().chain(["alb_https_listener_arn"]).collect();
        assert_eq!(nulls(&desired), expected, "{base} {edits:?}");
    }
}

#[test]
fn the_zones_outputs_say_which_zone_is_which() {
    let zone = |name: &str| json!({ "$ref": format!("hosted-zone.{name}"), "output": "id" });
    let prod = desired("prod", &[]).outputs;
    assert_eq!((&prod["route53_zone_id"], &prod["wp_subdomain_zone_id"]), (&zone("main"), &zone("main")));
    let own = desired("prod", &[("dns", "own_subzone = true")]).outputs;
    assert_eq!((&own["route53_zone_id"], &own["wp_subdomain_zone_id"]), (&zone("main"), &zone("subzone")));
    assert_eq!(prod["tenant_url_pattern"], json!("https://{tenant}.wp.kimmyai.io"));
    let https = desired("dev", &[("alb", "https = true")]).outputs;
    assert_eq!(https["alb_https_listener_arn"], json!({ "$ref": "listener.https", "output": "arn" }));
}

#[test]
fn every_gateway_is_told() {
    let prod = desired("prod", &[]).outputs;
    assert_eq!(prod["nat_gateway_ids"].as_array().map(Vec::len), Some(2));
    assert_eq!((&prod["nat_gateway_id"], &prod["nat_gateway_eip"]), (&prod["nat_gateway_ids"][0], &prod["nat_gateway_eips"][0]));
}

/// Of a secret others may learn where it is, and which version of it counts.
#[test]
fn nothing_of_a_secret_is_told() {
    for base in ["dev", "sit", "prod"] {
        let Desired { resources, outputs } = desired(base, &[]);
        let told: BTreeSet<String> =
            outputs.values().flat_map(pointers).filter(|p| p.to.kind().starts_with("secret")).map(|p| p.output).collect();
        assert_eq!(told, BTreeSet::from(["arn".to_owned()]), "{base}");
        let used: BTreeSet<String> =
            resources.values().flat_map(|w| pointers(&w.spec)).filter(|p| p.to.kind().starts_with("secret")).map(|p| p.output).collect();
        assert_eq!(used, BTreeSet::from(["arn".to_owned(), "version_id".to_owned()]), "{base}");
    }
}

fn spec(desired: &Desired, address: &str) -> Value {
    let address: Address = address.parse().expect("an address");
    desired.resources[&address].spec.clone()
}

#[test]
fn the_sql_task_gets_its_password_from_the_secret() {
    let task = spec(&desired("dev", &[]), "task-definition.db-init");
    let container = &task["containers"]["mysql"];
    let from = |field: &str| json!({ "$text": [{ "$ref": "secret.rds", "output": "arn" }, format!(":{field}::")] });
    let expected: BTreeMap<&str, Value> = BTreeMap::from([
        ("DB_HOST", from("host")),
        ("DB_PORT", from("port")),
        ("DB_USER", from("username")),
        ("MYSQL_PWD", from("password")),
    ]);
    assert_eq!(container["secrets"], json!(expected));
    assert_eq!(container["environment"], json!({}));
    assert_eq!((&task["cpu"], &task["memory"]), (&json!(256), &json!(512)));
}

/// A wildcard in a policy's resources is one of these: AWS knows no resource for the action, or what stands before it is
/// the cluster's own.
#[test]
fn roles_may_do_no_more_than_they_have_to() {
    let no_resource = ["ecr:getauthorizationtoken", "logs:describeloggroups", "ssmmessages:"];
    let edits = [("network", "flow_logs = true"), ("ecs", "secrets = [\"wp-dev-tenant-*\", \"one\"]")];
    let desired = desired("dev", &edits);
    let policies = desired.resources.iter().filter(|(address, _)| address.kind() == "role-policy");
    let mut seen = 0;
    for (address, wanted) in policies {
        for statement in wanted.spec["document"]["Statement"].as_array().into_iter().flatten() {
            let listed = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let actions: Vec<String> = listed(&statement["Action"]).iter().filter_map(|a| a.as_str().map(str::to_owned)).collect();
            assert!(actions.iter().all(|action| !action.contains('*')), "{address}: {statement}");
            let everything = listed(&statement["Resource"]).contains(&json!("*"));
            let allowed = actions.iter().all(|action| no_resource.iter().any(|known| action.starts_with(known)));
            assert!(!everything || allowed, "{address}: {statement}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4 + 4 + 2);
    let secrets = spec(&desired, "role-policy.ecs-execution")["document"]["Statement"][3]["Resource"].clone();
    let arn = "arn:aws:secretsmanager:af-south-1:536580886816:secret:";
    assert_eq!(secrets, json!([format!("{arn}one-??????"), format!("{arn}wp-dev-tenant-*"), { "$ref": "secret.rds", "output": "arn" }]));
    for (address, wanted) in desired.resources.iter().filter(|(address, _)| address.kind() == "role") {
        let condition = &wanted.spec["trust"]["Statement"][0]["Condition"];
        assert_eq!(condition["StringEquals"]["aws:SourceAccount"], json!("536580886816"), "{address}");
    }
}

#[test]
fn no_group_lets_out_or_in_more_than_its_rules_say() {
    let desired = desired("dev", &[]);
    let of = |address: &str| spec(&desired, address);
    for group in ["alb", "ecs", "rds", "efs"] {
        assert_eq!(of(&format!("security-group.{group}"))["no_default_egress"], json!(true));
    }
    assert_eq!(of("vpc.main")["empty_default_group"], json!(true));
    let to_everybody: Vec<String> = desired
        .resources
        .iter()
        .filter(|(_, wanted)| wanted.spec["peer"]["cidr"] == json!("0.0.0.0/0"))
        .map(|(address, wanted)| format!("{} {}", address.name(), wanted.spec["ports"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(to_everybody, ["alb-in-http-internet 80", "ecs-out-http 80", "ecs-out-https 443"]);
}

#[test]
fn further_resources_have_defaults_and_tags_too() {
    let edits = [(
        "+",
        "[resource.bucket.media]\nname = \"wp-dev-media-536580886816\"\ntags = { Name = \"media\", Owner = \"shop\" }\n\
         [resource.subnet.lab]\nvpc = \"${vpc.main.id}\"\ncidr = \"10.0.99.0/24\"\nzone = \"af-south-1a\"\n\
         [resource.route-table-association.lab]\nsubnet = \"${subnet.lab.id}\"\ntable = \"${route-table.private.id}\"",
    )];
    let desired = desired("dev", &edits);
    assert_eq!(faults(&desired, &bbws_kinds::all()), Vec::<String>::new());
    let bucket = spec(&desired, "bucket.media");
    assert_eq!(bucket["public_access_blocked"], json!(true));
    let tags = json!({ "Environment": "dev", "ManagedBy": "bbws", "Name": "media", "Owner": "shop", "Project": "wp" });
    assert_eq!(bucket["tags"], tags, "the resource's own tags count for more");
    assert_eq!(spec(&desired, "subnet.lab")["tags"]["Name"], json!("wp-dev-lab"));
}

#[test]
fn headers_of_the_origin_wait_for_a_secret_that_is_declared_here() {
    let header = |edits| spec(&desired("dev", edits), "distribution.main")["origins"]["alb"]["headers"]["X-Origin-Verify"].clone();
    let there = header(&[("+", "[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"\nfield = \"verify\"")]);
    assert_eq!(there, json!({ "secret": "origin", "version": null, "field": "verify" }));
    let declared = header(&[("+", "[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"\n[resource.secret.edge]\nname = \"origin\"")]);
    let output = |output: &str| json!({ "$ref": "secret.edge", "output": output });
    assert_eq!(declared, json!({ "secret": output("arn"), "version": output("version_id"), "field": null }));
}

#[test]
fn existing_zones_are_found_and_never_made() {
    let prod = desired("prod", &[]);
    let zone: Address = "hosted-zone.main".parse().expect("an address");
    assert!(prod.resources[&zone].existing && prod.resources[&zone].spec["existing"] == json!(true));
    let others = prod.resources.iter().filter(|(address, wanted)| wanted.existing && **address != zone).count();
    assert_eq!(others, 0);
}

#[test]
fn before_the_zone_is_delegated_cloudfront_has_its_own_name_and_certificate() {
    let edge = spec(&desired("dev", &[("dns", "delegated = false")]), "distribution.main");
    assert_eq!((&edge["aliases"], &edge["certificate"]), (&json!([]), &Value::Null));
    let after = spec(&desired("dev", &[]), "distribution.main");
    assert_eq!(after["aliases"], json!(["*.wpdev.kimmyai.io", "wpdev.kimmyai.io"]));
    assert_eq!(after["certificate"]["min_tls"], json!("TLSv1.2_2021"));
}

#[test]
fn one_record_validates_both_certificates() {
    for edits in [&[] as &[(&str, &str)], &[("alb", "https = true")]] {
        let desired = desired("dev", edits);
        let records = desired.resources.values().filter(|wanted| wanted.spec["type"] == json!("CNAME")).count();
        assert_eq!(records, 1, "{edits:?}");
    }
}
