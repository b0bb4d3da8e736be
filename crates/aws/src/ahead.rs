//! What is looked at before an apply: zones, quotas and what uses them, what RDS offers, and what IAM would say.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{AvailabilityZoneState, Filter};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType};
use bbws_model::{Class, CloudError};

use crate::{Aws, Told};

/// The region of services that have none.
const EDGE: &str = "us-east-1";

impl Aws {
    /// The zones of the region that an account may use.
    ///
    /// # Errors
    /// When EC2 does not answer.
    pub async fn available_zones(&self) -> Result<BTreeSet<String>, CloudError> {
        let only = Filter::builder().name("opt-in-status").values("opt-in-not-required").build();
        let answer = self.read.ec2.describe_availability_zones().filters(only).send().await.told("ec2:DescribeAvailabilityZones")?;
        let available = answer.availability_zones.unwrap_or_default();
        let available = available.into_iter().filter(|zone| zone.state == Some(AvailabilityZoneState::Available));
        Ok(available.filter_map(|zone| zone.zone_name).collect())
    }

    /// How many there may be, as Service Quotas has it.
    ///
    /// # Errors
    /// When it does not answer, or not with a number.
    pub async fn quota(&self, service: &str, code: &str) -> Result<f64, CloudError> {
        const OPERATION: &str = "servicequotas:GetServiceQuota";
        let region = if service == "cloudfront" { EDGE } else { &self.region };
        let answer = self.at(region).0.quotas.get_service_quota().service_code(service).quota_code(code).send().await.told(OPERATION)?;
        let value = answer.quota.and_then(|quota| quota.value);
        value.ok_or_else(|| CloudError::own(OPERATION, Class::Invalid, format!("{service}/{code} has no value")))
    }

