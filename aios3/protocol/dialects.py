"""What stores that speak S3 do differently: one frozen record each, and the rule that knows a store by its host.

In: the host of an endpoint. Out: a Dialect, whose fields are read where it matters; code never asks for a store's name.
The defaults are what every store understands.

Source: the stores' own pages on S3 compatibility, such as https://developers.cloudflare.com/r2/api/s3/api/,
https://www.backblaze.com/docs/cloud-storage-s3-compatible-api, https://docs.cloud.google.com/storage/docs/interoperability
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from ..errors import InvalidInput
from .endpoints import is_aws
from .partitions import is_label
from .uri import Endpoint
from .values import CheckedValue

DeleteIntegrity: TypeAlias = Literal["md5", "crc32", "sha256"]
RequestChecksum: TypeAlias = Literal["always", "asked", "never"]
DialectPayloadSigning: TypeAlias = Literal["unsigned", "hash", "streaming"]
MIB = 1024 * 1024
_CHOICES: dict[str, tuple[str | int, ...]] = {
    "addressing": ("virtual", "path"),
    "payload_signing": ("unsigned", "hash", "streaming"),
    "request_checksum": ("always", "asked", "never"),
    "list_version": (1, 2),
    "delete_integrity": ("md5", "crc32", "sha256"),
}


class Dialect(CheckedValue):
    """How a store differs from others. ``client.dialect.replace(...)`` makes one of your own.

    Args:
        name: What the store is called.
        hosts: How it is known: a host's whole name, or its end with a star before it; ``{region}`` stands for the part
            that is the region to sign for.
        addressing: Where a bucket's name stands unless the client says: in the host, or in the path.
        sign_region: The region to sign for unless the client says; None for the environment's or us-east-1.
        payload_signing: What ``payload_signing="auto"`` signs of a body. ``unsigned``: its hash over plain http, nothing
            over https. ``hash``: its hash, always. ``streaming``: as unsigned, but over plain http a body that can be
            read only once is signed chunk by chunk.
        chunked_framing: Bodies framed as aws-chunked are understood, and trailers.
        request_checksum: Uploads carry a CRC ``always``, or only when ``asked``; or ``never``, for it is refused.
        response_checksum: Reads ask for the checksum that is stored, and are verified by it.
        list_version: Of ListObjects, 1 or 2. A store of 2 that answers 501 is asked by 1 from then on.
        list_url_encode: Listings can percent-encode keys, so that all can be written as XML.
        delete_integrity: The digest of bodies that must have one, such as those of DeleteObjects.
        bulk_delete: There is DeleteObjects; else DeleteObject does it one by one.
        etag_md5: ETags are MD5s, those of multipart uploads the MD5 of their parts' MD5s.
        equal_parts: The parts of a multipart upload must have the same size, but for the last.
        min_part: Bytes that a part must have, unless it is the last.
        max_parts: Of one multipart upload.
        multipart_copy: There is UploadPartCopy.
        post_policy: There are uploads by HTML forms.
        tagging_header: Copies and multipart uploads take tags in a header, as PutObject does; else they are set afterwards.
        uploads_url_encode: A listing of unfinished uploads says if it has percent-encoded the keys.
    Raises:
        InvalidInput: a field has a value that it cannot have.
    """

    name: str = "generic"
    hosts: tuple[str, ...] = ()
    addressing: Literal["virtual", "path"] = "path"
    sign_region: str | None = None
    payload_signing: DialectPayloadSigning = "unsigned"
    chunked_framing: bool = False
    request_checksum: RequestChecksum = "asked"
    response_checksum: bool = False
    list_version: Literal[1, 2] = 2
    list_url_encode: bool = True
    delete_integrity: DeleteIntegrity = "md5"
    bulk_delete: bool = True
    etag_md5: bool = True
    equal_parts: bool = False
    min_part: int = 5 * MIB
    max_parts: int = 10_000
    multipart_copy: bool = True
    post_policy: bool = True
    tagging_header: bool = False
    uploads_url_encode: bool = False

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InvalidInput(f"Dialect: {name} must be one of {allowed}, not {getattr(self, name)!r}")
        for name in ("min_part", "max_parts"):
            if getattr(self, name) < 1:
                raise InvalidInput(f"Dialect: {name} must be at least 1, not {getattr(self, name)!r}")


GENERIC = Dialect()
_STORES = (
    Dialect(
        name="aws",
        # A private endpoint in a VPC is S3 itself; S3's public hosts are known by is_aws.
        hosts=("*.vpce.amazonaws.com", "*.vpce.amazonaws.com.cn"),
        addressing="virtual",
        payload_signing="streaming",
        chunked_framing=True,
        request_checksum="always",
        response_checksum=True,
        delete_integrity="crc32",
        tagging_header=True,
        uploads_url_encode=True,
    ),
    Dialect(name="b2", hosts=("s3.{region}.backblazeb2.com",), request_checksum="never"),
    Dialect(name="ceph"),
    Dialect(
        name="digitalocean",
        hosts=("{region}.digitaloceanspaces.com",),
        list_url_encode=False,
    ),
    Dialect(name="garage", sign_region="garage"),
    Dialect(name="gcs", hosts=("storage.googleapis.com",), sign_region="auto", multipart_copy=False),
    GENERIC,
    Dialect(name="hetzner", hosts=("{region}.your-objectstorage.com",)),
    # Asked by url encoding it gives some pages for ever.
    Dialect(
        name="huawei",
        hosts=("obs.{region}.myhuaweicloud.com", "obs.{region}.myhuaweicloud.eu"),
        list_version=1,
        list_url_encode=False,
    ),
    Dialect(name="infomaniak", hosts=("*.infomaniak.cloud", "*.infomaniak.com")),
    Dialect(name="minio", hosts=("play.min.io",)),
    Dialect(name="ministack", chunked_framing=True),
    Dialect(name="moto"),
    Dialect(name="netease", hosts=("*.126.net", "*.netease.com"), list_version=1),
    Dialect(
        name="oracle",
        hosts=(
            "*.compat.objectstorage.{region}.oraclecloud.com",
            "*.compat.objectstorage.{region}.oci.customer-oci.com",
        ),
    ),
    Dialect(
        name="oss",
        hosts=("oss-{region}.aliyuncs.com", "s3.oss-{region}.aliyuncs.com"),
        addressing="virtual",
        etag_md5=False,
    ),
    Dialect(
        name="ovh", hosts=("s3.{region}.io.cloud.ovh.net", "s3.{region}.perf.cloud.ovh.net", "s3.{region}.cloud.ovh.us")
    ),
    Dialect(name="qiniu", hosts=("s3.{region}.qiniucs.com", "s3-{region}.qiniucs.com"), list_url_encode=False),
    Dialect(
        name="r2",
        hosts=("*.r2.cloudflarestorage.com",),
        sign_region="auto",
        etag_md5=False,
        equal_parts=True,
        post_policy=False,
    ),
    Dialect(name="rclone", etag_md5=False),
    Dialect(name="scaleway", hosts=("s3.{region}.scw.cloud",), max_parts=1000),
    Dialect(name="storj", hosts=("gateway.storjshare.io", "*.storjshare.io")),
    Dialect(name="swift"),
    Dialect(name="tencent", hosts=("cos.{region}.myqcloud.com",), list_version=1),
    Dialect(name="tigris", hosts=("fly.storage.tigris.dev", "t3.storage.dev", "*.tigris.dev"), sign_region="auto"),
    Dialect(name="wasabi", hosts=("s3.{region}.wasabisys.com", "s3.wasabisys.com")),
)
DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in _STORES}
AWS = DIALECTS["aws"]


def dialect_of(endpoint: Endpoint | None) -> Dialect:
    """Return the dialect that is spoken at an endpoint; None is AWS."""
    if endpoint is None or is_aws(endpoint):
        return AWS
    for dialect in _STORES:
        for pattern in dialect.hosts:
            region = _match(pattern, endpoint.host)
            if region is not None:
                return dialect.replace(sign_region=region) if region else dialect
    return GENERIC


def named_dialect(name: str) -> Dialect:
    """Return the dialect of this name.

    Raises:
        InvalidInput: there is none.
    """
    try:
        return DIALECTS[name]
    except (KeyError, TypeError) as error:
        raise InvalidInput(
            f"dialect must be 'auto', a Dialect, or one of {', '.join(DIALECTS)}, not {name!r}"
        ) from error


def _match(pattern: str, host: str) -> str | None:
    """Return the region in *host* if it is like *pattern*, "" if that has none; None if it is not like it."""
    start, placeholder, end = pattern.partition("{region}")
    if not placeholder:
        return "" if host == pattern or (start[0] == "*" and host.endswith(start[1:])) else None
    if not host.endswith(end):
        return None
    head = host.removesuffix(end)
    if start.startswith("*"):
        start = start[1:]
        head = head[head.rfind(start) :]
    region = head.removeprefix(start)
    return region if head.startswith(start) and is_label(region) else None
