"""Messages: what became of a payment is told to whoever wants to know. The stage's queue is `q.notifications`."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.alerts import notifying
from headgate.alerts.model import EVENTS
from headgate.core.db import Tx
from headgate.messaging import Consumer, Message


def tell(tx: Tx, message: Message) -> None:
    """Tell of one message."""
    notifying.notify(tx, [message])


def tell_many(tx: Tx, messages: Sequence[Message]) -> None:
    """Tell of messages that wait together, as a set."""
    notifying.notify(tx, messages)


CONSUMERS = [
    # A broker's queue brings every `payment.…`; what nobody is told of is passed over.
    Consumer(name="servicing.notify", topics=tuple(EVENTS), handle=tell, handle_many=tell_many, at_once=True),
]
