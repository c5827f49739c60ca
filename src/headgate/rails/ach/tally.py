"""Sums up a NACHA file while it is read, and tells one by its beginning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import date

from headgate.core.money import Money
from headgate.rails.ach.codes import SECS, TRANSACTION_CODES
from headgate.rails.ach.fields import LENGTH
from headgate.rails.ach.reader import Item
from headgate.rails.ach.records import BatchControl, BatchHeader, Entry, FileControl, FileHeader
from headgate.rails.ach.return_codes import CHANGE_CODES, return_codes

_CURRENCY = "USD"
_BATCHES_MAX = 1000
_RECORD = re.compile(rb"(?:1|5[0-9 ]{3}|6[0-9]{2}|7[0-9]{2}|8[0-9]{3}|9).*", re.DOTALL).fullmatch
_ABOUT = range(LENGTH - 14, LENGTH + 15)


@dataclass(slots=True)
class BatchTally:
    """What a batch holds, as its entries say and not its control."""

    batch_number: int | None = None
    company_name: str = ""
    company_id: str = ""
    sec_code: str = ""
    service_class: str = ""
    description: str = ""
    effective_on: date | None = None
    settlement_on: date | None = None
    odfi: str = ""
    entries: int = 0
    addenda: int = 0
    debits: Money = field(default_factory=lambda: Money(0, _CURRENCY))
    credits: Money = field(default_factory=lambda: Money(0, _CURRENCY))


@dataclass(slots=True)
class FileTally:
    """What a file holds. `batches` lists the first thousand; `batch_count` counts all."""

    destination: str = ""
    destination_name: str = ""
    origin: str = ""
    origin_name: str = ""
    created_on: date | None = None
    modifier: str = ""
    reference: str = ""
    batch_count: int = 0
    entries: int = 0
    addenda: int = 0
    prenotes: int = 0
    broken_entries: int = 0
    debits: Money = field(default_factory=lambda: Money(0, _CURRENCY))
    credits: Money = field(default_factory=lambda: Money(0, _CURRENCY))
    sec_codes: Mapping[str, int] = field(default_factory=dict)
    returns: Mapping[str, int] = field(default_factory=dict)
    changes: Mapping[str, int] = field(default_factory=dict)
    batches: list[BatchTally] = field(default_factory=list)


class Tally:
    """Takes the records of a file in their order, as `read` gives them."""

    def __init__(self) -> None:
        self.file = FileTally()
        self._batch: BatchTally | None = None
        self._sums = [0, 0]
        self._file_sums = [0, 0]
        self._secs: Counter[str] = Counter()
        self._returns: Counter[str] = Counter()
        self._changes: Counter[str] = Counter()

    def add(self, item: Item) -> None:
        """Count a record; a fault counts nothing."""
        if isinstance(item, Entry):
            self._entry(item)
        elif isinstance(item, BatchHeader):
            self._close()
            self._open(item)
        elif isinstance(item, BatchControl):
            self._close()
        elif isinstance(item, FileHeader):
            self._header(item)
        elif isinstance(item, FileControl):
            self._close()

    def finish(self) -> FileTally:
        """The whole, once all records have come."""
        self._close()
        file = self.file
        file.debits, file.credits = (Money(minor, _CURRENCY) for minor in self._file_sums)
        file.sec_codes, file.returns, file.changes = dict(self._secs), dict(self._returns), dict(self._changes)
        return file

    def _header(self, record: FileHeader) -> None:
        file = self.file
        file.destination, file.destination_name = record.destination.strip(), record.destination_name
        file.origin, file.origin_name = record.origin.strip(), record.origin_name
        file.created_on, file.modifier, file.reference = record.created_on, record.modifier, record.reference

    def _open(self, record: BatchHeader) -> BatchTally:
        near = self.file.created_on or record.effective_on
        self._batch = BatchTally(
            batch_number=record.batch_number,
            company_name=record.company_name,
            company_id=record.company_id,
            sec_code=record.sec_code,
            service_class=record.service_class,
            description=record.description,
            effective_on=record.effective_on,
            settlement_on=record.settled_on(near) if near else None,
            odfi=record.odfi,
        )
        return self._batch

    def _entry(self, entry: Entry) -> None:
        batch = self._batch
        if batch is None:
            batch = self._batch = BatchTally()
        batch.entries += 1
        batch.addenda += len(entry.addenda)
        self._sums[0 if entry.is_debit else 1] += entry.amount_minor or 0
        self.file.broken_entries += entry.is_broken
        code = TRANSACTION_CODES.get(entry.line[1:3])
        self.file.prenotes += code is not None and code.kind == "prenote"
        for addenda in entry.addenda:
            if addenda.line[1:3] == "99":
                self._returns[_known(addenda.return_code, return_codes())] += 1
            elif addenda.line[1:3] == "98":
                self._changes[_known(addenda.change_code, CHANGE_CODES)] += 1

    def _close(self) -> None:
        batch, file = self._batch, self.file
        if batch is None:
            return
        batch.debits, batch.credits = (Money(minor, _CURRENCY) for minor in self._sums)
        self._file_sums = [self._file_sums[0] + self._sums[0], self._file_sums[1] + self._sums[1]]
        self._sums = [0, 0]
        self._secs[_known(batch.sec_code, SECS)] += batch.entries
        file.batch_count += 1
        file.entries += batch.entries
        file.addenda += batch.addenda
        if len(file.batches) < _BATCHES_MAX:
            file.batches.append(batch)
        self._batch = None


def _known(code: str, codes: Container[str]) -> str:
    """The code, where there is such a one: what else stands there is counted together, however much there is."""
    return code if code in codes else "unknown"


def looks_like_ach(beginning: bytes) -> bool:
    """Whether these first bytes of a file are of the ACH network's format, however mutilated.

    Most of the lines begin as records do and are about 94 characters long; or there are no line ends at all, and records
    begin where they should.
    """
    text = beginning.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n ")
    lines = [line for line in re.split(rb"\r\n|\r|\n", text)[:200] if line.strip()]
    if not lines:
        return False
    if len(lines) <= 2 and len(lines[0]) >= 2 * LENGTH:
        lines = [lines[0][at : at + LENGTH] for at in range(0, len(lines[0]) - LENGTH + 1, LENGTH)][:200]
    elif len(beginning) >= 1 << 16 and len(lines) > 1:
        lines.pop()  # cut off where the beginning ends
    alike = sum(1 for line in lines if len(line) in _ABOUT and _RECORD(line))
    short = sum(1 for line in lines if _RECORD(line) and line[:3] in (b"101", b"900") and len(line) > LENGTH // 2)
    return 2 * (alike + short) > len(lines)
