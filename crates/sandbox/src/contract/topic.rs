use bbws_aws::Told;
use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited};

const ARN: &str = "arn:aws:sns:af-south-1:536580886816:dev-alarms";

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut crate::kinds::topic::Row));

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"name": "dev-alarms", "emails": ["ops@example.com"]});
    let seen = bench.make("topic.alarms", spec.clone()).await;
    assert_eq!((seen.id.as_str(), &seen.outputs["unconfirmed"]), (ARN, &json!(["ops@example.com"])));

    let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish", "Resource": ARN}]});
    for edit in [
        json!({"kms_key": "arn:aws:kms:af-south-1:536580886816:key/k"}),
        json!({"policy": policy}),
        json!({"emails": ["ops@example.com", "night@example.com"]}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("topic.alarms", edited(&spec, edit)).await;
    }
    bench.change("topic.alarms", spec.clone()).await;

    // The one that nobody wants any more was never confirmed: AWS has no name for it, and it is not seen.
    bench.tamper(|here| here.topics.get_mut(ARN).unwrap().subscriptions.iter_mut().for_each(|s| s.confirmed = true));
    assert_eq!(bench.drift("topic.alarms").await, ["emails"]);
    bench.mend("topic.alarms").await;
    bench.tamper(|here| {
        assert_eq!(here.topics[ARN].subscriptions.iter().map(|s| s.endpoint.as_str()).collect::<Vec<_>>(), ["ops@example.com"])
    });
    assert_eq!(bench.observe("topic.alarms").await.unwrap().outputs["unconfirmed"], json!([]));

    let drifts: [Drift; 4] = [
        ("kms_key", |row| row.kms_key = Some("alias/aws/sns".into())),
        ("policy", |row| {
            row.policy = Some(json!({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:*", "Resource": ARN}]}).to_string())
        }),
        ("emails", |row| row.subscriptions.clear()),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
    ];
    for (field, drift) in drifts {
        bench.tamper(|here| drift(here.topics.get_mut(ARN).unwrap()));
        assert_eq!(bench.drift("topic.alarms").await, [field]);
        bench.mend("topic.alarms").await;
    }

    assert!(bench.find("topic.alarms", &spec, None).await.unwrap().is_some(), "it is found by its name");
    bench.remove("topic.alarms").await;
    bench.assert_permissions("topic", &["sns:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_topic_stands_in_the_region_it_names() {
    let mut bench = Bench::new();
    let seen = bench.make("topic.edge", json!({"name": "dev-edge", "region": "us-east-1"})).await;
    assert_eq!(seen.id.as_str(), "arn:aws:sns:us-east-1:536580886816:dev-edge");
    bench.remove("topic.edge").await;
}

#[tokio::test(start_paused = true)]
async fn a_topic_of_the_name_with_other_tags_is_refused() {
    let mut bench = Bench::new();
    bench.make("topic.alarms", json!({"name": "dev-alarms"})).await;
    let refused = bench.refused_create("topic.other", json!({"name": "dev-alarms"})).await;
    assert_eq!(refused.class, Class::Invalid);
    assert!(refused.message.contains("different tags"), "{}", refused.message);
    let gone = bench.aws.read.sns.get_topic_attributes().topic_arn("arn:aws:sns:af-south-1:536580886816:none").send().await;
    assert_eq!(gone.told("sns:GetTopicAttributes").unwrap_err().class, Class::Absent);
}
