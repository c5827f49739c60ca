"""What the posting functions note of late legs, worked out from the entries alone: the yardstick for it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

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


def check_marks(admin: psycopg.Connection[Any], tenant_id: UUID) -> None:
    """What the posting functions noted of each leg and each account is what the entries say."""
    facts = {"tenant": tenant_id}
    wrong = admin.execute(
        f"""
        SELECT x.transaction_id, x.n, x.side FROM ({_LATE}) x
          JOIN ledger.entries e ON e.tenant_id = %(tenant)s AND e.transaction_id = x.transaction_id AND e.n = x.n
         WHERE CASE x.side WHEN 'debit' THEN e.debit_late ELSE e.credit_late END <> x.late
        """,  # type: ignore[call-overload]
        facts,
    ).fetchall()
    assert wrong == []
    wrong = admin.execute(
        f"""
        SELECT a.code, a.effective_max, x.latest, a.late_by_max, x.late_by
          FROM ledger.accounts a
          JOIN (SELECT account_id, max(effective_at) AS latest,
                       coalesce(max(before - effective_at) FILTER (WHERE late), '0') AS late_by
                  FROM ({_LATE}) y GROUP BY account_id) x ON x.account_id = a.id
         WHERE a.tenant_id = %(tenant)s AND (a.effective_max <> x.latest OR a.late_by_max < x.late_by)
        """,  # type: ignore[call-overload]
        facts,
    ).fetchall()
    assert wrong == []
