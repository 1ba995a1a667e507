"""AsyncS3Manager: six calls of an older interface, answered in boto's shapes.

Made for programs that were written for a manager over aiobotocore: they change the import, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self

from .attempts import Attempt
from .bucket import Bucket
from .client import Client
from .errors import InvalidInput
from .protocol.messages import Buffer
from .protocol.shapes import Element, Result, Shape, members, wire_name

# What S3 itself says of an object that was stored without a type.
_DEFAULT_TYPE = "application/octet-stream"
# Which request of the call was the last; the hook runs in the task that calls.
_attempt: ContextVar[int] = ContextVar("aios3_attempt", default=1)


class AsyncS3Manager:
    """An object storage by six methods; one client, with its connections, for the manager's life.

    The constructor does no I/O and needs no running loop. ``await close()`` when done, or use ``async with``.

    Args:
        s3_access_key_id, s3_secret_access_key: Keys; else S3_ACCESS_KEY and S3_SECRET_KEY of the environment as it is now,
            else those that the AWS CLI would find.
        region_name: ``"auto"`` finds it out: the endpoint's own, or the one that the store names in its answers.
        endpoint_url: As of Client; else S3_ENDPOINT, else AWS.
    Attributes:
        session: The Client that all calls go through.
    Raises:
        InvalidInput: a key without a secret, or an endpoint that is none.
    """

    def __init__(
        self,
        s3_access_key_id: str | None = None,
        s3_secret_access_key: str | None = None,
        region_name: str = "auto",
        endpoint_url: str | None = None,
    ) -> None:
        environ = os.environ
        self.session = Client(
            aws_key=s3_access_key_id or environ.get("S3_ACCESS_KEY") or None,
            aws_secret=s3_secret_access_key or environ.get("S3_SECRET_KEY") or None,
            aws_region=region_name,
            aws_endpoint=endpoint_url or environ.get("S3_ENDPOINT") or None,
            on_attempt=_note,
        )

    async def _create_client(self) -> Client:
        """Return the client; it is the manager's to close."""
        return self.session

    async def bucket_exists(self, bucket_name: str) -> bool:
        """Tell if a bucket exists; one that is somebody else's does."""
        return await self.session.bucket_exists(bucket_name)

    async def put_object(self, bucket_name: str, key: str, data: Buffer) -> dict[str, Any]:
        """Store *data* under *key*; return what botocore's put_object returns.

        Raises:
            InvalidInput: the data is not bytes.
            NoSuchBucket: there is no such bucket.
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise InvalidInput(f"data must be bytes, not {type(data).__name__}")
        _attempt.set(1)
        return _boto_shaped(await self._bucket(bucket_name).put(key, data))

    async def get_object(self, bucket_name: str, key: str) -> dict[str, Any]:
        """Return ``{"Content": the bytes, "ContentType": their type}``.

        Raises:
            NoSuchKey: nothing is stored under *key*.
        """
        async with self._bucket(bucket_name).download(key) as stream:
            return {"Content": await stream.read(), "ContentType": stream.content_type or _DEFAULT_TYPE}

    async def delete_object(self, bucket_name: str, key: str) -> dict[str, Any]:
        """Delete what is under *key*, if anything is; return what botocore's delete_object returns."""
        _attempt.set(1)
        return _boto_shaped(await self._bucket(bucket_name).delete(key))

    async def list_objects(self, bucket_name: str, prefix: str) -> list[dict[str, Any]]:
        """Return all objects whose keys begin with *prefix*, of all pages, as the dicts of botocore's ``Contents``.

        Raises:
            NoSuchBucket: there is no such bucket.
        """
        return [_members_of(key) async for key in self._bucket(bucket_name).keys(prefix)]

    def _bucket(self, name: str) -> Bucket:
        return self.session.bucket(name)

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        await self.session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _boto_shaped(result: Result) -> dict[str, Any]:
    """Return a result as the dict that botocore makes of the same answer.

    ``RetryAttempts`` counts those of the task's last call by a manager.
    """
    headers = dict(result.headers)
    about = {"HTTPStatusCode": result.http_status, "HTTPHeaders": headers, "RetryAttempts": _attempt.get() - 1}
    if "x-amzn-requestid" in headers:
        about["RequestId"] = headers["x-amzn-requestid"]
    elif "x-amz-request-id" in headers:
        about |= {"RequestId": headers["x-amz-request-id"], "HostId": headers.get("x-amz-id-2", "")}
    return {"ResponseMetadata": about, **_members_of(result)}


def _members_of(shape: Shape) -> dict[str, Any]:
    """Return what a shape says, under AWS's names; what is absent is left out."""
    found = {_name(member.name, member.marker): getattr(shape, member.name) for member in members(type(shape))}
    return {name: _plain(value) for name, value in found.items() if value is not None and value != ()}


def _name(member: str, marker: object) -> str:
    return (marker.name if isinstance(marker, Element) else "") or wire_name(member)


def _plain(value: Any) -> Any:
    if isinstance(value, Shape):
        return _members_of(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _note(attempt: Attempt) -> None:
    _attempt.set(attempt.attempt)


__all__ = ["AsyncS3Manager"]
