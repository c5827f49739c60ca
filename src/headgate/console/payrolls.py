"""The payrolls list and one payroll's drawer: how far its money has come, what it needs, and the gate's words on it."""

from __future__ import annotations

from typing import Final

from headgate import funding, payments
from headgate.console import lists
from headgate.console.bars import Bar, Part, to_scale
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.core.money import Money

parse = lists.by(payments.PAYROLL_TERMS)
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


SCREEN: Final = ListScreen(
    path="payrolls",
    prefix="prl",
    noun="payroll",
    label="Payrolls",
    templates=Templates("payrolls.html", "payroll_drawer.html", "payroll_rows.html"),
    views=VIEWS,
    reads=Searched(
        parse=parse,
        find=payments.find_payrolls,
        totals=payments.payroll_totals,
        rows=payments.payroll_rows,
        matching=payments.matching_payrolls,
        opened=_life,
    ),
)


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
