"""What must always hold, judged: every invariant of every domain, tenant by tenant.

An invariant is a view `<domain>.invariant_<name>` that must be empty; its columns `subject` and `detail` name what is
wrong, its comment is the rule. What no view can say (that a chain verifies from an export) a domain lists as Python, in
`INVARIANTS` of its `invariants.py`. Views are found in the catalogue and judged in one snapshot, as the application's
role, in the tenant's context. Where a tenant is clean, each domain's `advance_verified()` moves its watermark in that
same snapshot, so that nothing is called verified that was not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import Connection, IsolationLevel, sql
from psycopg.rows import class_row

from headgate.core import ids, log, registry
from headgate.core.db import Actor, Database, translated

SAMPLE_MAX: Final = 5
ACTOR: Final = Actor.system("check")
_INSTALLATION: Final = "core."

_LOG = log.get(__name__)


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that breaks a rule: which, and how."""

    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule judged in Python: `judge(database, tenant_id, full)` returns what breaks it, nothing when all is well."""

    name: str
    rule: str
    judge: Callable[[Database, UUID, bool], Sequence[Violation]]


@dataclass(frozen=True, slots=True)
class Example:
    """One violation and its tenant."""

    tenant_id: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One invariant over all tenants asked for: how often it is broken, and the first few breaches."""

    name: str
    rule: str
    violations: int
    sample: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Every invariant, by name."""

    invariants: tuple[Judgement, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is broken."""
        return not any(found.violations for found in self.invariants)

    def document(self) -> dict[str, Any]:
        """As `headgate check --json` prints it."""
        return {
            "ok": self.ok,
            "invariants": [
                {
                    "name": found.name,
                    "violations": found.violations,
                    "sample": [
                        {"tenant_id": example.tenant_id, "subject": example.subject, "detail": example.detail}
                        for example in found.sample
                    ],
                }
                for found in self.invariants
            ],
        }


@dataclass(frozen=True, slots=True)
class _View:
    schema: str
    view: str
    rule: str

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.view.removeprefix('invariant_')}"


@dataclass(frozen=True, slots=True)
class _Found:
    name: str
    tenant_id: UUID
    violations: int
    sample: tuple[Violation, ...]


def run_checks(
    database: Database,
    tenant_ids: Iterable[UUID],
    *,
    full: bool = True,
    on: Connection[Any] | None = None,
    with_installation: bool = True,
) -> Report:
    """Judge every invariant for these tenants.

    `full` judges every row; otherwise the heavy invariants go on from the last verified watermark. An invariant that
    cannot be judged (its view fails) counts as broken. `on` is a connection of the application's that the caller keeps:
    for one small tenant, planning the views takes ten times as long as looking at them. The catalogue is whoever's: its
    views (those of `core`) are judged with the first tenant alone, or not at all where somebody judges many tenants
    one by one and has been `with_installation` before.
    """
    listed = registry.domain_items("invariants", attribute="INVARIANTS", kind=Invariant)
    if not with_installation:
        listed = [invariant for invariant in listed if not invariant.name.startswith(_INSTALLATION)]
    found: list[_Found] = []
    with translated(), nullcontext(on) if on else database.connect("app") as conn:
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        every = _views(conn)
        books = [view for view in every if not view.name.startswith(_INSTALLATION)]
        for number, tenant_id in enumerate(tenant_ids):
            views = every if with_installation and number == 0 else books
            found += _judge_views(conn, views, tenant_id, full)
            found += [_judged(database, invariant, tenant_id, full) for invariant in listed]
    rules = {view.name: view.rule for view in (every if with_installation else books)} | {
        invariant.name: invariant.rule for invariant in listed
    }
    return Report(tuple(_summed(name, rules[name], found) for name in sorted(rules)))


def _views(conn: Connection[Any]) -> list[_View]:
    with conn.cursor(row_factory=class_row(_View)) as cursor:
        return cursor.execute(
            """
            SELECT n.nspname AS schema, c.relname AS view, coalesce(obj_description(c.oid, 'pg_class'), '') AS rule
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'v' AND c.relname LIKE 'invariant\\_%%'
            ORDER BY n.nspname, c.relname
            """,
            {},
        ).fetchall()


def _judge_views(conn: Connection[Any], views: list[_View], tenant_id: UUID, full: bool) -> list[_Found]:
    with _snapshot(conn, tenant_id, full):
        broken = _broken(conn, views)
        found = [
            _judge_view(conn, view, tenant_id) if view.name in broken else _Found(view.name, tenant_id, 0, ())
            for view in views
        ]
        if not any(one.violations for one in found):
            _advance(conn, tenant_id)
    return found


