"""The response reader by tables (responses.py): framing, heads, chunks, trailers, ends; however they are cut."""

import pytest

from aios3.errors import ConnectError, InvalidResponse, TruncatedBody
from aios3.protocol.http1 import ResponseReader
from tests.protocol.answers import Answer, answer, answer_or_refusal, cut, feed, in_bytes
from tests.protocol.responses import (
    CHUNKS,
    CHUNKS_REFUSED,
    FRAMING,
    FRAMING_REFUSED,
    HEADS,
    HEADS_REFUSED,
    INTERIM,
    MESSAGES,
    TRAILERS,
    TRAILERS_REFUSED,
    chunked,
    lines,
    ok,
)


# ------------------------------------------------------------------ how bodies end
@pytest.mark.parametrize(("method", "message", "body", "keep_alive"), FRAMING.values(), ids=FRAMING)
def test_a_body_ends_where_rfc_9112_says(method: str, message: bytes, body: bytes, keep_alive: bool) -> None:
    found = answer([message], method)

    assert (found.body, found.keep_alive, found.surplus) == (body, keep_alive, False)


@pytest.mark.parametrize("message", FRAMING_REFUSED.values(), ids=FRAMING_REFUSED)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_length_or_coding_that_means_two_things_is_refused(method: str, message: bytes) -> None:
    with pytest.raises(InvalidResponse, match=r"the server sent (Content-Length|Transfer-Encoding): "):
        feed([message], method)


def test_a_repeated_length_is_told_as_one() -> None:
    found = answer([ok("Content-Length: 5,5", "Content-Length: 5", body=b"12345")])

    assert found.headers == {"content-length": "5"}


def test_a_head_is_told_before_its_body_came() -> None:
    reader = feed([ok("Content-Length: 5")])

    assert reader.head is not None
    assert reader.head.headers == {"content-length": "5"}
    assert not reader.done


def test_nothing_of_what_was_fed_is_kept() -> None:
    message = bytearray(chunked(b"5\r\n12345\r\n0\r\nx: y\r\n\r\n"))
    reader = feed([])
    scratch = bytearray(7)
    for start in range(0, len(message), 7):
        piece = message[start : start + 7]
        scratch[: len(piece)] = piece
        reader.feed(memoryview(scratch)[: len(piece)])
        scratch[:] = b"\xff" * 7

    assert reader.take() == b"12345"
    assert reader.trailers == {"x": "y"}


def test_take_gives_all_that_is_buffered_once() -> None:
    reader = feed([ok("Content-Length: 6"), b"12", b"34"])

    assert (reader.buffered, reader.take(), reader.buffered, reader.take()) == (4, b"1234", 0, b"")
    reader.feed(memoryview(b"56"))
    assert (reader.done, reader.take()) == (True, b"56")


# ------------------------------------------------------------------ interim responses
@pytest.mark.parametrize("interim", INTERIM.values(), ids=INTERIM)
def test_interim_responses_are_skipped(interim: bytes) -> None:
    found = answer([interim + ok("Content-Length: 1", "Y: 2", body=b"x")])

    assert found == Answer(200, {"content-length": "1", "y": "2"}, b"x", None, True, False)


@pytest.mark.parametrize("status", ["101 Switching Protocols", "000 Nothing", "042", "099 x"])
def test_a_status_that_nothing_asked_for_is_refused(status: str) -> None:
    with pytest.raises(InvalidResponse, match=status[:3]):
        feed([lines(f"HTTP/1.1 {status}", "Upgrade: h2c", "Connection: upgrade")])


# ------------------------------------------------------------------ persistence
@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", None, True),
        ("1.1", "keep-alive", True),
        ("1.1", "close", False),
        ("1.1", "Close", False),
        ("1.1", "CLOSE ", False),
        ("1.1", "keep-alive, close", False),
        ("1.1", "close,keep-alive", False),
        ("1.1", "x,\tclose\t, y", False),
        ("1.1", "not-close", True),
        ("1.1", "closed", True),
        ("1.1", "", True),
        ("1.1", ",", True),
        ("1.2", None, True),
        ("1.9", "close", False),
        ("1.0", None, False),
        ("1.0", "close", False),
        ("1.0", "keep-alive", True),
        ("1.0", "Keep-Alive", True),
        ("1.0", "x, keep-alive", True),
        ("1.0", "keep-alive, close", False),
        ("1.0", "x", False),
    ],
)
def test_a_connection_persists_as_rfc_9112_says(version: str, connection: str | None, kept: bool) -> None:
    fields = ["Content-Length: 0"] if connection is None else ["Content-Length: 0", f"Connection: {connection}"]

    assert answer([lines(f"HTTP/{version} 200 OK", *fields)]).keep_alive is kept


