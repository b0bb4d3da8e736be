//! The driver of `metric-alarm`. AWS knows an alarm by its name and region. PutMetricAlarm overwrites whatever has the
//! name, so it is looked for before; it takes tags only when the alarm is new.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, MetricDataQuery, StandardUnit, Statistic, Tag};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{MetricAlarm, MetricAlarmOutputs, MetricAlarmSpec, STATISTICS};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase, Ready, Tags};
use futures::future::join_all;

use super::ec2::told;
use super::elb::Marked;
use crate::scan::ById;
use crate::{Aws, Clients, Told};

type Raw = aws_sdk_cloudwatch::types::MetricAlarm;
const TAGS: &str = "cloudwatch:ListTagsForResource";
const PUT: &str = "cloudwatch:PutMetricAlarm";
/// What an alarm's only query is called in it.
const QUERY: &str = "query";
/// What the index of tags calls alarms.
const ALARMS: &str = "cloudwatch:alarm";
/// AWS takes this many names in one call.
const NAMES: usize = 100;

impl Driver<MetricAlarm> for Aws {
    async fn observe(&self, at: &[Locate<MetricAlarm>], reading: &Reading) -> Vec<Sight<MetricAlarm>> {
        let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for place in at {
            names.entry(self.region_of(place.spec.region.as_deref())).or_default().push(name(place));
        }
        names.values_mut().for_each(|names| {
            names.sort_unstable();
            names.dedup();
        });
        join_all(at.iter().map(|place| {
            let region = self.region_of(place.spec.region.as_deref());
            let batch = names.get(region).and_then(|all| all.chunks(NAMES).find(|batch| batch.contains(&name(place))));
            self.alarm(place, region, batch.unwrap_or_default(), reading)
        }))
        .await
    }

    async fn create(&self, want: &MetricAlarmSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let (_, write) = self.at(self.region_of(want.region.as_deref()));
        put(&write, want)?.set_tags(Some(as_tags(attempt.tagged(&want.tags)))).send().await.told(PUT)?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<MetricAlarm>, want: &MetricAlarmSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let have = &seen.spec;
        let (_, write) = self.at(self.region_of(have.region.as_deref()));
        if without_tags(have) != without_tags(want) {
            put(&write, want)?.send().await.told(PUT)?;
            return Ok(Progress::Sent);
        }
        let arn = seen.outputs.arn.as_str();
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        if !missing.is_empty() {
            let tag = write.cloudwatch.tag_resource().resource_arn(arn).set_tags(Some(as_tags(missing)));
            tag.send().await.told("cloudwatch:TagResource")?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        write.cloudwatch.untag_resource().resource_arn(arn).set_tag_keys(Some(extra)).send().await.told("cloudwatch:UntagResource")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<MetricAlarm>, _: &Attempt) -> Result<Progress, CloudError> {
        let (_, write) = self.at(self.region_of(seen.spec.region.as_deref()));
        write.cloudwatch.delete_alarms().alarm_names(seen.id.as_str()).send().await.told("cloudwatch:DeleteAlarms")?;
        Ok(Progress::Sent)
    }
}

fn name(place: &Locate<MetricAlarm>) -> &str {
    place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str())
}

fn as_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// All that PutMetricAlarm writes; the periods that AWS fills in by itself are filled in.
fn without_tags(spec: &MetricAlarmSpec<Ready>) -> MetricAlarmSpec<Ready> {
    MetricAlarmSpec { datapoints_to_alarm: Some(spec.datapoints()), tags: Tags::default(), ..spec.clone() }
}

/// The whole alarm: what is left out would be reset.
fn put(write: &Clients, want: &MetricAlarmSpec<Ready>) -> Result<PutMetricAlarmFluentBuilder, CloudError> {
    let count = |n: u32| i32::try_from(n).map_err(|e| CloudError::own(PUT, Class::Invalid, e.to_string()));
    let dimensions = want.dimensions.iter().map(|(name, value)| Dimension::builder().name(name).value(value).build()).collect();
    let list = |actions: &std::collections::BTreeSet<String>| Some(actions.iter().cloned().collect::<Vec<_>>());
    let put = write
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(&want.name)
        .alarm_description(&want.description)
        .comparison_operator(ComparisonOperator::from(want.comparison.as_str()))
        .threshold(want.threshold)
        .evaluation_periods(count(want.evaluation_periods)?)
        .datapoints_to_alarm(count(want.datapoints())?)
        .treat_missing_data(&want.treat_missing_data)
        .actions_enabled(want.actions_enabled)
        .set_alarm_actions(list(&want.alarm_actions))
        .set_ok_actions(list(&want.ok_actions))
        .set_insufficient_data_actions(list(&want.insufficient_data_actions));
    let period = count(want.period_seconds)?;
    if let Some(query) = &want.query {
        let query = MetricDataQuery::builder().id(QUERY).expression(query).period(period).return_data(true).build();
        return Ok(put.metrics(query));
    }
    let put = put
        .namespace(&want.namespace)
        .metric_name(&want.metric)
        .set_dimensions(Some(dimensions))
        .period(period)
        .set_unit(want.unit.as_deref().map(StandardUnit::from));
    Ok(match want.statistic.as_str() {
        plain if STATISTICS.contains(&plain) => put.statistic(Statistic::from(plain)),
        extended => put.extended_statistic(extended),
    })
}

