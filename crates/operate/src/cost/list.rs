//! AWS's Price List: what is asked for an item, and what its documents say.

use bbws_model::Unit;
use jiff::civil::Date;
use serde_json::Value;

use super::Price;

/// One question to the Price List, about one item.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The item, as meters name it.
    pub item: String,
    /// AWS's code of the service: `AmazonEC2`.
    pub service: &'static str,
    /// Which products are wanted: fields and values that have to be the same.
    pub filters: Vec<(&'static str, String)>,
    /// How the product's usage type ends, behind the code of the region.
    usage: String,
    /// How many of AWS's units our price is for.
    scale: f64,
}

/// Why documents tell no price.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// No product is of the usage type.
    #[error("the Price List has no product whose usage type ends with `{0}`")]
    None(String),
    /// Several are, at different prices.
    #[error("the Price List has {1} products whose usage type ends with `{0}`, at different prices")]
    Several(String, usize),
    /// A document is not what it should be.
    #[error("a document of the Price List cannot be read: {0}")]
    Damaged(String),
}

/// What is asked for an item: the service, the product family, how the usage type ends, and for how many units our price is. No
/// family: the service is not narrowed by it.
const QUERIES: &[(&str, &str, &str, &str, f64)] = &[
    ("nat-gateway.hour", "AmazonEC2", "NAT Gateway", "NatGateway-Hours", 1.0),
    ("nat-gateway.gb", "AmazonEC2", "NAT Gateway", "NatGateway-Bytes", 1.0),
    ("public-ipv4.hour", "AmazonVPC", "", "PublicIPv4:InUseAddress", 1.0),
    ("vpc-endpoint.hour", "AmazonVPC", "VpcEndpoint", "VpcEndpoint-Hours", 1.0),
    ("vpc-endpoint.gb", "AmazonVPC", "VpcEndpoint", "VpcEndpoint-Bytes", 1.0),
    ("elb.application.hour", "AWSELB", "Load Balancer-Application", "LoadBalancerUsage", 1.0),
    ("elb.application.lcu", "AWSELB", "Load Balancer-Application", "LCUUsage", 1.0),
    ("ecs.container-insights", "AmazonCloudWatch", "Metric", "CW:MetricMonitorUsage", 1.0),
    ("rds.storage.gp3.single-az", "AmazonRDS", "Database Storage", "RDS:GP3-Storage", 1.0),
    ("rds.storage.gp3.multi-az", "AmazonRDS", "Database Storage", "RDS:Multi-AZ-GP3-Storage", 1.0),
    ("rds.iops.gp3.single-az", "AmazonRDS", "Provisioned IOPS", "RDS:GP3-PIOPS", 1.0),
    ("rds.iops.gp3.multi-az", "AmazonRDS", "Provisioned IOPS", "RDS:Multi-AZ-GP3-PIOPS", 1.0),
    ("rds.backup.gb-month", "AmazonRDS", "Storage Snapshot", "RDS:ChargedBackupUsage", 1.0),
    ("rds.extended-support.mysql8.0.vcpu", "AmazonRDS", "", "ExtendedSupport:Yr1-Yr2:MySQL8.0", 1.0),
    ("efs.storage.standard", "AmazonEFS", "Storage", "TimedStorage-ByteHrs", 1.0),
    ("efs.storage.infrequent-access", "AmazonEFS", "Storage", "IATimedStorage-ByteHrs", 1.0),
    ("efs.throughput.provisioned", "AmazonEFS", "Provisioned Throughput", "ProvisionedTP-MiBpsHrs", 1.0),
    ("secretsmanager.secret", "AWSSecretsManager", "", "AWSSecretsManager-Secrets", 1.0),
    ("s3.stored", "AmazonS3", "Storage", "TimedStorage-ByteHrs", 1.0),
    ("s3.requests", "AmazonS3", "API Request", "Requests-Tier1", 1000.0),
    ("logs.ingested", "AmazonCloudWatch", "Data Payload", "DataProcessing-Bytes", 1.0),
    ("logs.stored", "AmazonCloudWatch", "Storage Snapshot", "TimedStorage-ByteHrs", 1.0),
    ("logs.vended.ingested", "AmazonCloudWatch", "Data Payload", "VendedLog-Bytes", 1.0),
    ("cloudwatch.alarm", "AmazonCloudWatch", "Alarm", "CW:AlarmMonitorUsage", 1.0),
    ("cloudwatch.alarm.high-resolution", "AmazonCloudWatch", "Alarm", "CW:HighResAlarmMonitorUsage", 1.0),
    ("route53.zone", "AmazonRoute53", "DNS Zone", "HostedZone", 1.0),
    ("route53.queries", "AmazonRoute53", "DNS Query", "DNS-Queries", 1_000_000.0),
    ("route53.health-check.aws", "AmazonRoute53", "DNS Health Check", "Health-Check-AWS", 1.0),
    ("route53.health-check.aws.feature", "AmazonRoute53", "DNS Health Check", "Health-Check-Option-AWS", 1.0),
    ("cloudfront.transfer", "AmazonCloudFront", "Data Transfer", "ZA-DataTransfer-Out-Bytes", 1.0),
    ("cloudfront.requests", "AmazonCloudFront", "Request", "ZA-Requests-Tier2-HTTPS", 10_000.0),
    ("fargate.vcpu.hour", "AmazonECS", "Compute", "Fargate-vCPU-Hours:perCPU", 1.0),
    ("fargate.gb.hour", "AmazonECS", "Compute", "Fargate-GB-Hours", 1.0),
];

