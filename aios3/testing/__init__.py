"""What a test of code over S3 needs: a proxy that injects faults before a real server, and a peer that plays a script.

::

    async with FaultProxy("http://127.0.0.1:9000", RandomFaults(seed=1, every=20)) as proxy:
        bucket = Bucket("photos", aws_endpoint=proxy.url, aws_key="...", aws_secret="...")

    async with Peer([steps.read_request(), steps.send(b"HTTP/1.1 200 O"), steps.reset()]) as peer:
        bucket = Bucket("photos", aws_endpoint=peer.endpoint, anonymous=True)
"""

from __future__ import annotations

from . import steps
from .faults import Answer, Corrupt, Cut, CutUpload, Fault, HalfClose, LoseAnswer, Plan, RandomFaults, Stall, Trickle
from .peer import Asked, Peer, Script, Step, Visit, peer_in_thread
from .proxy import FaultProxy

__all__ = [
    "Answer",
    "Asked",
    "Corrupt",
    "Cut",
    "CutUpload",
    "Fault",
    "FaultProxy",
    "HalfClose",
    "LoseAnswer",
    "Peer",
    "Plan",
    "RandomFaults",
    "Script",
    "Stall",
    "Step",
    "Trickle",
    "Visit",
    "peer_in_thread",
    "steps",
]
