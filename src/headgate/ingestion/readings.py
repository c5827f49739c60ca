"""Readings are stored as sets, one as well as many: which rows are new, where they stand, and what is told of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Final

from headgate import audit, messaging
from headgate.core import arrays, secrets
from headgate.core.db import Asked, Tx
from headgate.ingestion import faults, queries, statements
from headgate.ingestion.errors import NoSuchArtifact
from headgate.ingestion.made import Made, NewReading
from headgate.ingestion.model import Artifact
from headgate.ingestion.normalise import Row
from headgate.ingestion.telling import Telling

CONTEXT: Final = "ingestion.records.private_sealed"
BATCH: Final = 10_000
"""Records of one statement: what is sealed and sent at once."""
READ: Final = "ingestion.artifact.read"
LOCKED_MAX: Final = 500
"""Identities that are locked one by one: each takes a place in the server's table of locks."""

Identity = tuple[str, str, str]
"""Source, kind and the source's own id of a record."""


def lock(tx: Tx, artifact_id: str) -> Artifact:
    """An artifact, which nobody else reads until this transaction ends. Raises NoSuchArtifact."""
    found = tx.maybe(
        "SELECT id FROM ingestion.artifacts WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
        {"tenant": tx.tenant_id, "id": artifact_id},
    )
    if found is None:
        raise NoSuchArtifact(f"there is no artifact {artifact_id[:40]}", artifact_id=artifact_id[:40])
    return queries.get_artifact(tx, artifact_id)


def lock_sources(tx: Tx, sources: Collection[str]) -> None:
    """Nobody else finds an identity of these sources new until this transaction ends."""
    tx.gather(_locking_sources(tx, sources))


def _locking_sources(tx: Tx, sources: Collection[str]) -> Asked:
    """In one order, so that none deadlocks."""
    return (
        """
        SELECT pg_advisory_xact_lock(hashtextextended('ingestion:' || %(tenant)s || ':' || s.source, 0))
          FROM (SELECT unnest(%(sources)s::text[]) AS source) s
        """,
        {"tenant": str(tx.tenant_id), "sources": arrays.texts(sorted(set(sources)))},
        None,
    )


def _locking_identities(tx: Tx, identities: Collection[Identity]) -> Asked:
    """Two artifacts at once must not both find one of these new. A few are locked by themselves: the rest of their sources
    goes on; many lock their sources."""
    sources = {source for source, _, _ in identities}
    if len(identities) > LOCKED_MAX:
        return _locking_sources(tx, sources)
    return (
        """
        SELECT pg_advisory_xact_lock_shared(hashtextextended('ingestion:' || %(tenant)s || ':' || s.source, 0))
          FROM (SELECT unnest(%(sources)s::text[]) AS source) s
         UNION ALL
        SELECT pg_advisory_xact_lock(hashtextextended('ingestion.record:' || %(tenant)s || ':' || i.identity, 0))
          FROM (SELECT unnest(%(identities)s::text[]) AS identity) i
        """,
        {
            "tenant": str(tx.tenant_id),
            "sources": arrays.texts(sorted(sources)),
            "identities": arrays.texts(sorted(":".join(one) for one in identities)),
        },
        None,
    )


def take(tx: Tx, found: Sequence[Made]) -> list[NewReading]:
    """Store what parsers made of these artifacts, each fact once, and tell of each. The caller holds the artifacts' locks."""
    telling = Telling()
    with tx.ahead():
        readings = take_untold(tx, found, telling)
        telling.send(tx)
    return readings


def take_untold(tx: Tx, found: Sequence[Made], telling: Telling) -> list[NewReading]:
    """The same, but what is to be told of them is left to whoever sends it."""
    readings = _sorted_out(tx, found)
    with tx.ahead():
        case_ids = store(tx, readings)
    for one in readings:
        artifact, told = one.made.artifact.id, one.told(case_ids.get(one.id))
        telling.events.append(audit.Event(type=READ, data=told, ingestion_id=artifact))
        telling.messages.append(
            messaging.Outgoing(event_type=READ, aggregate_type="artifact", aggregate_id=artifact, payload=told)
        )
    return readings


def _sorted_out(tx: Tx, found: Sequence[Made]) -> list[NewReading]:
    """Each with the rows that are not here yet: those without an identity of their source, and those whose identity is new."""
    standing = _standing(tx, found)
    readings = []
    for made in found:
        new = []
        for row in made.rows:
            if row.external_id is not None:
                identity = (made.artifact.source, row.kind, row.external_id)
                if identity in standing:
                    continue
                standing.add(identity)
            new.append(row)
        readings.append(NewReading.of(made, new))
    return readings


def _standing(tx: Tx, found: Sequence[Made]) -> set[Identity]:
    """Of the identities in these artifacts, those of records that are here, of whatever artifact."""
    named = {
        (made.artifact.source, row.kind, row.external_id)
        for made in found
        for row in made.rows
        if row.external_id is not None
    }
    if not named:
        return set()
    _, rows = tx.gather(
        _locking_identities(tx, named),
        (
            """
            SELECT source, kind, external_id FROM ingestion.records
             WHERE tenant_id = %(tenant)s AND source = ANY (%(sources)s::text[]) AND kind = ANY (%(kinds)s::text[])
               AND external_id = ANY (%(named)s::text[])
            """,
            {
                "tenant": tx.tenant_id,
                "sources": arrays.texts(sorted({source for source, _, _ in named})),
                "kinds": arrays.texts(sorted({kind for _, kind, _ in named})),
                "named": arrays.texts(sorted({name for _, _, name in named})),
            },
            None,
        ),
    )
    return {(row["source"], row["kind"], row["external_id"]) for row in rows}


