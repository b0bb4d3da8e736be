//! Records: batches of changes that AWS takes whole or refuses, with every message of a refusal.

use aws_sdk_route53::operation::change_resource_record_sets::{ChangeResourceRecordSetsInput, ChangeResourceRecordSetsOutput};
use aws_sdk_route53::operation::list_resource_record_sets::{ListResourceRecordSetsInput, ListResourceRecordSetsOutput};
use aws_sdk_route53::types::{AliasTarget, ChangeAction, ResourceRecord, ResourceRecordSet, RrType};
use bbws_kinds::{CLOUDFRONT_ZONE, DomainName};
use serde::{Deserialize, Serialize};

use super::alias_target::{distributions, load_balancers};
use super::hosted_zone::{self, Row, reversed};
use super::route53::{bare, begin, invalid};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// One record set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: DomainName,
    pub(crate) record_type: String,
    pub(crate) ttl: Option<i64>,
    pub(crate) values: Vec<String>,
    pub(crate) alias: Option<Target>,
    /// When it was last changed.
    pub(crate) changed_ms: u64,
}

/// What an alias stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    pub(crate) zone: String,
    pub(crate) name: DomainName,
    pub(crate) evaluate_health: bool,
}

impl Record {
    pub(crate) fn plain(name: &DomainName, record_type: &str, ttl: i64, values: Vec<String>, changed_ms: u64) -> Self {
        Self { name: name.clone(), record_type: record_type.to_owned(), ttl: Some(ttl), values, alias: None, changed_ms }
    }

    /// What it sorts by in lists.
    pub(crate) fn key(&self) -> String {
        key(&self.name, &self.record_type)
    }

    fn says_the_same_as(&self, other: &Self) -> bool {
        let sorted = |record: &Self| {
            let mut values = record.values.clone();
            values.sort();
            values
        };
        (self.ttl, &self.alias, sorted(self)) == (other.ttl, &other.alias, sorted(other))
    }
}

fn key(name: &DomainName, record_type: &str) -> String {
    format!("{} {record_type}", reversed(name))
}

/// Whether AWS made the record with the zone, and keeps it there.
pub(crate) fn is_own(zone: &Row, record: &Record) -> bool {
    record.name == zone.name && ["NS", "SOA"].contains(&record.record_type.as_str())
}

/// The records of a zone beside AWS's own, with what they say.
pub(crate) fn things(zone: &str, row: &Row) -> Vec<(String, String)> {
    let foreign = row.records.values().filter(|record| !is_own(row, record));
    let says = |record: &Record| record.alias.as_ref().map_or_else(|| record.values.join(", "), |alias| format!("alias of {}", alias.name));
    foreign.map(|record| (format!("{zone}_{}_{}", record.name, record.record_type), says(record))).collect()
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(change).on(list)
}

fn wrong(message: impl AsRef<str>) -> Refusal {
    refuse(400, "InvalidChangeBatch", format!("[{}]", message.as_ref()))
}

fn list(at: &mut At<'_>, input: &ListResourceRecordSetsInput) -> Answer<ListResourceRecordSetsOutput> {
    let size = input.max_items().unwrap_or(300);
    if size < 1 {
        return Err(invalid("maxItems must be at least 1"));
    }
    let from = match (input.start_record_name(), input.start_record_type()) {
        (None, None) => String::new(),
        (None, Some(_)) => return Err(invalid("type needs name")),
        (Some(name), of) => key(&DomainName::new(name), of.map_or("", RrType::as_str)),
    };
    let row = hosted_zone::the(at, input.hosted_zone_id())?;
    let mut rest = row.records.range(from..).map(|(_, record)| record);
    let mut sets = vec![];
    // AWS takes any size, and answers 300 at most.
    for record in rest.by_ref().take(usize::try_from(size.min(300)).unwrap_or_default()) {
        sets.push(answer(record)?);
    }
    let next = rest.next();
    let output =
        ListResourceRecordSetsOutput::builder().set_resource_record_sets(Some(sets)).max_items(size.min(300)).is_truncated(next.is_some());
    let output = output.set_next_record_type(next.map(|record| RrType::from(record.record_type.as_str())));
    Ok(output.set_next_record_name(next.map(|record| record.name.escaped())).build()?)
}

