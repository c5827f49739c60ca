"""Clearing accounts: money passes through them, so they should come to zero; what is left has an age and an origin.

A leg's reference is the `reference` in its transaction's metadata, else its source. Legs whose reference nets to zero
have cleared each other, in whatever order they came; among the rest the oldest is cleared first (FIFO).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ledger.accounts import get_account
from headgate.ledger.arrays import texts
from headgate.ledger.model import DEBIT_NORMAL
from headgate.ledger.watch_errors import MalformedClearingRule


@dataclass(frozen=True, slots=True)
class ClearingItem:
    """A leg that nothing has cleared, wholly or in part: `left` of `amount`, both on the account's normal side."""

    transaction_id: int
    n: int
    other_account_code: str
    amount: Money
    left: Money
    effective_at: datetime
    recorded_at: datetime
    age: timedelta
    reference: str | None
    source_type: str | None
    source_id: str | None
    description: str | None


@dataclass(frozen=True, slots=True)
class ClearingAccount:
    """A clearing account with what is left on it, oldest first; `is_overdue` where the oldest is older than `max_age`."""

    account_id: int
    code: str
    name: str
    currency: str
    residual: Money
    max_age: timedelta | None
    age: timedelta | None
    is_overdue: bool
    items: tuple[ClearingItem, ...]


def set_must_be_zero(
    tx: Tx, *, account: int | str, must_be_zero: bool, max_age: timedelta | None = None, reason: str
) -> ClearingAccount | None:
    """Declare an account to be a clearing account, or no longer one; `max_age` is how old what is left on it may be.

    Raises MalformedClearingRule, AccountNotFound. Returns its report, None where it need not be zero.
    """
    texts([reason])
    if not 1 <= len(reason) <= 1000:
        raise MalformedClearingRule("a reason has 1 to 1,000 characters")
    if max_age is not None and (max_age <= timedelta(0) or not must_be_zero):
        raise MalformedClearingRule("an age is positive, and is given for an account that must be zero")
    number = get_account(tx, account).id
    tx.run(
        "SELECT ledger.set_must_be_zero(%(id)s, %(must_be_zero)s, %(max_age)s, %(reason)s)",
        {"id": number, "must_be_zero": must_be_zero, "max_age": max_age, "reason": reason},
    )
    return next(iter(clearing_report(tx, account=number)), None)


def clearing_report(
    tx: Tx,
    *,
    account: int | None = None,
    currency: str | None = None,
    only_residuals: bool = False,
    items: int = 100,
    after: str | None = None,
    limit: int = 1_000_000,
) -> list[ClearingAccount]:
    """Every clearing account by code, with what is left on it: at most `items` legs each, the oldest first."""
    now = tx.now()
    rows = tx.all(
        """
        SELECT a.id, a.code, a.name, a.type, a.currency, a.net_minor, c.max_age
          FROM ledger.accounts a
          LEFT JOIN ledger.clearing_rule c ON c.tenant_id = a.tenant_id AND c.account_id = a.id
         WHERE a.must_be_zero AND (%(account)s::bigint IS NULL OR a.id = %(account)s)
           AND (%(currency)s::text IS NULL OR a.currency = %(currency)s)
           AND (NOT %(only_residuals)s OR a.net_minor <> 0)
           AND a.code > coalesce(%(after)s, '')
         ORDER BY a.code LIMIT %(limit)s
        """,
        {"account": account, "currency": currency, "only_residuals": only_residuals, "after": after, "limit": limit},
    )
    left = _items(tx, [row["id"] for row in rows if row["net_minor"]], items)
    return [_account(row, left.get(row["id"], []), now) for row in rows]


def _items(tx: Tx, accounts: list[int], most: int) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    rows = tx.all(
        """
        SELECT i.account_id, i.transaction_id, i.n, o.code AS other_account_code, i.change_minor, i.left_minor,
               i.effective_at, i.recorded_at, i.reference, i.source_type, i.source_id, i.description
          FROM (SELECT k.*, row_number() OVER (PARTITION BY k.account_id ORDER BY k.effective_at, k.seq) AS place
                  FROM ledger.clearing_items k WHERE k.account_id = ANY (%(accounts)s)) i
          JOIN ledger.accounts o ON o.tenant_id = i.tenant_id AND o.id = i.other_account_id
         WHERE i.place <= %(most)s
         ORDER BY i.account_id, i.place
        """,
        {"accounts": accounts, "most": max(most, 1)},
    )
    for row in rows:
        found.setdefault(row.pop("account_id"), []).append(row)
    return found


def _account(row: dict[str, Any], left: list[dict[str, Any]], now: datetime) -> ClearingAccount:
    sign = 1 if row["type"] in DEBIT_NORMAL else -1
    currency = row["currency"]
    items = tuple(
        ClearingItem(
            amount=Money(sign * item.pop("change_minor"), currency),
            left=Money(sign * item.pop("left_minor"), currency),
            age=now - item["effective_at"],
            **item,
        )
        for item in left
    )
    age = items[0].age if items else None
    return ClearingAccount(
        account_id=row["id"],
        code=row["code"],
        name=row["name"],
        currency=currency,
        residual=Money(sign * row["net_minor"], currency),
        max_age=row["max_age"],
        age=age,
        is_overdue=age is not None and row["max_age"] is not None and age > row["max_age"],
        items=items,
    )
