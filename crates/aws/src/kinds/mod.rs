//! The drivers, one file per kind, and the list of them.

mod bucket;
mod cdn_function;
mod census;
mod certificate;
mod cloudfront;
mod container;
mod dashboard;
mod data_hanging;
mod db_change;
mod db_instance;
mod db_parameter_group;
mod db_snapshot;
mod db_subnet_group;
mod distribution;
mod distribution_config;
mod distribution_spec;
mod dns_record;
mod ec2;
mod ecs;
mod ecs_cluster;
mod ecs_hanging;
mod efs;
mod elastic_ip;
mod elb;
mod elb_hanging;
mod file_system;
mod flow_log;
mod health_check;
mod hosted_zone;
mod iam;
mod internet_gateway;
mod listener;
mod listing;
mod load_balancer;
mod log_delivery;
mod log_delivery_destination;
mod log_delivery_source;
mod log_group;
mod master_password;
mod metric_alarm;
mod mount_target;
mod nat_gateway;
mod network_hanging;
mod object;
mod rds;
mod role;
mod role_hanging;
mod role_policy;
mod role_policy_attachment;
mod route;
mod route53;
mod route_table;
mod route_table_association;
mod route_table_hanging;
pub(crate) mod s3;
mod secret;
mod secret_value;
mod security_group;
mod security_group_hanging;
mod security_group_rule;
mod subnet;
mod tag_index;
mod task_definition;
mod topic;
mod vpc;
mod vpc_endpoint;
mod zone_hanging;

pub(crate) use tag_index::indexed;
pub use tag_index::tagged;

use bbws_engine::Drivers;
use bbws_kinds::{
    Bucket, CdnFunction, Certificate, Dashboard, DbInstance, DbParameterGroup, DbSnapshot, DbSubnetGroup, Distribution, DnsRecord,
    EcsCluster, ElasticIp, FileSystem, FlowLog, HealthCheck, HostedZone, InternetGateway, Listener, LoadBalancer, LogDelivery,
    LogDeliveryDestination, LogDeliverySource, LogGroup, MetricAlarm, MountTarget, NatGateway, Role, RolePolicy, RolePolicyAttachment,
    Route, RouteTable, RouteTableAssociation, Secret, SecretValue, SecurityGroup, SecurityGroupRule, Subnet, TaskDefinition, Topic, Vpc,
    VpcEndpoint,
};

use crate::Aws;

