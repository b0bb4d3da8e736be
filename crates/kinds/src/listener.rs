//! `listener`: a port of a load balancer and what happens to requests that no rule takes.

use std::collections::BTreeMap;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    RiskKind, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::load_balancer::ActiveArn;
use crate::{Certificate, pace};

/// A port of a load balancer. Rules of tenants hang on it; they are not bbws's.
pub enum Listener {}

/// The security policy without TLS 1.1 and older. AWS's own choice, `ELBSecurityPolicy-2016-08`, still allows TLS 1.0.
pub const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/// How an HTTPS listener encrypts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Tls<S: Stage> {
    /// Its certificate, of the load balancer's own region.
    pub certificate: S::Ref<Arn<Certificate>>,
    /// The versions and ciphers it takes, by the name of ELB's policy.
    #[serde(default = "tls_policy")]
    pub policy: String,
}

/// What happens to a request that no rule takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// It is answered at once.
    FixedResponse {
        /// The status: 2xx, 4xx or 5xx.
        status: u16,
        /// The body's type: `text/plain`, `text/css`, `text/html`, `application/javascript` or `application/json`.
        #[serde(default = "plain")]
        content_type: String,
        /// The body, up to 1024 bytes.
        #[serde(default)]
        body: String,
    },
    /// The client is sent elsewhere. What is left as `#{…}` stays as it came.
    Redirect {
        /// `HTTP`, `HTTPS` or `#{protocol}`.
        #[serde(default = "same_protocol")]
        protocol: String,
        /// The port, or `#{port}`.
        #[serde(default = "same_port")]
        port: String,
        /// The host name.
        #[serde(default = "same_host")]
        host: String,
        /// The path, with its first `/`.
        #[serde(default = "same_path")]
        path: String,
        /// The query, without `?`.
        #[serde(default = "same_query")]
        query: String,
        /// Whether browsers may remember it: 301 if so, 302 if not.
        #[serde(default = "yes")]
        permanent: bool,
    },
    /// It goes to target groups, by their ARNs, each with its weight.
    Forward {
        /// The weights.
        target_groups: BTreeMap<String, u32>,
    },
    /// Something that somebody else set and that cannot be declared here.
    #[schemars(skip)]
    Other {
        /// What AWS calls it.
        what: String,
    },
}

/// What may be declared of a listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct ListenerSpec<S: Stage> {
    /// The load balancer, by its output `active_arn`.
    pub load_balancer: S::Ref<ActiveArn>,
    /// The port.
    pub port: u16,
    /// How it encrypts. None: it speaks plain HTTP.
    #[serde(default)]
    pub tls: Option<Tls<S>>,
    /// What happens to a request that no rule takes.
    pub default_action: Action,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a listener offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListenerOutputs {
    /// Its ARN.
    pub arn: Arn<Listener>,
}

fn tls_policy() -> String {
    TLS_POLICY.into()
}

fn plain() -> String {
    "text/plain".into()
}

fn same_protocol() -> String {
    "#{protocol}".into()
}

fn same_port() -> String {
    "#{port}".into()
}

fn same_host() -> String {
    "#{host}".into()
}

fn same_path() -> String {
    "/#{path}".into()
}

fn same_query() -> String {
    "#{query}".into()
}

fn yes() -> bool {
    true
}

const CONTENT_TYPES: [&str; 5] = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

