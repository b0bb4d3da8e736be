//! Edits of the environment file: each is planned and applied exactly, and leaves nothing to do.

use serde_json::Value;

use crate::support::{Place, edited, steps};

type Lines = &'static [(&'static str, &'static str)];
type Marks = &'static [&'static str];

/// What is done to dev's file, what that does to the cluster, and what taking it back does: see [`steps`].
struct Edit {
    what: &'static str,
    lines: Lines,
    on: Marks,
    off: Marks,
}

const fn edit(what: &'static str, lines: Lines, on: Marks, off: Marks) -> Edit {
    Edit { what, lines, on, off }
}

/// Network, load balancer, containers, data.
#[rustfmt::skip]
const NEAR: &[Edit] = &[
    edit("a NAT gateway in each zone", &[("network", "nat = \"per-zone\"")], &["+elastic-ip.nat-b", "+metric-alarm.nat-b-port-errors", "+nat-gateway.b", "+route-table.private-a", "+route-table.private-b", "+route.private-a", "+route.private-b", "-route-table.private", "-route.private", "~route-table-association.private-a", "~route-table-association.private-b", "~vpc-endpoint.s3"], &["+route-table.private", "+route.private", "-elastic-ip.nat-b", "-metric-alarm.nat-b-port-errors", "-nat-gateway.b", "-route-table.private-a", "-route-table.private-b", "-route.private-a", "-route.private-b", "~route-table-association.private-a", "~route-table-association.private-b", "~vpc-endpoint.s3"]),
    edit("no endpoint", &[("network", "endpoints = []")], &["-vpc-endpoint.s3"], &["+vpc-endpoint.s3"]),
    edit("endpoints of both sorts", &[("network", "endpoints = [\"s3\", \"ecr.api\", \"ecr.dkr\", \"logs\", \"secretsmanager\", \"ssmmessages\"]")], &["+security-group-rule.endpoints-in-ecs", "+security-group.endpoints", "+vpc-endpoint.ecr-api", "+vpc-endpoint.ecr-dkr", "+vpc-endpoint.logs", "+vpc-endpoint.secretsmanager", "+vpc-endpoint.ssmmessages"], &["-security-group-rule.endpoints-in-ecs", "-security-group.endpoints", "-vpc-endpoint.ecr-api", "-vpc-endpoint.ecr-dkr", "-vpc-endpoint.logs", "-vpc-endpoint.secretsmanager", "-vpc-endpoint.ssmmessages"]),
    edit("flow logs", &[("network", "flow_logs = true")], &["+flow-log.vpc", "+log-group.flow-logs", "+role-policy.flow-logs", "+role.flow-logs"], &["-flow-log.vpc", "-log-group.flow-logs", "-role-policy.flow-logs", "-role.flow-logs"]),
    edit("a spare public subnet", &[("network.public", "x = { cidr = \"10.0.9.0/24\", zone = \"af-south-1a\", spare = true }")], &["+route-table-association.public-x", "+subnet.public-x"], &["-route-table-association.public-x", "-subnet.public-x"]),
    edit("another network for a subnet", &[("network.public", "b = { cidr = \"10.0.8.0/24\", zone = \"af-south-1b\" }")], &["~load-balancer.main", "±route-table-association.public-b", "±subnet.public-b"], &["~load-balancer.main", "±route-table-association.public-b", "±subnet.public-b"]),
    edit("closed to all but CloudFront", &[("alb", "-allow"), ("alb", "from_cloudfront_only = true")], &["+security-group-rule.alb-in-http-cloudfront", "-security-group-rule.alb-in-http-internet"], &["+security-group-rule.alb-in-http-internet", "-security-group-rule.alb-in-http-cloudfront"]),
    edit("open to two networks", &[("alb", "allow = [\"41.0.0.0/24\", \"41.0.1.0/24\"]")], &["+security-group-rule.alb-in-http-41_0_0_0-24", "+security-group-rule.alb-in-http-41_0_1_0-24", "-security-group-rule.alb-in-http-internet"], &["+security-group-rule.alb-in-http-internet", "-security-group-rule.alb-in-http-41_0_0_0-24", "-security-group-rule.alb-in-http-41_0_1_0-24"]),
    edit("HTTPS", &[("alb", "https = true")], &["+certificate.alb", "+listener.https", "+metric-alarm.certificate-alb-days", "+security-group-rule.alb-in-https-internet", "~distribution.main"], &["-certificate.alb", "-listener.https", "-metric-alarm.certificate-alb-days", "-security-group-rule.alb-in-https-internet", "~distribution.main"]),
    edit("HTTPS from CloudFront only", &[("alb", "-allow"), ("alb", "https = true\nfrom_cloudfront_only = true")], &["+certificate.alb", "+listener.https", "+metric-alarm.certificate-alb-days", "+security-group-rule.alb-in-https-cloudfront", "-security-group-rule.alb-in-http-internet", "~distribution.main"], &["+security-group-rule.alb-in-http-internet", "-certificate.alb", "-listener.https", "-metric-alarm.certificate-alb-days", "-security-group-rule.alb-in-https-cloudfront", "~distribution.main"]),
    edit("the load balancer's own settings", &[("alb", "deletion_protection = true"), ("alb", "idle_timeout = 120"), ("alb", "drop_invalid_headers = false")], &["~load-balancer.main"], &["~load-balancer.main"]),
    edit("another fixed response", &[("alb.fixed_response", "status = 404"), ("alb.fixed_response", "body = \"nothing here\"")], &["~listener.http"], &["~listener.http"]),
    edit("a rule for a network", &[("+", "[[rule]]\nname = \"office\"\ngroup = \"alb\"\nport = 443\ncidr = \"41.0.0.0/24\"\ndescription = \"the office\"")], &["+security-group-rule.rule-office"], &["-security-group-rule.rule-office"]),
    edit("a rule for a group", &[("+", "[[rule]]\nname = \"debug\"\ngroup = \"rds\"\nport = \"3306-3307\"\npeer = \"alb\"\ndirection = \"out\"\nprotocol = \"udp\"\ndescription = \"x\"")], &["+security-group-rule.rule-debug"], &["-security-group-rule.rule-debug"]),
    edit("no Container Insights", &[("ecs", "container_insights = false")], &["~ecs-cluster.main"], &["~ecs-cluster.main"]),
    edit("spare capacity only", &[("ecs", "capacity_providers = [\"FARGATE_SPOT\"]")], &["~ecs-cluster.main"], &["~ecs-cluster.main"]),
    edit("larger tasks", &[("ecs", "task_cpu = 512"), ("ecs", "task_memory = 1024")], &["±task-definition.db-init"], &["±task-definition.db-init"]),
    edit("another port of the tasks", &[("ecs", "port = \"8080-8090\"")], &["~security-group-rule.alb-out-ecs", "~security-group-rule.ecs-in-alb"], &["~security-group-rule.alb-out-ecs", "~security-group-rule.ecs-in-alb"]),
    edit("secrets of tenants", &[("ecs", "secrets = [\"wp-dev-tenant-*\", \"one\"]")], &["~role-policy.ecs-execution"], &["~role-policy.ecs-execution"]),
    edit("another image", &[("ecs", "db_init_image = \"mysql:8.4\"")], &["±task-definition.db-init"], &["±task-definition.db-init"]),
    edit("more storage", &[("rds", "storage = 50")], &["!db-instance.main", "~db-instance.main", "~metric-alarm.rds-storage"], &["~metric-alarm.rds-storage"]),
    edit("storage that grows", &[("rds", "max_storage = 100")], &["~db-instance.main"], &["~db-instance.main"]),
    edit("further logs", &[("rds", "log_exports = [\"error\", \"slowquery\", \"general\"]")], &["+log-group.rds-general", "~db-instance.main"], &["-log-group.rds-general", "~db-instance.main"]),
    edit("no logs", &[("rds", "log_exports = []")], &["-log-group.rds-error", "-log-group.rds-slowquery", "~db-instance.main"], &["+log-group.rds-error", "+log-group.rds-slowquery", "~db-instance.main"]),
    edit("a parameter", &[("rds.parameters", "max_connections = 100")], &["~db-parameter-group.main"], &["~db-parameter-group.main"]),
    edit("backups of files", &[("efs", "backup = true")], &["~file-system.main"], &["~file-system.main"]),
    edit("no cheaper storage", &[("efs", "infrequent_access_days = 0")], &["~file-system.main"], &["~file-system.main"]),
    edit("logs are kept longer", &[("logs", "retention_days = 14")], &["~bucket.cdn-logs", "~log-group.ecs", "~log-group.rds-error", "~log-group.rds-slowquery"], &["~bucket.cdn-logs", "~log-group.ecs", "~log-group.rds-error", "~log-group.rds-slowquery"]),
    edit("files stay in the cheaper storage", &[("efs", "back_on_access = false")], &["~file-system.main"], &["~file-system.main"]),
];

