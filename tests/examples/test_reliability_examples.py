"""examples/fault_proxy.py and examples/tracing_opentelemetry.py do what they say."""

import asyncio
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from aios3 import Attempt
from examples import tracing_opentelemetry
from tests import oracle
from tests.programs import BARE
from tests.servers import Server

ROOT = Path(__file__).parents[2]
FAILED = Attempt(
    operation="GetObject",
    bucket="photos",
    attempt=2,
    status=None,
    request_id=None,
    bytes=0,
    queued=0.0,
    connecting=None,
    seconds=0.25,
    error="ReadTimeout",
)


async def output_of(name: str, server: Server, bucket: str) -> list[str]:
    """Run an example as a person would, with warnings as errors; return the lines it prints."""
    keys = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
    environment = {**BARE, "PYTHONPATH": str(ROOT), **keys}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(ROOT / "examples" / name), server.endpoint, bucket),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return out.decode().splitlines()


async def test_fault_proxy_survives_what_it_injects(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    survived, resumed = await output_of("fault_proxy.py", radosgw, bucket_name)

    assert survived.startswith("60 calls, ")
    assert "'Cut'" in survived
    assert int(survived.split()[2]) > 60
    assert resumed == "100000 bytes came in 2 answers"


async def test_tracing_tells_every_request(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    lines = await output_of("tracing_opentelemetry.py", radosgw, bucket_name)
    try:
        recorded = importlib.util.find_spec("opentelemetry.sdk.trace") is not None
    except ModuleNotFoundError:
        recorded = False

    assert [name for line in lines for name in ("PutObject", "GetObject", "DeleteObject") if f"'{name}'" in line] == (
        [] if recorded else ["PutObject", "GetObject", "DeleteObject", "GetObject"]
    )
    assert lines[-1].startswith("as it should be: GetObject on ")


def test_tracing_prints_where_opentelemetry_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tracing_opentelemetry, "trace", None)
    tracing_opentelemetry.spans()(FAILED)

    assert capsys.readouterr().out == (
        "250.0 ms {'rpc.system': 'aws-api', 'rpc.service': 'S3', 'rpc.method': 'GetObject', 'aws.s3.bucket': 'photos', "
        "'http.request.resend_count': 1, 'error.type': 'ReadTimeout'}\n"
    )


def test_tracing_makes_spans_where_opentelemetry_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []

    class Span:
        """Looks like a span to the example; the library is no dependency of the tests."""

        def __init__(self, name: str, **options: Any) -> None:
            self.facts = {"name": name, **options}
            made.append(self.facts)

        def set_status(self, status: str) -> None:
            self.facts["status"] = status

        def end(self, moment: int) -> None:
            self.facts["end_time"] = moment

    library = types.SimpleNamespace(
        SpanKind=types.SimpleNamespace(CLIENT="client"),
        StatusCode=types.SimpleNamespace(ERROR="error"),
        get_tracer=lambda name: types.SimpleNamespace(start_span=Span),
    )
    monkeypatch.setattr(tracing_opentelemetry, "trace", library)
    tracing_opentelemetry.spans()(FAILED)

    (span,) = made
    assert (span["name"], span["kind"], span["status"]) == ("S3 GetObject", "client", "error")
    assert span["end_time"] - span["start_time"] == 250_000_000
    assert span["attributes"]["error.type"] == "ReadTimeout"
