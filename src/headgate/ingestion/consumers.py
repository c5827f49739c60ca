"""Messages: what was received is read."""

from __future__ import annotations

from collections.abc import Sequence

from headgate import ingestion
from headgate.core.db import Tx
from headgate.messaging import Consumer, Message


def read_artifact(tx: Tx, message: Message) -> None:
    """Read an artifact that came. One that is read already, that no parser knows or that holds rates needs no more."""
    ingestion.read_together(tx, [message.aggregate_id])


def read_artifacts(tx: Tx, messages: Sequence[Message]) -> None:
    """Those that came together, as a set."""
    ingestion.read_together(tx, [message.aggregate_id for message in messages])


CONSUMERS = [
    Consumer(
        name="ingestion.read",
        topics=("ingestion.artifact.received",),
        handle=read_artifact,
        handle_many=read_artifacts,
    )
]
