"""Explanations from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.terminal import emit
from headgate.ledger.command_parts import AccountArgument, Json, Tenant, begin, plain
from headgate.ledger.explain import explain_balance, explain_refusal
from headgate.ledger.explain_documents import BalanceExplainedModel, RefusalExplainedModel

app = typer.Typer()


@app.command("explain-balance")
def show_balance(tenant: Tenant, account: AccountArgument, json: Json = False) -> None:
    """What an account's balance is made of, down to its entries and reservations."""
    with begin(tenant) as tx:
        found = BalanceExplainedModel.of(explain_balance(tx, account))
    emit(plain(found), as_json=json)


@app.command("explain-refusal")
def show_refusal(
    tenant: Tenant,
    request: Annotated[str, typer.Argument(help="The idempotency key, or the id: txn_…, rsv_…")],
    json: Json = False,
) -> None:
    """Why something was refused: the limit, the figures, and what would cure it."""
    with begin(tenant) as tx:
        found = RefusalExplainedModel.of(explain_refusal(tx, request))
    emit(plain(found), as_json=json)
