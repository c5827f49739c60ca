"""What the pages of loans and of their payments say alike: where a payment's cents lie, and what happened, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from headgate import servicing
from headgate.console.render import figures
from headgate.core.money import Money

PLACES: Final = (
    ("principal", "principal"),
    ("interest", "interest"),
    ("escrow", "escrow"),
    ("fees", "fees"),
    ("suspense", "waits"),
    ("overpayment", "over"),
)
"""Where a cent may lie, and how it is called on a bar; in the order in which a bar is drawn."""
CHANNELS: Final = {"ach": "ACH", "realtime": "Instant", "paypal": "PayPal"}
STATES_SAY: Final = {
    "pending": "It has no instalments yet",
    "current": "All that fell due is paid",
    "grace": "An instalment is not whole, within its days of grace",
    "delinquent": "An instalment is past due",
    "default": "It is in default",
    "charged_off": "It was charged off: what is paid now is recovery",
    "bankruptcy": "The borrower is bankrupt: nothing may be debited, and what came before and after is parted",
    "deceased": "The borrower has died: nothing may be debited",
    "military": "The borrower is in military service: its rate is capped",
    "forbearance": "It is in forbearance",
    "transferred": "It was transferred: its payments belong to the new servicer",
    "paid_off": "It is paid off",
    "overpaid": "More was paid than is owed",
}


class Share(NamedTuple):
    """A part of a payment on its bar: where it lies, how much, and its length in per cent."""

    place: str
    word: str
    amount: Money
    percent: float


class Step(NamedTuple):
    """Something that happened, in words; `payment_id` leads to its payment."""

    at: datetime
    text: str
    payment_id: str | None
    is_bad: bool


def channel_title(channel: str) -> str:
    """How a channel is written."""
    return CHANNELS.get(channel, channel.capitalize())


def shares(row: servicing.PaymentListed, longest: int | None = None) -> list[Share]:
    """Where a payment's cents lie, as its row says, to the scale of `longest` (else its own length)."""
    found = (
        ("principal", row.principal),
        ("interest", row.interest),
        ("escrow", row.escrow),
        ("fees", row.fee),
        ("suspense", row.suspense - row.over_minor),
        ("overpayment", row.over_minor),
    )
    return drawn(row.currency, found, longest or row.total_received)


def shares_of_lines(
    row: servicing.PaymentListed, lines: Sequence[servicing.LineStory], longest: int | None = None
) -> list[Share]:
    """The same by its lines that stand, which part what waits from what is over; a payment taken back has none."""
    sums = dict.fromkeys((place for place, _ in PLACES), 0)
    for line in lines:
        if line.taken_back_at is None:
            sums[line.bucket] += line.amount_minor
    return drawn(row.currency, tuple(sums.items()), longest or row.total_received)


def drawn(currency: str, sums: Sequence[tuple[str, int]], longest: int) -> list[Share]:
    """Parts of a bar, to the scale of `longest`; what is nothing has none."""
    words = dict(PLACES)
    return [
        Share(place, words[place], Money(minor, currency), 100 * minor / longest) for place, minor in sums if minor > 0
    ]


def happened(one: servicing.Happening, currency: str) -> Step:
    """What happened to a loan, in words."""
    facts = one.facts
    payment_id = facts.get("payment_id")
    return Step(
        one.at, _text(one.kind, facts, currency), payment_id, one.kind == "undone" or facts.get("to") == "default"
    )


def _text(kind: str, facts: Mapping[str, Any], currency: str) -> str:
    def amount(name: str) -> str:
        return f"{figures(Money(facts[name], currency))} {currency}"

    if kind == "moved":
        since = f"; the instalment of {_day(facts['oldest_due_on'])} is open" if facts["oldest_due_on"] else ""
        return f"From {_said(facts['from'])} to {_said(facts['to'])}{since}"
    if kind == "standing":
        return f"Said to be {_said(facts['standing'])} from {_day(facts['from_on'])} on: {facts['reason']}"
    if kind == "charged":
        return f"Charged {amount('fees_minor')}: {facts['reason']}"
    if kind == "held":
        named = (
            ("has_legal_hold", "legal hold"),
            ("has_stop_pay", "stop pay"),
            ("is_kyc_incomplete", "KYC incomplete"),
        )
        held = ", ".join(word for name, word in named if facts[name])
        return f"{f'Held: {held}' if held else 'Held no more'}: {facts['reason']}"
    if kind == "paid":
        channel = channel_title(facts["source_channel"])
        return f"{channel} payment of {amount('amount_minor')}, received {_day(facts['effective_date'])}"
    code = f" ({facts['code']})" if facts.get("code") else ""
    return f"Payment taken back{code}: {facts['reason']}"


def _said(state: str) -> str:
    return state.replace("_", " ")


def _day(text: str) -> str:
    return date.fromisoformat(text).strftime("%-d %b %Y")
