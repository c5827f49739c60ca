"""Balances: what is posted, reserved and available, on each account's normal side. Reading writes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ledger.accounts import resolve_accounts
from headgate.ledger.as_of import AsOf, account_balance, balance_as_of, balances_as_of
from headgate.ledger.errors import AccountNotFound
from headgate.ledger.model import AccountBalance, Balance

_SELECT: LiteralString = """
    SELECT account_id, code, name, type, currency, purpose, legal_entity_id, status,
           posted_minor, reserved_minor, available_minor, pending_in_minor, pending_out_minor
      FROM ledger.balances
"""


def balance(tx: Tx, account: int | str, *, as_of: AsOf = None, known_at: datetime | None = None) -> Balance:
    """The balance of an account by number, id or code: now, or as of a time (as_of.py).

    Raises AccountNotFound, Malformed.
    """
    number = account if isinstance(account, int) else resolve_accounts(tx, [account])[account]
    if as_of is not None or known_at is not None:
        return balance_as_of(tx, number, as_of=as_of, known_at=known_at)
    row = tx.maybe(
        _SELECT + " WHERE account_id = %(id)s",
        {"id": number},
    )
    if row is None:
        raise AccountNotFound(f"there is no account {account}", account=str(account))
    return _balance(row)


def balances(
    tx: Tx,
    *,
    currency: str | None = None,
    purpose: str | None = None,
    legal_entity_id: str | None = None,
    as_of: AsOf = None,
    known_at: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> list[AccountBalance]:
    """Balances by account code, after the code `after`: now, or as of a time (as_of.py). Raises Malformed."""
    if as_of is not None or known_at is not None:
        return balances_as_of(
            tx,
            as_of=as_of,
            known_at=known_at,
            currency=currency,
            purpose=purpose,
            legal_entity_id=legal_entity_id,
            after=after,
            limit=limit,
        )
    rows = tx.all(
        _SELECT
        + """
         WHERE (%(currency)s::text IS NULL OR currency = %(currency)s)
           AND (%(purpose)s::text IS NULL OR purpose = %(purpose)s)
           AND (%(legal_entity_id)s::text IS NULL OR legal_entity_id = %(legal_entity_id)s)
           AND code > coalesce(%(after)s, '')
         ORDER BY code LIMIT %(limit)s
        """,
        {"currency": currency, "purpose": purpose, "legal_entity_id": legal_entity_id, "after": after, "limit": limit},
    )
    return [account_balance(row, _balance(row)) for row in rows]


def _balance(row: dict[str, Any]) -> Balance:
    currency = row["currency"]
    return Balance(
        posted=Money(row["posted_minor"], currency),
        pending=Money(row["pending_in_minor"] - row["pending_out_minor"], currency),
        reserved=Money(row["reserved_minor"], currency),
        available=Money(row["available_minor"], currency),
    )
