"""The shape of the package, read from its source: floors, walls, faces, sizes."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import aios3

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "aios3"
MAX_LINES = 450

# What an extra brings, and who imports it.
EXTRAS = {"PIL": "aios3.async_storages.images", "sqlalchemy": "aios3.async_storages.sqlalchemy"}

# Below every floor: it imports nothing, everybody may import it.
CELLAR = "version"

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Import(NamedTuple):
    """One imported module or name, as an absolute dotted name."""

    module: str
    name: str
    line: int

    @property
    def dotted(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


class Source(NamedTuple):
    """One module of the package."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def floor(self) -> str:
        """The first part of its name below aios3; an empty string for the face."""
        return self.name.partition(".")[2].partition(".")[0]

    @property
    def package(self) -> str:
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def _sources() -> Iterator[Source]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield Source(name, path, ast.parse(path.read_text()))


SOURCES = list(_sources())
BY_NAME = {source.name: source for source in SOURCES}
EVERY_MODULE = pytest.mark.parametrize("source", SOURCES, ids=[source.name for source in SOURCES])


def imports(source: Source) -> Iterator[Import]:
    """Yield every import, wherever it stands: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, "", node.lineno)
        elif isinstance(node, ast.ImportFrom):
            above = source.package.rsplit(".", node.level - 1)[0] if node.level else ""
            module = ".".join(part for part in (above, node.module) if part)
            for alias in node.names:
                yield Import(module, alias.name, node.lineno)


def module_of(found: Import) -> str:
    """Return the module of ours that an import loads, or an empty string."""
    for name in (found.dotted, found.module):
        if name in BY_NAME:
            return name
    return ""


def modules_imported(source: Source) -> set[str]:
    return {module for found in imports(source) if (module := module_of(found))} - {source.name}


def floors() -> list[str]:
    """Return the floors that the package's own map names, from top to bottom."""
    return re.findall(r"^    (\w+)  +\S", aios3.__doc__ or "", re.MULTILINE)


# --- floors


def test_map_names_every_module_and_package() -> None:
    assert set(floors()) == {source.floor for source in SOURCES} - {"", CELLAR}
    assert floors()[-1] == "errors"
    assert floors().index("client") < floors().index("bucket") < floors().index("transport")


@EVERY_MODULE
def test_imports_point_down(source: Source) -> None:
    order = ["", *floors(), CELLAR]
    height = order.index(source.floor)

    up = [
        found for found in imports(source) if (name := module_of(found)) and order.index(BY_NAME[name].floor) < height
    ]

    assert not up


def test_imports_make_no_circle() -> None:
    """Each file is a node; a circle raises CycleError, which names it."""
    graph = {source.name: modules_imported(source) for source in SOURCES}

    assert set(TopologicalSorter(graph).static_order()) == set(graph)


def test_reader_of_imports_sees_what_it_must() -> None:
    """Under TYPE_CHECKING, inside functions, relative ones of every depth."""
    code = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..bucket import Bucket\n"
        "def f():\n    import aiohttp\n    from . import uri\n"
    )
    source = Source("aios3.protocol.made_up", PACKAGE / "protocol" / "made_up.py", ast.parse(code))

    assert [found.dotted for found in imports(source)] == [
        "typing.TYPE_CHECKING",
        "aios3.bucket.Bucket",
        "aiohttp",
        "aios3.protocol.uri",
    ]
    assert modules_imported(source) == {"aios3.bucket", "aios3.protocol.uri"}


# --- walls


def roots(source: Source) -> set[str]:
    """Return the top-level packages that a module imports."""
    return {found.module.partition(".")[0] for found in imports(source)}


@pytest.mark.parametrize(
    "source", [s for s in SOURCES if s.floor in ("protocol", "operations", "errors")], ids=lambda s: s.name
)
def test_pure_floors_import_nothing_that_waits_or_looks_around(source: Source) -> None:
    impure = {"asyncio", "aiohttp", "time", "os", "socket", "ssl", "random", "secrets", "threading", "pathlib", "io"}

    assert not roots(source) & impure


@EVERY_MODULE
def test_only_the_transport_touches_sockets(source: Source) -> None:
    if source.floor not in ("transport", "testing"):
        assert not roots(source) & {"socket", "socketserver", "http", "yarl"}


@EVERY_MODULE
def test_aiohttp_above_the_transport_is_the_connector_only(source: Source) -> None:
    """Bucket and caller name its type in their signatures, and settings makes the default one."""
    both = {"BaseConnector", "TCPConnector"}
    allowed = {"settings": both, "caller": {"BaseConnector"}, "bucket": {"BaseConnector"}}.get(source.floor, set())
    used = {
        node.attr
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "aiohttp"
    }

    if source.floor != "transport":
        assert used <= allowed
        assert "aiohttp" not in roots(source) or used
        assert not [found for found in imports(source) if found.module.startswith("aiohttp") and found.name]


