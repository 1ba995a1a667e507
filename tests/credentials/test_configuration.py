"""Settings: arguments before the environment before the profile; and which files are read when."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from aios3 import Bucket, Client, Credentials, CredentialsError, InvalidInput
from aios3.credentials.configuration import endpoint_url, merged, profile_named, read_files
from tests.credentials.conftest import Home
from tests.credentials.services import SECRET, Agent, Metadata, Portal, TokenService, in_an_hour, login
from tests.loops import BOTH_LOOPS
from tests.programs import BARE
from tests.wire import answering, response, serving

KEYS = "aws_access_key_id = AKIDFILE\naws_secret_access_key = secret\n"


@pytest.fixture
def here(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that is this process's."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in home.environ().items():
        monkeypatch.setenv(name, value)
    return home


def settings(home: Home, config: str, profile: str | None = None, **environ: str) -> dict[str, str]:
    home.write(config)
    given = home.environ(**environ)
    files = read_files(given)
    return merged(given, profile_named(files, profile, given), files)


# --- one place to look


def test_settings_of_a_profile_have_the_names_of_the_environment(home: Home) -> None:
    config = """[default]
region = eu-west-1
max_attempts = 7
retry_mode = adaptive
ca_bundle = ca.pem
request_checksum_calculation = when_required
response_checksum_validation = when_required
use_fips_endpoint = true
use_dualstack_endpoint = true
s3_use_arn_region = true
s3 =
  addressing_style = path
  use_accelerate_endpoint = true
"""
    found = settings(home, config)

    assert {name: value for name, value in found.items() if name not in ("HOME", "AWS_EC2_METADATA_DISABLED")} == {
        "AWS_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "7",
        "AWS_RETRY_MODE": "adaptive",
        "AWS_CA_BUNDLE": "ca.pem",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_S3_USE_ARN_REGION": "true",
        "s3.addressing_style": "path",
        "s3.use_accelerate_endpoint": "true",
    }


def test_environment_wins_and_an_empty_variable_is_none(home: Home) -> None:
    config = "[default]\nregion = a\nmax_attempts = 2\nretry_mode = adaptive\n"
    found = settings(home, config, AWS_DEFAULT_REGION="b", AWS_MAX_ATTEMPTS="", AWS_RETRY_MODE="standard")

    assert (found["AWS_REGION"], found["AWS_MAX_ATTEMPTS"], found["AWS_RETRY_MODE"]) == ("b", "2", "standard")


ENDPOINTS = """[default]
endpoint_url = http://all.file
services = ours
[profile plain]
endpoint_url = http://all.file
[profile ignores]
endpoint_url = http://all.file
ignore_configured_endpoint_urls = true
[profile lost]
services = theirs
[services ours]
s3 =
  endpoint_url = http://s3.file
sts =
  endpoint_url = http://sts.file
