"""Fedwire's own format, before ISO 20022: free text is what originator and banks say to each other, and remittance as text.

    {6000}PAYROLL NOVEMBER*CARD 4111111111111111*

Accounts, names and references have fields of their own: they stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from headgate.ingestion.cards.free_texts import TEXT_MAX, BankFormat, Piece, Text, places

_FULL: Final = 33
"""A line of so many characters was broken by its width, which is 35, and less in some fields."""
_TAG: Final = re.compile(rb"\{([0-9]{4})\}")
_FREE: Final = re.compile(rb"6[0-5][0-9]{2}|8200|8750\Z")
_LINE: Final = re.compile(rb"[^*\r\n]+")
_SEAM: Final = re.compile(rb"[*\r\n}]+[0-9]")
_BEGINS: Final = re.compile(rb"\s*(?:\{1500\}|\{1510\})")


def texts(data: bytes) -> Iterator[Text]:
    """The texts of the fields that may hold a card number."""
    done = 0
    for at in places(data, _SEAM):
        if at < done:
            continue
        end = data.find(b"{", at)
        done = end if end >= 0 else len(data)
        tag = _TAG.match(data, max(data.rfind(b"{", max(0, at - TEXT_MAX), at), 0))
        if tag is not None and tag.end() <= at + 1 and _FREE.match(tag[1]):
            yield Text(tuple(_lines(data, tag.end(), done)))


def _lines(data: bytes, start: int, end: int) -> Iterator[Piece]:
    for found in _LINE.finditer(data, start, end):
        yield Piece(found.start(), found.end(), found.end() - found.start() >= _FULL)


def _looks_like_fedwire(beginning: bytes) -> bool:
    return _BEGINS.match(beginning) is not None


FORMAT = BankFormat(
    name="fedwire", title="Fedwire", parsers=(), begins=_looks_like_fedwire, texts=texts, looks_like=_looks_like_fedwire
)
