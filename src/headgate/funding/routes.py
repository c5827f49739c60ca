"""Funding over HTTP: what came in, and what the gate said."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from headgate import cases
from headgate.core import ids
from headgate.core.money import Money
from headgate.funding import authorization_routes, control_routes, queries, references, request_routes
from headgate.funding.assigning import assign_deposit, request_assignment
from headgate.funding.deposits import settle_deposits
from headgate.funding.model import Deposit, Evaluation, GateMode, Outcome, Reason, SettledDeposits
from headgate.web import Call, MoneyModel, Page, PageOf, money, page_of, reads, writes

router = APIRouter(prefix="/v1/funding", tags=["funding"])
router.include_router(request_routes.router)
router.include_router(control_routes.router)
router.include_router(authorization_routes.router)

Reads = Annotated[Call, reads("funding.read")]
Manages = Annotated[Call, writes("funding.manage")]
Settles = Annotated[Call, money("funding.manage")]
IdPath = Annotated[str, Path(max_length=40)]
IdQuery = Annotated[str | None, Query(max_length=40)]


class DepositModel(BaseModel):
    """Money that came in; without a legal entity its payer is unknown."""

    id: str
    legal_entity_id: str | None
    reference: str | None
    rail: str
    amount: MoneyModel
    value_on: date
    transaction_id: str
    record_id: str | None
    settled_at: datetime
    final_at: datetime


class NewDeposits(BaseModel):
    """The bank statement whose incoming money is to be recorded."""

    model_config = ConfigDict(extra="forbid")

    artifact_id: str = Field(max_length=40, description="A statement that ingestion has read")


class SettledModel(BaseModel):
    """What a statement brought in; `repeated` was known before."""

    new: list[DepositModel]
    repeated: list[DepositModel]


class NewAssignmentRequest(BaseModel):
    """Whose money a deposit is, as you found out."""

    model_config = ConfigDict(extra="forbid")

    legal_entity_id: str = Field(max_length=40)
    reason: str = Field(min_length=1, max_length=500, description="How you know. Audited.")


class NewAssignment(BaseModel):
    """What another person approved."""

    model_config = ConfigDict(extra="forbid")

    approval_id: str = Field(max_length=40)


class NewPayerReference(BaseModel):
    """Whose wires are to be known."""

    model_config = ConfigDict(extra="forbid")

    legal_entity_id: str = Field(max_length=40)


class PayerReferenceModel(BaseModel):
    """What the client writes into its wires."""

    legal_entity_id: str
    reference: str


class EvaluationModel(BaseModel):
    """A judgement of the gate with the figures it saw."""

    id: str
    gate_type: Literal["commit", "pay"]
    subject: str
    evaluation_no: int
    legal_entity_id: str
    passed: bool
    reason: Reason | None
    required: MoneyModel
    available: MoneyModel
    posted: MoneyModel
    reserved: MoneyModel
    own_reserved: MoneyModel
    shortfall: MoneyModel
    requirement: list[dict[str, Any]]
    reservations_seen: list[dict[str, Any]]
    client_message: str | None
    funded_until: datetime | None
    evaluated_at: datetime
    mode: GateMode
    outcome: Outcome | None
    policy_violated: str | None
    violations: list[dict[str, Any]]
    override_reason: str | None
    cure_expected_at: datetime | None
    evidence_age_seconds: int | None = Field(description="How old the newest settled money was that counted")
    funding_request_id: str | None


@router.get("/deposits")
def list_deposits(call: Reads, page: Page, legal_entity_id: IdQuery = None) -> PageOf[DepositModel]:
    """Deposits, the newest first."""
    with call.begin() as tx:
        rows = queries.list_deposits(tx, legal_entity_id=legal_entity_id, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=deposit_model)


@router.get("/deposits/{deposit_id}")
def get_deposit(call: Reads, deposit_id: IdPath) -> DepositModel:
    """One deposit."""
    with call.begin() as tx:
        return deposit_model(queries.deposit(tx, deposit_id))


@router.post("/deposits", status_code=201)
def create_deposits(call: Settles, body: NewDeposits) -> SettledModel:
    """Record what a bank statement says came in."""
    return call.once(  # type: ignore[no-any-return]
        lambda tx: deposits_model(settle_deposits(tx, artifact_id=body.artifact_id)), status=201
    )


@router.post("/deposits/{deposit_id}/assignment-requests", status_code=201)
def ask_for_assignment(call: Manages, deposit_id: IdPath, body: NewAssignmentRequest) -> cases.Approval:
    """Ask another person to say with you whose money a deposit of an unknown payer is; nothing moves yet."""
    with call.begin() as tx:
        return request_assignment(tx, deposit_id=deposit_id, legal_entity_id=body.legal_entity_id, reason=body.reason)


@router.post("/deposit-assignments", status_code=201)
def make_assignment(call: Settles, body: NewAssignment) -> DepositModel:
    """Give a deposit to the client that two people named, once; the deposit as it stands then."""
    return call.once(  # type: ignore[no-any-return]
        lambda tx: deposit_model(assign_deposit(tx, approval_id=body.approval_id)), status=201
    )


@router.post("/payer-references")
def get_payer_reference(call: Manages, body: NewPayerReference) -> PayerReferenceModel:
    """The reference that a client puts into its wires, known from the first call on."""
    with call.begin() as tx:
        reference = references.payer_reference(tx, legal_entity_id=body.legal_entity_id)
    return PayerReferenceModel(legal_entity_id=body.legal_entity_id, reference=reference)


@router.get("/evaluations")
def list_evaluations(
    call: Reads,
    page: Page,
    subject: Annotated[str | None, Query(max_length=40, description="A payroll's id")] = None,
    failed_only: bool = False,
) -> PageOf[EvaluationModel]:
    """Judgements of the gate, the newest first."""
    with call.begin() as tx:
        rows = queries.list_evaluations(
            tx, subject=subject, failed_only=failed_only, after=page.after(str), limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: row.id, row=evaluation_model)


@router.get("/evaluations/{evaluation_id}")
def get_evaluation(call: Reads, evaluation_id: IdPath) -> EvaluationModel:
    """One judgement."""
    with call.begin() as tx:
        return evaluation_model(queries.evaluation(tx, evaluation_id))


def deposit_model(row: Deposit) -> DepositModel:
    """A deposit as the API gives it."""
    return DepositModel(
        id=row.id,
        legal_entity_id=row.legal_entity_id,
        reference=row.reference,
        rail=row.rail,
        amount=MoneyModel.of(row.amount),
        value_on=row.value_on,
        transaction_id=ids.encode("txn", row.transaction_id),
        record_id=row.record_id,
        settled_at=row.settled_at,
        final_at=row.final_at,
    )


def deposits_model(settled: SettledDeposits) -> SettledModel:
    """What a statement brought in, as the API gives it."""
    return SettledModel(
        new=[deposit_model(row) for row in settled.new], repeated=[deposit_model(row) for row in settled.repeated]
    )


def evaluation_model(row: Evaluation) -> EvaluationModel:
    """A judgement as the API gives it."""

    def amount(minor: int) -> MoneyModel:
        return MoneyModel.of(Money(minor, row.currency))

    return EvaluationModel(
        id=row.id,
        gate_type=row.gate_type,
        subject=row.subject,
        evaluation_no=row.evaluation_no,
        legal_entity_id=row.legal_entity_id,
        passed=row.passed,
        reason=row.reason,
        required=amount(row.required_minor),
        available=amount(row.available_minor),
        posted=amount(row.posted_minor),
        reserved=amount(row.reserved_minor),
        own_reserved=amount(row.own_reserved_minor),
        shortfall=amount(row.shortfall_minor),
        requirement=row.requirement,
        reservations_seen=row.reservations_seen,
        client_message=row.client_message,
        funded_until=row.funded_until,
        evaluated_at=row.evaluated_at,
        mode=row.mode,
        outcome=row.outcome,
        policy_violated=row.policy_violated,
        violations=row.violations,
        override_reason=row.override_reason,
        cure_expected_at=row.cure_expected_at,
        evidence_age_seconds=None if row.evidence_age is None else int(row.evidence_age.total_seconds()),
        funding_request_id=row.funding_request_id,
    )
