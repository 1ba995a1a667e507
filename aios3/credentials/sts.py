"""Keys of a role, from the security token service: AssumeRole, and AssumeRoleWithWebIdentity.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html,
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar

from ..errors import CredentialsError, InvalidResponse
from ..protocol.messages import Request
from ..protocol.sigv4 import Credentials, Signer
from ..protocol.uri import encode_query
from ..protocol.xml_codec import parse
from .base import Environ, NotConfigured, Provider, read_credentials, said, static
from .configuration import endpoint_url, region_of, service_host
from .container import read_token
from .network import Answer, Network, request_to

_VERSION = "2011-06-15"
_SECONDS, _ATTEMPTS = 10.0, 3


@dataclass(frozen=True, kw_only=True)
class AssumeRole:
    """Provider: the keys of a role that other keys may take on.

    Args:
        role_arn: The role.
        source: The keys that may, or who to ask for them.
        duration_seconds: How long the keys are good, 900 to the role's own limit; None is an hour.
        external_id: What the role's owner agreed on with you.
        session_name: Shown in the logs of AWS; made up if None.
        policy: A JSON document that narrows what the keys may do.
        region: Whose service to ask; None is the environment's, or the global one.
        endpoint: URL of another service; None is the environment's AWS_ENDPOINT_URL_STS or AWS's own.
    """

    label: ClassVar[str] = "role"
    role_arn: str
    source: Credentials | Provider = field(repr=False)
    duration_seconds: int | None = None
    external_id: str | None = field(default=None, repr=False)
    session_name: str | None = None
    policy: str | None = field(default=None, repr=False)
    region: str | None = None
    endpoint: str | None = None
    environ: Environ = field(default_factory=lambda: os.environ, repr=False)
    network: Network = field(default_factory=Network, repr=False)

    async def __call__(self) -> Credentials:
        """Return new keys of the role.

        Raises:
            CredentialsError: there are no keys to ask with, or the service refuses.
        """
        keys = await self._source()
        members = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name or _session_name(),
            "DurationSeconds": None if self.duration_seconds is None else str(self.duration_seconds),
            "ExternalId": self.external_id,
            "Policy": self.policy,
        }
        service = _Service(self.region, self.endpoint, self.environ, self.network)
        return await service.call("AssumeRole", members, keys, secrets=(keys.secret_key, keys.token))

    async def _source(self) -> Credentials:
        source = static(self.source) if isinstance(self.source, Credentials) else self.source
        try:
            return await source()
        except NotConfigured as error:
            # Not for a chain to pass over: this role was meant.
            raise CredentialsError(f"no keys to take on {self.role_arn}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class WebIdentity:
    """Provider: the keys of a role that a token of somebody else's may take on, such as a Kubernetes service account's.

    Args:
        role_arn: The role.
        token_file: Where the token is; read again at every fetch, since it is replaced before it ends.
        session_name, duration_seconds, region, endpoint: As of AssumeRole.
    """

    label: ClassVar[str] = "web identity"
    role_arn: str
    token_file: str
    session_name: str | None = None
    duration_seconds: int | None = None
    region: str | None = None
    endpoint: str | None = None
    environ: Environ = field(default_factory=lambda: os.environ, repr=False)
    network: Network = field(default_factory=Network, repr=False)

    async def __call__(self) -> Credentials:
        """Return new keys of the role.

        Raises:
            CredentialsError: the token cannot be read, or the service refuses.
        """
        token = await asyncio.to_thread(read_token, self.token_file, "web identity token file")
        members = {
            "RoleArn": self.role_arn,
            "RoleSessionName": self.session_name or _session_name(),
            "DurationSeconds": None if self.duration_seconds is None else str(self.duration_seconds),
            "WebIdentityToken": token,
        }
        service = _Service(self.region, self.endpoint, self.environ, self.network)
        return await service.call("AssumeRoleWithWebIdentity", members, None, secrets=(token,))


@dataclass(frozen=True)
class _Service:
    """One region's token service."""

    region: str | None
    endpoint: str | None
    environ: Environ
    network: Network

    async def call(
        self, action: str, members: Mapping[str, str | None], keys: Credentials | None, secrets: tuple[str | None, ...]
    ) -> Credentials:
        """Send an action and return the keys in its answer."""
        pairs = {"Action": action, "Version": _VERSION, **members}
        body = encode_query((name, value) for name, value in pairs.items() if value is not None).encode()
        region = self.region or region_of(self.environ)
        url = self.endpoint or endpoint_url("STS", self.environ) or f"https://{service_host('sts', region)}"
        headers = {"content-type": "application/x-www-form-urlencoded"}
        request = request_to("POST", url if "://" in url else f"https://{url}", headers, body)
        if keys is not None:
            request = _signed(request, body, keys, region or "us-east-1")
        answer = await self.network.ask(request, seconds=_SECONDS, attempts=_ATTEMPTS)
        return _read(answer, action, members["RoleArn"] or "", secrets)


def _signed(request: Request, body: bytes, keys: Credentials, region: str) -> Request:
    method, there, path, query, headers, _ = request
    # A hop's own header, which a proxy may change.
    hop = {"connection": headers["connection"]}
    named = {name: value for name, value in headers.items() if name not in hop}
    timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    signed = Signer(keys, timestamp, region, "sts").sign(method, path, query, named, sha256(body).hexdigest())
    return Request(method, there, path, query, signed | hop, body)


def _read(answer: Answer, action: str, role: str, secrets: tuple[str | None, ...]) -> Credentials:
    what = f"{action} of {role}"
    try:
        root = parse(answer.body)
    except InvalidResponse:
        raise CredentialsError(f"{what}: HTTP {answer.status}, and no XML") from None
    if answer.status != 200:
        code, message = root.findtext(".//{*}Code") or "no code", root.findtext(".//{*}Message") or ""
        raise CredentialsError(
            f"{what} was refused with {said(code)} (HTTP {answer.status}): {said(message, *secrets)}"
        )
    found = root.find(".//{*}Credentials")
    if found is None:
        raise CredentialsError(f"{what}: the answer has no Credentials")
    texts = {str(child.tag).rpartition("}")[2]: child.text for child in found}
    return read_credentials(texts, what, token="SessionToken")  # noqa: S106  # a field's name


def _session_name() -> str:
    return f"aios3-{int(time.time())}"


__all__ = ["AssumeRole", "WebIdentity"]
