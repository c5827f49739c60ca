"""The loans list and one loan's drawer: how it stands and why, what it owes, where each cent of its payments lies."""

from __future__ import annotations

from datetime import date
from typing import Final, NamedTuple

from headgate import servicing
from headgate.console import lists, pages
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.loan_words import STATES_SAY, Share, Step, channel_title, happened, shares_of_lines
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.servicing import CHARGES_AFTER

PAYMENTS_SHOWN: Final = 24
STEPS_SHOWN: Final = 40
DUES_SHOWN: Final = 18
"""Of a long schedule: those around today."""

parse = lists.by(servicing.LOAN_TERMS)
VIEWS = (
    ("All", ""),
    ("Delinquent", "state:delinquent"),
    ("In default", "state:default"),
    ("Money waits", "waiting:>0"),
    ("Held", "-hold:none"),
    ("Overpaid", "state:overpaid"),
    ("Bankrupt", "state:bankruptcy"),
)


class DueShown(NamedTuple):
    """A due, and how much of it is paid, in per cent. `is_late`: it fell due and is not whole."""

    row: servicing.DueView
    name: str
    reason: str
    payment_id: str | None
    owed: Money
    open: Money
    percent: float
    is_late: bool
    is_next: bool


class PaymentShown(NamedTuple):
    """A payment with its bar, its lines that stand and those that a later fold took back."""

    row: servicing.PaymentListed
    shares: list[Share]
    standing: list[servicing.LineStory]
    gone: list[servicing.LineStory]


class Opened(NamedTuple):
    """All of one loan. `earlier` and `further` count the dues that are not shown, `before` the payments."""

    row: servicing.LoanListed
    reasons: list[tuple[str, str]]
    dues: list[DueShown]
    earlier: int
    further: int
    payments: list[PaymentShown]
    before: int
    steps: list[Step]


def _opened(tx: Tx, loan_id: str) -> Opened:
    row, today = servicing.loan_row(tx, loan_id), pages.today(tx)
    dues = _dues(servicing.dues_of(tx, loan_id), row.currency, today)
    first = max(0, next((n for n, due in enumerate(dues) if due.open), len(dues)) - 3)
    shown = dues[first : first + DUES_SHOWN]
    found = servicing.rows_of_loan(tx, loan_id, limit=PAYMENTS_SHOWN)
    return Opened(
        row,
        reasons(row, dues, today),
        shown,
        first,
        len(dues) - first - len(shown),
        payments_shown(tx, found),
        row.payments - len(found),
        [happened(one, row.currency) for one in servicing.timeline_of(tx, loan_id, limit=STEPS_SHOWN)],
    )


def payments_shown(tx: Tx, rows: list[servicing.PaymentListed]) -> list[PaymentShown]:
    """Payments with their lines, their bars on one scale."""
    stories = servicing.line_stories(tx, [row.id for row in rows])
    longest = max((row.total_received for row in rows), default=0)
    return [
        PaymentShown(
            row,
            shares_of_lines(row, stories[row.id], longest),
            [line for line in stories[row.id] if line.taken_back_at is None],
            [line for line in stories[row.id] if line.taken_back_at is not None],
        )
        for row in rows
    ]


def reasons(row: servicing.LoanListed, dues: list[DueShown], today: date) -> list[tuple[str, str]]:
    """Why it stands as it does, what holds it, what waits, and what comes next."""
    late = next((due for due in dues if due.is_late), None)
    found = [("scale", _state(row, late, today))]
    if row.holds:
        found.append(("lock", f"Held ({', '.join(row.holds)}): its payments are refused until that is lifted."))
    if row.suspense_minor:
        found.append(("pause", _waits(row, late)))
    if row.overpayment_minor:
        found.append(("return", f"{_written(row.overpayment)} is over and to be refunded: a case asks for it."))
    following = next((due for due in dues if due.is_next), None)
    if following is not None:
        on = following.row.due_on.strftime("%a %-d %b %Y")
        found.append(("arrow", f"Next: {_written(following.open)} falls due on {on}."))
    elif not late and row.state != "pending":
        found.append(("check", "Nothing further falls due."))
    return found


def _state(row: servicing.LoanListed, late: DueShown | None, today: date) -> str:
    says = STATES_SAY[row.state]
    if late is None or not row.due_minor:
        return f"{says}."
    days = (today - late.row.due_on).days
    past = f"{days} day{'' if days == 1 else 's'} past due" if days else "due today"
    return f"{says}: {_written(row.due)} is due; the oldest is {late.name.lower()}, {past}."


def _waits(row: servicing.LoanListed, late: DueShown | None) -> str:
    if late is None:
        return f"{_written(row.suspense)} waits for the next instalment."
    return f"{_written(row.suspense)} waits: it does not make up {late.name.lower()} yet, of which {_written(late.open)} is open."


def _dues(rows: list[servicing.DueView], currency: str, today: date) -> list[DueShown]:
    found, is_next = [], True
    for row in rows:
        owed = row.paid_minor + row.open_minor
        comes = is_next and row.due_on > today and row.open_minor > 0
        is_next = is_next and not comes
        name = f"Instalment {row.number}" if row.kind == "instalment" else f"Charge {row.number - CHARGES_AFTER}"
        reason, _, payment_id = (row.reason or "").partition(": lpay_")
        is_late = row.due_on <= today and row.open_minor > 0
        percent = 100 * row.paid_minor / owed if owed else 100.0
        found.append(
            DueShown(
                row,
                name,
                reason,
                f"lpay_{payment_id}" if payment_id else None,
                Money(owed, currency),
                Money(row.open_minor, currency),
                percent,
                is_late,
                comes,
            )
        )
    return found


def _written(amount: Money) -> str:
    return f"{figures(amount)} {amount.currency}"


SCREEN: Final = ListScreen(
    path="loans",
    prefix="loan",
    noun="loan",
    label="Loans",
    templates=Templates("loans.html", "loan_drawer.html", "loan_rows.html"),
    views=VIEWS,
    permissions=("servicing.read",),
    words={"channel_title": channel_title},
    reads=Searched(
        parse=parse,
        find=servicing.find_loans,
        totals=servicing.loan_totals,
        rows=servicing.loan_rows,
        matching=servicing.matching_loans,
        opened=_opened,
    ),
)
