"""Files made from files: merged, or split by a bank's limits. Entries keep every character; only the frame is new."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from headgate.core.money import Money
from headgate.rails.ach import layout
from headgate.rails.ach.limits import Limits, Size, pack
from headgate.rails.ach.reader import read, read_file
from headgate.rails.ach.records import BatchControl, BatchHeader, Entry, FileHeader
from headgate.rails.ach.rules import Fault, Rulebook
from headgate.rails.errors import CannotWrite

_CURRENCY = "USD"
_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_JUDGED = Rulebook("outbound", {"V-26": "W"})
"""By what we send; but time has gone by since, so that dates are only flagged."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A file made from others."""

    content: bytes = field(repr=False)
    sha256: str
    modifier: str
    batch_count: int
    entries: int
    debits: Money
    credits: Money


@dataclass(slots=True)
class _Head:
    """A batch's header, and its control, which may say more than sums."""

    header: BatchHeader
    control: str = ""


_Batch = tuple[_Head, list[Entry]]


def merge(streams: Sequence[BinaryIO], *, modifier: str | None = None) -> Rewritten:
    """One file of the batches of all, in their order, numbered anew, under the first file's header.

    All must be from the same origin to the same destination, and free of errors. Raises CannotWrite.
    """
    batches: list[_Batch] = []
    headers: list[FileHeader] = []
    for number, stream in enumerate(streams, start=1):
        header, found = _whole(stream, f"file {number}")
        headers.append(header)
        batches += found
    if not headers:
        raise CannotWrite("there is nothing to merge; name at least one file")
    first = headers[0]
    for number, header in enumerate(headers, start=1):
        if (header.destination, header.origin) != (first.destination, first.origin):
            raise CannotWrite(f"file {number} has another origin or destination than file 1; merge what goes one way")
    modifier = modifier or first.modifier
    if len(modifier) != 1 or modifier not in _MODIFIERS:
        raise CannotWrite(f"'{modifier}' is no modifier; write one of A to Z or 0 to 9 (V-12)")
    return _write(first, batches, modifier)


def split(stream: BinaryIO, limits: Limits) -> Iterator[Rewritten]:
    """The file as several, each within the limits; their modifiers count on from the file's own.

    A batch that balances itself is never cut, since its parts would not. Raises CannotWrite.
    """
    header, batches = _whole(stream, "the file")
    start = _MODIFIERS.find(header.modifier)
    whole = {id(head): entries for head, entries in batches}
    for number, file in enumerate(pack(batches, _size, limits)):
        for head, entries in file:
            if len(entries) < len(whole[id(head)]) and _is_balanced(whole[id(head)]):
                text = (
                    f"batch {head.header.batch_number} balances itself and does not fit; split it before it is balanced"
                )
                raise CannotWrite(text)
        if not 0 <= start + number < len(_MODIFIERS):
            raise CannotWrite(f"no modifier is left after {len(_MODIFIERS) - start} files; allow more in one file")
        yield _write(header, file, _MODIFIERS[start + number])


def _whole(stream: BinaryIO, name: str) -> tuple[FileHeader, list[_Batch]]:
    header: FileHeader | None = None
    batches: list[_Batch] = []
    errors: list[str] = []
    for item in read(stream, _JUDGED):
        if isinstance(item, Fault):
            if item.level == "E":
                errors.append(f"{name}: {item.rule} {item.message}")
        elif isinstance(item, FileHeader):
            header = item
        elif isinstance(item, BatchHeader):
            batches.append((_Head(item), []))
        elif isinstance(item, Entry) and batches:
            batches[-1][1].append(item)
        elif isinstance(item, BatchControl):
            if batches:
                batches[-1][0].control = item.line
            if "authentication" in item.layout and item.value("authentication"):
                errors.append(f"{name}: line {item.number} holds an authentication code, which no other file can carry")
    _refuse(errors)
    assert header is not None, "V-03 names a file without a header"
    return header, batches


def _write(header: FileHeader, batches: Iterable[_Batch], modifier: str) -> Rewritten:
    """The file's lines with controls of our own, read back before they are given out."""
    lines = [layout.FILE_HEADER.replace(header.line, modifier=modifier)]
    count = entries_count = records = hashed = debits = credits = 0
    is_advice = False
    for count, (head, entries) in enumerate(batches, start=1):
        is_advice = is_advice or head.header.sec_code == "ADV"
        lines.append(head.header.layout.replace(head.header.line, batch_number=count))
        before = len(lines)
        sums = {True: 0, False: 0}
        batch_hash = 0
        for entry in entries:
            lines.append(entry.line)
            lines += [addenda.line for addenda in entry.addenda]
            sums[entry.is_debit] += entry.amount_minor or 0
            batch_hash += int(entry.rdfi)
        made = len(lines) - before
        lines.append(_control(head, made, batch_hash % 10**10, sums[True], sums[False], count))
        entries_count += len(entries)
        records += made
        hashed += batch_hash
        debits += sums[True]
        credits += sums[False]
    blocks = -(-(len(lines) + 1) // layout.BLOCK)
    table = layout.FILE_CONTROL_ADV if is_advice else layout.FILE_CONTROL
    try:
        control = table.write(
            record_type="9",
            batch_count=count,
            block_count=blocks,
            entry_addenda_count=records,
            entry_hash=hashed % 10**10,
            debits=debits,
            credits=credits,
        )
    except ValueError as error:
        raise CannotWrite(f"the files are too much for one: {error}") from error
    lines.append(control)
    lines += ["9" * layout.LENGTH] * (blocks * layout.BLOCK - len(lines))
    content = ("\n".join(lines) + "\n").encode("ascii")
    faults = read_file(content, _JUDGED).faults
    _refuse([f"the new file: {fault.rule} {fault.message}" for fault in faults if fault.level == "E"])
    return Rewritten(
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        modifier=modifier,
        batch_count=count,
        entries=entries_count,
        debits=Money(debits, _CURRENCY),
        credits=Money(credits, _CURRENCY),
    )


def _control(head: _Head, records: int, hashed: int, debits: int, credits: int, number: int) -> str:
    """The batch's control with new sums and its new number."""
    table = layout.BATCH_CONTROL_ADV if head.header.sec_code == "ADV" else layout.BATCH_CONTROL
    sums = {"entry_addenda_count": records, "entry_hash": hashed, "debits": debits, "credits": credits}
    try:
        return table.replace(head.control, **sums, batch_number=number)
    except ValueError as error:
        raise CannotWrite(f"batch {number} is too much for one: {error}") from error


def _size(entry: Entry) -> Size:
    minor = entry.amount_minor or 0
    return Size(1 + len(entry.addenda), minor if entry.is_debit else 0, 0 if entry.is_debit else minor)


def _is_balanced(entries: Sequence[Entry]) -> bool:
    sums = {True: 0, False: 0}
    for entry in entries:
        sums[entry.is_debit] += entry.amount_minor or 0
    return sums[True] == sums[False] > 0


def _refuse(problems: list[str]) -> None:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise CannotWrite(f"{problems[0]}{more}", problems=problems)
