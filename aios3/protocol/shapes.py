"""How an S3 operation, its result and its structures are declared, and the plans they compile to.

A shape is a class with annotated members, a Value; what a member is on the wire stands in its annotation::

    class GetObjectTagging(ObjectOperation[GetObjectTaggingResult]):
        method = "GET"
        subresource = "tagging"
        version_id: Annotated[str | None, Query("versionId")] = None

A member without a marker is an XML element named after it (``storage_class`` -> ``StorageClass``). No default
means required; ``None`` means absent on the wire. A plan is compiled once per class, when it is first used.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from inspect import get_annotations
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    Self,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
)

from ..errors import InvalidInput, InvalidResponse, S3Error
from .places import ANY, Facts
from .values import NamedTuple, Value, declared

R_co = TypeVar("R_co", bound="Result", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])


# ------------------------------------------------------------------ where a member stands on the wire
class Label:
    """A part of the address: the bucket, or the key in the path."""


class Query:
    """A query parameter; a timestamp in it is an HTTP date."""

    def __init__(self, name: str) -> None:
        self.name = name


class Header:
    """A header; a timestamp in it is an HTTP date unless *iso8601*, and ``None`` if *lax* and unreadable."""

    def __init__(self, name: str, *, iso8601: bool = False, lax: bool = False) -> None:
        self.name = name
        self.iso8601 = iso8601
        self.lax = lax


class HeaderPrefix:
    """All headers that begin with *prefix*, as a mapping without it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix


class Group:
    """A structure whose members are headers, each with *prefix* before its own name."""

    def __init__(self, prefix: str = "x-amz-") -> None:
        self.prefix = prefix


class Payload:
    """The whole body: bytes, text, a stream, or a structure as XML with this *root* element."""

    def __init__(self, root: str = "") -> None:
        self.root = root


class Element:
    """An XML element that is not simply named after its member.

    Args:
        name: The element; ``None`` for the member's name in PascalCase.
        flat: The list's items stand directly in the parent, each as an element of this name.
        item: Name of the items of a list that is not flat.
        attribute: An attribute ``xsi:name`` of the parent instead of an element.
        url: Percent-encoded when the answer says ``EncodingType`` is ``url``.
        text: The text of the parent itself.
        http_date: A timestamp that is an HTTP date even here.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        flat: bool = False,
        item: str = "member",
        attribute: bool = False,
        url: bool = False,
        text: bool = False,
        http_date: bool = False,
    ) -> None:
        self.name, self.item = name, item
        self.flat, self.attribute, self.url, self.text, self.http_date = flat, attribute, url, text, http_date


Marker = Label | Query | Header | HeaderPrefix | Group | Payload | Element


# ------------------------------------------------------------------ the base classes
class Shape(Value):
    """A value of what goes over the wire: an operation has up to forty members, of which a call gives three.

    Attributes:
        at_most_one: Members of which S3 takes one at most.
        needs: Pairs of members; S3 takes the first only with the second.
        union: Exactly one member is given.
        secret: Members that repr() does not show.
    """

    at_most_one: ClassVar[tuple[tuple[str, ...], ...]] = ()
    needs: ClassVar[tuple[tuple[str, str], ...]] = ()
    union: ClassVar[bool] = False
    secret: ClassVar[frozenset[str]] = frozenset()

    def check(self) -> None:
        """Refuse combinations of members that S3 refuses.

        Raises:
            InvalidInput: members that exclude each other, or one without the other that it needs.
        """
        given = {name for name, value in self.__dict__.items() if value is not None}
        for names in self.at_most_one:
            if len(given.intersection(names)) > 1:
                raise InvalidInput(f"{type(self).__name__} takes only one of {', '.join(names)}")
        for name, needed in self.needs:
            if name in given and needed not in given:
                raise InvalidInput(f"{type(self).__name__} takes {name} only together with {needed}")
        if self.union and len(given) != 1:
            raise InvalidInput(f"{type(self).__name__} takes exactly one of {', '.join(sorted(self._names))}")

    def _shown(self) -> Iterator[tuple[str, Any]]:
        for name in declared(type(self)):
            try:
                value = getattr(self, name, None)
            except InvalidResponse:  # a header that cannot be read: repr() is where one looks at such things
                continue
            if value is not None and value != ():
                yield name, "***" if name in self.secret else value


class Structure(Shape):
    """A part of a request or result: an XML element with children, or a group of headers.

    Attributes:
        varying: Members that differ from each to the next where it comes by the hundreds, in the order that servers
            write them: so long lists are read faster. Text, numbers or times.
    """

    varying: ClassVar[tuple[str, ...]] = ()


class Result(Shape):
    """What an operation answers: its members, and the response they came from.

    Attributes:
        http_status: HTTP status.
        headers: All response headers, names in lower case.
    """

    root: ClassVar[str] = ""  # the XML element that a body must have; "" where there is no XML
    other_roots: ClassVar[tuple[str, ...]] = ()  # what some stores call it
    streaming: ClassVar[str] = ""  # the member that is the body itself, read piece by piece; or ""
    http_status = 200
    headers: ClassVar[Mapping[str, str]] = types.MappingProxyType({})

    @property
    def request_id(self) -> str | None:
        """The server's name for this request."""
        return self.headers.get("x-amz-request-id")

    def replace(self, **members: Any) -> Self:
        """Return a copy in which *members* have other values: what came of the same response."""
        if not self._names >= members.keys():
            raise self._wrong(members)
        made = object.__new__(type(self))
        made.__dict__.update(self.__dict__, **members)
        return made


if TYPE_CHECKING:

    class _Answered(Generic[R_co]):
        """What has a result of some class."""
