"""One run: the shapes one after another, each on a database of its own, and the document."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

import psycopg

from headgate.core.embedded import EmbeddedServer

from ..shared.clients import Clients
from ..shared.ground import home, machine, tell
from . import broker, tasks
from .ground import Ground, ground
from .plan import RATES, WARM, WARM_THROUGH, Plan

CONNECTIONS = 8
SERVER, CALLER, WORKERS = 0, 1, (2, 3)
PATIENCE_SECONDS = 120.0
PROCRASTINATE_JOBS = 5_000
POSTED = "SELECT count(*) FROM servicing.payments WHERE status = 'completed'"

Figures = dict[str, float]


def run(plan: Plan) -> dict[str, Any]:
    """Measure, and give the document."""
    with ExitStack() as stack:
        tell("starting a server of its own in a temporary HEADGATE_HOME")
        server = stack.enter_context(home({"track_commit_timestamp": "on"}))
        clients = Clients(CONNECTIONS)  # They know the home then, whose key opens what was sealed.
        stack.callback(clients.close)
        figures: dict[str, list[Figures]] = defaultdict(list)
        shown: dict[str, str] = {}
        for number in range(plan.rounds):
            for name, shape in _shapes(plan).items():
                if plan.only and name not in plan.only:
                    continue
                tell(f"round {number + 1} of {plan.rounds}: {name}")
                if plan.broker:
                    broker.empty(plan.broker)
                figures[name].append(_alone(server, clients, plan, f"{name}_{number}", shape, shown))
        runs = [_entry(name, found) for name, found in figures.items()]
        return {
            "machine": machine(),
            "settings": {**_settings(plan), **shown},
            "runs": runs,
            "ratios": _ratios({one["shape"]: one for one in runs}),
        }


Shape = Callable[[Ground, Clients, Plan], Figures]


def _shapes(plan: Plan) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {
        "raw_insert_8": _raw,
        "accept": _accept,
        "accept_half": _accept_half,
        **{f"posted_{rate}": partial(_posted, rate=rate, broker=None) for rate in RATES},
        "bare_jobs_8": _jobs,
        "procrastinate_jobs_8": _procrastinate,
        "validate_post": partial(_through, count=plan.messages, broker=None),
        "validate_post_singly": partial(_through, count=plan.singles, broker=None, singly=True),
    }
    if plan.broker:
        shapes["posted_100_rabbitmq"] = partial(_posted, rate=RATES[0], broker=plan.broker)
        shapes["validate_post_rabbitmq"] = partial(_through, count=plan.messages, broker=plan.broker)
    return shapes


def _alone(
    server: EmbeddedServer, clients: Clients, plan: Plan, name: str, shape: Shape, shown: dict[str, str]
) -> Figures:
    with ground(server, f"bench_{name}", plan.loans) as made:
        if not shown:
            shown.update(made.server_settings())
        return shape(made, clients, plan)


def _raw(made: Ground, clients: Clients, plan: Plan) -> Figures:
    """Bare rows of artifacts over 8 connections, each in a process of its own."""
    with psycopg.connect(made.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE bare_artifacts (id text PRIMARY KEY, sha256 bytea UNIQUE, body bytea NOT NULL)")
    each = [{"url": made.admin_url, "count": max(1, plan.webhooks // CONNECTIONS)}] * CONNECTIONS
    return {"per_s": _rate(clients.run(tasks.bare_inserts, each))}


def _accept(made: Ground, clients: Clients, plan: Plan) -> Figures:
    """As many as one server process takes, on 32 connections; nobody reads them meanwhile."""
    port = _served(made, clients, None)
    _call(made, clients, port, "w", WARM, None)
    made.settle()
    done = _call(made, clients, port, "a", plan.webhooks, None)
    return {"per_s": _rate([done]), **_spread(done["latencies"])}


def _accept_half(made: Ground, clients: Clients, plan: Plan) -> Figures:
    """At half of what it takes."""
    port = _served(made, clients, None)
    _call(made, clients, port, "w", WARM, None)
    top = _rate([_call(made, clients, port, "a", plan.webhooks // 3, None)])
    made.settle()
    done = _call(made, clients, port, "b", int(top / 2 * plan.seconds), top / 2)
    return {"per_s": _rate([done]), **_spread(done["latencies"])}


def _posted(made: Ground, clients: Clients, plan: Plan, *, rate: int, broker: str | None) -> Figures:
    """From when a webhook was sent to when its payment was committed, at a steady rate; one process serves, one works."""
    port = _served(made, clients, broker)
    clients.at(WORKERS[0], tasks.start_working, url=made.url, broker=broker)
    try:
        _call(made, clients, port, "w", WARM, 50)
        _wait(made, WARM)
        made.settle()
        count = rate * plan.seconds
        done = _call(made, clients, port, "p", count, rate, first=WARM)
        _wait(made, WARM + count)
    finally:
        clients.at(WORKERS[0], tasks.stop_working)
    with psycopg.connect(made.admin_url) as admin:
        rows = admin.execute(
            """
            SELECT p.provider_transfer_id, extract(epoch FROM pg_xact_commit_timestamp(e.xmin))::float8
              FROM audit.events e
              JOIN servicing.payments p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id
             WHERE e.type = 'servicing.payment.posted' AND p.provider_transfer_id LIKE 'acht_p%'
            """
        ).fetchall()
    committed = {str(transfer): float(at) for transfer, at in rows}
    took = [committed[f"acht_p{WARM + n:08}"] - sent for n, sent in enumerate(done["sent"])]
    return {"per_s": _rate([done]), **_spread(took)}


def _jobs(made: Ground, clients: Clients, plan: Plan) -> Figures:
    """A bare queue of jobs that do nothing, 8 connections: two statements a job, no body, no tenant, no inbox."""
    with psycopg.connect(made.admin_url, autocommit=True) as admin:
        admin.execute("CREATE TABLE bare_jobs (id bigint PRIMARY KEY, status text NOT NULL)")
        admin.execute("CREATE INDEX ON bare_jobs (id) WHERE status = 'todo'")
        admin.execute("INSERT INTO bare_jobs SELECT n, 'todo' FROM generate_series(1, %s) n", (plan.messages,))
        admin.execute("ANALYZE bare_jobs")
    return {"per_s": _rate(clients.run(tasks.bare_jobs, [{"url": made.admin_url}] * CONNECTIONS))}


def _procrastinate(made: Ground, clients: Clients, plan: Plan) -> Figures:
    """Jobs of procrastinate that do nothing, eight at a time."""
    from . import procrastinate_jobs  # of those who develop this, and of nobody else

    count = min(plan.messages, PROCRASTINATE_JOBS)
    return {"per_s": _rate([clients.at(SERVER, procrastinate_jobs.jobs, url=made.admin_url, count=count)])}


def _through(
    made: Ground, clients: Clients, plan: Plan, *, count: int, broker: str | None, singly: bool = False
) -> Figures:
    """Payments that came in, to posted: two workers over every stage, the relay's part in it."""
    _take_in(made, clients, "w", 0, WARM_THROUGH)
    for place in WORKERS:
        clients.at(place, tasks.start_working, url=made.url, broker=broker, singly=singly)
    try:
        _wait(made, WARM_THROUGH)
        for place in WORKERS:
            clients.at(place, tasks.stop_working)
        _take_in(made, clients, "t", WARM_THROUGH, count)
        made.settle()
        begun = time.perf_counter()
        for place in WORKERS:
            clients.at(place, tasks.start_working, url=made.url, broker=broker, singly=singly)
        marks = _wait(made, WARM_THROUGH + count)
        seconds = time.perf_counter() - begun
    finally:
        for place in WORKERS:
            clients.at(place, tasks.stop_working)
    return {"per_s": count / seconds, "last_to_first_tenth": _flatness(made, count), "looks": float(marks)}


