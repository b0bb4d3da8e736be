//! What bears a mark among names, certificates, distributions and the deliveries of their logs.

use std::collections::BTreeSet;

use aws_sdk_route53::types::TagResourceType;
use bbws_engine::{Census, Marked, Reading};
use bbws_kinds::{
    CdnFunction, Certificate, Distribution, GLOBAL, HealthCheck, HostedZone, LogDelivery, LogDeliveryDestination, LogDeliverySource,
};
use bbws_model::CloudError;
use futures::future::try_join_all;

use super::super::certificate::{certificate_tags, list_certificates};
use super::super::hosted_zone::bare;
use super::{bears, each};
use crate::{Aws, Told};

impl Census<HealthCheck> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let (all, _) = self.list_health_checks().await?;
        let ids = all.iter().map(|raw| raw.id()).collect();
        let told = self.route53_tags(TagResourceType::Healthcheck, ids, reading).await?;
        Ok(told.into_iter().filter_map(|(id, told)| bears(&id, told)).collect())
    }
}

impl Census<HostedZone> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let (mut ids, mut next) = (vec![], None::<(String, Option<String>)>);
        loop {
            let (from, id) = next.map_or((None, None), |(from, id)| (Some(from), id));
            let list = self.read.route53.list_hosted_zones_by_name().set_dns_name(from).set_hosted_zone_id(id);
            let page = list.send().await.told("route53:ListHostedZonesByName")?;
            ids.extend(page.hosted_zones.iter().map(|raw| bare(&raw.id).to_owned()));
            match page.next_dns_name.filter(|_| page.is_truncated) {
                Some(more) => next = Some((more, page.next_hosted_zone_id)),
                None => break,
            }
        }
        let told = self.route53_tags(TagResourceType::Hostedzone, ids.iter().map(String::as_str).collect(), reading).await?;
        Ok(told.into_iter().filter_map(|(id, told)| bears(&id, told)).collect())
    }
}

impl Census<Certificate> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let regions = BTreeSet::from([self.region_of(None), GLOBAL]);
        let of_region = |region: &str| {
            let clients = self.at(region).0;
            async move {
                let (all, _) = list_certificates(&clients).await?;
                let (clients, arns) = (&clients, all.into_iter().filter_map(|raw| raw.certificate_arn).collect());
                each(arns, |arn: String| async move { Ok(bears(&arn, certificate_tags(clients, &arn, reading).await?)) }).await
            }
        };
        Ok(try_join_all(regions.into_iter().map(of_region)).await?.concat())
    }
}

impl Census<Distribution> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let (all, _) = self.list_distributions().await?;
        each(all, |raw| async move { Ok(bears(&raw.id, self.cloudfront_tags(&raw.arn, reading).await?)) }).await
    }
}

impl Census<CdnFunction> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let (mut all, mut next) = (vec![], None);
        loop {
            let page = self.read.cloudfront.list_functions().set_marker(next).send().await.told("cloudfront:ListFunctions")?;
            let Some(list) = page.function_list else { break };
            all.extend(list.items.unwrap_or_default());
            // A marker that says nothing would begin the list again.
            next = list.next_marker.filter(|marker| !marker.is_empty());
            if next.is_none() {
                break;
            }
        }
        // Of each stage there is a line, both with one ARN.
        let arn = |raw: &aws_sdk_cloudfront::types::FunctionSummary| raw.function_metadata.as_ref().map(|about| about.function_arn.clone());
        let named: BTreeSet<(String, String)> = all.iter().filter_map(|raw| Some((raw.name.clone(), arn(raw)?))).collect();
        let ask = |(name, arn): (String, String)| async move { Ok(bears(&name, self.cloudfront_tags(&arn, reading).await?)) };
        each(named.into_iter().collect(), ask).await
    }
}

impl Census<LogDelivery> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let (all, _) = self.describe_deliveries().await?;
        self.delivered(all.into_iter().filter_map(|raw| Some((raw.id?, raw.arn?))).collect(), reading).await
    }
}

impl Census<LogDeliverySource> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut all = vec![];
        let mut pages = self.deliveries().0.logs.describe_delivery_sources().into_paginator().send();
        while let Some(page) = pages.next().await {
            all.extend(page.told("logs:DescribeDeliverySources")?.delivery_sources.unwrap_or_default());
        }
        self.delivered(all.into_iter().filter_map(|raw| Some((raw.name?, raw.arn?))).collect(), reading).await
    }
}

impl Census<LogDeliveryDestination> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut all = vec![];
        let mut pages = self.deliveries().0.logs.describe_delivery_destinations().into_paginator().send();
        while let Some(page) = pages.next().await {
            all.extend(page.told("logs:DescribeDeliveryDestinations")?.delivery_destinations.unwrap_or_default());
        }
        self.delivered(all.into_iter().filter_map(|raw| Some((raw.name?, raw.arn?))).collect(), reading).await
    }
}

impl Aws {
    /// Those of the parts of deliveries, each by its id and its ARN, that bear a mark.
    async fn delivered(&self, parts: Vec<(String, String)>, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        each(parts, |(id, arn)| async move { Ok(self.delivery_tags(&arn, reading).await?.and_then(|told| bears(&id, told))) }).await
    }
}
