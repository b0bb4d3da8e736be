"""The one table of exceptions: what the servers get wrong or lack, each by name. All else goes through as it is."""

import json
import re
import threading
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote
from xml.sax.saxutils import escape, unescape

import cbor2

# The services that ministack knows better, and why; moto is asked for all others.
MINISTACK = {
    "cloudfront": "moto lacks cache policies and publishing, and ignores If-Match",
    "cloudwatch": "moto does not speak CBOR, the Rust SDK nothing else",
    "ecs": "moto has no UpdateClusterSettings, and its CreateCluster wipes a cluster that exists",
    "s3": "moto gives a new bucket no encryption, AWS does",
}

# What RDS tells of the parameters that are set here (mysql8.0): moto has no default parameters at all.
PARAMETERS = {
    "character_set_server": "dynamic",
    "collation_server": "dynamic",
    "log_output": "dynamic",
    "long_query_time": "dynamic",
    "max_connections": "dynamic",
    "require_secure_transport": "dynamic",
    "slow_query_log": "dynamic",
}


def server(request):
    """Which server is asked."""
    return "ministack" if request.service in MINISTACK else "moto"


class Memory:
    """What the table's functions keep between requests, by account and region."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kept = {}

    def of(self, request, what):
        # Whoever asks for what is global names whatever region.
        region = "" if request.service == "route53" else request.region
        with self.lock:
            return self.kept.setdefault((request.key, region, what), {})


def zone_ids(proxy, request, server):
    """Zone ids get their Z on the way back, and lose it on the way in."""
    zones = proxy.memory.of(request, "zones")
    for real, shown in list(zones.items()):
        request.target = request.target.replace(shown, real)
        request.body = request.body.replace(shown.encode(), real.encode())
    answer = proxy.forward(server, request)
    for real in re.findall(rb"/hostedzone/([A-Z0-9]{10,})", answer.body):
        zones.setdefault(real.decode(), f"Z0{real.decode()}")
    for real, shown in zones.items():
        answer.body = answer.body.replace(real.encode(), shown.encode())
        answer.headers = [(key, value.replace(real, shown)) for key, value in answer.headers]
    return answer


def db_parameters(proxy, request, server):
    """Every parameter that is set here is known, with the values that moto keeps for the group."""
    answer = proxy.forward(server, request)
    if answer.status != 200:
        return answer
    text = answer.body.decode()
    of = lambda name, part: (re.search(rf"<{name}>([^<]*)</{name}>", part) or [None, None])[1]
    values = {of("ParameterName", part): of("ParameterValue", part) for part in re.findall(r"<Parameter>.*?</Parameter>", text, re.S)}
    wanted = [value for part in request.params.get("Filters", []) for value in part["Values"]]
    found = ""
    for name, apply in PARAMETERS.items():
        value = values.get(name)
        if (wanted and name not in wanted) or (request.params.get("Source") == "user" and value is None):
            continue
        set_to = f"<ParameterValue>{escape(value)}</ParameterValue>" if value is not None else ""
        source = "engine-default" if value is None else "user"
        found += f"<Parameter><ParameterName>{name}</ParameterName>{set_to}<Source>{source}</Source><ApplyType>{apply}</ApplyType><IsModifiable>true</IsModifiable></Parameter>"
    result = f"<DescribeDBParametersResult><Parameters>{found}</Parameters></DescribeDBParametersResult>"
    answer.body = f'<DescribeDBParametersResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/">{result}</DescribeDBParametersResponse>'.encode()
    return answer


def modify_subnet_group(proxy, request, server):
    """The group that moto drops is made again as it was asked for, with its tags."""
    arn = f"arn:aws:rds:{request.region}:{request.key}:subgrp:{request.params['DBSubnetGroupName']}"
    asked = request.body
    tags = proxy.forward(server, request, f"Action=ListTagsForResource&Version=2014-10-31&ResourceName={quote(arn)}".encode())
    answer = proxy.forward(server, request, asked)
    if answer.status == 200:
        pairs = re.findall(r"<Tag>\s*<Key>(.*?)</Key>\s*<Value>(.*?)</Value>\s*</Tag>", tags.body.decode(), re.S)
        body = asked.decode().replace("Action=ModifyDBSubnetGroup", "Action=CreateDBSubnetGroup")
        for at, (key, value) in enumerate(pairs, 1):
            body += f"&Tags.Tag.{at}.Key={quote(unescape(key))}&Tags.Tag.{at}.Value={quote(unescape(value))}"
        made = proxy.forward(server, request, body.encode())
        if made.status != 200:
            return made
    return answer


def put_alarm(proxy, request, server):
    """Keeps the queries of an alarm."""
    kept = proxy.memory.of(request, "alarms")
    kept.pop(request.params["AlarmName"], None)
    if "Metrics" in request.params:
        kept[request.params["AlarmName"]] = request.params["Metrics"]
    return proxy.forward(server, request)


def describe_alarms(proxy, request, server):
    """Shows the queries again, in place of the metric that ministack makes up."""
    answer = proxy.forward(server, request)
    if answer.status != 200:
        return answer
    kept, told = proxy.memory.of(request, "alarms"), cbor2.loads(answer.body)
    for alarm in told.get("MetricAlarms", []):
        if alarm["AlarmName"] in kept:
            for name in ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit"):
                alarm.pop(name, None)
            alarm["Metrics"] = kept[alarm["AlarmName"]]
    answer.body = cbor2.dumps(told, datetime_as_timestamp=True)
    return answer


def create_delivery(proxy, request, server):
    """AWS puts CloudFront's prefix before the path of a new delivery."""
    body = json.loads(request.body)
    s3 = body.get("s3DeliveryConfiguration", {})
    if "suffixPath" in s3:
        s3["suffixPath"] = "AWSLogs/{account-id}/CloudFront/" + s3["suffixPath"]
    return proxy.forward(server, request, json.dumps(body).encode())


