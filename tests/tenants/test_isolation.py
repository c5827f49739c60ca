"""No row is visible across tenants: a walk over the catalogue, so that a new table without its rules fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from tests import make
from tests.tenants import catalogue

from headgate import tenants
from headgate.core.config import Config
from headgate.core.db import Database
from headgate.core.errors import NoTenant

POLICIES = {"tenant_reads": "r", "tenant_inserts": "a", "tenant_updates": "w", "tenant_deletes": "d"}
FOREIGN_ROLES = {"headgate_resolver", "headgate_dispatcher"}
READERS = ("headgate_app", "headgate_readonly", "headgate_operator", "headgate_poster")


def test_every_table_has_a_tenant_or_a_reason(admin: psycopg.Connection[Any]) -> None:
    without = set(catalogue.tables(admin)) - set(catalogue.tenant_tables(admin))

    unexplained = {table for table in without - set(catalogue.WITHOUT_TENANT) if not table.endswith(".transitions")}
    assert unexplained == set(), "give the table a tenant_id, or a reason in tests/tenants/catalogue.py"
    assert set(catalogue.WITHOUT_TENANT) <= without, "a reason outlived its table"


def test_every_table_with_a_tenant_is_isolated_and_forced(admin: psycopg.Connection[Any]) -> None:
    for table in [*catalogue.tenant_tables(admin), "tenants.tenants"]:
        flags = admin.execute(
            "SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [table]
        ).fetchone()
        assert flags == (True, True), f"{table}: call core.isolate('{table}')"
        found = admin.execute(
            """
            SELECT polname, polcmd::text, polroles::regrole[]::text[], polpermissive
              FROM pg_policy
             WHERE polrelid = %s::regclass
            """,
            [table],
        ).fetchall()
        general = {name: command for name, command, roles, _ in found if not set(roles) <= FOREIGN_ROLES}
        assert general == POLICIES, table
        assert all(permissive for *_, permissive in found), table


def test_policies_read_the_context_and_nothing_else(admin: psycopg.Connection[Any]) -> None:
    key = {"tenants.tenants": "id"}
    for table in [*catalogue.tenant_tables(admin), "tenants.tenants"]:
        column = key.get(table, "tenant_id")
        rows = admin.execute(
            """
            SELECT polname, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
              FROM pg_policy
             WHERE polrelid = %s::regclass AND polname LIKE 'tenant\\_%%'
            """,
            [table],
        )
        context = "(NULLIF(current_setting('headgate.tenant_id'::text, true), ''::text))::uuid"
        reading = f'({column} = ( SELECT {context} AS "nullif"))'
        writing = f"({column} = ( SELECT core.require_tenant() AS require_tenant))"
        expected = {
            "tenant_reads": (reading, None),
            "tenant_inserts": (None, writing),
            "tenant_updates": (writing, writing),
            "tenant_deletes": (writing, None),
        }
        assert {name: (using, check) for name, using, check in rows} == expected, table


def test_tenant_stands_first_in_every_key(admin: psycopg.Connection[Any]) -> None:
    """So that the schema can be sharded by tenant."""
    rows = admin.execute(
        f"""
        SELECT n.nspname || '.' || c.relname, i.indexrelid::regclass::text,
               (SELECT attname FROM pg_attribute WHERE attrelid = i.indrelid AND attnum = i.indkey[0])
          FROM pg_index i
          JOIN pg_class c ON c.oid = i.indrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE i.indisunique AND {catalogue.OURS}
        """
    ).fetchall()
    with_tenant = set(catalogue.tenant_tables(admin))

    assert [(table, index) for table, index, first in rows if table in with_tenant and first != "tenant_id"] == []


def test_every_view_sees_with_the_eyes_of_who_asks(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        f"SELECT n.nspname || '.' || c.relname, coalesce(c.reloptions::text, '') FROM pg_class c"
        f" JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v' AND {catalogue.OURS}"
    ).fetchall()

    assert [
        view
        for view, options in rows
        if "security_invoker=true" not in options and "security_invoker=on" not in options
    ] == []


def test_every_table_view_and_schema_says_what_it_is(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        f"""
        SELECT n.nspname || '.' || c.relname
          FROM pg_class c
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v') AND {catalogue.OURS} AND obj_description(c.oid, 'pg_class') IS NULL
        """
    ).fetchall()

    assert [row[0] for row in rows] == []


# The attack, table by table -------------------------------------------------------------------------------------------


@contextmanager
def planted(admin: psycopg.Connection[Any], table: str, owner: UUID) -> Iterator[dict[str, str]]:
    """A row of `owner` in any table, its rules lifted for one transaction, then rolled back: only isolation is left."""
    with admin.transaction(force_rollback=True):
        admin.execute("SET LOCAL session_replication_role = replica")
        admin.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER ALL").format(catalogue.name(table)))
        for holder in {table, catalogue.root(admin, table)}:
            for (rule,) in admin.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c' AND conislocal",
                [holder],
            ).fetchall():
                admin.execute(
                    sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(catalogue.name(holder), sql.Identifier(rule))
                )
        values = {
            column.name: f"'{owner}'" if column.name == "tenant_id" else catalogue.value_for(admin, table, column)
            for column in catalogue.columns(admin, table)
            if column.needs_value or column.type.startswith("timestamp")
        }
        admin.execute(insert(table, values))
        yield values


def insert(table: str, values: dict[str, str]) -> sql.Composed:
    return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        catalogue.name(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.SQL(value) for value in values.values()),  # type: ignore[arg-type]
    )


def attempt(admin: psycopg.Connection[Any], role: str, context: UUID | None, query: sql.Composed) -> int | str:
    """Run a query as a role in a tenant's context: how many rows it touched, or the SQLSTATE that refused it."""
    try:
        with admin.transaction():
            admin.execute("SELECT set_config('headgate.tenant_id', %s, true)", [str(context or "")])
            admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            touched = admin.execute(query).rowcount
            admin.execute("RESET ROLE")
            return touched
    except psycopg.Error as error:
        return error.sqlstate or "?"


