"""Keys of IAM Identity Center (SSO): `aws sso login` leaves a token in a file, the portal gives keys for it.

A profile names an sso-session, whose token can be renewed, or has the older settings of its own. The token is read at
every fetch; a renewed one is written where it was, so that the AWS CLI finds it.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-sso-credentials.html,
https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html,
https://docs.aws.amazon.com/singlesignon/latest/OIDCAPIReference/API_CreateToken.html
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import Any, ClassVar

from ..errors import CredentialsError
from ..protocol.sigv4 import Credentials
from ..protocol.uri import encode_query
from .base import Environ, folder_of, read_end, said
from .configuration import endpoint_url, service_host
from .network import Answer, Network, request_to

# A token is renewed when it ends within this many seconds.
_RENEW = 5 * 60.0
_SECONDS, _ATTEMPTS = 10.0, 3
_MAX_FILE = 1024 * 1024
_LOG_IN = "log in with `aws sso login`"


@dataclass(frozen=True, kw_only=True)
class IdentityCenter:
    """Provider: the keys that IAM Identity Center gives for a role in an account.

    Args:
        start_url: The portal's address, as in the config file.
        region: Where Identity Center is.
        account_id, role_name: Whose keys.
        session: Name of the sso-session; None for the older settings, whose token cannot be renewed.
        cache: Folder of the tokens; None is ~/.aws/sso/cache.
    """

    label: ClassVar[str] = "SSO"
    start_url: str
    region: str
    account_id: str
    role_name: str
    session: str | None = None
    cache: str | None = None
    environ: Environ = field(default_factory=lambda: os.environ, repr=False)
    network: Network = field(default_factory=Network, repr=False)

    async def __call__(self) -> Credentials:
        """Return new keys.

        Raises:
            CredentialsError: nobody has logged in, the login has ended, or the portal refuses.
        """
        token = await self._access_token()
        query = encode_query((("role_name", self.role_name), ("account_id", self.account_id)))
        base = endpoint_url("SSO", self.environ) or f"https://{service_host('portal.sso', self.region)}"
        url = f"{base.rstrip('/')}/federation/credentials?{query}"
        request = request_to("GET", url, {"x-amz-sso_bearer_token": token})
        answer = await self.network.ask(request, seconds=_SECONDS, attempts=_ATTEMPTS)
        return self._read(answer, token)

    def _read(self, answer: Answer, token: str) -> Credentials:
        what = f"SSO, role {self.role_name} in account {self.account_id}"
        found = _document(answer.body)
        if answer.status == 401:
            raise CredentialsError(f"{what}: the login has ended or was revoked; {_LOG_IN}")
        if answer.status != 200:
            message = str(found.get("message") or found.get("Message") or "")
            raise CredentialsError(f"{what}: HTTP {answer.status}: {said(message, token)}")
        keys = found.get("roleCredentials")
        if not isinstance(keys, dict):
            raise CredentialsError(f"{what}: the answer has no roleCredentials")
        return Credentials(*_texts(keys, what), _moment(keys.get("expiration"), what))

    # -------------------------------------------------------------- the token of the login
    def _path(self) -> Path:
        name = sha1((self.session or self.start_url).encode(), usedforsecurity=False).hexdigest()
        return Path(self.cache or folder_of(self.environ, "sso", "cache")).expanduser() / f"{name}.json"

    async def _access_token(self) -> str:
        path = self._path()
        kept = await asyncio.to_thread(_read_file, path)
        token, end = kept.get("accessToken"), kept.get("expiresAt")
        if not isinstance(token, str) or not isinstance(end, str):
            raise CredentialsError(f"SSO: {path} holds no token; {_LOG_IN}")
        left = read_end(end, f"SSO: {path}").timestamp() - time.time()
        if left > _RENEW:
            return token
        try:
            return await self._renewed(kept, path)
        except CredentialsError:
            if left > 0:
                return token
            raise

    async def _renewed(self, kept: Mapping[str, Any], path: Path) -> str:
        """Return a new token for an old one, and keep it where the old one was."""
        names = ("clientId", "clientSecret", "refreshToken")
        values = [kept.get(name) for name in names]
        if not self.session or not all(isinstance(value, str) and value for value in values):
            raise CredentialsError(f"SSO: the login has ended and cannot be renewed; {_LOG_IN}")
        asked = dict(zip(names, values, strict=True)) | {"grantType": "refresh_token"}
        base = endpoint_url("SSO_OIDC", self.environ) or f"https://{service_host('oidc', self.region)}"
        headers = {"content-type": "application/json"}
        request = request_to("POST", f"{base.rstrip('/')}/token", headers, json.dumps(asked).encode())
        answer = await self.network.ask(request, seconds=_SECONDS, attempts=_ATTEMPTS)
        found = _document(answer.body)
        token, seconds = found.get("accessToken"), found.get("expiresIn")
        if answer.status != 200 or not isinstance(token, str) or not isinstance(seconds, int):
            why = said(str(found.get("error") or "no token in the answer"))
            raise CredentialsError(f"SSO: the login could not be renewed: HTTP {answer.status}, {why}; {_LOG_IN}")
        end = _moment((time.time() + seconds) * 1000, "SSO: the renewed login")
        new = {**kept, "accessToken": token, "expiresAt": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        if isinstance(refresh := found.get("refreshToken"), str):
            new["refreshToken"] = refresh
        await asyncio.to_thread(_write_file, path, new)
        return token


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return _document(file.read(_MAX_FILE))
    except FileNotFoundError:
        raise CredentialsError(f"SSO: nobody has logged in ({path} is not there); {_LOG_IN}") from None
    except OSError as error:
        raise CredentialsError(f"SSO: cannot read {path}: {error.strerror}") from None


def _write_file(path: Path, document: Mapping[str, Any]) -> None:
    """Replace a file as a whole, readable for its owner only. Where it cannot be, the token serves all the same."""
    with suppress(OSError):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
        new = Path(name)
        try:
            with os.fdopen(handle, "w") as file:
                json.dump(document, file)
            new.replace(path)
        except OSError:
            new.unlink(missing_ok=True)


def _document(body: bytes) -> dict[str, Any]:
    with suppress(ValueError):
        found = json.loads(body)
        if isinstance(found, dict):
            return found
    return {}


def _texts(keys: Mapping[str, Any], what: str) -> tuple[str, str, str | None]:
    key, secret, token = (keys.get(name) for name in ("accessKeyId", "secretAccessKey", "sessionToken"))
    if not isinstance(key, str) or not isinstance(secret, str) or not isinstance(token, str | None):
        raise CredentialsError(f"{what}: the answer has no accessKeyId and secretAccessKey")
    return key, secret, token


def _moment(milliseconds: Any, what: str) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise CredentialsError(f"{what}: the answer does not say when it ends") from None


__all__ = ["IdentityCenter"]
