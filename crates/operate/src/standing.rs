//! Which of the recorded outputs still tell of something: they were published when a run ended well, and a later one may have removed
//! what they tell of before it was stopped.

use std::collections::BTreeMap;

use bbws_model::{Pointer, State, pointers};
use serde_json::Value;

/// The recorded outputs as they stand: what tells of nothing that is recorded any more is null, and is no member of a list.
/// `written` are the outputs as the file wants them published, with references.
#[must_use]
pub fn standing(written: &BTreeMap<String, Value>, state: &State) -> BTreeMap<String, Value> {
    let one = |(name, value): (&String, &Value)| {
        let now = written.get(name).map_or_else(|| value.clone(), |written| still(written, value, state));
        (name.clone(), now)
    };
    state.outputs.iter().map(one).collect()
}

fn still(written: &Value, recorded: &Value, state: &State) -> Value {
    let missing = |pointer: &Pointer| !state.entries.contains_key(&pointer.to);
    let any = |written: &Value| pointers(written).iter().any(missing);
    let every = |written: &Value| any(written) && pointers(written).iter().all(missing);
    match (written, recorded) {
        (Value::Array(wanted), Value::Array(members)) if wanted.len() == members.len() => {
            let left = wanted.iter().zip(members).filter(|(wanted, _)| !any(wanted));
            Value::Array(left.map(|(_, member)| member.clone()).collect())
        }
        // The file was edited since: which member is whose is not known.
        (Value::Array(_), Value::Array(_)) if every(written) => Value::Array(vec![]),
        (Value::Array(_), Value::Array(_)) => recorded.clone(),
        _ if any(written) => Value::Null,
        _ => recorded.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_tells_of_nothing_any_more_is_null() {
        let to = |at: &str| json!({"$ref": at, "output": "id"});
        let written = BTreeMap::from([
            ("vpc_id".to_owned(), to("vpc.main")),
            ("subnet_ids".to_owned(), json!([to("subnet.a"), to("subnet.b")])),
            ("nat_ids".to_owned(), json!([to("nat-gateway.a"), to("nat-gateway.b")])),
            ("gone_ids".to_owned(), json!([to("eip.a"), to("eip.b")])),
            ("url".to_owned(), json!({"$text": ["https://", to("alb.main")]})),
            ("cidr".to_owned(), json!("10.0.0.0/16")),
        ]);
        let mut state = State::empty("L");
        let there = ["vpc.main", "subnet.b", "nat-gateway.a"];
        state.entries = there.map(|at| (at.parse().unwrap(), bbws_testkit::sample::entry("x", json!({})))).into();
        state.outputs = BTreeMap::from([
            ("vpc_id".to_owned(), json!("vpc-1")),
            ("subnet_ids".to_owned(), json!(["subnet-a", "subnet-b"])),
            ("nat_ids".to_owned(), json!(["nat-a"])),
            ("gone_ids".to_owned(), json!(["eip-a"])),
            ("url".to_owned(), json!("https://alb")),
            ("cidr".to_owned(), json!("10.0.0.0/16")),
            ("old".to_owned(), json!("no longer in the file")),
        ]);
        let told = standing(&written, &state);
        assert_eq!(
            json!(told),
            json!({"vpc_id": "vpc-1", "subnet_ids": ["subnet-b"], "nat_ids": ["nat-a"], "gone_ids": [], "url": null,
                "cidr": "10.0.0.0/16", "old": "no longer in the file"})
        );
    }
}