/// Names, certificate, CDN, watch.
#[rustfmt::skip]
const FAR: &[Edit] = &[
    edit("before the zone is delegated", &[("dns", "delegated = false")], &["-certificate.cdn", "-dns-record.apex-a", "-dns-record.apex-aaaa", "-dns-record.validation", "-metric-alarm.certificate-cdn-days", "-topic.alarms-global", "~distribution.main"], &["+certificate.cdn", "+dns-record.apex-a", "+dns-record.apex-aaaa", "+dns-record.validation", "+metric-alarm.certificate-cdn-days", "+topic.alarms-global", "~distribution.main"]),
    edit("names of tenants", &[("dns", "aliases = [\"banana.wpdev.kimmyai.io\", \"*.wpdev.kimmyai.io\"]")], &["+dns-record.alias-banana-a", "+dns-record.alias-banana-aaaa", "+dns-record.wildcard-a", "+dns-record.wildcard-aaaa"], &["-dns-record.alias-banana-a", "-dns-record.alias-banana-aaaa", "-dns-record.wildcard-a", "-dns-record.wildcard-aaaa"]),
    edit("a health check", &[("dns.health_check", "enabled = true")], &["+health-check.alb", "+metric-alarm.health-check"], &["-health-check.alb", "-metric-alarm.health-check"]),
    edit("another sort of key", &[("+", "[certificate]\nkey_algorithm = \"EC_prime256v1\"")], &["~distribution.main", "~metric-alarm.certificate-cdn-days", "±certificate.cdn", "±dns-record.validation"], &["~distribution.main", "~metric-alarm.certificate-cdn-days", "±certificate.cdn", "±dns-record.validation"]),
    edit("a function", &[("+", "[cdn.default]\nfunctions = [\"hello\"]\n[cdn.function.hello]\ncode = \"function handler(event) { return event.request }\"")], &["+cdn-function.hello", "~distribution.main"], &["-cdn-function.hello", "~distribution.main"]),
    edit("a header of a secret declared here", &[("+", "[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"\n[resource.secret.origin]\nname = \"origin\"")], &["+secret.origin", "~distribution.main"], &["-secret.origin", "~distribution.main"]),
    edit("a further behaviour", &[("+", "[[cdn.behaviour]]\npath = \"/static/*\"")], &["~distribution.main"], &["~distribution.main"]),
    edit("no logs of CloudFront", &[("cdn", "logs = false")], &["-bucket.cdn-logs", "-log-delivery-destination.cdn", "-log-delivery-source.cdn", "-log-delivery.cdn"], &["+bucket.cdn-logs", "+log-delivery-destination.cdn", "+log-delivery-source.cdn", "+log-delivery.cdn"]),
    edit("no IPv6", &[("cdn", "ipv6 = false")], &["-dns-record.apex-aaaa", "~distribution.main"], &["+dns-record.apex-aaaa", "~distribution.main"]),
    edit("other settings of CloudFront", &[("cdn", "price_class = \"PriceClass_All\""), ("cdn", "http_version = \"http2\"")], &["~distribution.main"], &["~distribution.main"]),
    edit("other names of CloudFront", &[("cdn", "aliases = [\"*.wpdev.kimmyai.io\"]")], &["-dns-record.apex-a", "-dns-record.apex-aaaa", "~distribution.main"], &["+dns-record.apex-a", "+dns-record.apex-aaaa", "~distribution.main"]),
    edit("no alarms", &[("monitoring", "alarms = false")], &["-metric-alarm.alb-5xx", "-metric-alarm.alb-target-5xx", "-metric-alarm.alb-unhealthy-hosts", "-metric-alarm.certificate-cdn-days", "-metric-alarm.efs-burst-credits", "-metric-alarm.nat-a-port-errors", "-metric-alarm.rds-connections", "-metric-alarm.rds-cpu", "-metric-alarm.rds-storage", "-topic.alarms", "-topic.alarms-global"], &["+metric-alarm.alb-5xx", "+metric-alarm.alb-target-5xx", "+metric-alarm.alb-unhealthy-hosts", "+metric-alarm.certificate-cdn-days", "+metric-alarm.efs-burst-credits", "+metric-alarm.nat-a-port-errors", "+metric-alarm.rds-connections", "+metric-alarm.rds-cpu", "+metric-alarm.rds-storage", "+topic.alarms", "+topic.alarms-global"]),
    edit("a dashboard", &[("monitoring", "dashboard = true")], &["+dashboard.main"], &["-dashboard.main"]),
    edit("somebody is told", &[("monitoring", "emails = [\"ops@kimmyai.io\"]")], &["~topic.alarms", "~topic.alarms-global"], &["~topic.alarms", "~topic.alarms-global"]),
    edit("another threshold", &[("+", "[monitoring.thresholds]\nrds_cpu = 90")], &["~metric-alarm.rds-cpu"], &["~metric-alarm.rds-cpu"]),
    edit("the health check's own settings", &[("dns.health_check", "enabled = true\npath = \"/up\"\nfailures = 5")], &["+health-check.alb", "+metric-alarm.health-check"], &["-health-check.alb", "-metric-alarm.health-check"]),
    edit("a certificate for the wildcard only", &[("+", "[certificate]\nnames = [\"*.wpdev.kimmyai.io\"]"), ("cdn", "aliases = [\"*.wpdev.kimmyai.io\"]")], &["-dns-record.apex-a", "-dns-record.apex-aaaa", "~distribution.main", "~metric-alarm.certificate-cdn-days", "±certificate.cdn", "±dns-record.validation"], &["+dns-record.apex-a", "+dns-record.apex-aaaa", "~distribution.main", "~metric-alarm.certificate-cdn-days", "±certificate.cdn", "±dns-record.validation"]),
    edit("how behaviours treat requests", &[("+", "[cdn.default]\ncache = \"UseOriginCacheControlHeaders\"\norigin_request = \"AllViewerExceptHostHeader\"\nmethods = \"read\"\ncompress = false\n[[cdn.behaviour]]\npath = \"/a/*\"\ncache = \"CachingDisabled\"\norigin_request = \"CORS-CustomOrigin\"\nmethods = \"all\"\ncompress = false\nfunctions = [\"hello\"]\n[cdn.function.hello]\non = \"viewer-response\"\ncode = \"function handler(event) { return event.response }\"")], &["+cdn-function.hello", "~distribution.main"], &["-cdn-function.hello", "~distribution.main"]),
];

