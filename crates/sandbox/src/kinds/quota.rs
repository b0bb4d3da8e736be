//! Service quotas: what AWS gives at first, or what it was raised or lowered to. What is asked beforehand and what a create is
//! held to are the same.

use aws_sdk_iam::operation::get_account_summary::{GetAccountSummaryInput, GetAccountSummaryOutput};
use aws_sdk_iam::types::SummaryKeyType;
use aws_sdk_route53::operation::get_account_limit::{GetAccountLimitInput, GetAccountLimitOutput};
use aws_sdk_route53::types::{AccountLimit, AccountLimitType};
use aws_sdk_servicequotas::operation::get_service_quota::{GetServiceQuotaInput, GetServiceQuotaOutput};
use aws_sdk_servicequotas::types::ServiceQuota;

use crate::cloud::{At, GLOBAL};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

/// A quota of a service.
pub(crate) struct Quota {
    service: &'static str,
    code: &'static str,
    name: &'static str,
    /// What AWS gives at first.
    first: u32,
    where_known: Known,
}

/// Where a quota is told.
#[derive(PartialEq, Eq)]
enum Known {
    /// By Service Quotas, in each region for itself.
    Region,
    /// By Service Quotas, at one place for all regions.
    Account,
    /// By the service alone.
    Service,
}

const fn quota(service: &'static str, code: &'static str, name: &'static str, first: u32, where_known: Known) -> Quota {
    Quota { service, code, name, first, where_known }
}

pub(crate) const VPCS: Quota = quota("vpc", "L-F678F1CE", "VPCs per Region", 5, Known::Region);
pub(crate) const INTERNET_GATEWAYS: Quota = quota("vpc", "L-A4707A72", "Internet gateways per Region", 5, Known::Region);
pub(crate) const ADDRESSES: Quota = quota("ec2", "L-0263D0A3", "EC2-VPC Elastic IPs", 5, Known::Region);
pub(crate) const NAT_GATEWAYS: Quota = quota("vpc", "L-FE5A380F", "NAT gateways per Availability Zone", 5, Known::Region);
pub(crate) const LOAD_BALANCERS: Quota =
    quota("elasticloadbalancing", "L-53DA6B97", "Application Load Balancers per Region", 50, Known::Region);
pub(crate) const DATABASES: Quota = quota("rds", "L-7B6409FD", "DB instances", 40, Known::Region);
pub(crate) const DB_SUBNET_GROUPS: Quota = quota("rds", "L-48C6BF61", "DB subnet groups", 50, Known::Region);
pub(crate) const DB_PARAMETER_GROUPS: Quota = quota("rds", "L-DE55804A", "Parameter groups", 50, Known::Region);
pub(crate) const DISTRIBUTIONS: Quota = quota("cloudfront", "L-24B04930", "Web distributions per AWS account", 200, Known::Account);
pub(crate) const SECURITY_GROUPS: Quota = quota("vpc", "L-E79EC296", "VPC security groups per Region", 2500, Known::Region);
pub(crate) const GROUP_RULES: Quota = quota("vpc", "L-0EA8095F", "Inbound or outbound rules per security group", 60, Known::Region);
const GROUPS_OF_INTERFACE: Quota = quota("vpc", "L-2AFB9258", "Security groups per network interface", 5, Known::Region);
const INTERFACES: Quota = quota("vpc", "L-DF5E4CA3", "Network interfaces per Region", 5000, Known::Region);
pub(crate) const FILE_SYSTEMS: Quota = quota("elasticfilesystem", "L-848C634D", "File systems per account", 1000, Known::Region);
pub(crate) const CLUSTERS: Quota = quota("ecs", "L-21C621EB", "Clusters per account", 10_000, Known::Region);
pub(crate) const BUCKETS: Quota = quota("s3", "L-DC2B2D3D", "General purpose buckets", 10_000, Known::Account);
pub(crate) const ROLES: Quota = quota("iam", "L-FE177D64", "Roles per account", 1000, Known::Service);
pub(crate) const HOSTED_ZONES: Quota = quota("route53", "L-4EA4796A", "Hosted zones per account", 500, Known::Service);

