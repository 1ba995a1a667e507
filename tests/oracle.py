"""A second opinion: botocore's signer over http.client, sharing no line with the package under test.

The request target goes to the wire as given, so that a test says itself how a key is encoded.
"""

import base64
import hashlib
import http.client
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers import Keys, Server

TIMEOUT = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A response, read to its end; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """S3's error code, or an empty string."""
        return self.text("Code")

    def text(self, tag: str) -> str:
        """Return the text of the first element named *tag*, or an empty string."""
        return next(self.texts(tag), "")

    def texts(self, tag: str) -> Iterator[str]:
        """Yield the text of every element named *tag*, whatever its namespace; none where the body is not XML."""
        try:
            root = ElementTree.fromstring(self.body)
        except ElementTree.ParseError:
            return
        for element in root.iter():
            if element.tag.rpartition("}")[2] == tag:
                yield element.text or ""


class _Signer(S3SigV4Auth):
    """Botocore's signer, which lets the caller say what x-amz-content-sha256 claims."""

    def __init__(self, credentials: Credentials, region: str, content_sha256: str | None) -> None:
        super().__init__(credentials, "s3", region)
        self._content_sha256 = content_sha256

    def payload(self, request: AWSRequest) -> str:
        return self._content_sha256 or str(super().payload(request))


def target(bucket: str, key: str | None = None, query: str = "") -> str:
    """Encode a path-style request target as S3 wants it: once, all but unreserved characters and slashes."""
    path = f"/{bucket}" if key is None else f"/{bucket}/{quote(key, safe='/~')}"
    return f"{path}?{query}" if query else path


def signed_headers(
    server: Server,
    method: str,
    request_target: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    keys: Keys | None = None,
    host: str | None = None,
) -> dict[str, str]:
    """Return *headers* with Host and with botocore's signature over all of them."""
    address = host or urlsplit(server.endpoint).netloc
    request = AWSRequest(method=method, url=f"http://{address}{request_target}", data=body, headers=dict(headers or {}))
    claimed = request.headers.get("x-amz-content-sha256")
    _Signer(_credentials(keys or server.keys), server.region, claimed).add_auth(request)
    return {"Host": address, **dict(request.headers.items())}


def presigned_target(
    server: Server, method: str, request_target: str, *, keys: Keys | None = None, expires: int = 600
) -> str:
    """Return *request_target* with botocore's signature in its query; sent to the plain endpoint."""
    request = AWSRequest(method=method, url=f"{server.endpoint}{request_target}")
    S3SigV4QueryAuth(_credentials(keys or server.keys), "s3", server.region, expires=expires).add_auth(request)
    return str(request.url).removeprefix(server.endpoint)


def _credentials(keys: Keys) -> Credentials:
    return Credentials(keys.access_key, keys.secret_key)


@contextmanager
def connected(server: Server, *, tls: bool = False) -> Iterator[http.client.HTTPConnection]:
    """Open a connection for several requests; with *tls*, trusting the server's own authority only."""
    with closing(_connection(server, tls=tls)) as connection:
        yield connection


def _connection(server: Server, *, tls: bool) -> http.client.HTTPConnection:
    if not tls:
        return http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    assert server.tls_endpoint is not None
    port = urlsplit(server.tls_endpoint).port
    context = ssl.create_default_context(cafile=server.ca)
    return http.client.HTTPSConnection("localhost", port, timeout=TIMEOUT, context=context)


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    request_target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send exactly these headers and this body, and read the answer."""
    connection.putrequest(method, request_target, skip_host="Host" in (headers or {}), skip_accept_encoding=True)
    for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    response = connection.getresponse()
    fields = {name.lower(): value for name, value in response.getheaders()}
    return Answer(status=response.status, headers=fields, body=response.read())


def send(
    server: Server,
    method: str,
    request_target: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    keys: Keys | None = None,
    host: str | None = None,
    tls: bool = False,
) -> Answer:
    """Sign and send one request on a connection of its own.

    Args:
        server: Who is asked.
        method: GET, PUT, ...
        request_target: Path and query as they go to the wire; see `target`.
        body: All of it.
        headers: Further headers; they are signed too.
        keys: Of another user than the server's first.
        host: What to say in the Host header; the connection goes to 127.0.0.1 all the same.
        tls: Use the TLS endpoint.
    """
    if tls and host is None:
        host = urlsplit(server.tls_endpoint or "").netloc
    signed = signed_headers(server, method, request_target, body, headers=headers, keys=keys, host=host)
    with connected(server, tls=tls) as connection:
        return exchange(connection, method, request_target, body, signed)


def make_bucket(server: Server, name: str) -> str:
    """Create a bucket and return its name."""
    answer = send(server, "PUT", target(name))
    assert answer.status == 200, answer
    return name


def put(server: Server, bucket: str, key: str, body: bytes, headers: Mapping[str, str] | None = None) -> Answer:
    """Store an object, which must succeed."""
    answer = send(server, "PUT", target(bucket, key), body, headers=headers)
    assert answer.status == 200, answer
    return answer


def get(server: Server, bucket: str, key: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask for an object."""
    return send(server, "GET", target(bucket, key), headers=headers)


def delete_keys(server: Server, bucket: str, keys: Iterable[str]) -> Answer:
    """Ask for the removal of several objects at once."""
    root = ElementTree.Element("Delete")
    for key in keys:
        ElementTree.SubElement(ElementTree.SubElement(root, "Object"), "Key").text = key
    body = ElementTree.tostring(root)
    return send(server, "POST", target(bucket, query="delete="), body, headers={"Content-MD5": md5(body)})


def md5(body: bytes) -> str:
    """Return what Content-MD5 says about *body*."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
