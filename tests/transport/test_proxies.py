"""Proxies: real ones, and what they log; and scripted ones, for what crosses the wire."""

import asyncio
import base64
import traceback
from typing import Any

import aiohttp
import pytest
from aiohttp_socks import ProxyConnector

from aios3 import Bucket
from aios3.errors import ConnectError, InvalidInput, InvalidResponse, S3Error, ServiceError
from aios3.protocol.messages import address
from aios3.testing.peer import Peer, Step, Visit
from aios3.testing.steps import answering, read_head, read_request, response, send
from aios3.transport import PoolOptions
from tests import oracle
from tests.loops import BOTH_LOOPS
from tests.servers import Proxy, Server, free_port

from .buckets import MIB, bucket_at

pytestmark = BOTH_LOOPS

PASSWORD = "s3cr3t-p4ss"


@pytest.fixture
def proxy(request: pytest.FixtureRequest) -> Proxy:
    """The proxy named by an indirect parametrisation."""
    found: Proxy = request.getfixturevalue(request.param)
    return found


def bucket_of(server: Server, name: str, *, tls: bool, **options: Any) -> Bucket:
    """Return a bucket of a real server, which is made on the way."""
    oracle.make_bucket(server, name)
    keys = {"anonymous": False, "aws_key": server.access_key, "aws_secret": server.secret_key}
    endpoint = server.tls_endpoint if tls else server.endpoint
    return bucket_at(endpoint or "", name=name, verify=server.ca, **keys, **options)


async def round_trip(bucket: Bucket) -> None:
    """Write and read, with a key that a proxy which parses paths would spoil, and a body of several pieces."""
    for data in (b"hello", bytes(3 * MIB)):
        await bucket.put("a b/c+d%2F.é", data)
        assert await bucket.get("a b/c+d%2F.é") == data
    assert [key.key for key in await bucket.list()] == ["a b/c+d%2F.é"]


def port_of(endpoint: str | None) -> str:
    return (endpoint or "").rpartition(":")[2]


# ------------------------------------------------------------------ real proxies, real servers
@pytest.mark.parametrize("server", ["rclone", "radosgw"], indirect=True)
@pytest.mark.parametrize("proxy", ["squid", "tinyproxy"], indirect=True)
async def test_https_goes_through_connect(server: Server, proxy: Proxy, bucket_name: str) -> None:
    async with bucket_of(server, bucket_name, tls=True, proxy=proxy.url) as bucket:
        await round_trip(bucket)

    assert proxy.saw((server.tls_endpoint or "").removeprefix("https://"))
    assert proxy.saw("CONNECT")


@pytest.mark.parametrize("server", ["rclone", "radosgw"], indirect=True)
@pytest.mark.parametrize("proxy", ["squid", "tinyproxy"], indirect=True)
async def test_plain_http_goes_through_in_absolute_form(server: Server, proxy: Proxy, bucket_name: str) -> None:
    async with bucket_of(server, bucket_name, tls=False, proxy=proxy.url) as bucket:
        await round_trip(bucket)

    assert proxy.saw(f"{server.endpoint}/{bucket_name}/" if proxy.name == "squid" else f"127.0.0.1:{server.port}")


@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
@pytest.mark.parametrize("server", ["rclone"], indirect=True)
async def test_right_password_opens_the_proxy(
    server: Server, squid_with_password: Proxy, bucket_name: str, tls: bool
) -> None:
    async with bucket_of(server, bucket_name, tls=tls, proxy=squid_with_password.url_with_password) as bucket:
        await round_trip(bucket)

    assert squid_with_password.saw(port_of(server.tls_endpoint) if tls else f"{server.endpoint}/{bucket_name}/")


WRONG = {"no password": "http://127.0.0.1:{port}", "wrong password": f"http://aios3:{PASSWORD}@127.0.0.1:{{port}}"}


@pytest.mark.parametrize("url", WRONG.values(), ids=WRONG)
async def test_refused_connect_is_a_connect_error_that_names_the_proxy_and_no_password(
    squid_with_password: Proxy, url: str
) -> None:
    proxy = url.format(port=squid_with_password.port)
    async with bucket_at("https://s3.test", proxy=proxy) as bucket:
        with pytest.raises(ConnectError, match=rf"127\.0\.0\.1:{squid_with_password.port}.* 407 ") as raised:
            await bucket.get("key")

    assert "s3.test:443" in str(raised.value)
    assert_no_password_in(raised.value)


@pytest.mark.parametrize("url", WRONG.values(), ids=WRONG)
async def test_refused_plain_request_is_an_error_that_tells_of_the_proxy(squid_with_password: Proxy, url: str) -> None:
    proxy = url.format(port=squid_with_password.port)
    async with bucket_at("http://s3.test", proxy=proxy) as bucket:
        with pytest.raises((ServiceError, ConnectError), match=r"(?i)407|proxy") as raised:
            await bucket.get("key")

    assert_no_password_in(raised.value)


