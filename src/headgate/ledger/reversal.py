"""Reversal: a posted transaction is never changed; another one takes it back, whole or in part."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import arrays
from headgate.ledger.errors import MalformedBatch
from headgate.ledger.model import Posted
from headgate.ledger.posting import answer, raised_on_conflict

Apportion = Literal["proportional", "in_order", "keep"]


def reverse(
    tx: Tx,
    *,
    idempotency_key: str,
    transaction_id: int,
    reason: str | None,
    amount: Money | None = None,
    entries: Mapping[int, Money] | Collection[int] | None = None,
    apportion: Apportion = "proportional",
) -> Posted | Refused:
    """Post what is left of a transaction the other way round, or a part; limits hold for it as for any posting.

    Several reversals together never take back more of any entry than it moved. What they take back is one of: all that
    is left (neither `amount` nor amounts in `entries`); amounts by the entries' numbers (`entries={1: …}`); or `amount`,
    apportioned over the entries in its currency by a rule, over those numbered in `entries` only where given:

    - `proportional` to what is left of each, rounded down; the cents that remain go to the largest fractions, the
      earlier entry first where they are equal;
    - `in_order`: the first entry as far as it goes, then the next;
    - `keep`: as proportional, and the entries numbered in `entries` (fees) are kept: nothing of them is given back.

    The reversal keeps the original's source, and its description is the reason. Raises TransactionNotFound,
    IdempotencyConflict, MalformedBatch.
    """
    arrays.texts([idempotency_key, reason])
    amounts = list(entries.values()) if isinstance(entries, Mapping) else None
    numbers = None if entries is None else [int(number) for number in entries]
    _check(amount, numbers, amounts, apportion)
    currency = None if amount is None else amount.currency
    if amounts is not None and numbers is not None:
        _check_currencies(tx, transaction_id, dict(zip(numbers, amounts, strict=True)))
    row = tx.one(
        """
        SELECT code, id, replayed, facts
          FROM ledger.reverse_one(%(key)s, %(transaction)s, %(reason)s, %(amount)s, %(currency)s, %(entries)s,
                                     %(amounts)s, %(rule)s)
        """,
        {
            "key": idempotency_key,
            "transaction": transaction_id,
            "reason": reason,
            "amount": None if amount is None else amount.minor,
            "currency": currency,
            "entries": None if numbers is None else arrays.numbers(numbers),
            "amounts": None if amounts is None else arrays.numbers(one.minor for one in amounts),
            "rule": apportion,
        },
    )
    return raised_on_conflict(answer(row["code"], row["id"], row["replayed"], row["facts"]), idempotency_key)


def _check(amount: Money | None, numbers: list[int] | None, amounts: list[Money] | None, apportion: str) -> None:
    if numbers is not None and (not numbers or not all(0 < number < 2**15 for number in numbers)):
        raise MalformedBatch("name at least one entry by its number, from 1")
    if amounts is not None and (amount is not None or apportion != "proportional"):
        raise MalformedBatch("amounts by entry leave nothing to apportion: give them alone")
    if apportion == "keep" and numbers is None:
        raise MalformedBatch("name the entries to keep")
    if any(one.minor <= 0 for one in [*(amounts or []), *([] if amount is None else [amount])]):
        raise MalformedBatch("an amount to reverse is above zero")


def _check_currencies(tx: Tx, transaction_id: int, wanted: Mapping[int, Money]) -> None:
    rows = tx.all("SELECT n, currency FROM ledger.entries WHERE transaction_id = %(id)s", {"id": transaction_id})
    for row in rows:
        if row["n"] in wanted and wanted[row["n"]].currency != row["currency"]:
            raise MalformedBatch(f"entry {row['n']} is in {row['currency']}")
