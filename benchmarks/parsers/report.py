"""The document for a person: every task, and each target beside what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_NAMES = ("shape", "file_bytes", "rows", "cpu_seconds", "mb_per_s", "rows_per_s", "statements_proven", "peak_rss_mb")
_TARGETS = (
    ("MT940, MB/s", "mt940", "mb_per_s", 15.0),
    ("BAI2, MB/s", "bai2", "mb_per_s", 10.0),
    ("camt, MB/s", "camt", "mb_per_s", 10.0),
    ("CSV, rows/s", "csv", "rows_per_s", 200_000.0),
    ("XLSX, rows/s", "xlsx", "rows_per_s", 100_000.0),
)
_MEMORY_MB = 100


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    table = Table(box=None, pad_edge=False)
    for name in _NAMES:
        table.add_column(name, justify="left" if name == "shape" else "right")
    for run in document["runs"]:
        table.add_row(*(_cell(run[name]) for name in _NAMES))
    console.print(table)
    runs = {run["shape"]: run for run in document["runs"]}
    targets = Table("target", "figure", "asked", "", box=None, pad_edge=False)
    for what, shape, name, bound in _TARGETS:
        if shape in runs:
            figure = runs[shape][name]
            targets.add_row(what, _cell(figure), f"≥ {bound:,g}", "reached" if figure >= bound else "missed")
    camt = runs.get("camt_large", runs.get("camt_alone"))
    if camt is not None:
        reached = "reached" if camt["peak_rss_mb"] < _MEMORY_MB else "missed"
        what = f"memory for {camt['file_bytes'] / 1e6:,.0f} MB of camt, in MB"
        targets.add_row(what, _cell(camt["peak_rss_mb"]), f"< {_MEMORY_MB}", reached)
    console.print()
    console.print(targets)
    ratios = Table("rate ÷ the least that a reader does", "", box=None, pad_edge=False)
    for name, figure in document["ratios"].items():
        ratios.add_row(name, "–" if figure is None else f"{figure:.3g}")
    console.print()
    console.print(ratios)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
