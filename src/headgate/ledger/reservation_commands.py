"""Reservations from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.terminal import emit
from headgate.ledger import reservations
from headgate.ledger.command_parts import AccountOption, Json, Limit, Tenant, begin, number_of, show
from headgate.ledger.reservation_documents import ReservationModel

app = typer.Typer()


@app.command("reservations")
def list_reservations(
    tenant: Tenant,
    account: AccountOption = None,
    status: Annotated[str | None, typer.Option(help="active, captured, released or expired.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Reservations, newest first."""
    with begin(tenant) as tx:
        rows = reservations.list_reservations(tx, account=number_of(tx, account), status=status, limit=limit)
    show(rows, ReservationModel.of, json)


@app.command("expire-reservations")
def expire_reservations(tenant: Tenant, json: Json = False) -> None:
    """Mark every reservation that is overdue; the job does it every minute."""
    with begin(tenant) as tx:
        expired = reservations.expire_due(tx)
    emit({"expired": expired}, as_json=json)