    /// How many of a kind there are in the region, whoever made them; NAT gateways by their zone.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn count(&self, kind: &str) -> Result<BTreeMap<String, usize>, CloudError> {
        let read = &self.read;
        let mut used = BTreeMap::new();
        let mut add = |place: String, more: usize| *used.entry(place).or_default() += more;
        match kind {
            "vpc" => {
                let mut pages = read.ec2.describe_vpcs().into_paginator().send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("ec2:DescribeVpcs")?.vpcs().len());
                }
            }
            "internet-gateway" => {
                let mut pages = read.ec2.describe_internet_gateways().into_paginator().send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("ec2:DescribeInternetGateways")?.internet_gateways().len());
                }
            }
            "elastic-ip" => {
                add(String::new(), read.ec2.describe_addresses().send().await.told("ec2:DescribeAddresses")?.addresses().len());
            }
            "nat-gateway" => {
                let mut zones = BTreeMap::new();
                let mut pages = read.ec2.describe_subnets().into_paginator().send();
                while let Some(page) = pages.next().await {
                    let subnets = page.told("ec2:DescribeSubnets")?.subnets.unwrap_or_default();
                    zones.extend(subnets.into_iter().filter_map(|subnet| Some((subnet.subnet_id?, subnet.availability_zone?))));
                }
                // Those that come and those that go count too.
                let living = Filter::builder().name("state").values("pending").values("available").values("deleting").build();
                let mut pages = read.ec2.describe_nat_gateways().filter(living).into_paginator().send();
                while let Some(page) = pages.next().await {
                    for gateway in page.told("ec2:DescribeNatGateways")?.nat_gateways() {
                        add(gateway.subnet_id().and_then(|subnet| zones.get(subnet)).cloned().unwrap_or_default(), 1);
                    }
                }
            }
            "load-balancer" => {
                let mut pages = read.elb.describe_load_balancers().into_paginator().send();
                while let Some(page) = pages.next().await {
                    let page = page.told("elasticloadbalancing:DescribeLoadBalancers")?;
                    add(
                        String::new(),
                        page.load_balancers().iter().filter(|one| one.r#type == Some(LoadBalancerTypeEnum::Application)).count(),
                    );
                }
            }
            "db-instance" => {
                let mut pages = read.rds.describe_db_instances().into_paginator().send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("rds:DescribeDBInstances")?.db_instances().len());
                }
            }
            "distribution" => {
                let mut pages = read.cloudfront.list_distributions().into_paginator().send();
                while let Some(page) = pages.next().await {
                    let page = page.told("cloudfront:ListDistributions")?;
                    add(String::new(), page.distribution_list().map_or(0, |list| list.items().len()));
                }
            }
            _ => return Err(CloudError::own("count", Class::Invalid, format!("nobody counts {kind}"))),
        }
        Ok(used)
    }

    /// The versions of MySQL that a class is offered with, each with its zones.
    ///
    /// # Errors
    /// When RDS does not answer.
    pub async fn offered(&self, class: &str) -> Result<Vec<(String, BTreeSet<String>)>, CloudError> {
        let mut offers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let options = self.read.rds.describe_orderable_db_instance_options().engine("mysql").db_instance_class(class).vpc(true);
        let mut pages = options.into_paginator().send();
        while let Some(page) = pages.next().await {
            for option in page.told("rds:DescribeOrderableDBInstanceOptions")?.orderable_db_instance_options() {
                let zones = option.availability_zones().iter().filter_map(|zone| zone.name().map(str::to_owned));
                offers.entry(option.engine_version().unwrap_or_default().to_owned()).or_default().extend(zones);
            }
        }
        Ok(offers.into_iter().collect())
    }

    /// Which of these actions IAM's simulation denies a principal on a resource.
    ///
    /// # Errors
    /// When IAM does not answer, or does not know the principal.
    pub async fn simulate(
        &self,
        principal: &str,
        actions: &[String],
        resource: &str,
        context: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<String>, CloudError> {
        let entry = |(key, values): (&String, &Vec<String>)| {
            let sort = if values.len() == 1 { ContextKeyTypeEnum::String } else { ContextKeyTypeEnum::StringList };
            ContextEntry::builder().context_key_name(key).set_context_key_values(Some(values.clone())).context_key_type(sort).build()
        };
        let asked = self.read.iam.simulate_principal_policy().policy_source_arn(principal).set_action_names(Some(actions.to_vec()));
        let asked = asked.resource_arns(resource).set_context_entries(Some(context.iter().map(entry).collect()));
        let mut denied = vec![];
        let mut pages = asked.into_paginator().send();
        while let Some(page) = pages.next().await {
            for result in page.told("iam:SimulatePrincipalPolicy")?.evaluation_results() {
                if *result.eval_decision() != PolicyEvaluationDecisionType::Allowed {
                    denied.push(result.eval_action_name().to_owned());
                }
            }
        }
        Ok(denied)
    }
}

/// The user or role behind a caller, as IAM's simulation wants it; none for the root user and for federated ones. The path of a
/// role does not stand in the caller's ARN: of a role with one the simulation knows nothing.
#[must_use]
pub fn principal(caller: &str) -> Option<String> {
    let parts: Vec<&str> = caller.splitn(6, ':').collect();
    let [arn, partition, service, _, account, what] = parts.as_slice() else { return None };
    match (*service, what.split('/').collect::<Vec<_>>().as_slice()) {
        ("sts", ["assumed-role", role, _]) => Some(format!("{arn}:{partition}:iam::{account}:role/{role}")),
        ("iam", ["user", ..]) => Some(caller.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_its_role() {
        assert_eq!(principal("arn:aws:sts::1:assumed-role/deploy/me").as_deref(), Some("arn:aws:iam::1:role/deploy"));
        assert_eq!(principal("arn:aws:iam::1:user/team/me").as_deref(), Some("arn:aws:iam::1:user/team/me"));
        assert_eq!(principal("arn:aws:iam::1:root"), None);
        assert_eq!(principal("nobody"), None);
    }
}
