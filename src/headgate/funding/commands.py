"""`headgate funding`: ask clients for money, and see what came."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from headgate import funding
from headgate.core import ids
from headgate.core.db import Actor
from headgate.core.money import Money
from headgate.core.terminal import emit
from headgate.funding import control_commands, deposit_commands
from headgate.funding.errors import RailUnavailable
from headgate.funding.request_routes import detail, model
from headgate.tenants import command_parts

app = typer.Typer(
    name="funding", help="Funding requests: what clients are asked for, and what came.", no_args_is_help=True
)

app.add_typer(deposit_commands.app)
app.add_typer(control_commands.app)

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant


@app.command("request")
def request(
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The legal entity that pays, as le_….")],
    amount: Annotated[str, typer.Option(help="As 1250.00.")],
    due_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])],
    rail: Annotated[str, typer.Option(help=f"One of {', '.join(funding.FUNDING_RAILS)}.")] = "inbound_wire",
    currency: str = "USD",
    idempotency_key: Annotated[str | None, typer.Option(help="The same key asks once.")] = None,
    json: Json = False,
) -> None:
    """Ask a client for money, by a day, over a rail of its bank profile."""
    with command_parts.begin(tenant, ACTOR) as tx:
        if rail not in funding.FUNDING_RAILS:
            offer = funding.offered_rails(tx, legal_entity_id=legal_entity)
            raise RailUnavailable(
                f"the bank profile {offer.profile} has no {rail[:40]}: it has {', '.join(offer.rails)}"
            )
        found = funding.request_funding(
            tx,
            idempotency_key=idempotency_key or f"cli:{ids.new('key')}",
            legal_entity_id=legal_entity,
            amount=Money.parse(amount, currency),
            rail=rail,
            due_on=due_on.date(),
        )
    emit(model(found).model_dump(mode="json"), as_json=json)


@app.command("authorize-debits")
def authorize_debits(
    bank_account_id: Annotated[str, typer.Argument(help="An account of the client itself, as its employer: ba_….")],
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The client, as le_….")],
    evidence: Annotated[str, typer.Option(help="Where the client's authorization is kept.")],
    json: Json = False,
) -> None:
    """Let an account of a client be debited for what it is asked for, in place of any other."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = funding.authorize_debits(
            tx, legal_entity_id=legal_entity, bank_account_id=bank_account_id, evidence=evidence
        )
    emit(found, as_json=json)


@app.command("withdraw-debits")
def withdraw_debits(
    tenant: Tenant,
    legal_entity: Annotated[str, typer.Option(help="The client, as le_….")],
    reason: Annotated[str, typer.Option(help="Why; audited.")],
    json: Json = False,
) -> None:
    """Debit a client no more; what is with the bank already goes on."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = funding.withdraw_debits(tx, legal_entity_id=legal_entity, reason=reason)
    emit(found if found is not None else "nothing was authorised", as_json=json)


@app.command("list")
def list_requests(
    tenant: Tenant,
    legal_entity: command_parts.Entity = None,
    status: Annotated[str | None, typer.Option(help="As requested, settled, final.")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """Funding requests, the newest first."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = funding.list_requests(tx, legal_entity_id=legal_entity, status=status, limit=limit)
    emit([model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("show")
def show_request(funding_request_id: str, tenant: Tenant, json: Json = False) -> None:
    """One funding request with everything that happened to it."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = funding.get_request(tx, funding_request_id)
        happened = funding.list_events(tx, funding_request_id=found.id)
    emit(detail(found, happened).model_dump(mode="json"), as_json=json)


@app.command("cancel")
def cancel_request(
    funding_request_id: str,
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why it is asked for no more; audited.")],
    json: Json = False,
) -> None:
    """Ask no more for the money of a request, where none of it has come."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = funding.cancel_request(tx, funding_request_id=funding_request_id, reason=reason)
    emit(model(found).model_dump(mode="json"), as_json=json)
