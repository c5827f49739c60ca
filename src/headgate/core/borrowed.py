"""A transaction inside the caller's own: for applications that take Headgate in as a library.

```python
with borrowed(session, tenant_id=tenant_id, actor=Actor("human", "ann"), config=config) as tx:
    ledger.post(tx, idempotency_key="payout-4711", entries=[…])
session.commit()
```

`session` is a psycopg 3 connection, or a SQLAlchemy session or connection on psycopg 3. A session is flushed first; then
a savepoint is set, and within it the statements run as `headgate_app`, with the tenant's context and Headgate's own
settings. All of it is local: afterwards role, search path, settings and context are the caller's again, whether the
block ended or raised. A block that raises is undone to its savepoint, and the caller's transaction goes on. Nothing is
committed here: what the caller rolls back is gone, the posting with the caller's own rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection, dbapi20, sql
from psycopg.adapt import AdaptersMap
from psycopg.conninfo import make_conninfo
from psycopg.postgres import register_default_adapters, types
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from psycopg.types import array

from headgate.core import errors, ids
from headgate.core.config import Config
from headgate.core.db import Actor, Tx, translated

ROLE: Final = "headgate_app"

_SETTINGS: Final[dict[str, str]] = {
    # What the caller may have in its search path is not looked at; temporary tables come last.
    "search_path": "pg_catalog, pg_temp",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "client_encoding": "UTF8",
    "row_security": "on",
    "role": ROLE,
}
"""How Headgate's statements are run, whatever the caller's session has set."""

_LOOK: Final[LiteralString] = """
    SELECT pg_catalog.to_regnamespace('headgate_meta') IS NOT NULL,
           EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = %(role)s),
           pg_catalog.current_setting('transaction_isolation'), session_user::text, pg_catalog.current_database()::text,
           (SELECT pg_catalog.array_agg(pg_catalog.current_setting(n, true) ORDER BY o)
              FROM pg_catalog.unnest(%(names)s::text[]) WITH ORDINALITY s (n, o))
"""
_SET: Final[LiteralString] = """
    SELECT pg_catalog.set_config(n, v, true)
      FROM ROWS FROM (pg_catalog.unnest(%(names)s::text[]), pg_catalog.unnest(%(values)s::text[])) WITH ORDINALITY s (n, v, o)
     ORDER BY o
"""

_GRANT: Final = sql.SQL("GRANT {} TO {};")
_GRANT_SINCE_16: Final = sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE;")
"""To step into the role when it is asked for, and not to have its rights all the time."""

_ADAPTERS: Final = AdaptersMap(types=types)
"""How psycopg reads and writes values by itself, as its own import sets it up, whatever an application registered since."""
register_default_adapters(_ADAPTERS)
dbapi20.register_dbapi20_adapters(_ADAPTERS)
array.register_all_arrays(_ADAPTERS)


class ConnectionUnusable(errors.ConfigError):
    """This connection cannot carry a Headgate transaction."""

    code = "core.connection_unusable"


class RoleNotGranted(errors.ConfigError):
    """The caller's login may not act as headgate_app."""

    code = "core.role_not_granted"


class NotInstalled(errors.ConfigError):
    """The caller's database holds no Headgate."""

    code = "core.not_installed"


class TransactionOpen(errors.Conflict):
    """The caller's transaction is open, and what is asked for commits by itself on another connection."""

    code = "core.transaction_open"


