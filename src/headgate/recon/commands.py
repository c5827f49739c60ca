"""`headgate recon`: link a bank account, reconcile a day, see what differs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from headgate import ledger, recon
from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.recon import backdating_commands, lineage_routes
from headgate.tenants import command_parts

app = typer.Typer(name="recon", help="The book against the bank.", no_args_is_help=True)
app.add_typer(backdating_commands.app)

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
AccountOption = Annotated[str, typer.Option("--account", help="The account of the book, by code or id.")]
Day = Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day, as 2026-11-24.")]


@app.command("link")
def link(
    tenant: Tenant,
    account: AccountOption,
    statement: Annotated[str, typer.Option("--statement", help="A statement of the bank account, as stm_….")],
    json: Json = False,
) -> None:
    """Say that an account of the book mirrors the bank account of a statement."""
    with command_parts.begin(tenant, ACTOR) as tx:
        made = recon.link_bank_account(tx, account=account, statement_id=statement)
    emit(made, as_json=json)


@app.command("run")
def run(tenant: Tenant, account: AccountOption, on: Day, json: Json = False) -> None:
    """Reconcile an account and day. Exits 1 where something differs or no statement has come."""
    with command_parts.begin(tenant, ACTOR) as tx:
        made = recon.run(tx, account=account, on=on.date())
    emit(made, as_json=json)
    if made.status != "balanced":
        raise typer.Exit(1)


@app.command("lineage")
def show_lineage(
    tenant: Tenant,
    thing: Annotated[
        str, typer.Argument(help="A transaction, record, artifact or payment that came in: txn_, rec_, art_, ing_.")
    ],
    json: Json = False,
) -> None:
    """From an entry of the book to the line that it came from, and from a line to what it caused."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = lineage_routes.shown(recon.lineage_of(tx, thing))
    emit(found.model_dump(), as_json=json)


@app.command("show")
def show(
    tenant: Tenant,
    account: AccountOption,
    on: Annotated[
        datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="One day; the last ones by default.")
    ] = None,
    limit: int = 20,
    json: Json = False,
) -> None:
    """The current runs of an account, newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        account_id = ledger.get_account(tx, account).id
        found = recon.list_reconciliations(tx, account_id=account_id, on=on.date() if on else None, limit=limit)
    emit(found, as_json=json)
