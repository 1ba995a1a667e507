"""Bucket.get, download, head and exists."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aios3 import (
    Bucket,
    Client,
    InvalidInput,
    InvalidRange,
    InvalidResponse,
    NoSuchBucket,
    NoSuchKey,
    NotModified,
    PreconditionFailed,
)
from aios3.operations import ObjectVersion
from tests import oracle
from tests.servers import Server
from tests.stores import EVERY_SERVER, NOWHERE, bucket_at, on
from tests.wire import answering, response

BODY = b"0123456789"
OTHER_ETAG = '"00000000000000000000000000000000"'


@pytest.fixture
def key(server: Server, bucket: str) -> str:
    """A key under which BODY is stored."""
    oracle.put(server, bucket, "some/key", BODY)
    return "some/key"


# --- get


@EVERY_SERVER
async def test_get_returns_the_bytes(store: Bucket, key: str) -> None:
    assert await store.get(key) == BODY


@EVERY_SERVER
async def test_get_of_an_empty_object_is_empty(store: Bucket) -> None:
    await store.put("empty", b"")

    assert await store.get("empty") == b""


@EVERY_SERVER
async def test_get_takes_a_listed_key(store: Bucket, key: str) -> None:
    (listed,) = await store.list()

    assert await store.get(listed) == BODY
    assert await store.exists(listed)


@on("ranges")
@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (0, 10), (2, 5), (9, 10), (3, None), (9, None), (5, 100), (0, 100), (-1, None), (-3, None), (-10, None)],
)
async def test_start_and_end_are_a_slice(store: Bucket, key: str, start: int, end: int | None) -> None:
    assert await store.get(key, start=start, end=end) == BODY[start:end]


@on("ranges", "long-suffix")
async def test_suffix_longer_than_the_object_is_all_of_it(store: Bucket, key: str) -> None:
    assert await store.get(key, start=-100) == BODY


@on("ranges")
@pytest.mark.parametrize(("start", "end"), [(10, None), (10, 20), (1000, None)])
async def test_range_beyond_the_end_is_invalid(store: Bucket, key: str, start: int, end: int | None) -> None:
    with pytest.raises(InvalidRange) as caught:
        await store.get(key, start=start, end=end)

    assert (caught.value.code, caught.value.status) == ("InvalidRange", 416)


@pytest.mark.parametrize(
    ("start", "end"), [(5, 5), (5, 2), (0, 0), (-3, 5), (-3, -1), (0, -1), (1.5, None), ("1", None), (0, True)]
)
async def test_slice_that_no_range_can_say_is_refused(start: int, end: int | None) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.get("key", start=start, end=end)
        with pytest.raises(InvalidInput):
            bucket.download("key", start=start, end=end)


@on("conditions")
async def test_conditions_that_hold_read_the_object(store: Bucket, key: str) -> None:
    etag = (await store.head(key)).etag
    yesterday = datetime.now(UTC) - timedelta(days=1)

    assert await store.get(key, if_match=etag) == BODY
    assert await store.get(key, if_none_match=OTHER_ETAG) == BODY
    assert await store.get(key, if_modified_since=yesterday) == BODY


@on("conditions")
async def test_conditions_that_do_not_hold_are_errors(store: Bucket, key: str) -> None:
    head = await store.head(key)

    with pytest.raises(PreconditionFailed) as failed:
        await store.get(key, if_match=OTHER_ETAG)
    with pytest.raises(NotModified) as unchanged:
        await store.get(key, if_none_match=head.etag)
    with pytest.raises(NotModified):
        await store.get(key, if_modified_since=head.last_modified)
    assert (failed.value.status, unchanged.value.status) == (412, 304)


@on("versions")
async def test_version_id_reads_that_version(server: Server, store: Bucket) -> None:
    enabled = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    oracle.send(server, "PUT", oracle.target(store.name, query="versioning="), enabled)
    old = (await store.put("key", b"old")).version_id
    new = (await store.put("key", b"newer")).version_id

    assert old is not None
    assert old != new
    assert await store.get("key", version_id=old) == b"old"
    assert await store.get("key") == b"newer"
    assert (await store.head("key", version_id=old)).size == 3
    async with store.download("key", version_id=old) as stream:
        assert (stream.version_id, await stream.read()) == (old, b"old")
    assert (await store.delete("key")).delete_marker
    assert not await store.exists("key")
    await store.delete("key", version_id=old)
    with pytest.raises(NoSuchKey):
        await store.head("key", version_id=old)


@on("versions")
async def test_listed_version_is_read_as_it_is_and_a_listed_key_as_it_is_now(
    server: Server, store: Bucket, tmp_path: Path
) -> None:
    enabled = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    oracle.send(server, "PUT", oracle.target(store.name, query="versioning="), enabled)
    await store.put("key", b"old", tags={"age": "old"})
    (listed,) = await store.list()
    (old,) = [version async for version in store.versions() if isinstance(version, ObjectVersion)]
    await store.put("key", b"newer")

    assert await store.get(old) == await store.get(old, version_id=old.version_id) == b"old"
    assert await store.get(listed) == b"newer"
    async with store.download(old) as stream:
        assert await stream.read() == b"old"
    assert (await store.head(old)).size == 3
    assert await store.exists(old)
    assert await store.tags(old) == {"age": "old"}
    await store.download_file(old, tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"old"
    await store.copy(old, "copy")
    assert await store.get("copy") == b"old"
    for call in (store.get, store.head, store.tags):
        with pytest.raises(InvalidInput, match="version_id says 'another'"):
            await call(old, version_id="another")
    for verb in (store.delete, lambda version: store.put(version, b""), lambda version: store.move(version, "moved")):
        with pytest.raises(InvalidInput, match="not ObjectVersion"):
            await verb(old)  # type: ignore[arg-type]  # what type checkers refuse, too
    assert await store.get("key") == b"newer"


@on("multipart")
async def test_part_one_of_an_object_in_one_piece_is_the_object(store: Bucket, key: str) -> None:
    assert await store.get(key, part_number=1) == BODY


@pytest.mark.parametrize("wrong", [{"end": 5}, {"start": 1}, {"start": -1}])
async def test_part_number_and_a_range_exclude_each_other(wrong: dict[str, Any]) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="exclude each other"):
            await bucket.get("key", part_number=1, **wrong)


async def test_naive_datetime_is_refused() -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="is naive"):
            await bucket.get("key", if_modified_since=datetime(2026, 1, 1))


@EVERY_SERVER
async def test_unknown_key_is_said_by_every_verb_that_reads(store: Bucket) -> None:
    for call in (store.get("nothing"), store.head("nothing"), store.download("nothing").__aenter__()):
        with pytest.raises(NoSuchKey) as caught:
            await call
        assert isinstance(caught.value, FileNotFoundError)
        assert (caught.value.code, caught.value.status) == ("NoSuchKey", 404)
    with pytest.raises(FileNotFoundError):
        await store.download("nothing")
    assert not await store.exists("nothing")


@EVERY_SERVER
async def test_unknown_bucket_is_said_where_the_answer_has_a_body(client: Client, bucket_name: str) -> None:
    nowhere = client.bucket(bucket_name)

    with pytest.raises(NoSuchBucket) as caught:
        await nowhere.get("key")
    with pytest.raises(NoSuchKey):  # HEAD answers 404, and nothing more
        await nowhere.head("key")
    assert caught.value.status == 404
    assert not await nowhere.exists("key")


# --- servers that answer ranges in ways of their own


async def test_server_that_ignores_range_never_passes_for_one_that_does_not() -> None:
    async with answering(*[response(body=BODY)] * 3) as peer, bucket_at(peer.port) as bucket:
        for start, end in ((2, 5), (2, None), (-3, None)):
            with pytest.raises(InvalidResponse, match="HTTP 200 with Content-Range: None"):
                await bucket.get("key", start=start, end=end)


@pytest.mark.parametrize(("start", "end"), [(0, 10), (0, 11), (-10, None), (-11, None)])
async def test_server_that_ignores_a_range_of_everything_is_right(start: int, end: int | None) -> None:
    async with answering(response(body=BODY)) as peer, bucket_at(peer.port) as bucket:
        assert await bucket.get("key", start=start, end=end) == BODY


@pytest.mark.parametrize(
    ("start", "end", "content_range"),
    [
        (2, 5, "bytes 3-5/10"),
        (2, 5, "bytes 2-9/10"),
        (2, 4, "bytes 2-4/10"),
        (2, 9, "bytes 2-4/10"),
        (2, None, "bytes 2-4/10"),
        (2, None, "bytes 2-4/*"),
        (-3, None, "bytes 0-2/10"),
        (-3, None, "bytes 6-9/10"),
        (2, 5, "bytes */10"),
        (2, 5, "2-4/10"),
    ],
)
async def test_another_range_than_the_one_asked_for_is_an_error(
    start: int, end: int | None, content_range: str
) -> None:
    answer = response(206, b"xyz", {"Content-Range": content_range})
    async with answering(answer) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse, match="asked for bytes="):
            await bucket.get("key", start=start, end=end)


async def test_a_part_that_nobody_asked_for_is_not_the_whole() -> None:
    answer = response(206, b"0123456789", {"Content-Range": "bytes 0-9/25600"})
    async with answering(answer, answer, answer) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse, match="asked for all, the server sent HTTP 206"):
            await bucket.get("key")
        with pytest.raises(InvalidResponse, match="asked for all, the server sent HTTP 206"):
            await bucket.download("key")

        assert await bucket.get("key", part_number=1) == b"0123456789"


async def test_range_of_an_object_of_unknown_size_is_taken() -> None:
    answer = response(206, b"xyz", {"Content-Range": "bytes 2-4/*"})
    async with answering(answer) as peer, bucket_at(peer.port) as bucket:
        assert await bucket.get("key", start=2, end=5) == b"xyz"


# --- head and exists


@on("metadata")
async def test_head_says_what_is_stored(store: Bucket) -> None:
    put = await store.put("key", BODY, content_type="text/x-test", metadata={"colour": "blue"})

    head = await store.head("key")

    assert (head.size, head.content_length, head.http_status) == (10, 10, 200)
    assert (head.content_type, head.metadata, head.etag) == ("text/x-test", {"colour": "blue"}, put.etag)
    assert head.last_modified is not None
    assert head.last_modified.tzinfo is not None
    assert head.headers["content-length"] == "10"


@EVERY_SERVER
async def test_exists_tells_what_is_there(store: Bucket, key: str) -> None:
    assert await store.exists(key)
    assert not await store.exists(key[:-1])


async def test_exists_is_no_answer_when_the_server_has_none() -> None:
    async with answering(*[b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"]) as peer:
        async with bucket_at(peer.port) as bucket:
            with pytest.raises(Exception, match="HTTP 400"):
                await bucket.exists("key")
