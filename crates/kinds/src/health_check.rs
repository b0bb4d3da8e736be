//! `health-check`: Route 53's checkers, asking an endpoint from all over the world.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Text, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DomainName, pace};

/// A health check of a public endpoint.
pub enum HealthCheck {}

/// What the checkers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum CheckProtocol {
    /// Plain HTTP.
    Http,
    /// HTTPS. The certificate is not checked.
    Https,
}

/// What may be declared of a health check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct HealthCheckSpec<S: Stage> {
    /// What the checkers speak.
    pub protocol: CheckProtocol,
    /// The endpoint's public DNS name.
    pub domain: S::Text,
    /// Its port. None: 80, or 443 for HTTPS.
    #[serde(default)]
    pub port: Option<u16>,
    /// What they ask for. An answer of 2xx or 3xx is healthy.
    #[serde(default = "root")]
    pub path: String,
    /// How often each checker asks, in seconds: 10 or 30.
    #[serde(default = "thirty")]
    pub interval_seconds: u32,
    /// After how many answers of the other sort its state changes: 1 to 10.
    #[serde(default = "three")]
    pub failures: u32,
    /// Whether healthy counts as unhealthy.
    #[serde(default)]
    pub inverted: bool,
    /// Whether it is switched off, and so always healthy.
    #[serde(default)]
    pub disabled: bool,
    /// Whether the checkers measure how long answers take.
    #[serde(default)]
    pub measure_latency: bool,
    /// Whether they send the domain in the TLS handshake. Means nothing to plain HTTP.
    #[serde(default = "yes")]
    pub sni: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

fn root() -> String {
    "/".into()
}

fn thirty() -> u32 {
    30
}

fn three() -> u32 {
    3
}

fn yes() -> bool {
    true
}

impl<S: Stage> HealthCheckSpec<S> {
    /// The port that is asked.
    #[must_use]
    pub fn asked_port(&self) -> u16 {
        self.port.unwrap_or(match self.protocol {
            CheckProtocol::Http => 80,
            CheckProtocol::Https => 443,
        })
    }
}

/// What a health check offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealthCheckOutputs {
    /// Its id, a UUID.
    pub id: Id<HealthCheck>,
}

