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
    """How a consumer's queue is: `oldest_seconds` is the age of what has waited longest, 0.0 where nothing waits."""

    consumer: str
    ready: int
    held: int
    delayed: int
    oldest_seconds: float


class Transport(Protocol):
    """A way from the relay to the consumers."""

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
