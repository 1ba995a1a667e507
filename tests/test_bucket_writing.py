"""Bucket.put and delete."""

import array
import asyncio
import io
import mmap
import os
import pydoc
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aios3 import (
    Bucket,
    Client,
    InvalidInput,
    NoSuchBucket,
    PreconditionFailed,
    ServiceError,
    SourceChanged,
)
from aios3.operations import Grants, ObjectLock
from aios3.verbs.options import PutOptions
from tests import oracle
from tests.servers import Server
from tests.stores import EVERY_SERVER, NOWHERE, bucket_at, on
from tests.wire import answering, response

BODY = bytes(range(256)) * 8
LARGE = os.urandom(3 * 1024 * 1024 + 17)
OTHER_ETAG = '"00000000000000000000000000000000"'

SOURCES: dict[str, Callable[[bytes], Any]] = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "memoryview of wider items": lambda body: memoryview(array.array("I", body)),
    "memoryview with gaps": lambda body: memoryview(b"".join(bytes([byte, 255]) for byte in body))[::2],
    "array": lambda body: array.array("B", body),
    "BytesIO": io.BytesIO,
}
WIDER = array.array("I", BODY).tobytes()


# --- what a body may be


@EVERY_SERVER
@pytest.mark.parametrize("kind", SOURCES)
async def test_bytes_of_every_kind_are_stored(server: Server, store: Bucket, kind: str) -> None:
    await store.put("key", SOURCES[kind](BODY))

    assert oracle.get(server, store.name, "key").body == (WIDER if "wider" in kind else BODY)


@EVERY_SERVER
async def test_text_is_stored_as_utf8(server: Server, store: Bucket) -> None:
    await store.put("key", "Grüße 😀\n")

    assert oracle.get(server, store.name, "key").body == "Grüße 😀\n".encode()


