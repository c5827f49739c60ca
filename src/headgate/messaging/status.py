"""How messages flow: what waits, for how long, and what was given up. Across tenants, as the dispatcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from headgate.core import brokers
from headgate.core.config import Config
from headgate.core.db import Database, translated
from headgate.messaging.errors import BrokerUnavailable
from headgate.messaging.transports.choice import chosen_transport
from headgate.messaging.transports.contract import QueueStatus, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The outbox and the queues. Seconds are ages; 0.0 where nothing waits."""

    outbox_pending: int
    outbox_retrying: int
    oldest_pending_seconds: float
    dead_letters: int
    queues: tuple[QueueStatus, ...]


def status(database: Database, *, transport: Callable[[Database], Transport] = chosen_transport) -> Status:
    """What waits in the outbox and in every queue, and how many dead letters nobody has requeued."""
    outbox = _outbox(database)
    opened = transport(database)
    try:
        return Status(**outbox, queues=tuple(opened.status()))
    finally:
        opened.close()


def oldest_unpublished_seconds(database: Database) -> float:
    """How long the oldest message has waited for the relay, in seconds; 0.0 where none waits."""
    return float(_outbox(database)["oldest_pending_seconds"])


def oldest_queued_seconds(database: Database) -> float:
    """How long the oldest message that is due has waited for its consumer in this database's queues, in seconds; 0.0 where
    none waits. What waits at a broker is the broker's to tell.
    """
    with translated(), database.connect("dispatcher") as connection:
        found = connection.execute("""
            SELECT coalesce(extract(epoch FROM clock_timestamp() - min(available_at)), 0)::float8
              FROM messaging.queue_messages
             WHERE available_at <= clock_timestamp() AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
        """).fetchone()
    assert found is not None, "an aggregate gives one row"
    return float(found[0])


def dead_letter_count(database: Database) -> float:
    """How many dead letters nobody has requeued."""
    return _dead(database)[0]


def oldest_dead_letter_seconds(database: Database) -> float:
    """How long the oldest dead letter that nobody has requeued has lain, in seconds; 0.0 where there is none."""
    return _dead(database)[1]


def unreachable_broker(config: Config) -> str | None:
    """Why the configured broker cannot be used, in one line; None where it answers, or none is configured."""
    if config.broker_url is None:
        return None
    from headgate.messaging.transports.amqp import Wire

    try:
        Wire(brokers.read(config.broker_url), prefetch=1).close()
    except BrokerUnavailable as error:
        return error.message
    return None


def _dead(database: Database) -> tuple[float, float]:
    with translated(), database.connect("dispatcher") as connection:
        found = connection.execute("""
            SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(dead_at)), 0)::float8
              FROM messaging.dead_letters
             WHERE requeued_at IS NULL
        """).fetchone()
    assert found is not None, "an aggregate gives one row"
    return float(found[0]), found[1]


def _outbox(database: Database) -> dict[str, Any]:
    with translated(), database.connect("dispatcher") as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute("""
            SELECT count(*) AS outbox_pending,
                   count(*) FILTER (WHERE attempt_count > 0) AS outbox_retrying,
                   coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8
                     AS oldest_pending_seconds,
                   (SELECT count(*) FROM messaging.dead_letters WHERE requeued_at IS NULL) AS dead_letters
              FROM messaging.outbox_messages
             WHERE published_at IS NULL AND dead_at IS NULL
        """).fetchone()
    assert found is not None, "an aggregate gives one row"
    return found
