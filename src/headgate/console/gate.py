"""The gate: what it holds and why, what would open each block, and what its client sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from fastapi.responses import HTMLResponse

from headgate import funding, payments
from headgate.console import lists
from headgate.console.bars import Bar, Drawn, Part, to_scale
from headgate.console.desk import Desk
from headgate.console.render import HEADERS, day_in, figures, fragment, local, page
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.core.terms import Query

PATH = "gate"
PREFIX = "prl"
VIEWS = (
    ("All", ""),
    ("Funds lack", "reason:insufficient_funds"),
    ("Others hold it", "reason:reservation_conflict"),
    ("Held by a policy", "status:blocked_policy"),
    ("Pay gate", "gate:pay"),
    ("Over a day", "age:>1d"),
)
REQUIRED = {"net_pay": "net pay", "tax": "taxes", "third_party": "third parties", "fee": "fees"}
HOLDERS_SHOWN = 6
BLOCKS_SHOWN = 200


class Figures(NamedTuple):
    """What the blocks add up to in one currency."""

    currency: str
    required: Money
    available: Money
    shortfall: Money
    blocks: int
    by_policy: int
    oldest: payments.HeldPayroll


class Way(NamedTuple):
    """One way to open a block: what, how much of what, how long that takes, and how it is done."""

    text: str
    note: str
    code: str | None


def list_page(desk: Desk, *, query_text: str, after: str | None, item_id: str | None) -> HTMLResponse:
    """The blocks, the largest shortfall first, and one of them opened where the address names it."""
    desk.require("funding.read")
    asked = lists.ask(query_text, payments.HELD_TERMS)
    with desk.begin("payments.read") as tx:
        position, _ = payments.changed_things(tx, after=None)
        everything, now = payments.held_payrolls(tx), tx.now()
        # The block that the address names is shown whatever the query says.
        rows = [block for block in everything if block.is_found(asked.query, now) or block.payroll_id == item_id]
        coming = _coming(tx)
        detail = _detail(tx, item_id) if item_id else None
        # The block that the address names is among the first, however little it lacks.
        rows = sorted(rows, key=lambda block: block.payroll_id != item_id) if len(rows) > BLOCKS_SHOWN else rows
        zone, several = payments.time_zone(tx), len(payments.currencies(tx)) > 1

    def count(query: Query) -> int:
        return sum(block.is_found(query, now) for block in everything)

    return page(
        "gate.html",
        title=item_id or "Funding gate",
        here="Gate",
        here_path="/gate",
        seat=desk.seat,
        seats=desk.seats,
        zone=zone,
        now=now,
        today=day_in(now, zone),
        counts={"Gate": len(everything)},
        position=position,
        current=item_id,
        totals=totals(rows),
        coming=coming,
        several_currencies=several,
        found=len(rows),
        detail=detail,
        fewer=None if rows or asked.error else lists.fewer(query_text, payments.HELD_TERMS, count),
        nothing_held=not everything,
        views=VIEWS,
        **{**lists.of_list(desk, PATH, "block", PREFIX, asked, [], after=None), "rows": rows[:BLOCKS_SHOWN]},
    )


def item(desk: Desk, *, item_id: str, query_text: str, after: str | None) -> HTMLResponse:
    """One block's details alone, for the script."""
    desk.require("funding.read")
    with desk.begin("payments.read") as tx:
        detail, zone = _detail(tx, item_id), payments.time_zone(tx)
    text = fragment(
        "gate_detail.html", detail=detail, base=desk.seat.address, zone=zone, search=lists.search(query_text, None)
    )
    return HTMLResponse(text, headers=HEADERS)