def store(tx: Tx, readings: Sequence[NewReading]) -> dict[str, str]:
    """Insert readings with their statements, new records and faults; the case of each that leaves something to ask, by its id."""
    if not readings:
        return {}
    _insert(tx, readings)
    statement_ids = statements.insert(tx, readings)
    every = ((one, id, row) for one in readings for id, row in zip(one.record_ids, one.new, strict=True))
    while part := list(islice(every, BATCH)):
        _insert_records(tx, part, statement_ids)
    return faults.insert(tx, readings)


def _insert(tx: Tx, readings: Sequence[NewReading]) -> None:
    """The readings, by which their artifacts are read."""
    tx.run(
        """
        WITH made AS (
          INSERT INTO ingestion.readings
                 (tenant_id, id, artifact_id, parser, kind, records, duplicates, faults, proved, proof)
          SELECT %(tenant)s, r.id, r.artifact_id, r.parser, r.kind, r.records, r.duplicates, r.faults, r.proved, r.proof
            FROM unnest(%(ids)s::text[], %(artifacts)s::text[], %(parsers)s::text[], %(kinds)s::text[],
                        %(records)s::integer[], %(duplicates)s::integer[], %(faults)s::integer[], %(proved)s::boolean[],
                        %(proofs)s::jsonb[])
                 AS r (id, artifact_id, parser, kind, records, duplicates, faults, proved, proof)
          RETURNING artifact_id, kind
        )
        UPDATE ingestion.artifacts a SET status = 'read', kind = m.kind
          FROM made m WHERE a.tenant_id = %(tenant)s AND a.id = m.artifact_id
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts([one.id for one in readings]),
            "artifacts": arrays.texts([one.made.artifact.id for one in readings]),
            "parsers": arrays.texts([one.made.parser.name for one in readings]),
            "kinds": arrays.texts([one.made.parser.kind for one in readings]),
            "records": arrays.numbers(len(one.made.rows) for one in readings),
            "duplicates": arrays.numbers(one.duplicates for one in readings),
            "faults": arrays.numbers(len(one.made.parsed.faults) for one in readings),
            "proved": [one.made.proved for one in readings],
            "proofs": arrays.documents([one.made.proof for one in readings]),
        },
    )


def _insert_records(
    tx: Tx, part: Sequence[tuple[NewReading, str, Row]], statement_ids: Mapping[tuple[str, int], str]
) -> None:
    rows = [row for _, _, row in part]
    spans = [one.made.offsets.of(row.line) for one, _, row in part]
    tx.run(
        """
        INSERT INTO ingestion.records
               (tenant_id, id, artifact_id, reading_id, statement_id, source, external_id, line, occurrence,
                offset_start, offset_end, parser, kind, channel, direction, amount_minor, currency, value_on, booked_on,
                reference, details, private_sealed)
        SELECT %(tenant)s, r.*
          FROM unnest(%(ids)s::text[], %(artifacts)s::text[], %(readings)s::text[], %(statements)s::text[],
                      %(sources)s::text[], %(externals)s::text[], %(lines)s::integer[], %(occurrences)s::integer[],
                      %(starts)s::bigint[], %(ends)s::bigint[], %(parsers)s::text[], %(kinds)s::text[],
                      %(channels)s::text[], %(directions)s::text[], %(amounts)s::bigint[], %(currencies)s::text[],
                      %(values)s::date[], %(bookings)s::date[], %(references)s::text[], %(details)s::jsonb[],
                      %(sealed)s::bytea[]) AS r
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts([id for _, id, _ in part]),
            "artifacts": arrays.texts([one.made.artifact.id for one, _, _ in part]),
            "readings": arrays.texts([one.id for one, _, _ in part]),
            "statements": arrays.texts(
                [
                    statement_ids.get((one.id, row.statement)) if row.statement is not None else None
                    for one, _, row in part
                ]
            ),
            "sources": arrays.texts([one.made.artifact.source for one, _, _ in part]),
            "externals": arrays.texts([row.external_id for row in rows]),
            "lines": arrays.numbers(row.line for row in rows),
            "occurrences": arrays.numbers(row.occurrence for row in rows),
            "starts": arrays.numbers(start for start, _ in spans),
            "ends": arrays.numbers(end for _, end in spans),
            "parsers": arrays.texts([one.made.parser.name for one, _, _ in part]),
            "kinds": arrays.texts([row.kind for row in rows]),
            "channels": arrays.texts([row.channel for row in rows]),
            "directions": arrays.texts([row.direction for row in rows]),
            "amounts": arrays.numbers(row.amount.minor for row in rows),
            "currencies": arrays.texts([row.amount.currency for row in rows]),
            "values": arrays.texts([row.value_on.isoformat() if row.value_on else None for row in rows]),
            "bookings": arrays.texts([row.booked_on.isoformat() if row.booked_on else None for row in rows]),
            "references": arrays.texts([row.reference for row in rows]),
            "details": arrays.documents([row.details for row in rows]),
            "sealed": arrays.blobs(secrets.seal_many(tx, [row.private_text for row in rows], context=CONTEXT)),
        },
    )
