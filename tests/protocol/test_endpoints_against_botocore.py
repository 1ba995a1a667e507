"""Endpoints against botocore, which evaluates AWS's own rules: thousands of combinations, the same answers.

Where ours differ, they do so by intent; the differences are listed, and tested one by one.
"""

import json
import random
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

from aios3.errors import InvalidInput
from aios3.protocol.endpoints import resolve
from tests.protocol.test_endpoints import auth_schemes, facts_of, options_of, url

SEEDS = range(8)
EACH = 1500


@cache
def oracle() -> EndpointProvider:
    loader = Loader()
    rules = loader.load_service_model("s3", "endpoint-rule-set-1")
    return EndpointProvider(rules, loader.load_data("partitions"))


class Answer(NamedTuple):
    """A URL and the ways to sign; no URL where it is refused, and why."""

    url: str | None
    auth: list[dict[str, Any]]
    why: str = ""


def theirs(inputs: Mapping[str, Any]) -> Answer:
    try:
        found = oracle().resolve_endpoint(**inputs)
    except EndpointProviderError as error:
        return Answer(None, [], str(error))
    schemes = sorted(found.properties["authSchemes"], key=lambda scheme: str(scheme["name"]))
    return Answer(found.url.rstrip("/"), schemes)


def ours(inputs: Mapping[str, Any]) -> Answer:
    try:
        place = resolve(inputs.get("Bucket"), options_of(inputs), facts_of(inputs))
    except InvalidInput as error:
        return Answer(None, [], str(error))
    return Answer(url(place), auth_schemes(place))


# ------------------------------------------------------------------ what is drawn
REGIONS = [
    *("us-east-1", "us-west-2", "eu-west-1", "af-south-1", "il-central-1", "aws-global", "s3-external-1", "US-EAST-1"),
    *("cn-north-1", "aws-cn-global", "us-gov-east-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1"),
    *("us-isof-south-1", "eusc-de-east-1", "snow"),
]
ENDPOINTS = [
    *(
        "https://example.com",
        "http://example.com",
        "http://example.com:1234/path",
        "https://s3.us-west-2.amazonaws.com",
    ),
    *("http://localhost:9000", "http://control.vpce-1a2b3c4d-5e6f.s3.us-west-2.vpce.amazonaws.com/a/b"),
    *("https://10.0.0.1", "http://127.0.0.1:9000/x", "https://[::1]:8443"),
]
BUCKETS = [
    *(
        "bucket",
        "bucket-name",
        "dotted.bucket",
        "Bucket",
        "aa",
        "99_ab",
        "bucket!",
        "a..b",
        "1.2.3.4",
        "b" * 63,
        "b" * 64,
    ),
    *("-b-", "a-.b", "example.com#", "xn--x", "a.b.c.", ".abc", "...", "~~~", "1234", "a:b", "arn", "two words", "a%b"),
]
ZONES = ["usw2-az1", "usw2-az12", "test-zone-ab1", "test1-zone-ab1", "test1-long1-zone-ab1", "usaz1"]
SWITCHES = {
    "UseFIPS": 0.2,
    "UseDualStack": 0.2,
    "Accelerate": 0.15,
    "ForcePathStyle": 0.2,
    "UseGlobalEndpoint": 0.3,
    "UseS3ExpressControlEndpoint": 0.25,
    "DisableS3ExpressSessionAuth": 0.3,
    "DisableAccessPoints": 0.08,
    "DisableMultiRegionAccessPoints": 0.1,
}


def an_arn(draw: random.Random) -> str:
    service = draw.choice(["s3", "s3", "s3-object-lambda", "s3-outposts", "s3-outposts", "sqs", ""])
    region = draw.choice(
        ["us-east-1", "us-west-2", "us-west-2", "cn-north-1", "us-gov-east-1", "", "us_x", "us.special"]
    )
    account = draw.choice(["123456789012"] * 5 + ["", "1234_5", "a.b"])
    name = draw.choice(["reports", "reports", "my.name", "", "name_x", "x#", "mfzwi23gnjvgw.mrap"])
    outpost = draw.choice(["op-01234567890123456"] * 3 + ["op_1", ""])
    resource = [draw.choice(["accesspoint"] * 5 + ["bucket_name", ""]), name]
    if service == "s3-outposts" or draw.random() < 0.1:
        resource = ["outpost", outpost, *resource][: draw.choice([4, 4, 4, 4, 1, 2, 3])]
    if draw.random() < 0.1:
        resource = resource[:1] if draw.random() < 0.5 or not region else [*resource, "more"]
    partition = draw.choice(["aws", "aws", "aws", "aws-cn", "aws-us-gov", ""])
    return ":".join(["arn", partition, service, region, account, draw.choice("::/").join(resource)])


def a_directory_bucket(draw: random.Random) -> str:
    base = draw.choice(["mybucket", "my.bucket", "my--s3--x", "m", "", "-m", "M", "a_b"])
    return f"{base}--{draw.choice(ZONES)}{draw.choice(['--x-s3', '--xa-s3'])}"


