"""Run what is due, once at a time, and keep what became of it.

A run takes three steps. It is *claimed*: a row of history, written and committed, so that a crash leaves a trace. It is
*done*: the transaction locks its schedule row, works, and marks itself succeeded, or none of it. Where it raises, a
third transaction marks it failed and puts the schedule off, longer each time. A process that dies lets go of its row
lock; the next claim finds the unfinished run, marks it crashed and tries again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from headgate.core import log, registry
from headgate.core.clock import real_now
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import HeadgateError
from headgate.jobs.errors import JobRunning, UnknownJob
from headgate.jobs.model import INSTALLATION, Job, Run, retry_after
from headgate.jobs.outside import Outside

CLAIM: Final = timedelta(seconds=30)
"""How long a claimed run may take to lock its row; after that, and without a lock, it has crashed."""

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    tenant_id: UUID
    job: str


@dataclass(frozen=True, slots=True)
class _Schedule:
    run_id: str | None
    failures: int
    next_at: datetime


def discover() -> dict[str, Job]:
    """Every job of every domain by name. Raises TypeError where two share one."""
    jobs: dict[str, Job] = {}
    for job in registry.domain_items("jobs", attribute="JOBS", kind=Job):
        if job.name in jobs:
            raise TypeError(f"two jobs are called {job.name}")
        jobs[job.name] = job
    return jobs


def due(database: Database, jobs: dict[str, Job]) -> list[tuple[UUID, Job]]:
    """What is due now, by tenant; the installation's own under `INSTALLATION`."""
    by_tenant = [job for job in jobs.values() if job.scope == "tenant"]
    with database.begin(tenant_id=None, actor=Actor.system("jobs")) as tx:
        found = tx.all(
            "SELECT tenant_id, job FROM jobs.due(%(names)s::text[], %(horizons)s::interval[], %(own)s::text[])",
            {
                "names": [job.name for job in by_tenant],
                "horizons": [job.horizon for job in by_tenant],
                "own": [job.name for job in jobs.values() if job.scope == "installation"],
            },
            row=_Due,
        )
    return [(item.tenant_id, jobs[item.job]) for item in found]


def due_here(tx: Tx, jobs: dict[str, Job]) -> list[Job]:
    """Which of these jobs are due in the tenant in context, by its own clock; in the order of their names."""
    found = tx.all(
        """
        SELECT %(tenant_id)s::uuid AS tenant_id, l.job
          FROM unnest(%(names)s::text[], %(horizons)s::interval[]) AS l(job, horizon)
          LEFT JOIN jobs.schedules s ON s.tenant_id = %(tenant_id)s AND s.job = l.job
         WHERE s.job IS NULL
            OR s.next_at <= %(now)s
            OR s.next_at > %(now)s + l.horizon
         ORDER BY l.job COLLATE "C"
        """,
        {
            "tenant_id": tx.tenant_id,
            "names": list(jobs),
            "horizons": [job.horizon for job in jobs.values()],
            "now": tx.now(),
        },
        row=_Due,
    )
    return [jobs[item.job] for item in found]


def run_due(database: Database, jobs: dict[str, Job], *, stop: threading.Event | None = None) -> int:
    """Run everything that is due, one after the other; answers how many runs succeeded."""
    succeeded = 0
    for tenant_id, job in due(database, jobs):
        if stop is not None and stop.is_set():
            break
        run = run_once(database, job, tenant_id, only_due=True)
        succeeded += run is not None and run.status == "succeeded"
    return succeeded


def run_by_name(database: Database, jobs: dict[str, Job], name: str, tenant_id: UUID) -> Run:
    """Run a job of that name now, due or not. Raises UnknownJob, JobRunning."""
    job = jobs.get(name)
    if job is None:
        raise UnknownJob(f"there is no job '{name[:60]}'; the jobs are {', '.join(sorted(jobs))}")
    run = run_once(database, job, tenant_id if job.scope == "tenant" else INSTALLATION, only_due=False)
    if run is None:
        raise JobRunning(f"{name} is running already; it runs once at a time")
    return run


