"""Makes the cluster of the specification as a Terraform configuration makes it, by boto3, and prints the state that Terraform
would keep of it: format 4, attributes as the AWS provider's schemas have them. It knows nothing of bbws.

usage: terraform.py ENDPOINT ACCOUNT PASSWORD     the password stands in the state, as Terraform keeps it
"""

import json
import sys

import boto3

ENDPOINT, ACCOUNT, PASSWORD = sys.argv[1:]
REGION = "af-south-1"
DOMAIN = "wpdev.kimmyai.io"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

# What CloudFront writes of a request where nobody says otherwise.
FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes "
    "time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type "
    "sc-content-type sc-content-len sc-range-start sc-range-end"
).split()

resources = {}


def client(service, region=REGION):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name=region, aws_access_key_id=ACCOUNT, aws_secret_access_key="any")


def keep(of, name, attributes, module=None, index=None, mode="managed", sensitive=()):
    """Adds an instance to the state."""
    resource = resources.setdefault((module, mode, of, name), {"mode": mode, "type": of, "name": name, "instances": []})
    resource["provider"] = 'provider["registry.terraform.io/hashicorp/aws"]'
    if module:
        resource["module"] = module
    paths = [[{"type": "get_attr", "value": attribute}] for attribute in sensitive]
    instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": paths}
    if index is not None:
        instance["index_key"] = index
    resource["instances"].append(instance)


def tags(name):
    return {"Environment": "dev", "ManagedBy": "terraform", "Project": "wp", "Name": name}


def pairs(name, key="Key", value="Value"):
    return [{key: k, value: v} for k, v in tags(name).items()]


def specification(sort, name):
    return [{"ResourceType": sort, "Tags": pairs(name)}]


ec2 = client("ec2")


def network():
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=specification("vpc", "poc-vpc"))["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    keep("aws_vpc", "this", {"id": vpc, "cidr_block": "10.0.0.0/16", "enable_dns_hostnames": True, "enable_dns_support": True, "tags": tags("poc-vpc")}, module="module.vpc")
    default = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]
    if default["IpPermissions"]:
        ec2.revoke_security_group_ingress(GroupId=default["GroupId"], IpPermissions=default["IpPermissions"])
    if default["IpPermissionsEgress"]:
        ec2.revoke_security_group_egress(GroupId=default["GroupId"], IpPermissions=default["IpPermissionsEgress"])
    keep("aws_default_security_group", "this", {"id": default["GroupId"], "vpc_id": vpc, "ingress": [], "egress": []}, module="module.vpc")
    igw = ec2.create_internet_gateway(TagSpecifications=specification("internet-gateway", "poc-igw"))["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=igw, VpcId=vpc)
    keep("aws_internet_gateway", "this", {"id": igw, "vpc_id": vpc}, module="module.vpc")
    subnets = {}
    for side, tens in (("public", ""), ("private", "1")):
        for index, letter in enumerate("ab"):
            name, cidr = f"{side}-{letter}", f"10.0.{tens}{index + 1}.0/24"
            made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=REGION + letter, TagSpecifications=specification("subnet", f"poc-{name}"))
            subnets[name] = made["Subnet"]["SubnetId"]
            keep("aws_subnet", side, {"id": subnets[name], "vpc_id": vpc, "cidr_block": cidr, "availability_zone": REGION + letter}, module="module.vpc", index=index)
    eip = ec2.allocate_address(Domain="vpc", TagSpecifications=specification("elastic-ip", "poc-nat-a"))["AllocationId"]
    keep("aws_eip", "nat", {"id": eip, "allocation_id": eip, "domain": "vpc"}, module="module.vpc", index=0)
    nat = ec2.create_nat_gateway(SubnetId=subnets["public-a"], AllocationId=eip, TagSpecifications=specification("natgateway", "poc-nat-a"))
    nat = nat["NatGateway"]["NatGatewayId"]
    keep("aws_nat_gateway", "this", {"id": nat, "allocation_id": eip, "subnet_id": subnets["public-a"]}, module="module.vpc", index=0)
    tables = {}
    for side, target in (("public", {"GatewayId": igw}), ("private", {"NatGatewayId": nat})):
        table = ec2.create_route_table(VpcId=vpc, TagSpecifications=specification("route-table", f"poc-{side}"))["RouteTable"]["RouteTableId"]
        ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
        tables[side] = table
        route = {"cidr_block": "0.0.0.0/0", "gateway_id": target.get("GatewayId", ""), "nat_gateway_id": target.get("NatGatewayId", "")}
        if side == "public":
            keep("aws_route_table", side, {"id": table, "vpc_id": vpc, "route": [route]}, module="module.vpc")
        else:
            keep("aws_route_table", side, {"id": table, "vpc_id": vpc, "route": []}, module="module.vpc")
            keep("aws_route", "private_nat", {"id": f"r-{table}1080289494", "route_table_id": table, "destination_cidr_block": "0.0.0.0/0", "gateway_id": "", "nat_gateway_id": nat}, module="module.vpc")
        for index, letter in enumerate("ab"):
            subnet = subnets[f"{side}-{letter}"]
            made = ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
            keep("aws_route_table_association", side, {"id": made, "subnet_id": subnet, "route_table_id": table}, module="module.vpc", index=index)
    made = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[tables["private"]], TagSpecifications=specification("vpc-endpoint", "poc-s3"))
    keep("aws_vpc_endpoint", "s3", {"id": made["VpcEndpoint"]["VpcEndpointId"], "vpc_id": vpc, "service_name": f"com.amazonaws.{REGION}.s3"}, module="module.vpc")
    return vpc, subnets


