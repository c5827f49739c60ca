"""Open transactions bound to a tenant and an actor: the one place where they are opened.

```python
with database.begin(tenant_id=tenant_id, actor=Actor.system("relay")) as tx:
    accounts = tx.all("SELECT id, code FROM ledger.accounts WHERE currency = %(currency)s", {"currency": "USD"}, row=Account)
```

`Tx` is the session, the unit of work, the tenant context and the test seam at once. It commits when its block ends and
rolls back when the block raises. Rows become dataclasses, column by column: a missing or extra column is a TypeError.
The database's own errors (SQLSTATE class HG) come up as the classes of `core.errors`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Literal, LiteralString
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.pq import Escaping
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from headgate.core import errors, ids
from headgate.core.config import Config
from headgate.core.settings import VERSION, Settings
from headgate.core.tx import Actor, Asked, Params, Tx, translated, who

__all__ = ["BY_KEY", "Actor", "Asked", "Database", "Params", "Role", "SuperuserRefused", "Tx", "translated"]

Role = Literal["admin", "owner", "app", "operator", "readonly", "dispatcher", "backup"]


BY_KEY: Final[Mapping[str, str]] = {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}
"""Settings of a transaction that finds all it needs by keys and that many follow. A table that was all but empty when its
statement was planned would be read whole for as long as that plan is kept, however much it has grown. By a key there is one
way: to plan a statement for its values each time costs as much as to execute it."""


class SuperuserRefused(errors.ConfigError):
    """The application would run as a superuser or past row-level security."""

    code = "core.superuser_refused"


class _WarmPool(ConnectionPool[Connection[Any]]):
    """Gives the connection that came back last, which has its plans made and its catalogue read; the coldest is let go."""

    def _get_ready_connection(self, timeout: float | None) -> Connection[Any] | None:
        self._pool.rotate(1)
        return super()._get_ready_connection(timeout)


class Database:
    """A database and its connections. `url_for` gives the URL of a role (`core.server.Server.url`)."""

    def __init__(
        self, url_for: Callable[[Role], str], *, config: Config, pool_max: int = 10, prepare: bool = True
    ) -> None:
        self.config = config
        self._url_for = url_for
        self._app_url = url_for("app")
        self._prepare = prepare
        self._settings = Settings()
        self._queueing: set[object] = set()
        self._pool = _WarmPool(
            self._app_url,
            min_size=1,
            max_size=pool_max,
            kwargs={"autocommit": True, "application_name": "headgate", "prepare_threshold": 5 if prepare else None},
            open=False,
            timeout=10,
            check=ConnectionPool.check_connection if not prepare else None,
        )

    def __enter__(self) -> Database:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Open the pool. Raises SuperuserRefused, Unavailable."""
        with self.connect("app") as connection:
            _refuse_superuser(connection)
        self._pool.open()

    def close(self) -> None:
        """Close every connection of the pool."""
        self._pool.close()

    @property
    def queues_directly(self) -> bool:
        """Whether what is published goes into the queues with its transaction, and past the relay (`queueing`)."""
        return bool(self._queueing)

    @contextmanager
    def queueing(self) -> Iterator[None]:
        """Queue directly while the block lasts. For who made sure that every consumer he knows has subscribed."""
        one = object()
        self._queueing.add(one)
        try:
            yield
        finally:
            self._queueing.discard(one)

    @contextmanager
    def begin(
        self,
        *,
        tenant_id: UUID | str | None,
        actor: Actor,
        correlation_id: str | None = None,
        settings: Mapping[str, str] | None = None,
        keeps_settings: bool = False,
    ) -> Iterator[Tx]:
        """A transaction of that tenant and actor; commits at the end, rolls back where the block raises.

        Without a tenant only the look-ups work that need none. `settings` are the server's, for this transaction alone.
        One that `keeps_settings` sees the tenant's own as they were when it began (`Tx.setting`), and changes none.
        Raises Unavailable where no connection can be had.
        """
        tenant = UUID(tenant_id) if isinstance(tenant_id, str) else tenant_id
        correlation = correlation_id or ids.new("cor")
        with translated():
            conn = self._pool.getconn()
        try:
            with translated():
                opening = _opening(
                    conn, tenant, actor, correlation, settings or {}, self.queues_directly, keeps_settings
                )
                opened = conn.execute(opening)
                kept = self._settings.of(tenant, _last(opened)) if tenant and keeps_settings else None
            try:
                yield Tx(conn, tenant, actor, correlation, config=self.config, settings=kept)
            except BaseException:
                _rollback(conn)
                raise
            with translated():
                conn.execute("COMMIT")
        finally:
            if not conn.closed and conn.pgconn.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                _rollback(conn)
            self._pool.putconn(conn)

    def look_up(self, query: LiteralString, params: Params = None) -> list[dict[str, Any]]:
        """The rows of one query that needs neither tenant nor transaction, in one round trip. Raises Unavailable."""
        with translated(), self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query, params).fetchall()

    def connect(self, role: Role) -> Connection[tuple[Any, ...]]:
        """A connection of its own, autocommit, for the workers of the foundation. The caller closes it."""
        with translated():
            return psycopg.connect(
                self._url_for(role),
                autocommit=True,
                application_name=f"headgate {role}",
                prepare_threshold=5 if self._prepare else None,
            )

    def url(self, role: Role) -> str:
        """The URL of a role on this database."""
        return self._app_url if role == "app" else self._url_for(role)


def _opening(
    conn: Connection[Any],
    tenant: UUID | None,
    actor: Actor,
    correlation: str,
    settings: Mapping[str, str],
    queues_directly: bool,
    keeps_settings: bool,
) -> bytes:
    """BEGIN and the context in one round trip. Every transaction pays for this, so no composing of SQL objects."""
    acting = {f"headgate.{name}": value for name, value in who(actor, correlation).items()}
    context = {
        "headgate.tenant_id": str(tenant) if tenant else "",
        **acting,
        **settings,
    }
    if queues_directly:
        context["headgate.queues_directly"] = "on"
    if keeps_settings:
        context["headgate.keeps_settings"] = "on"
    literal = Escaping(conn.pgconn).escape_literal
    opening = b"BEGIN; SELECT " + b", ".join(
        b"set_config(%b, %b, true)" % (literal(name.encode()), literal(value.encode()))
        for name, value in context.items()
    )
    return opening + b"; " + VERSION.encode() if keeps_settings else opening


def _last(opened: psycopg.Cursor[Any]) -> Any:
    """The one value of the last of several statements."""
    while opened.nextset():
        pass
    [value] = opened.fetchone() or (None,)
    return value


def _rollback(conn: Connection[Any]) -> None:
    if conn.closed or conn.broken:
        return
    try:
        conn.rollback()
    except psycopg.Error:
        conn.close()  # The pool replaces a closed connection; a half-open transaction must not go back into it.


def _refuse_superuser(conn: Connection[Any]) -> None:
    row = conn.execute("SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
    if row and row[1]:
        raise SuperuserRefused(
            f"the application would run as {row[0]}, which row-level security does not bind; use the role headgate_app"
        )
