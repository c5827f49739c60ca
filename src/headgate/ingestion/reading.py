"""Read an artifact: parse its bytes, keep what is good, name what is not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from psycopg.types.json import Jsonb

from headgate import audit, cases, messaging
from headgate.core import ids, secrets
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion import artifacts, queries
from headgate.ingestion.errors import AlreadyRead, NoSuchArtifact, UnknownParser, WrongKind
from headgate.ingestion.model import Artifact, Reading
from headgate.ingestion.normalise import LineOffsets, Row, rows
from headgate.ingestion.parsers import Parser, all_parsers, detect
from headgate.ingestion.records import Parsed, Statement

CONTEXT: Final = "ingestion.records.private_sealed"
ACCOUNT_PURPOSE: Final = "statement account"
FAULTS_IN_CASE: Final = 20
"""How many faults a case names; the artifact has them all."""
BATCH: Final = 10_000


def read(tx: Tx, artifact_id: str, *, parser: str | None = None) -> Reading | Refused:
    """Parse an artifact with the parser named, or the one surest of its bytes, and store what it gave.

    Good records are stored although others are broken; faults are stored, and open one case. Read already: the reading
    that stands. Bytes that no parser knows (or of another kind than the sender said) are refused with a case; they
    stay. Raises NoSuchArtifact, UnknownParser, WrongKind (it holds rates), AlreadyRead (by another parser than the one
    named), BodyDiffers.
    """
    if parser is not None and parser not in all_parsers():
        raise UnknownParser(
            f"there is no parser {parser[:40]}; there are {', '.join(sorted(all_parsers()))}", parser=parser[:40]
        )
    artifact = _lock(tx, artifact_id)
    if artifact.kind == artifacts.RATES:
        raise WrongKind(f"{artifact.id} holds exchange rates, which the job fx_rates_daily reads", kind=artifact.kind)
    if artifact.status == "read":
        return _standing(tx, artifact, parser)
    data = artifacts.body(tx, artifact_id)
    chosen = all_parsers()[parser] if parser is not None else detect(data)
    if chosen is None or artifact.kind not in (artifacts.UNKNOWN_KIND, chosen.kind):
        return _refuse(tx, artifact, chosen)
    return _store(tx, artifact, chosen, chosen.parse(data), LineOffsets(data))


def _lock(tx: Tx, artifact_id: str) -> Artifact:
    found = tx.maybe(
        "SELECT id FROM ingestion.artifacts WHERE tenant_id = %(tenant)s AND id = %(id)s FOR UPDATE",
        {"tenant": tx.tenant_id, "id": artifact_id},
    )
    if found is None:
        raise NoSuchArtifact(f"there is no artifact {artifact_id[:40]}", artifact_id=artifact_id[:40])
    return queries.get_artifact(tx, artifact_id)


def _standing(tx: Tx, artifact: Artifact, parser: str | None) -> Reading:
    standing = queries.reading_of(tx, artifact.id)
    assert standing is not None, "an artifact is called read when a reading of it stands"
    if parser is not None and parser != standing.parser:
        raise AlreadyRead(
            f"{artifact.id} was read by {standing.parser} already", artifact_id=artifact.id, parser=standing.parser
        )
    return standing


def _refuse(tx: Tx, artifact: Artifact, chosen: Parser | None) -> Refused:
    looks = f"looks like {chosen.title} ({chosen.kind})" if chosen else "is of no format that a parser knows"
    case = cases.open_case(
        tx,
        key=f"ingestion:{artifact.id}:unknown",
        category="unknown_file",
        ingestion_id=artifact.id,
        detail={"artifact_id": artifact.id, "said": artifact.kind, "looks_like": chosen.name if chosen else None},
    )
    if artifact.status == "received":
        _set_status(tx, artifact.id, "unreadable", artifact.kind)
        audit.record(
            tx,
            type="ingestion.artifact.unreadable",
            data={"artifact_id": artifact.id, "case_id": case.id},
            ingestion_id=artifact.id,
        )
    said = "" if artifact.kind == artifacts.UNKNOWN_KIND else f" and was sent as {artifact.kind}"
    return Refused(
        "ingestion.unknown_kind",
        f"the file {looks}{said}: its bytes are kept, and case {case.id} asks what it is; "
        "name a parser to read it nevertheless",
        {"artifact_id": artifact.id, "case_id": case.id, "parsers": sorted(all_parsers())},
    )


def _store(tx: Tx, artifact: Artifact, parser: Parser, parsed: Parsed, offsets: LineOffsets) -> Reading:
    reading_id = ids.new("rdg")
    made = rows(parsed)
    new = _new_identities(tx, artifact, made)
    _insert_reading(tx, artifact, reading_id, parser, parsed, duplicates=len(made) - len(new))
    statement_ids = _insert_statements(tx, artifact, reading_id, parsed.statements, made)
    for start in range(0, len(new), BATCH):
        _insert_records(tx, artifact, reading_id, parser, new[start : start + BATCH], statement_ids, offsets)
    case_id = _insert_faults(tx, artifact, reading_id, parser, parsed)
    _set_status(tx, artifact.id, "read", parser.kind)
    facts: dict[str, Any] = {
        "artifact_id": artifact.id,
        "reading_id": reading_id,
        "source": artifact.source,
        "kind": parser.kind,
        "parser": parser.name,
        "records": len(made),
        "duplicates": len(made) - len(new),
        "faults": len(parsed.faults),
        "case_id": case_id,
    }
    audit.record(tx, type="ingestion.artifact.read", data=facts, ingestion_id=artifact.id)
    messaging.publish(
        tx, event_type="ingestion.artifact.read", aggregate_type="artifact", aggregate_id=artifact.id, payload=facts
    )
    reading = queries.reading_of(tx, artifact.id)
    assert reading is not None, "the reading was inserted above"
    return reading


def _new_identities(tx: Tx, artifact: Artifact, made: Sequence[Row]) -> list[Row]:
    """The rows that are not here yet: those without an identity of the source, and those whose identity is new."""
    named = [row.external_id for row in made if row.external_id is not None]
    standing: set[tuple[str, str]] = set()
    if named:
        # Two artifacts of one source at once must not both find an identity new.
        tx.run(
            "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))",
            {"key": f"ingestion:{tx.tenant_id}:{artifact.source}"},
        )
        found = tx.all(
            """
            SELECT kind, external_id FROM ingestion.records
             WHERE tenant_id = %(tenant)s AND source = %(source)s AND kind = ANY(%(kinds)s)
               AND external_id = ANY(%(named)s)
            """,
            {
                "tenant": tx.tenant_id,
                "source": artifact.source,
                "kinds": sorted({row.kind for row in made}),
                "named": named,
            },
        )
        standing = {(row["kind"], row["external_id"]) for row in found}
    new = []
    for row in made:
        if row.external_id is not None:
            if (row.kind, row.external_id) in standing:
                continue
            standing.add((row.kind, row.external_id))
        new.append(row)
    return new


def _insert_reading(
    tx: Tx, artifact: Artifact, reading_id: str, parser: Parser, parsed: Parsed, *, duplicates: int
) -> None:
    tx.run(
        """
        INSERT INTO ingestion.readings (tenant_id, id, artifact_id, parser, kind, records, duplicates, faults, proved,
          proof)
        VALUES (%(tenant)s, %(id)s, %(artifact)s, %(parser)s, %(kind)s, %(records)s, %(duplicates)s, %(faults)s,
          %(proved)s, %(proof)s)
        """,
        {
            "tenant": tx.tenant_id,
            "id": reading_id,
            "artifact": artifact.id,
            "parser": parser.name,
            "kind": parser.kind,
            "records": len(parsed.records),
            "duplicates": duplicates,
            "faults": len(parsed.faults),
            "proved": _proved(parser, parsed),
            "proof": Jsonb(
                {
                    "statements": [statement.proof for statement in parsed.statements],
                    "totals": [[one.name, one.count, one.amount.minor, one.amount.currency] for one in parsed.totals],
                    "clean": parsed.is_clean,
                }
            ),
        },
    )


def _proved(parser: Parser, parsed: Parsed) -> bool | None:
    """Whether the file's own control figures agree with its records; None where it carries none."""
    if parser.kind == "register":
        return None
    if parser.kind == "returns":
        return parsed.is_clean  # The batch and file controls of NACHA are rules; a broken one is a fault.
    proofs = {statement.proof for statement in parsed.statements}
    if "differs" in proofs or "reversed" in proofs:
        return False
    return True if proofs == {"proven"} else None