# What the configuration calls each rule: whose, which way, ports, peer, description, and the name in its tag.
RULES = [
    ("alb", "ingress", 80, "0.0.0.0/0", "http from the internet", "poc-alb-in-http-internet"),
    ("alb", "egress", 80, "ecs", "requests to ecs", "poc-alb-out-ecs"),
    ("ecs", "ingress", 80, "alb", "requests from alb", "poc-ecs-in-alb"),
    ("ecs", "egress", 3306, "rds", "MySQL to rds", "poc-ecs-out-rds"),
    ("ecs", "egress", 2049, "efs", "NFS to efs", "poc-ecs-out-efs"),
    ("ecs", "egress", 80, "0.0.0.0/0", "http to the internet", "poc-ecs-out-http"),
    ("ecs", "egress", 443, "0.0.0.0/0", "HTTPS anywhere", "poc-ecs-out-https"),
    ("rds", "ingress", 3306, "ecs", "MySQL from ecs", "poc-rds-in-ecs"),
    ("efs", "ingress", 2049, "ecs", "NFS from ecs", "poc-efs-in-ecs"),
]
GROUPS = {"alb": "poc-alb-sg", "ecs": "poc-ecs-tasks-sg", "rds": "poc-rds-sg", "efs": "poc-efs-sg"}


def groups(vpc):
    ids = {}
    for short, name in GROUPS.items():
        made = ec2.create_security_group(GroupName=name, Description="Managed by Terraform", VpcId=vpc, TagSpecifications=specification("security-group", f"poc-{short}"))
        ids[short] = made["GroupId"]
        everything = ec2.describe_security_groups(GroupIds=[made["GroupId"]])["SecurityGroups"][0]["IpPermissionsEgress"]
        if everything:
            ec2.revoke_security_group_egress(GroupId=made["GroupId"], IpPermissions=everything)
    inside = {short: {"ingress": [], "egress": []} for short in GROUPS}
    for number, (group, direction, port, peer, description, name) in enumerate(RULES):
        by_group = peer in ids
        permission = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port}
        if by_group:
            permission["UserIdGroupPairs"] = [{"GroupId": ids[peer], "Description": description}]
        else:
            permission["IpRanges"] = [{"CidrIp": peer, "Description": description}]
        authorize = getattr(ec2, f"authorize_security_group_{direction}")
        made = authorize(GroupId=ids[group], IpPermissions=[permission], TagSpecifications=specification("security-group-rule", name))
        rule = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        if group == "alb":
            inside[group][direction].append({
                "from_port": port, "to_port": port, "protocol": "tcp", "description": description, "self": False, "ipv6_cidr_blocks": [], "prefix_list_ids": [],
                "cidr_blocks": [] if by_group else [peer], "security_groups": [ids[peer]] if by_group else [],
            })
        elif group == "ecs":
            keep(f"aws_vpc_security_group_{direction}_rule", f"ecs_{number}", {
                "id": rule, "security_group_rule_id": rule, "arn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group-rule/{rule}", "security_group_id": ids[group], "description": description,
                "ip_protocol": "tcp", "from_port": port, "to_port": port, "cidr_ipv4": None if by_group else peer, "referenced_security_group_id": ids[peer] if by_group else None,
            })
        else:
            keep("aws_security_group_rule", f"{group}_{number}", {
                "id": f"sgrule-{number}", "security_group_id": ids[group], "type": direction, "protocol": "tcp", "from_port": port, "to_port": port, "self": False,
                "cidr_blocks": None, "source_security_group_id": ids[peer], "description": description, "security_group_rule_id": "",
            })
    for short, name in GROUPS.items():
        keep("aws_security_group", short, {"id": ids[short], "name": name, "description": "Managed by Terraform", "vpc_id": vpc, **inside[short]})
    return ids


