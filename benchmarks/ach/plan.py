"""What is run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`entries` of the file; `carta` also runs the parse of carta-ach, which must be installed."""

    entries: int = 1_000_000
    rounds: int = 3
    carta: bool = False
