"""The soak of tests/soak.py, some seconds of it."""

from typing import Literal

import pytest

from tests.loops import BOTH_LOOPS
from tests.servers import Server
from tests.soak import soak

SECONDS = 2.5


@BOTH_LOOPS
@pytest.mark.parametrize("mode", ["standard", "adaptive"])
async def test_random_work_through_random_faults_loses_and_leaves_nothing(
    mode: Literal["standard", "adaptive"], radosgw: Server
) -> None:
    report = await soak(radosgw, SECONDS, seed=1, retry_mode=mode)

    assert not report.failed, str(report)
    assert report.injected.total() > 0
    assert report.done.total() > 100
