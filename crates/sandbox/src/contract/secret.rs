use bbws_aws::Told;
use bbws_engine::Progress;
use bbws_model::{Address, Class, Phase};
use serde_json::{Value, json};

use super::{Bench, edited};

fn spec() -> Value {
    json!({"name": "dev-rds-master-credentials", "username": "wordpress", "recovery_window_days": 7})
}

impl Bench {
    /// The value in force, and its version, as an application would read it.
    pub(super) async fn value(&self, arn: &str) -> (Value, String) {
        let answer = self.aws.read.secrets.get_secret_value().secret_id(arn).send().await.unwrap();
        (serde_json::from_str(answer.secret_string().unwrap()).unwrap(), answer.version_id.unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let seen = bench.make("secret.rds", spec()).await;
    let arn = seen.id.to_string();
    let (value, version) = bench.value(&arn).await;
    assert_eq!((&value["username"], seen.outputs["version_id"].as_str()), (&json!("wordpress"), Some(version.as_str())));
    let password = value["password"].as_str().unwrap().to_owned();
    assert!(password.len() <= 41 && !password.contains(['/', '@', '"', ' ', '\'', '\\']), "RDS would refuse it");
    assert!(!format!("{:?} {seen:?}", bench.sandbox.sim().cloud()).contains(&password), "it shows itself nowhere");

    for edit in [
        json!({"description": "the database's master"}),
        json!({"kms_key": "arn:aws:kms:af-south-1:536580886816:key/k"}),
        json!({"recovery_window_days": 30}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("secret.rds", edited(&spec(), edit)).await;
    }
    bench.change("secret.rds", spec()).await;
    assert_eq!(bench.value(&arn).await, (value, version), "credentials are generated once");

    let name = "dev-rds-master-credentials";
    bench.tamper(|here| here.secrets.get_mut(name).unwrap().description = Some("edited".into()));
    assert_eq!(bench.drift("secret.rds").await, ["description"]);
    bench.mend("secret.rds").await;
    bench.tamper(|here| here.secrets.get_mut(name).unwrap().kms_key = Some("arn:other".into()));
    assert_eq!(bench.drift("secret.rds").await, ["kms_key"]);
    bench.mend("secret.rds").await;
    bench.tamper(|here| drop(here.secrets.get_mut(name).unwrap().tags.insert("who".into(), "me".into())));
    assert_eq!(bench.drift("secret.rds").await, ["tags"]);
    bench.mend("secret.rds").await;

    bench.remove("secret.rds").await;
    bench.tamper(|here| assert!(here.secrets.get(name).unwrap().gone_ms.is_some(), "it waits out its recovery window"));
    bench.make("secret.rds", spec()).await;
    bench.assert_permissions("secret", &["secretsmanager:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_ours_in_its_recovery_window_comes_back_with_its_value() {
    let mut bench = Bench::new();
    let before = bench.make("secret.rds", spec()).await;
    let value = bench.value(before.id.as_str()).await;
    bench.remove("secret.rds").await;
    assert_eq!(bench.find("secret.rds", &spec(), None).await.unwrap(), None, "by its name it counts as gone");

    let changed = edited(&spec(), json!({"description": "again", "tags": {"Team": "web"}}));
    let after = bench.make("secret.rds", changed).await;
    assert_eq!((&after.id, bench.value(after.id.as_str()).await), (&before.id, value));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_secret_in_its_recovery_window_holds_the_name() {
    let mut bench = Bench::new();
    bench.make("secret.theirs", spec()).await;
    bench.remove("secret.theirs").await;
    let seen = bench.find("secret.rds", &spec(), None).await.unwrap().expect("the name is taken");
    assert_eq!((seen.phase, seen.owner.unwrap().address.to_string()), (Phase::Leaving, "secret.theirs".to_owned()));
    assert_eq!(bench.refused_create("secret.rds", spec()).await.class, Class::Exists);
}

#[tokio::test(start_paused = true)]
async fn after_its_recovery_window_a_secret_is_another() {
    let mut bench = Bench::new();
    let before = bench.make("secret.rds", spec()).await;
    bench.remove("secret.rds").await;
    tokio::time::sleep(std::time::Duration::from_secs(8 * 86_400)).await;
    let after = bench.make("secret.rds", spec()).await;
    assert_ne!(before.id, after.id);
}

#[tokio::test(start_paused = true)]
async fn a_first_value_is_never_written_twice() {
    let mut bench = Bench::new();
    let seen = bench.make("secret.rds", spec()).await;
    let value = bench.value(seen.id.as_str()).await;
    // What an update sees that looks too early: no value yet.
    let (address, mut early): (Address, _) = ("secret.rds".parse().unwrap(), seen.clone());
    early.spec["generate"] = json!(false);
    let (want, attempt) = (bench.resolved(&seen.spec), bench.attempt(&address));
    assert_eq!(bench.driver(&address).update(&early, &want, &attempt).await.unwrap(), Progress::Nothing);
    assert_eq!(bench.value(seen.id.as_str()).await, value);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_others_fill_stays_empty() {
    let mut bench = Bench::new();
    let spec = json!({"name": "dev-origin-header", "generate": false});
    bench.only_create("secret.header", spec).await;
    bench.keep("secret.header").await;
    assert_eq!(bench.drift("secret.header").await, Vec::<String>::new(), "it is complete without a value");
    let gone = bench.aws.read.secrets.get_secret_value().secret_id("dev-origin-header").send().await.told("secretsmanager:GetSecretValue");
    assert_eq!(gone.unwrap_err().class, Class::Absent);
}
