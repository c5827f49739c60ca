"""What a gate policy is: a rule in a file of its own under policies/, judged on what the gate saw and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from headgate.core.money import Money
from headgate.funding.model import GateRequest, GateType, Violation
from headgate.parties import Standing

__all__ = ["Figure", "Limit", "Policy", "Scene", "Twin", "Violation"]

Figure = Literal["amount", "count", "ratio", "days"]


@dataclass(frozen=True, slots=True)
class Limit:
    """What a policy allows: the figures that its kind has. `ratio_bps` is in hundredths of a percent: 20000 is twice.

    `scope` is the legal entity it is for, '' where it is for all of a tenant's together.
    """

    amount_minor: int | None = None
    count: int | None = None
    ratio_bps: int | None = None
    days: int | None = None
    scope: str = ""

    def document(self) -> dict[str, int]:
        """The figures that it has."""
        figures = {
            "amount_minor": self.amount_minor,
            "count": self.count,
            "ratio_bps": self.ratio_bps,
            "days": self.days,
        }
        return {name: value for name, value in figures.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Twin:
    """Another payroll that pays the same people the same amounts."""

    subject: str
    pay_on: date


@dataclass(frozen=True, slots=True)
class Scene:
    """What the gate saw. `today` is the legal entity's; `used` is what others took of the day's room, `taken` we so far.

    `standings` (of accounts that may not be paid as they stand) and `changes` are by bank account; `history` is the need
    of earlier payrolls, the newest first.
    """

    gate_type: GateType
    request: GateRequest
    today: date
    standings: Mapping[str, Standing] = field(default_factory=dict)
    changes: Mapping[str, datetime] = field(default_factory=dict)
    unblocked: frozenset[str] = frozenset()
    history: Sequence[int] = ()
    twins: Sequence[Twin] = ()
    drawn: Money | None = None
    credit_limit: Money | None = None
    used: int = 0
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """A rule of the gate. `needs` are the figures its limit has; with a `default` it holds where nobody has set one.

    `measures` says how much of a day's room a request takes: such a policy has a counter that is locked before the
    account. `client_message` is what the client is told, where the tenant has no words of its own.
    """

    name: str
    title: str
    needs: tuple[Figure, ...]
    judge: Callable[[Scene, Limit], Sequence[Violation]]
    client_message: str
    gates: frozenset[GateType] = frozenset({"commit", "pay"})
    default: Limit | None = None
    measures: Callable[[GateRequest], int] | None = None
