"""The ground: an embedded server in a home of its own, a tenant, and accounts of which half have a limit."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from headgate import ledger, tenants
from headgate.core import ids
from headgate.core.config import Config
from headgate.core.db import Actor, Database
from headgate.core.embedded import DATABASE, EmbeddedServer
from headgate.core.migrations import migrate
from headgate.core.money import Money
from headgate.core.terminal import progress, say

from .clients import role_url

ACTOR = Actor.system("bench")
CURRENCY = "USD"
FUNDS_MINOR = 10**12
SHOWN = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "server_version")
_TABLES = ("ledger.transactions", "ledger.entries", "ledger.refusals", "audit.events", "messaging.outbox_messages")


@dataclass(frozen=True)
class Ground:
    """One database with one tenant. `limited` accounts cannot be overdrawn; all have plenty."""

    server: EmbeddedServer
    url: str
    database: Database
    tenant_id: UUID
    accounts: tuple[int, ...]
    limited: tuple[int, ...]
    api_key: str

    @property
    def facts(self) -> dict[str, Any]:
        """What a client needs to find it."""
        return {"url": self.url, "tenant_id": self.tenant_id}

    @property
    def admin_url(self) -> str:
        """The administrator's URL, for what is bare."""
        return role_url(self.url, "admin")

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

    def settle(self) -> None:
        """Give the planner its statistics, as autovacuum does within a minute: a benchmark's tables grow in seconds."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"ANALYZE {', '.join((*_TABLES, 'ledger.accounts', 'web.idempotency_keys'))}")  # type: ignore[call-overload]

    def server_settings(self) -> dict[str, str]:
        """The settings on which durability rests, as the server has them."""
        with psycopg.connect(self.admin_url) as connection:
            rows = connection.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) name", (list(SHOWN),))
            return {str(name): str(value) for name, value in rows}


@contextmanager
def home() -> Iterator[EmbeddedServer]:
    """A server in a temporary HEADGATE_HOME, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-bench-"))
    before = os.environ.get("HEADGATE_HOME")
    os.environ["HEADGATE_HOME"] = str(folder)
    server = EmbeddedServer(folder)
    try:
        server.up()
        yield server
    finally:
        server.down()
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            os.environ.pop("HEADGATE_HOME")
        else:
            os.environ["HEADGATE_HOME"] = before


@contextmanager
def ground(server: EmbeddedServer, accounts: int, *, name: str = DATABASE, is_funded: bool = True) -> Iterator[Ground]:
    """A migrated database of that name, with a tenant and its accounts."""
    if name != DATABASE:
        with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    migrate(server.url("admin", name))
    url = server.url("app", name).replace("headgate_app", "{role}", 1)
    with Database(lambda role: server.url(role, name), config=Config.from_environment(), pool_max=4) as database:
        tenant = tenants.create_tenant(database, slug="bench", name="Bench", livemode=False)
        with database.begin(tenant_id=tenant.id, actor=ACTOR) as tx:
            key = tenants.create_key(tx, role="admin").key
        numbers, limited = _open_accounts(database, tenant.id, accounts, is_funded)
        _analyze(server.url("admin", name))
        yield Ground(server, url, database, tenant.id, numbers, limited, key)


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


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "system": platform.system(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
    }


_BEGUN = time.monotonic()


def tell(message: str) -> None:
    """Say how far it is, and after how many seconds."""
    say(f"bench: {time.monotonic() - _BEGUN:4.0f} s  {message}")
