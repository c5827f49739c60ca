"""Settlements: named cut-offs of an account, each leg in one at most.

A cut-off takes everything that is recorded by now, effective by its time and not settled yet. So what is recorded late,
with an effective time before a cut-off that was made already, is taken by the next one, and is never lost or taken twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ledger.accounts import get_account
from headgate.ledger.arrays import instants, texts
from headgate.ledger.model import DEBIT_NORMAL
from headgate.ledger.period_errors import MalformedSettlement, SettlementNotFound


@dataclass(frozen=True, slots=True)
class Settlement:
    """A cut-off. `amount` is the sum of its legs on the account's normal side; `late_legs` of them came too late before."""

    id: int
    account_id: int
    account_code: str
    name: str
    cut_off_at: datetime
    recorded_at: datetime
    legs: int
    late_legs: int
    debits: Money
    credits: Money
    amount: Money
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class SettledLeg:
    """A leg that a settlement took. `amount` is on the account's normal side."""

    seq: int
    transaction_id: int
    n: int
    amount: Money
    effective_at: datetime
    recorded_at: datetime
    description: str | None


_SELECT: LiteralString = """
    SELECT s.id, s.account_id, a.code, a.type, s.name, s.cut_off_at, s.recorded_at, s.legs, s.late_legs, s.debit_minor,
           s.credit_minor, s.currency
      FROM ledger.settlements s
      JOIN ledger.accounts a ON a.tenant_id = s.tenant_id AND a.id = s.account_id
"""


def cut_off(tx: Tx, *, account: int | str, at: datetime, name: str) -> Settlement:
    """Settle what the account has recorded and not settled yet, as far as it is effective by `at`.

    The same name and time give the first settlement again. Raises MalformedSettlement, AccountNotFound,
    SettlementExists (the name stands for another time), CutOffInFuture.
    """
    instants([at])
    texts([name])
    if not 1 <= len(name) <= 100:
        raise MalformedSettlement("a name has 1 to 100 characters")
    row = tx.one(
        "SELECT id, replayed FROM ledger.cut_off(%(account)s, %(at)s, %(name)s)",
        {"account": get_account(tx, account).id, "at": at, "name": name},
    )
    return _settlement(_row(tx, row["id"]), row["replayed"])


def get_settlement(tx: Tx, settlement_id: int) -> Settlement:
    """One settlement. Raises SettlementNotFound."""
    return _settlement(_row(tx, settlement_id))


def list_settlements(
    tx: Tx, *, account: int | None = None, before: int | None = None, limit: int = 50
) -> list[Settlement]:
    """Settlements, newest first, before the number `before`."""
    rows = tx.all(
        _SELECT
        + """
         WHERE (%(account)s::bigint IS NULL OR s.account_id = %(account)s)
           AND (%(before)s::bigint IS NULL OR s.id < %(before)s)
         ORDER BY s.id DESC LIMIT %(limit)s
        """,
        {"account": account, "before": before, "limit": limit},
    )
    return [_settlement(row) for row in rows]


def settled_legs(tx: Tx, settlement_id: int, *, after: int | None = None, limit: int = 50) -> list[SettledLeg]:
    """The legs of a settlement in the order of the account, after the leg numbered `after`. Raises SettlementNotFound."""
    found = _row(tx, settlement_id)
    sign = 1 if found["type"] in DEBIT_NORMAL else -1
    rows = tx.all(
        """
        SELECT k.seq, l.transaction_id, l.n, k.change_minor, l.effective_at, l.recorded_at, t.description
          FROM ledger.settlement_legs k
          JOIN ledger.legs l ON l.tenant_id = k.tenant_id AND l.account_id = k.account_id AND l.seq = k.seq
          JOIN ledger.transactions t ON t.tenant_id = l.tenant_id AND t.id = l.transaction_id
         WHERE k.settlement_id = %(id)s AND k.seq > coalesce(%(after)s::bigint, 0)
         ORDER BY k.seq LIMIT %(limit)s
        """,
        {"id": settlement_id, "after": after, "limit": limit},
    )
    return [
        SettledLeg(
            seq=row["seq"],
            transaction_id=row["transaction_id"],
            n=row["n"],
            amount=Money(sign * row["change_minor"], found["currency"]),
            effective_at=row["effective_at"],
            recorded_at=row["recorded_at"],
            description=row["description"],
        )
        for row in rows
    ]


def _row(tx: Tx, settlement_id: int) -> dict[str, Any]:
    row = tx.maybe(_SELECT + " WHERE s.id = %(id)s", {"id": settlement_id})
    if row is None:
        raise SettlementNotFound()
    return row


def _settlement(row: dict[str, Any], replayed: bool = False) -> Settlement:
    net = row["debit_minor"] - row["credit_minor"]
    return Settlement(
        id=row["id"],
        account_id=row["account_id"],
        account_code=row["code"],
        name=row["name"],
        cut_off_at=row["cut_off_at"],
        recorded_at=row["recorded_at"],
        legs=row["legs"],
        late_legs=row["late_legs"],
        debits=Money(row["debit_minor"], row["currency"]),
        credits=Money(row["credit_minor"], row["currency"]),
        amount=Money(net if row["type"] in DEBIT_NORMAL else -net, row["currency"]),
        replayed=replayed,
    )
