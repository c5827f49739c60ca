"""What cases listen to: a message that nothing could handle becomes a case."""

from __future__ import annotations

from headgate.cases.exceptions import open_case
from headgate.core.db import Tx
from headgate.messaging import Consumer, Message


def on_dead_letter(tx: Tx, message: Message) -> None:
    """One case a dead letter, with what is needed to find and requeue it."""
    open_case(
        tx,
        key=f"dead_letter:{message.aggregate_id}",
        category="dead_letter",
        subcategory=str(message.payload["event_type"]),
        detail=message.payload,
    )


CONSUMERS = [Consumer(name="cases.dead_letters", topics=("messaging.dead_letter",), handle=on_dead_letter)]
