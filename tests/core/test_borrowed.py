"""A transaction inside the caller's own: what it may, what it leaves as it was, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import IsolationLevel, sql
from psycopg.adapt import Loader
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from tests import make
from tests.logins import connect as connect
from tests.logins import login as login
from tests.logins import theirs as theirs
from tests.make import ACTOR, usd

from headgate import ledger
from headgate.core.borrowed import (
    ConnectionUnusable,
    NotInstalled,
    RoleNotGranted,
    TransactionOpen,
    borrowed,
    own_address,
)
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import Malformed, Refused, Unavailable

pytestmark = pytest.mark.slow

LOOK = """
    SELECT current_user::text, session_user::text, current_setting('role'), current_setting('search_path'),
           current_setting('TimeZone'), current_setting('DateStyle'), current_setting('IntervalStyle'),
           current_setting('client_encoding'), current_setting('row_security'), current_setting('lock_timeout'),
           coalesce(current_setting('headgate.tenant_id', true), ''), coalesce(current_setting('headgate.actor', true), ''),
           coalesce(current_setting('headgate.actor_type', true), ''),
           coalesce(current_setting('headgate.person_id', true), ''),
           coalesce(current_setting('headgate.correlation_id', true), '')
"""


class Stop(Exception):
    """What the caller's code raises."""


def post(tx: Tx, tenant: make.TenantFixture, key: str = "deposit-1", amount: str = "12.50") -> int:
    cash = ledger.account_for(tx, "CASH", "USD")
    client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    entry = ledger.Entry(debit=cash.id, credit=client.id, amount=usd(amount))
    answer = ledger.post(tx, idempotency_key=key, entries=[entry])
    assert not isinstance(answer, Refused)
    return answer.transaction_id


def posted(database: Database, tenant: make.TenantFixture) -> str:
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
        return f"{ledger.balance(tx, client.id).posted.major:.2f}"


def look(conn: psycopg.Connection[Any]) -> tuple[Any, ...]:
    row = conn.execute(LOOK).fetchone()
    assert row is not None
    return tuple(row)


def runs(connect: Callable[..., psycopg.Connection[Any]], login: str) -> list[str]:
    return [row[0] for row in connect(autocommit=True).execute(f"SELECT name FROM {login}.runs ORDER BY name")]


def test_what_the_caller_commits_stands_with_its_own_rows(
    database: Database,
    tenant: make.TenantFixture,
    theirs: psycopg.Connection[Any],
    connect: Callable[..., psycopg.Connection[Any]],
    login: str,
) -> None:
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('before')")
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('after')")
    assert posted(database, tenant) == "0.00", "nothing is committed that the caller has not"

    theirs.commit()

    assert posted(database, tenant) == "12.50"
    assert runs(connect, login) == ["after", "before"]


def test_what_the_caller_rolls_back_is_gone_with_its_own_rows(
    database: Database,
    tenant: make.TenantFixture,
    theirs: psycopg.Connection[Any],
    connect: Callable[..., psycopg.Connection[Any]],
    login: str,
) -> None:
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('before')")
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)

    theirs.rollback()

    assert posted(database, tenant) == "0.00"
    assert runs(connect, login) == []


def test_the_first_statement_of_a_connection_may_be_headgates(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    with borrowed(theirs, tenant_id=str(tenant.id), actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)
    assert posted(database, tenant) == "0.00"

    theirs.commit()

    assert posted(database, tenant) == "12.50"


def test_within_it_headgates_role_context_and_settings_hold(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any], login: str
) -> None:
    actor = Actor("human", "key_ann", "usr_ann")
    with borrowed(theirs, tenant_id=tenant.id, actor=actor, correlation_id="cor_1", config=database.config) as tx:
        seen = look(tx.conn)
        assert (tx.tenant_id, tx.actor, tx.correlation_id) == (tenant.id, actor, "cor_1")

    assert list(seen) == [
        *(
            "headgate_app",
            login,
            "headgate_app",
            "pg_catalog, pg_temp",
            "UTC",
            "ISO, MDY",
            "postgres",
            "UTF8",
            "on",
            "0",
        ),
        *(str(tenant.id), "key_ann", "human", "usr_ann", "cor_1"),
    ]


