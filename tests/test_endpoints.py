"""Where a client's requests arrive, by its options and the bucket's name: hosts, paths and scopes on the wire."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aios3 import Client, InvalidInput
from aios3 import operations as ops
from aios3.protocol.endpoints import Addressing
from aios3.testing import Asked, Peer, steps
from tests.everywhere import Resolver, Scope, client_of, scope
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
OK = steps.response(b"data", headers=["ETag: e"])
ACCESS_POINT = "arn:aws:s3:us-west-2:123456789012:accesspoint:reports"
BANNER = "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/banner"
OUTPOST = "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/reports"
MRAP = "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap"
ZONAL = "b--usw2-az1--x-s3"
REGION = {"aws_region": "us-west-2"}


def host(asked: Asked) -> str:
    return (asked.header("host") or b"").decode()


@pytest.mark.parametrize(
    ("options", "bucket", "sent_to", "target"),
    [
        (REGION, "bucket", "bucket.s3.us-west-2.amazonaws.com", b"/key"),
        (REGION, "dotted.bucket", "s3.us-west-2.amazonaws.com", b"/dotted.bucket/key"),
        (REGION, "Old_Bucket", "s3.us-west-2.amazonaws.com", b"/Old_Bucket/key"),
        ({"aws_region": "aws-global"}, "bucket", "bucket.s3.amazonaws.com", b"/key"),
        ({"aws_region": "cn-north-1"}, "bucket", "bucket.s3.cn-north-1.amazonaws.com.cn", b"/key"),
        ({"aws_region": "eusc-de-east-1"}, "bucket", "bucket.s3.eusc-de-east-1.amazonaws.eu", b"/key"),
        ({**REGION, "use_dualstack": True}, "bucket", "bucket.s3.dualstack.us-west-2.amazonaws.com", b"/key"),
        ({**REGION, "use_fips": True}, "bucket", "bucket.s3-fips.us-west-2.amazonaws.com", b"/key"),
        (
            {**REGION, "use_fips": True, "use_dualstack": True},
            "bucket",
            "bucket.s3-fips.dualstack.us-west-2.amazonaws.com",
            b"/key",
        ),
        ({**REGION, "use_accelerate": True}, "bucket", "bucket.s3-accelerate.amazonaws.com", b"/key"),
        ({**REGION, "addressing": "path"}, "bucket", "s3.us-west-2.amazonaws.com", b"/bucket/key"),
        # The host that it is anyway, and one that is given
        (
            {"aws_endpoint": "s3.us-west-2.amazonaws.com"},
            ACCESS_POINT,
            "reports-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
            b"/key",
        ),
        (
            {"aws_endpoint": "https://s3.us-west-2.amazonaws.com", "use_fips": True},
            "bucket",
            "bucket.s3-fips.us-west-2.amazonaws.com",
            b"/key",
        ),
        ({"aws_endpoint": "s3.us-west-2.amazonaws.com/x"}, "bucket", "bucket.s3.us-west-2.amazonaws.com", b"/x/key"),
        ({**REGION, "aws_endpoint": "s3.amazonaws.com"}, "bucket", "bucket.s3.amazonaws.com", b"/key"),
        (
            {"aws_region": "eu-west-1", "aws_endpoint": "s3.us-west-2.amazonaws.com"},
            "bucket",
            "bucket.s3.us-west-2.amazonaws.com",
            b"/key",
        ),
        (REGION, ACCESS_POINT, "reports-123456789012.s3-accesspoint.us-west-2.amazonaws.com", b"/key"),
        (
            {"aws_region": "eu-west-1", "use_arn_region": True},
            ACCESS_POINT,
            "reports-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
            b"/key",
        ),
    ],
)
async def test_get_arrives_at(
    options: dict[str, Any], bucket: str, sent_to: str, target: bytes, server_tls: ssl.SSLContext
) -> None:
    async with Peer(steps.serving(lambda asked: OK), tls=server_tls) as peer, client_of(peer, **options) as client:
        assert await client.bucket(bucket).get("key") == b"data"
        (asked,) = peer.requests

    assert (host(asked), asked.target) == (sent_to, target)


@pytest.mark.parametrize(
    ("operation", "sent_to", "signed_for"),
    [
        (
            ops.GetObject(bucket=BANNER, key="key"),
            "banner-123456789012.s3-object-lambda.us-west-2.amazonaws.com",
            Scope("us-west-2", "s3-object-lambda"),
        ),
        (
            ops.HeadObject(bucket=OUTPOST, key="key"),
            "reports-123456789012.op-1.s3-outposts.us-west-2.amazonaws.com",
            Scope("us-west-2", "s3-outposts"),
        ),
        (
            ops.DeleteBucket(bucket=ZONAL),
            "s3express-control.us-west-2.amazonaws.com",
            Scope("us-west-2", "s3express"),
        ),
        (
            ops.HeadObject(bucket="bucket", key="key"),
            "bucket.s3.us-west-2.amazonaws.com",
            Scope("us-west-2", "s3"),
        ),
        (
            ops.WriteGetObjectResponse(request_route="io-cell1", request_token="t", body=b"changed"),
            "io-cell1.s3-object-lambda.us-west-2.amazonaws.com",
            Scope("us-west-2", "s3-object-lambda"),
        ),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_operation_is_signed_for_the_service_that_answers(
    operation: Any, sent_to: str, signed_for: Scope, server_tls: ssl.SSLContext
) -> None:
    async with Peer(steps.answering(), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        result = await client.call(operation)
        if hasattr(result, "body"):
            await result.body.close()
        (asked,) = peer.requests

    assert host(asked) == sent_to
    assert scope(asked) == signed_for


@pytest.mark.parametrize(
    ("zone", "location", "redundancy"),
    [("usw2-az1", "AvailabilityZone", "SingleAvailabilityZone"), ("usw2-lax1-az1", "LocalZone", "SingleLocalZone")],
)
async def test_a_directory_bucket_is_created_in_its_zone(
    zone: str, location: str, redundancy: str, server_tls: ssl.SSLContext
) -> None:
    name = f"b--{zone}--x-s3"
    async with Peer(steps.answering(), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        await client.create_bucket(name)
        (asked,) = peer.requests

    assert (host(asked), asked.target) == ("s3express-control.us-west-2.amazonaws.com", f"/{name}".encode())
    for said in (
        f"<Location><Type>{location}</Type><Name>{zone}</Name></Location>",
        f"<DataRedundancy>{redundancy}</DataRedundancy>",
        "<Type>Directory</Type>",
    ):
        assert said.encode() in asked.body
    assert b"LocationConstraint" not in asked.body


@pytest.mark.parametrize("variable", ["", "AWS_USE_DUALSTACK_ENDPOINT"])
async def test_without_tls_it_is_the_same_host(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if variable:
        monkeypatch.setenv(variable, "true")
    async with Peer(steps.serving(lambda asked: OK)) as peer, client_of(peer, **REGION, use_ssl=False) as client:
        await client.bucket("bucket").get("key")
        (asked,) = peer.requests

    assert host(asked) == f"bucket.s3.{'dualstack.' if variable else ''}us-west-2.amazonaws.com"


@pytest.mark.parametrize("endpoint", ["https://s3.example.com", "https://s3.us-west-2.amazonaws.com"])
async def test_an_endpoint_of_the_environment_says_itself_if_it_has_tls(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    async with Client(anonymous=True, aws_region="us-west-2", use_ssl=False) as client:
        assert (await client.url(ops.GetObject(bucket="b", key="key"))).startswith("https://")


async def test_an_endpoint_keeps_its_path() -> None:
    async with Peer(steps.serving(lambda asked: OK)) as peer:
        async with client_of(peer, aws_endpoint=f"{peer.endpoint}/storage/v1") as client:
            await client.bucket("bucket").get("a/b")

        assert peer.requests[0].target == b"/storage/v1/bucket/a/b"


async def test_a_multi_region_access_point_is_signed_for_every_region(server_tls: ssl.SSLContext) -> None:
    pytest.importorskip("cryptography")
    async with Peer(steps.serving(lambda asked: OK), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        assert await client.bucket(MRAP).get("key") == b"data"
        (asked,) = peer.requests

    assert host(asked) == "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"
    assert asked.header("x-amz-region-set") == b"*"
    assert (asked.header("authorization") or b"").startswith(b"AWS4-ECDSA-P256-SHA256 Credential=")


async def test_a_directory_bucket_is_asked_for_a_session_first(server_tls: ssl.SSLContext) -> None:
    in_an_hour = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    session = (
        "<CreateSessionResult><Credentials><AccessKeyId>SESSION</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>t</SessionToken><Expiration>{in_an_hour}</Expiration></Credentials></CreateSessionResult>"
    )

    def answer(asked: Asked) -> bytes:
        return steps.response(session.encode()) if asked.target == b"/?session=" else OK

    async with Peer(steps.serving(answer), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        for _ in range(2):
            assert await client.bucket(ZONAL).get("key") == b"data"

        assert {host(asked) for asked in peer.requests} == {f"{ZONAL}.s3express-usw2-az1.us-west-2.amazonaws.com"}
        assert {scope(asked) for asked in peer.requests} == {Scope("us-west-2", "s3express")}
        tokens = [(asked.target, asked.header("x-amz-s3session-token")) for asked in peer.requests]
        assert tokens == [(b"/?session=", None), (b"/key", b"t"), (b"/key", b"t")]


# ------------------------------------------------------------------ refused before anything is sent
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"use_fips": True, "use_accelerate": True}, "exclude each other"),
        ({"use_accelerate": True, "addressing": "path"}, "path-style"),
        ({"use_dualstack": True, "aws_endpoint": "https://s3.example.com"}, "use_dualstack .* takes no endpoint"),
        ({"use_fips": True, "aws_endpoint": "https://s3.example.com"}, "use_fips .* takes no endpoint"),
        ({"use_accelerate": True, "aws_endpoint": "https://s3.example.com"}, "use_accelerate .* takes no endpoint"),
        ({"use_fips": True, "aws_region": "cn-north-1"}, "no FIPS hosts in cn-north-1"),
        ({"use_accelerate": True, "aws_region": "cn-north-1"}, "no S3 Accelerate in cn-north-1"),
        ({"aws_region": "eu west 1"}, "is not a region's name"),
        ({"aws_region": "eu_west_1", "aws_endpoint": "http://localhost"}, "is not a region's name"),
        ({"addressing": "host"}, "addressing must be one of auto, virtual, path"),
    ],
)
def test_options_that_contradict_each_other_are_refused_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Client(anonymous=True, **options)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("AWS_USE_FIPS_ENDPOINT", "yes", "AWS_USE_FIPS_ENDPOINT must be one of true, false, not 'yes'"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "1", "AWS_USE_DUALSTACK_ENDPOINT must be one of true, false"),
        ("AWS_S3_USE_ARN_REGION", "on", "AWS_S3_USE_ARN_REGION must be one of true, false"),
    ],
)
def test_a_switch_in_the_environment_is_true_or_false(
    variable: str, value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidInput, match=message):
        Client(anonymous=True)


@pytest.mark.parametrize(
    ("variables", "bucket", "sent_to"),
    [
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "bucket", "bucket.s3-fips.us-west-2.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "TRUE"}, "bucket", "bucket.s3.dualstack.us-west-2.amazonaws.com"),
        (
            {"AWS_S3_USE_ARN_REGION": "true"},
            ACCESS_POINT.replace("us-west-2", "eu-west-1"),
            "reports-123456789012.s3-accesspoint.eu-west-1.amazonaws.com",
        ),
        ({"AWS_USE_FIPS_ENDPOINT": "false"}, "bucket", "bucket.s3.us-west-2.amazonaws.com"),
        (
            {"AWS_S3_DISABLE_EXPRESS_SESSION_AUTH": "true"},
            ZONAL,
            f"{ZONAL}.s3express-usw2-az1.us-west-2.amazonaws.com",
        ),
    ],
)
async def test_switches_of_the_environment_count(
    variables: dict[str, str], bucket: str, sent_to: str, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with Peer(steps.serving(lambda asked: OK), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        await client.bucket(bucket).get("key")

        assert host(peer.requests[0]) == sent_to


async def test_a_directory_bucket_may_be_asked_without_a_session(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", "true")
    async with Peer(steps.serving(lambda asked: OK), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        await client.bucket(ZONAL).get("key")
        (asked,) = peer.requests

    assert (asked.target, scope(asked)) == (b"/key", Scope("us-west-2", "s3express"))


async def test_multi_region_access_points_may_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", "true")
    async with Peer() as peer, client_of(peer, **REGION) as client:
        with pytest.raises(InvalidInput, match="which this client may not use"):
            await client.bucket(MRAP).get("key")


async def test_the_oldest_region_may_have_the_oldest_host(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "legacy")
    async with Peer(steps.serving(lambda asked: OK), tls=server_tls) as peer:
        async with client_of(peer, aws_region="us-east-1") as client:
            await client.bucket("bucket").get("key")

        assert host(peer.requests[0]) == "bucket.s3.amazonaws.com"


async def test_accelerate_of_a_profile_counts(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[default]\ns3 =\n    use_accelerate_endpoint = true\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    async with Peer(steps.serving(lambda asked: OK), tls=server_tls) as peer, client_of(peer, **REGION) as client:
        await client.bucket("bucket").get("key")

        assert host(peer.requests[0]) == "bucket.s3-accelerate.amazonaws.com"


async def test_the_environment_chooses_no_hosts_for_a_store_that_is_not_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")
    async with Peer(steps.serving(lambda asked: OK)) as peer:
        async with client_of(peer, aws_endpoint=peer.endpoint) as client:
            await client.bucket("bucket").get("key")

        assert peer.requests[0].target == b"/bucket/key"


def test_fips_is_never_dropped_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")

    with pytest.raises(InvalidInput, match=r"use_fips .* takes no endpoint"):
        Client(anonymous=True, aws_endpoint="https://s3.example.com")


@pytest.mark.parametrize(
    ("options", "bucket", "message"),
    [
        ({"aws_region": "eu-west-1"}, ACCESS_POINT, "allow that by use_arn_region=True"),
        ({"aws_region": "cn-north-1", "use_arn_region": True}, ACCESS_POINT, "in the partition aws"),
        ({**REGION, "use_accelerate": True}, ACCESS_POINT, "use_accelerate: there is no such address"),
        ({**REGION, "use_accelerate": True}, "dotted.bucket", "would need a path-style address"),
        ({**REGION, "use_dualstack": True}, MRAP, "use_dualstack: there is no such address"),
        (REGION, "arn:aws:s3:::bucket", "is no ARN of an access point"),
        (REGION, "b--x-s3", "names no zone"),
    ],
)
async def test_a_bucket_that_has_no_such_address_is_refused(options: dict[str, Any], bucket: str, message: str) -> None:
    async with Peer() as peer, client_of(peer, **options) as client:
        with pytest.raises(InvalidInput, match=message):
            await client.bucket(bucket).get("key")

        assert peer.visits == []


@pytest.mark.parametrize("name", ["ab", "Bucket", "a_b", "b" * 64, "1.2.3.4"])
async def test_aws_is_not_asked_for_a_new_bucket_that_it_takes_not(name: str) -> None:
    async with Peer() as peer, client_of(peer, **REGION) as client:
        with pytest.raises(InvalidInput, match="is none that AWS takes"):
            await client.create_bucket(name)

        assert peer.visits == []


async def test_another_store_judges_names_itself() -> None:
    async with Peer(steps.answering()) as peer, client_of(peer, aws_endpoint=peer.endpoint) as client:
        await client.create_bucket("A_b")

        assert peer.requests[0].target == b"/A_b"


# ------------------------------------------------------------------ a server that knows both styles
@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("addressing", ["virtual", "path"])
@pytest.mark.parametrize("name", ["over-tls", "over.tls"])
async def test_both_styles_reach_the_same_bucket(
    server: Server, scheme: str, addressing: Addressing, name: str
) -> None:
    """A dotted name fits no certificate: over https it is addressed by path, whatever was asked for."""
    port = (server.tls_endpoint or "").rpartition(":")[2] if scheme == "https" else server.port
    endpoint = f"{scheme}://localhost:{port}"
    keys: dict[str, Any] = {
        "aws_key": server.access_key,
        "aws_secret": server.secret_key,
        "proxy": False,
        "verify": server.ca,
    }
    connector = lambda: aiohttp.TCPConnector(resolver=Resolver())  # noqa: E731
    async with Client(aws_endpoint=endpoint, addressing=addressing, connector=connector, **keys) as client:
        bucket = client.bucket(name)
        await client.create_bucket(bucket.name)
        virtual = addressing == "virtual" and not (scheme == "https" and "." in name)
        sent_to = f"{name}.localhost:{port}" if virtual else f"localhost:{port}/{name}"
        assert (await bucket.presign("key")).startswith(f"{scheme}://{sent_to}/key?")
        try:
            for key in ("key", "a//b/../c", "a+b é"):
                await bucket.put(key, b"data")
                assert await bucket.get(key) == b"data"
                assert [found.key for found in await bucket.list(prefix=key)] == [key]
                await bucket.delete(key)
        finally:
            await client.delete_bucket(bucket.name)
