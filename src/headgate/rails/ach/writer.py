"""Writes NACHA files: the same specification gives the same bytes, and what is written is read back before it leaves.

    build_file(FileSpec(...), [BatchSpec(..., entries=[EntrySpec(...)])]).content

PPD and CCD, credits and debits, with an addenda 05; and, for the bank's side, returns (99) and changes (98).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from headgate.core.money import Money
from headgate.rails.ach import layout
from headgate.rails.ach.codes import TRANSACTION_CODES
from headgate.rails.ach.reader import read_file
from headgate.rails.ach.routing import is_routing_number
from headgate.rails.ach.rules import Rulebook
from headgate.rails.ach.text import transliterate
from headgate.rails.errors import CannotWrite

CURRENCY = "USD"
WRITTEN_SECS = ("PPD", "CCD", "COR")
SEQUENCE_MAX = 9_999_999


@dataclass(frozen=True, slots=True)
class ReturnSpec:
    """An addenda 99: why an entry comes back, and which entry it was."""

    code: str
    original_trace: str
    original_rdfi: str
    information: str = ""
    died_on: date | None = None


@dataclass(frozen=True, slots=True)
class ChangeSpec:
    """An addenda 98: what the originator should correct. `corrected_data` is laid out by the code, 29 characters."""

    code: str
    original_trace: str
    original_rdfi: str
    corrected_data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EntrySpec:
    """One entry. `key` is the caller's own name for it and does not stand in the file."""

    key: str
    transaction_code: str
    routing_number: str
    account_number: str = field(repr=False)
    amount: Money
    individual_id: str
    individual_name: str = field(repr=False)
    discretionary: str = ""
    addenda: str | ReturnSpec | ChangeSpec | None = field(default=None, repr=False)
    trace_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class BatchSpec:
    """One batch. `is_wages` says that the description must begin with PAYROLL, as the rules of 2026 demand."""

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


@dataclass(frozen=True, slots=True)
class FileSpec:
    """The file around the batches. `created_at` is the bank's wall time; entries without a sequence are numbered on."""

    destination: str
    destination_name: str
    origin: str
    origin_name: str
    created_at: datetime
    modifier: str
    reference: str = ""
    first_trace_sequence: int = 1
    rules: Rulebook = field(default_factory=lambda: Rulebook("outbound"))


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
class BuiltFile:
    """The finished file and what stands in it."""

    content: bytes = field(repr=False)
    sha256: str
    entries: tuple[BuiltEntry, ...]
    debits: Money
    credits: Money
    changes: tuple[TextChange, ...]


def build_file(spec: FileSpec, batches: Sequence[BatchSpec]) -> BuiltFile:
    """Write a file and read it back by every rule for what we send.

    Raises CannotWrite with all problems at once: nothing is written, dropped or replaced silently.
    """
    builder = _Builder(spec)
    for number, batch in enumerate(batches, start=1):
        builder.batch(batch, number)
    if not any(batch.entries for batch in batches):
        builder.problems.append("the file has no entries; add some")
    builder.refuse()
    content = builder.finish(len(batches))
    faults = [fault for fault in read_file(content, spec.rules).faults if fault.level == "E"]
    builder.problems += [f"{fault.rule} {fault.message}" for fault in faults]
    builder.refuse()
    return BuiltFile(
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        entries=tuple(builder.entries),
        debits=Money(builder.debits, CURRENCY),
        credits=Money(builder.credits, CURRENCY),
        changes=tuple(builder.changes),
    )


