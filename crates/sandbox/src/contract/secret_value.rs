use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited, to};

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let secret = bench.make("secret.rds", json!({"name": "dev-rds"})).await;
    let arn = secret.id.to_string();
    let (credentials, first) = bench.value(&arn).await;
    bench.forget_calls();

    let spec = json!({"secret": to("secret.rds", "arn"), "host": "dev.abc.af-south-1.rds.amazonaws.com"});
    let seen = bench.make("secret-value.rds", spec.clone()).await;
    let (whole, version) = bench.value(&arn).await;
    let wanted = json!({"username": credentials["username"], "password": credentials["password"], "host": "dev.abc.af-south-1.rds.amazonaws.com", "port": 3306, "engine": "mysql"});
    assert_eq!((whole, seen.outputs["version_id"].as_str()), (wanted, Some(version.as_str())));
    let password = credentials["password"].as_str().unwrap();
    assert!(!format!("{seen:?}").contains(password), "what is observed is no secret");
    assert_eq!(bench.observe("secret.rds").await.unwrap().outputs["version_id"], first.as_str(), "the credentials' version stays");

    for edit in [json!({"host": "other"}), json!({"port": 3307}), json!({"engine": "mariadb"}), json!({"dbname": "wordpress"})] {
        bench.change("secret-value.rds", edited(&spec, edit)).await;
    }
    bench.change("secret-value.rds", spec).await;

    // Somebody adds a field and writes a wrong host by hand, with the port as a text.
    let edited =
        json!({"username": "u", "password": password, "note": "kept", "host": "wrong", "port": "3306", "engine": "mysql"}).to_string();
    bench.aws.write.secrets.put_secret_value().secret_id(&arn).secret_string(edited).send().await.unwrap();
    assert_eq!(bench.drift("secret-value.rds").await, ["host"]);
    bench.mend("secret-value.rds").await;
    assert_eq!(bench.value(&arn).await.0["note"], "kept");

    bench.remove("secret-value.rds").await;
    let (left, _) = bench.value(&arn).await;
    assert_eq!(left.as_object().unwrap().keys().collect::<Vec<_>>(), ["note", "password", "username"], "the credentials stay");
    bench.assert_permissions("secret-value", &[]);
}

#[tokio::test(start_paused = true)]
async fn it_goes_with_its_secret() {
    let mut bench = Bench::new();
    bench.make("secret.rds", json!({"name": "dev-rds"})).await;
    bench.make("secret-value.rds", json!({"secret": to("secret.rds", "arn"), "host": "h"})).await;
    bench.remove("secret.rds").await;
    assert_eq!(bench.observe("secret-value.rds").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_does_not_fit_is_not_quoted() {
    let mut bench = Bench::new();
    let secret = bench.make("secret.rds", json!({"name": "dev-rds"})).await;
    bench.aws.write.secrets.put_secret_value().secret_id(secret.id.as_str()).secret_string("hunter2").send().await.unwrap();
    let want = json!({"secret": secret.id.as_str(), "host": "h"});
    let told = bench.find("secret-value.rds", &want, None).await.unwrap_err();
    assert!(told.message.contains("not a JSON object") && !format!("{told:?}").contains("hunter2"), "{told}");
    assert_eq!(bench.refused_create("secret-value.rds", want).await.class, Class::Invalid);
}

#[tokio::test(start_paused = true)]
async fn credentials_come_before_the_host() {
    let mut bench = Bench::new();
    let (_, arn) = bench.only_create("secret.header", json!({"name": "dev-header", "generate": false})).await;
    let refused = bench.refused_create("secret-value.rds", json!({"secret": arn.as_str(), "host": "h"})).await;
    assert_eq!(refused.class, Class::NotVisibleYet);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_not_ours_is_left_alone() {
    let mut bench = Bench::new();
    let create = bench.aws.write.secrets.create_secret().name("theirs").client_request_token("0".repeat(32)).secret_string("{}");
    let arn = create.send().await.unwrap().arn.unwrap();
    let refused = bench.refused_create("secret-value.rds", json!({"secret": arn, "host": "h"})).await;
    assert!(refused.message.contains("not managed by this environment"), "{refused}");
    assert_eq!(bench.value(&arn).await.0, json!({}));
}
