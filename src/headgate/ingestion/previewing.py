"""What a table of text, a workbook or JSON would become under a mapping, before anything is stored.

found = preview(data)                           # proposed: a mapping, questions, the first rows and records
found = preview(data, mapping=saved)            # by a saved one
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from headgate.ingestion.errors import UnknownFormat
from headgate.ingestion.mapping import Mapping, Proposal, Question
from headgate.ingestion.parsers import Parser, all_parsers, csv_v1, detect, json_v1, xlsx_v1
from headgate.ingestion.parsers._gathering import gather
from headgate.ingestion.records import Item, Parsed

ROWS: Final = 20
_ITEMS: Final = 400


@dataclass(frozen=True, slots=True)
class Preview:
    """A mapping with what it makes of the first rows. `questions` are open; what a saved mapping answers is not asked.

    `parsed` holds at most the first `ROWS` records; where questions are open, those that the proposal would give.
    """

    parser: str
    mapping: Mapping | None
    questions: tuple[Question, ...]
    parsed: Parsed = field(repr=False)


def preview(data: bytes, *, parser: str | None = None, mapping: Mapping | None = None, rows: int = ROWS) -> Preview:
    """What a file's columns mean and what its first rows become. Raises UnknownFormat where it is no table."""
    chosen = all_parsers().get(parser) if parser is not None else _table_parser(data)
    if chosen is None or chosen.read_mapped is None:
        raise UnknownFormat("the file is no table of text, no workbook and no JSON whose columns could be mapped")
    proposal = None if mapping is not None else propose(data, chosen)
    used = mapping if proposal is None else proposal.mapping
    is_readable = used is not None and not used.lacks()
    parsed = gather(_first(chosen, data, used, rows)) if is_readable else chosen.parse(data)
    return Preview(chosen.name, used, proposal.questions if proposal is not None else (), parsed)


def propose(data: bytes, parser: Parser) -> Proposal | None:
    """The mapping that the bytes suggest to a parser of tables; None where they are no table."""
    if parser.name == csv_v1.PARSER.name:
        return csv_v1.propose_bytes(data)
    return xlsx_v1.propose(data) if parser.name == xlsx_v1.PARSER.name else json_v1.propose(data[:1_000_000])


def _table_parser(data: bytes) -> Parser | None:
    found = detect(data)
    if found is not None and found.read_mapped is not None:
        return found
    # A table that no one is sure of, as one without a header, can still be mapped by hand.
    return next((one for one in (csv_v1.PARSER, json_v1.PARSER) if propose(data, one) is not None), None)


def _first(parser: Parser, data: bytes, mapping: Mapping | None, rows: int) -> Iterator[Item]:
    assert parser.read_mapped is not None, "only parsers of tables are previewed"
    return islice(parser.read_mapped(io.BytesIO(data), mapping), min(max(rows, 1), _ITEMS))
