//! The alarms, and whom they tell.

use std::collections::{BTreeMap, BTreeSet};

use bbws_kinds::{
    Certificate, DbInstance, FileSystem, GLOBAL, HealthCheck, LoadBalancer, MetricAlarm, MetricAlarmSpec, NatGateway, Topic, TopicSpec,
};
use bbws_model::{Kind, Pointer, Ref, Text, Written};

use super::certificate::for_alb;
use super::network::nats;
use super::parts::{Parts, address, text};
use crate::{Environment, Throughput};

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    let alarms = alarms(env);
    if env.monitoring.dashboard {
        super::dashboard::add(parts, &alarms);
    }
    if !env.monitoring.alarms {
        return;
    }
    let regions: BTreeSet<&str> = alarms.iter().map(|alarm| alarm.region(env)).collect();
    for region in regions {
        topic(parts, region);
    }
    for alarm in alarms {
        alarm.put(parts);
    }
}

/// The topic of a region: an alarm tells only those of its own.
fn topic_of(env: &Environment, region: &str) -> &'static str {
    if region == env.region { "alarms" } else { "alarms-global" }
}

fn topic(parts: &mut Parts<'_>, region: &str) {
    let env = parts.env;
    let what = topic_of(env, region);
    parts.add::<Topic>(
        what,
        &TopicSpec {
            name: env.names.of(what),
            region: elsewhere(env, region),
            kms_key: None,
            policy: None,
            emails: env.monitoring.emails.iter().cloned().collect(),
            tags: parts.tags_of(what),
        },
    );
}

/// The region, where it is not the environment's own.
fn elsewhere(env: &Environment, region: &str) -> Option<String> {
    (region != env.region).then(|| region.to_owned())
}

/// One alarm, as far as it differs from others.
pub(super) struct Alarm {
    pub(super) name: String,
    global: bool,
    pub(super) watches: Watched,
    pub(super) above: bool,
    pub(super) threshold: f64,
    /// Seconds of a period, and how many of them in a row.
    pub(super) lasting: (u32, u32),
    /// What no data means.
    missing: &'static str,
    tells: String,
}

/// What an alarm looks at.
pub(super) enum Watched {
    /// One metric: the service, what it measures, of what, and how the values of a period become one.
    Metric(&'static str, &'static str, BTreeMap<String, Text>, &'static str),
    /// What a query finds over metrics that come and go.
    Query(Text),
}

impl Alarm {
    pub(super) fn region<'e>(&self, env: &'e Environment) -> &'e str {
        if self.global { GLOBAL } else { &env.region }
    }

    fn put(self, parts: &mut Parts<'_>) {
        let env = parts.env;
        let region = self.region(env);
        let whom = BTreeSet::from([text::<Topic>(topic_of(env, region), "arn")]);
        let full = env.names.of(&self.name);
        let (namespace, metric, dimensions, statistic, query) = match self.watches {
            Watched::Metric(namespace, metric, of, statistic) => (namespace, metric, of, statistic, None),
            Watched::Query(query) => ("", "", BTreeMap::new(), "", Some(query)),
        };
        let spec: MetricAlarmSpec<Written> = MetricAlarmSpec {
            tags: parts.tags(&full),
            name: full,
            region: elsewhere(env, region),
            description: self.tells,
            namespace: namespace.to_owned(),
            metric: metric.to_owned(),
            dimensions,
            query,
            statistic: statistic.to_owned(),
            period_seconds: self.lasting.0,
            comparison: if self.above { "GreaterThanOrEqualToThreshold" } else { "LessThanOrEqualToThreshold" }.to_owned(),
            threshold: self.threshold,
            evaluation_periods: self.lasting.1,
            datapoints_to_alarm: None,
            treat_missing_data: self.missing.to_owned(),
            // Not every metric has the unit that one would think; none is right for all.
            unit: None,
            actions_enabled: true,
            alarm_actions: whom.clone(),
            ok_actions: whom,
            insufficient_data_actions: BTreeSet::new(),
        };
        parts.add::<MetricAlarm>(&self.name, &spec);
    }
}

fn of(dimension: &str, value: Text) -> BTreeMap<String, Text> {
    BTreeMap::from([(dimension.to_owned(), value)])
}

const FIVE_MINUTES: u32 = 300;
const DAY: u32 = 86_400;

fn alarms(env: &Environment) -> Vec<Alarm> {
    let mut all = vec![];
    database(env, &mut all);
    file_system(env, &mut all);
    load_balancer(env, &mut all);
    targets(env, &mut all);
    nat(env, &mut all);
    certificates(env, &mut all);
    if env.dns.health_check.enabled {
        all.push(Alarm {
            name: "health-check".to_owned(),
            // Route 53 measures there and nowhere else.
            global: true,
            watches: Watched::Metric("AWS/Route53", "HealthCheckStatus", of("HealthCheckId", text::<HealthCheck>("alb", "id")), "Minimum"),
            above: false,
            threshold: 0.0,
            lasting: (60, 3),
            missing: "breaching",
            tells: "The load balancer does not answer Route 53's checkers: look at its listeners, its security group and its zones."
                .to_owned(),
        });
    }
    all
}

const GIB: f64 = 1_073_741_824.0;

