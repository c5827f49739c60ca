"""Where an order stands: the fold of what was said of it, in the order in which that was heard.

Payments and debits of clients that are spoken for one by one share it (rails/instant_life.py: which answer changes what).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from headgate import rails
from headgate.core.money import Money
from headgate.payments.orders.orders import OrderStatus
from headgate.rails import instant_life

UNSENT: Final = "UNSENT"
"""The code of what could not be written after all: not a byte left."""

OVER: Final = ("rejected", "unheard", "returned")
"""What stands whatever is said later: other words are for people."""

STATUS_OF: Final[dict[instant_life.State, OrderStatus]] = {
    "ready": "ready",
    "sent": "sending",
    "unknown": "outcome_unknown",
    "doubted": "doubted",
    "unheard": "unheard",
    "accepted": "accepted",
    "settled": "settled",
    "rejected": "rejected",
    "returned": "returned",
}
_RECALL_OF: Final[dict[str, instant_life.RecallState]] = {
    "recall_pending": "pending",
    "recall_promised": "promised",
    "recall_refused": "refused",
}
_EVENT_OF: Final[dict[str, instant_life.EventName]] = {
    "accepted": "accepted",
    "settled": "settled",
    "rejected": "rejected",
    "returned": "returned",
    "outcome_unknown": "silence",
    "unheard": "not_found",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it was written down."""

    outcome: str
    code: str
    reason: str
    message_id: str
    amount_minor: int | None


def stored_of(answer: rails.ProviderAnswer) -> Stored:
    """An answer as it will be written down."""
    return Stored(
        "unsent" if answer.code == UNSENT else answer.outcome,
        answer.code,
        answer.reason,
        answer.message_id,
        answer.amount.minor if answer.amount else None,
    )


def fold(amount: Money, heard: Sequence[Stored]) -> instant_life.Life:
    """Where an order of this amount stands that was sent, and of which this was heard."""
    life, _ = instant_life.step(instant_life.Life(amount), instant_life.Event("submit"))
    for one in heard:
        life, _ = step(life, one)
    return life


def step(life: instant_life.Life, said: Stored) -> tuple[instant_life.Life, instant_life.Action]:
    """Where it stands after one more answer, and what is to be done."""
    amount = Money(said.amount_minor, life.amount.currency) if said.amount_minor is not None else None
    if said.outcome == "unsent":
        # Not a byte left: what two answers must say of what may have left, this says by itself.
        life, _ = instant_life.step(life, instant_life.Event("not_found"))
        return instant_life.step(life, instant_life.Event("not_found", code=said.code))
    if said.outcome in _RECALL_OF:
        return instant_life.step(
            life, instant_life.Event("recall", said.message_id, said.code, recall=_RECALL_OF[said.outcome])
        )
    name = "duplicate" if said.reason == "already_sent" else _EVENT_OF[said.outcome]
    return instant_life.step(life, instant_life.Event(name, said.message_id, said.code, amount))