/// Services whose products belong to no region.
const EVERYWHERE: [&str; 2] = ["AmazonRoute53", "AmazonCloudFront"];

/// What is asked for an item in a region; none where it is not known under which name AWS lists it.
#[must_use]
pub fn query(item: &str, region: &str) -> Option<Query> {
    let located = |service: &str| {
        let here = (!EVERYWHERE.contains(&service)).then(|| ("regionCode", region.to_owned()));
        here.into_iter().collect::<Vec<_>>()
    };
    if let Some((class, zones)) = item.strip_prefix("rds.instance.").and_then(|rest| rest.rsplit_once('.')) {
        let (deployment, usage) = match zones {
            "multi-az" => ("Multi-AZ", "Multi-AZUsage"),
            _ => ("Single-AZ", "InstanceUsage"),
        };
        let mut filters = located("AmazonRDS");
        filters.extend([
            ("productFamily", "Database Instance".to_owned()),
            ("databaseEngine", "MySQL".to_owned()),
            ("instanceType", class.to_owned()),
            ("deploymentOption", deployment.to_owned()),
        ]);
        return Some(Query { item: item.to_owned(), service: "AmazonRDS", filters, usage: format!("{usage}:{class}"), scale: 1.0 });
    }
    let (_, service, family, usage, scale) = QUERIES.iter().find(|(known, ..)| *known == item)?;
    let mut filters = located(service);
    if !family.is_empty() {
        filters.push(("productFamily", (*family).to_owned()));
    }
    Some(Query { item: item.to_owned(), service, filters, usage: (*usage).to_owned(), scale: *scale })
}

impl Query {
    /// A price of it, where there is none yet: only classes of databases are asked for without one, and they are billed by the hour.
    #[must_use]
    pub fn like(&self, region: &str) -> Price {
        Price {
            item: self.item.clone(),
            usd: 0.0,
            unit: Unit::Hours,
            per: "hour".into(),
            region: region.to_owned(),
            source: String::new(),
            date: Date::ZERO,
            about: String::new(),
            estimate: false,
            note: None,
        }
    }

    /// The price that these documents tell, of the first step where there are steps.
    ///
    /// # Errors
    /// When none of them does, or they disagree.
    pub fn read(&self, documents: &[String]) -> Result<f64, ListError> {
        let mut found: Vec<f64> = vec![];
        for text in documents {
            let document: Value = serde_json::from_str(text).map_err(|error| ListError::Damaged(error.to_string()))?;
            if self.is_about(&document["product"]["attributes"]) {
                found.extend(on_demand(&document)?);
            }
        }
        found.sort_by(f64::total_cmp);
        found.dedup();
        match found.as_slice() {
            [] => Err(ListError::None(self.usage.clone())),
            [usd] => Ok(round(usd * self.scale)),
            several => Err(ListError::Several(self.usage.clone(), several.len())),
        }
    }

    fn is_about(&self, attributes: &Value) -> bool {
        let usage = attributes["usagetype"].as_str().unwrap_or_default();
        // `AFS1-NatGateway-Hours`; in us-east-1 without a code. A longer word before it is another product.
        let ours = usage == self.usage
            || usage
                .strip_suffix(&self.usage)
                .and_then(|code| code.strip_suffix('-'))
                .is_some_and(|code| code.chars().all(char::is_alphanumeric));
        let engine = attributes["databaseEngine"].as_str();
        ours && engine.is_none_or(|engine| engine == "MySQL" || engine == "Any")
    }
}

/// The price on demand of the first step.
fn on_demand(document: &Value) -> Result<Vec<f64>, ListError> {
    let terms = document["terms"]["OnDemand"].as_object().into_iter().flatten();
    let rates = terms.flat_map(|(_, offer)| offer["priceDimensions"].as_object().into_iter().flatten());
    let mut prices = vec![];
    for (name, rate) in rates {
        if !matches!(rate["beginRange"].as_str(), None | Some("0")) {
            continue;
        }
        let text = rate["pricePerUnit"]["USD"].as_str().unwrap_or_default();
        let usd: f64 = text.parse().map_err(|_| ListError::Damaged(format!("the rate {name} has no price in USD")))?;
        if usd.is_finite() && usd > 0.0 {
            prices.push(usd);
        }
    }
    Ok(prices)
}

