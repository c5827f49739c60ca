"""What bank statements say came in, by channel and day, for whoever compares it with its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from headgate.core.db import Tx
from headgate.ingestion.normalise import STATEMENT_LINE

LATE_DAYS: Final = 10
"""Statements of so many days after the last asked for are read too: a line may be booked after its value date."""


@dataclass(frozen=True, slots=True)
class BankDay:
    """Credits of one channel with one value date, as booked on one day."""

    channel: str
    value_on: date
    booked_on: date
    currency: str
    count: int
    amount_minor: int


def bank_credits(tx: Tx, *, first: date, last: date, account_last4: str | None = None) -> list[BankDay]:
    """The credits of statements with value dates of these days, of one account where its last four are named.

    What came back to us (a returned entry) is no credit of a payer, and is left out; so is a line whose code names no channel.
    """
    return tx.all(
        """
        SELECT r.channel, coalesce(r.value_on, r.booked_on, s.statement_on) AS value_on,
               coalesce(r.booked_on, s.statement_on) AS booked_on, r.currency, count(*) AS count,
               sum(r.amount_minor)::bigint AS amount_minor
          FROM ingestion.statements s
          JOIN ingestion.records r ON r.tenant_id = s.tenant_id AND r.statement_id = s.id
         WHERE s.tenant_id = %(tenant)s AND s.statement_on BETWEEN %(first)s AND %(until)s
           AND (%(last4)s::text IS NULL OR s.account_last4 = %(last4)s)
           AND r.kind = %(line)s AND r.direction = 'credit' AND r.channel IS NOT NULL
           AND r.details ->> 'booking' IS DISTINCT FROM 'ach_return'
           AND coalesce(r.value_on, r.booked_on, s.statement_on) BETWEEN %(first)s AND %(last)s
         GROUP BY 1, 2, 3, 4
         ORDER BY 1, 2, 3, 4
        """,
        {
            "tenant": tx.tenant_id,
            "first": first,
            "last": last,
            "until": last + timedelta(days=LATE_DAYS),
            "last4": account_last4,
            "line": STATEMENT_LINE,
        },
        row=BankDay,
    )


def statement_days(tx: Tx, *, first: date, account_last4: str | None = None) -> list[date]:
    """The days from the first on of which a statement was read."""
    return tx.values(
        """
        SELECT DISTINCT s.statement_on FROM ingestion.statements s
         WHERE s.tenant_id = %(tenant)s AND s.statement_on >= %(first)s
           AND (%(last4)s::text IS NULL OR s.account_last4 = %(last4)s)
         ORDER BY 1
        """,
        {"tenant": tx.tenant_id, "first": first, "last4": account_last4},
    )
