"""The free texts of banks' own formats, and the card numbers in them: whatever else stands in such a file is never touched.

A number may go on over the end of a line, a continuation or a subfield. So a text is its pieces in their order: each by itself, all
joined with a blank, as most that read it join them, and without, where only a number that crosses is taken. Where a piece was not
broken by its width, a word must say that such a number is a card's. Pure.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from headgate.ingestion.cards.numbers import BLOCK, Found, card_numbers, may_hold, possible

SIGN: Final = b"X"
"""What masks a digit here: `*` parts the elements of X12 in NACHA's addenda, and SWIFT does not have it."""
TEXT_MAX: Final = 1 << 16
"""Bytes of one text that are looked at together; a longer one is looked at in parts."""
_SEAM_MAX: Final = 256
_REFERENCES: Final = re.compile(
    rb"(?<![A-Z])(?:EREF|KREF|MREF|CRED|DEBT|IBAN|BIC)\+[^+]{0,35}?(?=[A-Z]{4}\+|\Z|(?<=[^+]{35}))"
    rb"|/(?:EREF|IREF|PREF|KREF|MREF|MARF|CSID|IBAN|BIC|ID|TRCD)/[^/]{0,35}"
    rb"|(?<![A-Z])(?:TRN|REF|RMR)\*[^*\\~]{0,3}\*[^*\\~]{0,50}"
)
"""What is a reference or an account by a mark of its own within a free text: SEPA's `EREF+`, SWIFT's `/EREF/`, X12's `TRN*1*`."""

_MARK_END: Final = re.compile(rb"(?<=[A-Z]{4})\+|(?<=/[A-Z]{4})/|(?<=/[A-Z]{3})/|(?<=/[A-Z]{2})/")


def over_a_break(tail: bytes, more: bytes = b"") -> re.Pattern[bytes]:
    """The end of a line that may stand within a number, seven of its digits at least on one side, where the next line begins with
    `tail`; or `more`, which begins with U. To be found fast it begins with one of few bytes."""
    after = rb"\n?" + tail + rb"[0-9]"
    return re.compile(
        rb"[\r\nU](?:(?<=[0-9][0-9 \-/]{6}[\r\n])" + after + rb"|(?<=[0-9 \-/][\r\n])" + after + rb"[0-9 \-]{6}"
        + (rb"|(?<=U)" + more if more else b"") + rb")"
    )  # fmt: skip


class Piece(NamedTuple):
    """Bytes of a text that stand together. `is_full`: it ends where no more had room."""

    start: int
    end: int
    is_full: bool = False


class Text(NamedTuple):
    """A free text: its pieces in order, and what names it where its place says what it is."""

    pieces: tuple[Piece, ...]
    label: bytes = b""


@dataclass(frozen=True, slots=True)
class BankFormat:
    """A format whose fields have places of their own. `parsers` are the beginnings of the names of those that read it.

    `texts` gives its free texts in their order, at least each that may hold a card number. `begins` tells quickly from the
    beginning of what comes in order that it may be of this format; `looks_like` is asked where no parser is sure enough.
    """

    name: str
    title: str
    parsers: tuple[str, ...]
    begins: Callable[[bytes], bool]
    texts: Callable[[bytes], Iterator[Text]]
    looks_like: Callable[[bytes], bool] | None = None


def places(data: bytes, seams: re.Pattern[bytes]) -> Iterator[int]:
    """Where to look: at what is a card number by its digits, and where a number may go on over a seam; in order."""
    numbers = possible(data)
    at = next(numbers, None)
    for start in range(0, len(data), BLOCK):
        stop = min(start + BLOCK, len(data))
        for seam in seams.finditer(data, start, min(stop + _SEAM_MAX, len(data))):
            if seam.start() >= stop:
                break
            while at is not None and at[0] <= seam.start():
                yield at[0]
                at = next(numbers, None)
            yield seam.start()
    while at is not None:
        yield at[0]
        at = next(numbers, None)


def in_free_texts(data: bytes, texts: Iterator[Text]) -> list[Found]:
    """The card numbers in these texts of a file."""
    found: list[Found] = []
    for text in texts:
        found += _in_text(data, text)
    return found


def _in_text(data: bytes, text: Text) -> list[Found]:
    if len(text.pieces) == 1:
        start, end, _ = text.pieces[0]
        if not may_hold(data[start:end]):
            return []
    parts = [_stripped(data, piece) for piece in text.pieces]
    # Of a line by itself first: a word for another number counts on its own line only.
    found: list[Found] = []
    for between in (b"\n", b" ", b"") if len(parts) > 1 else (b"\n",):
        joined = _Joined(data, parts, between)
        numbers = joined.numbers(text.label)
        if not between and numbers:
            certain = {one.start for one in joined.numbers(text.label, strict=True)}
            crossed = [parts[joined.part(one.start) : joined.part(one.end - 1)] for one in numbers]
            numbers = [
                one
                for one, over in zip(numbers, crossed, strict=True)
                if over and (one.start in certain or all(piece.is_full for piece in over))
            ]
        for one in numbers:
            there = joined.in_file(one)
            at = bisect_right(found, there.start, key=lambda other: other.start)
            if (not at or found[at - 1].end <= there.start) and (at == len(found) or there.end <= found[at].start):
                found.insert(at, there)
    return found


def _is_within(one: Found, spans: list[tuple[int, int]]) -> bool:
    """Whether a number stands, at least in part, in one of these spans, which are in order."""
    at = bisect_right(spans, one.end - 1, key=lambda span: span[0])
    return at > 0 and spans[at - 1][1] > one.start


def _stripped(data: bytes, piece: Piece) -> Piece:
    part = data[piece.start : piece.end]
    start = piece.start + len(part) - len(part.lstrip())
    return Piece(start, start + len(part.strip()), piece.is_full)


class _Joined:
    """The pieces of a text as one, and where each of its bytes stands in the file."""

    def __init__(self, data: bytes, parts: list[Piece], between: bytes) -> None:
        self._parts = parts
        self._between = len(between)
        self._begins: list[int] = []
        self._text = between.join(data[start:end] for start, end, _ in parts)

    def numbers(self, label: bytes, *, strict: bool = False) -> list[Found]:
        """The card numbers in it, but for those that are references by a mark."""
        if not may_hold(self._text):
            return []
        # A number right after a mark is no part of a longer word.
        parted = _MARK_END.sub(b" ", self._text)
        found = list(card_numbers(parted, lambda _: label, strict=strict))
        if not found:
            return found
        marked = [mark.span() for mark in _REFERENCES.finditer(self._text)]
        return [one for one in found if not _is_within(one, marked)]

    def part(self, at: int) -> int:
        """Which piece a byte of it stands in."""
        if not self._begins:
            lengths = (end - start + self._between for start, end, _ in self._parts[:-1])
            self._begins = list(accumulate(lengths, initial=0))
        return bisect_right(self._begins, at) - 1

    def in_file(self, one: Found) -> Found:
        """A number of it by its place in the file."""
        return Found(
            self._place(one.start), self._place(one.end - 1) + 1, tuple(self._place(place) for place in one.middle)
        )

    def _place(self, at: int) -> int:
        part = self.part(at)
        return self._parts[part].start + at - self._begins[part]
