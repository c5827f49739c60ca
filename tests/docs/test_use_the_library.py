"""How the library is used is run as it is written."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.components import requires
from tests.logins import connect as connect
from tests.logins import login as login
from tests.logins import theirs as theirs
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY

from headgate import funding, payments
from headgate.core import borrowed
from headgate.core.db import Database
from headgate.psp import PSP, PSPConfig, binding
from headgate.rails import fake

HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "use-the-library.md"


@pytest.fixture
def client(database: Database, tenant: TenantFixture, monkeypatch: pytest.MonkeyPatch) -> TenantFixture:
    """A client on Monday; the page's configuration is this installation's."""
    monkeypatch.setattr(binding, "_environment", lambda: database.config)
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        stories.at(tx, MONDAY)
        stories.originator(tx, tenant)
    return tenant


def test_the_page_is_true(
    database: Database, client: TenantFixture, theirs: psycopg.Connection[Any], login: str
) -> None:
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        reference = funding.payer_reference(tx, legal_entity_id=client.legal_entity_id)
    theirs.execute(f"SET search_path = {login}")
    theirs.execute("ALTER TABLE runs ADD COLUMN status text")
    theirs.commit()
    words: dict[str, Any] = {
        "session": theirs,
        "tenant_id": client.id,
        "legal_entity_id": client.legal_entity_id,
        "statement": stories.statement([], on=MONDAY, wires=[fake.WireIn(usd("2000.00"), reference, "ACME INC")]),
    }
    text = re.sub(r"```(pycon)?", "", HOWTO.read_text("utf-8"))
    before, _, last = text.partition(">>> from headgate.psp import FundingBlocked")
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF)

    told = doctest.DocTestParser().get_doctest(before, words, "howto", str(HOWTO), 0)
    runner.run(told, out=said.append, clear_globs=False)
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        body = tx.value("SELECT payload FROM messaging.outbox_messages WHERE event_type = 'funding.insufficient_funds'")
    ending = ">>> from headgate.psp import FundingBlocked" + last
    told = doctest.DocTestParser().get_doctest(ending, {"body": body}, "howto", str(HOWTO), 0)
    runner.run(told, out=said.append)

    assert runner.tries > 25
    assert runner.failures == 0, "".join(said)
    assert theirs.execute("SELECT * FROM runs").fetchall() == [("2026-24", "blocked_funds")]


def test_the_grant_is_the_one_that_the_library_asks_for() -> None:
    text = HOWTO.read_text("utf-8")
    asked = [
        one.as_string().format("headgate_app", "payroll_app") for one in (borrowed._GRANT_SINCE_16, borrowed._GRANT)
    ]

    assert [grant for grant in asked if grant not in text] == []


@requires("sqlalchemy")
def test_the_part_with_sqlalchemy_is_true(database: Database, client: TenantFixture, login: str) -> None:
    import sqlalchemy
    from tests.psp import application, scenes

    (code,) = re.findall(r"^```python\n(.*?)^```$", HOWTO.read_text("utf-8"), re.M | re.S)
    engine = application.engine_for({**conninfo_to_dict(database.url("admin")), "user": login}, login)
    application.Base.metadata.create_all(engine)
    scenes.fund(database, client, "100.00")
    config = PSPConfig(tenant_id=client.id, legal_entity_id=client.legal_entity_id, actor="ann@example.com")
    with psycopg.connect(database.url("app")) as connection:
        batch = scenes.payroll(PSP(connection, config), "60.00")
    run = application.Run(company=application.Company(name="Acme"), name="r", status="asked", total=60, told={})

    words = {"PSP": PSP, "config": config, "batch": batch, "run": run}
    code = code.replace("from sqlalchemy import create_engine\n", "")
    exec(code, {**words, "create_engine": lambda url: engine})

    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT name, status FROM payroll_runs")).all() == [
            ("r", "committed")
        ]
    assert scenes.figures(database, client) == ("60.00", "40.00")
    engine.dispose()
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        assert [payroll.status for payroll in payments.list_payrolls(tx)] == ["committed"]
