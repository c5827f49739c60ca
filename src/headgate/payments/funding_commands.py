"""What `headgate funding` does with payments' help: pull what moved on a day, and send the debits that are to go."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from headgate import payments, tenants
from headgate.core import terminal
from headgate.core.db import Actor
from headgate.core.errors import Refused
from headgate.core.terminal import emit, refuse
from headgate.jobs import Outside
from headgate.payments.documents import file_model
from headgate.payments.orders.debit_orders import get_debit_order
from headgate.payments.orders.documents import debit_order_model
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant


@app.command("pull")
def pull(
    tenant: Tenant,
    date: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The day, as the networks count it.")],
    json: Json = False,
) -> None:
    """Ask every provider what moved on a day, and read the bank's files of it; pulled again, a day changes nothing.

    Exit 0; 1 where a provider was silent, or something could not be recorded: pull the day again.
    """
    with terminal.open_database() as database:
        found = tenants.find_tenant(database, tenant)
        pulled = payments.pull(Outside(database, found.id, ACTOR), on=date.date())
    if json:
        document = {
            "tenant": found.slug,
            "date": pulled.on,
            "changed": pulled.is_changed,
            "sources": [asdict(one) for one in pulled.sources],
            "movements": asdict(pulled.effects),
            "failed": pulled.failed,
        }
        emit(document, as_json=True)
    else:
        lines = [f"{pulled.on} for {found.slug}: asked {', '.join(one.source for one in pulled.sources)}"]
        emit("\n".join([*lines, *(f"  {text}" for text in payments.sentences(pulled))]), as_json=False)
    if pulled.silent or pulled.failed:
        raise typer.Exit(1)


@app.command("debit")
def debit(tenant: Tenant, json: Json = False) -> None:
    """Send the debits of clients that are to go now, as the daily job does: their files, or to their provider one by one."""
    with terminal.open_database() as database:
        tenant_id = tenants.find_tenant(database, tenant).id
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            made = payments.submit_all_debits(tx)
        if made.files:
            payments.deliver(database, tenant_id)
        if made.orders:
            payments.send_debit_orders(database, tenant_id)
        with database.begin(tenant_id=tenant_id, actor=ACTOR) as tx:
            delivered = [file_model(payments.get_file(tx, file.id)).model_dump(mode="json") for file in made.files]
            delivered += [_shown(get_debit_order(tx, order.debit_id)) for order in made.orders]
    emit(delivered, as_json=json)


@app.command("debits")
def debits(
    tenant: Tenant,
    status: Annotated[str, typer.Option(help="Only those of this status, as outcome_unknown.")] = "",
    json: Json = False,
) -> None:
    """Debits of clients that go to a provider one by one, and where each stands there; those in files are with their files."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = [_shown(one) for one in payments.list_debit_orders(tx, status=status or None, limit=200)]
    emit(rows, as_json=json)


@app.command("represent")
def represent(
    debit_id: Annotated[str, typer.Argument(help="A debit that came back with R01 or R09, as dbt_….")], tenant: Tenant
) -> None:
    """Present a debit again as RETRY PYMT, at most twice within 180 days; it is delivered as every other file."""
    with command_parts.begin(tenant, ACTOR) as tx:
        done = payments.represent_debit(tx, debit_id=debit_id)
    if isinstance(done, Refused):
        refuse(done, as_json=False)
    if isinstance(done, payments.DebitOrder):
        emit(f"{done.debit_id}  {done.amount.format()} over {done.bank}", as_json=False)
    else:
        emit(f"{done.id}  {done.name}  {done.content_words}", as_json=False)


def _shown(order: payments.DebitOrder) -> dict[str, Any]:
    return debit_order_model(order).model_dump(mode="json")
