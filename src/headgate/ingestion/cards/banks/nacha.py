"""NACHA: free text is the payment-related information of addenda 05 and 17, and the information of a return's addenda 99.

    705MARCH OVERTIME                                                                  00010000002
       4 to 83                                                                         sequences
    799R01990000010000001      23138010                                            231380100000001
                                       36 to 79 (IAT: 46 to 79; dishonored: 59 to 79; contested: none)

Names, discretionary data and descriptions have places of their own, as accounts and traces have: they stay. So does the card
account of an SHR entry, which the entry is about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from headgate.ingestion.cards.free_texts import BankFormat, Piece, Text
from headgate.rails import ach

_LENGTH: Final = 94
_FIRST: Final = 3
_LAST: Final = 83
_RETURNED_LAST: Final = 79
_RECORD: Final = re.compile(rb"[\r\n]((?:5[^\r\n]{52}|7(?:05|17|99))[^\r\n]*)")
_BEGINS: Final = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n ]*(?:101|5200|522[05]|6[0-9]{11})")
_END: Final = re.compile(rb"[\r\n]")
_MARK: Final = b"\xef\xbb\xbf"
_HELD_MAX: Final = 9_999
"""Addenda that are one text: an entry has no more."""


def texts(data: bytes) -> Iterator[Text]:
    """The information of each entry's addenda, those that follow each other as one text."""
    held: list[Piece] = []
    before, kind, is_iat = 0, b"", False
    for start, record in _records(data):
        goes_on = start <= before + 2 and record[:3] == kind and kind != b"799"
        if held and not (goes_on and len(held) < _HELD_MAX):
            yield Text(tuple(held))
            held = []
        if record[:1] == b"5":
            is_iat = record[50:53] == b"IAT"
            continue
        before, kind = start + len(record), record[:3]
        first, last = (_of_return(record, is_iat=is_iat), _RETURNED_LAST) if kind == b"799" else (_FIRST, _LAST)
        first, last = _in_bytes(record, first), _in_bytes(record, last)
        if last > first:
            held.append(Piece(start + first, start + last, record[last - 1 : last] != b" "))
    if held:
        yield Text(tuple(held))


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The batch headers and these addenda, with their places, of a file with line ends or without."""
    first = len(_MARK) if data.startswith(_MARK) else 0
    end = _END.search(data, first)
    line = data[first : end.start() if end else len(data)]
    is_several = len(line) >= 2 * _LENGTH and len(line.rstrip()) > _LENGTH
    if is_several and (not len(line) % _LENGTH or end is None or not data[end.end() :].strip()):
        yield from _unbroken(data, first)
        return
    if line[:1] == b"5" or line.startswith((b"705", b"717", b"799")):
        yield first, line
    for found in _RECORD.finditer(data):
        yield found.start(1), found[1]


def _unbroken(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at < len(data):
        if data[at] in b"\r\n":
            at += 1
            continue
        record = data[at : at + _LENGTH]
        if not record.isascii():
            record = _widened(data, at)
        if (end := _END.search(record)) is not None:
            record = record[: end.start()]
        if record[:1] == b"5" or record.startswith((b"705", b"717", b"799")):
            yield at, record
        at += len(record)


def _widened(data: bytes, at: int) -> bytes:
    """A record of 94 characters, some of which take more than a byte; of bytes where it is not UTF-8."""
    wide = data[at : at + 4 * _LENGTH]
    text = wide.decode("utf-8", errors="surrogateescape")[:_LENGTH]
    if any("\udc80" <= letter <= "\udcff" for letter in text):
        return wide[:_LENGTH]
    return text.encode()


def _in_bytes(record: bytes, characters: int) -> int:
    """How many bytes so many characters of a record take."""
    if len(record) > _LENGTH and not record.isascii():
        try:
            return len(record.decode("utf-8")[:characters].encode())
        except UnicodeDecodeError:
            pass
    return min(characters, len(record))


def _of_return(record: bytes, *, is_iat: bool) -> int:
    """Where the information of a return begins; at its end where there is none."""
    code = record[3:6]
    if code[:2] == b"R7" and code[2:3] in b"1234567":
        return _RETURNED_LAST
    if code[:2] == b"R6" or code == b"R70":
        return 58
    return 45 if is_iat else 35


def _begins(beginning: bytes) -> bool:
    return _BEGINS.match(beginning) is not None


FORMAT = BankFormat(
    name="nacha",
    title="NACHA",
    parsers=("nacha_",),
    begins=_begins,
    texts=texts,
    looks_like=ach.looks_like_ach,
)
