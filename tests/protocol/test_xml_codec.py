"""S3's XML, read strictly and written as declared: hostile documents, odd characters, lists of every kind."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3 import operations as ops
from aios3.errors import InvalidInput, InvalidResponse, S3Error
from aios3.protocol.shapes import Element, Structure
from aios3.protocol.xml_codec import encode, parse, read_root, read_texts
from tests.properties import many_examples

XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Leaf(Structure):
    """A structure of the tests."""

    kind: Annotated[str, Element("type", attribute=True)]
    text: str | None = None


class Tree(Structure):
    """One of everything that XML can carry."""

    name: str
    count: int | None = None
    ready: bool | None = None
    when: datetime | None = None
    expires: Annotated[datetime | None, Element(http_date=True)] = None
    leaf: Leaf | None = None
    flat: Annotated[tuple[str, ...], Element("Flat", flat=True)] = ()
    wrapped: Annotated[tuple[int, ...], Element(item="Item")] = ()
    leaves: Annotated[tuple[Leaf, ...], Element("Leaf2", flat=True)] = ()
    kept: tuple[Leaf, ...]
    other_name: Annotated[str | None, Element("Name2")] = None


TREE = Tree(
    name="<&>\"'é😀",
    count=-5,
    ready=False,
    when=datetime(2024, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=1))),
    expires=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    leaf=Leaf(kind="K", text=" a\tb "),
    flat=("a", ""),
    wrapped=(1, 2),
    leaves=(Leaf(kind="1"), Leaf(kind="2")),
    kept=(Leaf(kind="3", text="x"),),
    other_name="n",
)
WRITTEN = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    f"<Tree {XMLNS}><Name>&lt;&amp;&gt;\"'é😀</Name><Count>-5</Count><Ready>false</Ready><When>2024-01-02T02:04:05Z</When>"
    "<Expires>Tue, 02 Jan 2024 03:04:05 GMT</Expires>"
    '<Leaf xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="K"><Text> a\tb </Text></Leaf>'
    "<Flat>a</Flat><Flat></Flat><Wrapped><Item>1</Item><Item>2</Item></Wrapped>"
    '<Leaf2 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="1"/>'
    '<Leaf2 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="2"/>'
    '<Kept><member xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="3"><Text>x</Text></member></Kept>'
    "<Name2>n</Name2></Tree>"
)


def read(body: bytes | str, cls: type[Any] = Tree, root: str = "Tree") -> Any:
    return read_root(cls, parse(body.encode() if isinstance(body, str) else body), root)


# --- writing


def test_structure_is_written_as_declared() -> None:
    assert encode(TREE, "Tree").decode() == WRITTEN


def test_what_is_written_reads_back() -> None:
    assert read(encode(TREE, "Tree")) == TREE


def test_absent_is_absent_and_empty_is_empty() -> None:
    body = encode(Tree(name="", count=None, flat=(), wrapped=(), kept=()), "Tree").decode()

    assert body.endswith(f"<Tree {XMLNS}><Name></Name><Wrapped/><Kept/></Tree>")


def test_list_may_be_given_for_a_tuple() -> None:
    tags: Any = [ops.Tag(key="a", value="b")]

    assert b"<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>" in encode(ops.Tagging(tag_set=tags), "Tagging")


WRONG: list[tuple[str, Any, str]] = [
    ("name", 5, "name must be a str, not int"),
    ("count", "5", "count must be an int, not str"),
    ("count", True, "count must be an int, not bool"),
    ("ready", 1, "ready must be a bool, not int"),
    ("when", "2024", "when must be a datetime, not str"),
    ("when", datetime(2024, 1, 1), "is naive: give it a time zone"),  # that is what is tested
    ("leaf", {"text": "x"}, "leaf must be a Leaf, not dict"),
    ("flat", "abc", "flat must be a tuple, not str"),
    ("flat", (1,), "flat must be a str, not int"),
    ("kept", (None,), "kept must be a Leaf, not NoneType"),
    ("name", "\x01", "cannot be written as XML"),
    ("name", "\ud800", "cannot be written as XML"),
    ("name", "\ufffe", "cannot be written as XML"),
]


@pytest.mark.parametrize(("member", "value", "message"), WRONG)
def test_value_that_cannot_be_written_is_named(member: str, value: Any, message: str) -> None:
    tree: Any = TREE.replace(**{member: value})

    with pytest.raises(InvalidInput, match=message):
        encode(tree, "Tree")


def test_rules_are_held_deep_inside() -> None:
    both = ops.LifecycleExpiration(days=1, expired_object_delete_marker=True)
    rules = (ops.LifecycleRule(status="Enabled", expiration=both),)

    with pytest.raises(InvalidInput, match="LifecycleExpiration takes only one of"):
        encode(ops.BucketLifecycleConfiguration(rules=rules), "LifecycleConfiguration")


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 1, 2, 3, 4, 5, 678900, tzinfo=UTC), "2024-01-02T03:04:05.678900Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
        (datetime(2024, 1, 2, 23, 0, tzinfo=timezone(timedelta(hours=-2))), "2024-01-03T01:00:00Z"),
    ],
)
def test_times_are_written_in_utc(moment: datetime, text: str) -> None:
    body = encode(Tree(name="n", when=moment, kept=()), "Tree").decode()

    assert f"<When>{text}</When>" in body


# --- reading


def test_foreign_namespaces_unknown_elements_comments_and_instructions_are_passed_over() -> None:
    body = """<?xml version="1.0"?><?target x?><x:Tree xmlns:x="urn:other"><!-- c --><x:Name>n<!-- c -->m</x:Name>
      <New><Deep/></New> <x:Kept/></x:Tree>"""

    assert read(body) == Tree(name="nm", kept=())


def test_what_a_store_left_out_is_empty_even_where_s3_always_sends_it() -> None:
    found = read("<Tree><Leaf/></Tree>")

    assert (found.name, found.kept, found.leaf.kind) == ("", (), "")


@pytest.mark.parametrize("padding", [b" ", b"\n\n", b" \r\n\t" * 1000])
def test_white_space_before_the_declaration_keeps_alive_and_says_nothing(padding: bytes) -> None:
    assert read(padding + WRITTEN.encode()) == TREE


def test_byte_order_mark_of_utf_8_is_no_content() -> None:
    assert read(b"\xef\xbb\xbf" + WRITTEN.encode()) == TREE


TIMES = [
    ("2024-01-02T03:04:05.000Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("2024-01-02T03:04:05Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("2024-01-02T03:04:05.123456789Z", datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=UTC)),
    ("2024-01-02T05:04:05+02:00", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("2024-01-02T03:04:05", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("20240102T030405Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("Tue, 02 Jan 2024 03:04:05 GMT", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize(("text", "moment"), TIMES)
def test_times_are_read_aware(text: str, moment: datetime) -> None:
    found = read(f"<Tree><When>{text}</When></Tree>").when

    assert found == moment
    assert found.tzinfo is not None


@pytest.mark.parametrize(("text", "value"), [("true", True), ("True", True), ("TRUE", True), ("false", False)])
def test_booleans_are_read_as_stores_write_them(text: str, value: bool) -> None:
    assert read(f"<Tree><Ready>{text}</Ready></Tree>").ready is value


@pytest.mark.parametrize(
    "inside",
    [
        "<Count>five</Count>",
        "<Count/>",
        "<Ready>yes</Ready>",
        "<Ready/>",
        "<When>yesterday</When>",
        "<When/>",
        "<When>2024-13-01T00:00:00Z</When>",
        "<Wrapped><Item>x</Item></Wrapped>",
    ],
)
def test_value_that_cannot_be_read_is_an_invalid_response(inside: str) -> None:
    with pytest.raises(InvalidResponse, match="<Tree> has a value that cannot be read"):
        read(f"<Tree>{inside}</Tree>")


# --- what no server should send

LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><Tree><Name>&b;</Name></Tree>'
FILE = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Tree><Name>&x;</Name></Tree>'
REFUSED = {
    "empty": b"",
    "white space": b" \n",
    "text": b"no xml",
    "html": b"<html><body>Bad gateway<br></body></html>",
    "truncated": WRITTEN.encode()[:-5],
    "two roots": b"<Tree/><Tree/>",
    "foreign root": b"<Bush/>",
    "dtd": b"<!DOCTYPE Tree><Tree/>",
    "dtd after a comment": b"<!-- c --><!DOCTYPE Tree><Tree/>",
    "billion laughs": LAUGHS.encode(),
    "external entity": FILE.encode(),
    "undeclared entity": b"<Tree><Name>&x;</Name></Tree>",
    "utf-16": f'<?xml version="1.0" encoding="UTF-16"?>{LAUGHS}'.encode("utf-16"),
    "utf-16 without mark": "<Tree/>".encode("utf-16-le"),
    "utf-16 with a dtd, without mark": LAUGHS.encode("utf-16-be"),
    "utf-32": "<Tree/>".encode("utf-32"),
    "latin-1": '<?xml version="1.0" encoding="ISO-8859-1"?><Tree><Name>é</Name></Tree>'.encode("latin-1"),
    "utf-7": b'<?xml version="1.0" encoding="UTF-7"?>+ADw-Tree+AD4APA-/Tree+AD4-',
    "unknown encoding": b'<?xml version="1.0" encoding="klingon"?><Tree/>',
    "prefix without namespace": b"<a:Tree><a:Name>n</a:Tree>",
    "too deep": b"<Tree>" + b"<a>" * 300 + b"</a>" * 300 + b"</Tree>",
    "nul bytes": b"\0\0\0",
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_document_that_s3_would_not_send_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        read(body)


def test_message_shows_only_the_start_of_a_long_document() -> None:
    with pytest.raises(InvalidResponse) as caught:
        parse(b"<Tree>" + b"x" * 10_000)

    assert len(str(caught.value)) < 400


@many_examples
@given(body=st.binary(max_size=60) | st.text("<>&;#x!-[]ATre/ 0'\"=", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        read(body)
    except S3Error as error:
        assert isinstance(error, InvalidResponse)  # noqa: PT017  # either is fine, anything else is not


# --- characters that XML cannot carry

ILLEGAL = [
    (b"a\x01b", "a\ufffdb"),
    (b"a\x00b", "a\ufffdb"),
    (b"\xef\xbf\xbe", "\ufffd"),
    (b"&#1;&#x1F;&#x0b;", "\ufffd\ufffd\ufffd"),
    (b"&#0;&#xFFFE;&#65535;", "\ufffd\ufffd\ufffd"),
    (b"&#xD800;&#57343;", "\ufffd\ufffd"),
    (b"&#x110000;", "\ufffd"),
    (b"\x01&#x41;&#9;&#10;&amp;&#128512;", "\ufffdA\t\n&😀"),
    (b"\xff\x01", "\ufffd\ufffd"),
    (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
]


@pytest.mark.parametrize(("text", "expected"), ILLEGAL)
def test_illegal_characters_are_replaced_once(text: bytes, expected: str) -> None:
    assert read(b"<Tree><Name>" + text + b"</Name></Tree>").name == expected


@pytest.mark.parametrize("body", [b"<Tree><Name>\x01</Tree>", b"<Tree>\x01&nbsp;</Tree>", b"\x01<!DOCTYPE a><Tree/>"])
def test_what_is_wrong_otherwise_stays_wrong(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        read(body)


# --- listings

LISTING = """<ListBucketResult><EncodingType>{0}</EncodingType><Prefix>a%2F+b</Prefix><Delimiter>%2F</Delimiter>
<Contents><Key>a%2F+b%25%C3%A9%01</Key><ETag>&quot;%41&quot;</ETag><Size>1</Size></Contents>
<CommonPrefixes><Prefix>a%2F+c%2F</Prefix></CommonPrefixes><Name>%41</Name></ListBucketResult>"""


def test_keys_are_decoded_if_the_encoding_is_echoed() -> None:
    page = read(LISTING.format("url"), ops.ListObjectsV2Result, "ListBucketResult")

    assert (page.keys[0].key, page.prefix, page.delimiter) == ("a/ b%é\x01", "a/ b", "/")
    assert page.prefixes == ("a/ c/",)
    assert (page.keys[0].etag, page.name) == ('"%41"', "%41")


@pytest.mark.parametrize("echo", ["", "none", "URL"])
def test_keys_stay_as_they_are_if_not(echo: str) -> None:
    page = read(LISTING.format(echo), ops.ListObjectsV2Result, "ListBucketResult")

    assert (page.keys[0].key, page.prefix) == ("a%2F+b%25%C3%A9%01", "a%2F+b")


def test_small_documents_are_read_as_texts() -> None:
    assert read_texts(parse(b"<a><b>1</b><c/><d><e>2</e></d></a>")) == {"b": "1", "c": "", "d": ""}


_XML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"))
_LEAVES = st.builds(Leaf, kind=_XML_TEXT, text=_XML_TEXT)


@many_examples
@given(
    tree=st.builds(
        Tree,
        name=_XML_TEXT,
        count=st.none() | st.integers(),
        ready=st.none() | st.booleans(),
        when=st.none()
        | st.datetimes(
            min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)
        ),  # hypothesis wants naive bounds
        leaf=st.none() | _LEAVES,
        flat=st.lists(_XML_TEXT).map(tuple),
        wrapped=st.lists(st.integers()).map(tuple),
        leaves=st.lists(_LEAVES, max_size=3).map(tuple),
        kept=st.lists(_LEAVES, max_size=3).map(tuple),
    )
)
def test_any_value_reads_back(tree: Tree) -> None:
    assert read(encode(tree, "Tree")) == tree
