//! Alarms.

use schemars::JsonSchema;
use serde::Serialize;

use super::Tier;
use crate::decode::Table;

/// Alarms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Monitoring {
    /// Whether CloudWatch alarms watch the cluster.
    pub alarms: bool,
    /// Whether a CloudWatch dashboard shows what the alarms watch. The account's first three cost nothing.
    pub dashboard: bool,
    /// Who is told by e-mail. AWS asks each of them first.
    pub emails: Vec<String>,
    /// When an alarm goes off, and when `health` calls a thing degraded.
    pub thresholds: Thresholds,
}

/// When an alarm goes off, and when `health` calls a thing degraded. Counts are per five minutes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Thresholds {
    /// Percent of the database's CPU.
    pub rds_cpu: u32,
    /// Percent of the database's storage in use.
    pub rds_storage: u32,
    /// Connections to the database.
    pub rds_connections: u32,
    /// Requests to the load balancer.
    pub alb_requests: u32,
    /// Milliseconds until a target answers.
    pub alb_latency_ms: u32,
    /// Answers of 500 and above.
    pub alb_5xx: u32,
    /// Targets that fail their check.
    pub alb_unhealthy_hosts: u32,
    /// MiB through a NAT gateway.
    pub nat_mib: u32,
    /// Connections that found no free port.
    pub nat_port_errors: u32,
    /// GiB of burst credits left of the file system.
    pub efs_burst_credits_gib: u32,
    /// Percent of the tasks' CPU.
    pub ecs_cpu: u32,
    /// Percent of the tasks' memory.
    pub ecs_memory: u32,
    /// Percent of CloudFront's answers that are 500 and above.
    pub cdn_5xx_rate: u32,
    /// Percent of requests that CloudFront answers from its cache, at least.
    pub cdn_hit_rate: u32,
    /// Days left of the certificate.
    pub certificate_days: u32,
}

impl Monitoring {
    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        Self {
            alarms: t.get("alarms").or(true),
            dashboard: t.get("dashboard").or(false),
            emails: t.list("emails").or(vec![]),
            thresholds: t.table("thresholds", |t| Thresholds::read(t, tier)),
        }
    }
}

impl Thresholds {
    fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        let percent = |key, default| t.get(key).within(1..=100, "percent").or(default);
        let count = |key, default| t.get(key).within(1..=1_000_000_000, "").or(default);
        Self {
            rds_cpu: percent("rds_cpu", 80),
            rds_storage: percent("rds_storage", 80),
            rds_connections: count("rds_connections", tier.pick(40, 100, 800)),
            alb_requests: count("alb_requests", tier.pick(10_000, 50_000, 500_000)),
            alb_latency_ms: count("alb_latency_ms", 2000),
            alb_5xx: count("alb_5xx", 10),
            alb_unhealthy_hosts: count("alb_unhealthy_hosts", 1),
            nat_mib: count("nat_mib", tier.pick(1024, 5 * 1024, 50 * 1024)),
            nat_port_errors: count("nat_port_errors", 1),
            efs_burst_credits_gib: count("efs_burst_credits_gib", 200),
            ecs_cpu: percent("ecs_cpu", 80),
            ecs_memory: percent("ecs_memory", 80),
            cdn_5xx_rate: percent("cdn_5xx_rate", 5),
            cdn_hit_rate: percent("cdn_hit_rate", 50),
            certificate_days: count("certificate_days", 30),
        }
    }
}
