"""Lists what exists in an account, with boto3 and straight from the servers. It knows nothing of bbws.

usage: inventory.py MOTO_URL MINISTACK_URL ACCOUNT REGION...      a line each: region, sort, name
"""

from account import REGIONS, client, listed, pages


def every(of, operation, key, **params):
    """All pages of a list."""
    yield from listed(pages(of, operation, **params), key)


def name(thing, otherwise=""):
    """The Name tag."""
    tags = {tag["Key"]: tag["Value"] for tag in thing.get("Tags") or thing.get("TagSet") or []}
    return tags.get("Name", otherwise)


def network(region):
    ec2 = client("ec2", region)
    vpcs = {vpc["VpcId"]: vpc for vpc in every(ec2, "describe_vpcs", "Vpcs")}
    # The account's default VPC was there before, whatever is in it is told as well.
    of = lambda thing: name(vpcs.get(thing.get("VpcId"), {}), "default" if vpcs.get(thing.get("VpcId"), {}).get("IsDefault") else "?")
    for vpc in vpcs.values():
        yield "vpc", name(vpc, "default" if vpc["IsDefault"] else vpc["VpcId"])
    for subnet in every(ec2, "describe_subnets", "Subnets"):
        yield "subnet", f"{of(subnet)} {name(subnet)} {subnet['CidrBlock']}"
    for gateway in every(ec2, "describe_internet_gateways", "InternetGateways"):
        yield "internet-gateway", f"{name(gateway)} at {[of(at) for at in gateway['Attachments']]}"
    for address in every(ec2, "describe_addresses", "Addresses"):
        yield "address", name(address)
    for nat in every(ec2, "describe_nat_gateways", "NatGateways"):
        if nat["State"] != "deleted":
            yield "nat-gateway", f"{name(nat)} {nat['State']}"
    for table in every(ec2, "describe_route_tables", "RouteTables"):
        main = any(a.get("Main") for a in table["Associations"])
        called = f"{of(table)} {'main' if main else name(table)}"
        yield "route-table", called
        for route in table["Routes"]:
            if route.get("GatewayId") != "local":
                yield "route", f"{called} {route.get('DestinationCidrBlock') or 'a prefix list'}"
        for association in table["Associations"]:
            if not association.get("Main"):
                yield "route-table-association", called
    groups = {group["GroupId"]: f"{of(group)} {group['GroupName']}" for group in every(ec2, "describe_security_groups", "SecurityGroups")}
    for group in groups.values():
        yield "security-group", group
    for rule in every(ec2, "describe_security_group_rules", "SecurityGroupRules"):
        way = "egress" if rule["IsEgress"] else "ingress"
        peer = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
        peer = peer or groups.get((rule.get("ReferencedGroupInfo") or {}).get("GroupId"), "itself")
        yield "security-group-rule", f"{groups.get(rule['GroupId'], '?')} {way} {rule['IpProtocol']} {rule.get('FromPort')}-{rule.get('ToPort')} {peer}"
    for endpoint in every(ec2, "describe_vpc_endpoints", "VpcEndpoints"):
        if endpoint["State"] != "deleted":
            yield "vpc-endpoint", f"{endpoint['ServiceName']} {endpoint['State']}"
    for log in every(ec2, "describe_flow_logs", "FlowLogs"):
        yield "flow-log", name(log)
    for acl in every(ec2, "describe_network_acls", "NetworkAcls"):
        yield "network-acl", of(acl)
    for interface in every(ec2, "describe_network_interfaces", "NetworkInterfaces"):
        yield "network-interface", f"{of(interface)} {interface.get('InterfaceType')} {interface.get('Description', '')}".strip()
    for reservation in every(ec2, "describe_instances", "Reservations"):
        yield "instance", str(reservation)


