"""aws-chunked bodies by AWS's published examples, and botocore as oracle; under any cut."""

import hmac
import io
import json
import re
from collections.abc import AsyncIterator, Iterable
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum, Sha256Checksum
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import SourceChanged
from aios3.protocol.checksums import ALGORITHMS, HEADERS, Algorithm, checksum
from aios3.protocol.chunked import (
    SIGNED_CHUNK,
    UNSIGNED_CHUNK,
    ChunkedBody,
    ChunkSigner,
    Framer,
    framed_length,
)
from aios3.protocol.messages import Buffer
from aios3.protocol.sigv4 import Credentials, Signer
from tests.properties import many_examples
from tests.protocol.test_sigv4 import DATA

DOCS = [
    record for record in json.loads((DATA / "s3_doc_vectors.json").read_text("utf-8")) if record["kind"] == "chunked"
]
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
TIMESTAMP = "20130524T000000Z"
# No longer than a chunk most of the time, around its borders the rest.
LENGTHS = st.one_of(
    st.integers(0, 300),
    st.sampled_from([size + by for size in (SIGNED_CHUNK, 2 * SIGNED_CHUNK, UNSIGNED_CHUNK) for by in (-1, 0, 1)]),
)
CUTS = st.lists(st.floats(0, 1), max_size=5)


def signer() -> ChunkSigner:
    return ChunkSigner(SEED, Signer(Credentials("AKID", "secret"), TIMESTAMP, "us-east-1"))


