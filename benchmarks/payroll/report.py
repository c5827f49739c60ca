"""The document for a person: both rates, where the payroll's time goes, and the target beside what was reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from ..shared import reporting

_TARGET = 0.5


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = reporting.console()
    ledger, payroll = document["runs"]
    table = Table(box=None, pad_edge=False)
    for name in ("shape", "count", "per s", "seconds"):
        table.add_column(name, justify="left" if name == "shape" else "right")
    table.add_row(ledger["shape"], f"{ledger['count']:,}", f"{ledger['per_s']:,.0f}", "–")
    table.add_row(payroll["shape"], f"{payroll['count']:,}", f"{payroll['per_s']:,.0f}", f"{payroll['seconds']:.2f}")
    table.add_row("  gate, instructions", "", "", f"{payroll['commit_seconds']:.2f}")
    table.add_row("  pay gate, entries, file", "", "", f"{payroll['send_seconds']:.2f}")
    console.print(table)
    figure = document["ratios"]["payroll_to_ledger"]
    targets = reporting.targets_table()
    reporting.judge(targets, "employees a second ÷ postings a second", figure, "≥", _TARGET)
    targets.add_row("memory of the client, in MB", f"{payroll['peak_rss_mb']:.0f}", "–", "")
    console.print()
    console.print(targets)
