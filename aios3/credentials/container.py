"""Keys of a container: ECS tasks and EKS Pod Identity, who name a URL and perhaps a token in the environment.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from ..errors import CredentialsError
from ..protocol.sigv4 import Credentials
from .base import Environ, NotConfigured, read_credentials, said
from .network import Answer, Network, is_local, is_loopback, request_to

ECS = "http://169.254.170.2"
# Who may be asked over plain http: the agents of ECS and EKS, and this machine itself.
_TRUSTED = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23"})
_RELATIVE, _FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
_TOKEN, _TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
_SECONDS, _ATTEMPTS = 2.0, 3
_MAX_TOKEN_FILE = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Container:
    """Provider: the keys that ECS or EKS Pod Identity gives a container.

    The token file is read again at every fetch, since Kubernetes replaces it.

    Args:
        environ: Where AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI,
            AWS_CONTAINER_AUTHORIZATION_TOKEN and AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE stand.
        network: The way there; past proxies where it is on the link.
        ecs: What a relative URI is relative to.
    """

    label: ClassVar[str] = "container"
    environ: Environ = field(default_factory=lambda: os.environ, repr=False)
    network: Network = field(default_factory=Network, repr=False)
    ecs: str = ECS

    async def __call__(self) -> Credentials:
        """Return the container's keys.

        Raises:
            NotConfigured: the environment names no URL.
            CredentialsError: the URL must not be trusted with a token, or gives no keys.
        """
        url = self._url()
        where = urlsplit(url).netloc
        request = request_to("GET", url, await self._authorization())
        straight = is_local(request.address.host)
        answer = await self.network.ask(request, seconds=_SECONDS, attempts=_ATTEMPTS, straight=straight)
        return _read(answer, where)

    def _url(self) -> str:
        if relative := self.environ.get(_RELATIVE):
            if not relative.startswith("/"):
                raise CredentialsError(f"{_RELATIVE} must begin with a slash")
            return f"{self.ecs}{relative}"
        url = self.environ.get(_FULL)
        if not url:
            raise NotConfigured(f"{_RELATIVE} and {_FULL} are not set")
        _check(url)
        return url

    async def _authorization(self) -> dict[str, str]:
        token = self.environ.get(_TOKEN)
        if path := self.environ.get(_TOKEN_FILE):
            token = await asyncio.to_thread(read_token, path, _TOKEN_FILE)
        if not token:
            return {}
        if "\r" in token or "\n" in token:
            raise CredentialsError("the container's authorization token has a line break in it")
        return {"authorization": token}


def read_token(path: str, name: str) -> str:
    """Return the token in a file, in a thread; white space around it is not of it.

    Raises:
        CredentialsError: it cannot be read, or is empty.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            token = file.read(_MAX_TOKEN_FILE).decode("ascii").strip()
    except UnicodeDecodeError:
        raise CredentialsError(f"{name}: {path!r} is no text of ASCII") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise CredentialsError(f"{name}: cannot read {path!r}: {getattr(error, 'strerror', None) or error}") from None
    if not token:
        raise CredentialsError(f"{name}: {path!r} is empty")
    return token


def _check(url: str) -> None:
    """Refuse to send a token in the open to anybody but the agents and this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise CredentialsError(f"{_FULL} is no URL") from None
    if parts.scheme == "https" or (parts.scheme == "http" and (host in _TRUSTED or is_loopback(host))):
        return
    raise CredentialsError(
        f"{_FULL} names the host {host!r} by {parts.scheme or 'no scheme'}: it must be https, "
        f"{', '.join(sorted(_TRUSTED))}, or this machine"
    )


def _read(answer: Answer, where: str) -> Credentials:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if answer.status != 200:
        code = found.get("code") or found.get("Code") if isinstance(found, dict) else None
        raise CredentialsError(f"{where} answered HTTP {answer.status}{f' ({said(str(code))})' if code else ''}")
    if not isinstance(found, dict):
        raise CredentialsError(f"{where} gave no JSON object")
    return read_credentials(found, where)


__all__ = ["Container", "read_token"]
