//! Quotas: which error code means which, its default, and where it is raised.

use bbws_kinds::GLOBAL;
use bbws_model::CloudError;

/// One quota of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    /// What is limited.
    pub what: &'static str,
    /// How many AWS gives at first.
    pub default: &'static str,
    /// Service and code of Service Quotas; empty where it cannot be raised there.
    pub code: &'static str,
}

impl Quota {
    /// Its page in the console; none where it has none.
    pub(super) fn page(&self, region: Option<&str>) -> Option<String> {
        let (service, number) = self.code.split_once('/')?;
        // What is the same everywhere has its quotas in one region.
        let region = if matches!(service, "cloudfront" | "iam" | "route53" | "s3") { Some(GLOBAL) } else { region };
        let host = region.map_or_else(String::new, |region| format!("{region}."));
        Some(format!("https://{host}console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{number}"))
    }
}

const fn quota(what: &'static str, default: &'static str, code: &'static str) -> Quota {
    Quota { what, default, code }
}

/// The service and the code under which Service Quotas has what a failed call has met, where it has it.
#[must_use]
pub fn quota_code(error: &CloudError) -> Option<(&'static str, &'static str)> {
    of(&error.code, &error.message)?.code.split_once('/')
}

/// By AWS's error code.
pub(super) fn of(code: &str, message: &str) -> Option<Quota> {
    Some(match code {
        "VpcLimitExceeded" => quota("VPCs per region (the default VPC counts too: an unused one can go)", "5", "vpc/L-F678F1CE"),
        "InternetGatewayLimitExceeded" => quota("internet gateways per region", "5", "vpc/L-A4707A72"),
        "SubnetLimitExceeded" => quota("subnets per VPC", "200", "vpc/L-407747CB"),
        "NatGatewayLimitExceeded" => quota("NAT gateways per zone (those being made or deleted count)", "5", "vpc/L-FE5A380F"),
        "AddressLimitExceeded" => quota("Elastic IPs per region (one that nothing uses can be released)", "5", "ec2/L-0263D0A3"),
        "RouteTableLimitExceeded" => quota("route tables per VPC", "200", "vpc/L-589F43AA"),
        "RouteLimitExceeded" | "ResourceCountLimitExceeded" => quota("routes per table", "50", "vpc/L-93826ACB"),
        "SecurityGroupLimitExceeded" => quota("security groups per region", "2500", "vpc/L-E79EC296"),
        "RulesPerSecurityGroupLimitExceeded" => quota("rules per security group and direction", "60", "vpc/L-0EA8095F"),
        "SecurityGroupsPerInterfaceLimitExceeded" => quota("security groups per network interface", "5", "vpc/L-2AFB9258"),
        "VpcEndpointLimitExceeded" => {
            quota("VPC endpoints", "20 gateway endpoints per region, 50 interface endpoints per VPC", "vpc/L-29B6F2EB")
        }
        "NetworkInterfaceLimitExceeded" => quota("network interfaces per region", "5000", "vpc/L-DF5E4CA3"),
        "TooManyLoadBalancers" => quota("application load balancers per region", "50", "elasticloadbalancing/L-53DA6B97"),
        "TooManyListeners" => quota("listeners per load balancer", "50", "elasticloadbalancing/L-B6DF7632"),
        "TooManyCertificates" => quota("certificates per load balancer", "25", "elasticloadbalancing/L-9365A611"),
        "TooManyBuckets" => quota("buckets per account (its quota is shown in us-east-1 only)", "10000", "s3/L-DC2B2D3D"),
        "FileSystemLimitExceeded" => quota("file systems per region", "1000", "elasticfilesystem/L-848C634D"),
        "TooManyHostedZones" => quota("hosted zones per account", "500", "route53/L-4EA4796A"),
        "TooManyDistributions" => quota("CloudFront distributions per account", "200", "cloudfront/L-24B04930"),
        "InstanceQuotaExceeded" | "DBInstanceQuotaExceeded" => quota("databases per region", "40", "rds/L-7B6409FD"),
        "DBSubnetGroupQuotaExceeded" => quota("DB subnet groups per region", "50", "rds/L-48C6BF61"),
        "DBParameterGroupQuotaExceeded" => quota("DB parameter groups per region", "50", "rds/L-DE55804A"),
        "LimitExceededException" if message.contains("clusters") => quota("ECS clusters per region", "10000", "ecs/L-21C621EB"),
        "TooManyHealthChecks" => quota("Route 53 health checks per account", "200", ""),
        "TooManyFunctions" => quota("CloudFront functions per account", "100", ""),
        "TagLimitExceeded" | "TooManyTags" | "TooManyTagsException" => quota("tags per resource", "50", ""),
        "LimitExceeded" if message.contains("RolesPerAccount") => quota("IAM roles per account", "1000", "iam/L-FE177D64"),
        "LimitExceeded" if message.contains("PoliciesPerRole") => quota("managed policies per role", "10", "iam/L-0DA4ABF3"),
        "LimitExceeded" if message.contains("ACLSizePerRole") => quota("characters of a role's trust policy", "2048", "iam/L-C07B4B0D"),
        _ => return None,
    })
}
