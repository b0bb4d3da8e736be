//! The dashboard: what the alarms watch, each with its line, whether there are alarms or not.

use bbws_kinds::{Dashboard, DashboardBody, DashboardSpec, MetricAlarm};
use serde_json::{Value, json};

use super::monitoring::{Alarm, Watched};
use super::parts::{Parts, text};
use crate::Environment;

/// CloudWatch's grid has 24 columns; two graphs stand side by side.
const WIDTH: usize = 12;
const HEIGHT: usize = 6;

pub(super) fn add(parts: &mut Parts<'_>, alarms: &[Alarm]) {
    let env = parts.env;
    let states = env.monitoring.alarms.then(|| states(alarms));
    let top = if states.is_some() { HEIGHT } else { 0 };
    let graphs = alarms.iter().enumerate().map(|(at, alarm)| graph(env, alarm, (at % 2 * WIDTH, top + at / 2 * HEIGHT)));
    let widgets: Vec<Value> = states.into_iter().chain(graphs).collect();
    let spec = DashboardSpec {
        name: env.names.of("dashboard"),
        body: DashboardBody::new(json!({"widgets": widgets})),
        tags: parts.tags_of("dashboard"),
    };
    parts.add::<Dashboard>("main", &spec);
}

/// Which alarms are going off.
fn states(alarms: &[Alarm]) -> Value {
    let arns: Vec<Value> = alarms.iter().map(|alarm| json!(text::<MetricAlarm>(&alarm.name, "arn"))).collect();
    json!({"type": "alarm", "x": 0, "y": 0, "width": 2 * WIDTH, "height": HEIGHT, "properties": {"title": "Alarms", "alarms": arns}})
}

fn graph(env: &Environment, alarm: &Alarm, (x, y): (usize, usize)) -> Value {
    let metric = match &alarm.watches {
        Watched::Metric(namespace, metric, of, statistic) => {
            let dimensions = of.iter().flat_map(|(name, value)| [json!(name), json!(value)]);
            let mut row = vec![json!(namespace), json!(metric)];
            row.extend(dimensions);
            row.push(json!({"stat": statistic}));
            json!(row)
        }
        Watched::Query(query) => json!([{"id": "query", "expression": query, "label": alarm.name}]),
    };
    let line = json!({"label": if alarm.above { "alarm at or above" } else { "alarm at or below" }, "value": alarm.threshold});
    json!({"type": "metric", "x": x, "y": y, "width": WIDTH, "height": HEIGHT, "properties": {
        "title": alarm.name, "region": alarm.region(env), "view": "timeSeries", "period": alarm.lasting.0, "metrics": [metric],
        "annotations": {"horizontal": [line]}
    }})
}
