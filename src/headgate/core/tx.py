"""An open transaction: what every verb is given first. Opened in `core.db` alone.

Rows become dataclasses, column by column: a missing or extra column is a TypeError. The database's own errors (SQLSTATE class
HG) come up as the classes of `core.errors`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString, TypeVar, cast, overload
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.pq import PipelineStatus
from psycopg.rows import RowFactory, class_row, dict_row, tuple_row
from psycopg_pool import PoolTimeout

from headgate.core import errors
from headgate.core.config import Config

T = TypeVar("T")
Params = Mapping[str, Any] | None
Asked = tuple[LiteralString, Params, type[Any] | None]
"""A query, its parameters, and the dataclass of its rows (None: dicts)."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `person_id` names the human behind a login or key: four eyes compare persons, not logins."""

    type: Literal["system", "human", "ai"]
    id: str
    person_id: str | None = None

    @classmethod
    def system(cls, name: str) -> Actor:
        """A part of Headgate itself: a job, a consumer, the relay."""
        return cls("system", name)


class Tx:
    """An open transaction of one tenant and one actor. No verb commits it."""

    __slots__ = ("_settings", "_told_under", "actor", "config", "conn", "correlation_id", "kept", "tenant")

    def __init__(
        self,
        conn: Connection[Any],
        tenant: UUID | None,
        actor: Actor,
        correlation_id: str,
        *,
        config: Config,
        settings: dict[str, Any] | None = None,
    ) -> None:
        self.conn = conn
        self.tenant = tenant
        self.actor = actor
        self.correlation_id = correlation_id
        self.config = config
        self.kept: dict[str, Any] = {}
        """What was read once and holds as long as this transaction, under the name of the module that read it."""
        self._told_under: dict[str, str] = {}
        self._settings = settings

    def setting(self, name: str, read: Callable[[], T]) -> T:
        """What `read` gives of tables that are settings (`core.is_setting`), and of nothing else; `name` tells it from others.

        Where this transaction keeps settings it may have been read before, for others too: nobody changes it.
        """
        if self._settings is None:
            return read()
        if name not in self._settings:
            self._settings[name] = read()
        return cast(T, self._settings[name])

    def tell_under(self, correlations: Mapping[str, str]) -> None:
        """What is recorded and published of these ids belongs to correlations of their own: a set of several stories."""
        self._told_under.update(correlations)

    def follow(self, followers: Mapping[str, str | None]) -> None:
        """What is told of each of these ids belongs to the story of the other that it came of."""
        if self._told_under:
            self._told_under.update(
                {
                    one: self._told_under[of]
                    for one, of in followers.items()
                    if of is not None and of in self._told_under
                }
            )

    def correlations_of(self, subjects: Sequence[Sequence[str | None]]) -> list[str] | None:
        """Of each subject, by the first of its ids that has a story of its own; None where all are this transaction's."""
        if not self._told_under:
            return None
        told = self._told_under
        return [
            next((told[one] for one in subject if one is not None and one in told), self.correlation_id)
            for subject in subjects
        ]

    @property
    def tenant_id(self) -> UUID:
        """The tenant in context. Raises NoTenant where the transaction has none."""
        if self.tenant is None:
            raise errors.NoTenant("this transaction has no tenant; begin it with tenant_id=…")
        return self.tenant

    def now(self) -> datetime:
        """The tenant's now: real time, which only a test tenant may have moved. In UTC."""
        return cast(datetime, self.value("SELECT tenants.now()"))

    @overload
    def all(self, query: LiteralString, params: Params = None) -> list[dict[str, Any]]: ...
    @overload
    def all(self, query: LiteralString, params: Params = None, *, row: type[T]) -> list[T]: ...
    def all(self, query: LiteralString, params: Params = None, *, row: type[Any] | None = None) -> list[Any]:
        """Every row, as dataclasses of type `row` (or dicts)."""
        with translated():
            factory: RowFactory[Any] = class_row(row) if row else dict_row
            with self.conn.cursor(row_factory=factory) as cursor:
                return cursor.execute(query, params).fetchall()

    @overload
    def maybe(self, query: LiteralString, params: Params = None) -> dict[str, Any] | None: ...
    @overload
    def maybe(self, query: LiteralString, params: Params = None, *, row: type[T]) -> T | None: ...
    def maybe(self, query: LiteralString, params: Params = None, *, row: type[Any] | None = None) -> Any:
        """The one row, or None where there is none."""
        rows = self.all(query, params, row=row) if row else self.all(query, params)
        assert len(rows) <= 1, "a query for one row gave several"
        return rows[0] if rows else None

    @overload
    def one(self, query: LiteralString, params: Params = None, *, what: str = "row") -> dict[str, Any]: ...
    @overload
    def one(self, query: LiteralString, params: Params = None, *, row: type[T], what: str = "row") -> T: ...
    def one(
        self, query: LiteralString, params: Params = None, *, row: type[Any] | None = None, what: str = "row"
    ) -> Any:
        """The one row. Raises NotFound, saying `what` was looked for, where there is none."""
        found = self.maybe(query, params, row=row) if row else self.maybe(query, params)
        if found is None:
            raise errors.NotFound(f"there is no such {what}", what=what)
        return found

    def value(self, query: LiteralString, params: Params = None) -> Any:
        """The first column of the first row; None where there is no row."""
        with translated(), self.conn.cursor(row_factory=tuple_row) as cursor:
            found = cursor.execute(query, params).fetchone()
            return found[0] if found else None

    def values(self, query: LiteralString, params: Params = None) -> list[Any]:
        """The first column of every row."""
        with translated(), self.conn.cursor(row_factory=tuple_row) as cursor:
            return [found[0] for found in cursor.execute(query, params).fetchall()]

    def run(self, query: LiteralString, params: Params = None) -> None:
        """Execute. What is wrong with it comes up here, or where the next rows are asked for (`ahead`)."""
        with translated():
            self.conn.execute(query, params)

    def touched(self, query: LiteralString, params: Params = None) -> int:
        """Execute, and say how many rows it touched."""
        with translated():
            cursor = self.conn.execute(query, params)
            if self._is_ahead:
                with self.conn.pipeline() as pipeline:
                    pipeline.sync()
            return cursor.rowcount

    def many(self, query: LiteralString, params: Sequence[Mapping[str, Any]]) -> int:
        """Execute once for each set of parameters, in one pipeline."""
        with translated(), self.conn.cursor() as cursor:
            cursor.executemany(query, params)
            return cursor.rowcount

    def gather(self, *asked: Asked) -> list[list[Any]]:
        """The rows of several queries that need nothing of each other, in one round trip; each sees what the one before did."""
        is_ahead = self._is_ahead
        with translated(), nullcontext() if is_ahead else self.conn.pipeline():
            cursors = [
                self.conn.cursor(row_factory=cast(RowFactory[Any], class_row(row) if row else dict_row)).execute(
                    query, params
                )
                for query, params, row in asked
            ]
            if is_ahead:
                return [cursor.fetchall() for cursor in cursors]
        # After the pipeline's end, which brings every answer: asked for within it, they would be waited for twice.
        return [cursor.fetchall() for cursor in cursors]

    @property
    def _is_ahead(self) -> bool:
        """Whether a pipeline is open: a second within it would wait for the answers of the first, as it opens and as it ends."""
        return self.conn.pgconn.pipeline_status != PipelineStatus.OFF

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """What is run within is sent without a wait for each answer; who asks for rows waits for his own.

        An error comes up where the next answer is read, at the latest at the end.
        """
        with translated(), nullcontext() if self._is_ahead else self.conn.pipeline():
            yield

    @contextmanager
    def acting_for(self, actor: Actor, correlation_id: str) -> Iterator[None]:
        """What is written within is another's: one of several callers who share this transaction."""
        self.act_for(actor, correlation_id)
        yield
        # Not in a finally: where the block raised, its savepoint has restored the settings.
        self.act_for(self.actor, self.correlation_id)

    def act_for(self, actor: Actor, correlation_id: str) -> None:
        """What is written from now on is another's."""
        self.run(_ACT, who(actor, correlation_id))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail by itself: what it did is undone, the rest of the transaction stands."""
        with translated(), self.conn.transaction():
            yield


def who(actor: Actor, correlation: str) -> dict[str, str]:
    """The context of who acts, and of what story, as settings of a transaction."""
    return {
        "actor_type": actor.type,
        "actor": actor.id,
        "person_id": actor.person_id or "",
        "correlation_id": correlation,
    }


_ACT: Final = """
    SELECT set_config('headgate.actor_type', %(actor_type)s, true), set_config('headgate.actor', %(actor)s, true),
           set_config('headgate.person_id', %(person_id)s, true),
           set_config('headgate.correlation_id', %(correlation_id)s, true)
"""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours: SQLSTATE class HG by its code, lost connections into Unavailable."""
    try:
        yield
    except PoolTimeout as error:
        raise errors.Unavailable("no database connection came free within 10 s") from error
    except psycopg.Error as error:
        found = errors.BY_SQLSTATE.get(error.sqlstate or "")
        if found is not None:
            raise found(error.diag.message_primary, **_facts(error.diag.message_detail)) from error
        if _is_lost(error):
            raise errors.Unavailable("the database does not answer; see `headgate db status`") from error
        raise


def _is_lost(error: psycopg.Error) -> bool:
    """Whether the connection is gone. In the middle of a COPY, libpq says so in words alone."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError) or "server closed the connection" in str(error)
    return error.sqlstate in ("57P01", "57P02", "57P03", "08006", "08001", "08003", "53300")


def _facts(detail: str | None) -> dict[str, Any]:
    """The facts that SQL put into DETAIL, where they are a JSON object."""
    if detail and detail.startswith("{"):
        try:
            return cast(dict[str, Any], json.loads(detail))
        except ValueError:
            return {}
    return {}
