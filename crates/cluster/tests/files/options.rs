//! Every option, switched on and off: which resources come, go and change, and no others.

use std::collections::{BTreeMap, BTreeSet};

use bbws_cluster::keys_read;
use bbws_model::{Address, Desired};
use toml::Value as Toml;

use crate::blueprint::{desired, faults};
use crate::support::{edited, shipped};

type Edits = &'static [(&'static str, &'static str)];

/// What is done to a file, and what that does to its blueprint: `+` comes, `-` goes, `~` changes.
struct Change {
    what: &'static str,
    base: &'static str,
    edits: Edits,
    expected: &'static [&'static str],
}

const fn on(base: &'static str, what: &'static str, edits: Edits, expected: &'static [&'static str]) -> Change {
    Change { what, base, edits, expected }
}

#[rustfmt::skip]
const OPTIONS: &[Change] = &[
    on("dev", "a NAT gateway in each zone", &[("network", "nat = \"per-zone\"")], &["+elastic-ip.nat-b", "+metric-alarm.nat-b-port-errors", "+nat-gateway.b", "+route-table.private-a", "+route-table.private-b", "+route.private-a", "+route.private-b", "-route-table.private", "-route.private", "~route-table-association.private-a", "~route-table-association.private-b", "~vpc-endpoint.s3"]),
    on("dev", "no endpoint", &[("network", "endpoints = []")], &["-vpc-endpoint.s3"]),
    on("dev", "endpoints of both sorts", &[("network", "endpoints = [\"s3\", \"ecr.api\", \"ecr.dkr\", \"logs\", \"secretsmanager\", \"ssmmessages\"]")], &["+security-group-rule.endpoints-in-ecs", "+security-group.endpoints", "+vpc-endpoint.ecr-api", "+vpc-endpoint.ecr-dkr", "+vpc-endpoint.logs", "+vpc-endpoint.secretsmanager", "+vpc-endpoint.ssmmessages"]),
    on("dev", "flow logs", &[("network", "flow_logs = true")], &["+flow-log.vpc", "+log-group.flow-logs", "+role-policy.flow-logs", "+role.flow-logs"]),
    on("dev", "a third zone", &[("network.public", "c = { cidr = \"10.0.3.0/24\", zone = \"af-south-1c\" }"), ("network.private", "c = { cidr = \"10.0.13.0/24\", zone = \"af-south-1c\" }")], &["+mount-target.private-c", "+route-table-association.private-c", "+route-table-association.public-c", "+subnet.private-c", "+subnet.public-c", "~db-subnet-group.main", "~load-balancer.main"]),
    on("prod", "a third zone, with its own NAT gateway", &[("network.public", "c = { cidr = \"10.0.3.0/24\", zone = \"af-south-1c\" }"), ("network.private", "c = { cidr = \"10.0.13.0/24\", zone = \"af-south-1c\" }")], &["+elastic-ip.nat-c", "+metric-alarm.nat-c-port-errors", "+mount-target.private-c", "+nat-gateway.c", "+route-table-association.private-c", "+route-table-association.public-c", "+route-table.private-c", "+route.private-c", "+subnet.private-c", "+subnet.public-c", "~db-subnet-group.main", "~load-balancer.main", "~vpc-endpoint.s3"]),
    on("dev", "a spare public subnet", &[("network.public", "x = { cidr = \"10.0.9.0/24\", zone = \"af-south-1a\", spare = true }")], &["+route-table-association.public-x", "+subnet.public-x"]),
    on("prod", "a spare private subnet in a zone without a NAT gateway", &[("network.private", "x = { cidr = \"10.0.19.0/24\", zone = \"af-south-1c\", spare = true }")], &["+route-table-association.private-x", "+subnet.private-x"]),
    on("dev", "another network for a subnet", &[("network.public", "b = { cidr = \"10.0.8.0/24\", zone = \"af-south-1b\" }")], &["~subnet.public-b"]),
    on("dev", "closed to all but CloudFront", &[("alb", "-allow"), ("alb", "from_cloudfront_only = true")], &["+security-group-rule.alb-in-http-cloudfront", "-security-group-rule.alb-in-http-internet"]),
    on("dev", "open to two networks", &[("alb", "allow = [\"41.0.0.0/24\", \"41.0.1.0/24\"]")], &["+security-group-rule.alb-in-http-41_0_0_0-24", "+security-group-rule.alb-in-http-41_0_1_0-24", "-security-group-rule.alb-in-http-internet"]),
    on("dev", "HTTPS", &[("alb", "https = true")], &["+certificate.alb", "+listener.https", "+metric-alarm.certificate-alb-days", "+security-group-rule.alb-in-https-internet", "~distribution.main"]),
    on("dev", "HTTPS from CloudFront only", &[("alb", "-allow"), ("alb", "https = true\nfrom_cloudfront_only = true")], &["+certificate.alb", "+listener.https", "+metric-alarm.certificate-alb-days", "+security-group-rule.alb-in-https-cloudfront", "-security-group-rule.alb-in-http-internet", "~distribution.main"]),
    on("dev", "access logs", &[("alb", "access_logs = true")], &["+bucket.alb-logs", "~load-balancer.main"]),
    on("dev", "the load balancer's own settings", &[("alb", "deletion_protection = true"), ("alb", "idle_timeout = 120"), ("alb", "drop_invalid_headers = false")], &["~load-balancer.main"]),
    on("dev", "another fixed response", &[("alb.fixed_response", "status = 404"), ("alb.fixed_response", "body = \"nothing here\"")], &["~listener.http"]),
    on("dev", "a rule for a network", &[("+", "[[rule]]\nname = \"office\"\ngroup = \"alb\"\nport = 443\ncidr = \"41.0.0.0/24\"\ndescription = \"the office\"")], &["+security-group-rule.rule-office"]),
    on("dev", "a rule for a group", &[("+", "[[rule]]\nname = \"debug\"\ngroup = \"rds\"\nport = \"3306-3307\"\npeer = \"alb\"\ndirection = \"out\"\nprotocol = \"udp\"\ndescription = \"x\"")], &["+security-group-rule.rule-debug"]),
    on("dev", "no Container Insights", &[("ecs", "container_insights = false")], &["~ecs-cluster.main"]),
    on("dev", "spare capacity only", &[("ecs", "capacity_providers = [\"FARGATE_SPOT\"]")], &["~ecs-cluster.main"]),
    on("dev", "larger tasks", &[("ecs", "task_cpu = 512"), ("ecs", "task_memory = 1024")], &["~task-definition.db-init"]),
    on("dev", "another port of the tasks", &[("ecs", "port = \"8080-8090\"")], &["~security-group-rule.alb-out-ecs", "~security-group-rule.ecs-in-alb"]),
    on("dev", "secrets of tenants", &[("ecs", "secrets = [\"wp-dev-tenant-*\", \"one\"]")], &["~role-policy.ecs-execution"]),
    on("dev", "another image", &[("ecs", "db_init_image = \"mysql:8.4\"")], &["~task-definition.db-init"]),
    on("dev", "a larger database", &[("rds", "class = \"db.t3.medium\""), ("rds", "multi_az = true"), ("rds", "backup_days = 3"), ("rds", "deletion_protection = true")], &["~db-instance.main"]),
    on("dev", "more storage", &[("rds", "storage = 50")], &["~db-instance.main", "~metric-alarm.rds-storage"]),
    on("dev", "storage that grows", &[("rds", "max_storage = 100")], &["~db-instance.main"]),
    on("dev", "another version", &[("rds", "engine_version = \"8.4\"")], &["~db-instance.main", "~db-parameter-group.main"]),
    on("dev", "further logs", &[("rds", "log_exports = [\"error\", \"slowquery\", \"general\"]")], &["+log-group.rds-general", "~db-instance.main"]),
    on("dev", "no logs", &[("rds", "log_exports = []")], &["-log-group.rds-error", "-log-group.rds-slowquery", "~db-instance.main"]),
    on("dev", "a parameter", &[("rds.parameters", "max_connections = 100")], &["~db-parameter-group.main"]),
    on("dev", "elastic throughput and an archive", &[("efs", "throughput = \"elastic\"\narchive_days = 90")], &["-metric-alarm.efs-burst-credits", "~file-system.main"]),
    on("dev", "backups of files", &[("efs", "backup = true")], &["~file-system.main"]),
    on("dev", "no cheaper storage", &[("efs", "infrequent_access_days = 0")], &["~file-system.main"]),
    on("dev", "before the zone is delegated", &[("dns", "delegated = false")], &["-certificate.cdn", "-dns-record.apex-a", "-dns-record.apex-aaaa", "-dns-record.validation", "-metric-alarm.certificate-cdn-days", "-topic.alarms-global", "~distribution.main"]),
    on("prod", "a zone of its own", &[("dns", "own_subzone = true")], &["+dns-record.subzone", "+hosted-zone.subzone", "~dns-record.apex-a", "~dns-record.apex-aaaa", "~dns-record.validation"]),
    on("dev", "names of tenants", &[("dns", "aliases = [\"banana.wpdev.kimmyai.io\", \"*.wpdev.kimmyai.io\"]")], &["+dns-record.alias-banana-a", "+dns-record.alias-banana-aaaa", "+dns-record.wildcard-a", "+dns-record.wildcard-aaaa"]),
    on("dev", "a health check", &[("dns.health_check", "enabled = true")], &["+health-check.alb", "+metric-alarm.health-check"]),
    on("dev", "a zone that is there", &[("dns", "zone = { name = \"wpdev.kimmyai.io\", existing = \"Z0123456789\" }")], &["~hosted-zone.main"]),
    on("prod", "another time to live", &[("dns", "ttl = 600")], &["~dns-record.delegation-wpdev", "~dns-record.delegation-wpsit", "~dns-record.validation"]),
    on("dev", "another sort of key", &[("+", "[certificate]\nkey_algorithm = \"EC_prime256v1\"")], &["~certificate.cdn"]),
    on("dev", "a function", &[("+", "[cdn.default]\nfunctions = [\"hello\"]\n[cdn.function.hello]\ncode = \"function handler(event) { return event.request }\"")], &["+cdn-function.hello", "~distribution.main"]),
    on("dev", "a header for the origin", &[("+", "[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"")], &["~distribution.main"]),
    on("dev", "a header of a secret declared here", &[("+", "[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"\n[resource.secret.origin]\nname = \"origin\"")], &["+secret.origin", "~distribution.main"]),
    on("dev", "a further behaviour", &[("+", "[[cdn.behaviour]]\npath = \"/static/*\"")], &["~distribution.main"]),
    on("dev", "no logs of CloudFront", &[("cdn", "logs = false")], &["-bucket.cdn-logs", "-log-delivery-destination.cdn", "-log-delivery-source.cdn", "-log-delivery.cdn"]),
    on("dev", "no IPv6", &[("cdn", "ipv6 = false")], &["-dns-record.apex-aaaa", "~distribution.main"]),
    on("dev", "other settings of CloudFront", &[("cdn", "price_class = \"PriceClass_All\""), ("cdn", "http_version = \"http2\"")], &["~distribution.main"]),
    on("dev", "other names of CloudFront", &[("cdn", "aliases = [\"*.wpdev.kimmyai.io\"]")], &["-dns-record.apex-a", "-dns-record.apex-aaaa", "~distribution.main"]),
    on("dev", "no alarms", &[("monitoring", "alarms = false")], &["-metric-alarm.alb-5xx", "-metric-alarm.alb-target-5xx", "-metric-alarm.alb-unhealthy-hosts", "-metric-alarm.certificate-cdn-days", "-metric-alarm.efs-burst-credits", "-metric-alarm.nat-a-port-errors", "-metric-alarm.rds-connections", "-metric-alarm.rds-cpu", "-metric-alarm.rds-storage", "-topic.alarms", "-topic.alarms-global"]),
    on("dev", "a dashboard", &[("monitoring", "dashboard = true")], &["+dashboard.main"]),
    on("dev", "a dashboard without alarms", &[("monitoring", "alarms = false"), ("monitoring", "dashboard = true")], &["+dashboard.main", "-metric-alarm.alb-5xx", "-metric-alarm.alb-target-5xx", "-metric-alarm.alb-unhealthy-hosts", "-metric-alarm.certificate-cdn-days", "-metric-alarm.efs-burst-credits", "-metric-alarm.nat-a-port-errors", "-metric-alarm.rds-connections", "-metric-alarm.rds-cpu", "-metric-alarm.rds-storage", "-topic.alarms", "-topic.alarms-global"]),
    on("dev", "somebody is told", &[("monitoring", "emails = [\"ops@kimmyai.io\"]")], &["~topic.alarms", "~topic.alarms-global"]),
    on("dev", "another threshold", &[("+", "[monitoring.thresholds]\nrds_cpu = 90")], &["~metric-alarm.rds-cpu"]),
    on("dev", "logs are kept longer", &[("logs", "retention_days = 14")], &["~bucket.cdn-logs", "~log-group.ecs", "~log-group.rds-error", "~log-group.rds-slowquery"]),
    on("dev", "the database's other settings", &[("rds", "username = \"master\"\nbackup_window = \"02:00-03:00\"\nmaintenance_window = \"mon:04:00-mon:05:00\"\nauto_minor_version_upgrade = false\nextended_support = false")], &["~db-instance.main", "~secret.rds"]),
    on("sit", "what only larger databases have", &[("rds", "class = \"db.r5.large\""), ("rds", "storage = 400"), ("rds", "iops = 12000\nperformance_insights = true")], &["~db-instance.main", "~metric-alarm.rds-storage"]),
    on("dev", "another network for everything", &[("network", "vpc_cidr = \"10.0.0.0/17\"")], &["~vpc.main"]),
    on("dev", "another zone for a subnet", &[("network.private", "b = { cidr = \"10.0.12.0/24\", zone = \"af-south-1c\" }")], &["~subnet.private-b"]),
    on("dev", "files stay in the cheaper storage", &[("efs", "back_on_access = false")], &["~file-system.main"]),
    on("dev", "the health check's own settings", &[("dns.health_check", "enabled = true\npath = \"/up\"\nfailures = 5")], &["+health-check.alb", "+metric-alarm.health-check"]),
    on("prod", "name servers of the file's own", &[("dns.delegations.wpdev", "-from_environment"), ("dns.delegations.wpdev", "zone = \"wplab.kimmyai.io\"\nname_servers = [\"ns-1.a.org\", \"ns-2.a.org\"]")], &["~dns-record.delegation-wpdev"]),
    on("dev", "a certificate for the wildcard only", &[("+", "[certificate]\nnames = [\"*.wpdev.kimmyai.io\"]"), ("cdn", "aliases = [\"*.wpdev.kimmyai.io\"]")], &["-dns-record.apex-a", "-dns-record.apex-aaaa", "~certificate.cdn", "~distribution.main"]),
    on("dev", "how behaviours treat requests", &[("+", "[cdn.default]\ncache = \"UseOriginCacheControlHeaders\"\norigin_request = \"AllViewerExceptHostHeader\"\nmethods = \"read\"\ncompress = false\n[[cdn.behaviour]]\npath = \"/a/*\"\ncache = \"CachingDisabled\"\norigin_request = \"CORS-CustomOrigin\"\nmethods = \"all\"\ncompress = false\nfunctions = [\"hello\"]\n[cdn.function.hello]\non = \"viewer-response\"\ncode = \"function handler(event) { return event.response }\"")], &["+cdn-function.hello", "~distribution.main"]),
    on("dev", "how CloudFront speaks to the load balancer", &[("+", "[cdn.origin]\nread_timeout = 30\nkeepalive_timeout = 10\n[cdn.origin.header.X-Origin-Verify]\nsecret = \"origin\"\nfield = \"verify\"")], &["~distribution.main"]),
    on("prod", "all thresholds of alarms", &[("+", "[monitoring.thresholds]\nrds_cpu = 70\nrds_storage = 70\nrds_connections = 500\nalb_5xx = 20\nalb_unhealthy_hosts = 2\nnat_port_errors = 5\nefs_burst_credits_gib = 100\ncertificate_days = 20")], &["~metric-alarm.alb-5xx", "~metric-alarm.alb-target-5xx", "~metric-alarm.alb-unhealthy-hosts", "~metric-alarm.certificate-cdn-days", "~metric-alarm.efs-burst-credits", "~metric-alarm.nat-a-port-errors", "~metric-alarm.nat-b-port-errors", "~metric-alarm.rds-connections", "~metric-alarm.rds-cpu", "~metric-alarm.rds-storage"]),
    on("dev", "other names", &[("names", "cluster = \"c\"\nalb = \"a\"\ndatabase = \"d\"\nfile_system = \"f\"\nsecret = \"s\"\nexecution_role = \"e\"\ntask_role = \"t\"\nlog_group = \"/l\"")], &["~db-instance.main", "~ecs-cluster.main", "~file-system.main", "~load-balancer.main", "~log-group.ecs", "~log-group.rds-error", "~log-group.rds-slowquery", "~role-policy.ecs-execution", "~role-policy.ecs-task", "~role.ecs-execution", "~role.ecs-task", "~secret.rds"]),
    on("dev", "a further resource", &[("+", "[resource.log-group.extra]\nname = \"/extra\"")], &["+log-group.extra"]),
    on("dev", "a tag on everything", &[("tags", "Owner = \"platform\"")], &["~bucket.cdn-logs", "~certificate.cdn", "~db-instance.main", "~db-parameter-group.main", "~db-subnet-group.main", "~distribution.main", "~ecs-cluster.main", "~elastic-ip.nat-a", "~file-system.main", "~hosted-zone.main", "~internet-gateway.main", "~listener.http", "~load-balancer.main", "~log-delivery-destination.cdn", "~log-delivery-source.cdn", "~log-delivery.cdn", "~log-group.ecs", "~log-group.rds-error", "~log-group.rds-slowquery", "~metric-alarm.alb-5xx", "~metric-alarm.alb-target-5xx", "~metric-alarm.alb-unhealthy-hosts", "~metric-alarm.certificate-cdn-days", "~metric-alarm.efs-burst-credits", "~metric-alarm.nat-a-port-errors", "~metric-alarm.rds-connections", "~metric-alarm.rds-cpu", "~metric-alarm.rds-storage", "~nat-gateway.a", "~role.ecs-execution", "~role.ecs-task", "~route-table.private", "~route-table.public", "~secret.rds", "~security-group-rule.alb-in-http-internet", "~security-group-rule.alb-out-ecs", "~security-group-rule.ecs-in-alb", "~security-group-rule.ecs-out-efs", "~security-group-rule.ecs-out-http", "~security-group-rule.ecs-out-https", "~security-group-rule.ecs-out-rds", "~security-group-rule.efs-in-ecs", "~security-group-rule.rds-in-ecs", "~security-group.alb", "~security-group.ecs", "~security-group.efs", "~security-group.rds", "~subnet.private-a", "~subnet.private-b", "~subnet.public-a", "~subnet.public-b", "~task-definition.db-init", "~topic.alarms", "~topic.alarms-global", "~vpc-endpoint.s3", "~vpc.main"]),
];

fn difference(before: &Desired, after: &Desired) -> BTreeSet<String> {
    let all: BTreeSet<&Address> = before.resources.keys().chain(after.resources.keys()).collect();
    all.into_iter()
        .filter_map(|address| match (before.resources.get(address), after.resources.get(address)) {
            (None, Some(_)) => Some(format!("+{address}")),
            (Some(_), None) => Some(format!("-{address}")),
            (before, after) => (before != after).then(|| format!("~{address}")),
        })
        .collect()
}

#[test]
fn each_does_what_it_says_and_nothing_else() {
    let kinds = bbws_kinds::all();
    let bases: BTreeMap<&str, Desired> = ["dev", "sit", "prod"].map(|base| (base, desired(base, &[]))).into();
    for Change { what, base, edits, expected } in OPTIONS {
        let (off, on) = (&bases[base], desired(base, edits));
        let expected: BTreeSet<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        assert_eq!(difference(off, &on), expected, "{what}");
        assert_eq!(faults(&on, &kinds), Vec::<String>::new(), "{what}");
    }
}

/// The keys that the blueprint does not take from the file as they are, and why.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("who and where the environment is: in every name, tag and ARN", &["tier", "account", "profile", "region", "project", "names.prefix"]),
    ("a change of it is another cluster", &["dns.domain"]),
    ("bbws's own, no part of the cluster", &["state.", "audit.", "approval."]),
    ("it can only be `*`", &["cdn.default.path"]),
    ("a rule for people, judged when the file is read", &["rule[].expires"]),
    (
        "what only `health` holds things against",
        &[
            "monitoring.thresholds.alb_requests",
            "monitoring.thresholds.alb_latency_ms",
            "monitoring.thresholds.nat_mib",
            "monitoring.thresholds.ecs_",
            "monitoring.thresholds.cdn_",
        ],
    ),
];

/// The values of a document by path; what has a name of its own, and the place in a list, is left out of the path.
fn leaves(value: &Toml, path: &str, known: &BTreeSet<String>, found: &mut BTreeMap<String, String>) {
    let below = |key: &str| {
        let (named, plain) = (format!("{path}.*"), if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") });
        let is_named = known.iter().any(|known| known == &named || known.starts_with(&format!("{named}.")));
        if is_named { named } else { plain }
    };
    match value {
        Toml::Table(table) => table.iter().for_each(|(key, inner)| leaves(inner, &below(key), known, found)),
        Toml::Array(items) if items.iter().any(Toml::is_table) => {
            items.iter().for_each(|item| leaves(item, &format!("{path}[]"), known, found));
        }
        leaf => found.entry(path.to_owned()).or_default().push_str(&format!("{leaf} ")),
    }
}

#[test]
fn every_key_of_the_file_does_something() {
    let known: BTreeSet<String> = keys_read().into_iter().map(|(key, _)| key).collect();
    let values = |text: &str| {
        let mut found = BTreeMap::new();
        leaves(&Toml::Table(text.parse().expect("a file without faults")), "", &known, &mut found);
        found
    };
    let mut tried = BTreeSet::new();
    for Change { base, edits, .. } in OPTIONS {
        let (before, after) = (values(shipped(base)), values(&edited(shipped(base), edits)));
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        tried.extend(keys.into_iter().filter(|key| before.get(*key) != after.get(*key)).cloned());
    }
    let elsewhere = |key: &str| ELSEWHERE.iter().any(|(_, begins)| begins.iter().any(|begin| key.starts_with(begin)));
    let tried_below = |key: &str| tried.iter().any(|other| other.starts_with(&format!("{key}.")));
    let is_table = |key: &str| known.iter().any(|other| other.starts_with(&format!("{key}.")) || other.starts_with(&format!("{key}[")));
    let idle: Vec<&String> =
        known.iter().filter(|key| !tried.contains(*key) && !tried_below(key) && !elsewhere(key) && !is_table(key)).collect();
    assert!(idle.is_empty(), "no option tries {idle:#?}");
    assert!(tried.len() > 90, "{}", tried.len());
}
