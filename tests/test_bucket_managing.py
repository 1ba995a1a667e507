"""Bucket's verbs beyond reading and writing: copy, move, delete_many, tags, versions, uploads, waiters."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from aios3 import (
    AccessDenied,
    Bucket,
    Client,
    DeleteReport,
    InvalidInput,
    NoSuchBucket,
    NoSuchKey,
    ObjectChanged,
    PartialDelete,
    TransferError,
)
from aios3 import (
    operations as ops,
)
from tests.servers import ODD_KEYS, Server, loses_keys_of, odd_keys_with, servers_with
from tests.stores import NOWHERE, bucket_at, client_of, on
from tests.wire import answering, forwarder, response

BODY = b"0123456789"
NOT_RCLONE = [name for name in servers_with("copy", "delete-many") if name != "rclone"]
ON_THREE = pytest.mark.parametrize("server", NOT_RCLONE, indirect=True)
ODD_ON_THREE = pytest.mark.parametrize(
    ("server", "odd_key"), [pair for pair in odd_keys_with("copy") if pair[0] != "rclone"], indirect=True
)


# --- copy


@ON_THREE
async def test_copy_keeps_what_it_is_not_told(store: Bucket) -> None:
    await store.put("a", BODY, content_type="text/x", metadata={"colour": "blue"}, tags={"t": "1"})

    result = await store.copy("a", "b")

    head = await store.head("b")
    assert (result.key, result.size, result.parts, result.etag) == ("b", 10, 1, head.etag)
    assert (await store.get("b"), head.content_type, head.metadata) == (BODY, "text/x", {"colour": "blue"})
    assert await store.tags("b") == {"t": "1"}
    assert await store.get("a") == BODY


@on("copy", "tags")
async def test_copy_keeps_the_tags_where_only_the_description_is_another(store: Bucket) -> None:
    await store.put("a", b"a", tags={"age": "old", "b": "c d"})

    await store.copy("a", "b", metadata={"size": "large"})
    await store.copy("a", "c", content_type="text/x", tags={})

    assert await store.tags("b") == {"age": "old", "b": "c d"}
    assert await store.tags("c") == {}


async def test_copy_from_a_bucket_without_a_name_is_refused() -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="bucket name ''"):
            await bucket.copy("a", "b", source_bucket="")


@ON_THREE
async def test_copy_replaces_metadata_and_keeps_the_rest(store: Bucket) -> None:
    """S3's own REPLACE would lose the content type as well."""
    await store.put("a", BODY, content_type="text/x", cache_control="no-store", metadata={"colour": "blue"})

    await store.copy("a", "b", metadata={"size": "large"}, tags={"new": "a b+c"})

    head = await store.head("b")
    assert (head.content_type, head.cache_control, head.metadata) == ("text/x", "no-store", {"size": "large"})
    assert await store.tags("b") == {"new": "a b+c"}


@ON_THREE
@pytest.mark.parametrize("tags", [None, {}, {"x": "2"}])
async def test_copy_by_parts_has_the_same_bytes_and_description(store: Bucket, tags: dict[str, str] | None) -> None:
    data = bytes(range(256)) * (11 * 4096)
    await store.put("a", data, content_type="text/x", metadata={"colour": "blue"}, tags={"t": "1"})
    seen: list[tuple[int, int | None]] = []

    result = await store.copy(
        "a", "b", tags=tags, by_parts_above=6 << 20, part_size=5 << 20, progress=lambda *told: seen.append(told)
    )

    head = await store.head("b")
    assert (result.size, result.parts, result.etag) == (len(data), 3, head.etag)
    assert (await store.get("b"), head.content_type, head.metadata) == (data, "text/x", {"colour": "blue"})
    assert await store.tags("b") == ({"t": "1"} if tags is None else tags)
    assert seen[-1] == (len(data), len(data))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


