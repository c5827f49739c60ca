"""Column's report `bank_account_summary`: each account's balance at the opening and close of days, and what moved between.

    [{"bank_account_id": "bacc_…", "transaction_count": 3, "currency": "USD", "available_balance_open": 100000,
      "available_balance_credit": 5000, "available_balance_debit": -2500, "available_balance_close": 102500, …}]

It is made in the background: asked for, `scheduled`, then `completed` with the ids of its documents. Amounts are cents.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from headgate.core.errors import HeadgateError
from headgate.core.money import Money

BALANCE: Final = "available_balance"


@dataclass(frozen=True, slots=True)
class ReportStanding:
    """A report that was asked for: its days, and its document once it is completed ('' before)."""

    id: str
    type: str
    status: str
    first: date | None
    last: date | None
    json_document_id: str

    @property
    def is_completed(self) -> bool:
        return self.status == "completed" and bool(self.json_document_id)


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """One account's row: signed balances, and what came in and went out as positive amounts."""

    account_id: str
    opening: Money
    credits: Money
    debits: Money
    closing: Money
    transactions: int

    @property
    def is_proven(self) -> bool:
        """Whether the opening and what moved make the close."""
        return self.opening.minor + self.credits.minor - self.debits.minor == self.closing.minor


def read_report(document: Any) -> ReportStanding | None:
    """A report as it stands; None where it is none."""
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return None

    def text(name: str) -> str:
        found = document.get(name)
        return found if isinstance(found, str) else ""

    return ReportStanding(
        document["id"],
        text("type"),
        text("status").lower(),
        _day(text("from_date")),
        _day(text("to_date")),
        text("json_document_id"),
    )


def read_summary(content: bytes) -> tuple[AccountSummary, ...] | None:
    """The rows of the report's JSON document; None where it is none, or a row of it cannot be read."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    rows = document.get("rows") if isinstance(document, dict) else document
    if not isinstance(rows, list):
        return None
    found = [_row(one) for one in rows]
    return None if None in found else tuple(one for one in found if one is not None)


def _row(row: Any) -> AccountSummary | None:
    if not isinstance(row, Mapping) or not isinstance(row.get("bank_account_id"), str):
        return None
    currency, count = row.get("currency") or "USD", row.get("transaction_count", 0)
    cents = [row.get(f"{BALANCE}_{part}") for part in ("open", "credit", "debit", "close")]
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in (*cents, count)):
        return None
    opening, credits, debits, closing = (int(one or 0) for one in cents)
    try:
        return AccountSummary(
            row["bank_account_id"],
            Money(opening, currency),
            Money(abs(credits), currency),
            Money(abs(debits), currency),
            Money(closing, currency),
            int(count),
        )
    except (HeadgateError, TypeError):
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
