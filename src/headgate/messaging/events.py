"""Events: the messages of a tenant as they were written, to be read again, exported, and relayed once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from headgate import audit
from headgate.core.db import Tx
from headgate.messaging.topics import pattern

PAGE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One message. `published_at` is None where the relay has still to hand it over, `dead_at` where it was not given up."""

    id: int
    event_type: str
    aggregate_type: str
    aggregate_id: str
    correlation_id: str | None
    created_at: datetime
    published_at: datetime | None
    dead_at: datetime | None
    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which events: of topics as a consumer subscribes to them (`payment.#`), of one thing, of a span of time, by ids."""

    topics: Sequence[str] = ()
    aggregate_id: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    ids: Sequence[int] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The parameters of the query. Raises TopicMalformed."""
        return {
            "pattern": pattern(self.topics) if self.topics else None,
            "aggregate_id": self.aggregate_id,
            "since": self.since,
            "before": self.before,
            "ids": list(self.ids) if self.ids is not None else None,
        }


def events(tx: Tx, chosen: Chosen, *, after: int = 0, limit: int) -> list[Event]:
    """The tenant's events of this choice in order of their ids, after the id `after`. Raises TopicMalformed."""
    return tx.all(
        """
        SELECT o.id, o.event_type, o.aggregate_type, o.aggregate_id,
               coalesce(o.correlation_id, e.correlation_id) AS correlation_id,
               o.created_at, o.published_at, o.dead_at, coalesce(o.payload, e.data) AS payload
          FROM messaging.outbox_messages o
          LEFT JOIN audit.events e
            ON e.tenant_id = o.tenant_id AND e.epoch = o.audit_epoch AND e.xid = o.audit_xid AND e.id = o.audit_event_id
           AND e.event_time = o.created_at
         WHERE o.id > %(after)s
           AND (%(pattern)s::text IS NULL OR '.' || o.event_type ~ %(pattern)s)
           AND (%(aggregate_id)s::text IS NULL OR o.aggregate_id = %(aggregate_id)s)
           AND (%(since)s::timestamptz IS NULL OR o.created_at >= %(since)s)
           AND (%(before)s::timestamptz IS NULL OR o.created_at < %(before)s)
           AND (%(ids)s::bigint[] IS NULL OR o.id = ANY (%(ids)s))
         ORDER BY o.id
         LIMIT %(limit)s
        """,
        chosen.facts | {"after": after, "limit": limit},
        row=Event,
    )


def every_event(tx: Tx, chosen: Chosen) -> Iterator[Event]:
    """All of them, read in pages."""
    for page in _pages(tx, chosen):
        yield from page


def replay(tx: Tx, chosen: Chosen) -> int:
    """Have the relay hand these events over once more; returns how many.

    A consumer that has handled one does nothing with it: what is replayed reaches those that never saw it, a new one or
    one whose queue was lost. What waits still is left, and so are dead letters, which are requeued.
    """
    count = sum(
        int(tx.value("SELECT messaging.replay(%(ids)s)", {"ids": [one.id for one in page]}))
        for page in _pages(tx, chosen)
    )
    audit.record(tx, type="messaging.events.replayed", data={"events": count, **_said(chosen)})
    return count


def _pages(tx: Tx, chosen: Chosen) -> Iterator[list[Event]]:
    after = 0
    while page := events(tx, chosen, after=after, limit=PAGE):
        yield page
        after = page[-1].id


def _said(chosen: Chosen) -> dict[str, Any]:
    said = {
        "topics": list(chosen.topics) or None,
        "aggregate_id": chosen.aggregate_id,
        "since": chosen.since and chosen.since.isoformat(),
        "before": chosen.before and chosen.before.isoformat(),
        "ids": list(chosen.ids) if chosen.ids is not None else None,
    }
    return {name: value for name, value in said.items() if value is not None}
