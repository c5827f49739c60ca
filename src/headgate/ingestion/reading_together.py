"""Read small artifacts as a set, in as many round trips as one takes: what webhooks send, a hundred a second.

Only what is plain is read here: one that a parser knows, whose bytes are few, that holds no statement and no fault. Any other
is left for `reading.read`, which also asks a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from headgate import audit, messaging
from headgate.core import arrays, ids, secrets
from headgate.core.db import Tx
from headgate.ingestion import artifacts, reading
from headgate.ingestion.model import Artifact, StoredRecord
from headgate.ingestion.normalise import LineOffsets, Row, rows
from headgate.ingestion.parsers import Parser, detect
from headgate.ingestion.records import Parsed

SIZE_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Small:
    """An artifact that was read here: its records that are new, each with what is sealed beside it."""

    artifact: Artifact
    body: bytes = field(repr=False)
    parser: str
    records: Sequence[tuple[StoredRecord, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class _Read:
    artifact: Artifact
    body: bytes
    parser: Parser
    parsed: Parsed
    reading_id: str
    made: Sequence[Row]
    new: Sequence[Row]


def read_small(tx: Tx, artifact_ids: Sequence[str]) -> list[Small]:
    """Read those of these artifacts that are small and plain and not read yet; in the order of their ids."""
    waiting = _locked(tx, artifact_ids)
    if not waiting:
        return []
    bodies = artifacts.bodies(tx, waiting)
    plain = []
    for one in waiting:
        if one.id not in bodies:
            continue
        parser = detect(bodies[one.id])
        if parser is None or one.kind not in (artifacts.UNKNOWN_KIND, parser.kind):
            continue
        parsed = parser.parse(bodies[one.id])
        if not (parsed.faults or parsed.statements or parsed.controls):
            plain.append((one, parser, parsed))
    found = _sorted_out(tx, plain, bodies)
    if not found:
        return []
    with tx.ahead():
        _write_readings(tx, found)
        stored = _write_records(tx, found)
        _tell(tx, found)
    return [Small(one.artifact, one.body, one.parser.name, stored[one.artifact.id]) for one in found]


def _locked(tx: Tx, artifact_ids: Sequence[str]) -> list[Artifact]:
    return tx.all(
        """
        SELECT id, source, kind, filename, encode(sha256, 'hex') AS sha256, size_bytes, status, received_at, received_by,
               type, mime, metadata, encode(coalesce(stored_sha256, sha256), 'hex') AS stored_sha256, redacted, redactions
          FROM ingestion.artifacts
         WHERE tenant_id = %(tenant)s AND id = ANY (%(ids)s::text[]) AND status = 'received' AND kind <> %(rates)s
           AND size_bytes <= %(size)s
         ORDER BY id
           FOR UPDATE
        """,
        {"tenant": tx.tenant_id, "ids": arrays.texts(sorted(artifact_ids)), "rates": artifacts.RATES, "size": SIZE_MAX},
        row=Artifact,
    )


def _sorted_out(tx: Tx, plain: Sequence[tuple[Artifact, Parser, Parsed]], bodies: Mapping[str, bytes]) -> list[_Read]:
    """Each with the records that are not here yet: their identity is the source's, of whatever artifact."""
    made = [(artifact, parser, parsed, rows(parsed)) for artifact, parser, parsed in plain]
    named = sorted({row.external_id for *_, own in made for row in own if row.external_id is not None})
    sources = sorted({artifact.source for artifact, *_ in made})
    standing: set[tuple[str, str, str]] = set()
    if named:
        tx.run(
            """
            SELECT pg_advisory_xact_lock(hashtextextended('ingestion:' || %(tenant)s || ':' || s.source, 0))
              FROM (SELECT unnest(%(sources)s::text[]) AS source) s
            """,
            {"tenant": str(tx.tenant_id), "sources": arrays.texts(sources)},
        )
        found = tx.all(
            """
            SELECT source, kind, external_id FROM ingestion.records
             WHERE tenant_id = %(tenant)s AND source = ANY (%(sources)s::text[]) AND kind = ANY (%(kinds)s::text[])
               AND external_id = ANY (%(named)s::text[])
            """,
            {
                "tenant": tx.tenant_id,
                "sources": arrays.texts(sources),
                "kinds": arrays.texts(sorted({row.kind for *_, own in made for row in own})),
                "named": arrays.texts(named),
            },
        )
        standing = {(row["source"], row["kind"], row["external_id"]) for row in found}
    reads = []
    for artifact, parser, parsed, own in made:
        new = []
        for row in own:
            if row.external_id is not None:
                name = (artifact.source, row.kind, row.external_id)
                if name in standing:
                    continue
                standing.add(name)
            new.append(row)
        reads.append(_Read(artifact, bodies[artifact.id], parser, parsed, ids.new("rdg"), own, new))
    return reads


