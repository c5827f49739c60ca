"""Column's report `bank_account_summary`: each account's balance at the opening and close of days, and what moved between.

    [{"bank_account_id": "bacc_1", "transaction_count": 3, "currency": "USD", "available_balance_open": 100000,
      "available_balance_credit": 5000, "available_balance_debit": -2500, "available_balance_close": 102500}]

It holds no bookings: it gives no record, and one control an account, the close that it says beside the one that its own
opening and sums make. Amounts are whole cents, balances signed. Column's documents: guides/reporting.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from headgate.core.money import Money
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._amounts import of_units
from headgate.ingestion.parsers._json_values import text_of, values
from headgate.ingestion.records import Control, Fault, Item

_BALANCE: Final = "available_balance"


def sniff(data: bytes) -> float:
    """JSON with an account's id and an available balance's close."""
    head = data[:65_536]
    if head[:16].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0.0
    return 0.95 if b'"bank_account_id"' in head and b'"available_balance_close"' in head else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """A control for every account, and a fault for every row that is none."""
    found = False
    for one in values(stream, "column_summary"):
        found = True
        if isinstance(one, Fault):
            yield one
            continue
        line, value = one
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            yield _row(line, row)
    if not found:
        yield Fault(1, 0, "", "column_summary.empty", "line 1: no account; ask Column for the report again")


def _row(line: int, row: Any) -> Control | Fault:
    name = text_of(row.get("bank_account_id")) if isinstance(row, dict) else ""
    if not name:
        return Fault(line, 0, "bank_account_id", "column_summary.account", f"line {line}: a row names no account")
    currency = text_of(row.get("currency")) or "USD"
    cents = [of_units(row.get(f"{_BALANCE}_{part}"), currency) for part in ("open", "credit", "debit", "close")]
    if any(one is None for one in cents):
        text = f"line {line}: a balance is no whole amount; ask Column for the report again"
        return Fault(line, 0, _BALANCE, "column_summary.amount", text)
    opening, credits, debits, closing = (one or 0 for one in cents)
    made = opening + abs(credits) - abs(debits)
    return Control(line, f"{_BALANCE}_close {name}"[:80], Money(closing, currency), Money(made, currency))


PARSER = streaming(
    name="column_summary_v1", kind="settlement", title="Column's summary of accounts", sniff=sniff, read=read
)
