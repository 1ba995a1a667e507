"""The two event loops that tests run on."""

import asyncio

import pytest
import uvloop

from tests.loops import BOTH_LOOPS, LOOPS, loop_factories


async def test_default_is_the_standard_loop(request: pytest.FixtureRequest) -> None:
    assert not isinstance(asyncio.get_running_loop(), uvloop.Loop)
    assert list(loop_factories(request.node)) == ["asyncio"]


@BOTH_LOOPS
async def test_both_loops_runs_a_test_on_each(request: pytest.FixtureRequest) -> None:
    name = "uvloop" if isinstance(asyncio.get_running_loop(), uvloop.Loop) else "asyncio"

    assert request.node.name.endswith(f"[{name}]")
    assert loop_factories(request.node) is LOOPS
