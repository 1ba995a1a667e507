"""After fork: the child opens its own connections, and touches nothing of the parent's."""

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aios3.testing.peer import Asked, Peer, Step, Visit
from aios3.testing.steps import response, send, stall
from tests.loops import LOOPS
from tests.servers.certificates import Certificate

from .forking import DOWNLOADED

ROOT = Path(__file__).parents[2]


def serve() -> Step:
    """Answer requests; the one for ``flying`` when the peer is released, and ``asked`` exists once that has come."""

    async def step(visit: Visit) -> None:
        while True:
            asked = Asked(head=await visit.read_head())
            visit.requests.append(asked)
            visit.peer.changed()
            if asked.target.endswith(b"flying"):
                if asked.header("range"):
                    await send(response(DOWNLOADED, headers=['ETag: "e"'])[: -len(DOWNLOADED) // 2])(visit)
                await stall()(visit)
                await visit.read(int(asked.header("content-length") or 0))
            flying = any(other.target.endswith(b"flying") for other in visit.peer.requests)
            if asked.header("range"):
                await send(DOWNLOADED[-len(DOWNLOADED) // 2 :])(visit)
                continue
            missing = asked.target.endswith(b"asked") and not flying
            answer = response(status="404 Not Found") if missing else response(b"hello")
            await send(answer.removesuffix(b"hello") if asked.method == b"HEAD" else answer)(visit)

    return step


@pytest.mark.parametrize("way", ["os._exit", "sys.exit", "multiprocessing", "close"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("loop", LOOPS)
async def test_parents_request_completes_whatever_the_child_does(
    way: str, tls: bool, loop: str, server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    async with Peer([serve()], tls=server_tls if tls else None) as peer:
        verify = [str(certificate.authority)] if tls else []
        async with _running("-m", "tests.transport.forking", peer.endpoint, loop, way, *verify) as printed:
            lines = [await printed.readline() for _ in range(2)]
            # Only now is the request that was in flight answered.
            peer.release()
            lines += (await printed.read()).splitlines(keepends=True)

        assert b"".join(lines).decode().splitlines() == ["status 0", "child is gone", "hello hello"]
        # Two of the parent, of which it lost none, and one of the child.
        assert peer.connections == 3


@pytest.mark.parametrize("way", ["upload", "download", "splice"])
@pytest.mark.parametrize("loop", LOOPS)
async def test_parents_transfer_of_a_file_goes_on_when_the_child_drops_it(loop: str, way: str) -> None:
    async with Peer([serve()]) as peer:
        async with _running("-m", "tests.transport.forking", peer.endpoint, loop, way) as printed:
            while (line := await printed.readline()) and line != b"child is gone\n":
                pass  # Python says in the child what it could not end there
            peer.release()

            assert await printed.read() == b"hello hello\n"
        assert peer.connections == 3


@asynccontextmanager
async def _running(*arguments: str) -> AsyncIterator[asyncio.StreamReader]:
    """Run Python, and give what it prints; not what Python 3.12 says of threads, the resolver's or uvloop's."""
    quiet = ("-W", "ignore:This process:DeprecationWarning")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *quiet, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            yield process.stdout
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
