//! One wrong file at least for every rule, each with the message it gets.

use std::collections::{BTreeMap, BTreeSet};

use bbws_cluster::RuleId as R;

use crate::support::{edited, load_with, render, shipped};

type Edits = &'static [(&'static str, &'static str)];

#[rustfmt::skip]
const CASES: &[(R, &str, Edits)] = &[
    (R::Syntax, "dev", &[("rds", "class = db.t3.micro")]),
    (R::Syntax, "dev", &[("", "project")]),
    (R::Syntax, "dev", &[("rds", "multi_az = no")]),
    (R::Syntax, "dev", &[("rds", "multi_az = True")]),
    (R::Syntax, "dev", &[("ecs", "db_init_image = nginx")]),
    (R::DuplicateKey, "dev", &[("rds", "backup_days = 0\nmulti_az = true")]),
    (R::DuplicateKey, "dev", &[("+", "[rds]\nstorage = 30")]),
    (R::UnknownKey, "dev", &[("rds", "multiaz = true")]),
    (R::UnknownKey, "dev", &[("efs", "frobnicate = 1")]),
    (R::UnknownKey, "dev", &[("+", "[databse]\nclass = \"db.t3.micro\"")]),
    (R::MissingKey, "dev", &[("", "-account")]),
    (R::MissingKey, "dev", &[("network.public", "b = { zone = \"af-south-1b\" }")]),
    (R::WrongType, "dev", &[("ecs", "task_cpu = \"256\"")]),
    (R::WrongType, "dev", &[("rds", "multi_az = \"yes\"")]),
    (R::WrongType, "dev", &[("alb", "allow = \"0.0.0.0/0\"")]),
    (R::WrongType, "dev", &[("network.public", "b = \"10.0.2.0/24\"")]),
    (R::WrongType, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"alb\"\nport = 80\npeer = \"ecs\"\ndescription = \"x\"\nexpires = \"soon\"")]),
    (R::Empty, "dev", &[("", "project = \"\"")]),
    (R::OutOfRange, "dev", &[("rds", "backup_days = 36")]),
    (R::OutOfRange, "dev", &[("alb", "idle_timeout = 5000")]),
    (R::OutOfRange, "dev", &[("rds", "storage = 10")]),
    (R::OutOfRange, "dev", &[("rds", "storage = -5")]),
    (R::OutOfRange, "dev", &[("ecs", "task_cpu = -256")]),
    (R::OutOfRange, "dev", &[("+", "[resource.log-group.x]\nname = \"/x\"\nretention_days = 99999999999999999999")]),
    (R::NotAChoice, "dev", &[("network", "nat = \"per_zone\"")]),
    (R::NotAChoice, "dev", &[("network", "endpoints = [\"s3\", \"sqs\"]")]),
    (R::NotAChoice, "dev", &[("cdn", "price_class = \"200\"")]),
    (R::TierAndName, "dev", &[("", "tier = \"sit\"")]),
    (R::Account, "dev", &[("", "account = \"53658088681\"")]),
    (R::Account, "dev", &[("", "account = 536580886816")]),
    (R::Account, "dev", &[("", "account = \"5365-8088-6816\"")]),
    (R::Region, "dev", &[("", "region = \"af-south1\"")]),
    (R::Region, "dev", &[("", "region = \"africa\""), ("network.public", "a = { cidr = \"10.0.1.0/24\", zone = \"africaa\" }"), ("network.public", "b = { cidr = \"10.0.2.0/24\", zone = \"africab\" }"), ("network.private", "a = { cidr = \"10.0.11.0/24\", zone = \"africaa\" }"), ("network.private", "b = { cidr = \"10.0.12.0/24\", zone = \"africab\" }")]),
    (R::Project, "dev", &[("", "project = \"WordPress\""), ("names", "prefix = \"wp\"")]),
    (R::NamePrefix, "dev", &[("names", "prefix = \"poc-\"")]),
    (R::NamePrefix, "prod", &[("", "project = \"wordpress-of-kimmyai\"")]),
    (R::NameAlb, "dev", &[("names", "alb = \"the-load-balancer-of-all-of-the-tenants\"")]),
    (R::NameAlb, "dev", &[("names", "alb = \"internal-alb\"")]),
    (R::NameAlb, "dev", &[("names", "alb = \"wp_alb\"")]),
    (R::NameRds, "dev", &[("names", LONG_DATABASE)]),
    (R::NameRds, "dev", &[("names", "database = \"wp--mysql\"")]),
    (R::NameRole, "dev", &[("names", LONG_ROLE)]),
    (R::NameTwice, "dev", &[("names", "execution_role = \"ecs\"\ntask_role = \"ecs\"")]),
    (R::NameOther, "dev", &[("names", "secret = \"wp dev\"")]),
    (R::TagReserved, "dev", &[("tags", "\"aws:owner\" = \"me\"")]),
    (R::TagReserved, "dev", &[("tags", "\"bbws:lineage\" = \"mine\"")]),
    (R::TagCharacters, "dev", &[("tags", "Owner = \"me, or so\"")]),
    (R::TagCount, "dev", &[("tags", "many = \"45 of them\"")]),
    (R::TagOwn, "dev", &[("tags", "Project = \"other\"")]),
    (R::Cidr, "dev", &[("network", "vpc_cidr = \"10.0.0.0\"")]),
    (R::Cidr, "dev", &[("network.public", "b = { cidr = \"10.0.2.7/24\", zone = \"af-south-1b\" }")]),
    (R::VpcSize, "dev", &[("network", "vpc_cidr = \"10.0.0.0/8\"")]),
    (R::VpcPublicAddresses, "dev", &[("network", "vpc_cidr = \"41.0.0.0/16\""), ("network.public", "a = { cidr = \"41.0.1.0/24\", zone = \"af-south-1a\" }"), ("network.public", "b = { cidr = \"41.0.2.0/24\", zone = \"af-south-1b\" }"), ("network.private", "a = { cidr = \"41.0.11.0/24\", zone = \"af-south-1a\" }"), ("network.private", "b = { cidr = \"41.0.12.0/24\", zone = \"af-south-1b\" }")]),
    (R::SubnetName, "dev", &[("network.public", "C = { cidr = \"10.0.3.0/24\", zone = \"af-south-1c\" }")]),
    (R::SubnetSize, "dev", &[("network.public", "b = { cidr = \"10.0.2.0/29\", zone = \"af-south-1b\" }")]),
    (R::SubnetOutside, "dev", &[("network.private", "b = { cidr = \"10.1.12.0/24\", zone = \"af-south-1b\" }")]),
    (R::SubnetsOverlap, "dev", &[("network.private", "a = { cidr = \"10.0.2.128/25\", zone = \"af-south-1a\" }")]),
    (R::OneZone, "dev", &[("network.private", "-b")]),
    (R::AlbZones, "dev", &[("network.public", "b = { cidr = \"10.0.2.0/24\", zone = \"af-south-1b\", spare = true }")]),
    (R::ZoneOutsideRegion, "dev", &[("network.public", "b = { cidr = \"10.0.2.0/24\", zone = \"eu-west-1b\" }")]),
    (R::TwoInOneZone, "dev", &[("network.public", "c = { cidr = \"10.0.3.0/24\", zone = \"af-south-1a\" }")]),
    (R::NatZone, "prod", &[("network.private", "c = { cidr = \"10.0.13.0/24\", zone = \"af-south-1c\" }")]),
    (R::EndpointTwice, "dev", &[("network", "endpoints = [\"s3\", \"logs\", \"s3\"]")]),
    (R::InternalAlb, "dev", &[("alb", "internal = true")]),
    (R::OpenBesideCloudFront, "dev", &[("alb", "from_cloudfront_only = true")]),
    (R::HttpsWithoutCertificate, "dev", &[("alb", "https = true"), ("dns", "delegated = false")]),
    (R::FixedResponse, "dev", &[("alb.fixed_response", "status = 301")]),
    (R::AlbRules, "dev", &[("alb", "allow = [\"41.0.1.0/24\", \"41.0.3.0/24\", \"41.0.5.0/24\", \"41.0.7.0/24\", \"41.0.9.0/24\", \"41.0.11.0/24\"]"), ("alb", "from_cloudfront_only = true")]),
    (R::RuleTooWide, "dev", &[("alb", "allow = [\"196.0.0.0/7\"]")]),
    (R::RuleTooWide, "dev", &[("+", "[[rule]]\nname = \"office\"\ngroup = \"alb\"\nport = 8080\ncidr = \"0.0.0.0/1\"\ndescription = \"half the world\"")]),
    (R::RuleOpenPort, "dev", &[("+", "[[rule]]\nname = \"ssh\"\ngroup = \"ecs\"\nport = 22\ncidr = \"0.0.0.0/0\"\ndescription = \"from home\"")]),
    (R::RuleEnd, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 22\ndescription = \"from where\"")]),
    (R::RuleEnd, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 22\ncidr = \"10.0.0.0/16\"\npeer = \"alb\"\ndescription = \"from where\"")]),
    (R::Ports, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 0\npeer = \"alb\"\ndescription = \"all\"")]),
    (R::Ports, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = \"8080-8000\"\npeer = \"alb\"\ndescription = \"backwards\"")]),
    (R::RuleDescription, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 8080\npeer = \"alb\"\ndescription = \"the café\"")]),
    (R::RuleName, "dev", &[("+", "[[rule]]\nname = \"The Office\"\ngroup = \"ecs\"\nport = 8080\npeer = \"alb\"\ndescription = \"x\"")]),
    (R::RuleTwice, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 8080\npeer = \"alb\"\ndescription = \"x\"\n[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 8081\npeer = \"alb\"\ndescription = \"x\"")]),
    (R::RuleTwice, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"ecs\"\nport = 8080\npeer = \"alb\"\ndescription = \"x\"\n[[rule]]\nname = \"y\"\ngroup = \"ecs\"\nport = 8080\npeer = \"alb\"\ndescription = \"y\"")]),
    (R::RuleExpired, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"alb\"\nport = 443\ncidr = \"41.0.0.0/24\"\ndescription = \"x\"\nexpires = 2026-11-23")]),
    (R::RuleDatabase, "dev", &[("+", "[[rule]]\nname = \"x\"\ngroup = \"rds\"\nport = 3306\ncidr = \"41.0.0.0/24\"\ndescription = \"from the office\"")]),
    (R::EncryptionOff, "dev", &[("rds", "encrypted = false")]),
    (R::EncryptionOff, "dev", &[("efs", "encrypted = false")]),
    (R::PublicDatabase, "dev", &[("rds", "publicly_accessible = true")]),
    (R::TlsOff, "dev", &[("rds.parameters", "require_secure_transport = 0")]),
    (R::ProdMultiAz, "prod", &[("rds", "multi_az = false")]),
    (R::ProdBackups, "prod", &[("rds", "backup_days = 3")]),
    (R::ProdDeletionProtection, "prod", &[("rds", "deletion_protection = false"), ("alb", "deletion_protection = false")]),
    (R::ProdNat, "prod", &[("network", "nat = \"one\"")]),
    (R::ProdLogs, "prod", &[("logs", "retention_days = 14")]),
    (R::ProdStore, "prod", &[("state", "backend = \"local\"")]),
    (R::ProdFileBackup, "prod", &[("efs", "backup = false")]),
    (R::TaskSize, "dev", &[("ecs", "task_cpu = 300")]),
    (R::TaskSize, "dev", &[("ecs", "task_memory = 4096")]),
    (R::TaskSize, "dev", &[("ecs", "task_cpu = 8192"), ("ecs", "task_memory = 18432")]),
    (R::CapacityProviders, "dev", &[("ecs", "capacity_providers = []")]),
    (R::CapacityProviders, "dev", &[("ecs", "capacity_providers = [\"FARGATE\", \"FARGATE\"]")]),
    (R::DbInitImage, "dev", &[("ecs", "db_init_image = \"mysql:latest\"")]),
    (R::TaskSecrets, "dev", &[("ecs", "secrets = [\"wp-dev-tenant-*\", \"*\"]")]),
    (R::TaskSecrets, "dev", &[("ecs", "secrets = [\"wp*dev\"]")]),
    (R::Retention, "dev", &[("logs", "retention_days = 10")]),
    (R::RdsClass, "dev", &[("rds", "class = \"t3.micro\"")]),
    (R::RdsClass, "dev", &[("rds", "class = \"db.t3.mircro\"")]),
    (R::RdsClass, "dev", &[("rds", "class = \"db.t33.micro\"")]),
    (R::RdsClass, "dev", &[("rds", "class = \"db.quantum1.huge\"")]),
    (R::RdsVersion, "dev", &[("rds", "engine_version = \"5.7\"")]),
    (R::RdsStorage, "dev", &[("rds", "max_storage = 21")]),
    (R::RdsIops, "dev", &[("rds", "iops = 6000")]),
    (R::RdsIops, "dev", &[("rds", "storage = 400"), ("rds", "iops = 6000")]),
    (R::RdsWindow, "dev", &[("rds", "backup_window = \"1 o'clock\"")]),
    (R::RdsWindow, "dev", &[("rds", "maintenance_window = \"sun:01:30-sun:02:30\"")]),
    (R::RdsUser, "dev", &[("rds", "username = \"root\"")]),
    (R::RdsParameter, "dev", &[("rds.parameters", "\"max connections\" = 100")]),
    (R::RdsParameter, "dev", &[("rds.parameters", "max_connections = \"abc\"")]),
    (R::RdsParameter, "dev", &[("rds.parameters", "max_connections = 0")]),
    (R::RdsParameter, "dev", &[("rds.parameters", "max_conections = 60")]),
    (R::RdsParameter, "dev", &[("rds.parameters", "some_plugin_setting_of_rds = 60")]),
    (R::RdsInsights, "dev", &[("rds", "performance_insights = true")]),
    (R::EfsDays, "dev", &[("efs", "infrequent_access_days = 45")]),
    (R::EfsArchive, "dev", &[("efs", "archive_days = 90")]),
    (R::EfsArchive, "dev", &[("efs", "archive_days = 14\nthroughput = \"elastic\"")]),
    (R::Domain, "dev", &[("dns", "domain = \"wpdev_kimmyai\"")]),
    (R::Domain, "dev", &[("dns", "domain = \"*.wpdev.kimmyai.io\"")]),
    (R::ZoneId, "dev", &[("dns", "zone = { name = \"wpdev.kimmyai.io\", existing = \"hosted-zone\" }")]),
    (R::DomainOutsideZone, "dev", &[("dns", "zone = { name = \"wpsit.kimmyai.io\" }")]),
    (R::PrimaryZone, "dev", &[("dns", "zone = { name = \"kimmyai.io\", existing = true }")]),
    (R::OwnSubzone, "dev", &[("dns", "own_subzone = true")]),
    (R::DelegationTier, "sit", &[("+", "[dns.delegations.wpdev]\nzone = \"a.wpsit.kimmyai.io\"\nfrom_environment = \"dev\"")]),
    (R::DelegationSource, "prod", &[("dns.delegations.wpdev", "-from_environment")]),
    (R::DelegationSource, "prod", &[("dns.delegations.wpdev", "name_servers = [\"ns-1.awsdns-00.com\", \"ns-2.awsdns-00.net\"]")]),
    (R::DelegationOutside, "prod", &[("dns.delegations.wpdev", "zone = \"wpdev.example.org\"")]),
    (R::DelegationName, "prod", &[("+", "[dns.delegations.\"wp lab\"]\nzone = \"wplab.kimmyai.io\"\nfrom_environment = \"dev\"")]),
    (R::NameServers, "prod", &[("dns.delegations.wpdev", "-from_environment"), ("dns.delegations.wpdev", "name_servers = [\"ns-1.awsdns-00.com\"]")]),
    (R::UnknownEnvironment, "prod", &[("dns.delegations.wpdev", "from_environment = \"development\"")]),
    (R::AliasOutside, "dev", &[("dns", "aliases = [\"banana.kimmyai.io\"]")]),
    (R::Ttl, "dev", &[("dns", "ttl = 172800")]),
    (R::HealthPath, "dev", &[("dns.health_check", "path = \"healthz\"")]),
    (R::NotDelegated, "dev", &[("dns", "delegated = false")]),
    (R::HealthNeverWell, "prod", &[("alb.fixed_response", "status = 404")]),
    (R::HealthNeverWell, "prod", &[("alb", "allow = [\"41.0.0.0/16\"]")]),
    (R::HealthNeverWell, "prod", &[("alb", "-allow"), ("alb", "from_cloudfront_only = true")]),
    (R::CertificateOutside, "dev", &[("+", "[certificate]\nnames = [\"*.wpdev.kimmyai.io\", \"wpdev.kimmyai.io\", \"kimmyai.io\"]")]),
    (R::CertificateNames, "dev", &[("+", "[certificate]\nnames = []")]),
    (R::CertificateNames, "prod", &[("+", "[certificate]\nnames = [\"*.wp.kimmyai.io\", \"wp.kimmyai.io\", \"kimmyai.io\"]")]),
    (R::AliasUncovered, "dev", &[("dns", "aliases = [\"a.banana.wpdev.kimmyai.io\"]")]),
    (R::PriceClass, "dev", &[("cdn", "price_class = \"PriceClass_100\"")]),
    (R::OriginHost, "dev", &[("alb", "https = true"), ("+", "[cdn.default]\norigin_request = \"AllViewerExceptHostHeader\"")]),
    (R::BehaviourPath, "dev", &[("+", "[[cdn.behaviour]]\npath = \"wp-json\"")]),
    (R::BehaviourPath, "dev", &[("+", "[[cdn.behaviour]]\npath = \"/wp-content/*\"")]),
    (R::BehaviourPath, "dev", &[("+", "[cdn.default]\npath = \"/*\"")]),
    (R::UnknownFunction, "dev", &[("+", "[cdn.default]\nfunctions = [\"headers\"]")]),
    (R::FunctionTwice, "dev", &[("+", "[cdn.default]\nfunctions = [\"a\", \"b\"]\n[cdn.function.a]\ncode = \"function handler(event) { return event.request }\"\n[cdn.function.b]\ncode = \"function handler(event) { return event.request }\"")]),
    (R::FunctionCode, "dev", &[("+", "[cdn.function.a]\ncode = \"function run(event) {}\"")]),
    (R::OriginHeader, "dev", &[("+", "[cdn.origin.header.Host]\nsecret = \"x\"")]),
    (R::CdnAliasOutside, "dev", &[("cdn", "aliases = [\"www.example.org\"]")]),
    (R::Email, "dev", &[("monitoring", "emails = [\"ops at kimmyai.io\"]")]),
    (R::NobodyTold, "prod", &[]),
    (R::Bucket, "prod", &[("state", "-bucket")]),
    (R::Bucket, "prod", &[("state", "bucket = \"The_State\"")]),
    (R::StateKey, "prod", &[("state", "kms_key = \"1234abcd\"")]),
    (R::AuditGroup, "prod", &[("audit", "log_group = \"aws/audit\"")]),
    (R::ApprovalKey, "prod", &[("+", "[approval]\nkms_key = \"1234abcd\"")]),
    (R::ApprovalHours, "prod", &[("+", "[approval]\nvalid_hours = 200")]),
    (R::ApprovalRole, "prod", &[("+", "[approval]\nroles = [\"arn:aws:iam::093646564004:role/*\"]")]),
    (R::ResourceKind, "dev", &[("+", "[resource.log_group.x]\nname = \"/x\"")]),
    (R::ResourceName, "dev", &[("+", "[resource.log-group.Extra]\nname = \"/x\"")]),
    (R::ResourceTwice, "dev", &[("+", "[resource.vpc.main]\ncidr = \"10.9.0.0/16\"")]),
    (R::ResourceSpec, "dev", &[("+", "[resource.log-group.x]\nname = \"/x\"\nretention_days = 10")]),
    (R::ResourceSpec, "dev", &[("+", "[resource.log-group.x]\nnam = \"/x\"\nretention = 7")]),
    (R::ReferenceShape, "dev", &[("+", "[resource.log-group.x]\nname = \"/x/${vpc}\"")]),
    (R::DanglingReference, "dev", &[("+", "[resource.subnet.x]\nvpc = \"${vpc.mian.id}\"\ncidr = \"10.0.99.0/24\"\nzone = \"af-south-1a\"")]),
    (R::UnknownOutput, "dev", &[("+", "[resource.subnet.x]\nvpc = \"${vpc.main.ident}\"\ncidr = \"10.0.99.0/24\"\nzone = \"af-south-1a\"")]),
    (R::Circle, "dev", &[("+", "[resource.metric-alarm.a]\nname = \"a\"\nnamespace = \"AWS/EC2\"\nmetric = \"CPUUtilization\"\nstatistic = \"Average\"\ncomparison = \"GreaterThanThreshold\"\nthreshold = 1\nalarm_actions = [\"${metric-alarm.b.arn}\"]\n[resource.metric-alarm.b]\nname = \"b\"\nnamespace = \"AWS/EC2\"\nmetric = \"CPUUtilization\"\nstatistic = \"Average\"\ncomparison = \"GreaterThanThreshold\"\nthreshold = 1\nalarm_actions = [\"${metric-alarm.c.arn}\"]\n[resource.metric-alarm.c]\nname = \"c\"\nnamespace = \"AWS/EC2\"\nmetric = \"CPUUtilization\"\nstatistic = \"Average\"\ncomparison = \"GreaterThanThreshold\"\nthreshold = 1\nalarm_actions = [\"${metric-alarm.b.arn}\"]")]),
    (R::ClusterSpec, "dev", &[("names", "secret = \"wp-dev-abc123\"")]),
];