impl Kind for HealthCheck {
    const NAME: &'static str = "health-check";
    const FACTS: Facts = Facts {
        service: "route53",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["distribution", "load-balancer"],
        recovery: Recovery::Token,
        durations: Durations::secs(3, 2, 2, 10),
        pace: pace::ROUTE53,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["route53:ListHealthChecks", "route53:ListTagsForResources"],
        create: &["route53:CreateHealthCheck"],
        update: &["route53:UpdateHealthCheck", "route53:ChangeTagsForResource"],
        delete: &["route53:DeleteHealthCheck"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id")];
    type Spec<S: Stage> = HealthCheckSpec<S>;
    type Outputs = HealthCheckOutputs;

    fn check(want: &HealthCheckSpec<Written>) -> Vec<SpecProblem> {
        let HealthCheckSpec {
            protocol: _,
            domain,
            port,
            path,
            interval_seconds,
            failures,
            inverted: _,
            disabled: _,
            measure_latency: _,
            sni: _,
            tags: _,
        } = want;
        let mut problems = vec![];
        if let Some(problem) = domain.known().and_then(|domain| DomainName::new(domain).problem()) {
            problems.push(SpecProblem::new("domain", problem));
        }
        if *port == Some(0) {
            problems.push(SpecProblem::new("port", "a port is between 1 and 65535"));
        }
        if !path.starts_with('/') || path.len() > 255 {
            problems.push(SpecProblem::new("path", format!("`{path}` is no path: it begins with `/` and has at most 255 characters")));
        }
        if ![10, 30].contains(interval_seconds) {
            problems
                .push(SpecProblem::new("interval_seconds", format!("AWS does not know {interval_seconds} seconds: it knows 10 and 30")));
        }
        if !(1..=10).contains(failures) {
            problems.push(SpecProblem::new("failures", format!("{failures} is not between 1 and 10")));
        }
        problems
    }

    fn diff(have: &HealthCheckSpec<Written>, want: &HealthCheckSpec<Written>) -> Diff {
        let HealthCheckSpec { protocol, domain, port: _, path, interval_seconds, failures, inverted, disabled, measure_latency, sni, tags } =
            want;
        let lower = |text: &Text| text.known().map_or_else(|| text.clone(), |known| known.to_lowercase().as_str().into());
        Diff::new()
            .replace("protocol", &have.protocol, protocol)
            .update("domain", &lower(&have.domain), &lower(domain))
            .update("port", &have.asked_port(), &want.asked_port())
            .update("path", &have.path, path)
            .replace("interval_seconds", &have.interval_seconds, interval_seconds)
            .update("failures", &have.failures, failures)
            .update("inverted", &have.inverted, inverted)
            .update("disabled", &have.disabled, disabled)
            .replace("measure_latency", &have.measure_latency, measure_latency)
            .accepts("sni", *protocol == CheckProtocol::Http || have.sni == *sni, &have.sni, sni)
            .update("tags", &have.tags, tags)
    }

    fn replacement(_: &HealthCheckSpec<Written>, _: &HealthCheckSpec<Written>) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(want: &HealthCheckSpec<Written>) -> Meters {
        // HTTPS, a fast interval and latency are each billed beside the check itself; a load balancer or distribution is
        // an AWS endpoint.
        let extras = [want.protocol == CheckProtocol::Https, want.interval_seconds == 10, want.measure_latency];
        let extras = extras.into_iter().filter(|extra| *extra).count();
        let meters = Meters::free().and("route53.health-check.aws", 1.0, Unit::Month);
        if extras == 0 { meters } else { meters.and("route53.health-check.aws.feature", extras as f64, Unit::Month) }
    }

    /// The list lacks the tags, which Route 53 tells of ten at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = of.iter().map(|it| it.id.as_str());
        Reads::none().shared("route53:ListHealthChecks").batched("route53:ListTagsForResources", 10, ids)
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> HealthCheckSpec<Written> {
        let mut whole = json!({"protocol": "HTTPS", "domain": "wp.example.com"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"protocol": "HTTP", "port": 443}), vec![Verb::Replace]),
            (json!({"domain": "WP.example.com"}), vec![]),
            (json!({"domain": {"$ref": "load-balancer.main", "output": "dns_name"}}), vec![Verb::Update]),
            (json!({"port": 443}), vec![]),
            (json!({"port": 8443}), vec![Verb::Update]),
            (json!({"path": "/health"}), vec![Verb::Update]),
            (json!({"interval_seconds": 10}), vec![Verb::Replace]),
            (json!({"failures": 5}), vec![Verb::Update]),
            (json!({"inverted": true}), vec![Verb::Update]),
            (json!({"disabled": true}), vec![Verb::Update]),
            (json!({"measure_latency": true}), vec![Verb::Replace]),
            (json!({"sni": false}), vec![Verb::Update]),
            (json!({"tags": {"a": "b"}}), vec![Verb::Update]),
        ];
        for (edit, verbs) in table {
            let diff = HealthCheck::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
    }

    #[test]
    fn what_is_wrong_by_itself_is_told() {
        let fields = |edit| HealthCheck::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"domain": "localhost", "path": "health"})), ["domain", "path"]);
        assert_eq!(fields(json!({"interval_seconds": 20, "failures": 11})), ["interval_seconds", "failures"]);
        assert!(fields(json!({})).is_empty());
    }

    #[test]
    fn each_extra_is_billed() {
        let extras = |edit| HealthCheck::meters(&spec(edit)).0.get(1).map_or(0.0, |meter| meter.quantity);
        assert!((extras(json!({})) - 1.0).abs() < 1e-9);
        assert!(extras(json!({"protocol": "HTTP"})).abs() < 1e-9);
        assert!((extras(json!({"interval_seconds": 10, "measure_latency": true})) - 3.0).abs() < 1e-9);
    }
}
