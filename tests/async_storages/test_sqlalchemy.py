"""Columns of files, in a real database."""

import io
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import CreateTable

from aios3.async_storages import MemoryStorage, StorageFile, StorageImage
from aios3.async_storages.sqlalchemy import FileType, ImageType
from tests.async_storages.test_images import picture

STORAGE = MemoryStorage()


class Base(DeclarativeBase):
    """Tables of the tests."""


class User(Base):
    """A person, perhaps with a picture and a file."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    avatar: Mapped[StorageImage | None] = mapped_column(ImageType(STORAGE))
    report: Mapped[StorageFile | None] = mapped_column(FileType(STORAGE, length=200))


@pytest.fixture(params=["sqlite", "postgresql"])
async def engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    """A database with an empty table."""
    on_disk = f"sqlite+aiosqlite:///{tmp_path}/test.db"
    made = create_async_engine(on_disk if request.param == "sqlite" else request.getfixturevalue("postgresql"))
    async with made.begin() as connection:
        await connection.run_sync(Base.metadata.drop_all)
        await connection.run_sync(Base.metadata.create_all)
    yield made
    await made.dispose()


async def test_picture_is_stored_and_comes_back_by_its_row(engine: AsyncEngine) -> None:
    image = StorageImage("users/1.png", STORAGE)
    await image.upload(io.BytesIO(picture("PNG", (20, 10))))
    async with AsyncSession(engine) as session:
        session.add(User(id=1, avatar=image, report=None))
        await session.commit()

    async with AsyncSession(engine) as session:
        user = (await session.scalars(select(User))).one()

    assert type(user.avatar) is StorageImage
    assert str(user.avatar) == user.avatar.name == "users/1.png"
    assert await user.avatar.get_dimensions() == (20, 10)
    assert user.report is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ("a.txt", "a.txt"),
        (StorageFile("docs/../b.txt", STORAGE), "docs/b.txt"),
        (SimpleNamespace(filename="upload.txt"), "upload.txt"),
    ],
)
async def test_what_is_written_and_what_is_read(engine: AsyncEngine, given: Any, kept: str | None) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(User).values(id=1, report=given))
        found = (await connection.execute(select(User.report))).scalar_one()
        raw = (await connection.exec_driver_sql("select report from users")).scalar_one()

    assert raw == kept
    assert (found and str(found)) == kept
    assert kept is None or type(found) is StorageFile


async def test_rows_are_found_by_a_file(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(User).values(id=7, report="a.txt"))
        for wanted in ("a.txt", StorageFile("a.txt", STORAGE)):
            assert (await connection.execute(select(User.id).where(User.report == wanted))).scalar_one() == 7


@pytest.mark.parametrize("kept", ["", "日本"])
async def test_row_whose_name_cannot_be_used_can_be_given_another_file(engine: AsyncEngine, kept: str) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(User).values(id=1, report=kept))

    async with AsyncSession(engine) as session:
        user = (await session.scalars(select(User))).one()
        user.report = StorageFile("a.txt", STORAGE)
        assert session.is_modified(user)
        await session.commit()

    async with engine.begin() as connection:
        assert (await connection.execute(select(User.report))).scalar_one() == StorageFile("a.txt", STORAGE)


async def test_what_is_no_file_is_refused(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        with pytest.raises(StatementError, match="takes a StorageFile, a name or an upload, not int"):
            await connection.execute(insert(User).values(id=1, report=7))


async def test_storage_may_be_set_later_even_after_it_was_used(engine: AsyncEngine) -> None:
    kind = FileType()
    table = Table("users", MetaData(), Column("id", Integer), Column("report", kind)).to_metadata(MetaData())
    async with engine.begin() as connection:
        await connection.execute(insert(table).values(id=1, report="a.txt"))
        with pytest.raises(ValueError, match="FileType has no storage yet"):
            (await connection.execute(select(table.c.report))).all()

        kind.storage = STORAGE
        assert (await connection.execute(select(table.c.report))).scalar_one() == StorageFile("a.txt", STORAGE)


async def test_cached_statement_does_not_mix_storages(engine: AsyncEngine) -> None:
    first, second = MemoryStorage(), MemoryStorage()
    async with engine.begin() as connection:
        for storage in (first, second, first):
            found = (await connection.execute(select(literal("a", FileType(storage))))).scalar_one()
            assert found == StorageFile("a", storage)


def test_types_are_as_migrations_want_them() -> None:
    assert FileType.cache_ok
    assert ImageType.cache_ok
    assert "report VARCHAR(200)" in str(CreateTable(User.__table__).compile(dialect=sqlite.dialect()))  # type: ignore[arg-type]  # a Table, for mypy a FromClause
    assert eval(repr(FileType(length=30)), {"FileType": FileType}).impl_instance.length == 30
    assert repr(ImageType()) == "ImageType()"


def test_without_sqlalchemy_the_error_names_the_extra() -> None:
    code = "import sys; sys.modules['sqlalchemy'] = None\nimport aios3.async_storages.sqlalchemy"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )

    assert 'pip install "aio-s3[sqlalchemy]"' in ran.stderr
