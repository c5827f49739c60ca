"""A webhook of Column's moves a payment's badge in an open page: the real server, a worker, a browser, the simulated Column."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests import make
from tests.components import requires
from tests.console.conftest import link_to, serving
from tests.doors.scripts import Shell
from tests.make import ACTOR
from tests.payments import columns, gateways, stories

from headgate import ingestion, payments
from headgate.core.db import Database

pytestmark = [requires("chromium"), pytest.mark.slow]

TRIES = 5
"""So that busy moments of the machine are not taken for a slow page: the quickest counts."""


@contextlib.contextmanager
def worker(database: Database, home: Path) -> Iterator[None]:
    """`headgate worker` in a process of its own, on this database."""
    settings = {"HEADGATE_DATABASE_URL": database.url("admin"), "HEADGATE_EGRESS_ALLOW": "127.0.0.0/8"}
    process = Shell(home, {**settings, "HEADGATE_POOL_MAX": "6"}).start("worker")
    try:
        assert process.stderr and "working" in process.stderr.readline()
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def test_a_webhook_moves_the_badge_within_two_seconds_and_without_reload(
    empty_database: Database, chromium: Any
) -> None:
    database, tenant = empty_database, make.tenant(empty_database)
    with (
        gateways.reaching(database),
        serving(database) as address,
        columns.column(passes=True, pace_seconds=0.05, clock=lambda: datetime.now(UTC)) as at,
        worker(database, database.config.home),
    ):
        hook = at.call("POST", "/webhook-endpoints", url=f"{address}/api/column/webhook", enabled_events=["*"])
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.at(tx, stories.MONDAY)
            stories.originator(tx, tenant)
            columns.speak(tx, at, "ach")
            ingestion.set_webhook(
                tx, source="column", scheme="column", secret=hook["secret"], provider_endpoint_id=hook["id"]
            )
            stories.fund(tx, tenant, f"{60 * TRIES}.00")
            paid = payments.commit_payroll(
                tx, columns.batch(tx, tenant, *(f"{n}-STAY" for n in range(TRIES)), rail="ach")
            )
            assert paid.status == "committed" and payments.submit_due(tx, on=stories.MONDAY) == []
        payments.run_orders(database, tenant.id)
        page = chromium.new_page()
        noise: list[str] = []
        page.on("pageerror", lambda error: noise.append(str(error)))
        page.goto(address + link_to(database, tenant))
        page.goto(f"{address}/console/{tenant.slug}/payments")
        _until(lambda: page.inner_text("#fresh").startswith("Up to date"))
        page.evaluate("window.stayed = true")
        badges = page.locator("[data-rows] .badge")
        _until(lambda: badges.all_inner_texts() == ["Sent"] * TRIES)

        waits: list[float] = []
        for number, transfer in enumerate(list(at.twin.transfers), start=1):
            began = time.monotonic()
            at.call("POST", "/simulate/transfers/ach/settle", ach_transfer_id=transfer["id"])
            _until(lambda number=number: badges.all_inner_texts().count("Settled") == number)
            waits.append(time.monotonic() - began)

        assert min(waits) < 2, waits
        assert page.evaluate("window.stayed") and noise == []
        page.close()
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["settled"] * TRIES and stories.balances(tx, tenant) == {}
        assert {one.source for one in ingestion.list_artifacts(tx, limit=50)} == {"column"}


def _until(holds: Any, seconds: float = 30) -> None:
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "it never held"
        time.sleep(0.03)
