"""What payments hands to a rail, and what every rail is: an order goes in, a file or a message comes out.

Payments maps an attempt to a `RailOrder`; which bank, company and words stand in it is decided above, by data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, runtime_checkable

from headgate.core.money import Money
from headgate.rails.postal import Address

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
    file is written; otherwise the rail numbers on from the file's first sequence. `receiver_address` and `purpose` (an ISO
    20022 purpose code, as SALA) are for rails that ask for them: a wire names its payee's address. `provider_reference`
    is the id under which a provider knows it, once that was told: by it a provider is asked.
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
    receiver_address: Address | None = field(default=None, repr=False)
    purpose: str = ""
    provider_reference: str = ""


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


Outcome = Literal[
    "accepted",
    "settled",
    "rejected",
    "returned",
    "outcome_unknown",
    "unheard",
    "recall_pending",
    "recall_promised",
    "recall_refused",
]
"""What a provider's answer comes to. `outcome_unknown` is asked about and never sent again; `unheard` says that the
provider knows nothing of it, which is believed when it was said twice, each time after its clock had run out."""


@dataclass(frozen=True, slots=True)
class ProviderAnswer:
    """What a provider said of one attempt. `reason` is our word for its `code`; `evidence` the bytes as they came.

    `reference` is the id under which the provider knows the payment; `message_id` that of the answer itself, by which
    an answer that comes twice is known. `message` says what happened, and what to do where something is to be done.
    `imad` and `omad` are Fedwire's numbers of what was sent and of what the other bank was given; '' where none was told.
    `settled_on` is the day of what is told, `had_settled_on` that on which what came back had settled, where it is told.
    """

    outcome: Outcome
    reference: str
    message: str
    code: str = ""
    reason: str = ""
    message_id: str = ""
    amount: Money | None = None
    evidence: bytes = field(default=b"", repr=False)
    settled_on: date | None = None
    imad: str = ""
    omad: str = ""
    had_settled_on: date | None = None


@dataclass(frozen=True, slots=True)
class ProviderSettlement:
    """One movement that a provider says happened on a day; the same movement has the same `external_trace_id`, always."""

    external_trace_id: str
    reference: str
    individual_id: str
    direction: Direction
    amount: Money
    status: Literal["settled", "returned", "rejected"]
    return_code: str
    effective_on: date


@runtime_checkable
class Provider(Protocol):
    """A rail that is spoken to, order by order. It keeps no state and reads no clock; a call may take its time-out.

    `created_at` is fixed with the attempt before its first byte: from it and the order every id is derived, so that a
    second `submit` of the same sends the same message, which the other side knows again. No transaction may be open.
    """

    @property
    def name(self) -> str:
        """What payments stores with an attempt, as `fednow`."""
        ...

    @property
    def is_simulated(self) -> bool:
        """Whether no money can move: a test tenant is given simulated providers only."""
        ...

    def problems(self, order: RailOrder) -> tuple[str, ...]:
        """Why this order cannot go over this rail, every reason with its mending; empty where it can."""
        ...

    def submit(self, order: RailOrder, *, created_at: datetime) -> ProviderAnswer:
        """Send the order, once. Silence is `outcome_unknown`. Raises CannotWrite before a byte is sent."""
        ...

    def get_status(self, order: RailOrder, *, created_at: datetime, at: datetime) -> ProviderAnswer:
        """Ask what became of it."""
        ...

    def reconcile(self, on: date) -> tuple[ProviderSettlement, ...]:
        """What the provider settled, gave back or took back on a day. Raises EgressFailed where it does not answer."""
        ...

    def cancel(self, order: RailOrder, *, created_at: datetime, at: datetime, reason: str) -> ProviderAnswer:
        """Stop it where the rail can; over an instant rail, ask for it back. `recall_refused` where it cannot."""
        ...


@dataclass(frozen=True, slots=True)
class FundingAsk:
    """Money that a payer is asked for: a drawdown request over Fedwire, a request for payment over FedNow or RTP.

    `reference` (up to 35 characters) comes back with the money; `wanted_on` is when it is to be paid, `expires_on` until
    when the payer may. Nothing moves by it, and the payer may say no.
    """

    ask_id: str
    amount: Money
    payer_name: str = field(repr=False)
    payer_account: str = field(repr=False)
    payer_routing: str
    payee_name: str
    reference: str
    wanted_on: date
    expires_on: date
    remittance: str = ""
    payer_address: Address | None = field(default=None, repr=False)


AskOutcome = Literal["pending", "accepted", "refused", "outcome_unknown", "unheard"]
"""What an answer to a request comes to. `accepted` is a promise: the money is its own message. `outcome_unknown` is asked
about; `unheard` says that nothing is known of it, which is believed when it was said twice."""


@dataclass(frozen=True, slots=True)
class AskAnswer:
    """What was said of a request. `reason` is our word for `code`; `evidence` the bytes as they came.

    `payment_id` is what the provider calls the payment that answers it, where it tells that: that money is the request's.
    """

    outcome: AskOutcome
    message: str
    code: str = ""
    reason: str = ""
    message_id: str = ""
    evidence: bytes = field(default=b"", repr=False)
    payment_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderNames:
    """What names an order's message on its network: its own id, and the reference that all banks of the way keep."""

    message_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """One message that came by itself, with its number in the inbox, and what it says that it is about ('' where nothing)."""

    number: int
    content: bytes = field(repr=False)
    message_id: str
    about_message_id: str
    about_reference: str


