"""What a stream of items makes together: the records, and the sums of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from headgate.core.money import Money
from headgate.ingestion.records import (
    Control,
    Fault,
    Item,
    Parsed,
    Record,
    SettlementRecord,
    Statement,
    Total,
    TransactionRecord,
)

FAULTS_MAX = 10_000
"""How many faults a file keeps; one more says how many there are beyond."""


class Tally:
    """Adds up the amounts of items as they pass: credits, debits and fees, by currency."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str], list[int]] = {}

    def add(self, item: Item) -> None:
        """Count an item in."""
        if isinstance(item, TransactionRecord):
            self._add(f"{item.direction}s", item.amount)
        elif isinstance(item, SettlementRecord):
            self._add(f"{item.direction}s", item.amount)
            if item.fee.minor:
                self._add("fees", item.fee)
        elif isinstance(item, Statement):
            for side in ("credits", "debits"):
                self._sums.setdefault((side, item.currency), [0, 0])

    def totals(self) -> tuple[Total, ...]:
        """The sums, by name and currency."""
        return tuple(
            Total(name, count, Money(minor, currency))
            for (name, currency), (count, minor) in sorted(self._sums.items())
        )

    def _add(self, name: str, amount: Money) -> None:
        found = self._sums.setdefault((name, amount.currency), [0, 0])
        found[0] += 1
        found[1] += amount.minor


def gather(items: Iterable[Item]) -> Parsed:
    """All items of a file, by what they are, with their totals."""
    records: list[Record] = []
    faults: list[Fault] = []
    statements: list[Statement] = []
    controls: list[Control] = []
    tally = Tally()
    for item in capped(items):
        tally.add(item)
        if isinstance(item, Fault):
            faults.append(item)
        elif isinstance(item, Statement):
            statements.append(item)
        elif isinstance(item, Control):
            controls.append(item)
        else:
            records.append(item)
    return Parsed(tuple(records), tuple(faults), tuple(statements), tally.totals(), tuple(controls))


def capped(items: Iterable[Item], faults_max: int = FAULTS_MAX) -> Iterator[Item]:
    """The items with their first faults; the last of them says how many were left unsaid."""
    faults = 0
    for item in items:
        if isinstance(item, Fault):
            faults += 1
            if faults > faults_max:
                continue
        yield item
    if faults > faults_max:
        text = f"line 1: {faults - faults_max} more faults, which are not listed; mend the first {faults_max} and send again"
        yield Fault(1, 0, "", "file.more_faults", text)