def rows_of(desk: Desk, *, item_ids: list[str], query_text: str) -> HTMLResponse:
    """The rows of blocks that changed; what the gate let go, or what left the query, says so."""
    desk.require("funding.read")
    asked = lists.ask(query_text, payments.HELD_TERMS)
    with desk.begin("payments.read") as tx:
        rows, now = payments.held_payrolls(tx, payroll_ids=item_ids), tx.now()
        gone = payments.payroll_rows(tx, sorted(set(item_ids) - {block.payroll_id for block in rows}))
        coming, zone, several = _coming(tx), payments.time_zone(tx), len(payments.currencies(tx)) > 1
    text = fragment(
        "gate_rows.html",
        rows=rows,
        gone=gone,
        left=frozenset(block.payroll_id for block in rows if not block.is_found(asked.query, now)),
        base=desk.seat.address,
        zone=zone,
        now=now,
        today=day_in(now, zone),
        coming=coming,
        current=None,
        detail=None,
        several_currencies=several,
        search=lists.search(query_text, None),
    )
    return HTMLResponse(text, headers=HEADERS)


def totals(rows: Sequence[payments.HeldPayroll]) -> list[Figures]:
    """What the blocks add up to, by currency. What an account has is counted once, however many wait for it."""
    found = []
    for currency in sorted({block.currency for block in rows}):
        of = [block for block in rows if block.currency == currency]
        here = {block.legal_entity_id: max(0, block.available_minor) for block in of}
        found.append(
            Figures(
                currency=currency,
                required=Money(sum(block.required_minor for block in of), currency),
                available=Money(sum(here.values()), currency),
                shortfall=Money(sum(block.shortfall_minor for block in of), currency),
                blocks=len(of),
                by_policy=sum(block.status == "blocked_policy" for block in of),
                oldest=min(of, key=lambda block: block.since),
            )
        )
    return found


def _coming(tx: Tx) -> dict[tuple[str, str], funding.Expected]:
    """The next money to become final, by legal entity and currency."""
    coming: dict[tuple[str, str], funding.Expected] = {}
    for one in funding.expected(tx):
        coming.setdefault((one.legal_entity_id, one.amount.currency), one)
    return coming


def _detail(tx: Tx, payroll_id: str) -> dict[str, object]:
    block = payments.held_payroll(tx, payroll_id)
    standing = payments.standing(tx, block)
    zone = payments.time_zone(tx)
    return {
        "block": block,
        "standing": standing,
        "reasons": reasons(block, standing, zone),
        "ways": ways(block, standing),
        "bars": plot(block, standing, zone),
    }


def reasons(block: payments.HeldPayroll, standing: payments.Standing, zone: str) -> list[tuple[str, str]]:
    """Why it is held: the need, what the gate saw, and what happens next. Each with its icon."""
    need = ", ".join(
        f"{REQUIRED.get(str(line['kind']), str(line['kind']))} {_of(block, int(line['amount_minor']))}"
        for line in block.requirement
    )
    found = [("gate", f"The {block.gate_type} gate needs {figures(block.required)} {block.currency}: {need}.")]
    taken = block.reserved_minor - block.own_reserved_minor
    saw = f"The account had {_of(block, block.posted_minor)}"
    saw += f", of which {_of(block, taken)} is reserved or pending for others" if taken else ", none of it reserved"
    found.append(("book", f"{saw}: {figures(block.available)} was available."))
    if block.reason == "reservation_conflict":
        found.append(("lock", "Its settled money covers the need; reservations of others hold it."))
    if block.status == "blocked_policy":
        found.append(("shield", "A policy of the tenant holds it, whatever its funds."))
    found.append(("arrow", _next(block, standing, zone)))
    return found


def _next(block: payments.HeldPayroll, standing: payments.Standing, zone: str) -> str:
    if standing.would_open(block):
        how = "is committed again" if block.gate_type == "commit" else "is next due to be sent"
        return f"The account has {figures(standing.available)} now: the gate opens when the payroll {how}."
    sum_coming = standing.available
    for one in standing.expected:
        sum_coming = sum_coming + one.amount
        if sum_coming >= block.required:
            return f"Covered from {local(one.final_at, zone)} on, when what is on its way is final."
    missing = block.required - sum_coming
    if block.status == "blocked_policy" or missing.minor <= 0:
        return "It waits for people: a policy is passed by changing it, or by an approved exception."
    on_its_way = "Even with what is on its way" if standing.expected else "No funding is on its way:"
    return f"{on_its_way} {figures(missing)} {block.currency} is missing."


