"""MT940 and MT942: free text is field 86, the supplementary details on the second line of field 61, and fields 72 and 79.

    :61:2611251125C141755,20NTRFHARBOR-1125//20261125000001
    supplementary details
    :86:166?00GUTSCHRIFT?20SVWZ+CARD 41111111?2111111111?30BANKDEFF?310123456789?32HARBOR BAKERY
        of a structured text: 00 what it is, 20 to 29 and 60 to 63 what it is for, 32 and 33 who; no account, bank or code

References, accounts and amounts have fields of their own: they stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from headgate.ingestion.cards.free_texts import TEXT_MAX, BankFormat, Piece, Text, places
from headgate.ingestion.cards.numbers import may_hold

_FULL: Final = 60
"""A line of so many characters was broken by its width, which is 65."""
_MARKED: Final = re.compile(rb"[^0-9A-Za-z\s]\d\d|[\r\n@]+")
_SUBFIELD_FULL: Final = 27
_TAG: Final = re.compile(rb"[\r\n@](?:(?<=[\r\n])|(?<=@@)):(\d\d[A-Z]?):")
_TRAILER: Final = re.compile(rb"[\r\n@](?:(?<=[\r\n])|(?<=@@))-(?:\}|[\r\n]|@@|\Z)")
_BREAK: Final = re.compile(rb"\r\n|\r|\n|@@")
_STRUCTURED: Final = re.compile(rb"\s*\d{3}([^0-9A-Za-z\s])\d\d")
_MARKS: Final = rb"?<>~^&+#$%!|;*=_"
_OVER: Final = rb"(?:(?<=[\r\n@])[\n@]?[ ]?(?:[" + _MARKS + rb"][0-9]{2})?|(?<=[" + _MARKS + rb"])[0-9]{2})[0-9]"
_SEAM: Final = re.compile(
    rb"(?s)[\r\n@" + _MARKS + rb"](?:(?<=[0-9][0-9 \-]{6}.)" + _OVER + rb"|(?<=[0-9 \-].)" + _OVER + rb"[0-9 \-]{6}"
    + rb"|(?<=[" + _MARKS + rb"])[0-9]{2}[2-6][0-9]{12})"
)  # fmt: skip
"""Where a number may go on over the end of a line or subfield, and where a subfield's number makes a longer one of it."""
_TEXTS: Final = {
    b"00": b"0",
    **{b"%d" % number: b"2" for number in (*range(20, 30), *range(60, 64))},
    b"32": b"3",
    b"33": b"3",
}
"""The subfields that are text, by the text that they are parts of."""
_WINDOW: Final = 512


def texts(data: bytes) -> Iterator[Text]:
    """The texts of the fields that may hold a card number."""
    done = 0
    for at in places(data, _SEAM):
        if at < done:
            continue
        tag, start = _field(data, at)
        found = _TAG.search(data, at, at + TEXT_MAX)
        end = found.start() if found else min(len(data), at + TEXT_MAX)
        done = max(end, at + 1)
        trailer = _TRAILER.search(data, start, end)
        end = trailer.start() if trailer else end
        if tag == b"61":
            details = _BREAK.search(data, start, end)
            start = details.end() if details else end
            if data.startswith(b"\n", start):
                start += 1
        if tag in (b"61", b"72", b"79"):
            yield Text(tuple(_lines(data, start, end)))
        elif tag == b"86":
            yield from _of_field(data, start, end)


def _field(data: bytes, at: int) -> tuple[bytes, int]:
    """The field that a byte stands in, and where what it says begins; an empty name where it is in none."""
    window = _WINDOW
    while True:
        start = max(0, at - window)
        tags = list(_TAG.finditer(data, start, at))
        if tags:
            return tags[-1][1], tags[-1].end()
        if not start or window >= TEXT_MAX:
            return b"", at
        window *= 8


def _of_field(data: bytes, start: int, end: int) -> Iterator[Text]:
    structured = _STRUCTURED.match(data, start, end)
    if structured is None:
        yield Text(tuple(_lines(data, start, end)))
        return
    plain = _MARKED.sub(b"", data[start:end])
    if not may_hold(plain) and not may_hold(_MARKED.sub(b" ", data[start:end])):
        return
    found: dict[bytes, list[Piece]] = {name: [] for name in (b"0", b"2", b"3")}
    marks = list(_subfields(structured[1]).finditer(data, start, end))
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        text = found.get(_TEXTS.get(mark[1] + mark[2], b""))
        value = _lines(data, mark.end(), following.start() if following else end, is_whole=True)
        if text is not None and (pieces := list(value)):
            length = sum(piece.end - piece.start for piece in pieces)
            text += [*pieces[:-1], pieces[-1]._replace(is_full=length >= _SUBFIELD_FULL)]
    for pieces in found.values():
        if pieces:
            yield Text(tuple(pieces))


@cache
def _subfields(mark: bytes) -> re.Pattern[bytes]:
    """The numbers of subfields after their mark; a line may end within them."""
    ends = rb"(?:\r\n|\r|\n|@@)?"
    return re.compile(re.escape(mark) + ends + rb"(\d)" + ends + rb"(\d)")


def _lines(data: bytes, start: int, end: int, *, is_whole: bool = False) -> Iterator[Piece]:
    """The lines of a text. `is_whole`: its lines were broken by their width alone."""
    for found in _BREAK.finditer(data, start, end):
        if found.start() > start:
            yield Piece(start, found.start(), is_whole or found.start() - start >= _FULL)
        start = found.end()
    if start < end:
        yield Piece(start, end, end - start >= _FULL)


def _begins(beginning: bytes) -> bool:
    return b":20:" in beginning or b":61:" in beginning


FORMAT = BankFormat(name="swift", title="SWIFT MT940 or MT942", parsers=("mt940_",), begins=_begins, texts=texts)
