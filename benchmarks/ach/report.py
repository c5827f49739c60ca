"""The document for a person: every task, and each target beside what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_NAMES = ("shape", "entries", "seconds", "entries_per_s", "us_per_entry", "faults", "peak_rss_mb")
_TARGETS = (
    ("reading ÷ the parse of carta-ach", "read_to_carta", 1.0),
    ("reading ÷ slicing into fields", "read_to_slices", 0.4),
    ("writing ÷ reading", "write_to_read", 0.5),
    ("reading faults ÷ reading clean", "faults_to_clean", 0.25),
)
_MEMORY_MB = 200


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
    targets = Table("target", "figure", "asked", "", box=None, pad_edge=False)
    for what, name, bound in _TARGETS:
        figure = document["ratios"].get(name)
        if figure is not None:
            targets.add_row(what, f"{figure:.3g}", f"≥ {bound:g}", "reached" if figure >= bound else "missed")
    peak = max((run["peak_rss_mb"] for run in document["runs"] if run["shape"].startswith("read")), default=0)
    reached = "reached" if peak <= _MEMORY_MB else "missed"
    targets.add_row("memory of a process that reads, in MB", f"{peak:.0f}", f"≤ {_MEMORY_MB}", reached)
    console.print()
    console.print(targets)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
