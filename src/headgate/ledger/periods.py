"""Periods: opened one after the other, closed in order, reopened in the opposite order and under approval.

A close conflicts with posters by the locks of the accounts alone: whatever is posted is before it, and then in its
frozen trial balance, or after it, and then refused (`ledger.period_closed`) or routed to the day after the period.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, LiteralString, cast

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ledger.arrays import texts
from headgate.ledger.model import DEBIT_NORMAL, AccountType
from headgate.ledger.period_errors import MalformedPeriod, PeriodNotFound

PeriodStatus = Literal["open", "closed"]
Late = Literal["refuse", "route"]


@dataclass(frozen=True, slots=True)
class PeriodTotal:
    """Of one currency: the sum of all debit balances and of all credit balances. In the whole book they are equal."""

    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing of a period. `digest` stands for its frozen trial balance; `reopened_at` where it was undone."""

    number: int
    closed_at: datetime
    late: Late
    reason: str
    actor_id: str
    accounts: int
    totals: tuple[PeriodTotal, ...]
    digest: str
    reopened_at: datetime | None
    approval_ref: str | None
    reopened_because: str | None


@dataclass(frozen=True, slots=True)
class Period:
    """A period of the whole book, or of the accounts of one legal entity; both its days are within it."""

    id: int
    name: str
    starts_on: date
    ends_on: date
    legal_entity_id: str | None
    status: PeriodStatus
    created_at: datetime
    closings: tuple[Closing, ...]


@dataclass(frozen=True, slots=True)
class FrozenBalance:
    """An account at the end of a closed period, on its normal side; `net_minor` is debits − credits."""

    account_id: int
    code: str
    name: str
    type: AccountType
    balance: Money
    net_minor: int


_SELECT: LiteralString = """
    SELECT p.id, p.name, p.starts_on, p.ends_on, p.legal_entity_id, p.status, p.created_at,
           coalesce(c.closings, '{}') AS closings
      FROM ledger.periods p
      LEFT JOIN LATERAL (
        SELECT array_agg(jsonb_build_object(
                 'number', k.n, 'closed_at', k.closed_at, 'late', k.late, 'reason', k.reason, 'actor_id', k.actor_id,
                 'accounts', k.accounts, 'totals', k.totals, 'digest', encode(k.digest, 'hex'),
                 'reopened_at', r.reopened_at, 'approval_ref', r.approval_ref, 'reopened_because', r.reason)
                 ORDER BY k.n) AS closings
          FROM ledger.period_closings k
          LEFT JOIN ledger.period_reopenings r
                 ON r.tenant_id = k.tenant_id AND r.period_id = k.period_id AND r.n = k.n
         WHERE k.tenant_id = p.tenant_id AND k.period_id = p.id) c ON true
"""


def open_period(tx: Tx, *, name: str, starts_on: date, ends_on: date, legal_entity_id: str | None = None) -> Period:
    """Open the next period of the whole book, or of a legal entity: it begins the day after the last one ends.

    Raises MalformedPeriod, UnknownLegalEntity, PeriodExists, PeriodDoesNotFollow.
    """
    _check_text("a name", name, 100)
    if ends_on < starts_on:
        raise MalformedPeriod(f"a period ends on the day it starts or later, not on {ends_on}")
    number = tx.value(
        "SELECT ledger.open_period(%(name)s, %(starts_on)s, %(ends_on)s, %(legal_entity_id)s)",
        {"name": name, "starts_on": starts_on, "ends_on": ends_on, "legal_entity_id": legal_entity_id},
    )
    return get_period(tx, int(number))


def get_period(tx: Tx, period_id: int) -> Period:
    """A period with its closings. Raises PeriodNotFound."""
    row = tx.maybe(_SELECT + " WHERE p.id = %(id)s", {"id": period_id})
    if row is None:
        raise PeriodNotFound()
    return _period(row)


def list_periods(
    tx: Tx,
    *,
    legal_entity_id: str | None = None,
    status: PeriodStatus | None = None,
    after: int | None = None,
    limit: int = 50,
) -> list[Period]:
    """Periods in the order in which they were opened, after the number `after`."""
    rows = tx.all(
        _SELECT
        + """
         WHERE (%(legal_entity_id)s::text IS NULL OR p.legal_entity_id = %(legal_entity_id)s)
           AND (%(status)s::text IS NULL OR p.status = %(status)s)
           AND p.id > coalesce(%(after)s::bigint, 0)
         ORDER BY p.id LIMIT %(limit)s
        """,
        {"legal_entity_id": legal_entity_id, "status": status, "after": after, "limit": limit},
    )
    return [_period(row) for row in rows]


