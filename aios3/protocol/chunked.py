"""aws-chunked: a body in chunks, each of which may be signed, with a checksum behind the last.

In: a body of known length, in pieces cut anywhere. Out: the same bytes framed, whose length is known before the first
byte is: S3 wants Content-Length, and many stores refuse Transfer-Encoding.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html,
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from hashlib import sha256

from ..errors import SourceChanged
from .checksums import HEADERS, Algorithm, encoded, encoded_length, new
from .messages import Buffer, RequestBody
from .sigv4 import ALGORITHM, EMPTY_SHA256, Signer

# What stands for the body's hash in the seed signature.
SIGNED = f"STREAMING-{ALGORITHM}-PAYLOAD"
SIGNED_TRAILER = f"{SIGNED}-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

# A signed chunk is held until its signature is known, an unsigned one goes out as it comes.
SIGNED_CHUNK = 64 * 1024
UNSIGNED_CHUNK = 1024 * 1024
_SIGNATURE = ";chunk-signature="
_TRAILER_SIGNATURE = "x-amz-trailer-signature:"


class ChunkSigner:
    """Signs chunk after chunk, each over the signature before it.

    Args:
        seed: The signature of the request's headers.
        signer: Who made that.
    """

    def __init__(self, seed: str, signer: Signer) -> None:
        self._last = seed
        self._signer = signer
        self._scope = f"{signer.timestamp}\n{signer.scope}"

    def chunk(self, digest: str) -> str:
        """Return the signature of the next chunk, whose SHA-256 is *digest*, in hex."""
        return self._next(f"{ALGORITHM}-PAYLOAD\n{self._scope}\n{self._last}\n{EMPTY_SHA256}\n{digest}")

    def trailer(self, lines: str) -> str:
        """Return the signature of the trailers, each line with its line feed."""
        digest = sha256(lines.encode()).hexdigest()
        return self._next(f"{ALGORITHM}-TRAILER\n{self._scope}\n{self._last}\n{digest}")

    def _next(self, text: str) -> str:
        self._last = self._signer.signature(text)
        return self._last


def framed_length(length: int, algorithm: Algorithm | None, *, signed: bool) -> int:
    """Return how long a body of *length* bytes is when it is framed."""
    size = SIGNED_CHUNK if signed else UNSIGNED_CHUNK
    proof = len(_SIGNATURE) + 64 if signed else 0
    whole, rest = divmod(length, size)
    total = length + whole * (len(f"{size:x}") + proof + 4) + (len(f"{rest:x}") + proof + 4 if rest else 0)
    total += 1 + proof + 2 + 2  # the chunk of no bytes, and the empty line
    if algorithm is not None:
        total += len(HEADERS[algorithm]) + 1 + encoded_length(algorithm) + 2
        total += len(_TRAILER_SIGNATURE) + 64 + 2 if signed else 0
    return total


class Framer:
    """Frames one body: ``feed`` it every piece, then ``finish``.

    Args:
        length: Bytes that will be fed.
        algorithm: The checksum that follows as a trailer.
        signer: Signs the chunks; None leaves them unsigned.
    """

    def __init__(self, length: int, algorithm: Algorithm | None = None, signer: ChunkSigner | None = None) -> None:
        self._length = length
        self._left = length
        self._algorithm = algorithm
        self._checksum = None if algorithm is None else new(algorithm)
        self._signer = signer
        self._size = UNSIGNED_CHUNK if signer is None else SIGNED_CHUNK
        self._open = 0  # bytes that the chunk under way still lacks
        self._held: list[memoryview] = []
        self._break = ""  # what ends the chunk before

    def feed(self, piece: Buffer) -> Iterator[Buffer]:
        """Give what *piece* puts on the wire.

        Raises:
            SourceChanged: it is more than the length said.
        """
        view = memoryview(piece).cast("B")
        if len(view) > self._left:
            raise SourceChanged(f"the source gave more than the {self._length} bytes it declared")
        while view:
            if not self._open:
                self._open = min(self._size, self._left)
                if self._signer is None:
                    yield self._head("")
            part, view = view[: self._open], view[self._open :]
            yield from self._put(part)

    def _put(self, part: memoryview) -> Iterator[Buffer]:
        self._left -= len(part)
        self._open -= len(part)
        if self._checksum is not None:
            self._checksum.update(part)
        if self._signer is None:
            yield part
            return
        self._held.append(part)
        if not self._open:
            held, self._held = self._held, []
            digest = sha256()
            for kept in held:
                digest.update(kept)
            yield self._head(self._signer.chunk(digest.hexdigest()), sum(map(len, held)))
            yield from held

    def _head(self, proof: str, size: int | None = None) -> bytes:
        """Return the end of the chunk before and the line before this one: one write instead of two."""
        line = f"{self._break}{self._open if size is None else size:x}{_SIGNATURE + proof if proof else ''}\r\n"
        self._break = "\r\n"
        return line.encode()

    def finish(self) -> bytes:
        """Return what follows the last piece.

        Raises:
            SourceChanged: less was fed than the length said.
        """
        if self._left:
            given = self._length - self._left
            raise SourceChanged(f"the source gave {given} bytes of the {self._length} it declared")
        end = self._head("" if self._signer is None else self._signer.chunk(EMPTY_SHA256)).decode()
        if self._algorithm is not None and self._checksum is not None:
            line = f"{HEADERS[self._algorithm]}:{encoded(self._checksum.digest())}"
            end += f"{line}\r\n"
            if self._signer is not None:
                # Signed with a bare line feed, though CR LF is sent.
                end += f"{_TRAILER_SIGNATURE}{self._signer.trailer(line + chr(10))}\r\n"
        return f"{end}\r\n".encode()


class ChunkedBody:
    """A request body, framed.

    Args:
        body: What is framed.
        algorithm: The checksum that follows it.
        signer: Signs the chunks of one attempt.
    """

    def __init__(
        self, body: RequestBody, algorithm: Algorithm | None = None, signer: ChunkSigner | None = None
    ) -> None:
        self._body = body
        self._algorithm = algorithm
        self._signer = signer
        self.length = framed_length(body.length, algorithm, signed=signer is not None)

    def signed_by(self, signer: ChunkSigner) -> ChunkedBody:
        """Return the body with its chunks signed, as one attempt sends it."""
        return ChunkedBody(self._body, self._algorithm, signer)

    async def chunks(self) -> AsyncIterator[Buffer]:
        """Give the framed bytes."""
        framer = Framer(self._body.length, self._algorithm, self._signer)
        pieces = self._body.chunks()
        try:
            async for piece in pieces:
                for framed in framer.feed(piece):
                    yield framed
            yield framer.finish()
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()

    async def rewind(self) -> bool:
        """Go back to the start; False where that cannot be done."""
        return await self._body.rewind()

    async def sha256(self) -> None:
        """Give none: what stands for it is said in the header."""
