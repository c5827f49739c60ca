"""The document for a person: every task, and each target beside what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..shared import reporting

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
    console = reporting.console()
    console.print(reporting.runs_table(document["runs"], _NAMES))
    targets = reporting.targets_table()
    for what, name, bound in _TARGETS:
        figure = document["ratios"].get(name)
        if figure is not None:
            reporting.judge(targets, what, figure, "≥", bound)
    peak = max((run["peak_rss_mb"] for run in document["runs"] if run["shape"].startswith("read")), default=0)
    reporting.judge(targets, "memory of a process that reads, in MB", peak, "≤", _MEMORY_MB)
    console.print()
    console.print(targets)
