//! What bears a mark of bbws, of every kind that AWS lists together with its tags, or with few calls more. EC2 looks for
//! tags itself; of the others everything is listed, and the marked is picked out.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, Tag};
use aws_sdk_route53::types::TagResourceType;
use bbws_engine::{Census, LINEAGE_TAG, Marked, Reading};
use bbws_kinds::{
    DbInstance, DbParameterGroup, DbSubnetGroup, ElasticIp, FileSystem, FlowLog, HealthCheck, InternetGateway, Listener, LoadBalancer,
    NatGateway, RouteTable, SecurityGroup, SecurityGroupRule, Subnet, Vpc, VpcEndpoint,
};
use bbws_model::{CloudError, Ownership, Tags};
use futures::future::try_join_all;

use super::ec2::{filter, from_tags};
use super::efs::from_efs_tags;
use super::rds::from_rds_tags;
use crate::Aws;
use crate::scan::ById;

/// The filter for everything that bears a mark.
fn marked() -> Filter {
    filter("tag-key", [LINEAGE_TAG])
}

/// The marked of those found, but for what is on its way out.
fn picked<T>(all: &ById<T>, tags: impl Fn(&T) -> (Tags, Option<Ownership>), leaves: impl Fn(&T) -> bool) -> Vec<Marked> {
    let here = all.iter().filter(|(_, raw)| !leaves(raw));
    here.filter_map(|(id, raw)| bears(id, tags(raw))).collect()
}

fn bears(id: &str, (tags, owner): (Tags, Option<Ownership>)) -> Option<Marked> {
    Some(Marked { id: id.into(), owner: owner?, tags })
}

fn stays<T>(_: &T) -> bool {
    false
}

fn is_leaving(state: &str) -> bool {
    state.to_ascii_lowercase().starts_with("delet")
}

fn ec2(tags: &[Tag]) -> (Tags, Option<Ownership>) {
    from_tags(tags)
}

impl Census<Vpc> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_vpcs(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<Subnet> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_subnets(vec![marked()]).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<InternetGateway> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_internet_gateways(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<ElasticIp> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_addresses(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<NatGateway> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let leaves = |raw: &aws_sdk_ec2::types::NatGateway| raw.state().is_some_and(|state| is_leaving(state.as_str()));
        Ok(picked(&self.describe_nat_gateways(vec![marked()]).await?.0, |raw| ec2(raw.tags()), leaves))
    }
}

impl Census<RouteTable> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_route_tables(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<SecurityGroup> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_groups(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<SecurityGroupRule> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_rules(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<VpcEndpoint> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let leaves = |raw: &aws_sdk_ec2::types::VpcEndpoint| raw.state().is_some_and(|state| is_leaving(state.as_str()));
        Ok(picked(&self.describe_endpoints(marked()).await?.0, |raw| ec2(raw.tags()), leaves))
    }
}

impl Census<FlowLog> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        Ok(picked(&self.describe_flow_logs(marked()).await?.0, |raw| ec2(raw.tags()), stays))
    }
}

impl Census<LoadBalancer> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let all = self.load_balancers(reading).await?;
        let arns: Vec<&str> = all.iter().filter_map(|raw| raw.load_balancer_arn()).collect();
        Ok(self.elb_tags_of(&arns, reading).await?.into_iter().filter_map(|(arn, told)| bears(&arn, told)).collect())
    }
}

impl Census<Listener> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let on = self.load_balancers(reading).await?;
        let on = on.iter().filter_map(|raw| raw.load_balancer_arn());
        let listeners = try_join_all(on.map(|arn| self.listeners_of(arn, reading))).await?;
        let arns: BTreeSet<&str> = listeners.iter().flat_map(|all| all.iter()).filter_map(|raw| raw.listener_arn()).collect();
        let told = self.elb_tags_of(&Vec::from_iter(arns), reading).await?;
        Ok(told.into_iter().filter_map(|(arn, told)| bears(&arn, told)).collect())
    }
}

impl Census<DbInstance> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let leaves = |raw: &aws_sdk_rds::types::DbInstance| raw.db_instance_status().is_some_and(is_leaving);
        Ok(picked(self.db_instances(reading).await?.as_ref(), |raw| from_rds_tags(raw.tag_list()), leaves))
    }
}

impl Census<DbSubnetGroup> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut marked = vec![];
        for (name, raw) in self.db_subnet_groups(reading).await?.iter() {
            if let Some(arn) = raw.db_subnet_group_arn() {
                marked.extend(bears(name, self.rds_tags(arn, reading).await?.as_ref().clone()));
            }
        }
        Ok(marked)
    }
}

impl Census<DbParameterGroup> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut marked = vec![];
        for (name, raw) in self.db_parameter_groups(reading).await?.iter() {
            if let Some(arn) = raw.db_parameter_group_arn() {
                marked.extend(bears(name, self.rds_tags(arn, reading).await?.as_ref().clone()));
            }
        }
        Ok(marked)
    }
}

impl Census<FileSystem> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let leaves = |raw: &aws_sdk_efs::types::FileSystemDescription| is_leaving(raw.life_cycle_state().as_str());
        Ok(picked(self.file_systems(reading).await?.as_ref(), |raw| from_efs_tags(raw.tags()), leaves))
    }
}

impl Census<HealthCheck> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let (all, _) = self.list_health_checks().await?;
        let ids = all.iter().map(|raw| raw.id()).collect();
        let told = self.route53_tags(TagResourceType::Healthcheck, ids, reading).await?;
        Ok(told.into_iter().filter_map(|(id, told)| bears(&id, told)).collect())
    }
}
