"""Loans over HTTP: taken on, listed and shown; payments by hand, taken back, and what happened to each."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Path

from headgate import ingestion
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.servicing import applying, importing, loans, queries, setting_routes, undoing
from headgate.servicing.documents import (
    DueModel,
    HappeningModel,
    LoanDetail,
    LoanModel,
    NewLoanModel,
    NewPaymentModel,
    NewStanding,
    NewUndoing,
    PaymentModel,
    UndoingModel,
    due_model,
    happening_model,
    loan_detail,
    loan_model,
    payment_model,
    undoing_model,
)
from headgate.servicing.model import NewPayment, State
from headgate.servicing.setting_documents import NewLoanCharge, NewLoanHolds, NewSchedule
from headgate.web import Call, Page, PageOf, money, page_of, reads

router = APIRouter(tags=["servicing"])
router.include_router(setting_routes.router, prefix="/v1/servicing")

Reads = Annotated[Call, reads("servicing.read")]
Changes = Annotated[Call, money("servicing.manage")]
LoanPath = Annotated[str, Path(max_length=100, description="The loan's id, or what its client calls it")]
PaymentPath = Annotated[str, Path(max_length=40)]


@router.post("/v1/servicing/loans", status_code=201)
def import_loan(call: Changes, body: NewLoanModel) -> LoanDetail:
    """Take on a loan with what it owes by instalment; the same loan again, just so, changes nothing."""

    def work(tx: Tx) -> Any:
        return show(tx, importing.take_on(tx, [body.owned()], source_ref="api")[0].id)

    return cast(LoanDetail, call.once(work, status=201))


@router.get("/v1/servicing/loans")
def list_loans(call: Reads, page: Page, state: State | None = None) -> PageOf[LoanModel]:
    """Loans, the newest first."""
    with call.begin() as tx:
        rows = queries.list_loans(tx, state=state, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=loan_model)


@router.get("/v1/servicing/loans/{loan_id}")
def get_loan(call: Reads, loan_id: LoanPath) -> LoanDetail:
    """One loan with its dues, its newest payments, where each of their cents lies, and what happened to it."""
    with call.begin() as tx:
        return show(tx, loan_id)


@router.post("/v1/servicing/loans/{loan_id}/standings", status_code=201)
def set_standing(call: Changes, loan_id: LoanPath, body: NewStanding) -> LoanDetail:
    """Say what a loan is from a day on: bankruptcy, charged off, in forbearance; its payments since are folded again."""

    def work(tx: Tx) -> Any:
        loan = queries.get_loan(tx, loan_id)
        loans.set_standing(tx, loan_id=loan.id, **body.model_dump())
        return show(tx, loan.id)

    return cast(LoanDetail, call.once(work, status=201))


@router.post("/v1/servicing/loans/{loan_id}/holds", status_code=201)
def set_holds(call: Changes, loan_id: LoanPath, body: NewLoanHolds) -> LoanDetail:
    """Put a loan under legal hold, stop its payments, or say that its borrower is not known well enough; or lift that."""

    def work(tx: Tx) -> Any:
        loan = queries.get_loan(tx, loan_id)
        loans.set_holds(tx, loan_id=loan.id, **body.model_dump())
        return show(tx, loan.id)

    return cast(LoanDetail, call.once(work, status=201))


@router.get("/v1/servicing/loans/{loan_id}/dues")
def list_dues(call: Reads, loan_id: LoanPath) -> list[DueModel]:
    """What a loan owes by instalment and charge, in the order of the due dates, with what was paid of each."""
    with call.begin() as tx:
        return [due_model(row) for row in queries.dues_of(tx, queries.get_loan(tx, loan_id).id)]


@router.post("/v1/servicing/loans/{loan_id}/dues", status_code=201)
def import_schedule(call: Changes, loan_id: LoanPath, body: NewSchedule) -> LoanDetail:
    """Give a loan instalments, or further ones; what waits of its payments is applied to those that are due."""

    def work(tx: Tx) -> Any:
        loan = queries.get_loan(tx, loan_id)
        return show(tx, loans.import_schedule(tx, loan_id=loan.id, dues=body.dues()).id)

    return cast(LoanDetail, call.once(work, status=201))


@router.post("/v1/servicing/loans/{loan_id}/charges", status_code=201)
def add_charge(call: Changes, loan_id: LoanPath, body: NewLoanCharge) -> LoanDetail:
    """Charge a fee to a loan, beside its schedule."""

    def work(tx: Tx) -> Any:
        loan = queries.get_loan(tx, loan_id)
        loans.add_charge(tx, loan_id=loan.id, **body.model_dump())
        return show(tx, loan.id)

    return cast(LoanDetail, call.once(work, status=201))


@router.get("/v1/servicing/loans/{loan_id}/payments")
def list_payments(call: Reads, page: Page, loan_id: LoanPath, links: bool = False) -> PageOf[PaymentModel]:
    """A loan's payments, the newest first, each with the lines that stand and its evidence.

    With `links` each artifact has a link that opens its bytes for five minutes, which needs ingestion.reveal and is audited.
    """
    if links:
        call.needs("ingestion.reveal")
    with call.begin() as tx:
        loan = queries.get_loan(tx, loan_id)
        rows = queries.payments_of(tx, loan.id, after=page.after(str), limit=page.limit + 1)
        shown = {one.artifact_id for row in rows[: page.limit] for one in row.artifacts if one.artifact_id}
        made = ingestion.make_links(tx, sorted(shown)) if links else {}
    return page_of(page, rows, key=lambda row: row.id, row=lambda row: payment_model(row, made))


@router.post("/v1/servicing/payments", status_code=201)
def apply_payment(call: Changes, body: NewPaymentModel) -> PaymentModel:
    """Apply a payment that a person enters, credited as of the day on which it was received."""

    def work(tx: Tx) -> Any:
        new = NewPayment(
            loan_id=body.loan_id,
            idempotency_key=call.key,
            amount_minor=body.amount.minor,
            currency=body.amount.currency,
            received_on=body.received_on,
            source_channel=body.source_channel,
            provider_transfer_id=body.provider_transfer_id,
            instruction=body.instruction,
        )
        done = applying.apply_payment(tx, new)
        return done if isinstance(done, Refused) else payment_model(queries.get_payment(tx, done.id))

    return cast(PaymentModel, call.once(work, status=201))


@router.get("/v1/servicing/payments/{payment_id}")
def get_payment(call: Reads, payment_id: PaymentPath) -> PaymentModel:
    """One payment, with the lines that stand."""
    with call.begin() as tx:
        return payment_model(queries.get_payment(tx, payment_id))


@router.get("/v1/servicing/payments/{payment_id}/events")
def get_events(call: Reads, payment_id: PaymentPath) -> list[HappeningModel]:
    """What happened to a payment, in order."""
    with call.begin() as tx:
        return [happening_model(row) for row in queries.events_of_payment(tx, payment_id)]


@router.post("/v1/servicing/payments/{payment_id}/reversals", status_code=201)
def undo_payment(call: Changes, payment_id: PaymentPath, body: NewUndoing) -> UndoingModel:
    """Take a payment back, once: its dues are owed again, and later payments are folded as if it never was."""

    def work(tx: Tx) -> Any:
        return undoing_model(undoing.undo_payment(tx, payment_id=payment_id, reason=body.reason, code=body.code))

    return cast(UndoingModel, call.once(work, status=201))


@router.get("/api/payments/{loan_id}")
def list_payments_by_its_other_name(
    call: Reads, page: Page, loan_id: LoanPath, links: bool = False
) -> PageOf[PaymentModel]:
    """The same as /v1/servicing/loans/{loan_id}/payments."""
    return list_payments(call, page, loan_id, links)


@router.get("/api/payments/{payment_id}/events")
def get_events_by_its_other_name(call: Reads, payment_id: PaymentPath) -> list[HappeningModel]:
    """The same as /v1/servicing/payments/{payment_id}/events."""
    return get_events(call, payment_id)


def show(tx: Tx, name: str) -> LoanDetail:
    """A loan with all that belongs to it. Raises NoSuchLoan."""
    loan = queries.get_loan(tx, name)
    return loan_detail(
        loan, queries.dues_of(tx, loan.id), queries.payments_of(tx, loan.id), queries.timeline_of(tx, loan.id)
    )