def succeeds(tx: Tx, tenant: make.TenantFixture) -> None:
    post(tx, tenant)


def is_refused(tx: Tx, tenant: make.TenantFixture) -> None:
    client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
    answer = ledger.reserve(
        tx, idempotency_key="r", account=client.id, amount=usd("9000.00"), reserve_type="t", source_ref="s"
    )
    assert isinstance(answer, Refused)


def raises(tx: Tx, tenant: make.TenantFixture) -> None:
    post(tx, tenant)
    raise Stop


def fails_in_sql(tx: Tx, tenant: make.TenantFixture) -> None:
    post(tx, tenant)
    tx.run("SELECT 1 / 0")


def swallows_an_error(tx: Tx, tenant: make.TenantFixture) -> None:
    post(tx, tenant)
    with pytest.raises(psycopg.errors.DivisionByZero):
        tx.run("SELECT 1 / 0")


def is_interrupted(tx: Tx, tenant: make.TenantFixture) -> None:
    post(tx, tenant)
    raise KeyboardInterrupt


def is_malformed(tx: Tx, tenant: make.TenantFixture) -> None:
    ledger.post(tx, idempotency_key="x", entries=[])


ENDINGS: list[tuple[Callable[[Tx, make.TenantFixture], None], type[BaseException] | None]] = [
    (succeeds, None),
    (is_refused, None),
    (raises, Stop),
    (fails_in_sql, psycopg.errors.DivisionByZero),
    (swallows_an_error, psycopg.errors.InFailedSqlTransaction),
    (is_interrupted, KeyboardInterrupt),
    (is_malformed, Malformed),
]


@pytest.mark.parametrize(("work", "error"), ENDINGS, ids=lambda one: getattr(one, "__name__", "ends"))
@pytest.mark.parametrize("how", ["untouched", "set", "set local", "as another role"])
def test_however_it_ends_the_callers_session_is_as_it_was(
    database: Database,
    admin: psycopg.Connection[Any],
    tenant: make.TenantFixture,
    theirs: psycopg.Connection[Any],
    login: str,
    work: Callable[[Tx, make.TenantFixture], None],
    error: type[BaseException] | None,
    how: str,
) -> None:
    if how in ("set", "set local"):
        local = "LOCAL" if how == "set local" else ""
        theirs.execute(f"SET {local} search_path = {login}, public")
        theirs.execute(f"SET {local} TimeZone = 'Asia/Kathmandu'")
        theirs.execute(f"SET {local} DateStyle = 'German'")
        theirs.execute(f"SET {local} IntervalStyle = 'iso_8601'")
        theirs.execute(f"SET {local} row_security = off")
        theirs.execute(f"SET {local} lock_timeout = '7s'")
        theirs.execute(f"SET {local} headgate.tenant_id = 'of the application'")
    if how == "as another role":
        theirs.execute(f"SET ROLE {login}")
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('mine')")
    before = look(theirs)

    if error is None:
        with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
            work(tx, tenant)
    else:
        with (
            pytest.raises(error),
            borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx,
        ):
            work(tx, tenant)

    assert look(theirs) == before
    assert theirs.execute(f"SELECT name FROM {login}.runs").fetchall() == [("mine",)], "the transaction goes on"
    theirs.commit()
    if how != "set local":
        assert look(theirs) == before, "and what was set for the session outlives the transaction"
    else:
        assert look(theirs)[3] == '"$user", public', "and what was local to the transaction does not"
    assert posted(database, tenant) == ("12.50" if work is succeeds else "0.00")


