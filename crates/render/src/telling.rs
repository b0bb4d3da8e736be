//! Which fields of a spec tell what it is: those that its kind would not have filled in by itself.

use bbws_model::{Address, Kinds, is_map};
use serde_json::Value;

use crate::value::{is_empty, reference, shown};

/// The telling fields, the name first, then plain values, references, lists and maps. Tags are not told: all resources have them.
pub(crate) fn fields<'a>(address: &Address, spec: &'a Value, kinds: &Kinds) -> Vec<(&'a str, &'a Value)> {
    let Some(map) = spec.as_object() else { return vec![] };
    let kind = kinds.get(address.kind());
    let filled_in = |field: &str| {
        let mut without = map.clone();
        let value = without.remove(field);
        kind.and_then(|k| k.normal(&Value::Object(without)).ok()).is_some_and(|normal| normal.get(field) == value.as_ref())
    };
    let mut told: Vec<(&str, &Value)> = map
        .iter()
        .map(|(field, value)| (field.as_str(), value))
        .filter(|(field, value)| !["tags", "description", "comment"].contains(field) && !is_empty(value) && !filled_in(field))
        .collect();
    told.sort_by_key(|(field, value)| rank(field, value));
    told
}

fn rank(field: &str, value: &Value) -> u8 {
    match value {
        _ if field == "name" => 0,
        _ if reference(value).is_some() => 2,
        Value::Array(_) | Value::Object(_) => 3,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

fn short(value: &Value) -> String {
    reference(value).map_or_else(|| shown(value), |(to, _)| to.to_string())
}

/// One telling field in a few words: `cidr 10.0.1.0/24`, `vpc.main`.
pub(crate) fn words(field: &str, value: &Value) -> String {
    if let Some((to, _)) = reference(value) {
        let field_kind = field.replace('_', "-");
        let same = to.kind() == field_kind || to.kind().ends_with(&format!("-{field_kind}"));
        return if same { to.to_string() } else { format!("{field} {to}") };
    }
    match value {
        Value::Bool(true) => field.to_owned(),
        Value::Object(map) if map.contains_key("Statement") => {
            let statements = map.get("Statement").and_then(Value::as_array).map_or(1, Vec::len);
            format!("{field} of {}", crate::words::count(statements, "statement"))
        }
        Value::Object(map) if is_map(value) && map.len() == 1 => {
            map.values().next().map_or_else(|| field.to_owned(), |inner| format!("{field} {}", short(inner)))
        }
        Value::Object(map) if is_map(value) => format!("{field} of {}", crate::words::count(map.len(), "setting")),
        Value::Array(items) if items.len() > 4 || items.iter().any(is_map) => format!("{} {field}", items.len()),
        Value::Array(items) => {
            format!("{field} {}", items.iter().map(short).collect::<Vec<_>>().join(" + "))
        }
        other => format!("{field} {}", shown(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_kind_fills_in_by_itself_is_not_told() {
        let kinds = bbws_kinds::all();
        let spec = json!({
            "vpc": {"$ref": "vpc.main", "output": "id"}, "cidr": "10.0.1.0/24", "zone": "af-south-1a", "public_addresses": false, "tags": {"a": "b"}
        });
        let told: Vec<String> =
            fields(&"subnet.a".parse().unwrap(), &spec, &kinds).into_iter().map(|(field, value)| words(field, value)).collect();
        assert_eq!(told, ["cidr 10.0.1.0/24", "zone af-south-1a", "vpc.main"]);
    }

    #[test]
    fn maps_and_lists_are_told_in_a_word_or_two() {
        let table = [
            ("peer", json!({"cidr": "0.0.0.0/0"}), "peer 0.0.0.0/0"),
            ("peer", json!({"group": {"$ref": "security-group.ecs", "output": "id"}}), "peer security-group.ecs"),
            ("origins", json!({"a": 1, "b": 2}), "origins of 2 settings"),
            ("trust", json!({"Statement": [{}, {}]}), "trust of 2 statements"),
            ("subnets", json!([{"$ref": "subnet.a", "output": "id"}, "b"]), "subnets subnet.a + b"),
            ("values", json!([1, 2, 3, 4, 5]), "5 values"),
            ("behaviours", json!([{"path": "/a"}, {"path": "/b"}]), "2 behaviours"),
        ];
        for (field, value, told) in table {
            assert_eq!(words(field, &value), told);
        }
    }
}
