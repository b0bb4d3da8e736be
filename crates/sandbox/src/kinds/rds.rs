//! What RDS does for things of any sort: names, tags by ARN, pages, filters, and the versions of MySQL it has.

use std::collections::BTreeMap;

use aws_sdk_rds::operation::add_tags_to_resource::{AddTagsToResourceInput, AddTagsToResourceOutput};
use aws_sdk_rds::operation::describe_db_engine_versions::{DescribeDbEngineVersionsInput, DescribeDbEngineVersionsOutput};
use aws_sdk_rds::operation::list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
use aws_sdk_rds::operation::remove_tags_from_resource::{RemoveTagsFromResourceInput, RemoveTagsFromResourceOutput};
use aws_sdk_rds::types::{DbEngineVersion, Filter, Tag, UpgradeTarget};

use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(add_tags).on(remove_tags).on(list_tags).on(describe_engine_versions)
}

/// The versions of MySQL that RDS has, oldest first.
pub(crate) const VERSIONS: [&str; 8] = ["8.0.40", "8.0.41", "8.0.42", "8.0.43", "8.4.3", "8.4.4", "8.4.5", "8.4.6"];
/// The version that a line alone stands for.
const DEFAULTS: [&str; 2] = ["8.0.42", "8.4.5"];

/// `8.0` of `8.0.40`.
pub(crate) fn line(version: &str) -> &str {
    version.match_indices('.').nth(1).map_or(version, |(dot, _)| &version[..dot])
}

/// `mysql8.0` of `8.0.40`.
pub(crate) fn family(version: &str) -> String {
    format!("mysql{}", line(version))
}

/// The version that a create call gets: one exactly, or the default of a line.
pub(crate) fn version(asked: Option<&str>) -> Answer<String> {
    let asked = asked.unwrap_or("8.4");
    let found = DEFAULTS.iter().find(|version| line(version) == asked).or_else(|| VERSIONS.iter().find(|version| **version == asked));
    let none = || refuse(400, "InvalidParameterCombination", format!("Cannot find version {asked} for mysql"));
    found.map(|version| (*version).to_owned()).ok_or_else(none)
}

/// To which versions RDS upgrades one in a step: later ones of its line, and all of the next.
pub(crate) fn targets(version: &str) -> Vec<&'static str> {
    let place = VERSIONS.iter().position(|known| *known == version);
    place.map_or_else(Vec::new, |place| VERSIONS[place + 1..].to_vec())
}

pub(crate) fn wrong(text: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameterValue", text)
}

pub(crate) fn unfit(text: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameterCombination", text)
}

/// A name as RDS keeps it: in lower case.
pub(crate) fn name(given: Option<&str>, what: &str, longest: usize) -> Answer<String> {
    let name = given.unwrap_or_default().to_lowercase();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let edges = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-') && !name.contains("--");
    if name.len() > longest || !edges || !name.chars().all(allowed) {
        return Err(wrong(format!(
            "The parameter {what} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
        )));
    }
    Ok(name)
}

/// The tags of a create call.
pub(crate) fn created_tags(tags: &[Tag]) -> Answer<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    put_tags(&mut all, tags)?;
    Ok(all)
}

/// RDS takes fewer characters in tags than EC2.
fn put_tags(all: &mut BTreeMap<String, String>, tags: &[Tag]) -> Answer<()> {
    let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+-@".contains(c));
    for tag in tags {
        let (key, value) = (tag.key().unwrap_or_default(), tag.value().unwrap_or_default());
        if !allowed(key) || !allowed(value) {
            return Err(wrong(format!(
                "The tag {key} has a character that is not allowed: letters, digits, space and _ . : / = + - @ are"
            )));
        }
        put_tag(all, key, value).map_err(|refusal| wrong(refusal.message))?;
    }
    Ok(())
}

/// Tags as RDS answers them.
pub(crate) fn rds_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of whatever has this ARN.
fn tags_of<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut BTreeMap<String, String>> {
    let (arn, prefix) = (arn.unwrap_or_default(), at.arn("rds", ""));
    let absent = |code: &'static str, name: &str| refuse(404, code, format!("{name} not found."));
    let here = at.here();
    match arn.strip_prefix(&prefix).and_then(|rest| rest.split_once(':')) {
        Some(("db", name)) => here.db_instances.get_mut(name).map(|row| &mut row.tags).ok_or_else(|| absent("DBInstanceNotFound", name)),
        Some(("pg", name)) => {
            here.db_parameter_groups.get_mut(name).map(|row| &mut row.tags).ok_or_else(|| absent("DBParameterGroupNotFound", name))
        }
        Some(("snapshot", name)) => {
            here.db_snapshots.get_mut(name).map(|row| &mut row.tags).ok_or_else(|| absent("DBSnapshotNotFound", name))
        }
        Some(("subgrp", name)) => {
            here.db_subnet_groups.get_mut(name).map(|row| &mut row.tags).ok_or_else(|| absent("DBSubnetGroupNotFoundFault", name))
        }
        _ => Err(wrong(format!("The specified resource name does not match an RDS resource in this region: {arn}"))),
    }
}

