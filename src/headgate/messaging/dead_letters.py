"""Messages that were given up, why, and how they are tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate import audit
from headgate.core.db import Tx

DEAD_LETTER: Final = "messaging.dead_letter"
"""The message that tells of a dead letter; `cases` consumes it. One that dies itself is not announced again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A message after its last attempt. `consumer` is empty where the relay could not hand it to the transport."""

    id: int
    consumer: str
    message_id: int
    event_type: str
    aggregate_type: str
    aggregate_id: str
    correlation_id: str | None
    attempt_count: int
    last_error: str
    created_at: datetime
    dead_at: datetime
    requeued_at: datetime | None


def dead_letters(tx: Tx, *, after: int = 0, limit: int = 100, requeued: bool = False) -> list[DeadLetter]:
    """The tenant's dead letters in order of their ids; those that were requeued only when asked for."""
    return tx.all(
        """
        SELECT id, consumer, message_id, event_type, aggregate_type, aggregate_id, correlation_id, attempt_count,
               last_error, created_at, dead_at, requeued_at
          FROM messaging.dead_letters
         WHERE id > %(after)s AND (%(requeued)s OR requeued_at IS NULL)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"after": after, "limit": limit, "requeued": requeued},
        row=DeadLetter,
    )


def requeue(tx: Tx, dead_letter_id: int) -> None:
    """Try a dead letter again, from its first attempt. Raises NoSuchDeadLetter, also where it was requeued before."""
    tx.run("SELECT messaging.requeue(%(id)s)", {"id": dead_letter_id})
    audit.record(tx, type="messaging.dead_letter.requeued", data={"dead_letter_id": dead_letter_id})


def announce(connection: Connection[Any], dead_letter_ids: Sequence[int]) -> None:
    """Publish the message that tells of dead letters, in the transaction that buries them."""
    connection.execute(
        """
        INSERT INTO messaging.outbox_messages (tenant_id, event_type, aggregate_type, aggregate_id, correlation_id,
          payload)
        SELECT d.tenant_id, %(event_type)s, 'dead_letter', d.id::text, d.correlation_id,
               jsonb_build_object('dead_letter_id', d.id, 'consumer', d.consumer, 'message_id', d.message_id,
                 'event_type', d.event_type, 'aggregate_type', d.aggregate_type, 'aggregate_id', d.aggregate_id,
                 'attempt_count', d.attempt_count, 'last_error', d.last_error)
          FROM messaging.dead_letters d
         WHERE d.id = ANY (%(ids)s) AND d.event_type <> %(event_type)s
        """,
        {"event_type": DEAD_LETTER, "ids": list(dead_letter_ids)},
    )
