"""A server of listings and objects as long as one likes, and of uploads that it forgets, in a process of its own.

    python -m tests.transfers.endless KEYS

It prints its port. A page of a listing is the same bytes but for its token, so that making it costs hardly anything. The
object ``zeros-N`` has N bytes.
"""

import asyncio
import re
import sys

_KEYS = "".join(
    f"<Contents><Key>@{n:04}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;0&quot;</ETag>"
    f"<Size>{n}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    for n in range(1000)
)
_TOKEN = re.compile(rb"continuation-token=(\d+)")
_RANGE = re.compile(rb"/zeros-(\d+) .*\nrange: bytes=(\d+)-(\d+)\r", re.IGNORECASE | re.DOTALL)
_ZEROS = bytes(1 << 20)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CREATED = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
COMPLETED = b'<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'


def page(number: int, pages: int) -> bytes:
    """Return one page of a listing."""
    more = number + 1 < pages
    token = f"<NextContinuationToken>{number + 1}</NextContinuationToken>" if more else ""
    keys = _KEYS.replace("@", f"{number:08}-")
    return f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{keys}</ListBucketResult>".encode()


async def send_zeros(writer: asyncio.StreamWriter, size: int, first: int, last: int) -> None:
    """Answer with a range of an object that is nowhere."""
    last = min(last, size - 1)
    left = last + 1 - first
    head = f'HTTP/1.1 206 Partial Content\r\nETag: "e"\r\nContent-Range: bytes {first}-{last}/{size}\r\n'
    writer.write(f"{head}Content-Length: {left}\r\n\r\n".encode())
    while left:
        piece = _ZEROS[:left]
        writer.write(piece)
        left -= len(piece)
        await writer.drain()


async def main() -> None:
    """Serve until stdin ends."""
    pages = int(sys.argv[1]) // 1000

    def answer(head: bytes) -> bytes:
        method, target = head.split(b" ", 2)[:2]
        if method == b"GET" and b"list-type=2" in target:
            token = _TOKEN.search(target)
            return page(int(token[1]) if token else 0, pages)
        if method == b"POST":
            return CREATED if b"uploads" in target else COMPLETED
        return b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                left = int(length[1]) if length else 0
                while left:
                    left -= len(await reader.read(min(left, 1 << 20)))
                if wanted := _RANGE.search(head):
                    await send_zeros(writer, *map(int, wanted.groups()))
                    continue
                body = answer(head)
                writer.write(b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: %d\r\n\r\n' % len(body))
                if not head.startswith(b"HEAD"):
                    writer.write(body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
