"""What the doctor sees in the database itself, as the application: version, migrations, roles and their bounds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from psycopg import Connection
from psycopg.rows import tuple_row

from headgate.core import clock, migrations, roles
from headgate.core.errors import DatabaseNewer, MigrationChanged
from headgate.core.finding import Finding

VERSION_MIN: Final = 15
SKEW_MAX: Final = timedelta(seconds=1)
_NAMED_MAX: Final = 5


def examine(conn: Connection[Any], *, production: bool) -> Iterator[Finding]:
    """Every finding about the database of this connection, which is the application's."""
    yield version(conn.info.server_version)
    yield _clock(conn)
    yield from _settings(conn)
    yield from _login(conn, production=production)
    yield from _roles(conn)
    yield _migrations(conn)
    if is_migrated(conn):
        yield from _rules(conn)


def is_migrated(conn: Connection[Any]) -> bool:
    """Whether this database is one of ours: what lies beyond can be looked at."""
    return bool(_value(conn, "SELECT to_regclass('core.invariant_tables_isolated') IS NOT NULL"))


def version(number: int) -> Finding:
    """The server's version, as libpq counts it: 150012 is 15.12."""
    found = f"PostgreSQL {number // 10000}.{number % 10000}"
    return Finding(
        "server.version", number >= VERSION_MIN * 10000, found, f"upgrade the server to {VERSION_MIN} or newer"
    )


def skew(apart: timedelta) -> Finding:
    """How far this machine's clock and the server's are apart."""
    what = f"the server's clock and this machine's are {abs(apart).total_seconds():.1f} s apart"
    return Finding(
        "server.clock", abs(apart) <= SKEW_MAX, what, "synchronise both with NTP: audit times are the server's"
    )


def _clock(conn: Connection[Any]) -> Finding:
    before = clock.real_now()
    theirs = _value(conn, "SELECT clock_timestamp()")
    after = clock.real_now()
    return skew(timedelta(0) if before <= theirs <= after else theirs - (after if theirs > after else before))


def _settings(conn: Connection[Any]) -> Iterator[Finding]:
    rows = conn.cursor(row_factory=tuple_row).execute(
        "SELECT name, setting FROM pg_catalog.pg_settings"
        " WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name"
    )
    off = [name for name, setting in rows.fetchall() if setting == "off"]
    what = f"{', '.join(off)} off: a crash may lose or tear what was answered as done" if off else "commits are durable"
    yield Finding("server.durability", not off, what, "turn them on in postgresql.conf and restart the server")
    encoding = _value(conn, "SHOW server_encoding")
    yield Finding(
        "server.encoding", encoding == "UTF8", f"encoding {encoding}", "create the database with ENCODING 'UTF8'"
    )


def _login(conn: Connection[Any], *, production: bool) -> Iterator[Finding]:
    row = conn.execute("""
        SELECT current_user::text, session_user::text,
               (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user),
               (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = session_user)
    """).fetchone()
    assert row is not None, "a SELECT without FROM gives one row"
    current, session, unbound, session_unbound = row
    yield Finding(
        "role.application",
        not unbound,
        f"the application acts as {current}" + (", which row-level security does not bind" if unbound else ""),
        "let it act as headgate_app",
    )
    if production:
        yield Finding(
            "role.login",
            not session_unbound,
            f"the application logs in as {session}" + (", an administrator" if session_unbound else ""),
            "let HEADGATE_DATABASE_URL log in as headgate_app",
        )


def _roles(conn: Connection[Any]) -> Iterator[Finding]:
    rows = conn.cursor(row_factory=tuple_row).execute(
        "SELECT rolname::text, rolsuper, rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = ANY(%s)",
        [list(roles.ROLES)],
    )
    found = {name: (is_super, bypasses) for name, is_super, bypasses in rows.fetchall()}
    missing = sorted(set(roles.ROLES) - set(found))
    unbound = sorted(
        name for name, (is_super, bypasses) in found.items() if is_super or (bypasses and name != "headgate_backup")
    )
    climbing = [
        row[0]
        for row in conn.execute("""
            SELECT member.rolname || ' in ' || granted.rolname
            FROM pg_catalog.pg_auth_members m
            JOIN pg_catalog.pg_roles member ON member.oid = m.member
            JOIN pg_catalog.pg_roles granted ON granted.oid = m.roleid
            WHERE member.rolname IN ('headgate_app', 'headgate_operator', 'headgate_readonly', 'headgate_dispatcher')
              AND granted.rolname LIKE 'headgate\\_%'
            ORDER BY 1
        """).fetchall()
    ]
    yield _list("roles", missing, "missing", "run `headgate db migrate`")
    yield _list("roles.bound", unbound, "not bound by row-level security", "ALTER ROLE … NOSUPERUSER NOBYPASSRLS")
    yield _list("roles.apart", climbing, "may act as another role", "REVOKE that membership")


def _migrations(conn: Connection[Any]) -> Finding:
    try:
        pending = migrations.pending(conn)
    except DatabaseNewer as error:
        return Finding("migrations", False, str(error), "install the Headgate that made this database, or a newer one")
    except MigrationChanged as error:
        return Finding("migrations", False, str(error), "restore the file's text and write a new migration")
    return _list("migrations", [script.name for script in pending], "pending", "run `headgate db migrate`")


def _rules(conn: Connection[Any]) -> Iterator[Finding]:
    exposed = _names(conn, "SELECT subject || ': ' || detail FROM core.invariant_tables_isolated ORDER BY 1")
    yield _list(
        "rules.isolation", exposed, "not kept apart by tenant", "run `headgate db migrate` or restore the policies"
    )
    unlocked = _names(conn, "SELECT subject FROM core.invariant_append_only_enforced ORDER BY 1")
    yield _list("rules.append_only", unlocked, "not append-only", "ALTER TABLE … ENABLE ALWAYS TRIGGER append_only")
    loose = _names(
        conn,
        """
        SELECT p.oid::regprocedure::text
        FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE p.prosecdef AND n.nspname NOT LIKE 'pg\\_%%' AND n.nspname <> 'information_schema'
          AND (NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, pg_temp']
               OR EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                          WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE'))
        ORDER BY 1
        """,
    )
    mend = "SET search_path = pg_catalog, pg_temp and REVOKE EXECUTE … FROM PUBLIC; run `headgate db migrate`"
    yield _list(
        "rules.security_definer", loose, "SECURITY DEFINER, and open to anyone or to a planted search path", mend
    )


def _list(name: str, wrong: list[str], state: str, mend: str) -> Finding:
    if not wrong:
        return Finding(name, True, f"none {state}")
    named = ", ".join(wrong[:_NAMED_MAX]) + (f" and {len(wrong) - _NAMED_MAX} more" if len(wrong) > _NAMED_MAX else "")
    return Finding(name, False, f"{len(wrong)} {state}: {named}", mend)


def _names(conn: Connection[Any], query: Any) -> list[str]:
    return [row[0] for row in conn.cursor(row_factory=tuple_row).execute(query, {}).fetchall()]


def _value(conn: Connection[Any], query: Any) -> Any:
    row = conn.cursor(row_factory=tuple_row).execute(query).fetchone()
    assert row is not None, "a query for a value gives a row"
    return row[0]
