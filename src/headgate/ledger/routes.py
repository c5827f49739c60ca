"""The book over HTTP. An account is named by its code or its id; a code is never shaped like an id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Path, Query

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ledger import (
    accounts,
    bulk_routes,
    exchange_routes,
    explain_routes,
    intake,
    period_routes,
    queries,
    report_routes,
    reservation_group_routes,
    reservations,
    watch_routes,
)
from headgate.ledger.balances import balance, balances
from headgate.ledger.document_parts import DayOrInstant, Instant
from headgate.ledger.documents import (
    AccountBalanceModel,
    AccountModel,
    BalanceModel,
    EntryModel,
    NewAccount,
    NewReversal,
    NewTransaction,
    TransactionModel,
    amounts_of,
)
from headgate.ledger.errors import MalformedBatch
from headgate.ledger.model import (
    DEBIT_NORMAL,
    AccountStatus,
    AccountType,
    Posted,
    Reservation,
    ReservationStatus,
    TransactionStatus,
)
from headgate.ledger.pending import list_pending
from headgate.ledger.pending_routes import router as pending_router
from headgate.ledger.reservation_documents import NewCapture, NewReservation, ReservationModel
from headgate.ledger.reservation_routes import router as reservation_router
from headgate.ledger.reversal import reverse
from headgate.web import Call, CurrencyCode, Page, PageOf, money, page_of, reads, writes

M = TypeVar("M")
router = APIRouter(prefix="/v1/ledger", tags=["ledger"])
router.include_router(bulk_routes.router)
router.include_router(reservation_group_routes.router)
router.include_router(pending_router)
router.include_router(reservation_router)
router.include_router(period_routes.router)
router.include_router(exchange_routes.router)
router.include_router(watch_routes.router)
router.include_router(report_routes.router)
router.include_router(explain_routes.router)

Reads = Annotated[Call, reads("ledger.read")]
Manages = Annotated[Call, writes("ledger.manage")]
Posts = Annotated[Call, money("ledger.post")]
Reserves = Annotated[Call, money("ledger.reserve")]
AccountPath = Annotated[str, Path(max_length=100, description="The account's code or id")]
IdPath = Annotated[str, Path(max_length=40)]
Text = Annotated[str | None, Query(max_length=255)]


@router.post("/accounts", status_code=201)
def create_account(call: Manages, body: NewAccount) -> AccountModel:
    """Open an account."""
    with call.begin() as tx:
        opened = accounts.create_account(
            tx,
            code=body.code,
            name=body.name,
            type=body.type,
            currency=body.currency,
            purpose=body.purpose,
            is_default=body.is_default,
            legal_entity_id=body.legal_entity_id,
            min_balance=body.min_balance.money() if body.min_balance else None,
            max_balance=body.max_balance.money() if body.max_balance else None,
        )
    return AccountModel.of(opened)


@router.get("/accounts")
def list_accounts(
    call: Reads,
    page: Page,
    currency: CurrencyCode | None = None,
    type: AccountType | None = None,
    purpose: Text = None,
    status: AccountStatus | None = None,
    legal_entity_id: Text = None,
) -> PageOf[AccountModel]:
    """Accounts, by code."""
    with call.begin() as tx:
        rows = accounts.list_accounts(
            tx,
            currency=currency,
            type=type,
            purpose=purpose,
            status=status,
            legal_entity_id=legal_entity_id,
            after=page.after(str),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.code, row=AccountModel.of)


@router.get("/accounts/{account}")
def get_account(call: Reads, account: AccountPath) -> AccountModel:
    """One account."""
    with call.begin() as tx:
        return AccountModel.of(accounts.get_account(tx, account))


@router.get("/accounts/{account}/balance")
def get_balance(
    call: Reads, account: AccountPath, as_of: DayOrInstant | None = None, known_at: Instant | None = None
) -> BalanceModel:
    """What is posted, pending, reserved and available, on the account's normal side: now, or as of a time."""
    with call.begin() as tx:
        return BalanceModel.of(balance(tx, account, as_of=as_of, known_at=known_at))


@router.get("/balances")
def list_balances(
    call: Reads,
    page: Page,
    currency: CurrencyCode | None = None,
    purpose: Text = None,
    legal_entity_id: Text = None,
    as_of: DayOrInstant | None = None,
    known_at: Instant | None = None,
) -> PageOf[AccountBalanceModel]:
    """Balances of all accounts, by code: now, or as of a time."""
    with call.begin() as tx:
        rows = balances(
            tx,
            currency=currency,
            purpose=purpose,
            legal_entity_id=legal_entity_id,
            as_of=as_of,
            known_at=known_at,
            after=page.after(str),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.code, row=AccountBalanceModel.of_account)


@router.post("/transactions", status_code=201)
async def post_transaction(call: Posts, body: NewTransaction) -> TransactionModel:
    """Post a transaction: all its entries or none."""
    return cast(TransactionModel, await intake.post_transaction(call, body))


@router.get("/transactions")
def list_transactions(
    call: Reads,
    page: Page,
    account: Text = None,
    source_type: Text = None,
    source_id: Text = None,
    effective_from: date | None = None,
    effective_to: date | None = None,
    status: TransactionStatus = "posted",
) -> PageOf[TransactionModel]:
    """Transactions, newest first; days are inclusive, and with sources only of those that are posted."""
    with call.begin() as tx:
        if status != "posted":
            waiting = list_pending(
                tx, status=status, account=_number(tx, account), before=page.after(int), limit=page.limit + 1
            )
            return page_of(page, waiting, key=lambda found: found.id, row=TransactionModel.of)
        rows = queries.list_transactions(
            tx,
            account=_number(tx, account),
            source_type=source_type,
            source_id=source_id,
            effective_from=effective_from,
            effective_to=effective_to,
            before=page.after(int),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.id, row=TransactionModel.of)


