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
from headgate.ingestion import artifacts, asking, mappings, queries
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
    artifact = lock(tx, artifact_id)
    if artifact.kind == artifacts.RATES:
        raise WrongKind(f"{artifact.id} holds exchange rates, which the job fx_rates_daily reads", kind=artifact.kind)
    if artifact.status == "read":
        return _standing(tx, artifact, parser)
    data = artifacts.body(tx, artifact_id)
    chosen = all_parsers()[parser] if parser is not None else detect(data)
    saved = mappings.saved_for(tx, source=artifact.source, data=data, parser=chosen)
    if chosen is None and saved is not None:
        chosen = all_parsers()[saved.parser]
    if chosen is None or artifact.kind not in (artifacts.UNKNOWN_KIND, chosen.kind):
        return _unread(tx, artifact, asking.refuse_unknown(tx, artifact, chosen))
    parsed = chosen.parse(data) if saved is None else chosen.parse_mapped(data, saved.read)
    if saved is None and chosen.read_mapped is not None and asking.only_asks(parsed):
        return _unread(tx, artifact, asking.ask(tx, artifact, chosen, parsed))
    return _store(tx, artifact, chosen, parsed, LineOffsets(data))


def lock(tx: Tx, artifact_id: str) -> Artifact:
    """An artifact, which nobody else reads until this transaction ends. Raises NoSuchArtifact."""
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


def _unread(tx: Tx, artifact: Artifact, refused: Refused) -> Refused:
    """It was not read: its case is named in what is refused."""
    if artifact.status == "received":
        _set_status(tx, artifact.id, "unreadable", artifact.kind)
        audit.record(
            tx,
            type="ingestion.artifact.unreadable",
            data={"artifact_id": artifact.id, "case_id": refused.facts["case_id"]},
            ingestion_id=artifact.id,
        )
    return refused


def _store(tx: Tx, artifact: Artifact, parser: Parser, parsed: Parsed, offsets: LineOffsets) -> Reading:
    reading_id = ids.new("rdg")
    made = rows(parsed)
    new = _new_identities(tx, artifact, made)
    case_id = store(tx, artifact, reading_id, parser, parsed, made, new, offsets)
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


def store(
    tx: Tx,
    artifact: Artifact,
    reading_id: str,
    parser: Parser,
    parsed: Parsed,
    made: Sequence[Row],
    new: Sequence[Row],
    offsets: LineOffsets,
) -> str | None:
    """Insert a reading with its statements and faults, and of its rows those that are new; the id of its case, if any."""
    _insert_reading(tx, artifact, reading_id, parser, parsed, duplicates=len(made) - len(new))
    statement_ids = _insert_statements(tx, artifact, reading_id, parsed.statements, made)
    for start in range(0, len(new), BATCH):
        _insert_records(tx, artifact, reading_id, parser, new[start : start + BATCH], statement_ids, offsets)
    case_id = _insert_faults(tx, artifact, reading_id, parser, parsed)
    _set_status(tx, artifact.id, "read", parser.kind)
    return case_id


def lock_identities(tx: Tx, source: str) -> None:
    """Two artifacts of one source at once must not both find an identity new."""
    tx.run(
        "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))",
        {"key": f"ingestion:{tx.tenant_id}:{source}"},
    )


def _new_identities(tx: Tx, artifact: Artifact, made: Sequence[Row]) -> list[Row]:
    """The rows that are not here yet: those without an identity of the source, and those whose identity is new."""
    named = [row.external_id for row in made if row.external_id is not None]
    standing: set[tuple[str, str]] = set()
    if named:
        lock_identities(tx, artifact.source)
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
            "proof": Jsonb(proof_of(parsed)),
        },
    )


def proof_of(parsed: Parsed) -> dict[str, Any]:
    """What a file says of itself, and what its records make."""
    return {
        "statements": [statement.proof for statement in parsed.statements],
        "totals": [[one.name, one.count, one.amount.minor, one.amount.currency] for one in parsed.totals],
        "controls": [[one.name, one.said.minor, one.made.minor, one.said.currency] for one in parsed.controls],
        "clean": parsed.is_clean,
    }


