"""Clearing accounts and balance monitors over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query

from headgate.core import ids
from headgate.ledger import clearing, monitors
from headgate.ledger.accounts import get_account, resolve_accounts
from headgate.ledger.watch_documents import (
    ClearingAccountModel,
    ClearingRuleModel,
    MonitorModel,
    NewClearingRule,
    NewMonitor,
)
from headgate.web import Call, CurrencyCode, Page, PageOf, page_of, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("ledger.read")]
Manages = Annotated[Call, writes("ledger.manage")]
AccountPath = Annotated[str, Path(max_length=100, description="The account's code or id")]
IdPath = Annotated[str, Path(max_length=40)]
Text = Annotated[str | None, Query(max_length=255)]


@router.get("/clearing")
def clearing_report(
    call: Reads,
    page: Page,
    account: Text = None,
    currency: CurrencyCode | None = None,
    only_residuals: bool = False,
    items: Annotated[int, Query(ge=1, le=1000, description="How many legs of each account at most")] = 100,
) -> PageOf[ClearingAccountModel]:
    """Accounts that must come to zero, by code, with what is left on them, how old it is and where it came from."""
    with call.begin() as tx:
        rows = clearing.clearing_report(
            tx,
            account=resolve_accounts(tx, [account])[account] if account else None,
            currency=currency,
            only_residuals=only_residuals,
            items=items,
            after=page.after(str),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.code, row=ClearingAccountModel.of)


@router.post("/clearing/{account}", status_code=200)
def set_must_be_zero(call: Manages, account: AccountPath, body: NewClearingRule) -> ClearingRuleModel:
    """Say whether an account must come to zero, and how old what is left on it may be."""
    with call.begin() as tx:
        found = get_account(tx, account)
        report = clearing.set_must_be_zero(
            tx,
            account=found.id,
            must_be_zero=body.must_be_zero,
            max_age=None if body.max_age_seconds is None else timedelta(seconds=body.max_age_seconds),
            reason=body.reason,
        )
    return ClearingRuleModel(
        account=ids.encode("acct", found.id),
        must_be_zero=body.must_be_zero,
        clearing=None if report is None else ClearingAccountModel.of(report),
    )


@router.post("/monitors", status_code=201)
def add_monitor(call: Manages, body: NewMonitor) -> MonitorModel:
    """Watch a balance from now on; on which side it begins is in the answer."""
    with call.begin() as tx:
        return MonitorModel.of(
            monitors.add_monitor(
                tx,
                account=body.account,
                what=body.what,
                comparison=body.comparison,
                threshold=body.threshold.money(),
                name=body.name,
            )
        )


@router.get("/monitors")
def list_monitors(call: Reads, page: Page, account: Text = None, crossed: bool | None = None) -> PageOf[MonitorModel]:
    """Monitors, in the order in which they were added."""
    with call.begin() as tx:
        number = resolve_accounts(tx, [account])[account] if account else None
        rows = monitors.list_monitors(tx, account=number, crossed=crossed, after=page.after(int), limit=page.limit + 1)
    return page_of(page, rows, key=lambda found: found.id, row=MonitorModel.of)


@router.get("/monitors/{monitor_id}")
def get_monitor(call: Reads, monitor_id: IdPath) -> MonitorModel:
    """One monitor."""
    with call.begin() as tx:
        return MonitorModel.of(monitors.get_monitor(tx, ids.decode("mon", monitor_id)))


@router.delete("/monitors/{monitor_id}", status_code=204)
def remove_monitor(call: Manages, monitor_id: IdPath) -> None:
    """Watch no more."""
    with call.begin() as tx:
        monitors.remove_monitor(tx, ids.decode("mon", monitor_id))
