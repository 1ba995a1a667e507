"""Checksums as S3 knows them: names, headers, values; of wholes, of parts, and of wholes from parts.

In: bytes, or the checksums of pieces. Out: base64 as it stands in x-amz-checksum-* headers. CRC32, SHA-1, SHA-256,
SHA-512 and MD5 are Python's own; CRC32C, CRC64NVME and the XXHashes are awscrt's, which the extra ``[crt]`` brings.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html,
https://reveng.sourceforge.io/crc-catalogue/all.htm (polynomials)
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal, Protocol, TypeAlias, cast, get_args

from ..errors import ChecksumMismatch, InvalidInput
from .messages import Buffer

Algorithm: TypeAlias = Literal[
    "CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"
]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)
HEADERS: Mapping[Algorithm, str] = {name: f"x-amz-checksum-{name.lower()}" for name in ALGORITHMS}
# Where an answer has several: the cheapest that is sure enough first.
_READ_ORDER: tuple[Algorithm, ...] = (
    "CRC64NVME",
    "CRC32C",
    "CRC32",
    "XXHASH3",
    "XXHASH128",
    "XXHASH64",
    "SHA1",
    "SHA256",
    "SHA512",
    "MD5",
)
_HASHES = {"SHA1": 20, "SHA256": 32, "SHA512": 64, "MD5": 16}
_XXHASHES = {"XXHASH64": ("xxhash64", 8), "XXHASH3": ("xxhash3_64", 8), "XXHASH128": ("xxhash3_128", 16)}
# Reflected, as the algorithms shift; all three begin and end with all ones, which is what combining relies on.
_POLYNOMIALS = {"CRC32": (32, 0xEDB88320), "CRC32C": (32, 0x82F63B78), "CRC64NVME": (64, 0x9A6C9329AC4BC9B5)}
_EXTRA = "pip install 'aio-s3[crt]'"


class Checksum(Protocol):
    """A checksum while its bytes come."""

    def update(self, data: Buffer, /) -> None:
        """Take the next bytes."""

    def digest(self) -> bytes:
        """The checksum of all bytes so far, or at the end: some can be asked only once."""


class _Crc:
    """A CRC by a function of the next bytes and the value so far."""

    __slots__ = ("_function", "_size", "_value")

    def __init__(self, function: Callable[[Buffer, int], int], size: int) -> None:
        self._function = function
        self._size = size
        self._value = 0

    def update(self, data: Buffer, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size)


class _XXHash:
    """An XXHash of awscrt, which takes bytes only."""

    __slots__ = ("_state",)

    def __init__(self, state: Any) -> None:
        self._state = state

    def update(self, data: Buffer, /) -> None:
        self._state.update(bytes(data))

    def digest(self) -> bytes:
        made: bytes = self._state.finalize()
        return made


def algorithm_named(name: str) -> Algorithm:
    """Return the algorithm of this name, in any case, with or without a hyphen: ``sha256``, ``SHA-256``.

    Raises:
        InvalidInput: S3 has no such checksum.
    """
    found = name.upper().replace("-", "") if isinstance(name, str) else name
    if found not in ALGORITHMS:
        raise InvalidInput(f"checksum {name!r} is none that S3 has: it has {', '.join(ALGORITHMS)}")
    return found


def new(algorithm: Algorithm) -> Checksum:
    """Return a checksum of no bytes yet.

    Raises:
        InvalidInput: it cannot be computed here; the message says what to install.
    """
    return _maker(algorithm)()


def can_compute(algorithm: Algorithm) -> bool:
    """Tell if a checksum can be computed here."""
    try:
        _maker(algorithm)
    except InvalidInput:
        return False
    return True


def encoded(digest: bytes) -> str:
    """Return a checksum as S3 writes it."""
    return b64encode(digest).decode()


def checksum(algorithm: Algorithm, data: Buffer) -> str:
    """Return the checksum of bytes in memory, as S3 writes it."""
    if algorithm == "CRC32":
        return b64encode(zlib.crc32(data).to_bytes(4)).decode()
    made = new(algorithm)
    made.update(data)
    return encoded(made.digest())


def encoded_length(algorithm: Algorithm) -> int:
    """Return how long a checksum is as S3 writes it: known before the first byte is."""
    return (_size(algorithm) + 2) // 3 * 4


def to_verify(headers: Mapping[str, str]) -> tuple[Algorithm, str] | None:
    """Return a checksum in response headers that the whole body can be held against; None where there is none.

    One of parts (COMPOSITE, or ending in ``-7``) says nothing of the whole, and one that cannot be computed here is
    passed over: what cannot be checked can still be read.
    """
    if headers.get("x-amz-checksum-type", "FULL_OBJECT") != "FULL_OBJECT":
        return None
    for algorithm in _READ_ORDER:
        value = headers.get(HEADERS[algorithm])
        if value and "-" not in value and can_compute(algorithm):
            return algorithm, value
    return None


class Verification:
    """Holds a body against the checksum that came with it.

    Attributes:
        algorithm: Which one it is.
    """

    def __init__(self, algorithm: Algorithm, expected: str) -> None:
        self.algorithm = algorithm
        self._expected = expected
        self._made = new(algorithm)
        self._found = ""

    def update(self, data: Buffer) -> None:
        """Take the next bytes of the body."""
        self._made.update(data)

    def finish(self) -> Algorithm:
        """Return what was checked, once the whole body was taken.

        Raises:
            ChecksumMismatch: the body is another one.
        """
        self._found = self._found or encoded(self._made.digest())
        if self._found != self._expected:
            raise ChecksumMismatch(
                f"the body's {self.algorithm} is {self._found}, S3 has {self._expected}: it was damaged on the way, or there"
            )
        return self.algorithm


class RangesVerification:
    """Holds an object that comes in ranges, in any order, against the CRC of its whole.

    Args:
        algorithm: A CRC: the checksums of ranges combine into that of the whole.
    """

    def __init__(self, algorithm: Algorithm, expected: str) -> None:
        self.algorithm = algorithm
        self._expected = expected
        self._found: dict[int, tuple[str, int]] = {}

    def add(self, start: int, value: str, length: int) -> None:
        """Take the checksum of the *length* bytes from *start* on."""
        self._found[start] = value, length

    def finish(self, size: int) -> Algorithm | None:
        """Return what was checked; None where not all ranges were taken.

        Raises:
            ChecksumMismatch: the object is another one.
        """
        pieces = [self._found[start] for start in sorted(self._found)]
        if sum(length for _, length in pieces) != size:
            return None
        found = combined(self.algorithm, pieces)
        if found != self._expected:
            raise ChecksumMismatch(
                f"the object's {self.algorithm} is {found}, S3 has {self._expected}: it was damaged on the way, or there"
            )
        return self.algorithm


def crc_of_all(headers: Mapping[str, str]) -> tuple[Algorithm, str] | None:
    """Return a CRC that ranges of an object can be held against; None where the headers of one have none of the whole."""
    found = to_verify(headers)
    if found is None or found[0] not in _POLYNOMIALS or headers.get("x-amz-checksum-type") != "FULL_OBJECT":
        return None
    return found


# ------------------------------------------------------------------ parts
def composite(algorithm: Algorithm, parts: Iterable[str]) -> str:
    """Return the checksum of the parts' checksums, and how many they are: ``...==-7``."""
    digests = [b64decode(part) for part in parts]
    return f"{checksum(algorithm, b''.join(digests))}-{len(digests)}"


