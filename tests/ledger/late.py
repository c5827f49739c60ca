"""What the posting functions note of late legs, worked out from the entries alone: the yardstick for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from tests.ledger.conftest import by_hand

_LATE = """
    SELECT transaction_id, n, side, account_id, effective_at, before,
           coalesce(effective_at < before, false) AS late
      FROM (SELECT l.*, max(effective_at) OVER (PARTITION BY account_id ORDER BY seq
                                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
              FROM (SELECT transaction_id, n, 'debit' AS side, debit_account_id AS account_id, debit_seq AS seq, effective_at
                      FROM ledger.entries WHERE tenant_id = %(tenant)s
                    UNION ALL
                    SELECT transaction_id, n, 'credit', credit_account_id, credit_seq, effective_at
                      FROM ledger.entries WHERE tenant_id = %(tenant)s) l) x
"""


def mark_late(admin: psycopg.Connection[Any], tenant_id: UUID) -> None:
    """Set every late leg's flag and every account's latest effective time and largest lateness, by hand."""
    facts = {"tenant": tenant_id}
    with by_hand(admin) as hand:
        for side in ("debit", "credit"):
            hand.execute(
                f"UPDATE ledger.entries e SET {side}_late = x.late FROM ({_LATE}) x"  # type: ignore[call-overload]
                f" WHERE e.tenant_id = %(tenant)s AND e.transaction_id = x.transaction_id AND e.n = x.n"
                f" AND x.side = '{side}' AND e.{side}_late <> x.late",
                facts,
            )
        hand.execute(
            f"UPDATE ledger.accounts a SET effective_max = x.latest, late_by_max = x.late_by"  # type: ignore[call-overload]
            f" FROM (SELECT account_id, max(effective_at) AS latest,"
            f"              coalesce(max(before - effective_at) FILTER (WHERE late), '0') AS late_by"
            f"         FROM ({_LATE}) y GROUP BY account_id) x"
            f" WHERE a.tenant_id = %(tenant)s AND a.id = x.account_id",
            facts,
        )
