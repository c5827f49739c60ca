"""What the database's roles may do, and what nobody may: facts are appended and never changed, by whoever it is."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg import sql
from tests.tenants import catalogue

from headgate.core import roles
from headgate.core.db import Database

APPEND_ONLY = {
    "audit.blocks",
    "audit.events",
    "cases.approval_requests",
    "cases.approval_uses",
    "cases.approval_votes",
    "funding.deposits",
    "funding.gate_evaluations",
    "ingestion.records",
    "ledger.entries",
    "ledger.refusals",
    "ledger.reservation_events",
    "ledger.transactions",
    "messaging.inbox",
    "parties.bank_account_changes",
    "payments.settlement_events",
    "web.idempotency_keys",
}
"""What must be append-only, whatever its migration says."""
WRITTEN_BY_FUNCTIONS = (
    "audit.blocks",
    "audit.events",
    "ledger.accounts",
    "ledger.entries",
    "ledger.refusals",
    "ledger.reservations",
    "ledger.transactions",
)
"""What no service writes by its own statement."""
STATEMENTS = ("UPDATE {} SET {column} = {column} WHERE false", "DELETE FROM {} WHERE false", "TRUNCATE {} CASCADE")
SERVICES = ("headgate_app", "headgate_operator", "headgate_readonly", "headgate_dispatcher")


def marked(admin: psycopg.Connection[Any]) -> set[str]:
    """Every table and partition that wears the trigger."""
    rows = admin.execute(
        """
        SELECT n.nspname || '.' || c.relname
          FROM pg_trigger t
          JOIN pg_class c ON c.oid = t.tgrelid
          JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE t.tgname = 'append_only' AND t.tgenabled = 'A' AND t.tgfoid = 'core.refuse_change()'::regprocedure
        """
    )
    return {row[0] for row in rows}


def test_what_must_be_append_only_is_and_so_is_each_partition(admin: psycopg.Connection[Any]) -> None:
    parts = {table for table in catalogue.tables(admin) if catalogue.root(admin, table) in APPEND_ONLY}

    assert parts > APPEND_ONLY, "partitions are among them"
    assert parts - marked(admin) == set()


@pytest.mark.parametrize("who", ["headgate", "headgate_owner", "replica"])
def test_append_only_holds_against_owner_and_superuser_even_for_no_row(
    admin: psycopg.Connection[Any], who: str
) -> None:
    with admin.transaction(force_rollback=True):
        if who == "replica":
            admin.execute("SET LOCAL session_replication_role = replica")
        else:
            admin.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(who)))
        for table in sorted(marked(admin)):
            column = catalogue.columns(admin, table)[0].name
            for statement in STATEMENTS:
                query = sql.SQL(statement).format(catalogue.name(table), column=sql.Identifier(column))  # type: ignore[arg-type]
                with pytest.raises(psycopg.Error) as refused, admin.transaction():
                    admin.execute(query)
                assert refused.value.sqlstate == "HG002", (table, statement)


def test_no_service_may_change_or_forge_a_fact(admin: psycopg.Connection[Any]) -> None:
    for role in (*SERVICES, "headgate_backup"):
        for table in sorted(marked(admin)):
            for privilege in ("UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"):
                assert not may(admin, role, table, privilege), (role, table, privilege)
        for table in WRITTEN_BY_FUNCTIONS:
            for privilege in ("INSERT", "UPDATE", "DELETE"):
                assert not may(admin, role, table, privilege), (role, table, privilege)


def may(admin: psycopg.Connection[Any], role: str, table: str, privilege: str) -> bool:
    """Whether a role has a privilege on a table or on any of its columns."""
    by_column = privilege in ("INSERT", "UPDATE", "REFERENCES")
    query = "SELECT has_table_privilege(%(role)s, %(table)s, %(privilege)s)"
    if by_column:
        query += " OR has_any_column_privilege(%(role)s, %(table)s, %(privilege)s)"
    row = admin.execute(query.encode(), {"role": role, "table": table, "privilege": privilege}).fetchone()
    return bool(row and row[0])


def test_readers_only_read(admin: psycopg.Connection[Any]) -> None:
    for role in ("headgate_readonly", "headgate_backup"):
        for table in catalogue.tables(admin):
            for privilege in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
                assert not may(admin, role, table, privilege), (role, table, privilege)


def test_no_service_is_superuser_or_bypasses_row_security_or_may_become_who_is(admin: psycopg.Connection[Any]) -> None:
    rows = admin.execute(
        """
        SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolcanlogin
          FROM pg_roles WHERE rolname = ANY(%s)
        """,
        [list(roles.ROLES)],
    ).fetchall()

    assert {row[0] for row in rows} == set(roles.ROLES)
    for name, superuser, bypass, creates_roles, creates_databases, replicates, logs_in in rows:
        assert not (superuser or creates_roles or creates_databases or replicates), name
        assert bypass == (name == "headgate_backup"), name
        assert logs_in == roles.ROLES[name][0], name
    members = admin.execute(
        """
        SELECT m.member::regrole::text, m.roleid::regrole::text FROM pg_auth_members m
         WHERE m.member::regrole::text = ANY(%s)
        """,
        [list(SERVICES)],
    ).fetchall()
    assert members == [], "a service is a member of nothing, so that it can step into nobody"


@pytest.mark.parametrize(
    "attempt",
    [
        "SET ROLE headgate_owner",
        "SET ROLE headgate_poster",
        "SET SESSION AUTHORIZATION headgate",
        "SET session_replication_role = replica",
        "ALTER TABLE ledger.entries DISABLE TRIGGER ALL",
        "ALTER TABLE audit.events NO FORCE ROW LEVEL SECURITY",
        "DROP TRIGGER append_only ON ledger.entries",
        "CREATE FUNCTION ledger.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE public.mine (a int)",
        "COPY ledger.entries TO PROGRAM 'cat'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT ledger.advance_verified() FROM pg_authid",
    ],
)
@pytest.mark.parametrize("role", ["app", "operator", "readonly", "dispatcher"])
def test_a_service_cannot_lift_a_rule(database: Database, role: Any, attempt: str) -> None:
    with psycopg.connect(database.url(role), autocommit=True) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(attempt.encode())

    assert refused.value.sqlstate == "42501", refused.value


def test_the_search_path_of_no_service_lets_it_be_fooled(admin: psycopg.Connection[Any]) -> None:
    """Nobody but owners may create in a schema that functions are looked up in."""
    rows = admin.execute(
        """
        SELECT n.nspname, r.rolname FROM pg_namespace n CROSS JOIN pg_roles r
         WHERE r.rolname = ANY(%s) AND n.nspname NOT LIKE 'pg\\_temp%%' AND has_schema_privilege(r.rolname, n.oid, 'CREATE')
        """,
        [[*SERVICES, "headgate_backup"]],
    ).fetchall()

    assert rows == []
