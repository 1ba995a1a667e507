"""The guard against leaks, shown to see them: each test here would fail if it did not clean up after asking."""

import asyncio
import socket

import pytest

from tests import leaks
from tests.loops import BOTH_LOOPS


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaks, "SETTLE_SECONDS", 0.05)


def test_open_socket_is_seen() -> None:
    before = leaks.open_sockets()
    with socket.create_server(("127.0.0.1", 0)):
        assert len(leaks.sockets_left(before)) == 1

    assert not leaks.sockets_left(before)


@BOTH_LOOPS
async def test_open_connection_is_seen_until_it_is_closed() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    before = leaks.open_sockets()
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    seen = await leaks.settled(before, set())
    writer.close()
    unseen = await leaks.settled(before, set())
    server.close()
    await server.wait_closed()

    assert "127.0.0.1" in seen
    assert not unseen


@BOTH_LOOPS
async def test_unfinished_task_is_seen() -> None:
    task = asyncio.create_task(asyncio.sleep(3600), name="the forgotten one")
    seen = await leaks.settled(leaks.open_sockets(), set())
    task.cancel()

    assert "the forgotten one" in seen
