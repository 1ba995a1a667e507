"""How many examples a property test tries: a few hundred, or what AIOS3_EXAMPLES says."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("AIOS3_EXAMPLES", "300"))

many_examples = settings(
    max_examples=EXAMPLES,
    deadline=None,  # two cores and a server beside us: a slow example says nothing
    suppress_health_check=[HealthCheck.too_slow],
)
"""Decorates a property test."""
