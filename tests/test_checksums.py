"""What bodies are checked by, on the wire and by servers that check."""

import asyncio
import hashlib
import io
import os
import re
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aios3 import BadDigest, Bucket, ChecksumMismatch, Client, InvalidInput, ServiceError
from aios3 import operations as ops
from aios3.protocol.checksums import HEADERS, Algorithm, checksum, composite
from aios3.protocol.messages import Buffer
from tests import oracle
from tests.protocol.test_chunked import Source
from tests.servers import Server
from tests.stores import bucket_at, client_at, client_of, on
from tests.wire import answering, response

BODY = b"abcdefghi"
CRC32 = checksum("CRC32", BODY)
LARGE = bytes(range(256)) * 4096 * 3
AWS: dict[str, Any] = {"dialect": "aws", "addressing": "path"}


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION"):
        monkeypatch.delenv(name, raising=False)


def about_checksums(headers: Any) -> set[str]:
    return {name for name in headers if "checksum" in name or "trailer" in name or name == "content-encoding"}


# ------------------------------------------------------------------ writing
async def test_elsewhere_nothing_is_added() -> None:
    async with answering(response(), response(body=BODY), response(body=BODY)) as peer:
        bucket = bucket_at(peer.port)
        await bucket.put("k", BODY)
        await bucket.get("k")
        async with bucket.download("k") as stream:
            assert await stream.read() == BODY
        await bucket.close()

    put, get, _ = peer.requests
    assert put.body == BODY
    assert put.headers["content-length"] == "9"
    assert not about_checksums(put.headers)
    assert "content-md5" not in put.headers
    assert not about_checksums(get.headers)
    assert stream.verified is None


