//! CloudWatch alarms on one metric, or on one query of Metrics Insights.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::operation::delete_alarms::{DeleteAlarmsInput, DeleteAlarmsOutput};
use aws_sdk_cloudwatch::operation::describe_alarms::{DescribeAlarmsInput, DescribeAlarmsOutput};
use aws_sdk_cloudwatch::operation::list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
use aws_sdk_cloudwatch::operation::put_metric_alarm::{PutMetricAlarmInput, PutMetricAlarmOutput};
use aws_sdk_cloudwatch::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_cloudwatch::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_cloudwatch::types::{
    AlarmType, ComparisonOperator, Dimension, MetricAlarm, MetricDataQuery, StandardUnit, StateValue, Statistic, Tag,
};
use serde::{Deserialize, Serialize};

use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// One alarm, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) description: Option<String>,
    pub(crate) namespace: String,
    pub(crate) metric: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    /// The id and the text of a query; then there is no metric.
    #[serde(default)]
    pub(crate) query: Option<(String, String)>,
    pub(crate) statistic: Option<String>,
    pub(crate) extended_statistic: Option<String>,
    pub(crate) period: i32,
    pub(crate) unit: Option<String>,
    pub(crate) evaluation_periods: i32,
    pub(crate) datapoints_to_alarm: Option<i32>,
    pub(crate) threshold: f64,
    pub(crate) comparison: String,
    pub(crate) treat_missing_data: Option<String>,
    pub(crate) actions_enabled: bool,
    pub(crate) alarm_actions: BTreeSet<String>,
    pub(crate) ok_actions: BTreeSet<String>,
    pub(crate) insufficient_data_actions: BTreeSet<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(put_metric_alarm).on(describe_alarms).on(delete_alarms).on(list_tags).on(tag_resource).on(untag_resource)
}

fn invalid(text: impl Into<String>) -> Refusal {
    refuse(400, "ValidationError", text)
}

/// The tags of an alarm or a dashboard.
fn tags_of<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut BTreeMap<String, String>> {
    let (arn, alarm, dashboard) = (arn.unwrap_or_default(), at.arn("cloudwatch", "alarm:"), super::dashboard::arn(at, ""));
    let tags = match (arn.strip_prefix(&alarm), arn.strip_prefix(&dashboard)) {
        (Some(name), _) => at.here().alarms.get_mut(name).map(|row| &mut row.tags),
        (None, Some(name)) => at.global().dashboards.get_mut(name).map(|row| &mut row.tags),
        (None, None) => None,
    };
    tags.ok_or_else(|| refuse(404, "ResourceNotFoundException", "Unknown"))
}

fn actions(at: &At<'_>, given: &[String], which: &str) -> Answer<BTreeSet<String>> {
    if given.len() > 5 {
        return Err(invalid(format!("Value at '{which}' failed to satisfy constraint: Member must have length less than or equal to 5")));
    }
    for arn in given {
        let parts: Vec<&str> = arn.split(':').collect();
        // Whether the topic exists is not looked at.
        if parts.len() < 6 || parts[0] != "arn" {
            return Err(invalid(format!("Invalid arn syntax: {arn}")));
        }
        if parts[3] != at.region {
            return Err(invalid(format!("Invalid region {} specified. Only {} is supported.", parts[3], at.region)));
        }
    }
    Ok(given.iter().cloned().collect())
}

