//! Edits of the environment's file that make it say what is there: names above all.

use bbws_model::{Address, Desired, Seen};
use serde_json::Value;
use std::collections::BTreeMap;

/// The key of `[names]` that a resource's name comes from.
const KEYS: [(&str, &str, &str); 8] = [
    ("ecs-cluster.main", "cluster", "cluster"),
    ("load-balancer.main", "alb", "alb"),
    ("db-instance.main", "database", "mysql"),
    ("secret.rds", "secret", "rds-master-credentials"),
    ("role.ecs-execution", "execution_role", "ecs-execution"),
    ("role.ecs-task", "task_role", "ecs-task"),
    ("log-group.ecs", "log_group", ""),
    ("file-system.main", "file_system", "efs"),
];

/// The edits, a line each, of what was found: where the file gives another name, and a key of it can give this one.
#[must_use]
pub fn edits(desired: &Desired, found: &BTreeMap<Address, Seen>) -> Vec<String> {
    let name = |address: &Address, spec: &Value| {
        let of = if address.kind() == "file-system" { spec.get("tags")?.get("Name") } else { spec.get("name") };
        of.and_then(Value::as_str).map(str::to_owned)
    };
    let pair = |(address, key, end): &(&str, &'static str, &'static str)| {
        let address: Address = address.parse().ok()?;
        let declared = name(&address, &desired.resources.get(&address)?.spec)?;
        Some((*key, *end, declared, name(&address, &found.get(&address)?.spec)?))
    };
    let all: Vec<(&str, &str, String, String)> = KEYS.iter().filter_map(pair).collect();
    let beginning = |name: &str, end: &str| (!end.is_empty()).then(|| name.strip_suffix(&format!("-{end}")).map(str::to_owned)).flatten();
    // A beginning that two names share is the prefix of all.
    let mut shared: BTreeMap<String, usize> = BTreeMap::new();
    for (_, end, declared, has) in &all {
        if declared != has
            && let Some(prefix) = beginning(has, end)
        {
            *shared.entry(prefix).or_default() += 1;
        }
    }
    let prefix = shared.into_iter().filter(|(_, number)| *number > 1).max_by_key(|(_, number)| *number).map(|(prefix, _)| prefix);
    let mut lines: Vec<String> = prefix.iter().map(|prefix| format!("[names] prefix = \"{prefix}\"")).collect();
    for (key, end, declared, has) in &all {
        let by_prefix = prefix.as_ref().map(|prefix| format!("{prefix}-{end}"));
        let would_be = by_prefix.filter(|_| !end.is_empty() && beginning(declared, end).is_some()).unwrap_or_else(|| declared.clone());
        if would_be != *has {
            lines.push(format!("[names] {key} = \"{has}\""));
        }
    }
    if let Some((declared, has)) = cidr(desired, found).filter(|(declared, has)| declared != has) {
        lines.push(format!("[network] vpc_cidr = \"{has}\"   # the file says {declared}"));
    }
    lines
}

fn cidr(desired: &Desired, found: &BTreeMap<Address, Seen>) -> Option<(String, String)> {
    let vpc: Address = "vpc.main".parse().ok()?;
    let text = |spec: &Value| spec.get("cidr")?.as_str().map(str::to_owned);
    Some((text(&desired.resources.get(&vpc)?.spec)?, text(&found.get(&vpc)?.spec)?))
}

#[cfg(test)]
mod tests {
    use bbws_model::{Phase, Wanted};
    use serde_json::json;

    use super::*;

    fn told(pairs: &[(&str, &str, &str)]) -> Vec<String> {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let spec = |name: &str| json!({ "name": name, "tags": { "Name": name }, "cidr": name });
        let resources = pairs.iter().map(|(at, declared, _)| (address(at), Wanted::new(spec(declared)))).collect();
        let seen = |has: &str| Seen { id: "x".into(), spec: spec(has), outputs: json!({}), phase: Phase::Ready, owner: None };
        let found = pairs.iter().map(|(at, _, has)| (address(at), seen(has))).collect();
        edits(&Desired { resources, ..Desired::default() }, &found)
    }

    #[test]
    fn a_shared_beginning_is_the_prefix_and_the_rest_is_named_one_by_one() {
        let lines = told(&[
            ("ecs-cluster.main", "wp-dev-cluster", "poc-cluster"),
            ("load-balancer.main", "wp-dev-alb", "poc-alb"),
            ("db-instance.main", "wp-dev-mysql", "poc-mysql"),
            ("role.ecs-task", "wp-dev-ecs-task", "poc-tasks"),
            ("log-group.ecs", "/ecs/dev", "/ecs/poc"),
            ("secret.rds", "wp-dev-rds-master-credentials", "wp-dev-rds-master-credentials"),
        ]);
        let expected = [
            "[names] prefix = \"poc\"",
            "[names] secret = \"wp-dev-rds-master-credentials\"",
            "[names] task_role = \"poc-tasks\"",
            "[names] log_group = \"/ecs/poc\"",
        ];
        assert_eq!(lines, expected);
        assert_eq!(told(&[("ecs-cluster.main", "wp-dev-cluster", "poc-cluster")]), ["[names] cluster = \"poc-cluster\""]);
        assert_eq!(
            told(&[("vpc.main", "10.0.0.0/16", "10.1.0.0/16")]),
            ["[network] vpc_cidr = \"10.1.0.0/16\"   # the file says 10.0.0.0/16"]
        );
        assert!(told(&[("ecs-cluster.main", "a", "a")]).is_empty());
    }
}
