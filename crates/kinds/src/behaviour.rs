//! The cache behaviours of a distribution: what becomes of the requests for some paths.

use std::collections::BTreeMap;

use bbws_model::{Arn, SpecProblem, Stage, Written};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::CdnFunction;

/// What CloudFront does with requests without encryption.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ViewerProtocol {
    /// They are sent to HTTPS.
    #[default]
    RedirectToHttps,
    /// They are refused.
    HttpsOnly,
    /// They are answered.
    AllowAll,
}

/// Which HTTP methods go through. CloudFront knows these three sets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AllowedMethods {
    /// GET and HEAD.
    #[default]
    Get,
    /// GET, HEAD and OPTIONS.
    Options,
    /// All seven.
    All,
}

/// When a CloudFront function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FunctionEvent {
    /// As a viewer's request comes in.
    ViewerRequest,
    /// Before the answer leaves.
    ViewerResponse,
}

/// What becomes of requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Behaviour<S: Stage> {
    /// The origin that is asked, by its name among the origins.
    pub origin: String,
    /// What is kept, for how long: a managed cache policy by AWS's name for it without `Managed-`, as in
    /// `CachingDisabled`; any other by its id.
    pub cache_policy: String,
    /// What the origin sees: a managed origin-request policy by its name, as in `AllViewer`; any other by its id. None:
    /// only what the cache policy needs.
    pub origin_request_policy: Option<String>,
    /// Headers that are added to answers: a managed policy by its name, as in `SecurityHeadersPolicy`; any other by its id.
    pub response_headers_policy: Option<String>,
    /// What becomes of requests without encryption: `redirect-to-https`, `https-only` or `allow-all`.
    #[serde(default)]
    pub viewer_protocol: ViewerProtocol,
    /// Which methods go through: `get`, `options` or `all`.
    #[serde(default)]
    pub methods: AllowedMethods,
    /// Whether answers to OPTIONS are kept too.
    #[serde(default)]
    pub cache_options: bool,
    /// Whether answers are compressed.
    #[serde(default = "yes")]
    pub compress: bool,
    /// The CloudFront functions that run, by when they do.
    #[serde(default)]
    pub functions: BTreeMap<FunctionEvent, S::Ref<Arn<CdnFunction>>>,
    /// The Lambda@Edge functions that somebody else has associated, by when they run. Seen only, and kept.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lambda_functions: BTreeMap<String, String>,
}

/// What becomes of requests for some paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct PathBehaviour<S: Stage> {
    /// The paths: `/wp-content/*`.
    pub path: String,
    /// What becomes of them.
    pub behaviour: Behaviour<S>,
}

fn yes() -> bool {
    true
}

impl<S: Stage> Behaviour<S> {
    /// The same without what is kept as it is found.
    pub(crate) fn own(&self) -> Self {
        Self { lambda_functions: BTreeMap::new(), ..self.clone() }
    }
}

impl<S: Stage> PathBehaviour<S> {
    /// The same without what is kept as it is found.
    pub(crate) fn own(&self) -> Self {
        Self { path: self.path.clone(), behaviour: self.behaviour.own() }
    }
}

/// What is wrong with a behaviour by itself.
pub(crate) fn problems(field: &str, behaviour: &Behaviour<Written>) -> Vec<SpecProblem> {
    let Behaviour {
        origin: _,
        cache_policy,
        origin_request_policy,
        response_headers_policy,
        viewer_protocol: _,
        methods,
        cache_options,
        compress: _,
        functions: _,
        lambda_functions,
    } = behaviour;
    let mut problems = vec![];
    let mut wrong = |part: &str, message: String| problems.push(SpecProblem::new(&format!("{field}{part}"), message));
    let policies = [
        ("cache_policy", Some(cache_policy), "CachingDisabled"),
        ("origin_request_policy", origin_request_policy.as_ref(), "AllViewer"),
        ("response_headers_policy", response_headers_policy.as_ref(), "SecurityHeadersPolicy"),
    ];
    for (part, policy, example) in policies {
        if policy.is_some_and(|name| name.is_empty() || name.starts_with("Managed-")) {
            wrong(part, format!("name a managed policy without `Managed-`, as in `{example}`, or any other by its id"));
        }
    }
    if *cache_options && *methods == AllowedMethods::Get {
        wrong("cache_options", "answers to OPTIONS cannot be kept where OPTIONS does not go through".into());
    }
    if !lambda_functions.is_empty() {
        wrong("lambda_functions", "it only shows what others have associated: leave it out".into());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::typed;
    use serde_json::{Value, json};

    fn fields(edit: Value) -> Vec<String> {
        let mut whole = json!({"origin": "alb", "cache_policy": "CachingDisabled"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        problems("b.", &typed(&whole).unwrap()).into_iter().map(|p| p.field).collect()
    }

    #[test]
    fn what_cloudfront_would_refuse_is_told() {
        assert_eq!(fields(json!({"cache_policy": "Managed-CachingDisabled"})), ["b.cache_policy"]);
        assert_eq!(fields(json!({"origin_request_policy": ""})), ["b.origin_request_policy"]);
        assert_eq!(fields(json!({"response_headers_policy": "Managed-SimpleCORS"})), ["b.response_headers_policy"]);
        assert_eq!(fields(json!({"cache_options": true})), ["b.cache_options"]);
        assert_eq!(fields(json!({"lambda_functions": {"viewer-request": "arn:aws:lambda"}})), ["b.lambda_functions"]);
        assert!(fields(json!({"methods": "all", "cache_options": true})).is_empty());
    }
}
