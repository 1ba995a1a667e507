"""The two ways to read a head say the same of any head that both can read."""

import pickle

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from aios3.protocol.fields import Fields, any_head, plain_head

NAMES = st.one_of(
    st.sampled_from(["Content-Length", "content-length", "CONNECTION", "Transfer-Encoding", "ETag"]),
    st.from_regex(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]{1,12}", fullmatch=True),
)
VALUES = st.one_of(
    st.sampled_from(
        ["5", " 5 ", "keep-alive", "\tClose", "chunked", "", ": a:b", "\x1c", "\u0085", "\u212aeep-alive", "\xe9"]
    ),
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\v\f"), max_size=20),
)
HEADS = st.builds(
    lambda status, fields: f"HTTP/1.1 {status:03} Fine\r\n" + "".join(f"{n}:{v}\r\n" for n, v in fields),
    st.integers(0, 999),
    st.lists(st.tuples(NAMES, VALUES), max_size=8),
)


@given(HEADS)
def test_plain_reading_agrees_with_the_patient_one(head: str) -> None:
    data = head.encode()
    plain = plain_head(data + b"\r\nrest")
    if plain is None:
        event("left to the patient reading")
        return

    (found, length, chunked), end = plain
    patient, true_length, true_chunked = any_head(data.removesuffix(b"\r\n"))
    assert end == len(data) + 2
    assert (found.status, dict(found.headers), found.keep_alive) == (
        patient.status,
        dict(patient.headers),
        patient.keep_alive,
    )
    assert (length, chunked) == (true_length, true_chunked)


@pytest.mark.parametrize(
    "fields",
    [
        "",
        "Content-Length: 5\r\n",
        "content-length:0\r\nCONTENT: 1\r\nContent-Type: text/xml\r\n",
        "Transfer-Encoding: chunked\r\nConnection: close\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nconnection: Keep-Alive\r\n",
        "Date: Sat, 21 Nov 2026 15:35:57 GMT\r\nx-amz-meta-a: b\r\n",
    ],
)
def test_usual_head_is_read_plainly_and_rightly(fields: str) -> None:
    head = f"HTTP/1.1 200 OK\r\n{fields}".encode()
    plain = plain_head(head + b"\r\nbody")

    assert plain is not None
    (found, *framing), end = plain
    true, *true_framing = any_head(head.removesuffix(b"\r\n"))
    assert head[end - 2 :] == b""
    assert framing == true_framing
    assert (found.status, dict(found.headers), found.keep_alive) == (true.status, dict(true.headers), true.keep_alive)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\nA: b\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\rc\r\n",
        b"HTTP/1.1 200 OK\r\nA: \0\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
        b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 5\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: upgrade\r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 200OK\r\n",
        b"HTTP/2.0 200 OK\r\n",
    ],
)
def test_odd_head_is_left_to_the_patient_reading(head: bytes) -> None:
    assert plain_head(head + b"\r\n") is None


def test_fields_are_a_mapping_that_survives_pickle() -> None:
    fields = Fields(b'HTTP/1.1 200 OK\r\nETag: "a"\r\nX-Many: 1\r\nx-many: 2\r\n')

    assert fields["etag"] == '"a"'
    assert fields.get("x-many") == "1, 2"
    assert fields.get("x-none") is None
    assert "ETag" not in fields
    assert dict(fields) == {"etag": '"a"', "x-many": "1, 2"}
    assert repr(fields) == "{'etag': '\"a\"', 'x-many': '1, 2'}"
    assert pickle.loads(pickle.dumps(fields)) == fields
