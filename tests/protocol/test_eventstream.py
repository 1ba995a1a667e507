"""The event stream: messages put together from any pieces, each CRC checked; events typed, errors raised."""

import struct
import uuid
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3 import operations as ops
from aios3.errors import InvalidResponse, ServiceError, TruncatedBody
from aios3.protocol.eventstream import MAX_MESSAGE, Decoder, EventStream, Message
from aios3.protocol.http_codec import decode_stream, is_streaming
from tests.properties import many_examples
from tests.protocol.answers import cut

HEADERS = {":message-type": "event", ":event-type": "Records", ":content-type": "application/octet-stream"}


def header(name: str, value: Any) -> bytes:
    """Write one header, in the type that fits its value."""
    kind, data = _typed(value)
    return struct.pack(">B", len(name.encode())) + name.encode() + bytes([kind]) + data


def _typed(value: Any) -> tuple[int, bytes]:
    match value:
        case bool():
            return (0 if value else 1), b""
        case int() if -128 <= value < 128:
            return 2, struct.pack(">b", value)
        case int() if -(2**15) <= value < 2**15:
            return 3, struct.pack(">h", value)
        case int() if -(2**31) <= value < 2**31:
            return 4, struct.pack(">i", value)
        case int():
            return 5, struct.pack(">q", value)
        case bytes():
            return 6, struct.pack(">H", len(value)) + value
        case str():
            return 7, struct.pack(">H", len(value.encode())) + value.encode()
        case datetime():
            return 8, struct.pack(">q", round(value.timestamp() * 1000))
        case uuid.UUID():
            return 9, value.bytes
    raise TypeError(value)


def message(headers: dict[str, Any], payload: bytes = b"") -> bytes:
    """Write one message."""
    head = b"".join(header(name, value) for name, value in headers.items())
    prelude = struct.pack(">II", len(head) + len(payload) + 16, len(head))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + head + payload
    return start + struct.pack(">I", zlib.crc32(start))


def event(kind: str, payload: bytes = b"") -> bytes:
    return message(HEADERS | {":event-type": kind}, payload)


def decoded(pieces: Iterable[bytes]) -> list[Message]:
    decoder = Decoder()
    found: list[Message] = []
    for piece in pieces:
        decoder.feed(piece)
        found += decoder.messages()
    decoder.end()
    return found


# --- messages


# From the vectors that AWS's SDKs share.
PUBLISHED = {
    "empty_message": ("000000100000000005c248eb7d98c8ff", Message({}, b"")),
    "payload_no_headers": (
        "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936",
        Message({}, b"{'foo':'bar'}"),
    ),
    "int32_header": (
        "0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0",
        Message({"event-type": 0xA00C}, b"{'foo':'bar'}"),
    ),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_message_is_read(name: str) -> None:
    encoded, expected = PUBLISHED[name]

    assert decoded([bytes.fromhex(encoded)]) == [expected]


EVERY_TYPE = {
    "yes": True,
    "no": False,
    "byte": -1,
    "short": 1000,
    "int": -100_000,
    "long": 2**40,
    "bytes": b"\x00\xff",
    "text": "é😀",
    "time": datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=UTC),
    "uuid": uuid.UUID(int=5),
}


def test_every_type_of_header_is_read() -> None:
    assert decoded([message(EVERY_TYPE, b"p")]) == [Message(EVERY_TYPE, b"p")]


_VALUES = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=300)
    | st.text(st.characters(codec="utf-8"), max_size=60)
    | st.uuids()
)
_NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_MESSAGES = st.lists(st.tuples(st.dictionaries(_NAMES, _VALUES, max_size=4), st.binary(max_size=200)), max_size=4)


@many_examples
@given(sent=_MESSAGES, places=st.sets(st.integers(1, 2000), max_size=10))
def test_messages_come_through_however_they_are_cut(sent: list[tuple[dict[str, Any], bytes]], places: set[int]) -> None:
    whole = b"".join(message(headers, payload) for headers, payload in sent)

    assert decoded(cut(whole, places)) == [Message(headers, payload) for headers, payload in sent]


@many_examples
@given(data=st.data(), payload=st.binary(max_size=60))
def test_any_changed_byte_is_noticed(data: st.DataObject, payload: bytes) -> None:
    whole = bytearray(message(HEADERS, payload))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises((InvalidResponse, TruncatedBody)):
        decoded([bytes(whole)])


@many_examples
@given(data=st.data())
def test_cut_message_is_truncated(data: st.DataObject) -> None:
    whole = event("Records", b"some bytes")
    length = data.draw(st.integers(1, len(whole) - 1))

    with pytest.raises(TruncatedBody):
        decoded([whole[:length]])


@many_examples
@given(rubbish=st.binary(max_size=200))
def test_rubbish_raises_nothing_but_our_errors(rubbish: bytes) -> None:
    prelude = struct.pack(">II", len(rubbish) + 16, len(rubbish))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + rubbish

    with suppress(InvalidResponse):
        decoded([start + struct.pack(">I", zlib.crc32(start))])