def balancer(subnets, ids):
    elb = client("elbv2")
    on = [subnets["public-a"], subnets["public-b"]]
    made = elb.create_load_balancer(Name="poc-alb", Subnets=on, SecurityGroups=[ids["alb"]], Scheme="internet-facing", Type="application", Tags=pairs("poc-alb"))["LoadBalancers"][0]
    arn, dns = made["LoadBalancerArn"], made["DNSName"]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[{"Key": "routing.http.drop_invalid_header_fields.enabled", "Value": "true"}])
    keep("aws_lb", "main", {"id": arn, "arn": arn, "name": "poc-alb", "dns_name": dns, "security_groups": [ids["alb"]], "subnets": on})
    body = "The load balancer is up; nothing is served under this name."
    action = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": body}}
    listener = elb.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[action], Tags=pairs("poc-http"))["Listeners"][0]["ListenerArn"]
    keep("aws_lb_listener", "http", {"id": listener, "arn": listener, "load_balancer_arn": arn, "port": 80, "protocol": "HTTP"})
    keep("aws_lb_target_group", "tenant_banana", {"id": "arn:tg", "arn": "arn:tg", "name": "banana"})
    return dns


def containers():
    logs = client("logs")
    for resource, name, days in (("ecs", "/ecs/dev", 14), ("rds_error", "/aws/rds/instance/poc-mysql/error", 7), ("rds_slow", "/aws/rds/instance/poc-mysql/slowquery", 7)):
        logs.create_log_group(logGroupName=name, tags=tags(name))
        logs.put_retention_policy(logGroupName=name, retentionInDays=days)
        keep("aws_cloudwatch_log_group", resource, {"id": name, "name": name, "arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}", "retention_in_days": days})
    ecs = client("ecs")
    strategy = [{"capacityProvider": "FARGATE", "base": 0, "weight": 1}]
    made = ecs.create_cluster(
        clusterName="poc-cluster", settings=[{"name": "containerInsights", "value": "enabled"}], capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=strategy,
        tags=pairs("poc-cluster", "key", "value"),
    )["cluster"]["clusterArn"]
    keep("aws_ecs_cluster", "main", {"id": made, "arn": made, "name": "poc-cluster"})
    keep("aws_ecs_cluster_capacity_providers", "main", {"id": "poc-cluster", "cluster_name": "poc-cluster", "capacity_providers": ["FARGATE", "FARGATE_SPOT"]})
    iam = client("iam", "us-east-1")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    arns = {}
    for resource, name in (("execution", "poc-ecs-execution"), ("task", "poc-ecs-task")):
        arns[resource] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=pairs(name))["Role"]["Arn"]
        keep("aws_iam_role", resource, {"id": name, "name": name, "arn": arns[resource], "path": "/", "assume_role_policy": json.dumps(trust)})
    policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    iam.attach_role_policy(RoleName="poc-ecs-execution", PolicyArn=policy)
    keep("aws_iam_role_policy_attachment", "execution", {"id": "poc-ecs-execution-20251213", "role": "poc-ecs-execution", "policy_arn": policy})
    mount = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], "Resource": "*"}]}
    iam.put_role_policy(RoleName="poc-ecs-task", PolicyName="ecs-task", PolicyDocument=json.dumps(mount))
    keep("aws_iam_role_policy", "task", {"id": "poc-ecs-task:ecs-task", "role": "poc-ecs-task", "name": "ecs-task", "policy": json.dumps(mount)})
    return arns


