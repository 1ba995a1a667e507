"""benchmarks/compare.py runs: small, and with the clients that the tests have anyway."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.servers.process import MissingProgram, find_program

ROOT = Path(__file__).parents[1]
# A workload of each kind, and each way to a server.
WORKLOADS = (
    "get1k_c32,list1,presign,dl1g_par,up1g,up1g_mp_unsigned,import,create,get1k_r500,get1k_c32_tls,put1k_c32_far"
)


@pytest.fixture(scope="module", autouse=True)
def _nginx() -> None:
    try:
        find_program("nginx", install="apt-get install nginx")
    except MissingProgram as error:
        pytest.skip(str(error))


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run compare.py."""
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / "compare.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a run."""
    out = tmp_path_factory.mktemp("benchmarks") / "results.jsonl"
    small = ("--rounds", "1", "--seconds", "0.05", "--size", "9000000", "--loops", "asyncio", "--round-trip", "0.004")

    done = run("--peers", "aios3,aiohttp", "--workloads", WORKLOADS, "--out", str(out), *small)

    # What fails is said there, and left out: then a line is missing here.
    assert done.returncode == 0, done.stderr
    assert "\nLarge objects." in done.stdout, done.stderr
    return out


def test_every_workload_is_measured_for_each_that_can_do_it(measured: Path) -> None:
    head, *rows = map(json.loads, measured.read_text().splitlines())

    assert head["size"] == 9_000_000
    assert {row["workload"] for row in rows if row["peer"] == "aios3"} == set(WORKLOADS.split(","))
    assert {row["workload"] for row in rows if row["peer"] == "aiohttp"} == set(WORKLOADS.split(",")) - {
        *("presign", "up1g", "up1g_mp_unsigned"),
    }
    assert all(row["found"]["cpu"] > 0 for row in rows if row["workload"] != "get1k_r500")


def test_nothing_tells_whose_machine_it_was(measured: Path) -> None:
    assert str(ROOT) not in measured.read_text()
    assert str(Path.home()) not in measured.read_text()


def test_tables_can_be_made_again_from_what_was_kept(measured: Path) -> None:
    done = run("--read", str(measured), "--rst")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Measured on ")
    assert "GET 1 KiB, 32 at once" in done.stdout
    assert done.stderr == ""


def test_several_files_tell_how_often_each_was_measured(measured: Path, tmp_path: Path) -> None:
    head, *rows = measured.read_text().splitlines()
    again = tmp_path / "again.jsonl"
    again.write_text(f"{head}\n{rows[0]}\n")

    told = run("--read", str(measured), "--read", str(again)).stdout

    assert "Medians of 1 to 2 rounds in which" in " ".join(told.split())


def test_files_that_were_measured_in_other_ways_are_not_mixed(measured: Path, tmp_path: Path) -> None:
    head, *rows = measured.read_text().splitlines()
    longer = tmp_path / "longer.jsonl"
    longer.write_text("\n".join([json.dumps(json.loads(head) | {"seconds": 9.0}), *rows, ""]))

    done = run("--read", str(measured), "--read", str(longer))

    assert done.returncode == 1
    assert done.stderr.startswith("the files were measured with other --size, --seconds")


def test_a_client_that_is_not_installed_is_left_out_and_named() -> None:
    done = run(
        "--peers", "aios3,s3fs", "--workloads", "create", "--rounds", "1", "--loops", "asyncio", "--size", "1000"
    )

    assert done.returncode == 0, done.stderr
    assert ("Left out, not installed: s3fs." in " ".join(done.stdout.split())) == (find_spec("s3fs") is None)
    assert "\naios3 " in done.stdout


def test_a_client_that_nobody_knows_is_refused() -> None:
    done = run("--peers", "aios3,no-such-client")

    assert done.returncode == 2
    assert "no-such-client: not of aios3, aiohttp" in done.stderr
