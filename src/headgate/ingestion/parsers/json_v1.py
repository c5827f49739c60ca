"""JSON of whatever source: an array of objects, a page with a list in it, or an object a line (NDJSON).

    {"date": "2026-11-25", "description": "SALARY", "amount": 2996.18, "currency": "USD"}

The names of the objects' members are the columns, nested ones as `payer.name`, and a mapping reads them as it reads a
table. The members of the first hundred objects make the header.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, islice
from typing import Any, BinaryIO, Final

from headgate.ingestion.mapping import Mapping, Proposal
from headgate.ingestion.parsers import streaming
from headgate.ingestion.parsers._json_values import text_of, values
from headgate.ingestion.parsers._table import read_rows
from headgate.ingestion.parsers._table_faults import Row, asked, differs
from headgate.ingestion.parsers._table_header import propose_table
from headgate.ingestion.records import Fault, Item

_HEAD: Final = 100
_MEMBERS_MAX: Final = 300
_DEPTH_MAX: Final = 4


def sniff(data: bytes) -> float:
    """Just sure enough where the first objects hold a day and an amount; every source with a shape of its own is surer."""
    if data[:16].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in (b"{", b"["):
        return 0.0
    found = propose(data[:65_536])
    return 0.55 if found is not None and not found.mapping.lacks() else 0.0


def propose(data: bytes) -> Proposal | None:
    """A mapping for objects that begin so; None where they hold no day and no amount."""
    head = [found for found in islice(values(io.BytesIO(data), "json"), _HEAD) if not isinstance(found, Fault)]
    return _proposed([(line, value) for line, value in head if isinstance(value, dict)])


def read(stream: BinaryIO) -> Iterator[Item]:
    """Every object by the mapping that is proposed; what it leaves open is asked and nothing read."""
    return read_mapped(stream, None)


def read_mapped(stream: BinaryIO, mapping: Mapping | None) -> Iterator[Item]:
    """Every object by a mapping; None: by the one that is proposed."""
    found = values(stream, "json")
    head = list(islice(found, _HEAD))
    objects = [(one[0], one[1]) for one in head if not isinstance(one, Fault) and isinstance(one[1], dict)]
    header = _header(objects)
    if mapping is None:
        proposal = _proposed(objects)
        if proposal is None:
            yield from (one for one in head if isinstance(one, Fault))
            text = "line 1: no objects that hold a day and an amount; send a list of them, or one a line"
            yield Fault(1, 0, "", "json.table", text)
            return
        if proposal.questions:
            yield from asked("json", proposal.questions)
            return
        mapping = proposal.mapping
    else:
        fault = differs(mapping, header, "json")
        if fault is not None:
            yield fault
            return
    yield from read_rows(_rows(chain(head, found), header), _below_nothing(mapping), "json")


def _rows(found: Any, header: list[str]) -> Iterator[tuple[int, Row | Fault]]:
    for one in found:
        if isinstance(one, Fault):
            yield one.line, one
            continue
        line, value = one
        if not isinstance(value, dict):
            text = f"line {line}: no object; send objects only"
            yield line, Fault(line, 0, "", "json.object", text)
            continue
        members = dict(_members(value))
        yield line, [members.get(name, "") for name in header]


def _header(objects: list[tuple[int, Any]]) -> list[str]:
    names: dict[str, None] = {}
    for _, value in objects:
        names.update(dict.fromkeys(name for name, _ in _members(value)))
    return list(names)[:_MEMBERS_MAX]


def _proposed(objects: list[tuple[int, Any]]) -> Proposal | None:
    header = _header(objects)
    if not objects or not header:
        return None
    rows = [(line + 1, row) for line, row in _rows(objects, header) if not isinstance(row, Fault)]
    return propose_table([(1, header), *rows])


def _below_nothing(mapping: Mapping) -> Mapping:
    """The mapping without a header line: the names stand in every object."""
    return Mapping.from_json(mapping.as_json() | {"header_line": 0})


def _members(value: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for name, member in value.items():
        path = f"{before}{name}"
        if isinstance(member, dict) and depth < _DEPTH_MAX:
            yield from _members(member, f"{path}.", depth + 1)
        elif not isinstance(member, list | dict):
            yield path, format(member, "f") if isinstance(member, Decimal) else text_of(member)


PARSER = streaming(
    name="json_v1", kind="statement", title="Objects (JSON or NDJSON)", sniff=sniff, read=read, read_mapped=read_mapped
)