fn answer(record: &Record) -> Answer<ResourceRecordSet> {
    let set =
        ResourceRecordSet::builder().name(record.name.escaped()).r#type(RrType::from(record.record_type.as_str())).set_ttl(record.ttl);
    let set = match &record.alias {
        Some(Target { zone, name, evaluate_health }) => set.alias_target(
            AliasTarget::builder().hosted_zone_id(zone).dns_name(name.escaped()).evaluate_target_health(*evaluate_health).build()?,
        ),
        None => {
            let values = record.values.iter().map(|value| ResourceRecord::builder().value(value).build());
            set.set_resource_records(Some(values.collect::<Result<_, _>>()?))
        }
    };
    Ok(set.build()?)
}

fn change(at: &mut At<'_>, input: &ChangeResourceRecordSetsInput) -> Answer<ChangeResourceRecordSetsOutput> {
    let zone = bare(input.hosted_zone_id()).to_owned();
    hosted_zone::the(at, Some(&zone))?;
    let changes = input.change_batch().map(|batch| batch.changes.as_slice()).unwrap_or_default();
    if changes.is_empty() || changes.len() > 500 {
        return Err(wrong("sandbox: a batch has between 1 and 500 changes"));
    }
    let mut touched: Vec<String> = vec![];
    for change in changes {
        let set = change.resource_record_set().ok_or_else(|| invalid("a change needs a ResourceRecordSet"))?;
        let record = read(at, &zone, set)?;
        let key = record.key();
        if touched.contains(&key) {
            let (of, name) = (&record.record_type, record.name.escaped());
            return Err(wrong(format!("The request contains an invalid set of changes for a resource record set '{of} {name}'")));
        }
        touched.push(key);
        let row = hosted_zone::the(at, Some(&zone))?;
        match change.action() {
            ChangeAction::Create | ChangeAction::Upsert => put(row, record, change.action() == &ChangeAction::Create)?,
            ChangeAction::Delete => take(row, &record)?,
            other => return Err(invalid(format!("{other} is no action"))),
        }
    }
    let info = begin(at, &zone)?;
    Ok(ChangeResourceRecordSetsOutput::builder().change_info(info).build())
}

fn put(row: &mut Row, record: Record, create: bool) -> Answer<()> {
    let (of, name, zone) = (record.record_type.clone(), record.name.escaped(), row.name.escaped());
    if create && row.records.contains_key(&record.key()) {
        return Err(wrong(format!("Tried to create resource record set [name='{name}', type='{of}'] but it already exists")));
    }
    if of == "CNAME" && record.name == row.name {
        return Err(wrong(format!("RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {zone}")));
    }
    let mut beside = row.records.values().filter(|other| other.name == record.name && other.record_type != of);
    if of == "CNAME" && beside.next().is_some() {
        return Err(wrong(format!(
            "RRSet of type CNAME with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {zone}"
        )));
    }
    if beside.any(|other| other.record_type == "CNAME") {
        return Err(wrong(format!(
            "RRSet of type {of} with DNS name {name} is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone {zone}"
        )));
    }
    row.records.insert(record.key(), record);
    if row.records.len() > 10_000 {
        return Err(wrong("Number of records limit of 10000 exceeded"));
    }
    Ok(())
}

fn take(row: &mut Row, record: &Record) -> Answer<()> {
    let (of, name) = (&record.record_type, record.name.escaped());
    let tried = format!("Tried to delete resource record set [name='{name}', type='{of}'] but");
    let have = row.records.get(&record.key()).ok_or_else(|| wrong(format!("{tried} it was not found")))?;
    if !have.says_the_same_as(record) {
        return Err(wrong(format!("{tried} the values provided do not match the current values")));
    }
    if is_own(row, record) {
        let (much, zone) = if of == "SOA" { ("exactly one SOA", "") } else { ("at least one NS", " for the zone itself") };
        return Err(wrong(format!("A HostedZone must contain {much} record{zone}.")));
    }
    row.records.remove(&record.key());
    Ok(())
}

