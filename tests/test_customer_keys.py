"""Objects under a customer's key (SSE-C): who has it reads them, nobody else; and it never goes where all can read."""

import io
from pathlib import Path
from typing import Any

import pytest

from aios3 import Bucket, InvalidInput, ServiceError
from aios3.operations import CustomerKey, Encryption, GetObject
from tests.servers import Server
from tests.stores import NOWHERE, bucket_at, on
from tests.wire import answering, response

KEY = bytes(range(32))
OTHER = bytes(32)
SECRETS = (KEY.hex(), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", repr(KEY))


@on("sse-c")
@pytest.mark.parametrize("key", [KEY, CustomerKey(KEY)], ids=["bytes", "CustomerKey"])
async def test_object_is_read_with_its_key_only(store: Bucket, key: Any) -> None:
    await store.put("k", b"secret", customer_key=key)
    await store.put("file", io.BytesIO(b"of a file"), customer_key=key)

    assert await store.get("k", customer_key=key) == b"secret"
    assert await store.get("k", start=2, end=4, customer_key=key) == b"cr"
    assert await store.get("file", customer_key=key) == b"of a file"
    assert (await store.head("k", customer_key=key)).size == 6
    async with store.download("k", customer_key=key) as stream:
        assert await stream.read() == b"secret"
    for attempt in (store.get("k"), store.get("k", customer_key=OTHER), store.head("k")):
        with pytest.raises(ServiceError):
            await attempt


@on("sse-c")
async def test_every_part_has_the_key(store: Bucket, tmp_path: Path) -> None:
    pieces = [b"a" * 5 * 1024 * 1024, b"end"]

    await store.upload("k", iter(pieces), part_size=5 * 1024 * 1024, customer_key=KEY)

    assert await store.get("k", start=-4, customer_key=KEY) == b"aend"
    await store.download_file("k", tmp_path / "file", part_size=1024 * 1024, customer_key=KEY)
    assert (tmp_path / "file").read_bytes() == b"".join(pieces)
    with pytest.raises(ServiceError):
        await store.get("k", start=-4)


async def test_part_of_it_read_again_carries_the_key_again() -> None:
    cut = b'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nETag: "e"\r\nConnection: close\r\n\r\nsec'
    rest = b'HTTP/1.1 206 P\r\nContent-Length: 3\r\nContent-Range: bytes 3-5/6\r\nETag: "e"\r\n\r\nret'
    async with answering(cut + b"", rest) as peer:
        bucket = bucket_at(peer.port, max_attempts=3, read_timeout=0.3)
        assert await bucket.get("k", customer_key=KEY) == b"secret"
        await bucket.close()

    assert len({seen.headers["x-amz-server-side-encryption-customer-key"] for seen in peer.requests}) == 1
    assert len(peer.requests) == 2


async def test_encryption_is_asked_for() -> None:
    async with answering(response()) as peer:
        bucket = bucket_at(peer.port)
        await bucket.put("k", b"x", encryption=Encryption(server_side_encryption="aws:kms", kms_key_id="id"))
        await bucket.close()

    assert peer.last.headers["x-amz-server-side-encryption"] == "aws:kms"
    assert peer.last.headers["x-amz-server-side-encryption-aws-kms-key-id"] == "id"


@pytest.mark.parametrize("key", [b"", b"x" * 31, b"x" * 33, "x" * 32, bytearray(32)])
async def test_key_of_another_length_is_refused(key: Any) -> None:
    bucket = Bucket("b", **NOWHERE)

    for attempt in (
        bucket.put("k", b"", customer_key=key),
        bucket.upload("k", b"", customer_key=key),
        bucket.head("k", customer_key=key),
    ):
        with pytest.raises(InvalidInput, match="a customer key is 32 bytes"):
            await attempt
    with pytest.raises(InvalidInput, match="a customer key is 32 bytes"):
        await bucket.get("k", customer_key=key)


async def test_key_is_not_sent_in_the_open() -> None:
    bucket = Bucket("b", **{**NOWHERE, "aws_endpoint": "http://store.example"})

    for attempt in (
        bucket.put("k", b"x", customer_key=KEY),
        bucket.get("k", customer_key=KEY),
        bucket.head("k", customer_key=KEY),
        bucket.download("k", customer_key=KEY).__aenter__(),
    ):
        with pytest.raises(InvalidInput, match=r"customer_key is a secret.*use https") as caught:
            await attempt
        assert not any(secret in str(caught.value) for secret in SECRETS)


async def test_key_and_encryption_exclude_each_other() -> None:
    bucket = Bucket("b", **NOWHERE)

    with pytest.raises(InvalidInput, match="encryption"):
        await bucket.put("k", b"", customer_key=KEY, encryption=Encryption(server_side_encryption="AES256"))


def test_key_shows_nowhere() -> None:
    assert not any(secret in repr(CustomerKey(KEY)) for secret in SECRETS)


@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
async def test_presigned_link_needs_the_key_as_a_header(server: Server, store: Bucket) -> None:
    url = await store.client.presign(GetObject(bucket=store.name, key="k", customer_key=CustomerKey(KEY)))

    assert "x-amz-server-side-encryption-customer-key" in url.headers
    assert not any(secret in repr(url) or secret in url for secret in SECRETS)
