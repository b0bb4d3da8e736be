//! Quotas that a plan may run into: those of tens and hundreds. Of those of thousands (roles, buckets, log groups, rules) AWS's own
//! refusal tells, and is explained.

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
    /// Application load balancers of a region.
    LoadBalancers,
    /// Databases of a region.
    Databases,
    /// Distributions of the account.
    Distributions,
}

impl Counted {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Vpcs, Self::InternetGateways, Self::Addresses, Self::NatGateways, Self::LoadBalancers, Self::Databases, Self::Distributions];

    /// The kind that counts.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Vpcs => "vpc",
            Self::InternetGateways => "internet-gateway",
            Self::Addresses => "elastic-ip",
            Self::NatGateways => "nat-gateway",
            Self::LoadBalancers => "load-balancer",
            Self::Databases => "db-instance",
            Self::Distributions => "distribution",
        }
    }

    /// The service and the code under which Service Quotas has it.
    #[must_use]
    pub fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::Vpcs => ("vpc", "L-F678F1CE"),
            Self::InternetGateways => ("vpc", "L-A4707A72"),
            Self::Addresses => ("ec2", "L-0263D0A3"),
            Self::NatGateways => ("vpc", "L-FE5A380F"),
            Self::LoadBalancers => ("elasticloadbalancing", "L-53DA6B97"),
            Self::Databases => ("rds", "L-7B6409FD"),
            Self::Distributions => ("cloudfront", "L-24B04930"),
        }
    }

    /// What people call it.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Vpcs => "VPCs of the region",
            Self::InternetGateways => "internet gateways of the region",
            Self::Addresses => "Elastic IPs of the region",
            Self::NatGateways => "NAT gateways of a zone",
            Self::LoadBalancers => "application load balancers of the region",
            Self::Databases => "databases of the region",
            Self::Distributions => "CloudFront distributions of the account",
        }
    }

    /// Whether there is room for so many more.
    pub(super) fn judge(self, more: &BTreeMap<String, usize>, most: f64, used: &BTreeMap<String, usize>) -> Vec<Finding> {
        let short = |(zone, more): (&String, &usize)| {
            let used = used.get(zone).copied().unwrap_or_default();
            #[expect(clippy::cast_precision_loss, reason = "quotas are small")]
            let fits = (used + more) as f64 <= most;
            (!fits).then(|| self.exhausted(zone, *more, most, used))
        };
        more.iter().filter_map(short).collect()
    }

    fn exhausted(self, zone: &str, more: usize, most: f64, used: usize) -> Finding {
        let place = if zone.is_empty() { String::new() } else { format!(" ({zone})") };
        let (service, code) = self.code();
        let free = match self {
            Self::Vpcs => "; the default VPC counts too, and can go where it is not used",
            Self::Addresses => "; those that nothing uses can be released",
            _ => "",
        };
        Finding::new(Severity::Error, format!("a quota leaves no room: {}{place}", self.words()))
            .seen(format!("{used} of {most} are used, and the plan makes {more} more"))
            .advise(format!(
                "raise it (https://console.aws.amazon.com/servicequotas/home/services/{service}/quotas/{code}, choose the region first), \
                 or remove what is no longer used{free}"
            ))
    }
}
