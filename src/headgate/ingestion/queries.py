"""Reads: artifacts, readings, records, faults and statements."""

from __future__ import annotations

from datetime import date, datetime

from headgate.core.db import Tx
from headgate.ingestion.errors import NoSuchArtifact, NoSuchRecord
from headgate.ingestion.model import Artifact, Reading, StoredFault, StoredRecord, StoredStatement


def get_artifact(tx: Tx, artifact_id: str) -> Artifact:
    """One artifact. Raises NoSuchArtifact."""
    found = tx.maybe(
        """
        SELECT id, source, kind, filename, encode(sha256, 'hex') AS sha256, size_bytes, status, received_at, received_by
          FROM ingestion.artifacts
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": artifact_id},
        row=Artifact,
    )
    if found is None:
        raise NoSuchArtifact(f"there is no artifact {artifact_id[:40]}", artifact_id=artifact_id[:40])
    return found


def artifact_of_bytes(tx: Tx, *, source: str, sha256: bytes) -> Artifact:
    """The artifact that these bytes of this source are. Raises NotFound."""
    return tx.one(
        """
        SELECT id, source, kind, filename, encode(sha256, 'hex') AS sha256, size_bytes, status, received_at, received_by
          FROM ingestion.artifacts
         WHERE tenant_id = %(tenant)s AND source = %(source)s AND sha256 = %(sha256)s
        """,
        {"tenant": tx.tenant_id, "source": source, "sha256": sha256},
        row=Artifact,
        what="artifact",
    )


def list_artifacts(
    tx: Tx,
    *,
    source: str | None = None,
    kind: str | None = None,
    status: str | None = None,
    limit: int = 50,
    before: tuple[datetime, str] | None = None,
) -> list[Artifact]:
    """Artifacts, newest first; those before (received_at, id)."""
    return tx.all(
        """
        SELECT id, source, kind, filename, encode(sha256, 'hex') AS sha256, size_bytes, status, received_at, received_by
          FROM ingestion.artifacts
         WHERE tenant_id = %(tenant)s
           AND (%(source)s::text IS NULL OR source = %(source)s)
           AND (%(kind)s::text IS NULL OR kind = %(kind)s)
           AND (%(status)s::text IS NULL OR status = %(status)s)
           AND (%(before_at)s::timestamptz IS NULL OR (received_at, id) < (%(before_at)s, %(before_id)s))
         ORDER BY received_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "source": source,
            "kind": kind,
            "status": status,
            "before_at": before[0] if before else None,
            "before_id": before[1] if before else None,
            "limit": limit,
        },
        row=Artifact,
    )


def reading_of(tx: Tx, artifact_id: str) -> Reading | None:
    """The reading of an artifact, where it has been read."""
    return tx.maybe(
        """
        SELECT id, artifact_id, parser, kind, records, duplicates, faults, proved, proof, read_at
          FROM ingestion.readings
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s
         ORDER BY id
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id},
        row=Reading,
    )


def get_record(tx: Tx, record_id: str) -> StoredRecord:
    """One record. Raises NoSuchRecord."""
    found = tx.maybe(
        """
        SELECT id, artifact_id, reading_id, statement_id, source, external_id, line, occurrence, offset_start,
               offset_end, parser,
               kind, channel, direction, amount_minor, currency, value_on, booked_on, reference, details, recorded_at
          FROM ingestion.records
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": record_id},
        row=StoredRecord,
    )
    if found is None:
        raise NoSuchRecord(f"there is no record {record_id[:40]}", record_id=record_id[:40])
    return found


def list_records(tx: Tx, *, artifact_id: str, limit: int = 50, after: tuple[int, int] = (0, 0)) -> list[StoredRecord]:
    """The records read in an artifact, in the order of the file; from (line, occurrence) on."""
    return tx.all(
        """
        SELECT id, artifact_id, reading_id, statement_id, source, external_id, line, occurrence, offset_start,
               offset_end, parser,
               kind, channel, direction, amount_minor, currency, value_on, booked_on, reference, details, recorded_at
          FROM ingestion.records
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s AND (line, occurrence) > (%(line)s, %(occurrence)s)
         ORDER BY line, occurrence
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "line": after[0], "occurrence": after[1], "limit": limit},
        row=StoredRecord,
    )


def all_records(tx: Tx, artifact_id: str) -> list[StoredRecord]:
    """Every record read in an artifact, in the order of the file."""
    return list_records(tx, artifact_id=artifact_id, limit=2**31)


def private_parts(tx: Tx, artifact_id: str) -> dict[str, bytes]:
    """The sealed part of each record of an artifact."""
    return {
        row["id"]: bytes(row["private_sealed"])
        for row in tx.all(
            """
            SELECT id, private_sealed
               FROM ingestion.records
             WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s
            """,
            {"tenant": tx.tenant_id, "artifact": artifact_id},
        )
    }


def list_faults(tx: Tx, *, artifact_id: str, limit: int = 50, after: int = 0) -> list[StoredFault]:
    """What is wrong in an artifact, in the order it was found; from fault number `after` on."""
    return tx.all(
        """
        SELECT id, artifact_id, reading_id, line, position, field, rule, level, message
          FROM ingestion.faults
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s AND id > %(after)s
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "after": after, "limit": limit},
        row=StoredFault,
    )


def list_statements(
    tx: Tx, *, artifact_id: str | None = None, on: date | None = None, limit: int = 50, after: str = ""
) -> list[StoredStatement]:
    """Statements in the order they were read; from id `after` on."""
    return tx.all(
        """
        SELECT id, artifact_id, reading_id, ordinal, account_last4, currency, statement_on, opening_minor,
               closing_minor,
               total_minor, records, proved
          FROM ingestion.statements
         WHERE tenant_id = %(tenant)s AND id > %(after)s
           AND (%(artifact)s::text IS NULL OR artifact_id = %(artifact)s)
           AND (%(on)s::date IS NULL OR statement_on = %(on)s)
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "on": on, "after": after, "limit": limit},
        row=StoredStatement,
    )