impl Action {
    /// What is wrong with it on a listener of this protocol and port.
    fn problems(&self, own: &str, own_port: u16) -> Vec<SpecProblem> {
        let wrong = |field: &str, message: String| vec![SpecProblem::new(&format!("default_action{field}"), message)];
        match self {
            Self::FixedResponse { status, content_type: _, body: _ } if !matches!(status / 100, 2 | 4 | 5) => {
                wrong(".status", format!("{status} does not do: a fixed response has a status of 2xx, 4xx or 5xx"))
            }
            Self::FixedResponse { status: _, content_type, body: _ } if !CONTENT_TYPES.contains(&content_type.as_str()) => {
                wrong(".content_type", format!("`{content_type}` does not do: ELB knows {}", CONTENT_TYPES.join(", ")))
            }
            Self::FixedResponse { status: _, content_type: _, body } if body.len() > 1024 => {
                wrong(".body", format!("{} bytes are too many: ELB takes 1024", body.len()))
            }
            Self::FixedResponse { .. } => vec![],
            Self::Redirect { protocol, port, host, path, query, permanent: _ } => {
                let same_protocol = protocol == "#{protocol}" || protocol == own;
                let same_port = port == "#{port}" || *port == own_port.to_string();
                let as_it_came = [same_protocol, same_port, host == "#{host}", path == "/#{path}"];
                if !["HTTP", "HTTPS", "#{protocol}"].contains(&protocol.as_str()) {
                    wrong(".protocol", format!("`{protocol}` does not do: HTTP, HTTPS or #{{protocol}}"))
                } else if port != "#{port}" && !port.parse().is_ok_and(|port: u16| port > 0) {
                    wrong(".port", format!("`{port}` does not do: 1 to 65535, or #{{port}}"))
                } else if !path.starts_with('/') {
                    wrong(".path", format!("`{path}` does not begin with `/`"))
                } else if query.starts_with('?') {
                    wrong(".query", "write the query without its `?`".into())
                } else if as_it_came.into_iter().all(|same| same) {
                    wrong("", "a redirect to the same place never ends: change its protocol, port, host or path".into())
                } else {
                    vec![]
                }
            }
            Self::Forward { target_groups } if target_groups.is_empty() => wrong(".target_groups", "name a target group by its ARN".into()),
            Self::Forward { .. } => vec![],
            Self::Other { what } => wrong(".type", format!("`{what}` cannot be declared: fixed-response, redirect and forward can")),
        }
    }
}

