"""The log as a file that proves itself: newline-delimited JSON, a line a record.

    {"kind":"export","schema":"headgate.audit.export.v1","made_at":"…","tenants":["…"]}
    {"kind":"tenant","tenant_id":"…"}
    {"kind":"block","tenant_id":"…","number":1,"event_ids":[…],"event_hashes":"…",…}
    {"kind":"event","tenant_id":"…","id":7,"event_time":"…","type":"…","data":{…},…}   the block's events, in order
    …
    {"kind":"end","records":9}

A tenant's records follow its own line; a block comes before its events, and events that are not sealed yet come last.
Numbers and hashes are those of the database, so a file, a public key and a checkpoint are enough.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import msgspec

from headgate.audit import reader
from headgate.audit.checkpoint import logged_tenants
from headgate.audit.errors import ExportMalformed
from headgate.audit.formulas import COLUMNS, DATA, NULL, canonical_event, copy_text, plain_text
from headgate.audit.model import Block, Position, Sealable
from headgate.core import clock
from headgate.core.db import Actor, Database

SCHEMA: Final = "headgate.audit.export.v1"
_ACTOR: Final = Actor.system("audit.export")
_encode = msgspec.json.Encoder().encode


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="export"):
    """The first line."""

    schema: str
    made_at: str
    tenants: list[UUID]


class TenantLine(msgspec.Struct, frozen=True, tag_field="kind", tag="tenant"):
    """Here a tenant's records begin."""

    tenant_id: UUID


class EventLine(msgspec.Struct, frozen=True, tag_field="kind", tag="event"):
    """An event, column by column."""

    tenant_id: str
    id: int
    event_time: str
    xid: int
    epoch: int
    formula: int
    type: str
    actor_type: str
    actor_id: str
    person_id: str | None
    correlation_id: str | None
    payment_id: str | None
    ingestion_id: str | None
    data: msgspec.Raw
    witness: int

    def sealable(self) -> Sealable:
        """As the chain sees it. Only the database could say whether the row is witnessed."""
        columns = [_column(getattr(self, name)) for name in COLUMNS]
        try:
            canonical = canonical_event(columns)
        except ValueError:
            canonical = None
        return Sealable(Position(self.epoch, self.xid, self.id), canonical, None, copy_text(self.correlation_id))


class BlockLine(msgspec.Struct, frozen=True, tag_field="kind", tag="block"):
    """A block; hashes in hexadecimal, those of the events one after the other."""

    tenant_id: UUID
    number: int
    formula: int
    epoch: int
    first_xid: int
    first_id: int
    last_xid: int
    last_id: int
    event_count: int
    event_ids: list[int]
    event_hashes: str
    suspect_ids: list[int]
    previous_hash: str
    block_hash: str
    sealed_at: str

    def block(self) -> Block:
        """The block itself. Raises ValueError where a hash is none."""
        hashes = {name: bytes.fromhex(getattr(self, name)) for name in _HASHES}
        return Block(**{**msgspec.structs.asdict(self), **hashes})


class End(msgspec.Struct, frozen=True, tag_field="kind", tag="end"):
    """The last line: how many lines stand before it."""

    records: int


_HASHES: Final = ("event_hashes", "previous_hash", "block_hash")
Line = Header | TenantLine | EventLine | BlockLine | End
_decode = msgspec.json.Decoder(Line).decode


def write_export(database: Database, path: Path, *, tenant_ids: list[UUID] | None = None) -> int:
    """Write the log of all tenants (or these) to a file, whole or not at all; returns how many events it holds."""
    tenants = sorted(logged_tenants(database) if tenant_ids is None else tenant_ids)
    events, records = 0, 1
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        _put(file, Header(schema=SCHEMA, made_at=clock.real_now().isoformat(), tenants=tenants))
        for tenant_id in tenants:
            for line in _lines(database, tenant_id):
                _put(file, line)
                records += 1
                events += isinstance(line, EventLine)
        _put(file, End(records=records))
    beside.replace(path)
    return events


def read_export(path: Path) -> Iterator[Line | str]:
    """The lines of an export; a line that is none comes as a sentence that says why. Raises ExportMalformed where the
    file does not begin as an export."""
    line_no = 0
    line: Line | str | None = None
    try:
        with path.open("rb") as file:
            for line_no, raw in enumerate(file, 1):
                line = _line(raw, line_no)
                if line_no == 1 and not (isinstance(line, Header) and line.schema == SCHEMA):
                    raise ExportMalformed(
                        f"{path} is no export of the audit log: its first line is no header of {SCHEMA}", file=str(path)
                    )
                yield line
    except OSError as error:
        raise ExportMalformed(f"{path} cannot be read: {error.strerror}", file=str(path)) from error
    if line is None:
        raise ExportMalformed(f"{path} is empty", file=str(path))
    if not isinstance(line, End):
        yield f"the file ends at line {line_no} without its last record: it is cut short"
    elif line.records != line_no - 1:
        yield f"the last record counts {line.records} lines before it, and there are {line_no - 1}"


def _line(raw: bytes, line_no: int) -> Line | str:
    try:
        line: Line = _decode(raw)
        if isinstance(line, BlockLine):
            line.block()
    except ValueError as error:
        return f"line {line_no} is no record of an export: {error}"
    return line


def _lines(database: Database, tenant_id: UUID) -> Iterator[Line]:
    yield TenantLine(tenant_id=tenant_id)
    # Two transactions, since a connection that copies cannot be asked for blocks.
    with (
        database.begin(tenant_id=tenant_id, actor=_ACTOR) as of_blocks,
        database.begin(tenant_id=tenant_id, actor=_ACTOR) as of_events,
        closing(reader.copied_events(of_events)) as events,
    ):
        head = reader.head(of_blocks)
        event = next(events, None)
        for block in reader.blocks(of_blocks, up_to=head.number) if head else ():
            yield _block_line(block)
            while event is not None and reader.position(event) <= block.last:
                yield _event_line(event)
                event = next(events, None)
        while event is not None:
            yield _event_line(event)
            event = next(events, None)


def _event_line(columns: list[bytes]) -> EventLine:
    values: dict[str, Any] = {}
    for name, column in zip(COLUMNS, columns, strict=False):
        if name in _NUMBERS:
            values[name] = int(column)
        else:
            values[name] = None if column == NULL else plain_text(column).decode()
    values["data"] = msgspec.Raw(plain_text(columns[DATA]))
    return EventLine(**values)


def _block_line(block: Block) -> BlockLine:
    hashes = {name: getattr(block, name).hex() for name in _HASHES}
    values = {name: getattr(block, name) for name in BlockLine.__struct_fields__ if name not in _HASHES}
    return BlockLine(**values, **hashes)


def _column(value: str | int | msgspec.Raw | None) -> bytes:
    if isinstance(value, msgspec.Raw):
        # The same escapes as COPY's: what a text loses or gains on its way into JSON and back is nothing.
        return copy_text(bytes(value).decode())
    return b"%d" % value if isinstance(value, int) else copy_text(value)


def _put(file: IO[bytes], line: Line) -> None:
    file.write(_encode(line))
    file.write(b"\n")


_NUMBERS: Final = frozenset(("id", "xid", "epoch", "formula", "witness"))
