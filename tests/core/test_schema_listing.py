"""The listing of the catalogue: equal to what is committed, and different for every change that matters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from headgate.core.db import Database
from headgate.core.embedded import EmbeddedServer
from headgate.core.schema_listing import HEADER, listing

COMMITTED = Path(__file__).resolve().parents[2] / "migrations" / "schema.sql"
GROUND = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT orders_pkey PRIMARY KEY,
  code text COLLATE "C" NOT NULL,
  cents integer NOT NULL DEFAULT 0 CONSTRAINT orders_cents_positive CHECK (cents >= 0),
  twice integer GENERATED ALWAYS AS (cents * 2) STORED
);
CREATE VIEW shop.dear AS SELECT o.code, o.cents FROM shop.orders o WHERE o.cents > 100;
CREATE FUNCTION shop.total(smallest integer DEFAULT 0) RETURNS bigint LANGUAGE sql STABLE
  AS $$ SELECT sum(cents) FROM shop.orders WHERE cents >= smallest $$;
CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER refused BEFORE DELETE ON shop.orders FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse();
CREATE TABLE shop.log (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE shop.log_rest PARTITION OF shop.log DEFAULT;
"""


@pytest.fixture(scope="module")
def scratch(server: EmbeddedServer, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with the ground above; each test rolls back what it does."""
    name = f"listing_{worker_id}"
    with psycopg.connect(server.url("admin", "postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        with psycopg.connect(server.url("admin", name), autocommit=True) as connection:
            connection.execute(GROUND)
            yield connection
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_schema_sql_is_what_the_migrations_make(empty_database: Database) -> None:
    with empty_database.connect("admin") as connection:
        made = listing(connection)

    assert COMMITTED.read_text("utf-8") == made, "run `make schema`, and read what changed"


def test_an_object_is_a_paragraph(scratch: psycopg.Connection[Any]) -> None:
    text = listing(scratch)

    assert text.startswith(HEADER)
    paragraphs = {paragraph.split("\n")[0]: paragraph for paragraph in text.strip().split("\n\n")[1:]}
    assert [title for title in paragraphs if "shop" in title] == [
        "schema shop",
        "function shop.refuse()",
        "function shop.total(smallest integer)",
        "table shop.log",
        "table shop.log_rest",
        "table shop.orders",
        "view shop.dear",
    ]
    assert paragraphs["table shop.orders"].split("\n")[1:] == [
        "  owner headgate",
        "  column id bigint not null generated always as identity",
        "  column code text collate C not null",
        "  column cents integer not null default 0",
        "  column twice integer generated as ((cents * 2)) stored",
        "  constraint orders_cents_positive CHECK ((cents >= 0))",
        "  constraint orders_pkey PRIMARY KEY (id)",
        "  TRIGGER refused BEFORE DELETE ON shop.orders FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse()",
    ]
    assert paragraphs["table shop.log_rest"].split("\n")[2] == "  partition of shop.log DEFAULT"
    assert "  arguments smallest integer DEFAULT 0" in paragraphs["function shop.total(smallest integer)"]
    assert "  returns bigint, sql, stable" in paragraphs["function shop.total(smallest integer)"]
    assert "  grant EXECUTE to PUBLIC" in paragraphs["function shop.total(smallest integer)"]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ("ALTER TABLE shop.orders ENABLE ROW LEVEL SECURITY", "row security enabled"),
        ("ALTER TABLE shop.orders FORCE ROW LEVEL SECURITY", "row security disabled, forced"),
        ("ALTER TABLE shop.orders ENABLE ALWAYS TRIGGER refused", "always TRIGGER refused BEFORE DELETE"),
        ("ALTER TABLE shop.orders DISABLE TRIGGER refused", "disabled TRIGGER refused BEFORE DELETE"),
        (
            "CREATE POLICY mine ON shop.orders FOR SELECT TO headgate_app, headgate_readonly USING (cents > 0)",
            "policy mine permissive for select to {headgate_app,headgate_readonly} using (cents > 0)",
        ),
        (
            "CREATE POLICY p ON shop.orders AS RESTRICTIVE FOR INSERT WITH CHECK (true)",
            "policy p restrictive for insert to {PUBLIC} check true",
        ),
        (
            "CREATE UNIQUE INDEX orders_code ON shop.orders (code)",
            "UNIQUE INDEX orders_code ON shop.orders USING btree (code)",
        ),
        ("GRANT SELECT, INSERT ON shop.orders TO headgate_app", "grant INSERT, SELECT to headgate_app"),
        ("GRANT UPDATE (code) ON shop.orders TO headgate_app", "grant UPDATE (code) to headgate_app"),
        (
            "GRANT SELECT ON shop.orders TO headgate_app WITH GRANT OPTION",
            "grant SELECT with grant option to headgate_app",
        ),
        ("GRANT USAGE ON SCHEMA shop TO headgate_app", "grant USAGE to headgate_app"),
        ("ALTER TABLE shop.orders OWNER TO headgate_owner", "owner headgate_owner"),
        ("ALTER TABLE shop.orders ALTER code DROP NOT NULL", "column code text collate C"),
        ("ALTER TABLE shop.orders ALTER cents TYPE bigint USING cents", None),
        ("ALTER TABLE shop.orders ADD UNIQUE NULLS NOT DISTINCT (code)", "UNIQUE NULLS NOT DISTINCT (code)"),
        ("ALTER TABLE shop.orders SET UNLOGGED", "unlogged"),
        ("ALTER TABLE shop.orders SET (fillfactor = 70)", "with fillfactor=70"),
        ("COMMENT ON TABLE shop.orders IS 'What was ordered'", "comment What was ordered"),
        (
            "COMMENT ON COLUMN shop.orders.cents IS 'In US cents'",
            "column cents integer not null default 0 -- In US cents",
        ),
        ("COMMENT ON SCHEMA shop IS 'A shop'", "comment A shop"),
        (
            "CREATE OR REPLACE VIEW shop.dear AS SELECT o.code, o.cents FROM shop.orders o WHERE o.cents > 101",
            "query ",
        ),
        ("ALTER VIEW shop.dear SET (security_invoker = true)", "with security_invoker=true"),
        (
            "CREATE OR REPLACE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
            "body ",
        ),
        ("ALTER FUNCTION shop.refuse() SECURITY DEFINER", "returns trigger, plpgsql, volatile, security definer"),
        ("ALTER FUNCTION shop.refuse() SET search_path = pg_catalog, pg_temp", "set search_path=pg_catalog, pg_temp"),
        ("CREATE SEQUENCE shop.counter INCREMENT 5", "bigint start 1 increment 5 from 1"),
        ("CREATE DOMAIN shop.cents AS bigint NOT NULL CHECK (VALUE >= 0)", "as bigint not null"),
        ("CREATE TYPE shop.side AS ENUM ('debit', 'credit')", "values debit, credit"),
        ("CREATE RULE quiet AS ON INSERT TO shop.orders DO ALSO NOTHING", "rule CREATE RULE quiet"),
        ("CREATE STATISTICS shop.s ON code, cents FROM shop.orders", "STATISTICS shop.s"),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO headgate_readonly",
            "tables: SELECT to headgate_readonly",
        ),
        ("CREATE EXTENSION pg_trgm SCHEMA shop", "in shop"),
    ],
)
def test_a_change_is_seen(scratch: psycopg.Connection[Any], change: str, line: str | None) -> None:
    before = listing(scratch).splitlines()
    with scratch.transaction(force_rollback=True):
        if line is None:  # a generated column stands on it
            scratch.execute("ALTER TABLE shop.orders DROP twice; DROP VIEW shop.dear")
        scratch.execute(change.encode())
        after = listing(scratch).splitlines()

    added = [text for text in after if after.count(text) > before.count(text)]
    assert any((line or "column cents bigint not null default 0") in text for text in added), added
    assert listing(scratch).splitlines() == before


def test_an_extensions_own_functions_are_left_out(scratch: psycopg.Connection[Any]) -> None:
    with scratch.transaction(force_rollback=True):
        scratch.execute("CREATE EXTENSION pg_trgm SCHEMA shop")
        text = listing(scratch)

    assert "similarity" not in text
    assert "extension pg_trgm" in text


def test_months_are_left_out(scratch: psycopg.Connection[Any]) -> None:
    before = listing(scratch)
    with scratch.transaction(force_rollback=True):
        scratch.execute(
            "CREATE TABLE shop.log_2026_11 PARTITION OF shop.log FOR VALUES FROM ('2026-11-01') TO ('2026-12-01')"
        )

        assert listing(scratch) == before


def test_an_aliased_and_a_bare_view_are_one_query(scratch: psycopg.Connection[Any]) -> None:
    """15 writes the alias before every column of a view, 18 only where it is needed; a literal is never touched."""
    before = listing(scratch)
    with scratch.transaction(force_rollback=True):
        scratch.execute("CREATE OR REPLACE VIEW shop.dear AS SELECT code, cents FROM shop.orders o WHERE cents > 100")
        assert listing(scratch) == before
    with scratch.transaction(force_rollback=True):
        scratch.execute("CREATE VIEW shop.x AS SELECT 'a.b'::text AS x")
        one = listing(scratch)
        scratch.execute("CREATE OR REPLACE VIEW shop.x AS SELECT 'b'::text AS x")
        assert listing(scratch) != one
