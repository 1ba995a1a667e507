"""Behaviour 26: a second event loop, a forked child, a pickle, the end of the interpreter."""

import asyncio
import multiprocessing
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import aios3
from aios3 import Bucket, Client
from aios3.testing import Asked, Peer, peer_in_thread, steps
from tests.faults.scenes import KEY, SECRET, bucket_at
from tests.loops import BOTH_LOOPS, LOOPS

ROOT = Path(aios3.__file__).parents[1]
EACH_LOOP = pytest.mark.parametrize("loop", LOOPS)


def run(loop: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own; it finds a Runner's loop_factory in ``factory``."""
    factory = "import uvloop; factory = uvloop.new_event_loop" if loop == "uvloop" else "factory = None"
    start = f"import asyncio, gc, os, sys, aios3\n{factory}\n"
    command = [sys.executable, "-c", start + textwrap.dedent(program), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


# ------------------------------------------------------------------ loops
_LOOPS = """
bucket = aios3.Bucket("bucket", aws_endpoint=sys.argv[1], anonymous=True, proxy=False)

async def use():
    assert await bucket.get("key") == b"data"

# Connections that were not closed stay with their loop, which is gone: nobody waits for it or uses them.
for _ in range(3):
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(use())
        runner.run(use())
    gc.collect()
with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(use())
    runner.run(bucket.close())
"""


@EACH_LOOP
def test_b26_one_bucket_serves_one_loop_after_the_other(loop: str) -> None:
    with peer_in_thread(steps.answering(b"data")) as peer:
        done = run(loop, _LOOPS, peer.endpoint)

        assert (done.returncode, done.stderr) == (0, "")
        assert [len(visit.requests) for visit in peer.visits] == [2, 2, 2, 1]


@BOTH_LOOPS
async def test_b26_loops_in_several_threads_have_connections_of_their_own() -> None:
    with peer_in_thread(steps.answering(b"data")) as peer:
        bucket = bucket_at(peer.endpoint)
        results: list[bytes] = []
        stop = threading.Event()

        async def use() -> None:
            results.append(await bucket.get("key"))
            await asyncio.to_thread(stop.wait, 10)

        threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        await bucket.get("key")
        await peer.until_asked(4)
        # Their loops still run: closing closes theirs too, and does not wait for ever.
        async with asyncio.timeout(10):
            await bucket.close()
        stop.set()
        for thread in threads:
            await asyncio.to_thread(thread.join)

        assert peer.connections == 4
        assert results == [b"data"] * 3


@EACH_LOOP
def test_b26_closing_does_not_wait_for_a_loop_that_does_not_run(loop: str) -> None:
    script = [steps.read_request(), steps.send(steps.response(b"data")), steps.stall(), steps.say_goodbye()]
    with peer_in_thread(script) as peer:
        bucket = bucket_at(peer.endpoint)
        resting = LOOPS[loop]()
        resting.run_until_complete(bucket.get("key"))

        async def close() -> None:
            async with asyncio.timeout(5):
                await bucket.close()

        asyncio.run(close())
        # Its connection is its own; the server ends it, and then it can be closed without a warning.
        peer.release()
        asyncio.run(peer.until(lambda: peer.visits[0].over == "closed"))
        resting.run_until_complete(asyncio.sleep(0.01))
        resting.close()


# ------------------------------------------------------------------ fork
_FORK = """
bucket = aios3.Bucket("bucket", aws_endpoint=sys.argv[1], anonymous=True, proxy=False)

def child():
    gc.collect()
    async def use():
        assert await bucket.get("child") == b"data"
        gc.collect()
        async with asyncio.timeout(5):
            await bucket.close()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(use())

async def main():
    await bucket.get("warm")
    flying = asyncio.create_task(bucket.get("stall"))
    await asyncio.sleep(0.05)
    await asyncio.to_thread(fork)
    assert await flying == b"data"
    assert await bucket.get("after") == b"data"
    await bucket.close()

def fork():
    pid = os.fork()
    if pid == 0:
        try:
            # A loop of its own, in a thread that runs none; the parent's is only inherited memory here.
            asyncio._set_running_loop(None)
            child()
        except BaseException as error:
            print("child:", repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0

with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(main())
"""


@EACH_LOOP
def test_b26_forked_child_uses_the_bucket_and_leaves_the_parents_request_alone(loop: str) -> None:
    def answer(asked: Asked) -> bytes:
        return steps.response(b"data")

    stalled = [
        steps.read_request(),
        steps.send(answer(Asked(head=b""))),
        steps.read_request(),
        steps.stall(),
        steps.send(answer(Asked(head=b""))),
        *steps.serving(answer),
    ]
    with peer_in_thread(stalled, steps.serving(answer)) as peer:
        waiting = threading.Thread(target=_release_when_the_child_was_here, args=(peer,))
        waiting.start()
        done = run(loop, _FORK, peer.endpoint)
        waiting.join()

        assert (done.returncode, done.stderr) == (0, "")
        assert [visit.requests[0].target for visit in peer.visits] == [b"/bucket/warm", b"/bucket/child"]
        assert [asked.target for asked in peer.visits[0].requests] == [
            b"/bucket/warm",
            b"/bucket/stall",
            b"/bucket/after",
        ]


def _release_when_the_child_was_here(peer: Peer) -> None:
    async def wait() -> None:
        await peer.until(lambda: sum(asked.target == b"/bucket/child" for asked in peer.requests) > 0, seconds=30)
        await peer.until_left()
        peer.release()

    asyncio.run(wait())


# ------------------------------------------------------------------ pickle
def make_connector() -> aiohttp.BaseConnector:
    """Make a connector; a function of a module, so that it can be pickled."""
    return aiohttp.TCPConnector(limit=7)


@BOTH_LOOPS
@pytest.mark.parametrize("connector", [None, make_connector], ids=["plain", "with a function"])
async def test_b26_client_and_bucket_can_be_pickled(connector: Any) -> None:
    async with Peer(steps.answering(b"data")) as peer:
        client = Client(aws_key=KEY, aws_secret=SECRET, aws_endpoint=peer.endpoint, proxy=False, connector=connector)
        async with client, bucket_at(peer.endpoint, connector=connector, max_attempts=2) as bucket:
            await bucket.get("key")  # with a pool that no pickle may hold
            again = pickle.loads(pickle.dumps(bucket))
            other = pickle.loads(pickle.dumps(client))
            shared = pickle.loads(pickle.dumps(client.bucket("shared")))

            async with again, other:
                assert await again.get("key") == b"data"
                assert await other.bucket("bucket").get("key") == b"data"
                assert await shared.get("key") == b"data"
                await shared.client.close()
            assert (type(again), type(other), again.name) == (Bucket, Client, "bucket")


@BOTH_LOOPS
async def test_b26_connector_instance_cannot_be_pickled_and_says_so() -> None:
    async with aiohttp.TCPConnector() as connector:
        bucket = bucket_at("http://127.0.0.1:9", connector=connector)
        for thing in (bucket, bucket.client):
            with pytest.raises(TypeError, match="a client with a connector cannot be pickled: give it a function"):
                pickle.dumps(thing)
        await bucket.close()


def test_b26_bucket_goes_to_another_process() -> None:
    with peer_in_thread(steps.answering(b"data")) as peer:
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            assert pool.apply(_read_elsewhere, (bucket_at(peer.endpoint),)) == b"data"


def _read_elsewhere(bucket: Bucket) -> bytes:
    async def read() -> bytes:
        async with bucket:
            return await bucket.get("key")

    return asyncio.run(read())


# ------------------------------------------------------------------ the end
_UNCLOSED = """
bucket = aios3.Bucket("bucket", aws_endpoint=sys.argv[1], anonymous=True, proxy=False)

async def main():
    assert await bucket.get("key") == b"data"
    global stream
    stream = await bucket.download("large")
    await stream.read(1)

with asyncio.Runner(loop_factory=factory) as runner:
    runner.run(main())
print("done")
"""


@EACH_LOOP
def test_b26_interpreter_that_ends_without_close_ends_quietly(loop: str) -> None:
    large = [steps.read_request(), steps.send(steps.response(b"data")), steps.read_request()]
    large.append(steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx"))
    with peer_in_thread(large) as peer:
        done = run(loop, _UNCLOSED, peer.endpoint)

    assert (done.returncode, done.stdout) == (0, "done\n")
    assert done.stderr == ""


@EACH_LOOP
def test_b26_interpreter_in_development_mode_warns_and_no_more(loop: str) -> None:
    large = [steps.read_request(), steps.send(steps.response(b"data")), steps.read_request()]
    large.append(steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx"))
    with peer_in_thread(large) as peer:
        done = run(loop, "import warnings; warnings.simplefilter('always')\n" + _UNCLOSED, peer.endpoint)

    assert (done.returncode, done.stdout) == (0, "done\n")
    assert "Traceback" not in done.stderr
    assert all("ResourceWarning" in line for line in done.stderr.splitlines() if not line.startswith((" ", "Object")))
