"""A span for every request, with OpenTelemetry if it is installed; without it they are printed.

    python examples/tracing_opentelemetry.py http://127.0.0.1:9000 my-bucket

``on_attempt`` is called when a request's answer begins or it has failed, so the span is made afterwards, with the times
that were measured. It belongs to whatever span is current around the call.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from aios3 import Attempt, Client, NoSuchKey

trace: Any
try:
    # It is no dependency; and its API without its SDK records nothing.
    import_module("opentelemetry.sdk.trace")
    trace = import_module("opentelemetry.trace")
except ImportError:
    trace = None


def spans() -> Callable[[Attempt], None]:
    """Return what to give a Client as ``on_attempt``."""
    if trace is None:
        return print_attempt
    tracer = trace.get_tracer("aios3")

    def make_span(attempt: Attempt) -> None:
        ended = time.time_ns()
        # Names are those of OpenTelemetry's conventions for S3 and HTTP.
        span = tracer.start_span(
            f"S3 {attempt.operation}",
            kind=trace.SpanKind.CLIENT,
            start_time=ended - int(attempt.seconds * 1e9),
            attributes=attributes(attempt),
        )
        if attempt.error is not None or (attempt.status or 0) >= 400:
            span.set_status(trace.StatusCode.ERROR)
        span.end(ended)

    return make_span


def attributes(attempt: Attempt) -> dict[str, str | int]:
    """Return what is known of an attempt, and nothing that is secret."""
    known = {
        "rpc.system": "aws-api",
        "rpc.service": "S3",
        "rpc.method": attempt.operation,
        "aws.s3.bucket": attempt.bucket,
        "aws.request_id": attempt.request_id,
        "http.response.status_code": attempt.status,
        "http.request.resend_count": attempt.attempt - 1,
        "error.type": attempt.error,
    }
    return {name: value for name, value in known.items() if value is not None}


def print_attempt(attempt: Attempt) -> None:
    """Print an attempt."""
    print(f"{attempt.seconds * 1000:.1f} ms", attributes(attempt))


async def main() -> None:
    """Make some calls."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    endpoint, name = sys.argv[1:3]
    async with Client(aws_endpoint=endpoint, on_attempt=spans()) as client:
        bucket = client.bucket(name)
        await bucket.put("traced", b"data")
        await bucket.get("traced")
        await bucket.delete("traced")
        try:
            await bucket.get("traced")
        except NoSuchKey as error:
            print(f"as it should be: {error}")


if __name__ == "__main__":
    asyncio.run(main())
