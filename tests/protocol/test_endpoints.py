"""Where requests go: AWS's published cases, and tables of what they do not show."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol.bucket_names import check_bucket_name, check_new_bucket_name
from aios3.protocol.endpoints import depends_on_operation, is_aws, region_of, resolve
from aios3.protocol.messages import Address
from aios3.protocol.partitions import DOMAINS, check_region, partition_of
from aios3.protocol.places import Facts, Options, Place
from aios3.protocol.uri import parse_endpoint
from tests.properties import many_examples

NOT_AWS = "s3.eu-west-1.amazonaws.com.example.com"
OTHER = "https://s3.example.com"
DATA = Path(__file__).parents[1] / "data" / "endpoints_s3.jsonl"
CASES = [json.loads(line) for line in DATA.read_text().splitlines()]


def options_of(inputs: Mapping[str, Any]) -> Options:
    """Return what AWS's own names of parameters say."""
    endpoint = inputs.get("Endpoint")
    return Options(
        region=inputs["Region"],
        endpoint=None if endpoint is None else parse_endpoint(endpoint),
        path_style=inputs.get("ForcePathStyle", False),
        dualstack=inputs.get("UseDualStack", False),
        fips=inputs.get("UseFIPS", False),
        accelerate=inputs.get("Accelerate", False),
        use_arn_region=inputs.get("UseArnRegion"),
        global_endpoint=inputs.get("UseGlobalEndpoint", False),
        multi_region_access_points=not inputs.get("DisableMultiRegionAccessPoints", False),
    )


def facts_of(inputs: Mapping[str, Any]) -> Facts:
    return Facts(
        control=inputs.get("UseS3ExpressControlEndpoint", False),
        session=not inputs.get("DisableS3ExpressSessionAuth", False),
        object_lambda=inputs.get("UseObjectLambdaEndpoint", False),
        access_points=not inputs.get("DisableAccessPoints", False),
    )


def url(place: Place) -> str:
    where = place.address
    return f"{where.scheme}://{where.authority}{where.base_path}"


def auth_schemes(place: Place) -> list[dict[str, Any]]:
    """Return the ways to sign in AWS's words, in an order that does not matter."""
    found = [
        {
            "name": auth.scheme,
            "signingName": auth.service,
            "disableDoubleEncoding": True,
            **({"signingRegionSet": [auth.region]} if auth.scheme == "sigv4a" else {"signingRegion": auth.region}),
        }
        for auth in place.auths
    ]
    return sorted(found, key=lambda scheme: str(scheme["name"]))


# ------------------------------------------------------------------ AWS's own cases
def test_all_cases_are_here() -> None:
    assert len(CASES) == 197


@pytest.mark.parametrize("case", CASES, ids=[f"{case['n']} {case['doc'][:60]}" for case in CASES])
def test_published_case(case: dict[str, Any]) -> None:
    inputs = case["inputs"]
    if "error" in case:
        with pytest.raises(InvalidInput):
            resolve(inputs.get("Bucket"), options_of(inputs), facts_of(inputs))
        return

    place = resolve(inputs.get("Bucket"), options_of(inputs), facts_of(inputs))

    assert url(place) == case["url"]
    assert auth_schemes(place) == sorted(case["auth"], key=lambda scheme: str(scheme["name"]))


