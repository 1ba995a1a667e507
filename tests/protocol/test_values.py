"""What a value is: frozen, made by keyword, equal by its members, a dataclass to whoever asks."""

# As all code has that makes named tuples: Python 3.14 keeps no other annotations in a class body.
from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Mapping
from typing import Any, ClassVar
from unittest.mock import ANY

import pytest

from aios3 import Attempt, Credentials, DeleteReport, Dialect, TransferResult
from aios3.credentials import DefaultChain, Environment, Process
from aios3.errors import InvalidInput
from aios3.protocol.fields import ResponseHead
from aios3.protocol.values import CheckedValue, NamedTuple, Value
from aios3.transfers.plans import Action, Rules
from aios3.transfers.trees import SyncReport


class Box(Value):
    """A value of the tests."""

    hidden = frozenset({"secret"})
    unit: ClassVar[str] = "m"

    name: str
    size: int = 1
    labels: Mapping[str, str] = {}
    secret: str | None = None


class Crate(Box):
    """A value with a base, made before and after it."""

    weight: float
    size: int = 7


class Even(CheckedValue):
    """A value with a rule."""

    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise InvalidInput(f"{self.number} is odd")


BOX = Box(name="a")


def test_members_and_defaults_are_those_of_the_class_and_its_bases() -> None:
    assert (BOX.name, BOX.size, BOX.labels, BOX.secret) == ("a", 1, {}, None)
    assert Crate(name="a", weight=2.5).size == 7
    assert Box(name="a").size == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Crate needs name, weight"),
        ({"name": "a", "weight": 1, "height": 1}, "Crate has no member 'height'"),
        ({"name": "a", "weight": 1, "unit": "cm"}, "Crate has no member 'unit'"),
        ({"name": "a", "weight": 1, "hidden": ()}, "Crate has no member 'hidden'"),
    ],
)
def test_missing_and_unknown_members_are_a_type_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Crate(**arguments)


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match=r"Box is frozen: make a new one with replace\(\)"):
        BOX.size = 2  # type: ignore[misc]  # that is what is tested
    with pytest.raises(dataclasses.FrozenInstanceError):
        del BOX.name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(BOX, "height", 2)  # noqa: B010  # mypy knows better


def test_equal_by_members_given_or_not() -> None:
    assert Box(name="a", size=1, labels={}) == BOX
    assert Box(name="a", size=2) != BOX
    assert Crate(name="a", weight=1, size=1) != BOX
    assert BOX != ("a", 1)
    assert len({Even(number=2), Even(number=2), Even(number=4)}) == 2


def test_what_equals_anything_equals_a_value() -> None:
    value = Credentials("AKID", "hunter2")

    assert [value] == [ANY]


def test_rule_holds_for_every_way_to_make_one() -> None:
    with pytest.raises(InvalidInput, match="3 is odd"):
        Even(number=3)
    with pytest.raises(InvalidInput, match="5 is odd"):
        Even(number=2).replace(number=5)
    with pytest.raises(InvalidInput, match="7 is odd"):
        dataclasses.replace(Even(number=2), number=7)


def test_repr_shows_every_member_but_the_hidden_ones() -> None:
    assert repr(Crate(name="a", weight=2, secret="hunter2")) == "Crate(name='a', size=7, labels={}, weight=2)"


def test_it_is_a_dataclass_to_those_who_ask() -> None:
    assert [member.name for member in dataclasses.fields(Crate)] == ["name", "size", "labels", "secret", "weight"]
    assert dataclasses.fields(Box)[0].default is dataclasses.MISSING
    assert dataclasses.fields(Box)[1].default == 1
    assert dataclasses.asdict(BOX) == {"name": "a", "size": 1, "labels": {}, "secret": None}
    assert dataclasses.replace(BOX, size=3) == BOX.replace(size=3) == Box(name="a", size=3)


PUBLIC = [
    (Credentials("AKID", "s", "t"), "Credentials(access_key='AKID', expires=None)"),
    (DeleteReport(deleted=2), "DeleteReport(deleted=2, errors=())"),
    (Action("copy", "a", 1, "new"), "Action(kind='copy', name='a', size=1, reason='new')"),
    (SyncReport(copied=1), "SyncReport(uploaded=0, downloaded=0, copied=1, deleted=0, size=0, refused=())"),
    (Rules(), "Rules(delete=False, include=(), exclude=(), compare='mtime', part_size=8388608)"),
    (Environment(environ={}), "Environment()"),
    (Process("program", limit=1), "Process(limit=1)"),
    (DefaultChain("me", environ={}), "DefaultChain(profile='me', region=None)"),
    (
        TransferResult(key="k", size=3),
        "TransferResult(key='k', etag=None, version_id=None, size=3, checksum=None, parts=1)",
    ),
    (
        Attempt(
            operation="GetObject",
            bucket="b",
            attempt=1,
            status=200,
            request_id=None,
            bytes=1,
            seconds=0.5,
            queued=0.0,
            connecting=None,
            error=None,
        ),
        "Attempt(operation='GetObject', bucket='b', attempt=1, status=200, request_id=None, bytes=1, seconds=0.5, "
        "queued=0.0, connecting=None, error=None)",
    ),
]


@pytest.mark.parametrize(("value", "shown"), PUBLIC, ids=lambda item: type(item).__name__)
def test_public_values_show_what_they_are_and_can_be_copied(value: Value, shown: str) -> None:
    assert repr(value) == shown
    assert dataclasses.replace(value) == value
    if not isinstance(value, DefaultChain):  # which has an environment and a network of this process
        assert copy.deepcopy(value) == value
        assert pickle.loads(pickle.dumps(value)) == value


def test_dialect_of_ones_own_is_a_replacement() -> None:
    assert Dialect().replace(name="mine") == dataclasses.replace(Dialect(), name="mine")
    with pytest.raises(InvalidInput, match="Dialect: min_part must be at least 1, not 0"):
        Dialect().replace(min_part=0)


class Pair(NamedTuple):
    """A named tuple of the tests."""

    first: int
    second: int = 2


class Couple(Pair):
    """One with a base."""


def test_named_tuples_are_made_as_typings_are() -> None:
    """Of a class that has one for a base, too."""
    assert Pair(1) == Pair._make([1, 2]) == (1, 2)
    assert Couple(1)._replace(first=3) == Couple._make((3, 2)) == (3, 2)
    assert type(Couple._make((1, 2))) is type(Couple(1)._replace(first=3)) is Couple


@pytest.mark.parametrize("value", [Pair(1), ResponseHead(200, {"etag": "e"}, True)])
def test_named_tuples_can_be_copied_and_pickled(value: Pair | ResponseHead) -> None:
    assert copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
