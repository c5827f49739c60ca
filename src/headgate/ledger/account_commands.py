"""Accounts and the chart from the command line."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import emit
from headgate.ledger import accounts, chart
from headgate.ledger.catalogue import catalogue
from headgate.ledger.command_parts import ALL, AccountArgument, Json, Tenant, begin, plain, show
from headgate.ledger.documents import AccountModel
from headgate.ledger.model import AccountStatus, AccountType

app = typer.Typer()


@app.command("accounts")
def list_accounts(tenant: Tenant, currency: Annotated[str | None, typer.Option()] = None, json: Json = False) -> None:
    """Every account, by code."""
    with begin(tenant) as tx:
        rows = accounts.list_accounts(tx, currency=currency, limit=ALL)
    show(rows, AccountModel.of, json)


@app.command("open-account")
def open_account(
    tenant: Tenant,
    code: Annotated[str, typer.Option()],
    name: Annotated[str, typer.Option()],
    type: Annotated[str, typer.Option(help="ASSET, LIABILITY, EQUITY, REVENUE or EXPENSE.")],
    currency: Annotated[str, typer.Option()],
    purpose: Annotated[str | None, typer.Option()] = None,
    default: Annotated[bool, typer.Option("--default", help="The default account of its purpose.")] = False,
    legal_entity: Annotated[str | None, typer.Option("--legal-entity", help="Whose account it is: le_…")] = None,
    min_balance: Annotated[str | None, typer.Option(help="The least balance, as 0; any unless given.")] = None,
    max_balance: Annotated[str | None, typer.Option(help="The greatest balance; none unless given.")] = None,
    json: Json = False,
) -> None:
    """Open an account."""
    with begin(tenant) as tx:
        opened = accounts.create_account(
            tx,
            code=code,
            name=name,
            type=cast(AccountType, type),
            currency=currency,
            purpose=purpose,
            is_default=default,
            legal_entity_id=legal_entity,
            min_balance=Money.parse(min_balance, currency) if min_balance else None,
            max_balance=Money.parse(max_balance, currency) if max_balance else None,
        )
    emit(plain(AccountModel.of(opened)), as_json=json)


@app.command("seed-chart")
def seed_chart(
    tenant: Tenant,
    currency: Annotated[str, typer.Option()],
    legal_entity: Annotated[str | None, typer.Option("--legal-entity", help="Also its own accounts: le_…")] = None,
    json: Json = False,
) -> None:
    """Open the default accounts that are missing; safe to repeat."""
    with begin(tenant) as tx:
        opened = chart.seed_chart(tx, currency=currency, legal_entity_id=legal_entity)
    show(opened, AccountModel.of, json)


@app.command("set-status")
def set_status(
    tenant: Tenant,
    account: AccountArgument,
    status: Annotated[str, typer.Argument(help="open, frozen or closed (for ever, and only when empty).")],
    reason: Annotated[str, typer.Option()],
    json: Json = False,
) -> None:
    """Freeze, reopen or close an account."""
    if status not in ("open", "frozen", "closed"):
        raise Malformed("a status is open, frozen or closed")
    with begin(tenant) as tx:
        changed = accounts.set_status(tx, account, cast(AccountStatus, status), reason=reason)
    emit(plain(AccountModel.of(changed)), as_json=json)


@app.command("postings")
def list_postings(json: Json = False) -> None:
    """Which purposes each event that moves money debits and credits."""
    emit(list(catalogue().values()), as_json=json)
