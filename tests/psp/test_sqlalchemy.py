"""The front door in a SQLAlchemy application with tables of its own: both commit, or neither."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.components import requires
from tests.core.test_borrowed import look
from tests.make import ACTOR, TenantFixture, usd
from tests.payments import stories
from tests.payments.stories import MONDAY
from tests.psp import scenes

from headgate import ledger
from headgate.core.db import Database
from headgate.psp import PSP, ConnectionUnusable, LedgerService, PayrollBatch, PSPConfig, TransactionOpen

pytestmark = [requires("sqlalchemy"), pytest.mark.slow]
Configure = Callable[..., PSPConfig]
Engines = Callable[..., Any]


@pytest.fixture
def app() -> ModuleType:
    """The application's module; SQLAlchemy is imported here and not where it is missing."""
    from tests.psp import application

    return application


@pytest.fixture
def engines(app: ModuleType, database: Database, login: str) -> Iterator[Engines]:
    """Engines of the application."""
    made: list[Any] = []

    def make(**kwargs: Any) -> Any:
        conninfo = {**conninfo_to_dict(database.url("admin")), "user": login}
        made.append(app.engine_for(conninfo, login, **kwargs))
        return made[-1]

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def engine(app: ModuleType, engines: Engines) -> Any:
    """The application's engine, its tables made, one company in them."""
    from sqlalchemy.orm import Session

    engine = engines()
    app.Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add(app.Company(name="Acme"))
    return engine


@pytest.fixture
def session(engine: Any) -> Iterator[Any]:
    from sqlalchemy.orm import Session

    with Session(engine) as opened:
        yield opened


@pytest.fixture
def batch(database: Database, client: TenantFixture, configured: Configure, theirs: Any) -> PayrollBatch:
    """A payroll of 130.00, its payees registered and committed."""
    made = scenes.payroll(PSP(theirs, configured()), "60.00", "70.00")
    theirs.commit()
    return made


def acme(app: ModuleType, session: Any) -> Any:
    from sqlalchemy import select

    return session.scalars(select(app.Company)).one()


def rows(engine: Any, app: ModuleType) -> list[tuple[str, str, Decimal, Any]]:
    """The application's own rows, as it has committed them."""
    from sqlalchemy import select
    from sqlalchemy.orm import Session

    with Session(engine) as session:
        found = session.scalars(select(app.Run).order_by(app.Run.id)).all()
        return [(run.name, run.status, run.total, run.told) for run in found]


def test_a_commit_keeps_the_applications_row_and_headgates(
    database: Database,
    client: TenantFixture,
    app: ModuleType,
    engine: Any,
    session: Any,
    batch: Any,
    configured: Configure,
) -> None:
    scenes.fund(database, client, "200.00")

    app.run_payroll(session, configured(), acme(app, session), batch)
    session.commit()

    assert rows(engine, app) == [("PR-1", "committed", Decimal("130.00"), {"client_message": None})]
    assert scenes.figures(database, client) == ("130.00", "70.00")


def test_a_rollback_takes_both_away(
    database: Database,
    client: TenantFixture,
    app: ModuleType,
    engine: Any,
    session: Any,
    batch: Any,
    configured: Configure,
) -> None:
    scenes.fund(database, client, "200.00")
    before = scenes.counts(database, client)

    run = app.run_payroll(session, configured(), acme(app, session), batch)
    assert run.status == "committed"
    session.rollback()

    assert rows(engine, app) == []
    assert scenes.counts(database, client) == before
    assert scenes.figures(database, client) == ("0.00", "200.00")


def test_an_error_of_the_application_after_headgate_takes_both_away(
    database: Database,
    client: TenantFixture,
    app: ModuleType,
    engine: Any,
    session: Any,
    batch: Any,
    configured: Configure,
) -> None:
    from sqlalchemy.exc import IntegrityError

    scenes.fund(database, client, "200.00")
    before = scenes.counts(database, client)

    with pytest.raises(IntegrityError), session.begin():
        company = acme(app, session)
        app.run_payroll(session, configured(), company, batch)
        session.add(app.Company(name="Acme"))  # there is one already

    assert rows(engine, app) == []
    assert scenes.counts(database, client) == before


