"""Providers in order: who is asked, what is said when nobody has keys, and by which way they are reached."""

import asyncio
import logging
import shlex
import sys
from typing import Any

import pytest

from aios3 import Bucket, Client, Credentials, CredentialsError
from aios3.credentials import AssumeRole, Chain, DefaultChain, Environment, Network, NotConfigured, static
from tests.credentials.conftest import Home
from tests.credentials.services import SECRET, Metadata, TokenService
from tests.credentials.test_sts import ROLE, make_role
from tests.loops import BOTH_LOOPS
from tests.servers import Proxy, Server
from tests.wire import response, serving

KEYS = Credentials("AKID", SECRET)


async def test_first_that_has_keys_is_taken_and_named(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "aios3")

    async def vault() -> Credentials:
        return KEYS

    async def never() -> Credentials:
        raise AssertionError

    assert await Chain(Environment(environ={}), vault, never)() is KEYS
    assert caplog.messages == ["credentials from vault"]


async def test_error_ends_a_chain_and_says_who_was_asked_before() -> None:
    async def broken() -> Credentials:
        raise CredentialsError("vault is sealed")

    with pytest.raises(CredentialsError) as caught:
        await Chain(Environment(environ={}), broken, static(KEYS))()

    assert not isinstance(caught.value, NotConfigured)
    assert str(caught.value).splitlines()[:3] == [
        "no usable credentials; tried in this order:",
        "- environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
        "- broken: vault is sealed",
    ]


async def test_nothing_anywhere_is_said_of_each_place(home: Home) -> None:
    with pytest.raises(NotConfigured) as caught:
        await DefaultChain(environ=home.environ())()

    assert [line.partition(":")[0] for line in str(caught.value).splitlines()] == [
        "no credentials; tried in this order",
        "- environment",
        "- web identity",
        "- profile 'default'",
        "- container",
        "- EC2 instance metadata",
        "Give aws_key and aws_secret, or credentials=, or use anonymous=True to send unsigned requests",
    ]


