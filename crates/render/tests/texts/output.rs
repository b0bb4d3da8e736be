//! Outputs, and what machines read.

use std::collections::BTreeMap;

use bbws_model::{Finding, Severity};
use bbws_render::{findings, output_value, outputs, outputs_json};
use serde_json::{Value, json};

use crate::support::{PLAIN, address};

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
fn findings_the_worst_first() {
    let of = [
        Finding::new(Severity::Note, "it is so"),
        Finding::new(Severity::Warning, "it is odd").at(&address("vpc.main")),
        Finding::new(Severity::Error, "it could not be read")
            .at(&address("subnet.a"))
            .seen("ec2:DescribeSubnets: UnauthorizedOperation")
            .advise("mend the cause and plan again"),
    ];
    insta::assert_snapshot!(findings(&of, PLAIN));
    assert_eq!(findings(&[], PLAIN), "");
}