def put_value(proxy, request, server):
    """Keeps which version of a secret was given a label of our own."""
    answer = proxy.forward(server, request)
    if answer.status == 200:
        told = json.loads(answer.body)
        kept = proxy.memory.of(request, "labels").setdefault(told["ARN"], {})
        kept.update({label: told["VersionId"] for label in request.params.get("VersionStages", []) if not label.startswith("AWS")})
    return answer


def describe_secret(proxy, request, server):
    """Shows the labels where they were put."""
    answer = proxy.forward(server, request)
    if answer.status != 200:
        return answer
    told = json.loads(answer.body)
    for label, version in proxy.memory.of(request, "labels").get(told["ARN"], {}).items():
        stages = told["VersionIdsToStages"].setdefault(version, [])
        stages += [label] if label not in stages else []
    answer.body = json.dumps(told).encode()
    return answer


def create_mount_target(proxy, request, server):
    """Keeps whose the interface is that a mount target got."""
    answer = proxy.forward(server, request)
    if answer.status == 200:
        told = json.loads(answer.body)
        words = f"EFS mount target for {told['FileSystemId']} ({told['MountTargetId']})"
        proxy.memory.of(request, "mount targets")[told["NetworkInterfaceId"]] = words
    return answer


def describe_interfaces(proxy, request, server):
    """Interfaces say whose they are, as AWS writes it; those that outlive their owner are left out."""
    asked = request.body
    strip = lambda text: ElementTree.fromstring(re.sub(r' xmlns="[^"]+"', "", text, count=1))
    ask = lambda action: strip(proxy.forward(server, request, f"Action={action}&Version=2016-11-15".encode()).body.decode())
    lives = dict(proxy.memory.of(request, "mount targets"))
    for endpoint in ask("DescribeVpcEndpoints").findall("vpcEndpointSet/item"):
        for one in endpoint.findall("networkInterfaceIdSet/item"):
            lives[one.text] = f"VPC Endpoint Interface {endpoint.findtext('vpcEndpointId')}"
    known = proxy.memory.of(request, "interfaces")
    for gateway in ask("DescribeNatGateways").findall("natGatewaySet/item"):
        for one in gateway.findall("natGatewayAddressSet/item/networkInterfaceId"):
            kept = known if gateway.findtext("state") == "deleted" else lives
            kept[one.text] = f"Interface for NAT Gateway {gateway.findtext('natGatewayId')}"
    known.update(lives)
    answer = proxy.forward(server, request, asked)
    if answer.status != 200:
        return answer
    told = strip(answer.body.decode())
    interfaces = told.find("networkInterfaceSet")
    for item in list(interfaces):
        name = item.findtext("networkInterfaceId")
        if name in known and name not in lives:
            interfaces.remove(item)
        for field, value in (("description", lives.get(name)), ("requesterManaged", "true")) if name in lives else ():
            found = item.find(field)
            (ElementTree.SubElement(item, field) if found is None else found).text = value
    told.set("xmlns", "http://ec2.amazonaws.com/doc/2016-11-15/")
    answer.body = ElementTree.tostring(told)
    return answer


def put_backup(proxy, request, server):
    """Keeps whether a file system is backed up: there is no such call. AWS answers ENABLING first, this at once ENABLED."""
    status = request.params["BackupPolicy"]["Status"]
    proxy.memory.of(request, "backups")[request.params["FileSystemId"]] = status
    return proxy.answer(200, [("Content-Type", "application/json")], json.dumps({"BackupPolicy": {"Status": status}}).encode())


