"""Each bug that is planted in funding or payments is found: by whom is part of the claim.

The guards: `model` (random histories against the plain model), and `race` (committers at once within one day's limit).
Every bug is tried in the long run (`make model`); in every run the first, and that each can be planted in what stands today.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FunctionType

import pytest
from tests import make
from tests.funding import scenes
from tests.make import ACTOR
from tests.payments import stories
from tests.payments.model.runs import run_histories
from tests.payments.model.told import tell
from tests.payments.plants import PLANTS, Plant

import headgate
from headgate import ledger, payments, tenants
from headgate.core.db import Database
from headgate.core.errors import Unavailable
from headgate.funding import Limit

SOURCES = Path(headgate.__file__).parent
ALL_FROM_HISTORIES = 500
HISTORIES_MAX = 120
"""After those that are told, which find nearly all."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every bug in the long run; in every run of the tests one that is found within seconds."""
    if "plant" in metafunc.fixturenames:
        plants = PLANTS if metafunc.config.getoption("--histories") >= ALL_FROM_HISTORIES else PLANTS[:1]
        metafunc.parametrize("plant", plants, ids=[plant.bug.replace(" ", "-") for plant in plants])


@pytest.mark.slow
@pytest.mark.plants
def test_a_planted_bug_is_found(empty_database: Database, plant: Plant) -> None:
    with planted(empty_database, plant):
        found = GUARDS[plant.guard](empty_database)

    assert found is not None, f"{plant.guard} overlooks that {plant.bug}"


def test_every_bug_can_be_planted_in_what_stands_today() -> None:
    assert len(PLANTS) >= 15 and len({plant.bug for plant in PLANTS}) == len(PLANTS)
    for plant in PLANTS:
        text = _changed(plant)
        if plant.file.endswith(".py"):
            compile(text, plant.file, "exec")


@pytest.mark.slow
def test_without_a_bug_the_race_stays_within_the_limit(empty_database: Database) -> None:
    assert by_a_race(empty_database, rounds=1) is None


def _changed(plant: Plant) -> str:
    text = (SOURCES / plant.file).read_text("utf-8")
    assert text.count(plant.old) == 1, f"in {plant.file} '{plant.old}' stands {text.count(plant.old)} times"
    return text.replace(plant.old, plant.new)


@contextmanager
def planted(database: Database, plant: Plant) -> Iterator[None]:
    """The product with this bug. Functions keep their identity and get other code, so that whoever holds one is served."""
    text = _changed(plant)
    if plant.file.endswith(".sql"):
        with database.connect("admin") as admin:
            admin.execute("SET ROLE headgate_owner")
            admin.execute(text)  # type: ignore[call-overload]
        yield
        return
    module = importlib.import_module("headgate." + plant.file.removesuffix(".py").replace("/", "."))
    fresh = dict(vars(module))
    exec(compile(text, str(SOURCES / plant.file), "exec"), fresh)
    before = {}
    for name, found in vars(module).items():
        other = fresh.get(name)
        if not isinstance(found, FunctionType) or not isinstance(other, FunctionType):
            continue
        if found.__module__ == module.__name__ and found.__code__ != other.__code__:
            before[name] = found.__code__
            found.__code__ = other.__code__
    assert before, f"no function of {plant.file} is changed"
    try:
        yield
    finally:
        for name, code in before.items():
            vars(module)[name].__code__ = code


def by_the_model(database: Database) -> str | None:
    """Histories that are told, then random ones; the first that fails."""
    try:
        tell(database)
        run_histories(database, HISTORIES_MAX, shrink=False, is_judged=False)
    except Exception as error:
        return str(error) or repr(error)
    return None


def by_a_race(database: Database, rounds: int = 4) -> str | None:
    """Four clients commit at once, with money of their own, within a limit that they share."""
    for number in range(rounds):
        tenant = make.tenant(database)
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            stories.at(tx, stories.MONDAY)
            scenes.limit(tx, "max_daily_volume", Limit(amount_minor=5_000))
            batches = []
            for client in range(4):
                entity = tenants.create_legal_entity(tx, name=f"C{client}", time_zone="America/Chicago", currency="USD")
                ledger.seed_chart(tx, legal_entity_id=entity.id, currency="USD")
                one = replace(tenant, legal_entity_id=entity.id)
                stories.fund(tx, one, "1000.00", external_id=f"w-{client}")
                batches += [stories.batch(tx, one, "10.00", payroll_id=f"PR-{n}") for n in range(6)]
        start = threading.Barrier(len(batches))

        def commit(
            batch: payments.PayrollBatch, start: threading.Barrier = start, tenant: make.TenantFixture = tenant
        ) -> None:
            start.wait()
            for _ in range(20):
                try:
                    with database.begin(tenant_id=tenant.id, actor=ACTOR) as own:
                        payments.commit_payroll(own, batch)
                    return
                except Unavailable:
                    continue

        threads = [threading.Thread(target=commit, args=(batch,)) for batch in batches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            taken = tx.value(
                "SELECT coalesce(sum(remaining_minor), 0) FROM ledger.reservations WHERE status = 'active'"
            )
        if taken != 5_000:
            return f"round {number}: {taken} is reserved of a limit of 5000"
    return None


GUARDS = {"model": by_the_model, "race": by_a_race}
