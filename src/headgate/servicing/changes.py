"""What changed between two positions: loans, their payments, and the messages that those came by."""

from __future__ import annotations

from headgate.core.db import Tx

CHANGES_MAX = 500


def changed_loans(tx: Tx, *, after: int, now: int) -> list[str]:
    """The ids of loans, payments and payment ingestions that something happened to, as the audit log has it.

    From the position `after` up to `now`: positions are transactions of the database, and what commits later lies after the
    position that was read before.
    """
    return tx.values(
        """
        SELECT DISTINCT t.id
          FROM audit.events e
          LEFT JOIN servicing.payments p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id
         CROSS JOIN LATERAL (
           VALUES (e.payment_id), (e.data ->> 'loan_id'), (coalesce(p.ingestion_id, e.ingestion_id))) t (id)
         WHERE e.tenant_id = %(tenant)s AND e.epoch = audit.current_epoch()
           AND e.xid >= %(after)s::text::xid8 AND e.xid < %(now)s::text::xid8
           -- A payment that is refused leaves its case.
           AND (e.type LIKE 'servicing.%%' OR (e.type = 'cases.case.opened' AND e.ingestion_id IS NOT NULL))
           AND t.id IS NOT NULL
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "after": str(after), "now": str(now), "limit": CHANGES_MAX},
    )