def an_alias(draw: random.Random) -> str:
    base = draw.choice(["test-accessp-", "161743052723-", "", "a.b-", "X-"])
    outpost = draw.choice(["0b1d075431d83bebd", "00000754%1d83bebd", "0b1d"])
    return f"{base}{draw.choice('eeoox')}{outpost}e8xz5w8ijx1qzlbp3i3k{draw.choice(['use1', 'beta'])}0--op-s3"


def some_inputs(draw: random.Random) -> dict[str, Any]:
    inputs: dict[str, Any] = {name: draw.random() < chance for name, chance in SWITCHES.items()}
    inputs["Region"] = draw.choice(REGIONS)
    kind = draw.random()
    if kind < 0.12:
        inputs["UseObjectLambdaEndpoint"] = draw.random() < 0.3
    elif kind < 0.4:
        inputs["Bucket"] = draw.choice(BUCKETS)
    else:
        inputs["Bucket"] = (an_arn if kind < 0.7 else a_directory_bucket if kind < 0.92 else an_alias)(draw)
    if draw.random() < 0.4:
        inputs["Endpoint"] = draw.choice(ENDPOINTS)
    if draw.random() < 0.4:
        inputs["UseArnRegion"] = draw.random() < 0.5
    return inputs


# ------------------------------------------------------------------ where ours differ by intent
def difference(inputs: Mapping[str, Any]) -> str | None:
    """Return why our answer may be another one, if it may."""
    bucket, endpoint = inputs.get("Bucket", ""), inputs.get("Endpoint", "")
    is_number = endpoint.startswith(("https://10.", "http://127.", "https://["))
    is_directory = bucket.endswith(("--x-s3", "--xa-s3")) or (not bucket and inputs["UseS3ExpressControlEndpoint"])
    is_outposts = ":s3-outposts:" in bucket or bucket.endswith("--op-s3")
    reasons = {
        # The host would be s3express.aws-global, which does not exist; and signatures name no such region.
        "aws-global is us-east-1 for every service, and in every signature": inputs["Region"] == "aws-global"
        and (is_directory or is_outposts or inputs.get("UseObjectLambdaEndpoint") or (endpoint and "." in bucket)),
        "the control plane has no sessions": is_directory and endpoint and inputs["UseS3ExpressControlEndpoint"],
        "a prefix stands before the bucket, not behind": is_directory and endpoint.endswith("/x"),
        "a name before a number is no host": is_number and ("." in bucket or bucket.startswith("arn") or is_outposts),
        "an endpoint is used as it was given": is_outposts and endpoint,
        "what was asked for and is not there is refused": bucket.endswith("--op-s3")
        and any(inputs[name] for name in ("UseFIPS", "UseDualStack", "Accelerate")),
        "a zone has a place in its name": bucket.startswith("my--s3--x--usaz1"),
        "multi-region access points are access points, and of S3": bucket.split(":")[3:4] == [""],
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


@pytest.mark.parametrize("seed", SEEDS)
def test_same_answers(seed: int) -> None:
    draw = random.Random(seed)
    compared = reached = 0
    for _ in range(EACH):
        inputs = some_inputs(draw)
        if difference(inputs):
            continue
        expected, found = theirs(inputs), ours(inputs)
        compared += 1
        reached += expected.url is not None

        assert found[:2] == expected[:2], f"{json.dumps(inputs)}: {found} is not {expected}"

    assert compared > EACH // 2
    assert reached > EACH // 5


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        (
            {"Region": "aws-global", "Bucket": "b--usw2-az1--x-s3"},
            "https://b--usw2-az1--x-s3.s3express-usw2-az1.us-east-1.amazonaws.com",
        ),
        (
            {"Bucket": "b--usw2-az1--x-s3", "Endpoint": "https://10.0.0.1/x"},
            "https://10.0.0.1/x/b--usw2-az1--x-s3",
        ),
        (
            {
                "Bucket": "arn:aws:s3-outposts:us-west-2:123456789012:outpost:op-1:accesspoint:a",
                "Endpoint": "http://example.com:1234/path",
            },
            "http://a-123456789012.op-1.example.com:1234/path",
        ),
        ({"Bucket": "dotted.bucket", "Endpoint": "http://127.0.0.1"}, "http://127.0.0.1/dotted.bucket"),
        ({"Bucket": "arn:aws:s3::123456789012:accesspoint:a.mrap", "DisableAccessPoints": True}, None),
        ({"Bucket": "b--usw2-az123--x-s3"}, "https://b--usw2-az123--x-s3.s3express-usw2-az123.us-west-2.amazonaws.com"),
        # Servers decode it before they look where the bucket's name ends.
        ({"Bucket": "a/b"}, None),
    ],
)
def test_differences_are_meant(inputs: dict[str, Any], expected: str | None) -> None:
    inputs = {"Region": "us-west-2", **inputs}

    assert ours(inputs).url == expected
    assert theirs(inputs).url != expected