WRONG = {
    "mfa": ("role_arn = r\nsource_profile = p\nmfa_serial = arn:aws:iam::1:mfa/me", "MFA device"),
    "both": ("role_arn = r\nsource_profile = p\ncredential_source = Environment", "both source_profile and"),
    "neither": ("role_arn = r", "neither source_profile nor credential_source"),
    "moon": ("role_arn = r\ncredential_source = Moon", "credential_source 'Moon'"),
    "gone": ("role_arn = r\nsource_profile = gone", "source_profile 'gone', which is in neither file"),
    "circle": ("role_arn = r\nsource_profile = p", "in a circle: p -> p"),
    "duration": (f"role_arn = r\nsource_profile = k\nduration_seconds = 1h\n[profile k]\naws_access_key_id = {SECRET}",
                 "duration_seconds '1h'"),
    "half a key": (f"aws_access_key_id = {SECRET}", "has aws_access_key_id and no aws_secret_access_key"),
    "session": ("sso_session = corp\nsso_account_id = 1\nsso_role_name = r", "there is no section [sso-session corp]"),
    "sso": ("sso_account_id = 1", "sso_start_url, sso_region, sso_role_name is missing"),
    "web": ("web_identity_token_file = token", "neither AWS_ROLE_ARN nor role_arn"),
    "program": ("credential_process = /no/such/program", "cannot be run: No such file"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
async def test_profile_that_cannot_be_is_said(home: Home, kind: str) -> None:
    config, said = WRONG[kind]
    home.write(f"[profile p]\n{config}\n")
    with pytest.raises(CredentialsError) as caught:
        await DefaultChain("p", environ=home.environ())()

    assert said in str(caught.value)
    assert "- " in str(caught.value)
    assert SECRET not in str(caught.value)
    assert not isinstance(caught.value, NotConfigured)


async def test_circle_of_roles_is_noticed(home: Home) -> None:
    home.write(
        "".join(
            f"[profile {name}]\nrole_arn = r\nsource_profile = {other}\n"
            for name, other in (("a", "b"), ("b", "c"), ("c", "b"))
        )
    )
    with pytest.raises(CredentialsError, match=r"in a circle: a -> b -> c -> b"):
        await DefaultChain("a", environ=home.environ())()


# --- the way there


@BOTH_LOOPS
async def test_role_is_asked_for_through_the_clients_proxy(home: Home, tinyproxy: Proxy) -> None:
    """And metadata past it."""
    sts = TokenService(known={"ASIAINSTANCE": SECRET})
    home.write(f"[default]\nrole_arn = {ROLE}\ncredential_source = Ec2InstanceMetadata\n")
    async with serving(sts) as roles, serving(Metadata()) as metadata:
        async with serving(lambda seen: response(body=seen.headers["authorization"].encode())) as store:
            environ = home.environ(
                AWS_ENDPOINT_URL_STS=f"http://127.0.0.1:{roles.port}",
                AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://127.0.0.1:{metadata.port}",
                AWS_EC2_METADATA_DISABLED="false",
            )
            with pytest.MonkeyPatch.context() as patch:
                for name, value in environ.items():
                    patch.setenv(name, value)
                patch.delenv("AWS_CONFIG_FILE")
                async with Bucket(
                    "bucket", aws_endpoint=f"http://127.0.0.1:{store.port}", proxy=tinyproxy.url
                ) as bucket:
                    signed = await bucket.get("key")

    assert b"Credential=ASIA.reader.ASIAINSTANCE/" in signed
    assert "via" in roles.last.headers
    assert "via" in store.last.headers
    assert not [seen for seen in metadata.requests if "via" in seen.headers]


async def test_role_is_asked_for_over_tls_that_is_checked(radosgw: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = await asyncio.to_thread(make_role, radosgw)
    assert radosgw.tls_endpoint is not None
    owner = Credentials(radosgw.access_key, radosgw.secret_key)
    # By its number: the gateway takes the name for a bucket's host.
    endpoint = radosgw.tls_endpoint.replace("localhost", "127.0.0.1")
    provider = AssumeRole(role_arn=arn, source=owner, endpoint=endpoint, environ={})
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    with pytest.raises(CredentialsError, match="certificate"):
        await provider()
    monkeypatch.setenv("AWS_CA_BUNDLE", str(radosgw.ca))

    assert (await provider()).token


async def test_network_can_be_ones_own() -> None:
    opened = 0

    async def refuse(seconds: float, scheme: str) -> Any:
        nonlocal opened
        opened += 1
        raise CredentialsError("no way out of here")

    provider = AssumeRole(role_arn=ROLE, source=KEYS, environ={}, network=Network(refuse))
    with pytest.raises(CredentialsError, match="no way out of here"):
        await provider()

    assert opened == 1


# --- a client


@BOTH_LOOPS
async def test_client_finds_keys_by_itself_and_anew_when_they_have_ended(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever changes the files, an agent or a person: the next fetch sees it."""
    expired = response(400, b"<Error><Code>ExpiredToken</Code></Error>")

    def store(key: str) -> bytes:
        return response(body=b"data") if key in good else expired

    home.write(credentials=f"[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = {SECRET}\n")
    good = {"AKIAOLD"}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home.folder))
    async with serving(lambda seen: store(seen.headers["authorization"].split("Credential=")[1].split("/")[0])) as peer:
        async with Client(aws_endpoint=f"http://127.0.0.1:{peer.port}", proxy=False) as client:
            bucket = client.bucket("bucket")
            assert await bucket.get("key") == b"data"
            home.write(
                config=f"[default]\ncredential_process = {sys.executable} -c {shlex.quote(f'print({_PRINTED!r})')}\n"
            )
            good = {"AKIANEW"}
            assert await bucket.get("key") == b"data"


_PRINTED = f'{{"Version": 1, "AccessKeyId": "AKIANEW", "SecretAccessKey": "{SECRET}"}}'


async def test_profile_that_is_gone_is_said_by_a_client_whoever_has_keys(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_PROFILE": "gone", "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": SECRET}.items():
        monkeypatch.setenv(name, value)
    async with Client(aws_endpoint="http://127.0.0.1:9") as client:
        with pytest.raises(CredentialsError, match="there is no profile 'gone'"):
            await client.bucket("bucket").get("key")
