"""Checksums by published values, and by awscrt and botocore as oracles."""

import json
import random
import sys
import zlib
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol import checksums
from aios3.protocol.checksums import ALGORITHMS, HEADERS, Algorithm
from tests.properties import many_examples
from tests.protocol.test_sigv4 import DATA

VECTORS = json.loads((DATA / "checksums.json").read_text("utf-8"))
CRCS: tuple[Algorithm, ...] = ("CRC32", "CRC32C", "CRC64NVME")
PUBLISHED: tuple[Algorithm, ...] = (*CRCS, "SHA1", "SHA256", "MD5")
# Reference values of the three in xxHash's own documentation: of nothing, seed 0.
XXHASHES_OF_NOTHING: dict[Algorithm, str] = {
    "XXHASH64": "ef46db3751d8e999",
    "XXHASH3": "2d06800538d394c2",
    "XXHASH128": "99aa06d3014798d86001c324468d497f",
}


def payload(record: dict[str, Any]) -> bytes:
    if record["data_b64"] is not None:
        return b64decode(str(record["data_b64"]))
    if record["name"].startswith("a*"):
        return b"a" * int(record["length"])
    seed, size = (int(part.partition(")")[0]) for part in record["name"].split("(")[1:])
    return random.Random(seed).randbytes(size)


def parts_of(layout: dict[str, Any]) -> list[bytes]:
    return [random.Random(f"{layout['seed']}/{number}").randbytes(size) for number, size in enumerate(layout["sizes"])]


# ------------------------------------------------------------------ published values
def test_all_published_values_are_here() -> None:
    assert (len(VECTORS["single"]), len(VECTORS["multipart"])) == (14, 7)


