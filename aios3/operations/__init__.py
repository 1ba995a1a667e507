"""What S3 can be asked: one declared class an operation, under AWS's own name.

A family of operations is loaded when one of its names is first used, so that importing aios3 stays cheap::

    from aios3 import operations as ops

    await client.call(ops.GetBucketLocation(bucket="photos"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base import *  # noqa: F403
    from .buckets import *  # noqa: F403
    from .listing import *  # noqa: F403
    from .objects import *  # noqa: F403

_FAMILIES = {
    "base": ("BucketOperation", "NoResult", "ObjectOperation", "RequestPayer"),
    "buckets": (
        "BucketCannedACL",
        "BucketEntry",
        "CreateBucket",
        "CreateBucketConfiguration",
        "CreateBucketResult",
        "DeleteBucket",
        "GetBucketLocation",
        "GetBucketLocationResult",
        "HeadBucket",
        "HeadBucketResult",
        "ListBuckets",
        "ListBucketsResult",
    ),
    "listing": (
        "CommonPrefix",
        "EncodingType",
        "Key",
        "ListObjectsV2",
        "ListObjectsV2Result",
        "Owner",
        "RestoreStatus",
    ),
    "objects": (
        "DeleteObject",
        "DeleteObjectResult",
        "GetObject",
        "GetObjectResult",
        "HeadObject",
        "HeadObjectResult",
        "ObjectCannedACL",
        "PutObject",
        "PutObjectResult",
        "ServerSideEncryption",
        "StorageClass",
        "StoredObject",
    ),
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names}

__all__ = sorted(_FAMILY_OF)  # one table instead of two lists


def __getattr__(name: str) -> Any:
    family = _FAMILY_OF.get(name)
    if family is None:
        raise AttributeError(f"aios3.operations has no {name!r}")
    value = getattr(import_module(f".{family}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
