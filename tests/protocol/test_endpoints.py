"""Where a bucket's requests go, by tables."""

import pytest

from aios3.errors import InvalidInput
from aios3.protocol.endpoints import (
    Addressing,
    aws_endpoint,
    bucket_address,
    check_bucket_name,
    is_aws,
    region_of,
)
from aios3.protocol.messages import Address
from aios3.protocol.uri import parse_endpoint

NOT_AWS = "s3.eu-west-1.amazonaws.com.example.com"
AWS = "https://s3.eu-west-1.amazonaws.com"
OTHER = "https://s3.example.com"


@pytest.mark.parametrize(
    ("endpoint", "bucket", "addressing", "host", "base_path"),
    [
        # AWS: virtual-host style, wherever the name fits a certificate for *.s3.<region>.amazonaws.com
        (AWS, "bucket", "auto", "bucket.s3.eu-west-1.amazonaws.com", ""),
        (AWS, "bucket", "virtual", "bucket.s3.eu-west-1.amazonaws.com", ""),
        (AWS, "bucket", "path", "s3.eu-west-1.amazonaws.com", "/bucket"),
        (AWS, "b-1", "auto", "b-1.s3.eu-west-1.amazonaws.com", ""),
        (AWS, "b" * 63, "auto", f"{'b' * 63}.s3.eu-west-1.amazonaws.com", ""),
        ("https://s3.amazonaws.com", "bucket", "auto", "bucket.s3.amazonaws.com", ""),
        ("https://s3.cn-north-1.amazonaws.com.cn", "bucket", "auto", "bucket.s3.cn-north-1.amazonaws.com.cn", ""),
        ("https://s3-accelerate.amazonaws.com", "bucket", "auto", "bucket.s3-accelerate.amazonaws.com", ""),
        (AWS, None, "auto", "s3.eu-west-1.amazonaws.com", ""),
        (AWS, None, "virtual", "s3.eu-west-1.amazonaws.com", ""),
        # Names that no host name can have, or no certificate covers
        (AWS, "dotted.bucket", "auto", "s3.eu-west-1.amazonaws.com", "/dotted.bucket"),
        (AWS, "dotted.bucket", "virtual", "s3.eu-west-1.amazonaws.com", "/dotted.bucket"),
        (AWS, "Bucket", "auto", "s3.eu-west-1.amazonaws.com", "/Bucket"),
        (AWS, "old_bucket", "virtual", "s3.eu-west-1.amazonaws.com", "/old_bucket"),
        (AWS, "ab", "auto", "s3.eu-west-1.amazonaws.com", "/ab"),
        (AWS, "b" * 64, "auto", "s3.eu-west-1.amazonaws.com", f"/{'b' * 64}"),
        (AWS, "-bucket", "auto", "s3.eu-west-1.amazonaws.com", "/-bucket"),
        (AWS, "bucket-", "auto", "s3.eu-west-1.amazonaws.com", "/bucket-"),
        ("http://s3.eu-west-1.amazonaws.com", "dotted.bucket", "auto", "dotted.bucket.s3.eu-west-1.amazonaws.com", ""),
        (
            "http://s3.eu-west-1.amazonaws.com",
            "dotted..bucket",
            "auto",
            "s3.eu-west-1.amazonaws.com",
            "/dotted..bucket",
        ),
        # Elsewhere: path style, unless asked for
        (OTHER, "bucket", "auto", "s3.example.com", "/bucket"),
        (OTHER, "bucket", "path", "s3.example.com", "/bucket"),
        (OTHER, "bucket", "virtual", "bucket.s3.example.com", ""),
        (OTHER, "dotted.bucket", "virtual", "s3.example.com", "/dotted.bucket"),
        ("http://s3.example.com", "dotted.bucket", "virtual", "dotted.bucket.s3.example.com", ""),
        (OTHER, "Bucket", "virtual", "s3.example.com", "/Bucket"),
        (f"https://{NOT_AWS}", "bucket", "auto", NOT_AWS, "/bucket"),
        ("http://localhost", "bucket", "auto", "localhost", "/bucket"),
        ("http://localhost", "bucket", "virtual", "bucket.localhost", ""),
        # Nothing can stand before an IP address
        ("http://127.0.0.1", "bucket", "auto", "127.0.0.1", "/bucket"),
        ("http://127.0.0.1", "bucket", "virtual", "127.0.0.1", "/bucket"),
        ("http://[::1]", "bucket", "virtual", "[::1]", "/bucket"),
        # What the store allows beyond that stands encoded in the path
        (OTHER, "tenant:bucket", "auto", "s3.example.com", "/tenant%3Abucket"),
        (OTHER, "a%2Fb", "auto", "s3.example.com", "/a%252Fb"),
        (OTHER, "?#&=+", "auto", "s3.example.com", "/%3F%23%26%3D%2B"),
        (OTHER, "...", "auto", "s3.example.com", "/..."),
        (OTHER, "x", "auto", "s3.example.com", "/x"),
        # A prefix stands before everything
        ("https://example.com/storage/v1", None, "auto", "example.com", "/storage/v1"),
        ("https://example.com/storage/v1/", "bucket", "auto", "example.com", "/storage/v1/bucket"),
        ("https://example.com/a%2Fb", "bucket", "path", "example.com", "/a%2Fb/bucket"),
        ("https://example.com/storage", "bucket", "virtual", "bucket.example.com", "/storage"),
    ],
)
def test_bucket_address(endpoint: str, bucket: str | None, addressing: Addressing, host: str, base_path: str) -> None:
    scheme = endpoint.partition(":")[0]
    port = {"http": 80, "https": 443}[scheme]

    found = bucket_address(parse_endpoint(endpoint), bucket, addressing)

    assert found == Address(scheme, host, port, host, base_path, f"{scheme}://{host}:{port}")


