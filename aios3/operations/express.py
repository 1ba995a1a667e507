"""What only directory buckets (S3 Express One Zone) have: sessions and renaming."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from ..protocol.places import Facts
from ..protocol.shapes import Group, Header, Label, Operation, Result, Structure
from .groups import Encryption, EncryptionContextHeaders

SessionMode: TypeAlias = Literal["ReadOnly", "ReadWrite"]


class SessionCredentials(Structure):
    """Keys that expire within minutes."""

    secret = frozenset({"secret_access_key", "session_token"})
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: datetime


class CreateSessionResult(EncryptionContextHeaders):
    """Credentials for a directory bucket."""

    root = "CreateSessionResult"
    credentials: SessionCredentials


class CreateSession(Operation[CreateSessionResult]):
    """Get short-lived credentials for a directory bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html
    """

    subresource = "session"
    facts = Facts(session=False)
    bucket: Annotated[str, Label()]
    session_mode: Annotated[SessionMode | None, Header("x-amz-create-session-mode")] = None
    encryption: Annotated[Encryption | None, Group()] = None


class RenameObjectResult(Result):
    """The object has its new key."""


class RenameObject(Operation[RenameObjectResult]):
    """Give an object in a directory bucket another key, without copying it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html
    """

    method = "PUT"
    subresource = "renameObject"
    bucket: Annotated[str, Label()]
    key: Annotated[str, Label()]
    rename_source: Annotated[str, Header("x-amz-rename-source")]
    destination_if_match: Annotated[str | None, Header("If-Match")] = None
    destination_if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    destination_if_modified_since: Annotated[datetime | None, Header("If-Modified-Since")] = None
    destination_if_unmodified_since: Annotated[datetime | None, Header("If-Unmodified-Since")] = None
    source_if_match: Annotated[str | None, Header("x-amz-rename-source-if-match")] = None
    source_if_none_match: Annotated[str | None, Header("x-amz-rename-source-if-none-match")] = None
    source_if_modified_since: Annotated[datetime | None, Header("x-amz-rename-source-if-modified-since")] = None
    source_if_unmodified_since: Annotated[datetime | None, Header("x-amz-rename-source-if-unmodified-since")] = None
    client_token: Annotated[str | None, Header("x-amz-client-token")] = None
