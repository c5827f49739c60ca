"""`headgate parties`: who is paid and who pays, and who is not."""

from __future__ import annotations

from typing import Annotated, cast, get_args

import typer

from headgate import parties
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.parties import payee_commands
from headgate.parties.model import BlockReason, Kind
from headgate.tenants import command_parts

app = typer.Typer(name="parties", help="Employers, payees, borrowers, and their bank accounts.", no_args_is_help=True)
app.add_typer(payee_commands.app)

ACTOR = Actor("human", "cli")
Json = command_parts.Json
Tenant = command_parts.Tenant
PartyId = Annotated[str, typer.Argument(help="The party, as pty_….")]


@app.command("create")
def create_party(
    tenant: Tenant,
    external_id: Annotated[str, typer.Option(help="What the client calls it.")],
    name: Annotated[str, typer.Option(help="Its name.")],
    kind: Annotated[str, typer.Option(help="employer, payee or borrower.")] = "payee",
    legal_entity: Annotated[str | None, typer.Option(help="The legal entity, as le_….")] = None,
    company: Annotated[bool, typer.Option("--company", help="A company and no person.")] = False,
    json: Json = False,
) -> None:
    """Make a party; known already, it is the one that stands."""
    if kind not in get_args(Kind):
        raise Malformed(f"kind must be one of {', '.join(get_args(Kind))}")
    with command_parts.begin(tenant, ACTOR) as tx:
        made = parties.create_party(
            tx,
            kind=cast(Kind, kind),
            external_id=external_id,
            name=name,
            legal_entity_id=legal_entity,
            is_person=not company,
        )
    emit(made, as_json=json)


@app.command("list")
def list_parties(tenant: Tenant, limit: int = 50, json: Json = False) -> None:
    """Parties in the order of their making."""
    with command_parts.begin(tenant, ACTOR) as tx:
        found = parties.list_parties(tx, limit=limit)
    emit(found, as_json=json)


@app.command("show")
def show_party(party_id: PartyId, tenant: Tenant, json: Json = False) -> None:
    """One party with its bank accounts and their history."""
    with command_parts.begin(tenant, ACTOR) as tx:
        document = {
            "party": parties.get_party(tx, party_id),
            "bank_accounts": parties.list_bank_accounts(tx, party_id=party_id),
            "changes": parties.bank_account_history(tx, party_id=party_id),
        }
    emit(document, as_json=json)


@app.command("block")
def block_party(
    party_id: PartyId,
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="fraud, sanctions, legal_hold, deceased, … or manual.")],
    json: Json = False,
) -> None:
    """Stop paying a party."""
    if reason not in get_args(BlockReason):
        raise Malformed(f"reason must be one of {', '.join(get_args(BlockReason))}")
    with command_parts.begin(tenant, ACTOR) as tx:
        made = parties.block_party(tx, party_id=party_id, reason=cast(BlockReason, reason))
    emit(made, as_json=json)


@app.command("unblock")
def lift_block(
    block_id: Annotated[str, typer.Argument(help="The block, as blk_….")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why it is lifted.")],
    json: Json = False,
) -> None:
    """Lift a block."""
    with command_parts.begin(tenant, ACTOR) as tx:
        lifted = parties.lift_block(tx, block_id=block_id, reason=reason)
    emit(lifted, as_json=json)
