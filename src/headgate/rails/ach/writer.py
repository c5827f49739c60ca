"""Writes NACHA files: the same specification gives the same bytes, and every line is judged as it is written.

    build_file(FileSpec(...), [BatchSpec(..., entries=[EntrySpec(...)])]).content

    writer = FileWriter(stream, FileSpec(...))       # a file of any size, in little memory
    writer.begin(BatchSpec(..., entries=()), service_class="220")
    writer.add(entries)
    writer.end()
    writer.finish()

All SEC codes and addenda, by their tables. The controls are what the reader of the same lines adds up.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from operator import attrgetter
from typing import BinaryIO

from headgate.core.money import Money
from headgate.rails.ach import layout
from headgate.rails.ach.codes import SECS, TRANSACTION_CODES
from headgate.rails.ach.reader import Reader
from headgate.rails.ach.records import Record
from headgate.rails.ach.routing import is_routing_number
from headgate.rails.ach.rules import Fault
from headgate.rails.ach.specs import BatchSpec, BuiltEntry, BuiltFile, EntrySpec, FileSpec, TextChange, Written
from headgate.rails.ach.text import SAFE, transliterate
from headgate.rails.ach.write_entry import EntryWriter
from headgate.rails.errors import CannotWrite

CURRENCY = "USD"
SEQUENCE_MAX = 9_999_999
BATCH_RECORDS_MAX = 999_999
BATCHES_MAX = 899_999

_PLAIN = "6%-2s%-9s%-17s%010d%-15s%-22s%-2s0%-8s%07d"
"""A plain entry by the table `layout.ENTRY`: only where every field fits is the line 94 characters long."""

_NAME = attrgetter("individual_name")
_NAMED = slice(54, 76)
"""Where its name stands."""
_PLAIN_TABLES = (layout.ENTRY, layout.ENTRY_NAMED)
_AT_ONCE = 1024
_PROBLEMS_MAX = 1000
_PURPOSES = {"wages": "PAYROLL", "retry": "RETRY PYMT", "reversal": "REVERSAL"}


def build_file(spec: FileSpec, batches: Sequence[BatchSpec]) -> BuiltFile:
    """Write a file that fits in memory.

    Raises CannotWrite with all problems at once: nothing is written, dropped or replaced silently.
    """
    stream = io.BytesIO()
    writer = FileWriter(stream, spec, keeps_entries=True)
    for batch in batches:
        writer.begin(batch)
        writer.add(batch.entries)
        writer.end()
    written = writer.finish()
    return BuiltFile(
        content=stream.getvalue(),
        sha256=written.sha256,
        entries=tuple(writer.entries),
        debits=written.debits,
        credits=written.credits,
        changes=written.changes,
    )


class FileWriter:
    """Writes a file to a stream, batch after batch, and judges each line by every rule for what we send.

    What is wrong is collected and raised by `finish`; the stream then holds no finished file and must be thrown away.
    """

    def __init__(self, stream: BinaryIO, spec: FileSpec, *, keeps_entries: bool = False) -> None:
        self.problems: list[str] = []
        self.changes: list[TextChange] = []
        self.entries: list[BuiltEntry] = []
        self.next_sequence = spec.first_trace_sequence
        self._stream = stream
        self._spec = spec
        self._keeps_entries = keeps_entries
        self._digest = hashlib.sha256()
        self._bytes = self._records = self._batches = self._handed = self._more_problems = 0
        self._batch: BatchSpec | None = None
        self._service_class = ""
        self._is_frame_sound = True
        self._reader = Reader(spec.rules, keeps_records=False)
        if not is_routing_number(spec.destination):
            self.problem("file: the destination is no routing number; write the bank's nine digits (V-08)")
        self._frame(
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
            destination_name=self.text(spec.destination_name, 23, "file", "destination_name"),
            origin_name=self.text(spec.origin_name, 23, "file", "origin_name"),
            reference=spec.reference,
        )

    def begin(self, batch: BatchSpec, *, service_class: str | None = None) -> None:
        """Begin a batch. Its service class is given, or follows from its entries."""
        assert self._batch is None, "end the batch before another begins"
        self._batches += 1
        self._batch = batch
        name = f"batch {self._batches}"
        if self._batches > BATCHES_MAX:
            self.problem(
                f"{name}: a file takes {BATCHES_MAX} batches, lest its control look like a line of nines; split it"
            )
        if batch.sec_code not in SECS:
            self.problem(f"{name}: SEC {batch.sec_code} is not known here; use {', '.join(SECS)} (V-22)")
        wanted = _PURPOSES.get("wages" if batch.is_wages else batch.purpose, "")
        if not batch.description.startswith(wanted):
            title = "wages need a description that begins with" if wanted == "PAYROLL" else "the description must be"
            self.problem(f"{name}: {title} {wanted} (V-80)")
        self._service_class = service_class or batch.service_class or _service_class(batch)
        is_iat = SECS.get(batch.sec_code) is SECS["IAT"] or batch.fields.get("company_name") == "IATCOR"
        company = {
            "company_name": self.text(batch.company_name, 16, name, "company_name"),
            "discretionary": self.text(batch.discretionary, 20, name, "discretionary"),
            "descriptive_date": batch.descriptive_date,
        }
        self._frame(
            layout.BATCH_HEADER_IAT if is_iat else layout.BATCH_HEADER,
            name,
            record_type="5",
            service_class=self._service_class,
            company_id=batch.company_id,
            sec_code=batch.sec_code,
            description=batch.description,
            effective_on="" if batch.sec_code == "ENR" else f"{batch.effective_on:%y%m%d}",
            settlement_julian=f"{batch.settlement_on:%j}" if batch.settlement_on else "",
            originator_status="0" if batch.sec_code == "ADV" else batch.originator_status,
            odfi=batch.odfi,
            batch_number=self._batches,
            **{**({} if is_iat else company), **batch.fields},
        )

    def add(self, entries: Sequence[EntrySpec]) -> None:
        """Add entries to the open batch, in their order."""
        batch = self._batch
        assert batch is not None, "begin a batch before adding entries"
        self._handed += len(entries)
        sec = SECS.get(batch.sec_code)
        if sec is None:
            return
        one = EntryWriter(self, batch, sec)
        is_plain = sec.table in _PLAIN_TABLES
        for start in range(0, len(entries), _AT_ONCE):
            part = entries[start : start + _AT_ONCE]
            lines = self._plain(part, batch.odfi) if is_plain else None
            if lines is None:
                lines = [line for entry in part for line in one.lines(entry, self._batches)]
            elif self._keeps_entries:
                self.entries += [
                    BuiltEntry(entry.key, line[79:94], self._batches)
                    for entry, line in zip(part, lines, strict=True)
                ]  # fmt: skip
            self._put(lines)

    def end(self) -> None:
        """End the batch with its control."""
        batch = self._batch
        assert batch is not None, "begin a batch before ending it"
        sums = self._reader.batches.open_sums()
        if sums.records > BATCH_RECORDS_MAX:
            self.problem(f"batch {self._batches}: {sums.records} records; a batch takes {BATCH_RECORDS_MAX}, split it")
        is_advice = batch.sec_code == "ADV"
        company = {} if is_advice else {"company_id": batch.company_id}
        self._frame(
            layout.BATCH_CONTROL_ADV if is_advice else layout.BATCH_CONTROL,
            f"batch {self._batches}",
            record_type="8",
            service_class=self._service_class,
            entry_addenda_count=sums.records,
            entry_hash=sums.hash % 10**10,
            debits=sums.debits,
            credits=sums.credits,
            odfi=batch.odfi,
            batch_number=self._batches,
            **company,
        )
        self._batch = None

    def finish(self) -> Written:
        """Write the file control and fill the last block with lines of nines. Raises CannotWrite."""
        assert self._batch is None, "end the batch before the file"
        sums = self._reader.batches.sums
        if not self._handed:
            self.problem("the file has no entries; add some")
        blocks = -(-(self._records + 1) // layout.BLOCK)
        fill = blocks * layout.BLOCK - self._records - 1
        self._frame(
            layout.FILE_CONTROL_ADV if self._reader.batches.is_advice else layout.FILE_CONTROL,
            "file",
            record_type="9",
            batch_count=self._batches,
            block_count=blocks,
            entry_addenda_count=sums.records,
            entry_hash=sums.hash % 10**10,
            debits=sums.debits,
            credits=sums.credits,
        )
        self._put(["9" * layout.LENGTH] * fill)
        self._reader.end()
        self._judge()
        if self.problems:
            count = len(self.problems) + self._more_problems - 1
            more = f" (and {count} more)" if count else ""
            raise CannotWrite(f"{self.problems[0]}{more}", problems=self.problems)
        return Written(
            sha256=self._digest.hexdigest(),
            byte_count=self._bytes,
            batch_count=self._batches,
            record_count=sums.records,
            entry_hash=sums.hash % 10**10,
            debits=Money(sums.debits, CURRENCY),
            credits=Money(sums.credits, CURRENCY),
            changes=tuple(self.changes),
        )

    # What the writer of an entry asks for.

    def problem(self, text: str) -> None:
        if len(self.problems) < _PROBLEMS_MAX:
            self.problems.append(text)
        else:
            self._more_problems += 1

    def built(self, entry: BuiltEntry) -> None:
        if self._keeps_entries:
            self.entries.append(entry)

    def text(self, text: str, width: int, key: str, field_name: str) -> str:
        """The text in safe characters and at most that long; a change is reported, an impossible one is a problem."""
        text = text.strip()
        plain = transliterate(text)
        if plain is None:
            self.problem(f"{key}: {field_name} has letters that ACH cannot carry; respell it")
            return ""
        if plain != text:
            self.changes.append(TextChange(key, field_name, "transliterated"))
        if len(plain) > width:
            self.changes.append(TextChange(key, field_name, "shortened"))
        return plain[:width]

    def record(self, table: layout.Layout, name: str, **values: str | int) -> str | None:
        """The record's line; None, and a problem, where a value does not fit."""
        try:
            line = table.write(**values)
        except ValueError as error:
            self.problem(f"{name}: {error}")
            return None
        if not line.isascii():
            self.problem(f"{name}: {table.name} holds letters outside ASCII; respell them (V-34)")
            return None
        return line

    # Helpers, in the order of their call.

    def _frame(self, table: layout.Layout, name: str, **values: str | int) -> None:
        """Write a header or control. Where one cannot be written, what follows it is not judged: it would be noise."""
        line = self.record(table, name, **values)
        if line is None:
            self._is_frame_sound = False
        else:
            self._put([line])

    def _plain(self, entries: Sequence[EntrySpec], odfi: str) -> list[str] | None:
        """The lines of plain entries, quickly; None where one of them needs a closer look."""
        first = self.next_sequence
        lines = [
            _PLAIN
            % (
                entry.transaction_code, entry.routing_number, entry.account_number, entry.amount.minor,
                entry.individual_id, entry.individual_name, entry.discretionary, odfi, number,
            )
            for number, entry in enumerate(entries, first)
            if entry.addenda is None and entry.trace_sequence is None and not entry.fields
            and entry.amount.currency == CURRENCY and entry.amount.minor >= 0
        ]  # fmt: skip
        last = first + len(entries) - 1
        if (
            len(lines) < len(entries)
            or set(map(len, lines)) != {layout.LENGTH}
            or not 0 < first <= last <= SEQUENCE_MAX
        ):
            return None
        if not "".join(lines).isascii():
            return None
        names = "\n".join(map(_NAME, entries))
        if "\n " in names or names[:1] == " ":
            return None
        if names.encode("ascii").translate(None, SAFE):
            # People write names in small letters, which ACH does not carry: capitals are respelling enough for most.
            if names.upper().encode("ascii").translate(None, SAFE):
                return None
            lines = [line[: _NAMED.start] + line[_NAMED].upper() + line[_NAMED.stop :] for line in lines]
            respelled = [entry.key for entry in entries if entry.individual_name.upper() != entry.individual_name]
            self.changes += [TextChange(key, "individual_name", "transliterated") for key in respelled]
        if not {line[1:3] for line in lines} <= TRANSACTION_CODES.keys():
            return None
        self.next_sequence = last + 1
        return lines

    def _put(self, lines: list[str]) -> None:
        """Write lines and judge them."""
        if not lines:
            return
        data = (self._spec.line_end.join(lines) + self._spec.line_end).encode("ascii")
        self._stream.write(data)
        self._digest.update(data)
        self._bytes += len(data)
        self._records += len(lines)
        self._reader.take(lines)
        self._judge()

    def _judge(self) -> None:
        out: list[Record | Fault] = self._reader.faults.out
        if self._is_frame_sound:
            for fault in out:
                if isinstance(fault, Fault) and fault.level == "E":
                    self.problem(f"{fault.rule} {fault.message}")
        out.clear()


def _service_class(batch: BatchSpec) -> str:
    if batch.sec_code == "ADV":
        return "280"
    codes = (TRANSACTION_CODES.get(entry.transaction_code) for entry in batch.entries)
    sides = {code is not None and code.is_debit for code in codes}
    return "200" if len(sides) == 2 else "225" if True in sides else "220"
