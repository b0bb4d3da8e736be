//! Everything of the kinds whose objects have no name of their own, whoever made it. Each read is one that the kind's driver
//! makes too, so that whoever may plan may list. What others have marked is listed with its mark.

mod named;

use std::collections::BTreeSet;

use aws_sdk_cloudfront::types::DistributionSummary;
use aws_sdk_ec2::types::Tag;
use aws_sdk_route53::types::TagResourceType;
use bbws_engine::{Candidate, Listing, Reading};
use bbws_kinds::{
    Certificate, Distribution, DomainName, ElasticIp, FileSystem, GLOBAL, HealthCheck, LoadBalancer, NatGateway, RouteTable, Subnet,
    TaskDefinition, Vpc,
};
use bbws_model::{Class, CloudError, Ownership, Tags};
use futures::future::try_join_all;
use serde_json::Value;

use super::census::{each, is_leaving};
use super::certificate::{certificate_tags, list_certificates};
use super::ec2::{filter, from_tags};
use super::efs::from_efs_tags;
use crate::Aws;

type Facts = Vec<(&'static str, String)>;

fn candidate(id: &str, (tags, owner): (Tags, Option<Ownership>), facts: Facts) -> Candidate {
    let name = tags.iter().find(|(key, _)| *key == "Name").map(|(_, name)| name.to_owned());
    Candidate { id: id.into(), owner, name, facts }
}

fn of_ec2(id: &str, tags: &[Tag], facts: Facts) -> Candidate {
    candidate(id, from_tags(tags), facts)
}

fn fact(name: &'static str, value: Option<&str>) -> Option<(&'static str, String)> {
    value.map(|value| (name, value.to_owned()))
}

fn domain(name: &str) -> String {
    DomainName::new(name).as_str().to_owned()
}

impl Listing<Vpc> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.describe_vpcs(None).await?;
        Ok(all.iter().map(|(id, raw)| of_ec2(id, raw.tags(), fact("cidr", raw.cidr_block()).into_iter().collect())).collect())
    }
}

impl Listing<Subnet> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.describe_subnets(vec![]).await?;
        let facts =
            |raw: &aws_sdk_ec2::types::Subnet| [fact("vpc", raw.vpc_id()), fact("cidr", raw.cidr_block())].into_iter().flatten().collect();
        Ok(all.iter().map(|(id, raw)| of_ec2(id, raw.tags(), facts(raw))).collect())
    }
}

impl Listing<ElasticIp> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.describe_addresses(None).await?;
        let facts = |raw: &aws_sdk_ec2::types::Address| {
            [fact("public_ip", raw.public_ip()), fact("association", raw.association_id())].into_iter().flatten().collect()
        };
        Ok(all.iter().map(|(id, raw)| of_ec2(id, raw.tags(), facts(raw))).collect())
    }
}

impl Listing<NatGateway> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.describe_nat_gateways(vec![filter("state", ["pending", "available"])]).await?;
        let facts = |raw: &aws_sdk_ec2::types::NatGateway| {
            let addresses = raw.nat_gateway_addresses().iter().filter_map(|address| fact("elastic_ip", address.allocation_id()));
            [fact("vpc", raw.vpc_id()), fact("subnet", raw.subnet_id())].into_iter().flatten().chain(addresses).collect()
        };
        Ok(all.iter().map(|(id, raw)| of_ec2(id, raw.tags(), facts(raw))).collect())
    }
}

impl Listing<RouteTable> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.describe_route_tables(None).await?;
        let facts = |raw: &aws_sdk_ec2::types::RouteTable| {
            let subnets = raw.associations().iter().filter_map(|of| fact("subnet", of.subnet_id()));
            let main = raw.associations().iter().any(|of| of.main() == Some(true)).then(|| ("main", "true".to_owned()));
            fact("vpc", raw.vpc_id()).into_iter().chain(subnets).chain(main).collect()
        };
        Ok(all.iter().map(|(id, raw)| of_ec2(id, raw.tags(), facts(raw))).collect())
    }
}

