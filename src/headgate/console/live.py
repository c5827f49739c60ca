"""Live pages: one poller a tenant and process, whatever the number of browsers, and server-sent events to each.

An event never carries a figure or a name: it says which payments changed, and the page asks for their rows under its
own session. Every page says from which position on it wants to know (its own reading's, or the last event's where the
connection broke), so nothing falls between reading and listening. A browser too slow to keep up is cut off: it comes
back by itself, and catches up.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from uuid import UUID

from headgate.core import log
from headgate.core.db import Actor, Database
from headgate.core.errors import HeadgateError

POLL_SECONDS = 0.25
TICK_SECONDS = 1.0
"""How often a page hears that its figures are current, where nothing changes."""
QUEUE_MAX = 100
IDS_MAX = 100

Event = dict[str, str]
Changes = Callable[[Database, UUID, int | None], tuple[int, list[str]]]
"""`changes(database, tenant_id, after)`: the position now, and the ids that changed after that one."""

_Queue = asyncio.Queue[Event | None]
_LOG = log.get(__name__)
ACTOR = Actor.system("console")


class Hub:
    """Browsers by tenant, and a poller for each tenant that has one."""

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes
        self._listeners: dict[UUID, set[_Queue]] = {}
        self._pollers: dict[UUID, asyncio.Task[None]] = {}

    async def listen(self, tenant_id: UUID, *, after: int | None = None) -> AsyncGenerator[Event, None]:
        """Events of a tenant from a position on, until the browser goes away or is too slow."""
        queue: _Queue = asyncio.Queue(QUEUE_MAX + 1)
        self._listeners.setdefault(tenant_id, set()).add(queue)
        try:
            if tenant_id not in self._pollers:
                self._pollers[tenant_id] = asyncio.create_task(self._poll(tenant_id, after))
            elif after is not None:
                # The poller is past what this page has not seen: read it once, for this page alone.
                _, changed = await self._read(tenant_id, after)
                if changed:
                    yield _changed(changed)
            while (event := await queue.get()) is not None:
                yield event
        except HeadgateError as error:
            _LOG.warning("a live page cannot catch up; it will ask again", extra={"code": error.code})
        finally:
            self._leave(tenant_id, queue)

    async def _poll(self, tenant_id: UUID, position: int | None) -> None:
        ticked = float("-inf")
        try:
            while True:
                try:
                    position, changed = await self._read(tenant_id, position)
                except HeadgateError as error:
                    # No tick: the pages mark their figures as old until the database answers again.
                    _LOG.warning("live pages cannot read", extra={"code": error.code})
                else:
                    if changed:
                        self._tell(tenant_id, _changed(changed))
                    if changed or time.monotonic() - ticked >= TICK_SECONDS:
                        self._tell(tenant_id, _tick(position))
                        ticked = time.monotonic()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            if self._pollers.get(tenant_id) is asyncio.current_task():
                # It broke: whoever listens is cut off, and the first to come back starts another.
                del self._pollers[tenant_id]
                for queue in list(self._listeners.get(tenant_id, ())):
                    self._cut(tenant_id, queue)

    async def _read(self, tenant_id: UUID, after: int | None) -> tuple[int, list[str]]:
        return await asyncio.to_thread(self._changes, self._database, tenant_id, after)

    def _tell(self, tenant_id: UUID, event: Event) -> None:
        for queue in list(self._listeners.get(tenant_id, ())):
            if queue.qsize() < QUEUE_MAX:
                queue.put_nowait(event)
            else:
                self._cut(tenant_id, queue)

    def _cut(self, tenant_id: UUID, queue: _Queue) -> None:
        """The last place of a queue is kept for its end."""
        self._listeners[tenant_id].discard(queue)
        queue.put_nowait(None)

    def _leave(self, tenant_id: UUID, queue: _Queue) -> None:
        listeners = self._listeners.get(tenant_id, set())
        listeners.discard(queue)
        if listeners:
            return
        self._listeners.pop(tenant_id, None)
        poller = self._pollers.pop(tenant_id, None)
        if poller is not None:
            poller.cancel()


def _changed(ids: list[str]) -> Event:
    """Which payments changed; where they are many, that the page must be read anew."""
    return {"event": "changed", "data": json.dumps({"ids": ids if len(ids) <= IDS_MAX else None})}


def _tick(position: int) -> Event:
    return {"event": "tick", "id": str(position), "data": json.dumps({"at": datetime.now(UTC).isoformat()})}
