"""What each server cannot do: written down here and nowhere else.

`CAPABILITIES` names what a test may ask for. `_LACKS` says who has it not, and what happens instead. Both directions are
held by tests/test_capabilities.py, which asks the running servers.
"""

from collections.abc import Mapping
from types import MappingProxyType

SERVER_NAMES = ("moto", "rclone", "ministack", "radosgw")

CAPABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "access-control": "a request without a signature is refused",
        "acl": "a canned ACL is stored and returned",
        "checksum-trailers": "an aws-chunked body is taken, and refused if its trailer has a wrong checksum",
        "checksums": "a body that does not fit x-amz-checksum-crc32 is refused",
        "clock-skew": "a date an hour off is refused with RequestTimeTooSkewed",
        "conditions": "If-None-Match and If-Match on GET answer 304 and 412",
        "content-md5": "a body that does not fit Content-MD5 is refused",
        "copy": "x-amz-copy-source copies an object",
        "cors": "a CORS configuration is stored and returned",
        "cors-preflight": "a preflight is granted to the configured origin, refused to another",
        "delete-many": "DeleteObjects deletes",
        "keep-alive": "a connection serves a second request",
        "list-pages": "ListObjectsV2 goes on from its continuation token",
        "list-url-encoding": "encoding-type=url is echoed, and keys come encoded",
        "long-suffix": "a suffix range longer than the object is all of it",
        "metadata": "x-amz-meta-* comes back",
        "multipart": "an object is put together from two parts",
        "multipart-etag": "CompleteMultipartUpload answers with an ETag",
        "payload-hash": "a body that does not fit x-amz-content-sha256 is refused",
        "policy": "a bucket policy is stored and returned",
        "presigned": "a presigned URL works, and one signed with a wrong secret is refused",
        "put-if-absent": "If-None-Match: * on PUT refuses to overwrite",
        "put-if-match": "If-Match on PUT refuses to overwrite another ETag",
        "ranges": "a range, a suffix range and one beyond the end answer 206, 206 and 416",
        "second-user": "there is a second user, whom the first one's objects are closed to",
        "signatures": "a wrong secret in the Authorization header is refused with SignatureDoesNotMatch",
        "sse-c": "an object under a customer's key is not given out without it",
        "tags": "object tags are stored and returned",
        "tls": "there is a TLS endpoint",
        "trailers": "an aws-chunked body with a trailer is stored decoded",
        "versions": "an overwritten object can be read by its version id",
        "virtual-host": "the bucket may be in the Host header",
    }
)

_NO_TLS = "the server is started without TLS here"
_ONE_USER = "the server has one pair of keys"
_IGNORED = "the header is ignored"
_NO_SUBRESOURCE = "the subresource in the query is ignored"

_LACKS: Mapping[str, Mapping[str, str]] = {
    "moto": {
        "checksum-trailers": "a wrong checksum in the trailer is stored",
        "checksums": _IGNORED,
        "clock-skew": "dates are not looked at",
        "content-md5": _IGNORED,
        "cors-preflight": "every preflight is answered with 403",
        "keep-alive": "each answer closes its connection",
        "payload-hash": _IGNORED,
        "presigned": "any signature passes",
        "second-user": "any access key passes",
        "signatures": "any secret passes",
        "sse-c": "the object is given out without its key",
        "tls": _NO_TLS,
    },
    "rclone": {
        "access-control": "an unsigned request is answered with 400 UnsupportedAlgorithm",
        "acl": _NO_SUBRESOURCE,
        "checksum-trailers": "a wrong checksum in the trailer is stored",
        "checksums": _IGNORED,
        "clock-skew": "the answer is 400 AccessDenied",
        "conditions": "If-Match is ignored",
        "cors": "PUT ?cors is taken for CreateBucket",
        "cors-preflight": "a preflight is taken for an unsigned request",
        "payload-hash": _IGNORED,
        "long-suffix": "416",
        "policy": "PUT ?policy is taken for CreateBucket",
        "put-if-absent": _IGNORED,
        "put-if-match": _IGNORED,
        "second-user": _ONE_USER,
        "sse-c": "the object is given out without its key",
        "tags": _NO_SUBRESOURCE,
        "versions": "501 NotImplemented",
        "virtual-host": "it is started for path style; the Host header is not looked at",
    },
    "ministack": {
        "access-control": "an unsigned request is served",
        "acl": "buckets are made with BucketOwnerEnforced, so an ACL is 400 AccessControlListNotSupported",
        "clock-skew": "dates are not looked at",
        "cors-preflight": "every preflight is granted",
        "payload-hash": _IGNORED,
        "second-user": _ONE_USER,
        "signatures": "any secret passes",
        "tls": _NO_TLS,
    },
    "radosgw": {
        "checksum-trailers": "Ceph 16 does not know trailers: 400 XAmzContentSHA256Mismatch",
        "checksums": "Ceph 16 ignores the header",
        "multipart-etag": "the ETag in CompleteMultipartUploadResult is empty; HEAD has it",
        "put-if-match": "412 even for the very ETag",
        "trailers": "Ceph 16 does not know trailers: 400 XAmzContentSHA256Mismatch",
    },
}

