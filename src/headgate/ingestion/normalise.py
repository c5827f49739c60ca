"""A parser's record as a row: what everyone may see in columns, what names people or accounts sealed beside it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from headgate.core.money import Money
from headgate.ingestion.bookings import booking_of, channel_of
from headgate.ingestion.records import (
    ChangeRecord,
    Parsed,
    Record,
    RegisterAmount,
    RegisterRecord,
    ReturnRecord,
    SettlementRecord,
    TransactionRecord,
)

STATEMENT_LINE: Final = "statement_line"
RETURN_ENTRY: Final = "return_entry"
CHANGE_ENTRY: Final = "change_entry"
REGISTER_ROW: Final = "register_row"
SETTLEMENT_EVENT: Final = "settlement_event"

_NO_REFERENCE: Final = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NONE"})
"""What banks write into a reference that was not given."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record to store. `occurrence` counts the records of its line from 1; `statement` is its index in the file."""

    line: int
    occurrence: int
    kind: str
    external_id: str | None
    channel: str | None
    direction: str | None
    amount: Money
    value_on: date | None
    booked_on: date | None
    reference: str | None
    details: dict[str, Any]
    private: dict[str, Any] = field(repr=False)
    statement: int | None

    @property
    def private_text(self) -> bytes:
        """The private part as it is sealed."""
        return json.dumps(self.private, ensure_ascii=False, separators=(",", ":")).encode()


class LineOffsets:
    """Where each line of a file begins and ends, in bytes, line ends left out."""

    def __init__(self, data: bytes) -> None:
        self._size = len(data)
        self._spans: list[tuple[int, int]] = []
        if data.startswith((b"\xff\xfe", b"\xfe\xff", b"PK\x03\x04")):
            return
        start = 0
        for end in re.finditer(rb"\r\n|\r|\n", data):
            self._spans.append((start, end.start()))
            start = end.end()
        self._spans.append((start, len(data)))

    @property
    def count(self) -> int:
        """How many lines there are; one where the file has none."""
        return max(1, len(self._spans))

    def of(self, line: int) -> tuple[int, int]:
        """The bytes of a line; the whole file where it has no such line (no line ends, 16-bit letters, a workbook)."""
        return self._spans[line - 1] if 1 <= line <= len(self._spans) else (0, self._size)


def rows(parsed: Parsed) -> list[Row]:
    """Every record of a file as a row, in its order."""
    seen: Counter[int] = Counter()
    made = []
    for record in parsed.records:
        seen[record.line] += 1
        made.append(_row(record, max(record.line, 1), seen[record.line]))
    return made


def _row(record: Record, line: int, occurrence: int) -> Row:
    if isinstance(record, TransactionRecord):
        return _statement_line(record, line, occurrence)
    if isinstance(record, ReturnRecord):
        return _return_entry(record, line, occurrence)
    if isinstance(record, ChangeRecord):
        return _change_entry(record, line, occurrence)
    if isinstance(record, SettlementRecord):
        return _settlement_event(record, line, occurrence)
    return _register_row(record, line, occurrence)


def _statement_line(record: TransactionRecord, line: int, occurrence: int) -> Row:
    booking = booking_of(record.type_code)
    customer, bank = _given(record.customer_reference), _given(record.bank_reference)
    return Row(
        line=line,
        occurrence=occurrence,
        kind=STATEMENT_LINE,
        external_id=record.external_id,
        channel=channel_of(booking),
        direction=record.direction,
        amount=record.amount,
        value_on=record.value_on,
        booked_on=record.booked_on,
        reference=customer or bank,
        details={
            "booking": booking,
            "type_code": record.type_code,
            "bank_reference": bank,
            "customer_reference": customer,
        },
        private={"text": record.text},
        statement=record.statement,
    )


def _return_entry(record: ReturnRecord, line: int, occurrence: int) -> Row:
    return Row(
        line=line,
        occurrence=occurrence,
        kind=RETURN_ENTRY,
        external_id=record.external_id,
        channel="ach",
        direction=record.direction,
        amount=record.amount,
        value_on=record.effective_on,
        booked_on=None,
        reference=record.original_trace,
        details={
            "kind": record.kind,
            "original_trace": record.original_trace,
            "original_rdfi": record.original_rdfi,
            "return_code": record.return_code,
            "trace_number": record.trace_number,
            "sec_code": record.sec_code,
        },
        private={
            "individual_id": record.individual_id,
            "company_id": record.company_id,
            "information": record.information,
        },
        statement=None,
    )


def _change_entry(record: ChangeRecord, line: int, occurrence: int) -> Row:
    return Row(
        line=line,
        occurrence=occurrence,
        kind=CHANGE_ENTRY,
        external_id=record.external_id,
        channel="ach",
        direction=None,
        amount=Money(0, "USD"),
        value_on=record.effective_on,
        booked_on=None,
        reference=record.original_trace,
        details={
            "original_trace": record.original_trace,
            "original_rdfi": record.original_rdfi,
            "change_code": record.change_code,
            "trace_number": record.trace_number,
        },
        private={
            "individual_id": record.individual_id,
            "company_id": record.company_id,
            "routing_number": record.routing_number,
            "account_number": record.account_number,
            "transaction_code": record.transaction_code,
            "name": record.name,
            "corrected_individual_id": record.corrected_individual_id,
        },
        statement=None,
    )


def _settlement_event(record: SettlementRecord, line: int, occurrence: int) -> Row:
    return Row(
        line=line,
        occurrence=occurrence,
        kind=SETTLEMENT_EVENT,
        external_id=record.external_id,
        channel=record.rail or None,
        direction=record.direction,
        amount=record.amount,
        value_on=record.effective_on,
        booked_on=record.occurred_on,
        reference=_given(record.reference),
        details={
            "provider": record.provider,
            "kind": record.kind,
            "status": record.status,
            "fee_minor": record.fee.minor,
            "net_minor": record.net.minor,
            "group": record.group,
            "external_trace_id": record.external_trace_id,
            "return_code": record.return_code,
        },
        private={"text": record.text, "customer_reference": record.customer_reference},
        statement=None,
    )


def _register_row(record: RegisterRecord, line: int, occurrence: int) -> Row:
    return Row(
        line=line,
        occurrence=occurrence,
        kind=REGISTER_ROW,
        external_id=None,
        channel=None,
        direction=None,
        amount=record.net_pay,
        value_on=None,
        booked_on=None,
        reference=None,
        details={"rail": record.rail} if record.rail else {},
        private={
            "employee_id": record.employee_id,
            "name": record.name,
            "routing_number": record.routing_number,
            "account_number": record.account_number,
            "account_type": record.account_type,
            "taxes": _amounts(record.taxes),
            "obligations": _amounts(record.obligations),
        },
        statement=None,
    )


def _amounts(amounts: Sequence[RegisterAmount]) -> list[list[Any]]:
    return [[one.name, one.amount.minor, one.amount.currency] for one in amounts]


def _given(reference: str) -> str | None:
    text = reference.strip()
    return None if text.upper() in _NO_REFERENCE else text
