"""The examples, run as the programs they are."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aios3 import Client, SignatureDoesNotMatch
from examples import quickstart
from tests import oracle
from tests.programs import BARE
from tests.servers import Proxy, Server
from tests.stores import EVERY_SERVER, on

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py") if path.name != "__init__.py")
SECONDS = 60


@asynccontextmanager
async def program(*arguments: str, environment: Mapping[str, str] | None = None) -> AsyncIterator[Process]:
    """Run Python as a person would, on an example; warnings are errors in it, too."""
    inherited = {**BARE, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-W", "error", "-u", *arguments]
    process = await asyncio.create_subprocess_exec(
        *command, env={**inherited, **(environment or {})}, stdout=PIPE, stderr=STDOUT
    )
    try:
        async with asyncio.timeout(SECONDS):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def output_of(name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Return what an example prints, which must succeed."""
    async with program(str(ROOT / "examples" / name), *arguments, environment=environment) as process:
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode()


def keys_of(server: Server) -> dict[str, str]:
    return {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}


def test_every_example_is_tested() -> None:
    text = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))

    assert len(EXAMPLES) == 14
    assert all(f'"{name}"' in text for name in EXAMPLES)


# --- quickstart


def _has_ended(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# As in a terminal: what a shell starts in the background ignores SIGINT, and so does all that it starts.
WAITING = """
import asyncio
import signal
from examples import quickstart

signal.signal(signal.SIGINT, signal.default_int_handler)

async def main():
    async with quickstart.s3_server("key", "secretsecret"):
        print("waiting")
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_quickstart_shows_every_step_and_stops_its_server() -> None:
    out = await output_of("quickstart.py")

    for line in (
        "made the bucket 'quickstart'",
        "put 3 objects",
        "       16 bytes  notes/a+b ü.txt",
        "5,000,000 bytes  pictures/noise.bin",
        "as folders: notes/, pictures/",
        "got notes/hello.txt: 'Hello, S3!'",
        "got its first 5 bytes: 'Hello'",
        "streamed pictures/noise.bin: 5,000,000 of 5,000,000 bytes",
        "got no/such/key: GetObject on quickstart/no/such/key failed with NoSuchKey (HTTP 404)",
        "deleted all; the bucket exists: False",
    ):
        assert line in out
    started, stopped = re.findall(r"(?:started|stopped) rclone \(process (\d+)\)", out)
    assert started == stopped
    assert _has_ended(int(started))


async def test_quickstart_stops_its_server_when_it_is_interrupted() -> None:
    async with program("-c", WAITING) as process:
        assert process.stdout is not None
        started = await process.stdout.readline()
        await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()

    pid = int(re.findall(rb"process (\d+)", started)[0])
    assert process.returncode != 0
    assert f"stopped rclone (process {pid})" in out.decode()
    assert _has_ended(pid)


async def test_quickstart_stops_its_server_after_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError):
        async with quickstart.s3_server("key", "secretsecret"):
            raise ZeroDivisionError

    started, stopped = re.findall(r"(?:started|stopped) rclone \(process (\d+)\)", capsys.readouterr().out)
    assert started == stopped
    assert _has_ended(int(started))


async def test_quickstart_has_a_server_that_checks_signatures() -> None:
    async with quickstart.s3_server("key", "secretsecret") as url:
        async with Client(aws_key="key", aws_secret="another", aws_endpoint=url) as client:
            with pytest.raises(SignatureDoesNotMatch):
                await client.create_bucket("bucket")


# --- the program of aio-s3


@EVERY_SERVER
@pytest.mark.parametrize("by", ["arguments", "environment"])
async def test_program_of_aio_s3_lists_gets_and_streams(server: Server, bucket: str, by: str) -> None:
    body = os.urandom(200_000)
    oracle.put(server, bucket, "some-prefix/log", body)
    oracle.put(server, bucket, "other", b"")
    arguments = [bucket, "some-prefix", server.endpoint, server.region]
    names = ("S3_BUCKET", "S3_PREFIX", "S3_ENDPOINT", "AWS_REGION")
    environment = dict(zip(names, arguments, strict=True)) if by == "environment" else {}
    if by == "environment":
        arguments = []

    out = await output_of("aio_s3_readme.py", *arguments, environment=keys_of(server) | environment)

    length, response, *chunks = out.splitlines()
    received = [int(line.removeprefix("Received ")) for line in chunks]
    assert int(length) == sum(received) == len(body)
    assert response.startswith("GOT Response [")
    assert received[-1] == 0
    assert max(received) <= 65536


# --- behind a proxy


@EVERY_SERVER
async def test_both_ways_go_through_the_proxy(server: Server, bucket: str, squid: Proxy) -> None:
    out = await output_of("behind_a_proxy.py", squid.url, server.endpoint, bucket, environment=keys_of(server))

    assert out.splitlines() == [
        "through the proxy: It went through.",
        "listed: behind/a proxy.txt 16",
        "closed the bucket; the connector is closed: False",
    ]
    path = f"{server.endpoint}/{bucket}"
    for request in (f"PUT {path}/behind/a%20proxy.txt", f"GET {path}?", f"DELETE {path}/behind/a%20proxy.txt"):
        assert squid.saw(request)


@on("tls")
async def test_both_ways_go_through_a_tunnel(server: Server, bucket: str, squid: Proxy) -> None:
    assert server.tls_endpoint is not None
    environment = keys_of(server) | {"AWS_CA_BUNDLE": str(server.ca)}
    out = await output_of("behind_a_proxy.py", squid.url, server.tls_endpoint, bucket, environment=environment)

    assert "through the proxy: It went through." in out
    assert squid.saw(f"CONNECT {urlsplit(server.tls_endpoint).netloc}")


# --- called with too little

# All but quickstart.py, which needs nothing, and aio_s3_readme.py, which looks into the environment, too.
BY_ARGUMENTS = sorted({*EXAMPLES} - {"quickstart.py", "aio_s3_readme.py"})


@pytest.mark.parametrize("name", BY_ARGUMENTS)
async def test_example_without_arguments_says_how_to_call_it(name: str) -> None:
    async with program("-W", "default", str(ROOT / "examples" / name)) as process:
        out, _ = await process.communicate()

    assert process.returncode == 1
    assert f"python examples/{name} " in out.decode()
    assert "Traceback" not in out.decode()
