"""The ground: an embedded server in a home of its own, a tenant, and accounts of which half have a limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

import psycopg

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.db import Database
from headgate.core.embedded import DATABASE, EmbeddedServer
from headgate.core.money import Money
from headgate.core.terminal import progress

from ..shared.ground import ACTOR, Place, place

CURRENCY = "USD"
FUNDS_MINOR = 10**12
_TABLES = ("ledger.transactions", "ledger.entries", "ledger.refusals", "audit.events", "messaging.outbox_messages")


@dataclass(frozen=True)
class Ground(Place):
    """`limited` accounts cannot be overdrawn; all have plenty."""

    server: EmbeddedServer
    accounts: tuple[int, ...]
    limited: tuple[int, ...]
    api_key: str
    GROWING: ClassVar[tuple[str, ...]] = (*_TABLES, "ledger.accounts", "web.idempotency_keys")

    @property
    def facts(self) -> dict[str, Any]:
        """What a client needs to find it."""
        return {"url": self.url, "tenant_id": self.tenant_id}

    def bytes_kept(self) -> int:
        """How large the tables of a posting are, with their indexes."""
        with psycopg.connect(self.admin_url) as connection:
            row = connection.execute(
                """
                SELECT sum(pg_total_relation_size(p.relid))
                  FROM unnest(%s::regclass[]) t (name), pg_partition_tree(t.name) p WHERE p.isleaf
                """,
                (list(_TABLES),),
            ).fetchone()
        return int(row[0]) if row else 0

    def wal_position(self) -> int:
        """How many bytes of WAL were ever written."""
        with psycopg.connect(self.admin_url) as connection:
            row = connection.execute("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def ground(server: EmbeddedServer, accounts: int, *, name: str = DATABASE, is_funded: bool = True) -> Iterator[Ground]:
    """A migrated database of that name, with a tenant and its accounts."""
    with place(server, name) as made:
        with made.database.begin(tenant_id=made.tenant_id, actor=ACTOR) as tx:
            key = tenants.create_key(tx, role="admin").key
        numbers, limited = _open_accounts(made.database, made.tenant_id, accounts, is_funded)
        _analyze(server.url("admin", name))
        yield Ground(made.url, made.database, made.tenant_id, server, numbers, limited, key)


def _open_accounts(
    database: Database, tenant_id: UUID, count: int, is_funded: bool
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Accounts by turns without limit (ASSET) and without overdraft (LIABILITY), the latter funded where asked for."""
    free: list[int] = []
    limited: list[int] = []
    with progress("opening accounts", count) as shown, database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        for n in range(count):
            is_limited = n % 2 == 1
            account = ledger.create_account(
                tx,
                code=f"bench-{n}",
                name=f"Bench {n}",
                type="LIABILITY" if is_limited else "ASSET",
                currency=CURRENCY,
                min_balance=Money(0, CURRENCY) if is_limited else None,
            )
            (limited if is_limited else free).append(account.id)
            shown.advance(shown.task_ids[0])
    funding = [
        ledger.Posting(ids.new("key"), [ledger.Entry(free[0], account, Money(FUNDS_MINOR, CURRENCY))])
        for account in limited
        if is_funded
    ]
    for start in range(0, len(funding), 1000):
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            ledger.post_many(tx, funding[start : start + 1000], atomic=True)
    return tuple(sorted(free + limited)), tuple(limited)


def _analyze(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ledger.accounts")
