"""Balances from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from headgate.core.clock import maybe_instant
from headgate.core.terminal import emit
from headgate.ledger.balances import balance as balance_of
from headgate.ledger.balances import balances as balances_of
from headgate.ledger.command_parts import ALL, AccountArgument, Json, Tenant, begin, plain, show
from headgate.ledger.documents import AccountBalanceModel, BalanceModel
from headgate.ledger.report_options import AsOfOption, KnownAt, day_or_instant

app = typer.Typer()


@app.command("balance")
def balance(
    tenant: Tenant,
    account: AccountArgument,
    as_of: AsOfOption = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """What is posted, pending, reserved and available on one account, on its normal side."""
    with begin(tenant) as tx:
        found = balance_of(tx, account, as_of=day_or_instant(as_of), known_at=maybe_instant(known_at))
    emit(plain(BalanceModel.of(found)), as_json=json)


@app.command("balances")
def balances(
    tenant: Tenant,
    currency: Annotated[str | None, typer.Option()] = None,
    as_of: AsOfOption = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """Every account's balance, by code."""
    with begin(tenant) as tx:
        rows = balances_of(
            tx,
            currency=currency,
            as_of=day_or_instant(as_of),
            known_at=maybe_instant(known_at),
            limit=ALL,
        )
    show(rows, AccountBalanceModel.of_account, json)
