"""Reports of the book over HTTP, and the tree they add up by."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from headgate.ledger import reports
from headgate.ledger.document_parts import DayOrInstant, Instant
from headgate.ledger.documents import AccountModel
from headgate.ledger.general_ledger import general_ledger_lines
from headgate.ledger.report_documents import (
    AgeingModel,
    NewParent,
    StatementLineModel,
    StatementModel,
    TotalsModel,
    TreeModel,
    TreeNodeModel,
    TrialBalanceModel,
    TrialBalanceRowModel,
)
from headgate.ledger.tree import set_parent, tree
from headgate.web import Call, CurrencyCode, Page, PageOf, page_of, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("ledger.read")]
Manages = Annotated[Call, writes("ledger.manage")]
AccountPath = Annotated[str, Path(max_length=100, description="The account's code or id")]
Account = Annotated[str, Query(max_length=100, description="The account's code or id")]
Text = Annotated[str | None, Query(max_length=255)]


@router.put("/accounts/{account}/parent")
def put_parent(call: Manages, account: AccountPath, body: NewParent) -> AccountModel:
    """Put an account under another in the chart, or under none."""
    with call.begin() as tx:
        return AccountModel.of(set_parent(tx, account, body.parent, reason=body.reason))


@router.get("/reports/tree")
def get_tree(
    call: Reads,
    root: Text = None,
    currency: CurrencyCode | None = None,
    as_of: DayOrInstant | None = None,
    known_at: Instant | None = None,
) -> TreeModel:
    """The chart as a tree with subtotals, or what stands under `root`."""
    with call.begin() as tx:
        nodes = tree(tx, root=root, currency=currency, as_of=as_of, known_at=known_at)
    return TreeModel(data=[TreeNodeModel.of(node) for node in nodes])


@router.get("/reports/trial-balance")
def get_trial_balance(
    call: Reads,
    page: Page,
    currency: CurrencyCode | None = None,
    legal_entity_id: Text = None,
    as_of: DayOrInstant | None = None,
    known_at: Instant | None = None,
) -> TrialBalanceModel:
    """Every account's balance in its column. Ask for the next part with the `known_at` of this one."""
    with call.begin() as tx:
        known = known_at or tx.value("SELECT clock_timestamp()")
        assert isinstance(known, datetime)
        totals = reports.trial_totals(
            tx, as_of=as_of, known_at=known, currency=currency, legal_entity_id=legal_entity_id
        )
        rows = reports.trial_balance(
            tx,
            as_of=as_of,
            known_at=known,
            currency=currency,
            legal_entity_id=legal_entity_id,
            after=page.after(str),
            limit=page.limit + 1,
        )
    part = page_of(page, rows, key=lambda found: found.code, row=TrialBalanceRowModel.of)
    return TrialBalanceModel(known_at=known, totals=[TotalsModel.of(one) for one in totals], **part.model_dump())


@router.get("/reports/statement")
def get_statement(
    call: Reads,
    page: Page,
    account: Account,
    from_on: date,
    to_on: date,
    order: reports.Order = "effective",
    known_at: Instant | None = None,
) -> StatementModel:
    """An account's lines of some days, both included, with the balance after each."""
    with call.begin() as tx:
        after = page.after(str, int)
        found = reports.statement(
            tx,
            account,
            from_on=from_on,
            to_on=to_on,
            order=order,
            known_at=known_at,
            after=(date.fromisoformat(after[0]), after[1]) if after else None,
            limit=page.limit + 1,
        )
    part = page_of(page, found.lines, key=lambda line: (line.effective_on.isoformat(), line.seq))
    shown = StatementModel.of(found)
    return shown.model_copy(
        update={"data": shown.data[: page.limit], "next_cursor": part.next_cursor, "has_more": part.has_more}
    )


@router.get("/reports/general-ledger")
def get_general_ledger(
    call: Reads,
    page: Page,
    from_on: date,
    to_on: date,
    currency: CurrencyCode | None = None,
    legal_entity_id: Text = None,
    known_at: Instant | None = None,
) -> PageOf[StatementLineModel]:
    """The lines of all accounts, by account code, day and number, with each account's balance after each."""
    with call.begin() as tx:
        after = page.after(str, str, int)
        found = general_ledger_lines(
            tx,
            from_on=from_on,
            to_on=to_on,
            currency=currency,
            legal_entity_id=legal_entity_id,
            known_at=known_at,
            after=(after[0], date.fromisoformat(after[1]), after[2]) if after else None,
            limit=page.limit + 1,
        )
        rows = [StatementLineModel.of(code, line) for code, line in found]
    return page_of(page, rows, key=lambda line: (line.account, line.effective_on.isoformat(), line.seq))


@router.get("/reports/ageing")
def get_ageing(
    call: Reads,
    page: Page,
    as_of: date,
    purpose: Annotated[str, Query(max_length=60)] = "RETURNS_RECEIVABLE",
    account: Text = None,
    currency: CurrencyCode | None = None,
    legal_entity_id: Text = None,
    known_at: Instant | None = None,
) -> PageOf[AgeingModel]:
    """What the receivable accounts of a purpose, or one account, are owed by age; the oldest is paid off first."""
    with call.begin() as tx:
        rows = reports.ageing(
            tx,
            as_of=as_of,
            purpose=purpose,
            account=account,
            currency=currency,
            legal_entity_id=legal_entity_id,
            known_at=known_at,
            after=page.after(str),
            limit=page.limit + 1,
        )
    return page_of(page, rows, key=lambda row: row.code, row=AgeingModel.of)
