"""Messages of ISO 20022, camt among them: free text is unstructured remittance information, and what is called additional
information or an instruction's; and comments, which no reader reads.

    <RmtInf><Ustrd>INVOICE 17, CARD 4111 1111 1111 1111</Ustrd></RmtInf> <AddtlNtryInf>…</AddtlNtryInf>

Identifications, references, accounts, names and addresses have elements of their own: they stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from headgate.ingestion.cards.free_texts import TEXT_MAX, BankFormat, Piece, Text, over_a_break, places
from headgate.rails import iso20022

_FULL: Final = 135
"""Such an element was broken by its width, which is 140; of a line within one, which is less, it is not known."""
_LINE_FULL: Final = 60
_BEGIN: Final = re.compile(rb"<(?:[\w.-]+:)?(\w+)(?:\s[^<>]*)?>")
_FREE: Final = re.compile(rb"Ustrd|Addtl\w*Inf|InstrInf|InstrForDbtrAgt|Nrrtv|Cmnt")
_SEAM: Final = over_a_break(rb"[ \t\r\n]*", rb"strd>\s*<(?:[\w.-]+:)?Ustrd>")
_NEXT: Final = re.compile(rb"</(?:[\w.-]+:)?Ustrd>\s*<(?:[\w.-]+:)?Ustrd>")
_COMMENT, _DATA = b"<!--", b"<![CDATA["
_COMMENTS_MAX: Final = 16
"""Comments within one text, past which its element is not looked for: none that a bank sends has one."""
_BREAK: Final = re.compile(rb"[\r\n]+")


def texts(data: bytes) -> Iterator[Text]:
    """The texts of the elements that may hold a card number."""
    done = 0
    apart = _Apart(data)
    for at in places(data, _SEAM):
        if at < done:
            continue
        start, end = _element(data, at, apart)
        done = max(end, at + 1)
        pieces = list(_lines(data, start, end))
        while pieces and end - pieces[0].start < TEXT_MAX and (following := _NEXT.match(data, end)) is not None:
            start, end = following.end(), _end(data, following.end())
            pieces += _lines(data, start, end)
            done = max(end, done)
        if pieces:
            yield Text(tuple(pieces))


class _Apart:
    """Comments and data of characters, in which `<` begins no element: the last one that begins before a byte, in its order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._next = self._found(0)
        self.start = self.end = -1
        self.is_comment = False

    def before(self, at: int) -> None:
        """Go on to the last that begins before this byte."""
        while self._next >= 0 and self._next < at:
            self.start = self._next
            self.is_comment = self._data.startswith(_COMMENT, self.start)
            end = self._data.find(b"-->" if self.is_comment else b"]]>", self.start)
            self.end = end if end >= 0 else len(self._data)
            self._next = self._found(self.end)

    def _found(self, at: int) -> int:
        return self._data.find(b"<!", at)


def _element(data: bytes, at: int, apart: _Apart) -> tuple[int, int]:
    """The free text that a byte stands in, from where to where; nothing, up to the next element, where it stands in none."""
    apart.before(at)
    if at < apart.end and apart.is_comment:
        return apart.start + len(_COMMENT), apart.end
    is_data = at < apart.end
    # A seam's place is the name of an element that ends: the text before it is meant.
    begun = data.rfind(b"<", max(0, at - TEXT_MAX), at)
    if begun >= 0 and data.startswith(b"</", begun) and data.find(b">", begun, at) < 0:
        at = begun
    end = apart.end if is_data else _end(data, at)
    tag = _BEGIN.match(data, _begin(data, at, apart))
    if tag is None or tag.end() > at or _FREE.fullmatch(tag[1]) is None:
        return end, end
    if is_data:
        return apart.start + len(_DATA), end
    return (tag.end() if not tag.end() <= apart.start < at else apart.end + 3), end


def _begin(data: bytes, at: int, apart: _Apart) -> int:
    """Where the last tag before a byte begins, past comments and data of characters."""
    limit = max(0, at - TEXT_MAX)
    begun = data.rfind(b"<", limit, at)
    if apart.start <= begun < apart.end:
        begun = data.rfind(b"<", limit, apart.start)
    for _ in range(_COMMENTS_MAX):
        if begun <= limit or not data.startswith(_COMMENT, begun):
            break
        begun = data.rfind(b"<", limit, begun)
    return max(begun, 0)


def _end(data: bytes, at: int) -> int:
    end = data.find(b"<", at)
    return end if end >= 0 else len(data)


def _lines(data: bytes, start: int, end: int) -> Iterator[Piece]:
    begun = start
    for found in _BREAK.finditer(data, start, end):
        if found.start() > start:
            yield Piece(start, found.start(), found.start() - start >= _LINE_FULL)
        start = found.end()
    if start < end:
        yield Piece(start, end, end - begun >= _FULL)


def _begins(beginning: bytes) -> bool:
    return b"<" in beginning[:200]


FORMAT = BankFormat(
    name="iso20022",
    title="ISO 20022",
    parsers=("camt",),
    begins=_begins,
    texts=texts,
    looks_like=iso20022.looks_like_message,
)
