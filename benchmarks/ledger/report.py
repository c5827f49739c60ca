"""The document for a person: every shape, and each target beside what was reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

Runs = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Target:
    """What a figure should be: at least, or at most, `bound`."""

    what: str
    is_least: bool
    bound: float
    figure: Callable[[Runs], float]

    def row(self, runs: Runs) -> tuple[str, str, str, str] | None:
        """Its line; None where a shape of it was not run."""
        try:
            reached = self.figure(runs)
        except (KeyError, TypeError):
            return None
        well = reached >= self.bound if self.is_least else reached <= self.bound
        sign = "≥" if self.is_least else "≤"
        return (self.what, f"{reached:,.3g}", f"{sign} {self.bound:g}", "reached" if well else "missed")


def _of(shape: str, name: str) -> Callable[[Runs], float]:
    return lambda runs: float(runs[shape][name])


def _share(shape: str, other: str, name: str = "tx_per_s") -> Callable[[Runs], float]:
    return lambda runs: float(runs[shape][name]) / float(runs[other][name])


TARGETS: Sequence[Target] = (
    Target("batch 10,000 ÷ raw COPY", True, 0.12, _of("batch_10000", "ratio_to_copy")),
    Target("batch 1,000, 2 clients ÷ raw COPY", True, 0.10, _of("batch_1000_c2", "ratio_to_copy")),
    Target("batch 100, 4 clients ÷ raw COPY in chunks of 100", True, 0.12, _of("batch_100_c4", "ratio_to_copy")),
    Target("one hot account ÷ spread, batch 1,000", True, 0.9, _share("hot_1000", "spread_1000")),
    Target("single 50/20 ÷ pgledger", True, 3, _share("single_50_20", "pgledger_50_20")),
    Target("64 callers, grouped ÷ own", True, 4, _share("intake_grouped_64", "intake_own_64")),
    Target("64 callers, grouped: p99 in ms", False, 20, _of("intake_grouped_64", "p99_ms")),
    Target(
        "64 callers on a hot account, grouped ÷ own", True, 10, _share("intake_hot_grouped_64", "intake_hot_own_64")
    ),
    Target("reserve + capture ÷ plain posts", True, 0.5, _share("reserve_capture_10000", "batch_10000")),
    Target("HTTP own ÷ an empty endpoint", True, 0.35, _share("http_own", "http_empty")),
    Target("HTTP grouped ÷ an empty endpoint", True, 0.6, _share("http_grouped", "http_empty")),
    Target("bytes a transaction, indexes included", False, 900, _of("batch_10000", "bytes_per_tx")),
    Target("WAL bytes a transaction", False, 1600, _of("batch_10000", "wal_bytes")),
    Target(
        "batch 1,000 on the large book ÷ on an empty one", True, 0.85, _share("large_batch_1000", "empty_batch_1000")
    ),
    Target("balance: p99 in ms", False, 1, _of("balance", "p99_ms")),
    Target("balance as of a time, 1,000,000 entries: p99 in ms", False, 1, _of("as_of_1m", "p99_ms")),
    Target("incremental check of the large book, in ms", False, 5000, _of("check_large", "p50_ms")),
    Target("audit events sealed, rows/s", True, 100_000, _of("audit_seal", "tx_per_s")),
    Target("audit events verified, rows/s", True, 100_000, _of("audit_verify", "tx_per_s")),
)


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 200
    console.print(_runs(document["runs"]))
    rows = [target.row({run["shape"]: run for run in document["runs"]}) for target in TARGETS]
    table = Table("target", "figure", "asked", "", box=None, pad_edge=False, title_justify="left")
    for row in filter(None, rows):
        table.add_row(*row)
    console.print()
    console.print(table)


def _runs(runs: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    names = ("shape", "transactions", "clients", "batch", "tx_per_s", "p50_ms", "p99_ms", "copy_rows_per_s")
    for name in (*names, "ratio_to_copy", "bytes_per_tx", "wal_bytes"):
        table.add_column(name, justify="left" if name == "shape" else "right")
    for run in runs:
        table.add_row(*(_cell(run.get(column.header)) for column in table.columns))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:,.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
