"""Funding requests and their events as data, and the rules that need nothing but the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from headgate.core.money import Money
from headgate.funding.model import DepositRail, Reason
from headgate.rails import add_banking_days

FundingRail = Literal["ach_debit", "inbound_wire", "drawdown", "fednow_rfp", "rtp_rfp", "book"]
RequestStatus = Literal[
    "covered", "requested", "submitted", "partially_funded", "settled", "final", "returned", "cancelled"
]
EventKind = Literal["settled", "partially_funded", "overfunded", "returned"]

FUNDING_RAILS: tuple[FundingRail, ...] = ("ach_debit", "inbound_wire", "drawdown", "fednow_rfp", "rtp_rfp", "book")

RETURN_BANKING_DAYS = 2
"""A receiving bank makes a return available by the opening of the second banking day after settlement (Nacha)."""

BANK_ZONE = ZoneInfo("America/New_York")
"""The zone in which the Reserve Banks count their days."""

DEPOSIT_RAILS: dict[FundingRail, DepositRail] = {
    "inbound_wire": "wire", "drawdown": "wire", "fednow_rfp": "realtime", "rtp_rfp": "realtime", "book": "book",
    "ach_debit": "ach_credit",
}  # fmt: skip
"""As what kind of deposit money of each rail is booked."""


@dataclass(frozen=True, slots=True)
class RailOffer:
    """The rails over which a legal entity's money can come in, as its bank profile says."""

    profile: str
    rails: tuple[FundingRail, ...]
    default_rail: FundingRail


@dataclass(frozen=True, slots=True)
class FundingRequest:
    """Money that is asked for: the intent. `received_minor` came and was not taken back, `held_minor` of it may be."""

    id: str
    idempotency_key: str
    legal_entity_id: str
    subject: str | None
    rail: FundingRail
    profile: str
    amount_minor: int
    asked_minor: int
    currency: str
    due_on: date
    instructions: dict[str, Any]
    status: RequestStatus
    block_reason: Reason | None
    created_at: datetime
    changed_at: datetime
    received_minor: int
    held_minor: int
    was_returned: bool

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def asked(self) -> Money:
        return Money(self.asked_minor, self.currency)

    @property
    def received(self) -> Money:
        return Money(self.received_minor, self.currency)

    @property
    def waits(self) -> bool:
        """Whether money that comes in is meant for it."""
        return self.status in ("requested", "submitted", "partially_funded", "returned")


@dataclass(frozen=True, slots=True)
class FundingEvent:
    """What happened to a request. Money has `final_at`; a return names its event and its code."""

    id: str
    funding_request_id: str
    legal_entity_id: str
    kind: EventKind
    rail: FundingRail
    provider: str
    external_trace_id: str
    amount_minor: int
    currency: str
    settled_at: datetime
    return_deadline_at: datetime | None
    final_at: datetime | None
    of_event_id: str | None
    return_code: str | None
    transaction_id: int
    deposit_id: str | None
    clawed_minor: int
    receivable_minor: int

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def status_of(
    *, asked: int, received: int, held: int, was_returned: bool, before: RequestStatus | None
) -> RequestStatus:
    """Where a request stands by what was asked, what came, and what of it may still be taken back."""
    if before == "cancelled":
        return "cancelled"
    if received == 0:
        if asked == 0:
            return "covered"
        if was_returned:
            return "returned"
        return "submitted" if before == "submitted" else "requested"
    if received < asked:
        return "partially_funded"
    return "settled" if held else "final"


def kind_of(*, asked: int, received: int) -> EventKind:
    """What an arrival is, by what has come with it: less than asked, exactly that, or more."""
    if received == asked:
        return "settled"
    return "partially_funded" if received < asked else "overfunded"


def return_deadline(settled_at: datetime) -> datetime:
    """Until when the bank of a debited account may send the debit back: its second banking day after settlement ends.

    A return is due by the opening of that day; we count the whole day, in the zone of the Reserve Banks.
    """
    return _start_after(settled_at, RETURN_BANKING_DAYS)


def final_at(settled_at: datetime, hold_banking_days: int) -> datetime:
    """From when on money counts that is held so many banking days: 0 is at once, 1 the day after the next one starts."""
    return settled_at if hold_banking_days == 0 else _start_after(settled_at, hold_banking_days)


def _start_after(settled_at: datetime, banking_days: int) -> datetime:
    day = add_banking_days(settled_at.astimezone(BANK_ZONE).date(), banking_days + 1)
    return datetime.combine(day, time(0), BANK_ZONE).astimezone(UTC)
