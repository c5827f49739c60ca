"""A log to tamper with, and the hands of somebody who owns the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from headgate import audit
from headgate.audit import sealer
from headgate.core.db import Actor, Database

BLOCKS = 3
EVENTS_A_BLOCK = 4


@dataclass
class Log:
    """A tenant's log: `sealed` are the ids of 12 events in 3 blocks, `unsealed` those of 2 more."""

    database: Database
    tenant_id: UUID
    sealed: list[int]
    unsealed: list[int]

    def verify(self, **given: Any) -> audit.Report:
        return audit.verify_database(self.database, tenant_ids=[self.tenant_id], **given)


def written(database: Database, tenant_id: UUID) -> Log:
    sealed: list[int] = []
    for block in range(BLOCKS):
        sealed += write(database, tenant_id, EVENTS_A_BLOCK, f"block{block}")
        seal(database, tenant_id)
    return Log(database, tenant_id, sealed, write(database, tenant_id, 2, "unsealed"))


def write(database: Database, tenant_id: UUID, count: int, correlation_id: str) -> list[int]:
    with database.begin(
        tenant_id=tenant_id, actor=Actor("human", "key_1", "usr_1"), correlation_id=correlation_id
    ) as tx:
        events = [
            audit.Event(
                type="test.thing.done", data={"n": n, "s": "ü\t\\\n"}, payment_id=f"pay_{n}", ingestion_id="ing_1"
            )
            for n in range(count)
        ]
        return audit.record_many(tx, events)


def seal(database: Database, tenant_id: UUID) -> sealer.Sealed:
    """Seal this tenant; other tests on this server may hold an older transaction open for a moment."""
    return audit.seal_all(database, [tenant_id], wait_seconds=20)


@contextmanager
def triggers_off(admin: Connection[Any]) -> Iterator[Connection[Any]]:
    """What a superuser can do and what nothing in the database can prevent: switch the triggers off, then on again."""
    tables = admin.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'audit'::regnamespace AND relkind IN ('r', 'p')"
    ).fetchall()
    with admin.transaction():
        for (table,) in tables:
            admin.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield admin
        for (table,) in tables:
            for trigger in ("append_only", "only_by_recording"):
                if (
                    admin.execute(
                        "SELECT FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s", [table, trigger]
                    ).fetchone()
                    is not None
                ):
                    admin.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")


def tamper(admin: Connection[Any], statement: str, **params: Any) -> None:
    """Do it as somebody who owns the server."""
    with triggers_off(admin):
        admin.execute(statement.encode(), params)
