"""Reads a NACHA file of any size: records and faults in the order of the file, all faults and not only the first.

    for item in read(stream):
        match item:
            case Fault(): ...
            case BatchHeader(): ...
            case Entry(): ...          # with its addenda; `is_broken` where a rule of level E failed in it

A broken entry does not hide its neighbours: it is counted and given out like the others, marked. Memory is constant.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from headgate.rails.ach import layout
from headgate.rails.ach.batch import BatchReader
from headgate.rails.ach.checks import Faults, check_file_header
from headgate.rails.ach.frame import blocks, encoding_of
from headgate.rails.ach.records import BatchControl, BatchHeader, Entry, FileControl, FileHeader, Record
from headgate.rails.ach.rules import Fault, Rulebook

Item = Record | Fault

_AT_ONCE = 1024
"""Lines judged before their records and faults are given out."""

_RUN_LEAST = 24
"""Entries in a row from which on judging them by columns is worth its while."""

_ENTRIES = re.compile(f"6{{{_RUN_LEAST},}}").match


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it was read; header or control is None where the file lacks it."""

    header: BatchHeader | None
    entries: tuple[Entry, ...]
    control: BatchControl | None


@dataclass(frozen=True, slots=True)
class AchFile:
    """A whole file in memory, with every fault found in it."""

    header: FileHeader | None
    batches: tuple[Batch, ...]
    control: FileControl | None
    faults: tuple[Fault, ...] = field(repr=False)
    encoding: str = "ascii"

    @property
    def is_refused(self) -> bool:
        """Whether a rule of level E is broken anywhere in the file."""
        return any(fault.level == "E" for fault in self.faults)

    @property
    def entries(self) -> Iterator[Entry]:
        return (entry for batch in self.batches for entry in batch.entries)


def read_file(content: bytes, rules: Rulebook | None = None) -> AchFile:
    """Read a file that fits in memory. Never raises for what the bytes hold: what is wrong is a fault."""
    header: FileHeader | None = None
    control: FileControl | None = None
    batches: list[Batch] = []
    faults: list[Fault] = []
    opened: BatchHeader | None = None
    entries: list[Entry] = []

    def close(closing: BatchControl | None) -> None:
        nonlocal opened
        if opened is not None or entries or closing is not None:
            batches.append(Batch(opened, tuple(entries), closing))
        opened = None
        entries.clear()

    for item in read(io.BytesIO(content), rules):
        if isinstance(item, Fault):
            faults.append(item)
        elif isinstance(item, Entry):
            entries.append(item)
        elif isinstance(item, BatchHeader):
            close(None)
            opened = item
        elif isinstance(item, BatchControl):
            close(item)
        elif isinstance(item, FileHeader):
            header = header or item
        elif isinstance(item, FileControl):
            control = control or item
    close(None)
    return AchFile(header, tuple(batches), control, tuple(faults), encoding_of(io.BytesIO(content)))


def read(stream: BinaryIO, rules: Rulebook | None = None) -> Iterator[Item]:
    """Records and faults of a seekable stream, in order. An entry comes once its addenda are complete."""
    encoding = encoding_of(stream)
    reader = Reader(rules or Rulebook())
    if encoding != "ascii":
        reader.faults.add("V-90", 0, f"the file is {encoding} and not ASCII; write plain ASCII")
    out = reader.faults.out
    for block in blocks(stream, encoding):
        for start in range(0, len(block), _AT_ONCE):
            reader.take(block[start : start + _AT_ONCE])
            yield from out
            out.clear()
    reader.end()
    yield from out


def read_lines(source: Iterable[str], rules: Rulebook | None = None) -> Iterator[Item]:
    """The same for lines that are text already, without their ends."""
    reader = Reader(rules or Rulebook())
    for line in source:
        reader.feed(line)
        yield from reader.faults.out
        reader.faults.out.clear()
    reader.end()
    yield from reader.faults.out


