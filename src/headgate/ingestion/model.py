"""Evidence as data: artifacts, readings, and the views that other domains take of records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from headgate.core.money import Money

ArtifactStatus = Literal["received", "read", "unreadable"]
ArtifactType = Literal[
    "check_image_front",
    "check_image_back",
    "ach_return_pdf",
    "wire_receipt",
    "psp_receipt",
    "webhook_body",
    "bank_file",
    "mail_part",
]
"""What an artifact is as evidence."""
Booking = Literal[
    "wire", "realtime", "ach_entry", "ach_settlement", "ach_return", "check", "card", "book", "fee", "other"
]
"""What a line of a statement is: `ach_entry` an entry that came for us, `ach_settlement` a file of ours."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file or message as it came. `sha256` is that of the plain bytes received, in hexadecimal, and its identity.

    `stored_sha256` is that of the plain bytes stored: another where digits of card numbers were masked in them, at
    `redactions` (member, offset in it, length).
    """

    id: str
    source: str
    kind: str
    filename: str
    sha256: str
    size_bytes: int
    status: ArtifactStatus
    received_at: datetime
    received_by: str
    type: ArtifactType
    mime: str
    metadata: dict[str, Any]
    stored_sha256: str
    redacted: bool
    redactions: list[dict[str, Any]] | None
    is_new: bool = False
    """Whether `receive` has just made it; False in every read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one parser made of an artifact. `proved`: whether its control totals agree; None where it has none."""

    id: str
    artifact_id: str
    parser: str
    kind: str
    records: int
    duplicates: int
    faults: int
    proved: bool | None
    proof: dict[str, Any]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as everyone may see it, and where it was read: bytes from `offset_start` to before `offset_end`."""

    id: str
    artifact_id: str
    reading_id: str
    statement_id: str | None
    source: str
    external_id: str | None
    line: int
    occurrence: int
    offset_start: int
    offset_end: int
    parser: str
    kind: str
    channel: str | None
    direction: Literal["credit", "debit"] | None
    amount_minor: int
    currency: str
    value_on: date | None
    booked_on: date | None
    reference: str | None
    details: dict[str, Any]
    recorded_at: datetime

    @property
    def amount(self) -> Money:
        """The amount, never negative: `direction` says which way."""
        return Money(self.amount_minor, self.currency)

    @property
    def identity(self) -> str:
        """What is the same when the same fact comes again: the source's own id, else the place in the artifact."""
        return self.external_id or f"{self.artifact_id}:{self.line}:{self.occurrence}"


@dataclass(frozen=True, slots=True)
class StoredFault:
    """What is wrong in an artifact; position 0 is the whole line. E was not read, W was read and flagged."""

    id: int
    artifact_id: str
    reading_id: str
    line: int
    position: int
    field: str
    rule: str
    level: Literal["E", "W"]
    message: str


@dataclass(frozen=True, slots=True)
class StoredStatement:
    """One account's statement of one day, in signed minor units. `proved`: opening + total = closing."""

    id: str
    artifact_id: str
    reading_id: str
    ordinal: int
    account_last4: str
    currency: str
    statement_on: date | None
    opening_minor: int | None
    closing_minor: int | None
    total_minor: int
    records: int
    proved: bool | None


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A line of a bank statement, opened: `text` is the bank's free text and may name people.

    `reference` identifies it in the book: the bank's reference, else the customer's, else the record's own id. A
    posting made for this line carries it as `metadata["reference"]`.
    """

    record_id: str
    statement_id: str
    source: str
    external_id: str
    channel: str | None
    booking: Booking
    is_credit: bool
    amount: Money
    value_on: date | None
    booked_on: date | None
    reference: str
    bank_reference: str
    customer_reference: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReturnEntry:
    """An entry of a return file, pointing at the original by its trace number; `trace_number` is its own."""

    record_id: str
    source: str
    external_id: str
    kind: Literal["return", "dishonored", "contested"]
    trace_number: str
    original_trace: str
    original_rdfi: str
    amount: Money
    code: str
    settled_on: date | None


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """A notification of change, opened: which entry it is about, and what shall stand there instead; None: as it was."""

    record_id: str
    source: str
    external_id: str
    original_trace: str
    original_rdfi: str
    code: str
    effective_on: date | None
    routing_number: str | None
    account_number: str | None = field(repr=False)
    transaction_code: str | None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A line of a payroll register, opened. `rail` is the one that it asks for, '' where it asks for none."""

    record_id: str
    line: int
    employee_id: str
    name: str = field(repr=False)
    routing_number: str
    account_number: str = field(repr=False)
    account_type: str
    net_pay: Money
    taxes: Mapping[str, Money]
    obligations: Mapping[str, Money]
    rail: str = ""
