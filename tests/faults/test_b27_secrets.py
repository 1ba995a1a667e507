"""Behaviour 27: nothing that is secret is in a log, a repr, an error or a pickled error.

A presigned URL is one for whoever holds it; there is none yet. SSE-C keys come with their operations.
"""

import asyncio
import logging
import pickle
import re
import traceback
from typing import Any

import pytest

from aios3 import Bucket, Client, Credentials, CredentialsError, InvalidInput, S3Error
from aios3.testing import Asked, Cut, Peer, Script, steps
from tests import oracle
from tests.faults.scenes import KEY, bucket_at, failure
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
SECRET = "S3CR3T/that+must=never/be/seen"
TOKEN = "T0K3N//that+must/never/be/seen=="
PASSWORD = "Pr0xyPassw0rd"

# As AWS sends it: it explains what it compared, which is what must not go any further.
_MISMATCH = """<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match</Message>
<AWSAccessKeyId>{key}</AWSAccessKeyId><StringToSign>AWS4-HMAC-SHA256 {authorization}</StringToSign>
<SignatureProvided>{signature}</SignatureProvided><CanonicalRequest>x-amz-security-token:{token}</CanonicalRequest>
</Error>"""


def signature_of(asked: Asked) -> str:
    """Return the signature that a request came with."""
    match = re.search(rb"Signature=([0-9a-f]{64})", asked.header("authorization") or b"")
    assert match is not None
    return match[1].decode()


def tells_all(status: str) -> Script:
    """Return the script of a server that answers with an error, and every secret it has heard in it."""

    def answer(asked: Asked) -> bytes:
        authorization = (asked.header("authorization") or b"").decode()
        said = _MISMATCH.format(key=KEY, authorization=authorization, signature=signature_of(asked), token=TOKEN)
        return steps.response(b"" if asked.method == b"HEAD" else said.encode(), status=status)

    return steps.serving(answer)


SCRIPTS: dict[str, list[Script]] = {
    "refused": [tells_all("403 Forbidden")],
    "failed": [tells_all("500 X")],
    "redirected": [steps.serving(lambda _: failure("PermanentRedirect", "301 X", headers=["Location: http://x/"]))],
    "cut": [[steps.read_request(), steps.close()]],
    "cut in the body": [
        [steps.read_request(), steps.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1"), steps.reset()]
    ],
    "no http": [[steps.read_request(), steps.send(b"220 smtp ready\r\n")]],
    "no xml": [steps.answering(b"<html>")],
    "silent": [[steps.read_request()]],
    "well": [steps.answering(b"data")],
}


@pytest.mark.parametrize("script", SCRIPTS)
async def test_b27_logs_reprs_and_errors_hold_no_secret(script: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[object] = []
    options = {"aws_secret": SECRET, "aws_token": TOKEN, "max_attempts": 2, "read_timeout": 0.05}
    async with Peer(*SCRIPTS[script]) as peer, bucket_at(peer.endpoint, **options, on_attempt=said.append) as bucket:
        calls = [bucket.get("key"), bucket.put("key", b"data"), bucket.head("key"), bucket.list(), bucket.delete("key")]
        calls.append(bucket.put("key", b"data", metadata={"bad": "a\r\nb"}))
        calls.append(bucket.put("key", b"data", content_type="é"))
        for call in calls:
            try:
                said.append(await call)
            except S3Error as error:
                said += [error, vars(error), pickle.dumps(error), "".join(traceback.format_exception(error))]
        said += [bucket, bucket.client, peer.endpoint]
        signatures = [signature_of(asked) for asked in peer.requests if asked.header("authorization")]

    assert signatures
    text = caplog.text + "".join(f"{thing!r}{thing!s}" for thing in said)
    found = [secret for secret in (SECRET, TOKEN, "Signature=", *signatures) if secret in text]
    assert found == []


async def test_b27_debug_log_has_one_line_per_attempt(radosgw: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "aios3")
    name = oracle.make_bucket(radosgw, f"log-{id(caplog):x}")
    keys: dict[str, Any] = {"aws_key": radosgw.access_key, "aws_secret": radosgw.secret_key}
    async with Bucket(name, **keys, aws_endpoint=radosgw.endpoint, proxy=False) as bucket:
        await bucket.put("key", b"data")
        await bucket.get("key")

    lines = [record.getMessage() for record in caplog.records if record.name == "aios3"]
    assert len(lines) == 2
    assert re.fullmatch(rf"GetObject {name} attempt 1: 200 in \d\.\d{{3}} s, 4 bytes, request id tx\S+", lines[1])


async def test_b27_password_of_a_proxy_is_in_no_error(unused_tcp_port: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = f"http://user:{PASSWORD}@127.0.0.1:{unused_tcp_port}"
    for endpoint in ("http://s3.example", "https://s3.example"):
        async with bucket_at(endpoint, proxy=proxy, max_attempts=1) as bucket:
            with pytest.raises(S3Error) as caught:
                await bucket.get("key")
            text = f"{caught.value!r}{''.join(traceback.format_exception(caught.value))}{bucket.client!r}"

        assert PASSWORD not in text + caplog.text


def test_b27_arguments_that_are_wrong_are_named_and_not_shown() -> None:
    wrong = [
        {"aws_key": KEY},
        {"aws_secret": SECRET},
        {"aws_key": KEY, "aws_secret": SECRET, "anonymous": True},
        {"credentials": SECRET},
        {"proxy": f"socks5://user:{PASSWORD}@host"},
    ]
    for options in wrong:
        with pytest.raises(InvalidInput) as caught:
            Client(**options)  # type: ignore[arg-type]  # that is what is tested
        assert SECRET not in str(caught.value)
        assert PASSWORD not in str(caught.value)
    assert SECRET not in repr(Credentials(KEY, SECRET, TOKEN))
    assert TOKEN not in repr(Credentials(KEY, SECRET, TOKEN))


async def test_b27_failing_provider_shows_nothing_of_ours() -> None:
    async def provider() -> Credentials:
        await asyncio.sleep(0)
        raise RuntimeError(f"vault is sealed for {SECRET}")

    async with Bucket("bucket", credentials=provider, aws_endpoint="http://127.0.0.1:9", proxy=False) as bucket:
        with pytest.raises(CredentialsError, match="provider failed: RuntimeError") as raised:
            await bucket.get("key")

    assert SECRET not in str(raised.value)
    assert isinstance(raised.value.__cause__, RuntimeError)  # the provider's own, for whoever wants to see it


def test_b27_faults_are_values_that_can_be_shown() -> None:
    assert repr(Cut(after=3)) == "Cut(after=3, reset=False)"