def assert_no_password_in(error: BaseException) -> None:
    """Look in all that a log or a debugger would show."""
    shown = "".join(traceback.format_exception(error))
    step: BaseException | None = error
    while step is not None:
        shown += f"{step} {step!r} {step.args}"
        step = step.__cause__ or step.__context__
    assert PASSWORD not in shown
    assert base64.b64encode(f"aios3:{PASSWORD}".encode()).decode() not in shown


# ------------------------------------------------------------------ on the wire
STAYING = answering(b"hello", headers=["Connection: Keep-Alive"])


async def test_plain_request_has_the_absolute_form_and_the_origins_host() -> None:
    async with Peer(STAYING) as proxy:
        url = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
        async with bucket_at("http://s3.test:8000", proxy=url) as bucket:
            assert await bucket.get("a/../b c//%2F") == b"hello"
            await bucket.put("key", bytes(MIB))

        first, second = proxy.requests
        assert first.target == b"http://s3.test:8000/bucket/a/../b%20c//%252F"
        assert first.header("host") == b"s3.test:8000"
        assert second.target == b"http://s3.test:8000/bucket/key"
        expected = b"Basic " + base64.b64encode(f"user:{PASSWORD}".encode())
        assert first.header("proxy-authorization") == second.header("proxy-authorization") == expected
        assert proxy.connections == 1


async def test_connection_to_a_proxy_is_kept_only_if_it_says_so() -> None:
    # tinyproxy says HTTP/1.1, and closes behind every answer.
    async with Peer(answering(b"hello")) as proxy:
        async with bucket_at("http://s3.test", proxy=f"http://127.0.0.1:{proxy.port}") as bucket:
            for _ in range(3):
                assert await bucket.get("key") == b"hello"

        assert proxy.connections == 3


async def test_password_of_the_proxy_is_not_signed() -> None:
    async with Peer(answering(b"hello")) as proxy:
        url = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
        keys: dict[str, Any] = {"anonymous": False, "aws_key": "key", "aws_secret": "secret"}
        async with bucket_at("http://s3.test", proxy=url, **keys) as bucket:
            await bucket.get("key")

        authorization = proxy.requests[0].header("authorization")
        assert authorization is not None
        assert b"proxy-authorization" not in authorization


def tunnel(port: int) -> list[Step]:
    """Return the script of a proxy that takes every CONNECT to one place."""

    async def step(visit: Visit) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        visit.readable.resume_reading()

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
            sink.close()

        try:
            await asyncio.gather(pump(visit.reader, writer), pump(reader, visit.writer))
        finally:
            writer.close()

    return [read_head(), send(b"HTTP/1.1 200 Connection established\r\n\r\n"), step]


async def test_connect_carries_the_password_and_the_tunnel_does_not(server_tls: Any, certificate: Any) -> None:
    async with Peer(answering(b"hello"), tls=server_tls) as origin, Peer(tunnel(origin.port)) as proxy:
        url = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
        async with bucket_at(origin.endpoint, proxy=url, verify=certificate.authority) as bucket:
            assert await bucket.get("key") == b"hello"
            assert await bucket.get("key") == b"hello"

        assert [asked.method for asked in proxy.requests] == [b"CONNECT"]
        assert proxy.requests[0].target == f"localhost:{origin.port}".encode()
        assert proxy.requests[0].header("proxy-authorization") is not None
        assert [asked.target for asked in origin.requests] == [b"/bucket/key"] * 2
        assert origin.requests[0].header("proxy-authorization") is None


@pytest.mark.parametrize("status", ["403 Forbidden", "502 Bad Gateway", "504 Gateway Timeout"])
async def test_any_refusal_of_connect_is_a_connect_error_with_its_status(status: str) -> None:
    async with Peer([read_request(), send(response(b"<html>no</html>", status=status))]) as proxy:
        async with bucket_at("https://s3.test", proxy=f"http://127.0.0.1:{proxy.port}") as bucket:
            with pytest.raises(ConnectError, match=rf"127\.0\.0\.1:{proxy.port}.* {status[:3]} "):
                await bucket.get("key")
        await proxy.until_left()


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x05\xff", b"HTTP/1.1 200"])
async def test_proxy_that_is_none_is_an_error(said: bytes) -> None:
    options: dict[str, Any] = {"connect_timeout": 0.3}
    async with Peer([send(said)]) as proxy:
        async with bucket_at("https://s3.test", proxy=f"http://127.0.0.1:{proxy.port}", **options) as bucket:
            with pytest.raises((ConnectError, InvalidResponse, TimeoutError)) as raised:
                await bucket.get("key")
        await proxy.until_left()

    assert isinstance(raised.value, S3Error)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_proxy_that_is_down_is_a_connect_error_that_names_it_and_no_password(scheme: str) -> None:
    port = free_port()
    async with bucket_at(f"{scheme}://s3.test", proxy=f"http://aios3:{PASSWORD}@127.0.0.1:{port}") as bucket:
        with pytest.raises(ConnectError, match=rf"through the proxy http://127\.0\.0\.1:{port}") as raised:
            await bucket.get("key")

    assert_no_password_in(raised.value)