@contextmanager
def borrowed(
    session: Any,
    *,
    tenant_id: UUID | str,
    actor: Actor,
    config: Config,
    correlation_id: str | None = None,
) -> Iterator[Tx]:
    """A transaction of that tenant and actor within the caller's. Commits nothing; undone where the block raises.

    Raises ConnectionUnusable, NotInstalled and RoleNotGranted, which say what to do; the transaction is usable then.
    """
    tenant = tenant_id if isinstance(tenant_id, UUID) else UUID(tenant_id)
    conn = driver_connection(session)
    correlation = correlation_id or ids.new("cor")
    context = {
        "headgate.tenant_id": str(tenant),
        "headgate.actor_type": actor.type,
        "headgate.actor": actor.id,
        "headgate.person_id": actor.person_id or "",
        "headgate.correlation_id": correlation,
    }
    ours = context | _SETTINGS
    with _own_manners(conn), translated():
        # The first statement, so that the caller's transaction is open and what follows is a savepoint in it.
        login, theirs = _look(conn, list(ours))
        with conn.transaction():
            _step_in(conn, login, ours)
            yield Tx(conn, tenant, actor, correlation, config=config)
            # Not where the block raises: to go back to the savepoint brings everything back.
            conn.execute(_SET, {"names": list(theirs), "values": list(theirs.values())})


def driver_connection(session: Any) -> Connection[Any]:
    """The psycopg 3 connection under a connection or a SQLAlchemy session, flushed and begun. Raises ConnectionUnusable."""
    if isinstance(session, Connection):
        conn = session
    else:
        conn = _under_sqlalchemy(session)
    _check(conn)
    return conn


def own_address(session: Any) -> str:
    """How to open another connection like the caller's, that acts as headgate_app; in libpq's words, password included.

    For what must commit by itself. Raises TransactionOpen, ConnectionUnusable, NotInstalled, RoleNotGranted.
    """
    if isinstance(session, Connection):
        if session.pgconn.transaction_status != TransactionStatus.IDLE:
            raise _still_open()
        return _address(session)
    _refuse_strangers(session)
    if not hasattr(session, "in_transaction"):
        raise _no_connection(session)
    if session.in_transaction():
        raise _still_open()
    bind = session.get_bind() if hasattr(session, "get_bind") else session
    with bind.engine.connect() as one:
        return _address(_under_sqlalchemy(one))


def _still_open() -> TransactionOpen:
    return TransactionOpen(
        "your transaction is open: another connection would not see what it has written, and could wait for its locks for"
        " ever; commit or roll back first"
    )


def _address(conn: Connection[Any]) -> str:
    with _own_manners(conn), translated(), conn.transaction(force_rollback=True):
        login, _ = _look(conn, [])
        _step_in(conn, login, {"role": ROLE})
    options = " ".join(filter(None, [conn.info.get_parameters().get("options"), f"-c role={ROLE}"]))
    return make_conninfo(conn.info.dsn, password=conn.info.password or None, options=options)


def _under_sqlalchemy(session: Any) -> Connection[Any]:
    """By its shape: SQLAlchemy need not be installed where nobody uses it."""
    _refuse_strangers(session)
    if callable(getattr(session, "flush", None)) and callable(getattr(session, "connection", None)):
        # A session: what it has not written yet comes first, so that the order of statements is the caller's.
        session.flush()
        session = session.connection()
    if not hasattr(session, "in_transaction") or not hasattr(session, "connection"):
        raise _no_connection(session)
    if session.closed:
        raise ConnectionUnusable("the connection is closed: open another")
    if not session.in_transaction():
        # Else SQLAlchemy would know of nothing to commit, and take the work back with the connection.
        session.begin()
    found = session.connection.driver_connection
    if not isinstance(found, Connection):
        _refuse_strangers(found)
        raise ConnectionUnusable(
            f"this engine's driver is {_named(found)}: use postgresql+psycopg://, which is psycopg 3"
        )
    return found


def _no_connection(one: Any) -> ConnectionUnusable:
    return ConnectionUnusable(
        f"{_named(one)} is no connection: give a psycopg 3 connection, or a SQLAlchemy session or connection whose engine's"
        " URL starts with postgresql+psycopg://"
    )


