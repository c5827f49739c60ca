"""The tour is run as it is written: every example, its output compared."""

from __future__ import annotations

import doctest
from pathlib import Path

from headgate.core import ids, invariants
from headgate.core.db import Database
from headgate.tenants import find_tenant

TOUR = Path(__file__).parents[2] / "docs" / "tour.md"


def test_the_tour_is_true(database: Database) -> None:
    slug = f"tour-{ids.new('x')[-10:]}"
    text = TOUR.read_text("utf-8").replace("```pycon", "").replace("```", "")
    told = doctest.DocTestParser().get_doctest(text, {"database": database, "slug": slug}, "tour", str(TOUR), 0)
    said: list[str] = []

    result = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(told, out=said.append)

    assert result.attempted > 40
    assert result.failed == 0, "".join(said)
    report = invariants.run_checks(database, [find_tenant(database, slug).id], full=True)
    assert report.ok, [found for found in report.invariants if found.violations]