# ------------------------------------------------------------------ the environment
@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy yet."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
async def test_environment_names_the_proxy(environment: pytest.MonkeyPatch, variable: str) -> None:
    async with Peer(answering(b"hello")) as proxy:
        environment.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        async with bucket_at("http://s3.test", proxy=None) as bucket:
            assert await bucket.get("key") == b"hello"

        assert proxy.requests[0].target == b"http://s3.test/bucket/key"


@pytest.mark.parametrize("server", ["rclone"], indirect=True)
async def test_environment_names_the_proxy_of_https(
    environment: pytest.MonkeyPatch, server: Server, squid: Proxy, bucket_name: str
) -> None:
    environment.setenv("https_proxy", squid.url)
    async with bucket_of(server, bucket_name, tls=True, proxy=None) as bucket:
        await round_trip(bucket)

    assert squid.saw(f"localhost:{port_of(server.tls_endpoint)}")


@pytest.mark.parametrize("exception", ["127.0.0.1", "*", "elsewhere.test,127.0.0.1"])
async def test_environment_names_hosts_without_a_proxy(environment: pytest.MonkeyPatch, exception: str) -> None:
    async with Peer(answering(b"straight")) as peer, Peer(answering(b"round")) as proxy:
        environment.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        environment.setenv("no_proxy", exception)
        async with bucket_at(peer.endpoint, proxy=None) as bucket:
            assert await bucket.get("key") == b"straight"

        assert proxy.connections == 0


@pytest.mark.parametrize("host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]"])
def test_environment_names_no_proxy_for_what_is_on_the_link(host: str) -> None:
    options = PoolOptions(proxies={"http": "http://127.0.0.1:1", "all": "http://127.0.0.1:1"})

    assert options.proxy_for(address("http", host, 80)) is None
    assert options.proxy_for(address("http", "192.0.2.1", 80)) is not None


async def test_explicit_proxy_wins_over_the_environment_and_false_over_both(environment: pytest.MonkeyPatch) -> None:
    async with Peer(answering(b"straight")) as peer, Peer(answering(b"round")) as proxy:
        environment.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        async with bucket_at(peer.endpoint, proxy=f"http://127.0.0.1:{proxy.port}") as bucket:
            assert await bucket.get("key") == b"round"
        async with bucket_at(peer.endpoint, proxy=False) as bucket:
            assert await bucket.get("key") == b"straight"


@pytest.mark.parametrize(
    "proxy_url", ["socks5://127.0.0.1:1080", "ftp://proxy", f"http://aios3:{PASSWORD}@", "http://["]
)
def test_proxy_that_is_no_http_url_is_invalid_input_without_its_password(proxy_url: str) -> None:
    with pytest.raises(InvalidInput, match="proxy must be a URL") as raised:
        bucket_at("http://s3.test", proxy=proxy_url)

    assert_no_password_in(raised.value)


# ------------------------------------------------------------------ connectors that are proxies
@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
@pytest.mark.parametrize("server", ["rclone", "radosgw"], indirect=True)
async def test_socks_connector(server: Server, socks5: Proxy, bucket_name: str, tls: bool) -> None:
    async with ProxyConnector.from_url(socks5.url) as connector:
        async with bucket_of(server, bucket_name, tls=tls, connector=connector) as bucket:
            await round_trip(bucket)

        assert not connector.closed
    assert socks5.saw(port_of(server.tls_endpoint) if tls else str(server.port))


async def test_socks_connector_made_by_a_function(socks5: Proxy) -> None:
    async with Peer(answering(b"hello")) as peer:
        async with bucket_at(peer.endpoint, connector=lambda: ProxyConnector.from_url(socks5.url)) as bucket:
            assert await bucket.get("key") == b"hello"

        assert socks5.saw(str(peer.port))


async def test_socks_server_that_cannot_reach_the_host_is_a_connect_error(socks5: Proxy) -> None:
    async with ProxyConnector.from_url(socks5.url) as connector:
        async with bucket_at(f"http://127.0.0.1:{free_port()}", connector=connector) as bucket:
            with pytest.raises(ConnectError):
                await bucket.get("key")


async def test_socks_server_that_is_down_is_a_connect_error() -> None:
    async with ProxyConnector.from_url(f"socks5://127.0.0.1:{free_port()}") as connector:
        async with bucket_at("http://s3.test", connector=connector) as bucket:
            with pytest.raises(ConnectError):
                await bucket.get("key")


async def test_proxy_works_on_a_users_connector_too() -> None:
    async with Peer(answering(b"hello")) as proxy, aiohttp.TCPConnector() as connector:
        options: dict[str, Any] = {"proxy": f"http://127.0.0.1:{proxy.port}", "connector": connector}
        async with bucket_at("http://s3.test", **options) as bucket:
            assert await bucket.get("key") == b"hello"

        assert proxy.requests[0].target == b"http://s3.test/bucket/key"
