"""Responses, good and bad, as tables: what a ResponseReader must make of them stands beside each.

FRAMING: method, message, body, keep_alive. HEADS: head, headers. CHUNKS: coded, body. TRAILERS: section, trailers.
``*_REFUSED``: InvalidResponse. MESSAGES: all of them, as method and message.
"""


def lines(*parts: str, body: bytes = b"") -> bytes:
    """Return a head of these lines, and *body*."""
    return "".join(f"{part}\r\n" for part in (*parts, "")).encode("latin-1") + body


def ok(*fields: str, body: bytes = b"") -> bytes:
    """Return a 200 with these fields, and *body*."""
    return lines("HTTP/1.1 200 OK", *fields, body=body)


def chunked(body: bytes) -> bytes:
    return ok("Transfer-Encoding: chunked", body=body)


# ------------------------------------------------------------------ how bodies end
FRAMING = {
    "length": ("GET", ok("Content-Length: 5", body=b"12345"), b"12345", True),
    "length of nothing": ("GET", ok("Content-Length: 0"), b"", True),
    "the same length twice in a list": ("GET", ok("Content-Length: 5, 5", body=b"12345"), b"12345", True),
    "the same length on two lines": (
        "GET",
        ok("Content-Length: 5", "content-length: 5", body=b"12345"),
        b"12345",
        True,
    ),
    "length with leading zeros": ("GET", ok("Content-Length: 0005", body=b"12345"), b"12345", True),
    "length of 20 digits": ("GET", ok("Content-Length: 00000000000000000005", body=b"12345"), b"12345", True),
    "length in white space": ("GET", ok("Content-Length: \t 5 \t", body=b"12345"), b"12345", True),
    "chunked": ("GET", chunked(b"5\r\n12345\r\n0\r\n\r\n"), b"12345", True),
    "chunked in capitals": ("GET", ok("TRANSFER-ENCODING: Chunked", body=b"1\r\nx\r\n0\r\n\r\n"), b"x", True),
    "chunked wins over length, not kept": (
        "GET",
        ok("Content-Length: 3", "Transfer-Encoding: chunked", body=b"5\r\n12345\r\n0\r\n\r\n"),
        b"12345",
        False,
    ),
    "chunked by HTTP/1.0, not kept": (
        "GET",
        lines("HTTP/1.0 200 OK", "Connection: keep-alive", "Transfer-Encoding: chunked", body=b"1\r\nx\r\n0\r\n\r\n"),
        b"x",
        False,
    ),
    "until close": ("GET", ok(body=b"12345"), b"12345", False),
    "until close, whatever Connection says": ("GET", ok("Connection: keep-alive", body=b"1"), b"1", False),
    "until close, empty": ("GET", ok(), b"", False),
    "until close, POST": ("POST", ok(body=b"<a/>"), b"<a/>", False),
    "HEAD with a length": ("HEAD", ok("Content-Length: 5"), b"", True),
    "HEAD with a huge length": ("HEAD", ok(f"Content-Length: {2**63 - 1}"), b"", True),
    "HEAD chunked": ("HEAD", ok("Transfer-Encoding: chunked"), b"", True),
    "HEAD without either": ("HEAD", ok(), b"", True),
    "204": ("DELETE", lines("HTTP/1.1 204 No Content"), b"", True),
    "204 with a length": ("DELETE", lines("HTTP/1.1 204 No Content", "Content-Length: 5"), b"", True),
    "204 chunked": ("PUT", lines("HTTP/1.1 204 No Content", "Transfer-Encoding: chunked"), b"", True),
    "304 with the object's length": ("GET", lines("HTTP/1.1 304 Not Modified", "Content-Length: 5"), b"", True),
    "404 with a body": ("GET", lines("HTTP/1.1 404 Not Found", "Content-Length: 1", body=b"x"), b"x", True),
    "999": ("GET", lines("HTTP/1.1 999 What", "Content-Length: 1", body=b"x"), b"x", True),
}

