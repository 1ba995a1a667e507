"""Client: buckets as a whole, credentials, operations by name."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from aios3 import (
    AccessDenied,
    Bucket,
    BucketAlreadyExists,
    BucketNotEmpty,
    Client,
    ConnectError,
    Credentials,
    CredentialsError,
    InvalidAccessKeyId,
    InvalidBucketName,
    InvalidInput,
    NoSuchBucket,
    NoSuchKey,
    SignatureDoesNotMatch,
    operations,
)
from tests import oracle
from tests.loops import BOTH_LOOPS
from tests.servers import Keys, Server, free_port
from tests.stores import EVERY_SERVER, NOWHERE, bucket_at, client_at, client_of, on, options
from tests.wire import answering, forwarder, response

BODY = b"0123456789"


async def names(client: Client, prefix: str = "") -> list[str]:
    return [entry.name async for entry in client.buckets(prefix)]


# --- buckets


@EVERY_SERVER
async def test_bucket_is_made_found_and_deleted(client: Client, bucket_name: str) -> None:
    assert not await client.bucket_exists(bucket_name)
    await client.create_bucket(bucket_name)
    assert await client.bucket_exists(bucket_name)
    assert bucket_name in await names(client)
    await client.delete_bucket(bucket_name)

    assert not await client.bucket_exists(bucket_name)
    assert bucket_name not in await names(client)


@EVERY_SERVER
async def test_buckets_are_found_by_prefix(client: Client) -> None:
    prefix = f"aios3-{uuid.uuid4().hex[:10]}"
    for name in (f"{prefix}-b", f"{prefix}-a", f"{prefix}x"):
        await client.create_bucket(name)

    assert sorted(await names(client, f"{prefix}-")) == [f"{prefix}-a", f"{prefix}-b"]


@EVERY_SERVER
async def test_listed_bucket_says_when_it_was_made(client: Client, bucket: str) -> None:
    (entry,) = [entry async for entry in client.buckets(bucket)]

    assert entry.name == bucket
    assert entry.creation_date is not None
    assert entry.creation_date.tzinfo is not None


async def test_buckets_come_page_by_page() -> None:
    def page(name: str, token: str) -> bytes:
        body = f"<ListAllMyBucketsResult><Buckets><Bucket><Name>{name}</Name></Bucket></Buckets>{token}</ListAllMyBucketsResult>"
        return response(body=body.encode())

    token = "<ContinuationToken>a+b/c=</ContinuationToken>"
    async with answering(page("one", token), page("two", "")) as peer:
        async with client_at(peer.port) as client:
            assert await names(client) == ["one", "two"]

    assert peer.last.target == b"/?continuation-token=a%2Bb%2Fc%3D"


@EVERY_SERVER
async def test_bucket_with_something_in_it_is_not_deleted(client: Client, store: Bucket) -> None:
    await store.put("key", BODY)

    with pytest.raises(BucketNotEmpty) as caught:
        await client.delete_bucket(store.name)
    assert caught.value.status == 409
    assert await store.exists("key")


@EVERY_SERVER
async def test_unknown_bucket_is_said(client: Client, bucket_name: str) -> None:
    for call in (client.delete_bucket(bucket_name), client.bucket_region(bucket_name)):
        with pytest.raises(NoSuchBucket):
            await call


@EVERY_SERVER
async def test_name_that_the_store_does_not_take_is_its_error(client: Client) -> None:
    with pytest.raises(InvalidBucketName):
        await client.create_bucket("X_")


@EVERY_SERVER
async def test_name_that_cannot_be_addressed_is_ours(client: Client) -> None:
    for call in (
        client.create_bucket("a/b"),
        client.bucket_exists(""),
        client.delete_bucket(".."),
        client.bucket_region("a/b"),
    ):
        with pytest.raises(InvalidInput, match="bucket name"):
            await call


@EVERY_SERVER
async def test_region_is_what_the_store_says(server: Server, client: Client, bucket: str) -> None:
    answer = oracle.send(server, "HEAD", oracle.target(bucket))
    located = oracle.send(server, "GET", oracle.target(bucket, query="location="))
    expected = answer.headers.get("x-amz-bucket-region") or located.text("LocationConstraint") or "us-east-1"

    assert await client.bucket_region(bucket) == expected


@pytest.mark.parametrize(("place", "region"), [("", "us-east-1"), ("EU", "eu-west-1"), ("eu-north-1", "eu-north-1")])
async def test_old_names_of_regions_are_translated(place: str, region: str) -> None:
    located = response(body=f"<LocationConstraint>{place}</LocationConstraint>".encode())
    async with answering(response(), located) as peer:
        async with client_at(peer.port) as client:
            assert await client.bucket_region("bucket") == region

    assert [seen.target for seen in peer.requests] == [b"/bucket", b"/bucket?location="]


async def test_create_bucket_says_where_only_when_asked() -> None:
    async with answering(*[response()] * 3) as peer:
        async with client_at(peer.port, aws_region="eu-north-1") as client:
            await client.create_bucket("bucket")
            await client.create_bucket("bucket", region="us-east-1")
            await client.create_bucket("bucket", region="eu-west-3")

    bodies = [seen.body for seen in peer.requests]
    assert bodies[:2] == [b"", b""]
    assert b"<LocationConstraint>eu-west-3</LocationConstraint>" in bodies[2]


@on("second-user")
async def test_bucket_of_somebody_else_exists_and_is_closed(server: Server, store: Bucket) -> None:
    await store.put("key", BODY)
    async with client_of(server, keys=server.second_user) as stranger:
        assert await stranger.bucket_exists(store.name)
        assert store.name not in await names(stranger)
        with pytest.raises(AccessDenied) as caught:
            await stranger.bucket(store.name).get("key")
        with pytest.raises(BucketAlreadyExists):
            await stranger.create_bucket(store.name)

    assert (caught.value.code, caught.value.status) == ("AccessDenied", 403)


# --- credentials


@on("signatures")
async def test_wrong_secret_is_said_by_every_verb_with_an_answer(server: Server, store: Bucket) -> None:
    keys = Keys(access_key=server.access_key, secret_key="not the secret")
    async with client_of(server, keys=keys) as client:
        bucket = client.bucket(store.name)
        for call in (
            names(client),
            bucket.list(),
            bucket.get("key"),
            bucket.download("key").__aenter__(),
            bucket.put("key", BODY),
            bucket.put("key", bytes(3 << 20)),
            bucket.delete("key"),
            client.create_bucket("another"),
        ):
            with pytest.raises(SignatureDoesNotMatch) as caught:
                await call
            assert (caught.value.code, caught.value.status) == ("SignatureDoesNotMatch", 403)
        with pytest.raises(AccessDenied):  # a HEAD has no body to say more in
            await bucket.head("key")
        with pytest.raises(AccessDenied):
            await bucket.exists("key")
    assert await store.list() == []


@on("signatures")
async def test_unknown_access_key_is_said(server: Server, bucket: str) -> None:
    keys = Keys(access_key="AIOS3NOBODYHASTHIS00", secret_key=server.secret_key)
    async with client_of(server, keys=keys) as client:
        with pytest.raises(InvalidAccessKeyId) as caught:
            await client.bucket(bucket).get("key")

    assert (caught.value.code, caught.value.status) == ("InvalidAccessKeyId", 403)


@on("signatures")
async def test_credentials_may_come_from_a_function(server: Server, bucket: str) -> None:
    async def provide() -> Credentials:
        return Credentials(server.access_key, server.secret_key)

    for given in (Credentials(server.access_key, server.secret_key), provide):
        async with Client(credentials=given, aws_endpoint=server.endpoint) as client:
            assert await client.bucket(bucket).list() == []


@on("signatures")
async def test_credentials_come_from_the_environment(
    server: Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    async with Client(aws_endpoint=server.endpoint) as client:
        assert await client.bucket(bucket).list() == []


@pytest.mark.parametrize("only", ["", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
async def test_no_credentials_says_what_was_tried(only: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    if only:
        monkeypatch.setenv(only, "value")
    async with Client(aws_endpoint="http://127.0.0.1:9") as client:
        with pytest.raises(CredentialsError, match=f"only {only} is set" if only else "are not set"):
            await client.bucket("bucket").list()


@on("access-control")
async def test_anonymous_client_signs_nothing(server: Server, store: Bucket) -> None:
    await store.put("open", BODY)
    acl = {"x-amz-acl": "public-read"}
    assert oracle.send(server, "PUT", oracle.target(store.name, "open", "acl="), headers=acl).status == 200
    await store.put("closed", BODY)
    async with forwarder(server.port) as wire:
        endpoint = f"http://127.0.0.1:{wire.port}"
        async with Bucket(store.name, anonymous=True, aws_endpoint=endpoint) as bucket:
            assert await bucket.get("open") == BODY
            with pytest.raises(AccessDenied):
                await bucket.get("closed")

    assert all("authorization" not in seen.headers for seen in wire.requests)


async def test_session_token_is_sent_and_signed() -> None:
    async with answering(response(body=BODY)) as peer:
        async with bucket_at(peer.port, aws_token="the/token+=") as bucket:
            await bucket.get("key")

    assert peer.last.headers["x-amz-security-token"] == "the/token+="
    assert "x-amz-security-token" in peer.last.headers["authorization"]


# --- calls


@EVERY_SERVER
async def test_operation_is_called_by_its_name(client: Client, store: Bucket) -> None:
    await store.put("key", BODY)

    result = await client.call(operations.HeadObject(bucket=store.name, key="key"))
    pages = [page async for page in client.pages(operations.ListObjectsV2(bucket=store.name))]

    assert result.content_length == 10
    assert [key.key for page in pages for key in page.contents] == ["key"]


@EVERY_SERVER
async def test_result_with_a_body_is_a_context(client: Client, store: Bucket) -> None:
    await store.put("key", BODY)

    async with await client.call(operations.GetObject(bucket=store.name, key="key")) as result:
        assert await result.body.read(4) == BODY[:4]


@pytest.mark.parametrize("watcher", [None, print], ids=["unwatched", "watched"])
@pytest.mark.parametrize(
    ("given", "what"),
    [(5, "int"), (None, "NoneType"), ("HeadBucket", "str"), (operations.GetObject, "the class GetObject")],
)
async def test_what_is_no_operation_is_not_called(given: Any, what: str, watcher: Any) -> None:
    async with Client(**NOWHERE, on_attempt=watcher) as client:
        # The way of what has no bucket is known by then.
        await client.presign(operations.ListBuckets())
        for work in (client.call, client.presign, client.presign_post, client.url):
            with pytest.raises(InvalidInput, match=f"an operation is wanted, .*, not {what}$"):
                await work(given)


async def test_form_without_an_object_is_refused() -> None:
    async with Client(**NOWHERE) as client:
        with pytest.raises(InvalidInput, match="give a PutObject, not a ListBuckets"):
            await client.presign_post(operations.ListBuckets())


async def test_operation_without_pages_has_none() -> None:
    async with Client(**NOWHERE) as client:
        with pytest.raises(InvalidInput, match="HeadObject has no pages"):
            await anext(client.pages(operations.HeadObject(bucket="bucket", key="key")))


async def test_common_headers_go_with_every_request() -> None:
    async with answering(*[response()] * 2) as peer:
        async with client_at(
            peer.port,
            expected_bucket_owner="111122223333",
            request_payer="requester",
            user_agent="photo-album/2",
        ) as client:
            await client.bucket("bucket").put("key", BODY)
            await client.bucket("bucket").exists("key")

    for seen in peer.requests:
        assert seen.headers["x-amz-expected-bucket-owner"] == "111122223333"
        assert seen.headers["x-amz-request-payer"] == "requester"
        assert seen.headers["user-agent"].startswith("photo-album/2 aios3/")


@EVERY_SERVER
@BOTH_LOOPS
async def test_forty_calls_at_once_share_a_few_connections(server: Server, bucket: str) -> None:
    async with client_of(server, max_connections=8) as client:
        store = client.bucket(bucket)
        async with asyncio.TaskGroup() as group:
            for number in range(20):
                group.create_task(store.put(f"key-{number:02}", str(number)))
        bodies = await asyncio.gather(*(store.get(f"key-{number:02}") for number in range(20)))

    assert bodies == [str(number).encode() for number in range(20)]


@on("tls")
async def test_tls_with_an_authority_of_ones_own(server: Server, store: Bucket) -> None:
    await store.put("key", BODY)
    assert server.tls_endpoint is not None
    secure = {**options(server), "aws_endpoint": server.tls_endpoint}

    async with Client(**secure, verify=str(server.ca)) as trusting, Client(**secure) as strict:
        assert await trusting.bucket(store.name).get("key") == BODY
        assert await trusting.bucket(store.name).put("other", bytes(1 << 20))
        with pytest.raises(ConnectError, match="certificate"):
            await strict.bucket(store.name).get("key")


# --- the end


async def test_server_that_is_down_is_a_connect_error() -> None:
    port = free_port()
    async with client_at(port) as client:
        with pytest.raises(ConnectError, match=f"cannot connect to 127.0.0.1:{port}") as caught:
            await client.bucket("bucket").get("key")

    assert isinstance(caught.value, ConnectionError)


async def test_closed_client_says_so_to_every_call() -> None:
    client = Client(**NOWHERE)
    await client.close()
    await client.close()

    for call in (
        client.create_bucket("bucket"),
        client.bucket_exists("bucket"),
        names(client),
        client.bucket("bucket").get("key"),
    ):
        with pytest.raises(InvalidInput, match="the client is closed"):
            await call


async def test_client_closed_by_its_context_is_closed(moto: Server, bucket_name: str) -> None:
    async with client_of(moto) as client:
        bucket = client.bucket(bucket_name)
        with pytest.raises(NoSuchBucket):
            await bucket.list()

    with pytest.raises(InvalidInput, match="the client is closed"):
        await bucket.list()


@pytest.fixture
async def hung(moto: Server) -> AsyncIterator[Client]:
    """A client with a stream that nobody reads on."""
    async with client_of(moto) as client:
        yield client


async def test_close_does_not_wait_for_streams(hung: Client, bucket_name: str) -> None:
    await hung.create_bucket(bucket_name)
    await hung.bucket(bucket_name).put("key", bytes(8 << 20))
    stream = await hung.bucket(bucket_name).download("key")

    async with asyncio.timeout(5):
        await hung.close()

    with pytest.raises(Exception, match="closed"):
        await stream.read()


async def test_not_found_is_not_mixed_up_between_buckets_and_keys() -> None:
    """A 404 with an empty body says neither; the operation does."""
    empty = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    async with answering(*[empty] * 3) as peer:
        async with client_at(peer.port) as client:
            with pytest.raises(NoSuchKey):
                await client.bucket("bucket").get("key")
            with pytest.raises(NoSuchBucket):
                await client.bucket("bucket").list()
            with pytest.raises(NoSuchBucket):
                await client.delete_bucket("bucket")
