"""Periods and settlements over HTTP. Reopening a period takes an approval, so its door is on a higher floor (recon)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from headgate.core import ids
from headgate.ledger import periods, settlements
from headgate.ledger.accounts import resolve_accounts
from headgate.ledger.period_documents import (
    CutOffModel,
    FrozenBalanceModel,
    NewClosing,
    NewCutOff,
    NewPeriod,
    PeriodModel,
    SettledLegModel,
)
from headgate.ledger.periods import PeriodStatus
from headgate.web import Call, Page, PageOf, page_of, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("ledger.read")]
Manages = Annotated[Call, writes("ledger.manage")]
IdPath = Annotated[str, Path(max_length=40)]
Text = Annotated[str | None, Query(max_length=255)]


@router.post("/periods", status_code=201)
def open_period(call: Manages, body: NewPeriod) -> PeriodModel:
    """Open the next period: it begins the day after the last one ends."""
    with call.begin() as tx:
        return PeriodModel.of(
            periods.open_period(
                tx,
                name=body.name,
                starts_on=body.starts_on,
                ends_on=body.ends_on,
                legal_entity_id=body.legal_entity_id,
            )
        )


@router.get("/periods")
def list_periods(
    call: Reads, page: Page, legal_entity_id: Text = None, status: PeriodStatus | None = None
) -> PageOf[PeriodModel]:
    """Periods, in the order in which they were opened."""
    with call.begin() as tx:
        rows = periods.list_periods(
            tx, legal_entity_id=legal_entity_id, status=status, after=page.after(int), limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda found: found.id, row=PeriodModel.of)


@router.get("/periods/{period_id}")
def get_period(call: Reads, period_id: IdPath) -> PeriodModel:
    """One period with its closings."""
    with call.begin() as tx:
        return PeriodModel.of(periods.get_period(tx, ids.decode("per", period_id)))


@router.post("/periods/{period_id}/close", status_code=200)
def close_period(call: Manages, period_id: IdPath, body: NewClosing) -> PeriodModel:
    """Close a period and freeze its trial balance."""
    with call.begin() as tx:
        return PeriodModel.of(
            periods.close_period(
                tx,
                period_id=ids.decode("per", period_id),
                late=body.late,
                reason=body.reason,
                refuse_pending=body.refuse_pending,
                refuse_residuals=body.refuse_residuals,
            )
        )


@router.get("/periods/{period_id}/trial-balance")
def frozen_trial_balance(
    call: Reads, page: Page, period_id: IdPath, closing: Annotated[int | None, Query(ge=1, le=1_000_000)] = None
) -> PageOf[FrozenBalanceModel]:
    """The trial balance that a closing froze (the latest unless given), by account code."""
    with call.begin() as tx:
        rows = periods.frozen_trial_balance(
            tx,
            period_id=ids.decode("per", period_id),
            closing=closing,
            after=page.after(str),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda found: found.code, row=FrozenBalanceModel.of)


@router.post("/settlements", status_code=201)
def cut_off(call: Manages, body: NewCutOff) -> CutOffModel:
    """Settle what an account has recorded and not settled yet, as far as it is effective by the cut-off."""
    with call.begin() as tx:
        return CutOffModel.of(settlements.cut_off(tx, account=body.account, at=body.at, name=body.name))


@router.get("/settlements")
def list_settlements(call: Reads, page: Page, account: Text = None) -> PageOf[CutOffModel]:
    """Settlements, newest first."""
    with call.begin() as tx:
        number = resolve_accounts(tx, [account])[account] if account else None
        rows = settlements.list_settlements(tx, account=number, before=page.after(int), limit=page.limit + 1)
    return page_of(page, rows, key=lambda found: found.id, row=CutOffModel.of)


@router.get("/settlements/{settlement_id}")
def get_settlement(call: Reads, settlement_id: IdPath) -> CutOffModel:
    """One settlement."""
    with call.begin() as tx:
        return CutOffModel.of(settlements.get_settlement(tx, ids.decode("stl", settlement_id)))


@router.get("/settlements/{settlement_id}/legs")
def settled_legs(call: Reads, page: Page, settlement_id: IdPath) -> PageOf[SettledLegModel]:
    """The legs that a settlement took, in the order of the account."""
    with call.begin() as tx:
        number = ids.decode("stl", settlement_id)
        rows = settlements.settled_legs(tx, number, after=page.after(int), limit=page.limit + 1)
    return page_of(page, rows, key=lambda found: found.seq, row=SettledLegModel.of)
