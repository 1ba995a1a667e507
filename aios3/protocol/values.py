"""What a value is: a frozen record of named members, a dataclass to whoever asks, at the cost of a plain class.

A dataclass compiles functions of its own, half a millisecond of every import; here all classes share theirs.
In: a class with annotated members, where no default means required. Out: values, made by keyword.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from inspect import get_annotations
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import Field
    from typing import NamedTuple as NamedTuple  # to be had from here
else:

    class _Named(type):
        """Makes a named tuple as typing does, but leaves the types to type checkers: compiling them takes the longest."""

        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            members = body.get("__annotations__", {})
            defaults = [body.pop(member) for member in members if member in body]
            made = namedtuple(name, members, defaults=defaults, module=body.pop("__module__"))
            for inside, value in body.items():
                setattr(made, inside, value)
            # For what is made per request: namedtuple's own ways go through a function of Python, and take twice as long.
            made._make = classmethod(tuple.__new__)
            return made

    NamedTuple = type.__new__(_Named, "NamedTuple", (), {})


class _Told:
    """Something of a class that is found out when it is first asked for: most classes are loaded and never used."""

    def __init__(self, find: Callable[[type[Value]], object]) -> None:
        self._find = find
        self.name = find.__name__

    def __get__(self, value: Value | None, owner: type[Value]) -> Any:
        found = self._find(owner)
        setattr(owner, self.name, found)
        return found


def declared(cls: type[Value]) -> dict[str, Any]:
    """Return the members of *cls* and their types as they are written, those of its bases first."""
    written: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        written |= {name: hint for name, hint in get_annotations(base).items() if "ClassVar" not in str(hint)}
    return written


@_Told
def _names(cls: type[Value]) -> frozenset[str]:
    return frozenset(declared(cls))


@_Told
def _required(cls: type[Value]) -> frozenset[str]:
    return frozenset([name for name in cls._names if not hasattr(cls, name)])


@_Told
def __dataclass_fields__(cls: type[Value]) -> dict[str, Field[Any]]:  # noqa: N807  # dataclasses' name for it
    from dataclasses import MISSING, field, fields, make_dataclass  # who asks has loaded it

    written: list[tuple[str, Any, Any]] = []
    for name, hint in declared(cls).items():
        default: Any = MISSING if name in cls._required else getattr(cls, name)
        # dataclasses take no default that could be changed, such as a mapping.
        plain = default.__class__.__hash__ is not None
        written.append((name, hint, field(default=default) if plain else field(default_factory=default.copy)))
    made = make_dataclass(cls.__name__, written, init=False, repr=False, eq=False, kw_only=True)
    return {made.name: made for made in fields(made)}


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Value:
    """Named members, frozen: only those that were given are stored, defaults live on the class.

    So making one costs what is given, not what could be. A class that takes members by position writes an
    ``__init__`` that hands them on by name; one that checks them is a CheckedValue.

    Attributes:
        hidden: Members that repr() leaves out.
    """

    hidden: ClassVar[frozenset[str]] = frozenset()
    _names: ClassVar[frozenset[str]]
    _required: ClassVar[frozenset[str]]
    if TYPE_CHECKING:
        __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for told in (_names, _required, __dataclass_fields__):
            setattr(cls, told.name, told)

    def __init__(self, **members: Any) -> None:
        # Methods, since the operators compare a set with a dictionary's keys one by one in Python's own loop.
        if not self._names.issuperset(members) or self._required.difference(members):
            raise self._wrong(members)
        self.__dict__.update(members)

    def _wrong(self, members: Mapping[str, Any]) -> TypeError:
        unknown = sorted(members.keys() - self._names)
        missing = sorted(self._required - members.keys())
        what = f"has no member {unknown[0]!r}" if unknown else f"needs {', '.join(missing)}"
        return TypeError(f"{type(self).__name__} {what}")

    def replace(self, **members: Any) -> Self:
        """Return a copy in which *members* have other values."""
        return type(self)(**{**self.__dict__, **members})

    def __setattr__(self, name: str, value: Any) -> None:
        raise _frozen(f"{type(self).__name__} is frozen: make a new one with replace()")

    def __delattr__(self, name: str) -> None:
        raise _frozen(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented  # the other may know better, as unittest.mock.ANY does
        return all(getattr(self, n) == getattr(other, n) for n in self._names)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in sorted(self._names))))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown())
        return f"{type(self).__name__}({shown})"

    def _shown(self) -> Iterator[tuple[str, Any]]:
        return ((name, getattr(self, name)) for name in declared(type(self)) if name not in self.hidden)


class CheckedValue(Value):
    """A value whose class says what is wrong with its members."""

    def __init__(self, **members: Any) -> None:
        super().__init__(**members)
        self.__post_init__()

    def __post_init__(self) -> None:
        raise NotImplementedError


def _frozen(message: str) -> AttributeError:
    from dataclasses import FrozenInstanceError  # needed by those who err only

    return FrozenInstanceError(message)