def close_period(
    tx: Tx,
    *,
    period_id: int,
    late: Late = "refuse",
    reason: str,
    refuse_pending: bool = False,
    refuse_residuals: bool = False,
) -> Period:
    """Close a period: from here on nothing is booked into it, and its trial balance is frozen.

    `late` says what becomes of later postings for its days: refused, or booked on the first day after it.
    `refuse_pending`: not while pending money stands on its accounts. `refuse_residuals`: not while a clearing account
    is not at zero at its end. Raises MalformedPeriod, PeriodNotFound, PeriodAlreadyClosed, PeriodOutOfOrder,
    PeriodNotOver, PendingInPeriod, ClearingNotZero.
    """
    _check_text("a reason", reason, 1000)
    if late not in ("refuse", "route"):
        raise MalformedPeriod("late postings are refused or routed: late is 'refuse' or 'route'")
    tx.run(
        "SELECT ledger.close_period(%(id)s, %(late)s, %(reason)s, %(refuse_pending)s, %(refuse_residuals)s)",
        {
            "id": period_id,
            "late": late,
            "reason": reason,
            "refuse_pending": refuse_pending,
            "refuse_residuals": refuse_residuals,
        },
    )
    return get_period(tx, period_id)


def reopen_period(tx: Tx, *, period_id: int, approval_ref: str, reason: str) -> Period:
    """Reopen the last closed period of its scope. What the closing froze is kept.

    `approval_ref` names the approval of two people that a higher floor has obtained and used up; no door of the ledger
    takes one. Raises MalformedPeriod, PeriodNotFound, PeriodNotClosed, PeriodOutOfOrder.
    """
    _check_text("an approval", approval_ref, 255)
    _check_text("a reason", reason, 1000)
    tx.run(
        "SELECT ledger.reopen_period(%(id)s, %(approval_ref)s, %(reason)s)",
        {"id": period_id, "approval_ref": approval_ref, "reason": reason},
    )
    return get_period(tx, period_id)


def frozen_trial_balance(
    tx: Tx, *, period_id: int, closing: int | None = None, after: str | None = None, limit: int = 1_000_000
) -> list[FrozenBalance]:
    """The trial balance that a closing froze (the latest unless given), by account code after the code `after`.

    Accounts without entries by then are not in it. Raises PeriodNotFound, also where it was never closed so often.
    """
    found = get_period(tx, period_id)
    number = closing if closing is not None else len(found.closings)
    if not 1 <= number <= len(found.closings):
        raise PeriodNotFound(f"period {found.name} has no closing {number}", closing=number)
    rows = tx.all(
        """
        SELECT b.account_id, a.code, a.name, a.type, b.currency, b.net_minor
          FROM ledger.period_balances b
          JOIN ledger.accounts a ON a.tenant_id = b.tenant_id AND a.id = b.account_id
         WHERE b.period_id = %(id)s AND b.n = %(n)s AND a.code > coalesce(%(after)s, '')
         ORDER BY a.code LIMIT %(limit)s
        """,
        {"id": period_id, "n": number, "after": after, "limit": limit},
    )
    return [
        FrozenBalance(
            account_id=row["account_id"],
            code=row["code"],
            name=row["name"],
            type=row["type"],
            balance=Money(row["net_minor"] if row["type"] in DEBIT_NORMAL else -row["net_minor"], row["currency"]),
            net_minor=row["net_minor"],
        )
        for row in rows
    ]


def digest_of(rows: list[FrozenBalance]) -> str:
    """The digest of a whole frozen trial balance, as its closing stores it: anyone can compute it from the rows."""
    lines = (
        f"{row.account_id}:{row.balance.currency}:{row.net_minor}\n"
        for row in sorted(rows, key=lambda row: row.account_id)
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _period(row: dict[str, Any]) -> Period:
    return Period(**(row | {"closings": tuple(_closing(found) for found in row["closings"])}))


def _closing(found: dict[str, Any]) -> Closing:
    totals = tuple(
        PeriodTotal(Money(total["debit_minor"], total["currency"]), Money(total["credit_minor"], total["currency"]))
        for total in found["totals"]
    )
    instants = {
        name: None if found[name] is None else datetime.fromisoformat(cast(str, found[name]))
        for name in ("closed_at", "reopened_at")
    }
    return Closing(**(found | {"totals": totals} | instants))


def _check_text(what: str, text: str, length: int) -> None:
    texts([text])
    if not 1 <= len(text) <= length:
        raise MalformedPeriod(f"{what} has 1 to {length:,} characters")