/// The driver of every kind.
#[must_use]
pub fn drivers(aws: &Aws) -> Drivers {
    Drivers::new() //
        .with::<Bucket>(aws.clone())
        .with::<CdnFunction>(aws.clone())
        .with::<Certificate>(aws.clone())
        .with::<Dashboard>(aws.clone())
        .with::<DbInstance>(aws.clone())
        .with::<DbParameterGroup>(aws.clone())
        .with::<DbSnapshot>(aws.clone())
        .with::<DbSubnetGroup>(aws.clone())
        .with::<Distribution>(aws.clone())
        .with::<DnsRecord>(aws.clone())
        .with::<EcsCluster>(aws.clone())
        .with::<ElasticIp>(aws.clone())
        .with::<FileSystem>(aws.clone())
        .with::<FlowLog>(aws.clone())
        .with::<HealthCheck>(aws.clone())
        .with::<HostedZone>(aws.clone())
        .with::<InternetGateway>(aws.clone())
        .with::<Listener>(aws.clone())
        .with::<LoadBalancer>(aws.clone())
        .with::<LogDelivery>(aws.clone())
        .with::<LogDeliveryDestination>(aws.clone())
        .with::<LogDeliverySource>(aws.clone())
        .with::<LogGroup>(aws.clone())
        .with::<MetricAlarm>(aws.clone())
        .with::<MountTarget>(aws.clone())
        .with::<NatGateway>(aws.clone())
        .with::<Role>(aws.clone())
        .with::<RolePolicy>(aws.clone())
        .with::<RolePolicyAttachment>(aws.clone())
        .with::<Route>(aws.clone())
        .with::<RouteTable>(aws.clone())
        .with::<RouteTableAssociation>(aws.clone())
        .with::<Secret>(aws.clone())
        .with::<SecretValue>(aws.clone())
        .with::<SecurityGroup>(aws.clone())
        .with::<SecurityGroupRule>(aws.clone())
        .with::<Subnet>(aws.clone())
        .with::<TaskDefinition>(aws.clone())
        .with::<Topic>(aws.clone())
        .with::<Vpc>(aws.clone())
        .with::<VpcEndpoint>(aws.clone())
        .carrying::<DbInstance>(aws.clone())
        .carrying::<EcsCluster>(aws.clone())
        .carrying::<FileSystem>(aws.clone())
        .carrying::<HostedZone>(aws.clone())
        .carrying::<Listener>(aws.clone())
        .carrying::<LoadBalancer>(aws.clone())
        .carrying::<Role>(aws.clone())
        .carrying::<RouteTable>(aws.clone())
        .carrying::<SecurityGroup>(aws.clone())
        .carrying::<Subnet>(aws.clone())
        .carrying::<Vpc>(aws.clone())
        .counting::<Bucket>(aws.clone())
        .counting::<CdnFunction>(aws.clone())
        .counting::<Certificate>(aws.clone())
        .counting::<DbInstance>(aws.clone())
        .counting::<DbParameterGroup>(aws.clone())
        .counting::<DbSnapshot>(aws.clone())
        .counting::<DbSubnetGroup>(aws.clone())
        .counting::<Distribution>(aws.clone())
        .counting::<EcsCluster>(aws.clone())
        .counting::<ElasticIp>(aws.clone())
        .counting::<FileSystem>(aws.clone())
        .counting::<FlowLog>(aws.clone())
        .counting::<HealthCheck>(aws.clone())
        .counting::<HostedZone>(aws.clone())
        .counting::<InternetGateway>(aws.clone())
        .counting::<Listener>(aws.clone())
        .counting::<LoadBalancer>(aws.clone())
        .counting::<LogDelivery>(aws.clone())
        .counting::<LogDeliveryDestination>(aws.clone())
        .counting::<LogDeliverySource>(aws.clone())
        .counting::<LogGroup>(aws.clone())
        .counting::<MetricAlarm>(aws.clone())
        .counting::<NatGateway>(aws.clone())
        .counting::<Role>(aws.clone())
        .counting::<RouteTable>(aws.clone())
        .counting::<Secret>(aws.clone())
        .counting::<SecurityGroup>(aws.clone())
        .counting::<SecurityGroupRule>(aws.clone())
        .counting::<Subnet>(aws.clone())
        .counting::<TaskDefinition>(aws.clone())
        .counting::<Topic>(aws.clone())
        .counting::<Vpc>(aws.clone())
        .counting::<VpcEndpoint>(aws.clone())
        .listing::<Bucket>(aws.clone())
        .listing::<Certificate>(aws.clone())
        .listing::<DbInstance>(aws.clone())
        .listing::<DbSubnetGroup>(aws.clone())
        .listing::<Distribution>(aws.clone())
        .listing::<EcsCluster>(aws.clone())
        .listing::<ElasticIp>(aws.clone())
        .listing::<FileSystem>(aws.clone())
        .listing::<HealthCheck>(aws.clone())
        .listing::<LoadBalancer>(aws.clone())
        .listing::<MetricAlarm>(aws.clone())
        .listing::<NatGateway>(aws.clone())
        .listing::<RouteTable>(aws.clone())
        .listing::<Secret>(aws.clone())
        .listing::<SecurityGroup>(aws.clone())
        .listing::<Subnet>(aws.clone())
        .listing::<TaskDefinition>(aws.clone())
        .listing::<Vpc>(aws.clone())
}