"""


@pytest.mark.parametrize(
    ("profile", "environ", "s3", "sts"),
    [
        (None, {}, "http://s3.file", "http://sts.file"),
        ("plain", {}, "http://all.file", "http://all.file"),
        ("ignores", {}, None, None),
        (None, {"AWS_ENDPOINT_URL": "http://all.env"}, "http://all.env", "http://all.env"),
        (None, {"AWS_ENDPOINT_URL_S3": "http://s3.env"}, "http://s3.env", "http://sts.file"),
        ("plain", {"AWS_ENDPOINT_URL_S3": "http://s3.env"}, "http://s3.env", "http://all.file"),
        (
            None,
            {"AWS_ENDPOINT_URL_S3": "http://s3.env", "AWS_ENDPOINT_URL": "http://all.env"},
            "http://s3.env",
            "http://all.env",
        ),
        (None, {"AWS_ENDPOINT_URL": "http://all.env", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, None, None),
        ("ignores", {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}, "http://all.file", "http://all.file"),
    ],
)
def test_endpoints_have_an_order(
    home: Home, profile: str | None, environ: dict[str, str], s3: str | None, sts: str | None
) -> None:
    found = settings(home, ENDPOINTS, profile, **environ)

    assert (endpoint_url("S3", found), endpoint_url("STS", found)) == (s3, sts)


def test_services_that_are_not_there_are_said(home: Home) -> None:
    with pytest.raises(CredentialsError, match="profile 'lost' names the services 'theirs'"):
        settings(home, ENDPOINTS, "lost")


# --- files


def test_files_can_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("[profile a]\n")
    (tmp_path / "k").write_text("[b]\n")
    files = read_files(
        {
            "HOME": str(tmp_path),
            "AWS_CONFIG_FILE": str(tmp_path / "c"),
            "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "k"),
        }
    )

    assert files.names() == ["a", "b"]


def test_file_that_cannot_be_read_is_said(home: Home) -> None:
    home.write(config="[default]\n")
    (home.aws / "config").write_bytes(b"[default]\nregion = \xff\n")
    with pytest.raises(CredentialsError, match="config, line 2: it is not UTF-8"):
        read_files(home.environ())
    with pytest.raises(CredentialsError, match=r"cannot read .*: Is a directory"):
        read_files(home.environ(AWS_CONFIG_FILE=str(home.aws)))


def test_missing_profile_is_said_with_those_there_are(home: Home) -> None:
    home.write("[profile a]\n[default]\n", "[b]\n")
    files = read_files(home.environ())
    for name, environ in (("gone", {}), (None, {"AWS_PROFILE": "gone"}), (None, {"AWS_DEFAULT_PROFILE": "gone"})):
        with pytest.raises(CredentialsError, match=r"there is no profile 'gone' in .*; there: a, b, default$"):
            profile_named(files, name, environ)


# --- a client


async def test_profile_says_everything(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async with answering(response(body=b"data"), response(body=b"data")) as peer:
        here.write(
            f"[profile p]\nregion = eu-north-1\nmax_attempts = 1\nendpoint_url = http://127.0.0.1:{peer.port}/prefix\n",
            f"[p]\n{KEYS}",
        )
        async with Bucket("bucket", profile="p") as bucket:
            assert await bucket.get("key") == b"data"
        monkeypatch.setenv("AWS_PROFILE", "p")
        async with Bucket("bucket") as bucket:
            assert await bucket.get("key") == b"data"

    for seen in peer.requests:
        assert seen.target == b"/prefix/bucket/key"
        assert "Credential=AKIDFILE/" in seen.headers["authorization"]
        assert "/eu-north-1/s3/" in seen.headers["authorization"]


async def test_arguments_win_over_the_environment_over_the_profile(here: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(lambda seen: response(503)) as peer:
        url = f"http://127.0.0.1:{peer.port}"
        here.write(f"[default]\nregion = file\nmax_attempts = 1\nendpoint_url = http://127.0.0.1:9\n{KEYS}")
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        monkeypatch.setenv("AWS_REGION", "environment")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        asked: list[tuple[int, str]] = []
        cases: list[dict[str, Any]] = [
            {},
            {"aws_region": "argument", "max_attempts": 3},
            {"aws_endpoint": f"{url}/argument"},
        ]
        for options in cases:
            peer.requests.clear()
            async with Bucket("bucket", **options) as bucket:
                with pytest.raises(Exception, match="503"):
                    await bucket.get("key")
            asked.append((len(peer.requests), peer.last.headers["authorization"].split("/")[2]))

    assert asked == [(2, "environment"), (3, "argument"), (2, "environment")]
    assert peer.last.path == "/argument/bucket/key"


@pytest.mark.parametrize(
    ("style", "host"), [("path", "localhost"), ("virtual", "bucket.localhost"), ("auto", "localhost")]
)
async def test_addressing_of_the_profile_counts(here: Home, style: str, host: str) -> None:
    here.write(f"[default]\nregion = x\ns3 =\n  addressing_style = {style}\n{KEYS}")
    client = Client(aws_endpoint="http://localhost:9", max_attempts=1)
    with pytest.raises(Exception, match=rf"{'bucket.' if style == 'virtual' else ''}localhost:9"):
        await client.bucket("bucket").get("key")
    await client.close()


async def test_retries_and_checksums_of_the_profile_count(here: Home) -> None:
    here.write(f"[default]\nmax_attempts = 2\nrequest_checksum_calculation = when_supported\n{KEYS}")
    async with serving(lambda seen: response(503)) as peer:
        async with Bucket("bucket", aws_endpoint=f"http://127.0.0.1:{peer.port}") as bucket:
            with pytest.raises(Exception, match=r"503"):
                await bucket.put("key", b"data")

    assert len(peer.requests) == 2
    assert "x-amz-checksum-crc32" in peer.last.headers


async def test_setting_of_a_profile_that_cannot_be_is_said(here: Home) -> None:
    here.write(f"[default]\nmax_attempts = many\n{KEYS}")
    async with Client(aws_endpoint="http://127.0.0.1:9") as client:
        with pytest.raises(InvalidInput, match=r"AWS_MAX_ATTEMPTS must be .* 'many'.*profile 'default'"):
            await client.bucket("bucket").get("key")


async def test_malformed_file_is_said_before_anything_is_sent(here: Home) -> None:
    here.write("[default]\nregion\n")
    async with answering() as peer:
        async with Client(aws_key="a", aws_secret="b", aws_endpoint=f"http://127.0.0.1:{peer.port}") as client:
            for call in (client.bucket("bucket").get("key"), client.create_bucket("bucket")):
                with pytest.raises(CredentialsError, match="config, line 2: "):
                    await call

    assert peer.connections == 0


async def test_client_that_is_told_everything_reads_no_file(here: Home) -> None:
    here.write("malformed")
    async with answering(response(body=b"data")) as peer:
        async with Bucket(
            "bucket",
            credentials=Credentials("a", "b"),
            aws_region="us-east-1",
            aws_endpoint=f"http://127.0.0.1:{peer.port}",
        ) as bucket:
            assert await bucket.get("key") == b"data"


_FIRST_CALLS = """
import asyncio, json, os, sys
import aios3
opened = []
sys.addaudithook(lambda event, arguments: event == "open" and opened.append(os.path.basename(str(arguments[0]))))

