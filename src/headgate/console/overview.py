"""The overview: money in motion, what borrowers paid, what is held and why, who must act, and whether the machine is well."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from headgate import audit, cases, messaging, payments, servicing
from headgate.console import pages
from headgate.console.desk import Desk
from headgate.console.flow import Flow, canal
from headgate.console.loan_words import Share, drawn
from headgate.console.render import figures
from headgate.core.db import Tx
from headgate.core.money import Money

CASES_SHOWN = 6
LAG_SECONDS_MAX = 60.0
RECENT_DAYS = 7


class Station(NamedTuple):
    """A place along the canal. `link` finds the payments that the figure adds up."""

    name: str
    amount: Money
    note: str
    depth: int
    link: str | None


@dataclass(frozen=True, slots=True)
class Light:
    """One line of the health panel."""

    name: str
    ok: bool
    value: str


@dataclass(frozen=True, slots=True)
class LoanState:
    """How many loans are in a state, and of all of them the part, in per cent."""

    state: str
    count: int
    percent: float


class Borrowers(NamedTuple):
    """What borrowers paid in the last `days`, where it lies, and how their loans stand."""

    paid: Money
    payments: int
    came_back: Money
    shares: list[Share]
    states: list[LoanState]
    loans: int
    days: int


def overview(desk: Desk, *, currency: str | None) -> HTMLResponse:
    """The page, drawn from the book in one transaction; in the tenant's first currency unless one is named."""
    with desk.begin("payments.read") as tx:
        currencies = payments.currencies(tx)
        currency = currency or (currencies[0] if currencies else "USD")
        found = payments.flow(tx, currency=currency)
        blocks = [block for block in payments.held_payrolls(tx) if block.currency == currency]
        open_cases = cases.count_open(tx)
        asked = cases.most_urgent(tx, limit=CASES_SHOWN)
        clock = pages.clock(tx)
        dead_letters, counts = len(messaging.dead_letters(tx)), pages.waiting(tx)
        borrowers = _borrowers(tx, currency) if desk.may("servicing.read") else None
    flow = Flow(found.reserved, found.sent, found.settled, found.held, found.held_here)
    return pages.whole(
        desk,
        "overview.html",
        clock,
        label="Overview",
        path="",
        counts=counts,
        currency=currency,
        currencies=currencies,
        flow=flow,
        stations=stations(found, flow, f"{desk.seat.address}/payments"),
        canal=canal(flow),
        borrowers=borrowers,
        blocks=blocks,
        cases=asked,
        open_cases=open_cases,
        lights=lights(desk, dead_letters),
    )


def _borrowers(tx: Tx, currency: str) -> Borrowers | None:
    """None where nobody owes anything in that currency."""
    found = servicing.borrowers_money(tx, currency=currency, within=timedelta(days=RECENT_DAYS))
    if not found.loans:
        return None
    places = (
        ("principal", found.principal),
        ("interest", found.interest),
        ("escrow", found.escrow),
        ("fees", found.fees),
        ("suspense", found.waits),
    )
    count = sum(found.loans.values())
    states = [LoanState(state, loans, 100 * loans / count) for state, loans in found.loans.items()]
    paid, came_back = found.paid, Money(found.came_back, currency)
    return Borrowers(paid, found.payments, came_back, drawn(currency, places, paid.minor), states, count, RECENT_DAYS)


def stations(found: payments.FlowFigures, flow: Flow, list_path: str) -> list[Station]:
    """The five places, each with what its note says and the query that lists its payments."""
    currency = flow.reserved.currency

    def link(*terms: str) -> str:
        return f"{list_path}?{urlencode({'q': ' '.join((f'currency:{currency}', *terms))})}"

    def note(amount: Money, what: str) -> str:
        return f"{figures(amount) if amount else 'nothing'} {what}"

    waiting = found.reserved - found.sent
    passed = "-status:blocked_funds -status:awaiting_funding"
    return [
        Station("Expected", flow.expected, _counted(found.payrolls_expected, "payroll"), 1, link()),
        Station("Received", flow.received, "settled funding only", 2, None),
        Station("Reserved", flow.reserved, note(waiting, "waits to be sent"), 3, link(passed)),
        Station("Sent", flow.sent, note(found.in_flight, "in flight"), 4, link(passed, "-status:pending")),
        Station("Settled", flow.settled, _counted(found.payments_settled, "payment"), 5, link("status:settled")),
    ]


def lights(desk: Desk, dead_letters: int) -> list[Light]:
    """Whether the book's machinery is well: what an operator looks at first."""
    unsealed = audit.oldest_unsealed_seconds(desk.database)
    lag = messaging.oldest_unpublished_seconds(desk.database)
    sealed = "all sealed" if not unsealed else f"{unsealed:.1f} s unsealed"
    return [
        Light("Audit chain", unsealed <= audit.UNSEALED_SECONDS_MAX, sealed),
        Light("Outbox", lag <= LAG_SECONDS_MAX, "nothing waits" if not lag else f"{lag:.1f} s behind"),
        Light("Dead letters", dead_letters == 0, str(dead_letters) if dead_letters else "none"),
    ]


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