@EVERY_SERVER
@pytest.mark.parametrize("body", [b"", BODY, LARGE], ids=["empty", "small", "large"])
async def test_path_is_stored_whole(server: Server, store: Bucket, tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(body)

    await store.put("key", path)

    assert oracle.get(server, store.name, "key").body == body


@EVERY_SERVER
@pytest.mark.parametrize("offset", [0, 3, len(LARGE)])
async def test_file_is_stored_from_where_it_stands(server: Server, store: Bucket, tmp_path: Path, offset: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    with path.open("rb") as file:
        file.seek(offset)

        await store.put("key", file)

        assert not file.closed
    assert oracle.get(server, store.name, "key").body == LARGE[offset:]


@EVERY_SERVER
async def test_file_in_memory_is_stored_from_where_it_stands(server: Server, store: Bucket) -> None:
    file = io.BytesIO(BODY)
    file.seek(100)

    await store.put("key", file)

    assert oracle.get(server, store.name, "key").body == BODY[100:]


@EVERY_SERVER
async def test_large_body_arrives_as_it_is(server: Server, store: Bucket) -> None:
    await store.put("key", LARGE)

    assert oracle.get(server, store.name, "key").body == LARGE


@EVERY_SERVER
async def test_put_replaces_what_was_there(server: Server, store: Bucket) -> None:
    await store.put("key", b"a longer body")
    await store.put("key", b"short")

    assert oracle.get(server, store.name, "key").body == b"short"


async def test_mmap_is_stored_whole_and_keeps_its_place() -> None:
    async with answering(response(), response()) as peer, bucket_at(peer.port) as bucket:
        data: Any = mmap.mmap(-1, 10)
        data.write(BODY[:10])
        data.seek(4)
        for store in (bucket.put, bucket.upload):
            await store("key", data)

            assert (peer.last.body, data.tell()) == (BODY[:10], 4)
        data.close()


class Busy(io.BytesIO):
    """A file that does not block, and has nothing yet."""

    def read(self, size: int | None = -1) -> Any:
        return None


def closed(file: Any) -> Any:
    file.close()
    return file


class Pipe(io.RawIOBase):
    """A file that cannot be sought in."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (12, "not int"),
        (None, "not NoneType"),
        (["a"], "not list"),
        (io.StringIO("text"), "opened in text mode"),
        (Pipe(), "length cannot be known"),
        (closed(io.BytesIO()), "the file is closed"),
        (closed(mmap.mmap(-1, 1)), "the mmap has no bytes any more"),
        (Busy(), "the file gave NoneType, not bytes"),
        ("\ud800", "lone surrogate"),
    ],
    ids=[
        "int",
        "None",
        "list",
        "text file",
        "pipe",
        "closed file",
        "closed mmap",
        "file that has nothing",
        "surrogate",
    ],
)
async def test_body_that_cannot_be_sent_is_refused(data: Any, message: str) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match=message):
            await bucket.put("key", data)


async def test_path_of_nothing_is_the_systems_error(tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(FileNotFoundError, match="missing"):
            await bucket.put("key", tmp_path / "missing")


@pytest.mark.parametrize(
    "wrong", [{"key": 5}, {"key": ""}, {"tags": 5}, {"metadata": {"a": "\n"}}, {"acl": 5}, {"no_such_option": 5}]
)
async def test_put_that_is_refused_leaves_no_file_open(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """The file's own ResourceWarning would fail this test, as all warnings do."""
    path = tmp_path / "file"
    path.write_bytes(BODY)
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises((InvalidInput, TypeError)):
            await bucket.put(**{"key": "key", "data": path, **wrong})

    assert path not in open_files()


def open_files() -> set[Path]:
    """Return the paths of this process's open files; none where the system does not tell."""
    folder, paths = Path("/proc/self/fd"), set()
    for link in folder.iterdir() if folder.exists() else ():
        with suppress(OSError):  # the descriptor of this very listing is gone by now
            paths.add(link.readlink())
    return paths


class Changing(io.BytesIO):
    """A file that has another length when it is read than it had when it was measured."""

    def __init__(self, body: bytes, really: bytes) -> None:
        super().__init__(body)
        self._really = really

    def read(self, size: int | None = -1, /) -> bytes:
        """Measured by now: become what it really is."""
        if size != 0 and self._really is not None and self.getvalue() != self._really:
            self.truncate(0)
            self.write(self._really)
            self.seek(0)
        return super().read(size)


@EVERY_SERVER
@pytest.mark.parametrize("really", [BODY[:-1], BODY + b"x", b""], ids=["shorter", "longer", "empty"])
async def test_file_that_changes_meanwhile_is_not_stored(server: Server, store: Bucket, really: bytes) -> None:
    with pytest.raises(SourceChanged, match=f"declared {len(BODY)} bytes"):
        await store.put("key", Changing(BODY, really))

    assert oracle.get(server, store.name, "key").status == 404


# --- what stands beside the body


@on("metadata")
async def test_metadata_and_headers_come_back(store: Bucket) -> None:
    await store.put(
        "key",
        BODY,
        content_type="text/x-test; charset=utf-8",
        metadata={"Colour": "blue", "two-words": "a  b", "empty": "x"},
        cache_control="no-store",
        content_disposition='attachment; filename="a b.txt"',
        content_encoding="identity",
        content_language="de",
    )

    head = await store.head("key")

    assert head.metadata["colour"] == "blue"
    assert head.metadata["two-words"].split() == ["a", "b"]
    assert head.content_type == "text/x-test; charset=utf-8"
    assert head.cache_control == "no-store"
    assert head.content_disposition == 'attachment; filename="a b.txt"'
    assert head.content_language == "de"
    async with store.download("key") as stream:
        assert stream.metadata == head.metadata


@on("tags")
async def test_tags_are_stored(server: Server, store: Bucket) -> None:
    tags = {"colour": "light blue", "a+b": "c/d=e:f"}

    await store.put("key", BODY, tags=tags)

    answer = oracle.send(server, "GET", oracle.target(store.name, "key", "tagging="))
    assert dict(zip(answer.texts("Key"), answer.texts("Value"), strict=True)) == tags


@on("acl")
async def test_canned_acl_is_applied(server: Server, store: Bucket) -> None:
    await store.put("key", BODY, acl="public-read")

    answer = oracle.send(server, "GET", oracle.target(store.name, "key", "acl="))
    assert "READ" in list(answer.texts("Permission"))


@EVERY_SERVER
async def test_storage_class_is_sent_and_listed(store: Bucket) -> None:
    await store.put("key", BODY, storage_class="STANDARD")

    (key,) = await store.list()
    assert key.storage_class == "STANDARD"


@on("put-if-absent")
async def test_if_none_match_star_never_overwrites(store: Bucket) -> None:
    await store.put("key", b"first", if_none_match="*")

    with pytest.raises(PreconditionFailed) as caught:
        await store.put("key", b"second", if_none_match="*")
    assert (caught.value.code, caught.value.status) == ("PreconditionFailed", 412)
    assert await store.get("key") == b"first"


@on("put-if-absent")
async def test_of_ten_writers_at_once_one_is_first(store: Bucket) -> None:
    async def put(number: int) -> int | None:
        try:
            await store.put("key", str(number), if_none_match="*")
        except ServiceError as error:
            # AWS and some servers say 409 to those who come while the first is still writing.
            if error.status not in (409, 412):
                raise
            return None
        return number

    winners = [number for number in await asyncio.gather(*map(put, range(10))) if number is not None]

    assert len(winners) >= 1
    assert int(await store.get("key")) in winners


@on("put-if-match")
async def test_if_match_overwrites_only_that_object(store: Bucket) -> None:
    first = await store.put("key", b"first")

    with pytest.raises(PreconditionFailed):
        await store.put("key", b"second", if_match=OTHER_ETAG)
    await store.put("key", b"third", if_match=first.etag)
    assert await store.get("key") == b"third"


@EVERY_SERVER
async def test_put_says_the_etag(store: Bucket) -> None:
    put = await store.put("key", b"0123456789")

    assert put.etag == '"781e5e245d69b566979b86e28d23f2c7"'
    assert put.http_status == 200


@EVERY_SERVER
async def test_put_into_an_unknown_bucket_is_said(client: Client, bucket_name: str) -> None:
    for body in (BODY, LARGE, io.BytesIO(LARGE)):
        with pytest.raises(NoSuchBucket):
            await client.bucket(bucket_name).put("key", body)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"a": "b\r\nx-amz-acl: public-read"}, "CR, LF or NUL"),
        ({"a": "b\nc"}, "CR, LF or NUL"),
        ({"a\r\nb": "c"}, "cannot be a part of a header's name"),
        ({"a": "b\0"}, "CR, LF or NUL"),
        ({"a": "blü"}, "not ASCII"),
        ({"ä": "b"}, "cannot be a part of a header's name"),
        ({"a": 5}, "str keys and values"),
        ({5: "a"}, "str keys and values"),
        ({"A": "1", "a": "2"}, "metadata has the key 'a' twice"),
        (5, "metadata must be a mapping of str to str, not int"),
        ([("a", "b")], "metadata must be a mapping of str to str, not list"),
    ],
)
async def test_metadata_that_no_header_can_carry_is_refused(metadata: dict[str, str], message: str) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match=message):
            await bucket.put("key", BODY, metadata=metadata)


