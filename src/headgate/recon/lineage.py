"""Lineage: from an entry of the book to the exact line that it came from, and from a line to all that it caused.

Each domain says in its view `lineage` what a record, an artifact or a payment that came in became there, and which
transaction it made; `recon.lineage` is all of them. What many payments have in common (a file that settled) is one row
here, with how many they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from headgate import ingestion, ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Malformed

LINES_MAX: Final = 1_000
"""How many lines of one artifact are followed at once."""

_GROUPED: LiteralString = """
    SELECT what, min(subject_id) AS subject_id, count(DISTINCT subject_id)::int AS count, record_id,
           artifact_id, ingestion_id, transaction_id, min(at) AS at
      FROM recon.lineage
"""
_BY: LiteralString = (
    " GROUP BY what, record_id, artifact_id, ingestion_id, transaction_id ORDER BY min(at), what LIMIT 500"
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What evidence became: `what` happened to `count` things, of which `subject_id` is the first; the transaction it made."""

    what: str
    subject_id: str
    count: int
    record_id: str | None
    artifact_id: str | None
    ingestion_id: str | None
    transaction_id: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a transaction came from: the effect, and the line of an artifact, or the payment that came in, it is of."""

    effect: Effect
    artifact_id: str | None
    filename: str | None
    source: str | None
    line: int | None
    offset_start: int | None
    offset_end: int | None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What one thing came from, and what it caused."""

    origins: tuple[Origin, ...]
    effects: tuple[Effect, ...]


def lineage_of(tx: Tx, thing_id: str) -> Lineage:
    """The lineage of a transaction, a record, an artifact, or a payment that came in. Raises its NotFound, Malformed."""
    if ids.is_id(thing_id, "txn"):
        found = ledger.get_transaction(tx, ids.decode("txn", thing_id))
        return Lineage(tuple(origins_of(tx, [found.id])), ())
    if ids.is_id(thing_id, "rec"):
        ingestion.get_record(tx, thing_id)
        return Lineage((), tuple(effects_of(tx, record_ids=[thing_id])))
    if ids.is_id(thing_id, "art"):
        ingestion.get_artifact(tx, thing_id)
        return Lineage((), tuple(effects_of_artifact(tx, thing_id)))
    if ids.is_id(thing_id, "ing"):
        ingestion.get_payment_ingestion(tx, thing_id)
        return Lineage((), tuple(effects_of(tx, ingestion_ids=[thing_id])))
    raise Malformed(f"'{thing_id[:40]}' has no lineage: name a txn_, rec_, art_ or ing_ id")


def effects_of_artifact(tx: Tx, artifact_id: str, *, first: int = 1, last: int = 2**31 - 1) -> list[Effect]:
    """What these lines of an artifact caused, or it as a whole."""
    records = ingestion.list_records(tx, artifact_id=artifact_id, after=(first - 1, 2**31 - 1), limit=LINES_MAX)
    came = ingestion.payments_at(tx, artifact_id, first=first, last=last, limit=LINES_MAX)
    return effects_of(
        tx,
        record_ids=[record.id for record in records if record.line <= last],
        ingestion_ids=[one.ingestion_id for one in came],
        artifact_ids=[artifact_id],
    )


def effects_of(
    tx: Tx,
    *,
    record_ids: Sequence[str] = (),
    ingestion_ids: Sequence[str] = (),
    artifact_ids: Sequence[str] = (),
) -> list[Effect]:
    """What these records, payments that came in, or whole artifacts became, the earliest first."""
    found = []
    if record_ids:
        found += tx.all(_GROUPED + " WHERE record_id = ANY(%(ids)s)" + _BY, {"ids": list(record_ids)}, row=Effect)
    if ingestion_ids:
        found += tx.all(_GROUPED + " WHERE ingestion_id = ANY(%(ids)s)" + _BY, {"ids": list(ingestion_ids)}, row=Effect)
    if artifact_ids:
        found += tx.all(
            _GROUPED + " WHERE artifact_id = ANY(%(ids)s) AND record_id IS NULL" + _BY,
            {"ids": list(artifact_ids)},
            row=Effect,
        )
    once = {(one.what, one.subject_id, one.record_id, one.ingestion_id, one.transaction_id): one for one in found}
    return sorted(once.values(), key=lambda one: (one.at, one.what))


def origins_of(tx: Tx, transaction_ids: Sequence[int]) -> list[Origin]:
    """The evidence of these transactions: each line, webhook or mail part once, the earliest first."""
    effects = tx.all(
        _GROUPED + " WHERE transaction_id = ANY(%(ids)s)" + _BY, {"ids": list(transaction_ids)}, row=Effect
    )
    records = _records(tx, [one.record_id for one in effects if one.record_id])
    places = {
        one.ingestion_id: one
        for one in ingestion.places_of(tx, [one.ingestion_id for one in effects if one.ingestion_id])
    }
    artifacts = {
        one.id: one
        for one in ingestion.artifact_rows(
            tx,
            [
                *(record.artifact_id for record in records.values()),
                *(place.artifact_id for place in places.values()),
                *(one.artifact_id for one in effects if one.artifact_id),
            ],
        )
    }
    origins = []
    for effect in effects:
        record = records.get(effect.record_id or "")
        place = places.get(effect.ingestion_id or "")
        artifact_id = record.artifact_id if record else place.artifact_id if place else effect.artifact_id
        artifact = artifacts.get(artifact_id or "")
        line = record.line if record else place.line if place else None
        origins.append(
            Origin(
                effect, artifact_id, artifact.filename if artifact else None, artifact.source if artifact else None, line,
                record.offset_start if record else None, record.offset_end if record else None,
            )
        )  # fmt: skip
    return origins


def _records(tx: Tx, record_ids: Sequence[str]) -> dict[str, ingestion.StoredRecord]:
    return {record.id: record for record in ingestion.records_by_ids(tx, record_ids)}
