use bbws_aws::Told;
use bbws_engine::{Place, Reading};
use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, LINEAGE, edited, to};
use crate::fate::{Fate, Seen, refuse};

fn spec() -> Value {
    json!({
        "name": "dev-rds-cpu", "description": "the database is busy", "namespace": "AWS/RDS", "metric": "CPUUtilization",
        "dimensions": {"DBInstanceIdentifier": "dev-mysql"}, "statistic": "Average", "period_seconds": 300,
        "comparison": "GreaterThanThreshold", "threshold": 80, "evaluation_periods": 3, "treat_missing_data": "notBreaching",
        "alarm_actions": [to("topic.alarms", "arn")], "tags": {"Name": "cpu"}
    })
}

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut crate::kinds::metric_alarm::Row));

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.make("topic.alarms", json!({"name": "dev-alarms"})).await;
    bench.forget_calls();
    bench.make("metric-alarm.cpu", spec()).await;

    let topic = "arn:aws:sns:af-south-1:536580886816:dev-alarms";
    for edit in [
        json!({"description": ""}),
        json!({"namespace": "AWS/EFS", "metric": "BurstCreditBalance"}),
        json!({"dimensions": {"FileSystemId": "fs-1"}}),
        json!({"statistic": "p99.9"}),
        json!({"period_seconds": 60, "evaluation_periods": 5, "datapoints_to_alarm": 3}),
        json!({"comparison": "LessThanOrEqualToThreshold", "threshold": 0.5}),
        json!({"treat_missing_data": "breaching"}),
        json!({"unit": "Percent"}),
        json!({"actions_enabled": false}),
        json!({"alarm_actions": [], "ok_actions": [topic], "insufficient_data_actions": [topic]}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("metric-alarm.cpu", edited(&spec(), edit)).await;
    }
    bench.change("metric-alarm.cpu", spec()).await;

    let drifts: [Drift; 9] = [
        ("description", |row| row.description = None),
        ("metric", |row| row.metric = "FreeStorageSpace".into()),
        ("dimensions", |row| row.dimensions.clear()),
        ("threshold", |row| row.threshold = 99.0),
        ("datapoints_to_alarm", |row| row.datapoints_to_alarm = Some(1)),
        ("treat_missing_data", |row| row.treat_missing_data = None),
        ("actions_enabled", |row| row.actions_enabled = false),
        ("alarm_actions", |row| row.alarm_actions.clear()),
        ("tags", |row| row.tags.clear()),
    ];
    for (field, drift) in drifts {
        bench.tamper(|here| drift(here.alarms.get_mut("dev-rds-cpu").unwrap()));
        assert_eq!(bench.drift("metric-alarm.cpu").await, [field]);
        bench.mend("metric-alarm.cpu").await;
    }

    bench.remove("metric-alarm.cpu").await;
    // The index of tags is asked where there are several alarms.
    bench.assert_permissions("metric-alarm", &["cloudwatch:TagResource", "tag:GetResources"]);
}

/// An alarm on what a query finds over metrics that come and go.
#[tokio::test(start_paused = true)]
async fn a_query_holds_the_contract_too() {
    let mut bench = Bench::new();
    let of = |query: &str| {
        json!({
            "name": "dev-hosts", "query": query, "comparison": "GreaterThanOrEqualToThreshold", "threshold": 1, "period_seconds": 300
        })
    };
    let query = r#"SELECT MAX(UnHealthyHostCount) FROM SCHEMA("AWS/ApplicationELB", LoadBalancer, TargetGroup)"#;
    bench.make("metric-alarm.hosts", of(query)).await;
    bench.change("metric-alarm.hosts", edited(&of(query), json!({"period_seconds": 60}))).await;
    bench.change("metric-alarm.hosts", of(&format!("{query} WHERE LoadBalancer = 'app/dev/1'"))).await;
    let one_metric = json!({"query": null, "namespace": "AWS/RDS", "metric": "CPUUtilization", "statistic": "Average"});
    bench.change("metric-alarm.hosts", edited(&of(query), one_metric)).await;
    bench.change("metric-alarm.hosts", of(query)).await;
    bench.tamper(|here| here.alarms.get_mut("dev-hosts").unwrap().query = Some(("other".into(), "SELECT MIN(x) FROM y".into())));
    assert_eq!(bench.drift("metric-alarm.hosts").await, ["query"]);
    bench.mend("metric-alarm.hosts").await;
    let grouped = bench.refused_create("metric-alarm.many", of("SELECT MAX(x) FROM y GROUP BY z")).await;
    assert_eq!(grouped.class, Class::Invalid);
    bench.remove("metric-alarm.hosts").await;
}

