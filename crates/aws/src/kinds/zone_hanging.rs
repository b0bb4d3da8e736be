//! What others have hung on a hosted zone: every record but the two that Route 53 put there by itself. A record bears no mark;
//! ours are known by their ids, those that prove a certificate included.

use aws_sdk_route53::types::{ResourceRecordSet as Raw, RrType};
use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::{DomainName, HostedZone};
use bbws_model::{CloudError, Observed};

use super::dns_record::record_id;
use crate::{Aws, Told};

const LIST: &str = "route53:ListResourceRecordSets";

impl Carrier<HostedZone> for Aws {
    async fn hung_on(&self, seen: &Observed<HostedZone>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let zone = seen.id.as_str();
        let records = reading.once(format!("{LIST} {zone}, all pages"), self.all_records(zone)).await?;
        Ok(records.iter().filter(|raw| !is_own(raw, &seen.spec.name)).map(|raw| hanging(zone, raw)).collect())
    }
}

/// Whether Route 53 made the record with the zone and removes it with it.
fn is_own(raw: &Raw, zone: &DomainName) -> bool {
    matches!(raw.r#type, RrType::Ns | RrType::Soa) && DomainName::new(&raw.name) == *zone
}

fn hanging(zone: &str, raw: &Raw) -> Hanging {
    let (name, of) = (DomainName::new(&raw.name), raw.r#type.as_str());
    let id = record_id(zone, &name, of);
    // Of records with a routing policy there are several of one name and type, and none is ours.
    let id = raw.set_identifier().map_or(id.clone(), |set| format!("{id}_{set}"));
    Hanging { what: "DNS record", id: id.as_str().into(), name: format!("{name} {of}"), owner: None, adds: None }
}

impl Aws {
    async fn all_records(&self, zone: &str) -> Result<(Vec<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut next: Option<(Option<String>, Option<RrType>, Option<String>)> = None;
        loop {
            let (name, of, set) = next.unwrap_or_default();
            let list = self.read.route53.list_resource_record_sets().hosted_zone_id(zone);
            let list = list.set_start_record_name(name).set_start_record_type(of).set_start_record_identifier(set);
            let page = list.send().await.told(LIST)?;
            calls += 1;
            all.extend(page.resource_record_sets);
            if !page.is_truncated {
                return Ok((all, calls));
            }
            next = Some((page.next_record_name, page.next_record_type, page.next_record_identifier));
        }
    }
}
