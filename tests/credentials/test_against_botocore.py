"""The same files, environments and services given to us and to botocore: the same key comes out, from the same source.

A key's name says where it stood, so the same key is the same source. What differs on purpose is in DIFFERENCES, each with
a set-up that shows it, so that a difference that goes away is noticed.
"""

import asyncio
import gc
import json
import logging
import os
import random
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import botocore.credentials
import botocore.loaders
import botocore.session
import botocore.tokens
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from aios3 import CredentialsError
from aios3.credentials import DefaultChain, NotConfigured
from tests.credentials.conftest import Home
from tests.credentials.services import SECRET, TOKEN, Agent, Metadata, Portal, TokenService, answer, keys, login
from tests.wire import Seen, response, serving

SET_UPS = int(os.environ.get("AIOS3_SET_UPS", "100"))
START = "https://example.awsapps.com/start"
_loader = botocore.loaders.Loader()

ROLES = "arn:aws:iam::111122223333:role/"
NAMES = ("default", "one", "two", "three")


@dataclass
class SetUp:
    """What a person has on a machine."""

    config: str = ""
    credentials: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    profile: str | None = None


class Dice:
    """Makes set-ups: always the same one of a number."""

    def __init__(self, number: int) -> None:
        self._random = random.Random(number)

    def chance(self, percent: int) -> bool:
        return self._random.randrange(100) < percent

    def set_up(self) -> SetUp:
        config, credentials = "", ""
        for name in NAMES[: self._random.randint(1, 4)]:
            heading = name if name == "default" and self.chance(70) else f"profile {name}"
            if self.chance(90):
                config += f"[{heading}]\n{self._profile(name)}\n"
            if self.chance(35):
                credentials += f"[{name}]\n{self._own(f'AKIACREDENTIALS{name}')}\n"
        config += f"[sso-session corp]\nsso_region = us-east-1\nsso_start_url = {START}\n"
        made = SetUp(config, credentials, self._environ(), None)
        chosen = self._random.choice([*NAMES, "gone"]) if self.chance(5) else self._random.choice(NAMES[:2])
        if self.chance(30):
            made.profile = chosen
        elif self.chance(40):
            made.environ["AWS_PROFILE"] = chosen
        return made

    def _own(self, key: str) -> str:
        if self.chance(8):
            return f"aws_access_key_id = {key}\n"
        token = "aws_session_token = token\n" if self.chance(50) else ""
        return f"aws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n{token}"

    def _profile(self, name: str) -> str:
        kinds: list[Callable[[str], str]] = [
            lambda name: "",
            lambda name: "output = json\n",
            lambda name: self._own(f"AKIACONFIG{name}"),
            self._program,
            self._role,
            self._role,
            self._web,
            self._sso,
        ]
        chosen = self._random.sample(kinds, self._random.choice([1, 1, 1, 2, 3]))
        lines = "".join(kind(name) for kind in chosen).splitlines(keepends=True)
        return "".join({line.partition(" =")[0]: line for line in lines}.values())  # no setting twice

    def _program(self, name: str) -> str:
        printed = {"Version": 1, "AccessKeyId": f"AKIAPROGRAM{name}", "SecretAccessKey": SECRET}
        command = f"{sys.executable} -c 'print({json.dumps(json.dumps(printed))})'"
        return f"credential_process = {command if self.chance(90) else 'false'}\n"

    def _role(self, name: str) -> str:
        source = self._random.choice(
            [
                *[f"source_profile = {other}\n" for other in NAMES],
                "credential_source = Environment\n",
                "credential_source = EcsContainer\n",
                "credential_source = Ec2InstanceMetadata\n",
                "",
                "source_profile = gone\n",
                "credential_source = Moon\n",
            ]
        )
        more = "external_id = 12\nduration_seconds = 900\n" if self.chance(30) else ""
        role = "refused" if self.chance(5) else f"role-of-{name}"
        return f"role_arn = {ROLES}{role}\n{source}{more}"

    def _web(self, name: str) -> str:
        return f"web_identity_token_file = {{home}}/token\nrole_arn = {ROLES}web-of-{name}\n"

    def _sso(self, name: str) -> str:
        own = f"sso_start_url = {START}\nsso_region = us-east-1\n"
        session = "sso_session = corp\n" if self.chance(50) else own
        missing = "" if self.chance(10) else "sso_role_name = Reader\n"
        return f"{session}sso_account_id = 111122223333\n{missing}"

    def _environ(self) -> dict[str, str]:
        found: dict[str, str] = {}
        if self.chance(20):
            found |= {"AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT", "AWS_SECRET_ACCESS_KEY": SECRET}
            if self.chance(10):
                del found[self._random.choice([*found])]
        if self.chance(15):
            found |= {"AWS_WEB_IDENTITY_TOKEN_FILE": "{home}/token", "AWS_ROLE_ARN": f"{ROLES}web-of-environment"}
            if self.chance(20):
                found["AWS_WEB_IDENTITY_TOKEN_FILE"] = "{home}/none"
        if self.chance(25):
            found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "{agent}/v2/credentials/6a5d"
        if self.chance(60):
            found["AWS_EC2_METADATA_DISABLED"] = "true"
        return found


# ------------------------------------------------------------------ the two who are compared