impl Kind for Listener {
    const NAME: &'static str = "listener";
    const FACTS: Facts = Facts {
        service: "elasticloadbalancing",
        id_prefix: "arn:",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: true,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 2, 2, 10),
        pace: pace::ELB,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeTags"],
        create: &["elasticloadbalancing:CreateListener", "elasticloadbalancing:AddTags"],
        update: &["elasticloadbalancing:ModifyListener", "elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
        // Nothing is deleted before what tenants hung on it was looked for.
        delete: &[
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:DescribeListenerCertificates",
            "elasticloadbalancing:DescribeRules",
        ],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn")];
    type Spec<S: Stage> = ListenerSpec<S>;
    type Outputs = ListenerOutputs;

    fn check(want: &ListenerSpec<Written>) -> Vec<SpecProblem> {
        let ListenerSpec { load_balancer: _, port, tls, default_action, tags: _ } = want;
        let mut problems = vec![];
        if *port == 0 {
            problems.push(SpecProblem::new("port", "a port is between 1 and 65535"));
        }
        if tls.as_ref().is_some_and(|tls| tls.policy.is_empty()) {
            problems.push(SpecProblem::new("tls.policy", format!("name a policy of ELB, such as `{TLS_POLICY}`")));
        }
        let protocol = if tls.is_some() { "HTTPS" } else { "HTTP" };
        problems.extend(default_action.problems(protocol, *port));
        problems
    }

    fn diff(have: &ListenerSpec<Written>, want: &ListenerSpec<Written>) -> Diff {
        let ListenerSpec { load_balancer, port, tls, default_action, tags } = want;
        let diff = Diff::new()
            .replace("load_balancer", &have.load_balancer, load_balancer)
            .risks(RiskKind::Downtime, "the rules of tenants do not move to the new listener")
            .update("port", &have.port, port)
            .risks(RiskKind::Downtime, "clients of the old port are refused, until they use the new one")
            .update("tls", &have.tls, tls);
        let diff = match (&have.tls, tls) {
            (Some(_), None) => diff.risks(RiskKind::Security, "traffic is no longer encrypted"),
            (Some(_) | None, Some(_)) => diff.risks(RiskKind::Security, "it changes how traffic is encrypted"),
            (None, None) => diff,
        };
        diff.update("default_action", &have.default_action, default_action).update("tags", &have.tags, tags)
    }

    /// A load balancer has one listener a port.
    fn replacement(have: &ListenerSpec<Written>, want: &ListenerSpec<Written>) -> Replacement {
        if (&have.load_balancer, have.port) == (&want.load_balancer, want.port) {
            Replacement::DELETE_FIRST
        } else {
            Replacement::CREATE_FIRST
        }
    }

    fn meters(_: &ListenerSpec<Written>) -> Meters {
        Meters::free()
    }

    /// Listeners are listed one load balancer at a time; the tags of load balancers and listeners are told of twenty at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none()
            .each("elasticloadbalancing:DescribeListeners", of.iter().map(|it| it.spec.load_balancer.as_str()))
            .shared("elasticloadbalancing:DescribeTags")
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::{Value, json};

    fn spec(edit: Value) -> ListenerSpec<Written> {
        let mut whole = json!({
            "load_balancer": {"$ref": "load-balancer.main", "output": "active_arn"}, "port": 80,
            "default_action": {"type": "fixed-response", "status": 404, "body": "no such site"},
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"load_balancer": "arn:aws:elb"}), Verb::Replace),
            (json!({"port": 8080}), Verb::Update),
            (json!({"tls": {"certificate": "arn:aws:acm"}}), Verb::Update),
            (json!({"default_action": {"type": "redirect", "protocol": "HTTPS", "port": "443"}}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = Listener::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn taking_encryption_away_is_a_risk() {
        let (plain, tls) = (spec(json!({})), spec(json!({"tls": {"certificate": "arn:aws:acm"}})));
        assert_eq!(Listener::diff(&tls, &plain).changes()[0].risks[0].text, "traffic is no longer encrypted");
        assert_eq!(tls.tls.unwrap().policy, TLS_POLICY);
    }

    #[test]
    fn one_port_has_one_listener() {
        let order = |edit| Listener::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({})), Order::DeleteFirst);
        assert_eq!(order(json!({"load_balancer": "arn:aws:elb"})), Order::CreateFirst);
    }

    #[test]
    fn a_load_balancer_that_may_not_be_active_does_not_do() {
        let edit = json!({"load_balancer": {"$ref": "load-balancer.main", "output": "arn"}, "port": 80, "default_action": {"type": "fixed-response", "status": 404}});
        let problems = bbws_model::erase::<Listener>().check(&edit);
        assert_eq!(problems[0].message, "`arn` of `load-balancer.main` does not fit here: `active_arn` of a `load-balancer` is wanted");
    }

    #[test]
    fn what_elb_would_refuse_is_told() {
        let fields = |edit| Listener::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        let action = |action: Value| json!({"default_action": action});
        assert_eq!(fields(json!({"port": 0})), ["port"]);
        assert_eq!(fields(action(json!({"type": "fixed-response", "status": 301}))), ["default_action.status"]);
        assert_eq!(
            fields(action(json!({"type": "fixed-response", "status": 200, "content_type": "image/png"}))),
            ["default_action.content_type"]
        );
        assert_eq!(fields(action(json!({"type": "fixed-response", "status": 200, "body": "x".repeat(1025)}))), ["default_action.body"]);
        assert_eq!(fields(action(json!({"type": "redirect"}))), ["default_action"]);
        assert_eq!(fields(action(json!({"type": "redirect", "protocol": "HTTP", "port": "80"}))), ["default_action"]);
        assert!(fields(action(json!({"type": "redirect", "protocol": "HTTPS", "port": "443"}))).is_empty());
        assert_eq!(fields(action(json!({"type": "redirect", "port": "https"}))), ["default_action.port"]);
        assert_eq!(fields(action(json!({"type": "redirect", "protocol": "FTP"}))), ["default_action.protocol"]);
        assert_eq!(fields(action(json!({"type": "redirect", "path": "x"}))), ["default_action.path"]);
        assert_eq!(fields(action(json!({"type": "forward", "target_groups": {}}))), ["default_action.target_groups"]);
        assert_eq!(fields(action(json!({"type": "other", "what": "authenticate-oidc"}))), ["default_action.type"]);
        assert!(fields(json!({})).is_empty());
    }
}
