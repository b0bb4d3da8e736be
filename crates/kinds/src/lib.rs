//! The AWS vocabulary of bbws: what each kind is, one file per kind.
//!
//! Nothing here knows an SDK, does I/O or is async. How a kind is done stands in `aws`, in a file of the same name; how
//! AWS answers stands in `sandbox`, in a file of the same name.

mod action;
mod behaviour;
mod bucket;
mod cdn_function;
mod certificate;
mod container;
mod dashboard;
mod db_instance;
mod db_parameter_group;
mod db_snapshot;
mod db_subnet_group;
mod db_window;
mod distribution;
mod dns_record;
mod domain_name;
mod ecs_cluster;
mod elastic_ip;
mod file_system;
mod flow_log;
mod health_check;
mod hosted_zone;
mod internet_gateway;
mod listener;
mod load_balancer;
mod log_delivery;
mod log_delivery_destination;
mod log_delivery_source;
mod log_group;
mod managed_policy;
mod metric_alarm;
mod mount_target;
mod mysql_parameter;
mod mysql_value;
mod mysql_version;
mod nat_gateway;
mod network;
mod origin;
mod pace;
mod partition;
mod record_value;
mod role;
mod role_policy;
mod role_policy_attachment;
mod route;
mod route_table;
mod route_table_association;
mod secret;
mod secret_value;
mod security_group;
mod security_group_rule;
mod subnet;
mod task_definition;
mod topic;
mod traffic;
mod vpc;
mod vpc_endpoint;

pub use action::iam_action;
pub use behaviour::{AllowedMethods, Behaviour, FunctionEvent, PathBehaviour, ViewerProtocol};
pub use bucket::{Bucket, BucketEncryption, BucketLifecycle, BucketOutputs, BucketOwnership, BucketSpec};
pub use cdn_function::{CdnFunction, CdnFunctionOutputs, CdnFunctionSpec, FunctionRuntime};
pub use certificate::{Certificate, CertificateOutputs, CertificateSpec, KeyAlgorithm, ValidationRecord};
pub use container::{Container, Log, Mount, Port, Transport, Volume};
pub use dashboard::{Dashboard, DashboardBody, DashboardOutputs, DashboardSpec};
pub use db_instance::{DbInstance, DbInstanceOutputs, DbInstanceSpec, DbLog, MasterPassword, final_snapshot};
pub use db_parameter_group::{DbParameterGroup, DbParameterGroupOutputs, DbParameterGroupSpec};
pub use db_snapshot::{DbSnapshot, DbSnapshotOutputs, DbSnapshotSpec};
pub use db_subnet_group::{DbSubnetGroup, DbSubnetGroupOutputs, DbSubnetGroupSpec};
pub use distribution::{
    Distribution, DistributionOutputs, DistributionSpec, GeoRestriction, HttpVersion, MIN_TLS, PriceClass, ViewerCertificate,
};
pub use dns_record::{Alias, CLOUDFRONT_ZONE, DEFAULT_TTL, DnsRecord, DnsRecordOutputs, DnsRecordSpec};
pub use domain_name::DomainName;
pub use ecs_cluster::{CapacityShare, ContainerInsights, EcsCluster, EcsClusterOutputs, EcsClusterSpec, ExecLogging};
pub use elastic_ip::{ElasticIp, ElasticIpOutputs, ElasticIpSpec};
pub use file_system::{FILE_LIFECYCLE_DAYS, FileLifecycle, FilePerformance, FileSystem, FileSystemOutputs, FileSystemSpec, FileThroughput};
pub use flow_log::{FLOW_LOG_FORMAT, FlowLog, FlowLogOutputs, FlowLogSpec, Traffic};
pub use health_check::{CheckProtocol, HealthCheck, HealthCheckOutputs, HealthCheckSpec};
pub use hosted_zone::{HostedZone, HostedZoneOutputs, HostedZoneSpec, NameServers};
pub use internet_gateway::{InternetGateway, InternetGatewayOutputs, InternetGatewaySpec};
pub use listener::{Action, Listener, ListenerOutputs, ListenerSpec, TLS_POLICY, Tls};
pub use load_balancer::{
    ActiveArn, ActiveArnOutput, DesyncMitigation, ForwardedFor, IpAddressType, LoadBalancer, LoadBalancerOutputs, LoadBalancerSpec, LogsTo,
};
pub use log_delivery::{CLOUDFRONT_LOG_FIELDS, LogDelivery, LogDeliveryOutputs, LogDeliverySpec};
pub use log_delivery_destination::{
    LogDeliveryDestination, LogDeliveryDestinationOutputs, LogDeliveryDestinationSpec, LogFormat, log_delivery_policy,
    log_delivery_statement,
};
pub use log_delivery_source::{CLOUDFRONT_LOGS_REGION, LogDeliverySource, LogDeliverySourceOutputs, LogDeliverySourceSpec};
pub use log_group::{LogGroup, LogGroupOutputs, LogGroupSpec, RETENTION_DAYS};
pub use managed_policy::{CACHE_POLICIES, ManagedPolicies, REQUEST_POLICIES, RESPONSE_POLICIES};
pub use metric_alarm::{MetricAlarm, MetricAlarmOutputs, MetricAlarmSpec, STATISTICS};
pub use mount_target::{MountTarget, MountTargetOutputs, MountTargetSpec};
pub use mysql_parameter::{TakesEffect, mysql_parameters, takes_effect};
pub use mysql_value::{ValueFault, value_fault};
pub use nat_gateway::{NatGateway, NatGatewayOutputs, NatGatewaySpec};
pub use network::Network;
pub use origin::{Origin, OriginHeader, OriginProtocol};
pub use partition::{GLOBAL, partition};
pub use record_value::{RecordType, quoted_txt};
pub use role::{Role, RoleOutputs, RoleSpec};
pub use role_policy::{RolePolicy, RolePolicyOutputs, RolePolicySpec};
pub use role_policy_attachment::{RolePolicyAttachment, RolePolicyAttachmentOutputs, RolePolicyAttachmentSpec};
pub use route::{Route, RouteOutputs, RouteSpec};
pub use route_table::{RouteTable, RouteTableOutputs, RouteTableSpec};
pub use route_table_association::{RouteTableAssociation, RouteTableAssociationOutputs, RouteTableAssociationSpec};
pub use secret::{Secret, SecretOutputs, SecretSpec};
pub use secret_value::{SecretValue, SecretValueOutputs, SecretValueSpec};
pub use security_group::{SecurityGroup, SecurityGroupOutputs, SecurityGroupSpec};
pub use security_group_rule::{CLOUDFRONT_ORIGIN_FACING, Peer, SecurityGroupRule, SecurityGroupRuleOutputs, SecurityGroupRuleSpec};
pub use subnet::{Subnet, SubnetOutputs, SubnetSpec};
pub use task_definition::{Architecture, TaskDefinition, TaskDefinitionOutputs, TaskDefinitionSpec, fargate_size_problem};
pub use topic::{Topic, TopicOutputs, TopicSpec};
pub use traffic::{Direction, Icmp, Ports, Protocol};
pub use vpc::{Vpc, VpcOutputs, VpcSpec};
pub use vpc_endpoint::{EndpointType, VpcEndpoint, VpcEndpointOutputs, VpcEndpointSpec, endpoint_limits};

