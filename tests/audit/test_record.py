"""Recording: who wrote what, and that nobody writes by hand."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection, errors, sql
from tests import make

from headgate import audit
from headgate.core.db import Actor, Database, Tx
from headgate.core.errors import NoTenant

INSERT = "INSERT INTO audit.{table} SELECT * FROM audit.events LIMIT 1"


def test_event_carries_actor_person_correlation_and_transaction(database: Database, tenant: make.TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.person("ann"), correlation_id="cor_1") as tx:
        number = audit.record(tx, type="parties.payee.created", data={"payee_id": "pty_1"}, payment_id="pay_1")

        row = tx.one("SELECT *, pg_current_xact_id() AS mine FROM audit.events WHERE id = %(id)s", {"id": number})

    assert (row["actor_type"], row["actor_id"], row["person_id"]) == ("human", "key_ann", "usr_ann")
    assert (row["correlation_id"], row["payment_id"], row["ingestion_id"]) == ("cor_1", "pay_1", None)
    assert (row["data"], row["type"]) == ({"payee_id": "pty_1"}, "parties.payee.created")
    assert row["xid"] == row["mine"]


def test_many_are_recorded_in_order(tx: Tx) -> None:
    numbers = audit.record_many(tx, [audit.Event(type="a.b", data={"n": n}) for n in range(50)])

    found = tx.all("SELECT id, (data->>'n')::int AS n FROM audit.events WHERE type = 'a.b' ORDER BY id")

    assert numbers == [row["id"] for row in found]
    assert [row["n"] for row in found] == list(range(50))
    assert audit.record_many(tx, []) == []


def test_event_without_tenant_is_refused(database: Database) -> None:
    with pytest.raises(NoTenant), database.begin(tenant_id=None, actor=Actor.system("test")) as tx:
        audit.record(tx, type="a.b", data={})


def test_rolled_back_event_never_was(database: Database, tenant: make.TenantFixture) -> None:
    with pytest.raises(ZeroDivisionError), database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        audit.record(tx, type="gone.event", data={})
        raise ZeroDivisionError

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.value("SELECT count(*) FROM audit.events WHERE type = 'gone.event'") == 0


@pytest.mark.parametrize("data", [[1], "text", None])
def test_data_that_is_no_object_is_refused(tx: Tx, data: Any) -> None:
    with pytest.raises(errors.IntegrityError), tx.savepoint():
        tx.run("SELECT audit.record_one('a.b', %(data)s::jsonb)", {"data": psycopg.types.json.Jsonb(data)})


@pytest.mark.parametrize("kind", ["", "Upper.case", "oneword", "a..b", "a.b;drop"])
def test_type_that_is_no_topic_is_refused(tx: Tx, kind: str) -> None:
    with pytest.raises(errors.CheckViolation), tx.savepoint():
        audit.record(tx, type=kind, data={})


def _partitions(admin: Connection[Any]) -> list[str]:
    rows = admin.execute(
        "SELECT relname FROM pg_class WHERE relispartition AND relnamespace = 'audit'::regnamespace AND relkind = 'r'"
    )
    return ["events", *(row[0] for row in rows.fetchall())]


def test_ordinary_statements_of_a_superuser_are_refused_on_the_log_and_each_partition(
    admin: Connection[Any], tenant: make.TenantFixture
) -> None:
    tables = _partitions(admin)
    assert len(tables) >= 4

    for table in [*tables, "blocks"]:
        name = sql.Identifier("audit", table)
        for statement in (
            "UPDATE {} SET epoch = 1 WHERE false",
            "DELETE FROM {} WHERE false",
            "TRUNCATE {}",
            "INSERT INTO {0} SELECT * FROM {0} WHERE false",
        ):
            with pytest.raises(psycopg.Error) as refused:
                admin.execute(sql.SQL(statement).format(name))
            assert refused.value.sqlstate in ("HG002", "HG201"), (table, statement)


def test_replica_mode_does_not_open_the_log(admin: Connection[Any], tenant: make.TenantFixture) -> None:
    with pytest.raises(psycopg.Error) as refused, admin.transaction():
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute("DELETE FROM audit.events")

    assert refused.value.sqlstate == "HG002"


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit.events SELECT * FROM audit.events",
        "UPDATE audit.events SET data = '{}'",
        "DELETE FROM audit.events",
        "INSERT INTO audit.blocks SELECT * FROM audit.blocks",
        "DELETE FROM audit.blocks",
        "SELECT audit.start_epoch('mine')",
        "SELECT * FROM audit.events_rest",
    ],
)
def test_application_may_not_touch_the_log(tx: Tx, statement: Any) -> None:
    with pytest.raises(errors.InsufficientPrivilege), tx.savepoint():
        tx.run(statement)


def test_events_of_another_tenant_are_not_seen(database: Database, tenant: make.TenantFixture) -> None:
    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        audit.record(tx, type="a.b", data={}, payment_id="pay_secret")

    with database.begin(tenant_id=uuid4(), actor=make.ACTOR) as tx:
        for table in ("audit.events", "audit.blocks", "audit.chain", "public.payment_events", "audit.watermarks"):
            assert tx.conn.execute(
                sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*table.split(".")))
            ).fetchone() == (0,)


def test_witness_is_the_same_on_every_server(tx: Tx) -> None:
    """A vector: the witness must outlive a dump and another version of PostgreSQL."""
    witness = tx.value("""
        SELECT audit.witness('018f0000-0000-7000-8000-000000000001', 7, '2026-11-21T08:00:00.25Z', '123', 1, 1::smallint,
          'a.b', 'system', 'relay', NULL, 'cor_1', 'pay_1', NULL, '{"n": 1.50, "t": "ü", "l": [1, null, true]}')
    """)

    assert witness == WITNESS


WITNESS = -3196697810545513439
