//! `cdn-function`: a CloudFront function, which runs at the edges as requests come in or answers leave.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// A CloudFront function. What is written comes to the stage DEVELOPMENT first; publishing it, a request of its own, makes
/// it live wherever it is associated.
pub enum CdnFunction {}

/// Which JavaScript it is written in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FunctionRuntime {
    /// ECMAScript 5.1 and a little of 6 to 9.
    #[serde(rename = "cloudfront-js-1.0")]
    Js1,
    /// The same with `async`, `let` and `const`.
    #[default]
    #[serde(rename = "cloudfront-js-2.0")]
    Js2,
}

/// What may be declared of a CloudFront function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CdnFunctionSpec {
    /// Its name, up to 64 of `a-zA-Z0-9-_`; unique in the account.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub comment: String,
    /// Which JavaScript it is written in: `cloudfront-js-2.0` or `cloudfront-js-1.0`.
    #[serde(default)]
    pub runtime: FunctionRuntime,
    /// Its code, up to 10 KB, with a function `handler`.
    pub code: String,
    /// The key value store that it may read, by its ARN.
    #[serde(default)]
    pub key_value_store: Option<String>,
    /// Whether something else than this waits in the stage DEVELOPMENT, or nothing is live yet. Seen only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unpublished: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a CloudFront function offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CdnFunctionOutputs {
    /// Its ARN, known once it is live: no distribution takes it before.
    pub arn: Option<Arn<CdnFunction>>,
    /// Its name.
    pub name: Name<CdnFunction>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Kind for CdnFunction {
    const NAME: &'static str = "cdn-function";
    const FACTS: Facts = Facts {
        service: "cloudfront",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: Some(NameRule { field: "name", max: 64 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(4, 4, 30, 30),
        pace: pace::CLOUDFRONT,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["cloudfront:DescribeFunction", "cloudfront:GetFunction", "cloudfront:ListTagsForResource"],
        create: &["cloudfront:CreateFunction", "cloudfront:TagResource"],
        update: &["cloudfront:UpdateFunction", "cloudfront:PublishFunction", "cloudfront:TagResource", "cloudfront:UntagResource"],
        delete: &["cloudfront:DeleteFunction"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = CdnFunctionSpec;
    type Outputs = CdnFunctionOutputs;

    fn check(want: &CdnFunctionSpec) -> Vec<SpecProblem> {
        let CdnFunctionSpec { name, comment, runtime, code, key_value_store, unpublished, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if name.is_empty() || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            wrong("name", format!("`{name}` is no function's name: 1 to 64 of a-z A-Z 0-9 - _"));
        }
        if comment.chars().count() > 128 {
            wrong("comment", "at most 128 characters".into());
        }
        if code.len() > 10 * 1024 {
            wrong("code", format!("{} bytes are too many: CloudFront takes 10240", code.len()));
        } else if !code.contains("handler") {
            wrong("code", "CloudFront calls the function `handler`, and there is none".into());
        }
        if key_value_store.is_some() && *runtime == FunctionRuntime::Js1 {
            wrong("key_value_store", "only `cloudfront-js-2.0` reads key value stores".into());
        }
        if *unpublished {
            wrong("unpublished", "it only shows what waits to be published: leave it out".into());
        }
        problems
    }

    fn diff(have: &CdnFunctionSpec, want: &CdnFunctionSpec) -> Diff {
        let CdnFunctionSpec { name, comment, runtime, code, key_value_store, unpublished, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .update("comment", &have.comment, comment)
            .update("runtime", &have.runtime, runtime)
            .update("code", &have.code, code)
            .update("key_value_store", &have.key_value_store, key_value_store)
            .update("unpublished", &have.unpublished, unpublished)
            .update("tags", &have.tags, tags)
    }

    /// Distributions hold the old one until they have let go of it.
    fn replacement(_: &CdnFunctionSpec, _: &CdnFunctionSpec) -> Replacement {
        Replacement::FRESH_NAME
    }

    fn meters(_: &CdnFunctionSpec) -> Meters {
        Meters::usage_only("cloudfront.function-calls")
    }

    /// Code and configuration are told apart, for each stage apart, and tags apart from both.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let stages = || of.iter().flat_map(|it| ["DEVELOPMENT", "LIVE"].map(|stage| format!("{} {stage}", it.id)));
        Reads::none()
            .each("cloudfront:DescribeFunction", stages())
            .each("cloudfront:GetFunction", stages())
            .each("cloudfront:ListTagsForResource", of.iter().map(|it| it.id.as_str()))
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::{Value, json};

    fn spec(edit: Value) -> CdnFunctionSpec {
        let mut whole = json!({"name": "dev-headers", "code": "function handler(event) { return event.request; }"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), "name", Verb::Replace),
            (json!({"comment": "x"}), "comment", Verb::Update),
            (json!({"runtime": "cloudfront-js-1.0"}), "runtime", Verb::Update),
            (json!({"code": "function handler(e) { return e.response; }"}), "code", Verb::Update),
            (json!({"key_value_store": "arn:aws:cloudfront"}), "key_value_store", Verb::Update),
            (json!({"unpublished": true}), "unpublished", Verb::Update),
            (json!({"tags": {"a": "b"}}), "tags", Verb::Update),
        ];
        for (edit, field, verb) in table {
            let diff = CdnFunction::diff(&spec(json!({})), &spec(edit));
            assert_eq!(diff.changes().iter().map(|c| (c.field.as_str(), c.verb.clone())).collect::<Vec<_>>(), [(field, verb)]);
        }
    }

    #[test]
    fn what_cloudfront_would_refuse_is_told() {
        let fields = |edit| CdnFunction::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": "a b"})), ["name"]);
        assert_eq!(fields(json!({"comment": "x".repeat(129)})), ["comment"]);
        assert_eq!(fields(json!({"code": "x".repeat(10_241)})), ["code"]);
        assert_eq!(fields(json!({"code": "function main() {}"})), ["code"]);
        assert_eq!(fields(json!({"runtime": "cloudfront-js-1.0", "key_value_store": "arn:aws:cloudfront"})), ["key_value_store"]);
        assert_eq!(fields(json!({"unpublished": true})), ["unpublished"]);
        assert!(fields(json!({})).is_empty());
    }
}
