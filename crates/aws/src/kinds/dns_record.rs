//! The driver of `dns-record`. A record bears no mark: who knows its id made it, and a record found by its name alone is
//! ours only if it says exactly what is wanted. A new record is sent with CREATE, which AWS refuses where a record of
//! that name and type exists, so that somebody else's (a tenant's, in our own zone) is never overwritten.
//!
//! A refresh makes one call per zone for its first 300 records, and one more for each of ours beyond them: a zone that
//! tenants fill with thousands of records costs no more than what is ours in it.

use std::collections::BTreeSet;

use aws_sdk_route53::types::{AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet as Raw, RrType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Alias, DnsRecord, DnsRecordOutputs, DnsRecordSpec, DomainName, NameServers, RecordType, quoted_txt};
use bbws_model::{Class, CloudError, Id, Locate, Observed, Phase, Ready};

use super::route53::{built, not_yet, told_change};
use crate::scan::kept;
use crate::{Aws, Told};

const LIST: &str = "route53:ListResourceRecordSets";
const CHANGE: &str = "route53:ChangeResourceRecordSets";

/// What names a record: its zone, its name and its type.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    zone: String,
    name: DomainName,
    record_type: RecordType,
}

impl Key {
    fn of(spec: &DnsRecordSpec<Ready>) -> Self {
        Self { zone: spec.zone.as_str().to_owned(), name: spec.key_name(), record_type: spec.record_type }
    }

    /// As our ids have it: `Z1_www.example.com_A`. Names may hold underscores, zones and types do not.
    fn to_id(&self) -> String {
        record_id(&self.zone, &self.name, self.record_type.as_str())
    }

    fn from_id(id: &str) -> Option<Self> {
        let (zone, rest) = id.split_once('_')?;
        let (name, of) = rest.rsplit_once('_')?;
        Some(Self { zone: zone.to_owned(), name: DomainName::new(name), record_type: record_type(of)? })
    }

    fn is_of(&self, raw: &Raw) -> bool {
        record_type(raw.r#type.as_str()) == Some(self.record_type) && DomainName::new(&raw.name) == self.name
    }
}

/// What we call a record.
pub(crate) fn record_id(zone: &str, name: &DomainName, of: &str) -> String {
    format!("{zone}_{name}_{of}")
}

fn record_type(name: &str) -> Option<RecordType> {
    use RecordType::{A, Aaaa, Cname, Ns, Txt};
    [A, Aaaa, Cname, Ns, Txt].into_iter().find(|known| known.as_str() == name)
}

impl Driver<DnsRecord> for Aws {
    async fn observe(&self, at: &[Locate<DnsRecord>], reading: &Reading) -> Vec<Sight<DnsRecord>> {
        let mut sights = vec![];
        for place in at {
            sights.push(self.record(place, reading).await);
        }
        sights
    }

    async fn create(&self, want: &DnsRecordSpec<Ready>, _: &Attempt) -> Result<Created, CloudError> {
        let key = Key::of(want);
        // A zone that was just made may not be known everywhere yet.
        self.change(&key.zone, ChangeAction::Create, raw(want)?).await.map_err(not_yet)?;
        Ok(Created { id: key.to_id().as_str().into() })
    }

