"""Jobs: due by the tenant's clock, once at a time, tried again when they fail or their process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time as real_time
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import psycopg
import pytest
from tests import make

from headgate import jobs, tenants
from headgate.core.clock import real_now
from headgate.core.db import Database, Tx
from headgate.core.errors import Unavailable
from headgate.jobs import INSTALLATION, Job, runner, runs
from headgate.jobs.model import retry_after

pytestmark = pytest.mark.slow

HOUR = timedelta(hours=1)


@pytest.fixture
def ours(database: Database) -> make.TenantFixture:
    """A tenant of this test alone."""
    return make.tenant(database)


def due_for(database: Database, tenant: make.TenantFixture, *known: Job) -> list[str]:
    by_name = {job.name: job for job in known}
    return [job.name for tenant_id, job in jobs.due(database, by_name) if tenant_id == tenant.id]


def runs_of(database: Database, tenant: make.TenantFixture) -> list[tuple[str, int, str | None]]:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        return [(run.status, run.attempt, run.outcome) for run in reversed(jobs.history(tx))]


def move(database: Database, tenant: make.TenantFixture, by: timedelta | None) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        tenants.move_clock(tx, by=by)


def run(database: Database, tenant: make.TenantFixture, job: Job) -> jobs.Run | None:
    return jobs.run_once(database, job, tenant.id, only_due=True)


def people(tx: Tx) -> str:
    tenants.create_user(tx, email=f"p{tx.value('SELECT count(*) FROM tenants.users')}@example.org", display_name="P")
    return "1 made"


def headcount(database: Database, tenant: make.TenantFixture) -> int:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        return int(tx.value("SELECT count(*) FROM tenants.users"))


def test_every_job_of_every_domain_can_be_scheduled_and_run(database: Database, ours: make.TenantFixture) -> None:
    """A name that the table refuses would end each round of the loop, and starve the jobs behind it."""
    found = [job for job in jobs.discover().values() if job.scope == "tenant"]

    done = [run(database, ours, job) for job in found]

    assert [(job.name, one.status if one else None) for job, one in zip(found, done, strict=True)] == [
        (job.name, "succeeded") for job in found
    ]


@pytest.mark.parametrize("name", ["ledger.post", "Post", "p", "post-all"])
def test_a_name_that_no_schedule_takes_is_refused_at_once(name: str) -> None:
    with pytest.raises(TypeError, match="cannot be scheduled"):
        Job(name=name, every=HOUR, run=people)


# When ----------------------------------------------------------------------------------------------------------------


def test_a_job_is_due_once_then_after_its_period_by_the_tenants_clock(
    database: Database, ours: make.TenantFixture
) -> None:
    job = Job(name="toy_hourly", every=HOUR, run=people)
    assert due_for(database, ours, job) == ["toy_hourly"]

    first = run(database, ours, job)
    assert first is not None and (first.status, first.attempt, first.outcome) == ("succeeded", 1, "1 made")
    assert due_for(database, ours, job) == []
    assert run(database, ours, job) is None

    move(database, ours, timedelta(minutes=59))
    assert due_for(database, ours, job) == []
    move(database, ours, timedelta(minutes=2))
    assert due_for(database, ours, job) == ["toy_hourly"]
    second = run(database, ours, job)
    assert second is not None and second.status == "succeeded"
    assert second.due_at - first.started_at > timedelta(minutes=59)
    assert abs(second.started_at - real_now()) < timedelta(minutes=1)
    assert headcount(database, ours) == 2


def test_a_clock_that_is_put_back_does_not_silence_a_job(database: Database, ours: make.TenantFixture) -> None:
    job = Job(name="toy_hourly", every=HOUR, run=people)
    move(database, ours, timedelta(days=30))
    run(database, ours, job)
    assert due_for(database, ours, job) == []

    move(database, ours, None)

    assert due_for(database, ours, job) == ["toy_hourly"]
    again = run(database, ours, job)
    assert again is not None and again.status == "succeeded"


@pytest.mark.parametrize(
    ("now", "at", "zone", "expected"),
    [
        ("2026-11-20T05:59:00", time(6), "UTC", "2026-11-20T06:00:00"),
        ("2026-11-20T06:00:00", time(6), "UTC", "2026-11-21T06:00:00"),
        ("2026-11-20T12:00:00", time(6), "America/Chicago", "2026-11-21T12:00:00"),
        # The clocks go forward on 2026-03-08, and back on 2026-11-01: six o'clock stays six o'clock.
        ("2026-03-07T13:00:00", time(6), "America/Chicago", "2026-03-08T11:00:00"),
        ("2026-10-31T12:00:00", time(6), "America/Chicago", "2026-11-01T12:00:00"),
        # Half past two does not exist on the first of these days, and half past one is there twice on the second.
        ("2026-03-08T05:00:00", time(2, 30), "America/Chicago", "2026-03-08T08:30:00"),
        ("2026-11-01T06:30:00", time(1, 30), "America/Chicago", "2026-11-02T07:30:00"),
    ],
)
def test_a_daily_job_keeps_its_wall_time(now: str, at: time, zone: str, expected: str) -> None:
    job = Job(name="toy_daily", at=at, zone=zone, run=people)

    wanted = datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert job.next_after(datetime.fromisoformat(now).replace(tzinfo=UTC)) == wanted


@pytest.mark.parametrize(
    "facts",
    [{}, {"every": HOUR, "at": time(6)}, {"every": timedelta(milliseconds=5)}],
    ids=["neither", "both", "too often"],
)
def test_a_job_without_one_clear_schedule_is_a_mistake(facts: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Job(name="toy", run=people, **facts)


def test_every_job_of_every_domain_has_a_name_of_its_own() -> None:
    found = jobs.discover()

    assert {"ensure_partitions", "run_history_cleanup", "reservation_cleanup"} <= set(found)
    assert all(name == job.name for name, job in found.items())


# What becomes of a run ------------------------------------------------------------------------------------------------


def test_a_failed_run_leaves_nothing_and_is_tried_again_later(database: Database, ours: make.TenantFixture) -> None:
    def fail(tx: Tx) -> None:
        people(tx)
        raise tenants.UnknownPerson("nobody of that name")

    failing = Job(name="toy", every=timedelta(seconds=5), run=fail)
    first = run(database, ours, failing)
    assert first is not None and (first.status, first.outcome) == ("failed", "nobody of that name")
    assert headcount(database, ours) == 0
    assert due_for(database, ours, failing) == []

    move(database, ours, timedelta(seconds=16))
    second = run(database, ours, failing)
    assert second is not None and (second.status, second.attempt) == ("failed", 2)
    move(database, ours, timedelta(seconds=31))
    third = run(database, ours, Job(name="toy", every=timedelta(seconds=5), run=people))
    assert third is not None and (third.status, third.attempt) == ("succeeded", 3)
    move(database, ours, timedelta(seconds=6))
    fourth = run(database, ours, failing)
    assert fourth is not None and fourth.attempt == 1


def test_an_error_that_is_not_ours_is_named_by_its_type_alone(database: Database, ours: make.TenantFixture) -> None:
    def crash(tx: Tx) -> None:
        raise RuntimeError("account 4111111111111111")

    failed = run(database, ours, Job(name="toy", every=HOUR, run=crash))

    assert failed is not None and (failed.status, failed.outcome) == ("failed", "RuntimeError")


def test_waiting_doubles_up_to_an_hour() -> None:
    waits = [retry_after(failures).total_seconds() for failures in (1, 2, 3, 8, 9, 10, 1000)]

    assert waits == [15, 30, 60, 1920, 3600, 3600, 3600]


def test_many_processes_run_it_once(database: Database, ours: make.TenantFixture) -> None:
    started, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> str:
        started.set()
        assert go_on.wait(10)
        return people(tx)

    job = Job(name="toy", every=HOUR, run=slow)
    results: list[jobs.Run | None] = []
    runners = [threading.Thread(target=lambda: results.append(run(database, ours, job))) for _ in range(8)]
    for thread in runners:
        thread.start()
    assert started.wait(10)
    with pytest.raises(jobs.JobRunning):
        jobs.run_by_name(database, {"toy": job}, "toy", ours.id)
    go_on.set()
    for thread in runners:
        thread.join(10)

    assert sorted(result.status if result else "" for result in results) == [""] * 7 + ["succeeded"]
    assert headcount(database, ours) == 1
    assert runs_of(database, ours) == [("succeeded", 1, "1 made")]


def test_a_slow_run_is_not_taken_for_a_dead_one(
    database: Database, ours: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CLAIM", timedelta(0))

    def slow(tx: Tx) -> str:
        assert due_for(database, ours, job) == ["toy"], "its claim has run out"
        with pytest.raises(jobs.JobRunning):
            jobs.run_by_name(database, {"toy": job}, "toy", ours.id)
        return people(tx)

    job = Job(name="toy", every=HOUR, run=slow)

    done = run(database, ours, job)

    assert done is not None and done.status == "succeeded"
    assert runs_of(database, ours) == [("succeeded", 1, "1 made")]


CRASHING = """
import os, signal, sys
from datetime import timedelta
from headgate import jobs
from headgate.core.config import Config
from headgate.core.db import Database

