"""The proxy's judgement of requests: what AWS's models allow passes, each sort of fault is found."""

import json
import unittest

from wire import Request


def request(service, method="POST", target="/", body=b"", **headers):
    scope = f"AWS4-HMAC-SHA256 Credential=123456789012/20260101/eu-west-1/{service}/aws4_request, Signature=x"
    return Request(method, target, {"Authorization": scope, **{key.replace("_", "-"): value for key, value in headers.items()}}, body)


def logs(operation, **body):
    return request("logs", body=json.dumps(body).encode(), X_Amz_Target=f"Logs_20140328.{operation}")


class Judgement(unittest.TestCase):
    def test_right_requests_pass(self):
        for right in (
            request("ec2", body=b"Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3Aa&Filter.1.Value.1=b"),
            request("rds", body=b"Action=AddTagsToResource&ResourceName=a&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v"),
            logs("PutRetentionPolicy", logGroupName="/a", retentionInDays=7),
            request("route53", "GET", "/2013-04-01/hostedzone/Z1"),
            request("s3", "PUT", "/b?versioning", b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
        ):
            self.assertEqual(right.faults(), [], right.name)

    def test_operations_are_told_apart_by_path_and_query(self):
        for (method, target), name in {
            ("GET", "/b?lifecycle"): "GetBucketLifecycleConfiguration",
            ("PUT", "/b"): "CreateBucket",
            ("GET", "/"): "ListBuckets",
            ("GET", "/b?versioning"): "GetBucketVersioning",
        }.items():
            self.assertEqual(request("s3", method, target).operation, name)
        self.assertEqual(request("route53", "GET", "/2013-04-01/hostedzone/Z1/rrset").operation, "ListResourceRecordSets")

    def test_each_sort_of_fault_is_found(self):
        for wrong, part in (
            (request("ec2", body=b"Action=DescribeVpcs&Filters.1.Name=a"), "no member"),
            (request("ec2", body=b"Action=CreateSubnet&CidrBlock=10.0.0.0/24"), "VpcId"),
            (request("ec2", body=b"Action=CreateVpc&CidrBlock=10.0.0.0/16&InstanceTenancy=mine"), "is none of"),
            (logs("PutRetentionPolicy", logGroupName="/a"), "retentionInDays"),
            (logs("CreateLogGroup", logGroupName="a b"), "does not fit"),
            (logs("CreateLogGroup", logGroupName="a" * 513), "512 at most"),
            (logs("CreateLogGroup", logGroupName="a", colour="red"), "colour"),
            (request("s3", "PUT", "/b?versioning", b"<VersioningConfiguration><State>Enabled</State></VersioningConfiguration>"), "State"),
        ):
            self.assertIn(part, " ".join(wrong.faults()), wrong.name)

    def test_a_request_that_no_model_has_is_none(self):
        for service, target in (("route53", "/2013-04-01/nothing"), ("efs-of-old", "/")):
            with self.assertRaises(Exception):
                request(service, "GET", target)


unittest.main()
