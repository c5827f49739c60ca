"""Pending transactions from the command line."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from headgate.core import ids
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.ledger import pending as pending_transactions
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
from headgate.ledger.documents import TransactionModel
from headgate.ledger.model import Transaction, TransactionStatus

app = typer.Typer()


@app.command("pending")
def list_pending(
    tenant: Tenant,
    account: AccountOption = None,
    status: Annotated[str, typer.Option(help="pending, posted, void or expired.")] = "pending",
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Transactions that were made pending, newest first."""
    if status not in ("pending", "posted", "void", "expired"):
        raise Malformed("a status is pending, posted, void or expired")
    with begin(tenant) as tx:
        rows = pending_transactions.list_pending(
            tx, account=number_of(tx, account), status=cast(TransactionStatus, status), limit=limit
        )
    show(rows, TransactionModel.of, json)


@app.command("post-pending")
def post_pending(
    tenant: Tenant,
    transaction: Annotated[str, typer.Argument(help="The pending transaction's id, txn_…")],
    idempotency_key: Key,
    amount: Annotated[
        list[str] | None, typer.Option("--amount", help="ENTRY=AMOUNT, as 1=12.50; may be repeated. All unless given.")
    ] = None,
    json: Json = False,
) -> None:
    """Post a pending transaction, whole or less; the rest is given back."""
    with begin(tenant) as tx:
        number = ids.decode("txn", transaction)
        amounts = _amounts(pending_transactions.get_pending(tx, number), amount) if amount else None
        posted = pending_transactions.post_pending(
            tx, idempotency_key=idempotency_key, transaction_id=number, amounts=amounts
        )
        shown = transaction_of(tx, posted)
    answer(shown, json)


@app.command("void")
def void_transaction(
    tenant: Tenant,
    transaction: Annotated[str, typer.Argument(help="The pending transaction's id, txn_…")],
    reason: Annotated[str, typer.Option()],
    json: Json = False,
) -> None:
    """Give back all that a pending transaction holds."""
    with begin(tenant) as tx:
        ended = pending_transactions.void(tx, transaction_id=ids.decode("txn", transaction), reason=reason)
    answer(ended if isinstance(ended, Refused) else TransactionModel.of(ended), json)


def _amounts(of: Transaction, words: list[str]) -> dict[int, Money]:
    currencies = {entry.n: entry.amount.currency for entry in of.entries}
    found = {}
    for word in words:
        number, _, amount = word.partition("=")
        if not number.isdecimal() or int(number) not in currencies or not amount:
            raise Malformed(f"'{word[:40]}' is no part of the transaction: write ENTRY=AMOUNT, as 1=12.50")
        found[int(number)] = Money.parse(amount, currencies[int(number)])
    return found
