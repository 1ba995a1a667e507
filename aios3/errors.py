"""Everything aios3 raises.

::

    S3Error
    ├ InvalidInput(ValueError)        wrong before a byte was sent
    ├ CredentialsError                no keys to sign with: what was tried, and why it gave none
    ├ TransportError                  no usable answer
    │   ├ ConnectError(ConnectionError)   no connection, or it went away before an answer
    │   ├ ConnectTimeout(TimeoutError)    connecting took longer than connect_timeout
    │   ├ ReadTimeout(TimeoutError)       no progress either way for read_timeout
    │   ├ PoolTimeout(TimeoutError)       no free connection within pool_timeout
    │   └ TruncatedBody                   the connection ended before the body did
    ├ InvalidResponse                 an answer that cannot be read
    ├ ChecksumMismatch                what was read is not what was stored
    ├ ObjectChanged                   the object was replaced while it was read
    ├ TooManyKeys(AssertionError)     Bucket.list found more keys than max_keys
    ├ TransferError                   a transfer that cannot be completed as asked
    │   ├ PartialDelete                   some keys were not deleted: .report says which
    │   ├ SourceChanged                   a source gave more or less than it declared
    │   └ UnsafeKey                       a key that would leave the folder it is written to
    └ ServiceError                    S3 said no; subclasses are named after S3's codes

A ServiceError whose code has no class of its own stays a plain ServiceError: look at ``.code``.
No error holds a secret, a token or a signature; all of them can be pickled.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "AccessDenied",
    "AuthorizationHeaderMalformed",
    "BadDigest",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "ChecksumMismatch",
    "ConnectError",
    "ConnectTimeout",
    "CredentialsError",
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
    "KeyTooLong",
    "MethodNotAllowed",
    "NoSuchBucket",
    "NoSuchKey",
    "NoSuchUpload",
    "NoSuchVersion",
    "NotImplementedByServer",
    "NotModified",
    "ObjectChanged",
    "PartialDelete",
    "PermanentRedirect",
    "PoolTimeout",
    "PreconditionFailed",
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
    "TransportError",
    "TruncatedBody",
    "UnsafeKey",
    "error_class",
]


class S3Error(Exception):
    """The root of every error of this package."""


class InvalidInput(S3Error, ValueError):
    """An argument that cannot be right; nothing was sent."""


class CredentialsError(S3Error):
    """No credentials to sign with; the message names what was tried."""


class TransportError(S3Error):
    """No usable answer came; the request may or may not have reached the server."""


class ConnectError(TransportError, ConnectionError):
    """No connection could be made, or it went away before an answer."""


class ConnectTimeout(TransportError, TimeoutError):
    """Resolving, connecting and the TLS handshake took longer than ``connect_timeout``."""


class ReadTimeout(TransportError, TimeoutError):
    """Neither direction made progress for ``read_timeout`` seconds."""


class PoolTimeout(TransportError, TimeoutError):
    """Every connection was in use for ``pool_timeout`` seconds."""


class TruncatedBody(TransportError):
    """The connection ended before the body did; nothing short is ever returned."""


class InvalidResponse(S3Error):
    """The peer's answer is not HTTP, or not what S3 answers."""


class ChecksumMismatch(S3Error):
    """What was read does not fit the checksum that is stored with it: it was damaged, there or on the way."""


class ObjectChanged(S3Error):
    """The object was replaced while it was read; what was read so far is of the old one."""


class TooManyKeys(S3Error, AssertionError):
    """More keys match than ``max_keys`` allows; use ``Bucket.keys`` to iterate."""


class TransferError(S3Error):
    """A transfer that cannot be completed as it was asked for."""


class PartialDelete(TransferError):
    """Some keys were not deleted.

    Attributes:
        report: A DeleteReport: how many are gone, and the others, each with S3's reason.
    """

    # Any: what it is stands some floors above.
    def __init__(self, message: str = "", report: Any = None) -> None:
        super().__init__(message)
        self.report = report


class SourceChanged(TransferError):
    """A source gave more or fewer bytes than the length it declared."""


class UnsafeKey(TransferError):
    """A key that cannot be a file below the folder it is to be written to."""


