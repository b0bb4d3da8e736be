//! The parts of a cluster, in the order in which people think of them.

use bbws_model::Kinds;

/// A part of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Network,
    SecurityGroups,
    LoadBalancer,
    Containers,
    Access,
    Data,
    Dns,
    Certificate,
    Cdn,
    Storage,
    Monitoring,
    Other,
}

impl Part {
    /// Where a kind belongs: by its AWS service.
    pub(crate) fn of(kind: &str, kinds: &Kinds) -> Self {
        if kind.starts_with("security-group") {
            return Self::SecurityGroups;
        }
        match kinds.get(kind).map_or("", |k| k.facts().service) {
            "ec2" => Self::Network,
            "elasticloadbalancing" => Self::LoadBalancer,
            "ecs" => Self::Containers,
            "iam" => Self::Access,
            "rds" | "elasticfilesystem" | "secretsmanager" => Self::Data,
            "route53" => Self::Dns,
            "acm" => Self::Certificate,
            "cloudfront" => Self::Cdn,
            "s3" => Self::Storage,
            "cloudwatch" | "logs" | "sns" => Self::Monitoring,
            _ => Self::Other,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::SecurityGroups => "security groups",
            Self::LoadBalancer => "load balancer",
            Self::Containers => "containers",
            Self::Access => "access",
            Self::Data => "data",
            Self::Dns => "DNS",
            Self::Certificate => "certificate",
            Self::Cdn => "CDN",
            Self::Storage => "storage",
            Self::Monitoring => "logs and monitoring",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_part() {
        let kinds = bbws_kinds::all();
        let lost: Vec<&str> = kinds.iter().map(|k| k.name()).filter(|name| Part::of(name, &kinds) == Part::Other).collect();
        assert_eq!(lost, Vec::<&str>::new());
    }
}