def _take_in(made: Ground, clients: Clients, series: str, first: int, count: int) -> None:
    clients.at(
        CALLER,
        tasks.ingest,
        url=made.url,
        tenant_id=made.tenant_id,
        series=series,
        first=first,
        count=count,
        loans=made.loans,
    )


def _flatness(made: Ground, count: int) -> float:
    """The rate of the last tenth of what was posted ÷ that of the first, by when each was committed."""
    with psycopg.connect(made.admin_url) as admin:
        at = [
            float(row[0])
            for row in admin.execute(
                """
                SELECT extract(epoch FROM pg_xact_commit_timestamp(e.xmin))::float8 FROM audit.events e
                  JOIN servicing.payments p ON p.tenant_id = e.tenant_id AND p.id = e.payment_id
                 WHERE e.type = 'servicing.payment.posted' AND p.provider_transfer_id LIKE 'acht_t%' ORDER BY 1
                """
            )
        ]
    tenth = max(1, count // 10)
    first, last = at[tenth] - at[0], at[-1] - at[-1 - tenth]
    return round(first / last, 3) if last > 0 and first > 0 else 1.0


def _served(made: Ground, clients: Clients, broker: str | None) -> int:
    return int(clients.at(SERVER, tasks.serve, url=made.url, broker=broker))


def _call(
    made: Ground, clients: Clients, port: int, series: str, count: int, rate: float | None, *, first: int = 0
) -> dict[str, Any]:
    return dict(
        clients.at(
            CALLER,
            tasks.call,
            port=port,
            path=made.path,
            series=series,
            first=first,
            count=count,
            loans=made.loans,
            rate=rate,
        )
    )


def _wait(made: Ground, count: int) -> int:
    """Wait until so many payments are posted; how often it was looked."""
    deadline, looks, last = time.monotonic() + PATIENCE_SECONDS, 0, -1
    with psycopg.connect(made.admin_url, autocommit=True) as admin:
        while True:
            asked = time.perf_counter()
            row = admin.execute(POSTED).fetchone()
            found = int(row[0]) if row else 0
            if found >= count:
                return looks
            if found != last:
                last, deadline = found, time.monotonic() + PATIENCE_SECONDS
            assert time.monotonic() < deadline, f"{found} of {count} payments were posted, and no more"
            looks += 1
            # Of a million payments the count takes a while: to look is to cost a twentieth of the time at most.
            time.sleep(max(0.05, 20 * (time.perf_counter() - asked)))


def _rate(results: Sequence[Mapping[str, Any]]) -> float:
    seconds = max(one["ended"] for one in results) - min(one["begun"] for one in results)
    return float(sum(one["count"] for one in results) / seconds)


def _spread(seconds: Sequence[float]) -> Figures:
    ordered = sorted(seconds)
    return {f"p{part}_ms": ordered[min(len(ordered) - 1, len(ordered) * part // 100)] * 1000 for part in (50, 99)}


def _entry(name: str, found: Sequence[Figures]) -> dict[str, Any]:
    """Medians of the rounds."""
    names = ("per_s", "p50_ms", "p99_ms", "last_to_first_tenth")
    middle = {one: median(figures[one] for figures in found) if one in found[0] else None for one in names}
    return {"shape": name, **{one: None if value is None else round(value, 3) for one, value in middle.items()}}


def _ratios(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, float | None]:
    def of(one: str, other: str) -> float | None:
        return round(runs[one]["per_s"] / runs[other]["per_s"], 3) if one in runs and other in runs else None

    return {
        "accept_to_raw_insert": of("accept", "raw_insert_8"),
        "validate_post_to_procrastinate_jobs": of("validate_post", "procrastinate_jobs_8"),
        "rabbitmq_to_postgres": of("validate_post_rabbitmq", "validate_post"),
    }


def _settings(plan: Plan) -> dict[str, Any]:
    return {
        "webhooks": plan.webhooks,
        "seconds": plan.seconds,
        "messages": plan.messages,
        "singles": plan.singles,
        "loans": plan.loans,
        "rounds": plan.rounds,
        "broker": bool(plan.broker),
        "server": "embedded, in a temporary HEADGATE_HOME, with track_commit_timestamp",
    }
