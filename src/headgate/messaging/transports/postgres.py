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

    def take(self, limit: int) -> int:
        """See Transport. The outbox lies in the same database: its rows become queued ones in one statement, or none does."""
        rows = self._all(
            """
            WITH due AS MATERIALIZED (
              SELECT o.tenant_id, o.id, o.created_at, o.event_type, o.aggregate_type, o.aggregate_id, o.payload, o.correlation_id,
                     o.audit_epoch, o.audit_xid, o.audit_event_id
                FROM messaging.outbox_messages o
               WHERE o.published_at IS NULL AND o.dead_at IS NULL
                 AND o.available_at <= clock_timestamp()
                 AND (o.claimed_until IS NULL OR o.claimed_until < clock_timestamp())
                 AND o.attempt_count < %(attempts)s
               ORDER BY o.available_at, o.id
               LIMIT %(limit)s
               FOR UPDATE SKIP LOCKED
            ), wanted AS MATERIALIZED (
              -- A topic is matched once, however many messages have it.
              SELECT t.event_type, s.consumer
                FROM (SELECT DISTINCT event_type FROM due) t
                JOIN messaging.subscriptions s ON '.' || t.event_type ~ s.pattern
            ), whole AS MATERIALIZED (
              -- What nobody wants is looked at no further.
              SELECT d.tenant_id, d.id, d.created_at, d.event_type, d.aggregate_type, d.aggregate_id,
                     coalesce(d.payload, e.data) AS payload, coalesce(d.correlation_id, e.correlation_id) AS correlation_id
                FROM due d
                LEFT JOIN audit.events e
                  ON e.tenant_id = d.tenant_id AND e.epoch = d.audit_epoch AND e.xid = d.audit_xid
                 AND e.id = d.audit_event_id AND e.event_time = d.created_at
               WHERE d.event_type IN (SELECT event_type FROM wanted)
            ), queued AS (
              INSERT INTO messaging.queue_messages (tenant_id, consumer, message_id, created_at, event_type,
                aggregate_type, aggregate_id, payload, correlation_id)
              SELECT w.tenant_id, t.consumer, w.id, w.created_at, w.event_type, w.aggregate_type, w.aggregate_id,
                     w.payload, w.correlation_id
                FROM whole w
                JOIN wanted t ON t.event_type = w.event_type
               WHERE w.payload IS NOT NULL
               ORDER BY w.id
              ON CONFLICT DO NOTHING
            ), taken AS (
              UPDATE messaging.outbox_messages o
                 SET published_at = clock_timestamp(), attempt_count = o.attempt_count + 1, claimed_by = NULL,
                     claimed_until = NULL, last_error = NULL
                FROM due d
               WHERE o.tenant_id = d.tenant_id AND o.id = d.id AND o.created_at = d.created_at
                 AND d.id NOT IN (SELECT w.id FROM whole w WHERE w.payload IS NULL)
              RETURNING o.id
            )
            SELECT count(*) AS count FROM taken
            """,
            {"limit": limit, "attempts": ATTEMPTS_MAX},
        )
        return int(rows[0]["count"])

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
                          %(correlation_ids)s::text[])
                   AS m (tenant_id, id, created_at, event_type, aggregate_type, aggregate_id, payload, correlation_id)
              JOIN messaging.subscriptions s ON '.' || m.event_type ~ s.pattern
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
            WITH heads AS MATERIALIZED (
              -- A few of each consumer, along the index: what else waits is not looked at, however much it is. More than are
              -- wanted, since others may hold the first of them.
              SELECT c.tenant_id, c.consumer, c.message_id, c.available_at,
                     min(c.available_at) OVER (PARTITION BY c.consumer) AS oldest
                FROM unnest(%(consumers)s::text[]) AS n (name)
               CROSS JOIN LATERAL (SELECT q.tenant_id, q.consumer, q.message_id, q.available_at
                                     FROM messaging.queue_messages q
                                    WHERE q.consumer = n.name
                                      AND q.available_at <= clock_timestamp()
                                      AND (q.claimed_until IS NULL OR q.claimed_until < clock_timestamp())
                                    ORDER BY q.available_at, q.message_id
                                    LIMIT %(some)s) c
            ), due AS (
              SELECT q.tenant_id, q.consumer, q.message_id
                FROM heads s
                JOIN messaging.queue_messages q
                  ON (q.tenant_id, q.consumer, q.message_id) = (s.tenant_id, s.consumer, s.message_id)
               WHERE q.available_at <= clock_timestamp()
                 AND (q.claimed_until IS NULL OR q.claimed_until < clock_timestamp())
               ORDER BY s.oldest, s.consumer, s.available_at, s.message_id
               LIMIT %(limit)s
                 FOR UPDATE OF q SKIP LOCKED
            )
            UPDATE messaging.queue_messages q
               SET claimed_by = %(holder)s, claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s),
                   attempt_count = q.attempt_count + 1
              FROM due
             WHERE (q.tenant_id, q.consumer, q.message_id) = (due.tenant_id, due.consumer, due.message_id)
            RETURNING q.consumer, q.message_id AS id, q.tenant_id, q.event_type, q.aggregate_type, q.aggregate_id,
                      q.payload, q.correlation_id, q.created_at, q.attempt_count AS attempt
            """,
            {
                "consumers": arrays.texts(list(consumers)),
                "limit": limit,
                "some": limit * 4,
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


_COLUMNS: Final = ("tenant_id", "id", "created_at", "event_type", "aggregate_type", "aggregate_id", "correlation_id")


def _keys(deliveries: Sequence[Delivery]) -> dict[str, Any]:
    return {
        "tenant_ids": arrays.texts([str(each.message.tenant_id) for each in deliveries]),
        "consumers": arrays.texts([each.consumer for each in deliveries]),
        "ids": arrays.numbers(each.message.id for each in deliveries),
    }