@asynccontextmanager
async def machine(home: Home, made: SetUp) -> AsyncIterator[dict[str, str]]:
    """Put a set-up on disk with the services around it; give the environment."""
    (home.folder / "token").write_text("a.b.c")
    home.write_login("corp", login())
    home.write_login(START, login())
    known = {
        key: SECRET for name in NAMES for key in (f"AKIACONFIG{name}", f"AKIACREDENTIALS{name}", f"AKIAPROGRAM{name}")
    }
    known |= dict.fromkeys(("AKIAENVIRONMENT", "ASIACONTAINER", "ASIAINSTANCE", "ASIASSO"), SECRET)
    async with AsyncExitStack() as stack:
        handlers = (TokenService(known=known, web_token="a.b.c"), Portal(), Agent(), Metadata())
        sts, portal, agent, metadata = [
            f"http://127.0.0.1:{(await stack.enter_async_context(serving(handler))).port}" for handler in handlers
        ]
        places = {"home": str(home.folder), "agent": agent}
        home.write(_filled(made.config, places), _filled(made.credentials, places))
        yield {
            "HOME": str(home.folder),
            "PATH": os.environ.get("PATH", os.defpath),
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_STS": sts,
            "AWS_ENDPOINT_URL_SSO": portal,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
            **{name: _filled(value, places) for name, value in made.environ.items()},
        }


def _filled(text: str, places: Mapping[str, str]) -> str:
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


async def ours(made: SetUp, environ: Mapping[str, str]) -> str:
    """Return the key that we find, or ``none``, or ``error``."""
    try:
        return (await DefaultChain(made.profile, environ=environ)()).access_key
    except NotConfigured:
        return "none"
    except CredentialsError as error:
        assert SECRET not in str(error)  # noqa: PT017
        return "error"


def botocores(made: SetUp, environ: Mapping[str, str]) -> str:
    """Return the key that botocore finds, or ``none``, or ``error``."""
    cache = str(Path(environ["HOME"]) / ".aws" / "sso" / "cache")
    with (
        patch.dict(os.environ, environ, clear=True),
        # It looks for its home when it is imported.
        patch.object(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache),
        patch.object(botocore.tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", cache),
    ):
        try:
            session = botocore.session.Session(profile=made.profile)
            session.register_component("data_loader", _loader)
            found = session.get_credentials()
            return str(found.get_frozen_credentials().access_key) if found else "none"
        except (BotoCoreError, ClientError, OSError, ValueError):
            return "error"


async def both(home: Home, made: SetUp) -> tuple[str, str]:
    async with machine(home, made) as environ:
        theirs = await asyncio.to_thread(botocores, made, environ)
        gc.collect()  # it leaves its connections to that
        return await ours(made, environ), theirs


IGNORE = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


# ------------------------------------------------------------------ what is the same


@pytest.mark.parametrize("number", range(SET_UPS))
@IGNORE
async def test_same_key_from_the_same_source(home: Home, number: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "aios3")
    made = Dice(number).set_up()
    found, theirs = await both(home, made)

    assert found == theirs, made
    assert SECRET not in caplog.text
    assert TOKEN not in caplog.text


def test_set_ups_are_of_many_kinds() -> None:
    made = [Dice(number).set_up() for number in range(100)]
    texts = [each.config + each.credentials + "".join(each.environ) for each in made]

    for word in (
        "source_profile",
        "credential_source",
        "credential_process",
        "sso_session",
        "web_identity_token_file",
        "AWS_ACCESS_KEY_ID",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ):
        assert sum(word in text for text in texts) >= 10
    assert len(set(texts)) == 100


# ------------------------------------------------------------------ what is not


def own(key: str) -> str:
    return f"aws_access_key_id = {key}\naws_secret_access_key = {SECRET}\n"


# What one cannot run here: a role with mfa_serial, for which botocore asks a person at the terminal and we refuse; and the
# files of boto 2 (BOTO_CONFIG, AWS_CREDENTIAL_FILE) and `aws login` (login_session), which are not read.
DIFFERENCES: dict[str, tuple[SetUp, str, str]] = {
    "a setting stands twice: the last counts, for botocore the file is broken": (
        SetUp(f"[default]\n{own('AKIAONE')}{own('AKIATWO')}"),
        "AKIATWO",
        "error",
    ),
    "a section stands twice: AWS says that they are one, for botocore the file is broken": (
        SetUp(f"[default]\nregion = x\n[default]\n{own('AKIATWO')}"),
        "AKIATWO",
        "error",
    ),
    "[profile default] goes before [default], as AWS says; botocore takes the last": (
        SetUp(f"[profile default]\n{own('AKIAPROFILE')}[default]\n{own('AKIABARE')}"),
        "AKIAPROFILE",
        "AKIABARE",
    ),
    "keys in the environment are used without a look at AWS_PROFILE; a client says that there is no such profile": (
        SetUp(environ={"AWS_PROFILE": "gone", "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": SECRET}),
        "AKIAENV",
        "error",
    ),
    "AWS_PROFILE is the documented variable; botocore prefers AWS_DEFAULT_PROFILE": (
        SetUp(
            f"[profile one]\n{own('AKIAONE')}[profile two]\n{own('AKIATWO')}",
            environ={"AWS_PROFILE": "one", "AWS_DEFAULT_PROFILE": "two"},
        ),
        "AKIAONE",
        "AKIATWO",
    ),
}


@pytest.mark.parametrize("why", DIFFERENCES)
@IGNORE
async def test_difference_is_as_explained(home: Home, why: str) -> None:
    made, expected, theirs = DIFFERENCES[why]
    made.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")

    assert await both(home, made) == (expected, theirs)


@IGNORE
async def test_first_version_of_metadata_is_not_spoken(home: Home) -> None:
    """Anybody who makes a server send requests reads keys by it: the reason for the second."""

    def first_version(seen: Seen) -> bytes:
        if seen.method != "GET":
            return response(404)
        if seen.path.endswith("the-role"):
            return answer({"Code": "Success", **keys("ASIAFIRST")})
        return response(body=b"the-role")

    async with serving(first_version) as peer:
        made = SetUp(environ={"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{peer.port}"})
        assert await both(home, made) == ("none", "ASIAFIRST")
