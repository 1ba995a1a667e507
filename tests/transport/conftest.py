"""Fixtures of the transport's tests: a loop that may not complain, and a certificate of nobody's."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.servers.certificates import Certificate, make_certificate


@pytest.fixture(autouse=True)
def _quiet_loop(request: pytest.FixtureRequest) -> None:
    """Fail a test after which asyncio has something to log: an exception never retrieved, an error in a callback."""
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_complaints_are_errors")


@pytest_asyncio.fixture
async def _complaints_are_errors() -> AsyncIterator[None]:
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: complaints.append(f"{context['message']}: {context.get('exception')!r}")
    )
    yield
    gc.collect(1)  # all of it would take longer than most tests
    if complaints:
        pytest.fail("; ".join(complaints), pytrace=False)


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate of another authority."""
    return make_certificate(tmp_path_factory.mktemp("stranger"))
