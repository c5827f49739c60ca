"""`headgate ledger`: the book from the command line, with the verbs and the answers of the HTTP door."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, cast

import typer
from pydantic import BaseModel

from headgate import tenants
from headgate.core import ids
from headgate.core.db import Actor, Tx
from headgate.core.errors import Malformed, Refused
from headgate.core.money import Money
from headgate.core.terminal import emit, open_database, refuse
from headgate.ledger import (
    accounts,
    book_commands,
    bulk_commands,
    chart,
    exchange_commands,
    explain_commands,
    period_commands,
    queries,
    report_commands,
    reservation_change_commands,
    reservations,
    watch_commands,
)
from headgate.ledger import pending as pending_transactions
from headgate.ledger.balances import balance as balance_of
from headgate.ledger.balances import balances as balances_of
from headgate.ledger.catalogue import catalogue
from headgate.ledger.documents import (
    AccountBalanceModel,
    AccountModel,
    BalanceModel,
    EntryModel,
    ReservationModel,
    TransactionModel,
)
from headgate.ledger.model import AccountStatus, AccountType, Entry, Posted, Transaction, TransactionStatus
from headgate.ledger.posting import post
from headgate.ledger.report_options import AsOfOption, KnownAt, day_or_instant, maybe_instant
from headgate.ledger.reversal import Apportion, reverse

app = typer.Typer(name="ledger", help="The book: accounts, balances, postings, reservations.", no_args_is_help=True)
for _module in (report_commands, explain_commands, book_commands, period_commands, exchange_commands, watch_commands):
    app.add_typer(_module.app)
for _module in (bulk_commands, reservation_change_commands):
    app.add_typer(_module.app)

_ADMINISTRATOR = Actor("human", "administrator")
_ALL = 1_000_000

Tenant = Annotated[str, typer.Option("--tenant", help="The tenant's id or slug.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Key = Annotated[str, typer.Option("--idempotency-key", help="The same key and body give the first answer again.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="How many rows at most.")]
AccountOption = Annotated[str | None, typer.Option("--account", help="Only those of this account, by code or id.")]


@app.command("accounts")
def list_accounts(tenant: Tenant, currency: Annotated[str | None, typer.Option()] = None, json: Json = False) -> None:
    """Every account, by code."""
    with _begin(tenant) as tx:
        rows = accounts.list_accounts(tx, currency=currency, limit=_ALL)
    _show(rows, AccountModel.of, json)


@app.command("postings")
def list_postings(json: Json = False) -> None:
    """Which purposes each event that moves money debits and credits."""
    emit(list(catalogue().values()), as_json=json)


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
    with _begin(tenant) as tx:
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
    emit(_plain(AccountModel.of(opened)), as_json=json)


@app.command("seed-chart")
def seed_chart(
    tenant: Tenant,
    currency: Annotated[str, typer.Option()],
    legal_entity: Annotated[str | None, typer.Option("--legal-entity", help="Also its own accounts: le_…")] = None,
    json: Json = False,
) -> None:
    """Open the default accounts that are missing; safe to repeat."""
    with _begin(tenant) as tx:
        opened = chart.seed_chart(tx, currency=currency, legal_entity_id=legal_entity)
    _show(opened, AccountModel.of, json)


@app.command("set-status")
def set_status(
    tenant: Tenant,
    account: Annotated[str, typer.Argument(help="The account's code or id.")],
    status: Annotated[str, typer.Argument(help="open, frozen or closed (for ever, and only when empty).")],
    reason: Annotated[str, typer.Option()],
    json: Json = False,
) -> None:
    """Freeze, reopen or close an account."""
    if status not in ("open", "frozen", "closed"):
        raise Malformed("a status is open, frozen or closed")
    with _begin(tenant) as tx:
        changed = accounts.set_status(tx, account, cast(AccountStatus, status), reason=reason)
    emit(_plain(AccountModel.of(changed)), as_json=json)


@app.command("balance")
def balance(
    tenant: Tenant,
    account: Annotated[str, typer.Argument(help="The account's code or id.")],
    as_of: AsOfOption = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """What is posted, pending, reserved and available on one account, on its normal side."""
    with _begin(tenant) as tx:
        found = balance_of(tx, account, as_of=day_or_instant(as_of), known_at=maybe_instant(known_at))
    emit(_plain(BalanceModel.of(found)), as_json=json)


@app.command("balances")
def balances(
    tenant: Tenant,
    currency: Annotated[str | None, typer.Option()] = None,
    as_of: AsOfOption = None,
    known_at: KnownAt = None,
    json: Json = False,
) -> None:
    """Every account's balance, by code."""
    with _begin(tenant) as tx:
        rows = balances_of(
            tx,
            currency=currency,
            as_of=day_or_instant(as_of),
            known_at=maybe_instant(known_at),
            limit=_ALL,
        )
    _show(rows, AccountBalanceModel.of_account, json)


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
    with _begin(tenant) as tx:
        numbers = accounts.resolve_accounts(tx, [debit, credit])
        posted = post(
            tx,
            idempotency_key=idempotency_key,
            entries=[Entry(numbers[debit], numbers[credit], money)],
            effective_at=_instant(effective_at) if effective_at else None,
            description=description,
            pending=pending,
            expires_at=_instant(expires_at) if expires_at else None,
        )
        shown = _transaction(tx, posted)
    _answer(shown, json)


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
    with _begin(tenant) as tx:
        rows = pending_transactions.list_pending(
            tx, account=_number(tx, account), status=cast(TransactionStatus, status), limit=limit
        )
    _show(rows, TransactionModel.of, json)


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
    with _begin(tenant) as tx:
        number = ids.decode("txn", transaction)
        amounts = _amounts(pending_transactions.get_pending(tx, number), amount) if amount else None
        posted = pending_transactions.post_pending(
            tx, idempotency_key=idempotency_key, transaction_id=number, amounts=amounts
        )
        shown = _transaction(tx, posted)
    _answer(shown, json)


