"""`headgate console link`: a one-time link into the console."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate import tenants
from headgate.console.sessions import Grant, make_link
from headgate.core.db import Actor
from headgate.core.terminal import emit, open_database

app = typer.Typer(name="console", help="The live console.", no_args_is_help=True)


@app.callback()
def console() -> None:
    """The live console."""


@app.command()
def link(
    tenant: Annotated[list[str], typer.Option(help="A tenant's id or slug; several may be named.")],
    role: Annotated[str, typer.Option(help="admin, operator, finance, compliance or readonly.")] = "readonly",
    port: Annotated[int, typer.Option(help="Where `headgate serve` listens.")] = 8080,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Make a link that signs one browser in, once."""
    tenants.require_role(role)
    with open_database() as database:
        grants = [Grant(tenants.find_tenant(database, name).id, role) for name in tenant]
        token = make_link(database, actor=Actor("human", f"console-{role}"), grants=grants)
    url = f"http://127.0.0.1:{port}/console/enter?token={token}"
    emit({"url": url} if json else url, as_json=json)
