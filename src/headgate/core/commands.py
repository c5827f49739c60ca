"""`headgate db`: the database's life, from the shell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer

from headgate.core import backup as backups
from headgate.core.config import Config
from headgate.core.errors import Conflict, NotFound
from headgate.core.migrations import migrate as run_migrations
from headgate.core.migrations import pending
from headgate.core.server import Embedded, External, resolve, with_settings
from headgate.core.terminal import emit, prepare, say

app = typer.Typer(name="db", help="The database: start, stop, look, migrate, back up.", no_args_is_help=True)

_ROLES: Final = "superuser, owner, app, readonly, operator, dispatcher, poster, resolver or backup."
_Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command()
def up() -> None:
    """Start the database and bring it to the shape of this code."""
    server = _server()
    server.ensure_up()
    run_migrations(server.url("admin"), tell=say)
    emit(server.url("app") if server.is_embedded else "the database answers", as_json=False)


@app.command()
def down() -> None:
    """Stop the embedded database. Open sessions are ended."""
    server = _server()
    if isinstance(server, External):
        raise Conflict("HEADGATE_DATABASE_URL names a server of your own, which is not ours to stop")
    say("stopped" if server.engine.down() else "it was not running")


@app.command()
def status(json: _Json = False) -> None:
    """Say whether the database runs, where, and what migrations it lacks; start nothing."""
    server = _server()
    if isinstance(server, External):
        document = _answer(server.url("admin"), {"state": "unreachable", "embedded": False})
    else:
        found = server.engine.status()
        document = {"state": found.state, "embedded": True, "home": found.home, "pid": found.pid}
        document |= {"account": found.account, "data": found.data, "sockets": found.sockets, "log": found.log}
        document |= {"server_version": found.version, "migrations_pending": None}
        if found.state == "running":
            document = _answer(server.url("admin"), document)
    emit(document, as_json=json)


@app.command()
def url(role: Annotated[str, typer.Option(help=_ROLES)] = "app") -> None:
    """Print the URL of a role, which connects at once: the embedded database is started and migrated first."""
    server = _server()
    if server.is_embedded:
        prepare(server)
    emit(server.url(role), as_json=False)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="A tenant's id or slug: its rows are seen.")] = None,
    role: Annotated[str, typer.Option(help=_ROLES)] = "app",
) -> None:
    """Open psql as a role, seeing a tenant's rows. What else is given goes to psql: `db psql -c 'SELECT 1'`."""
    server = _server()
    if server.is_embedded:
        prepare(server)
    address = server.url(role)
    if tenant is not None:
        address = with_settings(address, {"headgate.tenant_id": _tenant_id(server, tenant)})
    elif role not in ("admin", "superuser"):
        say("no --tenant: row-level security shows no tenant's rows")
    with psycopg.connect(address) as connection:
        program = backups.tool("psql", connection.info.server_version // 10000)
    address, environment = backups.without_password(address)
    os.execve(program, [str(program), f"--dbname={address}", *context.args], environment)  # noqa: S606 (psql takes over)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Apply everything, say what, and roll it back.")] = False,
    json: _Json = False,
) -> None:
    """Apply the migrations and the changed SQL that the database lacks."""
    server = _server()
    server.ensure_up()
    report = run_migrations(server.url("admin"), dry_run=dry_run)
    if json:
        emit(report, as_json=True)
        return
    for name in report.applied:
        emit(name, as_json=False)
    count = len(report.applied)
    say(f"{count} would be applied" if dry_run else f"{count} applied" if count else "nothing was lacking")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write it.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file of that name.")] = False,
) -> None:
    """Write the whole database to a file."""
    server = _server()
    server.ensure_up()
    size = backups.backup(server.url("admin"), file, overwrite=overwrite)
    keys = Config.from_environment().keys_folder
    say(f"{file}: {size} bytes. The keys are not in it; keep a copy of them apart ({keys})")
    for line in backups.not_held(server.url("admin")):
        say(line)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `headgate db backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Remove the tenants that the database holds.")] = False,
) -> None:
    """Make the database what a backup holds. The audit log goes on in a new epoch."""
    server = _server()
    server.ensure_up()
    backups.restore(server.url("admin"), file, replace=replace, tell=say)
    say(f"restored from {file}")


def _server() -> Embedded | External:
    return resolve(Config.from_environment())


def _answer(url: str, document: dict[str, Any]) -> dict[str, Any]:
    """Ask the server itself, where it answers."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            row = connection.execute("SELECT current_setting('server_version'), current_database()").fetchone()
            assert row is not None
            lacking = len(pending(connection))
    except psycopg.OperationalError as error:
        return {**document, "problem": str(error).strip()}
    return {**document, "state": "running", "server_version": row[0], "database": row[1], "migrations_pending": lacking}


def _tenant_id(server: Embedded | External, tenant: str) -> str:
    with psycopg.connect(server.url("app"), autocommit=True) as connection:
        row = connection.execute(
            "SELECT id::text FROM tenants.directory() WHERE slug = %(tenant)s OR id::text = lower(%(tenant)s)",
            {"tenant": tenant},
        ).fetchone()
    if row is None:
        raise NotFound(f"there is no tenant {tenant!r}; `headgate tenants list` names them")
    return str(row[0])
