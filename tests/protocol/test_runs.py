"""Long listings read by columns: as xml_codec reads them, or not at all."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3 import operations as ops
from aios3.errors import InvalidResponse
from aios3.protocol import runs, xml_codec
from aios3.protocol.texts import read_url_text, read_url_texts
from tests.properties import many_examples

ROOT = "ListBucketResult"
XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
HEAD = f"{DECLARATION}<{ROOT} {XMLNS}><Name>bucket</Name><Prefix></Prefix><IsTruncated>true</IsTruncated>"
TAIL = f"<NextContinuationToken>a&amp;b</NextContinuationToken></{ROOT}>"
URL = "<EncodingType>url</EncodingType>"
OWNER = "<Owner><ID>75aa57f09aa0c8caeab4f8c24e99d10f</ID><DisplayName>a &amp; b</DisplayName></Owner>"
CHECKSUM = "<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>"
RESTORED = "<RestoreStatus><IsRestoreInProgress>true</IsRestoreInProgress></RestoreStatus>"


def record(
    key: str = "a/b",
    time: str = "2024-01-02T03:04:05.000Z",
    etag: str = "&quot;d41d8cd98f00b204e9800998ecf8427e&quot;",
    size: object = 1,
    *,
    middle: str = "",
    end: str = "<StorageClass>STANDARD</StorageClass>",
) -> str:
    """Return a record as AWS writes it; *middle* stands before its size."""
    return (
        f"<Contents><Key>{key}</Key><LastModified>{time}</LastModified><ETag>{etag}</ETag>{middle}<Size>{size}</Size>"
        f"{end}</Contents>"
    )


INDENTED = record().replace("<Contents>", "\n  <Contents>").replace("><", ">\n    <").replace("    </C", "  </C")
# One record of each kind that a page mixes.
FORMS: Mapping[str, list[str]] = {
    "AWS": [record(), record(middle=CHECKSUM)],
    "AWS with owners": [record(end=f"{OWNER}<StorageClass>GLACIER</StorageClass>{RESTORED}"), record(end=OWNER)],
    "AWS, two checksums": [record(middle="<ChecksumAlgorithm>SHA1</ChecksumAlgorithm>" + CHECKSUM)],
    "Ceph": [record(end=f"<StorageClass>STANDARD</StorageClass>{OWNER}<Type>Normal</Type>")],
    "MinIO": [record(etag="&#34;0&#34;", end=f"{OWNER}<StorageClass>STANDARD</StorageClass><UserMetadata/>")],
    "Moto": [record(etag='"0"', end=f"<StorageClass>STANDARD</StorageClass>{OWNER}")],
    "rclone": [INDENTED.replace("&quot;", "")],
    "Wasabi, folders": [record(key="a/", size=0), record()],
    "unknown elements first": [record().replace("<Key>", "<New a='1'><Deep>x</Deep></New> <Key>")],
}


def page(records: list[str], head: str = HEAD, tail: str = TAIL) -> bytes:
    """Return a page that is long enough: the records again and again."""
    whole = "".join(records)
    return f"{head}{whole * (9000 // len(whole) + 1)}{tail}".encode("utf-8", "surrogatepass")


def slowly(body: bytes, cls: type[Any] = ops.ListObjectsV2Result) -> Any:
    return xml_codec.read_root(cls, xml_codec.parse(body), ROOT)


def fast(body: bytes, cls: type[Any] = ops.ListObjectsV2Result) -> Any:
    return runs.read(cls, body, ROOT)


def assert_alike(body: bytes, cls: type[Any] = ops.ListObjectsV2Result) -> None:
    """Assert that the body is read as xml_codec reads it, if at all."""
    found = fast(body, cls)
    try:
        expected = slowly(body, cls)
    except InvalidResponse:
        assert found is None
        return
    if found is not None:
        assert {**vars(found), "contents": [vars(key) for key in found.contents]} == {
            **vars(expected),
            "contents": [vars(key) for key in expected.contents],
        }
        assert type(found.contents) is tuple
        assert all(type(key) is ops.Key for key in found.contents)


@pytest.mark.parametrize("cls", [ops.ListObjectsV2Result, ops.ListObjectsResult])
@pytest.mark.parametrize("echo", ["", URL], ids=["plain", "url"])
@pytest.mark.parametrize("records", FORMS.values(), ids=FORMS.keys())
def test_page_of_each_server_is_read_fast_and_as_ever(records: list[str], echo: str, cls: type[Any]) -> None:
    body = page([*records, record(key="a%2F+b%25%C3%A9%00 &lt;é😀&gt; &amp;amp;", size=5_000_000_000_000)], HEAD + echo)

    assert fast(body, cls) is not None
    assert_alike(body, cls)


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        (f"<{ROOT}>", f"</{ROOT}>"),
        (f"\n\n <{ROOT} {XMLNS}>", f"</{ROOT}>\n"),
        (f"<?xml version='1.0'?><{ROOT} {XMLNS}>", f"</{ROOT}>"),
        (HEAD, f"<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>{URL}</{ROOT}>"),
        (HEAD, f"<!-- the end --></{ROOT}><!-- indeed -->"),
        (f"<x:{ROOT} xmlns:x='urn:x' {XMLNS}>", f"</x:{ROOT}>"),
    ],
)
def test_rest_of_a_page_may_be_anything(head: str, tail: str) -> None:
    body = page([record()], head, tail)

    assert fast(body) is not None
    assert_alike(body)


VERSION = (
    record().replace("Contents>", "Version>").replace("<Last", "<VersionId>1</VersionId><IsLatest>true</IsLatest><Last")
)
MARKER = "<DeleteMarker><Key>a</Key><VersionId>1</VersionId><IsLatest>false</IsLatest></DeleteMarker>"


@pytest.mark.parametrize(("tail", "columns"), [("", True), (MARKER, True), (MARKER + VERSION, False)])
def test_versions_are_read_so_too_unless_delete_markers_are_among_them(tail: str, columns: bool) -> None:
    cls = ops.ListObjectVersionsResult
    body = page([VERSION, VERSION.replace("true", "false")], "<ListVersionsResult>", f"{tail}</ListVersionsResult>")

    found = runs.read(cls, body, "ListVersionsResult")

    expected = xml_codec.read_root(cls, xml_codec.parse(body), "ListVersionsResult")
    assert found == (expected if columns else None)


def test_records_are_apart_from_each_other() -> None:
    first, second, *_ = fast(page([record()])).contents

    assert vars(first) == vars(second)
    assert vars(first) is not vars(second)


LATIN = '<?xml version="1.0" encoding="ISO-8859-1"?>'
ASCII = '<?xml version="1.0" encoding="US-ASCII"?>'
# A record that the pattern passes over.
SPACED = record().replace("<Contents>", "<Contents >")
NESTED = "<Other><Key>x</Key></Other>"
# Not all of it is wrong, but all of it is such that only xml_codec can tell.
ODD: Mapping[str, bytes] = {
    "short": f"{HEAD}{record()}{TAIL}".encode(),
    "empty": b"",
    "no list": b"<ListBucketResult>" + b" " * 9000 + b"</ListBucketResult>",
    "another document": page([record()], "<Error>", "</Error>"),
    "cut": page([record()])[:-1],
    "cut in the list": page([record()], tail=record()[:-20]),
    "byte order mark": page([record()], "\ufeff" + HEAD),
    "unfinished instruction first": page([record()], "<?xml-a ", f"?><{ROOT}>{SPACED}{TAIL}"),
    "unfinished declaration": page([record()], "<?xml ", f"?><{ROOT}>{SPACED}{TAIL}"),
    "two roots": page([record()]) + b"<a/>",
    "DTD": page([record()], f"<!DOCTYPE a><{ROOT}>"),
    "latin": page([record()], LATIN + HEAD[len(DECLARATION) :]),
    "ASCII": page([record("é"), record("a")], ASCII + HEAD[len(DECLARATION) :]),
    "list within a comment": page([record()], HEAD + "<!-- ", "-->" + SPACED + TAIL),
    "list within CDATA": page([record()], HEAD + "<Prefix><![CDATA[", "]]></Prefix>" + SPACED + TAIL),
    "list within an instruction": page([record()], HEAD + "<?a ", "?>" + SPACED + TAIL),
    "list within another element": page([record()], HEAD + "<Other>", "</Other>" + SPACED + TAIL),
    "list within an attribute": page([record()], HEAD + '<Other a="', '"/>' + TAIL),
    "record before": page([record()], HEAD + SPACED),
    "record with a prefix before": page([record()], HEAD + f"<x:Contents {XMLNS.replace('=', ':x=')}/>"),
    "record after": page([record()], tail=SPACED + TAIL),
    "text between": page([record(), "x"]),
    "comment between": page([record(), "<!-- x -->"]),
    "comment within": page([record(end="<!-- x -->")]),
    "comment over records": page([record(end="<!--"), record(middle="-->")]),
    "CDATA": page([record("<![CDATA[a]]>")]),
    "instruction": page([record(end="<?a b?>")]),
    "attribute": page([record().replace("<Key>", "<Key a='1'>")]),
    "prefix": page([record().replace("Key>", "x:Key>")], HEAD.replace("xmlns=", "xmlns:x='u' xmlns=")),
    "two keys": page([record(end="<Key>b</Key>")]),
    "two keys, one with a prefix": page([record(end="<x:Key xmlns:x='u'>b</x:Key>")]),
    "two keys, one nested": page([record(end=NESTED)]),
    "nested key": page([record().replace("<Key>a/b</Key>", NESTED)]),
    "record within a record": page([record(end="<Contents >" + record() + "</Contents >")]),
    "other order": page(["<Contents><Size>1</Size><Key>a</Key></Contents>"]),
    "elements missing": page(["<Contents><Key>a</Key></Contents>"]),
    "element within a key": page([record("a<b/>c")]),
    "unbalanced": page([record(end="<a>"), record(end="</a>")]),
    "undeclared prefix": page([record(end="<x:a/>")]),
    "undeclared entity": page([record("&nbsp;")]),
    "number of a character": page([record("a&#10;b")]),
    "ampersand": page([record("a & b")]),
    "forbidden character": page([record("a\x01b")]),
    "forbidden character in between": page([record(), "\x1c"]),
    "forbidden character before the size": page([record(size="\x1c1")]),
    "noncharacter": page([record("a\ufffeb"), record("a\uffffb")]),
    "surrogate": page([record("a\ud800b")]),
    "bad UTF-8": page([record("a")]).replace(b"<Key>a", b"<Key>\xff"),
    "half a character": page([record("a")]).replace(b"<Key>a", b"<Key>\xc3"),
    "carriage return": page([record("a\r\nb")]),
    "end of CDATA": page([record("a]]>b"), record()]),
    "time that is none": page([record(time="2024-13-02T03:04:05.000Z")]),
    "time without a zone": page([record(time="2024-01-02T03:04:05")]),
    "date of headers": page([record(time="Tue, 02 Jan 2024 03:04:05 GMT")]),
    "odd time": page([record(time="2024-01-02\x0103:04:05Z")]),
    "size that is none": page([record(size="many")]),
    "no size": page([record(size="")]),
    "negative size": page([record(size="-1")]),
    "size with an underscore": page([record(size="1_0")]),
    "size of other digits": page([record(size="١")]),
    "endless size": page([record(size="1" * 5000)]),
    "all different": page([record(end=f"<ID>{number}</ID>") for number in range(100)]),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD.keys())
def test_what_is_odd_is_left_to_xml_codec(body: bytes) -> None:
    assert fast(body) is None


def test_document_that_libxml2_may_find_too_long_is_left_to_it() -> None:
    assert fast(page([record("a" * 9_000_000)])) is None


@pytest.mark.parametrize(
    "piece", ["<Contents><Key>a</Key></Contents>", "<Contents>", "<Contents><Key>", "<a>", "<Key>a"]
)
def test_time_taken_is_that_of_the_length(piece: str) -> None:
    """A hundred thousand beginnings of a record, of which each could be sought for its end."""
    assert fast(f"{HEAD}{piece * (4_000_000 // len(piece))}{TAIL}".encode()) is None


def test_class_without_a_long_list_is_left_to_xml_codec() -> None:
    body = b"<DeleteResult>" + b"<Deleted><Key>a</Key></Deleted>" * 1000 + b"</DeleteResult>"

    assert runs.read(ops.DeleteObjectsResult, body, "DeleteResult") is None


_TEXT = st.text(
    st.sampled_from("aé😀%+2F/ \t]>\"'") | st.characters(codec="utf-8", exclude_characters="<&"), max_size=8
)
_WRITTEN = _TEXT | st.sampled_from(["&amp;", "&lt;", "&quot;", "&amp;lt;", "&#34;", "&#x22;", "&gt;", "]]>", "%F0%9F"])
_MORE = st.sampled_from(
    ["", " ", CHECKSUM, OWNER, "<StorageClass>GLACIER</StorageClass>", "<New/>", "<Key/>", RESTORED]
)
_RECORDS = st.builds(
    record,
    key=st.lists(_WRITTEN, max_size=4).map("".join),
    time=st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    etag=_WRITTEN,
    size=st.integers(-1, 2**70),
    middle=_MORE,
    end=_MORE,
)
_PAGES = st.builds(page, st.lists(_RECORDS, min_size=1, max_size=4), st.sampled_from([HEAD, HEAD + URL]))


@many_examples
@given(body=_PAGES)
def test_any_page_is_read_as_ever_or_not_at_all(body: bytes) -> None:
    assert_alike(body)


_PIECES = st.binary(max_size=2) | st.sampled_from(
    [
        *"<>&/?!-]\"'=:\0\r\n\t %+",
        *["]]>", "<!--", "-->", "<![CDATA[", "<?a ", "?>", "<!", "&amp;", "&#13;", "&#1;", "&a;", "\x1c", "\xff"],
        *["<Contents>", "</Contents>", "<Contents ", "<Contents/>", "<Key>", "</Key>", "<Key/>", "<Size>", "</Size>"],
        *["<a>", "</a>", "<a/>", "<x:Key>", "</ListBucketResult>", "<EncodingType>url</EncodingType>", record()],
    ]
).map(str.encode)


@many_examples
@given(
    body=st.sampled_from([page(records, HEAD + URL) for records in FORMS.values()]),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 9), _PIECES), min_size=1, max_size=4),
    everywhere=st.booleans(),
)
def test_page_that_went_wrong_is_read_as_ever_or_not_at_all(
    body: bytes, edits: list[tuple[int, int, bytes]], everywhere: bool
) -> None:
    """Replace some bytes: in one place, or in each record that has them."""
    for place, length, piece in edits:
        near = slice(max(0, place - 8), place + length + 8)
        old = body[near]
        new = body[near.start : place] + piece + body[place + length : near.stop]
        body = body.replace(old, new) if everywhere and old else body[:place] + piece + body[place + length :]

    assert_alike(body)


_ESCAPED = st.text("%+0235aAfFé/", max_size=9) | st.sampled_from(
    ["%25", "%2525", "%2B", "%2b+", "%41", "%00", "%C3%A9"]
)


@many_examples
@given(texts=st.lists(_ESCAPED, min_size=1, max_size=4))
def test_texts_decoded_at_once_are_as_each_decoded(texts: list[str]) -> None:
    assert read_url_texts(texts) == [read_url_text(text) for text in texts]
