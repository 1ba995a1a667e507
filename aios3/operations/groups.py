"""Headers that belong together and appear on many operations, each group written once.

In requests a group is a value: ``encryption=Encryption(server_side_encryption="aws:kms", kms_key_id=...)``. Its members
are AWS's without the group's prefix, its headers stand here without the ``x-amz-`` before them. In results the members
are the result's own: ``result.sse_kms_key_id``.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from ..errors import InvalidInput
from ..protocol.shapes import Header, Result, Structure

ChecksumAlgorithm: TypeAlias = Literal[
    "CRC32",
    "CRC32C",
    "SHA1",
    "SHA256",
    "CRC64NVME",
    "SHA512",
    "MD5",
    "XXHASH64",
    "XXHASH3",
    "XXHASH128",
]
ChecksumType: TypeAlias = Literal["COMPOSITE", "FULL_OBJECT"]
ServerSideEncryption: TypeAlias = Literal["AES256", "aws:fsx", "aws:backup", "aws:kms", "aws:kms:dsse"]
ObjectLockMode: TypeAlias = Literal["GOVERNANCE", "COMPLIANCE"]
OnOrOff: TypeAlias = Literal["ON", "OFF"]

_CHECKSUMS = "crc32 crc32c crc64nvme sha1 sha256 sha512 md5 xxhash64 xxhash3 xxhash128"


# ------------------------------------------------------------------ in requests
class Checksum(Structure):
    """A checksum of the object, in base64; S3 refuses a body that does not fit it."""

    at_most_one = (tuple(_CHECKSUMS.split()),)
    crc32: Annotated[str | None, Header("checksum-crc32")] = None
    crc32c: Annotated[str | None, Header("checksum-crc32c")] = None
    crc64nvme: Annotated[str | None, Header("checksum-crc64nvme")] = None
    sha1: Annotated[str | None, Header("checksum-sha1")] = None
    sha256: Annotated[str | None, Header("checksum-sha256")] = None
    sha512: Annotated[str | None, Header("checksum-sha512")] = None
    md5: Annotated[str | None, Header("checksum-md5")] = None
    xxhash64: Annotated[str | None, Header("checksum-xxhash64")] = None
    xxhash3: Annotated[str | None, Header("checksum-xxhash3")] = None
    xxhash128: Annotated[str | None, Header("checksum-xxhash128")] = None


class CustomerKey(Structure):
    """A key that S3 encrypts with and forgets (SSE-C): who loses it loses the object.

    Args:
        key: 32 bytes.
        algorithm: AES256 is what there is.
        key_md5: The key's MD5 in base64; made from the key unless given.
    Raises:
        InvalidInput: the key has not 32 bytes.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
    """

    secret = frozenset({"key"})
    algorithm: Annotated[str, Header("server-side-encryption-customer-algorithm")]
    key: Annotated[bytes, Header("server-side-encryption-customer-key")]
    key_md5: Annotated[str, Header("server-side-encryption-customer-key-MD5")]

    def __init__(self, key: bytes, algorithm: str = "AES256", key_md5: str | None = None) -> None:
        if not isinstance(key, bytes) or len(key) != 32:
            what = f"{len(key)} bytes" if isinstance(key, bytes) else f"a {type(key).__name__}"
            raise InvalidInput(f"a customer key is 32 bytes, not {what}")
        digest = key_md5 or b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode()
        super().__init__(algorithm=algorithm, key=key, key_md5=digest)


class Encryption(Structure):
    """How S3 encrypts an object, with a key that S3 or KMS keeps."""

    needs = (("kms_key_id", "server_side_encryption"), ("kms_encryption_context", "server_side_encryption"))
    server_side_encryption: Annotated[ServerSideEncryption | None, Header("server-side-encryption")] = None
    kms_key_id: Annotated[str | None, Header("server-side-encryption-aws-kms-key-id")] = None
    kms_encryption_context: Annotated[str | None, Header("server-side-encryption-context")] = None
    bucket_key_enabled: Annotated[bool | None, Header("server-side-encryption-bucket-key-enabled")] = None


class Grants(Structure):
    """Who is granted what on an object: ``id="..."``, ``emailAddress="..."`` or ``uri="..."``, with commas between."""

    full_control: Annotated[str | None, Header("grant-full-control")] = None
    read: Annotated[str | None, Header("grant-read")] = None
    read_acp: Annotated[str | None, Header("grant-read-acp")] = None
    write_acp: Annotated[str | None, Header("grant-write-acp")] = None


class BucketGrants(Grants):
    """Who is granted what on a bucket."""

    write: Annotated[str | None, Header("grant-write")] = None


class ObjectLock(Structure):
    """Until when, or until what, nobody can delete the object's version."""

    needs = (("retain_until_date", "mode"),)
    mode: Annotated[ObjectLockMode | None, Header("object-lock-mode")] = None
    retain_until_date: Annotated[datetime | None, Header("object-lock-retain-until-date", iso8601=True)] = None
    legal_hold_status: Annotated[OnOrOff | None, Header("object-lock-legal-hold")] = None
    event_hold: Annotated[OnOrOff | None, Header("object-lock-event-hold")] = None
    event_hold_duration_days: Annotated[int | None, Header("object-lock-event-hold-duration-days")] = None
    event_hold_duration_years: Annotated[int | None, Header("object-lock-event-hold-duration-years")] = None


