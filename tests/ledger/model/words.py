"""What the model speaks of: accounts, what is asked for, what is held back, what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

NET_MAX = 2**62 - 1
NOBODY = 2**40
"""The number of an account, a reservation or a transaction that is not there."""

EPOCH = datetime.fromisoformat("2031-03-08T12:00:00+00:00")
"""Noon before the night in which Chicago's clocks change. A history begins half an hour later, and goes by whole hours:
so what falls due on the hour is on one side of now, however long the history takes."""
START = EPOCH + timedelta(minutes=30)
FOREVER = datetime.fromisoformat("9999-01-01T00:00:00+00:00")
NEVER = datetime.fromisoformat("0001-01-02T00:00:00+00:00")


def hour_of(at: datetime) -> int:
    """The hour since the epoch that an instant lies in."""
    return (at - EPOCH) // timedelta(hours=1)


class Raised(Exception):
    """The book has to raise the error of this code and leave everything as it was."""


@dataclass(frozen=True)
class Move:
    """A leg of an account: when it is effective, by how much it changed net, and whose it is."""

    at: datetime
    change: int
    day: date
    key: str
    n: int
    source: tuple[str, str] | None = None


@dataclass
class Account:
    """An account as the model has it: limits on its normal side, None for none.

    `moves` are its legs in the order of their numbers; `zone` stands for its legal entity, which decides its days.
    """

    name: str
    id: int
    type: str
    currency: str
    least: int | None = None
    most: int | None = None
    zone: str | None = None
    purpose: str | None = None
    status: str = "open"
    must_be_zero: bool = False
    net: int = 0
    moves: list[Move] = field(default_factory=list)
    effective_max: datetime = NEVER

    @property
    def legs(self) -> int:
        return len(self.moves)

    @property
    def debit_normal(self) -> bool:
        return self.type in ("ASSET", "EXPENSE")

    @property
    def balance(self) -> int:
        return self.on_its_side(self.net)

    def on_its_side(self, net: int) -> int:
        return net if self.debit_normal else -net

    @property
    def floor(self) -> int:
        return -NET_MAX if self.least is None else self.least

    @property
    def ceiling(self) -> int:
        return NET_MAX if self.most is None else self.most

    def balances_since(self, since: datetime) -> list[tuple[datetime, int]]:
        """What it stood at, at each effective time from `since` on."""
        times = sorted({since, *(move.at for move in self.moves if move.at > since)})
        return [(time, self.on_its_side(self.net_at(time))) for time in times]

    def net_at(self, at: datetime | date | None, known: int | None = None) -> int:
        """Its net by an instant or at the end of a day, of the first `known` of its legs."""
        moves = self.moves if known is None else self.moves[:known]
        if at is None:
            return sum(move.change for move in moves)
        if isinstance(at, datetime):
            return sum(move.change for move in moves if move.at <= at)
        return sum(move.change for move in moves if move.day <= at)


@dataclass(frozen=True)
class Leg:
    """One entry as it is asked for: account numbers, minor units, its conditions, and which entry it is a part of."""

    debit: int
    credit: int
    amount: int
    currency: str = "USD"
    debit_version: int | None = None
    credit_version: int | None = None
    debit_least: int | None = None
    credit_least: int | None = None
    of: int = 0


@dataclass(frozen=True)
class Wanted:
    """A posting, a capture, a reversal or the posting of what was pending, as it is asked for.

    `part` of a reversal: ("entries", ((n, amount), …)) or ("amount", amount, currency, numbers or None, rule); of a
    settlement only the former. None is the whole.
    """

    key: str
    legs: tuple[Leg, ...]
    effective_at: datetime | None = None
    reservation: int | None = None
    reverses: str | None = None
    reason: str | None = None
    pending: bool = False
    expires_at: datetime | None = None
    override: str | None = None
    settles: str | None = None
    part: tuple[Any, ...] | None = None
    source: tuple[str, str] | None = None
    said: Any = None
    """What else its key stands for: the conversion that it books."""

    @property
    def body(self) -> Wanted:
        """What the key stands for: what was asked, not what was left to take when it was asked."""
        return replace(self, key="", legs=() if self.reverses or self.settles else self.legs)

    def __repr__(self) -> str:
        return f"<{self.key}>"


@dataclass(frozen=True)
class WantedReservation:
    """A reservation that is asked for."""

    key: str
    account: int
    amount: int
    currency: str = "USD"
    source: str = "pay_1"
    expires_at: datetime | None = None

    @property
    def body(self) -> WantedReservation:
        """What the key stands for."""
        return replace(self, key="")

    def __repr__(self) -> str:
        return f"<{self.key}>"


@dataclass(frozen=True)
class WantedChange:
    """More to set aside for a reservation (`increased`), or a part of it to give back (`released`)."""

    key: str
    reservation: str
    kind: str
    amount: int
    currency: str = "USD"

    @property
    def body(self) -> WantedChange:
        """What the key stands for."""
        return replace(self, key="")

    def __repr__(self) -> str:
        return f"<{self.key}>"


@dataclass(frozen=True)
class WantedConversion:
    """Money to change: minor units of the account that gives it. `rate` None: the one that is known."""

    key: str
    given: int
    target: int
    amount: int
    currency: str
    rate: str | None = None
    effective_at: datetime | None = None

    @property
    def body(self) -> WantedConversion:
        """What the key stands for."""
        return replace(self, key="")

    def __repr__(self) -> str:
        return f"<{self.key}>"


@dataclass
class Held:
    """A reservation of the model. Once `expired` it was marked; until then it is overdue."""

    key: str
    account: int
    amount: int
    expires_at: datetime | None
    left: int = 0
    captured: int = 0
    released: int = 0
    status: str = "active"

    def overdue(self, now: datetime) -> bool:
        return self.status == "active" and self.expires_at is not None and self.expires_at <= now


@dataclass
class Pending:
    """A transaction that is agreed and not posted: by someone (`pending`), or on its day (`scheduled`)."""

    key: str
    kind: str
    effective_at: datetime | None
    expires_at: datetime | None
    day: date
    legs: tuple[Leg, ...] = ()
    status: str = "pending"
    settled_by: str | None = None
    given_back: frozenset[int] = frozenset()
    """The accounts that were locked since it is overdue: what it held there is free again."""

    def shown(self, now: datetime) -> str:
        overdue = self.status == "pending" and self.expires_at is not None and self.expires_at <= now
        return "overdue" if overdue else self.status


@dataclass
class Period:
    """A period of the whole book (`scope` None), or of the accounts of one zone's legal entity."""

    name: str
    starts_on: date
    ends_on: date
    scope: str | None = None
    late: str | None = None
    """How it was closed: what comes late is refused, or routed to the day after it. None: it is open."""


