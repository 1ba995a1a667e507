"""Dialects in transfers: what each switch changes in uploads, copies and deletions, to a peer that keeps every byte."""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from aios3 import Dialect, InvalidInput, TransferError
from aios3.operations.objects import PutObject
from aios3.testing import Asked, Peer, steps
from tests.everywhere import bucket_of
from tests.faults.test_b06_retries import OneShot
from tests.loops import BOTH_LOOPS

pytestmark = BOTH_LOOPS
ETAG = '"5d41402abc4b2a76b9719d911017c592"'
ANSWERS = {
    "uploads": "<InitiateMultipartUploadResult><UploadId>id</UploadId></InitiateMultipartUploadResult>",
    "uploadId": f"<CompleteMultipartUploadResult><ETag>{ETAG}</ETag></CompleteMultipartUploadResult>",
    "delete": "<DeleteResult></DeleteResult>",
}


def query(asked: Asked) -> Mapping[str, str]:
    pairs = asked.target.decode().partition("?")[2].split("&")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


def answer(asked: Asked) -> bytes:
    """Answer as a store does to which all is well."""
    found = next((text for name, text in ANSWERS.items() if asked.method == b"POST" and name in query(asked)), "")
    return steps.response(found.encode(), headers=[f"ETag: {ETAG}"])


def parts(peer: Peer) -> list[int]:
    """Return the sizes of the parts that came, in order."""
    sent = [asked for asked in peer.requests if "partNumber" in query(asked)]
    return [len(asked.body) for asked in sorted(sent, key=lambda asked: int(query(asked)["partNumber"]))]


def header(asked: Asked, name: str) -> str | None:
    value = asked.header(name)
    return None if value is None else value.decode()


async def bytewise(size: int) -> AsyncIterator[bytes]:
    """Give bytes whose number nobody knows before."""
    yield b"x" * size


# ------------------------------------------------------------------ parts
async def test_min_part_is_the_least() -> None:
    async with Peer(steps.serving(answer)) as peer:
        async with bucket_of(peer, dialect=Dialect(min_part=4)) as bucket:
            with pytest.raises(InvalidInput, match="part_size must be 4 bytes to"):
                await bucket.upload("key", b"0123456789", part_size=3)
            await bucket.upload("key", b"0123456789", part_size=4)

        assert parts(peer) == [4, 4, 2]


async def test_max_parts_makes_parts_larger() -> None:
    async with Peer(steps.serving(answer)) as peer:
        async with bucket_of(peer, dialect=Dialect(min_part=1, max_parts=4)) as bucket:
            await bucket.upload("key", b"0123456789", part_size=1)

        assert parts(peer) == [3, 3, 3, 1]


@pytest.mark.parametrize(("equal", "behind"), [(True, [1, 1, 1, 1]), (False, [2, 2])])
async def test_equal_parts_do_not_grow(equal: bool, behind: list[int]) -> None:
    async with Peer(steps.serving(answer)) as peer:
        async with bucket_of(peer, dialect=Dialect(min_part=1, equal_parts=equal)) as bucket:
            await bucket.upload("key", bytewise(1004), part_size=1, concurrency=16)

        assert parts(peer) == [1] * 1000 + behind


def resuming(asked: Asked) -> bytes:
    """Answer as a store that has the first part of an upload already."""
    stored = f"<Part><PartNumber>1</PartNumber><ETag>&quot;{hashlib.md5(b'0123').hexdigest()}&quot;</ETag><Size>4</Size></Part>"
    if asked.method == b"GET" and "uploads" in query(asked):
        upload = "<Upload><Key>key</Key><UploadId>id</UploadId></Upload>"
        return steps.response(f"<ListMultipartUploadsResult>{upload}</ListMultipartUploadsResult>".encode())
    if asked.method == b"GET":
        return steps.response(f"<ListPartsResult>{stored}</ListPartsResult>".encode())
    return answer(asked)


@pytest.mark.parametrize(("etag_md5", "sent"), [(True, [4, 2]), (False, [4, 4, 2])])
async def test_etag_md5_spares_what_is_there(etag_md5: bool, sent: list[int]) -> None:
    async with Peer(steps.serving(resuming)) as peer:
        async with bucket_of(peer, dialect=Dialect(min_part=4, etag_md5=etag_md5)) as bucket:
            await bucket.upload("key", b"0123456789", part_size=4, resume=True)

        assert parts(peer) == sent


@pytest.mark.parametrize(("encode", "asked_for"), [(True, "url"), (False, None)])
async def test_uploads_url_encode(encode: bool, asked_for: str | None) -> None:
    async with Peer(steps.serving(resuming)) as peer:
        async with bucket_of(peer, dialect=Dialect(min_part=4, uploads_url_encode=encode)) as bucket:
            await bucket.upload("key", b"0123456789", part_size=4, resume=True)

        assert query(peer.requests[0]).get("encoding-type") == asked_for


# ------------------------------------------------------------------ copies, tags, deletions
def copying(asked: Asked) -> bytes:
    """Answer as a store with an object of 10 bytes, which says it is 6 GiB large."""
    if asked.method == b"HEAD":
        return f"HTTP/1.1 200 OK\r\nContent-Length: {6 * 1024**3}\r\nETag: {ETAG}\r\n\r\n".encode()
    if header(asked, "x-amz-copy-source"):
        return steps.response(f"<CopyPartResult><ETag>{ETAG}</ETag></CopyPartResult>".encode())
    if asked.method == b"GET":
        return steps.response(b"<Tagging><TagSet></TagSet></Tagging>")
    return answer(asked)


