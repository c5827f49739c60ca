"""What is told together: whoever has something to tell adds it, and all of it is one statement for the audit chain and one for
the messages."""

from __future__ import annotations

from dataclasses import dataclass, field

from headgate import audit, messaging
from headgate.core.db import Tx


@dataclass(slots=True)
class Telling:
    """Events and messages that are still to be written, in their order."""

    events: list[audit.Event] = field(default_factory=list)
    messages: list[messaging.Outgoing] = field(default_factory=list)

    def send(self, tx: Tx) -> None:
        """Record and publish them, once; within `tx.ahead()` without a wait of their own."""
        audit.record_ahead(tx, self.events)
        messaging.publish_ahead(tx, self.messages)
        self.events, self.messages = [], []
