"""Filling queues again from the outbox: the broker is a hint, and what it lost is published once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from headgate import audit
from headgate.core import installation
from headgate.core.db import Actor, Database, Tx

PAGE: Final = 1000
_ACTOR: Final = Actor.system("messaging.rebuild")


def rebuild(database: Database, consumers: Sequence[str]) -> int:
    """Publish again, for every tenant, what one of these consumers was sent and has not handled; returns how many."""
    count = 0
    for tenant_id in installation.tenant_ids(database):
        with database.begin(tenant_id=tenant_id, actor=_ACTOR) as tx:
            count += replay_unhandled(tx, consumers)
    return count


def replay_unhandled(tx: Tx, consumers: Sequence[str]) -> int:
    """Have the relay hand over once more what was published to one of these consumers since it subscribed and was
    neither handled by it nor given up; returns how many.

    What still waits in a broker comes twice then, and is handled once.
    """
    after, count = 0, 0
    while page := _unhandled(tx, consumers, after):
        count += int(tx.value("SELECT messaging.replay(%(ids)s)", {"ids": page}))
        after = page[-1]
    if count:
        audit.record(tx, type="messaging.events.replayed", data={"events": count, "unhandled_by": sorted(consumers)})
    return count


def _unhandled(tx: Tx, consumers: Sequence[str], after: int) -> list[int]:
    return tx.values(
        """
        SELECT o.id
          FROM messaging.outbox_messages o
         WHERE o.id > %(after)s
           AND EXISTS (SELECT FROM messaging.subscriptions s
                        WHERE s.consumer = ANY (%(consumers)s) AND o.published_at > s.since AND '.' || o.event_type ~ s.pattern
                          AND s.consumer IS DISTINCT FROM o.handled_by
                          AND NOT EXISTS (SELECT FROM messaging.inbox i
                                           WHERE i.tenant_id = o.tenant_id AND i.consumer = s.consumer AND i.message_id = o.id)
                          AND NOT EXISTS (SELECT FROM messaging.queue_messages q
                                           WHERE q.tenant_id = o.tenant_id AND q.consumer = s.consumer AND q.message_id = o.id)
                          AND NOT EXISTS (SELECT FROM messaging.dead_letters d
                                           WHERE d.tenant_id = o.tenant_id AND d.consumer = s.consumer
                                             AND d.message_id = o.id AND d.requeued_at IS NULL))
         ORDER BY o.id
         LIMIT %(limit)s
        """,
        {"after": after, "consumers": list(consumers), "limit": PAGE},
    )
