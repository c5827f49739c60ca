"""A bank's limits for one file, and how entries are packed into as few files as they allow, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from headgate.rails.ach.codes import TRANSACTION_CODES
from headgate.rails.ach.fields import BLOCK
from headgate.rails.ach.specs import BatchSpec, EntrySpec
from headgate.rails.errors import CannotWrite

Head = TypeVar("Head")
One = TypeVar("One")

_SIDE_MAX = 10**12 - 1
_BATCHES_MAX = 899_999
_BATCH_RECORDS_MAX = 999_999
_AROUND_FILE, _AROUND_BATCH = 2, 2


@dataclass(frozen=True, slots=True)
class Limits:
    """What a bank takes in one file; None where it sets no limit but the format's. `max_lines` counts the nines too."""

    max_entries: int | None = None
    max_lines: int | None = None
    max_debits_minor: int | None = None
    max_credits_minor: int | None = None
    max_batches: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """What one entry adds to a file: its lines with its addenda, and cents on one side."""

    lines: int
    debits_minor: int
    credits_minor: int


def split_batches(batches: Sequence[BatchSpec], limits: Limits) -> list[list[BatchSpec]]:
    """The batches of as many files as the limits need; a batch is cut where it does not fit. Balance them afterwards.

    Raises CannotWrite for an entry that no file can take.
    """
    files = pack(((batch, batch.entries) for batch in batches), size_of, limits)
    return [[replace(batch, entries=tuple(entries)) for batch, entries in file] for file in files]


def size_of(entry: EntrySpec) -> Size:
    """What an entry adds to its file."""
    code = TRANSACTION_CODES.get(entry.transaction_code)
    minor = entry.amount.minor
    is_debit = code is not None and code.is_debit
    return Size(1 + len(entry.all_addenda), minor if is_debit else 0, 0 if is_debit else minor)


def pack(
    batches: Iterable[tuple[Head, Iterable[One]]], size: Callable[[One], Size], limits: Limits
) -> Iterator[list[tuple[Head, list[One]]]]:
    """Files of batches of entries, in their order, each file as full as the limits allow. Raises CannotWrite."""
    room = _Room(limits)
    file: list[tuple[Head, list[One]]] = []
    for head, entries in batches:
        opened: list[One] | None = None
        batch_lines = 0
        for entry in entries:
            one = size(entry)
            if opened is not None and batch_lines + one.lines > _BATCH_RECORDS_MAX:
                opened = None  # the batch is full, the file perhaps not
            if not room.takes(one, opens=opened is None):
                if file:
                    yield file
                room, file, opened = _Room(limits), [], None
                if not room.takes(one, opens=True):
                    raise CannotWrite("an entry is more than the bank takes in a whole file; send it another way")
            if opened is None:
                opened, batch_lines = [], 0
                file.append((head, opened))
            room.take(one, opens=not opened)
            batch_lines += one.lines
            opened.append(entry)
    if file:
        yield file


class _Room:
    """What a file in the making holds already."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines = _AROUND_FILE
        self._entries = self._batches = self._debits = self._credits = 0

    def takes(self, one: Size, *, opens: bool) -> bool:
        limits = self._limits
        lines = self._lines + one.lines + (_AROUND_BATCH if opens else 0)
        filled = -(-lines // BLOCK) * BLOCK
        return (
            self._entries < (limits.max_entries or self._entries + 1)
            and filled <= (limits.max_lines or filled)
            and self._batches + opens <= min(limits.max_batches or _BATCHES_MAX, _BATCHES_MAX)
            and self._debits + one.debits_minor <= min(limits.max_debits_minor or _SIDE_MAX, _SIDE_MAX)
            and self._credits + one.credits_minor <= min(limits.max_credits_minor or _SIDE_MAX, _SIDE_MAX)
        )

    def take(self, one: Size, *, opens: bool) -> None:
        self._entries += 1
        self._batches += opens
        self._lines += one.lines + (_AROUND_BATCH if opens else 0)
        self._debits += one.debits_minor
        self._credits += one.credits_minor