def combined(algorithm: Algorithm, parts: Iterable[tuple[str, int]]) -> str:
    """Return the CRC of the whole from (CRC, length in bytes) of its pieces in order, none of which is read again.

    Raises:
        InvalidInput: *algorithm* is no CRC: others cannot be combined.
    """
    if algorithm not in _POLYNOMIALS:
        raise InvalidInput(f"checksums of pieces combine for {', '.join(_POLYNOMIALS)} only, not for {algorithm}")
    width, polynomial = _POLYNOMIALS[algorithm]
    whole = 0
    for value, length in parts:
        whole = combine(whole, int.from_bytes(b64decode(value)), length, width, polynomial)
    return encoded(whole.to_bytes(width // 8))


def combine(first: int, second: int, length: int, width: int, polynomial: int) -> int:
    """Return the CRC of two pieces, the second of *length* bytes; *polynomial* is the reflected one.

    The CRC of the first is carried over the second as over that many zeros, which is one multiplication in GF(2).
    """
    return _times(first, _over(length, width, polynomial), width, polynomial) ^ second


@lru_cache(maxsize=256)
def _over(length: int, width: int, polynomial: int) -> int:
    """Return x to the power of 8 * *length*, modulo the polynomial."""
    power, square = 1 << (width - 1), 1 << (width - 1 - 8)  # 1, and x ** 8: the top bit is x ** 0
    while length:
        if length & 1:
            power = _times(power, square, width, polynomial)
        length >>= 1
        square = _times(square, square, width, polynomial)
    return power


def _times(first: int, second: int, width: int, polynomial: int) -> int:
    """Multiply two polynomials modulo a third, all with the top bit for x ** 0."""
    product, bit = 0, 1 << (width - 1)
    while first:
        if first & bit:
            product ^= second
            first ^= bit
        bit >>= 1
        second = (second >> 1) ^ polynomial if second & 1 else second >> 1
    return product


# ------------------------------------------------------------------ where they come from
@lru_cache(maxsize=32)
def _maker(algorithm: Algorithm) -> Callable[[], Checksum]:
    """Return what makes a new checksum."""
    if algorithm == "CRC32":
        return lambda: _Crc(zlib.crc32, 4)
    if algorithm in _HASHES:
        name = algorithm.lower()
        return lambda: cast("Checksum", hashlib.new(name, usedforsecurity=False))
    try:
        crt = import_module("awscrt.checksums")
        if algorithm in _XXHASHES:
            start = getattr(crt.XXHash, f"new_{_XXHASHES[algorithm][0]}")
            return lambda: _XXHash(start())
        function = getattr(crt, algorithm.lower())
    except (ImportError, AttributeError) as error:
        raise InvalidInput(f"checksum {algorithm} needs the package awscrt, 0.31.2 or later: {_EXTRA}") from error
    size = _size(algorithm)
    return lambda: _Crc(function, size)


def _size(algorithm: Algorithm) -> int:
    """Return how many bytes a checksum has."""
    if algorithm in _POLYNOMIALS:
        return _POLYNOMIALS[algorithm][0] // 8
    return _HASHES[algorithm] if algorithm in _HASHES else _XXHASHES[algorithm][1]
