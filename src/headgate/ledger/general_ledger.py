"""The general ledger: every account's lines of some days. Accounts are read in sets, two statements for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from headgate.core.db import Tx
from headgate.ledger.accounts import list_accounts
from headgate.ledger.as_of import bounds, on_normal_side
from headgate.ledger.model import Account
from headgate.ledger.reports import Statement, StatementLine, check_days, line_of

ACCOUNTS_A_SET = 500


def general_ledger(
    tx: Tx,
    *,
    from_on: date,
    to_on: date,
    currency: str | None = None,
    legal_entity_id: str | None = None,
    known_at: datetime | None = None,
) -> Iterator[Statement]:
    """The statements of all accounts by code, but of those that had neither a line nor a balance on these days.

    Raises Malformed.
    """
    check_days(from_on, to_on)
    facts = bounds(tx, None, known_at) | {"from": from_on, "before": from_on - timedelta(days=1), "to": to_on}
    after: str | None = None
    while True:
        accounts = list_accounts(
            tx, currency=currency, legal_entity_id=legal_entity_id, after=after, limit=ACCOUNTS_A_SET
        )
        yield from _statements(tx, accounts, facts)
        if len(accounts) < ACCOUNTS_A_SET:
            return
        after = accounts[-1].code


def general_ledger_lines(
    tx: Tx,
    *,
    from_on: date,
    to_on: date,
    currency: str | None = None,
    legal_entity_id: str | None = None,
    known_at: datetime | None = None,
    after: tuple[str, date, int] | None = None,
    limit: int,
) -> list[tuple[str, StatementLine]]:
    """The lines of all accounts by account code, day and number, each with its account's code; after the line (code, day,
    number) `after`. Raises Malformed.
    """
    check_days(from_on, to_on)
    after_code, after_on, after_seq = after or (None, None, None)
    rows = tx.all(
        """
        WITH found AS MATERIALIZED (
          SELECT a.code, a.type, a.currency, l.*
            FROM ledger.accounts a
           CROSS JOIN LATERAL ledger.statement_lines(
                   a.id, %(from)s, %(to)s, %(known_at)s,
                   CASE WHEN a.code = %(after_code)s THEN %(after_on)s::date END,
                   CASE WHEN a.code = %(after_code)s THEN %(after_seq)s::bigint END, %(limit)s) l
           WHERE a.effective_max >= ledger.day_begins_nowhere_before(%(from)s)
             AND a.code >= coalesce(%(after_code)s, '')
             AND (%(currency)s::text IS NULL OR a.currency = %(currency)s)
             AND (%(legal_entity_id)s::text IS NULL OR a.legal_entity_id = %(legal_entity_id)s)
           ORDER BY a.code, l.effective_on, l.seq LIMIT %(limit)s)
        SELECT l.*, c.code AS other_code, t.source_type, t.source_id, t.description
          FROM found l
          JOIN ledger.accounts c ON c.id = l.other_account_id
          JOIN ledger.transactions t ON t.id = l.transaction_id
         ORDER BY l.code, l.effective_on, l.seq
        """,
        bounds(tx, None, known_at)
        | {
            "from": from_on,
            "to": to_on,
            "currency": currency,
            "legal_entity_id": legal_entity_id,
            "after_code": after_code,
            "after_on": after_on,
            "after_seq": after_seq,
            "limit": limit,
        },
    )
    return [(row["code"], line_of(row["type"], row["currency"], row)) for row in rows]


def _statements(tx: Tx, accounts: Sequence[Account], facts: Mapping[str, Any]) -> Iterator[Statement]:
    """The statements of a set of accounts, in its order."""
    facts = {**facts, "accounts": [account.id for account in accounts]}
    ends = tx.all(
        """
        SELECT a.id, ledger.balance_as_of_day(a.id, %(before)s, %(known_at)s) AS opening,
               ledger.balance_as_of_day(a.id, %(to)s, %(known_at)s) AS closing
          FROM ledger.accounts a
         WHERE a.id = ANY (%(accounts)s) AND a.seq > 0
        """,
        facts,
    )
    lines: dict[int, list[dict[str, Any]]] = {}
    for row in tx.all(
        """
        SELECT a.id AS account_id, l.*, c.code AS other_code, t.source_type, t.source_id, t.description
          FROM ledger.accounts a
         CROSS JOIN LATERAL ledger.statement_lines(a.id, %(from)s, %(to)s, %(known_at)s, NULL, NULL, NULL) l
          JOIN ledger.accounts c ON c.id = l.other_account_id
          JOIN ledger.transactions t ON t.id = l.transaction_id
         WHERE a.id = ANY (%(accounts)s) AND a.effective_max >= ledger.day_begins_nowhere_before(%(from)s)
         ORDER BY a.id, l.effective_on, l.seq
        """,
        facts,
    ):
        lines.setdefault(row["account_id"], []).append(row)
    balances = {row["id"]: (row["opening"], row["closing"]) for row in ends}
    for account in accounts:
        opening, closing = balances.get(account.id, (0, 0))
        own = lines.get(account.id, [])
        if own or opening or closing:
            yield Statement(
                account=account,
                from_on=facts["from"],
                to_on=facts["to"],
                order="effective",
                opening=on_normal_side(account.type, opening, account.currency),
                closing=on_normal_side(account.type, closing, account.currency),
                lines=[line_of(account.type, account.currency, row) for row in own],
            )