def describe_backup(proxy, request, server):
    """Shows it again."""
    status = proxy.memory.of(request, "backups").get(request.params["FileSystemId"])
    if status is None:
        return proxy.forward(server, request)
    return proxy.answer(200, [("Content-Type", "application/json")], json.dumps({"BackupPolicy": {"Status": status}}).encode())


def modify_endpoint(proxy, request, server):
    """A gateway endpoint that serves further tables has its route in them, without which moto cannot delete it any more; and
    none in those it serves no longer."""
    asked = request.body
    answer = proxy.forward(server, request)
    if answer.status != 200:
        return answer
    ask = lambda text: proxy.forward(server, request, f"{text}&Version=2016-11-15".encode()).body.decode()
    name = f"com.amazonaws.{request.region}.s3"
    lists = ask("Action=DescribeManagedPrefixLists")
    found = re.search(rf"<prefixListId>(pl-\w+)</prefixListId>(?:(?!</item>).)*<prefixListName>{re.escape(name)}<|<prefixListName>{re.escape(name)}</prefixListName>(?:(?!</item>).)*<prefixListId>(pl-\w+)<", lists, re.S)
    to = found and (found[1] or found[2])
    for table in request.params.get("AddRouteTableIds", []) if to else ():
        ask(f"Action=CreateRoute&RouteTableId={table}&DestinationPrefixListId={to}&GatewayId={request.params['VpcEndpointId']}")
    for table in request.params.get("RemoveRouteTableIds", []) if to else ():
        ask(f"Action=DeleteRoute&RouteTableId={table}&DestinationPrefixListId={to}")
    request.body = asked
    return answer


def describe_endpoints(proxy, request, server):
    """Those of some ids are asked for by their ids; one that is not there is left out, as by a filter."""
    wanted = next((part["Values"] for part in request.params.get("Filters", []) if part["Name"] == "vpc-endpoint-id"), None)
    if not wanted:
        return proxy.forward(server, request)
    items, rest = "", None
    for one in wanted:
        answer = proxy.forward(server, request, f"Action=DescribeVpcEndpoints&Version=2016-11-15&VpcEndpointId.1={one}".encode())
        found = re.search(rb"<vpcEndpointSet>(.*)</vpcEndpointSet>", answer.body, re.S)
        items += found[1].decode() if found else ""
        rest = answer if found or rest is None else rest
    rest.status, rest.body = 200, f'<DescribeVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><vpcEndpointSet>{items}</vpcEndpointSet></DescribeVpcEndpointsResponse>'.encode()
    return rest


# operation, or all of a service: (the fault, what is done about it)
TABLE = {
    "route53": ("moto's zone ids do not begin with Z", zone_ids),
    "rds:DescribeDBParameters": ("moto has no default parameters, and so no apply type", db_parameters),
    "rds:ModifyDBSubnetGroup": ("moto drops the group that is modified", modify_subnet_group),
    "cloudwatch:PutMetricAlarm": ("ministack loses an alarm's Metrics", put_alarm),
    "cloudwatch:DescribeAlarms": ("ministack loses an alarm's Metrics", describe_alarms),
    "secretsmanager:PutSecretValue": ("moto takes labels of our own off a version that is AWSCURRENT no more", put_value),
    "secretsmanager:DescribeSecret": ("moto takes labels of our own off a version that is AWSCURRENT no more", describe_secret),
    "efs:CreateMountTarget": ("moto's interfaces do not say whose they are", create_mount_target),
    "efs:PutBackupPolicy": ("moto has no PutBackupPolicy", put_backup),
    "efs:DescribeBackupPolicy": ("moto has no PutBackupPolicy", describe_backup),
    "ec2:DescribeVpcEndpoints": ("moto falls over the filter vpc-endpoint-id", describe_endpoints),
    "ec2:ModifyVpcEndpoint": ("moto writes no route into tables that a gateway endpoint serves later, and cannot delete it then", modify_endpoint),
    "ec2:DescribeNetworkInterfaces": ("moto's interfaces do not say whose they are, and outlive it", describe_interfaces),
    "logs:CreateDelivery": ("moto keeps a delivery's path without the prefix that AWS puts before it", create_delivery),
}


def exception(request):
    """The entry that a request falls under, if any."""
    return next((key for key in (request.name, request.service) if key in TABLE), None)


def answer(proxy, request, server):
    """The answer to a request."""
    entry = exception(request)
    return TABLE[entry][1](proxy, request, server) if entry else proxy.forward(server, request)
