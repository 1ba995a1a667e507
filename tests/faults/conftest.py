"""Fixtures of the fault tests: dice that fall the same each time, and a loop that may not complain."""

import asyncio
import gc
import random
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio


@pytest.fixture(scope="session", autouse=True)
def _frozen() -> Iterator[None]:
    """Let the collections after each test look at what the test made, and not at all of Python."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True)
def _quiet_loop(request: pytest.FixtureRequest) -> None:
    """Seed the jitter, and fail a test after which asyncio has something to log."""
    random.seed(request.node.name)
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_complaints_are_errors")


@pytest_asyncio.fixture
async def _complaints_are_errors() -> AsyncIterator[None]:
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: complaints.append(f"{context['message']}: {context.get('exception')!r}")
    )
    yield
    gc.collect()
    if complaints:
        pytest.fail("; ".join(complaints), pytrace=False)
