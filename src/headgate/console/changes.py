"""What changed since a position, for the live pages of every domain: one poller for a tenant and process."""

from __future__ import annotations

from uuid import UUID

from headgate import ingestion, messaging, payments, servicing
from headgate.console.live import ACTOR
from headgate.core import ids
from headgate.core.db import Database


def changes(database: Database, tenant_id: UUID, after: int | None) -> tuple[int, list[str]]:
    """The position now, and the ids of what changed since `after` (None: since now)."""
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        now, found = payments.changed_things(tx, after=after)
        if after is None or after >= now:
            return now, found
        evidence = ingestion.changed_evidence(tx, after=after, now=now)
        loans = servicing.changed_loans(tx, after=after, now=now)
        letters = messaging.changed_dead_letters(tx, after=after, now=now)
    return now, [*found, *evidence, *loans, *(ids.encode("dlt", number) for number in letters)]
