//! Quotas that a plan may run into, and those that are told of after AWS has refused.

use std::collections::BTreeMap;

use bbws_model::{Finding, Severity};

/// A sort of thing of which an account may have so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// VPCs of a region.
    Vpcs,
    /// Internet gateways of a region.
    InternetGateways,
    /// Elastic IPs of a region.
    Addresses,
    /// NAT gateways of a zone.
    NatGateways,
    /// Security groups of a region.
    SecurityGroups,
    /// Rules of one security group in one direction.
    GroupRules,
    /// Security groups of one network interface.
    GroupsOfInterface,
    /// Network interfaces of a region.
    Interfaces,
    /// Application load balancers of a region.
    LoadBalancers,
    /// Databases of a region.
    Databases,
    /// Subnet groups of databases, of a region.
    DbSubnetGroups,
    /// Parameter groups of databases, of a region; RDS's own do not count.
    DbParameterGroups,
    /// File systems of a region.
    FileSystems,
    /// ECS clusters of a region.
    Clusters,
    /// Distributions of the account.
    Distributions,
    /// Buckets of the account.
    Buckets,
    /// Hosted zones of the account.
    HostedZones,
    /// IAM roles of the account.
    Roles,
}

/// What is to be known of a sort.
struct About {
    /// The kind that counts.
    kind: &'static str,
    /// The service and the code under which Service Quotas has it.
    code: (&'static str, &'static str),
    /// What people call it.
    words: &'static str,
    /// What can free one.
    free: &'static str,
}

const fn about(kind: &'static str, code: (&'static str, &'static str), words: &'static str, free: &'static str) -> About {
    About { kind, code, words, free }
}

impl Counted {
    /// All of them.
    pub const ALL: [Self; 18] = [
        Self::Vpcs,
        Self::InternetGateways,
        Self::Addresses,
        Self::NatGateways,
        Self::SecurityGroups,
        Self::GroupRules,
        Self::GroupsOfInterface,
        Self::Interfaces,
        Self::LoadBalancers,
        Self::Databases,
        Self::DbSubnetGroups,
        Self::DbParameterGroups,
        Self::FileSystems,
        Self::Clusters,
        Self::Distributions,
        Self::Buckets,
        Self::HostedZones,
        Self::Roles,
    ];

    fn about(self) -> About {
        match self {
            Self::Vpcs => {
                about("vpc", ("vpc", "L-F678F1CE"), "VPCs of the region", "; the default VPC counts too, and can go where it is not used")
            }
            Self::InternetGateways => about("internet-gateway", ("vpc", "L-A4707A72"), "internet gateways of the region", ""),
            Self::Addresses => {
                about("elastic-ip", ("ec2", "L-0263D0A3"), "Elastic IPs of the region", "; those that nothing uses can be released")
            }
            Self::NatGateways => about("nat-gateway", ("vpc", "L-FE5A380F"), "NAT gateways of a zone", ""),
            Self::SecurityGroups => about("security-group", ("vpc", "L-E79EC296"), "security groups of the region", ""),
            Self::GroupRules => about("security-group-rule", ("vpc", "L-0EA8095F"), "rules of one security group in one direction", ""),
            Self::GroupsOfInterface => about("", ("vpc", "L-2AFB9258"), "security groups of one network interface", ""),
            Self::Interfaces => about("network-interface", ("vpc", "L-DF5E4CA3"), "network interfaces of the region", ""),
            Self::LoadBalancers => {
                about("load-balancer", ("elasticloadbalancing", "L-53DA6B97"), "application load balancers of the region", "")
            }
            Self::Databases => about("db-instance", ("rds", "L-7B6409FD"), "databases of the region", ""),
            Self::DbSubnetGroups => about("db-subnet-group", ("rds", "L-48C6BF61"), "DB subnet groups of the region", ""),
            Self::DbParameterGroups => about("db-parameter-group", ("rds", "L-DE55804A"), "DB parameter groups of the region", ""),
            Self::FileSystems => about("file-system", ("elasticfilesystem", "L-848C634D"), "EFS file systems of the region", ""),
            Self::Clusters => about("ecs-cluster", ("ecs", "L-21C621EB"), "ECS clusters of the region", ""),
            Self::Distributions => about("distribution", ("cloudfront", "L-24B04930"), "CloudFront distributions of the account", ""),
            Self::Buckets => about("bucket", ("s3", "L-DC2B2D3D"), "buckets of the account", ""),
            Self::HostedZones => about("hosted-zone", ("route53", "L-4EA4796A"), "hosted zones of the account", ""),
            Self::Roles => about("role", ("iam", "L-FE177D64"), "IAM roles of the account", ""),
        }
    }

    /// The kind that counts; empty where nothing is counted in the account.
    #[must_use]
    pub fn kind(self) -> &'static str {
        self.about().kind
    }

    /// The service and the code under which Service Quotas has it.
    #[must_use]
    pub fn code(self) -> (&'static str, &'static str) {
        self.about().code
    }

    /// What people call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        self.about().words
    }

    /// Whether what is in the account counts. Of the rest a plan alone says how many there will be.
    #[must_use]
    pub fn is_counted(self) -> bool {
        !matches!(self, Self::GroupRules | Self::GroupsOfInterface)
    }

    /// How many AWS gives at first, where that is all that has to be known: no account has fewer.
    pub(super) fn floor(self) -> usize {
        match self {
            Self::GroupRules => 60,
            Self::GroupsOfInterface => 5,
            _ => 0,
        }
    }

    /// Whether there is room for so many more.
    pub(super) fn judge(self, more: &BTreeMap<String, usize>, most: f64, used: &BTreeMap<String, usize>) -> Vec<Finding> {
        let short = |(place, more): (&String, &usize)| {
            let used = used.get(place).copied().unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "quotas are small")]
            let fits = (used + more) as f64 <= most;
            (!fits).then(|| self.exhausted(place, *more, most, used))
        };
        more.iter().filter_map(short).collect()
    }

    fn exhausted(self, place: &str, more: usize, most: f64, used: usize) -> Finding {
        let place = if place.is_empty() { String::new() } else { format!(" ({place})") };
        let About { code: (service, code), free, .. } = self.about();
        let seen = if self.is_counted() {
            format!("{used} of {most} are used, and the plan makes {more} more")
        } else {
            format!("there may be {most}, and the plan makes {more}")
        };
        Finding::new(Severity::Error, format!("a quota leaves no room: {}{place}", self.words())).seen(seen).advise(format!(
            "raise it (https://console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{code}, choose the region first), or \
             remove what is no longer used{free}"
        ))
    }
}
