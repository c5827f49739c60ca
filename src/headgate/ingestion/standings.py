"""How each source fares: what came of it by the hour, when it was last heard, and what went wrong since.

A source is a word of the tenant's (`artifacts.source`): a provider's webhooks, a file that somebody sends, rates that are
called for. What it brought says how it fares; who calls us cannot be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from headgate.core.db import Tx
from headgate.ingestion import rate_sources, webhooks
from headgate.ingestion.rate_sources import RateSource
from headgate.ingestion.sources import Source, list_sources
from headgate.ingestion.webhooks import WebhookEndpoint

HOURS: Final = 24
NEWEST_MAX: Final = 100_000
"""How many of the newest artifacts are counted by the hour: a source that brings more shows the hours of these."""


@dataclass(frozen=True, slots=True)
class RateTry:
    """The last try to read a source of rates."""

    tried_at: datetime
    recorded: int
    known: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class SourceStanding:
    """A source, and what came of it in a day. `hours` counts what came, the oldest hour first; the last is not over.

    `slowest_seconds` is how long the slowest of the day waited to be read, `oldest_unread_at` since when something waits.
    """

    source: str
    hours: tuple[int, ...]
    count: int
    unreadable: int
    faults: int
    last_received_at: datetime | None
    oldest_unread_at: datetime | None
    unread: int
    slowest_seconds: float | None
    endpoints: tuple[WebhookEndpoint, ...] = ()
    rates: RateSource | None = None
    last_try: RateTry | None = None
    fetched: tuple[Source, ...] = ()

    @property
    def way(self) -> str:
        """How it comes: fetched, by webhooks, called for, or sent."""
        if self.fetched:
            return "fetched"
        if self.endpoints:
            return "webhook"
        return "rates" if self.rates else "sent"


def source_standings(tx: Tx) -> list[SourceStanding]:
    """Every source that is set or has brought something, by its name."""
    endpoints: dict[str, list[WebhookEndpoint]] = {}
    for one in webhooks.list_webhooks(tx):
        endpoints.setdefault(one.source, []).append(one)
    rates = {rate_word(one): one for one in rate_sources.list_rate_sources(tx)}
    fetched: dict[str, list[Source]] = {}
    for source in list_sources(tx):
        fetched.setdefault(source.source, []).append(source)
    brought = {row.source: row for row in _brought(tx)}
    found = []
    for name in sorted({*endpoints, *brought, *rates, *fetched}):
        rate = rates.get(name)
        row = brought.get(name) or _Row(name, [0] * HOURS, 0, 0, 0, None, None, 0, None)
        found.append(
            SourceStanding(
                name, tuple(row.hours), row.count, row.unreadable, row.faults, row.last_received_at, row.oldest_unread_at,
                row.unread, row.slowest_seconds, tuple(endpoints.get(name, ())),
                rate, _last_try(tx, rate.name) if rate is not None else None, tuple(fetched.get(name, ())),
            )
        )  # fmt: skip
    return found


def rate_word(rate: RateSource) -> str:
    """What the artifacts of a source of rates say that they come from."""
    return f"rates.{rate.name}.{rate.format}"


@dataclass(frozen=True, slots=True)
class _Row:
    source: str
    hours: Sequence[int]
    count: int
    unreadable: int
    faults: int
    last_received_at: datetime | None
    oldest_unread_at: datetime | None
    unread: int
    slowest_seconds: float | None


def _brought(tx: Tx) -> list[_Row]:
    """What came of each source in a day; of one that brought nothing, when it last did."""
    return tx.all(
        """
        WITH RECURSIVE names AS (
          (SELECT source FROM ingestion.artifacts WHERE tenant_id = %(tenant)s ORDER BY source LIMIT 1)
          UNION ALL
          SELECT (SELECT a.source FROM ingestion.artifacts a
                   WHERE a.tenant_id = %(tenant)s AND a.source > n.source ORDER BY a.source LIMIT 1)
            FROM names n WHERE n.source IS NOT NULL
        ), newest AS MATERIALIZED (
          SELECT a.id, a.source, a.status, a.kind, a.received_at
            FROM ingestion.artifacts a
           WHERE a.tenant_id = %(tenant)s
             AND a.received_at >= date_trunc('hour', clock_timestamp()) - make_interval(hours => %(hours)s - 1)
           ORDER BY a.received_at DESC
           LIMIT %(newest_max)s
        ), judged AS (
          SELECT a.*, r.faults, r.read_at,
                 %(hours)s - 1 - (extract(epoch FROM date_trunc('hour', clock_timestamp()) - date_trunc('hour', a.received_at))
                                  / 3600)::int AS hour
            FROM newest a
            LEFT JOIN ingestion.readings r ON r.tenant_id = %(tenant)s AND r.artifact_id = a.id
        )
        SELECT n.source,
               ARRAY(SELECT (SELECT count(*) FROM judged j WHERE j.source = n.source AND j.hour = h.n)
                       FROM generate_series(0, %(hours)s - 1) AS h (n)) AS hours,
               count(j.id)::int AS count,
               count(*) FILTER (WHERE j.status = 'unreadable')::int AS unreadable,
               coalesce(sum(j.faults), 0)::int AS faults,
               (SELECT max(a.received_at) FROM ingestion.artifacts a
                 WHERE a.tenant_id = %(tenant)s AND a.source = n.source) AS last_received_at,
               min(j.received_at) FILTER (WHERE j.status = 'received' AND j.kind <> 'rates') AS oldest_unread_at,
               count(*) FILTER (WHERE j.status = 'received' AND j.kind <> 'rates')::int AS unread,
               extract(epoch FROM max(j.read_at - j.received_at))::float8 AS slowest_seconds
          FROM names n
          LEFT JOIN judged j ON j.source = n.source
         WHERE n.source IS NOT NULL
         GROUP BY n.source
         ORDER BY n.source
        """,
        {"tenant": tx.tenant_id, "hours": HOURS, "newest_max": NEWEST_MAX},
        row=_Row,
    )


def _last_try(tx: Tx, name: str) -> RateTry | None:
    return tx.maybe(
        """
        SELECT tried_at, recorded, known, failure FROM ingestion.rate_readings
         WHERE tenant_id = %(tenant)s AND name = %(name)s
         ORDER BY tried_at DESC LIMIT 1
        """,
        {"tenant": tx.tenant_id, "name": name},
        row=RateTry,
    )