else:

    class _Answered:
        # Only written down, for result_type; typing's own way costs every import a millisecond.
        __class_getitem__ = classmethod(types.GenericAlias)


class Operation(Shape, _Answered[R_co]):
    """One S3 operation as a value: ``await client.call(operation)``.

    Attributes:
        method: HTTP method.
        subresource: The query parameter that names the operation, such as ``tagging``; or "".
        query: Further constant query parameters.
        path: The path of an operation that has neither bucket nor key.
        root: The XML element around the members that have no marker; or "".
        checksum_required: S3 takes it only with a digest of its body.
        checksummed: A checksum is stored: of its ``body``, or of the ``parts`` that it begins.
        host_prefix: The member whose value stands before the host, with a dot; or "".
        facts: What of it decides where it goes, beside its bucket.
    """

    method: ClassVar[str] = "GET"
    subresource: ClassVar[str] = ""
    query: ClassVar[tuple[tuple[str, str], ...]] = ()
    path: ClassVar[str] = ""
    root: ClassVar[str] = ""
    checksum_required: ClassVar[bool] = False
    checksummed: ClassVar[Literal["", "body", "parts"]] = ""
    host_prefix: ClassVar[str] = ""
    facts: ClassVar[Facts] = ANY

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

    def after(self, **markers: str | int | None) -> Self:
        """Return this operation for the page that begins after *markers*.

        Raises:
            InvalidResponse: there are none, or they are those of this page: the listing would never end.
        """
        names = " and ".join(name.replace("_", " ") for name in markers)
        if not any(markers.values()):
            raise InvalidResponse(
                f"{type(self).__name__} on {self.resource}: the page is truncated, but has no {names}"
            )
        if all(getattr(self, name) == value for name, value in markers.items()):
            shown = ", ".join(repr(value)[:60] for value in markers.values())
            raise InvalidResponse(f"{type(self).__name__} on {self.resource}: the page repeats the {names} {shown}")
        return self.replace(**markers)


def class_of(operation: object) -> type[Operation[Any]]:
    """Return the class of what is an operation.

    Raises:
        InvalidInput: it is none; its class is none, either.
    """
    if isinstance(operation, Operation):
        return type(operation)
    what = f"the class {operation.__name__}" if isinstance(operation, type) else type(operation).__name__
    raise InvalidInput(f"an operation is wanted, such as HeadBucket(bucket='name'), not {what}")


class Event(Shape):
    """A message in a stream of events.

    Attributes:
        event_type: What names it on the wire.
        is_last: The stream is whole only when this one has come.
    """

    event_type: ClassVar[str] = ""
    is_last: ClassVar[bool] = False


# ------------------------------------------------------------------ plans
def once(function: F) -> F:
    """Compile for each class once: functools.cache with the signature kept, so that classes pass for arguments."""
    return cast(F, cache(function))


class Member(NamedTuple):
    """One member of a shape: its Python name, wire marker, and type with ``None`` taken off."""

    name: str
    marker: Marker | None
    type: Any


@once
def members(cls: type[Shape]) -> tuple[Member, ...]:
    """Read the declaration of *cls*, in order."""
    found: dict[str, Member] = {}
    for base in reversed(cls.__mro__):
        found |= _own_members(base)
    return tuple(found[name] for name in declared(cls))


@once
def _own_members(base: type) -> dict[str, Member]:
    """Read what one class declares: groups of members are in many, and typing.get_type_hints reads them for each."""
    if not issubclass(base, Shape):
        return {}
    return {name: _member(name, hint) for name, hint in get_annotations(base, eval_str=True).items()}


def _member(name: str, hint: Any) -> Member:
    marker: Marker | None = None
    if get_origin(hint) is Annotated:
        hint, *markers = get_args(hint)
        marker = next((m for m in markers if isinstance(m, Marker)), None)
    if get_origin(hint) in (Union, types.UnionType):
        choices = [choice for choice in get_args(hint) if choice is not type(None)]
        hint = choices[0] if len(choices) == 1 else hint
    return Member(name, marker, hint)


def item_type(hint: Any) -> Any | None:
    """Return X for ``tuple[X, ...]``, else None."""
    return get_args(hint)[0] if get_origin(hint) is tuple else None


def scalar_type(hint: Any) -> Any:
    """Return the Python type whose text goes on the wire: ``str`` for a Literal."""
    return str if get_origin(hint) is Literal else hint


def structure_type(hint: Any) -> type[Shape] | None:
    """Return *hint* if it is a structure, else None."""
    return hint if isinstance(hint, type) and issubclass(hint, Shape) else None


@once
def result_type(cls: type[Operation[R_co]]) -> type[R_co]:
    """Return the result class that an operation declares: X in ``class Op(BucketOperation[X])``."""
    for base in getattr(cls, "__orig_bases__", ()):
        for argument in get_args(base):
            if isinstance(argument, type) and issubclass(argument, Result):
                return argument  # type: ignore[return-value]  # it is the R_co of this class
    raise InvalidInput(f"{cls.__name__} declares no result: write class {cls.__name__}(BucketOperation[SomeResult])")


# Words that S3 spells otherwise than str.capitalize does.
_SPELLED = {"etag": "ETag", "uri": "URI"} | {
    word: word.upper()
    for word in [
        "cors",
        "csv",
        "json",
        "kms",
        "md5",
        "sse",
        "crc32",
        "crc32c",
        "crc64nvme",
        "sha1",
        "sha256",
        "sha512",
        "xxhash64",
        "xxhash3",
        "xxhash128",
    ]
}


def wire_name(name: str) -> str:
    """Return the XML element for a member: ``next_continuation_token`` -> ``NextContinuationToken``."""
    return "".join([_SPELLED.get(word) or word.capitalize() for word in name.split("_")])