/// Without the digits that multiplying binary fractions leaves.
fn round(usd: f64) -> f64 {
    (usd * 1e10).round() / 1e10
}

/// How an answer is told apart from the price so far.
#[must_use]
pub fn differs(before: &Price, usd: f64) -> bool {
    (before.usd - usd).abs() > 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Prices;
    use serde_json::json;

    /// A document as the Price List has it.
    fn document(usage: &str, attributes: Value, steps: &[(&str, &str)]) -> String {
        let rates: serde_json::Map<String, Value> = steps
            .iter()
            .enumerate()
            .map(|(n, (begin, usd))| {
                let rate = json!({"unit": "Hrs", "beginRange": begin, "endRange": "Inf", "description": "…", "pricePerUnit": {"USD": usd}});
                (format!("SKU.JRTCKXETXF.{n}"), rate)
            })
            .collect();
        let mut all = json!({"usagetype": usage, "regionCode": "af-south-1", "location": "Africa (Cape Town)"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        json!({
            "product": {"sku": "SKU", "productFamily": "x", "attributes": all},
            "serviceCode": "x",
            "terms": {
                "OnDemand": {"SKU.JRTCKXETXF": {"priceDimensions": rates, "sku": "SKU", "effectiveDate": "2026-09-01T00:00:00Z"}},
                "Reserved": {"SKU.R": {"priceDimensions": {"SKU.R.1": {"pricePerUnit": {"USD": "0.0010000000"}}}}},
            },
            "version": "20260901000000",
            "publicationDate": "2026-09-01T00:00:00Z",
        })
        .to_string()
    }

    fn of(item: &str) -> Query {
        query(item, "af-south-1").unwrap()
    }

    #[test]
    fn a_price_is_read_by_the_end_of_its_usage_type() {
        let documents = [
            document("AFS1-NatGateway-Bytes", json!({}), &[("0", "0.0570000000")]),
            document("AFS1-NatGateway-Hours", json!({}), &[("0", "0.0570000000")]),
            document("AFS1-Regional-NatGateway-Hours", json!({}), &[("0", "0.0999000000")]),
        ];
        assert_eq!(of("nat-gateway.hour").read(&documents), Ok(0.057));
        assert_eq!(of("nat-gateway.hour").read(&[document("NatGateway-Hours", json!({}), &[("0", "0.0450000000")])]), Ok(0.045));
    }

    #[test]
    fn of_steps_the_first_counts_and_of_requests_as_many_as_our_price_is_for() {
        let steps = [("51200", "0.1000000000"), ("0", "0.1540000000"), ("10240", "0.1200000000")];
        assert_eq!(of("logs.ingested").read(&[document("AFS1-DataProcessing-Bytes", json!({}), &steps)]), Ok(0.154));
        assert_eq!(of("route53.queries").read(&[document("DNS-Queries", json!({}), &[("0", "0.0000004000")])]), Ok(0.4));
    }

    #[test]
    fn prices_of_other_engines_are_not_ours() {
        let storage = |engine: &str, usd| document("AFS1-RDS:GP3-Storage", json!({"databaseEngine": engine}), &[("0", usd)]);
        let documents = [storage("SQL Server", "0.2"), storage("Any", "0.151"), storage("MySQL", "0.151")];
        assert_eq!(of("rds.storage.gp3.single-az").read(&documents), Ok(0.151));
        let told = of("rds.storage.gp3.single-az").read(&[storage("Any", "0.15"), storage("MySQL", "0.16")]);
        assert_eq!(told, Err(ListError::Several("RDS:GP3-Storage".into(), 2)));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        let query = of("rds.instance.db.t3.micro.multi-az");
        assert_eq!(query.read(&[]), Err(ListError::None("Multi-AZUsage:db.t3.micro".into())));
        assert!(matches!(query.read(&["{".into()]), Err(ListError::Damaged(_))));
        let odd = document("AFS1-Multi-AZUsage:db.t3.micro", json!({}), &[("0", "free")]);
        assert!(matches!(query.read(&[odd]), Err(ListError::Damaged(_))));
        let nothing = document("AFS1-Multi-AZUsage:db.t3.micro", json!({}), &[("0", "0.0000000000")]);
        assert!(matches!(query.read(&[nothing]), Err(ListError::None(_))), "a price of nothing is a free tier's");
    }

    #[test]
    fn what_is_asked_for_has_a_price_of_its_own() {
        let prices = Prices::built_in("af-south-1").unwrap();
        for (item, ..) in QUERIES {
            assert!(prices.of(item).is_some(), "{item}");
        }
        let class = of("rds.instance.db.r5.large.single-az");
        assert!(class.filters.contains(&("instanceType", "db.r5.large".into())), "{class:?}");
        assert!(of("route53.zone").filters.iter().all(|(field, _)| *field != "regionCode"));
        assert_eq!(query("sns.notifications", "af-south-1"), None);
    }
}
