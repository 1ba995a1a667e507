"""The head of a request: what goes out, and what never does."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from aios3.errors import InvalidInput
from aios3.protocol.http1 import body_length, request_head
from aios3.protocol.messages import Buffer, Request, RequestBody, address

ADDRESS = address("http", "h", 80)


class Pieces:
    """A body that is not in memory."""

    def __init__(self, length: int) -> None:
        self.length = length

    async def chunks(self) -> AsyncIterator[Buffer]:
        yield bytes(self.length)

    async def rewind(self) -> bool:
        return True

    async def sha256(self) -> str | None:
        return None


def request(
    method: str = "GET",
    path: str = "/b/k",
    query: str = "",
    headers: dict[str, str] | None = None,
    body: Buffer | RequestBody = b"",
) -> Request:
    return Request(method, ADDRESS, path, query, headers or {"host": "h"}, body)


def test_head_is_the_request_as_it_stands() -> None:
    head = request_head(request("GET", "/b/a%2Fb/../c", "acl=&x=%20", {"host": "h:8", "range": "bytes=0-9"}))

    assert head == b"GET /b/a%2Fb/../c?acl=&x=%20 HTTP/1.1\r\nhost: h:8\r\nrange: bytes=0-9\r\n"


def test_head_without_query_has_no_question_mark() -> None:
    assert request_head(request(path="/")) == b"GET / HTTP/1.1\r\nhost: h\r\n"


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("GET", b"", None),
        ("HEAD", b"", None),
        ("DELETE", b"", None),
        ("PUT", b"", 0),
        ("POST", b"", 0),
        ("PUT", b"12345", 5),
        ("PUT", bytearray(b"12345"), 5),
        ("PUT", memoryview(b"12345"), 5),
        ("PUT", memoryview(b"12345678").cast("I"), 8),
        ("PUT", memoryview(b""), 0),
        ("PUT", Pieces(7), 7),
        ("PUT", Pieces(0), 0),
        ("POST", b"<Delete/>", 9),
        ("GET", b"12345", 5),
        ("DELETE", b"12345", 5),
    ],
)
def test_content_length_is_sent_with_every_body_and_every_put_and_post(
    method: str, body: Buffer | RequestBody, length: int | None
) -> None:
    head = request_head(request(method, body=body))

    expected = b"" if length is None else b"content-length: %d\r\n" % length
    assert head == b"%s /b/k HTTP/1.1\r\nhost: h\r\n%s" % (method.encode(), expected)
    assert body_length(body) == (length or 0)


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\n", "\r\nx-evil: 1", "é", "\u2028", "😀", "\x80", "\ud800"])
@pytest.mark.parametrize("where", ["method", "path", "query", "name", "value", "first value"])
def test_what_no_head_may_have_is_refused_and_never_shown(where: str, bad: str) -> None:
    secret = f"hunter2{bad}hunter2"
    made = {
        "method": request(secret),
        "path": request(path=f"/{secret}"),
        "query": request(query=f"x={secret}"),
        "name": request(headers={"host": "h", f"x-{bad}": "hunter2"}),
        "value": request(headers={"host": "h", "x-amz-security-token": secret, "z": "z"}),
        "first value": request(headers={"host": secret, "x-amz-security-token": "hunter2"}),
    }[where]

    with pytest.raises(InvalidInput) as raised:
        request_head(made)

    shown = [repr(error) + str(error) for error in _chain(raised.value)]
    assert not any("hunter2" in text for text in shown)
    named = {"name": "header 'x-", "value": "header 'x-amz-security-token'", "first value": "header 'host'"}
    assert named.get(where, "the request line") in str(raised.value)


def _chain(error: BaseException | None) -> list[BaseException]:
    found = []
    while error is not None:
        found.append(error)
        error = error.__context__
    return found


def test_a_tab_and_printable_ascii_pass() -> None:
    value = "\t".join(chr(code) for code in range(32, 127))

    assert f"x: {value}\r\n".encode() in request_head(request(headers={"host": "h", "x": value}))


def test_a_streamed_body_is_measured_not_read() -> None:
    body = Pieces(3)

    assert body_length(body) == 3
    assert asyncio.run(body.rewind())
