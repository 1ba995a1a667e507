"""One client shared by threads, each with a loop of its own; without the GIL they are at work in the same instant."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

import aios3.operations
from aios3 import Client, Credentials
from aios3.protocol.places import Auth
from aios3.signing import Signers
from aios3.testing.peer import Peer, Visit, peer_in_thread
from aios3.testing.steps import read_request, repeat, response
from tests.loops import LOOPS

THREADS = 4
LISTED = b"".join(
    b"<Contents><Key>%d &amp; more</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    b"<ETag>&quot;abc&quot;</ETag><Size>5</Size></Contents>" % number
    for number in range(40)
)
LISTING = b"<ListBucketResult><Name>b</Name><IsTruncated>false</IsTruncated>%s</ListBucketResult>" % LISTED


@contextmanager
def store() -> Iterator[Peer]:
    async def answer(visit: Visit) -> None:
        head = visit.requests[-1].head
        visit.writer.write(response(LISTING if b"list-type" in head else b"" if head.startswith(b"PUT") else b"hello"))

    with peer_in_thread(*[[repeat(read_request(), answer)]] * 400) as peer:
        yield peer


async def short_lived() -> Credentials:
    await asyncio.sleep(0)
    return Credentials("AKID", "secret", expires=datetime.now(UTC) + timedelta(seconds=0.4))


async def use(client: Client, together: threading.Barrier) -> None:
    await asyncio.to_thread(together.wait, 10)
    # Each is loaded when it is first named: by all at once.
    for name in aios3.operations.__all__:
        getattr(aios3.operations, name)
    for _ in range(3):
        await asyncio.gather(*[use_once(client, number) for number in range(12)])


async def use_once(client: Client, number: int) -> None:
    bucket = client.bucket(f"bucket{number % 3}")
    assert await bucket.get(f"{number}") == b"hello"
    await bucket.put(f"{number}", bytes(300_000 if number % 5 == 0 else 10))
    assert [key.key for key in await bucket.list()] == [f"{listed} & more" for listed in range(40)]


@pytest.mark.parametrize("loop", LOOPS)
def test_threads_share_a_client_from_its_first_call_on(loop: str) -> None:
    """Its keys end again and again meanwhile, so that each loop has to fetch some, and to set a timer."""

    def run(client: Client, together: threading.Barrier) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(asyncio.wait_for(use(client, together), 30))

    with store() as peer, ThreadPoolExecutor(THREADS) as threads:
        for _ in range(4):
            client = Client(aws_endpoint=peer.endpoint, aws_region="us-east-1", credentials=short_lived, proxy=False)
            together = threading.Barrier(THREADS)
            for done in [threads.submit(run, client, together) for _ in range(THREADS)]:
                done.result(60)
            asyncio.run(client.close())


def test_signer_is_that_of_the_call_whatever_another_thread_signs_meanwhile() -> None:
    class Meanwhile(str):
        """A timestamp; while it is compared, another call signs by other keys."""

        def __eq__(self, other: object) -> bool:
            signers.at(auth, others, "20260102T030405Z")
            return True

        __hash__ = str.__hash__

    signers, auth = Signers(), Auth("sigv4", "s3", "us-west-2")
    keys, others = Credentials("AKID", "s"), Credentials("OTHER", "s")
    signers.at(auth, keys, "20260102T030405Z")

    assert signers.at(auth, keys, Meanwhile("20260102T030405Z")).credentials is keys
