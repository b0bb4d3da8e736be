//! The rules that an environment file is held to, each with an id that stays.

use std::fmt;

use schemars::JsonSchema;

/// A rule that an environment file is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema)]
pub enum RuleId {
    /// The file is TOML.
    Syntax,
    /// A key is given once.
    DuplicateKey,
    /// Every key is one that bbws knows.
    UnknownKey,
    /// What has no default is given.
    MissingKey,
    /// A value has the type of its key.
    WrongType,
    /// A text is not empty.
    Empty,
    /// A number is within its range.
    OutOfRange,
    /// A word is one of those allowed.
    NotAChoice,
    /// An environment that is called like a tier has that tier.
    TierAndName,
    /// An account id has twelve digits.
    Account,
    /// The region has the shape of one.
    Region,
    /// The project can begin a name.
    Project,
    /// The prefix can begin a name.
    NamePrefix,
    /// AWS takes the load balancer's name.
    NameAlb,
    /// AWS takes the database's name.
    NameRds,
    /// AWS takes the roles' names.
    NameRole,
    /// AWS takes the other names.
    NameOther,
    /// The two roles have different names.
    NameTwice,
    /// Tags of AWS's and bbws's own are left alone.
    TagReserved,
    /// Every service takes the tags.
    TagCharacters,
    /// There is room for the tags.
    TagCount,
    /// Environment, Name and Project are bbws's to set.
    TagOwn,
    /// A network is written as AWS keeps it.
    Cidr,
    /// The VPC is between /16 and /28.
    VpcSize,
    /// The VPC has private addresses.
    VpcPublicAddresses,
    /// A subnet's name can stand in an address.
    SubnetName,
    /// A subnet is between /16 and /28.
    SubnetSize,
    /// A subnet lies within the VPC.
    SubnetOutside,
    /// Subnets share no address.
    SubnetsOverlap,
    /// Tasks, database and file system stand in two zones.
    OneZone,
    /// The load balancer stands in two zones.
    AlbZones,
    /// A zone belongs to the region.
    ZoneOutsideRegion,
    /// Only one subnet of a zone and side is in use.
    TwoInOneZone,
    /// A NAT gateway has a public subnet in its zone.
    NatZone,
    /// A VPC endpoint is named once.
    EndpointTwice,
    /// The load balancer faces the internet.
    InternalAlb,
    /// What only CloudFront may reach is not open to all.
    OpenBesideCloudFront,
    /// HTTPS has a certificate.
    HttpsWithoutCertificate,
    /// ELB takes what the load balancer answers by itself.
    FixedResponse,
    /// There is room for the load balancer's rules.
    AlbRules,
    /// A rule opens no more than a /8.
    RuleTooWide,
    /// Only ports 80 and 443 are open to all.
    RuleOpenPort,
    /// A rule has one other end.
    RuleEnd,
    /// A port is between 1 and 65535.
    Ports,
    /// AWS takes the description.
    RuleDescription,
    /// A rule's name can stand in an address.
    RuleName,
    /// A rule is declared once.
    RuleTwice,
    /// A rule is still wanted.
    RuleExpired,
    /// Only the VPC reaches database and file system.
    RuleDatabase,
    /// Encryption is not switched off.
    EncryptionOff,
    /// The database is not public.
    PublicDatabase,
    /// The database demands TLS.
    TlsOff,
    /// Production's database has a standby.
    ProdMultiAz,
    /// Production's backups are kept for seven days or more.
    ProdBackups,
    /// Production cannot be deleted by accident.
    ProdDeletionProtection,
    /// Production's zones reach the internet each by itself.
    ProdNat,
    /// Production's logs are kept for thirty days or more.
    ProdLogs,
    /// Production's state is shared and locked.
    ProdStore,
    /// Production's files are backed up.
    ProdFileBackup,
    /// Fargate has tasks of this size.
    TaskSize,
    /// There is somewhere to run tasks, named once.
    CapacityProviders,
    /// The image says its version.
    DbInitImage,
    /// A secret's name is one, and does not stand for all.
    TaskSecrets,
    /// CloudWatch knows the retention.
    Retention,
    /// The class has the shape of one.
    RdsClass,
    /// RDS offers the version.
    RdsVersion,
    /// The storage can grow.
    RdsStorage,
    /// The storage is large enough to choose its speed.
    RdsIops,
    /// The windows have the shape of ones and do not overlap.
    RdsWindow,
    /// MySQL takes the master user.
    RdsUser,
    /// The parameter has the shape of one.
    RdsParameter,
    /// The class has Performance Insights.
    RdsInsights,
    /// EFS knows the days.
    EfsDays,
    /// EFS takes the archive.
    EfsArchive,
    /// A domain name is one.
    Domain,
    /// A zone's id has the shape of one.
    ZoneId,
    /// The domain lies within its zone.
    DomainOutsideZone,
    /// Only production touches the primary zone.
    PrimaryZone,
    /// A zone of its own lies within another.
    OwnSubzone,
    /// Only production delegates.
    DelegationTier,
    /// The name servers come from one place.
    DelegationSource,
    /// A delegated zone lies within the zone.
    DelegationOutside,
    /// A delegation's name can stand in an output.
    DelegationName,
    /// A delegation has two name servers or more.
    NameServers,
    /// The environment that is referred to exists.
    UnknownEnvironment,
    /// An alias lies within the domain.
    AliasOutside,
    /// A change is seen within a day.
    Ttl,
    /// A path begins with a slash.
    HealthPath,
    /// What the health check asks for can be well.
    HealthNeverWell,
    /// The parent refers to the zone.
    NotDelegated,
    /// The certificate can be validated in the zone.
    CertificateOutside,
    /// AWS takes the certificate's names.
    CertificateNames,
    /// The certificate covers every name.
    AliasUncovered,
    /// CloudFront answers near the region.
    PriceClass,
    /// The load balancer has a certificate for what CloudFront calls it.
    OriginHost,
    /// CloudFront takes the paths, each once.
    BehaviourPath,
    /// A function that is used is declared.
    UnknownFunction,
    /// One function per event and behaviour.
    FunctionTwice,
    /// CloudFront takes the function.
    FunctionCode,
    /// CloudFront takes the header.
    OriginHeader,
    /// A name of the distribution lies within the zone.
    CdnAliasOutside,
    /// An e-mail address is one.
    Email,
    /// Somebody is told of an alarm.
    NobodyTold,
    /// The S3 store has a bucket.
    Bucket,
    /// The key of the state is a KMS key's ARN.
    StateKey,
    /// AWS takes the log group's name.
    AuditGroup,
    /// The approval key is a KMS key's ARN.
    ApprovalKey,
    /// An approval holds for hours, not for ever.
    ApprovalHours,
    /// Approvers are roles and users.
    ApprovalRole,
    /// bbws knows the kind.
    ResourceKind,
    /// A resource's name can stand in an address.
    ResourceName,
    /// The cluster itself does not have the resource already.
    ResourceTwice,
    /// The kind takes the spec.
    ResourceSpec,
    /// A reference is written as one.
    ReferenceShape,
    /// What is referred to exists.
    DanglingReference,
    /// What is referred to has the output.
    UnknownOutput,
    /// No references lead in a circle.
    Circle,
    /// The cluster's own resources are such as their kinds take.
    ClusterSpec,
}

