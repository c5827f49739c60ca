"""What is run."""

from __future__ import annotations

from dataclasses import dataclass

from .ground import INSTALMENTS

WARM = 200
WARM_THROUGH = 2_000
"""What the workers do first, unmeasured: so many sets that each of their connections has its statements planned."""
RATES = (100, 300)
LOANS_MIN = 2_000


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

    @property
    def loans(self) -> int:
        """So many that each payment pays an instalment of its own."""
        most = max(self.messages, self.singles, self.webhooks * 2, max(RATES) * self.seconds)
        payments = WARM_THROUGH + most
        return max(LOANS_MIN, -(-payments // INSTALMENTS))
