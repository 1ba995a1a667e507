"""Keys of the environment, and of programs."""

import asyncio
import json
import shlex
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aios3 import CredentialsError
from aios3.credentials import Environment, NotConfigured, Process, environment
from tests.credentials.services import SECRET, TOKEN, in_an_hour
from tests.loops import BOTH_LOOPS

GOOD = {
    "Version": 1,
    "AccessKeyId": "ASIAPROGRAM",
    "SecretAccessKey": SECRET,
    "SessionToken": TOKEN,
    "Expiration": in_an_hour(),
}


def program(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def prints(document: object) -> str:
    return program(f"print({json.dumps(document)!r})")


# --- the environment


def test_keys_of_the_environment_are_found() -> None:
    found = environment(
        {
            "AWS_ACCESS_KEY_ID": "AKID",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": TOKEN,
            "AWS_CREDENTIAL_EXPIRATION": "2030-01-02T03:04:05Z",
        }
    )

    assert (found.access_key, found.secret_key, found.token) == ("AKID", SECRET, TOKEN)
    assert found.expires == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("environ", "kind", "said"),
    [
        ({}, NotConfigured, "are not set"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, NotConfigured, "are not set"),
        ({"AWS_SECRET_ACCESS_KEY": SECRET}, NotConfigured, "only AWS_SECRET_ACCESS_KEY is set"),
        ({"AWS_ACCESS_KEY_ID": "AKID"}, CredentialsError, "only AWS_ACCESS_KEY_ID is set"),
        (
            {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_CREDENTIAL_EXPIRATION": "soon"},
            CredentialsError,
            "AWS_CREDENTIAL_EXPIRATION gave a time of expiry that is none",
        ),
    ],
)
async def test_environment_without_keys_is_said(
    environ: dict[str, str], kind: type[CredentialsError], said: str
) -> None:
    with pytest.raises(CredentialsError, match=said) as caught:
        await Environment(environ=environ)()

    assert type(caught.value) is kind
    assert SECRET not in str(caught.value)


# --- programs


@BOTH_LOOPS
async def test_program_gives_keys() -> None:
    found = await Process(prints(GOOD))()

    assert (found.access_key, found.secret_key, found.token) == ("ASIAPROGRAM", SECRET, TOKEN)
    assert found.expires is not None


async def test_program_may_give_keys_that_do_not_end() -> None:
    found = await Process(prints({"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": SECRET}))()

    assert (found.token, found.expires) == (None, None)


BAD = {
    "nothing": ("", "credential_process is empty"),
    "half a quote": ("a 'b", "is no command line"),
    "no such program": ("/no/such/program --secret", "'/no/such/program' cannot be run: No such file"),
    "a folder": ("/", "cannot be run: Permission denied"),
    "a nul": ("a\0b", "cannot be run"),
    "a failure": (program(f"import sys; sys.stderr.write({SECRET!r}); sys.exit({SECRET!r})"), "ended with 1"),
    "a signal": (program("import os; os.abort()"), "ended with -6"),
    "garbage": (program(f"print({SECRET!r})"), "printed 41 bytes that are no JSON object"),
    "bytes": (program("import sys; sys.stdout.buffer.write(bytes(range(256)))"), "no JSON object"),
    "silence": (program(""), "printed 0 bytes"),
    "a list": (prints([GOOD]), "no JSON object"),
    "no version": (prints({**GOOD, "Version": 2}), '"Version": 1'),
    "no secret": (prints({"Version": 1, "AccessKeyId": "AKID"}), "gave no SecretAccessKey"),
    "a bad time": (prints({**GOOD, "Expiration": "tomorrow"}), "a time of expiry that is none"),
    "a number": (prints({**GOOD, "Expiration": 12}), "gave Expiration as int"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_program_that_fails_is_said_and_nothing_that_it_prints(kind: str) -> None:
    command, said = BAD[kind]
    with pytest.raises(CredentialsError, match=said) as caught:
        await Process(command)()

    assert SECRET not in str(caught.value)
    assert SECRET not in repr(Process(command))


async def test_program_that_hangs_is_killed() -> None:
    begun = time.monotonic()
    with pytest.raises(CredentialsError, match=r"did not end within 0.2 s"):
        await Process(program("import time; time.sleep(60)"), limit=0.2)()

    assert time.monotonic() - begun < 5


async def test_program_whose_child_holds_on_to_its_output_hangs_nobody() -> None:
    begun = time.monotonic()
    with pytest.raises(CredentialsError, match="did not end within"):
        await Process("sh -c 'sleep 4; echo'", limit=0.3)()

    assert time.monotonic() - begun < 3


async def test_program_is_killed_when_nobody_wants_its_keys_any_more(tmp_path: Path) -> None:
    started, ended = tmp_path / "started", tmp_path / "ended"
    code = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(3); pathlib.Path({str(ended)!r}).touch()"
    task = asyncio.create_task(Process(program(code))())
    async with asyncio.timeout(10):
        while not started.exists():  # noqa: ASYNC110  # another process makes it
            await asyncio.sleep(0.01)
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.get_running_loop().shutdown_default_executor()

    assert time.monotonic() - begun < 2
    assert not ended.exists()