def test_connection_on_two_lines_counts_as_a_list() -> None:
    assert not answer([ok("Connection: x", "Connection: close", "Content-Length: 0")]).keep_alive


# ------------------------------------------------------------------ heads
@pytest.mark.parametrize(("head", "headers"), HEADS.values(), ids=HEADS)
def test_a_head_is_read(head: bytes, headers: dict[str, str]) -> None:
    assert answer([head], "HEAD").headers == headers


@pytest.mark.parametrize("head", HEADS_REFUSED.values(), ids=HEADS_REFUSED)
def test_a_head_that_is_not_http_is_refused(head: bytes) -> None:
    answer([ok("Server: x", "ETag: y")])  # names that the reader has seen are no safer

    with pytest.raises(InvalidResponse):
        feed([head])


@pytest.mark.parametrize("first", [b"<", b"\x15", b"h", b"HTTP/2", b"HTTP/1x", b"\n"])
def test_a_peer_that_is_not_http_is_told_at_its_first_bytes(first: bytes) -> None:
    with pytest.raises(InvalidResponse, match=r"does not speak HTTP/1\.1"):
        feed([first])


@pytest.mark.parametrize("length", [1, 60, 5000])
def test_a_refusal_quotes_only_the_beginning_of_what_came(length: int) -> None:
    for message in (
        b"x" * length,
        ok("é" * length),
        lines("HTTP/1.1 " + "x" * length),
        chunked(b"g" * length + b"\r\n"),
    ):
        with pytest.raises(InvalidResponse) as raised:
            feed([message])

        assert len(str(raised.value)) < 400


def test_head_ends_at_the_first_empty_line_however_it_is_written() -> None:
    found = answer([b"HTTP/1.1 200 OK\r\nA: b\n\r\n\r\nrest"])

    assert (found.headers, found.body) == ({"a": "b"}, b"\r\nrest")


# ------------------------------------------------------------------ chunks and trailers
@pytest.mark.parametrize(("coded", "body"), CHUNKS.values(), ids=CHUNKS)
def test_chunks_are_joined(coded: bytes, body: bytes) -> None:
    assert answer([chunked(coded)]).body == body


@pytest.mark.parametrize("coded", CHUNKS_REFUSED.values(), ids=CHUNKS_REFUSED)
def test_chunks_that_can_be_read_in_two_ways_are_refused(coded: bytes) -> None:
    with pytest.raises(InvalidResponse):
        feed([chunked(coded)])


def test_the_largest_chunk_is_only_waited_for() -> None:
    reader = feed([chunked(b"7fffffffffffffff\r\n"), b"12345"])

    assert (reader.take(), reader.done) == (b"12345", False)


@pytest.mark.parametrize(("section", "trailers"), TRAILERS.values(), ids=TRAILERS)
def test_trailers_are_read(section: bytes, trailers: dict[str, str]) -> None:
    found = answer([chunked(b"1\r\nx\r\n0\r\n" + section)])

    assert (found.body, found.trailers, found.headers) == (b"x", trailers, {"transfer-encoding": "chunked"})


@pytest.mark.parametrize("section", TRAILERS_REFUSED.values(), ids=TRAILERS_REFUSED)
def test_bad_trailers_are_refused(section: bytes) -> None:
    with pytest.raises(InvalidResponse):
        feed([chunked(b"0\r\n" + section)])


