"""The gate: what it holds and why, what would open each block, and what its client sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from headgate import cases, funding, payments
from headgate.console import lists
from headgate.console.bars import Bar, Drawn, Part, to_scale
from headgate.console.gate_acts import EXCEPTION, HOURS
from headgate.console.list_screens import Found, ListScreen, Templates
from headgate.console.pages import Clock
from headgate.console.render import figures, local
from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.core.terms import Query

parse = lists.by(payments.HELD_TERMS)
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
    """One way to open a block: what, how much of what, how long that takes, and how it is done: by `act`, or a request."""

    text: str
    note: str
    code: str | None = None
    act: str | None = None


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


class Blocks:
    """Reads what the gate holds: all of it at once, since what is shown first is what lacks most."""

    def page(self, tx: Tx, text: str, clock: Clock, *, after: str | None, item_id: str | None) -> Found:
        """The blocks that are found and the one that the address names, the largest shortfall first."""
        asked, now = lists.ask(text, parse), clock.now
        everything = payments.held_payrolls(tx)
        # The block that the address names is shown whatever the query says.
        rows = [block for block in everything if block.is_found(asked.query, now) or block.payroll_id == item_id]
        # And it is among the first, however little it lacks.
        rows = sorted(rows, key=lambda block: block.payroll_id != item_id) if len(rows) > BLOCKS_SHOWN else rows

        def count(query: Query) -> int:
            return sum(block.is_found(query, now) for block in everything)

        words = {
            "totals": totals(rows),
            "found": len(rows),
            "fewer": lists.fewer(asked, rows, None, count),
            "nothing_held": not everything,
            **_of_rows(tx, clock),
        }
        return Found(rows[:BLOCKS_SHOWN], None, asked.error, words)

    def opened(self, tx: Tx, payroll_id: str, /) -> dict[str, object]:
        """One block, why it is held, and what would open it."""
        block = payments.held_payroll(tx, payroll_id)
        standing = payments.standing(tx, block)
        zone = payments.time_zone(tx)
        return {
            "block": block,
            "standing": standing,
            "reasons": reasons(block, standing, zone),
            "ways": ways(block, standing),
            "hours": HOURS,
            "asked": _asked(tx, payroll_id),
            "bars": plot(block, standing, zone),
        }

    def changed(self, tx: Tx, text: str, clock: Clock, item_ids: Sequence[str]) -> dict[str, object]:
        """The blocks of these that are left; what the gate let go, or what left the query, says so."""
        query = lists.ask(text, parse).query
        rows = payments.held_payrolls(tx, payroll_ids=list(item_ids))
        return {
            "rows": rows,
            "gone": payments.payroll_rows(tx, sorted(set(item_ids) - {block.payroll_id for block in rows})),
            "left": frozenset(block.payroll_id for block in rows if not block.is_found(query, clock.now)),
            **_of_rows(tx, clock),
        }


def _of_rows(tx: Tx, clock: Clock) -> dict[str, object]:
    """What every row is told beside its own."""
    several = len(payments.currencies(tx)) > 1
    return {"today": clock.today, "coming": _coming(tx), "several_currencies": several}


def _coming(tx: Tx) -> dict[tuple[str, str], funding.Expected]:
    """The next money to become final, by legal entity and currency: what has come before what was only asked for."""
    coming: dict[tuple[str, str], funding.Expected] = {}
    for one in sorted(funding.expected(tx), key=lambda one: not one.is_on_its_way):
        coming.setdefault((one.legal_entity_id, one.amount.currency), one)
    return coming


SCREEN: Final = ListScreen(
    path="gate",
    prefix="prl",
    noun="block",
    label="Gate",
    title="Funding gate",
    templates=Templates("gate.html", "gate_detail.html", "gate_rows.html"),
    views=VIEWS,
    permissions=("payments.read", "funding.read"),
    is_paged=False,
    reads=Blocks(),
)


def _asked(tx: Tx, payroll_id: str) -> list[tuple[cases.Approval, datetime]]:
    """The exceptions that were asked for this payroll, and are neither used nor over; until when each would stand."""
    return [
        (one, datetime.fromisoformat(one.payload["valid_until"]))
        for one in cases.list_approvals(tx, action=EXCEPTION, limit=200)
        if one.status in ("pending", "approved") and one.payload.get("subject") == payroll_id
    ]


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
    found += [("shield", violated(one, block.currency)) for one in block.violations]
    found.append(("arrow", _next(block, standing, zone)))
    return found


def _next(block: payments.HeldPayroll, standing: payments.Standing, zone: str) -> str:
    if standing.would_open(block):
        how = "is judged again" if block.gate_type == "commit" else "is next due to be sent"
        return f"The account has {figures(standing.available)} now: the gate opens when the payroll {how}."
    if block.status == "blocked_policy":
        return "It waits for people: a policy is passed by changing it, or by an approved exception."
    reached = standing.available
    # What is on its way first, then what was asked for this payroll, then what was asked for others of its client.
    for one in sorted(standing.expected, key=lambda e: (not e.is_on_its_way, e.source_id != block.funding_request_id)):
        reached = reached + one.amount
        if reached >= block.required and one.is_on_its_way:
            return f"Covered from {local(one.final_at, zone)} on, when what is on its way is final."
        if reached >= block.required:
            by = f"{one.due_on:%a} {one.due_on.day} {one.due_on:%b}" if one.due_on else local(one.final_at, zone)
            return f"Covered if the client pays what it was asked for by {by}: {figures(one.amount)} has not come."
    missing = block.required - reached
    if missing.minor <= 0:
        return "It is covered by what is there now: ask the gate again."
    coming = "Even with what is expected" if standing.expected else "No funding is expected:"
    return f"{coming} {figures(missing)} {block.currency} is missing."


def violated(violation: Mapping[str, Any], currency: str) -> str:
    """A policy's own words, with the figures that it saw beside its limit, and how many of the payments it is about."""
    figured = [
        f"{str(name).removesuffix('_minor').replace('_', ' ')} {_figure(name, value, currency)}"
        for name, value in sorted(violation["facts"].items(), key=lambda fact: ("limit" not in fact[0], fact[0]))
        if value is not None and not isinstance(value, list | dict)
    ]
    about = f" It is about {violation['refs_count']:,} of the payments." if violation["refs_count"] else ""
    told = f": {', '.join(figured)}" if figured else ""
    return f"Policy {violation['policy'].replace('_', ' ')}: {violation['text']}{told}.{about}"


