"""By when an order that left must have been heard of: the end of so many banking days after it was to settle.

How many, the bank's profile says (`heard_within_days`). It is fixed when the order leaves, so that a profile that changes
later moves no deadline. What is not heard of in time is a case (`missing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from headgate.core.db import Tx
from headgate.rails import add_banking_days, banks, cutoffs


def heard_by(bank: banks.Profile, rail: str, settles_on: date) -> datetime:
    """When the bank must have said what became of an order that was to settle on that day.

    Raises RailNotOffered, NotEntered.
    """
    last = add_banking_days(settles_on, banks.terms(bank, rail).heard_within_days)
    return cutoffs.instant_of(last + timedelta(days=1), time(0), bank.identity.time_zone)


def expect(tx: Tx, attempt_ids: Sequence[str], *, bank: str, heard_by: datetime) -> None:
    """Write down by when these attempts must have been heard of, once: what stands in no file, whose row says it."""
    tx.run(
        """
        INSERT INTO payments.settlement_deadlines (tenant_id, attempt_id, bank, heard_by)
        SELECT %(tenant)s, a.id, %(bank)s, %(by)s
          FROM unnest(%(ids)s::text[]) AS a (id)
            ON CONFLICT (tenant_id, attempt_id) DO NOTHING
        """,
        {"tenant": tx.tenant_id, "ids": list(attempt_ids), "bank": bank, "by": heard_by},
    )
