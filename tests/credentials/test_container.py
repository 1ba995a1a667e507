"""ECS and EKS Pod Identity: whom to trust, the token and its file."""

from pathlib import Path

import pytest

from aios3 import CredentialsError
from aios3.credentials import Container, NotConfigured
from tests.credentials.services import SECRET, TOKEN, Agent, keys
from tests.loops import BOTH_LOOPS
from tests.wire import Peer, Seen, response, serving

RELATIVE, FULL = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"
AUTHORIZATION, TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"


def at(peer: Peer, host: str = "127.0.0.1") -> str:
    return f"http://{host}:{peer.port}"


@BOTH_LOOPS
async def test_task_of_ecs_has_keys() -> None:
    agent = Agent()
    async with serving(agent) as peer:
        found = await Container(environ={RELATIVE: agent.path, FULL: "http://127.0.0.1:9/"}, ecs=at(peer))()

    assert (found.access_key, found.secret_key, found.token) == ("ASIACONTAINER", SECRET, TOKEN)
    assert found.expires is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_full_uri_and_token_are_used(host: str) -> None:
    agent = Agent(token="Basic abc=")
    async with serving(agent) as peer:
        environ = {FULL: f"{at(peer, host)}{agent.path}?x=1", AUTHORIZATION: "Basic abc="}
        assert (await Container(environ=environ)()).access_key == "ASIACONTAINER"

    assert peer.last.query == "x=1"


async def test_pod_identitys_token_is_read_again_at_every_fetch(tmp_path: Path) -> None:
    file = tmp_path / "eks-pod-identity-token"
    agent = Agent(path="/v1/credentials")
    async with serving(agent) as peer:
        provider = Container(environ={FULL: f"{at(peer)}/v1/credentials", TOKEN_FILE: str(file), AUTHORIZATION: "old"})
        for token in ("first.jwt", "second.jwt"):
            file.write_text(f"{token}\n")
            agent.token = token
            assert (await provider()).access_key == "ASIACONTAINER"

    assert [seen.headers["authorization"] for seen in peer.requests] == ["first.jwt", "second.jwt"]


async def test_no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    agent = Agent()
    async with serving(agent) as peer:
        assert (await Container(environ={FULL: f"{at(peer)}{agent.path}"})()).access_key == "ASIACONTAINER"


async def test_without_a_url_it_is_not_set_up() -> None:
    with pytest.raises(NotConfigured, match=f"{RELATIVE} and {FULL} are not set"):
        await Container(environ={RELATIVE: "", FULL: ""})()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://169.254.169.254/",
        "http://169.254.170.2.example.com/",
        "http://169.254.170.2@example.com/",
        "http://localhost.example.com/",
        "ftp://127.0.0.1/",
        "127.0.0.1/",
        "http://[::1",
    ],
)
async def test_host_that_is_not_trusted_gets_no_token(url: str) -> None:
    with pytest.raises(CredentialsError, match=r"must be https, 169.254.170.2|is no URL|user or password") as caught:
        await Container(environ={FULL: url, AUTHORIZATION: "the-token"})()

    assert "the-token" not in str(caught.value)


async def test_failing_agent_is_asked_three_times() -> None:
    agent, answers = Agent(), iter([response(500), response(503)])
    async with serving(lambda seen: next(answers, None) or agent(seen)) as peer:
        assert (await Container(environ={RELATIVE: agent.path}, ecs=at(peer))()).access_key == "ASIACONTAINER"

    assert len(peer.requests) == 3


async def test_refusal_is_said_without_the_token() -> None:
    async with serving(Agent(token="right")) as peer:
        with pytest.raises(CredentialsError, match=r"answered HTTP 401 \(AccessDenied\)") as caught:
            await Container(environ={FULL: f"{at(peer)}{Agent.path}", AUTHORIZATION: "wrong-token"})()

    assert "wrong-token" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({RELATIVE: "v2/credentials"}, "must begin with a slash"),
        ({AUTHORIZATION: "a\r\nb: c"}, "has a line break"),
        ({AUTHORIZATION: "é"}, "no header can carry"),
        ({TOKEN_FILE: "nowhere/token"}, "cannot read 'nowhere/token': No such file"),
        ({TOKEN_FILE: "nul\0"}, "cannot read"),
    ],
)
async def test_environment_that_cannot_be_is_said(environ: dict[str, str], said: str) -> None:
    async with serving(Agent()) as peer:
        with pytest.raises(CredentialsError, match=said):
            await Container(environ={FULL: f"{at(peer)}/", **environ})()

    assert not peer.requests


@pytest.mark.parametrize(("content", "said"), [(b"", "is empty"), (b"\xff\xfe", "no text of ASCII")])
async def test_token_file_that_cannot_be_is_said(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(CredentialsError, match=said):
        await Container(environ={FULL: "http://127.0.0.1:9/", TOKEN_FILE: str(file)})()


async def test_answer_without_keys_is_said() -> None:
    def answer(seen: Seen) -> bytes:
        return response(200, str(keys("A")).encode())  # Python's quotes are not JSON's

    async with serving(answer) as peer:
        with pytest.raises(CredentialsError, match="gave no JSON object") as caught:
            await Container(environ={FULL: f"{at(peer)}/"})()

    assert SECRET not in str(caught.value)