async def main():
    async with aios3.Bucket("bucket", aws_endpoint=sys.argv[1]) as bucket:
        await asyncio.gather(*[bucket.get(f"key-{number}") for number in range(100)])
    print(json.dumps([opened.count("config"), opened.count("credentials")]))

asyncio.run(main())
"""


async def test_hundred_first_calls_read_the_files_once_for_settings_and_once_for_keys(home: Home) -> None:
    home.write("[default]\nregion = eu-central-1\n", f"[default]\n{KEYS}")
    environ = home.environ(PYTHONPATH=os.pathsep.join(sys.path), **BARE)
    async with serving(lambda seen: response(body=b"data")) as peer:
        command = [sys.executable, "-c", _FIRST_CALLS, f"http://127.0.0.1:{peer.port}"]
        done = await asyncio.to_thread(
            subprocess.run, command, env=environ, capture_output=True, timeout=60, check=False
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [2, 2]
    assert len(peer.requests) == 100
    assert all("/eu-central-1/s3/" in seen.headers["authorization"] for seen in peer.requests)


@BOTH_LOOPS
async def test_first_call_that_gives_up_leaves_the_files_to_the_others(here: Home) -> None:
    (here.aws / "config").unlink(missing_ok=True)
    os.mkfifo(here.aws / "config")
    async with serving(lambda seen: response(body=b"data")) as peer:
        async with Bucket(
            "bucket", aws_key="a", aws_secret="b", aws_endpoint=f"http://127.0.0.1:{peer.port}"
        ) as bucket:
            first, second = (asyncio.create_task(bucket.get(key)) for key in ("a", "b"))
            await asyncio.sleep(0)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            # Whoever opens it to write waits for one who reads.
            await asyncio.to_thread((here.aws / "config").write_text, "[default]\nregion = eu-west-3\n")
            assert await second == b"data"

    assert "/eu-west-3/s3/" in peer.last.headers["authorization"]


@BOTH_LOOPS
async def test_files_that_could_not_be_read_are_read_again(here: Home) -> None:
    here.write("malformed")
    async with serving(lambda seen: response(body=b"data")) as peer:
        async with Bucket(
            "bucket", aws_key="a", aws_secret="b", aws_endpoint=f"http://127.0.0.1:{peer.port}"
        ) as bucket:
            failed = await asyncio.gather(*[bucket.get("key") for _ in range(3)], return_exceptions=True)
            here.write("[default]\nregion = eu-west-3\n")
            assert await bucket.get("key") == b"data"

    assert [type(error) for error in failed] == [CredentialsError] * 3


async def test_region_of_the_profile_is_where_a_bucket_is_made(here: Home) -> None:
    here.write(f"[default]\nregion = eu-central-1\n{KEYS}")
    client = Client()
    assert "us-east-1" in repr(client)
    with pytest.raises(InvalidInput):
        await client.create_bucket("no/name")

    assert "https://s3.eu-central-1.amazonaws.com" in repr(client)
    await client.close()


async def test_authorities_of_the_environment_and_the_profile_are_trusted(here: Home, radosgw: Any) -> None:
    options = {"aws_key": radosgw.access_key, "aws_secret": radosgw.secret_key, "aws_endpoint": radosgw.tls_endpoint}
    async with Client(**options, max_attempts=1) as client:
        with pytest.raises(Exception, match="certificate"):
            await client.bucket_exists("bucket")
    here.write(f"[default]\nca_bundle = {radosgw.ca}\n")
    async with Client(**options) as client:
        assert not await client.bucket_exists("no-such-bucket")
    here.write("[default]\nca_bundle = nowhere.pem\n")
    async with Client(**options) as client:
        with pytest.raises(InvalidInput, match=r"AWS_CA_BUNDLE: cannot read certificates from 'nowhere.pem'"):
            await client.bucket_exists("bucket")


_AUDIT = """
import asyncio, json, sys, threading
import aios3, aios3.credentials
found, watching, loop_thread = [], False, threading.get_ident()