@ON_THREE
async def test_copy_between_buckets_and_of_a_version(client: Client, store: Bucket, bucket_name: str) -> None:
    other = f"{bucket_name}-2"
    await client.create_bucket(other)
    versioning = ops.VersioningConfiguration(status="Enabled")
    await client.call(ops.PutBucketVersioning(bucket=store.name, versioning_configuration=versioning))
    old = await store.put("a", b"old")
    await store.put("a", b"new")

    await client.bucket(other).copy("a", "by name", source_bucket=store.name)
    await client.bucket(other).copy("a", "by bucket", source_bucket=store, source_version_id=old.version_id)

    assert await client.bucket(other).get("by name") == b"new"
    assert await client.bucket(other).get("by bucket") == b"old"


@ODD_ON_THREE
async def test_odd_keys_are_copied_and_deleted_as_they_are(store: Bucket, odd_key: str) -> None:
    await store.put(odd_key, BODY)
    await store.put("neighbour", b"stays")

    await store.copy(odd_key, "copy")
    await store.copy("copy", odd_key, metadata={"twice": "1"})

    assert await store.get("copy") == BODY
    assert (await store.head(odd_key)).metadata == {"twice": "1"}
    assert await store.delete_many([odd_key]) == DeleteReport(deleted=1)
    assert sorted([key.key for key in await store.list()]) == ["copy", "neighbour"]


@ON_THREE
async def test_copy_of_nothing_is_no_such_key(store: Bucket) -> None:
    with pytest.raises(NoSuchKey):
        await store.copy("nothing", "b")


# moto takes no AccessControlPolicy of an object.
@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
async def test_copy_keeps_grants_if_asked(client: Client, store: Bucket) -> None:
    await store.put("a", BODY, acl="public-read")

    await store.copy("a", "private")
    await store.copy("a", "public", keep_acl=True)

    grants = [
        len((await client.call(ops.GetObjectAcl(bucket=store.name, key=key))).grants) for key in ("private", "public")
    ]
    assert grants == [1, 2]


# --- move


@ON_THREE
async def test_move_leaves_one_object(store: Bucket) -> None:
    await store.put("a", BODY, metadata={"colour": "blue"})

    result = await store.move("a", "b/c")

    assert (result.key, result.size) == ("b/c", 10)
    assert [key.key for key in await store.list()] == ["b/c"]
    assert (await store.head("b/c")).metadata == {"colour": "blue"}


async def test_move_onto_itself_is_refused() -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="onto itself"):
            await bucket.move("a", "a")


def _head(etag: str, length: int = 10) -> bytes:
    return f'HTTP/1.1 200 OK\r\nETag: "{etag}"\r\nContent-Length: {length}\r\n\r\n'.encode()


COPIED = response(body=b'<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>')


@pytest.mark.parametrize(
    ("copy", "source_again", "wrong"),
    [
        (_head("1", 9), _head("1"), TransferError),
        (_head("2"), _head("1"), TransferError),
        (_head("1"), _head("3"), ObjectChanged),
    ],
    ids=["shorter copy", "another copy", "source replaced"],
)
async def test_move_deletes_nothing_unless_the_copy_is_proven(
    copy: bytes, source_again: bytes, wrong: type[Exception]
) -> None:
    async with answering(_head("1"), COPIED, copy, source_again) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(wrong):
            await bucket.move("a", "b")

    assert "DELETE" not in [seen.method for seen in peer.requests]


# --- delete_many


@ON_THREE
async def test_thousands_are_deleted_in_batches(client: Client, server: Server, store: Bucket) -> None:
    names = [f"k/{number:04}" for number in range(2100)]
    left = iter(names)

    async def fill() -> None:
        for name in left:
            await store.put(name, b"")

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(fill())
    await store.put("stays", b"")

    async with forwarder(server.port) as peer, client_of(server, port=peer.port) as near:
        report = await near.bucket(store.name).delete_many(store.keys("k/"))

    assert report == DeleteReport(deleted=2100)
    assert [key.key for key in await store.list()] == ["stays"]
    assert [seen.method for seen in peer.requests] == ["POST"] * 3


