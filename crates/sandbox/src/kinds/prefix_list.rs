//! The prefix lists that AWS keeps in every region.

use std::collections::BTreeMap;

use aws_sdk_ec2::operation::describe_managed_prefix_lists::{DescribeManagedPrefixListsInput, DescribeManagedPrefixListsOutput};
use aws_sdk_ec2::types::{ManagedPrefixList, PrefixListState};
use sha2::{Digest as _, Sha256};

use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{matches, page};

/// AWS's lists: the name, with `*` for the region; the address family; and how many rules one counts as in a group.
const LISTS: [(&str, &str, usize); 5] = [
    ("com.amazonaws.global.cloudfront.origin-facing", "IPv4", 55),
    ("com.amazonaws.global.ipv6.cloudfront.origin-facing", "IPv6", 20),
    ("com.amazonaws.*.dynamodb", "IPv4", 5),
    ("com.amazonaws.*.ec2-instance-connect", "IPv4", 1),
    ("com.amazonaws.*.s3", "IPv4", 5),
];

/// AWS gives a list one id in a region, the same for every account. The number in it tells which list it is.
fn id(region: &str, number: usize) -> String {
    let mut digits = hex::encode(Sha256::digest(region));
    digits.truncate(7);
    format!("pl-{digits}{number:x}")
}

fn of_id(id: &str) -> Option<(usize, &'static (&'static str, &'static str, usize))> {
    let number = id.strip_prefix("pl-")?.get(7..).and_then(|digit| usize::from_str_radix(digit, 16).ok())?;
    LISTS.get(number).map(|list| (number, list))
}

/// Whether a region has the list.
pub(crate) fn exists(region: &str, wanted: &str) -> bool {
    of_id(wanted).is_some_and(|(number, _)| id(region, number) == wanted)
}

/// How many rules it counts as, for IPv4 and for IPv6.
pub(crate) fn weight(id: &str) -> (usize, usize) {
    match of_id(id) {
        Some((_, (_, "IPv6", most))) => (0, *most),
        Some((_, (_, _, most))) => (*most, 0),
        None => (0, 0),
    }
}

/// The id of the list of this name.
pub(crate) fn named(region: &str, name: &str) -> Option<String> {
    LISTS.iter().position(|(list, _, _)| list.replace('*', region) == name).map(|number| id(region, number))
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_lists)
}

fn describe_lists(at: &mut At<'_>, input: &DescribeManagedPrefixListsInput) -> Answer<DescribeManagedPrefixListsOutput> {
    if let Some(wrong) = input.prefix_list_ids().iter().find(|id| !exists(at.region, id)) {
        return Err(refuse(400, "InvalidPrefixListID.NotFound", format!("The prefix list ID '{wrong}' does not exist")));
    }
    let size = match input.max_results() {
        Some(n) if !(1..=100).contains(&n) => {
            return Err(refuse(400, "InvalidParameterValue", format!("Value ( {n} ) for parameter maxResults is invalid.")));
        }
        size => usize::try_from(size.unwrap_or(100)).ok(),
    };
    let mut found = vec![];
    for (number, (name, family, _)) in LISTS.iter().enumerate() {
        let (id, name) = (id(at.region, number), name.replace('*', at.region));
        let field = |field: &str| match field {
            "owner-id" => Some(vec!["AWS".to_owned()]),
            "prefix-list-id" => Some(vec![id.clone()]),
            "prefix-list-name" => Some(vec![name.clone()]),
            _ => None,
        };
        let asked = input.prefix_list_ids().is_empty() || input.prefix_list_ids().contains(&id);
        if asked && matches(input.filters(), &BTreeMap::new(), field)? {
            let arn = format!("arn:aws:ec2:{}:aws:prefix-list/{id}", at.region);
            let list = ManagedPrefixList::builder().prefix_list_id(&id).prefix_list_name(&name).address_family(*family).owner_id("AWS");
            found.push(list.prefix_list_arn(arn).state(PrefixListState::CreateComplete).build());
        }
    }
    let (lists, next) = page(found, size, input.next_token())?;
    Ok(DescribeManagedPrefixListsOutput::builder().set_prefix_lists(Some(lists)).set_next_token(next).build())
}
