"""What banks answer, as JSON: notifications of change and return rates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from headgate.payments.notices import Notice, Policy
from headgate.payments.return_rates import ReturnRate


class NewNoticePolicy(BaseModel):
    """`apply`: the payee is corrected at once; `case`: a person decides."""

    model_config = ConfigDict(extra="forbid")
    policy: Policy
    reason: str = Field(min_length=1, max_length=500)


class NoticePoliciesModel(BaseModel):
    """What is done with each code that corrects a bank account."""

    policies: dict[str, Policy]


class NoticeModel(BaseModel):
    """A notification of change and what was done. Account numbers are never shown: the ids lead to them."""

    id: str
    code: str
    title: str
    decision: Literal["applied", "superseded", "case", "orphan"]
    payment_id: str | None
    party_id: str | None
    old_bank_account_id: str | None
    new_bank_account_id: str | None
    moved_count: int
    noticed_at: datetime


class ReturnRateModel(BaseModel):
    """One rate of an originator over 60 days, in hundredths of a percent; None where it sent nothing."""

    legal_entity_id: str
    kind: Literal["unauthorized", "administrative", "overall"]
    entries: int
    returns: int
    rate_bps: int | None
    threshold_bps: int
    is_over: bool


def notice_model(notice: Notice) -> NoticeModel:
    """A notice as the API gives it."""
    return NoticeModel(**asdict(notice))


def rate_model(rate: ReturnRate) -> ReturnRateModel:
    """A rate as the API gives it."""
    return ReturnRateModel(**asdict(rate), is_over=rate.is_over)
