"""Takes uploads as S3 does, and drops them: a program that prints its port, then serves until it is ended.

::

    python benchmarks/sink.py [--verify]

A body is dropped inside the kernel (``recv`` with ``MSG_TRUNC``, Linux): beside no client that was measured is the sink busy
for more than a sixth of the time. With ``--verify`` each body is read and hashed instead; ``GET /received`` tells what came,
as JSON, and forgets it.
``GET .../together-N`` is answered as soon as N connections ask for it: what it takes to hold N of them open.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

BUFFER = 1 << 20
HEAD_LIMIT = 64 * 1024
OBJECT = bytes(1024)
ETAG = '"098f6bcd4621d373cade4e832627b4f6"'
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
STARTED = (
    f"<InitiateMultipartUploadResult {NAMESPACE}><Bucket>bucket</Bucket><Key>up</Key>"
    "<UploadId>upload</UploadId></InitiateMultipartUploadResult>"
)
COMPLETED = (
    f"<CompleteMultipartUploadResult {NAMESPACE}><Location>http://127.0.0.1/bucket/up</Location>"
    f"<Bucket>bucket</Bucket><Key>up</Key><ETag>&quot;{ETAG.strip(chr(34))}-128&quot;</ETag>"
    "</CompleteMultipartUploadResult>"
)


class Head(NamedTuple):
    """The first line of a request, and its fields by their names in lower case."""

    method: str
    target: str
    fields: dict[str, str]


class Ledger:
    """What has been received, where bodies are verified, and who waits for whom."""

    def __init__(self, *, verify: bool) -> None:
        self.verify = verify
        self.rows: list[dict[str, object]] = []
        self._barriers: dict[int, threading.Barrier] = {}
        self._lock = threading.Lock()

    def note(self, head: Head, size: int, digest: str) -> None:
        """Write down one body."""
        part = re.search(r"[?&]partNumber=(\d+)", head.target)
        signed = head.fields.get("x-amz-content-sha256", "")
        self.rows.append(
            {
                "part": int(part[1]) if part else 0,
                "size": size,
                "sha256": digest,
                "signed": signed,
                "method": head.method,
            }
        )

    def take(self) -> bytes:
        """Return the rows as JSON, and forget them."""
        rows, self.rows = self.rows, []
        return json.dumps(rows).encode()

    def wait_for(self, parties: int) -> None:
        """Return when that many threads have come here."""
        with self._lock:
            barrier = self._barriers.setdefault(parties, threading.Barrier(parties))
        with suppress(threading.BrokenBarrierError):
            barrier.wait(30)


class Visit:
    """One connection, served by one thread: its system calls let the others run."""

    def __init__(self, connection: socket.socket, ledger: Ledger) -> None:
        self._socket = connection
        self._ledger = ledger
        self._buffer = bytearray()
        self._scratch = memoryview(bytearray(BUFFER))

    def serve(self) -> None:
        """Answer until the client closes."""
        with self._socket, suppress(ConnectionError, EOFError):
            while True:
                head = self._head()
                if head.fields.get("expect"):
                    self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                self._body(head)
                self._socket.sendall(self._answer(head))

    def _head(self) -> Head:
        request, *lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        method, target, _ = request.split(" ")
        pairs = (line.partition(":") for line in lines if line)
        return Head(method, target, {name.strip().lower(): value.strip() for name, _, value in pairs})

    def _body(self, head: Head) -> None:
        length = int(head.fields.get("content-length", 0))
        framed = "aws-chunked" in head.fields.get("content-encoding", "")
        chunked = head.fields.get("transfer-encoding") == "chunked"
        if self._ledger.verify:
            pieces = self._chunks() if framed or chunked else self._pieces(length)
            digest, size = hashlib.sha256(), 0
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
            self._ledger.note(head, size, digest.hexdigest())
        elif chunked:
            for _ in self._chunks():
                pass
        else:
            self._drop(length)

    def _answer(self, head: Head) -> bytes:
        if head.method == "GET" and (together := re.search(r"together-(\d+)$", head.target)):
            self._ledger.wait_for(int(together[1]))
            return _response(OBJECT, kind="application/octet-stream")
        if head.method == "GET":
            return _response(self._ledger.take(), kind="application/json")
        if head.method == "POST":
            return _response((COMPLETED if "uploadId=" in head.target else STARTED).encode(), kind="application/xml")
        return _response(b"", kind="")

    # ------------------------------------------------------------- reading
    def _more(self) -> None:
        count = self._socket.recv_into(self._scratch)
        if not count:
            raise EOFError
        self._buffer += self._scratch[:count]

    def _until(self, end: bytes) -> bytes:
        while (found := self._buffer.find(end)) < 0:
            if len(self._buffer) > HEAD_LIMIT:
                raise ConnectionError("a line of more than 64 KiB")
            self._more()
        taken = bytes(self._buffer[:found])
        del self._buffer[: found + len(end)]
        return taken

    def _pieces(self, length: int) -> Iterator[bytes | memoryview]:
        if self._buffer and length:
            taken = bytes(self._buffer[:length])
            del self._buffer[: len(taken)]
            length -= len(taken)
            yield taken
        while length:
            count = self._socket.recv_into(self._scratch, min(length, BUFFER))
            if not count:
                raise EOFError
            length -= count
            yield self._scratch[:count]

    def _chunks(self) -> Iterator[bytes | memoryview]:
        """Read chunks of HTTP or of aws-chunked, which are alike but for the extension, and any trailers."""
        while size := int(self._until(b"\r\n").partition(b";")[0], 16):
            yield from self._pieces(size)
            self._until(b"\r\n")
        while self._until(b"\r\n"):
            pass

    def _drop(self, length: int) -> None:
        held = min(length, len(self._buffer))
        del self._buffer[:held]
        length -= held
        flags = socket.MSG_TRUNC if sys.platform == "linux" else 0
        while length:
            count = self._socket.recv_into(self._scratch, min(length, BUFFER), flags)
            if not count:
                raise EOFError
            length -= count


def _response(body: bytes, *, kind: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nETag: {ETAG}\r\nx-amz-request-id: 4442587FB7D0A2F9\r\nContent-Length: {len(body)}\r\n"
    return (head + (f"Content-Type: {kind}\r\n" if kind else "") + "\r\n").encode() + body


def main() -> None:
    """Listen on a free port of 127.0.0.1, print it, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--verify", action="store_true", help="hash each body, for GET /received")
    ledger = Ledger(verify=parser.parse_args().verify)
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=Visit(connection, ledger).serve, daemon=True).start()


if __name__ == "__main__":
    main()
