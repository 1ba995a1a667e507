"""Which address a bucket has: a pure function of the endpoint, the bucket's name and the addressing style.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from urllib.parse import quote

from ..errors import InvalidInput
from .messages import Address, address
from .uri import Endpoint

Addressing: TypeAlias = Literal["auto", "virtual", "path"]
ADDRESSINGS: tuple[Addressing, ...] = ("auto", "virtual", "path")

# s3-accelerate and s3-external-1 are AWS's too, but name no region.
_AWS_HOST = re.compile(
    r"s3(?:-fips|-accelerate|-external-1)?(?:\.dualstack)?(?:[.-]([a-z0-9-]+))?\.amazonaws\.com(?:\.cn)?"
)
_REGION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})")
# What can be a label (or labels) of a host name: 3-63 characters, no upper case, no underscore.
_DNS_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_NEVER_IN_A_NAME = re.compile(r"[\x00-\x20\x7f/\\]")
MAX_BUCKET_NAME = 255


def aws_endpoint(region: str) -> Endpoint:
    """Return AWS's endpoint for a region."""
    if not _REGION.fullmatch(region):
        raise InvalidInput(f"region {region!r} is not a region's name, such as eu-west-1")
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return Endpoint("https", f"s3.{region}.{domain}", 443, "")


def is_aws(endpoint: Endpoint) -> bool:
    """Tell if this is AWS itself, which alone has all of S3's habits."""
    return _AWS_HOST.fullmatch(endpoint.host) is not None


def region_of(endpoint: Endpoint) -> str | None:
    """Return the region that AWS's host name says, else None."""
    match = _AWS_HOST.fullmatch(endpoint.host)
    return match[1] if match else None


def bucket_address(endpoint: Endpoint, bucket: str | None, addressing: Addressing = "auto") -> Address:
    """Return where requests for *bucket* go; None is the service itself.

    ``auto`` is virtual-host style on AWS and path style elsewhere. A name that cannot be a host name goes path
    style whatever was asked for, and so does a dotted one over https, which no wildcard certificate covers.

    Raises:
        InvalidInput: the name cannot stand in any address.
    """
    scheme, host, port, prefix = endpoint
    if bucket is None:
        return address(scheme, host, port, prefix)
    check_bucket_name(bucket)
    wanted = addressing == "virtual" or (addressing == "auto" and is_aws(endpoint))
    if wanted and _fits_host(bucket, scheme, host):
        return address(scheme, f"{bucket}.{host}", port, prefix)
    return address(scheme, host, port, f"{prefix}/{quote(bucket, safe='')}")


def check_bucket_name(name: str) -> None:
    """Refuse a bucket name that cannot be addressed; what a store allows beyond that is the store's to say.

    Raises:
        InvalidInput: it is empty, a dot segment, too long, or has white space, a slash or a control character.
    """
    if not isinstance(name, str):
        raise InvalidInput(f"bucket name must be a str, not {type(name).__name__}")
    if name in ("", ".", ".."):
        raise InvalidInput(f"bucket name {name!r} cannot be addressed")
    if len(name) > MAX_BUCKET_NAME:
        raise InvalidInput(f"bucket name {name[:40]!r}... has {len(name)} characters, more than {MAX_BUCKET_NAME}")
    found = _NEVER_IN_A_NAME.search(name)
    if found or not name.isascii():
        what = repr(found[0]) if found else "a character that is not ASCII"
        raise InvalidInput(f"bucket name {name!r} cannot be addressed: it has {what}")


def _fits_host(bucket: str, scheme: str, host: str) -> bool:
    if not _DNS_NAME.fullmatch(bucket) or ".." in bucket:
        return False
    is_number = host.startswith("[") or host.replace(".", "").isdigit()
    return not is_number and not (scheme == "https" and "." in bucket)
