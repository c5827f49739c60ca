"""Reports of the book as of any day: trial balance, account statement, ageing. They only read.

A day is that of each posting (`effective_on`). `known_at` gives a report as the book was written at that instant: two
parts of a long one fit together, and it comes out the same for ever, when they are asked for with the same `known_at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, LiteralString

from headgate.core.db import Tx
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.ledger.accounts import get_account
from headgate.ledger.as_of import AsOf, bounds, on_normal_side
from headgate.ledger.model import Account, AccountType

Order = Literal["effective", "recorded"]


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account's balance in its column; the other is zero."""

    account_id: int
    code: str
    name: str
    type: AccountType
    currency: str
    legal_entity_id: str | None
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """Both columns of one currency added up. Over all accounts they are equal."""

    currency: str
    debit: Money
    credit: Money

    @property
    def is_balanced(self) -> bool:
        """Whether debits equal credits."""
        return self.debit == self.credit


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One leg. `balance` is the account's, on its normal side, after it in the order of the statement."""

    seq: int
    effective_on: date
    effective_at: datetime
    recorded_at: datetime
    transaction_id: int
    n: int
    other_code: str
    source_type: str | None
    source_id: str | None
    description: str | None
    debit: Money
    credit: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """An account's lines of some days, both included, between its opening and its closing balance."""

    account: Account
    from_on: date
    to_on: date
    order: Order
    opening: Money
    closing: Money
    lines: Sequence[StatementLine]


@dataclass(frozen=True, slots=True)
class Ageing:
    """What an account is owed by the age of its debits, the oldest paid off first; `credit` is what was paid too much."""

    account_id: int
    code: str
    name: str
    currency: str
    legal_entity_id: str | None
    days_0_30: Money
    days_31_60: Money
    days_61_90: Money
    days_over_90: Money
    total: Money
    credit: Money


_TRIAL: LiteralString = """
    SELECT a.id AS account_id, a.code, a.name, a.type, a.currency, a.legal_entity_id,
           ledger.net_as_of(a.id, %(at)s, %(on)s, %(known_at)s) AS net_minor
      FROM ledger.accounts a
     WHERE a.seq > 0
       AND (%(currency)s::text IS NULL OR a.currency = %(currency)s)
       AND (%(legal_entity_id)s::text IS NULL OR a.legal_entity_id = %(legal_entity_id)s)
"""


