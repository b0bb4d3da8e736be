//! The cluster's own resources, held to what their kinds take.

use bbws_model::{Kinds, Severity};

use crate::{Environment, Places, Problem, RuleId, blueprint};

/// What the kinds would refuse of the cluster of an environment in which no rule found anything wrong. Nothing that a
/// file says should come this far; what does is told before anything touches AWS.
pub(crate) fn check(environment: &Environment, places: &Places, kinds: &Kinds) -> Vec<Problem> {
    let mut problems = vec![];
    for (address, spec) in blueprint::specs(environment) {
        let Some(kind) = kinds.get(address.kind()) else { continue };
        for problem in kind.check(&spec) {
            problems.push(Problem {
                rule: RuleId::ClusterSpec,
                severity: Severity::Error,
                span: places.at(section(address.kind())),
                message: format!("the cluster's `{address}` would not do: {}", problem.message),
                fix: format!("it is its field `{}`, made of what stands in this file", problem.field),
                related: vec![],
            });
        }
    }
    problems
}

/// The section that most of a kind comes from.
fn section(kind: &str) -> &'static str {
    match kind {
        "load-balancer" | "listener" | "security-group" | "security-group-rule" => "alb",
        "db-instance" | "db-parameter-group" | "db-subnet-group" | "secret" | "secret-value" => "rds",
        "ecs-cluster" | "task-definition" | "role" | "role-policy" => "ecs",
        "file-system" | "mount-target" => "efs",
        "hosted-zone" | "dns-record" | "health-check" => "dns",
        "certificate" => "certificate",
        "distribution" | "cdn-function" | "log-delivery" | "log-delivery-source" | "log-delivery-destination" => "cdn",
        "metric-alarm" | "topic" => "monitoring",
        "bucket" | "log-group" => "logs",
        _ => "network",
    }
}