def test_a_refusal_is_recorded_under_its_key_when_the_caller_commits(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        is_refused(tx, tenant)
    theirs.commit()

    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
        again = ledger.reserve(
            tx, idempotency_key="r", account=client.id, amount=usd("9000.00"), reserve_type="t", source_ref="s"
        )
    assert isinstance(again, Refused)
    assert again.replayed


def test_two_in_one_transaction_and_one_within_the_other(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    other = make.tenant(database)
    before = look(theirs)
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)
        with borrowed(theirs, tenant_id=other.id, actor=Actor.system("inner"), config=database.config) as inner:
            post(inner, other, amount="1.00")
            assert inner.value("SELECT core.actor_id()") == "inner"
        assert tx.value("SELECT core.tenant_id()") == tenant.id
        assert tx.value("SELECT core.actor_id()") == ACTOR.id
        post(tx, tenant, key="deposit-2")
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant, key="deposit-3")
    assert look(theirs) == before

    theirs.commit()

    assert posted(database, tenant) == "37.50"
    assert posted(database, other) == "1.00"


def test_autocommit_is_well_inside_a_transaction_block(
    database: Database, tenant: make.TenantFixture, connect: Callable[..., psycopg.Connection[Any]]
) -> None:
    theirs = connect(autocommit=True)
    with pytest.raises(Stop), theirs.transaction():
        with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
            post(tx, tenant)
        raise Stop
    assert posted(database, tenant) == "0.00"

    with theirs.transaction(), borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)

    assert posted(database, tenant) == "12.50"


class TwiceLoader(Loader):
    def load(self, data: Any) -> int:
        return 2 * int(bytes(data))


def test_what_the_application_taught_its_connection_changes_nothing(
    database: Database, tenant: make.TenantFixture, connect: Callable[..., psycopg.Connection[Any]]
) -> None:
    theirs = connect(row_factory=dict_row, cursor_factory=psycopg.ClientCursor)
    theirs.adapters.register_loader("int8", TwiceLoader)
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)
        client = ledger.account_for(tx, "CLIENT_FUNDS", "USD", legal_entity_id=tenant.legal_entity_id)
        assert ledger.balance(tx, client.id).available == usd("12.50")
        assert tx.now().utcoffset() is not None

    assert theirs.execute("SELECT 21::int8 AS n").fetchone() == {"n": 42}
    assert isinstance(theirs.cursor(), psycopg.ClientCursor)


