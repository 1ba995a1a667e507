"""What a provider is, and the two ways in which one can fail.

A provider is an async function without arguments that returns Credentials. Where it looks and finds nothing it raises
NotConfigured, and a chain asks the next one. Any other error ends the chain: keys that were meant to be used and cannot
be had must not be replaced by those of somebody else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from ..errors import CredentialsError, S3Error
from ..protocol.sigv4 import Credentials
from ..protocol.texts import read_time

Provider: TypeAlias = Callable[[], Awaitable[Credentials]]
Environ: TypeAlias = Mapping[str, str]

_MAX_SHOWN = 300
# What looks like a key or a token rather than a word; an ARN and a URL have slashes and colons between shorter ones.
_KEY_LIKE = r"[A-Za-z0-9+/=_-]{40,}"


class NotConfigured(CredentialsError):
    """There is nothing where this provider looks; the next one of a chain may have keys."""


def static(credentials: Credentials) -> Provider:
    """Return a provider of fixed credentials, for a chain or as the source of a role."""

    async def given() -> Credentials:
        return credentials

    return given


def label_of(provider: Provider) -> str:
    """Return what a provider is called in messages."""
    label = getattr(provider, "label", None) or getattr(provider, "__name__", None)
    return label if isinstance(label, str) else type(provider).__name__


async def keys_of(provider: Provider) -> Credentials:
    """Ask a provider for keys.

    Raises:
        S3Error: it has none; of another's error only the kind is told, since nobody knows what it says.
    """
    try:
        return await provider()
    except S3Error:
        raise
    except Exception as error:
        raise CredentialsError(f"the provider {label_of(provider)} failed: {type(error).__name__}") from error


def read_credentials(found: Mapping[str, Any], where: str, token: str = "Token") -> Credentials:  # noqa: S107  # a name
    """Return the credentials of a JSON document in AWS's spelling.

    Args:
        where: What gave it, for the message.
        token: Name of the session token in it.
    Raises:
        CredentialsError: a key is missing or no text, or the end cannot be read; the message shows no value.
    """
    names = ("AccessKeyId", "SecretAccessKey", token, "Expiration")
    key, secret, session, end = (found.get(name) for name in names)
    missing = [name for name, value in zip(names[:2], (key, secret), strict=True) if not value]
    if missing:
        raise CredentialsError(f"{where} gave no {' and no '.join(missing)}")
    for name, value in zip(names, (key, secret, session, end), strict=True):
        if value is not None and not isinstance(value, str):
            raise CredentialsError(f"{where} gave {name} as {type(value).__name__}, not as text")
    return Credentials(str(key), str(secret), session or None, read_end(end, where) if end else None)


def read_end(text: str, where: str) -> datetime:
    """Return the moment at which credentials end.

    Raises:
        CredentialsError: it is no time.
    """
    try:
        return read_time(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise CredentialsError(f"{where} gave a time of expiry that is none") from None


def said(text: str, *secrets: str | None) -> str:
    """Return the first line of what a service said, short, and without anything that may be a secret."""
    line = text.strip().partition("\n")[0][:_MAX_SHOWN]
    for secret in filter(None, secrets):
        line = line.replace(secret, "***")
    return re.sub(_KEY_LIKE, "***", "".join(mark for mark in line if mark.isprintable()))


def folder_of(environ: Environ, *parts: str) -> str:
    """Return a path below the user's .aws folder."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    base = os.path.join(home, ".aws") if home else os.path.expanduser(os.path.join("~", ".aws"))  # noqa: PTH111, PTH118
    return os.path.join(base, *parts)  # noqa: PTH118  # text in, text out


__all__ = [
    "Environ",
    "NotConfigured",
    "Provider",
    "folder_of",
    "keys_of",
    "label_of",
    "read_credentials",
    "read_end",
    "said",
    "static",
]
