"""Payees and bank accounts from the command line. Account numbers come from a file or standard input, never as a word:
words stand in the shell's history and in the list of processes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, TypeVar, cast, get_args

import typer
from pydantic import BaseModel, ValidationError

from headgate import parties
from headgate.core.db import Actor
from headgate.core.errors import Malformed
from headgate.core.terminal import emit
from headgate.parties.model import BankAccountInput, BlockReason
from headgate.parties.payee_documents import AddressModel, NewPayee, PayeeAccount, payee_model
from headgate.tenants import command_parts
from headgate.web import field_faults, parse_json

app = typer.Typer()

Json = command_parts.Json
Tenant = command_parts.Tenant
Model = TypeVar("Model", bound=BaseModel)
File = Annotated[Path, typer.Argument(help="JSON, as the API takes it; - reads standard input.")]
AccountId = Annotated[str, typer.Argument(help="The bank account, as bac_….")]
_ACTOR = Actor("human", "cli")


@app.command("register-payee")
def register_payee(file: File, tenant: Tenant, json: Json = False) -> None:
    """Make a payee with its bank accounts, or bring one up to what is given, as POST /v1/parties/payees takes it."""
    body = _read(file, NewPayee)
    with command_parts.begin(tenant, _ACTOR) as tx:
        made = payee_model(tx, body.register(tx))
    emit(made.model_dump(mode="json"), as_json=json)


@app.command("payees")
def list_payees(
    tenant: Tenant,
    legal_entity: Annotated[str | None, typer.Option(help="Of one legal entity, as le_….")] = None,
    limit: int = 50,
    json: Json = False,
) -> None:
    """Payees in the order of their making."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        found = parties.list_parties(tx, kind="payee", legal_entity_id=legal_entity, limit=limit)
    emit(found, as_json=json)


@app.command("add-bank-account")
def add_bank_account(
    party_id: Annotated[str, typer.Argument(help="The party, as pty_….")],
    file: File,
    tenant: Tenant,
    replace: Annotated[bool, typer.Option("--replace", help="The party's other accounts go out of use.")] = False,
    json: Json = False,
) -> None:
    """Add a bank account to a party: routing_number, account_number and account_type."""
    body = _read(file, PayeeAccount)
    account = BankAccountInput(body.routing_number, body.account_number, body.account_type)
    with command_parts.begin(tenant, _ACTOR) as tx:
        made = parties.add_bank_account(tx, party_id=party_id, account=account, replace=replace)
    emit(made, as_json=json)


@app.command("set-address")
def set_address(
    party_id: Annotated[str, typer.Argument(help="The party, as pty_….")],
    file: File,
    tenant: Tenant,
    json: Json = False,
) -> None:
    """Say where a party is: town, country, street, building, post_code and state. A wire names its payee's address."""
    body = _read(file, AddressModel)
    with command_parts.begin(tenant, _ACTOR) as tx:
        parties.set_address(tx, party_id=party_id, address=body.address(), source_ref="cli")
    emit(body.model_dump(mode="json"), as_json=json)


@app.command("bank-accounts")
def list_bank_accounts(
    party_id: Annotated[str, typer.Argument(help="The party, as pty_….")], tenant: Tenant, json: Json = False
) -> None:
    """A party's bank accounts, their numbers by the last digits."""
    with command_parts.begin(tenant, _ACTOR) as tx:
        parties.get_party(tx, party_id)
        found = parties.list_bank_accounts(tx, party_id=party_id, limit=200)
    emit(found, as_json=json)


@app.command("block-bank-account")
def block_bank_account(
    bank_account_id: AccountId,
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="fraud, sanctions, legal_hold, account_closed, … or manual.")],
    json: Json = False,
) -> None:
    """Stop paying to an account number, wherever it turns up; `parties unblock` lifts it."""
    if reason not in get_args(BlockReason):
        raise Malformed(f"reason must be one of {', '.join(get_args(BlockReason))}")
    with command_parts.begin(tenant, _ACTOR) as tx:
        made = parties.block_bank_account(tx, bank_account_id=bank_account_id, reason=cast(BlockReason, reason))
    emit(made, as_json=json)


def _read(file: Path, model: type[Model]) -> Model:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Malformed(f"{file} cannot be read: {error.strerror}") from error
    try:
        return model.model_validate(parse_json(data))
    except ValidationError as error:
        # What was given is not repeated: it holds an account number.
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in field_faults(error.errors()))
        raise Malformed(f"{file}: {told}") from None
