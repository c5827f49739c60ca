"""Tables of text: CSV and its kin, of whatever bank, read by a mapping of their columns.

    Booking date;Value date;Description;Debit;Credit;Balance (CHF)
    25.11.2026;25.11.2026;"SALARY
    NOVEMBER";;2'996.18;4'111.13

Delimiter, header, columns, the order of dates and the sign of decimals are proposed from the first rows; where these
leave something open, nothing is read until a person has said it (`previewing.preview`). A quoted cell may go over many
lines; a row is named by the line that it begins on.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import BinaryIO, Final

from headgate.ingestion.mapping import Mapping, Proposal
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._limits import text_blocks, text_rows
from headgate.ingestion.parsers._table import read_rows
from headgate.ingestion.parsers._table_faults import asked, differs
from headgate.ingestion.parsers._table_header import delimiter_of, propose_table, split_rows
from headgate.ingestion.records import Fault, Item

_HEAD: Final = 65_536
_rows: Final = partial(text_rows, prefix="csv")
_XML: Final = ("<", "{", "[", "%PDF", "PK\x03\x04", ":20:", "01,")


def sniff(data: bytes) -> float:
    """Just sure enough where a day and an amount stand in columns; every format with a header of its own is surer."""
    if b"\x00" in data[:64] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return 0.0
    found = propose_bytes(data)
    if found is None or len(found.mapping.header) < 2:
        return 0.0
    return 0.55 if not found.mapping.lacks() else 0.0


def propose_bytes(data: bytes) -> Proposal | None:
    """A mapping for a table whose bytes begin so; None where it is no table."""
    return propose(next(text_blocks(io.BytesIO(data[:_HEAD]), _HEAD), ""))


def propose(text: str) -> Proposal | None:
    """A mapping for a table that begins so; None where it is no table."""
    head = text[:_HEAD]
    if head.lstrip("\ufeff \n").startswith(_XML):
        return None
    if len(head) == _HEAD:  # the last line may be cut off
        head = head[: head.rfind("\n") + 1]
    delimiter = delimiter_of(head)
    return propose_table(split_rows(head, delimiter), delimiter)


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every row by the mapping that is proposed; what it leaves open is asked and nothing read."""
    return read_mapped(stream, None)


def read_mapped(stream: BinaryIO, mapping: Mapping | None) -> Iterator[Item]:
    """Every row by a mapping; None: by the one that is proposed."""
    blocks = text_blocks(stream)
    first = next(blocks, "")
    if mapping is None:
        found = propose(first)
        if found is None:
            text = "line 1: no table with a day and an amount in its rows; send one with a header, as date,text,amount"
            yield Fault(1, 0, "", "csv.table", text)
            return
        if found.questions:
            yield from asked("csv", found.questions)
            return
        mapping = found.mapping
    elif mapping.header_line:
        header = next((row for line, row in split_rows(first, mapping.delimiter) if line == mapping.header_line), [])
        fault = differs(mapping, header, "csv")
        if fault is not None:
            yield fault
            return
    yield from read_rows(_rows(chain((first,), blocks), mapping.delimiter), mapping, "csv")


PARSER = streaming(
    name="csv_v1", kind="statement", title="Table of text (CSV)", sniff=sniff, read=read, read_mapped=read_mapped
)
