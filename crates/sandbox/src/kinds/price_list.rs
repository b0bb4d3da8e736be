//! The Price List: a catalogue of a few products, in documents of AWS's shape. Its prices are made up: a tenth dearer than what
//! AWS takes in us-east-1, so that whoever reads them sees that they are the simulation's.

use aws_sdk_pricing::operation::get_products::{GetProductsInput, GetProductsOutput};
use serde_json::{Value, json};

use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_products)
}

/// Where the Price List answers.
const REGIONS: [&str; 3] = ["us-east-1", "eu-central-1", "ap-south-1"];

/// A product: service, family, usage type behind the region's code, further attributes, unit, price by step.
type Product =
    (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)], &'static str, &'static [(u32, &'static str)]);

const MICRO: &[(&str, &str)] = &[("databaseEngine", "MySQL"), ("instanceType", "db.t3.micro"), ("deploymentOption", "Single-AZ")];
const MICRO_TWICE: &[(&str, &str)] = &[("databaseEngine", "MySQL"), ("instanceType", "db.t3.micro"), ("deploymentOption", "Multi-AZ")];
const MICRO_OTHER: &[(&str, &str)] =
    &[("databaseEngine", "PostgreSQL"), ("instanceType", "db.t3.micro"), ("deploymentOption", "Single-AZ")];
const GP3: &[(&str, &str)] = &[("databaseEngine", "Any"), ("volumeType", "General Purpose-GP3"), ("deploymentOption", "Single-AZ")];

const CATALOGUE: &[Product] = &[
    ("AmazonEC2", "NAT Gateway", "NatGateway-Hours", &[], "Hrs", &[(0, "0.0495000000")]),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Bytes", &[], "GB", &[(0, "0.0495000000")]),
    ("AmazonEC2", "NAT Gateway", "NatGateway-Prvd-Bytes", &[], "GB", &[(0, "0.0390000000")]),
    ("AmazonVPC", "VpcEndpoint", "VpcEndpoint-Hours", &[], "Hrs", &[(0, "0.0110000000")]),
    ("AmazonVPC", "VpcEndpoint", "VpcEndpoint-Bytes", &[], "GB", &[(0, "0.0110000000"), (1_048_576, "0.0066000000")]),
    ("AmazonVPC", "IP Address", "PublicIPv4:InUseAddress", &[], "Hrs", &[(0, "0.0055000000")]),
    ("AmazonVPC", "IP Address", "PublicIPv4:IdleAddress", &[], "Hrs", &[(0, "0.0055000000")]),
    ("AWSELB", "Load Balancer-Application", "LoadBalancerUsage", &[], "Hrs", &[(0, "0.0247500000")]),
    ("AWSELB", "Load Balancer-Application", "LCUUsage", &[], "LCU-Hrs", &[(0, "0.0088000000")]),
    ("AWSELB", "Load Balancer-Network", "LoadBalancerUsage", &[], "Hrs", &[(0, "0.0260000000")]),
    ("AmazonRDS", "Database Instance", "InstanceUsage:db.t3.micro", MICRO, "Hrs", &[(0, "0.0187000000")]),
    ("AmazonRDS", "Database Instance", "Multi-AZUsage:db.t3.micro", MICRO_TWICE, "Hrs", &[(0, "0.0374000000")]),
    ("AmazonRDS", "Database Instance", "InstanceUsage:db.t3.micro", MICRO_OTHER, "Hrs", &[(0, "0.0198000000")]),
    ("AmazonRDS", "Database Storage", "RDS:GP3-Storage", GP3, "GB-Mo", &[(0, "0.1265000000")]),
    (
        "AmazonRDS",
        "Extended Support",
        "ExtendedSupport:Yr1-Yr2:MySQL8.0",
        &[("databaseEngine", "MySQL")],
        "vCPU-Hours",
        &[(0, "0.1100000000")],
    ),
    ("AmazonRDS", "Extended Support", "ExtendedSupport:Yr3:MySQL8.0", &[("databaseEngine", "MySQL")], "vCPU-Hours", &[(0, "0.2200000000")]),
    ("AWSSecretsManager", "Secret", "AWSSecretsManager-Secrets", &[], "Secrets", &[(0, "0.4400000000")]),
    ("AmazonCloudWatch", "Alarm", "CW:AlarmMonitorUsage", &[], "Alarms", &[(0, "0.1100000000")]),
    ("AmazonCloudWatch", "Data Payload", "DataProcessing-Bytes", &[], "GB", &[(0, "0.5500000000")]),
    ("AmazonECS", "Compute", "Fargate-vCPU-Hours:perCPU", &[], "hours", &[(0, "0.0445280000")]),
    ("AmazonECS", "Compute", "Fargate-GB-Hours", &[], "hours", &[(0, "0.0048895000")]),
    ("AmazonRoute53", "DNS Zone", "HostedZone", &[], "HostedZone", &[(0, "0.5500000000"), (25, "0.1100000000")]),
    ("AmazonRoute53", "DNS Query", "DNS-Queries", &[], "Queries", &[(0, "0.0000004400"), (1_000_000_000, "0.0000002200")]),
];

/// Services whose products belong to no region.
const EVERYWHERE: [&str; 1] = ["AmazonRoute53"];

/// The regions that the catalogue tells of, with the code before their usage types and what people call them.
const LOCATIONS: [(&str, &str, &str); 2] = [("af-south-1", "AFS1-", "Africa (Cape Town)"), ("us-east-1", "", "US East (N. Virginia)")];

fn get_products(at: &mut At<'_>, input: &GetProductsInput) -> Answer<GetProductsOutput> {
    let invalid = |text: String| refuse(400, "InvalidParameterException", text);
    if !REGIONS.contains(&at.region) {
        return Err(invalid(format!("sandbox: the Price List has no endpoint in {}", at.region)));
    }
    if input.format_version().is_some_and(|version| version != "aws_v1") {
        return Err(invalid("Invalid format version".into()));
    }
    let service = input.service_code().unwrap_or_default();
    if !CATALOGUE.iter().any(|product| product.0 == service) && !["AmazonEFS", "AmazonS3", "AmazonCloudFront"].contains(&service) {
        return Err(invalid(format!("Invalid service code: {service}")));
    }
    if input.filters().len() > 50 {
        return Err(invalid("Number of filters must not exceed 50".into()));
    }
    let size = input.max_results().unwrap_or(100);
    let Some(size) = usize::try_from(size).ok().filter(|size| (1..=100).contains(size)) else {
        return Err(invalid("MaxResults must be between 1 and 100".into()));
    };
    let all = CATALOGUE.iter().filter(|product| product.0 == service).flat_map(documents);
    let fits = |document: &Value| {
        input.filters().iter().all(|filter| {
            let product = &document["product"];
            let value = if filter.field() == "productFamily" { &product["productFamily"] } else { &product["attributes"][filter.field()] };
            value.as_str() == Some(filter.value())
        })
    };
    let found: Vec<String> = all.filter(fits).map(|document| document.to_string()).collect();
    let (found, next) = page(found, Some(size), input.next_token())?;
    Ok(GetProductsOutput::builder().format_version("aws_v1").set_price_list(Some(found)).set_next_token(next).build())
}

/// A product as it stands in each region that the catalogue tells of.
fn documents(product: &Product) -> Vec<Value> {
    let (service, ..) = product;
    if EVERYWHERE.contains(service) {
        return vec![document(product, "", json!({"location": "Any", "locationType": "Other"}))];
    }
    let of = |(region, code, name): &(&str, &str, &str)| {
        document(product, code, json!({"regionCode": region, "location": name, "locationType": "AWS Region"}))
    };
    LOCATIONS.iter().map(of).collect()
}

fn document((service, family, usage, further, unit, steps): &Product, code: &str, place: Value) -> Value {
    let mut attributes = place;
    attributes["servicecode"] = (*service).into();
    attributes["usagetype"] = format!("{code}{usage}").into();
    for (field, value) in *further {
        attributes[*field] = (*value).into();
    }
    let sku = sku(&attributes.to_string());
    let offer = format!("{sku}.JRTCKXETXF");
    let ends = steps.iter().skip(1).map(|(begin, _)| begin.to_string()).chain(["Inf".to_owned()]);
    let rates = steps.iter().zip(ends).enumerate().map(|(n, ((begin, usd), end))| {
        let code = format!("{offer}.{n:08}");
        let rate = json!({
            "unit": unit,
            "beginRange": begin.to_string(),
            "endRange": end,
            "description": format!("${usd} per {unit}"),
            "appliesTo": [],
            "rateCode": code,
            "pricePerUnit": {"USD": usd},
        });
        (code, rate)
    });
    let rates: serde_json::Map<String, Value> = rates.collect();
    let term = json!({"priceDimensions": rates, "sku": sku, "effectiveDate": "2026-11-01T00:00:00Z", "offerTermCode": "JRTCKXETXF", "termAttributes": {}});
    json!({
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": service,
        "terms": {"OnDemand": {offer: term}},
        "version": "20261101000000",
        "publicationDate": "2026-11-01T00:00:00Z",
    })
}

/// Sixteen letters and digits that are the same for the same product.
fn sku(of: &str) -> String {
    use sha2::{Digest, Sha256};
    hex::encode_upper(Sha256::digest(of.as_bytes()))[..16].to_owned()
}