def balancing(region):
    elb = client("elbv2", region)
    for balancer in every(elb, "describe_load_balancers", "LoadBalancers"):
        yield "load-balancer", balancer["LoadBalancerName"]
        for listener in every(elb, "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]):
            yield "listener", f"{balancer['LoadBalancerName']} {listener['Protocol']} {listener['Port']}"
            for rule in every(elb, "describe_rules", "Rules", ListenerArn=listener["ListenerArn"]):
                if not rule["IsDefault"]:
                    yield "listener-rule", rule["RuleArn"]
    for group in every(elb, "describe_target_groups", "TargetGroups"):
        yield "target-group", group["TargetGroupName"]


def containers(region):
    ecs = client("ecs", region)
    for cluster in every(ecs, "list_clusters", "clusterArns"):
        yield "ecs-cluster", cluster.rpartition("/")[2]
        for sort in ("service", "task"):
            for arn in every(ecs, f"list_{sort}s", f"{sort}Arns", cluster=cluster):
                yield f"ecs-{sort}", arn.rpartition("/")[2]
    for status in ("ACTIVE", "INACTIVE"):
        for arn in every(ecs, "list_task_definitions", "taskDefinitionArns", status=status):
            yield "task-definition", f"{arn.rpartition('/')[2].rpartition(':')[0]} {status}"


def watch(region):
    logs, cloudwatch, sns = client("logs", region), client("cloudwatch", region), client("sns", region)
    for group in every(logs, "describe_log_groups", "logGroups"):
        yield "log-group", group["logGroupName"]
    for source in every(logs, "describe_delivery_sources", "deliverySources"):
        yield "log-delivery-source", source["name"]
    for destination in every(logs, "describe_delivery_destinations", "deliveryDestinations"):
        yield "log-delivery-destination", destination["name"]
    for delivery in every(logs, "describe_deliveries", "deliveries"):
        yield "log-delivery", delivery["deliverySourceName"]
    for sort in ("MetricAlarms", "CompositeAlarms"):
        for alarm in every(cloudwatch, "describe_alarms", sort):
            yield "alarm", alarm["AlarmName"]
    for topic in every(sns, "list_topics", "Topics"):
        yield "topic", topic["TopicArn"].rpartition(":")[2]
    for subscription in every(sns, "list_subscriptions", "Subscriptions"):
        yield "subscription", subscription["Endpoint"]


def data(region):
    rds, efs, secrets = client("rds", region), client("efs", region), client("secretsmanager", region)
    for instance in every(rds, "describe_db_instances", "DBInstances"):
        yield "db-instance", f"{instance['DBInstanceIdentifier']} {instance['DBInstanceStatus']}"
    for snapshot in every(rds, "describe_db_snapshots", "DBSnapshots"):
        yield "db-snapshot", f"of {snapshot['DBInstanceIdentifier']} {snapshot['SnapshotType']}"
    for group in every(rds, "describe_db_subnet_groups", "DBSubnetGroups"):
        yield "db-subnet-group", group["DBSubnetGroupName"]
    for group in every(rds, "describe_db_parameter_groups", "DBParameterGroups"):
        yield "db-parameter-group", group["DBParameterGroupName"]
    for system in every(efs, "describe_file_systems", "FileSystems"):
        yield "file-system", name(system, system["FileSystemId"])
        for target in every(efs, "describe_mount_targets", "MountTargets", FileSystemId=system["FileSystemId"]):
            yield "mount-target", f"{name(system)} {target['AvailabilityZoneName']}"
        for point in every(efs, "describe_access_points", "AccessPoints", FileSystemId=system["FileSystemId"]):
            yield "access-point", point["AccessPointId"]
    for secret in every(secrets, "list_secrets", "SecretList", IncludePlannedDeletion=True):
        yield "secret", f"{secret['Name']}{' in its recovery window' if secret.get('DeletedDate') else ''}"
    for key in every(client("kms", region), "list_keys", "Keys"):
        yield "kms-key", key["KeyId"]
    for table in every(client("dynamodb", region), "list_tables", "TableNames"):
        yield "table", table


def certificates(region):
    for certificate in every(client("acm", region), "list_certificates", "CertificateSummaryList"):
        yield "certificate", f"{certificate['DomainName']} {certificate['Status']}"


def everywhere():
    iam, route53, cloudfront, s3 = (client(service, "us-east-1") for service in ("iam", "route53", "cloudfront", "s3"))
    for role in every(iam, "list_roles", "Roles"):
        yield "role", role["RoleName"]
        for policy in every(iam, "list_role_policies", "PolicyNames", RoleName=role["RoleName"]):
            yield "role-policy", f"{role['RoleName']} {policy}"
        for policy in every(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role["RoleName"]):
            yield "role-policy-attachment", f"{role['RoleName']} {policy['PolicyName']}"
    for sort, key, called in (("policies", "Policies", "PolicyName"), ("users", "Users", "UserName"), ("instance_profiles", "InstanceProfiles", "InstanceProfileName")):
        for thing in every(iam, f"list_{sort}", key, **({"Scope": "Local"} if sort == "policies" else {})):
            yield f"iam-{sort}", thing[called]
    for zone in every(route53, "list_hosted_zones", "HostedZones"):
        yield "hosted-zone", zone["Name"]
        for record in every(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]):
            yield "dns-record", f"{record['Type']} {'validation' if record['Type'] == 'CNAME' else record['Name']}"
    for check in every(route53, "list_health_checks", "HealthChecks"):
        yield "health-check", check["HealthCheckConfig"]["Type"]
    for distribution in every(cloudfront, "list_distributions", "DistributionList.Items"):
        yield "distribution", f"{distribution['Comment']} {distribution['Status']}"
    for function in cloudfront.list_functions(Stage="DEVELOPMENT")["FunctionList"].get("Items", []):
        yield "cdn-function", function["Name"]
    for sort, key in (("cache_policies", "CachePolicyList"), ("origin_request_policies", "OriginRequestPolicyList"), ("response_headers_policies", "ResponseHeadersPolicyList")):
        for policy in getattr(cloudfront, f"list_{sort}")(Type="custom")[key].get("Items", []):
            yield f"cdn-{sort}", str(policy)
    for bucket in every(s3, "list_buckets", "Buckets"):
        yield "bucket", bucket["Name"]


def main():
    found = [f"global {sort} {called}" for sort, called in everywhere()]
    for region in REGIONS:
        for part in (network, balancing, containers, watch, data, certificates):
            found += [f"{region} {sort} {called}" for sort, called in part(region)]
    print("\n".join(sorted(found)))


main()