def cut(data: bytes, places: Iterable[float]) -> list[bytes]:
    at = [0, *sorted(int(place * len(data)) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(at)]


def framed(pieces: Iterable[Buffer], length: int, algorithm: Algorithm | None, by: ChunkSigner | None) -> bytes:
    framer = Framer(length, algorithm, by)
    return b"".join([part for piece in pieces for part in framer.feed(piece)] + [framer.finish()])


# ------------------------------------------------------------------ published examples
@pytest.mark.parametrize("record", DOCS, ids=[record["id"] for record in DOCS])
def test_s3_documentation(record: dict[str, Any]) -> None:
    data = b"a" * 66560
    algorithm: Algorithm | None = "CRC32C" if record["trailer"] else None
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", record["secret"])
    by = ChunkSigner(record["seed_signature"], Signer(keys, record["timestamp"], record["region"]))

    body = framed([data], len(data), algorithm, by)

    assert re.findall(rb"chunk-signature=([0-9a-f]+)", body) == [text.encode() for text in record["chunk_signatures"]]
    assert len(body) == framed_length(len(data), algorithm, signed=True) == record["encoded_length"]
    assert sha256(body).hexdigest() == record["encoded_sha256"]
    if algorithm:
        assert ":".join(record["trailer"]).encode() in body
        assert record["trailer_signature"].encode() in body


# ------------------------------------------------------------------ any source, any cut
@many_examples
@given(
    length=LENGTHS,
    cuts=CUTS,
    algorithm=st.one_of(st.none(), st.sampled_from(ALGORITHMS)),
    signed=st.booleans(),
    view=st.booleans(),
)
def test_any_cut_gives_the_same_bytes_of_the_length_foretold(
    length: int, cuts: list[float], algorithm: Algorithm | None, signed: bool, view: bool
) -> None:
    data = bytes(number % 251 for number in range(length))
    pieces = [memoryview(piece) if view else piece for piece in cut(data, cuts)]

    body = framed(pieces, length, algorithm, signer() if signed else None)

    assert body == framed([data], length, algorithm, signer() if signed else None)
    assert len(body) == framed_length(length, algorithm, signed=signed)
    assert read_back(body, signed) == (data, checksum(algorithm, data) if algorithm else None)


def read_back(body: bytes, signed: bool) -> tuple[bytes, str | None]:
    """Read a framed body as a server does, every signature checked by the hmac module's own arithmetic."""
    key = b"AWS4secret"
    for part in ("20130524", "us-east-1", "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    last, data = SEED, b""

    def check(kind: str, middle: str, claimed: str) -> None:
        nonlocal last
        text = f"AWS4-HMAC-SHA256-{kind}\n{TIMESTAMP}\n20130524/us-east-1/s3/aws4_request\n{last}\n{middle}"
        last = hmac.new(key, text.encode(), "sha256").hexdigest()
        assert claimed == last

    size = -1
    while size:
        line, _, body = body.partition(b"\r\n")
        digits, _, proof = line.decode().partition(";chunk-signature=")
        size = int(digits, 16)
        chunk, body = body[:size], body[size:]
        data += chunk
        if signed:
            check("PAYLOAD", f"{sha256(b'').hexdigest()}\n{sha256(chunk).hexdigest()}", proof)
        if size:
            assert body[:2] == b"\r\n"
            body = body[2:]
    *trailers, end, nothing = body.decode().split("\r\n")
    assert end == nothing == ""
    if not trailers:
        return data, None
    if signed:
        check("TRAILER", sha256(f"{trailers[0]}\n".encode()).hexdigest(), trailers[1].partition(":")[2])
    assert len(trailers) == 1 + signed
    return data, trailers[0].partition(":")[2]


@many_examples
@given(length=LENGTHS, cuts=CUTS, algorithm=st.sampled_from(["CRC32", "SHA256"]))
def test_unsigned_body_with_a_trailer_is_botocores(length: int, cuts: list[float], algorithm: Algorithm) -> None:
    data = bytes(number % 251 for number in range(length))
    theirs = AwsChunkedWrapper(
        io.BytesIO(data),
        checksum_cls={"CRC32": Crc32Checksum, "SHA256": Sha256Checksum}[algorithm],
        checksum_name=HEADERS[algorithm],
        chunk_size=UNSIGNED_CHUNK,
    )

    assert framed(cut(data, cuts), length, algorithm, None) == theirs.read()


# ------------------------------------------------------------------ a source that lies
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("given_bytes", [0, 9, 11, 200_000])
def test_a_source_of_another_length_is_refused_with_its_own_numbers(given_bytes: int, signed: bool) -> None:
    with pytest.raises(SourceChanged, match="the 10"):
        framed([b"x" * given_bytes], 10, "CRC32", signer() if signed else None)


# ------------------------------------------------------------------ as a request body
class Source:
    """A body in three pieces, which tells when it was let go of."""

    length = 9

    def __init__(self) -> None:
        self.closed = 0
        self.rewound = 0

    async def chunks(self) -> AsyncIterator[Buffer]:
        try:
            for piece in (b"abc", bytearray(b"def"), memoryview(b"ghi")):
                yield piece
        finally:
            self.closed += 1

    async def rewind(self) -> bool:
        self.rewound += 1
        return True

    async def sha256(self) -> str:
        return sha256(b"abcdefghi").hexdigest()


async def test_body_can_be_sent_again() -> None:
    source = Source()
    body = ChunkedBody(source, "CRC32")

    first = b"".join([bytes(piece) async for piece in body.chunks()])
    assert await body.rewind()
    second = b"".join([bytes(piece) async for piece in body.chunks()])

    crc = checksum("CRC32", b"abcdefghi").encode()
    assert first == second == b"9\r\nabcdefghi\r\n0\r\nx-amz-checksum-crc32:" + crc + b"\r\n\r\n"
    assert body.length == len(first)
    assert (source.closed, source.rewound) == (2, 1)
    assert not await body.sha256()  # type: ignore[func-returns-value]  # the protocol says str or None


async def test_body_that_is_given_up_lets_go_of_its_source() -> None:
    source = Source()
    chunks = ChunkedBody(source, "CRC32").chunks()

    await anext(aiter(chunks))
    await chunks.aclose()  # type: ignore[attr-defined]  # a generator, as every async def with yield

    assert source.closed == 1