@pytest.mark.parametrize(
    ("length", "headers_length"),
    [(15, 0), (0, 0), (MAX_MESSAGE + 1, 0), (16, 1), (1024 * 1024, 128 * 1024 + 1), (2**32 - 1, 2**32 - 1)],
)
def test_impossible_length_is_refused_before_it_is_waited_for(length: int, headers_length: int) -> None:
    prelude = struct.pack(">II", length, headers_length)
    decoder = Decoder()
    decoder.feed(prelude + struct.pack(">I", zlib.crc32(prelude)))

    with pytest.raises(InvalidResponse, match="message of"):
        list(decoder.messages())


def test_wrong_crc_says_which() -> None:
    whole = event("Records", b"x")

    with pytest.raises(InvalidResponse, match="prelude that does not fit"):
        decoded([whole[:8] + b"\0\0\0\0" + whole[12:]])
    with pytest.raises(InvalidResponse, match="message that does not fit"):
        decoded([whole[:-4] + b"\0\0\0\0"])


# --- events


class Pieces:
    """A response body of pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)
        self.closed = 0

    async def read(self, size: int = -1) -> bytes:
        return next(self._pieces, b"")

    async def read_into(self, view: memoryview) -> int:
        raise NotImplementedError

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError

    async def close(self) -> None:
        self.closed += 1


SELECT = ops.SelectObjectContent(
    bucket="b",
    key="k",
    expression="SELECT * FROM S3Object",
    expression_type="SQL",
    input_serialization=ops.InputSerialization(csv=ops.CSVInput()),
    output_serialization=ops.OutputSerialization(csv=ops.CSVOutput()),
)
NUMBERS = b"<BytesScanned>1</BytesScanned><BytesProcessed>2</BytesProcessed><BytesReturned>3</BytesReturned>"
STATS = b'<?xml version="1.0" encoding="UTF-8"?><Stats xmlns="">' + NUMBERS + b"</Stats>"


def selected(body: Pieces) -> EventStream[ops.SelectEvent]:
    return decode_stream(SELECT, 200, {"x-amz-request-id": "R1"}, body).payload


async def test_events_are_typed() -> None:
    body = Pieces(
        event("Cont")
        + event("Records", b"a,b\n")
        + event("Progress", b"<Progress>" + NUMBERS + b"</Progress>")
        + event("Unheard-of", b"?")
        + event("Stats", STATS)
        + event("End")
    )

    found = [one async for one in selected(body)]

    assert found == [
        ops.ContinuationEvent(),
        ops.RecordsEvent(payload=b"a,b\n"),
        ops.ProgressEvent(details=ops.Progress(bytes_scanned=1, bytes_processed=2, bytes_returned=3)),
        ops.StatsEvent(details=ops.Stats(bytes_scanned=1, bytes_processed=2, bytes_returned=3)),
        ops.EndEvent(),
    ]
    assert body.closed


async def test_result_is_a_context_that_gives_the_connection_back() -> None:
    body = Pieces(event("Records", b"a"))

    assert is_streaming(SELECT)
    async with decode_stream(SELECT, 200, {}, body) as result:
        first = await anext(aiter(result.payload))

    assert first == ops.RecordsEvent(payload=b"a")
    assert body.closed


async def test_stream_without_its_end_is_truncated() -> None:
    with pytest.raises(TruncatedBody, match="last event"):
        async for _ in selected(Pieces(event("Records", b"a"))):
            pass


async def test_stream_cut_inside_a_message_is_truncated() -> None:
    body = Pieces(event("Records", b"a"), event("End")[:-1])

    with pytest.raises(TruncatedBody, match="inside a message"):
        async for _ in selected(body):
            pass
    assert body.closed


@pytest.mark.parametrize(
    ("headers", "payload", "code", "said"),
    [
        (
            {":message-type": "error", ":error-code": "InternalError", ":error-message": "sorry"},
            b"",
            "InternalError",
            "sorry",
        ),
        ({":message-type": "exception", ":exception-type": "Overmaxed"}, b"too much", "Overmaxed", "too much"),
        ({}, b"", "InternalError", ""),
    ],
)
async def test_error_among_the_events_is_raised(headers: dict[str, str], payload: bytes, code: str, said: str) -> None:
    body = Pieces(event("Records", b"a") + message(headers, payload))
    found = []

    with pytest.raises(ServiceError) as caught:
        found += [one async for one in selected(body)]

    error = caught.value
    assert (error.code, error.message, error.request_id, error.operation) == (code, said, "R1", "SelectObjectContent")
    assert body.closed


@pytest.mark.parametrize("payload", [b"<Other/>", b"no xml", b"<Stats><BytesScanned>x</BytesScanned></Stats>"])
async def test_event_that_cannot_be_read_is_an_invalid_response(payload: bytes) -> None:
    with pytest.raises(InvalidResponse):
        async for _ in selected(Pieces(event("Stats", payload))):
            pass
