"""What payments hands to a rail, and what every rail is: an order goes in, a file or a message comes out.

Payments maps an attempt to a `RailOrder`; which bank, company and words stand in it is decided above, by data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

from headgate.core.money import Money

Direction = Literal["credit", "debit"]
AccountType = Literal["checking", "savings", "general_ledger", "loan"]
SecCode = Literal["PPD", "CCD"]


@dataclass(frozen=True, slots=True)
class Company:
    """The originator as the receiver's bank shows it: a name of up to 16 characters and an id of up to 10."""

    name: str
    id: str
    discretionary: str = ""


@dataclass(frozen=True, slots=True)
class RailOrder:
    """One attempt to move money at one bank. `amount` is positive; `direction` is seen from the receiver's account.

    `individual_id` (up to 15 characters) comes back unchanged in a return, so it is our own reference. `is_wages` says
    that the network demands the word PAYROLL. `trace_sequence` is drawn by the caller where it must be known before the
    file is written; otherwise the rail numbers on from the file's first sequence.
    """

    attempt_id: str
    amount: Money
    direction: Direction
    receiver_routing: str
    receiver_account: str = field(repr=False)
    receiver_account_type: AccountType
    receiver_name: str = field(repr=False)
    individual_id: str
    sec_code: SecCode
    description: str
    company: Company
    effective_on: date
    is_wages: bool = False
    addenda: str | None = field(default=None, repr=False)
    trace_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class FileSlot:
    """What makes a file itself and no other, fixed before its first byte: time, modifier, reference, first sequence.

    `created_at` is the bank's wall time; the modifier is one of A to Z and 0 to 9, one a destination, origin and day.
    """

    created_at: datetime
    modifier: str
    reference: str
    first_trace_sequence: int


@dataclass(frozen=True, slots=True)
class Carried:
    """Where an order stands in the file: its trace number is what a return names."""

    attempt_id: str
    trace_number: str
    batch_number: int


@dataclass(frozen=True, slots=True)
class Change:
    """A text that was spelled otherwise in the file, so that nothing is changed silently."""

    attempt_id: str
    field: str
    kind: Literal["transliterated", "shortened"]


@dataclass(frozen=True, slots=True)
class OutboundFile:
    """A finished file: the same orders and slot give the same bytes, always."""

    content: bytes = field(repr=False)
    sha256: str
    carried: tuple[Carried, ...]
    debits: Money
    credits: Money
    changes: tuple[Change, ...]


@runtime_checkable
class Rail(Protocol):
    """A rail that sends files. It is pure: it draws no numbers, reads no clock and touches no network."""

    @property
    def name(self) -> str:
        """What payments stores with an attempt, as `ach`."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether no money can move: a test tenant is given simulated rails only."""
        ...

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        """Why this order cannot go over this rail, every reason with its mending; empty where it can."""
        ...

    def write(self, orders: Sequence[RailOrder], slot: FileSlot) -> OutboundFile:
        """The file of these orders, in their order. Raises CannotWrite with every problem, and writes nothing."""
        ...
