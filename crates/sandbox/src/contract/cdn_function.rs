use bbws_model::Class;
use serde_json::{Value, json};

use super::distribution::spec as distribution;
use super::{Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::cdn_function::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

fn spec() -> Value {
    json!({"name": "dev-headers", "comment": "adds headers", "code": "function handler(event) { return event.request; }"})
}

impl Bench {
    fn tamper_function(&self, change: impl FnOnce(&mut Row)) {
        self.tamper_in(GLOBAL, |here| change(here.cdn_functions.get_mut("dev-headers").unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.only_create("cdn-function.headers", spec()).await;
    let new = bench.keep("cdn-function.headers").await;
    assert_eq!((&new.outputs["arn"], bench.drift("cdn-function.headers").await), (&Value::Null, vec!["unpublished".to_owned()]));
    let seen = bench.change("cdn-function.headers", spec()).await;
    assert_eq!(seen.outputs["arn"], "arn:aws:cloudfront::536580886816:function/dev-headers");

    let other = "function handler(event) { return event.response; }";
    for edit in [
        json!({"code": other}),
        json!({"comment": "more"}),
        json!({"runtime": "cloudfront-js-1.0"}),
        json!({"key_value_store": "arn:aws:cloudfront::536580886816:key-value-store/k"}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("cdn-function.headers", edited(&spec(), edit)).await;
        bench.tamper_function(|row| {
            let live = row.live.as_ref().unwrap();
            assert_eq!((&live.code, &live.comment, &live.runtime), (&row.draft.code, &row.draft.comment, &row.draft.runtime));
        });
    }
    bench.change("cdn-function.headers", spec()).await;

    fn both(row: &mut Row, change: impl Fn(&mut crate::kinds::cdn_function::Stage)) {
        change(&mut row.draft);
        row.live.iter_mut().for_each(change);
    }
    let drifts: [Drift; 6] = [
        ("code", |row| both(row, |stage| stage.code = "function handler(e) { return 1; }".into())),
        ("comment", |row| both(row, |stage| stage.comment = "edited".into())),
        ("runtime", |row| both(row, |stage| stage.runtime = "cloudfront-js-1.0".into())),
        ("key_value_store", |row| both(row, |stage| stage.key_value_stores = vec!["arn:k".into()])),
        ("unpublished", |row| row.draft.code = "function handler(e) { return 1; }".into()),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
    ];
    for (field, drift) in drifts {
        bench.tamper_function(drift);
        assert_eq!(bench.drift("cdn-function.headers").await, [field]);
        bench.mend("cdn-function.headers").await;
    }
    assert!(bench.find("cdn-function.headers", &spec(), None).await.unwrap().is_some(), "it is found by its name");
    bench.remove("cdn-function.headers").await;
    bench.assert_permissions("cdn-function", &["cloudfront:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_function_stays_until_the_last_edge_has_let_go_of_it() {
    let mut bench = Bench::new();
    bench.make("cdn-function.headers", spec()).await;
    let mut with = distribution();
    with["default_behaviour"]["functions"] = json!({"viewer-request": to("cdn-function.headers", "arn")});
    bench.make("distribution.main", with).await;
    let refused = bench.refused_delete("cdn-function.headers").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "FunctionInUse"));
    bench.tamper_in(GLOBAL, |here| {
        let row = here.distributions.values_mut().next().unwrap();
        row.deployed_ms += 3_600_000;
        row.letting_go.extend(row.config.default.functions.drain(..).map(|(_, arn)| arn));
    });
    assert_eq!(bench.refused_delete("cdn-function.headers").await.code, "FunctionInUse");
    tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
    bench.remove("cdn-function.headers").await;
}

#[tokio::test(start_paused = true)]
async fn a_name_has_one_function() {
    let mut bench = Bench::new();
    bench.make("cdn-function.headers", spec()).await;
    let refused = bench.refused_create("cdn-function.other", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "FunctionAlreadyExists"));
    let refused = bench.refused_create("cdn-function.other", edited(&spec(), json!({"name": "o", "code": "x".repeat(10_241)}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "FunctionSizeLimitExceeded"));
}
