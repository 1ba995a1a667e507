"""Whatever is answered where keys should be: keys, or a CredentialsError that shows nothing of it."""

import contextlib
import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from aios3 import Credentials, CredentialsError
from aios3.credentials import AssumeRole, Container, IdentityCenter, InstanceMetadata, Provider
from tests.credentials.conftest import Home
from tests.credentials.services import SECRET, in_an_hour, login
from tests.wire import response, serving

ROUNDS = 150
_NAMES = (
    *("Code", "AccessKeyId", "SecretAccessKey", "Token", "SessionToken", "Expiration", "code", "message", "error"),
    *("roleCredentials", "accessKeyId", "secretAccessKey", "sessionToken", "expiration", "accessToken", "expiresIn"),
)


def value(dice: random.Random, depth: int = 0) -> Any:
    """Return any JSON value, more often one that could stand there."""
    plain: list[Any] = [
        None,
        True,
        0,
        -1,
        1e400,
        10**30,
        1.5,
        "",
        "x",
        "\x00\r\n",
        SECRET,
        in_an_hour(),
        "Success",
        [],
        {},
    ]
    if depth < 3 and dice.random() < 0.5:
        return {name: value(dice, depth + 1) for name in dice.sample(_NAMES, dice.randint(0, 9))}
    return dice.choice(plain)


def body(dice: random.Random) -> bytes:
    """Return a document, perhaps broken."""
    text = json.dumps(value(dice)).encode()
    if dice.random() < 0.3:
        elements = "".join(
            f"<{name}>{dice.choice(('', SECRET, '&amp;', '2030'))}</{name}>" for name in dice.sample(_NAMES, 5)
        )
        text = f"<R xmlns='x'><Credentials>{elements}</Credentials><!-- c --></R>".encode()
    if dice.random() < 0.2:
        cut = dice.randrange(len(text) + 1)
        text = text[:cut] + dice.choice((b"", b"\xff", b"<", b"\x00")) + text[cut:]
    return text


def instance(home: Home, url: str) -> Provider:
    return InstanceMetadata(environ={"AWS_EC2_METADATA_SERVICE_ENDPOINT": url})


def container(home: Home, url: str) -> Provider:
    return Container(environ={"AWS_CONTAINER_CREDENTIALS_FULL_URI": url})


def role(home: Home, url: str) -> Provider:
    return AssumeRole(role_arn="r", source=Credentials("A", SECRET), endpoint=url, environ={})


def identity_center(home: Home, url: str) -> Provider:
    home.write_login("corp", login(in_an_hour(-60)))
    return IdentityCenter(
        start_url="x",
        region="us-east-1",
        account_id="1",
        role_name="r",
        session="corp",
        environ=home.environ(AWS_ENDPOINT_URL_SSO=url, AWS_ENDPOINT_URL_SSO_OIDC=url),
    )


@pytest.mark.parametrize("make", [instance, container, role, identity_center])
async def test_garbage_is_refused_and_not_shown(home: Home, make: Callable[[Home, str], Provider]) -> None:
    dice = random.Random(make.__name__)
    kept = b""

    def answer(_: object) -> bytes:
        nonlocal kept
        kept = body(dice)
        return response(dice.choice((200, 200, 200, 400, 404)), kept)

    async with serving(answer) as peer:
        provider = make(home, f"http://127.0.0.1:{peer.port}")
        for _ in range(ROUNDS):
            try:
                found = await provider()
            except CredentialsError as error:
                assert SECRET not in f"{error}{error!r}", kept  # noqa: PT017
            else:
                assert found.access_key
                assert found.secret_key
                with contextlib.suppress(AttributeError):
                    assert found.expires.tzinfo is not None  # type: ignore[union-attr]  # it may have none
