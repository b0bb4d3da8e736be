//! What others have hung on hosted zones: records that are not ours. A record bears no mark; ours are known by their ids.

use aws_sdk_route53::types::RrType;
use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::{DomainName, HostedZone};
use bbws_model::{CloudError, Observed};

use crate::{Aws, Told};

const LIST: &str = "route53:ListResourceRecordSets";

impl Carrier<HostedZone> for Aws {
    async fn hung_on(&self, seen: &Observed<HostedZone>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let zone = seen.id.as_str();
        let all = reading.once(format!("{LIST} {zone}, all"), self.records_on(zone, &DomainName::new(seen.spec.name.as_str()))).await?;
        Ok(all.as_ref().clone())
    }
}

impl Aws {
    async fn records_on(&self, zone: &str, apex: &DomainName) -> Result<(Vec<Hanging>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut list = self.read.route53.list_resource_record_sets().hosted_zone_id(zone);
        loop {
            let page = list.send().await.told(LIST)?;
            calls += 1;
            for raw in page.resource_record_sets {
                let name = DomainName::new(&raw.name);
                // The zone's own two come and go with it.
                if name == *apex && matches!(raw.r#type, RrType::Ns | RrType::Soa) {
                    continue;
                }
                // The ids that the driver of records gives.
                let id = format!("{zone}_{name}_{}", raw.r#type.as_str());
                all.push(Hanging { what: "record", id: id.as_str().into(), name: String::new(), owner: None });
            }
            if !page.is_truncated {
                return Ok((all, calls));
            }
            list = self.read.route53.list_resource_record_sets().hosted_zone_id(zone);
            list = list.set_start_record_name(page.next_record_name).set_start_record_type(page.next_record_type);
            list = list.set_start_record_identifier(page.next_record_identifier);
        }
    }
}