def task(arns, secret):
    secrets = [{"name": name, "valueFrom": f"{secret}:{field}::"} for name, field in (("DB_HOST", "host"), ("DB_PORT", "port"), ("DB_USER", "username"), ("MYSQL_PWD", "password"))]
    container = {"name": "mysql", "image": "mysql:8.0", "essential": True, "secrets": secrets}
    made = client("ecs").register_task_definition(
        family="poc-db-init", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512", executionRoleArn=arns["execution"], taskRoleArn=arns["task"],
        containerDefinitions=[container], tags=pairs("poc-db-init", "key", "value"),
    )["taskDefinition"]["taskDefinitionArn"]
    keep("aws_ecs_task_definition", "db_init", {"id": "poc-db-init", "arn": made, "family": "poc-db-init", "execution_role_arn": arns["execution"], "task_role_arn": arns["task"], "container_definitions": json.dumps([container])})


def data(subnets, ids):
    rds, secrets, efs = client("rds"), client("secretsmanager"), client("efs")
    inside = [subnets["private-a"], subnets["private-b"]]
    rds.create_db_subnet_group(DBSubnetGroupName="poc-db", DBSubnetGroupDescription="Managed by Terraform", SubnetIds=inside, Tags=pairs("poc-rds"))
    keep("aws_db_subnet_group", "main", {"id": "poc-db", "name": "poc-db", "subnet_ids": inside})
    rds.create_db_parameter_group(DBParameterGroupName="poc-params", DBParameterGroupFamily="mysql8.0", Description="Managed by Terraform", Tags=pairs("poc-mysql8-0"))
    wanted = {"character_set_server": "utf8mb4", "collation_server": "utf8mb4_unicode_ci", "log_output": "FILE", "long_query_time": "2", "max_connections": "60", "require_secure_transport": "1", "slow_query_log": "1"}
    rds.modify_db_parameter_group(DBParameterGroupName="poc-params", Parameters=[{"ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate"} for name, value in wanted.items()])
    keep("aws_db_parameter_group", "main", {"id": "poc-params", "name": "poc-params", "family": "mysql8.0"})
    keep("random_password", "db", {"id": "none", "length": 32, "result": PASSWORD, "bcrypt_hash": "$2a$10$" + PASSWORD}, sensitive=("result", "bcrypt_hash"))
    made = rds.create_db_instance(
        DBInstanceIdentifier="poc-mysql", Engine="mysql", EngineVersion="8.0.35", DBInstanceClass="db.t3.micro", AllocatedStorage=20, StorageType="gp3", StorageEncrypted=True,
        MasterUsername="admin", MasterUserPassword=PASSWORD, DBSubnetGroupName="poc-db", DBParameterGroupName="poc-params", VpcSecurityGroupIds=[ids["rds"]], Port=3306, MultiAZ=False, PubliclyAccessible=False,
        BackupRetentionPeriod=0, PreferredBackupWindow="01:00-02:00", PreferredMaintenanceWindow="sun:03:00-sun:04:00", AutoMinorVersionUpgrade=True, CopyTagsToSnapshot=True,
        DeletionProtection=False, EnableCloudwatchLogsExports=["error", "slowquery"], Tags=pairs("poc-mysql"),
    )["DBInstance"]
    address = rds.describe_db_instances(DBInstanceIdentifier="poc-mysql")["DBInstances"][0]["Endpoint"]["Address"]
    keep("aws_db_instance", "main", {
        "id": made["DbiResourceId"], "identifier": "poc-mysql", "arn": made["DBInstanceArn"], "address": address, "engine": "mysql", "username": "admin", "password": PASSWORD,
        "db_subnet_group_name": "poc-db", "parameter_group_name": "poc-params", "vpc_security_group_ids": [ids["rds"]], "storage_encrypted": True,
    }, sensitive=("password",))
    value = json.dumps({"username": "admin", "password": PASSWORD, "host": address, "port": 3306, "engine": "mysql"})
    secret = secrets.create_secret(Name="poc-rds-master-credentials", Description="RDS master", SecretString=value, Tags=pairs("poc-rds-master-credentials"))
    keep("aws_secretsmanager_secret", "rds", {"id": secret["ARN"], "arn": secret["ARN"], "name": "poc-rds-master-credentials"})
    keep("aws_secretsmanager_secret_version", "rds", {"id": f"{secret['ARN']}|{secret['VersionId']}", "arn": secret["ARN"], "secret_id": secret["ARN"], "version_id": secret["VersionId"], "secret_string": value}, sensitive=("secret_string",))
    system = efs.create_file_system(CreationToken="poc-efs", Encrypted=True, PerformanceMode="generalPurpose", ThroughputMode="bursting", Tags=pairs("poc-efs"))
    system = system["FileSystemId"]
    arn = f"arn:aws:elasticfilesystem:{REGION}:{ACCOUNT}:file-system/{system}"
    efs.put_lifecycle_configuration(FileSystemId=system, LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}, {"TransitionToPrimaryStorageClass": "AFTER_1_ACCESS"}])
    keep("aws_efs_file_system", "main", {"id": system, "arn": arn, "creation_token": "poc-efs", "encrypted": True})
    keep("aws_efs_backup_policy", "main", {"id": system, "file_system_id": system})
    for index, letter in enumerate("ab"):
        target = efs.create_mount_target(FileSystemId=system, SubnetId=subnets[f"private-{letter}"], SecurityGroups=[ids["efs"]])["MountTargetId"]
        keep("aws_efs_mount_target", "main", {"id": target, "file_system_id": system, "subnet_id": subnets[f"private-{letter}"], "security_groups": [ids["efs"]]}, index=letter)
    return secret["ARN"]


