"""What banks answer, over HTTP: notifications of change with their policy, and return rates."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path

from headgate.payments.returns import notices
from headgate.payments.returns.answer_documents import (
    NewNoticePolicy,
    NoticeModel,
    NoticePoliciesModel,
    ReturnRateModel,
    notice_model,
    rate_model,
)
from headgate.payments.returns.rates import return_rates
from headgate.web import Call, Page, PageOf, page_of, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("payments.read")]
Manages = Annotated[Call, writes("payments.manage")]


@router.get("/notices")
def list_notices(call: Reads, page: Page) -> PageOf[NoticeModel]:
    """Notifications of change, the newest first."""
    with call.begin() as tx:
        rows = notices.list_notices(tx, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=notice_model)


@router.get("/notice-policies")
def get_notice_policies(call: Reads) -> NoticePoliciesModel:
    """What is done with each code that corrects a bank account."""
    with call.begin() as tx:
        return NoticePoliciesModel(policies=notices.notice_policies(tx))


@router.put("/notice-policies/{code}")
def set_notice_policy(
    call: Manages, code: Annotated[str, Path(max_length=10)], body: NewNoticePolicy
) -> NoticePoliciesModel:
    """Choose whether a kind of correction is applied at once or decided by a person."""
    with call.begin() as tx:
        found = notices.set_notice_policy(tx, code=code, policy=body.policy, reason=body.reason)
    return NoticePoliciesModel(policies=found)


@router.get("/return-rates")
def get_return_rates(call: Reads, on: date | None = None, legal_entity_id: str | None = None) -> list[ReturnRateModel]:
    """Each originator's rates over the 60 days that end on a day, beside Nacha's thresholds."""
    with call.begin() as tx:
        return [rate_model(rate) for rate in return_rates(tx, on=on, legal_entity_id=legal_entity_id)]