def hook(event, arguments):
    if event == "socket.connect" and watching and arguments[0].getblocking():
        found.append((event, str(arguments[1])))
    if watching and event in ("open", "socket.getaddrinfo", "subprocess.Popen") and threading.get_ident() == loop_thread:
        found.append((event, str(arguments[0])))

sys.addaudithook(hook)

async def main():
    global watching
    watching = True
    bucket = aios3.Bucket("bucket", profile=sys.argv[1], aws_endpoint=sys.argv[2])
    data = await bucket.get("key")
    watching = False
    await bucket.close()
    print(json.dumps([data.decode(), found]))

if sys.argv[3] == "uvloop":
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("profile", ["program", "sso", "web", "role", "machine", "task"])
async def test_nothing_blocks_the_loop(home: Home, profile: str, loop: str) -> None:
    """Files, programs and names are opened, started and resolved in threads, whatever provider it is."""
    token = home.folder / "token"
    token.write_text("a.b.c")
    printed = {"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": SECRET}
    home.write(
        f"""[profile program]
credential_process = {sys.executable} -c 'print({json.dumps(json.dumps(printed))})'
[profile sso]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Reader
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://example.awsapps.com/start
[profile web]
role_arn = arn:aws:iam::1:role/x
web_identity_token_file = {token}
[profile role]
role_arn = arn:aws:iam::1:role/x
source_profile = program
[profile machine]
role_arn = arn:aws:iam::1:role/x
credential_source = Ec2InstanceMetadata
[profile task]
role_arn = arn:aws:iam::1:role/x
credential_source = EcsContainer
"""
    )
    home.write_login("corp", login(in_an_hour(-60)))
    sts = TokenService(known=dict.fromkeys(("AKID", "ASIAINSTANCE", "ASIACONTAINER"), SECRET), web_token="a.b.c")
    async with serving(sts) as roles, serving(Portal()) as portal, serving(Metadata()) as metadata:
        async with (
            serving(Agent(token="a.b.c")) as agent,
            serving(lambda seen: response(body=seen.headers["authorization"].encode())) as store,
        ):
            environ = home.environ(
                AWS_CONTAINER_CREDENTIALS_FULL_URI=f"http://localhost:{agent.port}{Agent.path}",
                AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token),
                AWS_ENDPOINT_URL_STS=f"http://localhost:{roles.port}",
                AWS_ENDPOINT_URL_SSO=f"http://localhost:{portal.port}",
                AWS_ENDPOINT_URL_SSO_OIDC=f"http://localhost:{portal.port}",
                AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://localhost:{metadata.port}",
                AWS_EC2_METADATA_DISABLED="false",
                PYTHONPATH=os.pathsep.join(sys.path),
                **BARE,
            )
            done = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-c", _AUDIT, profile, f"http://localhost:{store.port}", loop],
                env=environ,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

    assert done.returncode == 0, done.stderr
    said, found = json.loads(done.stdout)
    assert said.startswith("AWS4-HMAC-SHA256 Credential=A")
    assert found == []
