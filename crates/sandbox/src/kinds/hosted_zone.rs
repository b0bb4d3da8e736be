//! Hosted zones: any number of one name, each with name servers of its own.

use std::collections::BTreeMap;

use aws_sdk_route53::operation::create_hosted_zone::{CreateHostedZoneInput, CreateHostedZoneOutput};
use aws_sdk_route53::operation::delete_hosted_zone::{DeleteHostedZoneInput, DeleteHostedZoneOutput};
use aws_sdk_route53::operation::get_hosted_zone::{GetHostedZoneInput, GetHostedZoneOutput};
use aws_sdk_route53::operation::list_hosted_zones_by_name::{ListHostedZonesByNameInput, ListHostedZonesByNameOutput};
use aws_sdk_route53::operation::update_hosted_zone_comment::{UpdateHostedZoneCommentInput, UpdateHostedZoneCommentOutput};
use aws_sdk_route53::types::{DelegationSet, HostedZone, HostedZoneConfig};
use bbws_kinds::DomainName;
use serde::{Deserialize, Serialize};

use super::dns_record::{self, Record};
use super::quota;
use super::route53::{bare, begin, invalid};
use crate::cloud::{At, Cloud, GLOBAL, Principal};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// One zone with its records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) name: DomainName,
    pub(crate) reference: String,
    pub(crate) comment: String,
    pub(crate) name_servers: Vec<String>,
    /// The records, by what they sort by in lists.
    pub(crate) records: BTreeMap<String, Record>,
    pub(crate) made_ms: u64,
    /// Until when it is at work on a change.
    pub(crate) busy_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(get).on(list_by_name).on(update_comment).on(delete)
}

/// The zone of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = bare(id);
    let gone = refuse(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}"));
    at.global().hosted_zones.get_mut(id).ok_or(gone)
}

/// What a list of names is sorted by: the labels from the right.
pub(crate) fn reversed(name: &DomainName) -> String {
    let escaped = name.escaped();
    let mut labels: Vec<&str> = escaped.trim_end_matches('.').split('.').collect();
    labels.reverse();
    format!("{}.", labels.join("."))
}

/// Makes a zone, with the two records that every zone has.
fn make(at: &mut At<'_>, name: DomainName, reference: &str, comment: &str) -> String {
    let id = format!("Z{}", at.hex(20).to_uppercase());
    // AWS gives each zone a server of each of its four groups.
    let numbers = u64::from_str_radix(&at.hex(12), 16).unwrap_or_default();
    let groups = [(0, "com"), (512, "net"), (1024, "org"), (1536, "co.uk")];
    let server = |(index, (first, top)): (usize, (u64, &str))| {
        let number = numbers >> (index * 12);
        format!("ns-{}.awsdns-{:02}.{top}", first + number % 512, (number >> 6) % 64)
    };
    let name_servers: Vec<String> = groups.into_iter().enumerate().map(server).collect();
    let soa = format!("{}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", name_servers[0]);
    let ns = name_servers.iter().map(|server| format!("{server}.")).collect();
    let records = [Record::plain(&name, "NS", 172_800, ns, at.now_ms), Record::plain(&name, "SOA", 900, vec![soa], at.now_ms)];
    let row = Row {
        records: records.into_iter().map(|record| (record.key(), record)).collect(),
        name,
        reference: reference.to_owned(),
        comment: comment.to_owned(),
        name_servers,
        made_ms: at.now_ms,
        busy_ms: 0,
        tags: BTreeMap::new(),
    };
    at.global().hosted_zones.insert(id.clone(), row);
    at.global().route53.zone_references.insert(reference.to_owned());
    id
}

fn answer(id: &str, row: &Row) -> Answer<HostedZone> {
    let config =
        HostedZoneConfig::builder().private_zone(false).set_comment(Some(row.comment.clone()).filter(|comment| !comment.is_empty()));
    let zone = HostedZone::builder().id(format!("/hostedzone/{id}")).name(row.name.escaped()).caller_reference(&row.reference);
    Ok(zone.config(config.build()).resource_record_set_count(i64::try_from(row.records.len()).unwrap_or(i64::MAX)).build()?)
}

fn delegation_set(row: &Row) -> Answer<DelegationSet> {
    Ok(DelegationSet::builder().set_name_servers(Some(row.name_servers.clone())).build()?)
}

