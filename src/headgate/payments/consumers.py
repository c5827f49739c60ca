"""What payments listen to: money that became a client's is given to what waits for it; Column's events to their orders."""

from __future__ import annotations

from headgate.core.db import Tx
from headgate.messaging import Consumer, Message
from headgate.payments.orders import column_events
from headgate.payments.payrolls.awaiting import reserve_awaiting

FUNDED = ("funding.deposit.settled", "funding.deposit.assigned", "funding.request.final", "funding.credit.drawn")
"""Everything that raises what a client has available."""


def on_funds(tx: Tx, message: Message) -> None:
    """Reserve what waits, as far as the money reaches; money of an unknown payer is nobody's."""
    entity = message.payload.get("legal_entity_id")
    if entity is not None:
        reserve_awaiting(tx, legal_entity_id=str(entity), currency=str(message.payload["currency"]))


CONSUMERS = [
    Consumer(name="payments.awaiting_funding", topics=FUNDED, handle=on_funds),
    Consumer(
        name="payments.column_events",
        topics=("ingestion.artifact.read",),
        handle=column_events.on_artifact,
        handle_many=column_events.on_artifacts,
        at_once=True,
    ),
]