@contextmanager
def _snapshot(conn: Connection[Any], tenant_id: UUID, full: bool) -> Iterator[None]:
    """One snapshot of one tenant, in which the views read `core.check_full()`."""
    settings = {
        "headgate.tenant_id": str(tenant_id),
        "headgate.actor_type": ACTOR.type,
        "headgate.actor": ACTOR.id,
        "headgate.correlation_id": ids.new("cor"),
        "headgate.check_full": "on" if full else "off",
        # Of rows that came since the statistics were taken the planner knows nothing: it would go through ten thousand that
        # it takes for thirty, once for each of ten thousand others. So joins are by key, or by hash.
        "enable_material": "off",
    }
    with conn.transaction():
        for name, value in settings.items():
            conn.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield


def _broken(conn: Connection[Any], views: list[_View]) -> set[str]:
    """The views that hold a row, found in one round trip and planned once a connection. Where one cannot be judged: all."""
    probes = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
            sql.Literal(view.name), sql.Identifier(view.schema, view.view)
        )
        for view in views
    ]
    if not probes:
        return set()
    try:
        with conn.transaction():
            return {name for (name,) in conn.execute(sql.SQL(" UNION ALL ").join(probes), prepare=True).fetchall()}
    except psycopg.errors.OperationalError:
        raise
    except psycopg.Error:
        return {view.name for view in views}


def _judge_view(conn: Connection[Any], view: _View, tenant_id: UUID) -> _Found:
    query = sql.SQL("SELECT subject, detail, count(*) OVER () FROM {} LIMIT {}").format(
        sql.Identifier(view.schema, view.view), sql.Literal(SAMPLE_MAX)
    )
    try:
        with conn.transaction():
            rows = conn.execute(query).fetchall()
    except psycopg.errors.OperationalError:
        raise  # A lost server or a cancelled statement says nothing about the rule.
    except psycopg.Error as error:
        return _Found(view.name, tenant_id, 1, (Violation(view.name, f"could not be judged: {error}"),))
    sample = tuple(Violation(str(subject), str(detail)) for subject, detail, _ in rows)
    return _Found(view.name, tenant_id, rows[0][2] if rows else 0, sample)


def _advance(conn: Connection[Any], tenant_id: UUID) -> None:
    """Move every domain's watermark. Two checks at once: the later one leaves it where the earlier has put it."""
    functions = conn.execute("""
        SELECT n.nspname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE p.proname = 'advance_verified' AND p.pronargs = 0 AND has_function_privilege(p.oid, 'EXECUTE')
        ORDER BY n.nspname
    """).fetchall()
    for (schema,) in functions:
        try:
            with conn.transaction():
                conn.execute(sql.SQL("SELECT {}()").format(sql.Identifier(schema, "advance_verified")))
        except psycopg.errors.SerializationFailure:
            _LOG.info("another check moved the watermark first", extra={"schema": schema, "tenant_id": str(tenant_id)})


def _judged(database: Database, invariant: Invariant, tenant_id: UUID, full: bool) -> _Found:
    broken = tuple(invariant.judge(database, tenant_id, full))
    return _Found(invariant.name, tenant_id, len(broken), broken[:SAMPLE_MAX])


def _summed(name: str, rule: str, found: list[_Found]) -> Judgement:
    mine = [one for one in found if one.name == name]
    sample = [Example(str(one.tenant_id), each.subject, each.detail) for one in mine for each in one.sample]
    return Judgement(name, rule, sum(one.violations for one in mine), tuple(sample[:SAMPLE_MAX]))


def _rows_across_tenants(database: Database, tenant_id: UUID, full: bool) -> list[Violation]:
    """Ask every table, as the application and in this tenant's context, for one row of another tenant."""
    if not full:
        return []  # Between full checks the catalogue answers: core.invariant_tables_isolated.
    with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
        tables = tx.all(
            """
            SELECT n.nspname AS schema, c.relname AS name
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.atttypid = 'uuid'::regtype
              AND n.nspname NOT LIKE 'pg\\_%%' AND has_column_privilege(c.oid, a.attnum, 'SELECT')
            ORDER BY n.nspname, c.relname
        """,
            {},
        )
        probe = sql.SQL("SELECT {label} WHERE EXISTS (SELECT FROM {table} WHERE tenant_id <> {tenant})")
        probes = [
            probe.format(
                label=sql.Literal(f"{table['schema']}.{table['name']}"),
                table=sql.Identifier(table["schema"], table["name"]),
                tenant=sql.Literal(tenant_id),
            )
            for table in tables
        ]
        seen = tx.conn.execute(sql.SQL(" UNION ALL ").join(probes)).fetchall() if probes else []
    return [Violation(row[0], f"shows a row of another tenant to tenant {tenant_id}") for row in seen]


INVARIANTS: Final = [
    Invariant("core.no_row_across_tenants", "No tenant sees a row of another.", _rows_across_tenants),
]