LENGTHS_REFUSED = ["5, 6", "5 6", "5,", ",5", "5,,5", "", "+5", "-5", "-0", "0x5", "5.0", "5e0", "1_000", "five", "5;"]
LENGTHS_REFUSED += ['"5"', "\xb2", "05, 5", str(2**63), str(10**20), "0" * 20 + "5"]
LENGTHS_REFUSED += ["1" * 5000]  # int() of it would raise ValueError
CODINGS_REFUSED = [
    "gzip",
    "gzip, chunked",
    "chunked, gzip",
    "chunked, chunked",
    "chunked;x",
    "identity",
    "",
    "xchunked",
]
FRAMING_REFUSED = {
    **{f"Content-Length: {value[:30]}": ok(f"Content-Length: {value}", body=b"12345") for value in LENGTHS_REFUSED},
    "Content-Length of two lines": ok("Content-Length: 5", "Content-Length: 6", body=b"123456"),
    "Content-Length in other digits": ok().replace(b"\r\n\r\n", "\r\nContent-Length: ５\r\n\r\n".encode()) + b"12345",
    **{
        f"Transfer-Encoding: {value}": ok(f"Transfer-Encoding: {value}", body=b"0\r\n\r\n") for value in CODINGS_REFUSED
    },
    "Transfer-Encoding of two lines": ok(*["Transfer-Encoding: chunked"] * 2, body=b"0\r\n\r\n"),
    "Transfer-Encoding with a Kelvin sign": ok("Transfer-Encoding: chun?ed").replace(b"?", "\u212a".encode())
    + b"0\r\n\r\n",  # its lower case is "k"
}

# ------------------------------------------------------------------ heads
INTERIM = {
    "100": lines("HTTP/1.1 100 Continue"),
    "102, 103 with fields": lines("HTTP/1.1 102 Processing") + lines("HTTP/1.1 103 Early Hints", "Link: </x>", "X: 1"),
    "100 without a reason": lines("HTTP/1.1 100"),
    "100 from HTTP/1.0": lines("HTTP/1.0 100 Continue"),
    "100 with bare LF": b"HTTP/1.1 100 Continue\n\n",
    "fifty": lines("HTTP/1.1 100 Continue") * 50,
}

HEADS = {
    "no fields": (b"HTTP/1.1 200 OK\r\n\r\n", {}),
    "no reason": (b"HTTP/1.1 200\r\nA: b\r\n\r\n", {"a": "b"}),
    "empty reason": (b"HTTP/1.1 200 \r\nA: b\r\n\r\n", {"a": "b"}),
    "reason with spaces, tabs and bytes": (b"HTTP/1.1 200 a\t b: \xff\r\nA: b\r\n\r\n", {"a": "b"}),
    "white space around values": (
        b"HTTP/1.1 200 OK\r\nA: \t b c\t \r\nB:d\r\nC:\r\nD: \t\r\n\r\n",
        {"a": "b c", "b": "d", "c": "", "d": ""},
    ),
    "colons in values": (b"HTTP/1.1 200 OK\r\nA: b:c: d\r\nB::\r\n\r\n", {"a": "b:c: d", "b": ":"}),
    "repeated fields are joined": (b"HTTP/1.1 200 OK\r\nA: b\r\na:c\r\nA: \r\n\r\n", {"a": "b, c, "}),
    "every character of a name": (b"HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09aZ: x\r\n\r\n", {"!#$%&'*+-.^_`|~09az": "x"}),
    "control characters that are no line breaks": (
        b"HTTP/1.1 200 OK\r\nA: \x01\x08\x1b\x7f\r\n\r\n",
        {"a": "\x01\x08\x1b\x7f"},
    ),
    "what str.splitlines takes for line breaks": (
        "HTTP/1.1 200 OK\r\nA: x\x1cy\x1dz\x1e\x85\u2028\u2029\r\nB: c\r\n\r\n".encode(),
        {"a": "x\x1cy\x1dz\x1e\x85\u2028\u2029", "b": "c"},
    ),
    "such a one at the end": ("HTTP/1.1 200 OK\r\nA: b\u2028\r\n\r\n".encode(), {"a": "b\u2028"}),
    "UTF-8": ("HTTP/1.1 200 OK\r\nA: é😀\r\n\r\n".encode(), {"a": "é😀"}),
    "Latin-1": ("HTTP/1.1 200 OK\r\nA: é\r\n\r\n".encode("latin-1"), {"a": "é"}),
    "bare LF": (b"HTTP/1.1 200 OK\nA: b\nB: c\n\n", {"a": "b", "b": "c"}),
    "LF and CRLF mixed": (b"HTTP/1.1 200 OK\r\nA: b\nB: c\r\nC: d\n\r\n", {"a": "b", "b": "c", "c": "d"}),
    "CRLF, then a bare LF": (b"HTTP/1.1 200 OK\r\nA: b\r\n\n", {"a": "b"}),
    "folded by spaces": (b"HTTP/1.1 200 OK\r\nA: b\r\n   c\r\nB: d\r\n\r\n", {"a": "b c", "b": "d"}),
    "folded by tabs": (b"HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\t\td\r\n\r\n", {"a": "b c d"}),
    "folded at the colon": (b"HTTP/1.1 200 OK\r\nA:\r\n b\r\n\r\n", {"a": "b"}),
    "folded with bare LF": (b"HTTP/1.1 200 OK\nA: b\n c\n\n", {"a": "b c"}),
    "folded around nothing": (b"HTTP/1.1 200 OK\r\nA: b\r\n \r\n\t\r\nB: c\r\n\r\n", {"a": "b", "b": "c"}),
    "folded text that looks like a field": (b"HTTP/1.1 200 OK\r\nA: b\r\n C: d\r\n\r\n", {"a": "b C: d"}),
}

