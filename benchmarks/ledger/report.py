"""The document for a person: every shape, and each target beside what was reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..shared import reporting

Runs = Mapping[str, Mapping[str, Any]]
_NAMES = (
    *("shape", "transactions", "clients", "batch", "tx_per_s", "p50_ms", "p99_ms", "copy_rows_per_s"),
    *("ratio_to_copy", "bytes_per_tx", "wal_bytes"),
)


@dataclass(frozen=True)
class Target:
    """What a figure should be: `sign` and `bound`."""

    what: str
    sign: reporting.Sign
    bound: float
    figure: Callable[[Runs], float]

    def reached(self, runs: Runs) -> float | None:
        """What these runs came to; None where a shape of it was not run."""
        try:
            return self.figure(runs)
        except (KeyError, TypeError):
            return None


def _of(shape: str, name: str) -> Callable[[Runs], float]:
    return lambda runs: float(runs[shape][name])


def _share(shape: str, other: str, name: str = "tx_per_s") -> Callable[[Runs], float]:
    return lambda runs: float(runs[shape][name]) / float(runs[other][name])


TARGETS: Sequence[Target] = (
    Target("batch 10,000 ÷ raw COPY", "≥", 0.12, _of("batch_10000", "ratio_to_copy")),
    Target("batch 1,000, 2 clients ÷ raw COPY", "≥", 0.10, _of("batch_1000_c2", "ratio_to_copy")),
    Target("batch 100, 4 clients ÷ raw COPY in chunks of 100", "≥", 0.12, _of("batch_100_c4", "ratio_to_copy")),
    Target("one hot account ÷ spread, batch 1,000", "≥", 0.9, _share("hot_1000", "spread_1000")),
    Target("single 50/20 ÷ pgledger", "≥", 3, _share("single_50_20", "pgledger_50_20")),
    Target("64 callers, grouped ÷ own", "≥", 4, _share("intake_grouped_64", "intake_own_64")),
    Target("64 callers, grouped: p99 in ms", "≤", 20, _of("intake_grouped_64", "p99_ms")),
    Target("64 callers on a hot account, grouped ÷ own", "≥", 10, _share("intake_hot_grouped_64", "intake_hot_own_64")),
    Target("reserve + capture ÷ plain posts", "≥", 0.5, _share("reserve_capture_10000", "batch_10000")),
    Target("HTTP own ÷ an empty endpoint", "≥", 0.35, _share("http_own", "http_empty")),
    Target("HTTP grouped ÷ an empty endpoint", "≥", 0.6, _share("http_grouped", "http_empty")),
    Target("bytes a transaction, indexes included", "≤", 900, _of("batch_10000", "bytes_per_tx")),
    Target("WAL bytes a transaction", "≤", 1600, _of("batch_10000", "wal_bytes")),
    Target(
        "batch 1,000 on the large book ÷ on an empty one", "≥", 0.85, _share("large_batch_1000", "empty_batch_1000")
    ),
    Target("balance: p99 in ms", "≤", 1, _of("balance", "p99_ms")),
    Target("balance as of a time, 1,000,000 entries: p99 in ms", "≤", 1, _of("as_of_1m", "p99_ms")),
    Target("incremental check of the large book, in ms", "≤", 5000, _of("check_large", "p50_ms")),
    Target("audit events sealed, rows/s", "≥", 100_000, _of("audit_seal", "tx_per_s")),
    Target("audit events verified, rows/s", "≥", 100_000, _of("audit_verify", "tx_per_s")),
)


def show(document: Mapping[str, Any]) -> None:
    """Print the document as tables on standard output."""
    console = reporting.console()
    console.print(reporting.runs_table(document["runs"], _NAMES))
    runs = {run["shape"]: run for run in document["runs"]}
    targets = reporting.targets_table()
    for target in TARGETS:
        figure = target.reached(runs)
        if figure is not None:
            reporting.judge(targets, target.what, figure, target.sign, target.bound)
    console.print()
    console.print(targets)
