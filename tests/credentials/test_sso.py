"""IAM Identity Center: the login's file, its renewal, the portal."""

import asyncio
import json
from typing import Any

import pytest

from aios3 import CredentialsError
from aios3.credentials import IdentityCenter
from tests.credentials.conftest import Home
from tests.credentials.services import SECRET, TOKEN, Portal, in_an_hour, login
from tests.loops import BOTH_LOOPS
from tests.wire import Peer, response, serving

START = "https://example.awsapps.com/start"


def provider(home: Home, peer: Peer | None, **more: Any) -> IdentityCenter:
    url = f"http://127.0.0.1:{peer.port if peer else 9}"
    options = {
        "start_url": START,
        "region": "us-east-1",
        "account_id": "111122223333",
        "role_name": "Reader",
        "session": "corp",
        "environ": home.environ(AWS_ENDPOINT_URL_SSO=url, AWS_ENDPOINT_URL_SSO_OIDC=url),
    }
    return IdentityCenter(**{**options, **more})


@BOTH_LOOPS
@pytest.mark.parametrize("session", ["corp", None])
async def test_login_gives_keys_of_its_role(home: Home, session: str | None) -> None:
    home.write_login(session or START, login())
    async with serving(Portal()) as peer:
        found = await provider(home, peer, session=session)()

    assert (found.access_key, found.secret_key, found.token) == ("ASIASSO", SECRET, TOKEN)
    assert found.expires is not None


@BOTH_LOOPS
@pytest.mark.parametrize("seconds", [-3600, 60], ids=["ended", "about to end"])
async def test_login_is_renewed_and_kept_for_others(home: Home, seconds: float) -> None:
    home.write_login("corp", login(in_an_hour(seconds), unknown="kept"))
    portal = Portal()
    async with serving(portal) as peer:
        for _ in range(2):
            assert (await provider(home, peer)()).access_key == "ASIASSO"

    kept = json.loads(home.login("corp").read_text())
    assert (kept["accessToken"], kept["refreshToken"], kept["unknown"]) == (
        portal.access_token,
        portal.refresh_token,
        "kept",
    )
    assert [seen.path for seen in peer.requests] == ["/token", "/federation/credentials", "/federation/credentials"]
    assert home.login("corp").stat().st_mode & 0o77 == 0
    assert [file.name for file in home.login("corp").parent.iterdir()] == [home.login("corp").name]


async def test_login_that_cannot_be_renewed_yet_serves_to_its_end(home: Home) -> None:
    home.write_login("corp", login(in_an_hour(60), refreshToken="another"))
    async with serving(Portal()) as peer:
        assert (await provider(home, peer)()).access_key == "ASIASSO"


NO_LOGIN: dict[str, tuple[dict[str, Any] | None, str]] = {
    "none": (None, "nobody has logged in"),
    "an empty one": ({}, "holds no token"),
    "ended without a way on": (login(in_an_hour(-60), refreshToken=None), "ended and cannot be renewed"),
    "refused": (login(in_an_hour(-60), refreshToken="stolen-token"), "could not be renewed: HTTP 400, invalid_grant"),
    "no time": (login("soon"), "a time of expiry that is none"),
    "revoked": (login(accessToken="a-revoked-token"), "ended or was revoked"),
}


@pytest.mark.parametrize("kind", NO_LOGIN)
async def test_login_that_is_none_says_to_log_in(home: Home, kind: str) -> None:
    document, said = NO_LOGIN[kind]
    if document is not None:
        home.write_login("corp", document)
    async with serving(Portal()) as peer:
        with pytest.raises(CredentialsError, match=said) as caught:
            await provider(home, peer)()

    assert "aws sso login" in str(caught.value) or kind == "no time"
    assert "token-" not in str(caught.value).replace("-token", "")
    for secret in ("stolen-token", "a-revoked-token", "the-client-secret", "aorAAAAArefresh"):
        assert secret not in str(caught.value)


async def test_older_login_is_not_renewed(home: Home) -> None:
    home.write_login(START, login(in_an_hour(-60)))
    with pytest.raises(CredentialsError, match="cannot be renewed"):
        await provider(home, None, session=None)()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (response(403, b'{"message": "No access"}'), "role Reader in account 111122223333: HTTP 403: No access"),
        (response(200, b"{}"), "no roleCredentials"),
        (response(200, b'{"roleCredentials": {"accessKeyId": "A"}}'), "no accessKeyId and secretAccessKey"),
        (
            response(200, b'{"roleCredentials": {"accessKeyId": "A", "secretAccessKey": "B"}}'),
            "does not say when it ends",
        ),
        (response(200, b"<html>"), "no roleCredentials"),
    ],
)
async def test_bad_answer_of_the_portal_is_said(home: Home, answer: bytes, said: str) -> None:
    home.write_login("corp", login())
    async with serving(lambda seen: answer) as peer:
        with pytest.raises(CredentialsError, match=said):
            await provider(home, peer)()


async def test_login_that_cannot_be_kept_serves_all_the_same(home: Home) -> None:
    home.write_login("corp", login(in_an_hour(-60)))
    folder = home.login("corp").parent
    async with serving(Portal()) as peer:
        folder.chmod(0o500)
        try:
            assert (await provider(home, peer)()).access_key == "ASIASSO"
        finally:
            await asyncio.to_thread(folder.chmod, 0o700)
