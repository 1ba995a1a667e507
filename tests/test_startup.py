"""What start-up costs, in counts that no machine changes: modules loaded, code compiled, files opened, bytes kept."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aios3.testing import Asked, Peer, peer_in_thread, steps

ROOT = Path(__file__).parents[1]
# Of Python's own, beyond what aiohttp and lxml load anyway. Each is some tenths of a millisecond of every start.
STDLIB = {
    "_queue",
    "concurrent.futures.thread",  # of asyncio.to_thread, which would load it in the first call
    "encodings.idna",  # of TLS, which would
    "hmac",
    "mmap",
    "queue",
    "secrets",
    "shlex",
    "stringprep",
    "termios",
}
# Of ours: what most programs never use is loaded when it is.
NOT_AT_IMPORT = {
    "async_storages",
    "credentials.container",
    "credentials.metadata",
    "credentials.search",
    "credentials.shared",
    "credentials.sso",
    "credentials.sts",
    "object_storage",
    "protocol.eventstream",
    "testing",
}
# Named tuples, and the types of a TypedDict. A dataclass takes up to seven, a typing.NamedTuple one for each field.
MAX_COMPILED = 40


def run(program: str, *arguments: str) -> Any:
    """Return what a program prints, which is JSON."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ------------------------------------------------------------------ import
_IMPORT = """
import json, sys
import aiohttp, lxml.etree, yarl
before, compiled = set(sys.modules), []

def hook(event, arguments):
    if event == "compile" and str(arguments[1]).startswith("<"):  # no file, which may not have been compiled before
        compiled.append(str(arguments[0])[:60])

sys.addaudithook(hook)
import aios3
print(json.dumps([sorted(set(sys.modules) - before), compiled[:]]))
"""


def test_import_loads_what_it_must_and_compiles_little() -> None:
    loaded, compiled = run(_IMPORT)
    foreign = {name for name in loaded if name.partition(".")[0] != "aios3"}
    ours = {name.partition(".")[2] for name in loaded} - {""}

    assert not foreign - STDLIB, f"import aios3 now loads {sorted(foreign - STDLIB)}, too: import it where it is used"
    assert not ours & NOT_AT_IMPORT, f"import aios3 now loads {sorted(ours & NOT_AT_IMPORT)}, which most never use"
    assert len(compiled) <= MAX_COMPILED, (
        f"import aios3 compiles {len(compiled)} pieces of code, more than {MAX_COMPILED}, such as {compiled[-5:]}: "
        "make dataclasses Values, and named tuples those of protocol.values"
    )


# ------------------------------------------------------------------ the first calls
PAGE = (
    b'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><IsTruncated>false</IsTruncated>'
    b"<Contents><Key>k</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
    b"<Size>1</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
)


def _answer(asked: Asked) -> bytes:
    if b"list-type" in asked.target:
        return steps.response(PAGE, headers=["content-type: application/xml"])
    body = b"" if asked.method in (b"PUT", b"DELETE") else b"data"
    headers = ['etag: "8d777f385d3dfec8815d20f7496026dc"', "last-modified: Fri, 02 Jan 2026 03:04:05 GMT"]
    return steps.response(body, headers=headers)


@pytest.fixture
def store() -> Iterator[Peer]:
    with peer_in_thread(steps.serving(_answer)) as peer:
        yield peer


_CALLS = """
import asyncio, json, sys
import aios3
if sys.argv[2] == "uvloop":
    import uvloop as loops
else:
    loops = asyncio
opened, watching = [], False
sys.addaudithook(lambda event, arguments: watching and event == "open" and opened.append(str(arguments[0])))

async def main():
    global watching
    loaded = set(sys.modules)
    watching = True
    client = aios3.Client(aws_key="AKID", aws_secret="s" * 40, aws_region="us-east-1", aws_endpoint=sys.argv[1])
    bucket = client.bucket("bucket")
    data = await bucket.get("key")
    watching = False
    await bucket.put("key", b"data")
    await bucket.head("key")
    keys = await bucket.list()
    await bucket.delete("key")
    await bucket.upload("key", b"data")
    await bucket.download_file("key", sys.argv[3])
    await bucket.presign("key")
    await client.close()
    return data.decode(), len(keys), sorted(set(sys.modules) - loaded)

data, keys, loaded = loops.run(main())
print(json.dumps([data, keys, opened, loaded]))
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_first_calls_load_nothing_and_the_first_get_opens_nothing(store: Peer, tmp_path: Path, loop: str) -> None:
    data, keys, opened, loaded = run(_CALLS, store.endpoint, loop, str(tmp_path / "file"))

    assert (data, keys) == ("data", 1)
    assert not opened, f"the first get opens {opened}, which may block its loop"
    assert not loaded, f"the first calls load {loaded}, which opens files: let the import do it, or a thread"


# ------------------------------------------------------------------ clients
_CLIENTS = """
import json, tracemalloc
import aios3

def made(number):
    return [
        aios3.Client(aws_key="AKID", aws_secret="s" * 40, aws_region="us-east-1", aws_endpoint="http://127.0.0.1:9000")
        for _ in range(number)
    ]

kept = made(2)
tracemalloc.start()
before, _ = tracemalloc.get_traced_memory()
kept += made(100)
after, _ = tracemalloc.get_traced_memory()
print(json.dumps((after - before) / 100))
"""
MAX_CLIENT = 6 * 1024


def test_idle_client_is_small() -> None:
    each = run(_CLIENTS)

    assert each <= MAX_CLIENT, f"an idle client is {each:.0f} bytes, more than {MAX_CLIENT}"
