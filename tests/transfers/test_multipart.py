"""Bucket.multipart: parts by hand; and that what is given up leaves nothing."""

import asyncio
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from aios3 import Bucket, InternalError, InvalidInput, NoSuchUpload, ServiceError, TransferError
from tests.stores import NOWHERE, bucket_at, on
from tests.transfers.test_uploads import LARGE, ON_CEPH, ON_TWO, PART, _path
from tests.wire import answering, response

CREATED = response(
    body=b"<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>",
)
SENT = response(headers={"ETag": '"e"'})
COMPLETED = response(
    body=b'<CompleteMultipartUploadResult><ETag>"whole-1"</ETag></CompleteMultipartUploadResult>',
)
GONE = response(404, b"<Error><Code>NoSuchUpload</Code></Error>")
PARTS = response(body=b"<ListPartsResult><Part><PartNumber>1</PartNumber></Part></ListPartsResult>")


@ON_TWO
async def test_parts_come_in_any_order_and_at_once(store: Bucket) -> None:
    async with store.multipart("key", content_type="text/x") as upload:
        parts = await asyncio.gather(
            upload.part(LARGE[PART * 2 :], 9), upload.part(LARGE[:PART], 2), upload.part(LARGE[PART : PART * 2], 5)
        )

    assert upload.upload_id
    assert [(part.part_number, part.size) for part in parts] == [(9, len(LARGE) - 2 * PART), (2, PART), (5, PART)]
    assert upload.result is not None
    assert (upload.result.parts, upload.result.size) == (3, len(LARGE))
    head = await store.head("key")
    assert (head.content_type, head.etag) == ("text/x", upload.result.etag)
    assert await store.get("key") == LARGE


@on("multipart")
async def test_every_store_that_has_parts_puts_them_together(store: Bucket) -> None:
    result = await store.upload("key", [LARGE[:100], LARGE[100:]], part_size=PART)
    async with store.multipart("by hand") as upload:
        await upload.part(LARGE[:PART])
        await upload.part(LARGE[PART:])
    given_up = store.multipart("given up")
    await given_up.__aenter__()
    await given_up.part(LARGE[:PART])
    await given_up.__aexit__(KeyError, KeyError(), None)

    assert (result.parts, result.size) == (3, len(LARGE))
    assert await store.get("key") == await store.get("by hand") == LARGE
    assert not await store.exists("given up")
    with pytest.raises(ServiceError) as gone:
        await store.multipart("given up", upload_id=given_up.upload_id).__aenter__()
    assert gone.value.status == 404


@ON_TWO
async def test_numbers_count_up_by_themselves(store: Bucket, tmp_path: Path) -> None:
    async with store.multipart("key") as upload:
        await upload.part(LARGE[:PART])
        with _path(LARGE, tmp_path).open("rb") as file:
            file.seek(PART)
            last = await upload.part(file)

    assert last.part_number == 2
    assert await store.get("key") == LARGE


@ON_TWO
async def test_no_part_at_all_is_an_empty_object(store: Bucket) -> None:
    async with store.multipart("key") as upload:
        pass

    assert upload.result is not None
    assert (upload.result.size, await store.get("key")) == (0, b"")


@ON_TWO
async def test_earlier_upload_is_gone_on_with(store: Bucket) -> None:
    first = store.multipart("key")
    await first.__aenter__()
    await first.part(LARGE[:PART])

    async with store.multipart("key", upload_id=first.upload_id) as upload:
        assert sorted(upload.parts) == [1]
        await upload.part(LARGE[PART:])

    assert await store.get("key") == LARGE


@ON_CEPH
async def test_unknown_upload_is_no_such_upload(store: Bucket) -> None:
    with pytest.raises(ServiceError) as caught:
        await store.multipart("key", upload_id="2~nothing").__aenter__()

    assert caught.value.status == 404  # NoSuchKey here, NoSuchUpload elsewhere


@ON_CEPH
async def test_error_inside_aborts_and_is_raised(store: Bucket) -> None:
    with pytest.raises(LookupError) as caught:  # noqa: PT012
        async with store.multipart("key") as upload:
            await upload.part(LARGE[:PART])
            raise LookupError

    assert not hasattr(caught.value, "upload_id")
    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
