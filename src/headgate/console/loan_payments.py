"""The list of loans' payments and one payment's drawer: where each of its cents lies, and lay before it was folded again."""

from __future__ import annotations

from typing import Final, NamedTuple

from headgate import alerts, servicing
from headgate.console import lists
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.loan_words import Share, channel_title, shares, shares_of_lines
from headgate.console.loans import PaymentShown, payments_shown
from headgate.core.db import Tx

parse = lists.by(servicing.LOAN_PAYMENT_TERMS)
VIEWS = (
    ("All", ""),
    ("Money waits", "waiting:>0"),
    ("Taken back", "status:reversed"),
    ("Folded again", "folded:again"),
    ("In shadow", "status:pending"),
    ("By wire", "channel:wire"),
)
_EVENTS: Final = {
    "servicing.payment.posted": "Posted",
    "servicing.payment.pending": "Written down only: its channel is in shadow",
    "servicing.payment.reversed": "Taken back",
    "servicing.return.recorded": "A return was recorded",
}


class Event(NamedTuple):
    """Something that happened to a payment, in words."""

    at: object
    text: str
    kind: str
    is_bad: bool


class Opened(NamedTuple):
    """All of one payment. `before` are its shares as they were first, where a later fold changed them."""

    shown: PaymentShown
    view: servicing.PaymentView
    reasons: list[tuple[str, str]]
    before: list[Share]
    events: list[Event]
    told: list[alerts.NotificationView]


def _opened(tx: Tx, payment_id: str) -> Opened:
    row = servicing.payment_row(tx, payment_id)
    (shown,) = payments_shown(tx, [row])
    folded_at = min((line.taken_back_at for line in shown.gone if line.taken_back_at), default=None)
    began = [
        line if line.taken_back_at is None else _standing(line)
        for line in (*shown.standing, *shown.gone)
        if folded_at is not None and line.recorded_at < folded_at
    ]
    events = [_event(one) for one in servicing.events_of_payment(tx, payment_id)]
    is_folded = bool(shown.gone) and row.status == "completed"
    return Opened(
        shown,
        servicing.get_payment(tx, payment_id),
        reasons(shown),
        shares_of_lines(row, began) if is_folded else [],
        events,
        alerts.notifications_of_payment(tx, payment_id),
    )


def reasons(shown: PaymentShown) -> list[tuple[str, str]]:
    """Why it is here, and what became of it."""
    row = shown.row
    came = row.effective_date.strftime("%a %-d %b %Y")
    found = [("check", f"{channel_title(row.source_channel)} payment of loan {row.loan}, received on {came}.")]
    if row.status == "pending":
        return [*found, ("pause", "Written down and not posted: its channel is in shadow. Nothing moved.")]
    if row.status == "reversed":
        code = f" with {row.code}" if row.code else ""
        on = f" on {row.undone_on.strftime('%a %-d %b %Y')}" if row.undone_on else ""
        return [*found, ("return", f"Taken back{code}{on}: {row.reversal_reason}. What it had paid is owed again.")]
    if row.is_folded_again:
        found.append(
            ("scale", "Folded again: a payment of an earlier day, a return or a charge moved where its cents lie.")
        )
    if row.over_minor:
        found.append(("return", "More was paid than is owed: what is over is to be refunded, and a case asks for it."))
    if row.suspense > row.over_minor:
        found.append(("pause", "What waits is applied by itself once it makes up what is due."))
    return found


def _standing(line: servicing.LineStory) -> servicing.LineStory:
    return servicing.LineStory(
        line.payment_id, line.bucket, line.instalment_no, line.amount_minor, line.applied_on, line.policy_version_no,
        line.is_recovery, line.recorded_at, None, line.transaction_id,
    )  # fmt: skip


def _event(one: servicing.Happening) -> Event:
    text = _EVENTS.get(one.kind, one.kind.rpartition(".")[2].replace("_", " ").capitalize())
    return Event(one.at, text, one.kind, one.kind == "servicing.payment.reversed")


SCREEN: Final = ListScreen(
    path="loan-payments",
    prefix="lpay",
    noun="payment",
    label="Loan payments",
    templates=Templates("loan_payments.html", "loan_payment_drawer.html", "loan_payment_rows.html"),
    views=VIEWS,
    permissions=("servicing.read", "alerts.read"),
    words={"channel_title": channel_title, "shares": shares},
    reads=Searched(
        parse=parse,
        find=servicing.find_payments,
        totals=servicing.payment_totals,
        rows=servicing.payment_rows,
        matching=servicing.matching_payments,
        opened=_opened,
    ),
)
