"""Stream objects of a bucket to browsers, with Range, so that videos can be sought; nothing is buffered.

    python examples/aiohttp_proxy.py my-bucket http://127.0.0.1:9000 8080

Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; without an endpoint it is AWS, without a port it is 8080. Then
http://127.0.0.1:8080/video.mp4 is the object video.mp4.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator

from aiohttp import web

from aios3 import Bucket, InvalidRange, NoSuchKey, ObjectStream, PreconditionFailed, TransportError

BUCKET = web.AppKey("bucket", Bucket)
# One range; several at once may be answered by the whole (RFC 9110 14.2).
RANGE = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")


def asked(header: str) -> tuple[int, int | None] | None:
    """Return start and end of a slice for a Range header; None for all."""
    match = RANGE.fullmatch(header.strip())
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return (-int(suffix), None) if int(suffix) else None
    if last and int(last) < int(first):
        return None
    return int(first), int(last) + 1 if last else None


async def opened(bucket: Bucket, request: web.Request) -> tuple[ObjectStream, int]:
    """Open the object, or the part of it that is asked for; return it and the status."""
    key = request.match_info["key"]
    part = asked(request.headers.get("range", ""))
    if part is None or part == (0, None):
        # Of an empty object there is no first byte, so that "from the first" is rather all of it.
        return await bucket.download(key), 200
    try:
        # The part is of the object that the browser has begun with, or it gets the new one whole.
        condition = request.headers.get("if-range")
        return await bucket.download(key, start=part[0], end=part[1], if_match=condition), 206
    except PreconditionFailed:
        return await bucket.download(key), 200


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer one request of a browser; its pace is that of the download."""
    bucket = request.app[BUCKET]
    try:
        stream, status = await opened(bucket, request)
    except NoSuchKey:
        return web.Response(status=404, text="no such object\n")
    except InvalidRange:
        size = (await bucket.head(request.match_info["key"])).size
        return web.Response(status=416, headers={"content-range": f"bytes */{size}"})
    except TransportError:
        return web.Response(status=502, text="the store cannot be reached\n")
    async with stream:
        response = web.StreamResponse(status=status, headers={"accept-ranges": "bytes"})
        response.content_length = stream.size
        response.content_type = (stream.content_type or "application/octet-stream").partition(";")[0]
        for name, value in (("etag", stream.etag), ("content-range", stream.content_range)):
            if value is not None:
                response.headers[name] = value
        await response.prepare(request)
        if request.method != "HEAD":
            async for piece in stream:
                await response.write(piece)
        return response


def application(name: str, endpoint: str | None = None) -> web.Application:
    """Return the application; its bucket is closed with it."""

    async def with_bucket(app: web.Application) -> AsyncIterator[None]:
        async with Bucket(name, aws_endpoint=endpoint) as bucket:
            app[BUCKET] = bucket
            yield

    app = web.Application()
    app.cleanup_ctx.append(with_bucket)
    app.router.add_get("/{key:.+}", serve)
    return app


async def main() -> None:
    """Serve until somebody interrupts."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    runner = web.AppRunner(application(*sys.argv[1:3]))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", int(sys.argv[3]) if len(sys.argv) > 3 else 8080).start()
    try:
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
