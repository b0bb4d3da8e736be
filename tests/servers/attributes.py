"""Tells all that the servers say of each thing in an account, its tags apart, with boto3. It knows nothing of bbws.

usage: attributes.py MOTO_URL MINISTACK_URL ACCOUNT REGION...      a line each: region, service, operation, answer as JSON

What a server cannot tell is a line too: it is to be the same before and after.
"""

import hashlib
import json

from botocore.exceptions import ClientError

from account import REGIONS, client, listed, pages

# Of each list: service, operation, key, and what is asked of each thing in it: operation, the parameter that names the thing, the
# field that holds its name (none: it is the name; an empty list: a list of it), further parameters. At last what is listed at all.
REGIONAL = [
    ("ec2", "describe_vpcs", "Vpcs", [
        ("describe_vpc_attribute", "VpcId", "VpcId", {"Attribute": "enableDnsSupport"}),
        ("describe_vpc_attribute", "VpcId", "VpcId", {"Attribute": "enableDnsHostnames"}),
    ]),
    ("ec2", "describe_subnets", "Subnets", []),
    ("ec2", "describe_internet_gateways", "InternetGateways", []),
    ("ec2", "describe_addresses", "Addresses", []),
    ("ec2", "describe_nat_gateways", "NatGateways", []),
    ("ec2", "describe_route_tables", "RouteTables", []),
    ("ec2", "describe_security_groups", "SecurityGroups", []),
    ("ec2", "describe_security_group_rules", "SecurityGroupRules", []),
    ("ec2", "describe_vpc_endpoints", "VpcEndpoints", []),
    ("ec2", "describe_flow_logs", "FlowLogs", []),
    ("ec2", "describe_network_interfaces", "NetworkInterfaces", []),
    ("elbv2", "describe_load_balancers", "LoadBalancers", [
        ("describe_load_balancer_attributes", "LoadBalancerArn", "LoadBalancerArn", {}),
        ("describe_listeners", "LoadBalancerArn", "LoadBalancerArn", {}),
    ]),
    ("elbv2", "describe_target_groups", "TargetGroups", [
        ("describe_target_group_attributes", "TargetGroupArn", "TargetGroupArn", {}),
    ]),
    ("ecs", "list_clusters", "clusterArns", [
        ("describe_clusters", "clusters", [], {"include": ["SETTINGS", "CONFIGURATIONS"]}),
        ("list_services", "cluster", None, {}),
    ]),
    ("ecs", "list_task_definitions", "taskDefinitionArns", [("describe_task_definition", "taskDefinition", None, {})]),
    ("logs", "describe_log_groups", "logGroups", []),
    ("logs", "describe_delivery_sources", "deliverySources", []),
    ("logs", "describe_delivery_destinations", "deliveryDestinations", []),
    ("logs", "describe_deliveries", "deliveries", []),
    ("cloudwatch", "describe_alarms", "MetricAlarms", []),
    ("cloudwatch", "list_dashboards", "DashboardEntries", [("get_dashboard", "DashboardName", "DashboardName", {})]),
    ("sns", "list_topics", "Topics", [("get_topic_attributes", "TopicArn", "TopicArn", {})]),
    ("sns", "list_subscriptions", "Subscriptions", []),
    ("rds", "describe_db_instances", "DBInstances", []),
    ("rds", "describe_db_snapshots", "DBSnapshots", []),
    ("rds", "describe_db_subnet_groups", "DBSubnetGroups", []),
    ("rds", "describe_db_parameter_groups", "DBParameterGroups", [
        ("describe_db_parameters", "DBParameterGroupName", "DBParameterGroupName", {"Source": "user"}),
    ]),
    ("efs", "describe_file_systems", "FileSystems", [
        ("describe_backup_policy", "FileSystemId", "FileSystemId", {}),
        ("describe_file_system_policy", "FileSystemId", "FileSystemId", {}),
        ("describe_lifecycle_configuration", "FileSystemId", "FileSystemId", {}),
        ("describe_mount_targets", "FileSystemId", "FileSystemId", {}),
        ("describe_access_points", "FileSystemId", "FileSystemId", {}),
    ]),
    ("secretsmanager", "list_secrets", "SecretList", [
        ("get_secret_value", "SecretId", "ARN", {}),
        ("get_resource_policy", "SecretId", "ARN", {}),
    ]),
    ("kms", "list_keys", "Keys", [("describe_key", "KeyId", "KeyId", {})]),
    ("kms", "list_aliases", "Aliases", []),
    ("acm", "list_certificates", "CertificateSummaryList", [("describe_certificate", "CertificateArn", "CertificateArn", {})]),
]
GLOBAL = [
    ("iam", "list_roles", "Roles", [
        ("list_attached_role_policies", "RoleName", "RoleName", {}),
    ]),
    ("iam", "get_account_authorization_details", "RoleDetailList", []),
    ("iam", "list_policies", "Policies", [("list_policy_versions", "PolicyArn", "Arn", {})], {"Scope": "Local"}),
    ("iam", "list_instance_profiles", "InstanceProfiles", []),
    ("route53", "list_hosted_zones", "HostedZones", [("list_resource_record_sets", "HostedZoneId", "Id", {})]),
    ("route53", "list_health_checks", "HealthChecks", []),
    ("cloudfront", "list_distributions", "DistributionList.Items", [("get_distribution_config", "Id", "Id", {})]),
    ("cloudfront", "list_functions", "FunctionList.Items", [("get_function", "Name", "Name", {})]),
    ("s3", "list_buckets", "Buckets", [
        (f"get_{about}", "Bucket", "Name", {})
        for about in (
            "bucket_encryption", "bucket_policy", "bucket_versioning", "bucket_lifecycle_configuration", "public_access_block",
            "bucket_ownership_controls", "bucket_acl", "bucket_logging",
        )
    ]),
]
# What is not about the thing: its tags, which an import may set, and what each answer says of itself.
LEFT_OUT = {"tags", "tagset", "taglist", "responsemetadata", "requestid", "marker", "istruncated", "maxitems", "maxresults"}
# What the servers date anew at each look.
OF_EACH_LOOK = {"LastAccessedDate", "LatestRestorableTime", "Timestamp"}