/// All of which Service Quotas is asked.
const ASKED: [Quota; 16] = [
    VPCS,
    INTERNET_GATEWAYS,
    ADDRESSES,
    NAT_GATEWAYS,
    LOAD_BALANCERS,
    DATABASES,
    DB_SUBNET_GROUPS,
    DB_PARAMETER_GROUPS,
    DISTRIBUTIONS,
    SECURITY_GROUPS,
    GROUP_RULES,
    GROUPS_OF_INTERFACE,
    INTERFACES,
    FILE_SYSTEMS,
    CLUSTERS,
    BUCKETS,
];

impl Quota {
    /// How many the caller may have.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "quotas are whole and small")]
    pub(crate) fn most(&self, at: &mut At<'_>) -> usize {
        let place = if self.where_known == Known::Region { at.here() } else { at.global() };
        place.quotas.get(self.code).copied().unwrap_or_else(|| f64::from(self.first)) as usize
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_quota).on(account_summary).on(account_limit)
}

fn get_quota(at: &mut At<'_>, input: &GetServiceQuotaInput) -> Answer<GetServiceQuotaOutput> {
    let (service, code) = (input.service_code().unwrap_or_default(), input.quota_code().unwrap_or_default());
    let found = ASKED.iter().find(|one| one.service == service && one.code == code);
    let Some(one) = found.filter(|one| one.where_known == Known::Region || at.region == GLOBAL) else {
        return Err(refuse(400, "NoSuchResourceException", "The request failed because the specified quota does not exist."));
    };
    let most = u32::try_from(one.most(at)).map_or(f64::MAX, f64::from);
    let quota = ServiceQuota::builder().service_code(service).quota_code(code).quota_name(one.name).value(most).build();
    Ok(GetServiceQuotaOutput::builder().quota(quota).build())
}

fn account_summary(at: &mut At<'_>, _: &GetAccountSummaryInput) -> Answer<GetAccountSummaryOutput> {
    let whole = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let summary = [(SummaryKeyType::Roles, whole(at.global().roles.len())), (SummaryKeyType::RolesQuota, whole(ROLES.most(at)))];
    Ok(GetAccountSummaryOutput::builder().set_summary_map(Some(summary.into())).build())
}

fn account_limit(at: &mut At<'_>, input: &GetAccountLimitInput) -> Answer<GetAccountLimitOutput> {
    if input.r#type() != Some(&AccountLimitType::MaxHostedZonesByOwner) {
        return Err(refuse(400, "InvalidInput", "sandbox: only the limit of hosted zones is simulated"));
    }
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let limit = AccountLimit::builder().r#type(AccountLimitType::MaxHostedZonesByOwner).value(whole(HOSTED_ZONES.most(at))).build()?;
    Ok(GetAccountLimitOutput::builder().limit(limit).count(whole(at.global().hosted_zones.len())).build())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aws_sdk_ec2::error::ProvideErrorMetadata as _;

    const ACCOUNT: &str = "536580886816";
    const REGION: &str = "af-south-1";

    /// What is told is what holds, raised or lowered.
    #[tokio::test(start_paused = true)]
    async fn a_create_is_held_to_the_quota_that_is_told() {
        let sandbox = crate::Sandbox::in_memory(ACCOUNT);
        let aws = bbws_aws::Aws::new(Arc::new(sandbox.clone()), REGION);
        aws.gate().open_for(&["ec2:AllocateAddress"]);
        let mut had = 0;
        for most in [2_u32, 4] {
            sandbox.sim().tamper(|cloud| cloud.set_quota(ACCOUNT, REGION, "L-0263D0A3", f64::from(most)));
            assert!((aws.quota("ec2", "L-0263D0A3").await.unwrap() - f64::from(most)).abs() < f64::EPSILON);
            loop {
                match aws.write.ec2.allocate_address().send().await {
                    Ok(_) => had += 1,
                    Err(error) => {
                        assert_eq!(error.code(), Some("AddressLimitExceeded"));
                        break;
                    }
                }
            }
            assert_eq!(had, most);
        }
    }
}
