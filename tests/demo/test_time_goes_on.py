"""After the demo's story its tenants' clocks can be advanced, and their simulated bank goes on where the story stopped."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console
from tests.make import ACTOR

from headgate import tenants, twin
from headgate.core import invariants
from headgate.core.db import Database
from headgate.demo.cast import plays
from headgate.demo.stage import balances
from headgate.demo.story import perform
from headgate.demo.tell import Teller

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_what_was_in_flight_settles_and_what_was_owed_comes(empty_database: Database) -> None:
    tell = Teller(Console(file=io.StringIO()))
    stages = [perform(empty_database, play, tell) for play in plays(40)]

    for stage in stages:
        with empty_database.begin(tenant_id=stage.tenant.id, actor=ACTOR) as tx:
            to = tx.now() + timedelta(days=5)
        done = twin.advance(empty_database, stage.tenant.id, to=to)

        told = [one for one in done.happened if one.what == "bank"]
        assert len(told) >= 3
        assert [one.outcome for one in told if "differ" in one.outcome or "not taken" in one.outcome] == []
    acme, beacon = (dict(balances(stage)) for stage in stages)
    assert acme["Settlement clearing"].minor == beacon["Settlement clearing"].minor == 0
    assert beacon["Payroll clearing"].minor == 0
    report = invariants.run_checks(empty_database, tenants.tenant_ids(empty_database), full=True)
    assert report.ok, [found for found in report.invariants if found.violations]