@pytest.mark.slow
def test_no_role_sees_or_touches_another_tenants_row_in_any_table(admin: psycopg.Connection[Any]) -> None:
    victim, attacker = uuid4(), uuid4()
    refused = "42501"
    for table in catalogue.tenant_tables(admin):
        target = catalogue.name(table)
        with planted(admin, table, victim) as values:
            count = sql.SQL("SELECT 1 FROM {} WHERE tenant_id = {}").format(target, sql.Literal(victim))
            for role in READERS:
                for context in (attacker, None):
                    assert attempt(admin, role, context, count) in (0, refused), (table, role, context)
            if attempt(admin, "headgate_app", victim, count) != refused:
                assert attempt(admin, "headgate_app", victim, count) == 1, (
                    f"{table}: the attack must have a row to miss"
                )

            columns = catalogue.columns(admin, table)
            changes = [column.name for column in columns if column.app_updates] or ["tenant_id"]
            for context, others in ((attacker, (0, refused)), (None, (0, refused, "HG001"))):
                for column in changes:
                    update = sql.SQL("UPDATE {} SET {c} = {c}").format(target, c=sql.Identifier(column))
                    assert attempt(admin, "headgate_app", context, update) in others, (table, column, context)
                delete = sql.SQL("DELETE FROM {}").format(target)
                assert attempt(admin, "headgate_app", context, delete) in others, (table, context)
                assert attempt(admin, "headgate_app", context, insert(table, values)) in (refused, "HG001"), (
                    table,
                    context,
                )
            assert admin.execute(count).rowcount == 1, table


def test_an_update_cannot_hand_a_row_to_another_tenant(admin: psycopg.Connection[Any]) -> None:
    """The grants forbid it already; this is what the policy does should a grant be widened."""
    victim, attacker = uuid4(), uuid4()
    with planted(admin, "tenants.users", attacker):
        admin.execute("GRANT UPDATE ON tenants.users TO headgate_app")
        give = sql.SQL("UPDATE tenants.users SET tenant_id = {}").format(sql.Literal(victim))

        assert attempt(admin, "headgate_app", attacker, give) == "42501"


def test_a_tenant_sees_and_changes_only_its_own_row_of_tenants(database: Database, tenant: make.TenantFixture) -> None:
    other = make.tenant(database)

    with database.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
        assert tx.values("SELECT id FROM tenants.tenants") == [tenant.id]
        assert tx.touched("UPDATE tenants.tenants SET name = 'taken'") == 1

    assert tenants.find_tenant(database, other.slug).name != "taken"


