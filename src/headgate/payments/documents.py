"""Payments as JSON: what the API takes and gives."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.payments.life import Life, TimelineEvent
from headgate.payments.model import (
    AchFile,
    CommitResult,
    FileStatus,
    InstructionStatus,
    Kind,
    Obligation,
    Payroll,
    PayrollBatch,
    PayrollItem,
    PayrollStatus,
    ReturnEffects,
    StatementEffects,
)
from headgate.payments.search import InstructionRow
from headgate.web import CurrencyCode, MoneyModel

ITEMS_MAX = 10_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewItem(_Body):
    """One employee's net pay to one account."""

    employee_id: str = Field(min_length=1, max_length=100)
    payee_id: str = Field(max_length=40)
    bank_account_id: str = Field(max_length=40)
    net_pay: MoneyModel


class NewObligation(_Body):
    """What the payroll owes beside net pay."""

    kind: Literal["tax", "third_party", "fee"]
    code: str = Field(min_length=1, max_length=100)
    amount: MoneyModel
    payee_id: str | None = Field(default=None, max_length=40)
    bank_account_id: str | None = Field(default=None, max_length=40)


class NewPayroll(_Body):
    """A payroll: its items, or the register that ingestion has read. `payroll_id` is the payroll engine's own name
    for it.
    """

    legal_entity_id: str = Field(max_length=40)
    payroll_id: str = Field(min_length=1, max_length=100)
    pay_on: date
    currency: CurrencyCode = "USD"
    items: list[NewItem] = Field(default_factory=list, max_length=ITEMS_MAX)
    obligations: list[NewObligation] = Field(default_factory=list, max_length=1000)
    register_artifact_id: str | None = Field(default=None, max_length=40)

    @model_validator(mode="after")
    def _one_source(self) -> NewPayroll:
        if (self.register_artifact_id is None) is not bool(self.items or self.obligations):
            raise ValueError("give either register_artifact_id, or items and obligations")
        return self

    def batch(self) -> PayrollBatch:
        """The payroll as the verb takes it."""
        return PayrollBatch(
            legal_entity_id=self.legal_entity_id,
            payroll_id=self.payroll_id,
            pay_on=self.pay_on,
            currency=self.currency,
            items=tuple(
                PayrollItem(item.employee_id, item.payee_id, item.bank_account_id, item.net_pay.money())
                for item in self.items
            ),
            obligations=tuple(
                Obligation(owed.kind, owed.code, owed.amount.money(), owed.payee_id, owed.bank_account_id)
                for owed in self.obligations
            ),
        )


class NewSubmission(_Body):
    """The day on which what is due is sent."""

    on: date


class NewSettlement(_Body):
    """A bank statement or a return file that ingestion has read."""

    artifact_id: str = Field(max_length=40)


class NamedAccount(_Body):
    """To which account an obligation goes."""

    bank_account_id: str = Field(max_length=40)


class NewOriginator(_Body):
    """How a legal entity stands in its ACH files, as its bank agreed."""

    odfi_routing_number: str = Field(max_length=9)
    destination_name: str = Field(max_length=23)
    immediate_origin: str = Field(max_length=10)
    origin_name: str = Field(max_length=23)
    company_name: str = Field(max_length=16)
    company_identification: str = Field(max_length=10)


class OriginatorModel(NewOriginator):
    """How a legal entity stands in its ACH files."""

    legal_entity_id: str


class PayrollModel(BaseModel):
    """A payroll as it stands; a blocked one is pending."""

    id: str
    legal_entity_id: str
    payroll_id: str
    pay_on: date
    status: PayrollStatus
    instruction_count: int
    total: MoneyModel
    evaluation_no: int
    evaluation_id: str | None
    created_at: datetime
    committed_at: datetime | None


class CommitModel(BaseModel):
    """A committed payroll. `evaluation_id` names the gate's judgement with its figures.

    `warnings` says what the gate found where its mode let the payroll be committed all the same.
    """

    status: Literal["committed", "committed_with_warnings"]
    payroll: PayrollModel
    warnings: list[str] = []


class InstructionModel(BaseModel):
    """A payment as a list shows it."""

    id: str
    status: InstructionStatus
    kind: Kind
    amount: MoneyModel
    payroll_id: str
    payroll_reference: str
    rail: str
    effective_on: date
    return_code: str | None
    created_at: datetime
    status_at: datetime


class ReasonModel(BaseModel):
    """One sentence of why a payment is where it is."""

    icon: str
    text: str


class LegModel(BaseModel):
    """One side of an entry; `mark` is the entry's number among the payment's entries."""

    amount: MoneyModel
    mark: int


class TAccountModel(BaseModel):
    """An account with what the payment's entries did to it."""

    name: str
    debits: list[LegModel]
    credits: list[LegModel]
    debit: MoneyModel
    credit: MoneyModel


class TimelineModel(BaseModel):
    """What happened, from the audit log."""

    at: datetime
    type: str
    text: str
    actor_type: str
    actor_id: str


class LifeModel(BaseModel):
    """One payment's whole life; its account by the last digits alone."""

    payment: InstructionModel
    why: list[ReasonModel]
    account: str
    trace_number: str | None
    file_name: str | None
    file_reference: str | None
    reservation_id: str | None
    reservation_status: str | None
    t_accounts: list[TAccountModel]
    timeline: list[TimelineModel]
    case_id: str | None


