"""Fixtures for every test: servers and proxies that start once a session, event loops, and a guard against leaks."""

import os
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import TypeVar

import pytest
import pytest_asyncio

from aios3 import Bucket, Client
from tests import leaks, oracle
from tests.loops import LoopFactory, loop_factories
from tests.servers import (
    ODD_KEYS,
    MissingProgram,
    Proxy,
    Server,
    run_ministack,
    run_moto,
    run_postgresql,
    run_radosgw,
    run_rclone,
    run_socks5,
    run_squid,
    run_squid_with_password,
    run_tinyproxy,
)
from tests.servers.certificates import Certificate, make_certificate
from tests.stores import client_of

T = TypeVar("T")


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Tell pytest-asyncio which loops a test runs on; see tests/loops.py."""
    return loop_factories(item)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn every skip into a failure where all servers must be there, as in CI."""
    report = yield
    if os.environ.get("AIOS3_REQUIRE_SERVERS") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"AIOS3_REQUIRE_SERVERS=1 lets no test be skipped. {reason}"
    return report


def _running(run: Callable[[], AbstractContextManager[T]]) -> Iterator[T]:
    with ExitStack() as stack:
        try:
            started = stack.enter_context(run())
        except MissingProgram as error:
            pytest.skip(str(error))
        yield started


@pytest.fixture(scope="session")
def moto() -> Iterator[Server]:
    """A running moto."""
    yield from _running(run_moto)


@pytest.fixture(scope="session")
def rclone() -> Iterator[Server]:
    """A running rclone, over http and TLS."""
    yield from _running(run_rclone)


@pytest.fixture(scope="session")
def ministack() -> Iterator[Server]:
    """A running ministack."""
    yield from _running(run_ministack)


@pytest.fixture(scope="session")
def radosgw() -> Iterator[Server]:
    """A running Ceph gateway, over http and TLS, with two users."""
    yield from _running(run_radosgw)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a running PostgreSQL."""
    yield from _running(run_postgresql)


@pytest.fixture(scope="session")
def squid() -> Iterator[Proxy]:
    """An http proxy open to all."""
    yield from _running(run_squid)


@pytest.fixture(scope="session")
def squid_with_password() -> Iterator[Proxy]:
    """An http proxy that asks for a password with 407."""
    yield from _running(run_squid_with_password)


@pytest.fixture(scope="session")
def tinyproxy() -> Iterator[Proxy]:
    """Another make of http proxy."""
    yield from _running(run_tinyproxy)


@pytest.fixture(scope="session")
def socks5() -> Iterator[Proxy]:
    """A SOCKS5 proxy."""
    yield from _running(run_socks5)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost, with its authority."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def server_tls(certificate: Certificate) -> ssl.SSLContext:
    """What a TLS server needs to show `certificate`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.private_key)
    return context


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Server:
    """The server named by an indirect parametrisation; see `tests.servers.servers_with`."""
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def odd_key(request: pytest.FixtureRequest) -> str:
    """The key named by an indirect parametrisation; see `tests.servers.odd_keys_with`."""
    return ODD_KEYS[request.param]


@pytest.fixture
def bucket_name() -> str:
    """A name that no other test uses; there is no such bucket yet."""
    return f"aios3-{uuid.uuid4().hex[:20]}"


@pytest.fixture
def bucket(server: Server, bucket_name: str) -> str:
    """The name of an empty bucket on `server`, made without the package under test."""
    return oracle.make_bucket(server, bucket_name)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    """A client of `server`, closed after the test."""
    async with client_of(server) as opened:
        yield opened


@pytest.fixture
def store(client: Client, bucket: str) -> Bucket:
    """An empty bucket on `server`, opened with the package under test."""
    return client.bucket(bucket)


@pytest.fixture(scope="session", autouse=True)
def _no_keys_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the files and the role of the machine that runs the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            patch.delenv(name, raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, str(tmp_path_factory.getbasetemp() / "nothing"))
        yield


@pytest.fixture(autouse=True)
def _no_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves sockets or tasks behind."""
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_no_leaks_in_loop")
        yield
    else:
        before = leaks.open_sockets()
        yield
        _fail_if(", ".join(sorted(leaks.sockets_left(before))))


@pytest_asyncio.fixture
async def _no_leaks_in_loop() -> AsyncIterator[None]:
    # Asked before the loop closes: closing cancels the tasks, and then nobody sees them.
    sockets, tasks = leaks.open_sockets(), leaks.other_tasks()
    yield
    _fail_if(await leaks.settled(sockets, tasks))


def _fail_if(left: str) -> None:
    if left:
        pytest.fail(f"left behind: {left}", pytrace=False)
