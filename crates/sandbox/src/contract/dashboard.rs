use bbws_aws::Told;
use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::dashboard::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

fn graph(threshold: f64) -> Value {
    json!({"type": "metric", "x": 0, "y": 0, "width": 12, "height": 6, "properties": {
        "title": "cpu", "region": "af-south-1", "view": "timeSeries", "stat": "Average", "period": 300,
        "metrics": [["AWS/RDS", "CPUUtilization", "DBInstanceIdentifier", "dev-mysql"]],
        "annotations": {"horizontal": [{"label": "alarm", "value": threshold}]}
    }})
}

fn spec() -> Value {
    let alarms = json!({"type": "alarm", "x": 0, "y": 6, "width": 24, "height": 3, "properties": {"title": "Alarms", "alarms": [to("metric-alarm.cpu", "arn")]}});
    json!({"name": "dev-dashboard", "body": {"widgets": [graph(80.0), alarms]}, "tags": {"Name": "dev"}})
}

impl Bench {
    async fn watched(&mut self) {
        let alarm = json!({"name": "dev-cpu", "namespace": "AWS/RDS", "metric": "CPUUtilization", "statistic": "Average",
            "comparison": "GreaterThanThreshold", "threshold": 80});
        self.make("metric-alarm.cpu", alarm).await;
        self.forget_calls();
    }

    fn tamper_dashboard(&self, change: impl FnOnce(&mut Row)) {
        self.tamper_in(GLOBAL, |here| change(here.dashboards.get_mut("dev-dashboard").unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.watched().await;
    let seen = bench.make("dashboard.main", spec()).await;
    assert_eq!(seen.outputs["arn"], "arn:aws:cloudwatch::536580886816:dashboard/dev-dashboard");
    for edit in [json!({"body": {"widgets": [graph(70.5)]}}), json!({"body": {"widgets": []}}), json!({"tags": {"Team": "web"}})] {
        bench.change("dashboard.main", edited(&spec(), edit)).await;
    }
    bench.change("dashboard.main", spec()).await;

    let drifts: [Drift; 4] = [
        ("body", |row| row.body = row.body.replace("80", "81")),
        ("body", |row| row.body = r#"{"widgets":[]}"#.into()),
        ("body", |row| row.body = "no JSON".into()),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
    ];
    for (field, drift) in drifts {
        bench.tamper_dashboard(drift);
        assert_eq!(bench.drift("dashboard.main").await, [field]);
        bench.mend("dashboard.main").await;
    }

    let resolved = bench.resolved(&spec());
    assert!(bench.find("dashboard.main", &resolved, None).await.unwrap().is_some(), "it is found by its name");
    bench.remove("dashboard.main").await;
    bench.assert_permissions("dashboard", &["cloudwatch:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_dashboard_of_somebody_else_does_not_pass_for_ours() {
    let mut bench = Bench::new();
    bench.watched().await;
    let body = json!({"widgets": [graph(1.0)]}).to_string();
    bench.aws.write.cloudwatch.put_dashboard().dashboard_name("dev-dashboard").dashboard_body(&body).send().await.unwrap();
    let resolved = bench.resolved(&spec());
    let found = bench.find("dashboard.main", &resolved, None).await.unwrap().expect("it has the name");
    assert_eq!(found.owner, None);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_cloudwatch_cannot_show_is_refused() {
    let mut bench = Bench::new();
    bench.watched().await;
    for widget in
        [json!({"type": "pie", "properties": {}}), json!({"type": "metric", "properties": {"metrics": []}}), json!({"type": "text"})]
    {
        let refused = bench.refused_create("dashboard.main", json!({"name": "dev", "body": {"widgets": [widget]}})).await;
        assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "InvalidParameterInput"));
    }
    let deleted = bench.aws.write.cloudwatch.delete_dashboards().dashboard_names("none").send().await;
    assert_eq!(deleted.told("cloudwatch:DeleteDashboards").unwrap_err().class, Class::Absent);
}
