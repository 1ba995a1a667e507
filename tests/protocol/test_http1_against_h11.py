"""The response reader held against h11: random responses, many of them broken, cut at random places.

Both tell the same status, headers, body, trailers and surplus, or both refuse. A few hundred examples by default; for
10,000 of each of the two tests::

    AIOS3_EXAMPLES=10000 pytest tests/protocol/test_http1_against_h11.py

Headers are compared joined, as we join them: repeated fields by ", ". h11 tells bytes; ours are UTF-8, or Latin-1 where a
head is not UTF-8.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import h11
from hypothesis import event, example, given
from hypothesis import strategies as st

from aios3.protocol.http1 import MAX_HEAD
from tests.properties import many_examples
from tests.protocol.answers import Answer, answer_or_refusal, cut

Pairs = Iterable[tuple[bytes, bytes]]


class Theirs(NamedTuple):
    """What h11 tells of a response."""

    version: bytes
    status: int
    headers: dict[str, bytes]
    body: bytes
    trailers: dict[str, bytes] | None
    surplus: bool


# ------------------------------------------------------------------ where we differ, and why
def _is_not_http1(message: bytes, theirs: Theirs) -> bool:
    return not theirs.version.startswith(b"1.")


def _has_a_length_of_more_than_63_bits(message: bytes, theirs: Theirs) -> bool:
    return int(theirs.headers.get("content-length", b"0")) > 2**63 - 1


REFUSED_BY_US_ALONE: dict[str, Callable[[bytes, Theirs], bool]] = {
    # h11 takes any digit.digit for a version, and reads on as if it were HTTP/1.x. We never asked for another protocol.
    "a status line of HTTP/0.x, 2.0 and so on": _is_not_http1,
    # h11 takes any length of 20 digits. With a body both fail, h11 only at the end of the stream; HEAD, 204 and 304
    # have none to fail on. What is later read as an int64 must be one.
    "a length beyond 2**63-1 of a response without a body": _has_a_length_of_more_than_63_bits,
}

_INTERIM_WITH_FRAMING = re.compile(
    rb"HTTP/[0-9.]+ 1[0-9]{2}(?:(?!\n\r?\n).)*\n(?:content-length|transfer-encoding):", re.DOTALL | re.IGNORECASE
)


def _has_framing_in_an_interim_head(message: bytes, ours: Answer) -> bool:
    return _INTERIM_WITH_FRAMING.search(message) is not None


def _has_framing_in_its_trailers(message: bytes, ours: Answer) -> bool:
    return not {"content-length", "transfer-encoding"}.isdisjoint(ours.trailers or {})


REFUSED_BY_H11_ALONE: dict[str, Callable[[bytes, Answer], bool]] = {
    # A 1xx ends at its empty line, whatever its fields say, and nothing of it is told: h11 checks their values.
    "bad Content-Length or Transfer-Encoding of a 1xx": _has_framing_in_an_interim_head,
    # They mean nothing there (RFC 9110 6.5.1), and we only hand them out: h11 checks their values.
    "bad Content-Length or Transfer-Encoding in trailers": _has_framing_in_its_trailers,
}


# ------------------------------------------------------------------ the oracle
def by_h11(pieces: list[bytes], method: str) -> Theirs | None:
    """Return what h11 makes of *pieces* and the end of the stream, None if it refuses."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
    connection.send(h11.Request(method=method, target="/", headers=[("host", "h"), ("content-length", "0")]))
    connection.send(h11.EndOfMessage())
    head: h11.Response | None = None
    body = b""
    try:
        # An empty piece is the end of the stream.
        for number, piece in enumerate([*filter(None, pieces), b""]):
            connection.receive_data(piece)
            while (found := connection.next_event()) is not h11.NEED_DATA:
                if isinstance(found, h11.Response):
                    head = found
                elif isinstance(found, h11.Data):
                    body += found.data
                elif isinstance(found, h11.EndOfMessage):
                    assert head is not None
                    surplus = bool(connection.trailing_data[0]) or any(list(filter(None, pieces))[number + 1 :])
                    trailers = joined(found.headers) if _is_chunked(head, method) else None
                    return Theirs(head.http_version, head.status_code, joined(head.headers), body, trailers, surplus)
                elif not isinstance(found, h11.InformationalResponse):
                    return None
    except h11.RemoteProtocolError:
        pass
    return None


def _is_chunked(head: h11.Response, method: str) -> bool:
    return b"transfer-encoding" in dict(head.headers) and method != "HEAD" and head.status_code not in (204, 304)


def joined(headers: Pairs) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for raw, value in headers:
        name = raw.decode()
        found[name] = found[name] + b", " + value if name in found else value
    return found