def _figure(name: str, value: Any, currency: str) -> str:
    if name.endswith("_minor") and isinstance(value, int):
        return f"{figures(Money(value, currency))} {currency}"
    if name.endswith("_bps") and isinstance(value, int):
        return f"{value / 100:,.0f} %"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def ways(block: payments.HeldPayroll, standing: payments.Standing) -> list[Way]:
    """What would open it, the surest first, by the figures of now."""
    if standing.would_open(block) and block.gate_type != "commit":
        return [Way("Nothing: the next sending run judges it again", "At once, when what is due is sent")]
    if standing.would_open(block):
        return [Way("Ask the gate again", "At once · the same payroll, judged afresh", act="judge")]
    found = []
    may_split = block.status == "blocked_funds" and block.gate_type == "commit"
    for advice in standing.advice:
        amount = _of(block, advice.amount_minor) if advice.amount_minor is not None else ""
        when = advice.time_to_resolve.capitalize()
        if advice.action == "fund_account":
            known = f" · its wires name {standing.payer_reference}" if standing.payer_reference else ""
            found.append(Way(f"The client funds the account, {amount}", when + known))
        elif advice.action == "release_expired_reservations":
            found.append(Way("Release reservations of others", when, "POST /v1/ledger/reservations/{id}/release"))
        elif advice.action == "split_payroll":
            if standing.fit:
                fit = f"{standing.fit.people:,} of {block.people:,} people"
                note = f"{when} · {figures(standing.fit.amount)} fits"
                found.append(Way(f"Split the payroll, pay {fit} now", note, act="split" if may_split else None))
        else:
            found.append(Way(str(advice.action).replace("_", " ").capitalize(), f"{when} · {amount}"))
    if block.status == "blocked_policy":
        found.append(Way("Let it pass the policy once", "Another person allows it", act="ask"))
    if block.gate_type == "commit":
        found.append(Way("Ask the gate again", "At once · by the money and the exceptions of now", act="judge"))
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
        rail = one.rail.replace("_", " ")
        if one.is_on_its_way:
            note = f"{rail}, final {local(one.final_at, zone)}"
            bars.append(Bar("On its way", (Part("unsure", one.amount),), one.amount, note))
        else:
            note = f"{rail}, due {one.due_on:%a} {one.due_on.day} {one.due_on:%b}" if one.due_on else rail
            bars.append(Bar("Asked for", (Part("asked", one.amount),), one.amount, note))
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