def run_once(database: Database, job: Job, tenant_id: UUID, *, only_due: bool) -> Run | None:
    """One run of a job; None where another process has it, or (`only_due`) where it is no longer due."""
    actor = Actor.system(f"job:{job.name}")
    run_id = _claim(database, job, tenant_id, actor, only_due=only_due)
    if run_id is None:
        return None
    with log.correlated(run_id):
        try:
            work = _call_out if job.calls_out else _work
            return work(database, job, tenant_id, actor, run_id)
        except Exception as error:
            _LOG.error("a job failed", exc_info=error, extra={"job": job.name, "run_id": run_id})
            reason = error.message if isinstance(error, HeadgateError) else type(error).__name__
            return _put_off(database, job, tenant_id, actor, run_id, reason)


def history(tx: Tx, *, job: str | None = None, before: str | None = None, limit: int = 50) -> list[Run]:
    """The runs in context, the latest first."""
    return tx.all(
        """
        SELECT id, job, status, attempt, due_at, started_at, finished_at, outcome
          FROM jobs.runs
         WHERE tenant_id = %(tenant_id)s
           AND (%(job)s::text IS NULL OR job = %(job)s)
           AND (%(before)s::text IS NULL OR id < %(before)s)
         ORDER BY id DESC
         LIMIT %(limit)s
        """,
        {"tenant_id": tx.tenant_id, "job": job, "before": before, "limit": limit},
        row=Run,
    )


def _now(tx: Tx) -> datetime:
    return real_now() if tx.tenant_id == INSTALLATION else tx.now()


def _claim(database: Database, job: Job, tenant_id: UUID, actor: Actor, *, only_due: bool) -> str | None:
    with database.begin(tenant_id=tenant_id, actor=actor) as tx:
        params = {"tenant_id": tenant_id, "job": job.name, "now": _now(tx), "claim": CLAIM}
        tx.run(
            """
            INSERT INTO jobs.schedules (tenant_id, job, next_at)
            VALUES (%(tenant_id)s, %(job)s, %(now)s)
            ON CONFLICT (tenant_id, job) DO NOTHING
            """,
            params,
        )
        schedule = tx.maybe(
            """
            SELECT run_id, failures, next_at
              FROM jobs.schedules
             WHERE tenant_id = %(tenant_id)s AND job = %(job)s AND claimed_until < clock_timestamp()
               FOR UPDATE SKIP LOCKED
            """,
            params,
            row=_Schedule,
        )
        now = _now(tx)  # After the lock: an instant from before it would lie behind what another process has just put.
        if schedule is None or (only_due and now < schedule.next_at <= now + job.horizon):
            return None
        failures = schedule.failures
        if schedule.run_id is not None:
            failures += _mark_crashed(tx, job, schedule.run_id)
        run_id: str = tx.value(
            """
            INSERT INTO jobs.runs (tenant_id, job, attempt, due_at)
            VALUES (%(tenant_id)s, %(job)s, %(attempt)s, %(due_at)s)
            RETURNING id
            """,
            {**params, "attempt": failures + 1, "due_at": min(schedule.next_at, now)},
        )
        tx.run(
            """
            UPDATE jobs.schedules
               SET run_id = %(run_id)s, failures = %(failures)s, claimed_until = clock_timestamp() + %(claim)s
             WHERE tenant_id = %(tenant_id)s AND job = %(job)s
            """,
            {**params, "run_id": run_id, "failures": failures},
        )
        return run_id


def _mark_crashed(tx: Tx, job: Job, run_id: str) -> int:
    _LOG.warning("a job's earlier run never ended", extra={"job": job.name, "run_id": run_id})
    return tx.touched(
        """
        UPDATE jobs.runs
           SET status = 'crashed', finished_at = clock_timestamp(), outcome = 'its process ended before it did'
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND status = 'running'
        """,
        {"tenant_id": tx.tenant_id, "id": run_id},
    )


def _work(database: Database, job: Job, tenant_id: UUID, actor: Actor, run_id: str) -> Run | None:
    """Do it. None where the claim was lost to another process before the row could be locked."""
    with database.begin(tenant_id=tenant_id, actor=actor, correlation_id=run_id) as tx:
        mine = tx.value(
            """
            SELECT run_id
              FROM jobs.schedules
             WHERE tenant_id = %(tenant_id)s AND job = %(job)s AND run_id = %(run_id)s
               FOR UPDATE
            """,
            {"tenant_id": tenant_id, "job": job.name, "run_id": run_id},
        )
        if mine is None:
            return None
        outcome: Any = job.run(tx if job.scope == "tenant" else database)
        return _finish(tx, job, run_id, "succeeded", None if outcome is None else str(outcome), failures=0)


