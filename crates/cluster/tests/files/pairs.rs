//! Two faults in one file: both are told, and neither hides the other.

use bbws_cluster::RuleId as R;

use crate::support::{edited, load_with, render, shipped};

type Edits = &'static [(&'static str, &'static str)];

#[rustfmt::skip]
const PAIRS: &[(R, R, &str, Edits)] = &[
    (R::UnknownKey, R::WrongType, "dev", &[("rds", "multiaz = true"), ("ecs", "task_memory = \"512\"")]),
    (R::Syntax, R::SubnetsOverlap, "dev", &[("rds", "class = db.t3.micro"), ("network.private", "b = { cidr = \"10.0.11.128/25\", zone = \"af-south-1b\" }")]),
    (R::Account, R::PublicDatabase, "dev", &[("", "account = \"536580886\""), ("rds", "public = true")]),
    (R::SubnetOutside, R::OneZone, "dev", &[("network.private", "-b"), ("network.private", "a = { cidr = \"10.1.0.0/24\", zone = \"af-south-1a\" }")]),
    (R::ProdMultiAz, R::ProdBackups, "prod", &[("rds", "multi_az = false"), ("rds", "backup_days = 0")]),
    (R::DuplicateKey, R::TaskSize, "dev", &[("efs", "backup = true\nbackup = false"), ("ecs", "task_memory = 4096")]),
    (R::MissingKey, R::Retention, "dev", &[("", "-project"), ("logs", "retention_days = 10")]),
    (R::RuleOpenPort, R::RuleTwice, "dev", &[("+", "[[rule]]\nname = \"a\"\ngroup = \"ecs\"\nport = 22\ncidr = \"0.0.0.0/0\"\ndescription = \"x\"\n[[rule]]\nname = \"a\"\ngroup = \"ecs\"\nport = 80\npeer = \"alb\"\ndescription = \"x\"")]),
    (R::PrimaryZone, R::EncryptionOff, "sit", &[("dns", "domain = \"kimmyai.io\""), ("efs", "encrypted = false")]),
    (R::DanglingReference, R::ResourceSpec, "dev", &[("+", "[resource.subnet.x]\nvpc = \"${vpc.other.id}\"\ncidr = \"10.0.99.0/24\"\nzon = \"af-south-1a\"")]),
    (R::NameAlb, R::TagReserved, "dev", &[("names", "alb = \"internal-wp\""), ("tags", "\"aws:x\" = \"y\"")]),
    (R::ZoneOutsideRegion, R::NotAChoice, "dev", &[("network.public", "b = { cidr = \"10.0.2.0/24\", zone = \"af-south-2b\" }"), ("network", "nat = \"two\"")]),
];

#[test]
fn two_faults_are_both_told() {
    let mut text = String::new();
    for (one, other, base, edits) in PAIRS {
        let mut problems = load_with(base, &edited(shipped(base), edits)).expect_err("two faults");
        problems.list.retain(|problem| problem.rule != R::NobodyTold);
        let mut found: Vec<R> = problems.list.iter().map(|problem| problem.rule).collect();
        found.sort();
        found.dedup();
        let mut wanted = vec![*one, *other];
        wanted.sort();
        assert_eq!(found, wanted, "{edits:?}");
        assert!(problems.list.is_sorted_by_key(|problem| problem.span.start));
        text.push_str(&format!("{}\n\n", render(&problems)));
    }
    insta::assert_snapshot!("pairs", text);
}
