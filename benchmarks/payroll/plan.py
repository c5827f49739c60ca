"""What is run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`employees` of each payroll; one payroll a round, with `transactions` of the ledger before it and after it."""

    employees: int = 100_000
    rounds: int = 3
    transactions: int = 50_000
    accounts: int = 10_000
    profile: bool = False
