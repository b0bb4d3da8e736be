//! `metric-alarm`: a CloudWatch alarm on one metric, or on what a query finds over many.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Ref,
    Replacement, SpecProblem, Stage, Tags, Text, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// A CloudWatch alarm on one metric, or on what a query finds over many.
pub enum MetricAlarm {}

/// What may be declared of an alarm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct MetricAlarmSpec<S: Stage> {
    /// Its name, up to 255 characters.
    pub name: String,
    /// The region it stands in: `us-east-1` for CloudFront, certificates there and Route 53. None: the environment's.
    pub region: Option<String>,
    /// What it means and what to do.
    #[serde(default)]
    pub description: String,
    /// The service that measures: `AWS/RDS`. Empty with a query.
    #[serde(default)]
    pub namespace: String,
    /// What is measured: `CPUUtilization`. Empty with a query.
    #[serde(default)]
    pub metric: String,
    /// Of what. All dimensions of the metric have to be named, or nothing is ever found.
    #[serde(default)]
    pub dimensions: BTreeMap<String, S::Text>,
    /// A query of Metrics Insights in place of one metric, for metrics that come and go: `SELECT MAX(UnHealthyHostCount) FROM …`.
    /// It finds one series, so it groups by nothing.
    #[serde(default)]
    pub query: Option<S::Text>,
    /// How the values of a period become one. Empty with a query, which says so itself: `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or `p99` and the like.
    #[serde(default)]
    pub statistic: String,
    /// The length of a period, in seconds: 10, 20, 30 or whole minutes.
    #[serde(default = "minute")]
    pub period_seconds: u32,
    /// How the value is compared: `GreaterThanThreshold` and the like, in AWS's words.
    pub comparison: String,
    /// With what it is compared.
    pub threshold: f64,
    /// How many periods are looked at.
    #[serde(default = "one")]
    pub evaluation_periods: u32,
    /// How many of them have to be over the threshold. None: all.
    pub datapoints_to_alarm: Option<u32>,
    /// What a period without data counts as: `missing`, `ignore`, `breaching` or `notBreaching`.
    #[serde(default = "missing")]
    pub treat_missing_data: String,
    /// The unit that is looked at. None: any. A unit that the metric does not have finds nothing, for ever.
    pub unit: Option<String>,
    /// Whether it tells anybody.
    #[serde(default = "yes")]
    pub actions_enabled: bool,
    /// Whom it tells when it goes off: the ARNs of topics of its region, at most five.
    #[serde(default)]
    pub alarm_actions: BTreeSet<S::Text>,
    /// Whom it tells when all is well again.
    #[serde(default)]
    pub ok_actions: BTreeSet<S::Text>,
    /// Whom it tells when it has too little data to know.
    #[serde(default)]
    pub insufficient_data_actions: BTreeSet<S::Text>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What an alarm offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricAlarmOutputs {
    /// Its ARN.
    pub arn: Arn<MetricAlarm>,
    /// Its name.
    pub name: Name<MetricAlarm>,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn minute() -> u32 {
    60
}

fn missing() -> String {
    "missing".into()
}

const COMPARISONS: [&str; 4] = ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"];
const MISSING_DATA: [&str; 4] = ["missing", "ignore", "breaching", "notBreaching"];
/// The statistics that are no percentiles or trimmed values.
pub const STATISTICS: [&str; 5] = ["Average", "Sum", "Minimum", "Maximum", "SampleCount"];

impl<S: Stage> MetricAlarmSpec<S> {
    /// How many periods have to be over the threshold.
    #[must_use]
    pub fn datapoints(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }
}

impl Kind for MetricAlarm {
    const NAME: &'static str = "metric-alarm";
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
            "nat-gateway",
            "topic",
        ],
        recovery: Recovery::Idempotent,
        durations: Durations::secs(1, 1, 1, 5),
        pace: pace::CLOUDWATCH,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource", "tag:GetResources"],
        create: &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource"],
        update: &["cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
        delete: &["cloudwatch:DeleteAlarms"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = MetricAlarmSpec<S>;
    type Outputs = MetricAlarmOutputs;

    fn check(want: &MetricAlarmSpec<Written>) -> Vec<SpecProblem> {
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if want.name.is_empty() || want.name.len() > 255 {
            wrong("name", format!("`{}` is too short or too long: 1 to 255 characters", want.name));
        }
        match &want.query {
            None => {
                for (field, text) in [("namespace", &want.namespace), ("metric", &want.metric)] {
                    if text.is_empty() || text.len() > 255 {
                        wrong(field, format!("`{text}` is too short or too long: 1 to 255 characters; or give a `query`"));
                    }
                }
                if !STATISTICS.contains(&want.statistic.as_str()) && !is_extended(&want.statistic) {
                    let known = STATISTICS.join(", ");
                    wrong("statistic", format!("`{}` is neither one of {known} nor a percentile such as `p99`", want.statistic));
                }
            }
            Some(query) => {
                let one_metric = [
                    ("namespace", !want.namespace.is_empty()),
                    ("metric", !want.metric.is_empty()),
                    ("dimensions", !want.dimensions.is_empty()),
                    ("statistic", !want.statistic.is_empty()),
                    ("unit", want.unit.is_some()),
                ];
                for (field, _) in one_metric.into_iter().filter(|(_, given)| *given) {
                    wrong(field, "the `query` says what is measured: leave this out".into());
                }
                let begins = match query {
                    Text::Known(text) => Some(text),
                    Text::Parts(parts) => parts.first().and_then(Ref::known),
                };
                if begins.is_some_and(|text| !text.to_uppercase().starts_with("SELECT ")) {
                    wrong("query", "a query of Metrics Insights begins with `SELECT `".into());
                }
                if query.known().is_some_and(|text| text.len() > 2048) {
                    wrong("query", "at most 2048 characters".into());
                }
                if !want.period_seconds.is_multiple_of(60) {
                    wrong("period_seconds", "a query looks at whole minutes".into());
                }
            }
        }
        if want.region.as_ref().is_some_and(String::is_empty) {
            wrong("region", "name a region such as `us-east-1`, or leave the field out for the environment's".into());
        }
        if want.description.len() > 1024 {
            wrong("description", "at most 1024 characters".into());
        }
        if want.dimensions.len() > 30 {
            wrong("dimensions", format!("at most 30 dimensions, not {}", want.dimensions.len()));
        }
        let choices = [("comparison", &want.comparison, COMPARISONS), ("treat_missing_data", &want.treat_missing_data, MISSING_DATA)];
        for (field, text, known) in choices.into_iter().filter(|(_, text, known)| !known.contains(&text.as_str())) {
            wrong(field, format!("`{text}` is not one of {}", known.join(", ")));
        }
        let (period, periods) = (want.period_seconds, want.evaluation_periods);
        if ![10, 20, 30].contains(&period) && (period == 0 || !period.is_multiple_of(60)) {
            wrong("period_seconds", format!("{period} is none of 10, 20, 30 or whole minutes"));
        }
        let longest = if period < 3600 { 86_400 } else { 604_800 };
        if periods == 0 || u64::from(period) * u64::from(periods) > longest {
            wrong(
                "evaluation_periods",
                format!("{periods} periods of {period} seconds: at least one, and at most {longest} seconds together"),
            );
        }
        if want.datapoints_to_alarm.is_some_and(|points| points == 0 || points > periods) {
            wrong("datapoints_to_alarm", format!("between 1 and the {periods} periods that are looked at"));
        }
        if !want.threshold.is_finite() {
            wrong("threshold", "a number is wanted".into());
        }
        let actions = [
            ("alarm_actions", &want.alarm_actions),
            ("ok_actions", &want.ok_actions),
            ("insufficient_data_actions", &want.insufficient_data_actions),
        ];
        for (field, actions) in actions.into_iter().filter(|(_, actions)| actions.len() > 5) {
            wrong(field, format!("at most five, not {}", actions.len()));
        }
        problems
    }

    fn diff(have: &MetricAlarmSpec<Written>, want: &MetricAlarmSpec<Written>) -> Diff {
        let MetricAlarmSpec {
            name,
            region,
            description,
            namespace,
            metric,
            dimensions,
            query,
            statistic,
            period_seconds,
            comparison,
            threshold,
            evaluation_periods,
            datapoints_to_alarm: _,
            treat_missing_data,
            unit,
            actions_enabled,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
            tags,
        } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .replace("region", &have.region, region)
            .update("description", &have.description, description)
            .update("namespace", &have.namespace, namespace)
            .update("metric", &have.metric, metric)
            .update("dimensions", &have.dimensions, dimensions)
            .update("query", &have.query, query)
            .update("statistic", &have.statistic, statistic)
            .update("period_seconds", &have.period_seconds, period_seconds)
            .update("comparison", &have.comparison, comparison)
            .update("threshold", &have.threshold, threshold)
            .update("evaluation_periods", &have.evaluation_periods, evaluation_periods)
            .update("datapoints_to_alarm", &have.datapoints(), &want.datapoints())
            .update("treat_missing_data", &have.treat_missing_data, treat_missing_data)
            .update("unit", &have.unit, unit)
            .update("actions_enabled", &have.actions_enabled, actions_enabled)
            .update("alarm_actions", &have.alarm_actions, alarm_actions)
            .update("ok_actions", &have.ok_actions, ok_actions)
            .update("insufficient_data_actions", &have.insufficient_data_actions, insufficient_data_actions)
            .update("tags", &have.tags, tags)
    }

    /// An alarm of the same name in the same region would be the same alarm, and the old one's end the new one's.
    fn replacement(have: &MetricAlarmSpec<Written>, want: &MetricAlarmSpec<Written>) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(want: &MetricAlarmSpec<Written>) -> Meters {
        if want.query.is_some() {
            // By the number of metrics that the query looks at.
            return Meters::usage_only("cloudwatch.alarm.query");
        }
        let item = if want.period_seconds < 60 { "cloudwatch.alarm.high-resolution" } else { "cloudwatch.alarm" };
        Meters::free().and(item, 1.0, Unit::Month)
    }

    /// A hundred alarms of a region are described by one call, which lacks the tags. AWS's index of tags confirms those of a
    /// hundred; where it is late or silent they are told of one alarm at a time, which takes more calls.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let region = |it: &Recorded<Self>| it.spec.region.clone().unwrap_or_default();
        let regions: BTreeSet<String> = of.iter().map(region).collect();
        regions.iter().fold(Reads::none(), |reads, of_region| {
            let here = || of.iter().filter(|it| region(it) == *of_region).map(|it| format!("{of_region} {}", it.id));
            let reads = reads.batched("cloudwatch:DescribeAlarms", 100, here());
            match here().collect::<BTreeSet<String>>().len() {
                1 => reads.each("cloudwatch:ListTagsForResource", here()),
                _ => reads.each("tag:GetResources", [of_region]),
            }
        })
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

/// Whether it is one of the statistics that AWS calls extended: a percentile, or a mean or count of part of the values.
fn is_extended(statistic: &str) -> bool {
    let digits = statistic.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let word = &statistic[..statistic.len() - digits.len()];
    statistic == "IQM" || (["p", "tm", "tc", "ts", "wm"].contains(&word) && digits.parse::<f64>().is_ok_and(|n| (0.0..=100.0).contains(&n)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> MetricAlarmSpec<Written> {
        let mut whole = json!({
            "name": "dev-rds-cpu", "namespace": "AWS/RDS", "metric": "CPUUtilization", "statistic": "Average", "comparison": "GreaterThanThreshold",
            "threshold": 80, "evaluation_periods": 3, "dimensions": {"DBInstanceIdentifier": {"$ref": "db-instance.main", "output": "name"}},
            "alarm_actions": [{"$ref": "topic.alarms", "output": "arn"}]
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "x"}), Verb::Replace),
            (json!({"region": "us-east-1"}), Verb::Replace),
            (json!({"description": "d"}), Verb::Update),
            (json!({"namespace": "AWS/EFS"}), Verb::Update),
            (json!({"metric": "FreeStorageSpace"}), Verb::Update),
            (json!({"dimensions": {}}), Verb::Update),
            (json!({"query": "SELECT MAX(x) FROM y"}), Verb::Update),
            (json!({"statistic": "p99"}), Verb::Update),
            (json!({"period_seconds": 300}), Verb::Update),
            (json!({"comparison": "LessThanThreshold"}), Verb::Update),
            (json!({"threshold": 80.5}), Verb::Update),
            (json!({"datapoints_to_alarm": 2}), Verb::Update),
            (json!({"treat_missing_data": "breaching"}), Verb::Update),
            (json!({"unit": "Percent"}), Verb::Update),
            (json!({"actions_enabled": false}), Verb::Update),
            (json!({"alarm_actions": []}), Verb::Update),
            (json!({"ok_actions": ["arn:t"]}), Verb::Update),
            (json!({"insufficient_data_actions": ["arn:t"]}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = MetricAlarm::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
        assert!(
            MetricAlarm::diff(&spec(json!({})), &spec(json!({"datapoints_to_alarm": 3}))).is_empty(),
            "all periods is what AWS takes by itself"
        );
    }

    #[test]
    fn a_successor_of_the_same_name_waits_for_the_old_one_to_go() {
        let order = |edit| MetricAlarm::replacement(&spec(json!({})), &spec(edit));
        assert_eq!(order(json!({"region": "us-east-1"})), Replacement::DELETE_FIRST);
        assert_eq!(order(json!({"name": "other"})), Replacement::CREATE_FIRST);
    }

    #[test]
    fn what_aws_would_refuse_is_told() {
        let fields = |edit| MetricAlarm::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        for (edit, field) in [
            (json!({"statistic": "p101"}), "statistic"),
            (json!({"statistic": "Median"}), "statistic"),
            (json!({"period_seconds": 45}), "period_seconds"),
            (json!({"period_seconds": 3000, "evaluation_periods": 30}), "evaluation_periods"),
            (json!({"datapoints_to_alarm": 4}), "datapoints_to_alarm"),
            (json!({"comparison": ">"}), "comparison"),
            (json!({"treat_missing_data": "NotBreaching"}), "treat_missing_data"),
            (json!({"alarm_actions": ["1", "2", "3", "4", "5", "6"]}), "alarm_actions"),
        ] {
            assert_eq!(fields(edit.clone()), [field], "{edit}");
        }
        let query = |edit: serde_json::Value| {
            let mut whole = json!({"namespace": "", "metric": "", "statistic": "", "dimensions": {}, "query": "SELECT MAX(x) FROM y"});
            whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
            fields(whole)
        };
        let parts = json!({"$text": ["SELECT MAX(x) FROM y WHERE z = '", {"$ref": "load-balancer.main", "output": "arn_suffix"}, "'"]});
        assert!(query(json!({})).is_empty() && query(json!({"query": parts})).is_empty());
        assert_eq!(query(json!({"query": "MAX(x)"})), ["query"]);
        assert_eq!(query(json!({"query": "SELECT ".repeat(300)})), ["query"]);
        assert_eq!(query(json!({"period_seconds": 30})), ["period_seconds"]);
        assert_eq!(query(json!({"metric": "x", "unit": "Count"})), ["metric", "unit"]);
        assert_eq!(fields(json!({"metric": ""})), ["metric"]);
        assert!(
            fields(json!({"statistic": "p99.9"})).is_empty()
                && fields(json!({"statistic": "IQM"})).is_empty()
                && fields(json!({})).is_empty()
        );
    }
}
