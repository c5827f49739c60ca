"""The list of dead letters: what was given up and why, how deep the queues are, and what became of what was tried again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headgate.core import ids, terms
from headgate.core.db import Tx
from headgate.core.terms import Query
from headgate.messaging.dead_letters import FROM, SELECT, STANDING, DeadLetter, requeue
from headgate.messaging.errors import NoSuchDeadLetter

STANDINGS: Final = ("dead", "requeued", "handled", "dead_again")
"""Given up; tried again and on its way; handled since; given up once more (by another dead letter)."""
REQUEUED_MAX: Final = 500
TERMS: Final = {
    "status": terms.Term("choice", STANDINGS),
    "consumer": terms.Term("word"),
    "event": terms.Term("word"),
    "about": terms.Term("word"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class DeadLetterTotal:
    """What a query finds."""

    count: int
    waiting: int


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """What waits of the tenant's for a consumer ('' is the outbox): at once, later, and given up."""

    consumer: str
    ready: int
    delayed: int
    dead: int
    oldest_at: datetime | None
    transport: str


def find_dead_letters(tx: Tx, query: Query, *, after: str | None = None, limit: int = 50) -> list[DeadLetter]:
    """Dead letters, the newest first, from after that id on."""
    return tx.all(SELECT + _WHERE + _PAGE, {**query.params, "after": _number(after), "limit": limit}, row=DeadLetter)


def dead_letter_rows(tx: Tx, dead_letter_ids: Sequence[str]) -> list[DeadLetter]:
    """These, the newest first."""
    return tx.all(
        SELECT + " WHERE d.id = ANY(%(ids)s) ORDER BY d.id DESC",
        {"ids": [_number(one) for one in dead_letter_ids if ids.is_id(one, "dlt")]},
        row=DeadLetter,
    )


def dead_letter_row(tx: Tx, dead_letter_id: str) -> DeadLetter:
    """One. Raises NoSuchDeadLetter."""
    found = dead_letter_rows(tx, [dead_letter_id])
    if not found:
        raise NoSuchDeadLetter(f"there is no dead letter {dead_letter_id[:40]}", dead_letter_id=dead_letter_id[:40])
    return found[0]


def matching_dead_letters(tx: Tx, query: Query, dead_letter_ids: Sequence[str]) -> frozenset[str]:
    """Which of these the query finds."""
    numbers = tx.values(
        _IDS + FROM + _WHERE + " AND d.id = ANY(%(ids)s)",
        {**query.params, "ids": [_number(one) for one in dead_letter_ids if ids.is_id(one, "dlt")]},
    )
    return frozenset(ids.encode("dlt", number) for number in numbers)


def dead_letter_totals(tx: Tx, query: Query) -> list[DeadLetterTotal]:
    """How many a query finds; nothing where it finds none."""
    found = tx.all(_TOTALS + FROM + _WHERE, query.params, row=DeadLetterTotal)
    return [one for one in found if one.count]


def requeue_found(tx: Tx, text: str, *, limit: int = REQUEUED_MAX) -> list[int]:
    """Try again what a query finds and nobody has requeued, at most `limit`; the numbers. Raises MalformedTerm."""
    query = terms.parse(text, TERMS)
    wanted = query.params["status"]
    params = {**query.params, "status": ["dead"] if wanted is None or "dead" in wanted else []}
    numbers = sorted(row.number for row in find_dead_letters(tx, Query(text, params), limit=limit))
    for number in numbers:
        requeue(tx, number)
    return numbers


def queue_depths(tx: Tx) -> list[QueueDepth]:
    """What waits of this tenant's, the outbox first, then each consumer that has something waiting or given up.

    Of a broker's queues only what was given up is known here: it does not say whose its messages are.
    """
    return tx.all(
        """
        SELECT w.consumer, sum(w.ready)::int AS ready, sum(w.delayed)::int AS delayed, sum(w.dead)::int AS dead,
               min(w.oldest_at) AS oldest_at,
               coalesce((SELECT s.transport FROM messaging.subscriptions s WHERE s.consumer = w.consumer), 'postgres') AS transport
          FROM (SELECT '' AS consumer, count(*) FILTER (WHERE o.available_at <= clock_timestamp()) AS ready,
                       count(*) FILTER (WHERE o.available_at > clock_timestamp()) AS delayed, 0 AS dead,
                       min(o.created_at) AS oldest_at
                  FROM messaging.outbox_messages o
                 WHERE o.tenant_id = %(tenant)s AND o.published_at IS NULL AND o.dead_at IS NULL
                UNION ALL
                SELECT q.consumer, count(*) FILTER (WHERE q.available_at <= clock_timestamp()),
                       count(*) FILTER (WHERE q.available_at > clock_timestamp()), 0, min(q.queued_at)
                  FROM messaging.queue_messages q
                 WHERE q.tenant_id = %(tenant)s
                 GROUP BY q.consumer
                UNION ALL
                SELECT d.consumer, 0, 0, count(*), NULL
                  FROM messaging.dead_letters d
                 WHERE d.tenant_id = %(tenant)s AND d.requeued_at IS NULL
                 GROUP BY d.consumer
                UNION ALL
                SELECT s.consumer, 0, 0, 0, NULL FROM messaging.subscriptions s) w
         GROUP BY w.consumer
         ORDER BY w.consumer
        """,
        {"tenant": tx.tenant_id},
        row=QueueDepth,
    )


def changed_dead_letters(tx: Tx, *, after: int, now: int) -> list[int]:
    """The numbers of dead letters of which something happened since the position `after` and before `now`, each told once."""
    return tx.values(
        """
        SELECT id FROM messaging.dead_letters
         WHERE tenant_id = %(tenant)s AND greatest(dead_at, requeued_at) > clock_timestamp() - interval '1 hour'
           -- The row's transaction is known by its last 32 bits.
           AND ((xmin::text::bigint - %(after)s::bigint) & 4294967295) < %(now)s::bigint - %(after)s::bigint
         ORDER BY id DESC LIMIT 100
        """,
        {"tenant": tx.tenant_id, "after": after, "now": now},
    )


def _number(dead_letter_id: str | None) -> int | None:
    return ids.decode("dlt", dead_letter_id) if dead_letter_id else None


_IDS = "SELECT d.id"

_TOTALS = "SELECT count(*) AS count, count(*) FILTER (WHERE d.requeued_at IS NULL) AS waiting"

_WHERE = (
    """
 WHERE (%(status)s::text[] IS NULL OR
"""
    + STANDING
    + """ = ANY(%(status)s))
   AND (%(consumer)s::text IS NULL OR d.consumer = %(consumer)s)
   AND (%(event)s::text IS NULL OR d.event_type = %(event)s)
   AND (%(about)s::text IS NULL OR d.aggregate_id = %(about)s)
   AND (%(age_under)s::interval IS NULL OR d.dead_at > clock_timestamp() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR d.dead_at < clock_timestamp() - %(age_over)s)
"""
)

_PAGE = """
   AND (%(after)s::bigint IS NULL OR d.id < %(after)s)
 ORDER BY d.id DESC
 LIMIT %(limit)s
"""
