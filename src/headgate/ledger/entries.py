"""Entries of the journal as records, whichever table they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.core.money import Money
from headgate.ledger.model import EntryRecord


def entry_of(row: Mapping[str, Any], of: Mapping[str, Any] | None = None) -> EntryRecord:
    """The entry of a row with the codes of its accounts, its times taken from `of`, its transaction's row, where given.

    One that is not posted has no place among its accounts' legs: its sequences and nets are zero.
    """
    times = row if of is None else of
    return EntryRecord(
        transaction_id=row["transaction_id"],
        n=row["n"],
        debit=row["debit_account_id"],
        debit_code=row["debit_code"],
        credit=row["credit_account_id"],
        credit_code=row["credit_code"],
        amount=Money(row["amount_minor"], row["currency"]),
        debit_seq=row.get("debit_seq", 0),
        debit_net=row.get("debit_net", 0),
        credit_seq=row.get("credit_seq", 0),
        credit_net=row.get("credit_net", 0),
        recorded_at=times["recorded_at"],
        effective_at=times["effective_at"],
        effective_on=times["effective_on"],
    )
