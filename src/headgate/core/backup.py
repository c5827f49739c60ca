"""Back up and restore the database: pg_dump's custom format, whole, with a new audit epoch after each restore.

The file holds everything but the roles, which every installation makes for itself, and the keys, which must be kept
apart: without its keys what is sealed in a backup cannot be read.

PostgreSQL's programs are taken in the server's own major version, else the wheel's, which read every older server.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from headgate.core import registry
from headgate.core.embedded_place import wheel_binaries
from headgate.core.errors import Conflict, HeadgateError, Malformed
from headgate.core.migrations import migrate
from headgate.core.roles import ensure_roles


class BackupFailed(HeadgateError):
    """PostgreSQL's own program refused; its last words follow."""

    code = "core.backup_failed"


@dataclass(frozen=True, slots=True)
class NotHeld:
    """What a domain keeps beside the database: `tell(connection)` says so in lines, none where there is nothing."""

    tell: Callable[[Connection[Any]], list[str]]


class DatabaseNotEmpty(Conflict):
    """The database holds tenants, which a restore would remove."""

    code = "core.database_not_empty"


def backup(admin_url: str, file: Path, *, overwrite: bool = False) -> int:
    """Write the whole database to a file, in one consistent snapshot, and give its size in bytes.

    The file appears whole or not at all, readable by its owner alone. Raises Conflict where it is there already,
    Malformed where it cannot be written, BackupFailed.
    """
    if file.exists() and not overwrite:
        raise Conflict(f"{file} is there already: choose another name, or say --overwrite", file=str(file))
    part = file.with_name(f".{file.name}-{secrets.token_hex(4)}")
    try:
        part.touch(0o600)
    except OSError as error:
        raise Malformed(f"{file} cannot be written: {error.strerror}") from error
    try:
        _run(admin_url, "pg_dump", "--format=custom", f"--file={part}")
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def not_held(admin_url: str) -> list[str]:
    """What lies beside the database and so in none of its backups, a line each, as each domain's `backup.py` says it in
    `NOT_HELD`: functions of a superuser's connection.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        found = registry.domain_items("backup", attribute="NOT_HELD", kind=NotHeld)
        return [line for one in found for line in one.tell(connection)]


def restore(admin_url: str, file: Path, *, replace: bool = False, tell: Callable[[str], None] | None = None) -> None:
    """Make the database what the file holds, bring it to the shape of this code, and start a new audit epoch.

    A database that holds tenants is replaced only where `replace` says so, and only after the file was restored beside
    it: a restore that fails leaves what stood. Raises Malformed (no such file, or no backup), DatabaseNotEmpty,
    BackupFailed.
    """
    if not _is_backup(file):
        raise Malformed(f"{file} is no backup that `headgate db backup` wrote", file=str(file))
    with psycopg.connect(admin_url, autocommit=True) as connection:
        name = connection.info.dbname
        holds = _tenants(connection)
        empty = holds is None and _is_empty(connection)
    if holds != 0 and not empty and not replace:
        what = "other data" if holds is None else f"{holds} tenants"
        raise DatabaseNotEmpty(
            f"the database holds {what}: say --replace to remove them, or restore into another home or database"
        )
    if empty:
        _restore_into(admin_url, file, tell)
    else:
        _restore_beside(admin_url, name, file, tell)


def _restore_beside(admin_url: str, name: str, file: Path, tell: Callable[[str], None] | None) -> None:
    beside = f"{name}_restoring"
    elsewhere = _on(admin_url, "template1" if name == "postgres" else "postgres")
    with psycopg.connect(elsewhere, autocommit=True) as connection:
        _drop(connection, beside)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(beside)))
        try:
            _restore_into(_on(admin_url, beside), file, tell)
        except BaseException:
            _drop(connection, beside)
            raise
        _put_in_place(connection, name, beside)


def _restore_into(admin_url: str, file: Path, tell: Callable[[str], None] | None) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        ensure_roles(connection)
    _run(admin_url, "pg_restore", "--single-transaction", "--exit-on-error", str(file))
    migrate(admin_url, tell=tell)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        # Positions and transaction ids begin anew with a restore, so the audit chain must know of it.
        if connection.execute("SELECT to_regprocedure('audit.start_epoch(text)')").fetchone() != (None,):
            connection.execute("SELECT audit.start_epoch('restore')")


def _put_in_place(connection: Connection[object], name: str, beside: str) -> None:
    old, new = sql.Identifier(name), sql.Identifier(beside)
    replaced = sql.Identifier(f"{name}_replaced")
    _drop(connection, f"{name}_replaced")
    connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(old))
    for database in (name, beside):
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [database]
        )
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, replaced))
    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, old))
    _drop(connection, f"{name}_replaced")


def _drop(connection: Connection[object], name: str) -> None:
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _tenants(connection: Connection[object]) -> int | None:
    """How many tenants the database holds; None where it is no database of ours."""
    if connection.execute("SELECT to_regclass('tenants.tenants')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT count(*) FROM tenants.tenants").fetchone()
    assert row is not None
    return row[0]  # type: ignore[no-any-return, index]


def _is_empty(connection: Connection[object]) -> bool:
    found = connection.execute("""
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        UNION ALL
        SELECT FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')
    """)
    return found.rowcount == 0


def _is_backup(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(5) == b"PGDMP"
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}", file=str(file)) from error


def _run(url: str, program: str, *arguments: str) -> None:
    with psycopg.connect(url) as connection:
        major = connection.info.server_version // 10000
    address, environment = without_password(url)
    done = subprocess.run(  # noqa: S603 (PostgreSQL's own programs, no shell in between)
        [tool(program, major), "--no-password", f"--dbname={address}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        said = " · ".join(line.strip() for line in done.stderr.splitlines()[-3:] if line.strip())
        raise BackupFailed(f"{program} ended with {done.returncode}: {said}")


def tool(program: str, major: int) -> Path:
    """One of PostgreSQL's client programs, in the server's major version where this machine has it."""
    own = Path(f"/usr/lib/postgresql/{major}/bin") / program
    return own if own.exists() else wheel_binaries() / program


def without_password(url: str) -> tuple[str, dict[str, str]]:
    """The URL without its password, and an environment that holds it: a command line is everybody's to read."""
    environment = {**os.environ}
    password = conninfo_to_dict(url).get("password")
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    parts = urlsplit(url)
    user, at, where = parts.netloc.rpartition("@")
    query = "&".join(item for item in parts.query.split("&") if item.partition("=")[0] != "password")
    netloc = f"{user.partition(':')[0]}{at}{where}"
    return _unsplit(parts.scheme, netloc, parts.path, query), environment


def _on(url: str, database: str) -> str:
    """The URL with another database."""
    parts = urlsplit(url)
    query = "&".join(item for item in parts.query.split("&") if item.partition("=")[0] != "dbname")
    return _unsplit(parts.scheme, parts.netloc, f"/{quote(database, safe='')}", query)


def _unsplit(scheme: str, netloc: str, path: str, query: str) -> str:
    # urlunsplit drops the slashes of an empty host for schemes that it does not know.
    return f"{scheme}:" + urlunsplit(("", netloc, path, query, "")) if netloc else f"{scheme}://{path}?{query}"