def _call_out(database: Database, job: Job, tenant_id: UUID, actor: Actor, run_id: str) -> Run | None:
    """Do it with no transaction open: one that waited for another machine would hold up the audit sealer.

    The claim is a lease, renewed until it is done. None where it was lost to another process.
    """
    lease = _Lease(database, job, tenant_id, actor, run_id)
    if not lease.renew():
        return None
    with lease.kept():
        outcome: Any = job.run(Outside(database, tenant_id, actor, run_id))
    with database.begin(tenant_id=tenant_id, actor=actor, correlation_id=run_id) as tx:
        if not lease.is_held(tx):
            return None
        return _finish(tx, job, run_id, "succeeded", None if outcome is None else str(outcome), failures=0)


class _Lease:
    """A claim that is renewed by a thread, a third of its time before it would end."""

    def __init__(self, database: Database, job: Job, tenant_id: UUID, actor: Actor, run_id: str) -> None:
        self._database = database
        self._context: dict[str, Any] = {"tenant_id": tenant_id, "actor": actor, "correlation_id": run_id}
        self._params = {"tenant_id": tenant_id, "job": job.name, "run_id": run_id, "claim": CLAIM}
        self._stop = threading.Event()

    def renew(self) -> bool:
        """Hold it from now on for its full time. False where it is another's."""
        with self._database.begin(**self._context) as tx:
            return bool(
                tx.touched(
                    """
                    UPDATE jobs.schedules
                       SET claimed_until = clock_timestamp() + %(claim)s
                     WHERE tenant_id = %(tenant_id)s AND job = %(job)s AND run_id = %(run_id)s
                    """,
                    self._params,
                )
            )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it until the block ends."""
        thread = threading.Thread(target=self._keep, name="headgate job lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def is_held(self, tx: Tx) -> bool:
        """Whether the run is still ours; its schedule is locked then."""
        found = tx.value(
            """
            SELECT run_id
              FROM jobs.schedules
             WHERE tenant_id = %(tenant_id)s AND job = %(job)s AND run_id = %(run_id)s
               FOR UPDATE
            """,
            self._params,
        )
        return found is not None

    def _keep(self) -> None:
        while not self._stop.wait(CLAIM.total_seconds() / 3):
            try:
                if not self.renew():
                    return
            except HeadgateError as error:
                _LOG.warning("a job's lease could not be renewed", extra={"reason": error.message})


def _put_off(database: Database, job: Job, tenant_id: UUID, actor: Actor, run_id: str, reason: str) -> Run | None:
    with database.begin(tenant_id=tenant_id, actor=actor, correlation_id=run_id) as tx:
        failures = tx.value(
            """
            SELECT failures + 1
              FROM jobs.schedules
             WHERE tenant_id = %(tenant_id)s AND job = %(job)s AND run_id = %(run_id)s
               FOR UPDATE
            """,
            {"tenant_id": tenant_id, "job": job.name, "run_id": run_id},
        )
        return None if failures is None else _finish(tx, job, run_id, "failed", reason, failures=failures)


def _finish(tx: Tx, job: Job, run_id: str, status: str, outcome: str | None, *, failures: int) -> Run:
    now = _now(tx)
    tx.run(
        """
        UPDATE jobs.schedules
           SET run_id = NULL, claimed_until = '-infinity', failures = %(failures)s, next_at = %(next_at)s
         WHERE tenant_id = %(tenant_id)s AND job = %(job)s
        """,
        {
            "tenant_id": tx.tenant_id,
            "job": job.name,
            "failures": failures,
            "next_at": now + retry_after(failures) if failures else job.next_after(now),
        },
    )
    return tx.one(
        """
        UPDATE jobs.runs
           SET status = %(status)s, finished_at = clock_timestamp(), outcome = %(outcome)s
         WHERE tenant_id = %(tenant_id)s AND id = %(id)s
        RETURNING id, job, status, attempt, due_at, started_at, finished_at, outcome
        """,
        {
            "tenant_id": tx.tenant_id,
            "id": run_id,
            "status": status,
            "outcome": outcome and log.REDACTOR.text(outcome)[:500],
        },
        row=Run,
    )
