"""The embedded default: queues as rows of `messaging.queue_messages`, on the database that is there anyway.

Works as the role headgate_dispatcher, across tenants. A delivery is claimed with FOR UPDATE SKIP LOCKED and a deadline;
each step is one statement, so a process killed between any two leaves a row that the next one takes over.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from headgate.core import arrays
from headgate.core.db import Database, translated
from headgate.messaging.dead_letters import announce
from headgate.messaging.model import ATTEMPTS_MAX, Message
from headgate.messaging.topics import pattern
from headgate.messaging.transports.contract import Delivery, QueueStatus

HOLD_SECONDS: Final = 60
ERROR_LENGTH_MAX: Final = 2000


def dispatching(database: Database) -> Connection[Any]:
    """A connection for who only moves messages about: it does not wait for the disk.

    What a crash of the server takes with it is the latest that was moved, whole: what was taken is due again, what was
    claimed is free again, what was acknowledged comes again to a consumer whose inbox knows it. A consumer's own commit does
    wait, and with it comes to disk whatever was moved before it.
    """
    connection = database.connect("dispatcher")
    with translated():
        connection.execute("SET synchronous_commit = off")
        # What waits comes and goes: a plan made while nothing did would read the whole table later on.
        connection.execute("SET enable_seqscan = off")
    return connection


class PostgresTransport:
    """Queues in the database. `hold_seconds` is how long a received message belongs to who received it.

    `subscribes_as` is written beside each subscription: who holds what waits for that consumer.
    """

    waits = False
    takes = True

    def __init__(
        self, database: Database, *, hold_seconds: float = HOLD_SECONDS, subscribes_as: str = "postgres"
    ) -> None:
        self._connection = dispatching(database)
        with translated():
            # What is named by its key is found by it: a plain scan of an index could read all that waits.
            self._connection.execute("SET enable_indexscan = off")
            # That leaves one plan each, which is made once.
            self._connection.execute("SET plan_cache_mode = force_generic_plan")
        self._hold_seconds = hold_seconds
        self._subscribes_as = subscribes_as
        # Unlike a process id, never another's: a name that comes again would own what its forerunner left.
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def subscribe(self, subscriptions: Mapping[str, Sequence[str]]) -> None:
        """See Transport. A consumer whose topics changed gets what is published from now on."""
        for consumer, topics in subscriptions.items():
            self._run(
                """
                INSERT INTO messaging.subscriptions AS s (consumer, topics, pattern, transport)
                VALUES (%(consumer)s, %(topics)s, %(pattern)s, %(transport)s)
                ON CONFLICT (consumer) DO UPDATE
                  SET topics = excluded.topics, pattern = excluded.pattern, transport = excluded.transport,
                      since = CASE WHEN s.pattern = excluded.pattern THEN s.since ELSE clock_timestamp() END
                  WHERE s.pattern <> excluded.pattern OR s.transport <> excluded.transport
                """,
                {
                    "consumer": consumer,
                    "topics": list(topics),
                    "pattern": pattern(topics),
                    "transport": self._subscribes_as,
                },
            )

    def take(self, limit: int) -> int | None:
        """See Transport. The outbox lies in the same database: its rows become queued ones in one statement, or none does."""
        rows = self._all(
            "SELECT messaging.queue_due(%(limit)s, %(attempts)s) AS count", {"limit": limit, "attempts": ATTEMPTS_MAX}
        )
        count: int | None = rows[0]["count"]
        return count

    def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        """See Transport. All are taken, or the database does not answer."""
        self._run(
            """
            INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type,
              aggregate_type, aggregate_id, payload, correlation_id)
            SELECT m.tenant_id, s.consumer, m.id, m.created_at, m.event_type, m.aggregate_type, m.aggregate_id,
                   m.payload, m.correlation_id
              FROM unnest(%(tenant_ids)s::uuid[], %(ids)s::bigint[], %(created_ats)s::timestamptz[],
                          %(event_types)s::text[], %(aggregate_types)s::text[], %(aggregate_ids)s::text[], %(payloads)s::jsonb[],
                          %(correlation_ids)s::text[], %(handled_bys)s::text[])
                   AS m (tenant_id, id, created_at, event_type, aggregate_type, aggregate_id, payload, correlation_id, handled_by)
              JOIN messaging.subscriptions s ON '.' || m.event_type ~ s.pattern AND s.consumer IS DISTINCT FROM m.handled_by
             ORDER BY m.id
            ON CONFLICT DO NOTHING
            """,
            {
                **{name + "s": [getattr(each, name) for each in messages] for name in _COLUMNS},
                "payloads": [Jsonb(each.payload) for each in messages],
            },
        )
        return {}

    def receive(self, consumers: Sequence[str], limit: int) -> list[Delivery]:
        """See Transport. The consumer whose oldest message waits longest comes first, with as many of its as there are: a set."""
        rows = self._all(
            """
            SELECT q.consumer, q.message_id AS id, q.tenant_id, q.event_type, q.aggregate_type, q.aggregate_id, q.payload,
                   q.correlation_id, q.created_at, q.attempt_count AS attempt
              FROM messaging.claim_queued(%(consumers)s, %(limit)s, %(holder)s, %(seconds)s) q
            """,
            {
                "consumers": arrays.texts(list(consumers)),
                "limit": limit,
                "holder": self.holder,
                "seconds": self._hold_seconds,
            },
        )
        rows.sort(key=lambda row: row["id"])
        return [Delivery(consumer=row.pop("consumer"), message=Message(**row)) for row in rows]

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """See Transport."""
        self._run(
            """
            DELETE FROM messaging.queue_messages q
             USING unnest(%(tenant_ids)s::uuid[], %(consumers)s::text[], %(ids)s::bigint[])
                   AS these (tenant_id, consumer, message_id)
             WHERE (q.tenant_id, q.consumer, q.message_id) = (these.tenant_id, these.consumer, these.message_id)
            """,
            _keys(deliveries),
        )

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """See Transport."""
        self._run(
            """
            UPDATE messaging.queue_messages q
               SET claimed_by = NULL, claimed_until = NULL, attempt_count = q.attempt_count - 1
              FROM unnest(%(tenant_ids)s::uuid[], %(consumers)s::text[], %(ids)s::bigint[])
                   AS these (tenant_id, consumer, message_id)
             WHERE (q.tenant_id, q.consumer, q.message_id) = (these.tenant_id, these.consumer, these.message_id)
               AND q.claimed_by = %(holder)s
            """,
            {**_keys(deliveries), "holder": self.holder},
        )

    def retry(self, delivery: Delivery, *, error: str, wait_seconds: float) -> None:
        """See Transport."""
        self._run(
            """
            UPDATE messaging.queue_messages q
               SET claimed_by = NULL, claimed_until = NULL, last_error = %(error)s,
                   available_at = clock_timestamp() + make_interval(secs => %(seconds)s)
              FROM unnest(%(tenant_ids)s::uuid[], %(consumers)s::text[], %(ids)s::bigint[])
                   AS these (tenant_id, consumer, message_id)
             WHERE (q.tenant_id, q.consumer, q.message_id) = (these.tenant_id, these.consumer, these.message_id)
               AND q.claimed_by = %(holder)s
            """,
            {**_keys([delivery]), "error": error[:ERROR_LENGTH_MAX], "seconds": wait_seconds, "holder": self.holder},
        )

    def bury(self, delivery: Delivery, *, reason: str) -> None:
        """See Transport. In one transaction with the message that tells of it."""
        with translated(), self._connection.transaction():
            buried = self._all(
                """
                WITH gone AS (
                  DELETE FROM messaging.queue_messages q
                   USING unnest(%(tenant_ids)s::uuid[], %(consumers)s::text[], %(ids)s::bigint[])
                   AS these (tenant_id, consumer, message_id)
                   WHERE (q.tenant_id, q.consumer, q.message_id) = (these.tenant_id, these.consumer, these.message_id)
                     AND q.claimed_by = %(holder)s
                  RETURNING q.*
                )
                INSERT INTO messaging.dead_letters (tenant_id, consumer, message_id, created_at, event_type,
                  aggregate_type, aggregate_id, payload, correlation_id, attempt_count, last_error)
                SELECT tenant_id, consumer, message_id, created_at, event_type, aggregate_type, aggregate_id, payload,
                       correlation_id, attempt_count, %(reason)s
                  FROM gone
                ON CONFLICT DO NOTHING
                RETURNING id
                """,
                {**_keys([delivery]), "reason": reason[:ERROR_LENGTH_MAX], "holder": self.holder},
            )
            announce(self._connection, [row["id"] for row in buried])

    def reap(self) -> int:
        """See Transport. What is past its deadline would be taken anyway; this names it, and shows it as waiting."""
        return self._run(
            """
            UPDATE messaging.queue_messages
               SET claimed_by = NULL, claimed_until = NULL, last_error = 'its holder ' || claimed_by || ' went away'
             WHERE claimed_until < clock_timestamp()
            """,
            {},
        )

    def status(self) -> list[QueueStatus]:
        """See Transport."""
        rows = self._all(
            """
            SELECT s.consumer,
                   count(*) FILTER (WHERE q.available_at <= clock_timestamp() AND q.held IS NOT TRUE) AS ready,
                   count(*) FILTER (WHERE q.held) AS held,
                   count(*) FILTER (WHERE q.available_at > clock_timestamp()) AS delayed,
                   coalesce(extract(epoch FROM clock_timestamp() - min(q.queued_at)), 0)::float8 AS oldest_seconds
              FROM messaging.subscriptions s
              LEFT JOIN (SELECT *, claimed_until >= clock_timestamp() AS held FROM messaging.queue_messages) q
                ON q.consumer = s.consumer
             GROUP BY s.consumer
             ORDER BY s.consumer
            """,
            {},
        )
        return [QueueStatus(**row) for row in rows]

    def close(self) -> None:
        """See Transport."""
        self._connection.close()

    def _run(self, query: LiteralString, params: Mapping[str, Any]) -> int:
        with translated():
            return self._connection.execute(query, params).rowcount

    def _all(self, query: LiteralString, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        with translated(), self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, params).fetchall()


_COLUMNS: Final = (
    *("tenant_id", "id", "created_at", "event_type", "aggregate_type", "aggregate_id", "correlation_id", "handled_by"),
)


def _keys(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "tenant_ids": arrays.texts([str(each.message.tenant_id) for each in deliveries]),
        "consumers": arrays.texts([each.consumer for each in deliveries]),
        "ids": arrays.numbers(each.message.id for each in deliveries),
    }
