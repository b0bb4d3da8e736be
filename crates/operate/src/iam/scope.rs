//! What each action may be narrowed to, as AWS's service authorization reference has it. `tests/authorization.json` is an
//! extract of that reference, and a test compares.

/// How far one action can be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// AWS knows no resource for it: only the region can be demanded.
    Region,
    /// The same of a service without regions: nothing can be demanded.
    Everywhere,
    /// To read all of a sort in the region: lists are asked for as a whole.
    All(&'static [&'static str]),
    /// Exactly those of these kinds that the file and the state name.
    Named(&'static [&'static str]),
    /// New objects of EC2 that get our mark with the request.
    Makes,
    /// Objects of EC2 that bear our mark.
    Ours,
    /// Rules of security groups in our VPC; its default group bears no mark.
    InVpc,
    /// EC2 objects that another service makes in our name, and that bear no mark.
    Borrowed,
    /// To tag in the course of a create.
    TagOnCreate,
    /// Something new that gets our mark with the request; AWS knows no resource for what is not there yet.
    MakesAnywhere,
    /// What bears our mark, of these sorts.
    Marked(&'static [&'static str]),
    /// In the clusters that the file and the state name.
    InCluster,
    /// To hand over exactly these roles to exactly these services.
    Pass,
    /// To make the roles that services have of their own.
    ServiceRoles,
    /// Managed policies on exactly these roles.
    Attach,
    /// Records under the names of our zones.
    Records,
}

use Scope::{
    All, Attach, Borrowed, Everywhere, InCluster, InVpc, Makes, MakesAnywhere, Marked, Named, Ours, Pass, Records, Region, ServiceRoles,
    TagOnCreate,
};

/// What an action may be narrowed to; none if it is not known. Several apply where one request is judged on several resources.
pub(crate) fn scope(action: &str) -> Option<&'static [Scope]> {
    let (service, name) = action.split_once(':')?;
    match service {
        "ec2" => ec2(name),
        "acm" => acm(name),
        "cloudfront" => cloudfront(name),
        "cloudwatch" => cloudwatch(name),
        "ecs" => ecs(name),
        "elasticfilesystem" => elasticfilesystem(name),
        "elasticloadbalancing" => elasticloadbalancing(name),
        "iam" => iam(name),
        "logs" => logs(name),
        "rds" => rds(name),
        "route53" => route53(name),
        "s3" => s3(name),
        "secretsmanager" => secretsmanager(name),
        "sns" => sns(name),
        "tag" | "cloudtrail" | "servicequotas" => Some(&[Region]),
        "sts" => Some(&[Everywhere]),
        _ => None,
    }
}

fn ec2(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "DescribeVpcAttribute" => &[All(&["ec2:vpc/*"])],
        read if read.starts_with("Describe") => &[Region],
        "CreateVpc" | "CreateInternetGateway" | "AllocateAddress" => &[Makes],
        "CreateSubnet"
        | "CreateRouteTable"
        | "CreateSecurityGroup"
        | "CreateNatGateway"
        | "CreateVpcEndpoint"
        | "CreateFlowLogs"
        | "AuthorizeSecurityGroupIngress"
        | "AuthorizeSecurityGroupEgress" => &[Makes, Ours],
        "AssociateRouteTable"
        | "AttachInternetGateway"
        | "CreateRoute"
        | "DeleteFlowLogs"
        | "DeleteInternetGateway"
        | "DeleteNatGateway"
        | "DeleteRoute"
        | "DeleteRouteTable"
        | "DeleteSecurityGroup"
        | "DeleteSubnet"
        | "DeleteTags"
        | "DeleteVpc"
        | "DeleteVpcEndpoints"
        | "DetachInternetGateway"
        | "DisassociateRouteTable"
        | "ModifySubnetAttribute"
        | "ModifyVpcAttribute"
        | "ModifyVpcEndpoint"
        | "ReleaseAddress"
        | "ReplaceRoute"
        | "ReplaceRouteTableAssociation" => &[Ours],
        // A rule may name a list of AWS's own.
        "ModifySecurityGroupRules" => &[Ours, All(&["ec2:prefix-list/*"])],
        "CreateTags" => &[TagOnCreate, Ours],
        "RevokeSecurityGroupEgress" | "RevokeSecurityGroupIngress" => &[InVpc],
        "CreateNetworkInterface" | "DeleteNetworkInterface" | "ModifyNetworkInterfaceAttribute" => &[Borrowed],
        _ => return None,
    })
}

fn acm(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "ListCertificates" => &[Region],
        "DescribeCertificate" | "ListTagsForCertificate" => &[All(&["acm:certificate/*"])],
        "RequestCertificate" => &[MakesAnywhere],
        // Tags given with a request are judged before there is a certificate that could bear any.
        "AddTagsToCertificate" => &[All(&["acm:certificate/*"])],
        "DeleteCertificate" | "RemoveTagsFromCertificate" => &[Marked(&["acm:certificate/*"])],
        _ => return None,
    })
}

