"""Checksums of transfers: of each part, of the whole, and of what is on disk in the end."""

import base64
import zlib
from pathlib import Path
from typing import Any

import pytest

from aios3 import AccessDenied, Bucket, ChecksumMismatch, ServiceError
from aios3 import operations as ops
from tests.servers import Server
from tests.stores import bucket_at, client_of
from tests.transfers.test_downloads import names_in
from tests.transfers.test_uploads import LARGE, MIB, PART, async_pieces
from tests.wire import answering, forwarder, response

ON_MINISTACK = pytest.mark.parametrize("server", ["ministack"], indirect=True)


def crc32(data: bytes) -> str:
    return base64.b64encode(zlib.crc32(data).to_bytes(4)).decode()


@ON_MINISTACK
@pytest.mark.parametrize("how", ["client", "verb"])
async def test_every_part_and_the_whole_are_checked(server: Server, store: Bucket, how: str) -> None:
    async with forwarder(server.port) as peer:
        options: dict[str, Any] = {"checksum": "CRC32"}
        async with client_of(server, port=peer.port, **(options if how == "client" else {})) as near:
            result = await near.bucket(store.name).upload(
                "key",
                async_pieces(LARGE),
                part_size=PART,
                **(options if how == "verb" else {}),
            )

    create, *parts, complete = peer.requests
    assert create.headers["x-amz-checksum-algorithm"] == "CRC32"
    assert create.headers["x-amz-checksum-type"] == "FULL_OBJECT"
    assert {seen.headers["x-amz-checksum-crc32"] for seen in parts} == {
        crc32(LARGE[start : start + PART]) for start in range(0, len(LARGE), PART)
    }
    assert complete.body.count(b"<ChecksumCRC32>") == 3
    assert (result.parts, await store.get("key")) == (3, LARGE)


CREATED = response(
    body=b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>",
    headers={"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-type": "FULL_OBJECT"},
)


async def test_completion_says_the_checksum_of_the_whole() -> None:
    sent = [
        response(headers={"ETag": '"e"', "x-amz-checksum-crc32": crc32(LARGE[start : start + PART])})
        for start in range(0, len(LARGE), PART)
    ]
    done = response(body=b'<CompleteMultipartUploadResult><ETag>"e-3"</ETag></CompleteMultipartUploadResult>')
    async with answering(CREATED, *sent, done) as peer, bucket_at(peer.port, checksum="CRC32") as bucket:
        await bucket.upload("key", LARGE, part_size=PART, concurrency=1)

    assert peer.last.headers["x-amz-checksum-crc32"] == crc32(LARGE)
    assert peer.last.headers["x-amz-checksum-type"] == "FULL_OBJECT"


@ON_MINISTACK
async def test_part_that_was_damaged_on_the_way_is_refused(server: Server, store: Bucket) -> None:
    upload = store.multipart("key", checksum="CRC32")
    await upload.__aenter__()
    wrong = ops.Checksum(crc32=crc32(b"other"))
    part = ops.UploadPart(
        bucket=store.name, key="key", upload_id=upload.upload_id or "", part_number=1, body=b"data", checksum=wrong
    )
    with pytest.raises(ServiceError, match="400"):
        await store.client.call(part)
    error = LookupError()
    await upload.__aexit__(LookupError, error, None)


def answers(data: bytes, checksum: str) -> list[bytes]:
    total = len(data)
    headers = {"ETag": '"e"', "x-amz-checksum-crc32": checksum, "x-amz-checksum-type": "FULL_OBJECT"}
    return [
        response(
            206,
            data[start : start + PART],
            {**headers, "Content-Range": f"bytes {start}-{min(start + PART, total) - 1}/{total}"},
        )
        for start in range(0, total, PART)
    ]


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("right", [True, False])
async def test_file_is_held_against_the_checksum_of_the_whole(tmp_path: Path, right: bool, resume: bool) -> None:
    damaged = LARGE if right else LARGE[:MIB] + b"!" + LARGE[MIB + 1 :]
    async with answering(*answers(damaged, crc32(LARGE))) as peer:
        async with bucket_at(peer.port, checksum="CRC32") as bucket:
            download = bucket.download_file("key", tmp_path / "file", part_size=PART, concurrency=1, resume=resume)
            if right:
                await download
            else:
                with pytest.raises(ChecksumMismatch):
                    await download

    assert names_in(tmp_path) == (["file"] if right else [])
    assert peer.requests[0].headers["x-amz-checksum-mode"] == "ENABLED"


@pytest.mark.parametrize("right", [True, False])
async def test_resumed_file_is_held_against_the_checksum_of_the_whole(tmp_path: Path, right: bool) -> None:
    first, *others = answers(LARGE, crc32(LARGE))
    options: dict[str, Any] = {"part_size": PART, "concurrency": 1, "resume": True}
    async with answering(first, response(403)) as peer, bucket_at(peer.port, checksum="CRC32") as bucket:
        with pytest.raises(AccessDenied):
            await bucket.download_file("key", tmp_path / "file", **options)
    if not right:
        with (tmp_path / "file.aios3-part").open("r+b") as file:
            file.write(b"!")

    async with answering(*others) as peer, bucket_at(peer.port, checksum="CRC32") as bucket:
        download = bucket.download_file("key", tmp_path / "file", **options)
        if right:
            assert (await download).checksum == crc32(LARGE)
        else:
            with pytest.raises(ChecksumMismatch):
                await download

    assert names_in(tmp_path) == (["file"] if right else [])
    assert len(peer.requests) == len(others)
