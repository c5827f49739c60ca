"""What a rail of messages is, whatever its network: an order becomes a message, and a message about it an event in its life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, Protocol

from headgate.rails.contract import AskOutcome, Change, FundingAsk, ProviderSettlement, RailOrder
from headgate.rails.errors import CannotWrite
from headgate.rails.instant_life import Event
from headgate.rails.iso20022 import Message


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A finished message: the same order and instant give the same bytes, always."""

    content: bytes = field(repr=False)
    sha256: str
    message_id: str
    uetr: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What a message says: of which payment, and which event that is; `faults` are what is wrong with the message.

    `event` is None for a message that is no answer of ours (a payment that comes in, a request) or cannot be read.
    `imad` and `omad` are Fedwire's numbers, where it tells them; `settled_on` the day, where it names one.
    """

    message: Message | None
    event: Event | None
    faults: tuple[Any, ...]
    about_message_id: str = ""
    about_uetr: str = ""
    message_id: str = ""
    imad: str = ""
    omad: str = ""
    settled_on: date | None = None


@dataclass(frozen=True, slots=True)
class AskHeard:
    """What a message says of a request for money: which one, and what it comes to."""

    message_id: str
    about_message_id: str
    about_uetr: str
    outcome: AskOutcome
    code: str = ""
    reason: str = ""


class MessageRail(Protocol):
    """A network, as one account at one bank speaks to it. Pure: every id follows from the order and the instant given."""

    @property
    def name(self) -> str:
        """What payments stores with an attempt, as `wire`."""
        ...

    @property
    def title(self) -> str:
        """The network as people call it."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether no money can move."""
        ...

    @property
    def waits_seconds(self) -> int:
        """After how long an answer that did not come may be asked for."""
        ...

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        """Why this order cannot go over this rail, every reason with its mending."""
        ...

    def opens_at(self, order: RailOrder, at: datetime) -> datetime:
        """The first instant from this one on at which the order may be sent."""
        ...

    def transfer(self, order: RailOrder, created_at: datetime) -> OutboundMessage:
        """The payment's message (pacs.008). Raises CannotWrite with every problem."""
        ...

    def question(self, order: RailOrder, created_at: datetime, at: datetime) -> OutboundMessage:
        """The question what became of it (pacs.028), asked now."""
        ...

    def recall(self, order: RailOrder, created_at: datetime, at: datetime, reason: str = "CUST") -> OutboundMessage:
        """The request to give it back (camt.056)."""
        ...

    def asking(self, created_at: datetime, at: datetime) -> Literal["early", "now", "late"]:
        """Whether the network answers a question now."""
        ...

    def read(self, content: bytes, *, is_answer: bool = True) -> Heard:
        """The event that a message is."""
        ...

    def is_about(self, heard: Heard, order: RailOrder, created_at: datetime, question_id: str = "") -> bool:
        """Whether a message speaks of this order's payment."""
        ...

    def uetr_of(self, order: RailOrder) -> str:
        """The reference under which the whole network knows the order's payment."""
        ...

    def ask_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        """Why this payer cannot be asked."""
        ...

    def asks_at(self, ask: FundingAsk, at: datetime) -> datetime:
        """The first instant from this one on at which the payer may be asked."""
        ...

    def ask(self, ask: FundingAsk, created_at: datetime) -> OutboundMessage:
        """The request's message (pain.013). Raises CannotWrite with every problem."""
        ...

    def ask_question(self, ask: FundingAsk, created_at: datetime, at: datetime) -> OutboundMessage:
        """The question what became of the request."""
        ...

    def ask_heard(self, content: bytes) -> AskHeard | None:
        """What a message says of a request; None where it is no answer to one."""
        ...

    def incoming(self, content: bytes) -> ProviderSettlement | None:
        """The payment to us that a message is; None where it is none."""
        ...


def aware(instant: datetime) -> datetime:
    """An instant with its offset; a wall time would make other ids on a machine in another zone."""
    if instant.tzinfo is None:
        raise CannotWrite("a payment is made at an instant; give it with its offset", problems=["no offset"])
    return instant


def refuse(problems: Sequence[str], attempt_id: str) -> None:
    """Raise CannotWrite with every problem, where there is one."""
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise CannotWrite(f"order {attempt_id}: {problems[0]}{more}", problems=list(problems))
