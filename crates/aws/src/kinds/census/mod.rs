//! What bears a mark of bbws, of every kind that can bear one. EC2 looks for tags itself; of most others everything is
//! listed, and the marked is picked out. Of three kinds an account may hold thousands, each with a call for its tags: what of
//! those bears a mark is told by AWS's index of tags, which is late by minutes, and each that it names is looked at itself.

mod data;
mod edge;
mod work;

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, Tag};
use bbws_engine::{Census, LINEAGE_TAG, Marked, Reading};
use bbws_kinds::{
    ElasticIp, FlowLog, InternetGateway, Listener, LoadBalancer, NatGateway, RouteTable, SecurityGroup, SecurityGroupRule, Subnet, Vpc,
    VpcEndpoint,
};
use bbws_model::{Class, CloudError, Ownership, Tags};
use futures::future::try_join_all;
use futures::{StreamExt, TryStreamExt, stream};

use super::ec2::{filter, from_tags};
use crate::Aws;
use crate::scan::ById;

/// So many tags are asked for side by side.
const SIDE_BY_SIDE: usize = 8;

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

/// Asks for the tags of each thing by itself. One that went in the meantime is none.
pub(super) async fn each<T, R, F>(things: Vec<T>, ask: impl Fn(T) -> F) -> Result<Vec<R>, CloudError>
where
    F: Future<Output = Result<Option<R>, CloudError>>,
{
    let asked = stream::iter(things.into_iter().map(ask)).buffered(SIDE_BY_SIDE).map(|told| match told {
        Err(error) if error.class == Class::Absent => Ok(None),
        told => told,
    });
    asked.try_filter_map(|found| async { Ok(found) }).try_collect().await
}

fn stays<T>(_: &T) -> bool {
    false
}

pub(super) fn is_leaving(state: &str) -> bool {
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