class FileModel(BaseModel):
    """A file for the bank, without its bytes."""

    id: str
    legal_entity_id: str
    name: str
    reference: str
    effective_on: date
    sha256: str
    entry_count: int
    credit: MoneyModel
    status: FileStatus
    created_at: datetime
    delivered_at: datetime | None
    settled_on: date | None


class SubmissionModel(BaseModel):
    """The files that carry what was sent; none where nothing was due or funded."""

    files: list[FileModel]


class SettlementModel(BaseModel):
    """What a statement or return file did to our payments."""

    files_settled: list[str]
    instructions_settled: int
    instructions_returned: list[str]
    return_credits: int
    orphan_returns: int
    mismatched_files: list[str]
    repeated: int
    payees_corrected: int = 0
    notices_to_decide: int = 0


def payroll_model(row: Payroll) -> PayrollModel:
    """A payroll as the API gives it."""
    return PayrollModel(
        id=row.id,
        legal_entity_id=row.legal_entity_id,
        payroll_id=row.external_id,
        pay_on=row.pay_on,
        status=row.status,
        instruction_count=row.instruction_count,
        total=MoneyModel.of(row.total),
        evaluation_no=row.evaluation_no,
        evaluation_id=row.evaluation_id,
        created_at=row.created_at,
        committed_at=row.committed_at,
    )


def commit_answer(result: CommitResult) -> CommitModel | Refused:
    """A commit that passed, as the API gives it; one that the gate holds, as the refusal with its figures."""
    gate = result.gate
    if result.status in ("committed", "committed_with_warnings"):
        return CommitModel(status=result.status, payroll=payroll_model(result.payroll), warnings=list(result.warnings))
    assert gate is not None, "a blocked payroll has been judged"
    return Refused(
        f"payments.{result.status}",
        gate.client_message or "The money is held by other reservations at this moment.",
        {
            "payroll_id": result.payroll.id,
            "evaluation_id": gate.evaluation_id,
            "evaluation_no": gate.evaluation_no,
            "reason": gate.reason,
            "required": MoneyModel.of(gate.required).model_dump(),
            "available": MoneyModel.of(gate.available).model_dump(),
            "shortfall": MoneyModel.of(gate.shortfall).model_dump(),
            "policy_violated": gate.policy_violated,
            "violations": [violation.document() for violation in gate.violations],
            "funding_request_id": gate.funding_request_id,
            "cure_expected_at": gate.cure_expected_at.isoformat() if gate.cure_expected_at else None,
            "advice": [asdict(advice) for advice in gate.advice],
            "reservations": [asdict(conflict) for conflict in gate.conflicts],
        },
    )


def instruction_model(row: InstructionRow) -> InstructionModel:
    """A payment as the API gives it: whom it goes to is said by ids, in parties."""
    return InstructionModel(
        id=row.id,
        status=row.status,
        kind=row.kind,
        amount=MoneyModel.of(row.amount),
        payroll_id=row.payroll_id,
        payroll_reference=row.payroll_reference,
        rail=row.rail,
        effective_on=row.effective_on,
        return_code=row.return_code,
        created_at=row.created_at,
        status_at=row.status_at,
    )


def life_model(life: Life) -> LifeModel:
    """A payment's life as the API gives it."""
    held = life.reservation

    def leg(amount: Money, mark: int) -> LegModel:
        return LegModel(amount=MoneyModel.of(amount), mark=mark)

    return LifeModel(
        payment=instruction_model(life.row),
        why=[ReasonModel(icon=reason.icon, text=reason.text) for reason in life.reasons],
        account=life.account,
        trace_number=life.trace,
        file_name=life.file_name,
        file_reference=life.file_reference,
        reservation_id=held.id if held else None,
        reservation_status=held.status if held else None,
        t_accounts=[
            TAccountModel(
                name=account.name,
                debits=[leg(*one) for one in account.debits],
                credits=[leg(*one) for one in account.credits],
                debit=MoneyModel.of(account.debit),
                credit=MoneyModel.of(account.credit),
            )
            for account in life.t_accounts
        ],
        timeline=[timeline_model(event) for event in life.events],
        case_id=life.case_id,
    )


def timeline_model(event: TimelineEvent) -> TimelineModel:
    """An event as the API gives it."""
    return TimelineModel(
        at=event.at, type=event.type, text=event.text, actor_type=event.actor_type, actor_id=event.actor_id
    )


def file_model(row: AchFile) -> FileModel:
    """A file as the API gives it."""
    return FileModel(
        id=row.id,
        legal_entity_id=row.legal_entity_id,
        name=row.name,
        reference=row.reference,
        effective_on=row.effective_on,
        sha256=row.sha256.hex(),
        entry_count=row.entry_count,
        credit=MoneyModel.of(row.credit),
        status=row.status,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        settled_on=row.settled_on,
    )


def settlement_model(effects: StatementEffects | ReturnEffects) -> SettlementModel:
    """What a bank's file did, as the API gives it."""
    if isinstance(effects, ReturnEffects):
        return SettlementModel(
            files_settled=[],
            instructions_settled=0,
            instructions_returned=list(effects.returned),
            return_credits=0,
            orphan_returns=effects.orphans,
            mismatched_files=[],
            repeated=effects.repeated,
            payees_corrected=effects.corrected,
            notices_to_decide=effects.to_decide,
        )
    return SettlementModel(
        files_settled=list(effects.files_settled),
        instructions_settled=effects.instructions_settled,
        instructions_returned=[],
        return_credits=effects.return_credits,
        orphan_returns=0,
        mismatched_files=list(effects.mismatched),
        repeated=effects.repeated,
    )
