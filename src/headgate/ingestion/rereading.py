"""Read artifacts again by a newer parser: the difference is shown first, and applied as it was shown or not at all.

What stands stays: a second reading is added, with the records that were not here; where it says otherwise of one that is, that
is a fact of its own (`ingestion.record_differences`) and a case. A record keeps its identity and the name of its parser.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from headgate import audit, cases, messaging
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.ingestion import artifacts, mappings, queries, readings
from headgate.ingestion.differing import Difference, compare
from headgate.ingestion.errors import AlreadyRead, DifferenceMoved, UnknownFormat, UnknownParser, WrongKind
from headgate.ingestion.made import Made, NewReading
from headgate.ingestion.model import Reading
from headgate.ingestion.normalise import Row
from headgate.ingestion.parsers import SURE_ENOUGH, Parser, all_parsers, detect
from headgate.jobs import Outside

AT_ONCE: Final = 200
"""Artifacts of one range; what is left is told."""
DAILY_MAX: Final = 1_000
BEGINNING: Final = 1 << 16
_VERSION = re.compile(r"_v([0-9]+)\Z")


@dataclass(frozen=True, slots=True)
class Proposal:
    """The differences of several artifacts, and one digest of them all. `more`: the range holds others, which come when these
    were applied."""

    differences: tuple[Difference, ...]
    more: bool

    @property
    def digest(self) -> str:
        return hashlib.sha256("".join(one.digest for one in self.differences).encode()).hexdigest()


def newest(parser: str, beginning: bytes | None = None) -> str:
    """The newest version of a parser; with the beginning of a file, the newest that is sure of it, else the parser itself: a later
    version may be for other files. One that this code no longer has is the oldest of all."""
    family = _VERSION.sub("", parser)
    later = [name for name in all_parsers() if _VERSION.sub("", name) == family and _version(name) > _version(parser)]
    if beginning is not None:
        later = [name for name in later if all_parsers()[name].sniff(beginning) >= SURE_ENOUGH]
    return max([parser, *later], key=_version)


def propose(outside: Outside, artifact_id: str, *, parser: str | None = None) -> Difference:
    """What the newest version of its parser, or the parser named, would change of an artifact. Changes nothing.

    Raises NoSuchArtifact, UnknownParser, UnknownFormat, WrongKind, AlreadyRead, and those of `artifacts.body`.
    """
    read = _read(outside, artifact_id, parser)
    with outside.begin() as tx:
        return _compared(tx, read)[0]


def propose_range(
    outside: Outside, *, received_from: datetime | None = None, received_before: datetime | None = None
) -> Proposal:
    """What the newest parsers would change of the artifacts that came in a time, oldest first, of those read by an older one."""
    with outside.begin() as tx:
        found = outdated(tx, received_from=received_from, received_before=received_before, limit=AT_ONCE + 1)
    shown = [one for one in (_proposed(outside, artifact_id) for artifact_id in found[:AT_ONCE]) if one is not None]
    return Proposal(tuple(shown), len(found) > AT_ONCE)


def _proposed(outside: Outside, artifact_id: str) -> Difference | None:
    """The difference; None where no newer version is for this file."""
    try:
        return propose(outside, artifact_id)
    except AlreadyRead:
        return None


def apply(outside: Outside, artifact_id: str, *, digest: str, parser: str | None = None) -> Reading:
    """Read an artifact again as the difference with that digest showed it. Raises DifferenceMoved where it is another by now,
    and as `propose` does."""
    read = _read(outside, artifact_id, parser)
    with outside.begin() as tx:
        return _applied(tx, read, digest)


def apply_range(
    outside: Outside,
    *,
    digest: str,
    received_from: datetime | None = None,
    received_before: datetime | None = None,
) -> list[Reading]:
    """Apply what `propose_range` showed, artifact by artifact. Raises DifferenceMoved where any is another by now: before the first
    is applied, unless one moved meanwhile."""
    proposal = propose_range(outside, received_from=received_from, received_before=received_before)
    if proposal.digest != digest:
        raise DifferenceMoved(digest=proposal.digest)
    return [apply(outside, one.artifact_id, digest=one.digest, parser=one.to_parser) for one in proposal.differences]


def reread_daily(outside: Outside) -> str | None:
    """Read what an older parser read again, once a version: applied where nothing differs, else a case shows the difference."""
    with outside.begin() as tx:
        found = outdated(tx, limit=DAILY_MAX, unlooked=True)
    told: Counter[str] = Counter()
    for artifact_id in found:
        difference = _proposed(outside, artifact_id)
        if difference is not None and difference.is_none:
            apply(outside, artifact_id, digest=difference.digest, parser=difference.to_parser)
        with outside.begin() as tx:
            if difference is not None and not difference.is_none:
                _ask(tx, difference)
            outcome = "not_for_it" if difference is None else "alike" if difference.is_none else "differs"
            told[outcome] += 1
            _note(tx, artifact_id, outcome)
    return f"{told['alike']} read again alike, {told['differs']} differ" if told["alike"] or told["differs"] else None


def _note(tx: Tx, artifact_id: str, outcome: str) -> None:
    standing = queries.reading_of(tx, artifact_id)
    assert standing is not None, "what is outdated was read"
    tx.run(
        """
        INSERT INTO ingestion.reread_looks (tenant_id, artifact_id, parser, outcome)
        VALUES (%(tenant)s, %(artifact)s, %(parser)s, %(outcome)s)
            ON CONFLICT DO NOTHING
        """,
        {"tenant": tx.tenant_id, "artifact": artifact_id, "parser": newest(standing.parser), "outcome": outcome},
    )


def outdated(
    tx: Tx,
    *,
    received_from: datetime | None = None,
    received_before: datetime | None = None,
    limit: int = AT_ONCE,
    unlooked: bool = False,
) -> list[str]:
    """The artifacts whose last reading is of a parser that has a newer version, oldest first; `unlooked`: but for those that the
    daily job has looked at with it."""
    used = tx.values(
        "SELECT DISTINCT parser FROM ingestion.readings WHERE tenant_id = %(tenant)s", {"tenant": tx.tenant_id}
    )
    later = [parser for parser in used if newest(parser) != parser]
    if not later:
        return []
    return tx.values(
        """
        SELECT a.id
          FROM ingestion.artifacts a
          JOIN LATERAL (SELECT r.parser FROM ingestion.readings r
                         WHERE r.tenant_id = a.tenant_id AND r.artifact_id = a.id
                         ORDER BY r.id DESC LIMIT 1) l ON true
          JOIN unnest(%(parsers)s::text[], %(newest)s::text[]) AS p (parser, newest) ON p.parser = l.parser
         WHERE a.tenant_id = %(tenant)s
           AND (%(from)s::timestamptz IS NULL OR a.received_at >= %(from)s)
           AND (%(before)s::timestamptz IS NULL OR a.received_at < %(before)s)
           AND NOT (%(unlooked)s AND EXISTS (SELECT FROM ingestion.reread_looks k
                                              WHERE k.tenant_id = a.tenant_id AND k.artifact_id = a.id AND k.parser = p.newest))
         ORDER BY a.received_at, a.id
         LIMIT %(limit)s
        """,
        {
            "tenant": tx.tenant_id,
            "from": received_from,
            "before": received_before,
            "parsers": later,
            "newest": [newest(parser) for parser in later],
            "unlooked": unlooked,
            "limit": limit,
        },
    )


def _read(outside: Outside, artifact_id: str, parser: str | None) -> Made:
    """The artifact as the parser gives it, with no transaction open meanwhile."""
    if parser is not None and parser not in all_parsers():
        raise UnknownParser(f"there is no parser {parser[:40]}; there are {', '.join(sorted(all_parsers()))}")
    artifact, data = artifacts.outside(outside.begin, artifact_id)
    if artifact.kind == artifacts.RATES:
        raise WrongKind(f"{artifact.id} holds exchange rates, which the job fx_rates_daily reads", kind=artifact.kind)
    with outside.begin() as tx:
        standing = queries.reading_of(tx, artifact_id)
        chosen = all_parsers()[parser] if parser else _newest_of(standing, data)
        saved = mappings.saved_for(tx, source=artifact.source, data=data, parser=chosen)
        if chosen is None and saved is not None:
            chosen = all_parsers()[saved.parser]
        if chosen is None:
            raise UnknownFormat(f"no parser knows the bytes of {artifact_id}; name one to read it nevertheless")
        if standing is not None and chosen.kind != standing.kind:
            raise WrongKind(
                f"{artifact_id} was read as {standing.kind}, which {chosen.name} does not read", kind=chosen.kind
            )
        if queries.was_read_by(tx, artifact_id, chosen.name):
            raise AlreadyRead(
                f"{artifact_id} was read by {chosen.name} already", artifact_id=artifact_id, parser=chosen.name
            )
    parsed = chosen.parse(data) if saved is None else chosen.parse_mapped(data, saved.read)
    return Made.of(artifact, chosen, parsed, data)


def _newest_of(standing: Reading | None, data: bytes) -> Parser | None:
    return all_parsers().get(newest(standing.parser, data[:BEGINNING])) if standing else detect(data)


def _compared(tx: Tx, read: Made) -> tuple[Difference, list[Row]]:
    artifact_id = read.artifact.id
    standing = queries.reading_of(tx, artifact_id)
    records = queries.all_records(tx, artifact_id)
    sealed = queries.private_parts(tx, artifact_id)
    opened = (
        secrets.open_many(tx, [sealed[record.id] for record in records], context=readings.CONTEXT) if records else []
    )
    external_ids = [row.external_id for row in read.rows if row.external_id is not None]
    elsewhere = tx.all(
        """
        SELECT kind, external_id FROM ingestion.records
         WHERE tenant_id = %(tenant)s AND source = %(source)s AND external_id = ANY (%(ids)s) AND artifact_id <> %(artifact)s
        """,
        {
            "tenant": tx.tenant_id,
            "source": read.artifact.source,
            "ids": external_ids,
            "artifact": artifact_id,
        },
    )
    return compare(
        artifact_id=artifact_id,
        from_parser=standing.parser if standing else None,
        to_parser=read.parser.name,
        standing=[(record, json.loads(private)) for record, private in zip(records, opened, strict=True)],
        made=read.rows,
        elsewhere=[(row["kind"], row["external_id"]) for row in elsewhere],
        faults=[one for one in queries.all_faults(tx, artifact_id) if standing and one.reading_id == standing.id],
        faults_made=read.parsed.faults,
    )


def _applied(tx: Tx, read: Made, digest: str) -> Reading:
    artifact = readings.lock(tx, read.artifact.id)
    readings.lock_sources(tx, [artifact.source])
    if queries.was_read_by(tx, artifact.id, read.parser.name):
        raise AlreadyRead(f"{artifact.id} was read by {read.parser.name} already", parser=read.parser.name)
    difference, added = _compared(tx, read)
    if difference.digest != digest:
        raise DifferenceMoved(digest=difference.digest)
    made = NewReading.of(replace(read, artifact=artifact), added)
    readings.store(tx, [made])
    _keep_altered(tx, made.id, difference)
    case_id = None if difference.is_none else _ask(tx, difference).id
    facts = {
        **_figures(difference),
        "artifact_id": artifact.id,
        "reading_id": made.id,
        "source": artifact.source,
        "case_id": case_id,
    }
    audit.record(tx, type="ingestion.artifact.reread", data=facts, ingestion_id=artifact.id)
    messaging.publish(
        tx, event_type="ingestion.artifact.read", aggregate_type="artifact", aggregate_id=artifact.id, payload=facts
    )
    found = queries.reading_of(tx, artifact.id)
    assert found is not None and found.id == made.id, "the reading was inserted above"
    return found


def _keep_altered(tx: Tx, reading_id: str, difference: Difference) -> None:
    if difference.altered:
        tx.run(
            """
            INSERT INTO ingestion.record_differences (tenant_id, reading_id, record_id, difference, fields)
            SELECT %(tenant)s, %(reading)s, d.record, d.difference, d.fields
              FROM unnest(%(records)s::text[], %(differences)s::text[], %(fields)s::jsonb[]) AS d (record, difference, fields)
            """,
            {
                "tenant": tx.tenant_id,
                "reading": reading_id,
                "records": [one.record_id for one in difference.altered],
                "differences": [one.difference for one in difference.altered],
                "fields": [Jsonb(dict(one.fields)) for one in difference.altered],
            },
        )


def _ask(tx: Tx, difference: Difference) -> cases.Case:
    return cases.open_case(
        tx,
        key=f"ingestion:{difference.artifact_id}:reread:{difference.to_parser}",
        category="reread_differs",
        subcategory=difference.to_parser,
        ingestion_id=difference.artifact_id,
        detail={
            **_figures(difference),
            "digest": difference.digest,
            "next": f"see `headgate artifacts reprocess {difference.artifact_id}`, and apply it there; what stands stays",
        },
    )


def _figures(difference: Difference) -> dict[str, Any]:
    return {
        "artifact_id": difference.artifact_id,
        "from_parser": difference.from_parser,
        "parser": difference.to_parser,
        "records": difference.records,
        "added": len(difference.added),
        "changed": difference.count("changed"),
        "gone": difference.count("gone"),
        "moved": difference.count("moved"),
        "faults_new": len(difference.faults_new),
        "faults_gone": len(difference.faults_gone),
    }


def _version(parser: str) -> int:
    found = _VERSION.search(parser)
    return int(found.group(1)) if found else 0