fn cloudfront(name: &str) -> Option<&'static [Scope]> {
    const SEEN: &[Scope] = &[All(&["cloudfront:distribution/*"]), Named(&["cdn-function"])];
    Some(match name {
        "ListDistributions" | "ListCachePolicies" | "ListOriginRequestPolicies" | "ListResponseHeadersPolicies" | "CreateFunction" => {
            &[Everywhere]
        }
        "CreateDistribution" => &[MakesAnywhere],
        "GetDistribution" => &[All(&["cloudfront:distribution/*"])],
        "ListTagsForResource" | "TagResource" => SEEN,
        "UntagResource" => &[Marked(&["cloudfront:distribution/*"]), Named(&["cdn-function"])],
        "UpdateDistribution" | "DeleteDistribution" | "AllowVendedLogDeliveryForResource" => &[Marked(&["cloudfront:distribution/*"])],
        "DescribeFunction" | "GetFunction" | "UpdateFunction" | "PublishFunction" | "DeleteFunction" => &[Named(&["cdn-function"])],
        _ => return None,
    })
}

fn cloudwatch(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "DescribeAlarms" => &[All(&["cloudwatch:alarm:*"])],
        "PutMetricAlarm" | "DeleteAlarms" => &[Named(&["metric-alarm"])],
        "GetDashboard" | "PutDashboard" | "DeleteDashboards" => &[Named(&["dashboard"])],
        "ListTagsForResource" | "TagResource" | "UntagResource" => &[Named(&["metric-alarm", "dashboard"])],
        _ => return None,
    })
}

fn ecs(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "DescribeTaskDefinition" | "ListTaskDefinitions" | "DeregisterTaskDefinition" => &[Region],
        "RegisterTaskDefinition" => &[Named(&["task-definition"])],
        "TagResource" | "UntagResource" => &[Named(&["task-definition", "ecs-cluster"])],
        "ListServices" | "ListTasks" | "DescribeTasks" => &[InCluster],
        "CreateCluster"
        | "DescribeClusters"
        | "DeleteCluster"
        | "UpdateCluster"
        | "UpdateClusterSettings"
        | "PutClusterCapacityProviders" => &[Named(&["ecs-cluster"])],
        _ => return None,
    })
}

fn elasticfilesystem(name: &str) -> Option<&'static [Scope]> {
    const ANY: &[&str] = &["elasticfilesystem:file-system/*"];
    Some(match name {
        read if read.starts_with("Describe") => &[All(ANY)],
        "CreateFileSystem" => &[MakesAnywhere],
        // Tags given with a create are judged before there is a file system that could bear any.
        "TagResource" => &[All(ANY)],
        "CreateMountTarget"
        | "DeleteFileSystem"
        | "DeleteFileSystemPolicy"
        | "DeleteMountTarget"
        | "ModifyMountTargetSecurityGroups"
        | "PutBackupPolicy"
        | "PutFileSystemPolicy"
        | "PutLifecycleConfiguration"
        | "UntagResource"
        | "UpdateFileSystem"
        | "UpdateFileSystemProtection" => &[Marked(ANY)],
        _ => return None,
    })
}

fn elasticloadbalancing(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        read if read.starts_with("Describe") => &[Region],
        "CreateLoadBalancer"
        | "DeleteLoadBalancer"
        | "ModifyLoadBalancerAttributes"
        | "SetIpAddressType"
        | "SetSecurityGroups"
        | "SetSubnets"
        | "CreateListener" => &[Named(&["load-balancer"])],
        "ModifyListener" | "DeleteListener" => &[Named(&["listener"])],
        "AddTags" | "RemoveTags" => &[Named(&["load-balancer", "listener"])],
        _ => return None,
    })
}

fn iam(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "PassRole" => &[Pass],
        "CreateServiceLinkedRole" => &[ServiceRoles],
        "AttachRolePolicy" | "DetachRolePolicy" => &[Attach],
        "CreateRole"
        | "DeleteRole"
        | "DeleteRolePermissionsBoundary"
        | "DeleteRolePolicy"
        | "GetRole"
        | "GetRolePolicy"
        | "ListAttachedRolePolicies"
        | "ListRolePolicies"
        | "PutRolePermissionsBoundary"
        | "PutRolePolicy"
        | "TagRole"
        | "UntagRole"
        | "UpdateAssumeRolePolicy"
        | "UpdateRole" => &[Named(&["role"])],
        _ => return None,
    })
}