@router.get("/transactions/{transaction_id}")
def get_transaction(call: Reads, transaction_id: IdPath) -> TransactionModel:
    """One transaction, posted or pending."""
    with call.begin() as tx:
        return TransactionModel.of(queries.get_transaction(tx, ids.decode("txn", transaction_id)))


@router.post("/transactions/{transaction_id}/reverse", status_code=201)
def reverse_transaction(call: Posts, transaction_id: IdPath, body: NewReversal | None = None) -> TransactionModel:
    """Take back what is left of a transaction, or a part of it; several together never take back more than it moved."""
    asked = body or NewReversal()

    def work(tx: Tx) -> TransactionModel | Refused:
        if asked.amounts is not None and asked.entries is not None:
            raise MalformedBatch("give amounts by entry, or the entries alone")
        posted = reverse(
            tx,
            idempotency_key=call.key,
            transaction_id=ids.decode("txn", transaction_id),
            reason=asked.reason,
            amount=asked.amount.money() if asked.amount else None,
            entries=asked.entries if asked.amounts is None else amounts_of(asked.amounts),
            apportion=asked.apportion,
        )
        return _transaction(tx, posted)

    return _once(call, work)


@router.get("/entries")
def list_entries(call: Reads, page: Page, account: Text = None, transaction: Text = None) -> PageOf[EntryModel]:
    """Entries, newest first; those of one account in the order of its own sequence."""
    with call.begin() as tx:
        rows = queries.list_entries(
            tx,
            account=_number(tx, account),
            transaction=ids.decode("txn", transaction) if transaction else None,
            before=page.after(int, int),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: (found.transaction_id, found.n), row=EntryModel.of)


@router.post("/reservations", status_code=201)
def create_reservation(call: Reserves, body: NewReservation) -> ReservationModel:
    """Set money of an account aside, where that much is available."""
    return _once(
        call,
        lambda tx: _reservation(
            reservations.reserve(
                tx,
                idempotency_key=call.key,
                account=accounts.resolve_accounts(tx, [body.account])[body.account],
                amount=body.amount.money(),
                reserve_type=body.reserve_type,
                source_ref=body.source_ref,
                expires_at=body.expires_at,
            )
        ),
    )


@router.get("/reservations")
def list_reservations(
    call: Reads, page: Page, account: Text = None, status: ReservationStatus | None = None, source_ref: Text = None
) -> PageOf[ReservationModel]:
    """Reservations, newest first."""
    with call.begin() as tx:
        rows = reservations.list_reservations(
            tx,
            account=_number(tx, account),
            status=status,
            source_ref=source_ref,
            before=page.after(int),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.id, row=ReservationModel.of)


@router.get("/reservations/{reservation_id}")
def get_reservation(call: Reads, reservation_id: IdPath) -> ReservationModel:
    """One reservation."""
    with call.begin() as tx:
        return ReservationModel.of(reservations.get_reservation(tx, ids.decode("rsv", reservation_id)))


@router.post("/reservations/{reservation_id}/capture", status_code=201)
def capture_reservation(call: Posts, reservation_id: IdPath, body: NewCapture) -> TransactionModel:
    """Post out of a reservation, the whole or a part; never more than is left of it."""

    def work(tx: Tx) -> TransactionModel | Refused:
        held = reservations.get_reservation(tx, ids.decode("rsv", reservation_id))
        debit, credit = _sides(tx, held, body)
        posted = reservations.capture(
            tx,
            idempotency_key=call.key,
            reservation_id=held.id,
            amount=body.amount.money(),
            debit=debit,
            credit=credit,
            effective_at=body.effective_at,
            source_type=body.source_type,
            source_id=body.source_id,
            description=body.description,
            metadata=body.metadata,
        )
        return _transaction(tx, posted)

    return _once(call, work)


def _once(call: Call, work: Callable[[Tx], M | Refused], *, status: int = 201) -> M:
    """The answer of `call.once`, which is rendered already; the type is that of what a success shows."""
    return cast(M, call.once(work, status=status))


def _number(tx: Tx, account: str | None) -> int | None:
    return accounts.resolve_accounts(tx, [account])[account] if account else None


def _transaction(tx: Tx, posted: Posted | Refused) -> TransactionModel | Refused:
    return (
        posted
        if isinstance(posted, Refused)
        else TransactionModel.of(queries.get_transaction(tx, posted.transaction_id))
    )


def _reservation(found: Reservation | Refused) -> ReservationModel | Refused:
    return found if isinstance(found, Refused) else ReservationModel.of(found)


def _sides(tx: Tx, held: Reservation, body: NewCapture) -> tuple[int, int]:
    """The two accounts of a capture: the side that is left out is the reserved account's, which money leaves."""
    numbers = accounts.resolve_accounts(tx, [name for name in (body.debit, body.credit) if name])
    debit, credit = numbers.get(body.debit or ""), numbers.get(body.credit or "")
    if accounts.get_account(tx, held.account_id).type in DEBIT_NORMAL:
        credit = credit or held.account_id
    else:
        debit = debit or held.account_id
    if debit is None or credit is None:
        raise MalformedBatch("name the account that the captured money goes to: debit or credit")
    return debit, credit
