//! AWS's Price List: what services take, as documents.

use aws_sdk_pricing::types::{Filter, FilterType};
use bbws_model::{Class, CloudError};

use crate::{Aws, Told};

const GET: &str = "pricing:GetProducts";

/// A region where the Price List is asked; it tells the same of all regions everywhere, and most regions have none.
const ASKED_IN: &str = "us-east-1";

/// The products of a service that have all these values, each as its document. Whoever may ask: it is free.
///
/// # Errors
/// As the call failed.
pub async fn products(aws: &Aws, service: &str, filters: &[(&str, String)]) -> Result<Vec<String>, CloudError> {
    let (read, _) = aws.at(ASKED_IN);
    let filter = |(field, value): &(&str, String)| Filter::builder().r#type(FilterType::TermMatch).field(*field).value(value).build();
    let filters: Result<Vec<Filter>, _> = filters.iter().map(filter).collect();
    let filters = filters.map_err(|error| CloudError::own(GET, Class::Invalid, error.to_string()))?;
    let ask = read.pricing.get_products().service_code(service).set_filters(Some(filters)).format_version("aws_v1").max_results(100);
    let (mut all, mut pages) = (vec![], ask.into_paginator().send());
    while let Some(page) = pages.next().await {
        all.extend(page.told(GET)?.price_list.unwrap_or_default());
    }
    Ok(all)
}
