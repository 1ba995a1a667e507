"""Families of operations load when they are asked for, and every name is where the table says."""

import subprocess
import sys
from pathlib import Path

import pytest

from aios3 import operations

ROOT = Path(__file__).parents[2]
# What the verbs of Bucket and Client stand on.
AT_IMPORT = {"base", "buckets", "groups", "listing", "multipart", "objects", "tagging"}


def _loaded_by(statement: str) -> set[str]:
    """Return the families that a new interpreter has loaded after *statement*."""
    program = f"import sys; {statement}; print(*(n for n in sys.modules if n.startswith('aios3.operations.')))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return {name.removeprefix("aios3.operations.") for name in done.stdout.split()}


def test_import_loads_only_what_the_verbs_stand_on() -> None:
    assert _loaded_by("import aios3") == AT_IMPORT


def test_name_loads_its_family() -> None:
    loaded = _loaded_by("import aios3; aios3.operations.GetObjectLegalHold")

    assert loaded == AT_IMPORT | {"object_lock"}


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"aios3\.operations has no 'GetNothing'"):
        _ = operations.GetNothing  # type: ignore[attr-defined]  # that is what is tested


def test_dir_lists_every_name() -> None:
    assert dir(operations) == operations.__all__
    assert {"GetObject", "PutBucketCors", "SelectEvent", "Key", "StorageClass"} <= set(dir(operations))


def test_every_public_name_of_a_family_is_in_the_table() -> None:
    """Aliases too, but for those that only write a member once."""
    for name in operations.__all__:
        value = getattr(operations, name)
        family = sys.modules[value.__module__] if isinstance(value, type) else None
        assert family is None or getattr(family, name) is value
