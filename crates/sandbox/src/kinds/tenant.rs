//! What tenants put into a cluster, so that tests can put it there: bbws must see it, and leave it alone.

use std::collections::BTreeMap;

use bbws_kinds::DomainName;
use sha2::{Digest as _, Sha256};

use super::dns_record::Record;
use super::ecs_work::{ServiceRow, TaskRow};
use crate::cloud::{Cloud, Region};

/// A tenant at work in one region of an account.
pub struct Tenant<'a> {
    account: String,
    region: String,
    pub(super) here: &'a mut Region,
    now_ms: u64,
}

impl Cloud {
    /// The tenants' manager at work in this account and region.
    pub fn tenant(&mut self, account: &str, region: &str) -> Tenant<'_> {
        let now_ms = self.now * 1000;
        let here = self.accounts.entry(account.to_owned()).or_default().regions.entry(region.to_owned()).or_default();
        Tenant { account: account.to_owned(), region: region.to_owned(), here, now_ms }
    }
}

/// Sixteen hex digits that follow from a text.
pub(super) fn hex(text: &str) -> String {
    let mut hex = hex::encode(Sha256::digest(text));
    hex.truncate(16);
    hex
}

impl Tenant<'_> {
    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account)
    }

    pub(super) fn tags(of: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("Tenant".to_owned(), of.to_owned())])
    }

    /// Has so many VPCs of its own.
    pub fn vpcs(&mut self, many: usize) {
        let Ok(cidr) = "172.31.0.0/16".parse() else { return };
        for at in 0..many {
            let tags = Self::tags("vpc");
            let row = super::vpc::Row { cidr, dns_support: true, dns_hostnames: false, ready_ms: self.now_ms, tags };
            self.here.vpcs.insert(format!("vpc-{}0", hex(&format!("{at}"))), row);
        }
    }

    /// Has so many Elastic IPs of its own.
    pub fn addresses(&mut self, many: usize) {
        for at in 0..many {
            let row = super::elastic_ip::Row {
                public_ip: format!("198.51.100.{at}"),
                association: String::new(),
                held_ms: 0,
                tags: Self::tags("address"),
            };
            self.here.elastic_ips.insert(format!("eipalloc-{}0", hex(&format!("{at}"))), row);
        }
    }

    /// Runs a service with one task in a cluster, behind a target group if one is given, and answers its ARN.
    pub fn service(&mut self, cluster: &str, name: &str, target_group: Option<&str>) -> String {
        let arn = self.arn("ecs", &format!("service/{cluster}/{name}"));
        let task_definition = self.arn("ecs", &format!("task-definition/{name}:1"));
        let row = ServiceRow {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            status: "ACTIVE".into(),
            task_definition,
            desired: 1,
            running: 1,
            target_groups: target_group.map(str::to_owned).into_iter().collect(),
            created_ms: self.now_ms,
            tags: Self::tags(name),
        };
        self.here.services.insert(arn.clone(), row);
        self.task(cluster, name, Some(name));
        arn
    }

    /// Runs a task of a family in a cluster, for a service or by itself, and answers its ARN.
    pub fn task(&mut self, cluster: &str, family: &str, service: Option<&str>) -> String {
        let number = self.here.tasks.len();
        let arn = self.arn("ecs", &format!("task/{cluster}/{}{number:016x}", hex(family)));
        let row = TaskRow {
            cluster: cluster.to_owned(),
            task_definition: self.arn("ecs", &format!("task-definition/{family}:1")),
            service: service.map(str::to_owned),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            created_ms: self.now_ms,
            tags: Self::tags(family),
        };
        self.here.tasks.insert(arn.clone(), row);
        arn
    }

    /// Makes a record of a tenant's name in the zone of this id.
    pub fn record(&mut self, zone: &str, name: &str, to: &str) {
        let record = Record::plain(&DomainName::new(name), "CNAME", 300, vec![to.to_owned()], self.now_ms);
        if let Some(zone) = self.here.hosted_zones.get_mut(zone) {
            zone.records.insert(record.key(), record);
        }
    }

    /// Takes away the service of this ARN, and its tasks.
    pub fn stop(&mut self, service: &str) {
        if let Some(row) = self.here.services.remove(service) {
            self.here.tasks.retain(|_, task| task.cluster != row.cluster || task.service.as_deref() != Some(row.name.as_str()));
        }
    }
}