@ON_THREE
async def test_every_odd_key_at_once(server: Server, store: Bucket) -> None:
    keys = [key for name, key in ODD_KEYS.items() if name not in loses_keys_of(server.name)]
    for key in keys:
        await store.put(key, BODY)
    told: list[str | None] = []

    report = await store.delete_many(keys, on_result=lambda result: told.append(result.key))

    assert report == DeleteReport(deleted=len(keys))
    assert len(told) == len(keys)
    assert await store.list() == []


@ON_THREE
async def test_versions_and_markers_are_deleted_by_name(client: Client, store: Bucket) -> None:
    versioning = ops.VersioningConfiguration(status="Enabled")
    await client.call(ops.PutBucketVersioning(bucket=store.name, versioning_configuration=versioning))
    for body in (b"1", b"2"):
        await store.put("a", body)
    await store.delete("a")
    await store.put("b", b"3")
    found = [entry async for entry in store.versions()]

    assert [(type(entry).__name__, entry.key, entry.is_latest) for entry in found] == [
        ("DeleteMarker", "a", True),
        ("ObjectVersion", "a", False),
        ("ObjectVersion", "a", False),
        ("ObjectVersion", "b", True),
    ]
    assert [entry.key async for entry in store.versions("b")] == ["b"]
    assert await store.delete_many(store.versions()) == DeleteReport(deleted=4)
    assert [entry async for entry in store.versions(page_size=1)] == []


@ON_THREE
async def test_pair_of_key_and_version_deletes_that_version(client: Client, store: Bucket) -> None:
    versioning = ops.VersioningConfiguration(status="Enabled")
    await client.call(ops.PutBucketVersioning(bucket=store.name, versioning_configuration=versioning))
    first = await store.put("a", b"1")
    await store.put("a", b"2")

    await store.delete_many([("a", first.version_id)])

    (left,) = [entry async for entry in store.versions()]
    assert await store.get("a") == b"2"
    assert left.version_id != first.version_id


ERRORS = (
    b"<DeleteResult><Error><Key>b</Key><Code>AccessDenied</Code><Message>No</Message></Error>"
    b"<Error><Key>c</Key><Code>InternalError</Code><Message>Again</Message></Error></DeleteResult>"
)


async def test_errors_of_keys_are_reported_and_transient_ones_tried_again() -> None:
    async with answering(response(body=ERRORS), response(204)) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(
            PartialDelete, match="1 of 3 keys were not deleted, the first of them 'b': AccessDenied"
        ) as e:
            await bucket.delete_many("abc"[i] for i in range(3))

    report = e.value.report
    assert (report.deleted, [(f.key, f.code, f.message) for f in report.errors]) == (2, [("b", "AccessDenied", "No")])
    assert [seen.method for seen in peer.requests] == ["POST", "DELETE"]
    assert peer.last.path == "/bucket/c"


async def test_report_instead_of_an_error() -> None:
    async with answering(response(body=ERRORS), response(204)) as peer, bucket_at(peer.port) as bucket:
        report = await bucket.delete_many(["a", "b", "c"], raise_on_error=False)

    assert (report.deleted, len(report.errors)) == (2, 1)


@pytest.mark.parametrize("status", [405, 501])
async def test_store_without_delete_objects_is_asked_key_by_key(status: int) -> None:
    answers = [response(status), *[response(204)] * 3, *[response(204)] * 2]
    async with answering(*answers) as peer, bucket_at(peer.port, max_attempts=1) as bucket:
        report = await bucket.delete_many(["a", "b", "c"])

    assert report == DeleteReport(deleted=3)
    assert sorted(seen.path for seen in peer.requests[1:]) == ["/bucket/a", "/bucket/b", "/bucket/c"]


async def test_error_of_a_whole_request_is_raised() -> None:
    body = b"<Error><Code>NoSuchBucket</Code></Error>"
    async with answering(response(404, body)) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(NoSuchBucket):
            await bucket.delete_many(["a"])