fn create(at: &mut At<'_>, input: &CreateHostedZoneInput) -> Answer<CreateHostedZoneOutput> {
    let name = DomainName::new(input.name().unwrap_or_default());
    let reference = input.caller_reference().unwrap_or_default();
    if name.problem().is_some() || name.is_wildcard() {
        return Err(refuse(400, "InvalidDomainName", format!("{name} is not a valid domain name")));
    }
    if !(1..=128).contains(&reference.len()) {
        return Err(invalid("callerReference must be between 1 and 128 characters"));
    }
    let private = input.hosted_zone_config().is_some_and(|config| config.private_zone);
    if private || input.vpc().is_some() || input.delegation_set_id().is_some() {
        return Err(invalid("sandbox: private zones and reusable delegation sets are not simulated"));
    }
    if at.global().route53.zone_references.contains(reference) {
        return Err(refuse(409, "HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference."));
    }
    let most = quota::HOSTED_ZONES.most(at);
    if at.global().hosted_zones.len() >= most {
        return Err(refuse(400, "TooManyHostedZones", format!("This account has reached the limit of {most} hosted zones.")));
    }
    let comment = input.hosted_zone_config().and_then(HostedZoneConfig::comment).unwrap_or_default();
    let id = make(at, name, reference, comment);
    let change = begin(at, &id)?;
    let row = the(at, Some(&id))?;
    let output = CreateHostedZoneOutput::builder().hosted_zone(answer(&id, row)?).delegation_set(delegation_set(row)?).change_info(change);
    Ok(output.location(format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{id}")).build()?)
}

fn get(at: &mut At<'_>, input: &GetHostedZoneInput) -> Answer<GetHostedZoneOutput> {
    let row = the(at, input.id())?;
    Ok(GetHostedZoneOutput::builder().hosted_zone(answer(bare(input.id()), row)?).delegation_set(delegation_set(row)?).build())
}

fn list_by_name(at: &mut At<'_>, input: &ListHostedZonesByNameInput) -> Answer<ListHostedZonesByNameOutput> {
    let size = input.max_items().unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid("maxItems must be between 1 and 100"));
    }
    if input.hosted_zone_id().is_some() && input.dns_name().is_none() {
        return Err(invalid("hostedzoneid needs dnsname"));
    }
    let from =
        (input.dns_name().map_or_else(String::new, |name| reversed(&DomainName::new(name))), bare(input.hosted_zone_id()).to_owned());
    let mut all: Vec<((String, String), &Row)> = vec![];
    let global = at.global();
    all.extend(global.hosted_zones.iter().map(|(id, row)| ((reversed(&row.name), id.clone()), row)));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut rest = all.into_iter().filter(|(key, _)| *key >= from);
    let mut zones = vec![];
    for ((_, id), row) in rest.by_ref().take(usize::try_from(size).unwrap_or_default()) {
        zones.push(answer(&id, row)?);
    }
    let next = rest.next();
    let output = ListHostedZonesByNameOutput::builder().set_hosted_zones(Some(zones)).max_items(size).set_dns_name(input.dns_name.clone());
    let output = output.is_truncated(next.is_some()).set_next_dns_name(next.as_ref().map(|(_, row)| row.name.escaped()));
    Ok(output.set_next_hosted_zone_id(next.map(|((_, id), _)| id)).build()?)
}

fn update_comment(at: &mut At<'_>, input: &UpdateHostedZoneCommentInput) -> Answer<UpdateHostedZoneCommentOutput> {
    let comment = input.comment().unwrap_or_default();
    if comment.chars().count() > 256 {
        return Err(invalid("comment must be at most 256 characters"));
    }
    let row = the(at, input.id())?;
    row.comment = comment.to_owned();
    Ok(UpdateHostedZoneCommentOutput::builder().hosted_zone(answer(bare(input.id()), row)?).build())
}

fn delete(at: &mut At<'_>, input: &DeleteHostedZoneInput) -> Answer<DeleteHostedZoneOutput> {
    let id = bare(input.id());
    let row = the(at, Some(id))?;
    if row.records.values().any(|record| !dns_record::is_own(row, record)) {
        let why = "The specified hosted zone contains non-required resource record sets and so cannot be deleted.";
        return Err(refuse(400, "HostedZoneNotEmpty", why));
    }
    let change = begin(at, id)?;
    at.global().hosted_zones.remove(id);
    Ok(DeleteHostedZoneOutput::builder().change_info(change).build())
}

impl Cloud {
    /// Sees to it that an account has a public zone of this name, as one that was there before bbws, and answers its id.
    pub fn ensure_zone(&mut self, account: &str, name: &str, now_ms: u64) -> String {
        let name = DomainName::new(name);
        let principal = Principal::default();
        let mut at =
            At { cloud: self, account, principal: &principal, region: GLOBAL, now_ms, speed: 1.0, policies: None, past: &Vec::new };
        let found = at.global().hosted_zones.iter().find(|(_, row)| row.name == name).map(|(id, _)| id.clone());
        found.unwrap_or_else(|| {
            let reference = format!("before-bbws-{name}");
            make(&mut at, name, &reference, "there before bbws")
        })
    }
}
