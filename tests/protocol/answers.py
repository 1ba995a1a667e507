"""Feeding a ResponseReader, for the tests of it."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from aios3.errors import S3Error
from aios3.protocol.http1 import ResponseReader


class Answer(NamedTuple):
    """All that a reader tells about a response that it read to the end."""

    status: int
    headers: dict[str, str]
    body: bytes
    trailers: dict[str, str] | None
    keep_alive: bool
    surplus: bool


def feed(pieces: Iterable[bytes], method: str = "GET") -> ResponseReader:
    """Return a reader that was fed *pieces*."""
    reader = ResponseReader(method)
    for piece in pieces:
        reader.feed(memoryview(piece))
    return reader


def answer(pieces: Iterable[bytes], method: str = "GET") -> Answer:
    """Return what a reader makes of *pieces* and the end of the stream."""
    reader = feed(pieces, method)
    reader.feed_eof()
    assert reader.head is not None
    assert reader.done
    status, headers, keep_alive = reader.head
    return Answer(status, dict(headers), reader.take(), reader.trailers, keep_alive, reader.surplus)


def answer_or_refusal(pieces: Iterable[bytes], method: str = "GET") -> Answer | type[S3Error]:
    """Return the answer, or the class of the error that a reader raised."""
    try:
        return answer(pieces, method)
    except S3Error as error:
        return type(error)


def cut(message: bytes, places: Iterable[int]) -> list[bytes]:
    """Return *message* in pieces, cut at *places*."""
    edges = [0, *sorted(place for place in places if place < len(message)), len(message)]
    return [message[start:end] for start, end in pairwise(edges)]


def in_bytes(message: bytes) -> list[bytes]:
    """Return *message* as pieces of one byte."""
    return [message[i : i + 1] for i in range(len(message))]