@pytest.mark.parametrize("length", ["0", "1", "5", "1, 1"])
def test_a_length_beside_chunks_is_told_to_nobody_but_who_asked_for_the_head_alone(length: str) -> None:
    message = ok(f"Content-Length: {length}", "Transfer-Encoding: chunked", body=b"1\r\nx\r\n0\r\n\r\n")

    found = answer([message])

    assert (found.body, found.headers, found.keep_alive) == (b"x", {"transfer-encoding": "chunked"}, False)
    assert answer([message], "HEAD").headers["content-length"] == length[:1]


# ------------------------------------------------------------------ truncation and surplus
@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("GET", ok("Content-Length: 5", body=b"12345")),
        ("GET", lines("HTTP/1.1 100 Continue") + ok("Content-Length: 5", body=b"12345")),
        ("GET", chunked(b"3;a\r\n123\r\n2\r\n45\r\n0\r\nx: y\r\n\r\n")),
        ("GET", chunked(b"0\r\n\r\n")),
        ("HEAD", ok("Content-Length: 5")),
        ("GET", lines("HTTP/1.1 503 Slow Down", "A: b", "Content-Length: 1", body=b"x").replace(b"\r", b"")),
    ],
)
def test_a_response_cut_at_any_byte_is_an_error(method: str, message: bytes) -> None:
    head = message.rindex(b"HTTP/1.1")
    head += max(message[head:].find(b"\r\n\r\n") + 4, message[head:].find(b"\n\n") + 2)
    for size in range(len(message)):
        found = answer_or_refusal([message[:size]], method)

        assert found is (TruncatedBody if size >= head else ConnectError), message[:size]
    assert isinstance(answer_or_refusal([message], method), Answer)


def test_a_truncated_body_says_how_much_is_missing() -> None:
    with pytest.raises(TruncatedBody, match="before the last 3 bytes of the body came"):
        answer([ok("Content-Length: 5", body=b"12")])
    with pytest.raises(TruncatedBody, match="before the end of the body came"):
        answer([chunked(b"5\r\n12")])


def test_a_body_until_close_cannot_be_truncated() -> None:
    message = ok(body=b"12345")

    assert [answer([message[:-size]]).body for size in range(1, 6)] == [b"1234", b"123", b"12", b"1", b""]


@pytest.mark.parametrize(
    ("skipped", "left", "done", "surplus"), [(1, 4, False, False), (5, 0, True, False), (6, 0, True, True)]
)
def test_bytes_that_went_elsewhere_are_counted(skipped: int, left: int, done: bool, surplus: bool) -> None:
    reader = ResponseReader("GET")
    reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")

    reader.skip(skipped)

    assert (reader.left, reader.done, reader.surplus, reader.buffered) == (left, done, surplus, 0)


@pytest.mark.parametrize("surplus", [b"\r\n", b"\0", b"HTTP/1.1 200 OK\r\n\r\n"])
@pytest.mark.parametrize(
    ("method", "message", "body"),
    [
        ("GET", ok("Content-Length: 5", body=b"12345"), b"12345"),
        ("GET", ok("Content-Length: 0"), b""),
        ("GET", chunked(b"1\r\nx\r\n0\r\n\r\n"), b"x"),
        ("GET", chunked(b"0\r\nx: y\r\n\r\n"), b""),
        ("HEAD", ok("Content-Length: 5"), b""),
        ("GET", lines("HTTP/1.1 204 No Content"), b""),
        ("GET", lines("HTTP/1.1 304 Not Modified", "Content-Length: 5"), b""),
    ],
)
def test_surplus_is_told_and_never_part_of_the_body(method: str, message: bytes, body: bytes, surplus: bytes) -> None:
    for pieces in ([message + surplus], [message, surplus], in_bytes(message + surplus)):
        found = answer(pieces, method)

        assert (found.body, found.surplus) == (body, True)


# ------------------------------------------------------------------ cutting
@pytest.mark.parametrize(("method", "message"), MESSAGES.values(), ids=MESSAGES)
def test_cutting_a_response_changes_nothing(method: str, message: bytes) -> None:
    whole = answer_or_refusal([message], method)

    assert answer_or_refusal(in_bytes(message), method) == whole
    for place in range(1, min(len(message), 300)):
        assert answer_or_refusal(cut(message, [place]), method) == whole, message[:place]
