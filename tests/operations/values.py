"""Random values of AWS's shapes for hypothesis, as botocore takes them, and the same as ours takes them.

What S3 refuses (`at_most_one`, `needs`, `union` of our classes) is not made: botocore would send it, we would not.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from aios3.protocol.shapes import Group, Shape, item_type, members
from tests.operations.model import SHAPES, Pair, pairs, structure

# What XML 1.0 can carry, without the return that it turns into a line feed; half the time of a few odd characters.
_XML_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12
) | st.text("a<>&'\"]\t\n é😀", max_size=8)
_TOKENS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=8)
# What a header carries unchanged: printable ASCII without white space around it.
_HEADER_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-8))])
_SECONDS = st.builds(lambda seconds, zone: datetime.fromtimestamp(seconds, zone), st.integers(0, 4_000_000_000), _ZONES)
_MOMENTS = st.builds(lambda moment, micros: moment.replace(microsecond=micros), _SECONDS, st.integers(0, 999_999))
_KEYS = st.binary(min_size=32, max_size=32)
_ALGORITHM = "AES256"


def parameters(shape: Mapping[str, Any], cls: type[Shape]) -> st.SearchStrategy[dict[str, Any]]:
    """Make values for a structure, by AWS's names: all that is required, some of the rest, in our order."""
    required = set(shape.get("required", ()))
    ordered = sorted(pairs(shape, cls), key=lambda pair: _order(cls).index(pair.path[0]))

    @st.composite
    def build(draw: st.DrawFn) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for pair in _chosen(draw, ordered, required, cls):
            given[pair.aws] = draw(value(pair))
        _complete(draw, given, ordered)
        return given

    return build()


def _order(cls: type[Shape]) -> tuple[str, ...]:
    """Return the members of our class, in the order in which they are written."""
    return tuple(member.name for member in members(cls))


def _chosen(draw: st.DrawFn, ordered: list[Pair], required: set[str], cls: type[Shape]) -> list[Pair]:
    optional = [pair.path for pair in ordered if pair.aws not in required]
    wanted = set(draw(st.lists(st.sampled_from(optional), unique=True, max_size=8))) if optional else set()
    chosen = [pair for pair in ordered if pair.aws in required or pair.path in wanted]
    if cls.union:
        return ordered[:1]
    for names in cls.at_most_one:
        chosen = _one_of(chosen, 0, names, required)
    for group in {pair.path[0] for pair in ordered if len(pair.path) == 2}:
        chosen = _ruled(chosen, group, _group_class(cls, group))
    return chosen


def _one_of(chosen: list[Pair], level: int, names: tuple[str, ...], required: set[str]) -> list[Pair]:
    """Keep the first of *names* that is there."""
    kept = next((pair.path[level] for pair in chosen if len(pair.path) > level and pair.path[level] in names), None)
    return [p for p in chosen if len(p.path) <= level or p.path[level] not in names or p.path[level] == kept]


def _ruled(chosen: list[Pair], group: str, cls: type[Shape]) -> list[Pair]:
    inside = [pair for pair in chosen if pair.path[0] == group]
    for names in cls.at_most_one:
        inside = _one_of(inside, 1, names, set())
    for name, needed in cls.needs:
        if needed not in {pair.path[1] for pair in inside}:
            inside = [pair for pair in inside if pair.path[1] != name]
    return [pair for pair in chosen if pair.path[0] != group or pair in inside]


def _group_class(cls: type[Shape], group: str) -> type[Shape]:
    return structure(next(member.type for member in members(cls) if member.name == group))


def _complete(draw: st.DrawFn, given: dict[str, Any], ordered: list[Pair]) -> None:
    """Make a customer's key whole: its algorithm, the key in base64 as the wire has it, its digest."""
    for group in ("customer_key", "copy_source_customer_key"):
        names = {pair.path[1]: pair.aws for pair in ordered if pair.path[0] == group and len(pair.path) == 2}
        if given.keys() & names.values():
            key = draw(_KEYS)
            digest = hashlib.md5(key, usedforsecurity=False).digest()
            given[names["algorithm"]] = _ALGORITHM
            given[names["key"]] = base64.b64encode(key).decode()
            given[names["key_md5"]] = base64.b64encode(digest).decode()


def value(pair: Pair) -> st.SearchStrategy[Any]:
    """Make a value for one member."""
    shape, hint = pair.shape, pair.ours.type
    if shape["type"] == "list":
        item = SHAPES[shape["member"]["shape"]]
        least = 1 if pair.wire.place == "header" else 0
        return st.lists(_one(pair, item, item_type(hint)), min_size=least, max_size=3)
    return _one(pair, shape, hint)


def _one(pair: Pair, shape: Mapping[str, Any], hint: Any) -> st.SearchStrategy[Any]:
    place = pair.wire.place
    match shape["type"]:
        case "structure":
            return parameters(shape, structure(hint))
        case "string" if "enum" in shape:
            return st.sampled_from(list(shape["enum"]))
        case "string":
            return _text(pair)
        case "integer" | "long":
            return st.integers(0, 2**31 - 1)
        case "boolean":
            return st.booleans()
        case "timestamp":
            whole = place in ("header", "querystring") or shape.get("timestampFormat") == "rfc822"
            return _SECONDS if whole else _MOMENTS
        case "map":
            return st.dictionaries(_TOKENS, _HEADER_TEXT, max_size=3)
        case _:
            return st.binary(max_size=40)


def _text(pair: Pair) -> st.SearchStrategy[str]:
    if pair.about.get("hostLabel"):
        return st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=8)
    if pair.wire.place == "header":
        return _HEADER_TEXT
    if pair.wire == ("uri", "bucket"):
        return st.just("bucket")
    if pair.wire == ("uri", "key"):
        return st.text(st.characters(codec="utf-8"), min_size=1, max_size=20) | st.text("/.~%+ ", min_size=1)
    return _XML_TEXT


def ours(shape: Mapping[str, Any], cls: type[Shape], given: Mapping[str, Any]) -> Shape:
    """Return the same values as an instance of our class."""
    arguments: dict[str, Any] = {}
    for pair in pairs(shape, cls):
        if pair.aws not in given:
            continue
        made = _ours(pair, given[pair.aws])
        if len(pair.path) == 1:
            arguments[pair.path[0]] = made
        else:
            arguments.setdefault(pair.path[0], {})[pair.path[1]] = made
    return cls(**{name: _group(cls, name, value) for name, value in arguments.items()})


def _ours(pair: Pair, value: Any) -> Any:
    shape = pair.shape
    if shape["type"] == "structure":
        return ours(shape, structure(pair.ours.type), value)
    if shape["type"] == "list":
        item = SHAPES[shape["member"]["shape"]]
        cls = item_type(pair.ours.type)
        return tuple(ours(item, structure(cls), v) if item["type"] == "structure" else v for v in value)
    return base64.b64decode(value) if pair.ours.type is bytes and isinstance(value, str) else value


def _group(cls: type[Shape], name: str, value: Any) -> Any:
    member = next(member for member in members(cls) if member.name == name)
    return member.type(**value) if isinstance(member.marker, Group) else value
