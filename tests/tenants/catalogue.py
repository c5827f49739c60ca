"""What the isolation tests read from the catalogue: every table and function of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

OURS = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname NOT IN ('information_schema')"

WITHOUT_TENANT = {
    "headgate_meta.migrations": "the runner's own list of applied scripts",
    "tenants.tenants": "its id is the tenant; policies of its own, tested below",
    "audit.epochs": "the servers that this log was written on: the installation's, not a tenant's",
    "audit.server_starts": "which server each start of one was: the installation's, not a tenant's",
    "messaging.subscriptions": "which consumer wants which topic: this code's, not a tenant's",
    "console.links": "one-time links into the console: a person may be let into several tenants",
    "console.sessions": "a browser's session, found by its secret before any tenant is known",
    "jobs.transitions": "legal moves of a status: the same for all",
}
"""Tables without `tenant_id`, each with its reason. `*.transitions` are reference data like the one named."""


@dataclass(frozen=True)
class Column:
    """A column as the catalogue has it."""

    name: str
    type: str
    needs_value: bool
    app_inserts: bool
    app_updates: bool


def tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Every table and partition of ours, `schema.name`."""
    found = connection.execute(
        f"SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'p', 'f', 'm') AND {OURS} ORDER BY 1"
    )
    return [row[0] for row in found]


def tenant_tables(connection: psycopg.Connection[Any]) -> list[str]:
    """Those with a tenant_id."""
    return [name for name in tables(connection) if "tenant_id" in {column.name for column in columns(connection, name)}]


def columns(connection: psycopg.Connection[Any], table: str) -> list[Column]:
    """The columns of a table, with what the application may do to each."""
    found = connection.execute(
        """
        SELECT a.attname, format_type(a.atttypid, a.atttypmod),
               a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '',
               a.attgenerated = '' AND has_column_privilege('headgate_app', a.attrelid, a.attnum, 'INSERT'),
               a.attgenerated = '' AND has_column_privilege('headgate_app', a.attrelid, a.attnum, 'UPDATE')
          FROM pg_attribute AS a
         WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum
        """,
        [table],
    )
    return [Column(*row) for row in found]


def root(connection: psycopg.Connection[Any], table: str) -> str:
    """The partitioned table that a partition belongs to; of any other table, itself."""
    found = connection.execute(
        """
        SELECT n.nspname || '.' || c.relname
          FROM pg_class AS c
          JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.oid = coalesce(pg_partition_root(%(table)s::regclass), %(table)s::regclass)
        """,
        {"table": table},
    ).fetchone()
    assert found is not None
    return str(found[0])


def name(table: str) -> sql.Composable:
    """The table's name as SQL."""
    return sql.Identifier(*table.split(".", 1))


def value_for(connection: psycopg.Connection[Any], table: str, column: Column) -> str:
    """Some value of the column's type, as SQL; for a partition's key one that the partition takes."""
    if column.type.startswith("timestamp"):
        bound = connection.execute(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = %s::regclass", [table]
        ).fetchone()
        if bound and bound[0]:
            first = re.search(r"FROM \('([^']+)'", bound[0])
            return f"'{first.group(1)}'" if first else "'1990-01-01'"
        return "now()"
    if column.type.endswith("[]"):
        return "'{}'"
    by_type = {
        "uuid": "gen_random_uuid()",
        "boolean": "false",
        "jsonb": "'{}'",
        "json": "'{}'",
        "bytea": "'\\x00'",
        "date": "current_date",
        "interval": "'1 s'",
        "xid8": "'1'::xid8",
        "inet": "'127.0.0.1'",
    }
    base = column.type.split("(")[0]
    if base in by_type:
        return by_type[base]
    return "1" if base in ("bigint", "integer", "smallint", "numeric", "double precision") else "'x'"