@runtime_checkable
class Correspondent(Provider, Protocol):
    """A provider that names an order before it is sent, and has an inbox: answers come late, and money comes back."""

    @property
    def waits_seconds(self) -> int:
        """After how long an answer that did not come may be asked for."""
        ...

    def names(self, order: RailOrder, *, created_at: datetime) -> OrderNames:
        """What will name the message of this order, sent at this instant; it is not sent."""
        ...

    def opens_at(self, order: RailOrder, *, at: datetime) -> datetime:
        """The first instant, from this one on, at which the order may be sent; this one itself where it may go now."""
        ...

    def inbox(self, after: int = 0, *, until: datetime | None = None) -> tuple[InboxMessage, ...]:
        """The messages that came after a number, in their order; the same may come twice. Raises EgressFailed."""
        ...

    def heard(self, message: InboxMessage, order: RailOrder, *, created_at: datetime) -> ProviderAnswer | None:
        """What a message of the inbox says of this order; None where it is not about it, or says nothing of it."""
        ...

    def ask_problems(self, ask: FundingAsk) -> tuple[str, ...]:
        """Why this payer cannot be asked over this rail, every reason with its mending; empty where it can."""
        ...

    def asks_at(self, ask: FundingAsk, *, at: datetime) -> datetime:
        """The first instant, from this one on, at which the payer may be asked."""
        ...

    def ask_names(self, ask: FundingAsk, *, created_at: datetime) -> OrderNames:
        """What will name the request's message; it is not sent. Raises CannotWrite with every problem."""
        ...

    def request(self, ask: FundingAsk, *, created_at: datetime) -> AskAnswer:
        """Ask a payer for money, once. Silence is `outcome_unknown`. Raises CannotWrite before a byte is sent."""
        ...

    def request_status(self, ask: FundingAsk, *, created_at: datetime, at: datetime) -> AskAnswer:
        """Ask what became of a request."""
        ...

    def request_heard(self, message: InboxMessage, ask: FundingAsk, *, created_at: datetime) -> AskAnswer | None:
        """What a message of the inbox says of this request; None where it is not about it."""
        ...

    def incoming(self, message: InboxMessage) -> ProviderSettlement | None:
        """The payment to us that a message of the inbox is, as the report of its day will tell it; None where it is none."""
        ...