def _write_readings(tx: Tx, found: Sequence[_Read]) -> None:
    tx.run(
        """
        WITH made AS (
          INSERT INTO ingestion.readings (tenant_id, id, artifact_id, parser, kind, records, duplicates, faults, proved, proof)
          SELECT %(tenant)s, r.id, r.artifact_id, r.parser, r.kind, r.records, r.duplicates, 0, NULL, r.proof
            FROM unnest(%(ids)s::text[], %(artifacts)s::text[], %(parsers)s::text[], %(kinds)s::text[], %(records)s::integer[],
                        %(duplicates)s::integer[], %(proofs)s::jsonb[])
                 AS r (id, artifact_id, parser, kind, records, duplicates, proof)
          RETURNING artifact_id, kind
        )
        UPDATE ingestion.artifacts a SET status = 'read', kind = m.kind
          FROM made m WHERE a.tenant_id = %(tenant)s AND a.id = m.artifact_id
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts([one.reading_id for one in found]),
            "artifacts": arrays.texts([one.artifact.id for one in found]),
            "parsers": arrays.texts([one.parser.name for one in found]),
            "kinds": arrays.texts([one.parser.kind for one in found]),
            "records": arrays.numbers(len(one.made) for one in found),
            "duplicates": arrays.numbers(len(one.made) - len(one.new) for one in found),
            "proofs": arrays.documents([reading.proof_of(one.parsed) for one in found]),
        },
    )


def _write_records(tx: Tx, found: Sequence[_Read]) -> dict[str, list[tuple[StoredRecord, Mapping[str, Any]]]]:
    """The new records of each artifact, as they are stored."""
    stored: dict[str, list[tuple[StoredRecord, Mapping[str, Any]]]] = {one.artifact.id: [] for one in found}
    fresh = []
    for one in found:
        offsets = LineOffsets(one.body)
        for row in one.new:
            record = _stored(one, row, offsets)
            stored[one.artifact.id].append((record, row.private))
            fresh.append((record, row))
    if not fresh:
        return stored
    tx.run(
        """
        INSERT INTO ingestion.records
               (tenant_id, id, artifact_id, reading_id, source, external_id, line, occurrence, offset_start, offset_end, parser,
                kind, channel, direction, amount_minor, currency, value_on, booked_on, reference, details, private_sealed)
        SELECT %(tenant)s, r.*
          FROM unnest(%(ids)s::text[], %(artifacts)s::text[], %(readings)s::text[], %(sources)s::text[], %(externals)s::text[],
                      %(lines)s::integer[], %(occurrences)s::integer[], %(starts)s::bigint[], %(ends)s::bigint[],
                      %(parsers)s::text[], %(kinds)s::text[], %(channels)s::text[], %(directions)s::text[],
                      %(amounts)s::bigint[], %(currencies)s::text[], %(values)s::date[], %(bookings)s::date[],
                      %(references)s::text[], %(details)s::jsonb[], %(sealed)s::bytea[]) AS r
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts([record.id for record, _ in fresh]),
            "artifacts": arrays.texts([record.artifact_id for record, _ in fresh]),
            "readings": arrays.texts([record.reading_id for record, _ in fresh]),
            "sources": arrays.texts([record.source for record, _ in fresh]),
            "externals": arrays.texts([record.external_id for record, _ in fresh]),
            "lines": arrays.numbers(record.line for record, _ in fresh),
            "occurrences": arrays.numbers(record.occurrence for record, _ in fresh),
            "starts": arrays.numbers(record.offset_start for record, _ in fresh),
            "ends": arrays.numbers(record.offset_end for record, _ in fresh),
            "parsers": arrays.texts([record.parser for record, _ in fresh]),
            "kinds": arrays.texts([record.kind for record, _ in fresh]),
            "channels": arrays.texts([record.channel for record, _ in fresh]),
            "directions": arrays.texts([record.direction for record, _ in fresh]),
            "amounts": arrays.numbers(record.amount_minor for record, _ in fresh),
            "currencies": arrays.texts([record.currency for record, _ in fresh]),
            "values": arrays.texts([record.value_on.isoformat() if record.value_on else None for record, _ in fresh]),
            "bookings": arrays.texts(
                [record.booked_on.isoformat() if record.booked_on else None for record, _ in fresh]
            ),
            "references": arrays.texts([record.reference for record, _ in fresh]),
            "details": arrays.documents([record.details for record, _ in fresh]),
            "sealed": arrays.blobs(
                secrets.seal_many(tx, [row.private_text for _, row in fresh], context=reading.CONTEXT)
            ),
        },
    )
    return stored


def _stored(one: _Read, row: Row, offsets: LineOffsets) -> StoredRecord:
    start, end = offsets.of(row.line)
    return StoredRecord(
        ids.new("rec"),
        one.artifact.id,
        one.reading_id,
        None,
        one.artifact.source,
        row.external_id,
        row.line,
        row.occurrence,
        start,
        end,
        one.parser.name,
        row.kind,
        row.channel,
        row.direction,  # type: ignore[arg-type]
        row.amount.minor,
        row.amount.currency,
        row.value_on,
        row.booked_on,
        row.reference,
        row.details,
        one.artifact.received_at,
    )


def _tell(tx: Tx, found: Sequence[_Read]) -> None:
    facts = [
        {
            "artifact_id": one.artifact.id,
            "reading_id": one.reading_id,
            "source": one.artifact.source,
            "kind": one.parser.kind,
            "parser": one.parser.name,
            "records": len(one.made),
            "duplicates": len(one.made) - len(one.new),
            "faults": 0,
            "case_id": None,
        }
        for one in found
    ]
    audit.record_ahead(
        tx,
        [audit.Event(type="ingestion.artifact.read", data=one, ingestion_id=str(one["artifact_id"])) for one in facts],
    )
    messaging.publish_ahead(
        tx,
        [
            messaging.Outgoing(
                event_type="ingestion.artifact.read",
                aggregate_type="artifact",
                aggregate_id=str(one["artifact_id"]),
                payload=one,
            )
            for one in facts
        ],
    )
