"""Records as read: each is a view of its own line, so that the raw text is always there and nothing is copied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import ClassVar, TypeVar

from headgate.rails.ach import layout
from headgate.rails.ach.codes import TRANSACTION_CODES
from headgate.rails.ach.layout import Layout

T = TypeVar("T", bound="Record")
_HALF_A_YEAR = 183


class _Text:
    """A text field of the record's table, without its blanks on the right; empty where the table has no such field."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Record | None, owner: type[Record]) -> str:
        if record is None or self.name not in record.layout:
            return ""
        return record.layout[self.name].of(record.line).rstrip()


class _Number:
    """A numeric field; None where it holds something else (the reader has then named the fault)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, record: Record | None, owner: type[Record]) -> int | None:
        if record is None or self.name not in record.layout:
            return None
        text = record.layout[self.name].of(record.line)
        return int(text) if text.isascii() and text.isdigit() else None


class Record:
    """A line of a file: `number` counts from 1; `is_broken` says that a rule of level E failed in it."""

    __slots__ = ("is_broken", "layout", "line", "number")
    record_layout: ClassVar[Layout]

    def __init__(self, line: str, number: int, table: Layout | None = None) -> None:
        self.line = line
        self.number = number
        self.layout = table or self.record_layout
        self.is_broken = False

    def value(self, name: str) -> str:
        """A field of the record's table by its name, without its blanks on the right. Raises KeyError."""
        return self.layout[name].of(self.line).rstrip()

    def __repr__(self) -> str:
        return f"<{self.layout.name} in line {self.number}>"


class FileHeader(Record):
    """Record 1."""

    __slots__ = ()
    record_layout = layout.FILE_HEADER
    destination = _Text("destination")
    origin = _Text("origin")
    modifier = _Text("modifier")
    destination_name = _Text("destination_name")
    origin_name = _Text("origin_name")
    reference = _Text("reference")
    created_time = _Text("created_at")

    @property
    def created_on(self) -> date | None:
        return real_date(layout.FILE_HEADER["created_on"].of(self.line))


class BatchHeader(Record):
    """Record 5."""

    __slots__ = ()
    record_layout = layout.BATCH_HEADER
    service_class = _Text("service_class")
    company_name = _Text("company_name")
    discretionary = _Text("discretionary")
    company_id = _Text("company_id")
    sec_code = _Text("sec_code")
    description = _Text("description")
    descriptive_date = _Text("descriptive_date")
    settlement_julian = _Number("settlement_julian")
    odfi = _Text("odfi")
    batch_number = _Number("batch_number")

    @property
    def effective_on(self) -> date | None:
        return real_date(self.layout["effective_on"].of(self.line))

    def settled_on(self, near: date) -> date | None:
        """The settlement date that the operator wrote as a day of the year, in the year that lies nearest to a date.

        The file's creation date is what it lies near to. None where no day is written, or no such day exists.
        """
        return julian_date(self.settlement_julian, near)


class Addenda(Record):
    """Record 7, of any kind."""

    __slots__ = ()
    record_layout = layout.ADDENDA_ANY
    addenda_type = _Text("addenda_type")
    information = _Text("information")
    sequence = _Number("sequence")
    change_code = _Text("change_code")
    return_code = _Text("return_code")
    original_trace = _Text("original_trace")
    original_rdfi = _Text("original_rdfi")
    dated = _Text("dated")
    return_trace = _Text("return_trace")
    return_reason = _Text("return_reason")

    @property
    def corrected_data(self) -> str:
        """Blanks on the left are kept: they are part of some codes' layouts."""
        return self.layout["corrected_data"].of(self.line) if "corrected_data" in self.layout else ""


class Entry(Record):
    """Record 6 with its addenda. Account number and name are in `line`: keep it out of logs."""

    __slots__ = ("addenda",)
    record_layout = layout.ENTRY
    transaction_code = _Text("transaction_code")
    rdfi = _Text("rdfi")
    account = _Text("account")
    amount_minor = _Number("amount")
    individual_id = _Text("individual_id")
    individual_name = _Text("individual_name")
    discretionary = _Text("discretionary")
    trace_number = _Text("trace_number")

    def __init__(self, line: str, number: int, table: Layout | None = None) -> None:
        # Not through the base: a file of a million entries makes a million of these.
        self.line = line
        self.number = number
        self.layout = table or self.record_layout
        self.is_broken = False
        self.addenda: Sequence[Addenda] = ()

    @property
    def routing_number(self) -> str:
        return self.line[3:12]

    @property
    def is_debit(self) -> bool:
        """The side, from the transaction code; of a code that does not exist, from its last digit."""
        code = TRANSACTION_CODES.get(self.line[1:3])
        return code.is_debit if code is not None else self.line[2:3] in "56789"

    @property
    def returned(self) -> Addenda | None:
        """The addenda 99, where this entry is a return."""
        return next((addenda for addenda in self.addenda if addenda.line[1:3] == "99"), None)

    @property
    def change(self) -> Addenda | None:
        """The addenda 98, where this entry is a notification of change."""
        return next((addenda for addenda in self.addenda if addenda.line[1:3] == "98"), None)


class BatchControl(Record):
    """Record 8."""

    __slots__ = ()
    record_layout = layout.BATCH_CONTROL
    service_class = _Text("service_class")
    entry_addenda_count = _Number("entry_addenda_count")
    entry_hash = _Number("entry_hash")
    debits_minor = _Number("debits")
    credits_minor = _Number("credits")
    company_id = _Text("company_id")
    odfi = _Text("odfi")
    batch_number = _Number("batch_number")


class FileControl(Record):
    """Record 9."""

    __slots__ = ()
    record_layout = layout.FILE_CONTROL
    batch_count = _Number("batch_count")
    block_count = _Number("block_count")
    entry_addenda_count = _Number("entry_addenda_count")
    entry_hash = _Number("entry_hash")
    debits_minor = _Number("debits")
    credits_minor = _Number("credits")


def real_date(text: str) -> date | None:
    """The date of YYMMDD, this century; None where there is no such day."""
    if len(text) != 6 or not text.isascii() or not text.isdigit():
        return None
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


def julian_date(day_of_year: int | None, near: date) -> date | None:
    """The date of a day of the year within half a year of another date; None where there is none."""
    if not day_of_year:
        return None
    found = []
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            day = date(year, 1, 1) + timedelta(days=day_of_year - 1)
        except (ValueError, OverflowError):
            continue
        if day.year == year:
            found.append(day)
    best = min(found, key=lambda day: abs((day - near).days), default=None)
    return best if best is not None and abs((best - near).days) <= _HALF_A_YEAR else None
