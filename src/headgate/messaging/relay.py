"""The relay: takes messages from the outbox to the transport.

A round claims up to 500 rows with a deadline (one statement), hands them over, and marks what the transport took (one
statement). Killed in between, the rows are claimed again after the deadline and published again: consumers handle a
message once, whatever comes twice.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import dict_row

from headgate.core import arrays, log
from headgate.core.backoff import wait_seconds
from headgate.core.db import Database, translated
from headgate.core.errors import Unavailable
from headgate.messaging import hints
from headgate.messaging.consuming import subscribed
from headgate.messaging.dead_letters import announce
from headgate.messaging.model import ATTEMPTS_MAX, Message
from headgate.messaging.transports.choice import chosen_transport
from headgate.messaging.transports.contract import Transport
from headgate.messaging.transports.postgres import ERROR_LENGTH_MAX, dispatching

ROUND_MAX: Final = 500
CLAIM_SECONDS: Final = 60
POLL_SECONDS: Final = 0.5
HOUSEKEEPING_SECONDS: Final = 10.0
MONTHS_SECONDS: Final = 3600.0
MONTHS_AHEAD: Final = 2

_LOG = log.get(__name__)


class Relay:
    """One relay with its own connection. `claim_seconds` is how long a claimed row belongs to it."""

    def __init__(self, database: Database, transport: Transport, *, claim_seconds: float = CLAIM_SECONDS) -> None:
        self._connection: Connection[Any] = dispatching(database)
        self._transport = transport
        self._claim_seconds = claim_seconds
        self.name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def relay_round(self) -> int:
        """Relay up to 500 messages; returns how many were claimed. A transport in this database takes them in one statement."""
        if self._transport.takes and (taken := self._take()) is not None:
            return taken
        claimed = self._claim()
        if not claimed:
            return 0
        given_up = [row["id"] for row in claimed if row["attempt_count"] > ATTEMPTS_MAX]
        lost = {row["id"]: "its audit event is missing" for row in claimed if row["payload"] is None}
        sendable = [_message(row) for row in claimed if row["id"] not in given_up and row["id"] not in lost]
        faults = lost | self._hand_over(sendable)
        self._mark_published([row for row in claimed if row["id"] not in faults and row["id"] not in given_up])
        failed = [row for row in claimed if row["id"] in faults and row["id"] not in given_up]
        self._mark_failed([row for row in failed if row["attempt_count"] < ATTEMPTS_MAX], faults)
        dead = [row for row in claimed if row["id"] in given_up]
        dead += [row for row in failed if row["attempt_count"] >= ATTEMPTS_MAX]
        if dead:
            self._bury(dead, faults)
        return len(claimed)

    def _take(self) -> int | None:
        """How many the transport took by itself. None where it cannot: the other way says of which message and why."""
        try:
            return self._transport.take(ROUND_MAX)
        except Unavailable:
            raise
        except Exception as error:
            _LOG.warning("the transport took nothing by itself", extra={"error": str(error)})
            return None

    def reap(self) -> int:
        """Free rows whose claim has lapsed, whoever held them, and say so on the row; returns how many."""
        return self._run(
            """
            UPDATE messaging.outbox_messages
               SET claimed_by = NULL, claimed_until = NULL, last_error = 'the relay ' || claimed_by || ' went away'
             WHERE published_at IS NULL AND dead_at IS NULL AND claimed_until < clock_timestamp()
            """,
            {},
        )

    def release(self) -> int:
        """Free what this relay itself still holds, before it ends; the attempt does not count."""
        return self._run(
            """
            UPDATE messaging.outbox_messages
               SET claimed_by = NULL, claimed_until = NULL, attempt_count = attempt_count - 1
             WHERE published_at IS NULL AND dead_at IS NULL AND claimed_by = %(name)s
            """,
            {"name": self.name},
        )

    def add_months(self) -> None:
        """Keep the outbox's months ahead."""
        self._run("SELECT messaging.add_months(%(ahead)s)", {"ahead": MONTHS_AHEAD})

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def _claim(self) -> list[dict[str, Any]]:
        with translated(), self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                """
                WITH due AS (
                  SELECT o.tenant_id, o.id, o.created_at
                    FROM messaging.outbox_messages o
                   WHERE o.published_at IS NULL AND o.dead_at IS NULL
                     AND o.available_at <= clock_timestamp()
                     AND (o.claimed_until IS NULL OR o.claimed_until < clock_timestamp())
                   ORDER BY o.available_at, o.id
                   LIMIT %(limit)s
                   FOR UPDATE SKIP LOCKED
                ), claimed AS (
                  UPDATE messaging.outbox_messages o
                     SET claimed_by = %(name)s, attempt_count = o.attempt_count + 1,
                         claimed_until = clock_timestamp() + make_interval(secs => %(seconds)s)
                    FROM due
                   WHERE o.tenant_id = due.tenant_id AND o.id = due.id AND o.created_at = due.created_at
                  RETURNING o.*
                )
                SELECT c.tenant_id, c.id, c.created_at, c.event_type, c.aggregate_type, c.aggregate_id, c.attempt_count,
                       c.last_error, c.handled_by, coalesce(c.payload, e.data) AS payload,
                       coalesce(c.correlation_id, e.correlation_id) AS correlation_id
                  FROM claimed c
                  LEFT JOIN audit.events e
                    ON e.tenant_id = c.tenant_id AND e.epoch = c.audit_epoch AND e.xid = c.audit_xid
                   AND e.id = c.audit_event_id AND e.event_time = c.created_at
                 ORDER BY c.id
                """,
                {"limit": ROUND_MAX, "name": self.name, "seconds": self._claim_seconds},
            )
            return rows.fetchall()

    def _hand_over(self, messages: list[Message]) -> dict[int, str]:
        """Why by message id for those that the transport did not take; all of them where it failed as a whole."""
        if not messages:
            return {}
        try:
            return self._transport.publish(messages)
        except Unavailable:
            # A broker that is away is no fault of the messages: their claims are released, and no attempt counts.
            raise
        except Exception as error:
            _LOG.warning("the transport took nothing", extra={"messages": len(messages), "error": str(error)})
            return {message.id: f"{type(error).__name__}: {error}" for message in messages}

    def _mark_published(self, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            self._run(
                """
                UPDATE messaging.outbox_messages o
                   SET published_at = clock_timestamp(), claimed_by = NULL, claimed_until = NULL, last_error = NULL
                  FROM unnest(%(tenant_ids)s::uuid[], %(ids)s::bigint[], %(created_ats)s::timestamptz[])
                       AS these (tenant_id, id, created_at)
                 WHERE o.tenant_id = these.tenant_id AND o.id = these.id AND o.created_at = these.created_at
                """,
                _keys(rows),
            )

    def _mark_failed(self, rows: Sequence[dict[str, Any]], faults: dict[int, str]) -> None:
        if rows:
            self._run(
                """
                UPDATE messaging.outbox_messages o
                   SET last_error = these.error, claimed_by = NULL, claimed_until = NULL,
                       available_at = clock_timestamp() + make_interval(secs => these.seconds)
                  FROM unnest(%(tenant_ids)s::uuid[], %(ids)s::bigint[], %(created_ats)s::timestamptz[],
                              %(errors)s::text[], %(seconds)s::float8[])
                       AS these (tenant_id, id, created_at, error, seconds)
                 WHERE o.tenant_id = these.tenant_id AND o.id = these.id AND o.created_at = these.created_at
                   AND o.claimed_by = %(name)s
                """,
                {**_failures(rows, faults), "name": self.name},
            )

    def _bury(self, rows: Sequence[dict[str, Any]], faults: dict[int, str]) -> None:
        with translated(), self._connection.transaction():
            buried = self._connection.execute(
                """
                WITH dead AS (
                  UPDATE messaging.outbox_messages o
                     SET dead_at = clock_timestamp(), last_error = these.error, claimed_by = NULL, claimed_until = NULL
                    FROM unnest(%(tenant_ids)s::uuid[], %(ids)s::bigint[], %(created_ats)s::timestamptz[],
                              %(errors)s::text[], %(seconds)s::float8[])
                       AS these (tenant_id, id, created_at, error, seconds)
                   WHERE o.tenant_id = these.tenant_id AND o.id = these.id AND o.created_at = these.created_at
                   AND o.claimed_by = %(name)s AND o.published_at IS NULL
                  RETURNING o.*, these.error
                )
                INSERT INTO messaging.dead_letters (tenant_id, consumer, message_id, created_at, event_type,
                  aggregate_type, aggregate_id, payload, correlation_id, attempt_count, last_error)
                SELECT d.tenant_id, '', d.id, d.created_at, d.event_type, d.aggregate_type, d.aggregate_id,
                       coalesce(d.payload, e.data, '{}'), coalesce(d.correlation_id, e.correlation_id),
                       d.attempt_count, d.error
                  FROM dead d
                  LEFT JOIN audit.events e
                    ON e.tenant_id = d.tenant_id AND e.epoch = d.audit_epoch AND e.xid = d.audit_xid
                   AND e.id = d.audit_event_id AND e.event_time = d.created_at
                ON CONFLICT DO NOTHING
                RETURNING id
                """,
                {**_failures(rows, faults), "name": self.name},
            ).fetchall()
            announce(self._connection, [row[0] for row in buried])
        _LOG.error("messages went to the dead letters", extra={"messages": len(rows)})

    def _run(self, query: str, params: dict[str, Any]) -> int:
        with translated():
            return self._connection.execute(query.encode(), params).rowcount


def run_relay(
    database: Database,
    stop: threading.Event,
    *,
    transport: Callable[[Database], Transport] = chosen_transport,
    claim_seconds: float = CLAIM_SECONDS,
) -> None:
    """Relay until `stop` is set, woken by hints and looking every half second. Outlives a lost database or broker."""
    pause = POLL_SECONDS
    with hints.listening(database, hints.OUTBOX, stop) as woken:
        while not stop.is_set():
            begun = time.monotonic()
            try:
                _relay_on(database, stop, woken, transport, claim_seconds)
            except Exception as error:
                # What went well for a while before is no part of this failure.
                pause = min((POLL_SECONDS if time.monotonic() - begun > 30.0 else pause) * 2, 30.0)
                _LOG.warning("the relay begins anew", extra={"error": str(error), "seconds": pause})
                stop.wait(pause)


def _relay_on(
    database: Database,
    stop: threading.Event,
    woken: threading.Event,
    make_transport: Callable[[Database], Transport],
    claim_seconds: float,
) -> None:
    transport = make_transport(database)
    relay = Relay(database, transport, claim_seconds=claim_seconds)
    tidied = months = float("-inf")
    try:
        with subscribed(database, transport):
            while not stop.is_set():
                woken.clear()
                if time.monotonic() - tidied > HOUSEKEEPING_SECONDS:
                    relay.reap()
                    transport.reap()
                    tidied = time.monotonic()
                if time.monotonic() - months > MONTHS_SECONDS:
                    relay.add_months()
                    months = time.monotonic()
                relayed = relay.relay_round()
                if relayed:
                    hints.hint(database, hints.QUEUE)
                if relayed < ROUND_MAX:
                    woken.wait(POLL_SECONDS)
    finally:
        try:
            relay.release()
        finally:
            relay.close()
            transport.close()


def _message(row: dict[str, Any]) -> Message:
    names = (
        "id",
        "tenant_id",
        "event_type",
        "aggregate_type",
        "aggregate_id",
        "payload",
        "correlation_id",
        "created_at",
        "handled_by",
    )
    return Message(**{name: row[name] for name in names})


def _keys(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "tenant_ids": arrays.texts([str(row["tenant_id"]) for row in rows]),
        "ids": arrays.numbers(row["id"] for row in rows),
        "created_ats": arrays.texts([row["created_at"].isoformat() for row in rows]),
    }


def _failures(rows: Sequence[dict[str, Any]], faults: dict[int, str]) -> dict[str, Any]:
    errors = [
        faults.get(row["id"]) or row["last_error"] or "the relay went away with it, time after time" for row in rows
    ]
    return _keys(rows) | {
        "errors": [error[:ERROR_LENGTH_MAX] for error in errors],
        "seconds": [wait_seconds(row["attempt_count"]) for row in rows],
    }