def test_run_time_dependencies_are_three() -> None:
    foreign = set().union(*map(roots, SOURCES)) - {"aios3", "__future__"}

    assert foreign - sys.stdlib_module_names - set(EXTRAS) == {"aiohttp", "lxml", "yarl"}


def test_extras_are_imported_by_the_modules_that_need_them_only() -> None:
    users = {extra: {source.name for source in SOURCES if extra in roots(source)} for extra in EXTRAS}

    assert users == {extra: {module} for extra, module in EXTRAS.items()}


def test_face_loads_no_storage_and_storages_load_no_extra() -> None:
    code = (
        "import sys, aios3; assert not {'aios3.async_storages', 'aios3.object_storage'} & set(sys.modules);"
        "import aios3.async_storages; assert not {'PIL', 'sqlalchemy'} & set(sys.modules)"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_spine_knows_no_single_operation() -> None:
    found = modules_imported(BY_NAME["aios3.caller"])

    assert not {name for name in found if name.startswith("aios3.operations")}


@EVERY_MODULE
def test_no_module_imports_or_uses_another_ones_underscore_name(source: Source) -> None:
    borrowed = [found for found in imports(source) if module_of(found) and _is_private(found.name)]
    aliases = {found.name or found.module for found in imports(source) if found.dotted in BY_NAME}
    reached = [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in aliases
        and _is_private(node.attr)
    ]

    assert not borrowed
    assert not reached


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


# --- faces


def literal_all(source: Source) -> list[str] | None:
    """Return `__all__` as it is written; None where there is none."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]:
            value: list[str] = ast.literal_eval(node.value)
            return value
    return None


def defined(source: Source) -> set[str]:
    """Return the public classes and functions that a module defines."""
    return {node.name for node in source.tree.body if isinstance(node, Definition) and not node.name.startswith("_")}


def test_face_is_a_written_list_that_type_checkers_can_read() -> None:
    """A computed `__all__` exports nothing under mypy --strict."""
    assert literal_all(BY_NAME["aios3"]) == aios3.__all__


@EVERY_MODULE
def test_all_is_sorted_and_complete(source: Source) -> None:
    module = importlib.import_module(source.name)
    exported = getattr(module, "__all__", None)

    if exported is not None:
        assert list(exported) == sorted(set(exported))
        assert not [name for name in exported if not hasattr(module, name)]
        assert not defined(source) - set(exported)


def test_face_has_every_error() -> None:
    assert defined(BY_NAME["aios3.errors"]) - {"error_class"} <= set(aios3.__all__)


def test_operations_exports_every_declaration_and_loads_it_when_asked() -> None:
    families = [source for source in SOURCES if source.floor == "operations" and source.path.name != "__init__.py"]
    declared = {
        node.name
        for source in families
        for node in source.tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }

    assert declared <= set(aios3.operations.__all__)
    assert all(hasattr(aios3.operations, name) for name in aios3.operations.__all__)


@EVERY_MODULE
def test_every_public_callable_has_a_docstring(source: Source) -> None:
    bare = [name for name, node in _public(source.tree) if not ast.get_docstring(node)]

    assert ast.get_docstring(source.tree)
    assert not bare


def _public(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Yield the public functions, classes and methods; not the members of a typing Protocol, which nobody calls."""
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef) and "Protocol" not in map(ast.unparse, node.bases):
                yield from _public(node, f"{prefix}{node.name}.")


# --- sizes


@EVERY_MODULE
def test_file_is_one_noun(source: Source) -> None:
    if source.floor != "operations":
        assert len(source.path.read_text().splitlines()) <= MAX_LINES


# --- the repository

_LEFT_OUT = {"build", "dist", "htmlcov", "__pycache__", "node_modules"}
# A home, a temporary or a working directory of one machine.
_MACHINE_PATH = re.compile(r"(?<![\w.:/}])/(?:home|Users|root|work|workspace|tmp|mnt|srv)/[\w.]")


def _texts() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part not in (".ci", ".ruff.toml", ".gitignore") for part in parts)
        if hidden or _LEFT_OUT & set(parts) or any(part.endswith(".egg-info") for part in parts) or not path.is_file():
            continue
        try:
            yield "/".join(parts), path.read_text()
        except UnicodeDecodeError:
            continue


def test_nothing_names_a_path_of_one_machine() -> None:
    here = str(ROOT)
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in _texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if _MACHINE_PATH.search(line) or (len(here) > len("/repo") and here in line)
    ]

    assert not found


def test_machine_paths_are_recognised() -> None:
    for folder in ("home", "tmp"):
        assert _MACHINE_PATH.search(f"cd /{folder}/somebody")
    assert not _MACHINE_PATH.search("https://example.com/home/page")
    assert not _MACHINE_PATH.search("{base}/tmp/x")
