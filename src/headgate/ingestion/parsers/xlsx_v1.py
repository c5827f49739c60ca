"""Workbooks (XLSX): the first sheet that holds a table with a day and an amount, read by a mapping of its columns.

Days are days of the workbook, numbers are taken with the fifteen digits that people see and must be exact in their
currency. `line` is the row of the sheet. The archive is unpacked and counted before anything of it is believed: one that
is too large, too tightly packed or broken is refused whole. No formula is computed and no link is followed.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any, BinaryIO, Final

from headgate.ingestion.mapping import Mapping, Proposal
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._limits import unpacking_fault
from headgate.ingestion.parsers._table import read_rows
from headgate.ingestion.parsers._table_faults import Row, asked, differs
from headgate.ingestion.parsers._table_header import ROWS_LOOKED_AT, propose_table
from headgate.ingestion.records import Fault, Item

_SHEETS_MAX: Final = 50
_COLUMNS_MAX: Final = 500


def sniff(data: bytes) -> float:
    """An archive whose first members are those of a workbook."""
    if not data.startswith(b"PK\x03\x04"):
        return 0.0
    head = data[:65_536] + data[-65_536:]
    return 0.9 if b"[Content_Types].xml" in head and b"xl/" in head else 0.0


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every row by the mapping that is proposed; what it leaves open is asked and nothing read."""
    return read_mapped(stream, None)


def read_mapped(stream: BinaryIO, mapping: Mapping | None) -> Iterator[Item]:
    """Every row of the sheet by a mapping; None: by the one that is proposed."""
    data = stream.read()
    fault = unpacking_fault(io.BytesIO(data))
    sheets = [] if fault else _sheets(data)
    if fault is not None or isinstance(sheets, Fault):
        yield fault if isinstance(fault, Fault) else sheets  # type: ignore[misc]
        return
    for sheet in sheets:
        if mapping is not None and mapping.header_line:
            header = next((row for line, row in _rows(sheet) if line == mapping.header_line), ())
            fault = differs(mapping, [text_of(cell) for cell in header], "xlsx")
            if fault is None:
                yield from read_rows(_rows(sheet), mapping, "xlsx", are_typed=True)
                return
            continue
        found = _proposed(sheet)
        if found is None and mapping is None:
            continue
        if mapping is None and found is not None and found.questions:
            yield from asked("xlsx", found.questions)
            return
        chosen = mapping or (found.mapping if found is not None else None)
        if chosen is not None:
            yield from read_rows(_rows(sheet), chosen, "xlsx", are_typed=True)
            return
    if fault is not None:
        yield fault
        return
    text = "line 1: no sheet with a day and an amount in its rows; send one with a header, as date, text, amount"
    yield Fault(1, 0, "", "xlsx.table", text)


def propose(data: bytes) -> Proposal | None:
    """A mapping for the first sheet that is a table; None where there is none, or the archive is refused."""
    if unpacking_fault(io.BytesIO(data)) is not None:
        return None
    sheets = _sheets(data)
    if isinstance(sheets, Fault):
        return None
    return next((found for sheet in sheets if (found := _proposed(sheet)) is not None), None)


def rows_of(data: bytes) -> Iterator[tuple[int, Row]]:
    """The rows of the sheet that is read, by their number in it; none where the archive is refused."""
    if unpacking_fault(io.BytesIO(data)) is not None:
        return
    sheets = _sheets(data)
    if isinstance(sheets, Fault) or not sheets:
        return
    yield from _rows(next((sheet for sheet in sheets if _proposed(sheet) is not None), sheets[0]))


def text_of(cell: Any) -> str:
    """A cell as text, days as 2026-11-24."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and not isinstance(cell, bool):
        return format(cell, ".15g")
    return "" if cell is None else str(cell)


def _sheets(data: bytes) -> list[Any] | Fault:
    """The visible sheets that have cells, by the library that knows styles and dates."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum
    except ImportError:
        text = "line 1: workbooks cannot be read in this installation; install python-calamine, or send CSV"
        return Fault(1, 0, "", "xlsx.library", text)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        found = []
        for about in workbook.sheets_metadata[:_SHEETS_MAX]:
            if about.visible == SheetVisibleEnum.Visible:
                sheet = workbook.get_sheet_by_name(about.name)
                if sheet.total_height and sheet.total_width <= _COLUMNS_MAX:
                    found.append(sheet)
        return found
    except (CalamineError, OSError, ValueError, KeyError) as error:
        text = f"line 1: the workbook cannot be read ({type(error).__name__}); save it again as XLSX"
        return Fault(1, 0, "", "xlsx.workbook", text)


def _rows(sheet: Any) -> Iterator[tuple[int, Row]]:
    """Rows by their number in the sheet; the library gives those above the first cell as empty ones."""
    return enumerate(sheet.iter_rows(), start=1)


def _proposed(sheet: Any) -> Proposal | None:
    head = islice(_rows(sheet), ROWS_LOOKED_AT)
    return propose_table([(line, [text_of(cell) for cell in row]) for line, row in head])


PARSER = streaming(
    name="xlsx_v1", kind="statement", title="Workbook (XLSX)", sniff=sniff, read=read, read_mapped=read_mapped
)