async def test_parts_that_fly_are_torn_down_with_the_upload(store: Bucket) -> None:
    with pytest.raises(LookupError):  # noqa: PT012
        async with store.multipart("key") as upload:
            flying = [asyncio.ensure_future(upload.part(LARGE, number)) for number in (1, 2, 3)]
            await asyncio.sleep(0)
            raise LookupError

    for task in flying:
        with pytest.raises(TransferError, match="has ended"):
            await task
    with pytest.raises(InvalidInput, match="has ended"):
        await upload.part(b"late")
    assert [upload async for upload in store.uploads()] == []


@pytest.mark.parametrize("number", [0, 10_001, True, "1", 1.0])
async def test_impossible_numbers_are_refused(number: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        upload = bucket.multipart("key", upload_id="u")
        with pytest.raises(InvalidInput, match="part number"):
            await upload.part(b"", number)


# --- what goes over the wire when it fails


def asked(requests: list[Any]) -> list[str]:
    return [f"{seen.method} {seen.query}" for seen in requests]


async def test_parts_that_land_late_are_aborted_again() -> None:
    answers = [CREATED, SENT, response(204), PARTS, response(204), PARTS, response(204), GONE]
    async with answering(*answers) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(LookupError):  # noqa: PT012
            async with bucket.multipart("key") as upload:
                await upload.part(b"x")
                raise LookupError

    again = ["DELETE uploadId=u1", "GET max-parts=1&uploadId=u1"]
    assert asked(peer.requests)[2:] == again * 3


async def test_abort_that_fails_keeps_the_error_and_says_so() -> None:
    async with answering(CREATED, response(403)) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(LookupError) as caught:
            async with bucket.multipart("key"):
                raise LookupError

    assert caught.value.upload_id == "u1"  # type: ignore[attr-defined]
    assert caught.value.__notes__ == ["Upload u1 of bucket/key could not be aborted."]


async def test_completion_that_fails_aborts() -> None:
    answers = [CREATED, SENT, response(200, b"<Error><Code>InternalError</Code></Error>"), response(204), GONE]
    async with answering(*answers) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InternalError):
            async with bucket.multipart("key") as upload:
                await upload.part(b"x")

    assert asked(peer.requests)[2:] == ["POST uploadId=u1", "DELETE uploadId=u1", "GET max-parts=1&uploadId=u1"]


@pytest.mark.parametrize("ours", [True, False])
async def test_completion_whose_answer_was_lost_is_settled_by_head(ours: bool) -> None:
    part = md5(b"x").digest()
    whole = md5(part).hexdigest() if ours else "0" * 32
    sent = response(headers={"ETag": f'"{part.hex()}"'})
    head = f'HTTP/1.1 200 OK\r\nETag: "{whole}-1"\r\nContent-Length: 1\r\n\r\n'.encode()
    answers = [CREATED, sent, response(500), GONE, head, response(204), GONE]
    async with answering(*answers) as peer, bucket_at(peer.port, max_attempts=2) as bucket:
        upload = bucket.multipart("key")
        await upload.__aenter__()
        await upload.part(b"x")
        if ours:
            await upload.__aexit__(None, None, None)
            assert upload.result is not None
            assert upload.result.etag == f'"{whole}-1"'
        else:
            with pytest.raises(NoSuchUpload):
                await upload.__aexit__(None, None, None)

    assert asked(peer.requests)[4] == "HEAD "


async def test_cancelled_beginning_is_taken_back() -> None:
    """The answer with the id comes after the cancellation."""
    created, go = asyncio.Event(), asyncio.Event()
    seen: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (CREATED, response(204), GONE):
            seen.append((await reader.readuntil(b"\r\n\r\n")).split(b" HTTP")[0].decode())
            created.set()
            await go.wait()
            writer.write(answer)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, bucket_at(server.sockets[0].getsockname()[1]) as bucket:
        task = asyncio.ensure_future(bucket.multipart("key").__aenter__())
        await created.wait()
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        go.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert seen == [
        "POST /bucket/key?uploads=",
        "DELETE /bucket/key?uploadId=u1",
        "GET /bucket/key?max-parts=1&uploadId=u1",
    ]