def ways(block: payments.HeldPayroll, standing: payments.Standing) -> list[Way]:
    """What would open it, the surest first, by the figures of now."""
    if standing.would_open(block):
        if block.gate_type == "commit":
            return [
                Way(
                    "Commit the payroll again",
                    "At once · the same payroll, judged afresh",
                    "POST /v1/payments/payrolls",
                )
            ]
        return [Way("Nothing: the next sending run judges it again", "At once, when what is due is sent", None)]
    found = []
    for advice in standing.advice:
        amount = _of(block, advice.amount_minor) if advice.amount_minor is not None else ""
        when = advice.time_to_resolve.capitalize()
        if advice.action == "fund_account":
            known = f" · its wires name {standing.payer_reference}" if standing.payer_reference else ""
            found.append(Way(f"The client funds the account, {amount}", when + known, None))
        elif advice.action == "release_expired_reservations":
            found.append(Way("Release reservations of others", when, "POST /v1/ledger/reservations/{id}/release"))
        elif advice.action == "split_payroll":
            if standing.fit:
                fit = f"{standing.fit.people:,} of {block.people:,} people"
                found.append(
                    Way(f"Split the payroll, pay {fit} now", f"{when} · {figures(standing.fit.amount)} fits", None)
                )
        else:
            found.append(Way(str(advice.action).replace("_", " ").capitalize(), f"{when} · {amount}", None))
    if block.status == "blocked_policy":
        found.append(Way("Approve an exception, or change the policy", "Needs approval by two people", None))
    return found


def plot(block: payments.HeldPayroll, standing: payments.Standing, zone: str) -> list[Drawn]:
    """The need beside what is available now, what is on its way, and who holds the rest: one scale."""
    have = max(standing.available, Money(0, block.currency))
    missing = max(block.required - have, Money(0, block.currency))
    short = f"{figures(missing)} missing" if missing else "enough"
    bars = [
        Bar("Needed", (Part("need", block.required),), block.required, _people(block)),
        Bar("Available", (Part("sure", min(have, block.required)), Part("missing", missing)), standing.available, short,
            is_short=bool(missing)),
    ]  # fmt: skip
    for one in standing.expected:
        note = f"{one.rail.replace('_', ' ')}, final {local(one.final_at, zone)}"
        bars.append(Bar("On its way", (Part("unsure", one.amount),), one.amount, note))
    shown = standing.holders[:HOLDERS_SHOWN]
    for holder in shown:
        what = f"Reserved by {holder.reference}" if holder.reference else "Reserved by others"
        note = f"{holder.payments:,} {'payment' if holder.payments == 1 else 'payments'}"
        if holder.expires_at:
            note += f", ends {local(holder.expires_at, zone)}"
        link = f"/payrolls/{holder.payroll_id}" if holder.payroll_id else None
        amount = Money(holder.amount_minor, block.currency)
        bars.append(Bar(what, (Part("reserved", amount),), amount, note, link=link))
    rest = standing.holders[HOLDERS_SHOWN:]
    if rest:
        amount = Money(sum(holder.amount_minor for holder in rest), block.currency)
        bars.append(Bar(f"Reserved by {len(rest)} more", (Part("reserved", amount),), amount))
    return to_scale(bars)


def _people(block: payments.HeldPayroll) -> str:
    return f"{block.people:,} people, {block.payments:,} payments" if block.people else f"{block.payments:,} payments"


def _of(block: payments.HeldPayroll, minor: int) -> str:
    return figures(Money(minor, block.currency))
