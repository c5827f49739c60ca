"""Whatever an application does around it, its own rows and the book's stand or fall together: compared with a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests import make
from tests.checks import judge
from tests.core.test_borrowed import look, post, posted
from tests.logins import connect as connect
from tests.logins import login as login
from tests.make import ACTOR

from headgate.core.borrowed import borrowed
from headgate.core.db import Database

pytestmark = pytest.mark.slow

STEPS = st.lists(
    st.sampled_from(
        ["row", "post", "post twice", "raise", "fail", "own error", "open", "keep", "undo", "commit", "rollback"]
    ),
    max_size=25,
)
Change = tuple[str, int]
"""A row of the application, or a cent in the book, by its number."""


class Stop(Exception):
    """What the application raises."""


class Application:
    """A connection, and what a model of it says must stand: what is committed, and a level for each savepoint."""

    def __init__(
        self, database: Database, tenant: make.TenantFixture, conn: psycopg.Connection[Any], login: str
    ) -> None:
        self.database, self.tenant, self.conn, self.login = database, tenant, conn, login
        self.committed: list[Change] = []
        self.levels: list[list[Change]] = [[]]
        self.number = 0

    def do(self, step: str) -> None:
        """One step, on the connection and in the model."""
        self.number += 1
        change = ("cent", self.number)
        if step == "row":
            self.conn.execute(f"INSERT INTO {self.login}.runs VALUES (%s)", [str(self.number)])
            self.levels[-1].append(("row", self.number))
        elif step in ("post", "post twice"):
            with self.borrow() as tx:
                for _ in range(2 if step == "post twice" else 1):
                    post(tx, self.tenant, key=f"cent-{self.number}", amount="0.01")
            self.levels[-1].append(change)
        elif step == "raise":
            with pytest.raises(Stop), self.borrow() as tx:
                post(tx, self.tenant, key=f"cent-{self.number}", amount="0.01")
                raise Stop
        elif step == "fail":
            with pytest.raises(psycopg.errors.DivisionByZero), self.borrow() as tx:
                post(tx, self.tenant, key=f"cent-{self.number}", amount="0.01")
                tx.run("SELECT 1 / 0")
        elif step == "own error":
            with pytest.raises(psycopg.errors.DivisionByZero):
                self.conn.execute("SELECT 1 / 0")
            self.undo()
        elif step == "open":
            self.conn.execute(f"SAVEPOINT level_{len(self.levels)}".encode())
            self.levels.append([])
        elif step == "keep" and len(self.levels) > 1:
            kept = self.levels.pop()
            self.conn.execute(f"RELEASE SAVEPOINT level_{len(self.levels)}".encode())
            self.levels[-1] += kept
        elif step == "undo" and len(self.levels) > 1:
            self.undo()
        elif step == "commit":
            self.conn.commit()
            self.committed += [change for level in self.levels for change in level]
            self.levels = [[]]
        elif step == "rollback":
            self.conn.rollback()
            self.levels = [[]]

    def borrow(self) -> Any:
        return borrowed(self.conn, tenant_id=self.tenant.id, actor=ACTOR, config=self.database.config)

    def undo(self) -> None:
        """Back to the last savepoint, or to the beginning."""
        if len(self.levels) == 1:
            self.conn.rollback()
            self.levels = [[]]
            return
        self.levels.pop()
        self.conn.execute(f"ROLLBACK TO SAVEPOINT level_{len(self.levels)}".encode())
        self.conn.execute(f"RELEASE SAVEPOINT level_{len(self.levels)}".encode())


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STEPS)
def test_rows_and_postings_stand_or_fall_together(
    database: Database, connect: Callable[..., psycopg.Connection[Any]], login: str, story: list[str]
) -> None:
    tenant = make.tenant(database)
    conn = connect()
    conn.execute(f"TRUNCATE {login}.runs".encode())
    conn.commit()
    before = look(conn)
    app = Application(database, tenant, conn, login)
    for step in story:
        app.do(step)
        assert look(conn) == before, step
    conn.close()

    with connect(autocommit=True) as another:
        rows = [int(row[0]) for row in another.execute(f"SELECT name FROM {login}.runs ORDER BY name::int")]
    assert rows == sorted(number for what, number in app.committed if what == "row")
    assert posted(database, tenant) == f"{sum(what == 'cent' for what, _ in app.committed) / 100:.2f}"
    judge(database, [tenant.id])
