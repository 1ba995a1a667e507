"""Peers that mean ill: no end, no sense; never more memory, time or kinds of errors than we say."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aios3.errors import InvalidResponse, S3Error
from aios3.protocol.http1 import MAX_CHUNK_LINE, MAX_HEAD
from tests.properties import many_examples
from tests.protocol.answers import Answer, answer, answer_or_refusal, cut, feed, in_bytes
from tests.protocol.responses import chunked, lines, ok


# ------------------------------------------------------------------ limits
def _head_of(size: int, end: bytes = b"\r\n") -> bytes:
    start = b"HTTP/1.1 200 OK" + end + b"A: "
    return start + b"x" * (size - len(start) - 2 * len(end)) + 2 * end


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("step", [1, 1000, MAX_HEAD * 2])
def test_a_head_may_have_64_kib_and_no_byte_more(end: bytes, step: int) -> None:
    for size, fits in ((MAX_HEAD, True), (MAX_HEAD + 1, False)):
        head = _head_of(size, end)
        found = answer_or_refusal(cut(head, range(step, size, step)), "HEAD")

        assert len(head) == size
        assert isinstance(found, Answer) if fits else found is InvalidResponse


@pytest.mark.parametrize(
    "endless",
    [b"x", b"A: b\r\n", b"a\n", b" \r\n", lines("HTTP/1.1 100 Continue"), lines("HTTP/1.1 103 Early Hints", "A: b")],
)
@pytest.mark.parametrize("whole", [True, False])
def test_a_head_that_never_ends_is_refused_after_64_kib(endless: bytes, whole: bool) -> None:
    message = ("" if endless.startswith(b"HTTP") else "HTTP/1.1 200 OK\r\nA: b\r\n").encode()
    message += endless * (2 * MAX_HEAD // len(endless))
    pieces = [message] if whole else in_bytes(message)

    with pytest.raises(InvalidResponse):
        feed(pieces[: MAX_HEAD + 1])


def test_the_limit_of_a_head_does_not_count_the_body() -> None:
    assert len(answer([ok("Content-Length: 1000000", body=b"x" * 1000000)]).body) == 1000000


@pytest.mark.parametrize("step", [1, 1000, 10**6])
def test_a_chunk_line_may_have_4_kib_and_no_byte_more(step: int) -> None:
    for size, fits in ((MAX_CHUNK_LINE, True), (MAX_CHUNK_LINE + 1, False)):
        message = chunked(b"1;" + b"e" * (size - 4) + b"\r\nx\r\n0\r\n\r\n")
        found = answer_or_refusal(cut(message, range(step, len(message), step)))

        assert found == InvalidResponse if not fits else isinstance(found, Answer)


def _trailers_of(size: int, width: int) -> bytes:
    """Return trailers of *size* bytes, in lines of *width*, the first as much longer as it takes."""
    count, more = divmod(size - 1, width)
    line = b"A:" + b"x" * (width - 3) + b"\n"
    return b"A:" + b"x" * more + line[2:] + line * (count - 1) + b"\n"


@pytest.mark.parametrize("step", [1, 1000, 10**6])
@pytest.mark.parametrize("width", [3, 30000])
def test_trailers_may_have_64_kib_and_no_byte_more(step: int, width: int) -> None:
    for size, fits in ((MAX_HEAD, True), (MAX_HEAD + 1, False)):
        section = _trailers_of(size, width)
        message = chunked(b"0\r\n" + section)
        found = answer_or_refusal(cut(message, range(step, len(message), step)))

        assert len(section) == size
        assert isinstance(found, Answer) if fits else found is InvalidResponse


@pytest.mark.timeout(2)  # it took 3.2 s when each line made us look at all before it, and takes 0.06
def test_many_trailers_cost_no_more_than_their_bytes() -> None:
    assert answer([chunked(b"0\r\n"), _trailers_of(MAX_HEAD, 3)]).trailers is not None


# ------------------------------------------------------------------ anything at all
TOKENS = [
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 206 x\r\n",
    b"HTTP/1.",
    b"\r\n",
    b"\n",
    b"\r",
]
TOKENS += [
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"A: b\r\n",
    b"0",
    b"5",
    b"f",
]
TOKENS += [
    b"0\r\n\r\n",
    b"5\r\n12345\r\n",
    b";ext",
    b" ",
    b"\t",
    b":",
    b"\0",
    b"\v",
    b"\xff",
    b"\xe2\x80\xa8",
    b"x" * 70,
]
FRAGMENTS = st.sampled_from(TOKENS)
NOISE = st.lists(st.one_of(FRAGMENTS, FRAGMENTS, st.binary(max_size=20)), max_size=20).map(b"".join)
STARTED = st.builds(
    bytes.__add__, st.sampled_from([b"", ok()[:-2], chunked(b""), lines("HTTP/1.1 200 OK")[:-2]]), NOISE
)


@many_examples
@given(
    message=STARTED, places=st.lists(st.integers(1, 400), max_size=8), method=st.sampled_from(["GET", "HEAD", "PUT"])
)
@example(message=b"", places=[], method="GET")
def test_arbitrary_bytes_raise_only_errors_of_ours(message: bytes, places: list[int], method: str) -> None:
    """Whatever comes: an answer or an S3Error, no byte invented, and the same however it was cut.

    ``AIOS3_EXAMPLES=20000 pytest tests/protocol/test_http1_hostile.py`` tries more.
    """
    reader = feed([], method)
    try:
        for piece in cut(message, places):
            reader.feed(memoryview(piece))
            assert reader.buffered == sum(map(len, reader.chunks)) <= len(message)
        reader.feed_eof()
    except S3Error:
        pass
    else:
        assert reader.done

    assert answer_or_refusal(cut(message, places), method) == answer_or_refusal(in_bytes(message), method)
