"""StorageImage: dimensions by the beginning of a file."""

import io
import random
import struct
import sys
import warnings
import zlib
from typing import Any

import pytest
from PIL import Image

from aios3.async_storages import BaseStorage, MemoryStorage, StorageImage
from tests import oracle
from tests.async_storages.conftest import STORAGES, s3_of
from tests.async_storages.relay import counting
from tests.servers import Server

EVERY = pytest.mark.parametrize("storage", STORAGES, indirect=True)
KIB = 1024


def picture(kind: str, size: tuple[int, int] = (640, 480), **options: Any) -> bytes:
    """Return a picture of noise, which cannot be compressed."""
    noise = Image.frombytes("RGB", size, random.Random(1).randbytes(size[0] * size[1] * 3))
    file = io.BytesIO()
    noise.save(file, kind, **options)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """Return a PNG that says it has these sides."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + header
        + struct.pack(">I", zlib.crc32(header))
        + b"\0\0\0@IDAT"
        + bytes(64)
    )


def extended_webp(width: int, height: int) -> bytes:
    """Return the head of a WebP that says it has these sides."""
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 1000) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + sides + bytes(64)


def exif(orientation: int) -> Image.Exif:
    made = Image.Exif()
    made[0x0112] = orientation
    return made


FORMATS = [
    pytest.param("PNG", {}, id="png"),
    pytest.param("JPEG", {"quality": 95}, id="jpeg"),
    pytest.param("JPEG", {"quality": 95, "icc_profile": bytes(40 * KIB)}, id="jpeg-with-profile"),
    pytest.param("GIF", {}, id="gif"),
    pytest.param("WEBP", {"lossless": True}, id="webp"),
    pytest.param("WEBP", {"lossless": True, "exif": exif(1).tobytes()}, id="webp-extended"),
    pytest.param("AVIF", {"quality": 95}, id="avif"),
]


# ------------------------------------------------------------------ dimensions
@EVERY
async def test_dimensions_are_those_of_the_picture(storage: BaseStorage) -> None:
    image = StorageImage("a.png", storage)
    await image.upload(io.BytesIO(picture("PNG", (31, 17))))

    assert await image.get_dimensions() == (31, 17)


@pytest.mark.parametrize(("kind", "options"), FORMATS)
async def test_only_the_head_of_a_large_file_crosses_the_wire(
    radosgw: Server, bucket_name: str, kind: str, options: dict[str, Any]
) -> None:
    data = picture(kind, **options)
    oracle.put(radosgw, oracle.make_bucket(radosgw, bucket_name), "picture", data)
    async with counting(radosgw) as relay:
        async with s3_of(radosgw, bucket_name, endpoint_url=f"127.0.0.1:{relay.port}") as storage:
            found = await StorageImage("picture", storage).get_dimensions()

    assert found == (640, 480)
    assert len(data) > 256 * KIB
    assert relay.received < 70 * KIB


async def test_more_is_read_where_the_header_is_far_from_the_start(radosgw: Server, bucket_name: str) -> None:
    data = picture("JPEG", (2000, 1500), quality=95, icc_profile=bytes(200 * KIB))
    oracle.put(radosgw, oracle.make_bucket(radosgw, bucket_name), "picture", data)
    async with counting(radosgw) as relay:
        async with s3_of(radosgw, bucket_name, endpoint_url=f"127.0.0.1:{relay.port}") as storage:
            assert await StorageImage("picture", storage).get_dimensions() == (2000, 1500)

    assert len(data) > 2000 * KIB
    assert relay.received < 1100 * KIB


async def test_orientation_is_not_applied() -> None:
    storage = MemoryStorage()
    await storage.upload(io.BytesIO(picture("JPEG", (40, 30), exif=exif(6))), "sideways.jpg")

    assert await StorageImage("sideways.jpg", storage).get_dimensions() == (40, 30)


async def test_known_dimensions_are_not_read() -> None:
    assert await StorageImage("absent", MemoryStorage(), 3, 4).get_dimensions() == (3, 4)


async def test_dimensions_are_read_once_and_anew_after_an_upload() -> None:
    storage = MemoryStorage()
    image = StorageImage("a", storage, 3, 4)
    await image.upload(io.BytesIO(picture("PNG", (5, 6))))
    assert await image.get_dimensions() == (5, 6)

    await storage.delete("a")
    assert await image.get_dimensions() == (5, 6)


@pytest.mark.parametrize("make", [png, extended_webp])
async def test_large_picture_that_pillow_opens_has_its_dimensions(make: Any) -> None:
    storage = MemoryStorage()
    await storage.upload(io.BytesIO(make(9000, 9000)), "a")

    assert await StorageImage("a", storage).get_dimensions() == (9000, 9000)


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize("make", [png, extended_webp])
@EVERY
async def test_decompression_bomb_is_refused(storage: BaseStorage, make: Any) -> None:
    await storage.upload(io.BytesIO(make(100_000, 100_000)), "bomb")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in (OSError, ValueError):
            with pytest.raises(kind, match="bomb has more pixels than are opened"):
                await StorageImage("bomb", storage).get_dimensions()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<p>no image</p>", id="text"),
        pytest.param(random.Random(2).randbytes(300 * KIB), id="noise"),
        pytest.param(bytes(1500 * KIB), id="zeros"),
        pytest.param(png(10, 10)[:20], id="cut png"),
        pytest.param(picture("JPEG")[:100], id="cut jpeg"),
        pytest.param(picture("WEBP")[:20], id="cut webp"),
        pytest.param(picture("AVIF")[:100], id="cut avif"),
        pytest.param(picture("GIF")[:8], id="cut gif"),
        pytest.param(png(0, 10), id="no width"),
    ],
)
@EVERY
async def test_what_is_no_image_is_an_error_of_both_kinds(storage: BaseStorage, data: bytes) -> None:
    await storage.upload(io.BytesIO(data), "a")

    for kind in (OSError, ValueError):
        with pytest.raises(kind, match="a is no image"):
            await StorageImage("a", storage).get_dimensions()


@EVERY
async def test_absent_picture_is_a_file_that_is_not_found(storage: BaseStorage) -> None:
    with pytest.raises(FileNotFoundError):
        await StorageImage("absent", storage).get_dimensions()


async def test_without_pillow_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    storage = MemoryStorage()
    await storage.upload(io.BytesIO(b"1"), "a")

    with pytest.raises(ImportError, match=r"aio-s3\[images\]"):
        await StorageImage("a", storage).get_dimensions()
