//! The crates that the user chose, used directly, and the SDK built once: every command that people run selects the same
//! features of the SDK's crates and of all they depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What the user chose, to be used directly.
const CHOSEN: [&str; 21] = [
    "tokio",
    "aws-config",
    "aws-sdk-ec2",
    "aws-sdk-ecs",
    "aws-sdk-rds",
    "aws-sdk-efs",
    "aws-sdk-elasticloadbalancingv2",
    "aws-sdk-route53",
    "aws-sdk-acm",
    "aws-sdk-cloudfront",
    "aws-sdk-secretsmanager",
    "aws-sdk-iam",
    "aws-sdk-s3",
    "aws-sdk-sts",
    "aws-sdk-cloudwatch",
    "aws-sdk-cloudwatchlogs",
    "aws-sdk-sns",
    "petgraph",
    "serde",
    "toml",
    "thiserror",
];
/// What stands in the root folder.
const TOP: [&str; 6] = ["Cargo.toml", "crates", "environments", "state", "tests", "README.md"];
/// What people run, and the packages and sorts of dependencies that cargo selects for it.
const RUNS: [(&str, &[&str]); 3] = [
    ("cargo run -p bbws", &["-p", "bbws", "--edges", "normal,build"]),
    ("cargo test --workspace", &["--workspace", "--edges", "normal,build,dev"]),
    ("cargo build --workspace", &["--workspace", "--edges", "normal,build"]),
];

/// All that is not as it was chosen.
pub(crate) fn wrong() -> Vec<String> {
    let all = MetadataCommand::new().manifest_path(crate::root().join("Cargo.toml")).other_options(vec!["--locked".into()]).exec();
    let all = match all {
        Ok(all) => all,
        Err(error) => return vec![format!("cargo metadata failed: {error}")],
    };
    let mut wrong = missing(&direct(&all), |name| crate::root().join(name).exists());
    let mut selected = vec![];
    for (run, arguments) in RUNS {
        match features(arguments) {
            Ok(features) => selected.push((run, features)),
            Err(why) => wrong.push(format!("what `{run}` selects cannot be told: {why}")),
        }
    }
    if let Some(((first, one), others)) = selected.split_first() {
        wrong.extend(others.iter().flat_map(|(run, other)| differing((first, one), (run, other))));
    }
    wrong
}

/// What our crates depend on by their own manifests, for more than their tests.
fn direct(all: &Metadata) -> BTreeSet<String> {
    let ours = all.workspace_packages();
    let dependencies = ours.iter().flat_map(|package| &package.dependencies);
    dependencies.filter(|d| d.kind == DependencyKind::Normal && !d.optional).map(|d| d.name.clone()).collect()
}

fn missing(direct: &BTreeSet<String>, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let crates = CHOSEN.iter().filter(|name| !direct.contains(**name)).map(|name| format!("no crate uses `{name}` directly"));
    crates.chain(TOP.iter().filter(|name| !exists(name)).map(|name| format!("`{name}` is not in the root folder"))).collect()
}

/// The SDK's crates and all they depend on, each with its features, as cargo would build them.
fn features(arguments: &[&str]) -> Result<BTreeSet<String>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let told = Command::new(cargo)
        .current_dir(crate::root())
        .args(["tree", "--locked", "--quiet", "--prefix", "depth", "--format", "{p}|{f}"])
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    if !told.status.success() {
        return Err(String::from_utf8_lossy(&told.stderr).into_owned());
    }
    Ok(below_the_sdk(&String::from_utf8_lossy(&told.stdout)))
}

/// Reads lines such as `3serde v1.0.1|default,std (*)`: the depth, the package, its features, and a mark where what it
/// depends on was told before. One package may be built with several sets of features: each is one of its own.
fn below_the_sdk(tree: &str) -> BTreeSet<String> {
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut above: Vec<&str> = vec![];
    for line in tree.lines() {
        let digits = line.find(|c: char| !c.is_ascii_digit()).unwrap_or_default();
        let (Ok(depth), package) = (line[..digits].parse(), line[digits..].trim_end_matches(" (*)").trim()) else { continue };
        above.truncate(depth);
        if let Some(parent) = above.last() {
            needs.entry(parent).or_default().insert(package);
        }
        needs.entry(package).or_default();
        above.push(package);
    }
    let mut left: Vec<&str> = needs.keys().copied().filter(|package| package.starts_with("aws-")).collect();
    let mut found: BTreeSet<&str> = left.iter().copied().collect();
    while let Some(package) = left.pop() {
        left.extend(needs[package].iter().copied().filter(|other| found.insert(other)));
    }
    found.into_iter().map(str::to_owned).collect()
}

/// What is built for the one and not for the other.
fn differing((first, one): (&str, &BTreeSet<String>), (second, other): (&str, &BTreeSet<String>)) -> Vec<String> {
    let only = |run: &str, these: &BTreeSet<String>, those: &BTreeSet<String>| {
        let told = |package: &String| format!("the SDK is built once more: only `{run}` has {}", package.replace('|', " with "));
        these.difference(those).map(told).collect::<Vec<_>>()
    };
    [only(first, one, other), only(second, other, one)].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_is_used_and_the_sdk_is_built_once() {
        assert_eq!(wrong(), Vec::<String>::new());
    }

    #[test]
    fn a_missing_crate_or_folder_is_told() {
        let all: BTreeSet<String> = CHOSEN.map(str::to_owned).into();
        assert_eq!(missing(&all, |_| true), Vec::<String>::new());
        let less: BTreeSet<String> = all.into_iter().filter(|name| name != "petgraph").collect();
        assert_eq!(missing(&less, |name| name != "state").len(), 2);
    }

    #[test]
    fn another_feature_is_told_where_the_sdk_rests_on_it() {
        let tree = |features: &str, other: &str| {
            format!(
                "0bbws v0.1.0 (/x)|\n1aws-sdk-a v1.0.0|\n2serde v1.0.1|{features}\n3core v1.0.1|\n1other v1.0.0|{other}\n2serde v1.0.1|{features} (*)\n"
            )
        };
        let one = below_the_sdk(&tree("std", "a"));
        assert_eq!(one.iter().map(String::as_str).collect::<Vec<_>>(), ["aws-sdk-a v1.0.0|", "core v1.0.1|", "serde v1.0.1|std"]);
        assert_eq!(differing(("a", &one), ("b", &below_the_sdk(&tree("std", "b")))), Vec::<String>::new());
        let told = differing(("a", &one), ("b", &below_the_sdk(&tree("rc,std", "a"))));
        assert_eq!(told[0], "the SDK is built once more: only `a` has serde v1.0.1 with std");
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn there_is_an_sdk_and_something_below_it() {
        let below = features(RUNS[0].1).unwrap_or_else(|why| panic!("{why}"));
        let has = |name: &str| below.iter().any(|package| package.starts_with(name));
        assert!(has("aws-sdk-ec2 v") && has("tokio v") && has("hyper v") && has("serde_core v"), "{below:?}");
    }
}