#[tokio::test(start_paused = true)]
async fn an_alarm_tells_only_topics_of_its_region() {
    let mut bench = Bench::new();
    bench.make("topic.alarms", json!({"name": "dev-alarms"})).await;
    let refused = bench.refused_create("metric-alarm.cdn", edited(&spec(), json!({"name": "dev-cdn", "region": "us-east-1"}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "ValidationError"));
    bench.make("metric-alarm.cdn", edited(&spec(), json!({"name": "dev-cdn", "region": "us-east-1", "alarm_actions": []}))).await;
    bench.tamper_in("us-east-1", |here| assert!(here.alarms.contains_key("dev-cdn")));
    bench.remove("metric-alarm.cdn").await;
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_is_not_there_has_its_own_codes() {
    let bench = Bench::new();
    let deleted = bench.aws.write.cloudwatch.delete_alarms().alarm_names("none").send().await.told("cloudwatch:DeleteAlarms").unwrap_err();
    assert_eq!((deleted.class, deleted.code.as_str()), (Class::Absent, "ResourceNotFound"));
    let arn = "arn:aws:cloudwatch:af-south-1:536580886816:alarm:none";
    let tags = bench.aws.read.cloudwatch.list_tags_for_resource().resource_arn(arn).send().await.told("cloudwatch:ListTagsForResource");
    assert_eq!(tags.unwrap_err().class, Class::Absent);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_alarms_are_one_call() {
    let mut bench = Bench::new();
    for n in 0..3 {
        bench.make(&format!("metric-alarm.a{n}"), edited(&spec(), json!({"name": format!("a{n}"), "alarm_actions": []}))).await;
    }
    let place = |n: usize| Place {
        address: format!("metric-alarm.a{n}").parse().unwrap(),
        id: None,
        spec: edited(&spec(), json!({"name": format!("a{n}"), "alarm_actions": []})),
        lineage: LINEAGE.into(),
        intent: None,
    };
    let (places, from): (Vec<Place>, usize) = ((0..150).map(place).collect(), bench.aws.calls().count());
    let sights = bench.driver(&places[0].address).observe(&places, &Reading::new()).await;
    assert_eq!(sights.iter().filter(|sight| sight.as_ref().unwrap().is_some()).count(), 3);
    let calls: Vec<String> = bench.aws.calls().all()[from..].iter().map(|call| call.operation.clone()).collect();
    assert_eq!(calls.iter().filter(|call| call.as_str() == "cloudwatch:DescribeAlarms").count(), 2);
    assert_eq!(calls.len(), 2 + 3, "the tags of those that are there cost a call each");
}

/// What AWS's index of tags confirms needs no call of its own; what it tells otherwise, or tells of what differs, is asked again.
#[tokio::test(start_paused = true)]
async fn the_index_of_tags_confirms_and_decides_nothing() {
    const ARN: &str = "arn:aws:cloudwatch:af-south-1:536580886816:alarm:a1";
    let mut bench = Bench::new();
    let mut places = vec![];
    for n in 0..3 {
        let want = edited(&spec(), json!({"name": format!("a{n}"), "alarm_actions": []}));
        let seen = bench.make(&format!("metric-alarm.a{n}"), want).await;
        places.push(Place {
            address: format!("metric-alarm.a{n}").parse().unwrap(),
            id: Some(seen.id.clone()),
            spec: seen.spec.clone(),
            lineage: LINEAGE.into(),
            intent: seen.owner.map(|owner| owner.intent),
        });
    }
    let [tags, index, alarms] = ["cloudwatch:ListTagsForResource", "tag:GetResources", "cloudwatch:DescribeAlarms"];
    let (_, calls) = bench.look_at_all(&places).await;
    assert_eq!(calls, [alarms, index]);

    // Nobody of ours: the index has not heard of it yet.
    let late = bench.tags_of("a1");
    bench.tamper(|here| here.alarms.get_mut("a1").unwrap().tags.retain(|key, _| !key.starts_with("bbws:")));
    let (seen, calls) = bench.look_at_all(&places).await;
    assert_eq!(calls, [alarms, tags, index], "whatever does not say that it is ours is asked itself");
    assert_eq!(seen[1].owner, None);

    // The index is late: it still has the mark, and the alarm that has its name now differs in something else.
    bench.tamper(|here| {
        here.late_tags.insert(ARN.into(), late.clone());
        here.alarms.get_mut("a1").unwrap().threshold = 1.0;
    });
    let (seen, calls) = bench.look_at_all(&places).await;
    assert_eq!(calls, [alarms, tags, index]);
    assert_eq!(seen[1].owner, None);

    // It is late the other way round: our own last change is not in it yet.
    bench.tamper(|here| {
        let row = here.alarms.get_mut("a1").unwrap();
        (row.threshold, row.tags) = (80.0, late.clone());
        here.late_tags.insert(ARN.into(), std::collections::BTreeMap::from([("Name".into(), "old".into())]));
    });
    let (seen, calls) = bench.look_at_all(&places).await;
    assert_eq!(calls, [alarms, tags, index]);
    assert_eq!(seen[1].spec, places[1].spec);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_ask_the_index_asks_each_alarm() {
    let mut bench = Bench::new();
    let mut places = vec![];
    for n in 0..2 {
        let want = edited(&spec(), json!({"name": format!("a{n}"), "alarm_actions": []}));
        let seen = bench.make(&format!("metric-alarm.a{n}"), want).await;
        places.push(Place {
            address: format!("metric-alarm.a{n}").parse().unwrap(),
            id: Some(seen.id.clone()),
            spec: seen.spec.clone(),
            lineage: LINEAGE.into(),
            intent: None,
        });
    }
    bench.sandbox.sim().set_weather(|call| match call.operation.as_str() {
        "GetResources" => Fate { seen: Seen::Refused(refuse(400, "AccessDeniedException", "no")), ..Fate::default() },
        _ => Fate::default(),
    });
    let (seen, calls) = bench.look_at_all(&places).await;
    assert!(seen.iter().all(|seen| seen.owner.is_some()));
    assert_eq!(calls.iter().filter(|call| *call == "cloudwatch:ListTagsForResource").count(), 2);
}

impl Bench {
    /// What is there, and which calls that took, in the order of their names.
    async fn look_at_all(&mut self, places: &[Place]) -> (Vec<bbws_model::Seen>, Vec<String>) {
        let from = self.aws.calls().count();
        let sights = self.driver(&places[0].address).observe(places, &Reading::new()).await;
        let mut calls: Vec<String> = self.aws.calls().all()[from..].iter().map(|call| call.operation.clone()).collect();
        calls.sort();
        (sights.into_iter().map(|sight| sight.unwrap().unwrap()).collect(), calls)
    }

    fn tags_of(&self, alarm: &str) -> std::collections::BTreeMap<String, String> {
        let mut tags = std::collections::BTreeMap::new();
        self.tamper(|here| tags.clone_from(&here.alarms[alarm].tags));
        tags
    }
}