ODD_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "dot": ".",
        "dot-dot": "..",
        "two-slashes-inside": "a//b",
        "leading-slash": "/a",
        "dot-segment": "a/./b",
        "dot-dot-segment": "a/../b",
        "plus": "a+b",
        "space": "a b",
        "percent-2F": "a%2Fb",
        "percent-2e": "%2e%2e",
        "accent": "é",
        "emoji": "😀",
        "equals-ampersand": "a=b&c",
        "hash-question": "#?",
        "tilde": "~",
        "control": "\x01",
        "newline": "\n",
        "return": "\r",
        "trailing-space": "a ",
        "leading-space": " a",
        "noncharacter": "\ufffe",
        "soap": "soap",
        "only-slashes": "//",
        "trailing-slash": "a/",
        "longest": "k" * 1024,
    }
)

_PATH_CLEANED = "the path is cleaned like that of a file, and refused"
_FILE_NAME = "objects are files here, which are renamed or refused under such a name"

_LOSES_KEYS: Mapping[str, Mapping[str, str]] = {
    "moto": {"newline": "no route matches a newline: 404"},
    "rclone": {
        "control": _FILE_NAME,
        "dot": _PATH_CLEANED,
        "dot-dot": _PATH_CLEANED,
        "dot-dot-segment": _PATH_CLEANED,
        "dot-segment": _PATH_CLEANED,
        "leading-slash": _PATH_CLEANED,
        "longest": _FILE_NAME,
        "newline": _FILE_NAME,
        "only-slashes": "taken for the bucket itself",
        "return": _FILE_NAME,
        "trailing-slash": "listed without the slash",
        "two-slashes-inside": _PATH_CLEANED,
    },
    "ministack": {},
    "radosgw": {},
}


def lacks_of(name: str) -> frozenset[str]:
    """Return the capabilities that the server of this name does not have."""
    return frozenset(_LACKS[name])


def servers_with(*capabilities: str) -> list[str]:
    """Return the names of the servers that have every one of *capabilities*, for an indirect parametrisation.

    A test that a server cannot pass is not generated for it, so nothing is ever skipped::

        @pytest.mark.parametrize("server", servers_with("signatures", "ranges"), indirect=True)
    """
    unknown = set(capabilities) - set(CAPABILITIES)
    if unknown:
        raise ValueError(f"no such capability: {sorted(unknown)}; there are {sorted(CAPABILITIES)}")
    return [name for name in SERVER_NAMES if lacks_of(name).isdisjoint(capabilities)]


def loses_keys_of(name: str) -> frozenset[str]:
    """Return the names in `ODD_KEYS` that the server of this name does not store and return."""
    return frozenset(_LOSES_KEYS[name])


def odd_keys_with(*capabilities: str) -> list[tuple[str, str]]:
    """Return pairs of a server and the name of an odd key that it keeps.

    Like this::

        @pytest.mark.parametrize(("server", "odd_key"), odd_keys_with(), indirect=True)
    """
    return [
        (server, key) for server in servers_with(*capabilities) for key in ODD_KEYS if key not in loses_keys_of(server)
    ]
