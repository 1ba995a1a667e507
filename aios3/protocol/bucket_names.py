"""Names of buckets: which can be addressed at all, and which can be part of a host name.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
"""

from __future__ import annotations

import re

from ..errors import InvalidInput
from .partitions import are_labels, is_label

ARN = "arn:"
MAX_BUCKET_NAME = 255
_NEVER_IN_A_NAME = r"[\x00-\x1f\x7f/\\]|^ | $"
_NEVER_IN_AN_ARN = r"[\x00-\x1f\x7f\\]"
_IPV4 = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
# What AWS takes for a new bucket of the general kind.
_NEW = r"(?=.{3,63}$)[a-z0-9](?:[a-z0-9-]|\.(?!\.))*[a-z0-9]"


def check_bucket_name(name: str) -> None:
    """Refuse a bucket name that cannot be addressed; what a store allows beyond that is the store's to say.

    Raises:
        InvalidInput: it is empty, a dot segment, too long, or has a slash (unless it is an ARN), a control
            character, or a space at an end.
    """
    if not isinstance(name, str):
        raise InvalidInput(f"bucket name must be a str, not {type(name).__name__}")
    if name in ("", ".", ".."):
        raise InvalidInput(f"bucket name {name!r} cannot be addressed")
    if len(name) > MAX_BUCKET_NAME:
        raise InvalidInput(f"bucket name {name[:40]!r}... has {len(name)} characters, more than {MAX_BUCKET_NAME}")
    found = re.search(_NEVER_IN_AN_ARN if name.startswith(ARN) else _NEVER_IN_A_NAME, name)
    if found or not name.isascii():
        what = repr(found[0]) if found else "a character that is not ASCII"
        raise InvalidInput(f"bucket name {name!r} cannot be addressed: it has {what}")


def check_new_bucket_name(name: str) -> None:
    """Refuse a name that AWS takes for no new bucket. Other stores have rules of their own.

    Raises:
        InvalidInput: it has not 3 to 63 characters of a-z, 0-9, hyphen and dot, or looks like an IP address.
    """
    if not re.fullmatch(_NEW, name) or re.fullmatch(_IPV4, name):
        raise InvalidInput(
            f"bucket name {name!r} is none that AWS takes: 3 to 63 of a-z, 0-9, - and single dots, a letter or digit "
            "at both ends, not an IP address"
        )


def fits_host(name: str, *, dots: bool = False) -> bool:
    """Tell if a bucket's name can be a label of a host name; with *dots*, several labels."""
    if len(name) < 3 or name != name.lower() or re.fullmatch(_IPV4, name):
        return False
    return are_labels(name) if dots else is_label(name)
