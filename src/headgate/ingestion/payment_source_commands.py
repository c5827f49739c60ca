"""What a tenant says of the money that its sources bring, from the command line."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.ingestion import intake, payment_sources
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant


@app.command("set-payment-source")
def set_payment_source(
    source: Annotated[str, typer.Argument(help="As column or bank.amegy.")],
    purpose: Annotated[str, typer.Argument(help="loans, deposits or none.")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why.")],
    account_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="Of one account: a file with its number."),
    ] = None,
    channel: Annotated[str | None, typer.Option(help="Of what does not say by itself how it came.")] = None,
    loan_field: Annotated[
        str, typer.Option(help="Where the loan's reference stands: customer_reference, text, data.account_number_id ….")
    ] = "customer_reference",
    loan_prefix: Annotated[str, typer.Option(help="What stands before it in that field.")] = "",
    json: Json = False,
) -> None:
    """Say what the money is for that a source brings, or one account of its statements."""
    with command_parts.begin(tenant, ACTOR) as tx:
        made = payment_sources.set_payment_source(
            tx,
            source=source,
            purpose=purpose,
            reason=reason,
            account_number=command_parts.secret_in(account_file).strip() if account_file else None,
            channel=channel,
            loan_field=loan_field,
            loan_prefix=loan_prefix,
        )
    emit(_shown(made), as_json=json)


@app.command("payment-sources")
def list_payment_sources(tenant: Tenant, json: Json = False) -> None:
    """What was said of each source and account."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = payment_sources.list_payment_sources(tx)
    emit([_shown(one) for one in found], as_json=json)


@app.command("take-in")
def take_in(
    artifact_id: Annotated[str, typer.Argument(help="The artifact, as art_….")], tenant: Tenant, json: Json = False
) -> None:
    """Take in the loan payments of an artifact that was read, by what is said of its source now. Again it changes nothing."""
    with command_parts.begin(tenant, ACTOR) as tx:
        taken = intake.take_in(tx, artifact_id)
    emit(taken, as_json=json)


def _shown(one: payment_sources.PaymentSource) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != "account_fingerprint"}
