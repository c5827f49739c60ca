"""What every transport promises: delivery at least once, to every consumer that subscribed, until it is acknowledged.

A delivery belongs to whoever received it until a deadline; a holder that goes away loses it to the next. Order is not
promised. A transport is used by one thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from headgate.messaging.model import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message at a consumer's door; `message.attempt` counts how often it was there."""

    consumer: str
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStatus:
    """How a consumer's queue is: `oldest_seconds` is the age of what has waited longest, 0.0 where nothing waits.

    None where the transport cannot say. `dead` is what lies with the broker's dead letters and is still to be taken
    into the database.
    """

    consumer: str
    ready: int
    held: int | None
    delayed: int | None
    oldest_seconds: float | None
    dead: int = 0


class Transport(Protocol):
    """A way from the relay to the consumers."""

    waits: bool
    """Whether `receive` itself waits a moment for what may come, so that nobody else need wait before asking again."""

    takes: bool
    """Whether `take` finds the outbox by itself."""

    def take(self, limit: int) -> int | None:
        """Take up to `limit` messages that are due out of the outbox, whole and marked published; how many. None where it
        leaves all that is due, as messages without their payload: they go the relay's way."""

    def subscribe(self, subscriptions: Mapping[str, Sequence[str]]) -> None:
        """Make sure that these consumers get these topics from now on. Safe to repeat."""

    def publish(self, messages: Sequence[Message]) -> dict[int, str]:
        """Hand over messages; returns why by message id for those not taken. The same one twice is harmless."""

    def receive(self, consumers: Sequence[str], limit: int) -> list[Delivery]:
        """Take up to `limit` messages for these consumers, whichever come first."""

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """These were handled, and their effects are committed: they leave."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """These were not looked at: they are free at once, and the attempt does not count."""

    def retry(self, delivery: Delivery, *, error: str, wait_seconds: float) -> None:
        """This one failed: it comes again after a while."""

    def bury(self, delivery: Delivery, *, reason: str) -> None:
        """This one failed for the last time: it lies with the dead letters from now on."""

    def reap(self) -> int:
        """Free what holders that have gone away still hold past their deadline; returns how many."""

    def status(self) -> list[QueueStatus]:
        """How each consumer's queue is."""

    def close(self) -> None:
        """Let go of every connection."""