    async fn update(&self, seen: &Observed<DnsRecord>, want: &DnsRecordSpec<Ready>, _: &Attempt) -> Result<Progress, CloudError> {
        if seen.spec.says_the_same_as(want) {
            return Ok(Progress::Nothing);
        }
        self.change(want.zone.as_str(), ChangeAction::Upsert, raw(want)?).await?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<DnsRecord>, _: &Attempt) -> Result<Progress, CloudError> {
        // AWS deletes a record only if it is told every value as it keeps it, so that is read first.
        let key = Key::of(&seen.spec);
        let now = match self.records_from(&key, Some(1)).await {
            Ok((records, _)) => records.into_iter().find(|raw| key.is_of(raw)),
            Err(error) if error.class == Class::Absent => None,
            Err(error) => return Err(error),
        };
        let Some(now) = now else { return Ok(Progress::Nothing) };
        if !spec(&key, &now).says_the_same_as(&seen.spec) {
            return Err(CloudError::own(
                CHANGE,
                Class::Conflict,
                format!("`{}` was changed by somebody else right before it was to be deleted", key.to_id()),
            ));
        }
        self.change(&key.zone, ChangeAction::Delete, now).await?;
        Ok(Progress::Sent)
    }
}

/// The record as AWS takes it.
fn raw(want: &DnsRecordSpec<Ready>) -> Result<Raw, CloudError> {
    let record = |value: &str| {
        let value = if want.record_type == RecordType::Txt { quoted_txt(value) } else { value.to_owned() };
        built(CHANGE, ResourceRecord::builder().value(value).build())
    };
    let set = Raw::builder().name(want.key_name().as_str()).r#type(RrType::from(want.record_type.as_str()));
    let set = match &want.alias {
        Some(Alias { dns_name, zone_id, evaluate_health }) => {
            let target = AliasTarget::builder().dns_name(dns_name).hosted_zone_id(zone_id).evaluate_target_health(*evaluate_health).build();
            set.alias_target(built(CHANGE, target)?)
        }
        None => {
            let servers = want.name_servers.iter().flat_map(NameServers::iter);
            let records = want.values.iter().map(String::as_str).chain(servers).map(record).collect::<Result<_, _>>()?;
            set.set_ttl(want.seconds().map(i64::from)).set_resource_records(Some(records))
        }
    };
    built(CHANGE, set.build())
}

/// What a record says, as it is declared.
fn spec(key: &Key, raw: &Raw) -> DnsRecordSpec<Ready> {
    let values: BTreeSet<String> = raw.resource_records().iter().map(|record| record.value.clone()).collect();
    let is_ns = key.record_type == RecordType::Ns;
    DnsRecordSpec {
        zone: Id::new(&key.zone),
        name: key.name.as_str().to_owned(),
        record_type: key.record_type,
        ttl: raw.ttl().and_then(|ttl| u32::try_from(ttl).ok()),
        name_servers: is_ns.then(|| NameServers::new(&values)),
        values: if is_ns { BTreeSet::new() } else { values },
        alias: raw.alias_target().map(|target| Alias {
            dns_name: target.dns_name.trim_end_matches('.').to_owned(),
            zone_id: target.hosted_zone_id.clone(),
            evaluate_health: target.evaluate_target_health,
        }),
    }
}

impl Aws {
    async fn record(&self, place: &Locate<DnsRecord>, reading: &Reading) -> Sight<DnsRecord> {
        let key = match &place.id {
            Some(id) => Key::from_id(id.as_str()).ok_or_else(|| {
                CloudError::own(LIST, Class::Invalid, format!("`{id}` is no id of a record: it is written `ZONE_NAME_TYPE`"))
            })?,
            None => Key::of(&place.spec),
        };
        let Some(raw) = self.find_record(&key, reading).await? else { return Ok(None) };
        if let Some(set) = raw.set_identifier() {
            let told = format!(
                "`{}` has a routing policy (`{set}`), which bbws does not keep: remove the routed records, or do not declare this name",
                key.to_id()
            );
            return Err(CloudError::own(LIST, Class::Invalid, told));
        }
        let spec = spec(&key, &raw);
        let ours = place.id.is_some() || spec.says_the_same_as(&place.spec);
        Ok(Some(Observed {
            id: key.to_id().as_str().into(),
            outputs: DnsRecordOutputs { name: spec.name.clone() },
            spec,
            // When a change is everywhere can only be asked with the id that the change was answered with. It takes 20 to
            // 60 seconds; ACM and clients ask again by themselves.
            phase: Phase::Ready,
            owner: ours.then(|| kept(place)),
        }))
    }

    async fn find_record(&self, key: &Key, reading: &Reading) -> Result<Option<Raw>, CloudError> {
        let absent = |error: CloudError| if error.class == Class::Absent { Ok((vec![], false)) } else { Err(error) };
        let zone = Key { name: DomainName::new(""), ..key.clone() };
        let first =
            reading.once(format!("{LIST} {}", key.zone), async { Ok((self.records_from(&zone, None).await.or_else(absent)?, 1)) }).await?;
        let (records, more) = first.as_ref();
        let found = records.iter().find(|raw| key.is_of(raw)).cloned();
        if found.is_some() || !more {
            return Ok(found);
        }
        let point = reading
            .once(format!("{LIST} {}", key.to_id()), async { Ok((self.records_from(key, Some(1)).await.or_else(absent)?, 1)) })
            .await?;
        Ok(point.0.iter().find(|raw| key.is_of(raw)).cloned())
    }

    /// The records of a zone from a name and type onwards, and whether there are more. AWS answers the next one where
    /// that one does not exist.
    async fn records_from(&self, key: &Key, most: Option<i32>) -> Result<(Vec<Raw>, bool), CloudError> {
        let mut list = self.read.route53.list_resource_record_sets().hosted_zone_id(&key.zone).set_max_items(most);
        if !key.name.as_str().is_empty() {
            list = list.start_record_name(key.name.as_str()).start_record_type(RrType::from(key.record_type.as_str()));
        }
        let page = list.send().await.told(LIST)?;
        Ok((page.resource_record_sets, page.is_truncated))
    }

    async fn change(&self, zone: &str, action: ChangeAction, record: Raw) -> Result<(), CloudError> {
        let change = built(CHANGE, Change::builder().action(action).resource_record_set(record).build())?;
        let batch = built(CHANGE, ChangeBatch::builder().changes(change).build())?;
        told_change(self.write.route53.change_resource_record_sets().hosted_zone_id(zone).change_batch(batch).send().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_tells_zone_name_and_type() {
        for id in ["Z1_www.example.com_A", "Z1_*.example.com_CNAME", "Z1__x1_y.example.com_CNAME"] {
            assert_eq!(Key::from_id(id).unwrap().to_id(), id);
        }
        assert_eq!(Key::from_id("Z1__x1_y.example.com_CNAME").unwrap().name.as_str(), "_x1_y.example.com");
        assert!(["Z1", "Z1_www.example.com", "Z1_www.example.com_MX"].iter().all(|id| Key::from_id(id).is_none()));
    }
}
