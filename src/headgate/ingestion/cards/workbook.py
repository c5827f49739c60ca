"""Workbooks: a cell's number stands in its sheet or in the strings that all sheets share, and its column has a head."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from headgate.ingestion.cards.numbers import Found, card_numbers, has_check_digit, is_issued, may_hold, verdict

STRINGS: Final = "xl/sharedStrings.xml"
SHEETS: Final = "xl/worksheets/"
HEAD_ROWS: Final = 60

_CELL = re.compile(rb"<(?:\w+:)?c\s([^<>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_REFERENCE = re.compile(rb'(?<![A-Za-z])r="([A-Z]{1,3})([0-9]{1,7})"')
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?>\s*([^<>]*?)\s*</(?:\w+:)?v>")
_STRING = re.compile(rb"<(?:\w+:)?si(?:\s[^<>]*)?>(.*?)</(?:\w+:)?si>", re.DOTALL)
_TEXT = re.compile(rb"<(?:\w+:)?t(?:\s[^<>]*)?>([^<>]*)</(?:\w+:)?t>")
_POWER = re.compile(rb"([2-6])\.([0-9]{9,18})[eE]\+?(1[2-8])\Z")


class Workbook:
    """What a workbook's members say of each other: the heads of columns, by sheet, and the columns that show a string."""

    def __init__(self, members: Mapping[str, bytes]) -> None:
        self._strings = [b"".join(_TEXT.findall(found)) for found in _STRING.findall(members.get(STRINGS, b""))]
        self._heads: dict[str, dict[bytes, bytes]] = {}
        self._shown: dict[int, set[bytes]] = {}
        for name, data in members.items():
            if name.startswith(SHEETS) and name.endswith(".xml"):
                self._heads[name] = self._read(data)

    def found(self, name: str, data: bytes) -> list[tuple[Found, bool]] | None:
        """The card numbers of one XML member, and whether each is a number of XML's; None where it is neither a sheet nor the
        strings, and so a text like any other."""
        if name == STRINGS:
            return self._in_strings(data)
        return self._in_cells(name, data) if name in self._heads else None

    def _read(self, sheet: bytes) -> dict[bytes, bytes]:
        """The head of each column: its first text. And which columns show which string."""
        heads: dict[bytes, bytes] = {}
        shown: list[tuple[int, bytes]] = []
        for cell in _CELL.finditer(sheet):
            where = _REFERENCE.search(cell.group(1))
            if where is None or cell.group(2) is None:
                continue
            column, value = where.group(1), _VALUE.search(cell.group(2))
            text = b"".join(_TEXT.findall(cell.group(2)))
            if b't="s"' in cell.group(1) and value is not None and value.group(1).isdigit():
                index = int(value.group(1))
                if index < len(self._strings):
                    text = self._strings[index]
                    shown.append((index, column))
            if text and column not in heads and int(where.group(2)) <= HEAD_ROWS and not may_hold(text):
                heads[column] = text
        for index, column in shown:
            if may_hold(self._strings[index]):
                self._shown.setdefault(index, set()).add(heads.get(column, b""))
        return heads

    def _in_strings(self, data: bytes) -> list[tuple[Found, bool]]:
        found: list[tuple[Found, bool]] = []
        for index, string in enumerate(_STRING.finditer(data)):
            if index >= len(self._strings) or not may_hold(self._strings[index]):
                continue
            said = {verdict(label): label for label in self._shown.get(index, {b""})}
            label = said.get("yes", said.get("unsaid", said.get("no", b"")))
            found += [(one, False) for one in _in_runs(data, string.start(1), string.end(1), label)]
        return found

    def _in_cells(self, name: str, data: bytes) -> list[tuple[Found, bool]]:
        found: list[tuple[Found, bool]] = []
        for cell in _CELL.finditer(data):
            body = cell.group(2)
            where = _REFERENCE.search(cell.group(1))
            if body is None or len(body) < 13:
                continue
            label = self._heads[name].get(where.group(1), b"") if where else b""
            found += [(one, False) for one in _in_runs(data, cell.start(2), cell.end(2), label)]
            value = _VALUE.search(body)
            if value is None or b't="s"' in cell.group(1):
                continue
            start = cell.start(2) + value.start(1)
            is_text = b't="str"' in cell.group(1)
            if power := _POWER.match(value.group(1)):
                found += [(one, True) for one in _as_power(power, start, label)]
            else:
                found += [
                    (_moved(one, start), not is_text) for one in card_numbers(value.group(1), partial(_same, label))
                ]
        return found


def of(members: Mapping[str, bytes]) -> Workbook | None:
    """The workbook that these members are; None where none of them holds a run of digits worth a look."""
    powers = any(re.search(rb"[0-9][eE]\+?1[2-8]", data) for name, data in members.items() if name.startswith(SHEETS))
    runs = any(_may_hold_split(data) for name, data in members.items() if name.endswith(".xml"))
    return Workbook(members) if powers or runs else None


def _may_hold_split(data: bytes) -> bool:
    """Whether a run of digits stands in a text, or might be parted among the runs of a formatted one."""
    return may_hold(data) or b"<r>" in data or b"<r " in data


def _in_runs(data: bytes, start: int, end: int, label: bytes) -> list[Found]:
    """The card numbers of a string that may be parted into runs of different looks."""
    at: list[int] = []
    text = bytearray()
    for run in _TEXT.finditer(data, start, end):
        at += range(run.start(1), run.end(1))
        text += run.group(1)
    whole = bytes(text)
    return [
        Found(at[one.start], at[one.end - 1] + 1, tuple(at[place] for place in one.middle))
        for one in card_numbers(whole, lambda _: label)
    ]


def _as_power(power: re.Match[bytes], start: int, label: bytes) -> list[Found]:
    """A number that a spreadsheet wrote as a power of ten: 4.111111111111111E15."""
    digits, exponent = power.group(1) + power.group(2), int(power.group(3))
    if len(digits) > exponent + 1 or verdict(label) == "no":
        return []
    number = digits.ljust(exponent + 1, b"0")
    if not (is_issued(number) and has_check_digit(number)):
        return []
    places = [start, *range(start + 2, start + 2 + len(power.group(2)))]
    return [Found(start, start + len(power.group(0)), tuple(places[6:-4]) or tuple(places[6:]))]


def _same(label: bytes, _: int) -> bytes:
    return label


def _moved(one: Found, by: int) -> Found:
    return Found(one.start + by, one.end + by, tuple(at + by for at in one.middle))
