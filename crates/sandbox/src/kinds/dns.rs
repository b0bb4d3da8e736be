//! The DNS as a resolver sees it: one for the zones of all accounts.

use std::collections::BTreeSet;

use bbws_kinds::DomainName;

use super::dns_record::Record;
use super::hosted_zone::Row;
use crate::cloud::{Cloud, GLOBAL};

fn zones(cloud: &Cloud) -> impl Iterator<Item = (&str, &Row)> {
    let regions = cloud.accounts.values().filter_map(|account| account.regions.get(GLOBAL));
    regions.flat_map(|region| region.hosted_zones.iter().map(|(id, row)| (id.as_str(), row)))
}

/// The name of the closest zone above `name` that somebody in the sandbox holds.
fn parent<'a>(cloud: &'a Cloud, name: &DomainName) -> Option<&'a DomainName> {
    zones(cloud).map(|(_, row)| &row.name).filter(|above| name.is_below(above)).max_by_key(|above| above.as_str().len())
}

fn record<'a>(zone: &'a Row, name: &DomainName, record_type: &str) -> Option<&'a Record> {
    zone.records.values().find(|record| record.name == *name && record.record_type == record_type)
}

fn servers<'a>(names: impl IntoIterator<Item = &'a String>) -> BTreeSet<String> {
    names.into_iter().map(|name| DomainName::new(name).as_str().to_owned()).collect()
}

/// Since when a resolver finds the zone. A zone whose parent nobody in the sandbox holds is found: the registrar knows
/// it. Any other is found if its parent is, and names its servers and no others.
fn found_since(cloud: &Cloud, zone: &Row) -> Option<u64> {
    let Some(above) = parent(cloud, &zone.name) else { return Some(zone.made_ms) };
    let parents = zones(cloud).map(|(_, row)| row).filter(|row| row.name == *above);
    let since = parents.filter_map(|row| {
        let delegation = record(row, &zone.name, "NS").filter(|ns| servers(&ns.values) == servers(&zone.name_servers))?;
        Some(found_since(cloud, row)?.max(delegation.changed_ms).max(zone.made_ms))
    });
    since.min()
}

/// The value of a CNAME as a resolver finds it, in the closest delegated zone, and since when.
pub(crate) fn cname(cloud: &Cloud, name: &DomainName) -> Option<(DomainName, u64)> {
    let holding = zones(cloud).filter(|(_, row)| name.is_within(&row.name));
    let mut holding: Vec<(&Row, u64)> = holding.filter_map(|(_, row)| Some((row, found_since(cloud, row)?))).collect();
    let closest = holding.iter().map(|(row, _)| row.name.as_str().len()).max()?;
    holding.retain(|(row, _)| row.name.as_str().len() == closest);
    holding.into_iter().find_map(|(row, since)| {
        let record = record(row, name, "CNAME")?;
        Some((DomainName::new(record.values.first()?), since.max(record.changed_ms)))
    })
}

impl Cloud {
    /// Whether a resolver finds the zone of this id: no account of the sandbox holds its parent, or the parent names its
    /// servers and no others.
    #[must_use]
    pub fn delegated(&self, zone: &str) -> bool {
        zones(self).find(|(id, _)| *id == zone).is_some_and(|(_, row)| found_since(self, row).is_some())
    }

    /// Whether an account of the sandbox holds a zone above this name. If none does, the name counts as delegated.
    #[must_use]
    pub fn holds_above(&self, name: &str) -> bool {
        parent(self, &DomainName::new(name)).is_some()
    }

    /// The name servers of a name as a resolver learns them: from the closest zone above it, or from the registrar where
    /// nobody in the sandbox holds one. Empty if the name is not delegated.
    #[must_use]
    pub fn name_servers(&self, name: &str) -> BTreeSet<String> {
        let name = DomainName::new(name);
        let Some(above) = parent(self, &name) else {
            return zones(self).find(|(_, row)| row.name == name).map(|(_, row)| servers(&row.name_servers)).unwrap_or_default();
        };
        let mut parents = zones(self).map(|(_, row)| row).filter(|row| row.name == *above && found_since(self, row).is_some());
        parents.find_map(|row| record(row, &name, "NS")).map(|ns| servers(&ns.values)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delegate(cloud: &mut Cloud, account: &str, zone: &str, name: &str, to: BTreeSet<String>, at_ms: u64) {
        let row = cloud.accounts.get_mut(account).unwrap().regions.get_mut(GLOBAL).unwrap().hosted_zones.get_mut(zone).unwrap();
        let record = Record::plain(&DomainName::new(name), "NS", 300, to.into_iter().collect(), at_ms);
        row.records.insert(record.key(), record);
    }

    #[test]
    fn a_zone_is_found_once_its_parent_names_its_servers() {
        let mut cloud = Cloud::default();
        let top = cloud.ensure_zone("prod", "example.com", 1);
        assert_eq!(cloud.ensure_zone("prod", "EXAMPLE.com.", 2), top, "there already");
        let below = cloud.ensure_zone("dev", "wpdev.example.com", 2);
        assert!(cloud.delegated(&top) && !cloud.delegated(&below));
        assert!(cloud.name_servers("wpdev.example.com").is_empty());
        assert!(cloud.holds_above("wpdev.example.com") && !cloud.holds_above("example.com"));

        let other = servers(["ns-1.elsewhere.org".to_owned()].iter());
        delegate(&mut cloud, "prod", &top, "wpdev.example.com", other, 3);
        assert!(!cloud.delegated(&below), "it names other servers");

        let right = servers(&cloud.accounts["dev"].regions[GLOBAL].hosted_zones[&below].name_servers);
        assert_eq!(right.len(), 4);
        delegate(&mut cloud, "prod", &top, "wpdev.example.com", right.clone(), 4);
        assert!(cloud.delegated(&below));
        assert_eq!(cloud.name_servers("wpdev.example.com"), right);
    }

    #[test]
    fn a_record_is_found_in_the_closest_delegated_zone_only() {
        let mut cloud = Cloud::default();
        let top = cloud.ensure_zone("prod", "example.com", 1);
        let below = cloud.ensure_zone("dev", "wpdev.example.com", 2);
        let name = DomainName::new("_x.wpdev.example.com");
        let put = |cloud: &mut Cloud, account: &str, zone: &str, value: &str| {
            let row = cloud.accounts.get_mut(account).unwrap().regions.get_mut(GLOBAL).unwrap().hosted_zones.get_mut(zone).unwrap();
            let record = Record::plain(&name, "CNAME", 300, vec![value.to_owned()], 5);
            row.records.insert(record.key(), record);
        };
        put(&mut cloud, "dev", &below, "below.example.net.");
        assert_eq!(cname(&cloud, &name), None, "nobody is sent to the zone below");
        put(&mut cloud, "prod", &top, "top.example.net");
        assert_eq!(cname(&cloud, &name), Some((DomainName::new("top.example.net"), 5)));
        let right = servers(&cloud.accounts["dev"].regions[GLOBAL].hosted_zones[&below].name_servers);
        delegate(&mut cloud, "prod", &top, "wpdev.example.com", right, 9);
        assert_eq!(cname(&cloud, &name), Some((DomainName::new("below.example.net"), 9)));
    }
}
