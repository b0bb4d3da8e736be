"""Starts ministack with IAM enforced, and makes a user for each action who may do everything else.

usage: denied.py FOLDER ACCOUNT ACTION...      says in a line of JSON where it listens and each user's key; ends when its input does
"""

import json
import sys
from pathlib import Path

import boto3

from start import free_port, start


def main():
    folder, account, actions = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    port = free_port()
    process = start(folder, "ministack", "/_ministack/health", port, {
        "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "AUTH": "true", "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
    })
    try:
        url = f"http://127.0.0.1:{port}"
        # The key that is an account's number is its root user's.
        iam = boto3.client("iam", endpoint_url=url, region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="any")
        keys = {}
        for number, action in enumerate(actions):
            name = f"all-but-{number}"
            iam.create_user(UserName=name)
            policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "NotAction": action, "Resource": "*"}}
            iam.put_user_policy(UserName=name, PolicyName="all-but", PolicyDocument=json.dumps(policy))
            key = iam.create_access_key(UserName=name)["AccessKey"]
            keys[action] = [key["AccessKeyId"], key["SecretAccessKey"]]
        print(json.dumps({"url": url, "keys": keys}), flush=True)
        sys.stdin.read()
    finally:
        process.terminate()
        process.wait()


main()
