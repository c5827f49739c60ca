"""HTTP: /v1/recon."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from headgate import cases, ledger, recon
from headgate.core import ids
from headgate.recon import backdating_routes, lineage_routes
from headgate.recon.model import Difference, DifferenceKind, Link, Match, Reconciliation, Status
from headgate.web import Call, MoneyModel, Page, PageOf, page_of, reads, writes

router = APIRouter(prefix="/v1/recon", tags=["recon"])
router.include_router(backdating_routes.router)
router.include_router(lineage_routes.router)
Reads = Annotated[Call, reads("recon.read")]
Runs = Annotated[Call, writes("recon.run")]
PeriodId = Annotated[str, Path(max_length=40)]


class NewRun(BaseModel):
    """Which account of the book (code or id), and which day."""

    model_config = ConfigDict(extra="forbid")

    account: Annotated[str, Field(min_length=1, max_length=100)]
    on: date


class ReopeningRequest(BaseModel):
    """Why a closed period should be reopened."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=1000)]


class Reopening(ReopeningRequest):
    """Why a closed period is reopened, and by which approval."""

    approval_id: Annotated[str, Field(max_length=40)]


class ReopenedModel(BaseModel):
    """A period that is open again; what its closing froze is kept."""

    period_id: str
    name: str
    status: str
    closings: int


class NewLink(BaseModel):
    """Which account of the book (code or id) mirrors the bank account of that statement."""

    model_config = ConfigDict(extra="forbid", strict=True)

    account: Annotated[str, Field(min_length=1, max_length=100)]
    statement_id: Annotated[str, Field(min_length=1, max_length=100)]


class LinkModel(BaseModel):
    """A link, the bank account by its last digits."""

    account_id: str
    account_last4: str
    currency: str
    linked_by: str
    linked_at: datetime


class DifferenceModel(BaseModel):
    """What a run could not reconcile; amounts are signed, money that came is positive."""

    kind: DifferenceKind
    reference: str | None
    record_id: str | None
    transaction_id: str | None
    bank: MoneyModel
    book: MoneyModel
    legs: int
    case_id: str


class ReconciliationModel(BaseModel):
    """A run; variance = bank_total − sor_total."""

    id: str
    account_id: str
    channel: str
    period_start: date
    period_end: date
    bank_total: MoneyModel | None
    sor_total: MoneyModel
    variance: MoneyModel | None
    status: Status
    details: dict[str, Any]
    run_by: str
    run_at: datetime
    superseded_by: str | None
    differences: list[DifferenceModel]


class MatchModel(BaseModel):
    """One bank line and the legs of the book that are it."""

    id: str
    reconciliation_id: str
    rule: str
    reference: str
    signed: MoneyModel
    record_id: str
    legs: int
    matched_at: datetime


@router.post("/periods/{period_id}/reopening-requests", status_code=201)
def request_reopening(call: Runs, period_id: PeriodId, body: ReopeningRequest) -> cases.Approval:
    """Ask another person to let a closed period be reopened."""
    with call.begin() as tx:
        return recon.request_reopening(tx, period_id=ids.decode("per", period_id), reason=body.reason)


@router.post("/periods/{period_id}/reopen")
def reopen_period(call: Runs, period_id: PeriodId, body: Reopening) -> ReopenedModel:
    """Reopen a closed period under an approval of exactly this."""
    with call.begin() as tx:
        found = recon.reopen_period(
            tx, period_id=ids.decode("per", period_id), approval_id=body.approval_id, reason=body.reason
        )
    return ReopenedModel(
        period_id=ids.encode("per", found.id), name=found.name, status=found.status, closings=len(found.closings)
    )


@router.post("/links", status_code=201)
def link_bank_account(call: Runs, body: NewLink) -> LinkModel:
    """Link an account of the book to the bank account that a statement is of."""
    with call.begin() as tx:
        return _link(recon.link_bank_account(tx, account=body.account, statement_id=body.statement_id))


@router.get("/links")
def list_links(call: Reads) -> list[LinkModel]:
    """Every link."""
    with call.begin() as tx:
        return [_link(link) for link in recon.list_links(tx)]


@router.post("/runs", status_code=201)
def run(call: Runs, body: NewRun) -> ReconciliationModel:
    """Reconcile an account and day; the same again, where nothing has changed, is the run that stands."""
    with call.begin() as tx:
        return shown(recon.run(tx, account=body.account, on=body.on))


@router.get("/runs")
def list_runs(
    call: Reads,
    page: Page,
    account: str | None = None,
    on: date | None = None,
    status: Literal["open", "balanced", "variance"] | None = None,
    superseded: bool = False,
) -> PageOf[ReconciliationModel]:
    """Runs, newest first; those that a later one superseded only where asked for."""
    with call.begin() as tx:
        account_id = ledger.get_account(tx, account).id if account else None
        rows = recon.list_reconciliations(
            tx,
            account_id=account_id,
            on=on,
            status=status,
            superseded=superseded,
            before=page.after(str),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda row: row.id, row=shown)


@router.get("/runs/{reconciliation_id}")
def get_run(call: Reads, reconciliation_id: str) -> ReconciliationModel:
    """One run, with its differences."""
    with call.begin() as tx:
        return shown(recon.get_reconciliation(tx, reconciliation_id))


@router.get("/runs/{reconciliation_id}/matches")
def list_matches(call: Reads, page: Page, reconciliation_id: str) -> PageOf[MatchModel]:
    """The matches that a run made."""
    with call.begin() as tx:
        recon.get_reconciliation(tx, reconciliation_id)
        rows = recon.list_matches(
            tx, reconciliation_id=reconciliation_id, after=page.after(int) or 0, limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: ids.decode("mat", row.id), row=_match)


def shown(made: Reconciliation) -> ReconciliationModel:
    """A run as it is answered."""
    return ReconciliationModel(
        id=made.id,
        account_id=ids.encode("acct", made.account_id),
        channel=made.channel,
        period_start=made.period_start,
        period_end=made.period_end,
        bank_total=MoneyModel.of(made.bank_total) if made.bank_total is not None else None,
        sor_total=MoneyModel.of(made.sor_total),
        variance=MoneyModel.of(made.variance) if made.variance is not None else None,
        status=made.status,
        details=dict(made.details),
        run_by=made.run_by,
        run_at=made.run_at,
        superseded_by=made.superseded_by,
        differences=[_difference(one) for one in made.differences],
    )


def _difference(one: Difference) -> DifferenceModel:
    return DifferenceModel(
        kind=one.kind,
        reference=one.reference,
        record_id=one.record_id,
        transaction_id=ids.encode("txn", one.transaction_id) if one.transaction_id is not None else None,
        bank=MoneyModel.of(one.bank),
        book=MoneyModel.of(one.book),
        legs=one.legs,
        case_id=one.case_id,
    )


def _link(link: Link) -> LinkModel:
    return LinkModel(
        account_id=ids.encode("acct", link.account_id),
        account_last4=link.account_last4,
        currency=link.currency,
        linked_by=link.linked_by,
        linked_at=link.linked_at,
    )


def _match(match: Match) -> MatchModel:
    return MatchModel(
        id=match.id,
        reconciliation_id=match.reconciliation_id,
        rule=match.rule,
        reference=match.reference,
        signed=MoneyModel.of(match.signed),
        record_id=match.record_id,
        legs=match.legs,
        matched_at=match.matched_at,
    )
