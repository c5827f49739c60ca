"""Reports of the book from the command line: as a table, as CSV for a spreadsheet, as one JSON document."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, cast

import typer

from headgate.core import ids
from headgate.core.clock import maybe_instant
from headgate.core.errors import Malformed
from headgate.core.money import Money
from headgate.core.terminal import emit
from headgate.ledger import reports
from headgate.ledger.command_parts import AccountArgument, Json, Tenant, begin, day, plain
from headgate.ledger.documents import AccountModel
from headgate.ledger.general_ledger import general_ledger as whole_ledger
from headgate.ledger.report_documents import (
    AgeingModel,
    StatementModel,
    TotalsModel,
    TreeModel,
    TreeNodeModel,
    TrialBalanceModel,
    TrialBalanceRowModel,
)
from headgate.ledger.report_options import AsOfOption, KnownAt, day_or_instant
from headgate.ledger.tree import set_parent, tree

app = typer.Typer()

Csv = Annotated[bool, typer.Option("--csv", help="Comma-separated values on standard output, amounts in major units.")]
Currency = Annotated[str | None, typer.Option("--currency", help="Only accounts in this currency.")]
LegalEntity = Annotated[str | None, typer.Option("--legal-entity", help="Only its own accounts: le_…")]
From = Annotated[str, typer.Option("--from", help="The first day, as 2026-11-01.")]
To = Annotated[str, typer.Option("--to", help="The last day, as 2026-11-30.")]

_LINE = ("account", "line", "effective_on", "recorded_at", "transaction_id", "other", "source_type", "source_id",
         "description", "debit", "credit", "balance", "currency")  # fmt: skip


@app.command("trial-balance")
def trial_balance(
    tenant: Tenant,
    as_of: AsOfOption = None,
    known_at: KnownAt = None,
    currency: Currency = None,
    legal_entity: LegalEntity = None,
    as_csv: Csv = False,
    json: Json = False,
) -> None:
    """Every account's balance in its column, and both columns added up."""
    asked: dict[str, Any] = {
        "as_of": day_or_instant(as_of),
        "currency": currency,
        "legal_entity_id": legal_entity,
    }
    with begin(tenant) as tx:
        known = maybe_instant(known_at) or tx.value("SELECT clock_timestamp()")
        rows = reports.trial_balance(tx, known_at=known, **asked)
        totals = reports.trial_totals(tx, known_at=known, **asked)
    if json:
        shown = TrialBalanceModel(
            known_at=known,
            totals=[TotalsModel.of(one) for one in totals],
            data=[TrialBalanceRowModel.of(row) for row in rows],
        )
        emit(plain(shown), as_json=True)
        return
    table = [[row.code, row.name, row.type, row.debit, row.credit, row.currency] for row in rows]
    table += [["total", "", "", one.debit, one.credit, one.currency] for one in totals]
    _print(("code", "name", "type", "debit", "credit", "currency"), table, as_csv)


@app.command("statement")
def statement(
    tenant: Tenant,
    account: AccountArgument,
    from_on: From,
    to_on: To,
    order: Annotated[str, typer.Option(help="effective (by day) or recorded (as it was written).")] = "effective",
    known_at: KnownAt = None,
    as_csv: Csv = False,
    json: Json = False,
) -> None:
    """One account's lines of some days, both included, with the balance after each."""
    if order not in ("effective", "recorded"):
        raise Malformed("a statement is in the order effective or recorded")
    with begin(tenant) as tx:
        found = reports.statement(
            tx,
            account,
            from_on=day(from_on),
            to_on=day(to_on),
            order=cast(reports.Order, order),
            known_at=maybe_instant(known_at),
        )
    if json:
        emit(plain(StatementModel.of(found)), as_json=True)
    else:
        _print(_LINE, _lines(found), as_csv)


@app.command("general-ledger")
def general_ledger(
    tenant: Tenant,
    from_on: From,
    to_on: To,
    currency: Currency = None,
    legal_entity: LegalEntity = None,
    known_at: KnownAt = None,
    as_csv: Csv = False,
    json: Json = False,
) -> None:
    """Every account's lines of some days, each between its opening and its closing balance."""
    with begin(tenant) as tx:
        found = whole_ledger(
            tx,
            from_on=day(from_on),
            to_on=day(to_on),
            currency=currency,
            legal_entity_id=legal_entity,
            known_at=maybe_instant(known_at),
        )
        if json:
            emit([plain(StatementModel.of(one)) for one in found], as_json=True)
        else:
            _print(_LINE, (line for one in found for line in _lines(one)), as_csv)


