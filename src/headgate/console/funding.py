"""Funding: what came in and from whom, what is not final yet, and by which day what still lacks must be here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

from headgate import cases, funding, payments, rails
from headgate.console import lists
from headgate.console.bars import Bar, Drawn, Part, to_scale
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.console.pages import Clock
from headgate.console.render import day_in, figures
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.core.terms import Query
from headgate.tenants import legal_entity

parse = lists.by(funding.DEPOSIT_TERMS)
VIEWS = (
    ("All", ""),
    ("Unknown payer", "status:unknown_payer"),
    ("Not final", "status:provisional"),
    ("Wires", "rail:wire"),
    ("Large", "amount:>50000"),
    ("This week", "age:<7d"),
)
DAYS_BEFORE, DAYS_AHEAD, DAYS_AHEAD_MAX = 4, 4, 10


class Opened(NamedTuple):
    """One deposit, and who was asked to say whose it is: each with the client that is named."""

    row: funding.DepositRow
    assignments: list[tuple[cases.Approval, str]]


def _opened(tx: Tx, deposit_id: str) -> Opened:
    row = funding.deposit_row(tx, deposit_id)
    return Opened(row, asked_whose(tx, row))


def _beside(tx: Tx, query: Query, clock: Clock) -> dict[str, object]:
    """The plot of days, what is waited for, and the figures over all deposits, in the query's currency."""
    currencies = payments.currencies(tx)
    currency = query.params["currency"] or (currencies[0] if currencies else "USD")
    blocks = [block for block in payments.held_payrolls(tx) if block.currency == currency]
    zone, today = clock.zone, clock.today
    expected = funding.expected(tx, currency=currency)
    coming = [one for one in expected if one.is_on_its_way]
    # What a held payroll lacks is asked for by its own request: it is shown once, as missing.
    short = {block.funding_request_id for block in blocks if block.shortfall}
    asked_for = [one for one in expected if not one.is_on_its_way and one.source_id not in short]
    days_of = (*(block.leaves_on for block in blocks), *(_counts_on(one, zone) for one in (*coming, *asked_for)))
    days = banking_days(today, max([today, *days_of]))
    received = funding.received_by_day(tx, currency=currency, since=days[0])
    return {
        "today": today,
        "everything": funding.deposit_totals(tx, parse("")),
        "currency": currency,
        "currencies": currencies,
        "blocks": blocks,
        "missing": Money(sum(block.shortfall_minor for block in blocks), currency),
        "days": plot(days, today, zone, currency, received, [*coming, *asked_for], blocks),
        "coming": coming,
        "asked_for": asked_for,
    }


def asked_whose(tx: Tx, row: funding.DepositRow) -> list[tuple[cases.Approval, str]]:
    """Who was asked to say whose money a deposit is, and is not answered: each with the client that is named."""
    if row.status != "unknown_payer":
        return []
    return [
        (one, legal_entity(tx, one.payload["legal_entity_id"]).name)
        for one in cases.list_approvals(tx, action=funding.ASSIGNMENT_ACTION, subject=row.id, limit=20)
        if one.status in ("pending", "approved")
    ]


SCREEN: Final = ListScreen(
    path="funding",
    prefix="dep",
    noun="deposit",
    label="Funding",
    templates=Templates("funding.html", "deposit_detail.html", "deposit_rows.html"),
    views=VIEWS,
    permissions=("payments.read", "funding.read"),
    reads=Searched(
        parse=parse,
        find=funding.find_deposits,
        totals=funding.deposit_totals,
        rows=funding.deposit_rows,
        matching=funding.matching_deposits,
        opened=_opened,
        beside=_beside,
        in_place=True,
    ),
)


def banking_days(today: date, last: date) -> list[date]:
    """The days of the plot: some banking days back, today's (or the next), and those ahead, to `last` where it is near."""
    here = rails.banking_day_on_or_after(today)
    days = [rails.add_banking_days(here, n) if n else here for n in range(-DAYS_BEFORE, DAYS_AHEAD_MAX + 1)]
    return [day for n, day in enumerate(days) if n <= DAYS_BEFORE + DAYS_AHEAD or day <= last]


def plot(
    days: Sequence[date],
    today: date,
    zone: str,
    currency: str,
    received: Sequence[funding.DayIn],
    coming: Sequence[funding.Expected],
    blocks: Sequence[payments.HeldPayroll],
) -> list[Drawn]:
    """What came in by day, what becomes final, what clients were asked for by its due day, and what the gate still waits
    for by the day it must be here.
    """
    zero = Money(0, currency)
    came = {day.on: day for day in received}
    final: dict[date, Money] = {}
    asked: dict[date, Money] = {}
    for one in coming:
        on, by_day = max(_counts_on(one, zone), today), final if one.is_on_its_way else asked
        by_day[on] = by_day.get(on, zero) + one.amount
    lacks: dict[date, Money] = {}
    for block in blocks:
        on = max(block.leaves_on, today)
        lacks[on] = lacks.get(on, zero) + block.shortfall
    bars = []
    for on in sorted({*days, *came, *final, *asked, *lacks}):
        there = came[on].amount if on in came else zero
        due, hoped, short = final.get(on, zero), asked.get(on, zero), lacks.get(on, zero)
        notes = [f"{came[on].count:,} {'deposit' if came[on].count == 1 else 'deposits'}"] if on in came else []
        notes += [f"{figures(due)} becomes final"] if due else []
        notes += [f"{figures(hoped)} asked for"] if hoped else []
        notes += [f"{figures(short)} must still come"] if short else []
        parts = (Part("sure", there), Part("unsure", due), Part("asked", hoped), Part("missing", short))
        bars.append(
            Bar(
                _day(on, today),
                parts,
                there + due + hoped + short,
                ", ".join(notes),
                is_now=on == today,
                is_short=bool(short),
            )
        )
    return to_scale(bars)


def _counts_on(one: funding.Expected, zone: str) -> date:
    """The day on which expected money stands in the plot: of what was asked for, its due day."""
    return one.due_on or day_in(one.final_at, zone)


def _day(on: date, today: date) -> str:
    name = f"{on:%a} {on.day} {on:%b}"
    if on == today:
        return f"{name}, today"
    return f"{name}, tomorrow" if on == today + timedelta(days=1) else name
