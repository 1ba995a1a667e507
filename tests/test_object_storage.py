"""AsyncS3Manager: what it returns, beside what botocore returns for the same calls on the same server."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from aios3 import Client, ConnectError, InvalidInput, NoSuchBucket, NoSuchKey, ServiceError
from aios3.object_storage import AsyncS3Manager
from aios3.testing import Asked, Peer, steps
from tests import oracle
from tests.servers import Server

SERVERS = pytest.mark.parametrize("server", ["moto", "ministack", "radosgw"], indirect=True)
KEY = "reports/1 März+.csv"
# They differ from answer to answer, or with the connection that it came by.
VOLATILE = {"date", "connection", "keep-alive", "x-amz-request-id", "x-amz-id-2", "x-amzn-requestid", "last-modified"}


def manager_of(server: Server, **more: Any) -> AsyncS3Manager:
    return AsyncS3Manager(server.access_key, server.secret_key, endpoint_url=server.endpoint, **more)


@pytest.fixture
async def manager(server: Server) -> AsyncIterator[AsyncS3Manager]:
    async with manager_of(server) as opened:
        yield opened


@pytest.fixture
def boto(server: Server) -> Any:
    """Botocore's client, told to send what the manager sends and no checksum beside."""
    client = botocore.session.Session().create_client(
        "s3",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=server.region,
        endpoint_url=server.endpoint,
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    with closing(client):
        yield client


def steady(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what no two answers have in common."""
    about = dict(answer["ResponseMetadata"])
    headers = {name: value for name, value in about.pop("HTTPHeaders").items() if name not in VOLATILE}
    names = set(about)
    return {**answer, "ResponseMetadata": {"names": names, "status": about["HTTPStatusCode"], "headers": headers}}


def botocores_code(boto: Any, bucket: str, key: str) -> str:
    """Ask for what is not there; the error keeps its connection open for as long as somebody holds it."""
    try:
        boto.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    raise AssertionError(key)


# ------------------------------------------------------------------ in botocore's shapes
@SERVERS
async def test_put_and_delete_return_what_botocore_returns(manager: AsyncS3Manager, boto: Any, bucket: str) -> None:
    ours = await manager.put_object(bucket, KEY, b"day,count\n")
    theirs = boto.put_object(Bucket=bucket, Key=KEY, Body=b"day,count\n")

    assert steady(ours) == steady(theirs)

    ours = await manager.delete_object(bucket, KEY)
    boto.put_object(Bucket=bucket, Key=KEY, Body=b"day,count\n")
    theirs = boto.delete_object(Bucket=bucket, Key=KEY)
    again = await manager.delete_object(bucket, KEY)

    assert steady(ours) == steady(theirs)
    assert again["ResponseMetadata"]["HTTPStatusCode"] == 204


@SERVERS
async def test_versions_are_named_as_botocore_names_them(manager: AsyncS3Manager, boto: Any, bucket: str) -> None:
    boto.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    ours = await manager.put_object(bucket, KEY, b"1")
    theirs = boto.put_object(Bucket=bucket, Key=KEY, Body=b"1")
    assert set(ours) == set(theirs) >= {"ETag", "VersionId", "ResponseMetadata"}

    gone = await manager.delete_object(bucket, KEY)
    boto.put_object(Bucket=bucket, Key=KEY, Body=b"2")
    gone_too = boto.delete_object(Bucket=bucket, Key=KEY)
    assert set(gone) == set(gone_too) >= {"VersionId", "DeleteMarker"}
    assert gone["DeleteMarker"] is gone_too["DeleteMarker"] is True


@pytest.mark.parametrize("server", ["ministack", "radosgw"], indirect=True)
async def test_listing_is_botocores_of_all_pages(manager: AsyncS3Manager, boto: Any, bucket: str) -> None:
    for start in range(0, 1003, 59):
        await asyncio.gather(
            *[manager.put_object(bucket, f"logs/{n}", b"x" * (n % 5)) for n in range(start, start + 59)]
        )
    boto.put_object(Bucket=bucket, Key="other", Body=b"")

    ours = await manager.list_objects(bucket, "logs/")

    pages = boto.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="logs/")
    assert ours == [found for page in pages for found in page["Contents"]]
    assert len(ours) == 1003
    assert await manager.list_objects(bucket, "nothing/") == []


@SERVERS
async def test_object_is_its_content_and_its_type(manager: AsyncS3Manager, boto: Any, bucket: str) -> None:
    boto.put_object(Bucket=bucket, Key="typed", Body=b"<p>", ContentType="text/html")
    boto.put_object(Bucket=bucket, Key="plain", Body=b"")

    assert await manager.get_object(bucket, "typed") == {"Content": b"<p>", "ContentType": "text/html"}
    theirs = boto.get_object(Bucket=bucket, Key="plain").get("ContentType", "application/octet-stream")
    assert await manager.get_object(bucket, "plain") == {"Content": b"", "ContentType": theirs}


@SERVERS
async def test_errors_have_botocores_response(
    manager: AsyncS3Manager, boto: Any, bucket: str, bucket_name: str
) -> None:
    with pytest.raises(NoSuchKey) as ours:
        await manager.get_object(bucket, "no such key")
    assert ours.value.response["Error"]["Code"] == botocores_code(boto, bucket, "no such key")

    nowhere = f"{bucket_name}-nowhere"
    for call in (
        manager.put_object(nowhere, "k", b""),
        manager.get_object(nowhere, "k"),
        manager.list_objects(nowhere, ""),
    ):
        with pytest.raises(NoSuchBucket):
            await call


@SERVERS
async def test_bucket_exists_or_does_not(manager: AsyncS3Manager, bucket: str, bucket_name: str) -> None:
    assert await manager.bucket_exists(bucket_name=bucket) is True
    assert await manager.bucket_exists(bucket_name=f"{bucket_name}-nowhere") is False


async def test_bucket_of_somebody_else_exists(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    assert radosgw.second_user is not None
    pair = radosgw.second_user
    async with AsyncS3Manager(pair.access_key, pair.secret_key, endpoint_url=radosgw.endpoint) as other:
        assert await other.bucket_exists(bucket_name) is True


@SERVERS
async def test_everything_goes_by_keyword(manager: AsyncS3Manager, bucket: str) -> None:
    await manager.put_object(bucket_name=bucket, key="k", data=b"1")
    found = await manager.get_object(bucket_name=bucket, key="k")
    listed = await manager.list_objects(bucket_name=bucket, prefix="")
    await manager.delete_object(bucket_name=bucket, key="k")

    assert found["Content"] == b"1"
    assert [entry["Key"] for entry in listed] == ["k"]
    assert await manager.list_objects(bucket_name=bucket, prefix="") == []


async def test_retries_are_counted() -> None:
    answers = [steps.response(b"", status="503 Slow Down"), steps.response(b"", headers=['ETag: "e"'])]

    def answer(asked: Asked) -> bytes:
        return answers.pop(0)

    async with (
        Peer(steps.serving(answer)) as peer,
        AsyncS3Manager("key", "secret", endpoint_url=peer.endpoint) as manager,
    ):
        stored = await manager.put_object("bucket", "k", b"1")

    assert stored["ResponseMetadata"]["RetryAttempts"] == 1
    assert stored["ETag"] == '"e"'


# ------------------------------------------------------------------ how it is made
def test_signature_is_that_of_the_interface() -> None:
    assert list(inspect.signature(AsyncS3Manager).parameters) == [
        "s3_access_key_id",
        "s3_secret_access_key",
        "region_name",
        "endpoint_url",
    ]
    assert inspect.signature(AsyncS3Manager).parameters["region_name"].default == "auto"


async def test_defaults_are_of_the_environment_when_it_is_made(
    radosgw: Server, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S3_ACCESS_KEY", radosgw.access_key)
    monkeypatch.setenv("S3_SECRET_KEY", radosgw.secret_key)
    monkeypatch.setenv("S3_ENDPOINT", radosgw.endpoint)
    oracle.make_bucket(radosgw, bucket_name)

    async with AsyncS3Manager() as manager:
        assert await manager.bucket_exists(bucket_name)


async def test_without_them_the_keys_are_those_of_the_aws_cli(
    radosgw: Server, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    oracle.make_bucket(radosgw, bucket_name)

    async with AsyncS3Manager(endpoint_url=radosgw.endpoint) as manager:
        assert await manager.bucket_exists(bucket_name)


async def test_one_client_for_its_life() -> None:
    manager = AsyncS3Manager("key", "secret", endpoint_url="http://127.0.0.1:9")

    assert isinstance(manager.session, Client)
    assert await manager._create_client() is manager.session

    await manager.close()
    await manager.close()
    with pytest.raises(InvalidInput, match="closed"):
        await manager.bucket_exists("bucket")


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [("https://abc.r2.cloudflarestorage.com", "auto"), ("https://s3.eu-west-1.amazonaws.com", "eu-west-1")],
)
async def test_region_auto_is_what_the_endpoint_wants(endpoint: str, region: str) -> None:
    async with AsyncS3Manager("key", "secret", endpoint_url=endpoint) as manager:
        link = await manager.session.bucket("bucket").presign("k")

    assert f"%2F{region}%2Fs3%2F" in link


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize("data", ["text", None, 7, [b"1"]])
async def test_what_is_no_bytes_is_refused_before_anything_is_sent(data: Any) -> None:
    async with AsyncS3Manager("key", "secret", endpoint_url="http://127.0.0.1:9") as manager:
        with pytest.raises(InvalidInput, match="data must be bytes"):
            await manager.put_object("bucket", "k", data)


@pytest.mark.parametrize("given", [{"s3_access_key_id": "key"}, {"endpoint_url": "ftp://x"}])
def test_arguments_that_cannot_be_right_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        AsyncS3Manager(**given)


async def test_a_store_that_is_down_is_an_error_in_every_call() -> None:
    async with AsyncS3Manager("key", "secret", endpoint_url="http://127.0.0.1:9") as manager:
        with pytest.raises(ConnectError):
            await manager.put_object("bucket", "k", b"1")


async def test_wrong_keys_are_an_error(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    async with AsyncS3Manager(radosgw.access_key, "wrong", endpoint_url=radosgw.endpoint) as manager:
        with pytest.raises(ServiceError) as caught:
            await manager.get_object(bucket_name, "k")

    assert caught.value.response["Error"]["Code"] == "SignatureDoesNotMatch"
    assert "wrong" not in repr(caught.value)