def edge(dns):
    route53, acm, cloudfront, s3 = client("route53", "us-east-1"), client("acm", "us-east-1"), client("cloudfront", "us-east-1"), client("s3")
    zone = route53.create_hosted_zone(Name=DOMAIN, CallerReference="terraform-20251213", HostedZoneConfig={"Comment": "Managed by Terraform"})["HostedZone"]["Id"].rpartition("/")[2]
    route53.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone, AddTags=pairs(DOMAIN))
    keep("aws_route53_zone", "main", {"id": zone, "zone_id": zone, "name": DOMAIN}, module="module.edge")
    certificate = acm.request_certificate(DomainName=f"*.{DOMAIN}", SubjectAlternativeNames=[DOMAIN], ValidationMethod="DNS", KeyAlgorithm="RSA_2048", Tags=pairs("poc-cdn"))["CertificateArn"]
    option = acm.describe_certificate(CertificateArn=certificate)["Certificate"]["DomainValidationOptions"][0]["ResourceRecord"]
    options = [{"domain_name": name, "resource_record_name": option["Name"], "resource_record_type": "CNAME", "resource_record_value": option["Value"]} for name in (f"*.{DOMAIN}", DOMAIN)]
    keep("aws_acm_certificate", "main", {"id": certificate, "arn": certificate, "domain_name": f"*.{DOMAIN}", "domain_validation_options": options, "private_key": None}, module="module.edge")
    keep("aws_acm_certificate_validation", "main", {"id": "2025-12-13", "certificate_arn": certificate}, module="module.edge")

    def record(name, sort, **of):
        change = {"Action": "UPSERT", "ResourceRecordSet": {"Name": name, "Type": sort, **of}}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [change]})
        return {"id": f"{zone}_{name}_{sort}", "zone_id": zone, "name": name, "fqdn": name.rstrip("."), "type": sort, "set_identifier": ""}

    validation = record(option["Name"], "CNAME", TTL=300, ResourceRecords=[{"Value": option["Value"]}])
    for name in (f"*.{DOMAIN}", DOMAIN):
        keep("aws_route53_record", "validation", validation, module="module.edge", index=name)
    behaviour = {"TargetOriginId": "alb", "ViewerProtocolPolicy": "redirect-to-https", "Compress": True, "OriginRequestPolicyId": ALL_VIEWER, "CachePolicyId": CACHING_DISABLED}
    every = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
    methods = lambda of: {"AllowedMethods": {"Quantity": len(of), "Items": of, "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]}}}
    paths = [{**behaviour, "PathPattern": path, "CachePolicyId": CACHING_OPTIMIZED, **methods(["GET", "HEAD", "OPTIONS"])} for path in ("/wp-content/*", "/wp-includes/*")]
    origin = {
        "Id": "alb", "DomainName": dns, "OriginPath": "", "CustomHeaders": {"Quantity": 0}, "ConnectionAttempts": 3, "ConnectionTimeout": 10,
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only", "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]}, "OriginReadTimeout": 60, "OriginKeepaliveTimeout": 5},
    }
    config = {
        "CallerReference": "terraform-20251213", "Comment": "poc: the sites of the tenants", "Enabled": True, "PriceClass": "PriceClass_200", "HttpVersion": "http2and3", "IsIPV6Enabled": True, "DefaultRootObject": "",
        "Aliases": {"Quantity": 2, "Items": [f"*.{DOMAIN}", DOMAIN]}, "Origins": {"Quantity": 1, "Items": [origin]}, "DefaultCacheBehavior": {**behaviour, **methods(every)},
        "CacheBehaviors": {"Quantity": 2, "Items": paths}, "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "ViewerCertificate": {"ACMCertificateArn": certificate, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021", "CloudFrontDefaultCertificate": False},
    }
    made = cloudfront.create_distribution_with_tags(DistributionConfigWithTags={"DistributionConfig": config, "Tags": {"Items": pairs("poc-cdn")}})["Distribution"]
    keep("aws_cloudfront_distribution", "main", {"id": made["Id"], "arn": made["ARN"], "domain_name": made["DomainName"], "aliases": [f"*.{DOMAIN}", DOMAIN]}, module="module.edge")
    for sort in ("A", "AAAA"):
        target = {"HostedZoneId": "Z2FDTNDATAQYW2", "DNSName": made["DomainName"], "EvaluateTargetHealth": False}
        keep("aws_route53_record", f"apex_{sort.lower()}", record(DOMAIN, sort, AliasTarget=target), module="module.edge")
    logs(s3, made["ARN"])