@pytest.mark.parametrize("tags", [5, "a=b", ["ab", 5], [("a", "b")], {"a": None}, {"a": 5}, {5: "a"}])
async def test_tags_that_are_none_are_refused(tags: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        for call in (bucket.put("key", BODY, tags=tags), bucket.set_tags("key", tags)):
            with pytest.raises(InvalidInput, match="tags must be a mapping of str to str"):
                await call
        with pytest.raises(InvalidInput, match="not NoneType"):
            await bucket.set_tags("key", None)  # type: ignore[arg-type]  # which took all tags off


async def test_tags_without_utf8_are_refused() -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput, match="tags must have a UTF-8 form"):
            await bucket.put("key", BODY, tags={"\ud800": "a"})


@pytest.mark.parametrize("name", ["content_type", "cache_control", "content_disposition", "if_match", "storage_class"])
@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "ü", "\ud800", 5])
async def test_header_that_cannot_be_sent_is_refused_by_name(name: str, value: Any) -> None:
    async with Bucket("bucket", **NOWHERE, aws_token="hunter2") as bucket:
        with pytest.raises(InvalidInput, match=name.replace("_", ".")) as raised:
            await bucket.put("key", BODY, **{name: value})

    error: BaseException | None = raised.value
    while error is not None:
        assert "hunter2" not in repr(error)
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("metadata", [{"a b": "c"}, {"a:b": "c"}, {"": "c"}], ids=["space", "colon", "empty"])
async def test_metadata_name_that_is_no_token_is_refused(metadata: dict[str, str]) -> None:
    """A colon in a name would let its rest become the value."""
    async with answering(response()) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.put("key", BODY, metadata=metadata)

    assert not peer.requests


def test_help_for_put_names_every_option() -> None:
    told = pydoc.render_doc(Bucket.put)

    assert [name for name in PutOptions.__annotations__ if not re.search(rf"\b{name}\b", told)] == []


async def test_put_takes_whatever_an_upload_takes() -> None:
    async with answering(response()) as peer, bucket_at(peer.port) as bucket:
        await bucket.put(
            "key",
            BODY,
            expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
            website_redirect_location="/elsewhere",
            grants=Grants(read='id="somebody"'),
            object_lock=ObjectLock(legal_hold_status="ON"),
        )

    sent = peer.last.headers
    assert sent["expires"] == "Wed, 02 Jan 2030 03:04:05 GMT"
    assert sent["x-amz-website-redirect-location"] == "/elsewhere"
    assert sent["x-amz-grant-read"] == 'id="somebody"'
    assert sent["x-amz-object-lock-legal-hold"] == "ON"


# --- delete


@EVERY_SERVER
async def test_delete_deletes_one_object(server: Server, store: Bucket) -> None:
    for key in ("a", "ab"):
        await store.put(key, BODY)

    deleted = await store.delete("a")

    assert deleted.http_status == 204
    assert (oracle.get(server, store.name, "a").status, oracle.get(server, store.name, "ab").status) == (404, 200)


@EVERY_SERVER
async def test_delete_takes_a_listed_key(store: Bucket) -> None:
    await store.put("key", BODY)

    for key in await store.list():
        await store.delete(key)

    assert await store.list() == []


@EVERY_SERVER
async def test_delete_of_nothing_is_no_error(store: Bucket) -> None:
    assert (await store.delete("nothing")).http_status == 204


@EVERY_SERVER
async def test_delete_in_an_unknown_bucket_is_said(client: Client, bucket_name: str) -> None:
    with pytest.raises(NoSuchBucket):
        await client.bucket(bucket_name).delete("key")
