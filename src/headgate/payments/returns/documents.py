"""Returns, what is done with them, and payments that are paid again, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from headgate.payments.returns.dishonoring import Dishonored
from headgate.payments.returns.retrying import Retry
from headgate.payments.returns.rules import ReturnPolicy
from headgate.payments.returns.search import ReturnRow
from headgate.web import MoneyModel

Action = Literal["reverse", "hold", "dispute", "retry"]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Id = Annotated[str, Field(max_length=40)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewReturnPolicyRequest(_Body):
    """What shall be done with a code, as R02, or with a group of codes, as `administrative`."""

    subject: Annotated[str, Field(max_length=40)]
    action: Action
    reason: Reason


class ApprovedChange(_Body):
    """The approval that another person gave."""

    approval_id: Id


class NewRetry(_Body):
    """Why it is paid again, and to which account where that is another than before."""

    reason: Reason
    bank_account_id: Id | None = None
    approval_id: Id | None = None


class NewRetryRequest(_Body):
    """The same, for another person to approve."""

    reason: Reason
    bank_account_id: Id | None = None


class NewFileRetry(_Body):
    """Why the payments of a file that the bank refused are paid again."""

    reason: Reason


class NewDishonorRequest(_Body):
    """Why a return is to be dishonored: R61, or R67 to R70."""

    code: Annotated[str, Field(max_length=10)]
    reason: Reason


class NewDishonor(_Body):
    """The approval, and the day on which the file is written."""

    approval_id: Id
    on: date


class ReturnPolicyModel(BaseModel):
    """What is done with a return code beside the client's money going back; `chosen_for` is null for a default."""

    code: str
    title: str
    group: str
    action: Action
    chosen_for: str | None
    set_at: datetime | None


class ReturnModel(BaseModel):
    """A return that a bank sent, what was done with it, and how far it is disputed."""

    id: str
    code: str
    title: str
    standing: Literal["counted", "repeated", "contradicts", "orphan"]
    action: Action | None
    is_late: bool
    payment_id: str | None
    amount: MoneyModel
    original_trace: str
    settled_on: date
    dishonor_until: date
    dishonored_for: str | None
    disputed: Literal["no", "dishonored", "contested", "refused"]
    answer_until: date | None
    block_id: str | None
    occurred_at: datetime


class RetryModel(BaseModel):
    """A payment that is paid again: after which attempt, why, and how it stands now."""

    id: str
    payment_id: str
    attempt_id: str
    code: str | None
    from_bank_account_id: str | None
    to_bank_account_id: str | None
    reason: str
    approval_id: str | None
    requested_at: datetime
    status: str


class DishonorModel(BaseModel):
    """A return that our bank is asked to dishonor; the other bank may contest until `answer_until`."""

    id: str
    return_id: str
    code: str
    amount: MoneyModel
    payment_id: str | None
    file_id: str
    trace_number: str
    answer_until: date


def policy_model(row: ReturnPolicy) -> ReturnPolicyModel:
    """A policy as the API gives it."""
    return ReturnPolicyModel(**asdict(row))


def return_model(row: ReturnRow) -> ReturnModel:
    """A return as the API gives it."""
    facts = asdict(row)
    del facts["amount_minor"], facts["currency"]
    return ReturnModel(**facts, title=row.title, amount=MoneyModel.of(row.amount))


def retry_model(row: Retry) -> RetryModel:
    """A retry as the API gives it."""
    return RetryModel(**asdict(row))


def dishonor_model(row: Dishonored) -> DishonorModel:
    """A dishonored return as the API gives it."""
    facts = asdict(row)
    del facts["amount_minor"], facts["currency"]
    return DishonorModel(**facts, amount=MoneyModel.of(row.amount))
