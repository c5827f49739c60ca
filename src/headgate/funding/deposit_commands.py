"""Deposits from the command line: what came in, and whose the money of an unknown payer is.

Who asks another person is the person behind an API key, never a name on the command line; that other one approves under
/v1/cases/approvals.
"""

from __future__ import annotations

from typing import Annotated

import typer

from headgate import funding
from headgate.core.db import Actor
from headgate.core.terminal import emit
from headgate.funding.routes import deposit_model
from headgate.tenants import command_parts

app = typer.Typer()

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant


@app.command("deposits")
def show_deposits(
    tenant: Tenant, legal_entity: command_parts.Entity = None, limit: int = 50, json: Json = False
) -> None:
    """What came in, the newest first; without a legal entity its payer is unknown."""
    with command_parts.begin(tenant, ACTOR) as tx:
        rows = funding.list_deposits(tx, legal_entity_id=legal_entity, limit=limit)
    emit([deposit_model(row).model_dump(mode="json") for row in rows], as_json=json)


@app.command("request-assignment")
def request_assignment(
    deposit_id: Annotated[str, typer.Argument(help="A deposit of an unknown payer, as dep_….")],
    client: Annotated[str, typer.Option(help="Whose money it is: le_…, or a payer reference.")],
    key_file: command_parts.KeyFile,
    reason: Annotated[str, typer.Option(help="How you know; audited.")],
    json: Json = False,
) -> None:
    """Ask another person to say with you whose money a deposit is; nothing moves yet."""
    with command_parts.begin_as(key_file, "funding.manage") as tx:
        entity = funding.entity_named(tx, client)
        asked = funding.request_assignment(tx, deposit_id=deposit_id, legal_entity_id=entity, reason=reason)
    emit(asked, as_json=json)


@app.command("assign-deposit")
def assign_deposit(approval_id: command_parts.Approval, tenant: Tenant, json: Json = False) -> None:
    """Give a deposit to the client that two people named, once."""
    with command_parts.begin(tenant, ACTOR) as tx:
        done = funding.assign_deposit(tx, approval_id=approval_id)
    emit(deposit_model(done).model_dump(mode="json"), as_json=json)
