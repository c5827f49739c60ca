"""What is run: the plan that the flags make, and a shape with what was measured of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .ground import Ground
from .tasks import Result


@dataclass(frozen=True)
class Plan:
    """What to run. `transactions`, `reservations` and `singles` count a shape and round."""

    transactions: int = 20_000
    accounts: int = 10_000
    reservations: int = 10_000
    singles: int = 2_000
    rounds: int = 3
    batch: int | None = None
    clients: int | None = None
    hot_share: float | None = None
    only: tuple[str, ...] = ()
    large: bool = False
    large_rows: int = 10_000_000
    pgledger: Path | None = None

    @property
    def is_custom(self) -> bool:
        """Whether one shape of the user's own was described, in the place of the list."""
        return any(given is not None for given in (self.batch, self.clients, self.hot_share))


@dataclass
class Shape:
    """One entry of `runs`. `measure(seed)` gives each client's result; `copy_chunk` asks for raw COPY beside it;
    `rounds` says how often at most it is measured."""

    name: str
    clients: int
    batch: int
    measure: Callable[[int], Sequence[Result]]
    copy_chunk: int | None = None
    keeps_bytes: Ground | None = None
    rounds: int | None = None
    figures: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    transactions: int = 0