fn put_metric_alarm(at: &mut At<'_>, input: &PutMetricAlarmInput) -> Answer<PutMetricAlarmOutput> {
    let name = input.alarm_name().unwrap_or_default();
    if name.is_empty() || name.len() > 255 {
        return Err(invalid("Value at 'alarmName' failed to satisfy constraint: Member must have length between 1 and 255"));
    }
    let unknown = input.threshold_metric_id().is_some()
        || input.evaluate_low_sample_count_percentile().is_some()
        || input.evaluation_window().is_some()
        || input.evaluation_criteria().is_some();
    if unknown {
        return Err(invalid("sandbox: alarms on bands or windows are not simulated"));
    }
    let missing = |what: &str| refuse(400, "MissingParameter", format!("The parameter {what} is required."));
    let query = query(input)?;
    let plain = query.is_none();
    let needed = |given: Option<&str>, what: &str| match given {
        Some(given) => Ok(given.to_owned()),
        None if plain => Err(missing(what)),
        None => Ok(String::new()),
    };
    let (namespace, metric) = (needed(input.namespace(), "Namespace")?, needed(input.metric_name(), "MetricName")?);
    let period = query.as_ref().map(|(_, period)| *period).or(input.period()).ok_or_else(|| missing("Period"))?;
    let periods = input.evaluation_periods().ok_or_else(|| missing("EvaluationPeriods"))?;
    let threshold = input.threshold().ok_or_else(|| missing("Threshold"))?;
    let comparison = input.comparison_operator().ok_or_else(|| missing("ComparisonOperator"))?.as_str();
    if !ComparisonOperator::values().contains(&comparison) {
        return Err(invalid(format!("Value '{comparison}' at 'comparisonOperator' failed to satisfy constraint")));
    }
    match (input.statistic().map(Statistic::as_str), input.extended_statistic()) {
        (Some(statistic), None) if Statistic::values().contains(&statistic) => {}
        (None, Some(_)) => {}
        (None, None) if !plain => {}
        _ => return Err(refuse(400, "InvalidParameterCombination", "Exactly one of Statistic and ExtendedStatistic must be given")),
    }
    if ![10, 20, 30].contains(&period) && (period < 60 || period % 60 != 0) {
        return Err(invalid("Period must be 10, 20, 30 or a multiple of 60"));
    }
    let longest = if period < 3600 { 86_400 } else { 604_800 };
    if periods < 1 || i64::from(period) * i64::from(periods) > longest {
        return Err(invalid(format!("Metrics cannot be checked across more than {longest} seconds")));
    }
    if input.datapoints_to_alarm().is_some_and(|points| points < 1 || points > periods) {
        return Err(invalid("DatapointsToAlarm must be between 1 and EvaluationPeriods"));
    }
    if input.treat_missing_data().is_some_and(|how| !["breaching", "notBreaching", "ignore", "missing"].contains(&how)) {
        return Err(invalid("The value for parameter TreatMissingData is invalid"));
    }
    if input.alarm_description().is_some_and(|text| text.len() > 1024) || input.dimensions().len() > 30 {
        return Err(invalid("The description or the dimensions are too long"));
    }
    let pair = |d: &Dimension| (d.name().unwrap_or_default().to_owned(), d.value().unwrap_or_default().to_owned());
    let dimensions: BTreeMap<String, String> = input.dimensions().iter().map(pair).collect();
    if dimensions.iter().any(|(name, value)| name.is_empty() || value.is_empty()) {
        return Err(invalid("A dimension needs a name and a value"));
    }
    let (alarm, ok) = (actions(at, input.alarm_actions(), "alarmActions")?, actions(at, input.ok_actions(), "OKActions")?);
    let insufficient = actions(at, input.insufficient_data_actions(), "insufficientDataActions")?;
    // Tags count only while the alarm is new.
    let tags = match at.here().alarms.get(name) {
        Some(old) => old.tags.clone(),
        None => {
            let mut tags = BTreeMap::new();
            input.tags().iter().try_for_each(|tag| put_tag(&mut tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default()))?;
            tags
        }
    };
    let row = Row {
        description: input.alarm_description().filter(|text| !text.is_empty()).map(str::to_owned),
        namespace,
        metric,
        dimensions,
        query: query.map(|(query, _)| query),
        statistic: input.statistic().map(|s| s.as_str().to_owned()),
        extended_statistic: input.extended_statistic().map(str::to_owned),
        period,
        unit: input.unit().map(|u| u.as_str().to_owned()),
        evaluation_periods: periods,
        datapoints_to_alarm: input.datapoints_to_alarm(),
        threshold,
        comparison: comparison.to_owned(),
        treat_missing_data: input.treat_missing_data().map(str::to_owned),
        actions_enabled: input.actions_enabled().unwrap_or(true),
        alarm_actions: alarm,
        ok_actions: ok,
        insufficient_data_actions: insufficient,
        tags,
    };
    at.here().alarms.insert(name.to_owned(), row);
    Ok(PutMetricAlarmOutput::builder().build())
}

/// The id and text of an alarm's query, and its period. Such an alarm has no metric of its own.
fn query(input: &PutMetricAlarmInput) -> Answer<Option<((String, String), i32)>> {
    let [query] = input.metrics() else {
        return if input.metrics().is_empty() {
            Ok(None)
        } else {
            Err(invalid("sandbox: alarms on several expressions are not simulated"))
        };
    };
    let beside = input.namespace().is_some()
        || input.metric_name().is_some()
        || input.period().is_some()
        || input.statistic().is_some()
        || input.extended_statistic().is_some()
        || input.unit().is_some()
        || !input.dimensions().is_empty();
    if beside {
        return Err(refuse(
            400,
            "InvalidParameterCombination",
            "Metrics cannot stand beside MetricName, Namespace, Period, Statistic, Unit or Dimensions",
        ));
    }
    let id = query.id().unwrap_or_default();
    if !id.starts_with(|c: char| c.is_ascii_lowercase()) || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(invalid(format!("Value '{id}' at 'metrics.1.member.id' is invalid")));
    }
    let text = query.expression().unwrap_or_default();
    if query.metric_stat().is_some() || !text.to_uppercase().starts_with("SELECT ") || text.to_uppercase().contains(" GROUP BY ") {
        return Err(invalid("sandbox: of alarms on expressions only queries that find one series are simulated"));
    }
    if query.return_data() == Some(false) {
        return Err(invalid("Exactly one element of the metrics list should return data"));
    }
    let period = query.period().ok_or_else(|| invalid("A query needs a Period"))?;
    if period % 60 != 0 {
        return Err(invalid("The Period of a query must be a multiple of 60"));
    }
    Ok(Some(((id.to_owned(), text.to_owned()), period)))
}