@pytest.mark.parametrize("data", [BODY, bytearray(BODY), memoryview(BODY), "abcdefghi", b"", LARGE], ids=type)
async def test_on_aws_a_body_in_memory_has_a_crc_in_a_header(data: Any) -> None:
    body = data.encode() if isinstance(data, str) else bytes(data)
    async with answering(response()) as peer:
        bucket = bucket_at(peer.port, **AWS)
        await bucket.put("k", data)
        await bucket.close()

    assert peer.last.body == body
    assert peer.last.headers["x-amz-checksum-crc32"] == b64encode(zlib.crc32(body).to_bytes(4)).decode()
    assert about_checksums(peer.last.headers) == {"x-amz-checksum-crc32"}
    assert peer.last.headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(
    ("signing", "stands"),
    [("unsigned", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("auto", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")],
)
async def test_on_aws_a_file_has_it_behind_and_a_length_all_the_same(signing: Any, stands: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BODY)
    async with answering(response()) as peer:
        bucket = bucket_at(peer.port, **AWS, payload_signing=signing)
        await bucket.put("k", path, content_encoding="gzip")
        await bucket.close()

    headers = peer.last.headers
    assert headers["content-encoding"] == "gzip,aws-chunked"
    assert headers["content-length"] == str(len(peer.last.body))
    assert (headers["x-amz-decoded-content-length"], headers["x-amz-trailer"]) == ("9", "x-amz-checksum-crc32")
    assert headers["x-amz-content-sha256"] == stands
    assert "transfer-encoding" not in headers
    plain = re.sub(rb";chunk-signature=[0-9a-f]{64}", b"", peer.last.body)
    plain = re.sub(rb"x-amz-trailer-signature:[0-9a-f]{64}\r\n", b"", plain)
    assert plain == b"9\r\nabcdefghi\r\n0\r\nx-amz-checksum-crc32:" + CRC32.encode() + b"\r\n\r\n"


async def test_without_keys_a_file_has_its_checksum_behind_it() -> None:
    async with answering(response()) as peer:
        bucket = Bucket("b", aws_endpoint=f"http://127.0.0.1:{peer.port}", anonymous=True, **AWS)
        await bucket.put("k", io.BytesIO(BODY))
        await bucket.close()

    assert peer.last.headers["x-amz-content-sha256"] == "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert peer.last.body.startswith(b"9\r\nabcdefghi\r\n0\r\n")


@pytest.mark.parametrize("algorithm", ["SHA256", "sha-256"])
async def test_asked_for_it_is_sent_anywhere_never_framed(algorithm: str) -> None:
    digest = checksum("SHA256", BODY)
    async with answering(response(), response()) as peer:
        bucket = bucket_at(peer.port)
        await bucket.put("k", BODY, checksum=algorithm)
        await bucket.put("k", io.BytesIO(BODY), checksum=algorithm)
        await bucket.close()

    for seen in peer.requests:
        assert seen.headers["x-amz-checksum-sha256"] == digest
        assert seen.body == BODY
        assert "content-encoding" not in seen.headers


class Once(Source):
    """A body that can be read only once."""

    async def rewind(self) -> bool:
        return False

    async def sha256(self) -> None:  # type: ignore[override]  # the protocol says str or None
        return None


async def test_body_that_cannot_be_read_twice_has_none_where_no_trailer_is_taken() -> None:
    async with client_at(9) as client:
        with pytest.raises(InvalidInput, match="cannot be read twice"):
            await client.call(ops.PutObject(bucket="b", key="k", body=Once(), checksum_algorithm="CRC32"))


async def test_body_that_cannot_be_read_twice_is_signed_chunk_by_chunk_over_plain_http() -> None:
    async with answering(response()) as peer:
        async with client_at(peer.port, **AWS, checksum="none") as client:
            await client.call(ops.PutObject(bucket="b", key="k", body=Once()))

    headers = peer.last.headers
    assert headers["x-amz-content-sha256"] == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    assert (headers["content-encoding"], headers["x-amz-decoded-content-length"]) == ("aws-chunked", "9")
    assert peer.last.body.startswith(b"9;chunk-signature=")
    assert "x-amz-trailer" not in headers


async def test_multipart_upload_on_aws_says_by_what_its_parts_are_checked() -> None:
    created = b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
    async with answering(response(body=created), response()) as peer:
        async with client_at(peer.port, **AWS) as client:
            await client.call(ops.CreateMultipartUpload(bucket="b", key="k"))
            await client.call(ops.UploadPart(bucket="b", key="k", part_number=1, upload_id="u", body=BODY))

    create, part = peer.requests
    assert create.headers["x-amz-checksum-algorithm"] == "CRC32"
    assert create.headers["x-amz-checksum-type"] == "FULL_OBJECT"
    assert part.headers["x-amz-checksum-crc32"] == CRC32


CHOICES: list[tuple[dict[str, Any], dict[str, str], set[str]]] = [
    ({**AWS, "checksum": "none"}, {}, set()),
    ({**AWS, "checksum": "crc32c"}, {}, {"x-amz-checksum-crc32c"}),
    (AWS, {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}, set()),
    (AWS, {"AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_SUPPORTED"}, {"x-amz-checksum-crc32"}),
    ({}, {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"}, {"x-amz-checksum-crc32"}),
    ({"checksum": "SHA1"}, {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}, {"x-amz-checksum-sha1"}),
    ({"dialect": "b2"}, {"AWS_REQUEST_CHECKSUM_CALCULATION": "when_supported"}, set()),
]


@pytest.mark.parametrize(("options", "environment", "found"), CHOICES)
async def test_arguments_and_environment_choose(
    options: dict[str, Any], environment: dict[str, str], found: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with answering(response()) as peer:
        bucket = bucket_at(peer.port, **options)
        await bucket.put("k", BODY)
        await bucket.close()

    assert about_checksums(peer.last.headers) == found


async def test_checksum_that_the_caller_has_is_sent_as_it_is() -> None:
    async with answering(response()) as peer:
        async with client_at(peer.port, **AWS) as client:
            await client.call(ops.PutObject(bucket="b", key="k", body=BODY, checksum=ops.Checksum(sha1="AAAA")))

    assert about_checksums(peer.last.headers) == {"x-amz-checksum-sha1"}


def test_choices_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match="checksum 'md6' is none that S3 has"):
        Client(checksum="md6")
    with pytest.raises(InvalidInput, match=r"the store \(b2\) refuses checksums"):
        Client(checksum="CRC32", dialect="b2", aws_endpoint="http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REQUEST_CHECKSUM_CALCULATION", "sometimes")
    with pytest.raises(InvalidInput, match="AWS_REQUEST_CHECKSUM_CALCULATION must be one of"):
        Client()


async def test_a_call_cannot_ask_what_the_store_refuses() -> None:
    bucket = bucket_at(9, dialect="b2")

    with pytest.raises(InvalidInput, match=r"the store \(b2\) refuses checksums"):
        await bucket.put("k", BODY, checksum="CRC32")


# ------------------------------------------------------------------ reading
def stored(algorithm: Algorithm = "CRC32", body: bytes = BODY, **headers: str) -> bytes:
    """Return a response as AWS sends it, with a checksum of BODY whatever the body is."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return response(body=body, headers={HEADERS[algorithm]: checksum(algorithm, BODY), "ETag": '"e"', **more})


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH3"])
async def test_on_aws_reads_are_verified(algorithm: Algorithm) -> None:
    async with answering(stored(algorithm), stored(algorithm)) as peer:
        bucket = bucket_at(peer.port, **AWS)
        assert await bucket.get("k") == BODY
        async with bucket.download("k") as stream:
            assert stream.verified is None
            assert await stream.read() == BODY
        await bucket.close()

    assert stream.verified == algorithm
    assert [seen.headers["x-amz-checksum-mode"] for seen in peer.requests] == ["ENABLED"] * 2


@pytest.mark.parametrize("size", [1, 4, 9, 100, -1])
async def test_damage_is_told_before_the_last_bytes_are_given(size: int) -> None:
    damaged = BODY[:-1] + b"X"
    read = b""
    async with answering(stored(body=damaged)) as peer:
        bucket = bucket_at(peer.port, **AWS)
        async with bucket.download("k") as stream:
            while len(read) < len(BODY) - max(size, 1):
                read += await stream.read(size) if 0 < size < len(BODY) else b"x" * len(BODY)
            with pytest.raises(ChecksumMismatch, match="CRC32"):
                await stream.read(size)
            assert stream.verified is None
            with pytest.raises(ChecksumMismatch):
                await stream.read()
        await bucket.close()


@pytest.mark.parametrize("body", [b"abcdefghX", b"", LARGE], ids=["same length", "empty", "large"])
async def test_get_returns_no_damaged_bytes(body: bytes) -> None:
    async with answering(stored(body=body)) as peer:
        bucket = bucket_at(peer.port, **AWS)
        with pytest.raises(ChecksumMismatch):
            await bucket.get("k")
        await bucket.close()


async def test_empty_object_is_verified() -> None:
    empty = response(headers={HEADERS["CRC32"]: "AAAAAA=="})
    async with answering(empty) as peer:
        bucket = bucket_at(peer.port, **AWS)
        async with bucket.download("k") as stream:
            assert await stream.read() == b""
        await bucket.close()

    assert stream.verified == "CRC32"


UNCOMPARED = {
    "composite": {"x-amz-checksum-type": "COMPOSITE"},
    "of parts": {"x-amz-checksum-crc32": "AAAAAA==-7"},
    "unknown": {"x-amz-checksum-crc32": "", "x-amz-checksum-new": "AAAA"},
}


@pytest.mark.parametrize("kind", UNCOMPARED)
async def test_what_says_nothing_of_the_whole_is_not_compared(kind: str) -> None:
    headers = {"x-amz-checksum-crc32": "AAAAAA==", **UNCOMPARED[kind]}
    async with answering(response(body=BODY, headers=headers)) as peer:
        bucket = bucket_at(peer.port, **AWS)
        async with bucket.download("k") as stream:
            assert await stream.read() == BODY
        await bucket.close()

    assert stream.verified is None


async def test_range_is_not_held_against_the_whole() -> None:
    part = b"HTTP/1.1 206 P\r\nContent-Range: bytes 0-2/9\r\nContent-Length: 3\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\nabc"
    async with answering(part, response()) as peer:
        bucket = bucket_at(peer.port, **AWS)
        assert await bucket.get("k", start=0, end=3) == b"abc"
        await bucket.head("k")
        await bucket.close()

    assert not any("x-amz-checksum-mode" in seen.headers for seen in peer.requests)


async def test_cut_download_is_verified_as_a_whole() -> None:
    cut = stored().replace(BODY, BODY[:4])
    rest = b'HTTP/1.1 206 P\r\nContent-Range: bytes 4-8/9\r\nContent-Length: 5\r\nETag: "e"\r\n\r\n'
    for end, mismatch in ((b"efghi", False), (b"efghX", True)):
        async with answering_and_closing(cut, rest + end) as port:
            bucket = bucket_at(port, **{**AWS, "max_attempts": 3})
            async with bucket.download("k") as stream:
                if mismatch:
                    with pytest.raises(ChecksumMismatch):
                        await stream.read()
                else:
                    assert await stream.read() == BODY
                    assert stream.verified == "CRC32"
            await bucket.close()


def answering_and_closing(*answers: bytes) -> Any:
    """Answer each connection once, and close it."""

    @asynccontextmanager
    async def serve() -> AsyncIterator[int]:
        left = iter(answers)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(next(left))
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            yield server.sockets[0].getsockname()[1]

    return serve()


def in_ranges(body: bytes, size: int, **headers: str) -> list[bytes]:
    """Return the answers to ranges of *size* bytes each, the CRC of BODY with the first."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return [
        f'HTTP/1.1 206 P\r\nContent-Range: bytes {start}-{start + len(piece) - 1}/{len(body)}\r\nETag: "e"\r\n'
        f"Content-Length: {len(piece)}\r\n{'' if start else more}\r\n".encode()
        + piece
        for start in range(0, len(body), size)
        for piece in (body[start : start + size],)
    ]


FULL_CRC = {"x_amz_checksum_crc64nvme": checksum("CRC64NVME", BODY), "x_amz_checksum_type": "FULL_OBJECT"}


@pytest.mark.parametrize("size", [1, 4, 9])
async def test_parallel_ranges_are_held_against_the_crc_of_the_whole(tmp_path: Path, size: int) -> None:
    async with answering(*in_ranges(BODY, size, **FULL_CRC)) as peer:
        bucket = bucket_at(peer.port, **AWS, max_connections=1)
        await bucket.download_file("k", tmp_path / "file", part_size=size, concurrency=1)
        await bucket.close()

    assert (tmp_path / "file").read_bytes() == BODY
    assert [seen.headers.get("x-amz-checksum-mode") for seen in peer.requests][:2] == ["ENABLED", None][: 9 // size]


@pytest.mark.parametrize("resume", [False, True])
async def test_damaged_range_leaves_no_file(tmp_path: Path, resume: bool) -> None:
    damaged = BODY[:4] + b"X" + BODY[5:]
    async with answering(*in_ranges(damaged, 4, **FULL_CRC)) as peer:
        bucket = bucket_at(peer.port, **AWS, max_connections=1)
        with pytest.raises(ChecksumMismatch, match="CRC64NVME"):
            await bucket.download_file("k", tmp_path / "file", part_size=4, concurrency=1, resume=resume)
        await bucket.close()

    assert not [*tmp_path.iterdir()]  # noqa: ASYNC240  # two entries at most


async def test_ranges_of_a_composite_object_are_not_compared(tmp_path: Path) -> None:
    headers = {"x_amz_checksum_crc32": "AAAAAA==-2", "x_amz_checksum_type": "COMPOSITE"}
    async with answering(*in_ranges(BODY, 4, **headers)) as peer:
        bucket = bucket_at(peer.port, **AWS, max_connections=1)
        await bucket.download_file("k", tmp_path / "file", part_size=4, concurrency=1)
        await bucket.close()

    assert (tmp_path / "file").read_bytes() == BODY


async def test_gzip_comes_as_it_is_stored() -> None:
    packed = zlib.compress(BODY, wbits=31)
    headers = {"Content-Encoding": "gzip", HEADERS["CRC32"]: checksum("CRC32", packed)}
    async with answering(response(body=packed, headers=headers)) as peer:
        bucket = bucket_at(peer.port, **AWS)
        async with bucket.download("k") as stream:
            assert stream.size == len(packed)
            assert await stream.read() == packed
        await bucket.close()

    assert stream.verified == "CRC32"


async def test_environment_switches_verification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_required")
    off = bucket_at(9, **AWS)
    monkeypatch.setenv("AWS_RESPONSE_CHECKSUM_VALIDATION", "when_supported")
    on_anywhere = bucket_at(9)

    assert (off.client.verifies, on_anywhere.client.verifies) == (False, True)


# ------------------------------------------------------------------ by servers
CHECKED: list[Algorithm] = ["CRC32", "CRC32C", "CRC64NVME", "SHA256"]


@on("checksum-trailers")
@pytest.mark.parametrize("algorithm", CHECKED)
@pytest.mark.parametrize("signing", ["unsigned", "signed"])
async def test_trailer_is_accepted(server: Server, bucket: str, algorithm: Algorithm, signing: Any) -> None:
    async with client_of(server, dialect="aws", addressing="path", payload_signing=signing) as client:
        store = client.bucket(bucket)
        await store.put("k", io.BytesIO(LARGE), checksum=algorithm)
        head = await client.call(ops.HeadObject(bucket=bucket, key="k", checksum_mode="ENABLED"))
        async with store.download("k") as stream:
            assert await stream.read() == LARGE

    assert getattr(head, f"checksum_{algorithm.lower()}") == checksum(algorithm, LARGE)
    assert oracle.get(server, bucket, "k").body == LARGE
    assert stream.verified == algorithm


@on("checksum-trailers")
@pytest.mark.parametrize("algorithm", CHECKED)
async def test_wrong_trailer_is_refused(server: Server, bucket: str, algorithm: Algorithm) -> None:
    value = checksum(algorithm, b"another body")
    framed = b"9\r\nabcdefghi\r\n0\r\n%b:%b\r\n\r\n" % (HEADERS[algorithm].encode(), value.encode())
    headers = {
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "9",
        "x-amz-trailer": HEADERS[algorithm],
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    }
    answer = oracle.send(server, "PUT", oracle.target(bucket, "k"), framed, headers=headers)

    assert (answer.status, answer.code) == (400, "BadDigest")


@on("checksums")
@pytest.mark.parametrize("algorithm", CHECKED)
async def test_wrong_header_is_refused(server: Server, bucket: str, algorithm: Algorithm) -> None:
    wrong: Any = {algorithm.lower(): checksum(algorithm, b"another body")}
    async with client_of(server) as client:
        with pytest.raises(ServiceError) as caught:
            await client.call(ops.PutObject(bucket=bucket, key="k", body=BODY, checksum=ops.Checksum(**wrong)))
        await client.bucket(bucket).put("k", BODY, checksum=algorithm)

    assert isinstance(caught.value, BadDigest) or caught.value.status == 400
    assert oracle.get(server, bucket, "k").body == BODY


async def test_resumed_upload_is_checked_as_it_was_begun() -> None:
    listed = b"<ListPartsResult><ChecksumAlgorithm>SHA1</ChecksumAlgorithm></ListPartsResult>"
    done = b"<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
    cases: list[tuple[bytes, set[str]]] = [(listed, {"x-amz-checksum-sha1"}), (b"<ListPartsResult/>", set())]
    for answer, found in cases:
        async with answering(response(body=answer), response(headers={"ETag": "e"}), response(body=done)) as peer:
            async with (
                client_at(peer.port, **AWS) as client,
                client.bucket("b").multipart("k", upload_id="u") as upload,
            ):
                await upload.part(BODY)

        headers = peer.requests[1].headers
        assert about_checksums(headers) - {"x-amz-sdk-checksum-algorithm"} == found


@on("checksum-trailers")
async def test_upload_is_checked_by_what_was_asked(server: Server, bucket: str) -> None:
    pieces = [os.urandom(5 * 1024 * 1024), b"end"]
    async with client_of(server) as client:
        await client.bucket(bucket).upload("small", BODY, checksum="sha256")
        small = await client.call(ops.HeadObject(bucket=bucket, key="small", checksum_mode="ENABLED"))
        large = await client.bucket(bucket).upload("large", iter(pieces), part_size=5 * 1024 * 1024, checksum="sha256")

    assert small.checksum_sha256 == checksum("SHA256", BODY)
    assert large.checksum == composite("SHA256", [checksum("SHA256", piece) for piece in pieces])


@on("checksum-trailers")
@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
async def test_object_in_parts_is_checked_part_by_part(server: Server, bucket: str, algorithm: Algorithm) -> None:
    pieces = [os.urandom(5 * 1024 * 1024), b"end"]
    async with client_of(server, dialect="aws", addressing="path", checksum=algorithm) as client:
        result = await client.bucket(bucket).upload("k", iter(pieces), part_size=5 * 1024 * 1024)

    assert result.checksum == composite(algorithm, [checksum(algorithm, piece) for piece in pieces])
    assert oracle.get(server, bucket, "k").body == b"".join(pieces)


@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
@pytest.mark.parametrize("size", [0, 9, 64 * 1024, 200_000])
async def test_signed_chunks_are_accepted(server: Server, bucket: str, size: int) -> None:
    async with client_of(server, dialect="aws", addressing="path", checksum="none") as client:
        await client.call(ops.PutObject(bucket=bucket, key="k", body=OfSize(size)))

    assert oracle.get(server, bucket, "k").body == b"x" * size


@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
async def test_flipped_chunk_signature_is_refused(server: Server, bucket: str) -> None:
    """What our client sends is taken; the same bytes with one digit of a chunk's signature changed are not."""
    async with answering(response()) as peer:
        async with client_of(server, port=peer.port, **AWS, checksum="none") as client:
            await client.call(ops.PutObject(bucket=bucket, key="k", body=OfSize(100_000)))
    sent = peer.last
    start = sent.body.index(b"chunk-signature=") + len(b"chunk-signature=")
    digit = b"0" if sent.body[start : start + 1] != b"0" else b"1"
    flipped = sent.body[:start] + digit + sent.body[start + 1 :]

    # Host is signed: it is sent as it was, to the server.
    statuses = [await replayed(server, sent.head, body) for body in (sent.body, flipped)]

    assert statuses == [200, 403]
    assert oracle.get(server, bucket, "k").body == b"x" * 100_000


async def replayed(server: Server, head: bytes, body: bytes) -> int:
    """Send a request as it was recorded; return the status."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(server.endpoint.rpartition(":")[2]))
    writer.write(head + body)
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


class OfSize(Once):
    """So many bytes, in pieces that fit no chunk."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.length = size

    async def chunks(self) -> AsyncIterator[Buffer]:
        for start in range(0, self.length, 1000):
            yield b"x" * min(1000, self.length - start)