# ------------------------------------------------------------------ in results
class ChecksumHeaders(Result):
    """The checksums that S3 has of an object, in base64."""

    checksum_crc32: Annotated[str | None, Header("x-amz-checksum-crc32")] = None
    checksum_crc32c: Annotated[str | None, Header("x-amz-checksum-crc32c")] = None
    checksum_crc64nvme: Annotated[str | None, Header("x-amz-checksum-crc64nvme")] = None
    checksum_sha1: Annotated[str | None, Header("x-amz-checksum-sha1")] = None
    checksum_sha256: Annotated[str | None, Header("x-amz-checksum-sha256")] = None
    checksum_sha512: Annotated[str | None, Header("x-amz-checksum-sha512")] = None
    checksum_md5: Annotated[str | None, Header("x-amz-checksum-md5")] = None
    checksum_xxhash64: Annotated[str | None, Header("x-amz-checksum-xxhash64")] = None
    checksum_xxhash3: Annotated[str | None, Header("x-amz-checksum-xxhash3")] = None
    checksum_xxhash128: Annotated[str | None, Header("x-amz-checksum-xxhash128")] = None


class Checksums(Structure):
    """The same checksums where they are XML."""

    checksum_crc32: str | None = None
    checksum_crc32c: str | None = None
    checksum_crc64nvme: str | None = None
    checksum_sha1: str | None = None
    checksum_sha256: str | None = None
    checksum_sha512: str | None = None
    checksum_md5: str | None = None
    checksum_xxhash64: str | None = None
    checksum_xxhash3: str | None = None
    checksum_xxhash128: str | None = None


class EncryptionHeaders(Result):
    """How S3 has encrypted an object."""

    server_side_encryption: Annotated[str | None, Header("x-amz-server-side-encryption")] = None
    sse_kms_key_id: Annotated[str | None, Header("x-amz-server-side-encryption-aws-kms-key-id")] = None
    bucket_key_enabled: Annotated[bool | None, Header("x-amz-server-side-encryption-bucket-key-enabled")] = None


class EncryptionContextHeaders(EncryptionHeaders):
    """How S3 has encrypted an object, with the context that KMS was given, base64 of JSON."""

    sse_kms_encryption_context: Annotated[str | None, Header("x-amz-server-side-encryption-context")] = None


class CustomerKeyHeaders(Result):
    """Which of the customer's keys S3 has used."""

    sse_customer_algorithm: Annotated[str | None, Header("x-amz-server-side-encryption-customer-algorithm")] = None
    sse_customer_key_md5: Annotated[str | None, Header("x-amz-server-side-encryption-customer-key-MD5")] = None
