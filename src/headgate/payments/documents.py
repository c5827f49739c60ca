"""Payments as JSON: what the API takes and gives."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from headgate.core.errors import Refused
from headgate.payments.life.life import TimelineEvent
from headgate.payments.model import (
    AchFile,
    CommitResult,
    FileStatus,
    InstructionStatus,
    Kind,
    Obligation,
    PayoutRail,
    Payroll,
    PayrollBatch,
    PayrollItem,
    PayrollStatus,
)
from headgate.payments.orders.documents import OrderModel
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
    rail: PayoutRail | None = None

    def item(self) -> PayrollItem:
        return PayrollItem(self.employee_id, self.payee_id, self.bank_account_id, self.net_pay.money(), self.rail)


class NewObligation(_Body):
    """What the payroll owes beside net pay."""

    kind: Literal["tax", "third_party", "fee"]
    code: str = Field(min_length=1, max_length=100)
    amount: MoneyModel
    payee_id: str | None = Field(default=None, max_length=40)
    bank_account_id: str | None = Field(default=None, max_length=40)
    rail: PayoutRail | None = None

    def owed(self) -> Obligation:
        return Obligation(self.kind, self.code, self.amount.money(), self.payee_id, self.bank_account_id, self.rail)


class NewPayroll(_Body):
    """A payroll: its items, or the register that ingestion has read. `payroll_id` is the payroll engine's own name for it.

    A payment goes over its own `rail`, else the payroll's, else the default of the bank's profile.
    """

    legal_entity_id: str = Field(max_length=40)
    payroll_id: str = Field(min_length=1, max_length=100)
    pay_on: date
    currency: CurrencyCode = "USD"
    items: list[NewItem] = Field(default_factory=list, max_length=ITEMS_MAX)
    obligations: list[NewObligation] = Field(default_factory=list, max_length=1000)
    register_artifact_id: str | None = Field(default=None, max_length=40)
    rail: PayoutRail | None = None

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
            items=tuple(item.item() for item in self.items),
            obligations=tuple(owed.owed() for owed in self.obligations),
            rail=self.rail,
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


class TimelineModel(BaseModel):
    """What happened, from the audit log."""

    at: datetime
    type: str
    text: str
    actor_type: str
    actor_id: str


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
    debit: MoneyModel
    status: FileStatus
    created_at: datetime
    delivered_at: datetime | None
    settled_on: date | None


class SubmissionModel(BaseModel):
    """The files and the orders that carry what was sent; none where nothing was due or funded."""

    files: list[FileModel]
    orders: list[OrderModel]


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
        debit=MoneyModel.of(row.debit),
        status=row.status,
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        settled_on=row.settled_on,
    )
