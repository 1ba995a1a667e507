"""The two ways to read a head say the same of any head that both can read."""

import pickle

import pytest
from hypothesis import given
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
    plain = plain_head(head.encode())
    patient = any_head(head.encode().removesuffix(b"\r\n"))

    assert plain is not None
    assert plain[:2] == patient[:2]
    assert plain.headers == patient.headers
    for name in ("content-length", "connection", "transfer-encoding"):
        found, true = plain.framing.get(name), patient.headers.get(name)
        # In lower case, which is how they are compared; what is not ASCII says nothing there, in whatever encoding.
        assert (found or "").lower() == (true or "").lower() or not (found or true or "").isascii()


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
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 200OK\r\n",
        b"HTTP/2.0 200 OK\r\n",
    ],
)
def test_odd_head_is_left_to_the_patient_reading(head: bytes) -> None:
    assert plain_head(head) is None


def test_fields_are_a_mapping_that_survives_pickle() -> None:
    fields = Fields(b'HTTP/1.1 200 OK\r\nETag: "a"\r\nX-Many: 1\r\nx-many: 2\r\n')

    assert fields["etag"] == '"a"'
    assert fields.get("x-many") == "1, 2"
    assert fields.get("x-none") is None
    assert "ETag" not in fields
    assert dict(fields) == {"etag": '"a"', "x-many": "1, 2"}
    assert repr(fields) == "{'etag': '\"a\"', 'x-many': '1, 2'}"
    assert pickle.loads(pickle.dumps(fields)) == fields
