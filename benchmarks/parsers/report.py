"""The document for a person: every task, and each target beside what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from ..shared import reporting

_NAMES = ("shape", "file_bytes", "rows", "cpu_seconds", "mb_per_s", "rows_per_s", "statements_proven", "peak_rss_mb")
_TARGETS: reporting.Asked = (
    ("MT940, MB/s", "mt940", "mb_per_s", "≥", 15.0),
    ("BAI2, MB/s", "bai2", "mb_per_s", "≥", 10.0),
    ("camt, MB/s", "camt", "mb_per_s", "≥", 10.0),
    ("CSV, rows/s", "csv", "rows_per_s", "≥", 200_000.0),
    ("XLSX, rows/s", "xlsx", "rows_per_s", "≥", 100_000.0),
)
_MEMORY_MB = 100


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = reporting.console()
    console.print(reporting.runs_table(document["runs"], _NAMES))
    runs = {run["shape"]: run for run in document["runs"]}
    targets = reporting.targets_table()
    reporting.judge_runs(targets, runs, _TARGETS)
    camt = runs.get("camt_large", runs.get("camt_alone"))
    if camt is not None:
        what = f"memory for {camt['file_bytes'] / 1e6:,.0f} MB of camt, in MB"
        reporting.judge(targets, what, camt["peak_rss_mb"], "<", _MEMORY_MB)
    console.print()
    console.print(targets)
    ratios = Table("rate ÷ the least that a reader does", "", box=None, pad_edge=False)
    for name, figure in document["ratios"].items():
        ratios.add_row(name, "–" if figure is None else f"{figure:.3g}")
    console.print()
    console.print(ratios)