HEADS_REFUSED = {
    "NUL in a value": b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n",
    "NUL in a name": b"HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n",
    "NUL in the reason": b"HTTP/1.1 200 \0\r\n\r\n",
    "CR in a value": b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
    "CR at a value's end": b"HTTP/1.1 200 OK\r\nA: b\r\r\nB: c\r\n\r\n",
    "CR at the end": b"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n",
    "CR in the reason": b"HTTP/1.1 200 O\rK\r\n\r\n",
    "vertical tab": b"HTTP/1.1 200 OK\r\nA: b\vc\r\n\r\n",
    "vertical tab at the end": b"HTTP/1.1 200 OK\r\nA: b\v\r\n\r\n",
    "form feed at the end": b"HTTP/1.1 200 OK\r\nA: b\f\r\n\r\n",
    "no colon": b"HTTP/1.1 200 OK\r\nA b\r\n\r\n",
    "no colon after a known name": b"HTTP/1.1 200 OK\r\nServer: x\r\nETag\r\nServer\r\n\r\n",
    "empty name": b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\n12345",
    "space in a name": b"HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
    "name that is not ASCII": "HTTP/1.1 200 OK\r\né: c\r\n\r\n".encode(),
    "name with a separator": b"HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n",
    "folded status line": b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
    "folded first line, bare LF": b"HTTP/1.1 200 OK\n\tA: b\n\n",
    "a request": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "HTTP/2.0": b"HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\n\r\n",
    "HTTP/1.10": b"HTTP/1.10 200 OK\r\n\r\n",
    "HTTP/1.x": b"HTTP/1.x 200 OK\r\n\r\n",
    "lower case": b"http/1.1 200 OK\r\n\r\n",
    "two spaces": b"HTTP/1.1  200 OK\r\n\r\n",
    "a tab": b"HTTP/1.1\t200 OK\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status in letters": b"HTTP/1.1 abc OK\r\n\r\n",
    "status in other digits": "HTTP/1.1 ２００ OK\r\n\r\n".encode(),
    "no space before the reason": b"HTTP/1.1 200OK\r\n\r\n",
    "no status": b"HTTP/1.1\r\n\r\n",
    "space before": b" HTTP/1.1 200 OK\r\n\r\n",
    "empty line before": b"\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTML": b"<html>\r\n\r\n",
    "a TLS alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "ICY": b"ICY 200 OK\r\n\r\n",
}

