"""The event loops that tests run on: the standard one, and for those that ask, uvloop as well.

Given to pytest-asyncio as loop factories: event loop policies, the older way, are deprecated from Python 3.14 on.
"""

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

LoopFactory = Callable[[], asyncio.AbstractEventLoop]

BOTH_LOOPS = pytest.mark.both_loops
"""On a test, a class, or as a module's `pytestmark`: every async test runs twice, once on each loop."""

LOOPS: Mapping[str, LoopFactory] = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    """Return the loops for one test function."""
    if item.get_closest_marker(BOTH_LOOPS.name):
        return LOOPS
    return {"asyncio": LOOPS["asyncio"]}
