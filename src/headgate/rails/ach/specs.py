"""What a file should hold, before it is written: the values of its records, by the words of their tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal

from headgate.core.money import Money
from headgate.rails.ach.rules import Rulebook

_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ReturnSpec:
    """An addenda 99: why an entry comes back, and which entry it was.

    R61 to R70 dishonor a return and need its `return_trace`; R71 to R77 contest that and need `dishonored_trace` too.
    A settlement day is written as the day of its year.
    """

    code: str
    original_trace: str
    original_rdfi: str
    information: str = ""
    died_on: date | None = None
    return_trace: str = ""
    return_settled_on: date | None = None
    return_reason: str = ""
    returned_on: date | None = None
    original_settled_on: date | None = None
    dishonored_trace: str = ""
    dishonored_settled_on: date | None = None
    dishonored_reason: str = ""
    original_amount_minor: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeSpec:
    """An addenda 98: what the originator should correct. `corrected_data` is laid out by the code, 29 characters.

    C61 to C69 refuse a notification: `refused_code` and `trace_sequence` say which.
    """

    code: str
    original_trace: str
    original_rdfi: str
    corrected_data: str = field(repr=False)
    refused_code: str = ""
    trace_sequence: str = ""


@dataclass(frozen=True, slots=True)
class AddendaSpec:
    """Any addenda by its type, as `10`, and the fields of its table; sequence and trace numbers are filled in."""

    kind: str
    fields: Mapping[str, str | int] = field(repr=False)


Addendum = str | ReturnSpec | ChangeSpec | AddendaSpec


@dataclass(frozen=True, slots=True)
class EntrySpec:
    """One entry. `key` is the caller's own name for it and does not stand in the file.

    `addenda` is a remittance text, another kind of addenda, or several; `fields` holds what only some tables have, as
    `terminal_city` (POP) or `ofac_indicator` (IAT).
    """

    key: str
    transaction_code: str
    routing_number: str
    account_number: str = field(repr=False)
    amount: Money
    individual_id: str
    individual_name: str = field(repr=False)
    discretionary: str = ""
    addenda: Addendum | Sequence[Addendum] | None = field(default=None, repr=False)
    trace_sequence: int | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: _NONE, repr=False)

    @property
    def all_addenda(self) -> tuple[Addendum, ...]:
        if self.addenda is None:
            return ()
        if isinstance(self.addenda, str | ReturnSpec | ChangeSpec | AddendaSpec):
            return (self.addenda,)
        return tuple(self.addenda)


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """One batch. `purpose` says that the description must be PAYROLL, RETRY PYMT or REVERSAL, as the rules demand.

    `is_wages` is the purpose `wages`. The service class follows from the entries unless it is given.
    """

    company_name: str
    company_id: str
    sec_code: str
    description: str
    effective_on: date
    odfi: str
    entries: Sequence[EntrySpec]
    discretionary: str = ""
    descriptive_date: str = ""
    settlement_on: date | None = None
    is_wages: bool = False
    purpose: Literal["", "wages", "retry", "reversal"] = ""
    service_class: str | None = None
    originator_status: str = "1"
    fields: Mapping[str, str] = field(default_factory=lambda: _NONE, repr=False)


@dataclass(frozen=True, slots=True)
class FileSpec:
    """The file around the batches. `created_at` is the bank's wall time; entries without a sequence are numbered on.

    `line_end` is the bank's: a line feed, carriage return and line feed, or nothing at all.
    """

    destination: str
    destination_name: str
    origin: str
    origin_name: str
    created_at: datetime
    modifier: str
    reference: str = ""
    first_trace_sequence: int = 1
    rules: Rulebook = field(default_factory=lambda: Rulebook("outbound"))
    line_end: Literal["\n", "\r\n", ""] = "\n"


@dataclass(frozen=True, slots=True)
class BuiltEntry:
    """Where an entry came to stand."""

    key: str
    trace_number: str
    batch_number: int


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text of an entry or batch that was spelled otherwise (é as E) or cut to its field."""

    key: str
    field: str
    kind: Literal["transliterated", "shortened"]


@dataclass(frozen=True, slots=True)
class Written:
    """What a finished file holds."""

    sha256: str
    byte_count: int
    batch_count: int
    record_count: int
    entry_hash: int
    debits: Money
    credits: Money
    changes: tuple[TextChange, ...]


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """The finished file and what stands in it."""

    content: bytes = field(repr=False)
    sha256: str
    entries: tuple[BuiltEntry, ...]
    debits: Money
    credits: Money
    changes: tuple[TextChange, ...]