# ------------------------------------------------------------------ chunks and trailers
CHUNKS = {
    "one": (b"5\r\n12345\r\n0\r\n\r\n", b"12345"),
    "none": (b"0\r\n\r\n", b""),
    "many zeros": (b"000\r\n\r\n", b""),
    "upper and lower case": (b"A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", b"01234567890123456789a"),
    "leading zeros": (b"00000000000000000001\r\nx\r\n0\r\n\r\n", b"x"),
    "extensions": (b'1;a=b;c="d e"\r\nx\r\n0;last\r\n\r\n', b"x"),
    "spaces before the line's end": (b"1 \t\r\nx\r\n0 \r\n\r\n", b"x"),
    "data that looks like chunks": (b"7\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n\r\n"),
}
CHUNKS_REFUSED = {
    "no size": b"\r\n12345\r\n0\r\n\r\n",
    "no hex": b"g\r\n",
    "negative": b"-1\r\n",
    "signed": b"+1\r\nx\r\n",
    "0x": b"0x1\r\nx\r\n",
    "underscore": b"1_0\r\n",
    "space before": b" 1\r\nx\r\n",
    "space inside": b"1 0\r\n",
    "other digits": "５\r\n12345\r\n".encode(),
    "bare LF": b"1\nx\r\n",
    "bare LF after an extension": b"1;a\nx\r\n",
    "CR CR LF": b"1\r\r\nx\r\n",
    "2**63": b"8000000000000000\r\n",
    "20 digits": b"f" * 20 + b"\r\n",
    "21 digits": b"0" * 20 + b"1\r\nx\r\n",
    "a megabyte of digits": b"1" * 2**20,
    "data longer than its size": b"1\r\nxy\r\n0\r\n\r\n",
    "data shorter than its size": b"3\r\nx\r\n0\r\n\r\n",
    "no CRLF after data": b"1\r\nx0\r\n\r\n",
    "bare LF after data": b"1\r\nx\n0\r\n\r\n",
    "CR without LF after data": b"1\r\nx\rx",
}

TRAILERS = {
    "none": (b"\r\n", {}),
    "none, bare LF": (b"\n", {}),
    "one": (b"x-amz-checksum-crc32: AAAAAA==\r\n\r\n", {"x-amz-checksum-crc32": "AAAAAA=="}),
    "two of a name": (b"A: b\r\na: c\r\n\r\n", {"a": "b, c"}),
    "bare LF": (b"A: b\nB: c\n\n", {"a": "b", "b": "c"}),
    "folded": (b"A: b\r\n c\r\n\r\n", {"a": "b c"}),
    "framing fields, which mean nothing here": (b"Content-Length: 9\r\n\r\n", {"content-length": "9"}),
}
TRAILERS_REFUSED = {
    "no colon": b"A\r\n\r\n",
    "folded before any": b" A: b\r\n\r\n",
    "NUL": b"A: \0\r\n\r\n",
    "lone CR": b"A: b\rc\r\n\r\n",
}

# ------------------------------------------------------------------ all of them
MESSAGES: dict[str, tuple[str, bytes]] = {
    **{name: (method, message) for name, (method, message, _, _) in FRAMING.items()},
    **{name: ("GET", message) for name, message in FRAMING_REFUSED.items()},
    **{f"interim {name}": ("GET", head + ok(body=b"x")) for name, head in INTERIM.items()},
    **{f"head {name}": ("GET", head + b"\r\nbody") for name, (head, _) in HEADS.items()},
    **{f"bad head {name}": ("GET", head + b"body") for name, head in HEADS_REFUSED.items()},
    **{f"chunks {name}": ("GET", chunked(coded)) for name, (coded, _) in CHUNKS.items()},
    **{f"bad chunks {name}": ("GET", chunked(coded[:9999])) for name, coded in CHUNKS_REFUSED.items()},
    **{f"trailers {name}": ("GET", chunked(b"0\r\n" + section)) for name, (section, _) in TRAILERS.items()},
    **{f"bad trailers {name}": ("GET", chunked(b"0\r\n" + section)) for name, section in TRAILERS_REFUSED.items()},
    "two empty lines, the first bare": ("GET", b"HTTP/1.1 200 OK\r\nA: b\n\r\n\r\nx"),
    "two empty lines, both bare": ("GET", b"HTTP/1.1 200 OK\r\nA: b\n\n\r\n\r\nx"),
    "an empty line, then a bare one": ("GET", b"HTTP/1.1 200 OK\r\nA: b\r\n\n\r\n\r\nx"),
}
