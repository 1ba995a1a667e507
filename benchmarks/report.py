"""Results as tables: reStructuredText that is plain enough to be read as it is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from results import Results
from workloads import RATES, SCALE

US, MS = 1e6, 1e3
OURS = "aios3"

AGAINST = ("aiohttp", "obstore", "aiobotocore", "minio", "awscrt", "boto3")
SHARES = (
    ("GET 1 KiB, 32 at once", "get1k_c32"),
    ("PUT 1 KiB, 32 at once", "put1k_c32"),
    ("a page of 1,000 keys", "list1"),
    ("a presigned URL", "presign"),
    ("download", "dl1g"),
    ("download by parts (ours to a file)", "dl1g_par"),
    ("upload, signed", "up1g"),
    ("upload, unsigned", "up1g_unsigned"),
    ("upload by parts, signed", "up1g_mp"),
    ("upload by parts, unsigned", "up1g_mp_unsigned"),
    ("import (aiohttp: with lxml)", "import"),
    ("the first client", "create"),
)

Medians = dict[tuple[str, str, str], dict[str, float]]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: a figure of a workload, times *scale*; *ratio* is added, to ours on asyncio's loop."""

    heading: str
    workload: str
    figure: str
    scale: float = 1.0
    digits: int = 1
    ratio: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """A title, a sentence, and columns; a row a peer and loop."""

    title: str
    says: str
    columns: tuple[Column, ...]


def _cpu(heading: str, workload: str, scale: float = US, digits: int = 1) -> Column:
    return Column(heading=heading, workload=workload, figure="cpu", scale=scale, digits=digits, ratio=True)


def _rate(heading: str, workload: str) -> Column:
    return Column(heading=heading, workload=workload, figure="rate", digits=0)


def tables(results: Results) -> tuple[Table, ...]:
    """Return what is shown; figures per GiB whatever the large object's size was."""
    gib = (1 << 30) / results.run.size
    far = results.run.round_trip * 1e3
    return (
        Table(
            title="Small requests",
            says="CPU of the client's process for each request, in µs, and how many times ours that is; requests a second. "
            "aiohttp alone signs nothing and parses no list.",
            columns=(
                _cpu("GET ×32, CPU", "get1k_c32"),
                _rate("GET/s", "get1k_c32"),
                _cpu("PUT ×32, CPU", "put1k_c32"),
                _rate("PUT/s", "put1k_c32"),
                Column(heading="GET ×1, p50", workload="get1k_c1", figure="p50", scale=US, digits=0, ratio=True),
                _cpu("1,000 keys, CPU", "list1", digits=0),
                _rate("URLs/s", "presign"),
            ),
        ),
        Table(
            title="Large objects",
            says="CPU of the client's process, seconds for a GiB. Parts are of 8 MiB, eight at once; downloaded by parts, "
            "aios3, s3fs and aiohttp-s3-client write a file, the others drop what they have read.",
            columns=(
                _cpu("download", "dl1g", gib, 2),
                _cpu("by parts", "dl1g_par", gib, 2),
                Column(heading="MiB grown", workload="dl1g_par", figure="grown", digits=0),
                _cpu("PUT, signed", "up1g", gib, 2),
                _cpu("unsigned", "up1g_unsigned", gib, 2),
                _cpu("parts, signed", "up1g_mp", gib, 2),
                _cpu("unsigned", "up1g_mp_unsigned", gib, 2),
            ),
        ),
        Table(
            title="Start, and standing by",
            says="CPU of the import and of the first client after it, in ms; MiB for 1,000 connections held open and idle.",
            columns=(
                _cpu("import", "import", MS, 0),
                _cpu("first client", "create", MS, 2),
                Column(heading="1,000 idle, MiB", workload="idle1000", figure="grown", ratio=True),
                Column(heading="sockets", workload="idle1000", figure="held", digits=0),
            ),
        ),
        Table(
            title="Latency under an open load",
            says="GET of 1 KiB at a fixed rate, from the moment at which each was due, in ms: p50, p99, p99.9.",
            columns=tuple(
                Column(heading=f"{rate}/s {name}", workload=f"get1k_r{rate}", figure=figure, scale=MS, digits=2)
                for rate in RATES
                for name, figure in (("p50", "p50"), ("p99", "p99"), ("p99.9", "p999"))
            ),
        ),
        Table(
            title="From 1 to 1,000 at once",
            says="GETs of 1 KiB a second.",
            columns=tuple(_rate(f"×{count}", f"scale_c{count}") for count in SCALE),
        ),
        Table(
            title="Over TLS",
            says="TLS 1.3; CPU as above, µs for a request, seconds for a GiB.",
            columns=(
                _cpu("GET ×32, CPU", "get1k_c32_tls"),
                _rate("GET/s", "get1k_c32_tls"),
                _cpu("PUT ×32, CPU", "put1k_c32_tls"),
                _cpu("download", "dl1g_tls", gib, 2),
            ),
        ),
        Table(
            title=f"{far:.0f} ms away",
            says=f"Through a proxy that adds {far:.0f} ms to each round trip; CPU in µs.",
            columns=(
                _cpu("GET ×32, CPU", "get1k_c32_far"),
                _rate("GET/s", "get1k_c32_far"),
                _rate("PUT/s", "put1k_c32_far"),
                _cpu("1,000 keys, CPU", "list1_far", digits=0),
                _rate("pages/s", "list1_far"),
            ),
        ),
    )


