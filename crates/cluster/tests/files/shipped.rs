//! The three files that come with bbws.

use crate::support::{SHIPPED, load_with, render, shipped};
use bbws_cluster::{Loaded, RuleId, Tier};

fn loaded(name: &str) -> Loaded {
    load_with(name, shipped(name)).unwrap_or_else(|problems| panic!("{}", render(&problems)))
}

#[test]
fn they_are_right() {
    for (name, _) in SHIPPED {
        let warned: Vec<RuleId> = loaded(name).warnings.list.iter().map(|problem| problem.rule).collect();
        // Nobody's address is made up for production: its owner gives one.
        let expected: &[RuleId] = if *name == "prod" { &[RuleId::NobodyTold] } else { &[] };
        assert_eq!(warned, expected, "{name}");
    }
}

#[test]
fn they_say_what_the_table_of_the_product_says() {
    let rows: Vec<String> = SHIPPED
        .iter()
        .map(|(name, _)| {
            let env = loaded(name).environment;
            format!(
                "{} {} {} {} {} {} | {} multi_az={} backup={} protected={}/{} | {}/{} nat={:?} logs={} | {:?} {}",
                env.name,
                env.account,
                env.profile.as_deref().unwrap_or_default(),
                env.region,
                env.dns.domain,
                env.certificate.names[0],
                env.rds.class,
                env.rds.multi_az,
                env.rds.backup_days,
                env.rds.deletion_protection,
                env.alb.deletion_protection,
                env.ecs.task_cpu,
                env.ecs.task_memory,
                env.network.nat,
                env.logs.retention_days,
                env.state.backend,
                env.names.alb
            )
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    dev 536580886816 Tebogo-dev af-south-1 wpdev.kimmyai.io *.wpdev.kimmyai.io | db.t3.micro multi_az=false backup=0 protected=false/false | 256/512 nat=One logs=7 | Local wp-dev-alb
    sit 815856636111 Tebogo-sit af-south-1 wpsit.kimmyai.io *.wpsit.kimmyai.io | db.t3.small multi_az=true backup=1 protected=false/false | 512/1024 nat=One logs=14 | Local wp-sit-alb
    prod 093646564004 Tebogo-prod af-south-1 wp.kimmyai.io *.wp.kimmyai.io | db.r5.large multi_az=true backup=7 protected=true/true | 1024/2048 nat=PerZone logs=30 | S3 wp-prod-alb
    ");
}

#[test]
fn the_tier_alone_gives_the_same_sizes() {
    for (name, text) in SHIPPED {
        let whole = loaded(name).environment;
        let sizes = [
            "class",
            "multi_az",
            "backup_days",
            "deletion_protection",
            "task_cpu",
            "task_memory",
            "nat",
            "retention_days",
            "backup ",
            "idle_timeout",
            "storage ",
        ];
        let short: String =
            text.lines().filter(|line| !sizes.iter().any(|key| line.starts_with(key))).map(|line| format!("{line}\n")).collect();
        let mut short = load_with(name, &short).unwrap_or_else(|problems| panic!("{}", render(&problems))).environment;
        // A default gives no protection up.
        assert!(!short.rds.unprotected && !short.alb.unprotected, "{name}");
        (short.rds.unprotected, short.alb.unprotected) = (whole.rds.unprotected, whole.alb.unprotected);
        assert_eq!(
            (short.rds, short.ecs, short.network, short.efs, short.alb),
            (whole.rds, whole.ecs, whole.network, whole.efs, whole.alb),
            "{name}"
        );
        assert_eq!(short.tier, whole.tier);
    }
}

#[test]
fn production_has_the_zone_and_delegates() {
    let dns = loaded("prod").environment.dns;
    assert!(dns.zone.existing.is_there());
    let zones: Vec<&str> = dns.delegations.values().map(|delegation| delegation.zone.as_str()).collect();
    assert_eq!(zones, ["wpdev.kimmyai.io", "wpsit.kimmyai.io"]);
    assert_eq!(loaded("dev").environment.tier, Tier::Dev);
}

#[test]
fn each_names_its_schema_in_its_first_line() {
    for (name, text) in SHIPPED {
        assert!(text.starts_with("#:schema ./schema.json\n"), "{name}");
    }
}