class ServiceError(S3Error):
    """S3 answered with an error.

    Attributes:
        code: S3's error code, such as ``"NoSuchKey"``.
        message: S3's sentence, as sent.
        status: HTTP status.
        request_id, host_id: What AWS support asks for; ``None`` where the store sends none.
        operation: Name of the operation, such as ``"GetObject"``.
        region: Where the bucket is, when the error is that it is not here.
        attempts: Requests sent for this call.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int = 0,
        request_id: str | None = None,
        host_id: str | None = None,
        operation: str = "",
        resource: str | None = None,
        region: str | None = None,
        attempts: int = 1,
    ) -> None:
        about = f" on {resource}" if resource else ""
        said = f": {message}" if message else ""
        super().__init__(f"{operation or 'request'}{about} failed with {code} (HTTP {status}){said}")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.host_id = host_id
        self.operation = operation
        self.resource = resource
        self.region = region
        self.attempts = attempts

    @property
    def response(self) -> dict[str, Any]:
        """The same facts in the shape of botocore's ``ClientError.response``."""
        return {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {
                "HTTPStatusCode": self.status,
                "RequestId": self.request_id,
                "HostId": self.host_id,
                "RetryAttempts": self.attempts - 1,
            },
        }

    def __reduce__(self) -> tuple[Any, ...]:
        # OSError's own __reduce__ (NoSuchKey is one) would call us with the sentence alone.
        return _rebuild, (type(self), self.code, dict(self.__dict__), self.args)


def _rebuild(cls: type[ServiceError], code: str, state: dict[str, Any], args: tuple[Any, ...]) -> ServiceError:
    error = cls(code)
    error.__dict__.update(state)
    error.args = args
    return error


class AccessDenied(ServiceError):
    """The keys are known, but not allowed to do this."""


class AuthorizationHeaderMalformed(ServiceError):
    """Most often: signed for another region than the bucket's."""


class BadDigest(ServiceError):
    """The body that arrived does not have the digest that was sent."""


class BucketAlreadyExists(ServiceError):
    """Somebody else owns a bucket of this name."""


class BucketAlreadyOwnedByYou(ServiceError):
    """The bucket exists already, and is yours."""


class BucketNotEmpty(ServiceError):
    """Only empty buckets can be deleted."""


class ExpiredToken(ServiceError):
    """The session token is too old."""


class IncompleteBody(ServiceError):
    """Fewer bytes arrived than Content-Length promised."""


class InternalError(ServiceError):
    """The server failed."""


class InvalidAccessKeyId(ServiceError):
    """The server does not know this access key."""


class InvalidArgument(ServiceError):
    """A value that the server does not accept."""


class InvalidBucketName(ServiceError):
    """A bucket name that the server does not accept."""


class InvalidRange(ServiceError):
    """The range begins beyond the end of the object."""


class InvalidRequest(ServiceError):
    """The request breaks one of S3's rules; the message says which."""


class KeyTooLong(ServiceError):
    """The key is longer than the server allows (S3's code is ``KeyTooLongError``)."""


class MethodNotAllowed(ServiceError):
    """The method is not allowed on this resource, such as reading a delete marker."""


class NoSuchBucket(ServiceError):
    """The bucket does not exist."""


class NoSuchKey(ServiceError, FileNotFoundError):
    """Nothing is stored under this key."""


class NoSuchUpload(ServiceError):
    """The multipart upload does not exist, was completed, or was aborted."""


class NoSuchVersion(ServiceError):
    """The object has no such version."""


class NotImplementedByServer(ServiceError):
    """The store does not have this operation (S3's code is ``NotImplemented``)."""


class NotModified(ServiceError):
    """The condition of a conditional read did not hold: nothing new to read (HTTP 304)."""


class PermanentRedirect(ServiceError):
    """The bucket lives at another endpoint."""


class PreconditionFailed(ServiceError):
    """The condition of a conditional request did not hold (HTTP 412)."""


class RequestTimeTooSkewed(ServiceError):
    """The clocks of client and server are too far apart."""


class RequestTimeout(ServiceError):
    """The server waited too long for the body."""


class ServiceUnavailable(ServiceError):
    """The server is overloaded or down."""


class SignatureDoesNotMatch(ServiceError):
    """The server computed another signature: most often a wrong secret key."""


class SlowDown(ServiceError):
    """The server asks for fewer requests."""


_NAMED_DIFFERENTLY: dict[str, type[ServiceError]] = {
    # Python has a NotImplemented of its own; KeyTooLongError would be the only name with a suffix.
    "NotImplemented": NotImplementedByServer,
    "KeyTooLongError": KeyTooLong,
}
_BY_CODE = {cls.__name__: cls for cls in ServiceError.__subclasses__()} | _NAMED_DIFFERENTLY


def error_class(code: str) -> type[ServiceError]:
    """Return the class for an S3 error code; ServiceError itself for a code without one."""
    return _BY_CODE.get(code, ServiceError)
