"""Read small artifacts as a set, in as many round trips as one takes: what webhooks send, a hundred a second.

Only what is plain is read here: one that a parser knows, whose bytes are few, that is no table and holds no statement and no
fault. Any other is left for `reading.read`, which also asks a person, and reads a table as somebody said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from headgate.core import arrays
from headgate.core.db import Tx
from headgate.ingestion import artifacts, readings
from headgate.ingestion.made import Made, NewReading
from headgate.ingestion.model import Artifact, StoredRecord
from headgate.ingestion.normalise import Row
from headgate.ingestion.parsers import detect
from headgate.ingestion.telling import Telling

SIZE_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Small:
    """An artifact that was read here: its records that are new, each with what is sealed beside it."""

    artifact: Artifact
    body: bytes = field(repr=False)
    parser: str
    records: Sequence[tuple[StoredRecord, Mapping[str, Any]]]


def read_small(tx: Tx, artifact_ids: Sequence[str], telling: Telling) -> list[Small]:
    """Read those of these artifacts that are small and plain and not read yet; in the order of their ids.

    What is to be told of them is left to whoever sends it.
    """
    waiting = _locked(tx, artifact_ids)
    made = [(_plain(artifact, body), body) for artifact, body in waiting]
    plain = [(one, body) for one, body in made if one is not None]
    taken = readings.take_untold(tx, [one for one, _ in plain], telling)
    return [_small(one, body) for one, (_, body) in zip(taken, plain, strict=True)]


def _locked(tx: Tx, artifact_ids: Sequence[str]) -> list[tuple[Artifact, bytes]]:
    """Those that wait to be read, each with its bytes; nobody else reads them until this transaction ends."""
    # In one statement, since a body stands as long as its artifact: it is not older than the lock.
    rows = tx.all(
        """
        SELECT a.id, a.source, a.kind, a.filename, encode(a.sha256, 'hex') AS sha256, a.size_bytes, a.status, a.received_at,
               a.received_by, a.type, a.mime, a.metadata, encode(coalesce(a.stored_sha256, a.sha256), 'hex') AS stored_sha256,
               a.redacted, a.redactions, b.body_sealed
          FROM ingestion.artifacts a
          JOIN ingestion.artifact_bodies b
            ON b.tenant_id = a.tenant_id AND b.artifact_id = a.id AND b.received_at = a.received_at
         WHERE a.tenant_id = %(tenant)s AND a.id = ANY (%(ids)s::text[]) AND a.status = 'received' AND a.kind <> %(rates)s
           AND a.size_bytes <= %(size)s
         ORDER BY a.id
           FOR UPDATE OF a
        """,
        {"tenant": tx.tenant_id, "ids": arrays.texts(sorted(artifact_ids)), "rates": artifacts.RATES, "size": SIZE_MAX},
    )
    sealed = [bytes(row.pop("body_sealed")) for row in rows]
    return artifacts.opened_many(tx, [(Artifact(**row), body) for row, body in zip(rows, sealed, strict=True)])


def _plain(artifact: Artifact, body: bytes) -> Made | None:
    """What its parser makes of an artifact that is read here; None of any other."""
    parser = detect(body)
    if parser is None or parser.read_mapped is not None or artifact.kind not in (artifacts.UNKNOWN_KIND, parser.kind):
        return None
    parsed = parser.parse(body)
    if parsed.faults or parsed.statements or parsed.controls:
        return None
    return Made.of(artifact, parser, parsed, body)


def _small(reading: NewReading, body: bytes) -> Small:
    made = reading.made
    return Small(
        replace(made.artifact, status="read", kind=made.parser.kind),
        body,
        made.parser.name,
        [(_stored(reading, id, row), row.private) for id, row in zip(reading.record_ids, reading.new, strict=True)],
    )


def _stored(reading: NewReading, id: str, row: Row) -> StoredRecord:
    artifact = reading.made.artifact
    start, end = reading.made.offsets.of(row.line)
    return StoredRecord(
        id,
        artifact.id,
        reading.id,
        None,
        artifact.source,
        row.external_id,
        row.line,
        row.occurrence,
        start,
        end,
        reading.made.parser.name,
        row.kind,
        row.channel,
        row.direction,  # type: ignore[arg-type]
        row.amount.minor,
        row.amount.currency,
        row.value_on,
        row.booked_on,
        row.reference,
        row.details,
        artifact.received_at,
    )
