"""Percent-encoding by hand-written answers, and endpoints as users write them."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol.uri import MAX_KEY_BYTES, Endpoint, authority, encode_key, encode_query, parse_endpoint
from tests.properties import many_examples
from tests.servers import ODD_KEYS

# ------------------------------------------------------------------ keys
KEYS = {
    ".": ".",
    "..": "..",
    "a//b": "a//b",
    "/a": "/a",
    "a/./b": "a/./b",
    "a/../b": "a/../b",
    "a+b": "a%2Bb",
    "a b": "a%20b",
    "a%2Fb": "a%252Fb",
    "%2e%2e": "%252e%252e",
    "é": "%C3%A9",
    "e\u0301": "e%CC%81",  # the same letter in two code points is another key
    "😀": "%F0%9F%98%80",
    "a=b&c": "a%3Db%26c",
    "#?": "%23%3F",
    "~": "~",
    "\x01": "%01",
    "\n": "%0A",
    "\r": "%0D",
    "\0": "%00",
    "\x7f": "%7F",
    "a ": "a%20",
    " a": "%20a",
    " ": "%20",
    "\ufffe": "%EF%BF%BE",
    "\U0010ffff": "%F4%8F%BF%BF",
    "soap": "soap",
    "/": "/",
    "//": "//",
    "a/": "a/",
    "\\": "%5C",
    "'": "%27",
    '!"$()*,:;<>@[]^`{|}': "%21%22%24%28%29%2A%2C%3A%3B%3C%3E%40%5B%5D%5E%60%7B%7C%7D",
    "AZaz09-._~": "AZaz09-._~",
    "k" * 1024: "k" * 1024,
}
TEXT = st.text(min_size=1, max_size=MAX_KEY_BYTES // 4)


@pytest.mark.parametrize(("key", "encoded"), KEYS.items(), ids=map(ascii, KEYS.values()))
def test_key_is_encoded_once_and_left_as_it_is(key: str, encoded: str) -> None:
    assert encode_key(key) == encoded


def test_every_odd_key_that_servers_are_asked_for_is_here() -> None:
    assert set(ODD_KEYS.values()) <= set(KEYS)


@many_examples
@given(key=TEXT)
def test_an_encoded_key_decodes_to_the_key(key: str) -> None:
    encoded = encode_key(key)

    assert unquote(encoded, errors="strict") == key
    assert re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", encoded)


@pytest.mark.parametrize(("character", "size"), [("k", 1), ("é", 2), ("€", 3), ("😀", 4), ("/", 1)])
def test_key_may_have_1024_bytes_and_no_byte_more(character: str, size: int) -> None:
    longest = character * (1024 // size) + "k" * (1024 % size)

    assert unquote(encode_key(longest)) == longest
    for key in (longest + "k", character + longest, longest * 1000):
        with pytest.raises(
            InvalidInput, match=rf"is {len(key.encode())} bytes of UTF-8, S3 takes at most 1024"
        ) as raised:
            encode_key(key)
        assert len(str(raised.value)) < 500


def test_empty_key_is_refused() -> None:
    with pytest.raises(InvalidInput, match="key is empty"):
        encode_key("")


@pytest.mark.parametrize("key", ["\ud800", "a\udfff", "k" * 300 + "\ud83d", "k" * 2000 + "\udcff", "\ud83d\ude00"])
def test_key_with_a_lone_surrogate_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="lone surrogate at index"):
        encode_key(key)


# ------------------------------------------------------------------ queries
@pytest.mark.parametrize(
    ("pairs", "encoded"),
    [
        ([], ""),
        ([("acl", "")], "acl="),
        ([("prefix", "J"), ("max-keys", "2")], "max-keys=2&prefix=J"),
        ([("prefix", "a/b c+d%")], "prefix=a%2Fb%20c%2Bd%25"),
        ([("b", "2"), ("a", "2"), ("b", "1"), ("a", "1")], "a=1&a=2&b=1&b=2"),
        ([("x", "é😀"), ("é", "x")], "%C3%A9=x&x=%C3%A9%F0%9F%98%80"),
        ([("a", "1"), ("A", "1"), ("_", "1"), ("-", "1"), ("~", "1")], "-=1&A=1&_=1&a=1&~=1"),
        # Sorted after encoding: "(" is below "A", "%28" too, but "[" is above "A" and "%5B" below.
        ([("A", ""), ("[", ""), ("(", "")], "%28=&%5B=&A="),
        # Sorted by name before value: "a-b" sorts below "a=".
        ([("a-b", "1"), ("a", "2")], "a=2&a-b=1"),
        ([("a", "b=c&d")], "a=b%3Dc%26d"),
        ([("versionId", "3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY")], "versionId=3%2FL4kqtJlcpXroDTDmJ%2BrmSpXd3dIbrHY"),
        ([("", "")], "="),
    ],
)
def test_query_comes_in_canonical_order(pairs: list[tuple[str, str]], encoded: str) -> None:
    assert encode_query(pairs) == encoded
    assert encode_query(reversed(pairs)) == encoded


@many_examples
@given(pairs=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=9)), max_size=6))
def test_an_encoded_query_decodes_to_its_pairs(pairs: list[tuple[str, str]]) -> None:
    encoded = encode_query(pairs)
    halves = [pair.split("=") for pair in encoded.split("&")] if pairs else []

    assert sorted((unquote(name), unquote(value)) for name, value in halves) == sorted(pairs)
    assert halves == sorted(halves)
    assert re.fullmatch(r"(?:[A-Za-z0-9._~=&-]|%[0-9A-F]{2})*", encoded)


@pytest.mark.parametrize("pair", [("\ud800", "x"), ("x", "\udfff")])
def test_query_with_a_lone_surrogate_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidInput, match="lone surrogate"):
        encode_query([pair])


# ------------------------------------------------------------------ endpoints
@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("localhost", Endpoint("https", "localhost", 443, "")),
        ("localhost:9000", Endpoint("https", "localhost", 9000, "")),
        ("s3.example.com:80", Endpoint("https", "s3.example.com", 80, "")),
        ("http://localhost", Endpoint("http", "localhost", 80, "")),
        ("http://localhost:9000", Endpoint("http", "localhost", 9000, "")),
        ("https://s3.example.com", Endpoint("https", "s3.example.com", 443, "")),
        ("https://s3.example.com:8443/", Endpoint("https", "s3.example.com", 8443, "")),
        ("HTTPS://S3.Example.COM", Endpoint("https", "s3.example.com", 443, "")),
        ("http://127.0.0.1:9000", Endpoint("http", "127.0.0.1", 9000, "")),
        ("127.0.0.1", Endpoint("https", "127.0.0.1", 443, "")),
        ("http://[::1]:9000", Endpoint("http", "[::1]", 9000, "")),
        ("[2001:DB8::1]", Endpoint("https", "[2001:db8::1]", 443, "")),
        ("http://[::ffff:127.0.0.1]/", Endpoint("http", "[::ffff:127.0.0.1]", 80, "")),
        ("http://gateway_1:9000", Endpoint("http", "gateway_1", 9000, "")),
        ("https://s3.example.com.", Endpoint("https", "s3.example.com.", 443, "")),
        (f"https://{'x' * 63}.example", Endpoint("https", f"{'x' * 63}.example", 443, "")),
        ("https://bücher.example", Endpoint("https", "xn--bcher-kva.example", 443, "")),
        ("BÜCHER.example:1", Endpoint("https", "xn--bcher-kva.example", 1, "")),
        ("https://xn--bcher-kva.example", Endpoint("https", "xn--bcher-kva.example", 443, "")),
        ("https://example.com/storage/v1/s3", Endpoint("https", "example.com", 443, "/storage/v1/s3")),
        ("https://example.com/storage/", Endpoint("https", "example.com", 443, "/storage")),
        ("https://example.com//", Endpoint("https", "example.com", 443, "")),
        ("example.com:1/s3", Endpoint("https", "example.com", 1, "/s3")),
        ("https://example.com/a%2Fb/é+~", Endpoint("https", "example.com", 443, "/a%2Fb/%C3%A9%2B~")),
        ("https://example.com/a/../b", Endpoint("https", "example.com", 443, "/a/../b")),
    ],
)
def test_endpoint_is_read(text: str, endpoint: Endpoint) -> None:
    assert parse_endpoint(text) == endpoint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no usable host"),
        ("https://", "no usable host"),
        ("https:///bucket", "no usable host"),
        (":9000", "no usable host"),
        ("https://:9000", "no usable host"),
        ("https://-a", "no usable host"),
        ("https://a-", "no usable host"),
        ("https://a..b", "no usable host"),
        ("https://.a", "no usable host"),
        (f"https://{'x' * 64}.example", "no usable host"),
        ("https://a%20b", "no usable host"),
        ("https://a\\b", "no usable host"),
        ("https://a,b", "no usable host"),
        ("https://[::1]x:80", "no usable host|not a URL"),
        ("https://x[::1]:80", "no usable host|is not a URL"),
        ("https://a:80:90", "no usable host"),
        ("::1", "no usable host"),
        # Its zone would have to go from the Host header, and be written otherwise for the resolver.
        ("https://[fe80::1%25eth0]", "no usable host"),
        ("https://[::1", "is not a URL"),
        ("https://[x]", "is not a URL|no usable host"),
        ("https://ho\u2100st", "is not a URL"),
        (f"https://{'é' * 64}.example", "IDNA cannot encode"),
        ("https://é..example", "IDNA cannot encode"),
        ("https://a:0", "port 0"),
        ("https://a:65536", "bad port"),
        ("https://a:x", "bad port"),
        ("https://a:-1", "bad port"),
        ("https://a:８０", "bad port"),
        ("https://a:", "a colon without a port"),
        ("http:/localhost:9000", "a colon without a port"),
        ("https://https://a", "a colon without a port"),
        ("ftp://a", "the scheme 'ftp'"),
        ("s3://bucket", "the scheme 's3'"),
        ("file:///tmp", "the scheme 'file'"),
        ("http+unix://a", r"the scheme 'http\+unix'"),
        ("://a", "the scheme ''"),
        (" https://a", "white space or control characters"),
        ("https://a ", "white space or control characters"),
        ("https://a/b c", "white space or control characters"),
        ("https://a\n", "white space or control characters"),
        ("https://a\t.b", "white space or control characters"),
        ("https://a/\0", "white space or control characters"),
        ("https://a/\ud800", "white space or control characters"),
        ("https://a\u3000", "white space or control characters"),
    ],
)
def test_endpoint_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as raised:
        parse_endpoint(text)

    assert repr(text) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("https://user:hunter2@example.com", "user or password"),
        ("https://:hunter2@example.com", "user or password"),
        ("https://hunter2@example.com", "user or password"),
        ("user:hunter2@example.com", "user or password"),
        ("ftp://user:hunter2@example.com", "user or password"),
        ("https://user:hunter2@", "user or password"),
        ("https://user:hunter2@[::1", "user or password"),
        ("https://user:hunter2@example.com:x", "user or password"),
        ("https://user:hunter2 @example.com", "user or password"),
        ("https://user:hunter2\n@example.com", "user or password"),
        ("https://user:hunter2@ho\u2100st", "user or password"),
        ("https://user:hunter2/2@example.com", "user or password"),
        ("https://user:hunter2?2@example.com", "user or password"),
        ("https://user:hunter2#2@example.com", "user or password"),
        ("user:://hunter2@example.com", "user or password"),
        ("https://user:hunter2@example.com/?a#b", "user or password"),
        ("https://example.com/?X-Amz-Signature=hunter2", "query"),
        ("https://example.com?hunter2#x", "query"),
        ("https://example.com/?", "query"),
        ("ftp://example.com/?hunter2", "query"),
        ("https://example.com/#hunter2", "fragment"),
        ("example.com#", "fragment"),
    ],
)
def test_endpoint_with_what_may_be_secret_is_refused_and_not_shown(text: str, name: str) -> None:
    with pytest.raises(InvalidInput, match=rf"^the given endpoint has a {name} ") as raised:
        parse_endpoint(text)

    assert "hunter2" not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("scheme", "host", "port", "value"),
    [
        ("http", "h", 80, "h"),
        ("https", "h", 443, "h"),
        ("http", "h", 443, "h:443"),
        ("https", "h", 80, "h:80"),
        ("http", "[::1]", 80, "[::1]"),
        ("http", "[::1]", 9000, "[::1]:9000"),
    ],
)
def test_the_default_port_is_left_out_of_host(scheme: str, host: str, port: int, value: str) -> None:
    assert authority(scheme, host, port) == value