def _refuse_strangers(one: Any) -> None:
    """Async and psycopg2 connections, each with what to use instead."""
    asynchronous = isinstance(one, psycopg.AsyncConnection) or any(
        hasattr(one, name) for name in ("sync_session", "sync_connection", "sync_engine")
    )
    if asynchronous or _module(one) in ("asyncpg", "aiopg"):
        raise ConnectionUnusable(
            f"{_named(one)} is asynchronous, and Headgate's verbs are not: open a psycopg.Connection, or a Session on an "
            "engine of create_engine('postgresql+psycopg://…'), and call it in a thread (asyncio.to_thread)"
        )
    if _module(one) == "psycopg2":
        raise ConnectionUnusable(
            "this is a psycopg2 connection: use psycopg 3 (`pip install psycopg[binary]`; with SQLAlchemy the URL starts "
            "with postgresql+psycopg://)"
        )


def _check(conn: Connection[Any]) -> None:
    """What a savepoint cannot be set on. Raises ConnectionUnusable."""
    status = conn.pgconn.transaction_status
    if conn.closed:
        raise ConnectionUnusable("the connection is closed: open another")
    if conn.autocommit and status == TransactionStatus.IDLE:
        raise ConnectionUnusable(
            "the connection is in autocommit mode, where each statement would stand by itself: put "
            "`with connection.transaction():` around your work, set autocommit=False, or take "
            "isolation_level='AUTOCOMMIT' off the SQLAlchemy engine"
        )
    if status == TransactionStatus.INERROR:
        raise ConnectionUnusable(
            "your transaction has failed already: roll it back, or back to a savepoint, and try again"
        )
    if status == TransactionStatus.ACTIVE:
        raise ConnectionUnusable("the connection is in the middle of a statement: finish it, or use another connection")
    if conn.pgconn.pipeline_status != PipelineStatus.OFF:
        raise ConnectionUnusable(
            "the connection is in pipeline mode: leave the `with connection.pipeline():` block first"
        )


def _look(conn: Connection[Any], names: list[str]) -> tuple[str, dict[str, str]]:
    """The caller's login, and its settings by name. Raises NotInstalled, ConnectionUnusable."""
    row = conn.execute(_LOOK, {"role": ROLE, "names": names}).fetchone()
    assert row is not None, "a SELECT without FROM gives a row"
    installed, has_role, isolation, login, database, values = row
    if not installed or not has_role:
        raise NotInstalled(
            f"the database {database} holds no Headgate: connect to the one that does, or run `headgate db migrate` with "
            "HEADGATE_DATABASE_URL naming this one"
        )
    if isolation != "read committed":
        raise ConnectionUnusable(
            f"the transaction is {isolation}: Headgate's verbs lock a row and then read what it stands for by now, which "
            "only read committed shows; begin this one so (isolation_level='READ COMMITTED')"
        )
    return login, {name: value or "" for name, value in zip(names, values or (), strict=True)}


def _step_in(conn: Connection[Any], login: str, ours: dict[str, str]) -> None:
    try:
        conn.execute(_SET, {"names": list(ours), "values": list(ours.values())})
    except psycopg.errors.InsufficientPrivilege as error:
        grant = _GRANT_SINCE_16 if conn.info.server_version >= 160000 else _GRANT
        needed = grant.format(sql.Identifier(ROLE), sql.Identifier(login)).as_string(conn)
        raise RoleNotGranted(
            f"the login {login} may not act as {ROLE}; an administrator grants it, once: {needed}", login=login
        ) from error


@contextmanager
def _own_manners(conn: Connection[Any]) -> Iterator[None]:
    """While Headgate uses it, the connection makes plain cursors and reads values as psycopg does by itself.

    An application may have taught it otherwise: rows as dicts, jsonb as its own classes, numbers as floats.
    """
    kept = conn.cursor_factory, conn.row_factory, conn._adapters
    conn.cursor_factory, conn.row_factory, conn._adapters = psycopg.Cursor, tuple_row, AdaptersMap(_ADAPTERS)
    try:
        yield
    finally:
        conn.cursor_factory, conn.row_factory, conn._adapters = kept


def _module(one: Any) -> str:
    return type(one).__module__.partition(".")[0]


def _named(one: Any) -> str:
    return f"{type(one).__module__}.{type(one).__qualname__}"
