"""Reports of providers as tables of text: rows under a header whose names are known, and the sums that must agree."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

from headgate.core.money import Money
from headgate.ingestion.mapping import normalised
from headgate.ingestion.parsers._limits import ROWS_MAX, text_blocks, text_rows
from headgate.ingestion.records import Control, Fault, Item, Level, SettlementRecord

GROUPS_MAX: Final = 100_000
"""Payouts or batches of one file whose sums are compared; those beyond are not."""

HEADER_LINES: Final = 30
"""Lines among which a report's header is looked for."""


class Report:
    """The rows of a report: `at` says where a column stands, by any of the names that it goes by."""

    def __init__(self, header: list[str], line: int, prefix: str) -> None:
        self.names = {normalised(name): at for at, name in reversed(list(enumerate(header)))}
        self.width = len(header)
        self.line = line
        self.prefix = prefix

    def at(self, *names: str) -> int:
        """Where a column stands, -1 where there is none."""
        return next((self.names[name] for name in names if name in self.names), -1)

    def fault(self, line: int, name: str, rule: str, text: str, row: Iterable[str] = (), level: Level = "E") -> Fault:
        """Something wrong in a row."""
        position = self.names.get(name, -1) + 1
        where = f"line {line}, {name}" if name else f"line {line}"
        return Fault(line, position, name, f"{self.prefix}.{rule}", f"{where}: {text}", ",".join(row), level)


def rows_of(stream: BinaryIO, delimiter: str = ",") -> Iterator[tuple[int, list[str]] | Fault]:
    """Rows of cells with the line that each begins on; one that cannot be parted is a fault, and the next is read."""
    for line, row in text_rows(text_blocks(stream), delimiter, "file"):
        yield row if isinstance(row, Fault) else (line, row)
        if line >= ROWS_MAX * 2:
            yield Fault(line, 0, "", "file.rows", f"line {line}: more than {ROWS_MAX} rows; part the file")
            return


def header_names(data: bytes) -> list[set[str]]:
    """The names in each of the first lines, normalised, whatever the delimiter."""
    text = next(text_blocks(io.BytesIO(data[:65_536]), 65_536), "")
    found = []
    for line in text.split("\n", 12)[:12]:
        for delimiter in (",", ";", "\t"):
            cells = next(csv.reader([line], delimiter=delimiter), []) if delimiter in line else []
            if len(cells) > 2:
                found.append({normalised(cell) for cell in cells})
    return found


class Sums:
    """Σ net of each payout or batch, beside what it says it is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: dict[tuple[str, str], int] = {}
        self.said: dict[tuple[str, str], tuple[int, int]] = {}

    def add(self, group: str, net: Money) -> None:
        """Count one movement of a group in."""
        key = (group, net.currency)
        if group and (key in self.made or len(self.made) < GROUPS_MAX):
            self.made[key] = self.made.get(key, 0) + net.minor

    def says(self, group: str, net: Money, line: int) -> None:
        """What the group is said to be, as the payout that empties it."""
        key = (group, net.currency)
        if group and (key in self.said or len(self.said) < GROUPS_MAX):
            self.said[key] = (self.said.get(key, (0, 0))[0] + net.minor, line)

    def compared(self, prefix: str, *, whole: bool = False) -> Iterator[Control | Fault]:
        """Each group that says what it is, with a fault where its movements make another sum.

        One without movements is compared only where the report is `whole`: it may list payouts alone.
        """
        for (group, currency), (said, line) in self.said.items():
            made = self.made.get((group, currency))
            if made is None and not whole:
                continue
            control = Control(line, f"{self.name} {group}"[:80], Money(said, currency), Money(made or 0, currency))
            if not control.agrees:
                text = f"{self.name} is {control.said.format()}, but its movements make {control.made.format()}"
                yield Fault(
                    line, 0, "net", f"{prefix}.group", f"line {line}: {text}; ask for the missing ones", level="W"
                )
            yield control


def movements(
    stream: BinaryIO,
    prefix: str,
    *,
    is_header: Callable[[Report], bool],
    movement: Callable[[Report, int, list[str]], SettlementRecord | Fault],
    is_payout: Callable[[SettlementRecord], bool],
    sums: Sums,
    lacks: str,
) -> Iterator[Item]:
    """Every movement below the header, and each group of `sums` compared with the payout that empties it.

    `lacks` tells a file without a header what to do.
    """
    report: Report | None = None
    rows = 0
    for one in rows_of(stream):
        if isinstance(one, Fault):
            yield one
            continue
        line, row = one
        if report is None:
            if line > HEADER_LINES:
                break
            found = Report(row, line, prefix)
            report = found if is_header(found) else None
            continue
        if not any(row):
            continue
        rows += 1
        row += [""] * (report.width - len(row))
        item = movement(report, line, row)
        yield item
        if isinstance(item, SettlementRecord):
            if is_payout(item):
                sums.says(item.group, -item.net, line)
            else:
                sums.add(item.group, item.net)
    if report is None:
        yield Fault(1, 0, "", f"{prefix}.header", f"line 1: {lacks}")
    elif not rows:
        text = f"line {report.line}: no rows below the header; ask for a period with some"
        yield Fault(report.line, 0, "", f"{prefix}.empty", text)
    yield from sums.compared(prefix)