@dataclass
class Monitor:
    """A threshold on an account's balance, on its normal side, and on which side of it that is."""

    name: str
    account: int
    what: str
    comparison: str
    threshold: int
    crossed: bool


@dataclass(frozen=True)
class CutOff:
    """A settlement of an account: the numbers of the legs that it took, how many of them were late, and their sums."""

    at: datetime
    taken: tuple[int, ...]
    late: int
    debits: int
    credits: int


@dataclass(frozen=True)
class Moment:
    """A real instant between two steps, and what was known of each account then."""

    at: datetime
    legs: dict[int, int]
    held: dict[int, tuple[int, int, int]]
    """By account: reserved, pending to leave, pending to come, overdue or not."""


@dataclass(frozen=True)
class Rate:
    """Units of one currency for one of another, from an instant on, as a source says."""

    given: str
    target: str
    value: str
    at: datetime
    source: str


@dataclass(frozen=True)
class PositionMove:
    """What a conversion did to the position in a currency: quantity, cost and gain, and what it left."""

    key: str
    day: date
    quantity: int
    cost: int
    gain: int
    quantity_after: int
    cost_after: int


@dataclass(frozen=True)
class Answer:
    """What the book has to answer: 0 stands, 1 pending, 2 conflict, from 10 on refused with these figures."""

    code: int
    figures: dict[str, Any] = field(default_factory=dict)
    replayed: bool = False


DECIMALS = {"USD": 2, "EUR": 2, "JPY": 0}


def exchanged(minor: int, given: str, target: str, rate: str) -> int:
    """Minor units of one currency in another, rounded half to even."""
    return round(Fraction(minor) * Fraction(rate) * Fraction(10) ** (DECIMALS[target] - DECIMALS[given]))


def apportioned(amount: int, weights: list[int], rule: str) -> list[int]:
    """An amount over parts: in order, or proportional with the cents that remain to the largest fractions."""
    total = sum(weights)
    parts = list(weights)
    if amount >= total:
        last = max((n for n, weight in enumerate(weights) if weight), default=None)
        if last is not None:
            parts[last] += amount - total
        return parts
    if rule == "in_order":
        for n, weight in enumerate(weights):
            parts[n] = min(weight, amount)
            amount -= parts[n]
        return parts
    parts = [amount * weight // total for weight in weights]
    by_fraction = sorted(range(len(weights)), key=lambda n: (-(amount * weights[n] % total), n))
    for n in by_fraction[: amount - sum(parts)]:
        parts[n] += 1
    return parts
