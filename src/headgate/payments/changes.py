"""What changed since a position: payments, and the payrolls, files, orders, returns and deposits that it touches."""

from __future__ import annotations

from headgate.core.db import Tx
from headgate.payments.overview import recent_changes

CHANGES_MAX = 500


def changed_things(tx: Tx, *, after: int | None) -> tuple[int, list[str]]:
    """The position now, and the ids of what something happened to since the position `after` (None: since now).

    A payment that changed has changed its payroll, its files, its orders and its returns; a position is that of
    `recent_changes`. What is known by no row of its own (a judgement) is told by its subject.
    """
    now, payment_ids = recent_changes(tx, after=after)
    if after is None or after >= now:
        return now, []
    params = {"tenant": tx.tenant_id, "after": str(after), "now": str(now), "limit": CHANGES_MAX, "ids": payment_ids}
    told = tx.values(
        """
        SELECT DISTINCT coalesce(data->>'payroll_id', data->>'deposit_id', data->>'file_id', data->>'subject')
          FROM audit.events
         WHERE tenant_id = %(tenant)s AND epoch = audit.current_epoch()
           AND xid >= %(after)s::text::xid8 AND xid < %(now)s::text::xid8 AND payment_id IS NULL
           AND (type LIKE 'payments.payroll.%%' OR type LIKE 'payments.file.%%' OR type LIKE 'funding.%%')
         LIMIT %(limit)s
        """,
        params,
    )
    touched = tx.values(
        """
        SELECT DISTINCT t.id
          FROM payments.instructions i
          LEFT JOIN payments.attempts a ON a.tenant_id = i.tenant_id AND a.instruction_id = i.id
          LEFT JOIN payments.returns r ON r.tenant_id = a.tenant_id AND r.attempt_id = a.id
         CROSS JOIN LATERAL (VALUES (i.payroll_id), (a.ach_file_id), (CASE WHEN a.ach_file_id IS NULL THEN a.id END), (r.id)) t (id)
         WHERE i.tenant_id = %(tenant)s AND i.id = ANY(%(ids)s) AND t.id IS NOT NULL
        """,
        params,
    )
    return now, [*payment_ids, *sorted({*told, *touched} - {None})]
