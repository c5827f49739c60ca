"""The book as of a time: what had happened by then (effective), and what was written by then (known).

`as_of` is an instant, or a day: the end of that day as each posting's legal entity counts days. `known_at` is a real
instant in the past: the book as it was written then, whatever was posted or backdated since. A reading of both never
changes, once the transactions that were under way at `known_at` are over. Reservations and pending transactions have one
time, that of their recording: what was held at the earlier of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, LiteralString

from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.ledger.errors import AccountNotFound
from headgate.ledger.model import DEBIT_NORMAL, YEARS, AccountBalance, Balance

AsOf = date | datetime | None
"""An instant, the end of a day, or None: everything."""

_SELECT: LiteralString = """
    SELECT a.id AS account_id, a.code, a.name, a.type, a.currency, a.purpose, a.legal_entity_id, a.status,
           ledger.net_as_of(a.id, %(at)s, %(on)s, %(known_at)s) AS net_minor,
           ledger.reserved_as_of(a.id, %(held_at)s) AS reserved_minor,
           p.out_minor AS pending_out_minor, p.in_minor AS pending_in_minor
      FROM ledger.accounts a
     CROSS JOIN LATERAL ledger.pending_as_of(a.id, %(held_at)s) p
"""


def bounds(tx: Tx, as_of: AsOf, known_at: datetime | None) -> dict[str, Any]:
    """The parameters of ledger.net_as_of, reserved_as_of and pending_as_of.

    Raises Malformed where an instant has no zone or `known_at` lies ahead.
    """
    is_day = isinstance(as_of, date) and not isinstance(as_of, datetime)
    for instant in (as_of, known_at):
        if isinstance(instant, datetime) and instant.tzinfo is None:
            raise Malformed(f"{instant.isoformat()} has no time zone: give an instant, as 2026-11-20T12:00:00+00:00")
    if isinstance(as_of, date) and as_of.year not in YEARS:
        raise Malformed(f"{as_of.isoformat()} lies beyond the book's calendar")
    if known_at is not None and known_at > tx.value("SELECT clock_timestamp()"):
        raise Malformed("known_at lies ahead: what will be written is not known yet", known_at=known_at.isoformat())
    at = as_of if isinstance(as_of, datetime) else None
    by = at or (datetime.combine(as_of, time.max, UTC) if as_of is not None else None)
    moments = [moment for moment in (by, known_at) if moment is not None]
    return {
        "on": as_of if is_day else None,
        "at": at,
        "known_at": known_at,
        "held_at": min(moments) if moments else None,
    }


def balance_as_of(tx: Tx, account: int, *, as_of: AsOf = None, known_at: datetime | None = None) -> Balance:
    """The balance of an account as of a time, as known at a time. Raises Malformed, AccountNotFound."""
    row = tx.maybe(_SELECT + " WHERE a.id = %(id)s", bounds(tx, as_of, known_at) | {"id": account})
    if row is None:
        raise AccountNotFound(f"there is no account {account}", account=str(account))
    return _balance(row)


def balances_as_of(
    tx: Tx,
    *,
    as_of: AsOf = None,
    known_at: datetime | None = None,
    currency: str | None = None,
    purpose: str | None = None,
    legal_entity_id: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[AccountBalance]:
    """Balances as of a time by account code, after the code `after`. Raises Malformed."""
    rows = tx.all(
        _SELECT  # noqa: S608 - constants of this module, no value of a caller
        + """
         WHERE a.id IN (SELECT b.id FROM ledger.accounts b
                         WHERE (%(currency)s::text IS NULL OR b.currency = %(currency)s)
                           AND (%(purpose)s::text IS NULL OR b.purpose = %(purpose)s)
                           AND (%(legal_entity_id)s::text IS NULL OR b.legal_entity_id = %(legal_entity_id)s)
                           AND b.code > coalesce(%(after)s, '')
                         ORDER BY b.code LIMIT %(limit)s)
         ORDER BY a.code
        """,
        bounds(tx, as_of, known_at)
        | {
            "currency": currency,
            "purpose": purpose,
            "legal_entity_id": legal_entity_id,
            "after": after,
            "limit": limit,
        },
    )
    return [account_balance(row, _balance(row)) for row in rows]


def account_balance(row: Mapping[str, Any], balance: Balance) -> AccountBalance:
    """A balance with what names its account, of a row that says so."""
    return AccountBalance(
        account_id=row["account_id"],
        code=row["code"],
        name=row["name"],
        type=row["type"],
        currency=row["currency"],
        purpose=row["purpose"],
        legal_entity_id=row["legal_entity_id"],
        status=row["status"],
        balance=balance,
    )


def on_normal_side(account_type: str, net_minor: int, currency: str) -> Money:
    """A net (debits − credits) as the account's own balance."""
    return Money(net_minor if account_type in DEBIT_NORMAL else -net_minor, currency)


def _balance(row: Mapping[str, Any]) -> Balance:
    currency = row["currency"]
    posted = on_normal_side(row["type"], row["net_minor"], currency)
    reserved = Money(row["reserved_minor"], currency)
    leaving = Money(row["pending_out_minor"], currency)
    coming = Money(row["pending_in_minor"], currency)
    return Balance(posted=posted, pending=coming - leaving, reserved=reserved, available=posted - reserved - leaving)