REFUSALS = {
    "a b": ({"Region": "a b"}, r"region 'a b' is not a region's name"),
    "fips and endpoint": ({"UseFIPS": True, "Endpoint": OTHER}, "use_fips chooses among AWS's own hosts"),
    "dualstack and endpoint": ({"UseDualStack": True, "Endpoint": OTHER}, "use_dualstack .* takes no endpoint"),
    "accelerate and endpoint": ({"Accelerate": True, "Endpoint": OTHER}, "use_accelerate .* takes no endpoint"),
    "accelerate and fips": ({"Accelerate": True, "UseFIPS": True}, "exclude each other"),
    "fips in China": ({"UseFIPS": True, "Region": "cn-north-1"}, "no FIPS hosts in cn-north-1"),
    "accelerate in China": (
        {"Accelerate": True, "Region": "cn-north-1", "Bucket": "bucket"},
        "no S3 Accelerate in cn-",
    ),
    "accelerate by path": ({"Accelerate": True, "Bucket": "dotted.bucket"}, "would need a path-style address"),
    "region of an ARN": (
        {"UseArnRegion": False, "Bucket": "arn:aws:s3:eu-west-1:123456789012:accesspoint:a"},
        "is in eu-west-1, the client in us-west-2: allow that by use_arn_region=True",
    ),
    "no region in an ARN": (
        {"Bucket": "arn:aws:s3-object-lambda::123456789012:accesspoint:a"},
        "has no region",
    ),
    "partition of an ARN": (
        {"Bucket": "arn:aws:s3:cn-north-1:123456789012:accesspoint:a"},
        "in the partition aws-cn, the client's region us-west-2 in aws",
    ),
    "ARN of a bucket": ({"Bucket": "arn:aws:s3:::bucket"}, "no ARN of an access point"),
    "ARN by path": (
        {"ForcePathStyle": True, "Bucket": "arn:aws:s3:us-west-2:123456789012:accesspoint:a"},
        "no path-style address",
    ),
    "ARN at a number": (
        {"Endpoint": "https://10.0.0.1", "Bucket": "arn:aws:s3:us-west-2:123456789012:accesspoint:a"},
        r"10\.0\.0\.1 is a number",
    ),
    "multi-region by FIPS": (
        {"UseFIPS": True, "Bucket": "arn:aws:s3::123456789012:accesspoint:a.mrap"},
        "use_fips: there is no such address",
    ),
    "multi-region with a bad name": (
        {"Bucket": "arn:aws:s3::123456789012:accesspoint:a_b"},
        "cannot be a part of a host name",
    ),
    "alias by FIPS": (
        {"UseFIPS": True, "Bucket": "test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kuse10--op-s3"},
        "use_fips: there is no such address",
    ),
    "alias of a stage": (
        {"Bucket": "test-accessp-o0b1d075431d83bebde8xz5w8ijx1qzlbp3i3kbeta0--op-s3"},
        "it takes an endpoint",
    ),
    "directory bucket accelerated": ({"Accelerate": True, "Bucket": "b--usw2-az1--x-s3"}, "S3 Accelerate"),
    "directory bucket with a dot": ({"Bucket": "b.c--usw2-az1--x-s3"}, "cannot be a part of a host name"),
    "directory bucket nowhere": ({"Bucket": "b--usw2--x-s3"}, "names no zone"),
    "dotted region": ({"Region": "us-east.special", "Bucket": "bucket"}, "has a dot"),
    "Object Lambda accelerated": ({"Accelerate": True, "UseObjectLambdaEndpoint": True}, "Object Lambda has no such"),
    "access point where none can be": (
        {"DisableAccessPoints": True, "Bucket": "arn:aws:s3:us-west-2:123456789012:accesspoint:a"},
        "this operation takes a bucket's name only",
    ),
}