def _insert_statements(
    tx: Tx, artifact: Artifact, reading_id: str, statements: Sequence[Statement], made: Sequence[Row]
) -> dict[int, str]:
    """The id of each statement by its index in the file."""
    if not statements:
        return {}
    statement_ids = {ordinal: ids.new("stm") for ordinal in range(len(statements))}
    days: dict[int, date] = {}
    for row in made:
        if row.statement is not None and row.booked_on is not None:
            days[row.statement] = max(row.booked_on, days.get(row.statement, row.booked_on))
    prints = secrets.fingerprint_many(
        tx, [account_key(one.account_number) for one in statements], purpose=ACCOUNT_PURPOSE
    )
    tx.run(
        """
        INSERT INTO ingestion.statements
               (tenant_id, id, artifact_id, reading_id, ordinal, account_fingerprint, account_last4, currency,
               statement_on,
                opening_minor, closing_minor, total_minor, records)
        SELECT %(tenant)s, s.id, %(artifact)s, %(reading)s, s.ordinal, s.print, s.last4, s.currency, s.on, s.opening,
               s.closing,
               s.total, s.records
          FROM unnest(%(ids)s::text[], %(ordinals)s::int[], %(prints)s::bytea[], %(last4s)s::text[],
                      %(currencies)s::text[],
                      %(days)s::date[], %(openings)s::bigint[], %(closings)s::bigint[], %(totals)s::bigint[],
                        %(records)s::int[])
               AS s (id, ordinal, print, last4, currency, "on", opening, closing, total, records)
        """,
        {
            "tenant": tx.tenant_id,
            "artifact": artifact.id,
            "reading": reading_id,
            "ids": list(statement_ids.values()),
            "ordinals": list(statement_ids),
            "prints": prints,
            "last4s": [_last_digits(one.account_number) for one in statements],
            "currencies": [one.currency for one in statements],
            "days": [one.on or days.get(n) for n, one in enumerate(statements)],
            "openings": [one.opening.minor if one.opening is not None else None for one in statements],
            "closings": [one.closing.minor if one.closing is not None else None for one in statements],
            "totals": [one.credits.minor - one.debits.minor for one in statements],
            "records": [one.records for one in statements],
        },
    )
    return statement_ids