fn logs(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "DescribeLogGroups" | "DescribeDeliveries" => &[Region],
        "CreateLogGroup" | "DeleteLogGroup" | "PutRetentionPolicy" | "DeleteRetentionPolicy" => &[Named(&["log-group"])],
        "ListTagsForResource" | "TagResource" | "UntagResource" => {
            &[Named(&["log-group", "log-delivery", "log-delivery-source", "log-delivery-destination"])]
        }
        "CreateDelivery" | "UpdateDeliveryConfiguration" => &[Named(&["log-delivery", "log-delivery-source", "log-delivery-destination"])],
        "GetDelivery" | "DeleteDelivery" => &[Named(&["log-delivery"])],
        "GetDeliverySource" | "PutDeliverySource" => &[Named(&["log-delivery-source"])],
        // AWS's reference names the destination here, and its answers the source.
        "DeleteDeliverySource" => &[Named(&["log-delivery-source", "log-delivery-destination"])],
        "GetDeliveryDestination" | "PutDeliveryDestination" | "DeleteDeliveryDestination" => &[Named(&["log-delivery-destination"])],
        _ => return None,
    })
}

fn rds(name: &str) -> Option<&'static [Scope]> {
    const TAGGED: &[Scope] = &[Named(&["db-instance", "db-subnet-group", "db-parameter-group", "db-snapshot"])];
    Some(match name {
        "DescribeDBEngineVersions" | "DescribeOrderableDBInstanceOptions" => &[Region],
        "DescribeDBInstances" => &[All(&["rds:db:*"])],
        "DescribeDBSnapshots" => &[All(&["rds:db:*", "rds:snapshot:*"])],
        "DescribeDBSubnetGroups" => &[All(&["rds:subgrp:*"])],
        "DescribeDBParameterGroups" => &[All(&["rds:pg:*"])],
        "CreateDBInstance" | "ModifyDBInstance" => {
            &[Named(&["db-instance", "db-subnet-group", "db-parameter-group"]), All(&["rds:og:default*"])]
        }
        // It leaves a snapshot.
        "DeleteDBInstance" => &[Named(&["db-instance"])],
        "CreateDBSnapshot" => &[Named(&["db-instance", "db-snapshot"])],
        "DeleteDBSnapshot" => &[Named(&["db-snapshot"])],
        "CreateDBSubnetGroup" | "ModifyDBSubnetGroup" | "DeleteDBSubnetGroup" => &[Named(&["db-subnet-group"])],
        // What is declared is compared with what RDS sets by itself.
        "DescribeDBParameters" => &[All(&["rds:pg:*"])],
        "CreateDBParameterGroup" | "ModifyDBParameterGroup" | "ResetDBParameterGroup" | "DeleteDBParameterGroup" => {
            &[Named(&["db-parameter-group"])]
        }
        "AddTagsToResource" | "RemoveTagsFromResource" | "ListTagsForResource" => TAGGED,
        _ => return None,
    })
}

fn route53(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "ListHealthChecks" | "ListHostedZonesByName" | "CreateHealthCheck" | "CreateHostedZone" => &[Everywhere],
        "GetHostedZone" | "ListResourceRecordSets" | "UpdateHostedZoneComment" | "DeleteHostedZone" => &[Named(&["hosted-zone"])],
        "ChangeResourceRecordSets" => &[Records],
        "UpdateHealthCheck" | "DeleteHealthCheck" => &[Named(&["health-check"])],
        "ListTagsForResources" | "ChangeTagsForResource" => &[Named(&["hosted-zone", "health-check"])],
        // The zone of an endpoint's private name is AWS's own.
        "AssociateVPCWithHostedZone" => &[All(&["route53:hostedzone/*"])],
        _ => return None,
    })
}

fn s3(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "DeleteObjectVersion" => &[Named(&["objects of bucket"])],
        "CreateBucket"
        | "DeleteBucket"
        | "DeleteBucketPolicy"
        | "GetBucketOwnershipControls"
        | "GetBucketPolicy"
        | "GetBucketPublicAccessBlock"
        | "GetBucketTagging"
        | "GetBucketVersioning"
        | "GetEncryptionConfiguration"
        | "GetLifecycleConfiguration"
        | "ListBucket"
        | "ListBucketVersions"
        | "PutBucketOwnershipControls"
        | "PutBucketPolicy"
        | "PutBucketPublicAccessBlock"
        | "PutBucketTagging"
        | "PutBucketVersioning"
        | "PutEncryptionConfiguration"
        | "PutLifecycleConfiguration"
        | "TagResource" => &[Named(&["bucket"])],
        _ => return None,
    })
}

fn secretsmanager(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "GetRandomPassword" => &[Region],
        "CreateSecret" | "DeleteSecret" | "DescribeSecret" | "GetSecretValue" | "PutSecretValue" | "RestoreSecret" | "TagResource"
        | "UntagResource" | "UpdateSecret" => &[Named(&["secret"])],
        _ => return None,
    })
}

fn sns(name: &str) -> Option<&'static [Scope]> {
    Some(match name {
        "ListTopics" | "Unsubscribe" => &[Region],
        "CreateTopic"
        | "DeleteTopic"
        | "GetTopicAttributes"
        | "ListSubscriptionsByTopic"
        | "ListTagsForResource"
        | "SetTopicAttributes"
        | "Subscribe"
        | "TagResource"
        | "UntagResource" => &[Named(&["topic"])],
        _ => return None,
    })
}