def _proved(parser: Parser, parsed: Parsed) -> bool | None:
    """Whether the file's own control figures agree with its records; None where it carries none."""
    if parser.kind == "register":
        return None
    if parser.kind == "returns":
        return parsed.is_clean  # The batch and file controls of NACHA are rules; a broken one is a fault.
    if parser.kind == "settlement":  # gross less fee is net in each row; beyond that, the payouts that the file names
        return all(control.agrees for control in parsed.controls) if parsed.controls else None
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
    days: dict[int, date] = {}
    for row in made:
        if row.statement is not None and row.booked_on is not None:
            days[row.statement] = max(row.booked_on, days.get(row.statement, row.booked_on))
    prints = secrets.fingerprint_many(
        tx, [account_key(one.account_number) for one in statements], purpose=ACCOUNT_PURPOSE
    )
    on = [one.on or days.get(ordinal) for ordinal, one in enumerate(statements)]
    standing = _standing_statements(tx, artifact) if artifact.status == "read" else {}
    statement_ids: dict[int, str] = {}
    added: list[int] = []
    for ordinal, one in enumerate(statements):
        stands = standing.get((prints[ordinal], one.currency, on[ordinal], *_balances(one)), [])
        if not stands:
            added.append(ordinal)
        statement_ids[ordinal] = stands.pop(0) if stands else ids.new("stm")
    tx.run(
        """
        INSERT INTO ingestion.statements
               (tenant_id, id, artifact_id, reading_id, ordinal, account_fingerprint, account_last4, currency,
               statement_on, opening_minor, closing_minor, total_minor, records)
        SELECT %(tenant)s, s.id, %(artifact)s, %(reading)s, s.ordinal, s.print, s.last4, s.currency, s.on, s.opening,
               s.closing, s.total, s.records
          FROM unnest(%(ids)s::text[], %(ordinals)s::int[], %(prints)s::bytea[], %(last4s)s::text[],
                      %(currencies)s::text[], %(days)s::date[], %(openings)s::bigint[], %(closings)s::bigint[],
                      %(totals)s::bigint[], %(records)s::int[])
               AS s (id, ordinal, print, last4, currency, "on", opening, closing, total, records)
        """,
        {
            "tenant": tx.tenant_id,
            "artifact": artifact.id,
            "reading": reading_id,
            "ids": [statement_ids[ordinal] for ordinal in added],
            "ordinals": added,
            "prints": [prints[ordinal] for ordinal in added],
            "last4s": [_last_digits(statements[ordinal].account_number) for ordinal in added],
            "currencies": [statements[ordinal].currency for ordinal in added],
            "days": [on[ordinal] for ordinal in added],
            "openings": [_balances(statements[ordinal])[0] for ordinal in added],
            "closings": [_balances(statements[ordinal])[1] for ordinal in added],
            "totals": [_balances(statements[ordinal])[2] for ordinal in added],
            "records": [statements[ordinal].records for ordinal in added],
        },
    )
    return statement_ids


def _balances(statement: Statement) -> tuple[int | None, int | None, int]:
    """The opening, the closing and the sum of a statement, in signed minor units."""
    opening, closing = statement.opening, statement.closing
    total = statement.credits.minor - statement.debits.minor
    return (opening.minor if opening is not None else None, closing.minor if closing is not None else None, total)


def _standing_statements(tx: Tx, artifact: Artifact) -> dict[tuple[Any, ...], list[str]]:
    """The statements that an earlier reading stored, by what they say: read again, they are not stored twice."""
    standing: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in tx.all(
        """
        SELECT id, account_fingerprint, currency, statement_on, opening_minor, closing_minor, total_minor
          FROM ingestion.statements
         WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s
         ORDER BY id
        """,
        {"tenant": tx.tenant_id, "artifact": artifact.id},
    ):
        balances = (row["opening_minor"], row["closing_minor"], row["total_minor"])
        standing[bytes(row["account_fingerprint"]), row["currency"], row["statement_on"], *balances].append(row["id"])
    return standing


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
               r.occurrence, r.offset_start, r.offset_end, %(parser)s, r.kind, r.channel, r.direction, r.amount,
               r.currency, r.value_on,
               r.booked_on, r.reference, r.details, r.sealed
          FROM unnest(%(ids)s::text[], %(statements)s::text[], %(external_ids)s::text[], %(lines)s::int[],
                      %(occurrences)s::int[], %(starts)s::bigint[], %(ends)s::bigint[], %(kinds)s::text[],
                      %(channels)s::text[], %(directions)s::text[],
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
        category=asking.category_of(artifact, "file_fault") if not parsed.records else "file_fault",
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