class Reader:
    """Where we are in the file: which records have come, and the sums that the file control must repeat.

    Records and faults gather in `faults.out`, which the caller empties.
    """

    def __init__(self, rules: Rulebook, *, keeps_records: bool = True) -> None:
        self.faults = faults = Faults(rules)
        self.number = 0
        self.records = 0
        self.fill = 0
        self.header: FileHeader | None = None
        self.control: FileControl | None = None
        self.batches = BatchReader(faults, keeps_records=keeps_records)

    def take(self, lines: list[str]) -> None:
        """Take the next lines: entries in a row at once where they can be, all else line by line."""
        # The last of a row goes by itself: addenda may follow it.
        if set(map(len, lines)) == {layout.LENGTH}:
            kinds = "".join(lines)[:: layout.LENGTH]
        else:
            kinds = "".join([line[0] if len(line) == layout.LENGTH else " " for line in lines])
        at, count = 0, len(lines)
        while at < count:
            row = _ENTRIES(kinds, at)
            if row is not None and self.control is None and not self.fill and self.batches.takes_runs:
                end = row.end() - 1
                if self.batches.run(lines[at:end], self.number + 1):
                    self.number += end - at
                    self.records += end - at
                    at = end
            self.feed(lines[at])
            at += 1

    def feed(self, line: str) -> None:
        """Take the next line, whatever it holds."""
        self.number += 1
        if len(line) == layout.LENGTH:
            self._take(line)
        elif line.strip():
            self._take_unfit(line)

    def _take(self, line: str) -> None:
        kind = line[0]
        if kind == "6":
            self._count()
            self.batches.entry(line, self.number)
        elif kind == "7":
            self._count()
            self.batches.addenda(line, self.number)
        else:
            self._frame(kind, line)

    def end(self) -> None:
        """The file is over: name what is missing."""
        self._close_open_batch(self.number)
        if self.header is None:
            self.faults.add("V-03", 1, "the file has no header; begin it with a record 1", unless="without_file_header")
        if self.control is None:
            text = "the file has no control; end it with a record 9"
            self.faults.add("V-03", self.number, text, unless="without_file_control")
        total = self.records + self.fill
        if self.records and total % layout.BLOCK:
            missing = layout.BLOCK - total % layout.BLOCK
            text = f"the last block is not full; add {missing} lines of nines"
            self.faults.add("V-05", self.number, text, unless="without_fill")

    def _frame(self, kind: str, line: str) -> None:
        if kind == "9" and line[1] == "9" and not line.strip("9 "):
            self._fill(line)
            return
        self._count()
        if kind == "5":
            self._close_open_batch(self.number)
            self.batches.header(line, self.number)
        elif kind == "8":
            self.batches.control(line, self.number)
        elif kind == "1":
            self._header(line)
        elif kind == "9":
            self._control(line)
        else:
            self.faults.add("V-02", self.number, "no record begins so; write 1, 5, 6, 7, 8 or 9", raw=line)

    def _count(self) -> None:
        self.records += 1
        if self.control is not None:
            self.faults.add("V-04", self.number, "a record after the file control; end the file there")
        elif self.fill:
            self.faults.add("V-04", self.number, "a record after the lines of nines; put those last")
            self.fill = 0

    def _fill(self, line: str) -> None:
        self.fill += 1
        if line != "9" * layout.LENGTH and self.control is not None:
            text = "a line of nines has another length; write 94 of them"
            self.faults.add("V-05", self.number, text, unless="without_fill")

    def _take_unfit(self, line: str) -> None:
        """A line of another length: blanks beyond a record are cut, a short one is filled up, several are parted."""
        if self.number == 1 and line.startswith("\ufeff"):
            self.faults.add("V-01", 1, "a byte order mark; write plain text without it", raw=line)
            line = line.removeprefix("\ufeff")
        if line == "\x1a" and self.faults.rules.allows("end_of_file_mark"):
            return
        if len(line) < layout.LENGTH:
            if line.strip("9"):
                text = f"{len(line)} characters; fill the record with blanks to 94"
                self.faults.add("V-01", self.number, text, most="W", raw=line, unless="trimmed_lines")
            self._take(line.ljust(layout.LENGTH))
            return
        rest = line[layout.LENGTH :]
        if rest.strip():
            text = f"{len(line)} characters where a record has 94; end the line there"
            self.faults.add("V-01", self.number, text, raw=line)
        self._take(line[: layout.LENGTH])
        if rest.strip() and not len(rest) % layout.LENGTH:
            for start in range(0, len(rest), layout.LENGTH):
                self._take(rest[start : start + layout.LENGTH])

    def _header(self, line: str) -> None:
        self._close_open_batch(self.number)
        record = FileHeader(line, self.number)
        if self.header is not None:
            self.faults.add("V-03", self.number, "a second file header; write one record 1, first")
            return
        if self.records > 1:
            self.faults.add("V-03", self.number, "the file header is not the first record; put it first")
        self.header = record
        check_file_header(self.faults, record)
        self.batches.rules.created_on = record.created_on
        self.faults.out.append(record)

    def _control(self, line: str) -> None:
        self._close_open_batch(self.number)
        table = layout.FILE_CONTROL_ADV if self.batches.is_advice else layout.FILE_CONTROL
        record = FileControl(line, self.number, table)
        if self.control is not None:
            self.faults.add("V-03", self.number, "a second file control; write one record 9, last")
            return
        self.control = record
        self.faults.fields(record)
        sums = self.batches.sums
        for name, found, made in (
            ("batch_count", record.batch_count, sums.batches),
            ("entry_addenda_count", record.entry_addenda_count, sums.records),
            ("entry_hash", record.entry_hash, sums.hash % 10**10),
            ("debits", record.debits_minor, sums.debits),
            ("credits", record.credits_minor, sums.credits),
        ):
            if found is not None and found != made:
                self.faults.field("V-71", record, name, f"{found}, but the batches make {made}; write {made}")
        blocks = -(-self.records // layout.BLOCK)
        if record.block_count == 0:
            text = f"0, but there are {blocks} blocks; write {blocks}"
            self.faults.field("V-71", record, "block_count", text, unless="any_block_count")
        elif record.block_count is not None and record.block_count != blocks:
            text = f"{record.block_count}, but there are {blocks}; write {blocks}"
            self.faults.field("V-05", record, "block_count", text, unless="any_block_count")
        self.faults.out.append(record)

    def _close_open_batch(self, number: int) -> None:
        if self.batches.is_open:
            self.batches.abandon(number)
