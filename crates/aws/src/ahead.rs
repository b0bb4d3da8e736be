//! What is looked at before an apply: the region and its zones, quotas and what uses them, what RDS offers and supports, whose a
//! name is, services' own roles, and what IAM would say.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{AvailabilityZoneState, Filter};
use aws_sdk_elasticloadbalancingv2::types::LoadBalancerTypeEnum;
use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType, SummaryKeyType};
use aws_sdk_rds::types::LifecycleSupportName;
use aws_sdk_route53::types::AccountLimitType;
use bbws_kinds::GLOBAL;
use bbws_model::{Class, CloudError, Principal};

use crate::{Aws, Told};

/// The services whose quotas are shown there alone.
const OF_THE_ACCOUNT: [&str; 2] = ["cloudfront", "s3"];

/// Whose the name of a bucket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketOwner {
    /// Nobody's.
    Nobody,
    /// This account's.
    Us,
    /// Another account's, or it may not be looked at.
    Others,
}

impl Aws {
    /// Whether the account has a region switched on, in EC2's words. Asked elsewhere: a region that is off answers nobody.
    ///
    /// # Errors
    /// When EC2 does not answer, or does not know the region.
    pub async fn region_status(&self, region: &str) -> Result<String, CloudError> {
        const OPERATION: &str = "ec2:DescribeRegions";
        let ask = self.at(GLOBAL).0.ec2.describe_regions().all_regions(true).region_names(region);
        let status = ask.send().await.told(OPERATION)?.regions.unwrap_or_default().into_iter().find_map(|one| one.opt_in_status);
        status.ok_or_else(|| CloudError::own(OPERATION, Class::Invalid, format!("EC2 does not say whether {region} is on")))
    }

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
        let region = if OF_THE_ACCOUNT.contains(&service) { GLOBAL } else { &self.region };
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
            "db-subnet-group" => {
                let mut pages = read.rds.describe_db_subnet_groups().into_paginator().send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("rds:DescribeDBSubnetGroups")?.db_subnet_groups().len());
                }
            }
            // RDS does not count its own: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
            "db-parameter-group" => {
                let own = |name: Option<&str>| name.is_some_and(|name| name.starts_with("default."));
                let mut pages = read.rds.describe_db_parameter_groups().into_paginator().send();
                while let Some(page) = pages.next().await {
                    let page = page.told("rds:DescribeDBParameterGroups")?;
                    add(String::new(), page.db_parameter_groups().iter().filter(|raw| !own(raw.db_parameter_group_name())).count());
                }
            }
            "distribution" => {
                let mut pages = read.cloudfront.list_distributions().into_paginator().send();
                while let Some(page) = pages.next().await {
                    let page = page.told("cloudfront:ListDistributions")?;
                    add(String::new(), page.distribution_list().map_or(0, |list| list.items().len()));
                }
            }
            "security-group" => {
                let mut pages = read.ec2.describe_security_groups().into_paginator().page_size(1000).send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("ec2:DescribeSecurityGroups")?.security_groups().len());
                }
            }
            "network-interface" => {
                let mut pages = read.ec2.describe_network_interfaces().into_paginator().page_size(1000).send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("ec2:DescribeNetworkInterfaces")?.network_interfaces().len());
                }
            }
            "file-system" => {
                let mut pages = read.efs.describe_file_systems().into_paginator().page_size(100).send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("elasticfilesystem:DescribeFileSystems")?.file_systems().len());
                }
            }
            "ecs-cluster" => {
                let mut pages = read.ecs.list_clusters().into_paginator().page_size(100).send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("ecs:ListClusters")?.cluster_arns().len());
                }
            }
            "bucket" => {
                let mut pages = read.s3.list_buckets().into_paginator().page_size(1000).send();
                while let Some(page) = pages.next().await {
                    add(String::new(), page.told("s3:ListBuckets")?.buckets().len());
                }
            }
            _ => return Err(CloudError::own("count", Class::Invalid, format!("nobody counts {kind}"))),
        }
        Ok(used)
    }

    /// How many IAM roles there may be, and how many there are: one call tells both.
    ///
    /// # Errors
    /// When IAM does not answer, or not with both.
    pub async fn roles(&self) -> Result<(f64, usize), CloudError> {
        const OPERATION: &str = "iam:GetAccountSummary";
        let told = self.read.iam.get_account_summary().send().await.told(OPERATION)?.summary_map.unwrap_or_default();
        let of = |key: SummaryKeyType| {
            let untold = || CloudError::own(OPERATION, Class::Invalid, format!("IAM does not tell {}", key.as_str()));
            told.get(&key).copied().ok_or_else(untold)
        };
        let used = usize::try_from(of(SummaryKeyType::Roles)?).unwrap_or_default();
        Ok((of(SummaryKeyType::RolesQuota)?.into(), used))
    }

    /// The same of hosted zones.
    ///
    /// # Errors
    /// When Route 53 does not answer.
    pub async fn hosted_zones(&self) -> Result<(f64, usize), CloudError> {
        const OPERATION: &str = "route53:GetAccountLimit";
        let told = self.read.route53.get_account_limit().r#type(AccountLimitType::MaxHostedZonesByOwner).send().await.told(OPERATION)?;
        let most = told.limit.map(|limit| limit.value).unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "quotas are small")]
        Ok((most as f64, usize::try_from(told.count).unwrap_or_default()))
    }

    /// When standard support of a line of MySQL ends, in seconds since 1970; none where RDS does not say.
    ///
    /// # Errors
    /// When RDS does not answer.
    pub async fn standard_support(&self, version: &str) -> Result<Option<i64>, CloudError> {
        let line: Vec<&str> = version.split('.').take(2).collect();
        let ask = self.read.rds.describe_db_major_engine_versions().engine("mysql").major_engine_version(line.join("."));
        let answer = ask.send().await.told("rds:DescribeDBMajorEngineVersions")?;
        let cycles = answer.db_major_engine_versions().iter().flat_map(|one| one.supported_engine_lifecycles());
        let standard = |name: &LifecycleSupportName| *name == LifecycleSupportName::OpenSourceRdsStandardSupport;
        let mut ends = cycles.filter(|one| one.lifecycle_support_name().is_some_and(standard));
        Ok(ends.find_map(|one| one.lifecycle_support_end_date()).map(|end| end.secs()))
    }

    /// Whose the name of a bucket is.
    ///
    /// # Errors
    /// When S3 does not answer.
    pub async fn bucket_owner(&self, bucket: &str) -> Result<BucketOwner, CloudError> {
        match self.read.s3.head_bucket().bucket(bucket).send().await.told("s3:HeadBucket") {
            Ok(_) => Ok(BucketOwner::Us),
            Err(error) if error.class == Class::Absent => Ok(BucketOwner::Nobody),
            Err(error) if error.class == Class::Denied => Ok(BucketOwner::Others),
            Err(error) => Err(error),
        }
    }

    /// Whether a service has its own role in the account.
    ///
    /// # Errors
    /// When IAM does not answer.
    pub async fn has_role(&self, role: &str) -> Result<bool, CloudError> {
        match self.read.iam.get_role().role_name(role).send().await.told("iam:GetRole") {
            Ok(_) => Ok(true),
            Err(error) if error.class == Class::Absent => Ok(false),
            Err(error) => Err(error),
        }
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
    let arn = Principal::of(caller, None).arn;
    let what = arn.splitn(6, ':').nth(5)?;
    (what.starts_with("role/") || what.starts_with("user/")).then_some(arn)
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
