"""The payrolls list and one payroll's drawer: how far its money has come, what it needs, and the gate's words on it."""

from __future__ import annotations

from fastapi.responses import HTMLResponse

from headgate import funding, payments
from headgate.console import lists
from headgate.console.bars import Bar, Part, to_scale
from headgate.console.desk import Desk
from headgate.console.render import HEADERS, figures, fragment, page
from headgate.core.db import Tx
from headgate.core.money import Money

PATH = "payrolls"
PREFIX = "prl"
VIEWS = (
    ("All", ""),
    ("Held at the gate", "gate:held"),
    ("Committed", "status:committed"),
    ("Being paid", "status:paying"),
    ("Paid", "status:paid"),
    ("Partially paid", "status:partially_paid"),
)
KINDS = {"net_pay": "Net pay", "tax": "Taxes", "third_party": "Third parties", "fee": "Fees"}
JUDGEMENTS_SHOWN = 10


def list_page(desk: Desk, *, query_text: str, after: str | None, item_id: str | None) -> HTMLResponse:
    """The list, and beside it one payroll where the address names one."""
    asked = lists.ask(query_text, payments.PAYROLL_TERMS)
    with desk.begin("payments.read") as tx:
        position, _ = payments.changed_things(tx, after=None)
        rows = payments.find_payrolls(tx, asked.query, after=after, limit=lists.ROWS + 1)
        totals = payments.payroll_totals(tx, asked.query)
        life = _life(tx, item_id) if item_id else None
        zone, now, held = payments.time_zone(tx), tx.now(), payments.count_held(tx)
        fewer = None
        if not rows and not after and not asked.error:
            fewer = lists.fewer(
                query_text,
                payments.PAYROLL_TERMS,
                lambda query: sum(t.count for t in payments.payroll_totals(tx, query)),
            )
    return page(
        "payrolls.html",
        title=item_id or "Payrolls",
        here="Payrolls",
        here_path="/payrolls",
        seat=desk.seat,
        seats=desk.seats,
        zone=zone,
        now=now,
        counts={"Gate": held},
        main_class="split",
        position=position,
        current=item_id,
        totals=totals,
        life=life,
        fewer=fewer,
        views=VIEWS,
        **lists.of_list(desk, PATH, "payroll", PREFIX, asked, rows, after=after),
    )


def item(desk: Desk, *, item_id: str, query_text: str, after: str | None) -> HTMLResponse:
    """One payroll's drawer alone, for the script."""
    with desk.begin("payments.read") as tx:
        life, zone, now = _life(tx, item_id), payments.time_zone(tx), tx.now()
    text = fragment(
        "payroll_drawer.html",
        life=life,
        seat=desk.seat,
        base=desk.seat.address,
        zone=zone,
        now=now,
        search=lists.search(query_text, after),
    )
    return HTMLResponse(text, headers=HEADERS)


def rows_of(desk: Desk, *, item_ids: list[str], query_text: str) -> HTMLResponse:
    """The rows of payrolls that changed; those that left the query say so."""
    asked = lists.ask(query_text, payments.PAYROLL_TERMS)
    with desk.begin("payments.read") as tx:
        rows = payments.payroll_rows(tx, item_ids)
        left = frozenset(item_ids) - payments.matching_payrolls(tx, asked.query, item_ids)
        now = tx.now()
    text = fragment(
        "payroll_rows.html",
        rows=rows,
        left=left,
        base=desk.seat.address,
        now=now,
        current=None,
        search=lists.search(query_text, None),
    )
    return HTMLResponse(text, headers=HEADERS)


def _life(tx: Tx, payroll_id: str) -> dict[str, object]:
    row = payments.payroll_row(tx, payroll_id)
    parts = payments.payroll_parts(tx, payroll_id)
    files = payments.payroll_files(tx, payroll_id)
    judgements = funding.list_evaluations(tx, subject=payroll_id, limit=JUDGEMENTS_SHOWN)
    return {
        "row": row,
        "parts": parts,
        "kinds": KINDS,
        "files": files,
        "judgements": [(one, Money(one.required_minor, row.currency), Money(one.available_minor, row.currency))
                       for one in judgements],
        "bars": to_scale(_bars(row)),
        "reasons": reasons(row, files),
    }  # fmt: skip


def _bars(row: payments.PayrollRow) -> list[Bar]:
    """Where its money is: all lines on one scale, so that what lags is seen."""
    lines = [
        Bar("All of it", (Part("need", row.total),), row.total, _counted(row.payments, "payment")),
        Bar("Held", (Part("missing", row.held),), row.held, "waits for funds", is_short=bool(row.held)),
        Bar("Reserved", (Part("reserved", row.waiting),), row.waiting, "waits to be sent"),
        Bar("Sent", (Part("unsure", row.sent),), row.sent, "the bank has not settled it"),
        Bar("Settled", (Part("sure", row.settled),), row.settled, "paid"),
        Bar("Returned", (Part("missing", row.returned),), row.returned, _counted(row.returned_count, "payment")),
    ]
    return [line for line in lines if line.figure]


def reasons(row: payments.PayrollRow, files: list[payments.PayrollFile]) -> list[tuple[str, str]]:
    """Why it stands where it does: causes first, then what happens next. Each with its icon."""
    found = []
    if row.artifact:
        found.append(("book", f"It was read from {row.artifact}."))
    if row.gate_reason:
        gate = "commit" if row.gate_type == "commit" else "pay"
        found.append(("gate", f"The {gate} gate holds it: {row.gate_reason.replace('_', ' ')}. "
                              f"{figures(row.shortfall)} {row.currency} was missing."))  # fmt: skip
    elif row.committed_at:
        found.append(("lock", f"The gate let it pass: {figures(row.total)} {row.currency} was reserved."))
    if files:
        found.append(("arrow", f"Its payments went out in {_counted(len(files), 'file')}."))
    if row.returned_count:
        found.append(("return", f"{_counted(row.returned_count, 'payment')} came back: {figures(row.returned)}."))
    found.append(_next(row))
    return found


def _next(row: payments.PayrollRow) -> tuple[str, str]:
    pay_day = f"{row.pay_on:%a} {row.pay_on.day} {row.pay_on:%b}"
    if row.gate_reason:
        return ("person", "When its client has funded the account and it is asked for again, it is judged afresh.")
    if row.waiting:
        return ("clock", f"What is due for {pay_day} is judged again and sent when its day comes.")
    if row.sent:
        return ("clock", "The bank's statement says when it is settled.")
    if row.returned_count:
        return ("person", "The money that came back is its client's again; each return has a case.")
    return ("check", "All of it is paid: nothing is left to do.")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
