"""Keys of an EC2 instance's role: the instance metadata service, version 2 of its protocol.

A session token is asked for first, then the role's name, then its keys. Off EC2 nobody answers, so the waits are short.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html,
https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote

from ..errors import CredentialsError
from ..protocol.messages import Request
from ..protocol.sigv4 import Credentials
from .base import Environ, NotConfigured, read_credentials, said
from .network import Answer, Network, request_to

IPV4, IPV6 = "http://169.254.169.254", "http://[fd00:ec2::254]"
_ROLES = "/latest/meta-data/iam/security-credentials/"
_LIFE = "21600"
_OFF = "AWS_EC2_METADATA_DISABLED"


@dataclass(frozen=True, kw_only=True)
class InstanceMetadata:
    """Provider: the keys of the role that an EC2 instance has.

    AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE (IPv4, IPv6),
    AWS_METADATA_SERVICE_TIMEOUT and AWS_METADATA_SERVICE_NUM_ATTEMPTS are honoured.

    Args:
        environ: Where these stand.
        network: The way there; never through a proxy.
    """

    label: ClassVar[str] = "EC2 instance metadata"
    environ: Environ = field(default_factory=lambda: os.environ, repr=False)
    network: Network = field(default_factory=Network, repr=False)

    async def __call__(self) -> Credentials:
        """Return the keys of the instance's role.

        Raises:
            NotConfigured: it is switched off, nobody answers, or the instance has no role.
            CredentialsError: the service answers something else.
        """
        if self.environ.get(_OFF, "").lower() == "true":
            raise NotConfigured(f"switched off by {_OFF}")
        base = _endpoint(self.environ)
        token = await self._token(base)
        role = (await self._get(base, _ROLES, token)).body.decode("utf-8", "replace").strip().partition("\n")[0].strip()
        if not role:
            raise NotConfigured(f"{base} names no role of this instance")
        answer = await self._get(base, f"{_ROLES}{quote(role, safe='')}", token)
        return _read(answer.body, f"{base} for role {said(role)!r}")

    async def _token(self, base: str) -> str:
        headers = {"x-aws-ec2-metadata-token-ttl-seconds": _LIFE}
        request = request_to("PUT", base, headers, path="/latest/api/token")
        try:
            answer = await self._ask(request)
        except CredentialsError as error:
            raise NotConfigured(str(error)) from None
        token = answer.body.decode("ascii", "replace").strip()
        if answer.status != 200 or not token or not token.isprintable():
            raise NotConfigured(f"{base} gives no session token of IMDSv2 (HTTP {answer.status})")
        return token

    async def _get(self, base: str, path: str, token: str) -> Answer:
        request = request_to("GET", base, {"x-aws-ec2-metadata-token": token}, path=path)
        answer = await self._ask(request)
        if answer.status == 404:
            raise NotConfigured(f"{base} knows no role of this instance")
        if answer.status != 200:
            raise CredentialsError(f"{base}{path} answered HTTP {answer.status}")
        return answer

    async def _ask(self, request: Request) -> Answer:
        seconds = _number(self.environ, "AWS_METADATA_SERVICE_TIMEOUT", 1.0)
        attempts = _number(self.environ, "AWS_METADATA_SERVICE_NUM_ATTEMPTS", 1)
        return await self.network.ask(request, seconds=seconds, attempts=int(attempts), straight=True)


def _endpoint(environ: Environ) -> str:
    if given := environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"):
        return given.rstrip("/")
    mode = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE") or "IPv4"
    if mode.lower() not in ("ipv4", "ipv6"):
        raise CredentialsError(f"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE must be IPv4 or IPv6, not {mode!r}")
    return IPV6 if mode.lower() == "ipv6" else IPV4


def _number(environ: Environ, name: str, default: float) -> float:
    text = environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1000:
        raise CredentialsError(f"{name} must be a number above 0, not {text!r}")
    return max(value, 1.0) if name.endswith("ATTEMPTS") else value


def _read(body: bytes, where: str) -> Credentials:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CredentialsError(f"{where} gave no JSON object")
    if found.get("Code", "Success") != "Success":
        raise CredentialsError(f"{where} says {said(str(found['Code']))!r}")
    return read_credentials(found, where)


__all__ = ["InstanceMetadata"]