class _Builder:
    """The lines so far, the sums for the controls, and every problem met."""

    def __init__(self, spec: FileSpec) -> None:
        self.lines: list[str] = [""]
        self.problems: list[str] = []
        self.changes: list[TextChange] = []
        self.entries: list[BuiltEntry] = []
        self.debits = self.credits = self.hash = self.count = 0
        self.next_sequence = spec.first_trace_sequence
        self.lines[0] = self._file_header(spec)

    def batch(self, spec: BatchSpec, number: int) -> None:
        """Add a batch with its header and control."""
        name = f"batch {number}"
        if spec.sec_code not in WRITTEN_SECS:
            self.problems.append(f"{name}: SEC {spec.sec_code} is not written here; use {', '.join(WRITTEN_SECS)}")
            return
        if spec.is_wages and not spec.description.startswith("PAYROLL"):
            self.problems.append(f"{name}: wages need a description that begins with PAYROLL (V-80)")
        sides = {_is_debit(entry) for entry in spec.entries}
        service_class = "200" if len(sides) == 2 else "225" if True in sides else "220"
        company_name = self._text(spec.company_name, 16, name, "company_name")
        header = self._record(
            layout.BATCH_HEADER,
            name,
            record_type="5",
            service_class=service_class,
            company_name=company_name,
            discretionary=self._text(spec.discretionary, 20, name, "discretionary"),
            company_id=spec.company_id,
            sec_code=spec.sec_code,
            description=spec.description,
            descriptive_date=spec.descriptive_date,
            effective_on=f"{spec.effective_on:%y%m%d}",
            settlement_julian=f"{spec.settlement_on:%j}" if spec.settlement_on else "",
            originator_status="1",
            odfi=spec.odfi,
            batch_number=number,
        )
        self.lines.append(header)
        before = len(self.lines), self.debits, self.credits
        hashed = 0
        for entry in spec.entries:
            self._entry(entry, spec.odfi, number)
            hashed += int(entry.routing_number[:8]) if entry.routing_number[:8].isdigit() else 0
        records = len(self.lines) - before[0]
        control = self._record(
            layout.BATCH_CONTROL,
            name,
            record_type="8",
            service_class=service_class,
            entry_addenda_count=records,
            entry_hash=hashed % 10**10,
            debits=self.debits - before[1],
            credits=self.credits - before[2],
            company_id=spec.company_id,
            odfi=spec.odfi,
            batch_number=number,
        )
        self.lines.append(control)
        self.count += records
        self.hash += hashed

    def finish(self, batches: int) -> bytes:
        """The bytes, with file control and the lines of nines that fill the last block."""
        records = len(self.lines) + 1
        blocks = -(-records // layout.BLOCK)
        control = self._record(
            layout.FILE_CONTROL,
            "file",
            record_type="9",
            batch_count=batches,
            block_count=blocks,
            entry_addenda_count=self.count,
            entry_hash=self.hash % 10**10,
            debits=self.debits,
            credits=self.credits,
        )
        fill = ["9" * layout.LENGTH] * (blocks * layout.BLOCK - records)
        return ("\n".join([*self.lines, control, *fill]) + "\n").encode("ascii")

    def refuse(self) -> None:
        """Raise what was found, all of it at once."""
        if self.problems:
            more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
            raise CannotWrite(f"{self.problems[0]}{more}", problems=self.problems)

    def _file_header(self, spec: FileSpec) -> str:
        if not is_routing_number(spec.destination):
            self.problems.append("file: the destination is no routing number; write the bank's nine digits (V-08)")
        return self._record(
            layout.FILE_HEADER,
            "file",
            record_type="1",
            priority_code="01",
            destination=f" {spec.destination}",
            origin=spec.origin.rjust(10),
            created_on=f"{spec.created_at:%y%m%d}",
            created_at=f"{spec.created_at:%H%M}",
            modifier=spec.modifier,
            record_size="094",
            blocking_factor="10",
            format_code="1",
            destination_name=self._text(spec.destination_name, 23, "file", "destination_name"),
            origin_name=self._text(spec.origin_name, 23, "file", "origin_name"),
            reference=spec.reference,
        )

    def _entry(self, entry: EntrySpec, odfi: str, batch_number: int) -> None:
        name = f"entry {entry.key}"
        if entry.amount.currency != CURRENCY or entry.amount.minor < 0:
            self.problems.append(f"{name}: ACH carries positive {CURRENCY}, not {entry.amount.format()}")
            return
        if entry.transaction_code not in TRANSACTION_CODES:
            self.problems.append(f"{name}: {entry.transaction_code} is no transaction code (V-30)")
            return
        if not is_routing_number(entry.routing_number):
            self.problems.append(f"{name}: {entry.routing_number[:12]} is no routing number (V-31)")
            return
        sequence = self.next_sequence if entry.trace_sequence is None else entry.trace_sequence
        self.next_sequence = sequence + 1
        if not 0 < sequence <= SEQUENCE_MAX:
            self.problems.append(f"{name}: the trace sequence {sequence} is not 1 to {SEQUENCE_MAX}")
            return
        trace = f"{odfi}{sequence:07d}"
        line = self._record(
            layout.ENTRY,
            name,
            record_type="6",
            transaction_code=entry.transaction_code,
            rdfi=entry.routing_number[:8],
            check_digit=entry.routing_number[8],
            account=entry.account_number,
            amount=entry.amount.minor,
            individual_id=entry.individual_id,
            individual_name=self._text(entry.individual_name, 22, entry.key, "individual_name"),
            discretionary=entry.discretionary,
            addenda_indicator="0" if entry.addenda is None else "1",
            trace_number=trace,
        )
        self.lines.append(line)
        if entry.addenda is not None:
            self.lines.append(self._addenda(entry.addenda, entry.key, trace))
        self.entries.append(BuiltEntry(entry.key, trace, batch_number))
        if _is_debit(entry):
            self.debits += entry.amount.minor
        else:
            self.credits += entry.amount.minor

    def _addenda(self, addenda: str | ReturnSpec | ChangeSpec, key: str, trace: str) -> str:
        name = f"addenda of {key}"
        if isinstance(addenda, str):
            text = transliterate(addenda)
            if text is None or len(text) > 80:
                self.problems.append(f"{name}: takes 80 plain characters; shorten or respell the remittance text")
                text = ""
            elif text != addenda:
                self.changes.append(TextChange(key, "addenda", "transliterated"))
            return self._record(
                layout.ADDENDA_05,
                name,
                record_type="7",
                addenda_type="05",
                information=text,
                sequence=1,
                entry_sequence=trace[8:],
            )
        if isinstance(addenda, ReturnSpec):
            return self._record(
                layout.ADDENDA_99,
                name,
                record_type="7",
                addenda_type="99",
                return_code=addenda.code,
                original_trace=addenda.original_trace,
                dated=f"{addenda.died_on:%y%m%d}" if addenda.died_on else "",
                original_rdfi=addenda.original_rdfi,
                information=self._text(addenda.information, 44, key, "information"),
                trace_number=trace,
            )
        return self._record(
            layout.ADDENDA_98,
            name,
            record_type="7",
            addenda_type="98",
            change_code=addenda.code,
            original_trace=addenda.original_trace,
            original_rdfi=addenda.original_rdfi,
            corrected_data=addenda.corrected_data,
            trace_number=trace,
        )

    def _text(self, text: str, width: int, key: str, field_name: str) -> str:
        """The text in safe characters and at most that long; a change is reported, an impossible one is a problem."""
        text = text.strip()
        plain = transliterate(text)
        if plain is None:
            self.problems.append(f"{key}: {field_name} has letters that ACH cannot carry; respell it")
            return ""
        if plain != text:
            self.changes.append(TextChange(key, field_name, "transliterated"))
        if len(plain) > width:
            self.changes.append(TextChange(key, field_name, "shortened"))
        return plain[:width]

    def _record(self, table: layout.Layout, name: str, **values: str | int) -> str:
        try:
            line = table.write(**values)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return ""
        if not line.isascii():
            self.problems.append(f"{name}: {table.name} holds letters outside ASCII; respell them (V-34)")
        return line


def _is_debit(entry: EntrySpec) -> bool:
    code = TRANSACTION_CODES.get(entry.transaction_code)
    return code is not None and code.is_debit