def test_no_other_tenant_is_seen(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    other = make.tenant(database)
    with borrowed(theirs, tenant_id=other.id, actor=ACTOR, config=database.config) as tx:
        post(tx, other)
    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        assert tx.values("SELECT DISTINCT tenant_id FROM ledger.entries") == []
        assert tx.values("SELECT DISTINCT tenant_id FROM ledger.accounts") == [tenant.id]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        theirs.execute("SELECT * FROM ledger.accounts")


# What is refused, and how it is mended ------------------------------------------------------------------------------


def refused(database: Database, tenant: make.TenantFixture, session: Any) -> str:
    with (
        pytest.raises(ConnectionUnusable) as refusal,
        borrowed(session, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx,
    ):
        post(tx, tenant)
    assert posted(database, tenant) == "0.00"
    return str(refusal.value)


def test_autocommit_is_refused(
    database: Database, tenant: make.TenantFixture, connect: Callable[..., psycopg.Connection[Any]]
) -> None:
    said = refused(database, tenant, connect(autocommit=True))

    assert "autocommit" in said
    assert "with connection.transaction():" in said


def test_an_async_connection_is_refused(database: Database, tenant: make.TenantFixture, login: str) -> None:
    async def try_it() -> str:
        conninfo = make_conninfo(database.url("admin"), user=login)
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            return refused(database, tenant, connection)

    said = asyncio.run(try_it())

    assert "asynchronous" in said
    assert "asyncio.to_thread" in said


def test_psycopg2_is_refused(database: Database, tenant: make.TenantFixture) -> None:
    connection = type("connection", (), {"__module__": "psycopg2.extensions"})()

    assert "use psycopg 3" in refused(database, tenant, connection)


@pytest.mark.parametrize("what", [None, "postgresql://localhost/x", object()])
def test_what_is_no_connection_is_refused(database: Database, tenant: make.TenantFixture, what: object) -> None:
    assert "give a psycopg 3 connection, or a SQLAlchemy session" in refused(database, tenant, what)


def test_a_closed_connection_is_refused(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    theirs.close()

    assert "is closed" in refused(database, tenant, theirs)


def test_a_failed_transaction_is_refused_and_left_as_it_is(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero):
        theirs.execute("SELECT 1 / 0")

    assert "roll it back" in refused(database, tenant, theirs)


def test_a_pipeline_is_refused(database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any]) -> None:
    with theirs.pipeline():
        assert "pipeline" in refused(database, tenant, theirs)


@pytest.mark.parametrize("level", [IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE])
def test_another_isolation_than_read_committed_is_refused(
    database: Database, tenant: make.TenantFixture, theirs: psycopg.Connection[Any], login: str, level: IsolationLevel
) -> None:
    theirs.isolation_level = level

    assert "READ COMMITTED" in refused(database, tenant, theirs)
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('goes on')")


def test_a_login_without_the_grant_is_told_which_and_then_it_works(
    database: Database, admin: psycopg.Connection[Any], tenant: make.TenantFixture, login: str, theirs: Any
) -> None:
    admin.execute(sql.SQL("REVOKE headgate_app FROM {}").format(sql.Identifier(login)))
    with (
        pytest.raises(RoleNotGranted) as refusal,
        borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config),
    ):
        pass
    theirs.execute(f"INSERT INTO {login}.runs VALUES ('goes on')")
    told = str(refusal.value).partition("once: ")[2]
    assert told.startswith(f'GRANT "headgate_app" TO "{login}"')

    admin.execute(told.encode())

    with borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx:
        post(tx, tenant)
    theirs.commit()
    assert posted(database, tenant) == "12.50"


def test_a_database_without_headgate_is_named(database: Database, tenant: make.TenantFixture) -> None:
    with (
        psycopg.connect(make_conninfo(database.url("admin"), dbname="template1")) as other,
        pytest.raises(NotInstalled) as refusal,
        borrowed(other, tenant_id=tenant.id, actor=ACTOR, config=database.config),
    ):
        pass

    assert "template1 holds no Headgate" in str(refusal.value)
    assert "headgate db migrate" in str(refusal.value)


def test_a_connection_that_is_lost_meanwhile_says_so_and_commits_nothing(
    database: Database, admin: psycopg.Connection[Any], tenant: make.TenantFixture, theirs: psycopg.Connection[Any]
) -> None:
    with (
        pytest.raises(Unavailable),
        borrowed(theirs, tenant_id=tenant.id, actor=ACTOR, config=database.config) as tx,
    ):
        post(tx, tenant)
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", [theirs.info.backend_pid])
        post(tx, tenant, key="deposit-2")

    assert theirs.broken
    assert posted(database, tenant) == "0.00"


# A connection of its own --------------------------------------------------------------------------------------------


def test_another_connection_goes_where_the_callers_goes_and_acts_as_headgate(
    database: Database, connect: Callable[..., psycopg.Connection[Any]], login: str
) -> None:
    theirs = connect(options="-c lock_timeout=7s")

    address = own_address(theirs)

    assert theirs.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    with psycopg.connect(address) as own:
        assert own.info.dbname == theirs.info.dbname
        seen = look(own)
    assert (seen[0], seen[1], seen[9]) == ("headgate_app", login, "7s")


def test_there_is_none_while_the_callers_transaction_is_open(theirs: psycopg.Connection[Any]) -> None:
    theirs.execute("SELECT 1")

    with pytest.raises(TransactionOpen, match="commit or roll back first"):
        own_address(theirs)


def test_there_is_none_for_a_login_without_the_grant(
    admin: psycopg.Connection[Any], theirs: psycopg.Connection[Any], login: str
) -> None:
    admin.execute(sql.SQL("REVOKE headgate_app FROM {}").format(sql.Identifier(login)))

    with pytest.raises(RoleNotGranted, match="GRANT"):
        own_address(theirs)

    assert theirs.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


@pytest.mark.parametrize("what", [None, "postgresql://localhost/x", object()])
def test_there_is_none_for_what_is_no_connection(what: object) -> None:
    with pytest.raises(ConnectionUnusable, match="give a psycopg 3 connection"):
        own_address(what)