def test_an_error_of_headgate_leaves_the_session_and_its_rows_usable(
    database: Database,
    client: TenantFixture,
    app: ModuleType,
    engine: Any,
    session: Any,
    batch: Any,
    configured: Configure,
) -> None:
    scenes.fund(database, client, "200.00")
    company = acme(app, session)
    company.runs.append(app.Run(name="before", status="draft", total=Decimal("1.00"), told={}))
    service = LedgerService(session, configured())

    with pytest.raises(ledger.AccountNotFound):
        service.post_entry(idempotency_key="i", debit_account="no-such", credit_account="nor-this", amount=usd("1.00"))
    app.run_payroll(session, configured(), company, batch)
    session.commit()

    assert [row[:2] for row in rows(engine, app)] == [("before", "draft"), ("PR-1", "committed")]
    assert scenes.figures(database, client) == ("130.00", "70.00")


def test_a_refusal_leaves_the_session_usable_and_is_kept_with_the_applications_row(
    database: Database,
    client: TenantFixture,
    app: ModuleType,
    engine: Any,
    session: Any,
    batch: Any,
    configured: Configure,
) -> None:
    scenes.fund(database, client, "100.00")

    app.run_payroll(session, configured(), acme(app, session), batch)
    session.commit()

    message = "Your account balance is insufficient. Please fund $30.00 to proceed."
    assert rows(engine, app) == [("PR-1", "blocked_funds", Decimal("130.00"), {"client_message": message})]
    assert scenes.counts(database, client)["funding.gate_evaluations"] == 1
    assert scenes.figures(database, client) == ("0.00", "100.00")


def test_what_the_session_has_not_written_is_flushed_first(
    client: TenantFixture, app: ModuleType, session: Any, configured: Configure
) -> None:
    company = acme(app, session)
    run = app.Run(company=company, name="draft", status="draft", total=Decimal("1.00"), told={})
    session.add(run)

    PSP(session, configured()).balance()

    assert run.id is not None and run not in session.new


def test_a_savepoint_of_the_application_takes_back_headgates_part_alone(
    database: Database,
    client: TenantFixture,
    app: ModuleType,
    engine: Any,
    session: Any,
    batch: Any,
    configured: Configure,
) -> None:
    scenes.fund(database, client, "200.00")
    company = acme(app, session)
    company.runs.append(app.Run(name="kept", status="draft", total=Decimal("1.00"), told={}))

    with pytest.raises(ZeroDivisionError), session.begin_nested():
        app.run_payroll(session, configured(), company, batch)
        raise ZeroDivisionError
    session.commit()

    assert [row[0] for row in rows(engine, app)] == ["kept"]
    assert scenes.figures(database, client) == ("0.00", "200.00")


def test_role_search_path_and_context_are_the_applications_again(
    client: TenantFixture, engines: Engines, engine: Any, session: Any, configured: Configure, login: str
) -> None:
    raw = session.connection().connection.driver_connection
    before = look(raw)
    psp = PSP(session, configured())

    psp.balance()
    after_success = look(raw)
    with pytest.raises(ZeroDivisionError), psp.begin():
        raise ZeroDivisionError

    assert after_success == before == look(raw)
    assert (before[0], before[3]) == (login, login)


def test_a_pooled_connection_goes_back_clean(
    client: TenantFixture, engines: Engines, configured: Configure, login: str
) -> None:
    from sqlalchemy.orm import Session

    engine = engines(pool_size=1, max_overflow=0)
    with Session(engine) as first:
        PSP(first, configured()).balance()
        first.commit()
    with Session(engine) as second:
        seen = look(second.connection().connection.driver_connection)

    assert (seen[0], seen[2], seen[10:]) == (login, "none", ("", "", "", "", ""))


def test_a_core_connection_is_taken_too_and_its_commit_counts(
    database: Database, client: TenantFixture, engine: Any, configured: Configure, batch: Any
) -> None:
    scenes.fund(database, client, "200.00")
    with engine.connect() as connection:
        PSP(connection, configured()).commit_payroll_batch(batch)
    assert scenes.figures(database, client) == ("0.00", "200.00"), "closed without a commit"

    with engine.connect() as connection:
        PSP(connection, configured()).commit_payroll_batch(batch)
        connection.commit()

    assert scenes.figures(database, client) == ("130.00", "70.00")


