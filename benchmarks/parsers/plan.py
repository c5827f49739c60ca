"""What is run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`megabytes` of each text format, `rows` of each table; `camt_megabytes` more for the memory of a large file."""

    megabytes: int = 24
    rows: int = 200_000
    camt_megabytes: int = 0
    rounds: int = 3