@pytest.mark.parametrize(
    ("endpoint", "bucket", "authority", "origin"),
    [
        ("http://localhost:9000", "bucket", "localhost:9000", "http://localhost:9000"),
        ("https://localhost:9000", None, "localhost:9000", "https://localhost:9000"),
        ("https://[::1]:8443", "bucket", "[::1]:8443", "https://[::1]:8443"),
        (
            f"{AWS}:444",
            "bucket",
            "bucket.s3.eu-west-1.amazonaws.com:444",
            "https://bucket.s3.eu-west-1.amazonaws.com:444",
        ),
    ],
)
def test_a_port_of_ones_own_is_part_of_authority_and_origin(
    endpoint: str, bucket: str | None, authority: str, origin: str
) -> None:
    found = bucket_address(parse_endpoint(endpoint), bucket)

    assert (found.authority, found.origin) == (authority, origin)


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "s3.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "s3.us-gov-west-1.amazonaws.com"),
        ("cn-northwest-1", "s3.cn-northwest-1.amazonaws.com.cn"),
    ],
)
def test_aws_endpoint_of_a_region(region: str, host: str) -> None:
    endpoint = aws_endpoint(region)

    assert endpoint == parse_endpoint(host)
    assert is_aws(endpoint)
    assert region_of(endpoint) == region


@pytest.mark.parametrize(
    "region", ["", "eu west", "eu-west-1/", "evil.example.com#", "-", "x" * 64, "é", "eu-west-1\n"]
)
def test_a_region_that_is_no_name_is_refused(region: str) -> None:
    with pytest.raises(InvalidInput, match=r"is not a region's name"):
        aws_endpoint(region)


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
        ("amazonaws.com", False, None),
        ("sts.eu-west-1.amazonaws.com", False, None),
        ("s3.eu-west-1.amazonaws.com.evil.example", False, None),
        ("evil.s3.eu-west-1.amazonaws.com", False, None),
        ("s3xamazonaws.com", False, None),
        ("localhost", False, None),
    ],
)
def test_aws_is_known_by_its_host(host: str, aws: bool, region: str | None) -> None:
    endpoint = parse_endpoint(host)

    assert (is_aws(endpoint), region_of(endpoint)) == (aws, region)


@pytest.mark.parametrize(
    "name",
    ["bucket", "b", "a.b", "...", "A_b", "-", "b" * 255, "tenant:bucket", "~", "a%2Fb", "?", "#", "xn--x", "1.2.3.4"],
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
        ("a b", "it has ' '"),
        (" ", "it has ' '"),
        ("bucket\n", r"it has '\\n'"),
        ("a\tb", r"it has '\\t'"),
        ("\0", r"it has '\\x00'"),
        ("\x7f", r"it has '\\x7f'"),
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
    with pytest.raises(InvalidInput, match=message):
        bucket_address(parse_endpoint(OTHER), name)