def die(tx):
    tx.run(
        "INSERT INTO tenants.users (tenant_id, email, display_name)"
        " VALUES (core.tenant_id(), 'ghost@example.org', 'G')"
    )
    os.kill(os.getpid(), signal.SIGKILL)

url, home, tenant = sys.argv[1:]
config = Config.from_environment({"HEADGATE_HOME": home, "HEADGATE_ENV": "test"})
with Database(lambda role: url, config=config) as database:
    jobs.run_once(database, jobs.Job(name="toy", every=timedelta(hours=1), run=die), tenant, only_due=True)
"""


def test_a_run_whose_process_was_killed_is_marked_and_tried_again(
    database: Database, ours: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    home = str(database.config.home)
    killed = subprocess.run([sys.executable, "-c", CRASHING, database.url("app"), home, str(ours.id)], check=False)
    assert killed.returncode == -signal.SIGKILL
    job = Job(name="toy", every=HOUR, run=people)
    assert runs_of(database, ours) == [("running", 1, None)]
    assert due_for(database, ours, job) == [], "it may still be about to lock its row"
    admin.execute("UPDATE jobs.schedules SET claimed_until = now() WHERE tenant_id = %s", [ours.id])

    until = real_time.monotonic() + 10
    done = None
    while done is None and real_time.monotonic() < until:
        done = run(database, ours, job)

    assert done is not None and done.status == "succeeded"
    assert runs_of(database, ours) == [
        ("crashed", 1, "its process ended before it did"),
        ("succeeded", 2, "1 made"),
    ]
    assert headcount(database, ours) == 1


def test_a_run_that_lost_its_claim_does_nothing(
    database: Database, ours: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(name="toy", every=HOUR, run=people)
    claim = runs._claim

    def robbed(*args: Any, **facts: Any) -> str | None:
        claimed = claim(*args, **facts)
        with database.begin(tenant_id=ours.id, actor=make.ACTOR) as tx:
            tx.run("UPDATE jobs.schedules SET run_id = NULL")
        return claimed

    monkeypatch.setattr(runs, "_claim", robbed)

    assert run(database, ours, job) is None
    assert headcount(database, ours) == 0


def test_a_finished_run_is_never_changed_again(
    database: Database, ours: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    run(database, ours, Job(name="toy", every=HOUR, run=people))

    with pytest.raises(psycopg.Error) as refused:
        admin.execute("UPDATE jobs.runs SET status = 'failed' WHERE tenant_id = %s", [ours.id])
    assert refused.value.sqlstate == "HG003"


# A job that calls out -----------------------------------------------------------------------------------------------


def people_outside(outside: jobs.Outside) -> str:
    with outside.begin() as tx:
        return people(tx)


def test_a_job_that_calls_out_holds_a_lease_and_is_run_once(
    database: Database, ours: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "CLAIM", timedelta(seconds=0.6))

    def slow(outside: jobs.Outside) -> str:
        until = real_time.monotonic() + 2  # three times its claim: it is renewed meanwhile
        while real_time.monotonic() < until:
            with pytest.raises(jobs.JobRunning):
                jobs.run_by_name(database, {"toy": job}, "toy", ours.id)
            real_time.sleep(0.1)
        return people_outside(outside)

    job = Job(name="toy", every=HOUR, run=slow, calls_out=True)

    done = run(database, ours, job)

    assert done is not None and done.status == "succeeded"
    assert runs_of(database, ours) == [("succeeded", 1, "1 made")]
    assert due_for(database, ours, job) == []


def test_one_that_calls_out_and_fails_keeps_what_it_had_done_and_is_tried_again(
    database: Database, ours: make.TenantFixture
) -> None:
    def failing(outside: jobs.Outside) -> None:
        people_outside(outside)
        raise Unavailable("the other side is away")

    job = Job(name="toy", every=HOUR, run=failing, calls_out=True)

    done = run(database, ours, job)

    assert done is not None and (done.status, done.outcome) == ("failed", "the other side is away")
    assert headcount(database, ours) == 1
    with database.begin(tenant_id=ours.id, actor=make.ACTOR) as tx:
        waits = tx.value("SELECT next_at - tenants.now() FROM jobs.schedules WHERE job = 'toy'")
    assert timedelta(0) < waits <= timedelta(seconds=15)


def test_one_that_calls_out_and_lost_its_lease_ends_nothing(
    database: Database, ours: make.TenantFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def robbed(outside: jobs.Outside) -> None:
        with outside.begin() as tx:
            tx.run("UPDATE jobs.schedules SET run_id = NULL, claimed_until = '-infinity'")

    job = Job(name="toy", every=HOUR, run=robbed, calls_out=True)

    assert run(database, ours, job) is None
    assert [status for status, *_ in runs_of(database, ours)] == ["running"]

    monkeypatch.setattr(runs, "_claim", lambda *args, **facts: "run_of_another")
    assert run(database, ours, Job(name="toy", every=HOUR, run=people_outside, calls_out=True)) is None
    assert headcount(database, ours) == 0


def test_a_job_of_the_installation_does_not_call_out() -> None:
    with pytest.raises(TypeError, match="each tenant"):
        Job(name="toy", every=HOUR, run=people_outside, scope="installation", calls_out=True)


# The installation's own, and the loop ---------------------------------------------------------------------------------


@pytest.fixture
def own_job(admin: psycopg.Connection[Any]) -> Iterator[str]:
    """The name of a job of the installation, forgotten afterwards."""
    name = f"toy_{os.getpid()}"
    yield name
    admin.execute("DELETE FROM jobs.schedules WHERE job = %s", [name])


def test_a_job_of_the_installation_runs_once_for_all(database: Database, own_job: str) -> None:
    seen: list[Database] = []
    job = Job(name=own_job, every=HOUR, run=seen.append, scope="installation")

    assert (INSTALLATION, job) in jobs.due(database, {own_job: job})
    assert jobs.run_due(database, {own_job: job}) == 1
    assert jobs.run_due(database, {own_job: job}) == 0
    assert seen == [database]


def test_an_unknown_job_is_named(database: Database, ours: make.TenantFixture) -> None:
    with pytest.raises(jobs.UnknownJob, match="'nothing'"):
        jobs.run_by_name(database, {}, "nothing", ours.id)


def test_the_loop_runs_what_is_due_and_stops_at_once(database: Database, own_job: str) -> None:
    ran = threading.Event()
    stop = threading.Event()
    job = Job(name=own_job, every=HOUR, run=lambda _: ran.set(), scope="installation")
    loop = threading.Thread(target=jobs.run_forever, args=(database, stop), kwargs={"jobs": {own_job: job}})

    loop.start()
    assert ran.wait(10)
    stop.set()
    loop.join(2)

    assert not loop.is_alive()


def test_the_loop_outlives_what_fails(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    failures = iter([Unavailable("gone"), RuntimeError("odd")])

    def failing(*_: Any, **__: Any) -> int:
        error = next(failures, None)
        if error is None:
            stop.set()
            return 0
        raise error

    monkeypatch.setattr(runner, "run_due", failing)
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.01)

    jobs.run_forever(database, stop, jobs={})

    assert stop.is_set()


def test_partitions_are_made_ahead_and_kept_closed(database: Database, admin: psycopg.Connection[Any]) -> None:
    last = (real_now().replace(day=1) + timedelta(days=95)).strftime("audit.events_%Y_%m")
    known = jobs.discover()

    done = jobs.run_by_name(database, known, "ensure_partitions", INSTALLATION)

    assert done.status == "succeeded", done
    row = admin.execute(
        "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = to_regclass(%s)", [last]
    ).fetchone()
    assert row == (True,)
    again = jobs.run_by_name(database, known, "ensure_partitions", INSTALLATION)
    assert (again.status, again.outcome) == ("succeeded", None)


def test_old_successes_are_forgotten_and_failures_are_not(
    database: Database, ours: make.TenantFixture, admin: psycopg.Connection[Any]
) -> None:
    for status, days in (("succeeded", 31), ("succeeded", 29), ("failed", 31), ("crashed", 400)):
        row = admin.execute(
            "INSERT INTO jobs.runs (tenant_id, job, attempt, due_at) VALUES (%s, 'toy', 1, now()) RETURNING id",
            [ours.id],
        ).fetchone()
        assert row is not None
        admin.execute(
            "UPDATE jobs.runs SET status = %s, finished_at = now() - make_interval(days => %s) WHERE id = %s",
            [status, days, row[0]],
        )

    done = jobs.run_by_name(database, jobs.discover(), "run_history_cleanup", ours.id)

    assert (done.status, done.outcome) == ("succeeded", "1 runs deleted")
    assert sorted(status for status, _, _ in runs_of(database, ours)) == ["crashed", "failed", "succeeded", "succeeded"]