fn database(env: &Environment, all: &mut Vec<Alarm>) {
    let limits = &env.monitoring.thresholds;
    let free = f64::from(env.rds.storage) * GIB * f64::from(100_u32.saturating_sub(limits.rds_storage)) / 100.0;
    for (name, metric, statistic, above, threshold, tells) in [
        (
            "rds-cpu",
            "CPUUtilization",
            "Average",
            true,
            f64::from(limits.rds_cpu),
            "The database's CPU is busy: look for slow statements in its log, then for a larger `rds.class`.",
        ),
        (
            "rds-storage",
            "FreeStorageSpace",
            "Minimum",
            false,
            free,
            "The database's storage fills up: raise `rds.storage`, or let it grow by itself with `rds.max_storage`. When it is full, MySQL stops.",
        ),
        (
            "rds-connections",
            "DatabaseConnections",
            "Maximum",
            true,
            f64::from(limits.rds_connections),
            "The database has many connections: past `max_connections` it refuses more. Look for a tenant that does not close them.",
        ),
    ] {
        all.push(Alarm {
            name: name.to_owned(),
            global: false,
            watches: Watched::Metric("AWS/RDS", metric, of("DBInstanceIdentifier", text::<DbInstance>("main", "name")), statistic),
            above,
            threshold,
            lasting: (FIVE_MINUTES, 3),
            missing: "missing",
            tells: tells.to_owned(),
        });
    }
}

/// Only bursting throughput has credits.
fn file_system(env: &Environment, all: &mut Vec<Alarm>) {
    if env.efs.throughput != Throughput::Bursting {
        return;
    }
    all.push(Alarm {
        name: "efs-burst-credits".to_owned(),
        global: false,
        watches: Watched::Metric("AWS/EFS", "BurstCreditBalance", of("FileSystemId", text::<FileSystem>("main", "id")), "Minimum"),
        above: false,
        threshold: f64::from(env.monitoring.thresholds.efs_burst_credits_gib) * GIB,
        lasting: (FIVE_MINUTES, 3),
        missing: "missing",
        tells: "The file system's burst credits run out, and it becomes slow: `efs.throughput = \"elastic\"` has none to run out of."
            .to_owned(),
    });
}

fn load_balancer(env: &Environment, all: &mut Vec<Alarm>) {
    let most = env.monitoring.thresholds.alb_5xx;
    for (name, metric, tells) in [
        ("alb-5xx", "HTTPCode_ELB_5XX_Count", "The load balancer itself answers 5xx: most often a tenant has no healthy target."),
        (
            "alb-target-5xx",
            "HTTPCode_Target_5XX_Count",
            "Tenants answer 5xx: look at their logs, then at the database and the file system.",
        ),
    ] {
        all.push(Alarm {
            name: name.to_owned(),
            global: false,
            watches: Watched::Metric("AWS/ApplicationELB", metric, of("LoadBalancer", text::<LoadBalancer>("main", "arn_suffix")), "Sum"),
            above: true,
            threshold: f64::from(most),
            lasting: (FIVE_MINUTES, 1),
            // A count that is zero is not written.
            missing: "notBreaching",
            tells: tells.to_owned(),
        });
    }
}

/// Target groups are the tenants', and come and go; each has its own metric, so a query looks over all of this load balancer's.
fn targets(env: &Environment, all: &mut Vec<Alarm>) {
    let query = Text::Parts(vec![
        Ref::Known(
            "SELECT MAX(UnHealthyHostCount) FROM SCHEMA(\"AWS/ApplicationELB\", LoadBalancer, TargetGroup) WHERE LoadBalancer = '"
                .to_owned(),
        ),
        Ref::To(Pointer::new(address(LoadBalancer::NAME, "main"), "arn_suffix")),
        Ref::Known("'".to_owned()),
    ]);
    all.push(Alarm {
        name: "alb-unhealthy-hosts".to_owned(),
        global: false,
        watches: Watched::Query(query),
        above: true,
        threshold: f64::from(env.monitoring.thresholds.alb_unhealthy_hosts),
        lasting: (FIVE_MINUTES, 2),
        missing: "notBreaching",
        tells: "Tasks of a tenant fail their health check: look at the target groups of the load balancer, then at that tenant's logs."
            .to_owned(),
    });
}

fn nat(env: &Environment, all: &mut Vec<Alarm>) {
    for letter in nats(env).into_keys() {
        all.push(Alarm {
            global: false,
            watches: Watched::Metric("AWS/NATGateway", "ErrorPortAllocation", of("NatGatewayId", text::<NatGateway>(&letter, "id")), "Sum"),
            above: true,
            threshold: f64::from(env.monitoring.thresholds.nat_port_errors),
            lasting: (FIVE_MINUTES, 1),
            missing: "notBreaching",
            tells: "Connections to the internet fail for want of a port: many go to one address at once; a second NAT gateway helps."
                .to_owned(),
            name: format!("nat-{letter}-port-errors"),
        });
    }
}

fn certificates(env: &Environment, all: &mut Vec<Alarm>) {
    let regional = env.alb.https && for_alb(env) == "alb";
    let list: &[(&str, bool)] = match (env.has_certificate(), regional) {
        (false, _) => &[],
        (true, false) => &[("cdn", true)],
        (true, true) => &[("cdn", true), ("alb", false)],
    };
    for (name, global) in list {
        all.push(Alarm {
            name: format!("certificate-{name}-days"),
            global: *global,
            watches: Watched::Metric(
                "AWS/CertificateManager",
                "DaysToExpiry",
                of("CertificateArn", text::<Certificate>(name, "arn")),
                "Minimum",
            ),
            above: false,
            threshold: f64::from(env.monitoring.thresholds.certificate_days),
            lasting: (DAY, 1),
            // It is measured twice a day, and not at all once the certificate is gone.
            missing: "ignore",
            tells: "The certificate is not renewed by itself: see that its validation record stands, and the zone is delegated.".to_owned(),
        });
    }
}
