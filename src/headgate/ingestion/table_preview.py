"""A table before it is read: its columns with their first cells, and the first rows as they would be read under a mapping.

Cells of columns that may name people or accounts are hidden as everywhere (masking.py), unless this actor was shown them.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.ingestion import artifacts, queries
from headgate.ingestion.mapping import Mapping, Question
from headgate.ingestion.mappings import SavedMapping, saved_for
from headgate.ingestion.masking import mask
from headgate.ingestion.parsers import all_parsers, csv_v1, xlsx_v1
from headgate.ingestion.parsers._limits import text_blocks
from headgate.ingestion.parsers._table_header import split_rows
from headgate.ingestion.previewing import Preview, preview
from headgate.ingestion.records import Fault, TransactionRecord
from headgate.ingestion.showing import revealed_until

SAMPLES: Final = 6
CELL_LENGTH_MAX: Final = 80
_OPEN_FIELDS: Final = frozenset(
    {"booked_on", "value_on", "amount", "credit", "debit", "side", "currency", "balance", "type_code"}
)
"""Fields that name nobody."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its place from 0: its name in the table, the first cells below, and the field it is read as."""

    at: int
    name: str
    cells: tuple[str, ...]
    field: str | None


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as it would be read: the amount signed as the account's holder sees it."""

    line: int
    booked_on: date | None
    value_on: date | None
    amount: Money
    text: str


@dataclass(frozen=True, slots=True)
class TablePreview:
    """What a table would become. `saved` is the mapping that stands for it, where somebody saved one."""

    source: str
    parser: str
    mapping: Mapping | None
    questions: tuple[Question, ...]
    columns: tuple[Column, ...]
    rows: tuple[ReadRow, ...]
    faults: tuple[Fault, ...]
    saved: SavedMapping | None
    is_hidden: bool


def preview_table(tx: Tx, artifact_id: str, *, mapping: Map[str, Any] | None = None) -> TablePreview:
    """What a table would become under a mapping, else under the one that is saved, else the one its bytes suggest.

    Raises NoSuchArtifact, UnknownFormat where it is no table, MalformedMapping.
    """
    artifact = queries.get_artifact(tx, artifact_id)
    data = artifacts.body(tx, artifact_id)
    proposed = preview(data)
    saved = saved_for(tx, source=artifact.source, data=data, parser=all_parsers()[proposed.parser])
    said = Mapping.from_json(mapping) if mapping else saved.read if saved else None
    found = preview(data, parser=proposed.parser, mapping=said) if said else proposed
    is_hidden = revealed_until(tx, artifact_id) is None
    hide: Callable[[str], str] = mask if is_hidden else str
    return TablePreview(
        artifact.source,
        found.parser,
        found.mapping,
        proposed.questions if said is None else (),
        _columns(data, found, hide),
        tuple(
            ReadRow(one.line, one.booked_on, one.value_on, one.amount if one.direction == "credit" else -one.amount, hide(one.text))
            for one in found.parsed.records[:20]
            if isinstance(one, TransactionRecord)
        ),
        found.parsed.faults[:20],
        saved,
        is_hidden,
    )  # fmt: skip


def _columns(data: bytes, found: Preview, hide: Callable[[str], str]) -> tuple[Column, ...]:
    mapping = found.mapping
    if mapping is None:
        return ()
    fields = {at: name for name, places in mapping.columns for at in places}
    names, rows = _table(data, found.parser, mapping)
    width = max([len(names), *(len(row) for row in rows), *(at + 1 for at in fields)])
    columns = []
    for at in range(min(width, 60)):
        show = str if fields.get(at) in _OPEN_FIELDS else hide
        cells = tuple(show(row[at][:CELL_LENGTH_MAX]) if at < len(row) else "" for row in rows)
        columns.append(Column(at, names[at] if at < len(names) else "", cells, fields.get(at)))
    return tuple(columns)


def _table(data: bytes, parser: str, mapping: Mapping) -> tuple[Sequence[str], list[Sequence[str]]]:
    """The names of the columns as they stand in the table, and its first rows as texts."""
    if parser == xlsx_v1.PARSER.name:
        head = [(n, [xlsx_v1.text_of(cell) for cell in row]) for n, row in islice(xlsx_v1.rows_of(data), 60)]
    elif parser == csv_v1.PARSER.name:
        head = split_rows(next(text_blocks(io.BytesIO(data[:65_536]), 65_536), ""), mapping.delimiter)[:60]
    else:  # the members of objects have names and no line
        return mapping.header, []
    names = next((row for line, row in head if line == mapping.header_line), mapping.header)
    below = [row for line, row in head if line > mapping.header_line and any(cell.strip() for cell in row)]
    return names, list(below[:SAMPLES])