def same_headers(ours: dict[str, str] | None, theirs: dict[str, bytes] | None) -> bool:
    """Tell if *ours* are *theirs* in either encoding; h11 lowers the coding, and we make numbers of lengths.

    Beside chunks we leave a length out.
    """
    if ours is None or theirs is None:
        return ours is None and theirs is None
    if "transfer-encoding" in ours and "content-length" not in ours:
        theirs = {name: value for name, value in theirs.items() if name != "content-length"}
    plain = {name: value.lower() if name == "transfer-encoding" else value for name, value in ours.items()}
    for encoding in ("utf-8", "latin-1"):
        encoded = {name: value.encode(encoding, "replace") for name, value in plain.items()}
        if {**encoded, **_length(encoded)} == {**theirs, **_length(theirs)}:
            return True
    return False


def _length(headers: dict[str, bytes]) -> dict[str, bytes]:
    length = headers.get("content-length", b"")
    return {"content-length": b"%d" % int(length)} if length.isdigit() else {}


# ------------------------------------------------------------------ random responses
ENDS = st.sampled_from([b"\r\n"] * 8 + [b"\n"])
FOLDS = st.sampled_from([b""] * 8 + [b"\r\n ", b"\n\t ", b"\r\n \t \r\n\t"])
VERSIONS = st.sampled_from([b"HTTP/1.1"] * 12 + [b"HTTP/1.0"] * 3 + [b"HTTP/1.7", b"HTTP/2.0", b"HTTP/0.9"])
STATUSES = st.sampled_from([b"200", b"206", b"404", b"503", b"204", b"304", b"205", b"301", b"600", b"999"])
REASONS = st.sampled_from([b" OK", b" ", b"", b" Not Found", b" \xe9\t x", b" 100%"])
VALUES = st.one_of(
    st.sampled_from(
        [b"", b"x", b"a, b", b"x:y", b'"etag"', b"text/xml", "é😀".encode(), b"\xe9", "\u2028".encode(), b"\x1c"]
    ),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12).map(str.encode),
)
NAMES = st.sampled_from(
    [
        b"ETag",
        b"etag",
        b"x-amz-meta-a",
        b"X-Amz-Meta-A",
        b"Server",
        b"Date",
        b"Connection",
        b"Trailer",
        b"a!#$%&'*+.^_`|~",
    ]
)
PADDING = st.sampled_from([b"", b" ", b" ", b" ", b"\t", b"  "])
FIELDS = st.tuples(NAMES, PADDING, VALUES, FOLDS, VALUES, PADDING).map(
    lambda part: part[0] + b":" + part[1] + part[2] + (part[3] + part[4] if part[3] else b"") + part[5]
)
CONNECTIONS = st.sampled_from([b"close", b"keep-alive", b"Close, x"]).map(b"Connection: ".__add__)
# Framing fields where they frame nothing: in a 1xx, in trailers.
MISPLACED = st.sampled_from([*[[]] * 9, [b"Content-Length: 5"], [b"Content-Length: x"], [b"Transfer-Encoding: gzip"]])
BODIES = st.one_of(st.binary(max_size=40), st.sampled_from([b"\r\n\r\n", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"]))


@st.composite
def heads(draw: st.DrawFn, first: bytes, framing: list[bytes]) -> bytes:
    fields = draw(st.lists(st.one_of(FIELDS, FIELDS, FIELDS, CONNECTIONS), max_size=4))
    for line in framing:
        fields.insert(draw(st.integers(0, len(fields))), line)
    return b"".join([line + draw(ENDS) for line in [first, *fields, b""]])


@st.composite
def chunked_bodies(draw: st.DrawFn) -> bytes:
    coded = b""
    for data in draw(st.lists(st.binary(min_size=1, max_size=20), max_size=4)):
        size = draw(st.sampled_from([b"%x", b"%X", b"%04x"])) % len(data)
        extension = draw(st.sampled_from([b"", b"", b"", b";a", b';a="b c"', b" ", b";a\t ", b";\xff"]))
        coded += size + extension + b"\r\n" + data + b"\r\n"
    trailers = draw(st.lists(FIELDS, max_size=2)) + draw(MISPLACED)
    last = draw(st.sampled_from([b"0", b"0", b"0", b"00", b"0;x", b"0 "])) + b"\r\n"
    return coded + last + b"".join([line + draw(ENDS) for line in [*trailers, b""]])


@st.composite
def framed_bodies(draw: st.DrawFn) -> tuple[list[bytes], bytes]:
    """Return framing fields, and a body that fits them (mostly)."""
    kind = draw(st.sampled_from(["length", "length", "lengths", "bad", "chunked", "chunked", "both", "close"]))
    if kind == "close":
        return [], draw(BODIES)
    if kind == "chunked":
        return [draw(st.sampled_from([b"Transfer-Encoding: chunked", b"transfer-encoding:Chunked "]))], draw(
            chunked_bodies()
        )
    if kind == "both":
        return [b"Transfer-Encoding: chunked", b"Content-Length: 3"], draw(chunked_bodies())
    body = draw(BODIES)
    size = b"%d" % len(body)
    if kind == "length":
        return [
            draw(st.sampled_from([b"Content-Length: %s", b"content-length:%s\t", b"CONTENT-LENGTH: 00%s"])) % size
        ], body
    if kind == "lengths":
        return [b"Content-Length: " + size] * 2 + draw(
            st.sampled_from([[], [b"Content-Length: %s,%s" % (size, size)]])
        ), body
    bad = [
        b"Content-Length: " + value for value in (size + b"0", b"-1", b"+1", b"", b"1,2", b"0x1", b"9" * 19, b"9" * 20)
    ]
    bad += [b"Transfer-Encoding: " + value for value in (b"gzip", b"chunked, gzip", b"gzip, chunked", b"identity", b"")]
    return draw(st.lists(st.sampled_from(bad), min_size=1, max_size=2)), body


@st.composite
def responses(draw: st.DrawFn) -> bytes:
    """Return a response that is right, or nearly."""
    message = b""
    for status in draw(st.lists(st.sampled_from([b"100", b"103", b"102", b"199", b"101"]), max_size=1)):
        message += draw(heads(b"HTTP/1.1 " + status + draw(REASONS), draw(MISPLACED)))
    framing, body = draw(framed_bodies())
    head = draw(heads(draw(VERSIONS) + b" " + draw(STATUSES) + draw(REASONS), framing))
    surplus = draw(st.sampled_from([b""] * 6 + [b"\r\n", b"x", b"HTTP/1.1 200 OK\r\n\r\n"]))
    return message + head + body + surplus


CRUMBS = st.one_of(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"\n\n", b"\0", b" ", b"\t", b":", b",", b";", b"0", b"5", b"a", b"\v", b"\f"]
    ),
    st.sampled_from(
        [b"\x85", b"\x1c", "\u2028".encode(), "\u212a".encode(), b"\xff", b"HTTP/1.1 100 x\r\n\r\n", b"\r\n x"]
    ),
    st.binary(min_size=1, max_size=3),
)
Mutation = tuple[int, int, bytes]
# At *place*, *width* bytes are replaced by *crumb*: a deletion, an insertion, or both.
MUTATIONS = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from([0, 0, 1, 1, 2, 9]), st.one_of(st.just(b""), CRUMBS)), max_size=3
)


