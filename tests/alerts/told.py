"""What was published of loan payments, as the consumer of notifications gets it."""

from __future__ import annotations

from headgate.core.db import Tx
from headgate.messaging import Message


def payment_messages(tx: Tx) -> list[Message]:
    """Every message of a payment of this tenant, in order."""
    rows = tx.all(
        """
        SELECT id, tenant_id, event_type, aggregate_type, aggregate_id, payload, correlation_id, created_at
          FROM messaging.outbox_messages WHERE event_type LIKE 'payment.%%' ORDER BY id
        """
    )
    return [Message(**row) for row in rows]