@app.command("void")
def void_transaction(
    tenant: Tenant,
    transaction: Annotated[str, typer.Argument(help="The pending transaction's id, txn_…")],
    reason: Annotated[str, typer.Option()],
    json: Json = False,
) -> None:
    """Give back all that a pending transaction holds."""
    with _begin(tenant) as tx:
        ended = pending_transactions.void(tx, transaction_id=ids.decode("txn", transaction), reason=reason)
    _answer(ended if isinstance(ended, Refused) else TransactionModel.of(ended), json)


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
    with _begin(tenant) as tx:
        reversal = reverse(
            tx,
            idempotency_key=idempotency_key,
            transaction_id=ids.decode("txn", transaction),
            reason=reason,
            amount=Money.parse(amount, currency) if amount and currency else None,
            entries=entry or None,
            apportion=cast(Apportion, apportion),
        )
        shown = _transaction(tx, reversal)
    _answer(shown, json)


@app.command("transactions")
def list_transactions(tenant: Tenant, account: AccountOption = None, limit: Limit = 50, json: Json = False) -> None:
    """Posted transactions, newest first."""
    with _begin(tenant) as tx:
        rows = queries.list_transactions(tx, account=_number(tx, account), limit=limit)
    _show(rows, TransactionModel.of, json)


@app.command("entries")
def list_entries(tenant: Tenant, account: AccountOption = None, limit: Limit = 50, json: Json = False) -> None:
    """Entries of the journal, newest first."""
    with _begin(tenant) as tx:
        rows = queries.list_entries(tx, account=_number(tx, account), limit=limit)
    _show(rows, EntryModel.of, json)


@app.command("reservations")
def list_reservations(
    tenant: Tenant,
    account: AccountOption = None,
    status: Annotated[str | None, typer.Option(help="active, captured, released or expired.")] = None,
    limit: Limit = 50,
    json: Json = False,
) -> None:
    """Reservations, newest first."""
    with _begin(tenant) as tx:
        rows = reservations.list_reservations(tx, account=_number(tx, account), status=status, limit=limit)
    _show(rows, ReservationModel.of, json)


@app.command("expire-reservations")
def expire_reservations(tenant: Tenant, json: Json = False) -> None:
    """Mark every reservation that is overdue; the job does it every minute."""
    with _begin(tenant) as tx:
        expired = reservations.expire_due(tx)
    emit({"expired": expired}, as_json=json)


@contextmanager
def _begin(tenant: str) -> Iterator[Tx]:
    with open_database() as database:
        found = tenants.find_tenant(database, tenant)
        with database.begin(tenant_id=found.id, actor=_ADMINISTRATOR) as tx:
            yield tx


def _number(tx: Tx, account: str | None) -> int | None:
    return accounts.resolve_accounts(tx, [account])[account] if account else None


def _amounts(of: Transaction, words: list[str]) -> dict[int, Money]:
    currencies = {entry.n: entry.amount.currency for entry in of.entries}
    found = {}
    for word in words:
        number, _, amount = word.partition("=")
        if not number.isdecimal() or int(number) not in currencies or not amount:
            raise Malformed(f"'{word[:40]}' is no part of the transaction: write ENTRY=AMOUNT, as 1=12.50")
        found[int(number)] = Money.parse(amount, currencies[int(number)])
    return found


def _transaction(tx: Tx, posted: Posted | Refused) -> TransactionModel | Refused:
    if isinstance(posted, Refused):
        return posted
    return TransactionModel.of(queries.get_transaction(tx, posted.transaction_id))


def _answer(shown: BaseModel | Refused, json: bool) -> None:
    """A refusal has been recorded and committed by now; it ends the command like an error."""
    if isinstance(shown, Refused):
        refuse(shown, as_json=json)
    emit(_plain(shown), as_json=json)


def _show(rows: Sequence[Any], model: Callable[[Any], BaseModel], json: bool) -> None:
    emit([_plain(model(row)) for row in rows], as_json=json)


def _plain(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json")


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"'{text[:40]}' is no instant: write it as 2026-11-20T12:00:00+00:00") from error
