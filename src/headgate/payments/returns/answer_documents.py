"""What banks answer, as JSON: what settled or came back, notifications of change and return rates."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from headgate.payments.model import ReturnEffects, StatementEffects
from headgate.payments.returns.notices import Notice, Policy
from headgate.payments.returns.rates import ReturnRate


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
    returns_after_rejection: int = 0
    returns_dishonored: int = 0
    returns_contested: int = 0
    debits_settled: int = 0
    debits_returned: int = 0


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
    debit_id: str | None
    party_id: str | None
    old_bank_account_id: str | None
    new_bank_account_id: str | None
    moved_count: int
    noticed_at: datetime


class ReturnRateModel(BaseModel):
    """One rate of an originator over 60 days, in hundredths of a percent; None where it sent nothing.

    Nacha's thresholds are about debits, by company id; credits are measured by them as well. Without a SEC code it is of
    all of that company's entries.
    """

    legal_entity_id: str
    company_identification: str
    direction: Literal["debit", "credit"]
    sec_code: str | None
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
            returns_after_rejection=effects.contradictory,
            returns_dishonored=effects.dishonored,
            returns_contested=effects.contested,
            debits_returned=effects.debits_returned,
        )
    return SettlementModel(
        files_settled=list(effects.files_settled),
        instructions_settled=effects.instructions_settled,
        instructions_returned=[],
        return_credits=effects.return_credits,
        orphan_returns=0,
        mismatched_files=list(effects.mismatched),
        repeated=effects.repeated,
        debits_settled=effects.debits_settled,
    )