use bbws_model::{Kind, Kinds};

/// All kinds there are.
#[must_use]
pub fn all() -> Kinds {
    Kinds::new() //
        .with::<Bucket>()
        .with::<CdnFunction>()
        .with::<Certificate>()
        .with::<Dashboard>()
        .with::<DbInstance>()
        .with::<DbParameterGroup>()
        .with::<DbSnapshot>()
        .with::<DbSubnetGroup>()
        .with::<Distribution>()
        .with::<DnsRecord>()
        .with::<EcsCluster>()
        .with::<ElasticIp>()
        .with::<FileSystem>()
        .with::<FlowLog>()
        .with::<HealthCheck>()
        .with::<HostedZone>()
        .with::<InternetGateway>()
        .with::<Listener>()
        .with::<LoadBalancer>()
        .with::<LogDelivery>()
        .with::<LogDeliveryDestination>()
        .with::<LogDeliverySource>()
        .with::<LogGroup>()
        .with::<MetricAlarm>()
        .with::<MountTarget>()
        .with::<NatGateway>()
        .with::<Role>()
        .with::<RolePolicy>()
        .with::<RolePolicyAttachment>()
        .with::<Route>()
        .with::<RouteTable>()
        .with::<RouteTableAssociation>()
        .with::<Secret>()
        .with::<SecretValue>()
        .with::<SecurityGroup>()
        .with::<SecurityGroupRule>()
        .with::<Subnet>()
        .with::<TaskDefinition>()
        .with::<Topic>()
        .with::<Vpc>()
        .with::<VpcEndpoint>()
        .with_backup(DbInstance::NAME, db_snapshot::BACKUP)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// What is not read of an object stands in one file, with the reason.
    #[test]
    fn what_is_not_read_is_told_of_every_kind() {
        let page = include_str!("../../../docs/not_read.md");
        let mut told = BTreeSet::new();
        for line in page.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let ["", kind, what, why, ""] = cells.as_slice() else { panic!("no row of three: {line}") };
            assert!(*what == "nothing" || !why.is_empty(), "no reason: {line}");
            told.insert(kind.trim_matches('`').to_owned());
        }
        let kinds: BTreeSet<String> = super::all().iter().map(|kind| kind.name().to_owned()).collect();
        assert_eq!(told, kinds);
    }
}
