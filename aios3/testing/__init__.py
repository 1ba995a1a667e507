"""What a test of code over S3 needs: a proxy that injects faults between a client and a real server.

::

    async with FaultProxy("http://127.0.0.1:9000", RandomFaults(seed=1, every=20)) as proxy:
        bucket = Bucket("photos", aws_endpoint=proxy.url, aws_key="...", aws_secret="...")
"""

from __future__ import annotations

from .faults import Answer, Corrupt, Cut, CutUpload, Fault, LoseAnswer, RandomFaults, Stall, Trickle
from .proxy import FaultProxy

__all__ = [
    "Answer",
    "Corrupt",
    "Cut",
    "CutUpload",
    "Fault",
    "FaultProxy",
    "LoseAnswer",
    "RandomFaults",
    "Stall",
    "Trickle",
]