impl Aws {
    async fn alarm(&self, place: &Locate<MetricAlarm>, region: &str, batch: &[&str], reading: &Reading) -> Sight<MetricAlarm> {
        let (read, _) = self.at(region);
        let key = format!("cloudwatch:DescribeAlarms {region} {}", batch.join(","));
        let index = async {
            // One alarm's own tags are one call as well, and never late.
            let worthwhile = place.id.is_some() && batch.len() > 1;
            if worthwhile { self.tag_index(region, ALARMS, &place.lineage, reading).await } else { None }
        };
        let (all, index) = tokio::join!(reading.once(key, describe_alarms(&read, batch)), index);
        let all = all?;
        let Some(raw) = all.get(name(place)) else { return Ok(None) };
        let arn = told("cloudwatch:DescribeAlarms", "AlarmArn", raw.alarm_arn())?;
        let observed = |(tags, owner): Marked| Observed {
            id: name(place).into(),
            spec: spec(raw, place.spec.region.clone(), tags),
            outputs: MetricAlarmOutputs { arn: Arn::new(arn), name: Name::new(name(place)) },
            phase: Phase::Ready,
            owner,
        };
        if let Some(seen) = index.and_then(|index| index.get(arn).cloned().map(observed))
            && confirms(place, &seen)
        {
            return Ok(Some(seen));
        }
        let ask = async { alarm_tags(&read, arn).await.map(|told| (told, 1)) };
        match reading.once(format!("{TAGS} {arn}"), ask).await {
            Ok(marked) => Ok(Some(observed(marked.as_ref().clone()))),
            // It went between the two calls.
            Err(error) if error.class == Class::Absent => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The tags of one alarm.
pub(crate) async fn alarm_tags(read: &Clients, arn: &str) -> Result<Marked, CloudError> {
    let answer = read.cloudwatch.list_tags_for_resource().resource_arn(arn).send().await.told(TAGS)?;
    let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    Ok(read_tags(answer.tags.unwrap_or_default().into_iter().filter_map(pair)))
}

/// Whether an alarm is wholly as it was known, the index's word for its tags included. The index is late: who else put an
/// alarm of this name in the meantime put the very same one, or is asked for.
fn confirms(place: &Locate<MetricAlarm>, seen: &Observed<MetricAlarm>) -> bool {
    let ours = seen.owner.as_ref().is_some_and(|owner| {
        let same = owner.lineage == place.lineage && owner.address == place.address;
        same && place.intent.as_ref().is_none_or(|intent| *intent == owner.intent)
    });
    ours && seen.spec == place.spec
}

/// Those of these names, or all where there is none. Names that AWS does not know are left out of its answer.
pub(super) async fn describe_alarms(read: &Clients, names: &[&str]) -> Result<(ById<Raw>, usize), CloudError> {
    let (mut all, mut calls) = (ById::new(), 0);
    let names = (!names.is_empty()).then(|| names.iter().map(|name| (*name).to_owned()).collect());
    let mut pages = read.cloudwatch.describe_alarms().set_alarm_names(names).into_paginator().page_size(100).send();
    while let Some(page) = pages.next().await {
        calls += 1;
        let alarms = page.told("cloudwatch:DescribeAlarms")?.metric_alarms.unwrap_or_default();
        all.extend(alarms.into_iter().filter_map(|alarm| Some((alarm.alarm_name.clone()?, alarm))));
    }
    Ok((all, calls))
}

/// The query of an alarm that has one and nothing else: several expressions, or one over metrics, are another sort.
fn only_query(raw: &Raw) -> Option<&MetricDataQuery> {
    match raw.metrics() {
        [query] if query.metric_stat().is_none() => Some(query),
        _ => None,
    }
}

fn spec(raw: &Raw, region: Option<String>, tags: Tags) -> MetricAlarmSpec<Ready> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok());
    let evaluation_periods = count(raw.evaluation_periods()).unwrap_or_default();
    MetricAlarmSpec {
        name: text(raw.alarm_name()),
        region,
        description: text(raw.alarm_description()),
        // An alarm on expressions has neither; that is a difference, and putting ours replaces it.
        namespace: text(raw.namespace()),
        metric: text(raw.metric_name()),
        dimensions: raw.dimensions().iter().map(|d| (text(d.name()), text(d.value()))).collect(),
        query: only_query(raw).and_then(|query| query.expression()).map(str::to_owned),
        statistic: raw.statistic().map_or_else(|| text(raw.extended_statistic()), |s| s.as_str().to_owned()),
        period_seconds: count(raw.period().or_else(|| only_query(raw)?.period())).unwrap_or_default(),
        comparison: text(raw.comparison_operator().map(ComparisonOperator::as_str)),
        threshold: raw.threshold().unwrap_or_default(),
        evaluation_periods,
        datapoints_to_alarm: count(raw.datapoints_to_alarm()).filter(|points| *points != evaluation_periods),
        treat_missing_data: raw.treat_missing_data().unwrap_or("missing").to_owned(),
        unit: raw.unit().map(|unit| unit.as_str().to_owned()),
        actions_enabled: raw.actions_enabled().unwrap_or(true),
        alarm_actions: raw.alarm_actions().iter().cloned().collect(),
        ok_actions: raw.ok_actions().iter().cloned().collect(),
        insufficient_data_actions: raw.insufficient_data_actions().iter().cloned().collect(),
        tags,
    }
}
