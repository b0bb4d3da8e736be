"""An account as boto3 sees it, straight from the servers: what `inventory.py` and `attributes.py` look through.

Both are called with MOTO_URL MINISTACK_URL ACCOUNT REGION...
"""

import sys

import boto3
from botocore.config import Config

from faults import MINISTACK

MOTO_URL, MINISTACK_URL, ACCOUNT, *REGIONS = sys.argv[1:]


def client(service, region):
    made = boto3.client(
        service,
        region_name=region,
        endpoint_url=MINISTACK_URL if service in MINISTACK else MOTO_URL,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="x",
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
    )
    made.meta.events.register("before-sign.*.*", lambda request, **_: request.headers.add_header("x-moto-account-id", ACCOUNT))
    return made


def pages(of, operation, **params):
    """All pages of an answer, or the one there is."""
    if of.can_paginate(operation):
        return of.get_paginator(operation).paginate(**params)
    return [getattr(of, operation)(**params)]


def listed(answers, key):
    """What all pages list."""
    for page in answers:
        for part in key.split("."):
            page = page.get(part) or {}
        yield from page
