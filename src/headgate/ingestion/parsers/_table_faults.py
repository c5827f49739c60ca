"""What is wrong with a table: each fault with its line, its column and the row as it stood."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from headgate.ingestion.mapping import Mapping, Question, normalised
from headgate.ingestion.parsers._table_blocks import text_of
from headgate.ingestion.parsers._table_header import clean
from headgate.ingestion.records import Fault, Level

Row = Sequence[Any]
"""Cells: texts, or from a workbook numbers and days too."""


def asked(prefix: str, questions: Iterable[Question]) -> Iterator[Fault]:
    """What a mapping leaves open, as faults: nothing is guessed, and nothing read until someone has said it."""
    for one in questions:
        options = f" ({', '.join(option[:40] for option in one.options[:8])})" if one.options else ""
        text = f"line 1: {one.text}{options}; say it in the preview and save the mapping"
        yield Fault(1, 0, one.field, f"{prefix}.ask", text)


def differs(mapping: Mapping, header: Sequence[str], prefix: str) -> Fault | None:
    """What forbids to apply a saved mapping to a file: other columns than those it was made for."""
    found = tuple(normalised(clean(name)) for name in header)
    if not mapping.header or found == mapping.header:
        return None
    text = f"line {mapping.header_line}: the columns are not those that the mapping was made for; look at the preview again"
    return Fault(mapping.header_line, 0, "", f"{prefix}.columns", text, "|".join(header))


class Complaints:
    """The faults of the row in hand, until they are told. `prefix` begins the names of their rules."""

    def __init__(self, mapping: Mapping, prefix: str) -> None:
        self.mapping = mapping
        self.prefix = prefix
        self.faults: list[Fault] = []
        self._columns = {name: places[0] for name, places in mapping.columns}

    def _told(self) -> Iterator[Fault]:
        yield from self.faults
        self.faults.clear()

    def _bad(self, line: int, row: Row, at: int, name: str, text: Any) -> None:
        self._add(line, at + 1, name, "amount", text, row)

    def _refuse(self, line: int, row: Row, name: str, rule: str, text: str) -> None:
        self._add(line, self._columns.get(name, -1) + 1, name, rule, text, row)

    def _add(self, line: int, position: int, name: str, rule: str, text: str, row: Row, level: Level = "E") -> None:
        raw = self.mapping.delimiter.join(text_of(cell) for cell in row)
        self.faults.append(self._fault(line, position, name, rule, text, raw, level))

    def _fault(
        self, line: int, position: int, name: str, rule: str, text: str, raw: str = "", level: Level = "E"
    ) -> Fault:
        where = f"line {line}, {name}" if name else f"line {line}"
        return Fault(line, position, name, f"{self.prefix}.{rule}", f"{where}: {text}", raw, level)
