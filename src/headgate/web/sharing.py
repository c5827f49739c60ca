"""Requests that share a commit: callers who come one at a time cost little more than those who come in batches.

```python
intake = SharedCommit(database, work)          # work(tx, asked) -> what each is answered, in order
given = await intake.ask(Asked(…))             # or intake.wait_for(Asked(…)) from a thread
```

One thread takes whatever waits, up to 1,000 requests, and settles each tenant's in one transaction: the previous commit
is the only timer. Every caller has an answer of its own, after the commit: what it asked for, its refusal, its error.
The promise of an Idempotency-Key is that of `Call.once`, kept in the same transaction as the work. What a database
error undoes is tried once more and then in halves, down to one request, so that a row that cannot be written fails
alone. Only where the request *is* the transaction, at the HTTP door, is this right: never behind a verb.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import psycopg

from headgate.core import log
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError, Refused, Unavailable
from headgate.web import idempotency
from headgate.web.errors import Contended, InFlight
from headgate.web.problems import of_refusal
from headgate.web.rendering import rendered

R = TypeVar("R")

GROUP_MAX: Final = 1000
IDLE_SECONDS: Final = 5.0
_ACTOR: Final = Actor.system("web.intake")
_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Asked(Generic[R]):
    """What one caller asks for, under its key."""

    tenant_id: UUID
    actor: Actor
    correlation_id: str
    key: str
    fingerprint: idempotency.Fingerprint
    status: int
    body: R


@dataclass(frozen=True, slots=True)
class Given:
    """What one caller is answered. `replayed`: it was answered before, and this is that again."""

    answer: idempotency.Answer
    replayed: bool


Outcome = Given | Exception
Work = Callable[[Tx, Sequence[Asked[R]]], Sequence[Any]]
"""Does what each asks for, in the order given; answers with a value or a Refused, or with a HeadgateError, as a value,
for one whose key stays free. Raises what undoes all."""


@dataclass(slots=True)
class _Place(Generic[R]):
    """A request that waits, and where its answer goes."""

    asked: Asked[R]
    future: asyncio.Future[Given] | Future[Given]
    loop: asyncio.AbstractEventLoop | None
    outcome: Outcome | None = field(default=None)


class SharedCommit(Generic[R]):
    """The requests of one kind in this process. Its thread starts with the first and ends when none has come lately."""

    def __init__(self, database: Database, work: Work[R]) -> None:
        self._database = database
        self._work = work
        self._changed = threading.Condition()
        self._waiting: deque[_Place[R]] = deque()
        self._in_flight: set[tuple[UUID, str]] = set()
        self._thread: threading.Thread | None = None

    async def ask(self, asked: Asked[R]) -> Given:
        """The answer, after its commit. Raises InFlight at once while the first of its key is being worked on."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Given] = loop.create_future()
        self._put(_Place(asked, future, loop))
        return await future

    def wait_for(self, asked: Asked[R]) -> Given:
        """`ask` for a caller that is a thread."""
        future: Future[Given] = Future()
        self._put(_Place(asked, future, None))
        return future.result()

    def _put(self, place: _Place[R]) -> None:
        name = (place.asked.tenant_id, place.asked.key)
        with self._changed:
            if name in self._in_flight:
                raise InFlight()
            self._in_flight.add(name)
            self._waiting.append(place)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="headgate intake", daemon=True)
                self._thread.start()
            elif len(self._waiting) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            tenants: dict[UUID, list[_Place[R]]] = {}
            for place in taken:
                tenants.setdefault(place.asked.tenant_id, []).append(place)
            for group in tenants.values():
                try:
                    self._settle(group)
                except BaseException as error:  # Whatever happens, nobody is left waiting.
                    _LOG.exception("a group of requests failed")
                    for place in group:
                        place.outcome = place.outcome or RuntimeError(f"the intake failed: {type(error).__name__}")
                self._deliver(group)

    def _take(self) -> list[_Place[R]] | None:
        """What waits; None, and the thread is over, where nothing came for a while."""
        with self._changed:
            if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), IDLE_SECONDS):
                self._thread = None
                return None
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MAX))]

    def _settle(self, group: Sequence[_Place[R]]) -> None:
        """Answer a tenant's group: together, else once more together, else in halves."""
        failure: Exception | None = None
        for _ in range(2):
            try:
                outcomes = self._commit([place.asked for place in group])
            except Exception as error:
                failure = error
                if not _may_pass(error):
                    break
                continue
            for place, outcome in zip(group, outcomes, strict=True):
                place.outcome = outcome
            return
        if len(group) == 1 or isinstance(failure, Unavailable):
            for place in group:
                place.outcome = _shown(failure)
            return
        middle = len(group) // 2
        self._settle(group[:middle])
        self._settle(group[middle:])

    def _commit(self, group: Sequence[Asked[R]]) -> list[Outcome]:
        """Work for a tenant's group in one transaction; what each is answered once it is committed."""
        with self._database.begin(tenant_id=group[0].tenant_id, actor=_ACTOR) as tx:
            # A plan made for one key in a young table would read the whole of it for a thousand in an older one.
            tx.run("SET LOCAL plan_cache_mode = force_custom_plan")
            before = idempotency.recall_many(tx, {asked.key: asked.fingerprint for asked in group})
            fresh = [asked for asked in group if before[asked.key] is None]
            done = dict(zip((asked.key for asked in fresh), self._work(tx, fresh) if fresh else (), strict=True))
            outcomes: list[Outcome] = []
            kept: list[idempotency.Kept] = []
            for asked in group:
                found = before[asked.key] or done[asked.key]
                if isinstance(found, HeadgateError):
                    outcomes.append(found)
                elif isinstance(found, idempotency.Answer):
                    outcomes.append(Given(found, replayed=True))
                else:
                    answer = answer_of(found, asked.status, asked.correlation_id)
                    kept.append(
                        idempotency.Kept(asked.key, asked.fingerprint, answer, asked.actor.id, asked.correlation_id)
                    )
                    outcomes.append(Given(answer, replayed=False))
            if kept:
                idempotency.remember_many(tx, kept)
        return outcomes

    def _deliver(self, group: Sequence[_Place[R]]) -> None:
        with self._changed:
            for place in group:
                self._in_flight.discard((place.asked.tenant_id, place.asked.key))
        loops: dict[asyncio.AbstractEventLoop, list[_Place[R]]] = {}
        for place in group:
            if place.loop is None:
                _resolve([place])
            else:
                loops.setdefault(place.loop, []).append(place)
        for loop, places in loops.items():
            try:
                loop.call_soon_threadsafe(_resolve, places)
            except RuntimeError:  # The loop is closed: its callers went with it.
                _LOG.info("callers went before they were answered", extra={"callers": len(places)})


def answer_of(value: Any, status: int, request_id: str) -> idempotency.Answer:
    """What a verb's value is answered with: itself as JSON, or a `Refused` as its problem."""
    if isinstance(value, Refused):
        return idempotency.Answer(value.status, of_refusal(value, request_id))
    return idempotency.Answer(status, rendered(value))


def _resolve(places: Sequence[_Place[Any]]) -> None:
    for place in places:
        if place.future.done():  # The caller went away.
            continue
        if isinstance(place.outcome, Given):
            place.future.set_result(place.outcome)
        else:
            place.future.set_exception(place.outcome or RuntimeError("the intake gave no answer"))


def _may_pass(error: Exception) -> bool:
    """Whether the same group may succeed when it is tried once more: not where the database refused a value of it."""
    return not isinstance(error, psycopg.DataError | psycopg.IntegrityError)


def _shown(error: Exception | None) -> Exception:
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        shown = Contended()
        shown.__cause__ = error
        return shown
    return error or RuntimeError("the intake gave no answer")
