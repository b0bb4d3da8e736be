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
    /// The certificate can be validated in the zone.
    CertificateOutside,
    /// AWS takes the certificate's names.
    CertificateNames,
    /// The certificate covers every name.
    AliasUncovered,
    /// CloudFront answers near the region.
    PriceClass,
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
    KeepCertificateAlias,
    /// An e-mail address is one.
    Email,
    /// Somebody is told of an alarm.
    NobodyTold,
    /// The S3 store has a bucket.
    Bucket,
    /// AWS takes the log group's name.
    AuditGroup,
    /// The approval key is a KMS key's ARN.
    ApprovalKey,
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
}

impl RuleId {
    /// All of them, in the order of the file's sections.
    pub const ALL: &'static [Self] = &[
        Self::Syntax,
        Self::DuplicateKey,
        Self::UnknownKey,
        Self::MissingKey,
        Self::WrongType,
        Self::Empty,
        Self::OutOfRange,
        Self::NotAChoice,
        Self::TierAndName,
        Self::Account,
        Self::Region,
        Self::Project,
        Self::NamePrefix,
        Self::NameAlb,
        Self::NameRds,
        Self::NameRole,
        Self::NameOther,
        Self::NameTwice,
        Self::TagReserved,
        Self::TagCharacters,
        Self::TagCount,
        Self::TagOwn,
        Self::Cidr,
        Self::VpcSize,
        Self::VpcPublicAddresses,
        Self::SubnetName,
        Self::SubnetSize,
        Self::SubnetOutside,
        Self::SubnetsOverlap,
        Self::OneZone,
        Self::AlbZones,
        Self::ZoneOutsideRegion,
        Self::TwoInOneZone,
        Self::NatZone,
        Self::EndpointTwice,
        Self::InternalAlb,
        Self::OpenBesideCloudFront,
        Self::HttpsWithoutCertificate,
        Self::RuleTooWide,
        Self::RuleOpenPort,
        Self::RuleEnd,
        Self::Ports,
        Self::RuleDescription,
        Self::RuleName,
        Self::RuleTwice,
        Self::RuleExpired,
        Self::RuleDatabase,
        Self::EncryptionOff,
        Self::PublicDatabase,
        Self::TlsOff,
        Self::ProdMultiAz,
        Self::ProdBackups,
        Self::ProdDeletionProtection,
        Self::ProdNat,
        Self::ProdLogs,
        Self::ProdStore,
        Self::ProdFileBackup,
        Self::TaskSize,
        Self::CapacityProviders,
        Self::DbInitImage,
        Self::Retention,
        Self::RdsClass,
        Self::RdsVersion,
        Self::RdsStorage,
        Self::RdsIops,
        Self::RdsWindow,
        Self::RdsUser,
        Self::RdsParameter,
        Self::RdsInsights,
        Self::EfsDays,
        Self::EfsArchive,
        Self::Domain,
        Self::ZoneId,
        Self::DomainOutsideZone,
        Self::PrimaryZone,
        Self::OwnSubzone,
        Self::DelegationTier,
        Self::DelegationSource,
        Self::DelegationOutside,
        Self::DelegationName,
        Self::NameServers,
        Self::UnknownEnvironment,
        Self::AliasOutside,
        Self::Ttl,
        Self::HealthPath,
        Self::CertificateOutside,
        Self::CertificateNames,
        Self::AliasUncovered,
        Self::PriceClass,
        Self::BehaviourPath,
        Self::UnknownFunction,
        Self::FunctionTwice,
        Self::FunctionCode,
        Self::OriginHeader,
        Self::KeepCertificateAlias,
        Self::Email,
        Self::NobodyTold,
        Self::Bucket,
        Self::AuditGroup,
        Self::ApprovalKey,
        Self::ResourceKind,
        Self::ResourceName,
        Self::ResourceTwice,
        Self::ResourceSpec,
        Self::ReferenceShape,
        Self::DanglingReference,
        Self::UnknownOutput,
    ];

    /// The id, for people and for editors: `network/subnets-overlap`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Syntax => "toml/syntax",
            Self::DuplicateKey => "toml/duplicate-key",
            Self::UnknownKey => "key/unknown",
            Self::MissingKey => "key/missing",
            Self::WrongType => "value/wrong-type",
            Self::Empty => "value/empty",
            Self::OutOfRange => "value/out-of-range",
            Self::NotAChoice => "value/not-a-choice",
            Self::TierAndName => "environment/tier-and-name",
            Self::Account => "environment/account",
            Self::Region => "environment/region",
            Self::Project => "environment/project",
            Self::NamePrefix => "names/prefix",
            Self::NameAlb => "names/alb",
            Self::NameRds => "names/rds",
            Self::NameRole => "names/role",
            Self::NameOther => "names/other",
            Self::NameTwice => "names/twice",
            Self::TagReserved => "tags/reserved",
            Self::TagCharacters => "tags/characters",
            Self::TagCount => "tags/too-many",
            Self::TagOwn => "tags/own",
            Self::Cidr => "network/cidr",
            Self::VpcSize => "network/vpc-size",
            Self::VpcPublicAddresses => "network/vpc-addresses",
            Self::SubnetName => "network/subnet-name",
            Self::SubnetSize => "network/subnet-size",
            Self::SubnetOutside => "network/subnet-outside-vpc",
            Self::SubnetsOverlap => "network/subnets-overlap",
            Self::OneZone => "network/one-zone",
            Self::AlbZones => "network/alb-zones",
            Self::ZoneOutsideRegion => "network/zone-outside-region",
            Self::TwoInOneZone => "network/two-in-one-zone",
            Self::NatZone => "network/nat-zone",
            Self::EndpointTwice => "network/endpoint-twice",
            Self::InternalAlb => "alb/internal",
            Self::OpenBesideCloudFront => "alb/open-beside-cloudfront",
            Self::HttpsWithoutCertificate => "alb/https-without-certificate",
            Self::RuleTooWide => "rule/too-wide",
            Self::RuleOpenPort => "rule/open-port",
            Self::RuleEnd => "rule/one-end",
            Self::Ports => "rule/ports",
            Self::RuleDescription => "rule/description",
            Self::RuleName => "rule/name",
            Self::RuleTwice => "rule/twice",
            Self::RuleExpired => "rule/expired",
            Self::RuleDatabase => "rule/database-from-outside",
            Self::EncryptionOff => "security/encryption-off",
            Self::PublicDatabase => "security/public-database",
            Self::TlsOff => "security/tls-off",
            Self::ProdMultiAz => "prod/multi-az",
            Self::ProdBackups => "prod/backups",
            Self::ProdDeletionProtection => "prod/deletion-protection",
            Self::ProdNat => "prod/nat-per-zone",
            Self::ProdLogs => "prod/log-retention",
            Self::ProdStore => "prod/state-store",
            Self::ProdFileBackup => "prod/file-backup",
            Self::TaskSize => "ecs/task-size",
            Self::CapacityProviders => "ecs/capacity-providers",
            Self::DbInitImage => "ecs/db-init-image",
            Self::Retention => "logs/retention",
            Self::RdsClass => "rds/class",
            Self::RdsVersion => "rds/engine-version",
            Self::RdsStorage => "rds/storage",
            Self::RdsIops => "rds/iops",
            Self::RdsWindow => "rds/window",
            Self::RdsUser => "rds/username",
            Self::RdsParameter => "rds/parameter",
            Self::RdsInsights => "rds/performance-insights",
            Self::EfsDays => "efs/days",
            Self::EfsArchive => "efs/archive",
            Self::Domain => "dns/domain",
            Self::ZoneId => "dns/zone-id",
            Self::DomainOutsideZone => "dns/domain-outside-zone",
            Self::PrimaryZone => "dns/primary-zone",
            Self::OwnSubzone => "dns/own-subzone",
            Self::DelegationTier => "dns/delegation-tier",
            Self::DelegationSource => "dns/delegation-source",
            Self::DelegationOutside => "dns/delegation-outside-zone",
            Self::DelegationName => "dns/delegation-name",
            Self::NameServers => "dns/name-servers",
            Self::UnknownEnvironment => "dns/unknown-environment",
            Self::AliasOutside => "dns/alias-outside-domain",
            Self::Ttl => "dns/ttl",
            Self::HealthPath => "dns/health-check-path",
            Self::CertificateOutside => "certificate/outside-zone",
            Self::CertificateNames => "certificate/names",
            Self::AliasUncovered => "cdn/alias-not-covered",
            Self::PriceClass => "cdn/price-class",
            Self::BehaviourPath => "cdn/behaviour-path",
            Self::UnknownFunction => "cdn/unknown-function",
            Self::FunctionTwice => "cdn/function-twice",
            Self::FunctionCode => "cdn/function-code",
            Self::OriginHeader => "cdn/origin-header",
            Self::KeepCertificateAlias => "cdn/alias-outside-zone",
            Self::Email => "monitoring/email",
            Self::NobodyTold => "monitoring/nobody-told",
            Self::Bucket => "state/bucket",
            Self::AuditGroup => "audit/log-group",
            Self::ApprovalKey => "approval/kms-key",
            Self::ResourceKind => "resource/unknown-kind",
            Self::ResourceName => "resource/name",
            Self::ResourceTwice => "resource/twice",
            Self::ResourceSpec => "resource/spec",
            Self::ReferenceShape => "resource/reference-shape",
            Self::DanglingReference => "resource/dangling-reference",
            Self::UnknownOutput => "resource/unknown-output",
        }
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
        assert_eq!(RuleId::ALL.len(), variants);
        assert_eq!(RuleId::ALL.iter().map(|rule| rule.id()).collect::<BTreeSet<_>>().len(), variants);
    }
}
