"""What is run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """`webhooks` accepted a round, `seconds` of each steady rate, `messages` through validate → post, `singles` one by one;
    `broker` is a RabbitMQ's URL, without which its shapes are left out; `only` these shapes."""

    webhooks: int = 6_000
    seconds: int = 10
    messages: int = 10_000
    singles: int = 1_500
    rounds: int = 1
    broker: str | None = None
    only: tuple[str, ...] = ()
