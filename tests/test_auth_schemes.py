"""Places that are not signed by plain SigV4: directory buckets by a session's keys, several regions at once by SigV4A."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials

from aios3 import Bucket, Client, InvalidInput
from aios3.protocol import sigv4a
from aios3.protocol.messages import Request, address
from aios3.protocol.places import Auth
from aios3.protocol.sigv4 import Credentials, canonical_request
from aios3.signing import Signers, signed
from tests.protocol.test_presigning import split_proof
from tests.protocol.test_sigv4a import point_of, verify
from tests.stores import client_at
from tests.wire import Seen, answering, response

DIRECTORY = "logs--usw2-az1--x-s3"
ALIAS = "arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap"
KEYS: dict[str, Any] = {"aws_key": "AKIDEXAMPLE", "aws_secret": "hunter2", "aws_region": "us-west-2"}


def session(number: int = 1, lasting: float = 300, status: int = 200) -> bytes:
    end = datetime.now(UTC) + timedelta(seconds=lasting)
    return response(
        status,
        f"<CreateSessionResult><Credentials><AccessKeyId>SESSION{number}</AccessKeyId>"
        f"<SecretAccessKey>s{number}</SecretAccessKey><SessionToken>token{number}</SessionToken>"
        f"<Expiration>{end:%Y-%m-%dT%H:%M:%SZ}</Expiration></Credentials></CreateSessionResult>".encode(),
    )


def key_of(seen: Seen) -> str:
    found = re.search("Credential=([^/]+)/", seen.headers["authorization"])
    assert found is not None
    return found[1]


def fields_of(lines: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in lines.splitlines())


# ------------------------------------------------------------------ directory buckets
async def test_session_is_made_once_and_its_keys_sign() -> None:
    async with answering(session(), *[response(body=b"x")] * 20) as peer:
        async with client_at(peer.port, max_connections=1) as client:
            bucket = client.bucket(DIRECTORY)
            got = await asyncio.gather(*[bucket.get("k") for _ in range(10)])
            await bucket.put("k", b"y")

    create, *rest = peer.requests
    assert got == [b"x"] * 10
    assert create.target == f"/{DIRECTORY}?session=".encode()
    assert key_of(create) == "AKIAIOSFODNN7EXAMPLE"
    assert "x-amz-s3session-token" not in create.headers
    assert len(rest) == 11
    for seen in rest:
        assert key_of(seen) == "SESSION1"
        assert seen.headers["x-amz-s3session-token"] == "token1"
        assert "x-amz-security-token" not in seen.headers
        assert "/s3express/aws4_request" in seen.headers["authorization"]


async def test_each_bucket_has_a_session_of_its_own() -> None:
    async with answering(session(1), response(), session(2), response()) as peer:
        async with client_at(peer.port) as client:
            await client.bucket(DIRECTORY).put("k", b"")
            await client.bucket("other--usw2-az1--x-s3").put("k", b"")

    ours = "AKIAIOSFODNN7EXAMPLE"
    assert [key_of(seen) for seen in peer.requests] == [ours, "SESSION1", ours, "SESSION2"]


async def test_session_that_ends_is_renewed_and_one_that_s3_refuses_too() -> None:
    expired = response(400, b"<Error><Code>ExpiredToken</Code><Message>m</Message></Error>")
    async with answering(session(1), expired, session(2), response(), response()) as peer:
        async with client_at(peer.port, max_attempts=3) as client:
            bucket = client.bucket(DIRECTORY)
            await bucket.put("k", b"")
            await bucket.put("k", b"")

    assert [key_of(seen) for seen in peer.requests][1::2] == ["SESSION1", "SESSION2"]
    assert key_of(peer.last) == "SESSION2"


async def test_session_is_signed_as_botocore_does() -> None:
    keys = Credentials("SESSION", "s", "to/ken")
    place = address("https", f"{DIRECTORY}.s3express-usw2-az1.us-west-2.amazonaws.com", 443)
    request = Request("GET", place, "/k", "", {"host": place.authority}, b"")
    theirs = AWSRequest(method="GET", url=f"https://{place.authority}/k", headers={"host": place.authority})
    theirs.context["timestamp"] = "20260102T030405Z"
    make: Any = botocore.auth.S3ExpressAuth  # typed, but not what is asked of it here
    signer = make(BotocoreCredentials("SESSION", "s", "to/ken"), "s3express", "us-west-2", identity_cache=None)
    signer._modify_request_before_signing(theirs)
    canonical = signer.canonical_request(theirs)
    signer._inject_signature_to_request(theirs, signer.signature(signer.string_to_sign(theirs, canonical), theirs))

    by = Signers().at(Auth("sigv4-s3express", "s3express", "us-west-2"), keys, "20260102T030405Z")
    _, proof = signed(request, by, theirs.headers["X-Amz-Content-SHA256"])

    assert request.headers | fields_of(proof) == {name.lower(): value for name, value in theirs.headers.items()}


async def test_link_to_a_directory_bucket_ends_with_its_session() -> None:
    async with answering(session()) as peer:
        async with client_at(peer.port) as client:
            with pytest.warns(UserWarning, match="the keys that sign it end"):
                url = await client.bucket(DIRECTORY).presign("k", expires_in=3600)
            short = await client.bucket(DIRECTORY).presign("k", expires_in=60)
            with pytest.raises(InvalidInput, match="no uploads by forms"):
                await client.bucket(DIRECTORY).presign_post("k")

    assert "X-Amz-S3session-Token=token1" in url
    assert "X-Amz-Credential=SESSION1%2F" in short
    assert url.expires_at < datetime.now(UTC) + timedelta(seconds=310)
    # Once for the first, and once more to see if there are keys that last longer.
    assert len(peer.requests) <= 2


# ------------------------------------------------------------------ several regions
async def test_multi_region_access_point_is_signed_for_all_regions() -> None:
    url = await Client(**KEYS).bucket(ALIAS).presign("k", expires_in=60)

    host, _, query = url.removeprefix("https://").partition("/k?")
    assert host == "mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com"
    unsigned, proof = split_proof(query)
    assert "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256" in unsigned
    assert "X-Amz-Region-Set=%2A" in unsigned
    timestamp = re.findall("X-Amz-Date=([0-9TZ]+)", unsigned)[0]
    canonical = canonical_request("GET", "/k", unsigned, {"host": host}, "UNSIGNED-PAYLOAD")
    signer = sigv4a.Signer(Credentials("AKIDEXAMPLE", "hunter2"), timestamp, "*")
    verify(proof, signer.string_to_sign(canonical), *point_of("AKIDEXAMPLE", "hunter2"))


def test_request_to_several_regions_is_signed_in_its_headers() -> None:
    place = address("https", "m.mrap.accesspoint.s3-global.amazonaws.com", 443)
    request = Request("GET", place, "/k", "", {"host": place.authority}, b"")

    signer = Signers().at(Auth("sigv4a", "s3", "*"), Credentials("AKID", "s"), "20260102T030405Z")
    _, lines = signed(request, signer, "UNSIGNED-PAYLOAD")

    ours = request.headers | fields_of(lines)
    assert ours["x-amz-region-set"] == "*"
    head, _, proof = ours.pop("authorization").partition(", Signature=")
    assert head.startswith("AWS4-ECDSA-P256-SHA256 Credential=AKID/20260102/s3/aws4_request, SignedHeaders=host;")
    canonical = canonical_request("GET", "/k", "", ours, "UNSIGNED-PAYLOAD")
    text = (
        f"AWS4-ECDSA-P256-SHA256\n20260102T030405Z\n20260102/s3/aws4_request\n{sha256(canonical.encode()).hexdigest()}"
    )
    verify(proof, text, *point_of("AKID", "s"))


def test_signer_that_cannot_be_made_is_never_another() -> None:
    signers, keys, now = Signers(), Credentials("AKID", "s"), "20260102T030405Z"
    odd = Credentials("AKID", "hunter2\ud800")
    assert signers.at(Auth("sigv4a", "s3", "*"), keys, now)

    for scheme in ("sigv4", "sigv4a"):
        for _ in range(2):
            with pytest.raises(InvalidInput, match="the secret key has a lone surrogate") as raised:
                signers.at(Auth(scheme, "s3", "us-west-2"), odd, now)
            assert "hunter2" not in repr(raised.value)
            assert raised.value.__context__ is None


async def test_forms_are_for_one_region() -> None:
    with pytest.raises(InvalidInput, match="no uploads by forms"):
        await Bucket(ALIAS, **KEYS).presign_post("k")
