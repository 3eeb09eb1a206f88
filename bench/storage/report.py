"""The comparison as a table and as a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from bench.machine import Machine
    from bench.storage.compare import Comparison, Row, Spread

_MEGABYTE: Final = 1e6


def as_table(comparison: Comparison, machine: Machine) -> Table:
    """One row a system, also for those that were not reached."""
    csv_megabytes = comparison.csv_bytes / _MEGABYTE
    table = Table(
        title=f"{comparison.rows:,} rows, {comparison.threads} threads, mean of {comparison.repeats}",
        caption=f"{machine}. ± is the standard deviation. Ratio: against {csv_megabytes:,.0f} MB of CSV.",
        title_justify="left",
        caption_justify="left",
    )
    for heading in ("system", "insert s", "query s, each", "longest", "all threads s", "stored MB", "ratio"):
        table.add_column(heading, justify="left" if heading == "system" else "right")
    table.add_column("brief: insert s", justify="right")
    table.add_column("brief: query s", justify="right")
    table.add_column("answer")
    for row in comparison.systems:
        table.add_row(*cells(row))
    return table


def cells(row: Row) -> tuple[str, ...]:
    """One row's text; a system without figures says why in the last cell."""
    stored = f"{row.stored_bytes / _MEGABYTE:,.1f}" if row.stored_bytes else "-"
    return (
        row.version or row.system,
        _seconds(row.insert_s),
        _seconds(row.query_s),
        f"{row.query_s.most:.2f}" if row.query_s else "-",
        _seconds(row.wall_s),
        stored,
        f"{row.ratio:.1f}" if row.ratio else "-",
        f"{row.brief_insert_s:.2f}" if row.brief_insert_s else "-",
        f"{row.brief_query_s:.2f}" if row.brief_query_s else "-",
        row.why or ("right" if row.right else "WRONG"),
    )


def plot(comparison: Comparison, machine: Machine, path: Path) -> None:
    """Insert and aggregation side by side, the brief's figures in grey, as PNG."""
    import matplotlib as mpl  # noqa: PLC0415 - slow to import, and needed for this alone

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    rows = comparison.systems
    names = [(row.version or f"{row.system}, not measured here").replace(", ", "\n") for row in rows]
    sides = (
        ("insert", [(row.insert_s, row.brief_insert_s) for row in rows]),
        (f"aggregation, each of {comparison.threads}", [(row.query_s, row.brief_query_s) for row in rows]),
    )
    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    for axis, (title, figures) in zip(axes, sides, strict=True):
        for place, (measured, reported) in enumerate(figures):
            if measured:
                _bar(axis, place - 0.18, measured.mean, measured.deviation, "#2a6fbb")
            if reported:
                _bar(axis, place + 0.18, reported, None, "#b8b8b8")
        axis.set_xticks(range(len(names)), names, fontsize=8)
        axis.set_yscale("log")
        axis.set_ylabel("seconds, less is better")
        axis.set_title(title)
    figure.suptitle(f"{comparison.rows:,} rows: blue measured, grey reported in the brief\n{machine}", fontsize=9)
    figure.savefig(path, dpi=120, format="png")
    plt.close(figure)


def _bar(axis: Axes, place: float, seconds: float, deviation: float | None, colour: str) -> None:
    axis.bar(place, seconds, 0.34, yerr=deviation, color=colour)
    axis.annotate(f"{seconds:.2f}", (place, seconds), ha="center", va="bottom", fontsize=8)


def _seconds(figures: Spread | None) -> str:
    if figures is None:
        return "-"
    return f"{figures.mean:.2f}" if figures.deviation is None else f"{figures.mean:.2f} ± {figures.deviation:.2f}"