def trial_balance(
    tx: Tx,
    *,
    as_of: AsOf = None,
    known_at: datetime | None = None,
    currency: str | None = None,
    legal_entity_id: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[TrialBalanceRow]:
    """Every account that was ever posted to, by code, after the code `after`. Raises Malformed."""
    rows = tx.all(
        "SELECT * FROM ("  # noqa: S608 - constants of this module, no value of a caller
        + _TRIAL
        + ") AS x WHERE x.code > coalesce(%(after)s, '') ORDER BY x.code LIMIT %(limit)s",
        bounds(tx, as_of, known_at)
        | {"currency": currency, "legal_entity_id": legal_entity_id, "after": after, "limit": limit},
    )
    return [_trial_row(row) for row in rows]


def trial_totals(
    tx: Tx,
    *,
    as_of: AsOf = None,
    known_at: datetime | None = None,
    currency: str | None = None,
    legal_entity_id: str | None = None,
) -> list[Totals]:
    """Both columns of the whole trial balance, by currency. Raises Malformed."""
    rows = tx.all(
        "SELECT x.currency,"  # noqa: S608 - constants of this module, no value of a caller
        " coalesce(sum(x.net_minor) FILTER (WHERE x.net_minor > 0), 0)::bigint AS debit,"
        " coalesce(-sum(x.net_minor) FILTER (WHERE x.net_minor < 0), 0)::bigint AS credit FROM ("
        + _TRIAL
        + ") AS x GROUP BY x.currency ORDER BY x.currency",
        bounds(tx, as_of, known_at) | {"currency": currency, "legal_entity_id": legal_entity_id},
    )
    return [
        Totals(row["currency"], Money(row["debit"], row["currency"]), Money(row["credit"], row["currency"]))
        for row in rows
    ]


def statement(
    tx: Tx,
    account: int | str,
    *,
    from_on: date,
    to_on: date,
    order: Order = "effective",
    known_at: datetime | None = None,
    after: tuple[date, int] | None = None,
    limit: int | None = None,
) -> Statement:
    """An account's lines by effective day (or in the order of recording), after the line (day, seq) `after`.

    In the order of recording the days are those of recording, in the legal entity's zone (UTC where there is none).
    Raises AccountNotFound, Malformed.
    """
    found = get_account(tx, account)
    check_days(from_on, to_on)
    facts = bounds(tx, None, known_at) | {
        "account": found.id,
        "from": from_on,
        "before": from_on - timedelta(days=1),
        "to": to_on,
        "after_on": after[0] if after else None,
        "after_seq": after[1] if after else None,
        "limit": limit,
        "zone": _zone(tx, found),
    }
    opening, closing = (_effective_ends if order == "effective" else _recorded_ends)(tx, facts)
    lines = _effective_lines(tx, facts) if order == "effective" else _recorded_lines(tx, facts)
    return Statement(
        account=found,
        from_on=from_on,
        to_on=to_on,
        order=order,
        opening=on_normal_side(found.type, opening, found.currency),
        closing=on_normal_side(found.type, closing, found.currency),
        lines=[line_of(found.type, found.currency, row) for row in lines],
    )


def ageing(
    tx: Tx,
    *,
    as_of: date,
    purpose: str | None = "RETURNS_RECEIVABLE",
    account: int | str | None = None,
    currency: str | None = None,
    legal_entity_id: str | None = None,
    known_at: datetime | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> list[Ageing]:
    """What each receivable account of a purpose (or one account) is owed at the end of a day, by age; by code.

    Raises AccountNotFound, Malformed.
    """
    rows = tx.all(
        """
        SELECT a.id AS account_id, a.code, a.name, a.currency, a.legal_entity_id,
               g.net_minor, g.days_0_30, g.days_31_60, g.days_61_90, g.days_over_90
          FROM ledger.accounts a
         CROSS JOIN LATERAL ledger.ageing(a.id, %(on)s, %(known_at)s) g
         WHERE a.seq > 0 AND a.type = 'ASSET'
           AND CASE WHEN %(account)s::bigint IS NULL THEN a.purpose = %(purpose)s ELSE a.id = %(account)s END
           AND (%(currency)s::text IS NULL OR a.currency = %(currency)s)
           AND (%(legal_entity_id)s::text IS NULL OR a.legal_entity_id = %(legal_entity_id)s)
           AND a.code > coalesce(%(after)s, '')
         ORDER BY a.code LIMIT %(limit)s
        """,
        bounds(tx, as_of, known_at)
        | {
            "on": as_of,
            "after": after,
            "limit": limit,
            "account": get_account(tx, account).id if account is not None else None,
            "purpose": purpose,
            "currency": currency,
            "legal_entity_id": legal_entity_id,
        },
    )
    return [_aged(row) for row in rows]


def _effective_ends(tx: Tx, facts: Mapping[str, Any]) -> tuple[int, int]:
    row = tx.one(
        """
        SELECT ledger.balance_as_of_day(%(account)s, %(before)s, %(known_at)s) AS opening,
               ledger.balance_as_of_day(%(account)s, %(to)s, %(known_at)s) AS closing
        """,
        facts,
    )
    return row["opening"], row["closing"]


def _recorded_ends(tx: Tx, facts: Mapping[str, Any]) -> tuple[int, int]:
    row = tx.one(
        """
        SELECT ledger.balance_as_of(%(account)s, NULL, least(%(known_at)s, b.opening_at)) AS opening,
               ledger.balance_as_of(%(account)s, NULL, least(%(known_at)s, b.closing_at)) AS closing
          FROM (SELECT %(from)s::date::timestamp AT TIME ZONE %(zone)s - interval '1 microsecond' AS opening_at,
                       (%(to)s::date + 1)::timestamp AT TIME ZONE %(zone)s - interval '1 microsecond' AS closing_at) b
        """,
        facts,
    )
    return row["opening"], row["closing"]


def _effective_lines(tx: Tx, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return tx.all(
        """
        SELECT l.*, c.code AS other_code, t.source_type, t.source_id, t.description
          FROM ledger.statement_lines(%(account)s, %(from)s, %(to)s, %(known_at)s, %(after_on)s, %(after_seq)s,
                                      %(limit)s) l
          JOIN ledger.accounts c ON c.id = l.other_account_id
          JOIN ledger.transactions t ON t.id = l.transaction_id
         ORDER BY l.effective_on, l.seq
        """,
        facts,
    )


def _recorded_lines(tx: Tx, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return tx.all(
        """
        SELECT l.*, c.code AS other_code, t.source_type, t.source_id, t.description
          FROM ledger.recorded_lines(%(account)s, %(from)s, %(to)s, %(known_at)s, %(zone)s, %(after_seq)s,
                                     coalesce(%(limit)s, 2147483647)) l
          JOIN ledger.accounts c ON c.id = l.other_account_id
          JOIN ledger.transactions t ON t.id = l.transaction_id
         ORDER BY l.seq
        """,
        facts,
    )


def check_days(from_on: date, to_on: date) -> None:
    """Raises Malformed where these are no days from the first to the last."""
    if from_on > to_on or from_on.year < 3 or to_on.year > 9997:
        raise Malformed(f"a report goes from a day to a later one, not from {from_on} to {to_on}")


def _zone(tx: Tx, account: Account) -> str:
    found = tx.value("SELECT time_zone FROM tenants.legal_entities WHERE id = %(id)s", {"id": account.legal_entity_id})
    return found or "UTC"


def _trial_row(row: Mapping[str, Any]) -> TrialBalanceRow:
    currency, net = row["currency"], row["net_minor"]
    return TrialBalanceRow(
        account_id=row["account_id"],
        code=row["code"],
        name=row["name"],
        type=row["type"],
        currency=currency,
        legal_entity_id=row["legal_entity_id"],
        debit=Money(max(net, 0), currency),
        credit=Money(max(-net, 0), currency),
    )


def line_of(type: AccountType, currency: str, row: Mapping[str, Any]) -> StatementLine:
    """A line as it was read, of an account of that type."""
    change = row["change_minor"]
    return StatementLine(
        seq=row["seq"],
        effective_on=row["effective_on"],
        effective_at=row["effective_at"],
        recorded_at=row["recorded_at"],
        transaction_id=row["transaction_id"],
        n=row["n"],
        other_code=row["other_code"],
        source_type=row["source_type"],
        source_id=row["source_id"],
        description=row["description"],
        debit=Money(max(change, 0), currency),
        credit=Money(max(-change, 0), currency),
        balance=on_normal_side(type, row["net_minor"], currency),
    )


def _aged(row: Mapping[str, Any]) -> Ageing:
    currency = row["currency"]
    return Ageing(
        account_id=row["account_id"],
        code=row["code"],
        name=row["name"],
        currency=currency,
        legal_entity_id=row["legal_entity_id"],
        days_0_30=Money(row["days_0_30"], currency),
        days_31_60=Money(row["days_31_60"], currency),
        days_61_90=Money(row["days_61_90"], currency),
        days_over_90=Money(row["days_over_90"], currency),
        total=Money(max(row["net_minor"], 0), currency),
        credit=Money(max(-row["net_minor"], 0), currency),
    )
