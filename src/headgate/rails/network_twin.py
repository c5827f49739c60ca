"""What every simulated network has: deliveries with their instants, movements by day, and the noise of a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal, Protocol

from headgate.core.money import Money

LATE_SECONDS = 60


class Unreadable(ValueError):
    """Bytes that are no message of the network, with why."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How often, of a hundred answers, one is lost, comes late, or comes twice; drawn from the seed and its message."""

    lost: int = 0
    late: int = 0
    twice: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of the network: when it comes, and whether it is the answer to the call at hand."""

    at: datetime
    content: bytes = field(repr=False)
    kind: str
    is_answer: bool = True


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved on the network, seen from us: a credit is a payment of ours, or one that came back to us is `returned`."""

    external_trace_id: str
    reference: str
    end_to_end_id: str
    direction: Literal["credit", "debit"]
    amount: Money
    status: Literal["settled", "returned"]
    return_code: str
    on: date


class NetworkTwin(Protocol):
    """One network with everyone on it but us: a message in, messages out. Not for several threads at once."""

    @property
    def name(self) -> str:
        """As payments calls the rail."""
        ...

    def opened(self, content: bytes) -> tuple[str, datetime]:
        """What kind of message it is, and the instant at which it was made. Raises Unreadable."""
        ...

    def take(self, content: bytes, at: datetime) -> tuple[Delivery, ...]:
        """What the network sends back for a message, in the order of its coming."""
        ...

    def settlements(self, on: date) -> tuple[Movement, ...]:
        """What moved on a day of the network, in order."""
        ...


def through_noise(seed: int, noise: Noise, message_id: str, sent: Sequence[Delivery]) -> list[Delivery]:
    """The deliveries with the seed's noise: an answer is lost, late (and then no answer to the call), or doubled."""
    found = []
    for number, delivery in enumerate(sent):
        draw = random.Random(f"{seed}:{message_id}:{number}").randrange(100)  # noqa: S311 - no secret
        if draw < noise.lost:
            continue
        if draw < noise.lost + noise.late:
            late = delivery.at + timedelta(seconds=LATE_SECONDS)
            found.append(replace(delivery, at=late, is_answer=False))
            continue
        found.append(delivery)
        if draw < noise.lost + noise.late + noise.twice:
            found.append(replace(delivery, is_answer=False))
    return found