def test_a_scoped_session_is_a_session(
    database: Database, client: TenantFixture, engine: Any, configured: Configure, batch: Any
) -> None:
    from sqlalchemy.orm import scoped_session, sessionmaker

    scenes.fund(database, client, "200.00")
    scoped = scoped_session(sessionmaker(engine))

    PSP(scoped, configured()).commit_payroll_batch(batch)
    scoped.commit()
    scoped.remove()

    assert scenes.figures(database, client) == ("130.00", "70.00")


def test_an_engines_own_json_and_its_results_stay_its_own(
    client: TenantFixture, app: ModuleType, engine: Any, engines: Engines, configured: Configure
) -> None:
    from sqlalchemy.orm import Session

    marking = engines(json_deserializer=lambda text: {"mine": True})
    with Session(marking) as session:
        company = acme(app, session)
        company.runs.append(app.Run(name="x", status="draft", total=Decimal("1.00"), told={"a": 1}))
        reservation = PSP(session, configured()).gate.evaluations("nothing")
        session.commit()
        assert reservation == []
        assert session.get(app.Run, company.runs[0].id).told == {"mine": True}


def test_sending_has_a_connection_of_its_own(
    database: Database, client: TenantFixture, session: Any, configured: Configure, batch: Any
) -> None:
    scenes.fund(database, client, "200.00")
    psp = PSP(session, configured())
    psp.commit_payroll_batch(batch)
    with pytest.raises(TransactionOpen):
        psp.submit_due(MONDAY)
    session.commit()

    (file,) = psp.submit_due(MONDAY)
    session.rollback()

    assert (file.status, file.credit) == ("delivered", usd("130.00"))
    with database.begin(tenant_id=client.id, actor=ACTOR) as tx:
        assert stories.statuses(tx) == ["sent", "sent"], "whatever the caller rolls back afterwards"


def test_a_core_connection_sends_on_another_too(
    database: Database, client: TenantFixture, engine: Any, configured: Configure, batch: Any
) -> None:
    scenes.fund(database, client, "200.00")
    with engine.connect() as connection:
        psp = PSP(connection, configured())
        psp.commit_payroll_batch(batch)
        with pytest.raises(TransactionOpen):
            psp.submit_due(MONDAY)
        connection.commit()
        (file,) = psp.submit_due(MONDAY)
        assert not connection.in_transaction()

    assert file.status == "delivered"


# What is refused ----------------------------------------------------------------------------------------------------


def test_an_autocommit_engine_is_refused(client: TenantFixture, engines: Engines, configured: Configure) -> None:
    from sqlalchemy.orm import Session

    with (
        Session(engines(isolation_level="AUTOCOMMIT")) as session,
        pytest.raises(ConnectionUnusable, match="take isolation_level='AUTOCOMMIT' off the SQLAlchemy engine"),
    ):
        PSP(session, configured()).balance()


def test_an_async_session_is_refused(
    client: TenantFixture, engines: Engines, engine: Any, configured: Configure
) -> None:
    from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

    async def try_it() -> list[str]:
        said = []
        made = create_async_engine(engine.url)
        async with AsyncSession(made) as session:
            with pytest.raises(ConnectionUnusable) as refusal:
                PSP(session, configured()).balance()
            said.append(str(refusal.value))
        await made.dispose()
        return said

    (said,) = asyncio.run(try_it())

    assert "asynchronous" in said and "asyncio.to_thread" in said


def test_an_engine_is_no_session(engine: Any, configured: Configure) -> None:
    with pytest.raises(ConnectionUnusable, match="is no connection"):
        PSP(engine, configured()).balance()


def test_another_database_than_postgresql_is_refused(client: TenantFixture, configured: Configure) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    with (
        Session(create_engine("sqlite://")) as session,
        pytest.raises(ConnectionUnusable, match=r"driver is sqlite3\.Connection: use postgresql\+psycopg"),
    ):
        PSP(session, configured()).balance()