@pytest.mark.parametrize("algorithm", PUBLISHED)
@pytest.mark.parametrize("record", VECTORS["single"], ids=[record["name"] for record in VECTORS["single"]])
def test_single(record: dict[str, Any], algorithm: Algorithm) -> None:
    data = payload(record)
    assert len(data) == record["length"]

    in_two = checksums.new(algorithm)
    in_two.update(data[: len(data) // 3])
    in_two.update(memoryview(data)[len(data) // 3 :])

    assert checksums.checksum(algorithm, data) == record[algorithm]
    assert checksums.encoded(in_two.digest()) == record[algorithm]
    assert checksums.encoded_length(algorithm) == len(record[algorithm])


@pytest.mark.parametrize(
    "layout", VECTORS["multipart"], ids=[str(layout["sizes"])[:40] for layout in VECTORS["multipart"]]
)
def test_multipart(layout: dict[str, Any]) -> None:
    parts = parts_of(layout)

    for algorithm, whole in layout["composite"].items():
        values = [checksums.checksum(algorithm, part) for part in parts]
        assert values == [record[algorithm] for record in layout["parts"]]
        assert checksums.composite(algorithm, values) == whole
    for algorithm, whole in layout["full_object"].items():
        measured = [(checksums.checksum(algorithm, part), len(part)) for part in parts]
        assert checksums.combined(algorithm, measured) == whole
    digests = checksums.composite("MD5", [record["MD5"] for record in layout["parts"]]).rpartition("-")
    assert f'"{b64decode(digests[0]).hex()}-{digests[2]}"' == layout["etag"]


@pytest.mark.parametrize(("algorithm", "digest"), XXHASHES_OF_NOTHING.items())
def test_xxhashes_of_nothing(algorithm: Algorithm, digest: str) -> None:
    assert checksums.checksum(algorithm, b"") == b64encode(bytes.fromhex(digest)).decode()
    assert checksums.encoded_length(algorithm) == len(checksums.checksum(algorithm, b""))


# ------------------------------------------------------------------ properties
@many_examples
@given(algorithm=st.sampled_from(ALGORITHMS), pieces=st.lists(st.binary(max_size=300), max_size=6), view=st.booleans())
def test_any_cut_gives_the_same(algorithm: Algorithm, pieces: list[bytes], view: bool) -> None:
    whole = checksums.checksum(algorithm, b"".join(pieces))

    made = checksums.new(algorithm)
    for piece in pieces:
        made.update(memoryview(bytearray(piece)) if view else piece)

    assert checksums.encoded(made.digest()) == whole
    assert len(whole) == checksums.encoded_length(algorithm)


@many_examples
@given(algorithm=st.sampled_from(CRCS), pieces=st.lists(st.binary(max_size=300), max_size=6))
def test_crcs_of_pieces_combine(algorithm: Algorithm, pieces: list[bytes]) -> None:
    measured = [(checksums.checksum(algorithm, piece), len(piece)) for piece in pieces]

    assert checksums.combined(algorithm, measured) == checksums.checksum(algorithm, b"".join(pieces))


@many_examples
@given(
    algorithm=st.sampled_from(CRCS),
    first=st.integers(0, 2**32 - 1),
    second=st.integers(0, 2**32 - 1),
    length=st.integers(1, 50 * 2**40),
)
def test_combining_over_any_length_is_awscrts(algorithm: Algorithm, first: int, second: int, length: int) -> None:
    crt = pytest.importorskip("awscrt.checksums")
    size = 8 if algorithm == "CRC64NVME" else 4

    ours = checksums.combined(
        algorithm, [(b64encode(first.to_bytes(size)).decode(), 1), (b64encode(second.to_bytes(size)).decode(), length)]
    )

    theirs = getattr(crt, f"combine_{algorithm.lower()}")(first, second, length)
    assert int.from_bytes(b64decode(ours)) == theirs


def test_combining_works_for_any_polynomial() -> None:
    """CRC-32/BASE91-D, which is none of S3's."""
    polynomial = int(f"{0xA833982B:032b}"[::-1], 2)

    def crc(data: bytes) -> int:
        value = 0xFFFFFFFF
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = (value >> 1) ^ polynomial if value & 1 else value >> 1
        return value ^ 0xFFFFFFFF

    assert crc(b"123456789") == 0x87315576  # the catalogue's check value
    assert checksums.combine(crc(b"12345"), crc(b"6789"), 4, 32, polynomial) == 0x87315576


def test_only_crcs_combine() -> None:
    with pytest.raises(InvalidInput, match="CRC32, CRC32C, CRC64NVME only, not for SHA256"):
        checksums.combined("SHA256", [])


# ------------------------------------------------------------------ names
@pytest.mark.parametrize("name", ["sha256", "SHA-256", "Sha256"])
def test_names_are_read_in_any_case(name: str) -> None:
    assert checksums.algorithm_named(name) == "SHA256"


@pytest.mark.parametrize("name", ["", "CRC-16", "auto", None, 5])
def test_unknown_names_are_refused(name: Any) -> None:
    with pytest.raises(InvalidInput, match="is none that S3 has: it has CRC32, CRC32C"):
        checksums.algorithm_named(name)


# ------------------------------------------------------------------ without the extra
@pytest.fixture
def no_crt(monkeypatch: pytest.MonkeyPatch) -> Any:
    """An installation without awscrt: None in sys.modules is what makes an import fail."""
    checksums._maker.cache_clear()
    monkeypatch.setitem(sys.modules, "awscrt.checksums", None)
    monkeypatch.setitem(sys.modules, "awscrt", None)
    yield
    checksums._maker.cache_clear()


@pytest.mark.usefixtures("no_crt")
@pytest.mark.parametrize("algorithm", ["CRC32C", "CRC64NVME", "XXHASH64", "XXHASH3", "XXHASH128"])
def test_without_the_extra_the_error_names_it(algorithm: Algorithm) -> None:
    assert not checksums.can_compute(algorithm)
    with pytest.raises(InvalidInput, match=rf"checksum {algorithm} needs .*aio-s3\[crt\]"):
        checksums.new(algorithm)


@pytest.mark.usefixtures("no_crt")
def test_without_the_extra_the_others_work() -> None:
    assert [name for name in ALGORITHMS if checksums.can_compute(name)] == ["CRC32", "SHA1", "SHA256", "SHA512", "MD5"]


@pytest.mark.usefixtures("no_crt")
def test_without_the_extra_what_can_be_verified_is() -> None:
    headers = {HEADERS["CRC64NVME"]: "AAAAAAAAAAA=", HEADERS["SHA256"]: "x="}

    assert checksums.to_verify(headers) == ("SHA256", "x=")
    assert checksums.to_verify({HEADERS["CRC64NVME"]: "AAAAAAAAAAA="}) is None


# ------------------------------------------------------------------ what a body is held against
CRC = f"{zlib.crc32(b'x')}"
TO_VERIFY: list[tuple[dict[str, str], tuple[str, str] | None]] = [
    ({}, None),
    ({HEADERS["CRC32"]: CRC}, ("CRC32", CRC)),
    ({HEADERS["CRC32"]: CRC, "x-amz-checksum-type": "FULL_OBJECT"}, ("CRC32", CRC)),
    ({HEADERS["CRC32"]: CRC, "x-amz-checksum-type": "COMPOSITE"}, None),
    ({HEADERS["SHA256"]: "AAAA-7"}, None),
    ({HEADERS["SHA256"]: "AAAA", HEADERS["CRC64NVME"]: "BBBB"}, ("CRC64NVME", "BBBB")),
    ({"x-amz-checksum-new": "AAAA"}, None),
    ({HEADERS["CRC32"]: ""}, None),
]


@pytest.mark.parametrize(("headers", "found"), TO_VERIFY)
def test_what_a_whole_body_is_held_against(headers: dict[str, str], found: tuple[str, str] | None) -> None:
    assert checksums.to_verify(headers) == found