def _insert_records(
    tx: Tx,
    artifact: Artifact,
    reading_id: str,
    parser: Parser,
    part: Sequence[Row],
    statement_ids: dict[int, str],
    offsets: LineOffsets,
) -> None:
    columns: dict[str, list[Any]] = defaultdict(list)
    for row in part:
        start, end = offsets.of(row.line)
        columns["ids"].append(ids.new("rec"))
        columns["statements"].append(statement_ids.get(row.statement) if row.statement is not None else None)
        columns["external_ids"].append(row.external_id)
        columns["lines"].append(row.line)
        columns["occurrences"].append(row.occurrence)
        columns["starts"].append(start)
        columns["ends"].append(end)
        columns["kinds"].append(row.kind)
        columns["channels"].append(row.channel)
        columns["directions"].append(row.direction)
        columns["amounts"].append(row.amount.minor)
        columns["currencies"].append(row.amount.currency)
        columns["values"].append(row.value_on)
        columns["bookings"].append(row.booked_on)
        columns["references"].append(row.reference)
        columns["details"].append(Jsonb(row.details))
    tx.run(
        """
        INSERT INTO ingestion.records
               (tenant_id, id, artifact_id, reading_id, statement_id, source, external_id, line, occurrence,
               offset_start, offset_end,
                parser, kind, channel, direction, amount_minor, currency, value_on, booked_on, reference, details,
                  private_sealed)
        SELECT %(tenant)s, r.id, %(artifact)s, %(reading)s, r.statement_id, %(source)s, r.external_id, r.line,
               r.occurrence,
               r.offset_start, r.offset_end, %(parser)s, r.kind, r.channel, r.direction, r.amount, r.currency,
                 r.value_on,
               r.booked_on, r.reference, r.details, r.sealed
          FROM unnest(%(ids)s::text[], %(statements)s::text[], %(external_ids)s::text[], %(lines)s::int[],
                      %(occurrences)s::int[],
                      %(starts)s::bigint[], %(ends)s::bigint[], %(kinds)s::text[], %(channels)s::text[],
                        %(directions)s::text[],
                      %(amounts)s::bigint[], %(currencies)s::text[], %(values)s::date[], %(bookings)s::date[],
                      %(references)s::text[], %(details)s::jsonb[], %(sealed)s::bytea[])
               AS r (id, statement_id, external_id, line, occurrence, offset_start, offset_end, kind, channel,
                 direction, amount,
                     currency, value_on, booked_on, reference, details, sealed)
        """,
        {
            "tenant": tx.tenant_id,
            "artifact": artifact.id,
            "reading": reading_id,
            "source": artifact.source,
            "parser": parser.name,
            "sealed": secrets.seal_many(tx, [row.private_text for row in part], context=CONTEXT),
            **columns,
        },
    )


