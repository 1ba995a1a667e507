"""The token service: signed AssumeRole, unsigned AssumeRoleWithWebIdentity, refusals; and a real gateway's."""

import asyncio
import json
import uuid
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from aios3 import Bucket, Client, Credentials, CredentialsError
from aios3.credentials import AssumeRole, Cached, NotConfigured, Provider, WebIdentity
from tests import oracle
from tests.credentials.services import SECRET, TOKEN, TokenService
from tests.loops import BOTH_LOOPS
from tests.servers import Server
from tests.wire import response, serving

ROLE = "arn:aws:iam::111122223333:role/team/reader"
KEYS = Credentials("AKIAUSER", SECRET, TOKEN)


def service() -> TokenService:
    return TokenService(known={"AKIAUSER": SECRET}, web_token="header.claims.proof")


@BOTH_LOOPS
async def test_role_is_taken_on_with_a_signed_request() -> None:
    sts = service()
    async with serving(sts) as peer:
        provider = AssumeRole(
            role_arn=ROLE,
            source=KEYS,
            duration_seconds=900,
            external_id="a b+c",
            session_name="me@example.com",
            policy="{}",
            endpoint=f"http://127.0.0.1:{peer.port}",
            environ={},
        )
        found = await provider()

    assert (found.access_key, found.secret_key, found.token) == ("ASIA.reader.AKIAUSER", SECRET, TOKEN)
    assert found.expires is not None
    assert sts.asked[0] | {"Action": ""} == {
        "Action": "",
        "RoleArn": ROLE,
        "RoleSessionName": "me@example.com",
        "DurationSeconds": "900",
        "ExternalId": "a b+c",
        "Policy": "{}",
    }
    assert peer.last.headers["x-amz-security-token"] == TOKEN
    assert SECRET not in repr(provider)
    assert TOKEN not in repr(provider)


async def test_role_of_a_role_and_region_of_the_environment() -> None:
    sts = service()
    sts.region = "eu-west-1"
    async with serving(sts) as peer:
        environ = {"AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{peer.port}", "AWS_REGION": "eu-west-1"}
        first = AssumeRole(role_arn=ROLE, source=KEYS, environ=environ)
        found = await AssumeRole(role_arn="arn:aws:iam::1:role/second", source=first, environ=environ)()

    assert found.access_key == "ASIA.second.ASIA.reader.AKIAUSER"


@BOTH_LOOPS
async def test_web_identity_is_not_signed_and_its_token_read_at_every_fetch(tmp_path: Path) -> None:
    file, sts = tmp_path / "token", service()
    async with serving(sts) as peer:
        provider = WebIdentity(
            role_arn=ROLE,
            token_file=str(file),
            session_name="pod",
            endpoint=f"http://127.0.0.1:{peer.port}",
            environ={},
        )
        for token in ("first.token", "second.token"):
            file.write_text(f"{token}\n")
            sts.web_token = token
            assert (await provider()).access_key == "ASIA.reader.web"

    assert [asked["WebIdentityToken"] for asked in sts.asked] == ["first.token", "second.token"]


async def test_missing_token_file_is_said() -> None:
    with pytest.raises(CredentialsError, match="cannot read 'nowhere/token': No such file"):
        await WebIdentity(role_arn=ROLE, token_file="nowhere/token", environ={})()


async def test_refusal_is_said_without_what_is_secret(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("a.wrong.token")
    async with serving(service()) as peer:
        endpoint = f"http://127.0.0.1:{peer.port}"
        refused = AssumeRole(role_arn="arn:aws:iam::1:role/refused", source=KEYS, endpoint=endpoint, environ={})
        with pytest.raises(CredentialsError, match=r"AssumeRole of arn:aws:iam::1:role/refused .* AccessDenied") as one:
            await refused()
        stranger = AssumeRole(role_arn=ROLE, source=Credentials("AKIA0", SECRET), endpoint=endpoint, environ={})
        with pytest.raises(CredentialsError, match="InvalidClientTokenId"):
            await stranger()
        forged = AssumeRole(role_arn=ROLE, source=Credentials("AKIAUSER", "x"), endpoint=endpoint, environ={})
        with pytest.raises(CredentialsError, match="SignatureDoesNotMatch"):
            await forged()
        with pytest.raises(CredentialsError, match="InvalidIdentityToken") as two:
            await WebIdentity(role_arn=ROLE, token_file=str(file), endpoint=endpoint, environ={})()

    assert TOKEN not in str(one.value)
    assert "a.wrong.token" not in str(two.value)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (response(200, b"not XML"), "HTTP 200, and no XML"),
        (response(200, b"<AssumeRoleResponse/>"), "no Credentials"),
        (response(200, b"<R><Credentials><AccessKeyId>A</AccessKeyId></Credentials></R>"), "gave no SecretAccessKey"),
        (response(400, b"<html>no</html>"), r"was refused with no code \(HTTP 400\)"),
        (
            TokenService.refusal("ExpiredToken", "Signature expired:\nsecond line"),
            "ExpiredToken .*: Signature expired:$",
        ),
    ],
)
async def test_bad_answer_is_said(answer: bytes, said: str) -> None:
    async with serving(lambda seen: answer) as peer:
        endpoint = f"http://127.0.0.1:{peer.port}"
        with pytest.raises(CredentialsError, match=said):
            await AssumeRole(role_arn=ROLE, source=KEYS, endpoint=endpoint, environ={})()