/// Every rule with its id, in the order of the declaration.
const IDS: &[(RuleId, &str)] = &[
    (RuleId::Syntax, "toml/syntax"),
    (RuleId::DuplicateKey, "toml/duplicate-key"),
    (RuleId::UnknownKey, "key/unknown"),
    (RuleId::MissingKey, "key/missing"),
    (RuleId::WrongType, "value/wrong-type"),
    (RuleId::Empty, "value/empty"),
    (RuleId::OutOfRange, "value/out-of-range"),
    (RuleId::NotAChoice, "value/not-a-choice"),
    (RuleId::TierAndName, "environment/tier-and-name"),
    (RuleId::Account, "environment/account"),
    (RuleId::Region, "environment/region"),
    (RuleId::Project, "environment/project"),
    (RuleId::NamePrefix, "names/prefix"),
    (RuleId::NameAlb, "names/alb"),
    (RuleId::NameRds, "names/rds"),
    (RuleId::NameRole, "names/role"),
    (RuleId::NameOther, "names/other"),
    (RuleId::NameTwice, "names/twice"),
    (RuleId::TagReserved, "tags/reserved"),
    (RuleId::TagCharacters, "tags/characters"),
    (RuleId::TagCount, "tags/too-many"),
    (RuleId::TagOwn, "tags/own"),
    (RuleId::Cidr, "network/cidr"),
    (RuleId::VpcSize, "network/vpc-size"),
    (RuleId::VpcPublicAddresses, "network/vpc-addresses"),
    (RuleId::SubnetName, "network/subnet-name"),
    (RuleId::SubnetSize, "network/subnet-size"),
    (RuleId::SubnetOutside, "network/subnet-outside-vpc"),
    (RuleId::SubnetsOverlap, "network/subnets-overlap"),
    (RuleId::OneZone, "network/one-zone"),
    (RuleId::AlbZones, "network/alb-zones"),
    (RuleId::ZoneOutsideRegion, "network/zone-outside-region"),
    (RuleId::TwoInOneZone, "network/two-in-one-zone"),
    (RuleId::NatZone, "network/nat-zone"),
    (RuleId::EndpointTwice, "network/endpoint-twice"),
    (RuleId::InternalAlb, "alb/internal"),
    (RuleId::OpenBesideCloudFront, "alb/open-beside-cloudfront"),
    (RuleId::HttpsWithoutCertificate, "alb/https-without-certificate"),
    (RuleId::FixedResponse, "alb/fixed-response"),
    (RuleId::AlbRules, "alb/too-many-rules"),
    (RuleId::RuleTooWide, "rule/too-wide"),
    (RuleId::RuleOpenPort, "rule/open-port"),
    (RuleId::RuleEnd, "rule/one-end"),
    (RuleId::Ports, "rule/ports"),
    (RuleId::RuleDescription, "rule/description"),
    (RuleId::RuleName, "rule/name"),
    (RuleId::RuleTwice, "rule/twice"),
    (RuleId::RuleExpired, "rule/expired"),
    (RuleId::RuleDatabase, "rule/database-from-outside"),
    (RuleId::EncryptionOff, "security/encryption-off"),
    (RuleId::PublicDatabase, "security/public-database"),
    (RuleId::TlsOff, "security/tls-off"),
    (RuleId::ProdMultiAz, "prod/multi-az"),
    (RuleId::ProdBackups, "prod/backups"),
    (RuleId::ProdDeletionProtection, "prod/deletion-protection"),
    (RuleId::ProdNat, "prod/nat-per-zone"),
    (RuleId::ProdLogs, "prod/log-retention"),
    (RuleId::ProdStore, "prod/state-store"),
    (RuleId::ProdFileBackup, "prod/file-backup"),
    (RuleId::TaskSize, "ecs/task-size"),
    (RuleId::CapacityProviders, "ecs/capacity-providers"),
    (RuleId::DbInitImage, "ecs/db-init-image"),
    (RuleId::TaskSecrets, "ecs/secrets"),
    (RuleId::Retention, "logs/retention"),
    (RuleId::RdsClass, "rds/class"),
    (RuleId::RdsVersion, "rds/engine-version"),
    (RuleId::RdsStorage, "rds/storage"),
    (RuleId::RdsIops, "rds/iops"),
    (RuleId::RdsWindow, "rds/window"),
    (RuleId::RdsUser, "rds/username"),
    (RuleId::RdsParameter, "rds/parameter"),
    (RuleId::RdsInsights, "rds/performance-insights"),
    (RuleId::EfsDays, "efs/days"),
    (RuleId::EfsArchive, "efs/archive"),
    (RuleId::Domain, "dns/domain"),
    (RuleId::ZoneId, "dns/zone-id"),
    (RuleId::DomainOutsideZone, "dns/domain-outside-zone"),
    (RuleId::PrimaryZone, "dns/primary-zone"),
    (RuleId::OwnSubzone, "dns/own-subzone"),
    (RuleId::DelegationTier, "dns/delegation-tier"),
    (RuleId::DelegationSource, "dns/delegation-source"),
    (RuleId::DelegationOutside, "dns/delegation-outside-zone"),
    (RuleId::DelegationName, "dns/delegation-name"),
    (RuleId::NameServers, "dns/name-servers"),
    (RuleId::UnknownEnvironment, "dns/unknown-environment"),
    (RuleId::AliasOutside, "dns/alias-outside-domain"),
    (RuleId::Ttl, "dns/ttl"),
    (RuleId::HealthPath, "dns/health-check-path"),
    (RuleId::HealthNeverWell, "dns/health-check-never-well"),
    (RuleId::NotDelegated, "dns/not-delegated"),
    (RuleId::CertificateOutside, "certificate/outside-zone"),
    (RuleId::CertificateNames, "certificate/names"),
    (RuleId::AliasUncovered, "cdn/alias-not-covered"),
    (RuleId::PriceClass, "cdn/price-class"),
    (RuleId::OriginHost, "cdn/origin-host"),
    (RuleId::BehaviourPath, "cdn/behaviour-path"),
    (RuleId::UnknownFunction, "cdn/unknown-function"),
    (RuleId::FunctionTwice, "cdn/function-twice"),
    (RuleId::FunctionCode, "cdn/function-code"),
    (RuleId::OriginHeader, "cdn/origin-header"),
    (RuleId::CdnAliasOutside, "cdn/alias-outside-zone"),
    (RuleId::Email, "monitoring/email"),
    (RuleId::NobodyTold, "monitoring/nobody-told"),
    (RuleId::Bucket, "state/bucket"),
    (RuleId::StateKey, "state/kms-key"),
    (RuleId::AuditGroup, "audit/log-group"),
    (RuleId::ApprovalKey, "approval/kms-key"),
    (RuleId::ApprovalHours, "approval/valid-hours"),
    (RuleId::ApprovalRole, "approval/roles"),
    (RuleId::ResourceKind, "resource/unknown-kind"),
    (RuleId::ResourceName, "resource/name"),
    (RuleId::ResourceTwice, "resource/twice"),
    (RuleId::ResourceSpec, "resource/spec"),
    (RuleId::ReferenceShape, "resource/reference-shape"),
    (RuleId::DanglingReference, "resource/dangling-reference"),
    (RuleId::UnknownOutput, "resource/unknown-output"),
    (RuleId::Circle, "resource/circle"),
    (RuleId::ClusterSpec, "cluster/spec"),
];

impl RuleId {
    /// All of them, in the order of the file's sections.
    pub fn all() -> impl Iterator<Item = Self> {
        IDS.iter().map(|(rule, _)| *rule)
    }

    /// The id, for people and for editors: `network/subnets-overlap`.
    #[must_use]
    pub fn id(self) -> &'static str {
        IDS[self as usize].1
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_list_has_every_rule_and_every_id_is_its_own() {
        let schema = schemars::schema_for!(RuleId);
        let variants = schema.get("oneOf").unwrap().as_array().unwrap().len();
        assert_eq!(IDS.len(), variants);
        assert!(IDS.iter().enumerate().all(|(at, (rule, _))| *rule as usize == at), "in the order of the declaration");
        assert_eq!(RuleId::all().map(RuleId::id).collect::<BTreeSet<_>>().len(), variants);
    }
}