def mutated(message: bytes, mutations: list[Mutation]) -> bytes:
    for place, width, crumb in mutations:
        start = place % (len(message) + 1)
        message = message[:start] + crumb + message[start + width :]
    return message


PLACES = st.lists(st.integers(1, 300), max_size=6)
METHODS = st.sampled_from(["GET", "HEAD", "PUT"])


@many_examples
@given(message=responses(), places=PLACES, method=METHODS)
def test_reader_reads_what_h11_reads(message: bytes, places: list[int], method: str) -> None:
    """Responses as servers send them, and with wrong lengths or codings."""
    compare(message, places, method)


@many_examples
@given(message=st.builds(mutated, responses(), MUTATIONS), places=PLACES, method=METHODS)
@example(message=b"HTTP/1.1 200 OK\r\nA: b\n\r\n\r\nrest", places=[], method="GET")
@example(message=b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n", places=[], method="HEAD")
@example(message=b"HTTP/1.1 200 OK\r\nServer: x\r\nServer\r\n\r\n", places=[], method="GET")
@example(message=b"HTTP/1.1 200 OK\r\nA: b\xe2\x80\xa8\r\n\r\n", places=[], method="GET")
def test_reader_refuses_what_h11_refuses(message: bytes, places: list[int], method: str) -> None:
    """Responses with bytes lost, added and replaced."""
    compare(message, places, method)


def compare(message: bytes, places: list[int], method: str) -> None:
    """Assert that both tell the same of *message*, or that both refuse it, or that the lists above say why not."""
    pieces = cut(message, places)
    ours, theirs = answer_or_refusal(pieces, method), by_h11(pieces, method)

    if isinstance(ours, Answer) and theirs is not None:
        event("both read it")
        assert (ours.status, ours.body, ours.surplus) == (theirs.status, theirs.body, theirs.surplus)
        assert same_headers(ours.headers, theirs.headers)
        assert same_headers(ours.trailers, theirs.trailers)
    elif isinstance(ours, Answer):
        reasons = [name for name, applies in REFUSED_BY_H11_ALONE.items() if applies(message, ours)]
        event(f"h11 refused: {reasons}")
        assert reasons, ours
    elif theirs is not None:
        reasons = [name for name, applies in REFUSED_BY_US_ALONE.items() if applies(message, theirs)]
        event(f"we refused: {reasons}")
        assert reasons, theirs
    else:
        event("both refused it")
