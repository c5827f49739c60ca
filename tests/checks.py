"""Every invariant over the books of a test, judged on a connection that tests share: to plan eighty views takes a while."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import psycopg

from headgate.core import invariants
from headgate.core.db import Database

RENEWED_AFTER: Final = 200
"""After so many checks a connection is closed: its plans were made when the tables were smaller."""
_kept: dict[str, tuple[psycopg.Connection[Any], int]] = {}


def run(database: Database, tenant_ids: Iterable[UUID], *, full: bool = True) -> invariants.Report:
    """As `invariants.run_checks`, in less time.

    What is said of the catalogue, which no test changes without putting it back, is judged once a connection.
    """
    url = database.url("app")
    connection, count = _kept.get(url, (None, 0))
    if connection is None or connection.closed or count >= RENEWED_AFTER:
        if connection is not None:
            connection.close()
        connection, count = database.connect("app"), 0
    try:
        return invariants.run_checks(database, tenant_ids, full=full, on=connection, with_installation=count == 0)
    except BaseException:
        connection.close()
        raise
    finally:
        _kept[url] = (connection, count + 1)


def judge(database: Database, tenant_ids: list[UUID]) -> None:
    """Every invariant must hold for these tenants."""
    report = run(database, tenant_ids)
    assert report.ok, [found for found in report.invariants if found.violations]