@pytest.mark.parametrize("keys", ["abc", 3, [3], [""], [("a",)], ["\ud800"], ["k" * 1025]], ids=repr)
async def test_what_is_no_key_is_refused(keys: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.delete_many(keys)


async def test_keys_are_read_no_further_than_they_are_deleted() -> None:
    """At most the batches in flight, and one that waits."""
    taken = 0

    def keys() -> Iterator[str]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield f"key-{number}"

    denied = response(403, b"<Error><Code>AccessDenied</Code></Error>")
    async with answering(*[denied] * 3) as peer:
        async with bucket_at(peer.port) as bucket:
            with pytest.raises(AccessDenied):
                await bucket.delete_many(keys(), concurrency=2)

    assert taken <= 6000


async def test_error_of_the_iterable_is_its_own() -> None:
    async def keys() -> AsyncIterator[str]:
        yield "a"
        raise LookupError("mine")

    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(LookupError, match="mine"):
            await bucket.delete_many(keys())


# --- tags, uploads, waiting


@pytest.mark.parametrize("server", [name for name in NOT_RCLONE if name in servers_with("tags")], indirect=True)
async def test_tags_are_replaced_and_taken_off(store: Bucket) -> None:
    await store.put("a", BODY)

    await store.set_tags("a", {"x": "1 + 1", "é": "ü"})
    assert await store.tags("a") == {"x": "1 + 1", "é": "ü"}
    await store.set_tags("a", {})
    assert await store.tags("a") == {}
    with pytest.raises(NoSuchKey):
        await store.tags("nothing")


@ON_THREE
async def test_unfinished_uploads_are_listed(client: Client, store: Bucket) -> None:
    begun = {
        key: (await client.call(ops.CreateMultipartUpload(bucket=store.name, key=key))).upload_id
        for key in ("a/1", "a/é +", "b")
    }

    found = {upload.key: upload.upload_id async for upload in store.uploads("a/", page_size=1)}

    assert found == {key: begun[key] for key in ("a/1", "a/é +")}


@ON_THREE
async def test_waiting_ends_when_it_comes_about(store: Bucket) -> None:
    async with asyncio.TaskGroup() as group:
        there = group.create_task(store.wait_until_exists("a", timeout=20))
        await asyncio.sleep(0.1)
        await store.put("a", BODY)
    assert there.result().size == 10

    async with asyncio.TaskGroup() as group:
        group.create_task(store.wait_until_gone("a", timeout=20))
        await asyncio.sleep(0.1)
        await store.delete("a")


@ON_THREE
async def test_waiting_for_a_bucket_ends_when_it_comes_about(client: Client, bucket_name: str) -> None:
    name = f"{bucket_name}-2"
    async with asyncio.TaskGroup() as group:
        group.create_task(client.wait_until_bucket_exists(name, timeout=20))
        await asyncio.sleep(0.1)
        await client.create_bucket(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(client.wait_until_bucket_gone(name, timeout=20))
        await asyncio.sleep(0.1)
        await client.delete_bucket(name)


async def test_waiting_asks_less_and_less_often_until_its_time_is_over() -> None:
    async with answering(*[response(404)] * 1000) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(TimeoutError):
            await bucket.wait_until_exists("a", timeout=1)

    assert 3 <= len(peer.requests) <= 12


VERBS = {
    "copy": lambda bucket, key: bucket.copy("a", key),
    "copy from": lambda bucket, key: bucket.copy(key, "a"),
    "move": lambda bucket, key: bucket.move("a", key),
    "tags": lambda bucket, key: bucket.tags(key),
    "set_tags": lambda bucket, key: bucket.set_tags(key, {"a": "b"}),
    "wait_until_exists": lambda bucket, key: bucket.wait_until_exists(key),
    "wait_until_gone": lambda bucket, key: bucket.wait_until_gone(key),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("key", ["", "k" * 1025, "\ud800", None, 7], ids=repr)
async def test_impossible_keys_are_refused(verb: str, key: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await VERBS[verb](bucket, key)


@pytest.mark.parametrize("page_size", [0, 1001, True, "1"])
async def test_impossible_pages_are_refused(page_size: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="page_size"):
            await anext(bucket.versions(page_size=page_size))
        with pytest.raises(InvalidInput, match="page_size"):
            await anext(bucket.uploads(page_size=page_size))
