//! Outputs, and what machines read.

use std::collections::BTreeMap;

use bbws_model::{Event, Finding, Mode, Severity, Stamped};
use bbws_render::{
    event_json, findings, findings_json, output_value, outputs, outputs_json, plan_json, state_json, state_list_json, state_show_json,
};
use serde_json::{Value, json};

use crate::plan::grave;
use crate::support::{PLAIN, address, applied, cluster};

fn published() -> BTreeMap<String, Value> {
    BTreeMap::from([
        ("vpc_id".into(), json!("vpc-1")),
        ("public_subnet_ids".into(), json!(["subnet-1", "subnet-2"])),
        ("nat_gateway_ids".into(), json!(["nat-1"])),
        ("acm_certificate_arn".into(), Value::Null),
        ("tenant_url_pattern".into(), json!("https://{tenant}.wpdev.kimmyai.io")),
        ("vpc_name".into(), json!("none")),
    ])
}

#[test]
fn outputs_for_people_and_for_machines() {
    let none = outputs(&BTreeMap::new(), PLAIN);
    insta::assert_snapshot!([outputs(&published(), PLAIN), outputs_json(&published()), none].join("\n"));
    assert_eq!(serde_json::from_str::<BTreeMap<String, Value>>(&outputs_json(&published())).unwrap(), published());
}

#[test]
fn one_output_is_bare() {
    let told: Vec<String> = published().values().map(output_value).collect();
    assert_eq!(told, ["", "nat-1", "subnet-1\nsubnet-2", "https://{tenant}.wpdev.kimmyai.io", "vpc-1", "none"]);
}

#[test]
fn a_resource_as_json_is_what_the_stored_state_has() {
    let (state, _) = applied(&cluster());
    let stored: Value = serde_json::from_str(&state_json(&state).unwrap()).unwrap();
    for of in state.entries.keys() {
        let mut shown: Value = serde_json::from_str(&state_show_json(&state, of).unwrap().unwrap()).unwrap();
        let fields = shown.as_object_mut().unwrap();
        assert_eq!((fields.remove("address"), fields.remove("format")), (Some(json!(of)), Some(json!(1))));
        assert_eq!(shown, stored["entries"][of.to_string()]);
    }
    assert_eq!(state_show_json(&state, &address("vpc.other")).unwrap(), None);
    let list: Value = serde_json::from_str(&state_list_json(&state)).unwrap();
    assert_eq!(list["resources"].as_array().unwrap().len(), state.entries.len());
    insta::assert_snapshot!(state_show_json(&state, &address("vpc.main")).unwrap().unwrap());
}

#[test]
fn a_printed_plan_is_one_that_apply_takes() {
    assert_eq!(bbws_model::wire::plan::read(plan_json(&grave()).unwrap().as_bytes()).unwrap(), grave());
}

#[test]
fn an_event_is_one_line() {
    let event = Event::RunStarted { environment: "dev".into(), run: bbws_model::RunId("R".into()), mode: Mode::Apply };
    let stamped = Stamped { at: "2026-11-26T08:00:00Z".parse().unwrap(), elapsed: std::time::Duration::ZERO, event };
    let line = event_json(&stamped).unwrap();
    assert_eq!((line.matches('\n').count(), line.ends_with('\n')), (1, true));
    assert_eq!(bbws_model::wire::event::read(line.trim_end()).unwrap(), stamped);
}

#[test]
fn findings_the_worst_first() {
    let of = [
        Finding::new(Severity::Note, "it is so"),
        Finding::new(Severity::Warning, "it is odd").at(&address("vpc.main")),
        Finding::new(Severity::Error, "it could not be read")
            .at(&address("subnet.a"))
            .seen("ec2:DescribeSubnets: UnauthorizedOperation")
            .advise("mend the cause and plan again"),
    ];
    insta::assert_snapshot!([findings(&of, PLAIN), findings_json(&of)].join("\n"));
    assert_eq!(findings(&[], PLAIN), "");
}
