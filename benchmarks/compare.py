"""aios3 beside other S3 clients, on this machine, against a fake S3 of its own::

    apt-get install nginx && pip install -e ".[bench]"
    python benchmarks/compare.py --out results.jsonl --plot results.png

It prints tables, keeps each measurement as a line of JSON, and draws. A client that is not installed is left out and
named. ``--rst`` prints the tables as README.rst has them; ``--read FILE`` shows what was measured before, and measures
nothing. ``--rounds 1 --seconds 0.2 --size 100000000`` is a quick look.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import measure
import plot
import report
from fakes3 import FakeS3, MissingNginx, fake_s3, program
from peers import PEERS, Peer, installed, versions
from results import Results, Row, UnlikeRuns, read, this_run, write
from workloads import GROUPS, ON_BOTH_LOOPS, WORKLOADS, Workload

LOOPS = ("asyncio", "uvloop")
# On a second loop a client imports and starts as it does on the first.
ON_ONE_LOOP = ("import", "create", "presign", "idle1000")


class Turn(NamedTuple):
    """One measurement of a round."""

    peer: str
    loop: str
    workload: Workload


Act = Callable[[Turn, argparse.Namespace, FakeS3], dict[str, float]]


def arguments() -> argparse.Namespace:
    """Return the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=_names_of(PEERS), help=f"of {','.join(PEERS)}")
    parser.add_argument("--groups", type=_names_of(GROUPS), default=GROUPS, help=f"of {','.join(GROUPS)}")
    parser.add_argument("--workloads", type=_names_of(WORKLOADS), help="some of the groups' alone")
    parser.add_argument("--loops", type=_names_of(LOOPS), default=LOOPS, help="of asyncio,uvloop")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement of small requests")
    parser.add_argument("--size", type=int, default=1 << 30, help="bytes of the large object")
    parser.add_argument("--round-trip", type=float, default=0.02, help="seconds that the far server is away")
    parser.add_argument("--out", type=Path, help="keep the measurements in this file")
    parser.add_argument("--read", type=Path, action="append", help="show these measurements; again for more files")
    parser.add_argument("--plot", type=Path, help="draw this PNG file")
    parser.add_argument("--rst", action="store_true", help="print the tables with the markup of README.rst")
    return parser.parse_args()


def _names_of(known: Iterable[str]) -> type[str]:
    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: not of {', '.join(known)}")
        return found

    return names  # type: ignore[return-value]  # argparse takes any callable


def say(text: str) -> None:
    """Tell how it goes, beside the results."""
    print(text, file=sys.stderr, flush=True)


def turns(asked: argparse.Namespace, peers: list[str], workload: Workload) -> Iterator[Turn]:
    """Yield who takes part in a round of *workload*, in turn."""
    for name in peers:
        if not _takes_part(PEERS[name], workload, named=bool(asked.peers)):
            continue
        on_uvloop = workload.name not in ON_ONE_LOOP and (asked.peers or name in ON_BOTH_LOOPS)
        for loop in ("threads",) if PEERS[name].threads else asked.loops:
            if loop != "uvloop" or on_uvloop:
                yield Turn(name, loop, workload)


def _takes_part(peer: type[Peer], workload: Workload, *, named: bool) -> bool:
    """Tell whether a peer can do it, and is among those that it is about."""
    signing = "signed" if workload.signed else "unsigned"
    return (
        (named or not workload.chosen or peer.name in workload.chosen)
        and (not workload.verb or hasattr(peer, workload.verb))
        and (workload.verb not in ("upload", "upload_parts") or signing in peer.uploads)
        and (workload.way != "tls" or peer.tls)
        and not (workload.kind == "idle" and peer.threads)
    )


def case(turn: Turn, asked: argparse.Namespace, fake: FakeS3) -> measure.Case:
    """Return what a turn measures."""
    workload = turn.workload
    return measure.Case(
        peer=turn.peer,
        workload=workload.name,
        loop=turn.loop,
        seconds=asked.seconds,
        size=asked.size,
        port={"plain": fake.plain, "tls": fake.tls, "slow": fake.slow, "sink": fake.sink, "none": fake.plain}[
            workload.way
        ],
        authority=fake.authority if workload.way == "tls" else "",
        source=fake.source,
        sink_file=fake.target,
        server=fake.sink_pid if workload.way == "sink" else fake.nginx_pid,
    )


