"""Bucket.list, keys and pages."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from aiohttp import ClientSession
from yarl import URL

from aios3 import Bucket, Client, InvalidInput, InvalidResponse, Key, NoSuchBucket, ServiceError, TooManyKeys
from aios3.operations.listing import ListObjects, ListObjectsResult, ListObjectsV2, ListObjectsV2Result
from aios3.protocol import runs, xml_codec
from tests import oracle
from tests.servers import Server, servers_with
from tests.stores import EVERY_SERVER, NOWHERE, bucket_at, client_of, on
from tests.wire import answering, forwarder, response

T = TypeVar("T")

MANY = 2500
# rclone reads the folder anew for every object: that many take it two minutes.
CAN_TAKE_MANY = [name for name in servers_with("list-pages") if name != "rclone"]
# In the order of their UTF-8 bytes, which is not that of UTF-16 (the last two) nor of any alphabet.
IN_ORDER = ("A", "B/x", "a b", "a+b", "a-b", "a/b", "ab", "é", "\uff5e", "😀")


async def all_of(items: AsyncIterator[T]) -> list[T]:
    return [item async for item in items]


async def fill(bucket: Bucket, keys: Iterable[str]) -> None:
    """Store empty objects, some at once."""
    left = iter(keys)

    async def put_what_is_left() -> None:
        for key in left:
            await bucket.put(key, b"")

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(put_what_is_left())


def names(keys: Iterable[Key]) -> list[str]:
    return [key.key for key in keys]


# --- list


@EVERY_SERVER
async def test_listed_key_says_what_s3_knows(store: Bucket) -> None:
    put = await store.put("some/key", b"0123456789")

    (key,) = await store.list()

    assert isinstance(key, Key)
    assert (key.key, key.size) == ("some/key", 10)
    assert key.etag is not None
    assert key.etag.strip('"') == (put.etag or "").strip('"')
    assert key.storage_class == "STANDARD"
    assert key.last_modified is not None
    assert key.last_modified.tzinfo is not None
    assert abs(datetime.now(UTC) - key.last_modified) < timedelta(minutes=5)


@EVERY_SERVER
async def test_empty_bucket_lists_nothing(store: Bucket) -> None:
    assert await store.list() == []


@EVERY_SERVER
async def test_list_gives_the_keys_that_begin_with_the_prefix(store: Bucket) -> None:
    await fill(store, ["a/1", "a/2", "ab", "b/1"])

    assert names(await store.list("a/")) == ["a/1", "a/2"]
    assert names(await store.list("a")) == ["a/1", "a/2", "ab"]
    assert await store.list("nothing") == []


@EVERY_SERVER
async def test_list_is_in_the_order_of_utf8_bytes(store: Bucket) -> None:
    await fill(store, reversed(IN_ORDER))

    assert names(await store.list()) == list(IN_ORDER)


@EVERY_SERVER
async def test_list_of_exactly_max_keys_is_whole(store: Bucket) -> None:
    await fill(store, ["a", "b", "c"])

    assert names(await store.list(max_keys=3)) == ["a", "b", "c"]


@EVERY_SERVER
async def test_one_key_more_than_max_keys_is_too_many(store: Bucket) -> None:
    await fill(store, ["a", "b", "c"])

    with pytest.raises(TooManyKeys, match="more than 2 keys that begin with ''") as caught:
        await store.list(max_keys=2)
    assert isinstance(caught.value, AssertionError)


@pytest.mark.parametrize("server", CAN_TAKE_MANY, indirect=True)
async def test_2500_keys_come_in_pages_and_in_order(store: Bucket) -> None:
    expected = [f"key-{number:04}" for number in range(MANY)]
    await fill(store, [*expected, "other"])

    assert names(await store.list("key-", max_keys=MANY)) == expected
    assert names(await all_of(store.keys("key-"))) == expected
    assert [len(page.keys) for page in await all_of(store.pages("key-"))] == [1000, 1000, 500]
    with pytest.raises(TooManyKeys):
        await store.list("key-")


LISTS: list[tuple[type[ListObjectsResult | ListObjectsV2Result], ListObjects | ListObjectsV2]] = [
    (ListObjectsResult, ListObjects(bucket="")),
    (ListObjectsV2Result, ListObjectsV2(bucket="")),
    (ListObjectsV2Result, ListObjectsV2(bucket="", encoding_type="url", fetch_owner=True)),
]


@EVERY_SERVER
async def test_long_page_of_each_server_is_read_by_columns(store: Bucket) -> None:
    """What is read so, is what xml_codec reads; see tests.protocol.test_runs."""
    await fill(store, [f"{'long ' * 40}<&>/{name}" for name in [*IN_ORDER, *range(30)]])

    for cls, operation in LISTS:
        url = await store.client.presign(operation.replace(bucket=store.name))
        async with ClientSession() as session, session.get(URL(str(url), encoded=True)) as answer:
            body = await answer.read()
        page = runs.read(cls, body, cls.root)
        assert page is not None
        assert page == xml_codec.read_root(cls, xml_codec.parse(body), cls.root)
        assert len(page.contents) == 40


@pytest.mark.parametrize("max_keys", [0, -1, True, "5", 1.5, None])
async def test_max_keys_that_is_no_count_is_refused(max_keys: int) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="max_keys must be a whole number from 1"):
            await bucket.list(max_keys=max_keys)


@EVERY_SERVER
async def test_unknown_bucket_is_said_by_every_way_to_list(client: Client, bucket_name: str) -> None:
    nowhere = client.bucket(bucket_name)

    for listing in (nowhere.list(), all_of(nowhere.keys()), all_of(nowhere.pages(delimiter="/"))):
        with pytest.raises(NoSuchBucket):
            await listing


# --- keys


@on("list-pages")
@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 1000])
async def test_keys_are_the_same_whatever_the_page_size(store: Bucket, page_size: int) -> None:
    await fill(store, ["a", "b", "c"])

    assert names(await all_of(store.keys(page_size=page_size))) == ["a", "b", "c"]


@EVERY_SERVER
async def test_keys_begin_after_start_after(store: Bucket) -> None:
    await fill(store, ["a", "b", "c"])

    assert names(await all_of(store.keys(start_after="a"))) == ["b", "c"]
    assert names(await all_of(store.keys(start_after="bb"))) == ["c"]
    assert await all_of(store.keys(start_after="c")) == []


@on("list-pages", "signatures")
async def test_keys_asks_for_a_page_only_when_it_is_needed(server: Server, bucket: str) -> None:
    for key in "abcd":
        oracle.put(server, bucket, key, b"")
    async with forwarder(server.port) as wire, client_of(server, port=wire.port) as client:
        async with aclosing(client.bucket(bucket).keys(page_size=2)) as keys:  # type: ignore[type-var]  # it has aclose
            first, second = await anext(keys), await anext(keys)
        asked = len(wire.requests)

    assert names([first, second]) == ["a", "b"]
    assert asked == 1


@pytest.mark.parametrize("page_size", [0, -1, 1001, True, "5", 1.5])
async def test_page_size_out_of_bounds_is_refused(page_size: int) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="page_size must be 1 to 1000"):
            bucket.pages(page_size=page_size)
        with pytest.raises(InvalidInput, match="page_size must be 1 to 1000"):
            await anext(bucket.keys(page_size=page_size))


# --- pages


@EVERY_SERVER
async def test_pages_fold_keys_at_the_delimiter(store: Bucket) -> None:
    await fill(store, ["a/1", "a/2", "b c+d/é", "e"])

    (page,) = await all_of(store.pages(delimiter="/"))

    assert page.prefixes == ("a/", "b c+d/")
    assert names(page.keys) == ["e"]


@EVERY_SERVER
async def test_pages_fold_below_a_prefix(store: Bucket) -> None:
    await fill(store, ["a/1", "a/b/2", "a/b/3", "c"])

    (page,) = await all_of(store.pages("a/", delimiter="/"))

    assert (page.prefixes, names(page.keys)) == (("a/b/",), ["a/1"])


@on("list-pages")
async def test_prefixes_and_keys_come_once_over_several_pages(store: Bucket) -> None:
    await fill(store, ["a/1", "a/2", "b/1", "b/2", "c", "d"])

    pages = await all_of(store.pages(delimiter="/", page_size=1))

    assert [prefix for page in pages for prefix in page.prefixes] == ["a/", "b/"]
    assert [name for page in pages for name in names(page.keys)] == ["c", "d"]
    assert all(len(page.keys) + len(page.prefixes) <= 1 for page in pages)


@EVERY_SERVER
async def test_empty_delimiter_is_not_sent(store: Bucket) -> None:
    await fill(store, ["a/1"])

    (page,) = await all_of(store.pages(delimiter=""))

    assert (page.prefixes, names(page.keys), page.delimiter or "") == ((), ["a/1"], "")


# --- pages that no good server sends


def page(*, truncated: bool, token: str = "", keys: str = "") -> bytes:
    """Return a page of a listing, not url-encoded."""
    contents = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    next_token = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    return response(
        body=f"<ListBucketResult><IsTruncated>{str(truncated).lower()}</IsTruncated>{contents}{next_token}"
        "</ListBucketResult>".encode()
    )


async def test_same_token_twice_ends_instead_of_looping() -> None:
    async with answering(*[page(truncated=True, token="again", keys="a")] * 5) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse, match="'again'"):
            await bucket.list()

    assert len(peer.requests) == 2


@pytest.mark.parametrize("tokens", ["ab", "abcde", "xabc", "xyzab"])
async def test_tokens_that_come_round_end_the_listing(tokens: str) -> None:
    circle = tokens.lstrip("xyz")
    answers = [page(truncated=True, token=token, keys="k") for token in tokens + circle * 10]
    async with answering(*answers) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse, match="the pages begin again"):
            await all_of(bucket.keys())

    assert len(peer.requests) < 3 * len(tokens) + 2


async def test_truncated_page_without_a_token_is_an_error_not_the_end() -> None:
    async with answering(page(truncated=True, keys="a")) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse, match=r"has no continuation.token"):
            await bucket.list()


async def test_page_in_plain_text_is_not_decoded() -> None:
    """A server that does not echo encoding-type has not encoded: a percent sign is one."""
    body = b"<ListBucketResult><Contents><Key>a%20b+c</Key></Contents></ListBucketResult>"
    async with answering(response(body=body)) as peer, bucket_at(peer.port) as bucket:
        assert names(await bucket.list()) == ["a%20b+c"]


async def test_page_that_echoes_the_encoding_is_decoded_once() -> None:
    body = (
        b"<ListBucketResult><EncodingType>url</EncodingType><Prefix>a%2Bb</Prefix>"
        b"<Contents><Key>a+b%2520c%01</Key></Contents>"
        b"<CommonPrefixes><Prefix>%F0%9F%98%80+</Prefix></CommonPrefixes></ListBucketResult>"
    )
    async with answering(response(body=body)) as peer, bucket_at(peer.port) as bucket:
        (found,) = await all_of(bucket.pages())

    assert (found.prefix, names(found.keys), found.prefixes) == ("a+b", ["a b%20c\x01"], ("😀 ",))


async def test_raw_control_character_costs_one_character_not_the_page() -> None:
    body = (
        b"<ListBucketResult><Contents><Key>a\x01b</Key></Contents><Contents><Key>c</Key></Contents></ListBucketResult>"
    )
    async with answering(response(body=body)) as peer, bucket_at(peer.port) as bucket:
        assert names(await bucket.list()) == ["a\ufffdb", "c"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>It works!</body></html>",
        b"<ListBucketResult><Contents><Key>a</Key>",
        b"<ListBucketResult><Contents><Size>many</Size></Contents></ListBucketResult>",
        b"<ListBucketResult><IsTruncated>perhaps</IsTruncated></ListBucketResult>",
        b"<ListBucketResult><Contents><LastModified>soon</LastModified></Contents></ListBucketResult>",
        b"<ListAllMyBucketsResult/>",
        b'{"keys": []}',
        b"\xff\xfe<\x00a\x00/\x00>\x00",
    ],
    ids=["empty", "html", "cut", "size", "boolean", "time", "another document", "json", "utf-16"],
)
async def test_page_that_cannot_be_read_is_an_invalid_response(body: bytes) -> None:
    async with answering(response(body=body)) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse):
            await bucket.list()


async def test_error_document_with_status_200_is_an_error() -> None:
    body = b"<Error><Code>InternalError</Code><Message>We failed.</Message></Error>"
    async with answering(*[response(body=body)] * 9) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(ServiceError, match="InternalError"):
            await bucket.list()