impl Listing<LoadBalancer> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let all = self.load_balancers(reading).await?;
        let arns: Vec<&str> = all.iter().filter_map(|raw| raw.load_balancer_arn()).collect();
        let mut tags = self.elb_tags_of(&arns, reading).await?;
        let facts = |raw: &aws_sdk_elasticloadbalancingv2::types::LoadBalancer| {
            let names = [
                fact("name", raw.load_balancer_name()),
                fact("dns_name", raw.dns_name()),
                fact("vpc", raw.vpc_id()),
                fact("type", raw.r#type().map(|sort| sort.as_str())),
            ];
            names.into_iter().flatten().collect()
        };
        let found = all.iter().filter_map(|raw| Some((raw.load_balancer_arn()?, raw)));
        Ok(found.filter_map(|(arn, raw)| Some(candidate(arn, tags.remove(arn)?, facts(raw)))).collect())
    }
}

impl Listing<FileSystem> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let all = self.file_systems(reading).await?;
        let stays = all.iter().filter(|(_, raw)| !is_leaving(raw.life_cycle_state().as_str()));
        let stays = stays.map(|(id, raw)| (id.clone(), from_efs_tags(raw.tags()))).collect();
        each(stays, |(id, told): (String, (Tags, Option<Ownership>))| async move {
            let targets = self.mount_targets(&id, reading).await?;
            let subnets = targets.iter().map(|target| ("subnet", target.subnet_id().to_owned())).collect();
            Ok(Some(candidate(&id, told, subnets)))
        })
        .await
    }
}

impl Listing<Certificate> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let regions = BTreeSet::from([self.region_of(None), GLOBAL]);
        let of_region = |region: &str| {
            let (clients, region) = (self.at(region).0, region.to_owned());
            async move {
                let (all, _) = list_certificates(&clients).await?;
                let (clients, region) = (&clients, &region);
                each(all, |raw| async move {
                    let Some(arn) = raw.certificate_arn() else { return Ok(None) };
                    let told = certificate_tags(clients, arn, reading).await?;
                    let names = raw.subject_alternative_name_summaries().iter().map(|name| ("name", domain(name)));
                    let status = fact("status", raw.status().map(|status| status.as_str()));
                    let mut facts: Facts = names.chain(status).chain([("region", region.clone())]).collect();
                    facts.extend(raw.domain_name().map(|name| ("domain", domain(name))));
                    Ok(Some(candidate(arn, told, facts)))
                })
                .await
            }
        };
        Ok(try_join_all(regions.into_iter().map(of_region)).await?.concat())
    }
}

impl Listing<Distribution> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.list_distributions().await?;
        let facts = |raw: &DistributionSummary| {
            let aliases = raw.aliases.iter().filter_map(|list| list.items.as_ref()).flatten().map(|name| ("alias", domain(name)));
            let origins = raw.origins.iter().flat_map(|list| &list.items).map(|origin| ("origin", domain(&origin.domain_name)));
            aliases.chain(origins).collect::<Facts>()
        };
        each(all, |raw| async move { Ok(Some(candidate(&raw.id, self.cloudfront_tags(&raw.arn, reading).await?, facts(&raw)))) }).await
    }
}

impl Listing<HealthCheck> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.list_health_checks().await?;
        let ids = all.iter().map(|raw| raw.id()).collect();
        let mut tags = self.route53_tags(TagResourceType::Healthcheck, ids, reading).await?;
        let facts = |raw: &aws_sdk_route53::types::HealthCheck| {
            let config = raw.health_check_config.as_ref();
            let name = config.and_then(|config| config.fully_qualified_domain_name()).map(|name| ("domain", domain(name)));
            let path = config.and_then(|config| config.resource_path()).map(|path| ("path", path.to_owned()));
            name.into_iter().chain(path).collect()
        };
        Ok(all.iter().filter_map(|raw| Some(candidate(raw.id(), tags.remove(raw.id())?, facts(raw)))).collect())
    }
}

/// Of each family of the file the newest revision, which AWS runs where none is named: an account holds thousands.
impl Listing<TaskDefinition> for Aws {
    async fn all(&self, wanted: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let families: BTreeSet<String> = wanted.iter().filter_map(|spec| spec.get("family")?.as_str().map(str::to_owned)).collect();
        each(families.into_iter().collect(), |family: String| async move {
            let Some(arn) = self.revisions(&family, reading).await?.first().cloned() else { return Ok(None) };
            let told = match self.revision(&arn, reading).await {
                Ok(Some(seen)) => (seen.spec.tags, seen.owner),
                Ok(None) => return Ok(None),
                // It has what bbws does not know: whoever takes it is told so.
                Err(error) if error.class == Class::Invalid => (Tags::default(), None),
                Err(error) => return Err(error),
            };
            Ok(Some(candidate(&arn, told, vec![("family", family)])))
        })
        .await
    }
}
