"""What the rows of one account and currency of a table make, and whether the running balance proves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from headgate.core.money import Money
from headgate.ingestion.parsers._statements import prove
from headgate.ingestion.parsers._table_blocks import Proof
from headgate.ingestion.records import Statement


@dataclass(slots=True)
class Account:
    """Sums in minor units. `line` is that of its first row."""

    index: int
    line: int
    account_number: str
    currency: str
    credits: int = 0
    debits: int = 0
    records: int = 0
    last_on: date | None = None
    first: tuple[int, int | None] | None = None
    """Signed amount and balance of the first row, and below of the last."""
    last: tuple[int, int | None] = (0, None)
    pairs: int = 0
    upwards: int = 0
    downwards: int = 0

    def add(self, records: int, credits: int, debits: int, on: date) -> None:
        """Count rows in, of which `on` is the latest day."""
        self.records += records
        self.credits += credits
        self.debits += debits
        if self.last_on is None or on > self.last_on:
            self.last_on = on

    def add_proof(self, proof: Proof | None, first: tuple[int, int | None], last: tuple[int, int | None]) -> None:
        """Count rows in whose balances were compared; `first` and `last` are amount and balance of the ends."""
        if proof is not None:
            self.pairs += proof.pairs
            self.upwards += proof.upwards
            self.downwards += proof.downwards
        if self.first is None:
            self.first = first
        self.last = last

    def statement(self) -> Statement:
        """The account's statement; it differs where the running balance does not follow in either direction."""
        credits, debits = Money(self.credits, self.currency), Money(self.debits, self.currency)
        opening, closing = self._balances()
        follows = self.pairs == max(self.upwards, self.downwards)
        return Statement(
            line=self.line,
            account_number=self.account_number,
            currency=self.currency,
            on=self.last_on,
            opening=opening,
            closing=closing,
            credits=credits,
            debits=debits,
            records=self.records,
            proof=prove(opening, closing, credits, debits) if follows else "differs",
        )

    def _balances(self) -> tuple[Money | None, Money | None]:
        """Opening and closing balance, by the direction in which the running balance goes; None where there is none."""
        if self.first is None or self.first[1] is None or self.last[1] is None:
            return None, None
        (first, start), (last, end) = self.first, self.last
        assert start is not None and end is not None
        if self.records == 1 or (self.pairs and self.upwards >= self.downwards):
            return Money(start - first, self.currency), Money(end, self.currency)
        return Money(end - last, self.currency), Money(start, self.currency)
