"""A backup restores to the same database, in a new audit epoch; a restore that fails leaves what stood."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import make

from headgate.core import backup as backups
from headgate.core import schema_listing
from headgate.core.backup import BackupFailed, DatabaseNotEmpty, backup, restore
from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.embedded_place import wheel_binaries
from headgate.core.errors import Conflict, Malformed


@pytest.fixture
def target(server: EmbeddedServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The administrator's URL of a database with nothing in it."""
    name = f"target_{abs(hash(request.node.nodeid)) % 10**9}"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
        yield server.url("admin", name)
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def _shape(url: str) -> str:
    """The listing without its parentheses: a restored `a AND (b AND c)` comes back as `a AND b AND c`."""
    with psycopg.connect(url, autocommit=True) as connection:
        return schema_listing.listing(connection).replace("(", "").replace(")", "")


@pytest.mark.slow
def test_what_was_backed_up_comes_back_in_a_new_epoch(empty_database: Database, target: str, tmp_path: Path) -> None:
    made = make.tenant(empty_database)
    source, file = empty_database.url("admin"), tmp_path / "headgate.dump"

    assert backup(source, file) == file.stat().st_size
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]
    restore(target, file)

    assert _shape(target) == _shape(source)
    tenants = "SELECT id, slug FROM tenants.tenants"
    assert _rows(target, tenants) == _rows(source, tenants) == [(made.id, made.slug)]
    epochs = "SELECT max(epoch) FROM audit.epochs"
    assert _rows(target, epochs)[0][0] == _rows(source, epochs)[0][0] + 1

    # Now it holds a tenant, which a second restore removes only when told to.
    with pytest.raises(DatabaseNotEmpty, match=r"holds 1 tenants: say --replace"):
        restore(target, file)
    _rows(target, "UPDATE tenants.tenants SET name = 'changed' RETURNING 1")

    broken = tmp_path / "broken.dump"
    broken.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BackupFailed, match="pg_restore ended with 1"):
        restore(target, broken, replace=True)
    assert _rows(target, "SELECT name FROM tenants.tenants") == [("changed",)]

    with psycopg.connect(target) as held:  # a session that stays in the way
        restore(target, file, replace=True)
        held.close()
    assert _rows(target, "SELECT name FROM tenants.tenants") == _rows(source, "SELECT name FROM tenants.tenants")
    assert _rows(target, "SELECT datname FROM pg_database WHERE datname ~ '_(restoring|replaced)$'") == []


@pytest.mark.slow
def test_a_database_without_tenants_is_replaced_unasked(
    empty_database: Database, server: EmbeddedServer, tmp_path: Path
) -> None:
    file = tmp_path / "headgate.dump"
    url = empty_database.url("admin")
    backup(url, file)
    empty_database.close()
    before = _shape(url)

    restore(url, file)

    assert _shape(url) == before


def test_other_data_are_not_replaced_unasked(target: str, tmp_path: Path) -> None:
    with psycopg.connect(target, autocommit=True) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 1 AS n")
    file = tmp_path / "headgate.dump"
    file.write_bytes(b"PGDMP and so on")

    with pytest.raises(DatabaseNotEmpty, match="holds other data"):
        restore(target, file)

    assert _rows(target, "SELECT n FROM mine") == [(1,)]


def test_what_is_no_backup_is_refused(target: str, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="cannot be read: No such file"):
        restore(target, tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Malformed, match="is no backup"):
        restore(target, tmp_path / "text")


def test_a_file_that_is_there_is_written_over_only_when_told_to(target: str, tmp_path: Path) -> None:
    file = tmp_path / "headgate.dump"
    file.write_text("dear")

    with pytest.raises(Conflict, match="is there already"):
        backup(target, file)
    assert file.read_text() == "dear"

    backup(target, file, overwrite=True)
    assert file.read_bytes()[:5] == b"PGDMP"


def test_a_backup_that_fails_leaves_no_file(target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Malformed, match="cannot be written"):
        backup(target, tmp_path / "no" / "folder")

    monkeypatch.setattr(backups, "tool", lambda *_: Path("/bin/false"))
    with pytest.raises(BackupFailed, match="pg_dump ended with 1"):
        backup(target, tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_the_programs_are_the_servers_own_version_where_they_are_here() -> None:
    assert backups.tool("pg_dump", 99) == wheel_binaries() / "pg_dump"
    own = Path("/usr/lib/postgresql/15/bin/pg_dump")
    assert backups.tool("pg_dump", 15) == (own if own.exists() else wheel_binaries() / "pg_dump")


def test_a_password_goes_by_the_environment() -> None:
    url, environment = backups.without_password("postgresql://me:s%20x@db.internal:5433/headgate?sslmode=require")

    assert url == "postgresql://me@db.internal:5433/headgate?sslmode=require"
    assert environment["PGPASSWORD"] == "s x"
    again, _ = backups.without_password("postgresql:///headgate?host=/run/pg&password=secret")
    assert again == "postgresql:///headgate?host=/run/pg"