def rst(results: Results) -> str:
    """Return everything: what ran on what, and the tables."""
    medians = results.medians()
    parts = [about(results), *shares(medians)]
    for table in tables(results):
        parts += _table(table, medians)
    parts += _busy(medians)
    return "\n\n".join(parts) + "\n"


def plain(results: Results) -> str:
    """Return the same without markup."""
    return rst(results).replace("**", "")


def about(results: Results) -> str:
    """Return when it was run, on what and how."""
    run = results.run
    few, many = results.rounds()
    rounds = f"{few} rounds" if few == many else f"{few} to {many} rounds"
    known = ", ".join(f"{name} {number}" for name, number in sorted(run.versions.items()))
    text = (
        f"Measured on {run.when}: {run.processor}, {run.cores} cores, {run.system}, Python {run.python}; {known}. "
        f"Medians of {rounds} in which the clients take turns, each time in a fresh process; "
        f"{run.seconds:g} s for small requests, {run.size / (1 << 20):,.0f} MiB for large ones."
    )
    if run.left_out:
        text += f" Left out, not installed: {run.left_out}."
    return _wrapped(text)


def shares(medians: Medians) -> Iterator[str]:
    """Yield the table of what ours costs, for each that another costs: CPU, on asyncio's loop."""
    there = [peer for peer in AGAINST if any(peer == where[1] for where in medians)]
    rows = [
        [heading, *(_share(medians, workload, peer) for peer in there)]
        for heading, workload in SHARES
        if (workload, OURS, "asyncio") in medians
    ]
    if rows:
        yield "**What aios3 costs, where another costs 1.00** (CPU of the client's process, asyncio's loop)."
        yield _grid(["what", *there], rows)


def _share(medians: Medians, workload: str, peer: str) -> str:
    if (workload, peer) == ("list1", "aiohttp"):  # it parses nothing
        return ""
    beside = "aiohttp and lxml" if (workload, peer) == ("import", "aiohttp") else peer
    theirs = medians.get((workload, beside, "asyncio")) or medians.get((workload, beside, "threads"))
    return f"{medians[workload, OURS, 'asyncio']['cpu'] / theirs['cpu']:.2f}" if theirs else ""


def _table(table: Table, medians: Medians) -> Iterator[str]:
    present = [column for column in table.columns if any(where[0] == column.workload for where in medians)]
    rows = [row for row in _rows(present, medians) if any(row[1:])]
    if rows:
        yield _wrapped(f"**{table.title}.** {table.says}")
        yield _grid(["client", *(column.heading for column in present)], rows)


def _rows(columns: Sequence[Column], medians: Medians) -> Iterator[list[str]]:
    who = dict.fromkeys((peer, loop) for workload, peer, loop in medians if workload in {c.workload for c in columns})
    for peer, loop in sorted(who, key=lambda pair: _place(pair, columns, medians)):
        name = f"{peer}, {loop}" if loop != "asyncio" else peer
        yield [name, *(_cell(column, medians, peer, loop) for column in columns)]


def _place(who: tuple[str, str], columns: Sequence[Column], medians: Medians) -> tuple[float, ...]:
    """Sort by the first column that a peer has a figure in; rates fall, costs rise."""
    for number, column in enumerate(columns):
        found = medians.get((column.workload, *who), {}).get(column.figure)
        if found is not None:
            return (number, -found if column.figure == "rate" else found)
    return (len(columns), 0.0)


def _cell(column: Column, medians: Medians, peer: str, loop: str) -> str:
    found = medians.get((column.workload, peer, loop), {}).get(column.figure)
    if found is None:
        return ""
    text = f"{found * column.scale:,.{column.digits}f}"
    ours = medians.get((column.workload, OURS, "asyncio"), {}).get(column.figure)
    return f"{text} ({found / ours:.1f})" if column.ratio and ours else text


def _grid(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a simple table."""
    cells = [[cell or "–" for cell in row] for row in (headings, *rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(headings))]
    line = "  ".join("=" * width for width in widths)
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([line, shown[0], line, *shown[1:], line])


def _busy(medians: Medians) -> Iterator[str]:
    """Say where the server may have been what was measured: its one core had nothing left."""
    full = sorted({where[0] for where, found in medians.items() if found.get("server", 0.0) > 0.95})
    if full:
        yield _wrapped(
            f"The server was busy for more than 95 % of the time in: {', '.join(full)}. There the rates are its own."
        )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)
