"""Payments over HTTP: payrolls in, instructions and files out, and what the bank says of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from headgate.core.db import Tx
from headgate.payments import examples, instructions, originators, search
from headgate.payments.delivery import place_routes
from headgate.payments.delivery import routes as delivery_routes
from headgate.payments.documents import (
    CommitModel,
    FileModel,
    InstructionModel,
    NamedAccount,
    NewPayroll,
    NewSettlement,
    NewSubmission,
    PayrollModel,
    SubmissionModel,
    TimelineModel,
    file_model,
    instruction_model,
    payroll_model,
    timeline_model,
)
from headgate.payments.files import files
from headgate.payments.life import life
from headgate.payments.life_documents import LifeModel, life_model
from headgate.payments.model import CommitResult, FileStatus, PayrollStatus
from headgate.payments.orders import orders
from headgate.payments.orders import routes as order_routes
from headgate.payments.orders.documents import order_model
from headgate.payments.originator_documents import NewOriginator, OriginatorModel
from headgate.payments.payrolls import awaiting, payrolls
from headgate.payments.payrolls import routes as payroll_routes
from headgate.payments.payrolls.gate_documents import DryRunModel
from headgate.payments.payrolls.registers import commit_register
from headgate.payments.returns import answer_routes
from headgate.payments.returns import routes as return_routes
from headgate.payments.returns.answer_documents import SettlementModel, settlement_model
from headgate.payments.settlement import telling
from headgate.payments.submission import Submitted, submit_all
from headgate.web import Call, Page, PageOf, money, page_of, reads, writes

router = APIRouter(prefix="/v1/payments", tags=["payments"])
router.include_router(answer_routes.router)
router.include_router(delivery_routes.router)
router.include_router(place_routes.router)
router.include_router(return_routes.router)
router.include_router(order_routes.router)
router.include_router(payroll_routes.router)

PAYROLL_BODIES: dict[str, Any] = {
    "requestBody": {
        "content": {
            **payroll_routes.REGISTER_BODIES["requestBody"]["content"],
            **examples.NEW_PAYROLL["requestBody"]["content"],
        }
    }
}
DRY_RUN: dict[int | str, dict[str, Any]] = {200: {"model": DryRunModel, "description": "What a dry run would come to"}}
Reads = Annotated[Call, reads("payments.read")]
Manages = Annotated[Call, writes("payments.manage")]
Commits = Annotated[Call, money("payments.manage")]
Sends = Annotated[Call, money("payments.send")]
IdPath = Annotated[str, Path(max_length=40)]


@router.post("/payrolls", status_code=201, responses=DRY_RUN, openapi_extra=PAYROLL_BODIES)
def commit_payroll(call: Commits, body: NewPayroll) -> CommitModel:
    """Commit a payroll, from JSON, or from a register as CSV with the facts in the query, or in a form beside the file.

    Where the gate holds it, the answer is a problem with the figures; fund, and ask with a new key. A dry run answers 200
    with what the gate would say, whether it opens or not.
    """
    return payroll_routes.answered(call, lambda tx: _commit(tx, body))


@router.get("/payrolls")
def list_payrolls(call: Reads, page: Page, status: PayrollStatus | None = None) -> PageOf[PayrollModel]:
    """Payrolls, the newest first."""
    with call.begin() as tx:
        rows = payrolls.list_payrolls(tx, status=status, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=payroll_model)


@router.get("/payrolls/{payroll_id}")
def get_payroll(call: Reads, payroll_id: IdPath) -> PayrollModel:
    """One payroll."""
    with call.begin() as tx:
        return payroll_model(payrolls.get_payroll(tx, payroll_id))


@router.post("/payrolls/{payroll_id}/split", status_code=201)
def split_payroll(call: Commits, payroll_id: IdPath) -> CommitModel:
    """Commit as much of a blocked payroll as the funds cover now; the rest awaits funding."""
    return payroll_routes.answered(call, lambda tx: awaiting.split_payroll(tx, payroll_id=payroll_id))


@router.get("/instructions", responses=examples.INSTRUCTIONS)
def list_instructions(
    call: Reads,
    page: Page,
    query: Annotated[str, Query(max_length=300, description=f"Terms: {search.ALLOWED}")] = "",
) -> PageOf[InstructionModel]:
    """Payments that a query finds, the newest first."""
    asked = search.parse_query(query)
    with call.begin() as tx:
        rows = search.list_instructions(tx, query=asked, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=instruction_model)


@router.get("/instructions/{payment_id}")
def get_instruction(call: Reads, payment_id: IdPath) -> LifeModel:
    """One payment's whole life: why it is where it is, its entries and its timeline."""
    with call.begin() as tx:
        return life_model(life.get_life(tx, payment_id))


@router.get("/instructions/{payment_id}/timeline", responses=examples.TIMELINE)
def get_timeline(call: Reads, payment_id: IdPath) -> list[TimelineModel]:
    """What happened to a payment, in order."""
    with call.begin() as tx:
        instructions.get_instruction(tx, payment_id)
        return [timeline_model(event) for event in life.timeline(tx, payment_id)]


@router.post("/instructions/{payment_id}/account")
def name_account(call: Manages, payment_id: IdPath, body: NamedAccount) -> InstructionModel:
    """Say to which account an obligation goes that came without one."""
    with call.begin() as tx:
        return instruction_model(
            instructions.name_account(tx, payment_id=payment_id, bank_account_id=body.bank_account_id)
        )


@router.put("/originators/{legal_entity_id}")
def set_originator(call: Manages, legal_entity_id: IdPath, body: NewOriginator) -> OriginatorModel:
    """Say how a legal entity stands in its ACH files."""
    with call.begin() as tx:
        found = originators.set_originator(tx, legal_entity_id=legal_entity_id, **body.model_dump())
    return OriginatorModel(**asdict(found))


@router.post("/submissions", status_code=201)
def submit(call: Sends, body: NewSubmission) -> SubmissionModel:
    """Send what is due, as far as the pay gate lets it. Jobs deliver the files and give the orders to their providers."""
    return call.once(  # type: ignore[no-any-return]
        lambda tx: _submission(tx, submit_all(tx, on=body.on)), status=201
    )


@router.get("/files")
def list_files(call: Reads, page: Page, status: FileStatus | None = None) -> PageOf[FileModel]:
    """Files for the bank, the newest first."""
    with call.begin() as tx:
        rows = files.list_files(tx, status=status, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=file_model)


@router.get("/files/{file_id}")
def get_file(call: Reads, file_id: IdPath) -> FileModel:
    """One file."""
    with call.begin() as tx:
        return file_model(files.get_file(tx, file_id))


@router.post("/settlements", status_code=201)
def settle(call: Sends, body: NewSettlement) -> SettlementModel:
    """Record what a bank statement or a return file says of our payments."""
    return call.once(  # type: ignore[no-any-return]
        lambda tx: settlement_model(telling.settle(tx, artifact_id=body.artifact_id)), status=201
    )


def _submission(tx: Tx, sent: Submitted) -> SubmissionModel:
    made = [orders.get_order(tx, one) for one in sent.order_ids]
    return SubmissionModel(files=[file_model(file) for file in sent.files], orders=[order_model(one) for one in made])


def _commit(tx: Tx, body: NewPayroll) -> CommitResult:
    if body.register_artifact_id is None:
        return payrolls.commit_payroll(tx, body.batch())
    return commit_register(
        tx,
        artifact_id=body.register_artifact_id,
        legal_entity_id=body.legal_entity_id,
        payroll_id=body.payroll_id,
        pay_on=body.pay_on,
        currency=body.currency,
        rail=body.rail,
    )
