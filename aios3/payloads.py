"""What is hashed, checked and framed of a body before it is signed; decided by the dialect and the client's arguments.

A body in memory has its checksum in a header, always. One that is read as it is sent has it behind, where the store
understands that; elsewhere it is read twice.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal, TypeAlias

from .errors import InvalidInput
from .protocol import checksums
from .protocol.checksums import HEADERS, Algorithm
from .protocol.chunked import SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER, ChunkedBody
from .protocol.dialects import Dialect
from .protocol.http1 import body_length
from .protocol.messages import Request, RequestBody
from .protocol.shapes import Operation
from .protocol.sigv4 import EMPTY_SHA256, UNSIGNED_PAYLOAD
from .threads import in_turn

PayloadSigning: TypeAlias = Literal["auto", "signed", "unsigned"]

# From this size on hashing a body takes longer than the hop to a thread and would stall the loop.
IN_THREAD = 1024 * 1024
_CRCS = ("CRC32", "CRC32C", "CRC64NVME")


class Payloads:
    """What one client does with bodies.

    Args:
        signing: Hash bodies, or not; ``auto`` does so over plain http only.
        checksum: What every upload has; None is none, unless the operation asks for one.
    """

    def __init__(self, signing: PayloadSigning, dialect: Dialect, checksum: Algorithm | None) -> None:
        self.checksum = checksum
        self._signing = signing
        self._framing = dialect.chunked_framing
        self._streaming = dialect.payload_signing == "streaming" and dialect.chunked_framing
        self._refused = dialect.name if dialect.request_checksum == "never" else ""

    # -------------------------------------------------------------- hashes
    def hash_of(self, request: Request) -> str | None:
        """Return what stands for the body in the signature, unless that takes time."""
        body = request.body
        if isinstance(body, bytes) and not body:
            return EMPTY_SHA256
        # TLS protects the body already; over plain http the signature is all there is.
        if self._signing == "unsigned" or (self._signing == "auto" and request.address.scheme == "https"):
            return UNSIGNED_TRAILER if isinstance(body, ChunkedBody) else UNSIGNED_PAYLOAD
        if isinstance(body, (bytes, bytearray, memoryview)) and body_length(body) < IN_THREAD:
            return hashlib.sha256(body).hexdigest()
        return SIGNED_TRAILER if isinstance(body, ChunkedBody) else None

    async def hashed(self, request: Request) -> tuple[Request, str]:
        """Return what stands for the body, whatever time that takes, and the request as it must be for that."""
        known = self.hash_of(request)
        body = request.body
        if known is not None:
            return request, known
        if isinstance(body, (bytes, bytearray, memoryview)):
            return request, (await in_turn(hashlib.sha256, body)).hexdigest()
        if not body.length:
            return request, EMPTY_SHA256  # Ceph takes no frame around nothing
        digest = await body.sha256()
        if digest is not None:
            return request, digest
        return (_framed(request, body, None), SIGNED) if self._streaming else (request, UNSIGNED_PAYLOAD)

    # -------------------------------------------------------------- checksums
    def checksum_for(self, operation: Operation[Any]) -> Algorithm | None:
        """Return the checksum that *operation* must be given; None where it has one, or needs none."""
        given = operation.__dict__
        asked = given.get("checksum_algorithm")
        if given.get("checksum") is not None:
            return None
        if operation.checksummed == "parts" and given.get("checksum_type") is not None:
            return None
        if asked is not None and self._refused:
            raise InvalidInput(f"checksum_algorithm {asked!r}: the store ({self._refused}) refuses checksums")
        return self.checksum if asked is None else checksums.algorithm_named(asked)

    async def checked(self, operation: Operation[Any], request: Request, algorithm: Algorithm) -> Request:
        """Return the request with the checksum of its body.

        Raises:
            InvalidInput: it cannot be computed here, or the body can be read only once and the store takes no trailer.
        """
        checksums.new(algorithm)  # before the first byte is read
        body = request.body
        if operation.checksummed == "parts":
            kind = "FULL_OBJECT" if algorithm in _CRCS else "COMPOSITE"
            added = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
        elif isinstance(body, (bytes, bytearray, memoryview)):
            large = memoryview(body).nbytes >= IN_THREAD
            value = await in_turn(checksums.checksum, algorithm, body) if large else None
            added = {HEADERS[algorithm]: value or checksums.checksum(algorithm, body)}
        elif not body.length:
            added = {HEADERS[algorithm]: checksums.checksum(algorithm, b"")}
        elif self._framing:
            return _framed(request, body, algorithm)
        else:
            added = {HEADERS[algorithm]: await _read_through(body, algorithm)}
        return request._replace(headers={**request.headers, **added})


def _framed(request: Request, body: RequestBody, algorithm: Algorithm | None) -> Request:
    encoding = request.headers.get("content-encoding")
    added = {
        "content-encoding": f"{encoding},aws-chunked" if encoding else "aws-chunked",
        "x-amz-decoded-content-length": str(body_length(body)),
    }
    if algorithm is not None:
        added["x-amz-trailer"] = HEADERS[algorithm]
        # What a signature says of it again; but not all requests are signed.
        added["x-amz-content-sha256"] = UNSIGNED_TRAILER
    return request._replace(headers={**request.headers, **added}, body=ChunkedBody(body, algorithm))


async def _read_through(body: RequestBody, algorithm: Algorithm) -> str:
    """Read a body for its checksum, and go back."""
    made = checksums.new(algorithm)
    async for piece in body.chunks():
        await in_turn(made.update, piece)
    if not await body.rewind():
        raise InvalidInput(
            f"checksum {algorithm}: the store takes none behind a body, and this one cannot be read twice"
        )
    return checksums.encoded(made.digest())


__all__ = ["IN_THREAD", "PayloadSigning", "Payloads"]
