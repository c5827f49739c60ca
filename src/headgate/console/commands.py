"""`headgate console link`: a one-time link into the console."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate import tenants
from headgate.console.sessions import Grant, make_link
from headgate.core.db import Actor, Database
from headgate.core.errors import Malformed, NotFound
from headgate.core.terminal import emit, open_database

app = typer.Typer(name="console", help="The live console.", no_args_is_help=True)


@app.callback()
def console() -> None:
    """The live console."""


@app.command()
def link(
    tenant: Annotated[list[str], typer.Option(help="A tenant's id or slug; several may be named.")],
    role: Annotated[str, typer.Option(help="admin, operator, finance, compliance or readonly.")] = "readonly",
    person: Annotated[
        str | None,
        typer.Option(help="Who enters, by e-mail: one of the tenant's users. Only a person may ask and allow."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Where `headgate serve` listens: HEADGATE_PORT unless given.", min=1, max=65535)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Make a link that signs one browser in, once."""
    tenants.require_role(role)
    with open_database() as database:
        grants = [Grant(tenants.find_tenant(database, name).id, role) for name in tenant]
        token = make_link(database, actor=_actor(database, grants, role, person), grants=grants)
        port = port or database.config.port
    url = f"http://127.0.0.1:{port}/console/enter?token={token}"
    emit({"url": url} if json else url, as_json=json)


def _actor(database: Database, grants: list[Grant], role: str, email: str | None) -> Actor:
    """Who the link signs in: the person of that address, or a role alone."""
    if email is None:
        return Actor("human", f"console-{role}")
    if len(grants) != 1:
        raise Malformed("a person is one tenant's: name one tenant with --person")
    with database.begin(tenant_id=grants[0].tenant_id, actor=Actor("human", "cli")) as tx:
        found = tenants.find_user(tx, email)
    if found is None:
        raise NotFound(f"the tenant has no user {email[:100]}: add one with headgate users create")
    return Actor("human", found.id, found.id)