def verified(turn: Turn, asked: argparse.Namespace, fake: FakeS3) -> dict[str, float]:
    """Upload once to a sink that hashes what comes; return nothing.

    Raises:
        RuntimeError: the bytes are not those of the file, or their signature is not what the row says.
    """
    with program(["sink.py", "--verify"]) as (port, _):
        measure.run(measure.Case(**{**vars(case(turn, asked, fake)), "port": port, "server": 0}))
        with urlopen(f"http://127.0.0.1:{port}/received") as answer:
            received = [row for row in json.load(answer) if row["method"] == "PUT"]
    received.sort(key=lambda row: row["part"])
    with Path(fake.source).open("rb") as file:
        for row in received:
            if hashlib.sha256(file.read(row["size"])).hexdigest() != row["sha256"]:
                raise RuntimeError(f"part {row['part']} is not what was sent")
            if (len(row["signed"]) == 64) != turn.workload.signed:
                raise RuntimeError(f"x-amz-content-sha256: {row['signed'] or 'none'}")
        if file.read(1) or not received:
            raise RuntimeError("it ends early")
    return {}


def measured(asked: argparse.Namespace, peers: list[str], fake: FakeS3) -> Iterator[Row]:
    """Yield what each measurement finds; who fails is named, and left out of the workload's other rounds."""
    chosen = asked.workloads or [name for name, workload in WORKLOADS.items() if workload.group in asked.groups]
    started = time.monotonic()
    for name in chosen:
        workload = WORKLOADS[name]
        taking_part = list(turns(asked, peers, workload))
        if workload.way == "sink" and workload.kind == "once":
            taking_part = [turn for turn in taking_part if _try(verified, turn, asked, fake) is not None]
        for number in range(asked.rounds):
            for turn in tuple(taking_part):
                found = _try(_figures, turn, asked, fake)
                if found is None:
                    taking_part.remove(turn)
                else:
                    yield Row(peer=turn.peer, loop=turn.loop, workload=name, turn=number, found=found)
        say(f"{time.monotonic() - started:6.0f} s  {name}")


def _figures(turn: Turn, asked: argparse.Namespace, fake: FakeS3) -> dict[str, float]:
    return measure.run(case(turn, asked, fake))


def _try(act: Act, turn: Turn, asked: argparse.Namespace, fake: FakeS3) -> dict[str, float] | None:
    try:
        return act(turn, asked, fake)
    except RuntimeError as error:
        say(f"{turn.peer} on {turn.loop}, {turn.workload.name}: {error}")
        return None


def compare(asked: argparse.Namespace) -> Results:
    """Measure what was asked for."""
    missing = [name for name in asked.peers or PEERS if not installed(name)]
    peers = [name for name in asked.peers or PEERS if name not in missing]
    asked.loops = [loop for loop in asked.loops if loop != "uvloop" or find_spec("uvloop")]
    if missing:
        say(f"left out, not installed: {', '.join(missing)}")
    known = versions(peers) | ({"uvloop": version("uvloop")} if "uvloop" in asked.loops else {})
    run = this_run(
        size=asked.size,
        seconds=asked.seconds,
        round_trip=asked.round_trip,
        versions=known,
        left_out=", ".join(missing),
    )
    rows: list[Row] = []
    with fake_s3(asked.size, asked.round_trip) as fake:
        for row in measured(asked, peers, fake):
            rows.append(row)
            if asked.out:
                write(asked.out, Results(run=run, rows=tuple(rows)))
    return Results(run=run, rows=tuple(rows))


def main() -> None:
    """Measure, or read; print and draw."""
    asked = arguments()
    try:
        results = read(asked.read) if asked.read else compare(asked)
    except (MissingNginx, UnlikeRuns) as error:
        sys.exit(str(error))
    print(report.rst(results) if asked.rst else report.plain(results), end="")
    if asked.plot:
        try:
            plot.draw(results, asked.plot)
        except ImportError as error:
            say(f"no plot: {error}")


if __name__ == "__main__":
    main()
