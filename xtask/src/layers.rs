//! The arrows between the crates, compared with the table in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Every dependency that the table does not allow, and every crate that it does not name.
pub(crate) fn wrong() -> Vec<String> {
    let text = match std::fs::read_to_string(crate::root().join("ARCHITECTURE.md")) {
        Ok(text) => text,
        Err(error) => return vec![format!("ARCHITECTURE.md cannot be read: {error}")],
    };
    match found() {
        Ok(found) => compare(&table(&text), &found),
        Err(error) => vec![format!("cargo metadata failed: {error}")],
    }
}

/// The rows `| crate | may use |` below the heading "Arrows".
fn table(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let section = text.split("## Arrows").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|line| {
        let mut cells = line.split('|').skip(1);
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<BTreeSet<_>>();
        Some((names(cells.next()?).pop_first()?, names(cells.next()?)))
    })
    .collect()
}

/// The arrows as they are. An SDK crate counts as `aws-sdk`.
fn found() -> Result<BTreeMap<String, BTreeSet<String>>, cargo_metadata::Error> {
    let metadata = MetadataCommand::new().manifest_path(crate::root().join("Cargo.toml")).no_deps().exec()?;
    let name = |name: &str| match name.strip_prefix("bbws-") {
        Some(ours) => Some(ours.to_owned()),
        None if name.starts_with("aws-") => Some("aws-sdk".to_owned()),
        None => None,
    };
    let uses = |p: &cargo_metadata::Package| {
        p.dependencies.iter().filter(|d| d.kind != DependencyKind::Development).filter_map(|d| name(&d.name)).collect::<BTreeSet<_>>()
    };
    Ok(metadata.packages.iter().map(|p| (p.name.trim_start_matches("bbws-").to_owned(), uses(p))).collect())
}

fn compare(allowed: &BTreeMap<String, BTreeSet<String>>, found: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = vec![];
    for (from, to) in found {
        let Some(may) = allowed.get(from) else {
            wrong.push(format!("the crate `{from}` is not in the table of ARCHITECTURE.md"));
            continue;
        };
        wrong.extend(to.difference(may).map(|other| format!("`{from}` uses `{other}`, which the table of ARCHITECTURE.md does not allow")));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arrows_are_those_of_the_table() {
        assert_eq!(wrong(), Vec::<String>::new());
    }

    #[test]
    fn a_forbidden_arrow_is_told() {
        let allowed = table("## Arrows\n| crate | may use |\n| `model` | nothing |\n| `aws` | `model` `aws-sdk` |\n## Next");
        let arrows = |from: &str, to: &str| BTreeMap::from([(from.to_owned(), BTreeSet::from([to.to_owned()]))]);
        assert_eq!(compare(&allowed, &arrows("aws", "model")), Vec::<String>::new());
        assert_eq!(compare(&allowed, &arrows("model", "aws-sdk")).len(), 1);
        assert_eq!(compare(&allowed, &arrows("other", "model")).len(), 1);
    }
}
