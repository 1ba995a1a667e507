"""aios3: S3 for asyncio, over raw HTTP with a signer of its own.

Floors from top to bottom; each imports only what stands below it::

    testing         faults between a client and a server, for tests
    async_storages  files of web programs: in S3, on disk, in memory
    object_storage  AsyncS3Manager: an older interface
    client          Client: a store and its buckets
    bucket          Bucket: all verbs together
    verbs           the daily verbs, a class for each purpose
    transfers       many requests, one purpose
    caller          Caller: sign, send, decode; the one spine that does I/O
    presigner       what is signed without being sent
    settings        a client's arguments, read
    payloads        what is hashed, checked and framed of a body
    sessions        the keys of directory buckets
    signing         a request, signed by whichever scheme its place wants
    recovery        what a call does when an attempt has failed
    attempts        what is told of each attempt
    routing         where a call goes
    credentials     where keys come from
    transport       HTTP/1.1 connections on an aiohttp connector; all that touches sockets
    streams         bodies at the user's end
    files           files on disk: read, digested and written in threads
    threads         work in threads, and work that is seen through
    operations      what S3 can be asked: declarations
    protocol        how S3 is spoken: pure functions
    errors          everything that is raised
"""

from __future__ import annotations

from . import credentials, errors, operations
from .attempts import Attempt
from .bucket import Bucket
from .client import Client
from .credentials import Credentials, Provider
from .errors import (
    AccessDenied,
    AuthorizationHeaderMalformed,
    BadDigest,
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    ChecksumMismatch,
    ConnectError,
    ConnectTimeout,
    CredentialsError,
    ExpiredToken,
    IncompleteBody,
    InternalError,
    InvalidAccessKeyId,
    InvalidArgument,
    InvalidBucketName,
    InvalidInput,
    InvalidRange,
    InvalidRequest,
    InvalidResponse,
    KeyTooLong,
    MethodNotAllowed,
    NoSuchBucket,
    NoSuchKey,
    NoSuchUpload,
    NoSuchVersion,
    NotImplementedByServer,
    NotModified,
    ObjectChanged,
    PartialDelete,
    PermanentRedirect,
    PoolTimeout,
    PreconditionFailed,
    ReadTimeout,
    RequestTimeout,
    RequestTimeTooSkewed,
    S3Error,
    ServiceError,
    ServiceUnavailable,
    SignatureDoesNotMatch,
    SlowDown,
    SourceChanged,
    TooManyKeys,
    TransferError,
    TransportError,
    TruncatedBody,
    UnsafeKey,
)
from .operations.listing import Key
from .protocol.dialects import Dialect
from .protocol.post_policy import PresignedPost
from .protocol.presigning import PresignedURL
from .streams import ObjectStream
from .transfers.deletions import DeleteReport
from .transfers.pace import Bandwidth
from .transfers.results import TransferResult
from .version import __version__

__all__ = [
    "AccessDenied",
    "Attempt",
    "AuthorizationHeaderMalformed",
    "BadDigest",
    "Bandwidth",
    "Bucket",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "ChecksumMismatch",
    "Client",
    "ConnectError",
    "ConnectTimeout",
    "Credentials",
    "CredentialsError",
    "DeleteReport",
    "Dialect",
    "ExpiredToken",
    "IncompleteBody",
    "InternalError",
    "InvalidAccessKeyId",
    "InvalidArgument",
    "InvalidBucketName",
    "InvalidInput",
    "InvalidRange",
    "InvalidRequest",
    "InvalidResponse",
    "Key",
    "KeyTooLong",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "NotImplementedByServer",
    "NotModified",
    "ObjectChanged",
    "ObjectStream",
    "PartialDelete",
    "PermanentRedirect",
    "PoolTimeout",
    "PreconditionFailed",
    "PresignedPost",
    "PresignedURL",
    "Provider",
    "ReadTimeout",
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "S3Error",
    "ServiceError",
    "ServiceUnavailable",
    "SignatureDoesNotMatch",
    "SlowDown",
    "SourceChanged",
    "TooManyKeys",
    "TransferError",
    "TransferResult",
    "TransportError",
    "TruncatedBody",
    "UnsafeKey",
    "__version__",
    "credentials",
    "errors",
    "operations",
]
