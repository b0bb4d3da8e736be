//! `dashboard`: a CloudWatch dashboard. It belongs to no region: every region of the account shows the same ones.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Unit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::pace;

/// A CloudWatch dashboard.
pub enum Dashboard {}

/// How many widgets AWS lets a dashboard have.
const WIDGETS: usize = 500;

/// What may be declared of a dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DashboardSpec {
    /// Its name, up to 255 letters, digits, `-` and `_`.
    pub name: String,
    /// What is on it.
    pub body: DashboardBody,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a dashboard offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DashboardOutputs {
    /// Its ARN.
    pub arn: Arn<Dashboard>,
    /// Its name.
    pub name: Name<Dashboard>,
}

/// The body of a dashboard: `widgets`, in CloudWatch's own words. Two that show the same are equal, in whatever order their
/// keys stand and however a number is written. References may stand in place of any text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct DashboardBody(Value);

impl DashboardBody {
    /// Brings a body to the form in which it is compared.
    #[must_use]
    pub fn new(body: Value) -> Self {
        Self(plain(body))
    }

    /// Reads the text that CloudWatch keeps. A text that is no JSON is like no body of ours.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::new(serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned())))
    }

    /// The body as JSON text, to be sent.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.to_string()
    }

    /// The body.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl<'de> Deserialize<'de> for DashboardBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for DashboardBody {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DashboardBody".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "the body of a dashboard: widgets, as CloudWatch has them",
            "required": ["widgets"]
        })
    }
}

/// 80 and 80.0 are one number.
fn plain(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9.0e15);
            let whole = float.and_then(|float| format!("{float:.0}").parse::<i64>().ok());
            whole.map_or(Value::Number(number), Value::from)
        }
        Value::Array(all) => all.into_iter().map(plain).collect(),
        Value::Object(fields) => fields.into_iter().map(|(key, value)| (key, plain(value))).collect::<Map<_, _>>().into(),
        other => other,
    }
}

impl Kind for Dashboard {
    const NAME: &'static str = "dashboard";
    const FACTS: Facts = Facts {
        service: "cloudwatch",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[
            "certificate",
            "db-instance",
            "distribution",
            "ecs-cluster",
            "file-system",
            "health-check",
            "load-balancer",
            "metric-alarm",
            "nat-gateway",
        ],
        recovery: Recovery::Idempotent,
        durations: Durations::secs(1, 1, 1, 5),
        pace: pace::CLOUDWATCH,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"],
        create: &["cloudwatch:PutDashboard", "cloudwatch:TagResource"],
        update: &["cloudwatch:PutDashboard", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
        delete: &["cloudwatch:DeleteDashboards"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = DashboardSpec;
    type Outputs = DashboardOutputs;

    fn check(want: &DashboardSpec) -> Vec<SpecProblem> {
        let DashboardSpec { name, body, tags: _ } = want;
        let mut problems = vec![];
        if name.is_empty() || name.len() > 255 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
            let message = format!("`{name}` is no dashboard's name: up to 255 letters, digits, `-` and `_`");
            problems.push(SpecProblem::new("name", message));
        }
        match body.value()["widgets"].as_array() {
            None => problems.push(SpecProblem::new("body", "a dashboard needs `widgets`, a list, be it an empty one")),
            Some(widgets) if widgets.len() > WIDGETS => {
                problems.push(SpecProblem::new("body", format!("{} widgets: a dashboard has {WIDGETS} at most", widgets.len())));
            }
            Some(_) => {}
        }
        problems
    }

    fn diff(have: &DashboardSpec, want: &DashboardSpec) -> Diff {
        let DashboardSpec { name, body, tags } = want;
        Diff::new().replace("name", &have.name, name).update("body", &have.body, body).update("tags", &have.tags, tags)
    }

    fn replacement(have: &DashboardSpec, want: &DashboardSpec) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &DashboardSpec) -> Meters {
        Meters::free().and("cloudwatch.dashboard", 1.0, Unit::Month)
    }

    /// CloudWatch tells what is on one dashboard a call, and its tags in another.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        let tagged = ids().map(|id| format!("dashboard {id}"));
        Reads::none().each("cloudwatch:GetDashboard", ids()).each("cloudwatch:ListTagsForResource", tagged)
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

    fn spec(edit: Value) -> DashboardSpec {
        let mut whole = json!({"name": "wp-dev", "body": {"widgets": [{"type": "text", "properties": {"markdown": "x"}}]}});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"body": {"widgets": []}}), Verb::Update),
            (json!({"tags": {"Team": "web"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = Dashboard::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
        assert!(Dashboard::diff(&spec(json!({})), &spec(json!({}))).is_empty());
    }

    #[test]
    fn two_bodies_that_show_the_same_are_equal() {
        let one = DashboardBody::parse(r#"{"widgets": [{"x": 0, "y": 6.0, "t": 0.5}], "start": "-PT6H"}"#);
        let other = DashboardBody::parse(r#"{"start":"-PT6H","widgets":[{"t":0.5,"y":6,"x":0.0}]}"#);
        assert_eq!(one, other);
        assert_ne!(one, DashboardBody::parse(r#"{"start":"-PT6H","widgets":[{"t":0.6,"y":6,"x":0}]}"#));
        assert_eq!(DashboardBody::parse(&one.to_text()), one);
        assert_eq!(DashboardBody::parse("no JSON").value(), &json!("no JSON"));
    }

    #[test]
    fn what_cloudwatch_would_refuse_is_told() {
        let fields = |edit| Dashboard::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert!(fields(json!({})).is_empty());
        assert_eq!(fields(json!({"name": "a b"})), ["name"]);
        assert_eq!(fields(json!({"body": {}})), ["body"]);
        assert_eq!(fields(json!({"body": {"widgets": vec![json!({}); 501]}})), ["body"]);
    }
}
