"""Messages: what was received is read."""

from __future__ import annotations

from headgate import ingestion
from headgate.core.db import Tx
from headgate.ingestion.artifacts import RATES
from headgate.messaging import Consumer, Message


def read_artifact(tx: Tx, message: Message) -> None:
    """Read an artifact that came. One that is read already, that no parser knows or that holds rates needs no more."""
    found = ingestion.get_artifact(tx, message.aggregate_id)
    if found.status == "received" and found.kind != RATES:
        ingestion.read(tx, message.aggregate_id)


CONSUMERS = [Consumer(name="ingestion.read", topics=("ingestion.artifact.received",), handle=read_artifact)]
