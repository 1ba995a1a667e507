"""Labels of host names, and the partitions that regions are in."""

import re
from itertools import product

import pytest

from aios3.protocol.partitions import are_labels, is_label, partition_of

# RFC 1123 2.1: letters, digits and hyphens, none of these at an end, 63 at most.
LABEL = re.compile(r"(?!-)[a-zA-Z0-9-]{1,63}(?<!-)")


def test_labels_are_those_of_the_rule() -> None:
    short = ["".join(marks) for size in range(5) for marks in product("aZ0-._é٣\n", repeat=size)]

    wrong = [text for text in [*short, "a" * 63, "a" * 64] if is_label(text) != bool(LABEL.fullmatch(text))]

    assert not wrong
    assert are_labels("a.b-c.0")
    assert not are_labels("a..b")


@pytest.mark.parametrize(
    ("region", "domain"),
    [
        ("us-east-1", "amazonaws.com"),
        ("cn-north-1", "amazonaws.com.cn"),
        ("us-gov-west-1", "amazonaws.com"),
        ("aws-cn-global", "amazonaws.com.cn"),
        ("somewhere-new-1", "amazonaws.com"),
    ],
)
def test_region_is_in_the_partition_that_its_name_begins_like(region: str, domain: str) -> None:
    assert partition_of(region).domain == domain
