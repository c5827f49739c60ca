"""The life of one instant payment as data: what an answer, or silence, changes, and what is to be done then.

`instant_moves.csv` has a row for every state and event. Only `ready` sends, so a payment goes out once, whatever comes,
comes twice, comes late or never comes; silence leads to a question (pacs.028) and never to a second payment. That the
network never heard of it must be said by two answers before it is believed (`doubted`, then `unheard`). What contradicts
what stands is for a person (`case`).

FedNow's procedures let a sender send again, under the same id, what was not found. We do not: what is `unheard` is over,
and paying after all is a new attempt, which the gate judges anew.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, cast, get_args

from headgate.core.money import Money

State = Literal["ready", "sent", "unknown", "doubted", "unheard", "accepted", "settled", "rejected", "returned"]
EventName = Literal[
    "submit", "silence", "accepted", "settled", "rejected", "duplicate", "not_found", "still_open", "returned"
]
Action = Literal["none", "send", "ask", "already_sent", "case"]
RecallState = Literal["", "asked", "pending", "promised", "refused"]

STATES: tuple[State, ...] = get_args(State)
EVENTS: tuple[EventName, ...] = get_args(EventName)
FINAL: frozenset[State] = frozenset({"unheard", "settled", "rejected", "returned"})
"""States after which nothing is asked any more; `settled` may still become `returned`."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a payment: a message (`message_id` is its own), our sending, or silence, which have none.

    `recall` is what a camt.029 said of our request to give back, beside which no state changes.
    """

    name: EventName | Literal["recall"]
    message_id: str = ""
    code: str = ""
    amount: Money | None = None
    recall: RecallState = ""


@dataclass(frozen=True, slots=True)
class Life:
    """Where a payment stands, and the messages about it that were taken: each counts once."""

    amount: Money
    state: State = "ready"
    recall: RecallState = ""
    code: str = ""
    returned_minor: int = 0
    seen: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def moves() -> Mapping[tuple[State, EventName], tuple[State, Action]]:
    """Every state and event with the next state and what is to be done."""
    text = files("headgate.rails").joinpath("instant_moves.csv").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            (cast(State, row["state"]), cast(EventName, row["event"])): (
                cast(State, row["next"]),
                cast(Action, row["action"]),
            )
            for row in csv.DictReader(io.StringIO(text, newline=""))
        }
    )


def step(life: Life, event: Event) -> tuple[Life, Action]:
    """The life after an event, and what is to be done. A message that was taken before changes nothing."""
    if event.message_id:
        if event.message_id in life.seen:
            return life, "none"
        life = replace(life, seen=life.seen | {event.message_id})
    if event.name == "recall":
        return replace(life, recall=_recall(life.recall, event.recall)), "none"
    if event.name == "returned":
        back = life.returned_minor + (event.amount.minor if event.amount else life.amount.minor)
        life = replace(life, returned_minor=back)
        if back > life.amount.minor:
            return life, "case"  # More came back than was sent: nothing that a rule may settle.
        if back < life.amount.minor:
            return _move(life, replace(event, name="settled"))  # A part came back, so it had settled.
    return _move(life, event)


def _move(life: Life, event: Event) -> tuple[Life, Action]:
    assert event.name != "recall", "a recall's answer moves no state"
    state, action = moves()[life.state, event.name]
    code = event.code if event.code and state != life.state else life.code
    return replace(life, state=state, code=code), action


def _recall(standing: RecallState, said: RecallState) -> RecallState:
    """A final answer stands, whatever comes late after it."""
    return standing if standing in ("promised", "refused") else said
