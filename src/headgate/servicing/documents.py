"""Loans and their payments as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from headgate import ingestion
from headgate.servicing import queries
from headgate.servicing.importing import Owned
from headgate.servicing.loans import INSTALMENTS_MAX
from headgate.servicing.model import (
    CHARGES_AFTER,
    Channel,
    Due,
    Instruction,
    NewLoan,
    PaymentStatus,
    Place,
    Standing,
    State,
)
from headgate.servicing.undoing import Undone
from headgate.web import CurrencyCode, MoneyModel

Minor = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class Body(BaseModel):
    """What is sent: a field that is none is refused."""

    model_config = ConfigDict(extra="forbid")


class Instalment(Body):
    """What falls due on a day, in minor units of the loan's currency."""

    number: int = Field(ge=1, le=CHARGES_AFTER)
    due_on: date
    fees_minor: Minor = 0
    interest_minor: Minor = 0
    principal_minor: Minor = 0
    escrow_minor: Minor = 0

    def due(self) -> Due:
        """As the domain has it."""
        return Due(
            self.number, self.due_on, self.fees_minor, self.interest_minor, self.principal_minor, self.escrow_minor
        )


class NewBorrower(Body):
    """Who owes a loan: made, or recognised by what the client calls it."""

    external_id: Name
    name: Annotated[str, Field(min_length=1, max_length=200)]


class NewLoanModel(Body):
    """A loan to take on, with what it owes by instalment. Its borrower is a party that stands, or one given by name."""

    external_id: Name
    product: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,39}$")]
    currency: CurrencyCode
    legal_entity_id: Annotated[str, Field(max_length=40)]
    borrower_id: Annotated[str | None, Field(max_length=40)] = None
    borrower: NewBorrower | None = None
    instalments: Annotated[list[Instalment], Field(max_length=INSTALMENTS_MAX)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_borrower(self) -> Self:
        if self.borrower is not None and self.borrower_id is not None:
            raise ValueError("borrower and borrower_id both say whose it is: leave one out")
        return self

    def owned(self) -> Owned:
        """As the domain has it."""
        facts = NewLoan(self.external_id, self.product, self.currency, self.legal_entity_id, self.borrower_id)
        borrower = (self.borrower.external_id, self.borrower.name) if self.borrower else None
        return facts, [one.due() for one in self.instalments], borrower


class NewPaymentModel(Body):
    """A payment that a person enters. `received_on` is the day on which it reached the servicer."""

    loan_id: Name
    amount: MoneyModel
    received_on: date
    source_channel: Channel = "manual"
    instruction: Instruction = "regular"
    provider_transfer_id: Annotated[str | None, Field(max_length=200)] = None


class NewUndoing(Body):
    """Why a payment is taken back, with the return code where a bank said one."""

    reason: Reason
    code: Annotated[str | None, Field(pattern="^[A-Za-z0-9_]{2,20}$")] = None


class NewStanding(Body):
    """What the loan is from a day on, whatever its dues say; `none` ends it."""

    standing: Standing
    from_on: date
    reason: Reason


class LoanModel(BaseModel):
    """A loan as it stands."""

    id: str
    external_id: str
    product: str
    state: State
    legal_entity_id: str
    borrower_id: str | None
    has_legal_hold: bool
    has_stop_pay: bool
    is_kyc_incomplete: bool
    oldest_due_on: date | None
    open: MoneyModel
    suspense: MoneyModel
    overpayment: MoneyModel
    created_at: datetime


class DueModel(BaseModel):
    """An instalment or charge, with what was paid of it, in minor units."""

    number: int
    kind: str
    due_on: date
    fees_minor: int
    interest_minor: int
    principal_minor: int
    escrow_minor: int
    paid_minor: int
    open_minor: int
    reason: str | None


class LineModel(BaseModel):
    """An amount of a payment, in minor units, where it lies now."""

    bucket: Place
    instalment_no: int | None
    amount_minor: int
    applied_on: date
    policy_version_no: int
    is_recovery: bool


class EvidenceModel(BaseModel):
    """A piece of evidence of a payment: its bytes by their sha256, and the artifact that keeps them here, where one does.

    `link` opens the bytes until `link_expires_at`, for whoever holds it; it is there where links were asked for.
    """

    type: str
    sha256: str
    uri: str
    artifact_id: str | None
    warning: str | None
    link: str | None = None
    link_expires_at: datetime | None = None


class PaymentModel(BaseModel):
    """A payment of a loan: its parts, in minor units, and the lines that stand."""

    id: str
    loan_id: str
    source_channel: Channel
    effective_date: date
    currency: str
    total_received: int
    principal: int
    interest: int
    fee: int
    escrow: int
    suspense: int
    status: PaymentStatus
    reversal_reason: str | None
    instruction: Instruction
    policy_version_no: int
    provider_transfer_id: str | None
    ingestion_id: str | None
    created_at: datetime
    lines: list[LineModel]
    artifacts: list[EvidenceModel]


class HappeningModel(BaseModel):
    """Something that happened, with its facts."""

    at: datetime
    kind: str
    facts: dict[str, Any]


class LoanDetail(LoanModel):
    """A loan with its dues, its newest payments and what happened to it."""

    dues: list[DueModel]
    payments: list[PaymentModel]
    timeline: list[HappeningModel]


class UndoingModel(BaseModel):
    """A payment that was taken back; `fee_instalment_no` is the charge made for it."""

    payment_id: str
    loan_id: str
    reason: str
    code: str | None
    undone_on: date
    fee_instalment_no: int | None
    replayed: bool


def loan_model(row: queries.LoanView) -> LoanModel:
    """A loan as the API gives it."""
    return LoanModel(**_loan(row))


def loan_detail(
    row: queries.LoanView,
    dues: list[queries.DueView],
    payments: list[queries.PaymentView],
    timeline: list[queries.Happening],
) -> LoanDetail:
    """A loan with all that belongs to it."""
    return LoanDetail(
        **_loan(row),
        dues=[due_model(due) for due in dues],
        payments=[payment_model(payment) for payment in payments],
        timeline=[happening_model(one) for one in timeline],
    )


def due_model(row: queries.DueView) -> DueModel:
    """A due as the API gives it."""
    return DueModel(**asdict(row))


def payment_model(row: queries.PaymentView, links: Mapping[str, ingestion.Link] | None = None) -> PaymentModel:
    """A payment as the API gives it, its artifacts with their links."""
    facts = asdict(row)
    del facts["idempotency_key"], facts["provider_account_id"]
    facts["artifacts"] = [_evidence(one, (links or {}).get(one.artifact_id or "")) for one in row.artifacts]
    return PaymentModel(**facts)


def _evidence(row: ingestion.Evidence, link: ingestion.Link | None) -> EvidenceModel:
    return EvidenceModel(
        type=row.type,
        sha256=row.sha256,
        uri=row.uri,
        artifact_id=row.artifact_id,
        warning=row.warning,
        link=link.path if link else None,
        link_expires_at=link.expires_at if link else None,
    )


def happening_model(row: queries.Happening) -> HappeningModel:
    """Something that happened, as the API gives it."""
    return HappeningModel(**asdict(row))


def undoing_model(row: Undone) -> UndoingModel:
    """An undoing as the API gives it."""
    return UndoingModel(**asdict(row))


def _loan(row: queries.LoanView) -> dict[str, Any]:
    facts = asdict(row)
    currency = facts.pop("currency")
    for name in ("open", "suspense", "overpayment"):
        facts[name] = MoneyModel(minor=facts.pop(f"{name}_minor"), currency=currency)
    return facts
