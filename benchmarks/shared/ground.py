"""The ground of every benchmark: an embedded server in a home of its own, a migrated database, and one tenant."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import psycopg

from headgate import tenants
from headgate.core.config import Config
from headgate.core.db import Actor, Database
from headgate.core.embedded import DATABASE, EmbeddedServer
from headgate.core.migrations import migrate
from headgate.core.terminal import say

from .clients import role_url

ACTOR = Actor.system("bench")
SHOWN = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size", "server_version")


@dataclass(frozen=True)
class Place:
    """One database with one tenant. `GROWING` are the tables that a benchmark fills within seconds."""

    url: str
    database: Database
    tenant_id: UUID
    GROWING: ClassVar[tuple[str, ...]] = ()

    @property
    def admin_url(self) -> str:
        """The administrator's URL, for what is bare."""
        return role_url(self.url, "admin")

    def settle(self) -> None:
        """Give the planner its statistics, as autovacuum does within a minute."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f"ANALYZE {', '.join(self.GROWING)}")  # type: ignore[call-overload]

    def server_settings(self) -> dict[str, str]:
        """The settings on which durability rests, as the server has them."""
        with psycopg.connect(self.admin_url) as connection:
            rows = connection.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) name", (list(SHOWN),))
            return {str(name): str(value) for name, value in rows}


@contextmanager
def home(settings: Mapping[str, str] | None = None) -> Iterator[EmbeddedServer]:
    """A server in a temporary HEADGATE_HOME, gone afterwards; `settings` beside its own."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-bench-"))
    before = os.environ.get("HEADGATE_HOME")
    os.environ["HEADGATE_HOME"] = str(folder)
    server = EmbeddedServer(folder, settings=settings)
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
def place(server: EmbeddedServer, name: str) -> Iterator[Place]:
    """A migrated database of that name, made unless it is the server's own, open, with a tenant."""
    if name != DATABASE:
        with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[call-overload]
    migrate(server.url("admin", name))
    url = server.url("app", name).replace("headgate_app", "{role}", 1)
    with Database(lambda role: server.url(role, name), config=Config.from_environment(), pool_max=4) as database:
        tenant = tenants.create_tenant(database, slug="bench", name="Bench", livemode=False)
        yield Place(url, database, tenant.id)


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