fn add_tags(at: &mut At<'_>, input: &AddTagsToResourceInput) -> Answer<AddTagsToResourceOutput> {
    put_tags(tags_of(at, input.resource_name())?, input.tags())?;
    Ok(AddTagsToResourceOutput::builder().build())
}

fn remove_tags(at: &mut At<'_>, input: &RemoveTagsFromResourceInput) -> Answer<RemoveTagsFromResourceOutput> {
    let tags = tags_of(at, input.resource_name())?;
    for key in input.tag_keys() {
        tags.remove(key);
    }
    Ok(RemoveTagsFromResourceOutput::builder().build())
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForResourceInput) -> Answer<ListTagsForResourceOutput> {
    let tags = rds_tags(tags_of(at, input.resource_name())?);
    Ok(ListTagsForResourceOutput::builder().set_tag_list(Some(tags)).build())
}

/// One page, of 20 to 100 things.
pub(crate) fn rds_page<T>(all: Vec<T>, size: Option<i32>, marker: Option<&str>) -> Answer<(Vec<T>, Option<String>)> {
    let size = size.unwrap_or(100);
    if !(20..=100).contains(&size) {
        return Err(wrong(format!("Invalid value {size} for MaxRecords. Must be between 20 and 100")));
    }
    page(all, usize::try_from(size).ok(), marker).map_err(|_| wrong("Invalid value for Marker"))
}

/// Whether every filter holds. `field` answers the value of a filter by name; none means that RDS does not know it.
pub(crate) fn rds_matches(filters: &[Filter], field: impl Fn(&str) -> Option<String>) -> Answer<bool> {
    for filter in filters {
        let name = filter.name().unwrap_or_default();
        let have = field(name).ok_or_else(|| wrong(format!("Unrecognized filter name: {name}")))?;
        if !filter.values().contains(&have) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn describe_engine_versions(_: &mut At<'_>, input: &DescribeDbEngineVersionsInput) -> Answer<DescribeDbEngineVersionsOutput> {
    if input.engine() != Some("mysql") {
        return Err(wrong("sandbox: only the engine mysql is simulated"));
    }
    let asked = input.engine_version().unwrap_or_default();
    let fits = |version: &&&str| {
        let this = asked.is_empty() || **version == asked || line(version) == asked;
        this && (input.default_only() != Some(true) || DEFAULTS.contains(*version))
            && input.db_parameter_group_family().is_none_or(|wanted| wanted == family(version))
    };
    let answer = |version: &&str| {
        let target = |to: &str| {
            let target = UpgradeTarget::builder().engine("mysql").engine_version(to).auto_upgrade(false);
            target.is_major_version_upgrade(line(to) != line(version)).build()
        };
        DbEngineVersion::builder()
            .engine("mysql")
            .engine_version(*version)
            .major_engine_version(line(version))
            .db_parameter_group_family(family(version))
            .status("available")
            .set_valid_upgrade_target(Some(targets(version).into_iter().map(target).collect()))
            .build()
    };
    let found = VERSIONS.iter().filter(fits).map(answer).collect();
    let (versions, marker) = rds_page(found, input.max_records(), input.marker())?;
    Ok(DescribeDbEngineVersionsOutput::builder().set_db_engine_versions(Some(versions)).set_marker(marker).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stands_for_its_default_version() {
        assert_eq!(version(Some("8.0")).unwrap(), "8.0.42");
        assert_eq!(version(Some("8.4.3")).unwrap(), "8.4.3");
        assert_eq!(version(Some("8.0.1")).unwrap_err().code, "InvalidParameterCombination");
        assert_eq!((line("8.0.40"), line("8.4"), family("8.4.3").as_str()), ("8.0", "8.4", "mysql8.4"));
        assert!(targets("8.0.43").contains(&"8.4.3") && !targets("8.4.3").contains(&"8.0.43"));
    }

    #[test]
    fn names_are_kept_in_lower_case() {
        assert_eq!(name(Some("Dev-MySQL"), "x", 63).unwrap(), "dev-mysql");
        for wrong in ["", "1a", "a-", "a--b", "a_b", "rds:a"] {
            assert!(name(Some(wrong), "x", 63).is_err(), "{wrong}");
        }
    }
}
