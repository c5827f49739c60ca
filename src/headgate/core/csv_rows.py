"""Rows of CSV, so that a quotation mark that is never closed costs its own line and no other.

A quoted cell may go over many lines. One that is not closed would take all that follows into itself, up to the next mark of a
later row, and the row that comes of it may look like a good one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain


def csv_rows(lines: Iterable[str], delimiter: str = ",") -> Iterator[tuple[int, list[str] | str]]:
    """Each row with the line that it begins on, from 1; of one with a cell that does not end, that line as it stands.

    The row after such a one begins on the next line. A cell ends within csv.field_size_limit, and a row that goes over several
    lines is taken only where each of its marks stands as CSV has it: a mark in the middle of a cell closed another's.
    """
    left = iter(lines)
    line = 1
    while True:
        held = _Held(left)
        reader = csv.reader(held, delimiter=delimiter)
        begun = 0
        try:
            for row in reader:
                if held.is_at_end or (reader.line_num - begun > 1 and not _is_strict(held.lines, delimiter)):
                    break
                yield line, row
                line += reader.line_num - begun
                begun = reader.line_num
                held.lines.clear()
            else:
                return
        except csv.Error:
            pass
        yield line, held.lines[0].rstrip("\r\n") if held.lines else ""
        line += 1
        left = chain(held.lines[1:], left)


class _Held:
    """Lines, of which those since the last row are held. At its end, a row that asked for more has an open mark."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._of = lines
        self.lines: list[str] = []
        self.is_at_end = False

    def __iter__(self) -> Iterator[str]:
        hold = self.lines.append
        for line in self._of:
            hold(line)
            yield line
        self.is_at_end = True


def _is_strict(lines: list[str], delimiter: str) -> bool:
    try:
        for _ in csv.reader(lines, delimiter=delimiter, strict=True):
            pass
    except csv.Error:
        return False
    return True
