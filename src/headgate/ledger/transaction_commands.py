"""Posting, reversing and reading transactions from the command line."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from headgate.core import ids
from headgate.core.clock import maybe_instant
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.ledger import accounts, queries
from headgate.ledger.command_parts import (
    AccountOption,
    Json,
    Key,
    Limit,
    Tenant,
    answer,
    begin,
    number_of,
    show,
    transaction_of,
)
from headgate.ledger.documents import EntryModel, TransactionModel
from headgate.ledger.model import Entry
from headgate.ledger.posting import post
from headgate.ledger.reversal import Apportion, reverse

app = typer.Typer()


@app.command("post")
def post_entry(
    tenant: Tenant,
    debit: Annotated[str, typer.Option(help="The debited account's code or id.")],
    credit: Annotated[str, typer.Option(help="The credited account's code or id.")],
    amount: Annotated[str, typer.Option(help="As 1234.50.")],
    currency: Annotated[str, typer.Option()],
    idempotency_key: Key,
    effective_at: Annotated[str | None, typer.Option(help="As 2026-11-20T12:00:00Z; now unless given.")] = None,
    description: Annotated[str | None, typer.Option()] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Set it aside; post-pending or void it later.")] = False,
    expires_at: Annotated[str | None, typer.Option(help="Until when it is pending; for ever unless given.")] = None,
    json: Json = False,
) -> None:
    """Post one entry. A refusal is printed on standard error, with exit code 1."""
    money = Money.parse(amount, currency)
    with begin(tenant) as tx:
        numbers = accounts.resolve_accounts(tx, [debit, credit])
        posted = post(
            tx,
            idempotency_key=idempotency_key,
            entries=[Entry(numbers[debit], numbers[credit], money)],
            effective_at=maybe_instant(effective_at),
            description=description,
            pending=pending,
            expires_at=maybe_instant(expires_at),
        )
        shown = transaction_of(tx, posted)
    answer(shown, json)


@app.command("reverse")
def reverse_transaction(
    tenant: Tenant,
    transaction: Annotated[str, typer.Argument(help="The transaction's id, txn_…")],
    idempotency_key: Key,
    reason: Annotated[str, typer.Option()],
    amount: Annotated[str | None, typer.Option(help="As 12.50; all that is left unless given.")] = None,
    currency: Annotated[str | None, typer.Option(help="The currency of the amount.")] = None,
    apportion: Annotated[str, typer.Option(help="proportional, in_order, or keep (with --entry).")] = "proportional",
    entry: Annotated[
        list[int] | None, typer.Option("--entry", help="Only of this entry; with keep: all but it. May be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Take what is left of a transaction back by another one, or an amount of it."""
    if amount and not currency:
        raise Malformed("give the currency of the amount")
    with begin(tenant) as tx:
        reversal = reverse(
            tx,
            idempotency_key=idempotency_key,
            transaction_id=ids.decode("txn", transaction),
            reason=reason,
            amount=Money.parse(amount, currency) if amount and currency else None,
            entries=entry or None,
            apportion=cast(Apportion, apportion),
        )
        shown = transaction_of(tx, reversal)
    answer(shown, json)


@app.command("transactions")
def list_transactions(tenant: Tenant, account: AccountOption = None, limit: Limit = 50, json: Json = False) -> None:
    """Posted transactions, newest first."""
    with begin(tenant) as tx:
        rows = queries.list_transactions(tx, account=number_of(tx, account), limit=limit)
    show(rows, TransactionModel.of, json)


@app.command("entries")
def list_entries(tenant: Tenant, account: AccountOption = None, limit: Limit = 50, json: Json = False) -> None:
    """Entries of the journal, newest first."""
    with begin(tenant) as tx:
        rows = queries.list_entries(tx, account=number_of(tx, account), limit=limit)
    show(rows, EntryModel.of, json)
