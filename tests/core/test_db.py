from dataclasses import dataclass

import psycopg
import pytest
from tests import make

from headgate.core import errors, ids
from headgate.core.db import Actor, Database, SuperuserRefused, Tx

ACTOR = Actor.system("test")


@dataclass(frozen=True)
class Pair:
    a: int
    b: str


@pytest.fixture
def transaction(database: Database) -> Tx:
    with database.begin(tenant_id=ids.uuid7(), actor=ACTOR) as tx:
        yield tx


def test_a_transaction_carries_its_context(database: Database) -> None:
    tenant = ids.uuid7()
    with database.begin(tenant_id=str(tenant), actor=Actor("human", "key_1", "usr_1"), correlation_id="cor_1") as tx:
        context = tx.one(
            "SELECT core.tenant_id() AS tenant, core.actor_type() AS type, core.actor_id() AS id, core.person_id() AS person,"
            " core.correlation_id() AS correlation, current_user::text AS role"
        )

    assert context == {
        "tenant": tenant,
        "type": "human",
        "id": "key_1",
        "person": "usr_1",
        "correlation": "cor_1",
        "role": "headgate_app",
    }


def test_the_context_is_gone_on_the_second_transaction_of_a_connection(server: object, database: Database) -> None:
    with Database(database.url, config=database.config, pool_max=1) as single:
        with single.begin(tenant_id=ids.uuid7(), actor=ACTOR) as tx:
            first = tx.value("SELECT pg_backend_pid()")
        with single.begin(tenant_id=None, actor=ACTOR) as tx:
            assert tx.value("SELECT pg_backend_pid()") == first
            assert tx.value("SELECT core.tenant_id()") is None
            with pytest.raises(errors.NoTenant), tx.savepoint():
                tx.run("SELECT core.require_tenant()")


def test_the_connection_that_came_back_last_is_taken_first(server: object, database: Database) -> None:
    def pid(tx: Tx) -> int:
        return int(tx.value("SELECT pg_backend_pid()"))

    with Database(database.url, config=database.config, pool_max=3) as pool:
        with (
            pool.begin(tenant_id=None, actor=ACTOR) as cold,
            pool.begin(tenant_id=None, actor=ACTOR) as second,
        ):
            pids = [pid(cold), pid(second)]
            with pool.begin(tenant_id=None, actor=ACTOR) as third:
                pids.append(pid(third))

        again = []
        for _ in range(6):
            with pool.begin(tenant_id=None, actor=ACTOR) as tx:
                again.append(pid(tx))

    assert len(set(pids)) == 3
    assert again == [pids[0]] * 6, "the outermost ended last"


def test_a_block_that_raises_rolls_back(database: Database, tenant: make.TenantFixture) -> None:
    with pytest.raises(ZeroDivisionError), database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        tx.run("CREATE TEMPORARY TABLE here_or_not (x int)")
        raise ZeroDivisionError
    with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
        assert tx.value("SELECT to_regclass('pg_temp.here_or_not')") is None


def test_rows_become_dataclasses_column_by_column(transaction: Tx) -> None:
    assert transaction.all("SELECT 1 AS a, 'x' AS b", row=Pair) == [Pair(1, "x")]
    assert transaction.one("SELECT 1 AS a, 'x' AS b", row=Pair) == Pair(1, "x")
    assert transaction.maybe("SELECT 1 AS a, 'x' AS b WHERE false", row=Pair) is None
    assert transaction.maybe("SELECT 1 AS a") == {"a": 1}
    assert transaction.values("SELECT generate_series(1, 3)") == [1, 2, 3]
    assert transaction.value("SELECT 1 WHERE false") is None
    for query in ("SELECT 1 AS a", "SELECT 1 AS a, 'x' AS b, 2 AS c"):
        with pytest.raises(TypeError):
            transaction.all(query, row=Pair)


def test_no_row_is_not_found_by_name(transaction: Tx) -> None:
    with pytest.raises(errors.NotFound, match="there is no such account"):
        transaction.one("SELECT 1 WHERE false", what="account")


def test_the_databases_errors_come_up_as_ours(transaction: Tx) -> None:
    query = """DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'HG003', MESSAGE = 'no', DETAIL = '{"from": "a"}'; END $$"""
    with pytest.raises(errors.IllegalMove, match="no") as caught, transaction.savepoint():
        transaction.run(query)
    assert caught.value.facts == {"from": "a"}

    for detail in ("words", "{words"):
        with pytest.raises(errors.IllegalMove) as caught, transaction.savepoint():
            transaction.run(query.replace('{"from": "a"}', detail))  # type: ignore[arg-type]
        assert caught.value.facts == {}

    with pytest.raises(psycopg.errors.DivisionByZero), transaction.savepoint():
        transaction.run("SELECT 1 / 0")


def test_many_executes_for_each(database: Database) -> None:
    with database.begin(tenant_id=ids.uuid7(), actor=ACTOR) as tx:
        tx.run("CREATE TEMPORARY TABLE several (x int) ON COMMIT DROP")
        tx.many("INSERT INTO several VALUES (%(x)s)", [{"x": 1}, {"x": 2}])
        assert tx.values("SELECT x FROM several ORDER BY x") == [1, 2]


def test_a_transaction_without_tenant_says_so(database: Database) -> None:
    with database.begin(tenant_id=None, actor=ACTOR) as tx, pytest.raises(errors.NoTenant):
        tx.tenant_id  # noqa: B018


def test_the_application_never_runs_as_a_superuser(database: Database) -> None:
    for role in ("admin", "backup"):
        with pytest.raises(SuperuserRefused, match="row-level security does not bind"):
            Database(lambda _, role=role: database.url(role), config=database.config).open()  # type: ignore[misc]


def test_a_dead_server_is_unavailable_and_retryable(database: Database) -> None:
    with Database(database.url, config=database.config, pool_max=1) as single:
        with pytest.raises(errors.Unavailable) as caught, single.begin(tenant_id=None, actor=ACTOR) as tx:
            pid = tx.value("SELECT pg_backend_pid()")
            with database.connect("admin") as admin:
                admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            tx.value("SELECT 1")
        assert caught.value.retryable
        with single.begin(tenant_id=None, actor=ACTOR) as tx:
            assert tx.value("SELECT 1") == 1
