"""Results as a picture: CPU per request and throughput, a bar for each client."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from report import OURS, Medians
from results import Results
from workloads import WORKLOADS

PANELS = (
    ("get1k_c32", "cpu", 1e6, "GET 1 KiB, 32 at once: CPU, µs"),
    ("get1k_c32", "rate", 1.0, "GET 1 KiB, 32 at once: requests/s"),
    ("put1k_c32", "cpu", 1e6, "PUT 1 KiB, 32 at once: CPU, µs"),
    ("list1", "cpu", 1e3, "page of 1,000 keys: CPU, ms"),
    ("dl1g", "cpu", 1.0, "download: CPU, s per GiB"),
    ("up1g_mp", "cpu", 1.0, "signed upload by parts: CPU, s per GiB"),
)


def draw(results: Results, path: Path) -> None:
    """Write the picture.

    Raises:
        ImportError: matplotlib is not installed.
    """
    matplotlib = import_module("matplotlib")
    matplotlib.use("Agg")
    plots = import_module("matplotlib.pyplot")
    medians = results.medians()
    present = [panel for panel in PANELS if any(where[0] == panel[0] for where in medians)]
    columns = 2 if len(present) > 1 else 1
    lines = -(-len(present) // columns)
    figure, axes = plots.subplots(lines, columns, figsize=(7 * columns, 0.6 + 4.2 * lines), squeeze=False)
    for axis, (workload, kind, scale, title) in zip(axes.flat, present, strict=False):
        per_gib = (1 << 30) / results.run.size if WORKLOADS[workload].group == "transfers" else 1.0
        _bars(axis, (workload, kind, scale * per_gib, title), medians)
    for axis in axes.flat[len(present) :]:
        axis.axis("off")
    figure.suptitle(
        f"{results.run.processor}, Python {results.run.python}, {results.run.when}; logarithmic", fontsize=9
    )
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def _bars(axis: Any, panel: tuple[str, str, float, str], medians: Medians) -> None:
    workload, figure, scale, title = panel
    bars = sorted(
        (
            (peer if loop == "asyncio" else f"{peer}, {loop}", peer, found[figure] * scale)
            for (where, peer, loop), found in medians.items()
            if where == workload and figure in found
        ),
        key=lambda bar: bar[2],
        reverse=figure == "cpu",
    )
    names, peers, values = [list(column) for column in zip(*bars, strict=True)]
    drawn = axis.barh(names, values, color=["#c0392b" if peer == OURS else "#7f8c8d" for peer in peers])
    axis.bar_label(
        drawn, labels=[f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values], fontsize=7, padding=2
    )
    # From 17 to 1,000 in one picture: only a logarithm shows both.
    axis.set_xscale("log")
    axis.margins(x=0.12)
    axis.xaxis.set_visible(False)
    axis.tick_params(labelsize=7)
    axis.set_title(title, fontsize=9)
