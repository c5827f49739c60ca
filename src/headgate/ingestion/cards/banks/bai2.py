"""BAI2: free text is what follows the references of a record 16, also on the records 88 that continue it.

    16,195,1000000,Z,20261124000001,WIRE1,INCOMING WIRE ACME INC, CARD 4111
    88,1111 1111 1111/

Its codes, amounts and references are fields before that, which a record 88 may continue too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from headgate.ingestion.cards.free_texts import TEXT_MAX, BankFormat, Piece, Text, over_a_break, places
from headgate.ingestion.parsers.bai2_v1 import _needed, _unslashed

_FULL: Final = 72
"""A line of so many bytes was broken by its width, which is 80."""
_SEAM: Final = over_a_break(rb"[ \t]*88,[ \t]*")
_FIELDS_MIN: Final = 6
_BEGINS: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*01,")


def texts(data: bytes) -> Iterator[Text]:
    """The texts of the transactions that may hold a card number."""
    done = 0
    for at in places(data, _SEAM):
        if at < done or _is_early(data, at):
            continue
        lines, done = _record(data, at)
        pieces = tuple(_pieces(data, lines))
        if pieces:
            yield Text(pieces)


def _is_early(data: bytes, at: int) -> bool:
    """Whether a byte stands on the line of a record 16 among the fields that each has; most numbers there are references."""
    start = _line_start(data, at)
    return data.startswith(b"16,", start) and data.count(b",", start, at) < _FIELDS_MIN


_Line = tuple[int, int, int]
"""The first byte of a line, of what follows its code, and the byte after its last."""


def _record(data: bytes, at: int) -> tuple[list[_Line], int]:
    """The lines of the record 16 around this byte, none where it is another; and where the next record begins."""
    start = _line_start(data, at)
    lines: list[_Line] = []
    while (code := _code(data, start)) in (b"88", b"") and start and at - start < TEXT_MAX:
        start = _line_start(data, start - 1)
    is_transaction = code == b"16"
    while start < len(data):
        end = _line_end(data, start)
        code = _code(data, start)
        if start > at and (code not in (b"88", b"") or start - at > TEXT_MAX):
            break
        if code and (is_transaction or start <= at):
            lines.append((start, data.find(b",", start, end) + 1 or end, end))
        elif lines and code not in (b"88", b""):
            break
        start = end + 1
    return lines if is_transaction else [], max(start, at + 1)


def _pieces(data: bytes, lines: list[_Line]) -> Iterator[Piece]:
    """What of a record's lines is text: all after the fields that every record of its funds type has, as the parser reads."""
    fields: list[str] = []
    is_text = False
    for start, body, end in lines:
        is_full = len(data[start:end].strip()) >= _FULL
        if not is_text:
            before = len(fields)
            whole = _unslashed(data[body:end].decode("latin-1"))
            fields += whole.split(",")
            needed = _needed(fields)
            if len(fields) < needed:
                continue
            is_text = True
            for _ in range(needed - before):
                comma = data.find(b",", body, end)
                body = comma + 1 if comma >= 0 else end
        text = data[body:end].rstrip().removesuffix(b"/")
        if text:
            yield Piece(body, body + len(text), is_full)


def _code(data: bytes, start: int) -> bytes:
    """What a line begins with; empty where it is blank."""
    return data[start : _line_end(data, start)].strip()[:3].partition(b",")[0]


def _line_start(data: bytes, at: int) -> int:
    after = data.rfind(b"\n", max(0, at - TEXT_MAX), at) + 1
    return max(after, data.rfind(b"\r", max(after, at - TEXT_MAX), at) + 1)


def _line_end(data: bytes, at: int) -> int:
    end = data.find(b"\n", at)
    end = end if end >= 0 else len(data)
    back = data.find(b"\r", at, end)
    return back if back >= 0 else end


def _begins(beginning: bytes) -> bool:
    return _BEGINS.match(beginning) is not None


FORMAT = BankFormat(name="bai2", title="BAI2", parsers=("bai2_",), begins=_begins, texts=texts)
