"""The notation of the message tables, and what it means.

A line is an element: its name with how often it may stand (`?` none or once, `*` any number, `+` once or more, `{7}` up to
seven times, nothing: once), then what it holds. Indented under it is what stands in it, in this order. A small word is
a text (`text35`, `code4`, `date`, `amount`, `one:CLRG,INDA`); a word with a capital is a part that several messages
share; `choice` is one of the lines below it; `any` is not looked into. Nothing: a group of the lines below it.

    GrpHdr
      MsgId       text35
      NbOfTxs     count
      SttlmInf
        SttlmMtd  one:CLRG,INDA,INGA,COVE
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache

from headgate.core.currencies import EXPONENTS

_LINE = re.compile(r"(?P<name>[A-Za-z0-9.]+)(?P<card>[?*+]|\{\d+\})?(?:\s+(?P<kind>\S+))?")
_SIZED = re.compile(r"(?P<kind>text|code)(?P<size>\d+)")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_BANKING_TIME = re.compile(r"\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """One element of a table: its name, how often it may stand, what it holds."""

    name: str
    least: int = 1
    most: int | None = 1
    kind: str = "group"
    parts: tuple[Part, ...] = ()

    @property
    def is_leaf(self) -> bool:
        return self.kind not in ("group", "choice", "any")

    def part(self, name: str) -> Part | None:
        return next((part for part in self.parts if part.name == name), None)


@dataclass(frozen=True, slots=True)
class Kind:
    """What a leaf may hold: a test of its text, and how to write it."""

    test: Callable[[str], bool]
    mend: str


def _day(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII)) and _parses(date.fromisoformat, text)


def _instant(text: str) -> bool:
    return bool(_INSTANT.fullmatch(text)) and _parses(datetime.fromisoformat, text)


def _time(text: str) -> bool:
    return bool(_BANKING_TIME.fullmatch(text)) and _parses(time.fromisoformat, text)


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


KINDS: Mapping[str, Kind] = {
    "date": Kind(_day, "write a day as 2026-11-24"),
    "datetime": Kind(_instant, "write an instant as 2026-11-24T10:55:26-05:00"),
    "time": Kind(_time, "write a time as 10:55:26"),
    "bool": Kind(_matches("true|false|1|0"), "write true or false"),
    "count": Kind(_matches("[0-9]{1,15}"), "write up to 15 digits"),
    "decimal": Kind(_matches(r"[+-]?[0-9]{1,18}(\.[0-9]{0,17})?"), "write a number as 1234.50"),
    "amount": Kind(
        _matches(r"[0-9]{1,18}(\.[0-9]{0,5})?"), "write digits and a point as 1234.50, with the currency in Ccy"
    ),
    "currency": Kind(EXPONENTS.__contains__, "write a currency of ISO 4217, as USD"),
    "country": Kind(_matches("[A-Z]{2}"), "write two capitals, as US"),
    "uuid4": Kind(
        _matches("[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}"),
        "write a UUID of version 4 in small letters",
    ),
    "bic": Kind(_matches("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"), "write a BIC of 8 or 11 characters"),
    "lei": Kind(_matches("[A-Z0-9]{18}[0-9]{2}"), "write an LEI of 20 characters"),
    "iban": Kind(_matches("[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}"), "write an IBAN"),
    "phone": Kind(_matches(r"\+[0-9]{1,3}-[0-9()+\-]{1,30}"), "write a number as +1-5551234567"),
    "version": Kind(_matches(r"[a-z]{4}\.[0-9]{3}\.[0-9]{3}\.[0-9]{2}"), "write a message's name as pacs.008.001.08"),
}


@cache
def kind_of(word: str) -> Kind:
    """What a leaf's word means. Raises KeyError for a word that no table may use."""
    if word.startswith("one:"):
        allowed = word.removeprefix("one:").split(",")
        return Kind(allowed.__contains__, f"write {' or '.join(allowed)}")
    sized = _SIZED.fullmatch(word)
    if sized is None:
        return KINDS[word]
    size = int(sized["size"])
    return Kind(lambda text: len(text) <= size and bool(text.strip()), f"write 1 to {size} characters")


def parse_table(text: str, shared: Mapping[str, Part]) -> Part:
    """The table of one message or part; its first line is the element itself. Raises ValueError for a bad table."""
    rows: list[tuple[int, re.Match[str]]] = []
    for line in text.strip("\n").splitlines():
        found = _LINE.fullmatch(line.strip())
        if found is None:
            raise ValueError(f"no line of a table: {line!r}")
        rows.append(((len(line) - len(line.lstrip())) // 2, found))
    part, rest = _take(rows, shared)
    if rest:
        raise ValueError(f"a table has one first line, and {rest[0][1][0]!r} is another")
    return part


def parse_parts(text: str) -> dict[str, Part]:
    """Shared parts by their names, each written below those that it uses; an empty line parts them."""
    shared: dict[str, Part] = {}
    for table in text.strip("\n").split("\n\n"):
        part = parse_table(table, shared)
        shared[part.name] = part
    return shared


def _take(
    rows: Sequence[tuple[int, re.Match[str]]], shared: Mapping[str, Part]
) -> tuple[Part, Sequence[tuple[int, re.Match[str]]]]:
    """The part that the first row begins, and the rows after it."""
    (depth, row), rest = rows[0], rows[1:]
    parts: list[Part] = []
    while rest and rest[0][0] > depth:
        part, rest = _take(rest, shared)
        parts.append(part)
    least, most = _cardinality(row["card"] or "")
    kind = row["kind"] or "group"
    if kind[0].isupper():
        used = shared[kind]
        return Part(row["name"], least, most, used.kind, used.parts), rest
    if kind not in ("group", "choice", "any"):
        kind_of(kind)
    return Part(row["name"], least, most, kind, tuple(parts)), rest


def _cardinality(sign: str) -> tuple[int, int | None]:
    fixed: dict[str, tuple[int, int | None]] = {"": (1, 1), "?": (0, 1), "*": (0, None), "+": (1, None)}
    return fixed.get(sign) or (0, int(sign[1:-1]))
