"""Requests that share a commit: callers who come one at a time cost little more than those who come in batches.

```python
intake = SharedCommit(database, work)          # work(tx, asked) -> what each is answered, in order
given = await intake.ask(Asked(…))             # or intake.wait_for(Asked(…)) from a thread
```

A thread takes whatever waits, up to 1,000 requests, and settles each tenant's in one transaction: the previous commit
is the only timer. Every caller has an answer of its own, after the commit: what it asked for, its refusal, its error.
The promise of an Idempotency-Key is that of `Call.once`, kept in the same transaction as the work. What a database
error undoes is tried once more and then in halves, down to one request, so that a row that cannot be written fails
alone. Only where the request *is* the transaction, at the HTTP door, is this right: never behind a verb.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import psycopg

from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError, Refused, Unavailable
from headgate.web import idempotency
from headgate.web.errors import Contended, InFlight
from headgate.web.gathering import Gathering
from headgate.web.problems import of_refusal
from headgate.web.rendering import rendered

R = TypeVar("R")

GROUP_MAX: Final = 1000
THREADS: Final = 2
"""While the database works for one group, the next is made ready."""
_SETTINGS: Final = {"plan_cache_mode": "force_custom_plan"}
"""A plan made for one key in a young table would read the whole of it for a thousand keys in an older one."""
_ACTOR: Final = Actor.system("web.intake")


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


class SharedCommit(Generic[R]):
    """The requests of one kind in this process."""

    def __init__(self, database: Database, work: Work[R], *, threads: int = THREADS) -> None:
        self._database = database
        self._work = work
        self._lock = threading.Lock()
        self._in_flight: set[tuple[UUID, str]] = set()
        self.gathering: Gathering[Asked[R], Given] = Gathering(
            self._settle_all, name="headgate intake", lot_max=GROUP_MAX, threads=threads
        )

    async def ask(self, asked: Asked[R]) -> Given:
        """The answer, after its commit. Raises InFlight at once while the first of its key is being worked on."""
        self._enter(asked)
        return await self.gathering.ask(asked)

    def wait_for(self, asked: Asked[R]) -> Given:
        """`ask` for a caller that is a thread."""
        self._enter(asked)
        return self.gathering.wait_for(asked)

    def _enter(self, asked: Asked[R]) -> None:
        name = (asked.tenant_id, asked.key)
        with self._lock:
            if name in self._in_flight:
                raise InFlight()
            self._in_flight.add(name)

    def _settle_all(self, lot: list[Asked[R]]) -> Sequence[Outcome]:
        """Answer a lot, a tenant at a time."""
        tenants: dict[UUID, list[Asked[R]]] = {}
        for asked in lot:
            tenants.setdefault(asked.tenant_id, []).append(asked)
        outcomes: dict[tuple[UUID, str], Outcome] = {}
        try:
            for tenant_id, group in tenants.items():
                for asked, outcome in zip(group, self._settle(group), strict=True):
                    outcomes[tenant_id, asked.key] = outcome
        finally:
            with self._lock:
                self._in_flight.difference_update((asked.tenant_id, asked.key) for asked in lot)
        return [outcomes[asked.tenant_id, asked.key] for asked in lot]

    def _settle(self, group: Sequence[Asked[R]]) -> list[Outcome]:
        """Answer a tenant's group: together, else once more together, else in halves."""
        failure: Exception = RuntimeError("no try was made")
        for _ in range(2):
            try:
                return self._commit(group)
            except Exception as error:
                failure = error
                if not _may_pass(error):
                    break
        if len(group) == 1 or isinstance(failure, Unavailable):
            return [_shown(failure)] * len(group)
        middle = len(group) // 2
        return self._settle(group[:middle]) + self._settle(group[middle:])

    def _commit(self, group: Sequence[Asked[R]]) -> list[Outcome]:
        """Work for a tenant's group in one transaction; what each is answered once it is committed."""
        with self._database.begin(tenant_id=group[0].tenant_id, actor=_ACTOR, settings=_SETTINGS) as tx:
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


def answer_of(value: Any, status: int, request_id: str) -> idempotency.Answer:
    """What a verb's value is answered with: itself as JSON, or a `Refused` as its problem."""
    if isinstance(value, Refused):
        return idempotency.Answer(value.status, of_refusal(value, request_id))
    return idempotency.Answer(status, rendered(value))


def _may_pass(error: Exception) -> bool:
    """Whether the same group may succeed when it is tried once more: not where the database refused a value of it."""
    return not isinstance(error, psycopg.DataError | psycopg.IntegrityError)


def _shown(error: Exception) -> Exception:
    if isinstance(error, psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
        shown = Contended()
        shown.__cause__ = error
        return shown
    return error