async def test_failing_service_is_asked_three_times() -> None:
    sts, answers = service(), iter([response(500), response(503)])
    async with serving(lambda seen: next(answers, None) or sts(seen)) as peer:
        endpoint = f"http://127.0.0.1:{peer.port}"
        found = await AssumeRole(role_arn=ROLE, source=KEYS, endpoint=endpoint, environ={})()

    assert found.access_key == "ASIA.reader.AKIAUSER"
    assert len(peer.requests) == 3


async def test_source_without_keys_is_an_error_and_no_reason_to_look_elsewhere() -> None:
    async def nothing() -> Credentials:
        raise NotConfigured("nothing there")

    with pytest.raises(CredentialsError, match=f"no keys to take on {ROLE}: nothing there") as caught:
        await AssumeRole(role_arn=ROLE, source=nothing, environ={})()

    assert not isinstance(caught.value, NotConfigured)


@pytest.mark.parametrize("region", ["eu west", "x" * 70, "a/b"])
async def test_region_that_is_none_is_said(region: str) -> None:
    with pytest.raises(CredentialsError, match="is not a region's name"):
        await AssumeRole(role_arn=ROLE, source=KEYS, region=region, environ={})()


# --- for real


def make_role(server: Server) -> str:
    """Make a role that may do everything with S3, and that the server's user may take on; return its ARN."""
    trust = {"Effect": "Allow", "Principal": {"AWS": ["arn:aws:iam:::user/main"]}, "Action": ["sts:AssumeRole"]}
    allow = {"Effect": "Allow", "Action": ["s3:*"], "Resource": ["arn:aws:s3:::*"]}
    policies = [json.dumps({"Version": "2012-10-17", "Statement": [statement]}) for statement in (trust, allow)]
    name = f"role-{uuid.uuid4().hex[:8]}"
    made = _administer(server, Action="CreateRole", AssumeRolePolicyDocument=policies[0], Path="/", RoleName=name)
    _administer(server, Action="PutRolePolicy", PolicyDocument=policies[1], PolicyName="all", RoleName=name)
    return made.text("Arn")


def _administer(server: Server, **members: str) -> oracle.Answer:
    query = urlencode(members, quote_via=quote, safe="")
    answer = oracle.send(server, "POST", f"/?{query}")
    assert answer.status == 200, answer.body
    return answer


@BOTH_LOOPS
async def test_role_of_a_real_gateway_reads_and_writes(radosgw: Server) -> None:
    arn = await asyncio.to_thread(make_role, radosgw)
    owner = Credentials(radosgw.access_key, radosgw.secret_key)
    provider = AssumeRole(role_arn=arn, source=owner, duration_seconds=900, endpoint=radosgw.endpoint, environ={})
    taken = await provider()
    name = f"aios3-{uuid.uuid4().hex[:12]}"
    async with Client(credentials=provider, aws_endpoint=radosgw.endpoint) as client:
        await client.create_bucket(name)
        bucket: Bucket = client.bucket(name)
        await bucket.put("key", b"by a role")
        assert await bucket.get("key") == b"by a role"

    assert taken.access_key != radosgw.access_key
    assert taken.token
    assert taken.expires is not None


async def test_keys_of_a_real_role_without_their_token_are_refused(radosgw: Server) -> None:
    arn = await asyncio.to_thread(make_role, radosgw)
    owner = Credentials(radosgw.access_key, radosgw.secret_key)
    taken = await Cached(AssumeRole(role_arn=arn, source=owner, endpoint=radosgw.endpoint, environ={}))()
    bare = Credentials(taken.access_key, taken.secret_key)
    async with Client(credentials=bare, aws_endpoint=radosgw.endpoint, max_attempts=1) as client:
        with pytest.raises(Exception, match=r"InvalidAccessKeyId|AccessDenied"):
            await client.bucket("bucket").list()


@pytest.mark.parametrize("server", ["moto", "ministack"], indirect=True)
async def test_roles_of_other_servers_can_be_used(server: Server, bucket_name: str, tmp_path: Path) -> None:
    """They check less, but wrote their answers without us."""
    file = tmp_path / "token"
    file.write_text("header.claims.proof")
    owner = Credentials(server.access_key, server.secret_key)
    providers: tuple[Provider, ...] = (
        AssumeRole(role_arn=ROLE, source=owner, endpoint=server.endpoint, environ={}),
        WebIdentity(role_arn=ROLE, token_file=str(file), endpoint=server.endpoint, environ={}),
    )
    for number, provider in enumerate(providers):
        async with Client(credentials=provider, aws_endpoint=server.endpoint) as client:
            await client.create_bucket(f"{bucket_name}-{number}")
            assert await client.bucket_exists(f"{bucket_name}-{number}")


async def test_unknown_role_of_a_real_gateway_is_said(radosgw: Server) -> None:
    owner = Credentials(radosgw.access_key, radosgw.secret_key)
    provider = AssumeRole(role_arn="arn:aws:iam:::role/none", source=owner, endpoint=radosgw.endpoint, environ={})
    with pytest.raises(CredentialsError, match="AssumeRole of arn:aws:iam:::role/none was refused with") as caught:
        await provider()

    assert radosgw.secret_key not in str(caught.value)
