"""EC2's instance metadata: version 2 of its protocol, short waits, no proxy."""

import time

import pytest

from aios3 import Bucket, CredentialsError
from aios3.credentials import DefaultChain, InstanceMetadata, Network, NotConfigured
from aios3.credentials.network import Answer
from aios3.protocol.messages import Request
from tests.credentials.conftest import Home
from tests.credentials.services import SECRET, TOKEN, Metadata, answer, keys
from tests.loops import BOTH_LOOPS
from tests.wire import Peer, Seen, response, serving


def environ(peer: Peer, **more: str) -> dict[str, str]:
    return {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{peer.port}", **more}


@BOTH_LOOPS
async def test_keys_of_the_instances_role_are_found() -> None:
    async with serving(Metadata()) as peer:
        found = await InstanceMetadata(environ=environ(peer))()

    assert (found.access_key, found.secret_key, found.token) == ("ASIAINSTANCE", SECRET, TOKEN)
    assert found.expires is not None
    assert [seen.method for seen in peer.requests] == ["PUT", "GET", "GET"]


async def test_name_of_a_role_is_encoded() -> None:
    service = Metadata(role="a role")

    def decoded(seen: Seen) -> bytes:
        return service(Seen(seen.head.replace(b"a%20role", b"a+role"), b""))

    service.role = "a+role"
    async with serving(lambda seen: response(200, b"a role\n") if seen.path.endswith("/") else decoded(seen)) as peer:
        assert (await InstanceMetadata(environ=environ(peer))()).access_key == "ASIAINSTANCE"


async def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    async with serving(Metadata()) as peer:
        assert (await InstanceMetadata(environ=environ(peer))()).access_key == "ASIAINSTANCE"


async def test_instance_without_a_role_has_no_keys() -> None:
    async with serving(Metadata(role="")) as peer:
        with pytest.raises(NotConfigured, match="knows no role"):
            await InstanceMetadata(environ=environ(peer))()


@pytest.mark.parametrize("text", ["true", "TRUE", "True"])
async def test_it_can_be_switched_off(text: str) -> None:
    async with serving(Metadata()) as peer:
        with pytest.raises(NotConfigured, match="switched off by AWS_EC2_METADATA_DISABLED"):
            await InstanceMetadata(environ=environ(peer, AWS_EC2_METADATA_DISABLED=text))()

    assert not peer.requests


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "ftp://there", "use http or https"),
        ("AWS_METADATA_SERVICE_TIMEOUT", "soon", "AWS_METADATA_SERVICE_TIMEOUT must be a number above 0"),
        ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "0", "AWS_METADATA_SERVICE_NUM_ATTEMPTS must be"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv7", "must be IPv4 or IPv6, not 'IPv7'"),
    ],
)
async def test_settings_that_cannot_be_are_said(name: str, value: str, said: str) -> None:
    with pytest.raises(CredentialsError, match=said):
        await InstanceMetadata(environ={name: value})()


async def test_silence_is_short_and_said(home: Home) -> None:
    """A custom endpoint and no keys: the reason is known within moments, not minutes."""
    begun = time.monotonic()

    def silent(seen: Seen) -> bytes:
        return b""

    async with serving(silent) as peer:
        environment = environ(peer, HOME=str(home.folder))
        async with Bucket(
            "bucket", credentials=DefaultChain(environ=environment), aws_endpoint="http://127.0.0.1:9"
        ) as bucket:
            with pytest.raises(CredentialsError, match=r"EC2 instance metadata: .* no answer within 1 s"):
                await bucket.get("key")

    assert time.monotonic() - begun < 2.5


async def test_attempts_and_timeout_of_the_environment_count() -> None:
    async with serving(lambda seen: response(500)) as peer:
        more = {"AWS_METADATA_SERVICE_NUM_ATTEMPTS": "3", "AWS_METADATA_SERVICE_TIMEOUT": "0.5"}
        with pytest.raises(NotConfigured, match=r"no session token of IMDSv2 \(HTTP 500\)"):
            await InstanceMetadata(environ=environ(peer, **more))()

    assert len(peer.requests) == 3


BAD = {
    "no JSON": (response(200, b"<html>"), "gave no JSON object"),
    "a list": (answer([]), "gave no JSON object"),
    "a failure": (answer({"Code": "AssumeRoleUnauthorizedAccess"}), "says 'AssumeRoleUnauthorizedAccess'"),
    "no key": (answer({"Code": "Success"}), "gave no AccessKeyId and no SecretAccessKey"),
    "a number": (answer({**keys("A"), "SecretAccessKey": 5}), "gave SecretAccessKey as int"),
    "no time": (answer({**keys("A"), "Expiration": "soon"}), "a time of expiry that is none"),
    "an error": (response(503), "answered HTTP 503"),
    "no HTTP": (b"what?\r\n\r\n", "could not be asked"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_bad_answers_are_said_and_no_secret_is(kind: str) -> None:
    bad, said = BAD[kind]
    service = Metadata()
    async with serving(lambda seen: bad if seen.path.endswith("the-role") else service(seen)) as peer:
        with pytest.raises(CredentialsError, match=said) as caught:
            await InstanceMetadata(environ=environ(peer))()

    assert SECRET not in str(caught.value)
    assert not isinstance(caught.value, NotConfigured)


async def test_service_is_asked_over_ipv6() -> None:
    async with serving(Metadata(), "::1") as peer:
        provider = InstanceMetadata(environ={"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://[::1]:{peer.port}"})
        assert (await provider()).access_key == "ASIAINSTANCE"

    assert peer.last.headers["host"] == f"[::1]:{peer.port}"


@pytest.mark.parametrize(
    ("mode", "authority"), [("", "169.254.169.254"), ("IPv4", "169.254.169.254"), ("ipv6", "[fd00:ec2::254]")]
)
async def test_mode_says_which_address_is_asked(mode: str, authority: str) -> None:
    """Nobody there is asked: the machine that runs the tests may be one of AWS's."""

    class Nowhere(Network):
        async def ask(self, request: Request, *, seconds: float, attempts: int = 1, straight: bool = False) -> Answer:
            assert straight
            raise CredentialsError(request.headers["host"])

    provider = InstanceMetadata(environ={"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE": mode}, network=Nowhere())
    with pytest.raises(NotConfigured) as caught:
        await provider()

    assert str(caught.value) == authority