/// Makes each edit and takes it back, in one cluster. Each run verifies that a new plan is empty.
fn on_and_off(edits: &[Edit]) {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let shipped = place.file("dev");
    let mut wrong = vec![];
    for Edit { what, lines, on, off } in edits {
        for (way, text, expected) in [("on", edited(&shipped, lines), on), ("off", shipped.clone(), off)] {
            place.write("dev", &text);
            let done = place.applied("dev");
            if done.as_deref().ok() != Some(&expected.iter().map(|mark| (*mark).to_owned()).collect::<Vec<_>>()[..]) {
                wrong.push(format!("{what}, {way}: {done:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    place.at_rest("dev");
}

#[test]
fn options_of_network_and_data_go_on_and_off() {
    on_and_off(NEAR);
}

#[test]
fn options_of_names_and_edge_go_on_and_off() {
    on_and_off(FAR);
}

/// A cluster, and what a plan after some edits says: the steps, the plan itself, and its text.
fn planned(place: &Place, shipped: &str, lines: &[(&str, &str)]) -> (Vec<String>, Value, String) {
    place.write("dev", &edited(shipped, lines));
    let plan = place.bbws("plan dev --sandbox --detailed-exitcode --json").exits(2).json();
    let text = place.bbws("plan dev --sandbox").exits(0).out;
    (steps(&plan), plan, text)
}

#[test]
fn a_change_of_the_database_is_preceded_by_a_snapshot() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let shipped = place.file("dev");
    let (steps, plan, _) = planned(&place, &shipped, &[("rds", "class = \"db.t3.small\"")]);
    assert_eq!(steps, ["!db-instance.main", "~db-instance.main"]);
    let update = plan["steps"].as_array().unwrap().iter().find(|step| step["action"]["do"] == "update").unwrap();
    assert_eq!(update["action"]["have"]["class"], "db.t3.micro");
    assert_eq!(update["action"]["want"]["class"], "db.t3.small");
    let id = &place.state("dev")["entries"]["db-instance.main"]["id"];
    assert_eq!(&update["action"]["id"], id, "in place");
    let backup = plan["steps"].as_array().unwrap().iter().find(|step| step["action"]["do"] == "backup").unwrap();
    assert_eq!(update["after"][0]["step"], backup["id"]);
    assert_eq!(place.applied("dev").unwrap(), steps);
    let things = place.bbws("sandbox show --json").exits(0).out;
    assert!(things.contains("-bbws-"), "the snapshot stays:\n{things}");
    let calls = place.bbws("sandbox calls --json").exits(0).out;
    let at = |operation: &str| calls.lines().position(|call| call.contains(operation)).unwrap_or_else(|| panic!("{operation}"));
    assert!(at("\"CreateDBSnapshot\"") < at("\"ModifyDBInstance\""));
    place.write("dev", &shipped);
    assert_eq!(place.applied("dev").unwrap(), steps);
}

#[test]
fn a_tag_goes_on_everything_and_a_third_zone_comes_and_goes() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let shipped = place.file("dev");
    let (steps, plan, _) = planned(&place, &shipped, &[("tags", "Owner = \"platform\"")]);
    assert!(steps.iter().all(|step| step.starts_with('~')), "{steps:?}");
    // Whatever has tags is changed, and nothing of it but the tags.
    let state = place.state("dev");
    let tagged = state["entries"].as_object().unwrap().iter().filter(|(_, entry)| entry["spec"].get("tags").is_some());
    let mut tagged: Vec<String> = tagged.map(|(address, _)| format!("~{address}")).collect();
    tagged.sort();
    assert_eq!(steps, tagged);
    for step in plan["steps"].as_array().unwrap() {
        let fields = step["reason"]["fields"].as_array().unwrap_or_else(|| panic!("{step}"));
        assert!(fields.iter().all(|field| field["field"].as_str().is_some_and(|name| name.starts_with("tags"))), "{step}");
    }
    assert_eq!(place.applied("dev").unwrap(), steps);
    place.write("dev", &shipped);
    assert_eq!(place.applied("dev").unwrap(), steps, "the way back");

    let third: Lines = &[
        ("network.public", "c = { cidr = \"10.0.3.0/24\", zone = \"af-south-1c\" }"),
        ("network.private", "c = { cidr = \"10.0.13.0/24\", zone = \"af-south-1c\" }"),
    ];
    let comes = [
        "+mount-target.private-c",
        "+route-table-association.private-c",
        "+route-table-association.public-c",
        "+subnet.private-c",
        "+subnet.public-c",
        "~db-subnet-group.main",
        "~load-balancer.main",
    ];
    assert_eq!(planned(&place, &shipped, third).0, comes);
    assert_eq!(place.applied("dev").unwrap(), comes);
    place.write("dev", &shipped);
    assert_eq!(place.applied("dev").unwrap(), comes.map(|step| step.replace('+', "-")));
}

#[test]
fn a_spare_subnet_is_replaced_and_one_in_use_is_not() {
    let place = Place::new();
    let shipped = place.file("dev");
    let spare =
        |cidr: &str| edited(&shipped, &[("network.public", &format!("x = {{ cidr = \"{cidr}\", zone = \"af-south-1a\", spare = true }}"))]);
    place.write("dev", &spare("10.0.9.0/24"));
    place.applied("dev").expect("applied");
    place.write("dev", &spare("10.0.10.0/24"));
    let plan = place.bbws("plan dev --sandbox --detailed-exitcode --json").exits(2).json();
    let replaced = ["±route-table-association.public-x", "±subnet.public-x"];
    assert_eq!(steps(&plan), replaced);
    let text = place.bbws("plan dev --sandbox").exits(0).out;
    for part in ["subnet.public-x", "10.0.9.0/24", "10.0.10.0/24", "cidr", "route-table-association.public-x", "2 to replace"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert_eq!(place.applied("dev").unwrap(), replaced);

    // A subnet under the database is held: the holder is named, and nothing is done.
    let before = place.state("dev");
    let cloud = place.cloud();
    let interfaces = cloud["accounts"]["536580886816"]["regions"]["af-south-1"]["network_interfaces"].as_object().unwrap();
    let of_rds = interfaces.values().find(|interface| interface["description"] == "RDSNetworkInterface").expect("the database's");
    let under = ["a", "b"].into_iter().find(|name| before["entries"][format!("subnet.private-{name}")]["id"] == of_rds["subnet"]).unwrap();
    let line = format!("{under} = {{ cidr = \"10.0.14.0/24\", zone = \"af-south-1{under}\" }}");
    place.write("dev", &edited(&spare("10.0.10.0/24"), &[("network.private", &line)]));
    for line in ["plan dev --sandbox", "apply dev --sandbox --yes"] {
        let refused = place.bbws(line).exits(3).err;
        assert!(refused.contains(&format!("subnet.private-{under}")) && refused.contains("db-instance.main"), "{refused}");
    }
    assert_eq!(place.state("dev"), before);
}

/// Edits that a plan must not make, and the words of the refusal.
#[test]
fn what_would_lose_data_is_refused_with_the_way() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let (shipped, before) = (place.file("dev"), place.state("dev"));
    let table: &[(Lines, &[&str])] = &[
        (&[("rds", "username = \"master\"")], &["secret.rds", "username", "change the user in the database"]),
        (&[("network", "vpc_cidr = \"10.0.0.0/17\"")], &["db-instance.main", "take a snapshot"]),
        (&[("network.private", "b = { cidr = \"10.0.12.0/24\", zone = \"af-south-1c\" }")], &["subnet.private-b", "db-subnet-group.main"]),
        (&[("+", "[names]\nsecret = \"s\"")], &["secret.rds", "cannot be renamed"]),
        (&[("+", "[names]\ndatabase = \"other\"")], &["db-instance.main"]),
    ];
    for (lines, words) in table {
        place.write("dev", &edited(&shipped, lines));
        let refused = place.bbws("apply dev --sandbox --yes").exits(1).err;
        assert!(words.iter().all(|word| refused.contains(word)), "{words:?} in\n{refused}");
    }
    place.write("dev", &shipped);
    for address in ["db-instance.main", "file-system.main", "secret.rds", "bucket.cdn-logs"] {
        let refused = place.bbws(&format!("apply dev --sandbox --yes --replace {address}")).exits(1).err;
        assert!(refused.contains(address) && refused.contains("never replaces"), "{refused}");
    }
    assert_eq!(place.state("dev"), before);

    // What holds none is replaced when it is asked for, from a file too.
    let file = place.path("replace.plan").display().to_string();
    place.bbws(&format!("plan dev --sandbox --replace nat-gateway.a -o {file}")).exits(0);
    place.bbws(&format!("apply dev {file} --sandbox --yes")).exits(0);
    assert_ne!(place.state("dev")["entries"]["nat-gateway.a"]["id"], before["entries"]["nat-gateway.a"]["id"]);
}

/// Edits that AWS itself lets nobody take back at once: what was done stays done, and the reason is told.
#[test]
fn what_aws_refuses_is_told_and_mended_later() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let shipped = place.file("dev");
    place.write("dev", &edited(&shipped, &[("alb", "access_logs = true"), ("efs", "throughput = \"elastic\"\narchive_days = 90")]));
    let on = ["+bucket.alb-logs", "-metric-alarm.efs-burst-credits", "~file-system.main", "~load-balancer.main"];
    assert_eq!(place.applied("dev").unwrap(), on);
    place.write("dev", &shipped);
    let failed = place.bbws("apply dev --sandbox --yes").exits(1);
    let told = format!("{}{}", failed.out, failed.err);
    assert!(told.contains("bucket.alb-logs: destroyed"), "what the load balancer wrote into it goes with it\n{told}");
    assert!(told.contains("file-system.main") && told.contains("24 hours"), "{told}");

    // A day later.
    place.change_cloud(|cloud| cloud["now"] = (cloud["now"].as_u64().unwrap() + 90_000).into());
    assert_eq!(place.applied("dev").unwrap(), ["+metric-alarm.efs-burst-credits", "~file-system.main"]);
    place.at_rest("dev");

    // A newer version of the database: there is no way back, and that is told before anything is done.
    place.write("dev", &edited(&shipped, &[("rds", "engine_version = \"8.4\"")]));
    assert_eq!(place.applied("dev").unwrap(), ["!db-instance.main", "~db-instance.main", "±db-parameter-group.main"]);
    place.write("dev", &shipped);
    let refused = place.bbws("apply dev --sandbox --yes").exits(1).err;
    assert!(refused.contains("never goes back to an older version"), "{refused}");
}
