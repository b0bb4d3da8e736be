//! Pages and EC2 filters, as strict as AWS's.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, Tag, TagSpecification};

use crate::fate::{Answer, refuse};

/// One page of what there is, and the token of the next.
pub(crate) fn page<T>(all: Vec<T>, size: Option<usize>, token: Option<&str>) -> Answer<(Vec<T>, Option<String>)> {
    let from = match token {
        Some(token) => token
            .strip_prefix("page-")
            .and_then(|n| n.parse().ok())
            .ok_or_else(|| refuse(400, "InvalidNextToken", "The token is invalid"))?,
        None => 0,
    };
    let size = size.unwrap_or(usize::MAX);
    let more = all.len().saturating_sub(from) > size;
    let next = more.then(|| format!("page-{}", from + size));
    Ok((all.into_iter().skip(from).take(size).collect(), next))
}

/// The page size of an EC2 call: between 5 and `most`.
pub(crate) fn ec2_size(asked: Option<i32>, most: i32) -> Answer<Option<usize>> {
    match asked {
        None => Ok(None),
        Some(n) if (5..=most).contains(&n) => Ok(usize::try_from(n).ok()),
        Some(n) => Err(refuse(
            400,
            "InvalidParameterValue",
            format!("Value ( {n} ) for parameter maxResults is invalid. Expecting a value between 5 and {most}."),
        )),
    }
}

/// Whether every filter holds. `field` answers the values of a filter by name; none means that AWS does not know it.
pub(crate) fn matches(filters: &[Filter], tags: &BTreeMap<String, String>, field: impl Fn(&str) -> Option<Vec<String>>) -> Answer<bool> {
    let values: usize = filters.iter().map(|f| f.values().len()).sum();
    if values > 200 {
        return Err(refuse(400, "FilterLimitExceeded", "The maximum number of filter values specified on a single call is 200"));
    }
    for filter in filters {
        let name = filter.name().unwrap_or_default();
        let have = match name.strip_prefix("tag:") {
            Some(key) => tags.get(key).cloned().into_iter().collect(),
            None if name == "tag-key" => tags.keys().cloned().collect(),
            None => field(name).ok_or_else(|| refuse(400, "InvalidParameterValue", format!("The filter '{name}' is invalid")))?,
        };
        if !filter.values().iter().any(|want| have.iter().any(|have| have == want)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The tags that a create call gives to things of type `of`.
pub(crate) fn created_tags(specifications: &[TagSpecification], of: &str) -> Answer<BTreeMap<String, String>> {
    let mut tags = BTreeMap::new();
    for specification in specifications {
        let for_type = specification.resource_type().map_or("", |t| t.as_str());
        if for_type != of {
            return Err(refuse(
                400,
                "InvalidParameterValue",
                format!("'{for_type}' is not a valid taggable resource type for this operation."),
            ));
        }
        for tag in specification.tags() {
            put_tag(&mut tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default())?;
        }
    }
    Ok(tags)
}

/// Sets one tag, as AWS allows it.
pub(crate) fn put_tag(tags: &mut BTreeMap<String, String>, key: &str, value: &str) -> Answer<()> {
    if key.is_empty() || key.len() > 128 || key.starts_with("aws:") {
        return Err(refuse(400, "InvalidTagKey.Malformed", format!("Tag keys starting with 'aws:' are reserved for internal use ({key})")));
    }
    if value.len() > 256 {
        return Err(refuse(400, "InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters"));
    }
    tags.insert(key.to_owned(), value.to_owned());
    if tags.len() > 50 {
        return Err(refuse(400, "TagLimitExceeded", "The maximum number of tags for a resource is 50"));
    }
    Ok(())
}

/// Tags as EC2 answers them.
pub(crate) fn ec2_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