async def test_multipart_copy_where_there_is_one() -> None:
    async with Peer(steps.serving(copying)) as peer:
        async with bucket_of(peer, dialect=Dialect(max_parts=2)) as bucket:
            await bucket.copy("from", "to")

        ranges = sorted(filter(None, (header(asked, "x-amz-copy-source-range") for asked in peer.requests)))
        assert ranges == [f"bytes=0-{3 * 1024**3 - 1}", f"bytes={3 * 1024**3}-{6 * 1024**3 - 1}"]


async def test_multipart_copy_where_there_is_none() -> None:
    async with Peer(steps.serving(copying)) as peer, bucket_of(peer, dialect="gcs") as bucket:
        with pytest.raises(TransferError, match="this store cannot copy by parts"):
            await bucket.copy("from", "to")

        assert {asked.method for asked in peer.requests} == {b"HEAD"}


@pytest.mark.parametrize(("by_header", "afterwards"), [(True, 0), (False, 1)])
async def test_tagging_header(by_header: bool, afterwards: int) -> None:
    async with Peer(steps.serving(answer)) as peer:
        async with bucket_of(peer, dialect=Dialect(min_part=4, tagging_header=by_header)) as bucket:
            await bucket.upload("key", b"0123456789", part_size=4, tags={"a": "b"})

        begun = next(asked for asked in peer.requests if "uploads" in query(asked))
        assert header(begun, "x-amz-tagging") == ("a=b" if by_header else None)
        assert len([asked for asked in peer.requests if "tagging" in query(asked)]) == afterwards


@pytest.mark.parametrize(("bulk", "methods"), [(True, [b"POST"]), (False, [b"DELETE", b"DELETE"])])
async def test_bulk_delete(bulk: bool, methods: list[bytes]) -> None:
    async with Peer(steps.serving(answer)) as peer, bucket_of(peer, dialect=Dialect(bulk_delete=bulk)) as bucket:
        report = await bucket.delete_many(["a", "b"])

        assert report.deleted == 2
        assert [asked.method for asked in peer.requests] == methods


# ------------------------------------------------------------------ checksums and frames
def checksums(asked: Asked) -> set[str]:
    return {name.decode().lower() for name in re.findall(rb"\r\n(x-amz-(?:checksum|sdk|trailer)[^:]*):", asked.head)}


@pytest.mark.parametrize(
    ("when", "asked_for", "sent"),
    [
        ("always", None, {"x-amz-checksum-crc32"}),
        ("asked", None, set()),
        ("asked", "SHA256", {"x-amz-checksum-sha256"}),
        ("never", None, set()),
    ],
)
async def test_request_checksum(when: Any, asked_for: Any, sent: set[str]) -> None:
    async with Peer(steps.serving(answer)) as peer:
        async with bucket_of(peer, dialect=Dialect(request_checksum=when)) as bucket:
            await bucket.put("key", b"body", checksum=asked_for)

        assert checksums(peer.requests[0]) - {"x-amz-sdk-checksum-algorithm"} == sent


async def test_request_checksum_that_a_store_refuses_is_refused_before() -> None:
    async with Peer() as peer, bucket_of(peer, dialect="b2") as bucket:
        with pytest.raises(InvalidInput, match=r"the store \(b2\) refuses checksums"):
            await bucket.put("key", b"body", checksum="SHA256")

        assert peer.visits == []


@pytest.mark.parametrize(("verified", "sent"), [(True, "ENABLED"), (False, None)])
async def test_response_checksum(verified: bool, sent: str | None) -> None:
    async with Peer(steps.serving(answer)) as peer:
        async with bucket_of(peer, dialect=Dialect(response_checksum=verified)) as bucket:
            await bucket.get("key")

        assert header(peer.requests[0], "x-amz-checksum-mode") == sent


@pytest.mark.parametrize(
    ("dialect", "said", "framed"),
    [
        (Dialect(payload_signing="streaming", chunked_framing=True), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", True),
        (Dialect(payload_signing="streaming"), "UNSIGNED-PAYLOAD", False),
        (Dialect(chunked_framing=True), "UNSIGNED-PAYLOAD", False),
        (Dialect(chunked_framing=True, request_checksum="always"), "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", True),
    ],
)
async def test_chunked_framing_and_streaming_signatures(dialect: Dialect, said: str, framed: bool) -> None:
    """Of a body that can be read only once, over plain http."""
    async with Peer(steps.serving(answer)) as peer, bucket_of(peer, dialect=dialect) as bucket:
        await bucket.client.call(PutObject(bucket="bucket", key="key", body=OneShot(b"body")))
        (asked,) = peer.requests

    assert header(asked, "x-amz-content-sha256") == said
    assert (header(asked, "content-encoding"), header(asked, "x-amz-decoded-content-length")) == (
        ("aws-chunked", "4") if framed else (None, None)
    )
    assert (asked.body == b"body") is not framed
    assert int(header(asked, "content-length") or 0) == len(asked.body)


async def test_chunked_framing_where_there_is_none_refuses_a_checksum_behind_the_body() -> None:
    async with Peer() as peer, bucket_of(peer, dialect=Dialect(request_checksum="always")) as bucket:
        with pytest.raises(InvalidInput, match="the store takes none behind a body"):
            await bucket.client.call(PutObject(bucket="bucket", key="key", body=OneShot(b"body")))

        assert peer.visits == []


# ------------------------------------------------------------------ forms
async def test_post_policy_where_there_is_none() -> None:
    async with Peer() as peer, bucket_of(peer, dialect="r2") as bucket:
        with pytest.raises(InvalidInput, match=r"the store \(r2\) takes no forms"):
            await bucket.presign_post("key")


async def test_post_policy_where_there_is_one() -> None:
    async with Peer() as peer, bucket_of(peer) as bucket:
        url, fields = await bucket.presign_post("key")

        assert url == f"{peer.endpoint}/bucket"
        assert fields["key"] == "key"
