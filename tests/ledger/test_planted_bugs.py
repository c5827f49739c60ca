"""Each class of bug, planted in the database, is found: by whom is part of the claim.

The plants stand in plants.py and plants_beyond.py; each is made in a database of its own. The guards: `model` (random
histories against the plain model), `checker` (concurrent runs explained by one order) and `invariants` (the views that
must be empty, after one small story).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import psycopg
import pytest
from tests import checks, make
from tests.ledger.concurrent import run
from tests.ledger.conftest import Book, book_of
from tests.ledger.model.runs import run_histories
from tests.ledger.plants import POSTING, Plant
from tests.ledger.plants_beyond import BEYOND
from tests.ledger.serial import faults

from headgate import ledger
from headgate.core.db import Database
from headgate.ledger import Entry, Posting

PLANTS = (*POSTING, *BEYOND)
ALL_FROM_HISTORIES = 500


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every bug in the long run (`make model`); in every run of the tests those that are found within seconds."""
    if "plant" in metafunc.fixturenames:
        quick = [plant for plant in PLANTS if plant.guard == "invariants"] + [PLANTS[0]]
        plants = PLANTS if metafunc.config.getoption("--histories") >= ALL_FROM_HISTORIES else quick
        metafunc.parametrize("plant", plants, ids=[plant.bug.replace(" ", "-") for plant in plants])


@pytest.mark.slow
@pytest.mark.plants
def test_a_planted_bug_is_found(empty_database: Database, plant: Plant) -> None:
    with empty_database.connect("admin") as admin:
        # A deadlock is one of the things that are found: no need to wait long for it.
        admin.execute("ALTER DATABASE " + admin.info.dbname + " SET deadlock_timeout = '50ms'")  # type: ignore[call-overload]
        _plant(admin, plant)

    found = GUARDS[plant.guard](empty_database)

    assert found is not None, f"{plant.guard} overlooks that {plant.bug}"


def test_every_bug_can_be_planted_in_what_stands_today(empty_database: Database) -> None:
    with empty_database.connect("admin") as admin:
        for plant in PLANTS:
            with admin.transaction(force_rollback=True):
                _plant(admin, plant)


@pytest.mark.slow
@pytest.mark.parametrize("guard", ["checker", "invariants"])
def test_without_a_bug_the_guard_is_silent(empty_database: Database, guard: str) -> None:
    if guard == "checker":
        assert by_the_checker(empty_database, seeds=4) is None
    else:
        assert GUARDS[guard](empty_database) is None


@pytest.mark.slow
@pytest.mark.plants
def test_a_failing_history_is_told_as_a_short_story(empty_database: Database, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--histories") < ALL_FROM_HISTORIES:
        pytest.skip("a history is made small in the long runs alone: make model")
    with empty_database.connect("admin") as admin:
        _patch(admin, "post_one", "cr.net - p_amount, v_now", "cr.net, v_now")

    with pytest.raises(AssertionError) as failure:
        run_histories(empty_database, 40, steps=4)

    told = [line for note in failure.value.__notes__ for line in note.splitlines()]
    story = [line.strip() for line in told if "state." in line and "the_book_is" not in line and "teardown" not in line]
    # One posting shows it, by whichever verb; the shrinker may leave a step or two that do no harm.
    assert 1 <= len(story) <= 3, story
    assert "journal differ" in str(failure.value)


def _plant(admin: psycopg.Connection[tuple[object, ...]], plant: Plant) -> None:
    for statement in plant.ddl:
        admin.execute(statement)  # type: ignore[call-overload]
    for edit in plant.edits:
        _patch(admin, *edit)
    for name, old, new in plant.files:
        text = files("headgate.ledger").joinpath("sql", name).read_text("utf-8")
        assert text.count(old) == 1, f"in {name} '{old}' stands {text.count(old)} times"
        admin.execute(text.replace(old, new))  # type: ignore[call-overload]


def _patch(admin: psycopg.Connection[tuple[object, ...]], function: str, old: str, new: str) -> None:
    """Change a function's text, in exactly one place."""
    rows = admin.execute(
        "SELECT pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p"
        " WHERE p.pronamespace = 'ledger'::regnamespace AND p.proname = %s",
        [function],
    ).fetchall()
    assert len(rows) == 1, f"there are {len(rows)} functions {function}"
    text = str(rows[0][0])
    assert text.count(old) == 1, f"in {function} '{old}' stands {text.count(old)} times"
    admin.execute(text.replace(old, new))  # type: ignore[call-overload]


def by_the_model(database: Database) -> str | None:
    """Random histories; the first that fails. Most bugs are found by one of the first hundred."""
    try:
        run_histories(database, 1500, shrink=False)
    except Exception as error:
        return str(error)
    return None


def by_the_checker(database: Database, seeds: int = 12) -> str | None:
    """Concurrent runs; the first that no order explains."""
    for seed in range(seeds):
        found = faults(run(book_of(database, make.tenant(database)), workers=8, calls=40, seed=seed))
        if found:
            return found[0]
    return None


def by_the_invariants(database: Database) -> str | None:
    """A small story, told without looking at what is answered; then every invariant."""
    tenant = make.tenant(database)
    _small_story(book_of(database, tenant))
    report = checks.run(database, [tenant.id])
    broken = [found.name for found in report.invariants if found.violations]
    return ", ".join(broken) or None


def _small_story(book: Book) -> None:
    book.post(book.cash, book.client, "10.00")
    book.do(ledger.release, book.reserved("4.00").id)
    book.post(book.client, book.clearing, "12.00")
    book.do(
        ledger.post_many,
        [Posting(f"k{n}", [Entry(book.client, book.clearing, make.usd("9.00"))]) for n in range(2)],
    )


GUARDS: dict[str, Callable[[Database], str | None]] = {
    "model": by_the_model,
    "checker": by_the_checker,
    "invariants": by_the_invariants,
}