@app.command("ageing")
def ageing(
    tenant: Tenant,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The end of this day; today unless given.")] = None,
    purpose: Annotated[str, typer.Option(help="The accounts of this purpose.")] = "RETURNS_RECEIVABLE",
    account: Annotated[str | None, typer.Option("--account", help="This account alone, by code or id.")] = None,
    currency: Currency = None,
    legal_entity: LegalEntity = None,
    known_at: KnownAt = None,
    as_csv: Csv = False,
    json: Json = False,
) -> None:
    """What receivable accounts are owed by age; the oldest is paid off first."""
    with begin(tenant) as tx:
        rows = reports.ageing(
            tx,
            as_of=day(as_of) if as_of else tx.now().date(),
            purpose=purpose,
            account=account,
            currency=currency,
            legal_entity_id=legal_entity,
            known_at=maybe_instant(known_at),
        )
    if json:
        emit([plain(AgeingModel.of(row)) for row in rows], as_json=True)
        return
    table = [
        [row.code, row.name, row.days_0_30, row.days_31_60, row.days_61_90, row.days_over_90, row.total, row.credit,
         row.currency]
        for row in rows
    ]  # fmt: skip
    titles = ("code", "name", "0-30", "31-60", "61-90", "over 90", "total", "credit", "currency")
    _print(titles, table, as_csv)


@app.command("tree")
def show_tree(
    tenant: Tenant,
    root: Annotated[str | None, typer.Option("--root", help="Only what stands under this account.")] = None,
    currency: Currency = None,
    as_of: AsOfOption = None,
    known_at: KnownAt = None,
    as_csv: Csv = False,
    json: Json = False,
) -> None:
    """The chart as a tree, with what stands below each account added up."""
    with begin(tenant) as tx:
        nodes = tree(tx, root=root, currency=currency, as_of=day_or_instant(as_of), known_at=maybe_instant(known_at))
    if json:
        emit(plain(TreeModel(data=[TreeNodeModel.of(node) for node in nodes])), as_json=True)
        return
    table = [
        [("" if as_csv else "  " * node.depth) + node.code, node.name, node.type, node.parent, node.balance,
         node.subtotal, node.currency]
        for node in nodes
    ]  # fmt: skip
    _print(("code", "name", "type", "parent", "balance", "subtotal", "currency"), table, as_csv)


@app.command("set-parent")
def change_parent(
    tenant: Tenant,
    account: AccountArgument,
    reason: Annotated[str, typer.Option()],
    parent: Annotated[str | None, typer.Option(help="The account to stand under; none unless given.")] = None,
    json: Json = False,
) -> None:
    """Put an account under another in the chart, or under none."""
    with begin(tenant) as tx:
        changed = set_parent(tx, account, parent, reason=reason)
    emit(plain(AccountModel.of(changed)), as_json=json)


def _lines(found: reports.Statement) -> Iterable[Sequence[Any]]:
    code, currency = found.account.code, found.account.currency

    def end(name: str, on: date, balance: Money) -> Sequence[Any]:
        return [code, name, on, None, None, None, None, None, None, None, None, balance, currency]

    yield end("opening", found.from_on, found.opening)
    for line in found.lines:
        transaction = ids.encode("txn", line.transaction_id)
        yield [code, "entry", line.effective_on, line.recorded_at, transaction, line.other_code, line.source_type,
               line.source_id, line.description, line.debit, line.credit, line.balance, currency]  # fmt: skip
    yield end("closing", found.to_on, found.closing)


def _print(titles: Sequence[str], rows: Iterable[Sequence[Any]], as_csv: bool) -> None:
    if not as_csv:
        emit([dict(zip(titles, map(_cell, row), strict=True)) for row in rows], as_json=False)
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow(["" if cell is None else _cell(cell) for cell in row])


def _cell(value: Any) -> Any:
    if isinstance(value, Money):
        return str(value.major)
    return value.isoformat() if isinstance(value, date) else value