/// Warnings that stand beside others: the production file's own, and the one that a zone without delegation always gets.
const BESIDE: &[R] = &[R::NobodyTold, R::NotDelegated];

const LONG_DATABASE: &str = "database = \"names-are-tedious-to-read-if-they-are-as-long-as-this-one-is-by-now\"";
const LONG_ROLE: &str = "task_role = \"names-are-tedious-to-read-if-they-are-as-long-as-this-one-is-by-now\"";

fn text_of(rule: R, base: &str, edits: Edits) -> String {
    let text = edited(shipped(base), edits);
    if rule == R::TagCount {
        text.replace("many = \"45 of them\"", &(0..45).map(|at| format!("t{at} = \"x\"\n")).collect::<String>())
    } else {
        text
    }
}

#[test]
fn every_rule_has_a_wrong_file() {
    let tried: BTreeSet<R> = CASES.iter().map(|(rule, ..)| *rule).collect();
    let untried: Vec<&str> = R::all().filter(|rule| !tried.contains(rule)).map(R::id).collect();
    assert!(untried.is_empty(), "no wrong file for {untried:?}");
}

#[test]
fn every_wrong_file_gets_its_message_and_no_other() {
    let mut texts: BTreeMap<&str, String> = BTreeMap::new();
    let mut odd = vec![];
    for (rule, base, edits) in CASES {
        let problems = load_with(base, &text_of(*rule, base, edits)).map_or_else(|problems| problems, |loaded| loaded.warnings);
        let list: Vec<R> =
            problems.list.iter().map(|problem| problem.rule).filter(|found| found == rule || !BESIDE.contains(found)).collect();
        if list.is_empty() || list.iter().any(|found| found != rule) {
            odd.push(format!("{} {edits:?}: {list:?}", rule.id()));
        }
        let mut shown = problems.clone();
        shown.list.retain(|problem| list.contains(&problem.rule));
        let group = rule.id().split('/').next().unwrap_or_default();
        texts.entry(group).or_default().push_str(&format!("{}\n\n", render(&shown)));
    }
    assert!(odd.is_empty(), "other problems than expected:\n{}", odd.join("\n"));
    for (group, text) in texts {
        insta::assert_snapshot!(group, text);
    }
}
