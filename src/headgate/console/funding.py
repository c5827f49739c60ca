"""Funding: what came in and from whom, what is not final yet, and by which day what still lacks must be here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fastapi.responses import HTMLResponse

from headgate import funding, payments, rails
from headgate.console import lists
from headgate.console.bars import Bar, Drawn, Part, to_scale
from headgate.console.desk import Desk
from headgate.console.render import HEADERS, day_in, figures, fragment, page
from headgate.core.money import Money

PATH = "funding"
PREFIX = "dep"
VIEWS = (
    ("All", ""),
    ("Unknown payer", "status:unknown_payer"),
    ("Not final", "status:provisional"),
    ("Wires", "rail:wire"),
    ("Large", "amount:>50000"),
    ("This week", "age:<7d"),
)
DAYS_BEFORE, DAYS_AHEAD, DAYS_AHEAD_MAX = 4, 4, 10


def list_page(desk: Desk, *, query_text: str, after: str | None, item_id: str | None) -> HTMLResponse:
    """The deposits under the plot of days, and one of them opened where the address names it."""
    desk.require("funding.read")
    asked = lists.ask(query_text, funding.DEPOSIT_TERMS)
    with desk.begin("payments.read") as tx:
        position, _ = payments.changed_things(tx, after=None)
        rows = funding.find_deposits(tx, asked.query, after=after, limit=lists.ROWS + 1)
        found = funding.deposit_totals(tx, asked.query)
        everything = funding.deposit_totals(tx, lists.everything(funding.DEPOSIT_TERMS))
        currencies = payments.currencies(tx)
        currency = asked.query.params["currency"] or (currencies[0] if currencies else "USD")
        blocks = [block for block in payments.held_payrolls(tx) if block.currency == currency]
        zone, now, held = payments.time_zone(tx), tx.now(), payments.count_held(tx)
        today = day_in(now, zone)
        coming = funding.expected(tx, currency=currency)
        last = max([today, *(block.leaves_on for block in blocks), *(day_in(one.final_at, zone) for one in coming)])
        days = banking_days(today, last)
        received = funding.received_by_day(tx, currency=currency, since=days[0])
        detail = funding.deposit_row(tx, item_id) if item_id else None
        if detail and all(row.id != detail.id for row in rows):
            rows.insert(0, detail)  # What the address names is shown whatever the query says.
        fewer = None
        if not rows and not after and not asked.error:
            fewer = lists.fewer(
                query_text, funding.DEPOSIT_TERMS, lambda query: sum(t.count for t in funding.deposit_totals(tx, query))
            )
    return page(
        "funding.html",
        title=item_id or "Funding",
        here="Funding",
        here_path="/funding",
        seat=desk.seat,
        seats=desk.seats,
        zone=zone,
        now=now,
        today=today,
        counts={"Gate": held},
        position=position,
        current=item_id,
        totals=found,
        everything=everything,
        currency=currency,
        currencies=currencies,
        blocks=blocks,
        missing=Money(sum(block.shortfall_minor for block in blocks), currency),
        days=plot(days, today, zone, currency, received, coming, blocks),
        coming=coming,
        detail=detail,
        fewer=fewer,
        views=VIEWS,
        **lists.of_list(desk, PATH, "deposit", PREFIX, asked, rows, after=after),
    )


def item(desk: Desk, *, item_id: str, query_text: str, after: str | None) -> HTMLResponse:
    """One deposit's details alone, for the script."""
    desk.require("payments.read")
    with desk.begin("funding.read") as tx:
        detail, zone, now = funding.deposit_row(tx, item_id), payments.time_zone(tx), tx.now()
    text = fragment("deposit_detail.html", detail=detail, base=desk.seat.address, zone=zone, now=now, search="")
    return HTMLResponse(text, headers=HEADERS)


def rows_of(desk: Desk, *, item_ids: list[str], query_text: str) -> HTMLResponse:
    """The rows of deposits that changed; those that left the query say so."""
    desk.require("payments.read")
    asked = lists.ask(query_text, funding.DEPOSIT_TERMS)
    with desk.begin("funding.read") as tx:
        rows = funding.deposit_rows(tx, item_ids)
        left = frozenset(item_ids) - funding.matching_deposits(tx, asked.query, item_ids)
        zone, now = payments.time_zone(tx), tx.now()
    text = fragment(
        "deposit_rows.html",
        rows=rows,
        left=left,
        base=desk.seat.address,
        zone=zone,
        now=now,
        current=None,
        detail=None,
        search=lists.search(query_text, None),
    )
    return HTMLResponse(text, headers=HEADERS)


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
    """What came in by day, what becomes final, and what the gate still waits for by the day it must be here."""
    zero = Money(0, currency)
    came = {day.on: day for day in received}
    final: dict[date, Money] = {}
    for one in coming:
        on = day_in(one.final_at, zone)
        final[on] = final.get(on, zero) + one.amount
    lacks: dict[date, Money] = {}
    for block in blocks:
        on = max(block.leaves_on, today)
        lacks[on] = lacks.get(on, zero) + block.shortfall
    bars = []
    for on in sorted({*days, *came, *final, *lacks}):
        there = came[on].amount if on in came else zero
        due, short = final.get(on, zero), lacks.get(on, zero)
        notes = [f"{came[on].count:,} {'deposit' if came[on].count == 1 else 'deposits'}"] if on in came else []
        notes += [f"{figures(due)} becomes final"] if due else []
        notes += [f"{figures(short)} must still come"] if short else []
        parts = (Part("sure", there), Part("unsure", due), Part("missing", short))
        bars.append(
            Bar(_day(on, today), parts, there + due + short, ", ".join(notes), is_now=on == today, is_short=bool(short))
        )
    return to_scale(bars)


def _day(on: date, today: date) -> str:
    name = f"{on:%a} {on.day} {on:%b}"
    if on == today:
        return f"{name}, today"
    return f"{name}, tomorrow" if on == today + timedelta(days=1) else name
