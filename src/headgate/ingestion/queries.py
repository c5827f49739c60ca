"""Reads: artifacts, readings, records, faults and statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from headgate.core.db import Tx
from headgate.ingestion.errors import NoSuchArtifact, NoSuchRecord
from headgate.ingestion.model import Artifact, Reading, StoredFault, StoredRecord, StoredStatement


def get_artifact(tx: Tx, artifact_id: str) -> Artifact:
    """One artifact. Raises NoSuchArtifact."""
    found = tx.maybe(
        """
        SELECT id, source, kind, filename, encode(sha256, 'hex') AS sha256, size_bytes, status, received_at, received_by,
               type, mime, metadata, encode(coalesce(stored_sha256, sha256), 'hex') AS stored_sha256, redacted, redactions
          FROM ingestion.artifacts
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": artifact_id},
        row=Artifact,
    )
    if found is None:
        raise NoSuchArtifact(f"there is no artifact {artifact_id[:40]}", artifact_id=artifact_id[:40])
    return found


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
        SELECT id, source, kind, filename, encode(sha256, 'hex') AS sha256, size_bytes, status, received_at, received_by,
               type, mime, metadata, encode(coalesce(stored_sha256, sha256), 'hex') AS stored_sha256, redacted, redactions
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


def settlement_artifacts(tx: Tx, *, first: date, last: date) -> list[tuple[date, Artifact]]:
    """The statements of these days, and the return files that settle on them, that were read, each with its latest of
    these days; the first that came first within a day.
    """
    rows = tx.all(
        """
        SELECT max(d.on_day) AS on_day, a.id, a.source, a.kind, a.filename, encode(a.sha256, 'hex') AS sha256, a.size_bytes,
               a.status, a.received_at, a.received_by, a.type, a.mime, a.metadata,
               encode(coalesce(a.stored_sha256, a.sha256), 'hex') AS stored_sha256, a.redacted, a.redactions
          FROM (SELECT s.artifact_id, s.statement_on AS on_day
                  FROM ingestion.statements s
                 WHERE s.tenant_id = %(tenant)s AND s.statement_on BETWEEN %(first)s AND %(last)s
                 UNION
                SELECT r.artifact_id, r.value_on
                  FROM ingestion.records r
                 WHERE r.tenant_id = %(tenant)s AND r.kind IN ('return_entry', 'change_entry')
                   AND r.value_on BETWEEN %(first)s AND %(last)s) d
          JOIN ingestion.artifacts a ON a.tenant_id = %(tenant)s AND a.id = d.artifact_id
         WHERE a.status = 'read' AND a.kind IN ('statement', 'returns')
         GROUP BY a.tenant_id, a.id
         ORDER BY 1, a.received_at, a.id
        """,
        {"tenant": tx.tenant_id, "first": first, "last": last},
    )
    return [(row.pop("on_day"), Artifact(**row)) for row in rows]


def reading_of(tx: Tx, artifact_id: str) -> Reading | None:
    """The last reading of an artifact, where it has been read."""
    return tx.maybe(
        """
        SELECT id, artifact_id, parser, kind, records, duplicates, faults, proved, proof, read_at
          FROM ingestion.readings
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s
         ORDER BY id DESC
         LIMIT 1
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id},
        row=Reading,
    )


def was_read_by(tx: Tx, artifact_id: str, parser: str) -> bool:
    """Whether a reading of an artifact by that parser stands."""
    return bool(
        tx.value(
            """
            SELECT EXISTS (SELECT FROM ingestion.readings
                            WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s AND parser = %(parser)s)
            """,
            {"tenant": tx.tenant_id, "artifact": artifact_id, "parser": parser},
        )
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


def records_by_ids(tx: Tx, record_ids: Sequence[str]) -> list[StoredRecord]:
    """These records, in the order of their ids."""
    return tx.all(
        """
        SELECT id, artifact_id, reading_id, statement_id, source, external_id, line, occurrence, offset_start,
               offset_end, parser,
               kind, channel, direction, amount_minor, currency, value_on, booked_on, reference, details, recorded_at
          FROM ingestion.records
         WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "ids": list(record_ids)},
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


def all_faults(tx: Tx, artifact_id: str) -> list[StoredFault]:
    """Everything wrong in an artifact, of every reading."""
    return list_faults(tx, artifact_id=artifact_id, limit=2**31)


def faults_in(tx: Tx, *, artifact_id: str, first: int, last: int) -> list[StoredFault]:
    """What is wrong in these lines of an artifact, in the order it was found; at most five hundred."""
    return tx.all(
        """
        SELECT id, artifact_id, reading_id, line, position, field, rule, level, message
          FROM ingestion.faults
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s AND line BETWEEN %(first)s AND %(last)s
         ORDER BY id
         LIMIT 500
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "first": first, "last": last},
        row=StoredFault,
    )


def list_statements(
    tx: Tx, *, artifact_id: str | None = None, on: date | None = None, limit: int = 50, after: str = ""
) -> list[StoredStatement]:
    """Statements in the order they were read; from id `after` on."""
    return tx.all(
        """
        SELECT id, artifact_id, reading_id, ordinal, account_last4, currency, statement_on, opening_minor,
               closing_minor, total_minor, records, proved
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


def changed_evidence(tx: Tx, *, after: int, now: int, limit: int = 500) -> list[str]:
    """The artifacts and payments that came in of which something was recorded between two positions of the audit log."""
    return tx.values(
        """
        SELECT DISTINCT coalesce(data->>'artifact_id', data->>'subject', ingestion_id)
          FROM audit.events
         WHERE tenant_id = %(tenant)s AND epoch = audit.current_epoch()
           AND xid >= %(after)s::text::xid8 AND xid < %(now)s::text::xid8
           AND (type LIKE 'ingestion.artifact.%%' OR type LIKE 'ingestion.payment.%%')
           AND coalesce(data->>'artifact_id', data->>'subject', ingestion_id) IS NOT NULL
         LIMIT %(limit)s
        """,
        {"tenant": tx.tenant_id, "after": str(after), "now": str(now), "limit": limit},
    )