# The pool -------------------------------------------------------------------------------------------------------------


def test_the_second_transaction_of_a_pooled_connection_sees_nothing_of_the_first(
    database: Database, tenant: make.TenantFixture, config: Config
) -> None:
    other = make.tenant(database)
    with Database(database.url, config=config, pool_max=1) as narrow:
        pids = []
        for tenant_id, expected in ((tenant.id, 1), (None, 0), (other.id, 1), (None, 0), (tenant.id, 1)):
            with narrow.begin(tenant_id=tenant_id, actor=make.ACTOR) as tx:
                pids.append(tx.value("SELECT pg_backend_pid()"))
                ids = tx.values("SELECT tenant_id FROM tenants.legal_entities")
                assert ids == [tenant_id] * expected
                assert tx.value("SELECT nullif(current_setting('headgate.actor', true), '')") == make.ACTOR.id

        with pytest.raises(NoTenant), narrow.begin(tenant_id=None, actor=make.ACTOR) as tx:
            tx.run(
                """
                INSERT INTO tenants.legal_entities (tenant_id, name, time_zone, currency)
                VALUES (%(id)s, 'x', 'UTC', 'USD')
                """,
                {"id": tenant.id},
            )
        with pytest.raises(ZeroDivisionError), narrow.begin(tenant_id=tenant.id, actor=make.ACTOR) as tx:
            pids.append(tx.value("SELECT pg_backend_pid()"))
            raise ZeroDivisionError
        with narrow.begin(tenant_id=None, actor=make.ACTOR) as tx:
            pids.append(tx.value("SELECT pg_backend_pid()"))
            assert tx.values("SELECT tenant_id FROM tenants.legal_entities") == []
        assert len(set(pids)) == 1, "one connection served them all"


def test_scripts_see_a_tenants_rows_after_setting_it_and_none_before(
    database: Database, tenant: make.TenantFixture
) -> None:
    with psycopg.connect(database.url("app")) as connection:
        assert connection.execute("SELECT count(*) FROM tenants.legal_entities").fetchone() == (0,)
        connection.execute("SELECT set_config('headgate.tenant_id', %s, true)", [str(tenant.id)])
        assert connection.execute("SELECT count(*) FROM tenants.legal_entities").fetchone() == (1,)
        connection.commit()
        assert connection.execute("SELECT count(*) FROM tenants.legal_entities").fetchone() == (0,)


# Functions ------------------------------------------------------------------------------------------------------------


def test_every_security_definer_function_keeps_the_rules(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        f"""
        SELECT p.oid::regprocedure::text, coalesce(p.proconfig, '{{}}'), pg_get_userbyid(p.proowner),
               EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner)))
                        WHERE grantee = 0 AND privilege_type = 'EXECUTE'),
               coalesce((SELECT array_agg(a.name)
                           FROM unnest(p.proargnames) WITH ORDINALITY AS a (name, n)
                          WHERE p.proargmodes IS NULL OR p.proargmodes[a.n] IN ('i', 'b', 'v')), '{{}}')
          FROM pg_proc AS p
          JOIN pg_namespace AS n ON n.oid = p.pronamespace
         WHERE p.prosecdef AND {catalogue.OURS}
        """
    ).fetchall()
    assert len(rows) >= 4

    for function, settings, owner, public, arguments in rows:
        assert "search_path=pg_catalog, pg_temp" in settings, f"{function}: SET search_path = pg_catalog, pg_temp"
        assert not public, f"{function}: REVOKE EXECUTE … FROM PUBLIC"
        assert not [name for name in arguments if "tenant" in name], f"{function}: the tenant comes from the context"
        assert owner in ("headgate_owner", "headgate_poster", "headgate_resolver"), function


def test_the_owners_of_such_functions_are_no_superusers(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        """
        SELECT rolname, rolsuper, rolbypassrls
          FROM pg_roles
         WHERE rolname LIKE 'headgate\\_%' AND (rolsuper OR rolbypassrls)
        """
    ).fetchall()

    assert rows == [("headgate_backup", False, True)]