/// The record set of a change, as far as it is right by itself.
fn read(at: &mut At<'_>, zone: &str, set: &ResourceRecordSet) -> Answer<Record> {
    let routed = set.set_identifier().is_some() || set.weight().is_some() || set.region().is_some() || set.failover().is_some();
    if routed || set.geo_location().is_some() || set.multi_value_answer().is_some() || set.health_check_id().is_some() {
        return Err(invalid("sandbox: routing policies and health checks of records are not simulated"));
    }
    let row = hosted_zone::the(at, Some(zone))?;
    let (name, of) = (DomainName::new(set.name()), set.r#type().as_str().to_owned());
    if !name.is_within(&row.name) {
        return Err(wrong(format!("RRSet with DNS name {} is not permitted in zone {}", name.escaped(), row.name.escaped())));
    }
    if !["A", "AAAA", "CNAME", "NS", "SOA", "TXT"].contains(&of.as_str()) {
        return Err(invalid(format!("sandbox: records of type {of} are not simulated")));
    }
    let values: Vec<String> = set.resource_records().iter().map(|record| record.value.clone()).collect();
    let alias = match (set.alias_target(), set.ttl()) {
        (Some(_), Some(_)) => return Err(invalid("Invalid request: an alias has no TTL")),
        (Some(_), None) if !values.is_empty() => {
            return Err(invalid("Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]]"));
        }
        (None, ttl) if values.is_empty() || !ttl.is_some_and(|ttl| (0..=2_147_483_647).contains(&ttl)) => {
            return Err(invalid(
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords]], but found none",
            ));
        }
        (None, _) => None,
        (Some(target), None) => Some(alias(at, zone, &of, target)?),
    };
    for value in &values {
        check_value(&of, value)?;
    }
    if of == "CNAME" && values.len() > 1 {
        return Err(wrong(format!("Invalid Resource Record: a CNAME record set has one value, found {}", values.len())));
    }
    Ok(Record { name, record_type: of, ttl: set.ttl(), values, alias, changed_ms: at.now_ms })
}

fn check_value(of: &str, value: &str) -> Answer<()> {
    let fatal = |what: &str| wrong(format!("Invalid Resource Record: 'FATAL problem: {what} encountered with '{value}''"));
    match of {
        "A" if value.parse::<std::net::Ipv4Addr>().is_err() => Err(fatal("ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)")),
        "AAAA" if value.parse::<std::net::Ipv6Addr>().is_err() => {
            Err(fatal("AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"))
        }
        "CNAME" | "NS" if DomainName::new(value).problem().is_some() => Err(fatal("DomainLabelEmpty (Domain label is empty)")),
        "TXT" => {
            let parts: Vec<&str> = value.trim().split("\" \"").collect();
            let whole = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
            if !whole {
                Err(fatal("InvalidCharacterString (Value should be enclosed in quotation marks)"))
            } else if parts.iter().any(|part| part.trim_matches('"').len() > 255) {
                Err(fatal("CharacterStringTooLong (Value is too long)"))
            } else {
                Ok(())
            }
        }
        _ => Ok(()),
    }
}

/// The target of an alias: a record of the same zone, a load balancer or a distribution, that exists.
fn alias(at: &mut At<'_>, zone: &str, of: &str, target: &AliasTarget) -> Answer<Target> {
    let (to, name) = (bare(Some(target.hosted_zone_id())).to_owned(), DomainName::new(target.dns_name()));
    let tried = format!("Tried to create an alias that targets {}, type {of} in zone {to}, but", name.escaped());
    let outside = || wrong(format!("{tried} the alias target name does not lie within the target zone"));
    let unfound = || wrong(format!("{tried} that target was not found"));
    if to == zone {
        let row = hosted_zone::the(at, Some(zone))?;
        if !name.is_within(&row.name) {
            return Err(outside());
        }
        row.records.get(&key(&name, of)).ok_or_else(unfound)?;
    } else if !["A", "AAAA"].contains(&of) {
        return Err(wrong(format!("{tried} an alias to an AWS resource is of type A or AAAA")));
    } else if to == CLOUDFRONT_ZONE {
        if !name.is_below(&DomainName::new("cloudfront.net")) {
            return Err(outside());
        }
        if target.evaluate_target_health {
            return Err(invalid("EvaluateTargetHealth cannot be true for an alias that targets a CloudFront distribution"));
        }
        if !distributions(at.cloud).any(|domain| DomainName::new(domain) == name) {
            return Err(unfound());
        }
    } else {
        let plain = DomainName::new(name.as_str().strip_prefix("dualstack.").unwrap_or(name.as_str()));
        let known: Vec<(&str, &str)> = load_balancers(at.cloud).collect();
        if !known.iter().any(|(zone, _)| *zone == to) {
            return Err(outside());
        }
        if !known.iter().any(|(zone, domain)| *zone == to && DomainName::new(domain) == plain) {
            return Err(unfound());
        }
    }
    Ok(Target { zone: to, name, evaluate_health: target.evaluate_target_health })
}
