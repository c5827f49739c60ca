"""What changed between two positions: loans, and their payments."""

from __future__ import annotations

from headgate.core.db import Tx

CHANGES_MAX = 500


def changed_loans(tx: Tx, *, after: int, now: int) -> list[str]:
    """The ids of loans and payments that something happened to from the position `after` up to `now`, as the audit log has it.

    Positions are transactions of the database: what commits later lies after the position that was read before.
    """
    return tx.values(
        """
        SELECT DISTINCT t.id
          FROM audit.events e
         CROSS JOIN LATERAL (VALUES (e.payment_id), (e.data ->> 'loan_id')) t (id)
         WHERE e.tenant_id = %(tenant)s AND e.epoch = audit.current_epoch()
           AND e.xid >= %(after)s::text::xid8 AND e.xid < %(now)s::text::xid8 AND e.type LIKE 'servicing.%%'
           AND t.id IS NOT NULL
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "after": str(after), "now": str(now), "limit": CHANGES_MAX},
    )
