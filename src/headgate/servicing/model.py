"""Loans as data: dues, receipts, rules, and the lines that say where each cent went. Pure; amounts are minor units.

A *due* is an instalment or a charge with four buckets. A *receipt* is a payment as the fold sees it. A *rule* is what the
tenant chose for a product in a state; the *terms* of a version hold the rules of every state. A *line* is an amount of a
payment in a bucket of a due, or in suspense.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, get_args

Bucket = Literal["fees", "interest", "principal", "escrow"]
Place = Literal["fees", "interest", "principal", "escrow", "suspense", "overpayment"]
InAdvance = Literal["hold", "next", "last"]
Overpayment = Literal["keep", "refund"]
Instruction = Literal["regular", "principal_only"]
Standing = Literal["none", "default", "charged_off", "bankruptcy", "deceased", "military", "forbearance", "transferred"]
State = Literal[
    "pending",
    "current",
    "grace",
    "delinquent",
    "default",
    "charged_off",
    "bankruptcy",
    "deceased",
    "military",
    "forbearance",
    "transferred",
    "paid_off",
    "overpaid",
]
Channel = Literal["ach", "wire", "realtime", "check", "card", "paypal", "venmo", "book", "manual"]
PaymentStatus = Literal["pending", "completed", "reversed"]
Transfer = tuple[Channel, str, str, int, str]
"""A provider's transfer: its channel, its name there, the loan, the amount and its currency."""

BUCKETS: Final[tuple[Bucket, ...]] = get_args(Bucket)
PERIODIC: Final[tuple[Bucket, ...]] = ("interest", "principal", "escrow")
"""What a periodic payment is made of: late fees are not needed for it (Regulation Z, 1026.36(c))."""

CHARGES_AFTER: Final = 1_000_000
"""Charges are numbered after it, instalments up to it: a fee takes no number that the schedule may still bring."""

CHANNELS: Final[tuple[Channel, ...]] = get_args(Channel)
STANDINGS: Final[tuple[Standing, ...]] = get_args(Standing)
STATES: Final[tuple[State, ...]] = get_args(State)


@dataclass(frozen=True, slots=True)
class Due:
    """An instalment, or a charge (which has fees alone), with what is open of it."""

    number: int
    due_on: date
    fees: int = 0
    interest: int = 0
    principal: int = 0
    escrow: int = 0
    is_charge: bool = False

    def of(self, bucket: Bucket) -> int:
        """What is open in a bucket."""
        return int(getattr(self, bucket))

    def with_open(self, amounts: Mapping[Bucket, int]) -> Due:
        """The same due with other amounts open; a bucket that is not named keeps its own."""
        return Due(
            self.number,
            self.due_on,
            amounts.get("fees", self.fees),
            amounts.get("interest", self.interest),
            amounts.get("principal", self.principal),
            amounts.get("escrow", self.escrow),
            self.is_charge,
        )

    @property
    def open_minor(self) -> int:
        """What is open of it in all."""
        return self.fees + self.interest + self.principal + self.escrow

    @property
    def periodic_minor(self) -> int:
        """What is open of its periodic payment: all but the fees."""
        return self.interest + self.principal + self.escrow


@dataclass(frozen=True, slots=True)
class Rule:
    """The allocation policy of a product in a state: which waterfall, which buckets, and what is done beyond the dues.

    `in_advance`: what is left when nothing due is open waits in suspense (`hold`), pays the next instalments, or the
    principal of the last. A bucket that is not allowed takes nothing.
    """

    waterfall: str
    in_advance: InAdvance = "hold"
    allow_fees: bool = True
    allow_interest: bool = True
    allow_principal: bool = True
    allow_escrow: bool = True
    default_loan: bool = False

    def allows(self, bucket: Bucket) -> bool:
        """Whether money may go into a bucket."""
        return bool(getattr(self, f"allow_{bucket}"))

    @property
    def allows_all(self) -> bool:
        """Whether money may go into every bucket, as it may by most rules."""
        return self.allow_fees and self.allow_interest and self.allow_principal and self.allow_escrow


CONSERVATIVE: Final = Rule("suspense_only", "hold", False, False, False, False)
"""What counts in a state for which the tenant chose nothing: the money waits, and a person looks."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a product's policy. Days are counted from the oldest unpaid due date."""

    version_no: int
    grace_days: int
    default_after_days: int | None
    overpayment: Overpayment
    nsf_fee_minor: int
    rules: Mapping[State, Rule]

    def rule(self, state: State) -> Rule:
        """What counts in a state; the conservative rule where nothing was chosen."""
        return self.rules.get(state, CONSERVATIVE)


