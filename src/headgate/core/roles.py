"""The database roles, made once for the server. Who may do what is granted by the migrations and printed in docs/operating.md."""

from __future__ import annotations

from typing import cast

from psycopg import Connection, sql

ROLES: dict[str, tuple[bool, str]] = {
    "headgate_owner": (False, "owns tables and schemas"),
    "headgate_poster": (False, "owns the posting functions; may insert entries, audit events and outbox rows"),
    "headgate_resolver": (False, "owns the few look-ups that need no tenant"),
    "headgate_dispatcher": (True, "claims outbox rows across tenants; sees no domain table"),
    "headgate_app": (True, "the application: a tenant's rows, through policies"),
    "headgate_operator": (True, "reads the psp_* views"),
    "headgate_readonly": (True, "reads a tenant's rows"),
    "headgate_backup": (True, "reads everything for a backup; never a service"),
}
"""Role: (may log in, what it is for)."""


def ensure_roles(connection: Connection[object]) -> None:
    """Create the missing roles and the memberships that migrations need. Needs an administrator; safe to repeat."""
    with connection.transaction():
        # Two installations on one server may start at once: roles are the server's, not the database's.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('headgate.roles'))")
        rows = connection.execute("SELECT rolname::text FROM pg_roles WHERE rolname LIKE 'headgate\\_%'").fetchall()
        present = {name for (name,) in cast(list[tuple[str]], rows)}
        for name, (login, _) in ROLES.items():
            if name not in present:
                options = sql.SQL("LOGIN" if login else "NOLOGIN")
                bypass = sql.SQL(" BYPASSRLS" if name == "headgate_backup" else "")
                connection.execute(sql.SQL("CREATE ROLE {} {}{}").format(sql.Identifier(name), options, bypass))
        # Owner hands functions to poster and resolver, so it must be a member of both.
        connection.execute("GRANT headgate_poster, headgate_resolver TO headgate_owner")
        connection.execute("GRANT pg_read_all_data TO headgate_backup")