@pytest.mark.parametrize(("inputs", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_says_what_is_wrong_with_what(inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        resolve(inputs.get("Bucket"), options_of({"Region": "us-west-2", **inputs}), facts_of(inputs))


# ------------------------------------------------------------------ buckets at endpoints of one's own
@pytest.mark.parametrize(
    ("endpoint", "bucket", "path_style", "host", "base_path"),
    [
        (OTHER, "bucket", False, "bucket.s3.example.com", ""),
        (OTHER, "bucket", True, "s3.example.com", "/bucket"),
        (OTHER, "b" * 63, False, f"{'b' * 63}.s3.example.com", ""),
        (f"https://{NOT_AWS}", "bucket", True, NOT_AWS, "/bucket"),
        ("http://localhost", "bucket", False, "bucket.localhost", ""),
        # Names that no host name can have, or no certificate covers
        (OTHER, "dotted.bucket", False, "s3.example.com", "/dotted.bucket"),
        ("http://s3.example.com", "dotted.bucket", False, "dotted.bucket.s3.example.com", ""),
        ("http://s3.example.com", "dotted..bucket", False, "s3.example.com", "/dotted..bucket"),
        ("http://s3.example.com", "10.0.0.1", False, "s3.example.com", "/10.0.0.1"),
        (OTHER, "Bucket", False, "s3.example.com", "/Bucket"),
        (OTHER, "old_bucket", False, "s3.example.com", "/old_bucket"),
        (OTHER, "ab", False, "s3.example.com", "/ab"),
        (OTHER, "b" * 64, False, "s3.example.com", f"/{'b' * 64}"),
        (OTHER, "-bucket", False, "s3.example.com", "/-bucket"),
        (OTHER, "bucket-", False, "s3.example.com", "/bucket-"),
        # Nothing can stand before an IP address
        ("http://127.0.0.1", "bucket", False, "127.0.0.1", "/bucket"),
        ("http://127.0.0.1", "dotted.bucket", False, "127.0.0.1", "/dotted.bucket"),
        ("http://[::1]", "bucket", False, "[::1]", "/bucket"),
        # What the store allows beyond that stands encoded in the path
        (OTHER, "tenant:bucket", False, "s3.example.com", "/tenant%3Abucket"),
        (OTHER, "two words", False, "s3.example.com", "/two%20words"),
        (OTHER, "a%2Fb", False, "s3.example.com", "/a%252Fb"),
        (OTHER, "?#&=+", False, "s3.example.com", "/%3F%23%26%3D%2B"),
        (OTHER, "...", False, "s3.example.com", "/..."),
        # A prefix stands before everything
        ("https://example.com/storage/v1", None, True, "example.com", "/storage/v1"),
        ("https://example.com/storage/v1/", "bucket", True, "example.com", "/storage/v1/bucket"),
        ("https://example.com/a%2Fb", "bucket", True, "example.com", "/a%2Fb/bucket"),
        ("https://example.com/storage", "bucket", False, "bucket.example.com", "/storage"),
        ("https://10.0.0.1/storage", "b--usw2-az1--x-s3", False, "10.0.0.1", "/storage/b--usw2-az1--x-s3"),
    ],
)
def test_bucket_at_an_endpoint(endpoint: str, bucket: str | None, path_style: bool, host: str, base_path: str) -> None:
    scheme = endpoint.partition(":")[0]
    port = {"http": 80, "https": 443}[scheme]
    options = Options(region="us-east-1", endpoint=parse_endpoint(endpoint), path_style=path_style)

    found = resolve(bucket, options).address

    assert found == Address(scheme, host, port, host, base_path, f"{scheme}://{host}:{port}")


@pytest.mark.parametrize("fips", [False, True])
@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-west-1", "aws-global"])
@pytest.mark.parametrize("bucket", [None, "bucket", "dotted.bucket", "b--usw2-az1--x-s3"])
def test_without_tls_only_scheme_and_port_differ(bucket: str | None, region: str, fips: bool) -> None:
    options = Options(region=region, fips=fips)

    plain, usual = resolve(bucket, options.replace(use_ssl=False)), resolve(bucket, options)

    assert url(plain) == url(usual).replace("https:", "http:")
    assert (plain.address.port, plain.auths) == (80, usual.auths)


def test_an_endpoint_says_itself_if_it_has_tls() -> None:
    options = Options(region="eu-west-1", endpoint=parse_endpoint(OTHER), use_ssl=False)

    assert resolve(None, options).address.origin == f"{OTHER}:443"


@pytest.mark.parametrize(
    ("endpoint", "bucket", "authority", "origin"),
    [
        ("http://localhost:9000", "bucket", "localhost:9000", "http://localhost:9000"),
        ("https://localhost:9000", None, "localhost:9000", "https://localhost:9000"),
        ("https://[::1]:8443", "bucket", "[::1]:8443", "https://[::1]:8443"),
    ],
)
def test_a_port_of_ones_own_is_part_of_authority_and_origin(
    endpoint: str, bucket: str | None, authority: str, origin: str
) -> None:
    found = resolve(bucket, Options(region="us-east-1", endpoint=parse_endpoint(endpoint), path_style=True)).address

    assert (found.authority, found.origin) == (authority, origin)


@pytest.mark.parametrize(
    ("bucket", "depends"),
    [
        (None, True),
        ("bucket", False),
        ("b--usw2-az1--x-s3", True),
        ("b--usw2-az1--xa-s3", True),
        ("arn:aws:s3:us-west-2:123456789012:accesspoint:a", True),
    ],
)
def test_only_what_is_not_plain_depends_on_the_operation(bucket: str | None, depends: bool) -> None:
    assert depends_on_operation(bucket) is depends


# ------------------------------------------------------------------ regions
@pytest.mark.parametrize(
    "region", ["", "eu west", "eu-west-1/", "evil.example.com#", "-", "x" * 64, "é", "eu-west-1\n", "a..b", "us_east"]
)
def test_a_region_that_is_no_name_is_refused(region: str) -> None:
    with pytest.raises(InvalidInput, match=r"is not a region's name"):
        check_region(region)
    with pytest.raises(InvalidInput, match=r"is not a region's name"):
        resolve("bucket", Options(region=region))


@pytest.mark.parametrize(
    ("region", "name", "domain"),
    [
        ("us-east-1", "aws", "amazonaws.com"),
        ("xx-new-9", "aws", "amazonaws.com"),
        ("aws-global", "aws", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
        ("aws-cn-global", "aws-cn", "amazonaws.com.cn"),
        ("us-iso-east-1", "aws-iso", "c2s.ic.gov"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("aws-iso-b-global", "aws-iso-b", "sc2s.sgov.gov"),
        ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
        ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_partition_of_a_region(region: str, name: str, domain: str) -> None:
    partition = partition_of(region)

    assert (partition.name, partition.domain) == (name, domain)


@pytest.mark.parametrize(
    ("host", "aws", "region"),
    [
        ("s3.amazonaws.com", True, None),
        ("s3.eu-west-1.amazonaws.com", True, "eu-west-1"),
        ("s3-eu-west-1.amazonaws.com", True, "eu-west-1"),
        ("s3.dualstack.ap-southeast-2.amazonaws.com", True, "ap-southeast-2"),
        ("s3.us-gov-east-1.amazonaws.com", True, "us-gov-east-1"),
        ("s3-fips.us-gov-east-1.amazonaws.com", True, "us-gov-east-1"),
        ("s3-fips.dualstack.us-east-2.amazonaws.com", True, "us-east-2"),
        ("s3-fips-us-gov-west-1.amazonaws.com", True, "us-gov-west-1"),
        ("s3-accelerate.amazonaws.com", True, None),
        ("s3-accelerate.dualstack.amazonaws.com", True, None),
        ("s3-external-1.amazonaws.com", True, None),
        ("s3.cn-north-1.amazonaws.com.cn", True, "cn-north-1"),
        ("s3.eusc-de-east-1.amazonaws.eu", True, "eusc-de-east-1"),
        ("amazonaws.com", False, None),
        ("sts.eu-west-1.amazonaws.com", False, None),
        ("s3.eu-west-1.amazonaws.com.evil.example", False, None),
        ("evil.s3.eu-west-1.amazonaws.com", False, None),
        ("bucket.vpce-1a2b.s3.us-west-2.vpce.amazonaws.com", False, None),
        ("s3xamazonaws.com", False, None),
        ("localhost", False, None),
    ],
)
def test_aws_is_known_by_its_host(host: str, aws: bool, region: str | None) -> None:
    endpoint = parse_endpoint(host)

    assert (is_aws(endpoint), region_of(endpoint)) == (aws, region)


# ------------------------------------------------------------------ names of buckets
@pytest.mark.parametrize(
    "name",
    [
        *("bucket", "b", "a.b", "...", "A_b", "-", "b" * 255, "tenant:bucket", "~", "a%2Fb", "?", "#", "xn--x"),
        *("1.2.3.4", "a b", "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/a"),
    ],
)
def test_a_name_that_can_be_addressed_is_the_stores_to_judge(name: str) -> None:
    check_bucket_name(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "cannot be addressed"),
        (".", "cannot be addressed"),
        ("..", "cannot be addressed"),
        ("a/b", "it has '/'"),
        ("/", "it has '/'"),
        ("a\\b", r"it has '\\\\'"),
        (" a", "it has ' '"),
        ("a ", "it has ' '"),
        (" ", "it has ' '"),
        ("bucket\n", r"it has '\\n'"),
        ("a\tb", r"it has '\\t'"),
        ("\0", r"it has '\\x00'"),
        ("\x7f", r"it has '\\x7f'"),
        ("arn:aws:s3:us-west-2:1:accesspoint/\r", r"it has '\\r'"),
        ("bücket", "not ASCII"),
        ("\ud800", "not ASCII"),
        ("b" * 256, "has 256 characters, more than 255"),
        (b"bucket", "must be a str, not bytes"),
        (7, "must be a str, not int"),
    ],
)
def test_a_name_that_cannot_be_addressed_is_refused(name: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check_bucket_name(name)


@pytest.mark.parametrize("name", ["abc", "a.b-c", "1ab", "b" * 63, "mybucket--usw2-az1--x-s3"])
def test_aws_takes_a_new_name(name: str) -> None:
    check_new_bucket_name(name)


@pytest.mark.parametrize(
    "name", ["ab", "b" * 64, "Abc", "a_b", "-ab", "ab-", ".ab", "ab.", "a..b", "1.2.3.4", "a b", "abc\n", "tenant:b"]
)
def test_aws_takes_no_such_new_name(name: str) -> None:
    with pytest.raises(InvalidInput, match="is none that AWS takes"):
        check_new_bucket_name(name)


# ------------------------------------------------------------------ whatever is given
WORDS = [
    *("arn:", "aws", "s3", "s3-outposts", "s3-object-lambda", "us-west-2", "123456789012", "accesspoint", "outpost"),
    *(
        ":",
        "/",
        ".",
        "-",
        "--x-s3",
        "--xa-s3",
        "--usw2-az1",
        "--op-s3",
        "o" * 43,
        "mrap",
        "a",
        "B",
        "_",
        "%",
        "@",
        "#",
        "é",
    ),
]
PIECES = st.lists(st.sampled_from(WORDS) | st.text(max_size=3), max_size=12).map("".join)
ENDPOINTS = st.sampled_from(
    [None, "https://s3.example.com", "http://localhost:9000/x", "http://10.0.0.1", "https://[::1]"]
)


@many_examples
@given(PIECES, st.just("us-west-2") | PIECES, ENDPOINTS, st.booleans(), st.booleans())
def test_no_name_leads_to_another_host(name: str, region: str, endpoint: str | None, path: bool, control: bool) -> None:
    """Whatever is given is refused, or stands in one host of AWS's or the user's own, or encoded in the path."""
    known = None if endpoint is None else parse_endpoint(endpoint)
    try:
        found = resolve(name, Options(region=region, endpoint=known, path_style=path), Facts(control=control)).address
    except InvalidInput:
        return

    assert re.fullmatch(r"(?:[a-zA-Z0-9-]+\.)*[a-zA-Z0-9-]+|\[::1\]", found.host)
    assert re.fullmatch(r"(?:/[A-Za-z0-9._~%-]+)*", found.base_path)
    assert found.host.endswith(DOMAINS if known is None else known.host)