fn answer(arn: &str, name: &str, row: &Row) -> MetricAlarm {
    let list = |actions: &BTreeSet<String>| Some(actions.iter().cloned().collect::<Vec<_>>());
    let dimensions = row.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect();
    let alarm = match &row.query {
        Some((id, text)) => {
            let query = MetricDataQuery::builder().id(id).expression(text).period(row.period).return_data(true).build();
            MetricAlarm::builder().metrics(query)
        }
        None => MetricAlarm::builder().namespace(&row.namespace).metric_name(&row.metric).period(row.period),
    };
    alarm
        .alarm_name(name)
        .alarm_arn(format!("{arn}{name}"))
        .set_alarm_description(row.description.clone())
        .set_dimensions(Some(dimensions))
        .set_statistic(row.statistic.as_deref().map(Statistic::from))
        .set_extended_statistic(row.extended_statistic.clone())
        .set_unit(row.unit.as_deref().map(StandardUnit::from))
        .evaluation_periods(row.evaluation_periods)
        .set_datapoints_to_alarm(row.datapoints_to_alarm)
        .threshold(row.threshold)
        .comparison_operator(ComparisonOperator::from(row.comparison.as_str()))
        .set_treat_missing_data(row.treat_missing_data.clone())
        .actions_enabled(row.actions_enabled)
        .set_alarm_actions(list(&row.alarm_actions))
        .set_ok_actions(list(&row.ok_actions))
        .set_insufficient_data_actions(list(&row.insufficient_data_actions))
        .state_value(StateValue::InsufficientData)
        .build()
}

fn describe_alarms(at: &mut At<'_>, input: &DescribeAlarmsInput) -> Answer<DescribeAlarmsOutput> {
    let size = input.max_records().unwrap_or(50);
    if !(1..=100).contains(&size) {
        return Err(invalid("MaxRecords must be between 1 and 100"));
    }
    let names = input.alarm_names();
    if names.len() > 100 {
        return Err(invalid("Value at 'alarmNames' failed to satisfy constraint: Member must have length less than or equal to 100"));
    }
    if !names.is_empty() && input.alarm_name_prefix().is_some() {
        return Err(refuse(400, "InvalidParameterCombination", "AlarmNames and AlarmNamePrefix cannot both be given"));
    }
    let unknown = input.state_value().is_some() || input.action_prefix().is_some() || input.children_of_alarm_name().is_some();
    if unknown || input.alarm_types().iter().any(|kind| *kind != AlarmType::MetricAlarm) {
        return Err(invalid("sandbox: of the filters of DescribeAlarms only names and prefix are simulated"));
    }
    let (arn, prefix) = (at.arn("cloudwatch", "alarm:"), input.alarm_name_prefix().unwrap_or_default());
    let alarms = at.here().alarms.iter().filter(|(name, _)| (names.is_empty() || names.contains(name)) && name.starts_with(prefix));
    let found = alarms.map(|(name, row)| answer(&arn, name, row)).collect();
    let (alarms, next) = page(found, usize::try_from(size).ok(), input.next_token())?;
    Ok(DescribeAlarmsOutput::builder().set_metric_alarms(Some(alarms)).set_next_token(next).build())
}

fn delete_alarms(at: &mut At<'_>, input: &DeleteAlarmsInput) -> Answer<DeleteAlarmsOutput> {
    let names = input.alarm_names();
    if names.is_empty() || names.len() > 100 {
        return Err(invalid("Value at 'alarmNames' failed to satisfy constraint"));
    }
    if let Some(unknown) = names.iter().find(|name| !at.here().alarms.contains_key(*name)) {
        return Err(refuse(404, "ResourceNotFound", format!("Alarm {unknown} does not exist")));
    }
    at.here().alarms.retain(|name, _| !names.contains(name));
    Ok(DeleteAlarmsOutput::builder().build())
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForResourceInput) -> Answer<ListTagsForResourceOutput> {
    let all = tags_of(at, input.resource_arn())?;
    let tags = all.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    Ok(ListTagsForResourceOutput::builder().set_tags(Some(tags)).build())
}

fn tag_resource(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    let all = tags_of(at, input.resource_arn())?;
    input.tags().iter().try_for_each(|tag| put_tag(all, tag.key().unwrap_or_default(), tag.value().unwrap_or_default()))?;
    Ok(TagResourceOutput::builder().build())
}

fn untag_resource(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let all = tags_of(at, input.resource_arn())?;
    all.retain(|key, _| !input.tag_keys().contains(key));
    Ok(UntagResourceOutput::builder().build())
}
