"""Messages that were given up, why, and how they are tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg import Connection

from headgate import audit
from headgate.core import ids
from headgate.core.db import Tx

DEAD_LETTER: Final = "messaging.dead_letter"
"""The message that tells of a dead letter; `cases` consumes it. One that dies itself is not announced again."""

STANDING: Final = """
CASE WHEN d.requeued_at IS NULL THEN 'dead' WHEN i.handled_at IS NOT NULL THEN 'handled'
     WHEN d.consumer = '' AND EXISTS (SELECT FROM messaging.outbox_messages o
                                       WHERE o.tenant_id = d.tenant_id AND o.id = d.message_id AND o.created_at = d.created_at
                                         AND o.published_at IS NOT NULL) THEN 'handled'
     WHEN EXISTS (SELECT FROM messaging.dead_letters n
                   WHERE n.tenant_id = d.tenant_id AND n.consumer = d.consumer AND n.message_id = d.message_id AND n.id > d.id)
       THEN 'dead_again'
     ELSE 'requeued' END
"""

FROM: Final = """
  FROM messaging.dead_letters d
  LEFT JOIN messaging.inbox i ON i.tenant_id = d.tenant_id AND i.consumer = d.consumer AND i.message_id = d.message_id
"""

SELECT: Final = (
    """
SELECT d.id AS number,
"""
    + STANDING
    + """ AS standing, d.consumer, d.message_id, d.event_type, d.aggregate_type, d.aggregate_id, d.correlation_id,
       d.attempt_count, d.last_error, d.created_at, d.dead_at, d.requeued_at, d.requeued_by, i.handled_at, d.payload
"""
    + FROM
)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message after its last attempt; `number` counts it, `consumer` is empty where the relay could not hand it over.

    `standing` says what became of it: `dead`, or tried again and on its way (`requeued`), `handled` since, or `dead_again`.
    """

    number: int
    standing: str
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
    requeued_by: str | None
    handled_at: datetime | None
    payload: dict[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return ids.encode("dlt", self.number)

    @property
    def who(self) -> str:
        """Who could not handle it."""
        return self.consumer or "the relay"


def dead_letters(tx: Tx, *, after: int = 0, limit: int = 100, requeued: bool = False) -> list[DeadLetter]:
    """The tenant's dead letters in order of their numbers; those that were requeued only when asked for."""
    return tx.all(
        SELECT
        + """
         WHERE d.id > %(after)s AND (%(requeued)s OR d.requeued_at IS NULL)
         ORDER BY d.id
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
