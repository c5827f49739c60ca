"""Bring a database to the shape of this code: numbered migrations forward, then the repeatable SQL that changed.

`migrations/NNNN_domain_what.sql` runs once each, in order, a transaction a file. `src/headgate/<domain>/sql/*.sql`
(functions, views, policies, invariants) runs again whenever its text changes, floor by floor. One runner at a time holds
an advisory lock; a short `lock_timeout` keeps a migration from queueing the whole application behind itself; a file that
was applied and then edited, or a database newer than this code, is refused.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import Connection, sql

from headgate.core import log, roles
from headgate.core.errors import DatabaseNewer, MigrationChanged, Unavailable

FLOORS = (
    *("core", "audit", "messaging", "tenants", "web", "jobs", "ledger", "rails", "cases", "parties", "ingestion"),
    *("funding", "payments", "servicing", "recon", "disputes", "reports", "exports", "alerts", "webhooks", "console"),
)
"""The order in which repeatable SQL is applied: a view stands on what lies below it."""

ADVISORY_LOCK = 0x68656164_67617465  # "headgate"
LOCK_TIMEOUT = "3s"
LOCK_TIMEOUT_TRIES = 5
PAUSE_SECONDS = 1.0
WAIT_SECONDS = 60.0

_PACKAGE = Path(__file__).resolve().parent.parent
_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Script:
    """One SQL file: `name` is its file name (for repeatable ones `domain/file.sql`), `checksum` the sha256 of its text."""

    name: str
    text: str
    checksum: str
    repeatable: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a run applied (or, in a dry run, would apply), in order."""

    applied: tuple[str, ...]
    dry_run: bool


def scripts() -> list[Script]:
    """Every migration, in order, then every repeatable file, floor by floor."""
    numbered = [_script(path, path.name, repeatable=False) for path in sorted(_migrations_folder().glob("[0-9]*.sql"))]
    repeated = [
        _script(path, f"{domain}/{path.name}", repeatable=True)
        for domain in FLOORS
        for path in sorted((_PACKAGE / domain / "sql").glob("*.sql"))
    ]
    return numbered + repeated


def pending(connection: Connection[object]) -> list[Script]:
    """The scripts that this database still lacks. Raises DatabaseNewer or MigrationChanged."""
    known = scripts()
    applied = _applied(connection)
    _refuse_newer(applied, known)
    todo = []
    for script in known:
        checksum = applied.get(script.name)
        if checksum is None or (script.repeatable and checksum != script.checksum):
            todo.append(script)
        elif checksum != script.checksum:
            raise MigrationChanged(
                f"{script.name} was applied and has since been edited; restore its text and write a new migration",
                migration=script.name,
            )
    return todo


def migrate(admin_url: str, *, dry_run: bool = False, tell: Callable[[str], None] | None = None) -> Report:
    """Apply what is pending, as an administrator. A dry run applies everything in one transaction and rolls it back.

    Raises DatabaseNewer, MigrationChanged, Unavailable (another runner, or a lock that stayed taken).
    """
    with (
        psycopg.connect(admin_url, autocommit=True, application_name="headgate migrate") as connection,
        _alone(connection),
    ):
        roles.ensure_roles(connection)
        _prepare(connection)
        todo = pending(connection)
        if dry_run:
            with connection.transaction(force_rollback=True):
                for script in todo:
                    _execute(connection, script)
        else:
            for script in todo:
                _apply(connection, script)
                if tell:
                    tell(script.name)
        return Report(tuple(script.name for script in todo), dry_run)


def _migrations_folder() -> Path:
    installed = _PACKAGE / "_migrations"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "migrations"


def _script(path: Path, name: str, *, repeatable: bool) -> Script:
    text = path.read_text("utf-8")
    return Script(name, text, hashlib.sha256(text.encode()).hexdigest(), repeatable)


@contextmanager
def _alone(connection: Connection[object]) -> Iterator[None]:
    """One runner at a time; a second waits, then says who is in the way."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not _value(connection, "SELECT pg_try_advisory_lock(%s)", ADVISORY_LOCK):
        if time.monotonic() > deadline:
            raise Unavailable(
                "another migration has been running for a minute; look for 'headgate migrate' in pg_stat_activity"
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", [ADVISORY_LOCK])


def _prepare(connection: Connection[object]) -> None:
    connection.execute("""
        CREATE SCHEMA IF NOT EXISTS headgate_meta AUTHORIZATION headgate_owner;
        GRANT USAGE ON SCHEMA headgate_meta TO headgate_app, headgate_readonly, headgate_dispatcher;
        CREATE TABLE IF NOT EXISTS headgate_meta.migrations (
          name text COLLATE "C" CONSTRAINT migrations_pkey PRIMARY KEY,
          checksum text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        ALTER TABLE headgate_meta.migrations OWNER TO headgate_owner;
        GRANT SELECT ON headgate_meta.migrations TO headgate_app, headgate_readonly, headgate_dispatcher;
        COMMENT ON SCHEMA headgate_meta IS 'What the migration runner has applied';
        COMMENT ON TABLE headgate_meta.migrations IS 'Applied migrations and repeatable SQL, with the sha256 of their text';
        DO $$ BEGIN
          EXECUTE format('GRANT CREATE ON DATABASE %I TO headgate_owner', current_database());
          IF has_schema_privilege('public', 'public', 'CREATE') THEN REVOKE CREATE ON SCHEMA public FROM PUBLIC; END IF;
          GRANT CREATE ON SCHEMA public TO headgate_owner;
        END $$;
    """)


def _applied(connection: Connection[object]) -> dict[str, str]:
    if _value(connection, "SELECT to_regclass('headgate_meta.migrations')") is None:
        return {}
    return dict(connection.execute("SELECT name, checksum FROM headgate_meta.migrations").fetchall())  # type: ignore[arg-type]


def _refuse_newer(applied: dict[str, str], known: list[Script]) -> None:
    names = {script.name for script in known}
    newer = sorted(name for name in applied if name not in names and "/" not in name)
    if newer:
        raise DatabaseNewer(
            f"the database has {newer[-1]}, which this Headgate does not know: install the Headgate that made it, or a newer one",
            migrations=newer,
        )


def _apply(connection: Connection[object], script: Script) -> None:
    for attempt in range(1, LOCK_TIMEOUT_TRIES + 1):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_TIMEOUT))
                _execute(connection, script)
            return
        except psycopg.errors.LockNotAvailable as error:
            if attempt == LOCK_TIMEOUT_TRIES:
                raise Unavailable(
                    f"{script.name} waited for a lock {attempt} times; try when the application is quieter"
                ) from error
            _LOG.warning("migration waits for a lock", extra={"migration": script.name, "attempt": attempt})
            time.sleep(attempt * PAUSE_SECONDS)


def _execute(connection: Connection[object], script: Script) -> None:
    connection.execute("SET LOCAL ROLE headgate_owner")
    connection.execute(script.text.encode())
    connection.execute("RESET ROLE")
    connection.execute(
        """
        INSERT INTO headgate_meta.migrations (name, checksum) VALUES (%(name)s, %(checksum)s)
        ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = clock_timestamp()
        """,
        {"name": script.name, "checksum": script.checksum},
    )


def _value(connection: Connection[object], query: LiteralString, *params: object) -> object:
    row = connection.execute(query, params).fetchone()
    assert row is not None
    return row[0]  # type: ignore[index]
