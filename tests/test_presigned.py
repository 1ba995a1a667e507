"""What is presigned: URLs and forms, as texts and as they are used by clients that are none of ours."""

import asyncio
import json
import urllib.error
import urllib.request
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from aios3 import Bucket, Client, Credentials, CredentialsError, InvalidInput, PresignedURL
from aios3 import operations as ops
from tests import oracle
from tests.servers import ODD_KEYS, Server
from tests.stores import client_of, on

KEYS: dict[str, Any] = {"aws_key": "AKIDEXAMPLE", "aws_secret": "hunter2", "aws_region": "eu-west-1"}


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def fetched(url: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None) -> Any:
    """Return status, headers and body, as urllib gets them: it knows nothing of S3."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


async def fetch(
    url: str, method: str = "GET", headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, Message, bytes]:
    found: tuple[int, Message, bytes] = await asyncio.to_thread(fetched, url, method, headers, body)
    return found


# ------------------------------------------------------------------ what is signed
async def test_url_names_object_method_headers_and_end() -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    url = await Bucket("bucket", **KEYS).presign(
        "a b", method="PUT", expires_in=60, headers={"Content-Type": "image/png"}
    )

    assert isinstance(url, str)
    assert url.startswith("https://bucket.s3.eu-west-1.amazonaws.com/a%20b?X-Amz-Algorithm=AWS4-HMAC-SHA256&")
    assert query_of(url)["X-Amz-SignedHeaders"] == "content-type;host"
    assert (url.method, url.headers) == ("PUT", {"content-type": "image/png"})
    assert before + timedelta(seconds=60) <= url.expires_at <= datetime.now(UTC) + timedelta(seconds=60)
    assert "X-Amz-Signature" not in repr(url)


HOSTS = [
    ("http://127.0.0.1:80", "http://127.0.0.1/bucket/k?"),
    ("https://store.example:443", "https://store.example/bucket/k?"),
    ("http://store.example:443", "http://store.example:443/bucket/k?"),
    ("https://store.example:9000/s3", "https://store.example:9000/s3/bucket/k?"),
]


@pytest.mark.parametrize(("endpoint", "start"), HOSTS)
async def test_default_port_is_dropped_and_any_other_kept(endpoint: str, start: str) -> None:
    here = await Bucket("bucket", **KEYS, aws_endpoint=endpoint).presign("k")
    elsewhere = await Bucket("bucket", **KEYS, aws_endpoint="http://10.0.0.1:9").presign("k", public_endpoint=endpoint)

    assert here.startswith(start)
    assert elsewhere.startswith(start)


NAMES = [
    ("report 1.pdf", 'attachment; filename="report 1.pdf"'),
    ("ü'\".txt", "attachment; filename=\"_'_.txt\"; filename*=UTF-8''%C3%BC%27%22.txt"),
    ("a/b\\c%41.txt", "attachment; filename=\"a_b_c_41.txt\"; filename*=UTF-8''a%2Fb%5Cc%2541.txt"),
    ("😀", "attachment; filename=\"_\"; filename*=UTF-8''%F0%9F%98%80"),
]


@pytest.mark.parametrize(("filename", "disposition"), NAMES)
async def test_filename_is_written_as_rfc_6266_says(filename: str, disposition: str) -> None:
    url = await Bucket("bucket", **KEYS).presign("k", filename=filename)

    assert query_of(url)["response-content-disposition"] == disposition


async def test_response_headers_and_version_are_in_the_query() -> None:
    url = await Bucket("bucket", **KEYS).presign(
        "k", version_id="v/1", response_headers={"Content-Type": "text/plain", "response-cache-control": "no-store"}
    )

    query = query_of(url)
    assert (query["versionId"], query["response-content-type"]) == ("v/1", "text/plain")
    assert query["response-cache-control"] == "no-store"
    assert url.headers == {}


async def test_url_alone_says_who_pays_and_who_owns() -> None:
    """S3 reads these two from the query as well: a link cannot send headers."""
    client = Client(**KEYS, request_payer="requester", expected_bucket_owner="123456789012")

    url = await client.bucket("bucket").presign("k")

    query = query_of(url)
    assert (query["x-amz-request-payer"], query["x-amz-expected-bucket-owner"]) == ("requester", "123456789012")
    assert (query["X-Amz-SignedHeaders"], url.headers) == ("host", {})


async def test_any_operation_can_be_presigned() -> None:
    client = Client(**KEYS)

    part = await client.presign(ops.UploadPart(bucket="bucket", key="k", part_number=3, upload_id="u/1"), expires_in=9)
    rules = ops.CORSConfiguration(cors_rules=(ops.CORSRule(allowed_methods=("GET",), allowed_origins=("*",)),))
    cors = await client.presign(ops.PutBucketCors(bucket="bucket", cors_configuration=rules))

    assert (part.method, query_of(part)["partNumber"], query_of(part)["uploadId"]) == ("PUT", "3", "u/1")
    assert query_of(part)["X-Amz-Expires"] == "9"
    # Its body is fixed by a digest, which must be sent with it.
    assert set(cors.headers) == {"content-md5", "content-type"}
    assert query_of(cors)["X-Amz-SignedHeaders"] == "content-md5;content-type;host"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"expires_in": 0}, "expires_in must be 1 to 604800"),
    ({"expires_in": -5}, "expires_in must be 1 to 604800"),
    ({"expires_in": 604801}, "expires_in must be 1 to 604800"),
    ({"expires_in": 1.5}, "expires_in must be 1 to 604800"),
    ({"method": "PATCH"}, "method must be one of GET, HEAD, PUT, DELETE"),
    ({"method": "PUT", "version_id": "v"}, "version_id: a PUT makes a new version"),
    ({"method": "PUT", "filename": "x"}, "of an answer that a PUT has not"),
    ({"filename": "a\r\nb"}, "filename must be text without CR, LF"),
    ({"filename": ""}, "filename must be text"),
    ({"filename": "\ud800"}, "lone surrogate"),
    ({"filename": "x", "response_headers": {"content-disposition": "inline"}}, "give one of them"),
    ({"response_headers": {"x-frame-options": "DENY"}}, "cannot be chosen"),
    ({"response_headers": 5}, "response_headers must be a mapping of str to str, not int"),
    ({"response_headers": {5: "x"}}, "response header 5 cannot be chosen"),
    ({"response_headers": {"content-type": "a\n"}}, "'content-type' must be text without CR, LF or NUL"),
    ({"response_headers": {"expires": "\0"}}, "'expires' must be text without CR, LF or NUL"),
    ({"headers": 5}, "headers must be a mapping of str to str, not int"),
    ({"headers": {5: "x"}}, "the header 5 cannot be given"),
    ({"headers": {"content-type": "a\r\nb"}}, "'content-type' must be text of ASCII without CR, LF"),
    ({"headers": {"a\nb": "x"}}, "cannot be given"),
    ({"headers": {"Host": "x"}}, "cannot be given"),
    ({"headers": {"x-amz-meta-a": "ü"}}, "ASCII"),
    ({"public_endpoint": "ftp://h"}, "scheme"),
    ({"public_endpoint": 5}, "public_endpoint must be a str, not int"),
    ({"public_endpoint": "https://user:pw@h"}, "user or password"),
]


@pytest.mark.parametrize(("changes", "words"), BAD, ids=[str(changes) for changes, _ in BAD])
async def test_what_cannot_be_right_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        await Bucket("bucket", **KEYS).presign("k", **changes)


async def test_bad_keys_and_sizes_are_refused() -> None:
    bucket = Bucket("bucket", **KEYS)
    wrong: Any = b"k"

    for attempt in (
        bucket.presign(""),
        bucket.presign(wrong),
        bucket.presign_post("k", expires_in=0),
        bucket.presign_post("k", min_size=2, max_size=1),
        bucket.presign_post("k", fields={"policy": "x"}),
        bucket.presign_post("k" * 1025),
        bucket.presign_post("k", public_endpoint=wrong),
    ):
        with pytest.raises(InvalidInput):
            await attempt


async def test_anonymous_client_cannot_presign() -> None:
    bucket = Bucket("bucket", anonymous=True, aws_region="eu-west-1")

    with pytest.raises(InvalidInput, match="anonymous"):
        await bucket.presign("k")
    with pytest.raises(InvalidInput, match="anonymous"):
        await bucket.presign_post("k")


# ------------------------------------------------------------------ keys that end
async def test_session_token_is_in_the_url_and_the_form() -> None:
    bucket = Bucket("bucket", **KEYS, aws_token="to/ken+=")

    url, (_, fields) = await bucket.presign("k"), await bucket.presign_post("k")

    assert query_of(url)["X-Amz-Security-Token"] == "to/ken+="
    assert fields["x-amz-security-token"] == "to/ken+="


async def test_url_ends_with_its_keys_and_a_warning_says_so() -> None:
    end = datetime.now(UTC) + timedelta(seconds=30)
    bucket = Bucket("bucket", credentials=Credentials("AKID", "s", "t", expires=end), aws_region="eu-west-1")

    with pytest.warns(UserWarning, match="the keys that sign it end at") as seen:
        url = await bucket.presign("k", expires_in=3600)
    short = await bucket.presign("k", expires_in=10)

    assert url.expires_at == end
    assert short.expires_at < end
    assert "hunter2" not in str(seen[0].message)


async def test_keys_that_end_too_soon_are_asked_for_anew() -> None:
    lives = [30, 7200]

    async def provider() -> Credentials:
        seconds = lives.pop(0)
        return Credentials(f"AKID{seconds}", "s", "t", expires=datetime.now(UTC) + timedelta(seconds=seconds))

    bucket = Bucket("bucket", credentials=provider, aws_region="eu-west-1")

    url = await bucket.presign("k", expires_in=3600)

    assert query_of(url)["X-Amz-Credential"].startswith("AKID7200/")


async def test_keys_that_cannot_be_renewed_still_sign_and_the_provider_is_asked_once_more_only() -> None:
    asked = 0

    async def provider() -> Credentials:
        nonlocal asked
        asked += 1
        if asked > 1:
            raise CredentialsError("no more")
        return Credentials("AKID", "s", "t", expires=datetime.now(UTC) + timedelta(seconds=1000))

    bucket = Bucket("bucket", credentials=provider, aws_region="eu-west-1")

    for _ in range(5):
        with pytest.warns(UserWarning, match="the keys that sign it end at"):
            url = await bucket.presign("k", expires_in=3600)
    await bucket.close()

    assert query_of(url)["X-Amz-Credential"].startswith("AKID/")
    assert asked == 2


# ------------------------------------------------------------------ used by others
@on("presigned")
@pytest.mark.parametrize("name", ["plain", "dots inside", "plus", "percent", "emoji"])
async def test_url_is_fetched_by_urllib(server: Server, store: Bucket, name: str) -> None:
    key = ODD_KEYS.get(name, "k")

    put = await store.presign(key, method="PUT", headers={"content-type": "text/plain"})
    status, _, _ = await fetch(put, "PUT", dict(put.headers), b"body")
    got = await fetch(await store.presign(key))

    assert status == 200
    assert (got[0], got[2]) == (200, b"body")
    assert oracle.get(server, store.name, key).body == b"body"


@on("presigned")
async def test_tampered_url_is_refused(store: Bucket) -> None:
    await store.put("k", b"secret")
    url = await store.presign("k", expires_in=60)

    longer = await fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))
    other = await fetch(url.replace("/k?", "/other?"))
    deleting = await fetch(url, "DELETE")
    flipped = await fetch(url[:-1] + ("0" if url[-1] != "0" else "1"))

    assert {longer[0], other[0], deleting[0], flipped[0]} <= {400, 403}
    assert b"secret" not in longer[2] + other[2] + flipped[2]
    assert await store.get("k") == b"secret"


# rclone answers without them, and moto looks at no presigned URL.
@pytest.mark.parametrize("server", ["radosgw", "ministack"], indirect=True)
async def test_answer_has_the_headers_that_were_chosen(store: Bucket) -> None:
    await store.put("k", b"body")

    url = await store.presign("k", filename="ü.txt", response_headers={"content-type": "text/csv"})
    status, headers, _ = await fetch(url)

    assert (status, headers["content-type"]) == (200, "text/csv")
    assert headers["content-disposition"] == "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt"


async def post(url: str, fields: dict[str, str], file: bytes, **more: str) -> int:
    form = aiohttp.FormData()
    for name, value in {**fields, **more}.items():
        form.add_field(name, value)
    form.add_field("file", file, filename="chosen.txt", content_type="text/plain")
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as answer:
        await answer.read()
        return answer.status


@pytest.mark.parametrize("server", ["radosgw", "ministack"], indirect=True)
async def test_form_is_uploaded(store: Bucket) -> None:
    url, fields = await store.presign_post(
        "in/${filename}",
        fields={"x-amz-meta-of": "me"},
        conditions=[["starts-with", "$Content-Type", "text/"]],
        max_size=100,
    )

    status = await post(url, fields, b"from a form", **{"Content-Type": "text/plain"})

    assert status in (200, 201, 204)
    assert [key.key for key in await store.list("in/")] == ["in/chosen.txt"]
    assert await store.get("in/chosen.txt") == b"from a form"
    assert (await store.head("in/chosen.txt")).metadata == {"of": "me"}


# ministack looks at the policy, and not at who signed it.
@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
async def test_form_beyond_its_policy_is_refused(store: Bucket) -> None:
    url, fields = await store.presign_post("k", max_size=10)

    too_large = await post(url, fields, b"x" * 11)
    other_key = await post(url, {**fields, "key": "other"}, b"x")
    flipped = await post(url, {**fields, "x-amz-signature": "0" * 64}, b"x")

    assert {too_large, other_key, flipped} <= {400, 403}
    assert await store.list() == []


async def test_policy_ends_when_the_keys_do() -> None:
    end = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)
    soon = datetime.now(UTC) + timedelta(seconds=20)
    lasting = Bucket("bucket", credentials=Credentials("A", "s", "t", expires=end), aws_region="eu-west-1")
    short = Bucket("bucket", credentials=Credentials("A", "s", "t", expires=soon), aws_region="eu-west-1")

    _, fields = await lasting.presign_post("k", expires_in=60)
    with pytest.warns(UserWarning, match="end at"):
        _, others = await short.presign_post("k", expires_in=60)

    assert json.loads(b64decode(fields["policy"]))["expiration"] < "2099"
    assert json.loads(b64decode(others["policy"]))["expiration"] == f"{soon:%Y-%m-%dT%H:%M:%S}.000Z"


@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
async def test_part_that_others_upload(server: Server, store: Bucket) -> None:
    async with client_of(server) as client:
        upload = await client.call(ops.CreateMultipartUpload(bucket=store.name, key="k"))
        assert upload.upload_id is not None
        part = ops.UploadPart(bucket=store.name, key="k", part_number=1, upload_id=upload.upload_id)
        url: PresignedURL = await client.presign(part)

        status, headers, _ = await fetch(url, "PUT", {}, b"part")
        await client.call(
            ops.CompleteMultipartUpload(
                bucket=store.name,
                key="k",
                upload_id=upload.upload_id,
                multipart_upload=ops.CompletedMultipartUpload(
                    parts=(ops.CompletedPart(part_number=1, etag=headers["etag"]),)
                ),
            )
        )

    assert status == 200
    assert await store.get("k") == b"part"
