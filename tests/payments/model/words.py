"""What the model's world is made of: days, clients, what they owe, payrolls and their payments, requests, files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

BEGIN = date(2026, 11, 30)
"""A Monday. Histories move on banking days only, at 20:00 UTC: after noon in Chicago, before the bank's close."""
CLOSED = {date(2026, 12, 25), date(2027, 1, 1), date(2027, 1, 18), date(2027, 2, 15)}
SINGLE_MAX = 9_000
"""No payment of more, in cents."""
DAILY_MAX = 40_000
"""What of the first client may leave on one day, in cents; the second has no such limit."""
WAITING = ("requested", "submitted", "partially_funded", "returned")
UNSENT = ("pending", "awaiting_funding", "blocked_funds")


def banking_day(day: date, number: int) -> date:
    """So many banking days later; earlier where negative."""
    step = timedelta(days=1 if number > 0 else -1)
    for _ in range(abs(number)):
        day += step
        while day.weekday() >= 5 or day in CLOSED:
            day += step
    return day


@dataclass
class Client:
    """A legal entity's money in cents: `posted` is final and its own; `owed` is what late returns left, the oldest first."""

    posted: int = 0
    owed: list[int] = field(default_factory=list)
    line: int = 0
    drawn: int = 0
    final_in: int = 0
    """What ever became its own: wires, debits past their hold, credit drawn."""


@dataclass
class Payment:
    """One employee's pay. `reservation` counts reservations in the order of their making; `holds` while it is active."""

    employee: int
    amount: int
    status: str = ""
    reservation: int | None = None
    holds: bool = False
    attempt: str = ""


@dataclass
class Payroll:
    """A payroll of a client, in its own order."""

    name: str
    client: int
    pay_on: date
    payments: list[Payment]
    status: str = "pending"
    judged: int = 0

    @property
    def release_on(self) -> date:
        return banking_day(self.pay_on, -1)


@dataclass
class Event:
    """Money of a debit: `held` until `free_on`, then `final`; or `returned`."""

    amount: int
    free_on: date
    state: str = "held"


@dataclass
class Request:
    """Money asked of a client, for a payroll or by itself."""

    name: str
    client: int
    due_on: date
    number: int
    amount: int
    asked: int
    status: str
    reason: str | None = None
    wired: int = 0
    events: list[Event] = field(default_factory=list)

    @property
    def received(self) -> int:
        return self.wired + sum(event.amount for event in self.events if event.state != "returned")

    def refresh(self) -> None:
        """Where it stands by what was asked and what came."""
        held = any(event.state == "held" for event in self.events)
        if self.status == "cancelled":
            return
        if self.received == 0:
            if self.asked == 0:
                self.status = "covered"
            elif any(event.state == "returned" for event in self.events):
                self.status = "returned"
            elif self.status != "submitted":
                self.status = "requested"
        elif self.received < self.asked:
            self.status = "partially_funded"
        else:
            self.status = "settled" if held else "final"


@dataclass
class File:
    """A file for the bank, by client and day; what it carries, in its order.

    The first that a bank says of a booking is what stands: `is_misread` is a file whose booking came with another amount.
    """

    client: int
    effective_on: date
    carried: list[tuple[Payroll, Payment]]
    status: str = "pending"
    is_misread: bool = False


@dataclass(frozen=True)
class Verdict:
    """What a judgement of the gate has to say."""

    passed: bool
    outcome: str
    reason: str | None
    policies: frozenset[str]
    required: int
    available: int
