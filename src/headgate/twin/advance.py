"""A test tenant's clock goes forward, and what falls due on the way is done, in order.

The clock stops where something is due: at each answer of the tenant's simulated bank, at each daily job's time, and at the
end. At a stop the bank's answers come first, then the jobs that are due by then, then files are delivered and the bank takes
them. A job that runs every so often runs once at a stop, however often its time came round since the one before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from headgate import jobs, payments, tenants
from headgate.core.db import Actor, Database
from headgate.rails import twin, twin_folders
from headgate.twin.bank import TenantBank, bank_of
from headgate.twin.errors import NotForward
from headgate.twin.intake import take_in

ACTOR: Final = Actor("human", "administrator")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done at a stop: `name` is the job's or the file's, `outcome` what became of it."""

    at: datetime
    what: Literal["bank", "job", "delivered", "taken"]
    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Advance:
    """A clock that went forward: from when to when, over how many stops, and what happened."""

    tenant: str
    before: datetime
    now: datetime
    stops: int
    runs: int
    happened: tuple[Happening, ...]


def advance(database: Database, tenant_id: UUID, *, to: datetime) -> Advance:
    """Move a test tenant's clock on to an instant, doing what falls due. Raises LiveClock, NotForward.

    Cut off anywhere, the clock stands at the last stop; advanced again, nothing is done twice.
    """
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        tenant, before = tenants.current_tenant(tx), tx.now()
    if tenant.livemode:
        raise tenants.LiveClock(f"tenant {tenant.slug} is live: its clock is real time and cannot be moved")
    if to <= before:
        raise NotForward(
            f"it is {before.isoformat(timespec='seconds')} already; `headgate tenants clock --to` puts a clock back"
        )
    known = {name: job for name, job in jobs.discover().items() if job.scope == "tenant"}
    way = _Way(database, tenant_id, known, bank_of(database, tenant_id))
    way.hand_over(before)
    stops = 0
    now = before
    while now < to:
        now = min(to, way.next_stop(now, to))
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            tenants.move_clock(tx, to=now)
        way.stop(now)
        stops += 1
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        arrived = tx.now()
    return Advance(tenant.slug, before, arrived, stops, way.runs, tuple(way.happened))


class _Way:
    """What is done on the way, and what it was."""

    def __init__(
        self, database: Database, tenant_id: UUID, known: dict[str, jobs.Job], bank: TenantBank | None
    ) -> None:
        self._database, self._tenant_id, self._jobs, self._bank = database, tenant_id, known, bank
        self._waiting: list[twin.Answer] | None = None
        self._until = datetime.min.replace(tzinfo=UTC)
        self.happened: list[Happening] = []
        self.runs = 0

    def next_stop(self, now: datetime, to: datetime) -> datetime:
        """When something is due next; `to` where nothing is until then."""
        instants = [job.next_after(now) for job in self._jobs.values() if job.at is not None]
        instants += [answer.at for answer in self._answers(to) if answer.at > now]
        return min(instants, default=to)

    def stop(self, now: datetime) -> None:
        """Do what is due at this instant."""
        self._hear(now)
        with self._database.begin(tenant_id=self._tenant_id, actor=ACTOR) as tx:
            due = jobs.due_here(tx, self._jobs)
        for job in due:
            run = jobs.run_once(self._database, job, self._tenant_id, only_due=True)
            if run is not None:
                self.runs += 1
                if run.outcome or run.status != "succeeded":
                    self._note(now, "job", job.name, f"{run.status}: {run.outcome}" if run.outcome else run.status)
        self.hand_over(now)

    def hand_over(self, now: datetime) -> None:
        """Deliver the files that wait, and let the bank take what lies there."""
        for file in payments.deliver(self._database, self._tenant_id):
            self._note(now, "delivered", file.name, file.content_words)
        if self._bank is not None and self._bank.folders.inbox.is_dir():
            for name in twin_folders.take(self._bank.folders, at=now):
                self._note(now, "taken", name, "the bank has it")
                self._waiting = None

    def _hear(self, now: datetime) -> None:
        for answer in [answer for answer in self._answers(now) if answer.at <= now]:
            assert self._bank is not None, "only a bank answers"
            outcome = take_in(self._database, self._tenant_id, answer)
            # Sent once it was taken in: cut off in between, it is sent again, which changes nothing.
            twin_folders.send(self._bank.folders, answer)
            if self._waiting is not None:
                self._waiting.remove(answer)
            self._note(now, "bank", answer.name, outcome)

    def _answers(self, until: datetime) -> list[twin.Answer]:
        """What the bank says by then and has not sent, worked out anew only when it took a file."""
        if self._bank is None:
            return []
        if self._waiting is None or until > self._until:
            self._waiting = twin_folders.due(self._bank.folders, self._bank.twin, until=until)
            self._until = until
        return self._waiting

    def _note(self, at: datetime, what: Literal["bank", "job", "delivered", "taken"], name: str, outcome: str) -> None:
        self.happened.append(Happening(at, what, name, outcome))