def _insert_faults(tx: Tx, artifact: Artifact, reading_id: str, parser: Parser, parsed: Parsed) -> str | None:
    """Store every fault. Where something was left out, or the balances do not prove, one case says so: its id."""
    if parsed.faults:
        tx.run(
            """
            INSERT INTO ingestion.faults
                   (tenant_id, artifact_id, reading_id, line, position, field, rule, level, message)
            SELECT %(tenant)s, %(artifact)s, %(reading)s, f.*
              FROM unnest(%(lines)s::int[], %(positions)s::int[], %(fields)s::text[], %(rules)s::text[],
                          %(levels)s::text[], %(messages)s::text[]) AS f
            """,
            {
                "tenant": tx.tenant_id,
                "artifact": artifact.id,
                "reading": reading_id,
                "lines": [max(fault.line, 0) for fault in parsed.faults],
                "positions": [max(fault.position, 0) for fault in parsed.faults],
                "fields": [fault.field for fault in parsed.faults],
                "rules": [fault.rule for fault in parsed.faults],
                "levels": [fault.level for fault in parsed.faults],
                "messages": [fault.message for fault in parsed.faults],
            },
        )
    proved = _proved(parser, parsed)
    if parsed.is_clean and proved is not False:
        return None
    broken = [fault for fault in parsed.faults if fault.level == "E"]
    case = cases.open_case(
        tx,
        key=f"ingestion:{artifact.id}:faults",
        category="file_fault",
        subcategory=parser.kind,
        ingestion_id=artifact.id,
        detail={
            "artifact_id": artifact.id,
            "parser": parser.name,
            "proved": proved,
            "faults": len(broken),
            "first": [
                {
                    "line": fault.line,
                    "position": fault.position,
                    "field": fault.field,
                    "rule": fault.rule,
                    "message": fault.message,
                }
                for fault in (broken or parsed.faults)[:FAULTS_IN_CASE]
            ],
        },
    )
    return case.id


def _set_status(tx: Tx, artifact_id: str, status: str, kind: str) -> None:
    tx.run(
        """
        UPDATE ingestion.artifacts
           SET status = %(status)s, kind = %(kind)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": artifact_id, "status": status, "kind": kind},
    )


def account_key(account_number: str) -> str:
    """An account as statements write it, without blanks and hyphens, so that one account has one fingerprint."""
    return account_number.replace(" ", "").replace("-", "").upper()


def _last_digits(account_number: str) -> str:
    """At most the last four characters, and never more than half of a short number."""
    text = account_key(account_number)
    return text[len(text) - min(4, len(text) // 2) :]