def said(thing):
    """An answer, in an order of its own, without what is left out. No secret is told, only whether it is the same."""
    if isinstance(thing, dict):
        kept = {key: value for key, value in thing.items() if key.lower() not in LEFT_OUT and key not in OF_EACH_LOOK}
        return {key: digest(value) if key in ("SecretString", "SecretBinary") else said(value) for key, value in kept.items()}
    if isinstance(thing, list):
        return sorted((said(one) for one in thing), key=lambda one: json.dumps(one, sort_keys=True, default=str))
    return thing.read().decode() if hasattr(thing, "read") else thing


def digest(value):
    return hashlib.sha256(value if isinstance(value, bytes) else value.encode()).hexdigest()


def ask(of, operation, **params):
    """Everything, page by page, or what the server says instead."""
    try:
        return list(pages(of, operation, **params))
    except (ClientError, NotImplementedError) as error:
        return [{"error": getattr(error, "response", {}).get("Error", {}).get("Code", type(error).__name__)}]


def tell(region, service, operation, answer):
    print(region, service, operation, json.dumps(said(answer), sort_keys=True, default=str))


def look(region, lists):
    for service, operation, key, questions, *which in lists:
        of = client(service, region)
        things = list(listed(ask(of, operation, **(which[0] if which else {})), key))
        tell(region, service, operation, things)
        for about, parameter, field, further in questions:
            for thing in things:
                named = thing if field is None else [thing] if field == [] else thing[field]
                tell(region, service, about, ask(of, about, **{parameter: named}, **further))


look("us-east-1", GLOBAL)
for region in REGIONS:
    look(region, REGIONAL)