def logs(s3, distribution):
    """The bucket of the distribution's logs, and what brings them there."""
    bucket = f"poc-cdn-logs-{ACCOUNT}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}, ObjectOwnership="BucketOwnerEnforced")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": pairs(bucket)})
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration={name: True for name in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")})
    keep("aws_s3_bucket", "logs", {"id": bucket, "bucket": bucket, "arn": f"arn:aws:s3:::{bucket}"}, module="module.edge")
    for part in ("versioning", "public_access_block", "ownership_controls", "server_side_encryption_configuration"):
        keep(f"aws_s3_bucket_{part}", "logs", {"id": bucket, "bucket": bucket}, module="module.edge")
    statement = {
        "Sid": "AWSLogDeliveryWrite", "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*",
        "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:*"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    keep("aws_s3_bucket_policy", "logs", {"id": bucket, "bucket": bucket}, module="module.edge")
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [
        {"ID": "expire", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    ]})
    keep("aws_s3_bucket_lifecycle_configuration", "logs", {"id": bucket, "bucket": bucket}, module="module.edge")
    delivery = client("logs", "us-east-1")
    delivery.put_delivery_source(name="poc-cdn", resourceArn=distribution, logType="ACCESS_LOGS", tags=tags("poc-cdn"))
    keep("aws_cloudwatch_log_delivery_source", "cdn", {"name": "poc-cdn", "log_type": "ACCESS_LOGS", "resource_arn": distribution}, module="module.edge")
    made = delivery.put_delivery_destination(name="poc-cdn", outputFormat="w3c", deliveryDestinationConfiguration={"destinationResourceArn": f"arn:aws:s3:::{bucket}"}, tags=tags("poc-cdn"))["deliveryDestination"]
    keep("aws_cloudwatch_log_delivery_destination", "cdn", {"name": "poc-cdn", "arn": made["arn"], "output_format": "w3c"}, module="module.edge")
    path = {"suffixPath": "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}", "enableHiveCompatiblePath": False}
    made = delivery.create_delivery(deliverySourceName="poc-cdn", deliveryDestinationArn=made["arn"], recordFields=FIELDS, s3DeliveryConfiguration=path, tags=tags("poc-cdn"))["delivery"]
    keep("aws_cloudwatch_log_delivery", "cdn", {"id": made["id"], "delivery_source_name": "poc-cdn", "delivery_destination_arn": made["deliveryDestinationArn"]}, module="module.edge")


def kept(of, attribute):
    """An attribute of the one resource of a type."""
    return next(resource for (_, _, sort, _), resource in resources.items() if sort == of)["instances"][0]["attributes"][attribute]


def monitoring():
    """The alarms, and the topic of each region; one alarm that bbws would make is missing, and one is another."""
    topics = {}
    for region, name in ((REGION, "poc-alarms"), ("us-east-1", "poc-alarms-global")):
        topics[region] = client("sns", region).create_topic(Name=name, Tags=pairs(name))["TopicArn"]
        keep("aws_sns_topic", name.removeprefix("poc-").replace("-", "_"), {"id": topics[region], "arn": topics[region], "name": name}, module="module.alarms")
    balancer = kept("aws_lb", "arn").partition("loadbalancer/")[2]
    database = ("DBInstanceIdentifier", "poc-mysql")
    least, most = "LessThanOrEqualToThreshold", "GreaterThanOrEqualToThreshold"
    for name, region, space, metric, statistic, (dimension, value), comparison, threshold, period, periods, missing in (
        ("rds-cpu", REGION, "AWS/RDS", "CPUUtilization", "Average", database, most, 80, 300, 3, "missing"),
        ("rds-storage", REGION, "AWS/RDS", "FreeStorageSpace", "Minimum", database, least, 2 * 1024**3, 300, 3, "missing"),
        ("rds-connections", REGION, "AWS/RDS", "DatabaseConnections", "Maximum", database, most, 40, 300, 3, "missing"),
        ("alb-5xx", REGION, "AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "Sum", ("LoadBalancer", balancer), most, 10, 300, 1, "notBreaching"),
        ("alb-target-5xx", REGION, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "Sum", ("LoadBalancer", balancer), most, 10, 300, 1, "notBreaching"),
        ("nat-a-port-errors", REGION, "AWS/NATGateway", "ErrorPortAllocation", "Sum", ("NatGatewayId", kept("aws_nat_gateway", "id")), most, 1, 300, 1, "notBreaching"),
        ("efs-burst-credits", REGION, "AWS/EFS", "BurstCreditBalance", "Minimum", ("FileSystemId", kept("aws_efs_file_system", "id")), least, 200 * 1024**3, 300, 3, "missing"),
        ("certificate-cdn-days", "us-east-1", "AWS/CertificateManager", "DaysToExpiry", "Minimum", ("CertificateArn", kept("aws_acm_certificate", "arn")), least, 30, 86400, 1, "ignore"),
    ):
        client("cloudwatch", region).put_metric_alarm(
            AlarmName=f"poc-{name}", AlarmDescription="Managed by Terraform", Namespace=space, MetricName=metric, Statistic=statistic, Dimensions=[{"Name": dimension, "Value": value}],
            ComparisonOperator=comparison, Threshold=threshold, Period=period, EvaluationPeriods=periods, TreatMissingData=missing, AlarmActions=[topics[region]], OKActions=[topics[region]], Tags=pairs(f"poc-{name}"),
        )
        arn = f"arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:poc-{name}"
        keep("aws_cloudwatch_metric_alarm", name.replace("-", "_"), {"id": f"poc-{name}", "alarm_name": f"poc-{name}", "arn": arn}, module="module.alarms")


def main():
    vpc, subnets = network()
    ids = groups(vpc)
    dns = balancer(subnets, ids)
    arns = containers()
    task(arns, data(subnets, ids))
    edge(dns)
    monitoring()
    keep("aws_caller_identity", "me", {"id": ACCOUNT, "account_id": ACCOUNT}, mode="data")
    keep("aws_kms_alias", "logs", {"id": "alias/poc", "name": "alias/poc"})
    keep("null_resource", "db_init", {"id": "4711", "triggers": {"password": PASSWORD}})
    outputs = {"db_password": {"value": PASSWORD, "type": "string", "sensitive": True}}
    print(json.dumps({"version": 4, "terraform_version": "1.6.0", "serial": 59, "lineage": "7ad8a6a4-7a6b-4f0f-8f6f-3c9c1d3a9f10", "outputs": outputs, "resources": list(resources.values()), "check_results": None}, indent=2))


main()
