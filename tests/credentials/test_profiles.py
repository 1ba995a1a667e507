"""The shared files as text: what stands in them, and where they make no sense."""

import configparser
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3 import CredentialsError
from aios3.credentials.base import folder_of
from aios3.credentials.profiles import Files, parse
from tests.properties import many_examples

CONFIG = """\
# a comment
[default]
region = eu-west-1
; another
aws_access_key_id=AKID
  aws_secret_access_key  =  a=b#c ;d

[profile dev]
Region = eu-north-1
s3 =
  addressing_style = path
    max_concurrent_requests=10

output = json
[profile "with space"]
role_arn = arn:aws:iam::1:role/a:b
[sso-session corp]
sso_region = us-east-2
[services local]
s3 =
  endpoint_url = http://127.0.0.1:9000
[profile dev]
region = eu-south-1
[preview]
cloudfront = true
[profile a b c]
[profile 'unended]
"""


def test_file_is_read_as_the_cli_reads_it() -> None:
    files = Files(config_path="config", credentials_path="credentials", config=parse(CONFIG, "config"))
    default, dev, spaced = (files.profile(name) for name in ("default", "dev", "with space"))

    assert default is not None
    assert dev is not None
    assert spaced is not None
    assert default.get("region") == "eu-west-1"
    assert dev.get("region") == "eu-south-1"
    assert dev.inner("s3") == {"addressing_style": "path", "max_concurrent_requests": "10"}
    assert dev.get("s3") is None
    assert dev.get("output") == "json"
    assert spaced.get("role_arn") == "arn:aws:iam::1:role/a:b"
    assert files.sso_session("corp") == {"sso_region": "us-east-2"}
    assert files.services("local") == {"s3": {"endpoint_url": "http://127.0.0.1:9000"}}
    assert files.profile("preview") is None
    assert files.names() == ["default", "dev", "with space"]


def test_indented_line_below_a_value_goes_on_with_it() -> None:
    assert parse("[a]\nx = one\n  two = 2\ny = 3\n", "f") == {"a": {"x": "one\ntwo = 2", "y": "3"}}


def test_credentials_file_wins_and_profile_default_over_default() -> None:
    files = Files(
        config_path="config",
        credentials_path="credentials",
        config=parse("[profile default]\nregion = a\noutput = text\n[default]\nregion = b\n", "config"),
        credentials=parse("\ufeff[default]\r\nregion = c\r\n[profile x]\n", "credentials"),
    )
    profile = files.profile("default")

    assert profile is not None
    assert profile.get("region") == "c"
    assert profile.get("output") == "text"
    assert profile.config["region"] == "a"
    assert files.names() == ["default", "profile x"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("region = x\n", 1),
        ("\n\n[default]\n\nthe secret without a name\n", 5),
        ("[default]\n= the secret\n", 2),
        ("[default\nregion = x\n", 1),
        ("[]\n", 1),
        ("[default] the secret\n", 1),
        ("[default]\ns3 =\n  the secret\n", 3),
        ("[default]\n  the secret\n", 2),
    ],
)
def test_malformed_line_is_named_by_its_number_and_not_shown(text: str, line: int) -> None:
    with pytest.raises(CredentialsError, match=f"^the/path, line {line}: it ") as caught:
        parse(text, "the/path")

    assert "secret" not in str(caught.value)


def test_colon_is_read_as_the_cli_reads_it() -> None:
    assert parse("[a]\nx: b=c\ny = d:e\n", "f") == {"a": {"x": "b=c", "y": "d:e"}}


NAMES = st.text("abcdefghij_0123456789", min_size=1, max_size=12)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20).map(str.strip)


@many_examples
@given(sections=st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_what_the_standard_library_writes_is_read_as_it_was_meant(sections: dict[str, dict[str, str]]) -> None:
    lines = [
        f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
        for name, pairs in sections.items()
    ]
    text = "\n".join(lines)
    oracle = configparser.RawConfigParser(default_section="\0")
    oracle.read_string(text)
    judged = {name: dict(oracle.items(name)) for name in oracle.sections()}

    assert parse(text, "f") == judged


@many_examples
@given(text=st.text(st.sampled_from("[]= \n\t#;ab\"'\\\r\x0b"), max_size=60))
def test_whatever_stands_there_is_read_or_refused(text: str) -> None:
    try:
        sections = parse(text, "f")
    except CredentialsError as error:
        assert "line" in str(error)  # noqa: PT017
    else:
        Files(config_path="f", credentials_path="f", config=sections, credentials=sections).names()


def test_home_is_found_without_a_variable() -> None:
    assert folder_of({}, "config") == os.path.join(os.path.expanduser("~"), ".aws", "config")  # noqa: PTH111, PTH118
