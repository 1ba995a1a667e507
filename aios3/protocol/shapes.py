"""How an S3 operation, its result and its structures are declared, and the plans they compile to.

A shape is a class with annotated members. It is a frozen, keyword-only dataclass; what a member is on the wire
stands in its annotation::

    class GetObjectTagging(ObjectOperation[GetObjectTaggingResult]):
        method = "GET"
        subresource = "tagging"
        version_id: Annotated[str | None, Query("versionId")] = None

A member without a marker is an XML element named after it (``storage_class`` -> ``StorageClass``). No default
means required; ``None`` means absent on the wire. A plan is compiled once per class, when it is first used.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError, dataclass, fields
from functools import cache
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    Self,
    TypeVar,
    Union,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from ..errors import InvalidInput, S3Error

R_co = TypeVar("R_co", bound="Result", covariant=True)


# ------------------------------------------------------------------ where a member stands on the wire
class Query(NamedTuple):
    """A query parameter."""

    name: str


class Header(NamedTuple):
    """A header; a timestamp in it is an HTTP date unless *iso8601*."""

    name: str
    iso8601: bool = False


class HeaderPrefix(NamedTuple):
    """All headers that begin with *prefix*, as a mapping without it."""

    prefix: str


class Payload(NamedTuple):
    """The whole body: bytes, a stream, or a structure as XML with this *root* element."""

    root: str = ""


class Element(NamedTuple):
    """An XML element that is not simply named after its member.

    Args:
        name: The element; ``None`` for the member's name in PascalCase.
        flat: The list's items stand directly in the parent, each as an element of this name.
        item: Name of the items of a list that is not flat.
        attribute: An attribute of the parent instead of an element.
        url: Percent-encoded when the answer says ``EncodingType`` is ``url``.
        text: The text of the parent itself.
    """

    name: str | None = None
    flat: bool = False
    item: str = "member"
    attribute: bool = False
    url: bool = False
    text: bool = False


Marker = Query | Header | HeaderPrefix | Payload | Element


# ------------------------------------------------------------------ the base classes
@dataclass_transform(frozen_default=True, kw_only_default=True)
class Shape:
    """A value made of named members: only those that were given are stored, defaults live on the class.

    So making one costs what is given, not what could be: an operation has up to forty members and a call uses three.
    """

    _required: ClassVar[frozenset[str]] = frozenset()
    _names: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # A real dataclass for fields() and replace(); its methods are ours, since compiling seven per class is slow.
        dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
        cls._names = frozenset(field.name for field in fields(cls))  # type: ignore[arg-type]  # made one just above
        cls._required = frozenset(name for name in cls._names if not hasattr(cls, name))

    def __init__(self, **members: Any) -> None:
        if not self._names >= members.keys() >= self._required:
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
        raise FrozenInstanceError(f"{type(self).__name__} is frozen: make a new one with replace()")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, n) == getattr(other, n) for n in self._names)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in sorted(self._names))))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._given())
        return f"{type(self).__name__}({shown})"

    def _given(self) -> Iterator[tuple[str, Any]]:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, field.name, None)
            if value is not None and value != ():
                yield field.name, "***" if field.name in SECRET_MEMBERS else value


SECRET_MEMBERS = frozenset({"sse_customer_key", "copy_source_sse_customer_key", "secret_access_key", "session_token"})


class Structure(Shape):
    """A part of a request or result that is an XML element with children."""


class Result(Shape):
    """What an operation answers: its members, and the response they came from.

    Attributes:
        status: HTTP status.
        headers: All response headers, names in lower case.
    """

    root = ""  # the XML element that a body must have; "" where there is no XML
    status = 200
    headers: ClassVar[Mapping[str, str]] = types.MappingProxyType({})

    @property
    def request_id(self) -> str | None:
        """The server's name for this request."""
        return self.headers.get("x-amz-request-id")


class Operation(Shape, Generic[R_co]):
    """One S3 operation as a value: ``await client.call(operation)``.

    Attributes:
        method: HTTP method.
        subresource: The query parameter that names the operation, such as ``tagging``; or "".
        query: Further constant query parameters.
    """

    method: ClassVar[str] = "GET"
    subresource: ClassVar[str] = ""
    query: ClassVar[tuple[tuple[str, str], ...]] = ()

    def question(self, error: S3Error) -> Operation[Any] | None:
        """Return what to ask when *error* may come of an earlier attempt whose answer was lost; None for "as it is"."""
        return None

    def settled(self, answer: Any) -> R_co | None:
        """Return the result that the answer to ``question`` proves, or None when it proves nothing."""
        return None

    @property
    def resource(self) -> str:
        """What it works on, for messages."""
        bucket, key = getattr(self, "bucket", None), getattr(self, "key", None)
        return "the service" if bucket is None else f"bucket {bucket!r}" if key is None else f"{bucket}/{key}"


# ------------------------------------------------------------------ plans
class Member(NamedTuple):
    """One member of a shape: its Python name, wire marker, and type with ``None`` taken off."""

    name: str
    marker: Marker | None
    type: Any


@cache
def members(cls: type[Shape]) -> tuple[Member, ...]:
    """Read the declaration of *cls*, in order."""
    hints = get_type_hints(cls, include_extras=True)
    return tuple(_member(field.name, hints[field.name]) for field in fields(cls))  # type: ignore[arg-type]


def _member(name: str, hint: Any) -> Member:
    marker: Marker | None = None
    if get_origin(hint) is Annotated:
        hint, *markers = get_args(hint)
        marker = next((m for m in markers if isinstance(m, Marker)), None)
    if get_origin(hint) in (Union, types.UnionType):
        choices = [choice for choice in get_args(hint) if choice is not type(None)]
        hint = choices[0] if len(choices) == 1 else Union[tuple(choices)]
    return Member(name, marker, hint)


def item_type(hint: Any) -> Any | None:
    """Return X for ``tuple[X, ...]``, else None."""
    return get_args(hint)[0] if get_origin(hint) is tuple else None


def scalar_type(hint: Any) -> Any:
    """Return the Python type whose text goes on the wire: ``str`` for a Literal."""
    return str if get_origin(hint) is Literal else hint


@cache
def result_type(cls: type[Operation[R_co]]) -> type[R_co]:
    """Return the result class that an operation declares: X in ``class Op(BucketOperation[X])``."""
    for base in getattr(cls, "__orig_bases__", ()):
        for argument in get_args(base):
            if isinstance(argument, type) and issubclass(argument, Result):
                return argument  # type: ignore[return-value]  # it is the R_co of this class
    raise InvalidInput(f"{cls.__name__} declares no result: write class {cls.__name__}(BucketOperation[SomeResult])")


# Words that S3 spells otherwise than str.capitalize does.
_SPELLED = {"etag": "ETag"}


def wire_name(name: str) -> str:
    """Return the XML element for a member: ``next_continuation_token`` -> ``NextContinuationToken``."""
    return "".join([_SPELLED.get(word) or word.capitalize() for word in name.split("_")])
