"""Why is it here? The answer for a payment that went to a provider, as an order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from headgate.core.money import Money
from headgate.rails import iso20022, return_codes

Icon = Literal["return", "book", "pause", "person", "gate", "check", "clock", "arrow", "alert", "lock"]
Lines = list[tuple[Icon, str]]


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is known of an order."""

    rail: str
    status: str
    reference: str | None
    created_at: datetime | None
    asked: int
    next_at: datetime | None
    recall: str


def title(rail: str) -> str:
    """A rail as people call it."""
    network = iso20022.NETWORKS.get(rail)
    return network.title if network else {"ach": "ACH", "wire": "Fedwire", "check": "a cheque"}.get(rail, rail)


def code_text(code: str) -> str:
    """What a network's code means, in words; '' where no table knows it."""
    known = iso20022.reason_code(code)
    returned = return_codes().get(code)
    return known.title if known.code else returned.title if returned else ""


def under_way(order: OrderFacts) -> Lines:
    """A payment whose money has left the client's funds, and that has not arrived."""
    name = title(order.rail)
    found: Lines = []
    if order.created_at is None:
        found.append(("arrow", f"It is fixed as an order for {name} and waits to be sent; no byte has left."))
    else:
        at = f"{order.created_at:%a %-d %b %Y %H:%M:%S}Z"
        found.append(("arrow", f"Its message for {name} was made at {at} under {order.reference}."))
    found.append(
        ("book", "Its money has left the client's funds and lies in payroll clearing until the network settles.")
    )
    if order.status == "sending":
        found.append(("clock", "It is being sent. Where no answer comes it is asked about, and never sent again."))
    elif order.status in ("outcome_unknown", "doubted"):
        said = (
            "The network said once that it knows nothing of it"
            if order.status == "doubted"
            else "No answer tells what became of it"
        )
        when = f"{order.next_at:%H:%M:%S}Z" if order.next_at else "soon"
        found.append(("alert", f"{said}. It {_asked(order.asked)}, and is asked about from {when}."))
        found.append(("lock", "It is not sent again while that is not known."))
    elif order.status == "accepted":
        found.append(("check", "The other bank accepted it; it is not settled yet, and asked about until it is."))
    return found + _recall(order)


def settled(order: OrderFacts, on: date | None) -> Lines:
    """A payment that arrived."""
    day = f" on {on:%a %-d %b %Y}" if on else ""
    found: Lines = [("check", f"{title(order.rail)} settled it{day} under {order.reference}, with finality.")]
    if not order.recall:
        found.append(("clock", "Nobody needs to act. It can be asked back, which the other bank may refuse."))
    return found + _recall(order)


def given_back(order: OrderFacts, amount: Money, code: str, on: date | None) -> Lines:
    """A payment that was refused or came back."""
    known = iso20022.reason_code(code)
    text = code_text(code)
    why = f"{code}, {text.lower()}" if text else code
    day = f" on {on:%a %-d %b %Y}" if on else ""
    first = (
        f"{title(order.rail)} refused it{day} with {why}. Nothing moved."
        if order.status == "rejected"
        else f"The other bank gave it back{day} with {why}."
    )
    found: Lines = [("return", first), ("book", f"The {amount.format()} is back in the client's funds.")]
    mend = {
        "after_mending": "It may be paid anew once that is mended; it is never sent again by itself.",
        "later": "It may be paid anew later; it is never sent again by itself.",
        "no": "It cannot go over this rail; it is never sent again by itself.",
    }
    found.append(("pause", mend.get(known.again, "It is never sent again by itself.")))
    return found + _recall(order)


def unheard(order: OrderFacts, amount: Money) -> Lines:
    """An order that its network never heard of."""
    return [
        ("return", f"{title(order.rail)} never heard of it: nothing of it was carried out."),
        ("book", f"The {amount.format()} is back in the client's funds."),
        ("gate", "The payment may be tried anew, by another order, which the pay gate judges first."),
    ]


def _recall(order: OrderFacts) -> Lines:
    told: dict[str, tuple[Icon, str]] = {
        "asked": ("clock", "It is to be asked back; the request goes out with the next round."),
        "pending": (
            "clock",
            "It was asked back. The other bank has not decided; nothing moves before it gives it back.",
        ),
        "promised": (
            "check",
            "The other bank promises to give it back; the money is not here before its return comes.",
        ),
        "refused": ("alert", "It was asked back, and the other bank refuses: the payee keeps the money."),
    }
    return [told[order.recall]] if order.recall in told and order.status != "returned" else []


def _asked(count: int) -> str:
    if not count:
        return "has not been asked about yet"
    return f"was asked about {'once' if count == 1 else f'{count} times'}"