class DuesUnread(Exception):
    """The dues that were read do not say: it takes those that fall due later too."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A loan as a waterfall sees it: its state, and what is open of its dues, the oldest first.

    `known` are all that fall due up to the day `read_to`, and the next ones. Who asks for more than was read gets DuesUnread.
    """

    state: State
    known: tuple[Due, ...]
    petition_on: date | None = None
    read_to: date = date.max

    @property
    def dues(self) -> tuple[Due, ...]:
        """Every open due."""
        if self.read_to < date.max:
            raise DuesUnread
        return self.known

    def due_by(self, on: date) -> tuple[Due, ...]:
        """The open dues that have fallen due."""
        if on > self.read_to:
            raise DuesUnread
        return tuple(due for due in self.known if due.due_on <= on)

    def in_turn(self) -> Iterator[Due]:
        """Every open due, the oldest first, for as long as somebody asks."""
        yield from self.known
        if self.read_to < date.max:
            raise DuesUnread

    def of(self, dues: Iterable[Due]) -> Situation:
        """The same with these of its dues instead; what is paid of them is left out."""
        return Situation(self.state, tuple(due for due in dues if due.open_minor > 0), self.petition_on, self.read_to)


@dataclass(frozen=True, slots=True)
class Line:
    """An amount, positive, in a bucket of a due, or in suspense (`number` None)."""

    place: Place
    number: int | None
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment that stands, as the fold sees it. `received_on` is the date that counts, `key` breaks a day's ties."""

    id: str
    key: str
    received_on: date
    amount_minor: int
    version_no: int
    instruction: Instruction = "regular"

    @property
    def order(self) -> tuple[date, str]:
        """Its place among the loan's payments, whenever it arrived."""
        return (self.received_on, self.key)


@dataclass(frozen=True, slots=True)
class StandingChange:
    """From a day on, the loan has this standing, whatever its dues say; `none` lets the dues say again."""

    from_on: date
    standing: Standing


@dataclass(frozen=True, slots=True)
class Placed:
    """An amount of a receipt, where it lies since `applied_on`. `is_recovery`: the loan was charged off then."""

    receipt_id: str
    place: Place
    number: int | None
    applied_on: date
    version_no: int
    is_recovery: bool
    amount_minor: int

    @property
    def where(self) -> tuple[str, Place, int | None, date, int, bool]:
        """All of it but the amount."""
        return (self.receipt_id, self.place, self.number, self.applied_on, self.version_no, self.is_recovery)


@dataclass(frozen=True, slots=True)
class Parts:
    """How a payment is divided, as its row says: they add up to it."""

    principal: int = 0
    interest: int = 0
    fee: int = 0
    escrow: int = 0
    suspense: int = 0


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment of a loan. `loan_id` may be the client's own name for it. `received_on` is when it reached the servicer."""

    loan_id: str
    idempotency_key: str
    amount_minor: int
    currency: str
    received_on: date
    source_channel: Channel
    provider_transfer_id: str | None = None
    provider_account_id: str | None = None
    ingestion_id: str | None = None
    instruction: Instruction = "regular"

    @property
    def transfer(self) -> Transfer | None:
        """What makes it one with another payment of another key, where its provider named its transfer."""
        if self.provider_transfer_id is None:
            return None
        return (self.source_channel, self.provider_transfer_id, self.loan_id, self.amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class NewLoan:
    """A loan to board: what the client calls it, its product, and where it is known, its borrower."""

    external_id: str
    product: str
    currency: str
    legal_entity_id: str
    borrower_id: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedPayment:
    """A payment that stands, with its lines. `replayed`: its key, or its transfer, was known."""

    id: str
    loan_id: str
    parts: Parts
    status: PaymentStatus
    replayed: bool = False
    lines: tuple[Placed, ...] = field(default=())


def parts_of(lines: tuple[Placed, ...] | list[Placed]) -> Parts:
    """What lines come to; an overpayment is counted with suspense."""
    sums = dict.fromkeys(("principal", "interest", "fees", "escrow", "suspense"), 0)
    for line in lines:
        sums["suspense" if line.place == "overpayment" else line.place] += line.amount_minor
    return Parts(sums["principal"], sums["interest"], sums["fees"], sums["escrow"], sums["suspense"])
