"""HTTP: what a tenant chose for its loans (policies, return codes, posting modes), and what providers take back."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel

from headgate.core.db import Tx
from headgate.servicing import modes, pipeline, policies, returns, settings, shadow
from headgate.servicing.documents import Body
from headgate.servicing.model import Channel
from headgate.servicing.returns import NewReturn
from headgate.servicing.setting_documents import (
    LoanPolicyModel,
    LoanReturnModel,
    LoanReturnRuleModel,
    NewLoanPolicy,
    NewLoanReturnModel,
    NewLoanReturnRule,
    NewPostingMode,
    PostingModeModel,
    Product,
    ShadowReportModel,
    mode_model,
    policy_model,
    return_model,
    return_rule_model,
    shadow_model,
)
from headgate.web import Call, Page, PageOf, money, page_of, reads

router = APIRouter()

Reads = Annotated[Call, reads("servicing.read")]
Changes = Annotated[Call, money("servicing.manage")]


class NewLoanRelease(Body):
    """Whose payments are brought back; of every channel where none is named."""

    channel: Channel | None = None


class LoansReleased(BaseModel):
    """How many payments were brought back to the pipeline."""

    released: int


@router.get("/policies")
def list_policies(
    call: Reads, page: Page, product: Annotated[Product | None, Query()] = None
) -> PageOf[LoanPolicyModel]:
    """Versions of the products' policies, the newest of each first."""
    with call.begin() as tx:
        rows = settings.list_policies(tx, product=product, after=page.after(str, int), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: (row.product, row.terms.version_no), row=policy_model)


@router.post("/policies", status_code=201)
def set_policy(call: Changes, body: NewLoanPolicy) -> LoanPolicyModel:
    """Write the next version of a product's policy; what was received before its day, or is applied, keeps its own."""

    def work(tx: Tx) -> Any:
        return policy_model(write_policy(tx, body))

    return cast(LoanPolicyModel, call.once(work, status=201))


@router.get("/return-rules")
def list_return_rules(call: Reads) -> list[LoanReturnRuleModel]:
    """What each return code does at this tenant; `*` is every other code."""
    with call.begin() as tx:
        return [return_rule_model(row) for row in settings.list_return_rules(tx)]


@router.post("/return-rules", status_code=201)
def set_return_rule(call: Changes, body: NewLoanReturnRule) -> LoanReturnRuleModel:
    """Choose what a return code does from now on."""

    def work(tx: Tx) -> Any:
        returns.set_return_rule(tx, **body.model_dump())
        return return_rule_model(next(row for row in settings.list_return_rules(tx) if row.code == body.code))

    return cast(LoanReturnRuleModel, call.once(work, status=201))


@router.get("/returns")
def list_returns(call: Reads, page: Page) -> PageOf[LoanReturnModel]:
    """What providers took back or asked back, the newest first, with those that wait for their payment."""
    with call.begin() as tx:
        rows = settings.list_returns(tx, after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=return_model)


@router.post("/returns", status_code=201)
def record_return(call: Changes, body: NewLoanReturnModel) -> LoanReturnModel:
    """Record what a provider took back, and do what its code says; the same evidence counts once."""

    def work(tx: Tx) -> Any:
        done = returns.record_return(tx, NewReturn(**body.model_dump()))
        return return_model(settings.returns_by_ids(tx, [done.id])[0])

    return cast(LoanReturnModel, call.once(work, status=201))


@router.get("/posting-modes")
def list_posting_modes(call: Reads) -> list[PostingModeModel]:
    """Of each channel: whether its payments are posted (live), only written down (shadow) or left (off), and why."""
    with call.begin() as tx:
        return [mode_model(row) for row in modes.posting_modes(tx).values()]


@router.post("/posting-modes", status_code=201)
def set_posting_mode(call: Changes, body: NewPostingMode) -> PostingModeModel:
    """Choose what is done with a channel's payments from now on; first shadow, then live."""

    def work(tx: Tx) -> Any:
        return mode_model(modes.set_posting_mode(tx, **body.model_dump()))

    return cast(PostingModeModel, call.once(work, status=201))


@router.post("/posting-modes/releases", status_code=201)
def release_waiting(call: Changes, body: NewLoanRelease) -> LoansReleased:
    """Bring back the payments that were left or only written down, as the channels' modes now say; once after each choice."""

    def work(tx: Tx) -> Any:
        return LoansReleased(released=pipeline.release_waiting(tx, channel=body.channel))

    return cast(LoansReleased, call.once(work, status=201))


@router.get("/shadow-report")
def shadow_report(
    call: Reads,
    first: date | None = None,
    last: date | None = None,
    channel: Channel | None = None,
    account_last4: Annotated[str | None, Query(max_length=4)] = None,
) -> ShadowReportModel:
    """What the pipeline wrote down or posted against what the bank's statements say, by channel and day; seven days by default."""
    with call.begin() as tx:
        report = shadow.shadow_report(tx, first=first, last=last, channel=channel, account_last4=account_last4)
    return shadow_model(report)


def write_policy(tx: Tx, body: NewLoanPolicy) -> settings.PolicyView:
    """Set a policy as a document says it, and read it back."""
    facts = body.model_dump(exclude={"rules"})
    policies.set_policy(tx, rules=body.rules_by_state(), **facts)
    return settings.list_policies(tx, product=body.product, limit=1)[0]
