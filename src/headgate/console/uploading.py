"""Files that a person brings: kept before they are read, told one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from fastapi import UploadFile

from headgate import ingestion, messaging
from headgate.console.desk import Desk
from headgate.core.errors import HeadgateError, Malformed, Refused

FILES_MAX: Final = 20


class Brought(NamedTuple):
    """What became of one file: its artifact and standing, or what stood against it."""

    filename: str
    artifact_id: str | None
    standing: str
    said: str


def bring(desk: Desk, files: Sequence[UploadFile], *, source: str) -> list[Brought]:
    """Keep and read each file. Raises Forbidden, Malformed; what stands against one file is told beside it."""
    desk.require("ingestion.upload")
    if not 1 <= len(files) <= FILES_MAX:
        raise Malformed(f"choose the files to bring, at most {FILES_MAX} at once")
    found = [_one(desk, file, source) for file in files]
    messaging.hint(desk.database)
    return found


def _one(desk: Desk, file: UploadFile, source: str) -> Brought:
    name = file.filename or "file"
    data = file.file.read(ingestion.SIZE_MAX + 1)
    try:
        if len(data) > ingestion.SIZE_MAX:
            raise ingestion.ArtifactTooLarge(f"the file has more than {ingestion.SIZE_MAX:,} bytes")
        with desk.begin("ingestion.upload") as tx:
            artifact = ingestion.receive(tx, source=source, filename=name, data=data)
        # A transaction of its own: the bytes stay whatever becomes of reading them.
        with desk.begin("ingestion.upload") as tx:
            reading = ingestion.read(tx, artifact.id)
            row = ingestion.artifact_row(tx, artifact.id)
    except HeadgateError as error:
        return Brought(name, None, "rejected", error.message)
    if isinstance(reading, Refused):
        return Brought(name, row.id, row.standing, reading.message)
    again = "" if artifact.is_new else "the same bytes came before; "
    faults = f", {row.faults:,} {'fault' if row.faults == 1 else 'faults'}" if row.faults else ""
    return Brought(name, row.id, row.standing, f"{again}{row.records:,} records by {row.parser}{faults}")
