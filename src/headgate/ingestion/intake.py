"""From what was read to payments of loans: records become envelopes, and envelopes are taken in, as sets.

What a source's money is for is said by the tenant (payment_sources.py). Of a source of loan payments every credit that has
reached the state in which its rail's money counts becomes an envelope; an earlier state waits as a record, and the event of
the later one brings it. What says that such a payment came back is told on (returned.py). An envelope that came as such is taken
in as it was sent, whoever sent it under a signature.
"""

from __future__ import annotations

import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from headgate import cases
from headgate.core import secrets
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion import (
    artifacts,
    identifiers,
    payment_sources,
    queries,
    reading,
    reading_together,
    readings,
    returned,
)
from headgate.ingestion.arrivals import BATCH_MAX, Arrival
from headgate.ingestion.model import Artifact, Reading, StoredRecord
from headgate.ingestion.normalise import RETURN_ENTRY, SETTLEMENT_EVENT, STATEMENT_LINE
from headgate.ingestion.parsers import envelope_v1
from headgate.ingestion.parsers._json_values import dig, text_of, values
from headgate.ingestion.payment_ingestions import ingest_payments
from headgate.ingestion.payment_sources import PaymentSource
from headgate.ingestion.schemas import ENVELOPE
from headgate.ingestion.telling import Telling

_CREDITED: Final = frozenset({"wire", "realtime", "ach_entry", "check", "card", "book", "other"})
"""Bookings that bring a loan's payment; the rest are totals of files of ours, returned money and fees."""
_TRIGGERS: Final[Mapping[str, frozenset[str]]] = {
    "ach": frozenset({"settled", "completed"}),
    "check": frozenset({"settled", "cleared", "completed"}),
    "wire": frozenset({"completed"}),
    "realtime": frozenset({"completed"}),
    "book": frozenset({"completed"}),
}
"""The event of a transfer from which on its money counts, by its rail."""
_PAID: Final = re.compile(r"charge|payment|settled|sale|capture|T00\d\d", re.IGNORECASE)
"""What a processor calls a payment among the movements of its balance: no payout, fee or transfer."""


@dataclass(slots=True)
class Taken:
    """What became of what was read: payments that are `new`, that stood already, that were refused; `waiting` are credits whose
    state is still to come, `unplaced` those that do not say how they came."""

    new: int = 0
    known: int = 0
    refused: int = 0
    waiting: int = 0
    unplaced: int = 0


def read(tx: Tx, artifact_id: str, *, parser: str | None = None) -> Reading | Refused:
    """Parse an artifact, store what it gave, and take in the loan payments in it; see `reading.read`."""
    found = reading.read(tx, artifact_id, parser=parser)
    if isinstance(found, Reading):
        take_in(tx, artifact_id)
    return found


def take_in(tx: Tx, artifact_id: str) -> Taken:
    """Take in the loan payments of an artifact that was read. Again it changes nothing, but for what the tenant has said of its
    source since. Raises NoSuchArtifact."""
    artifact = queries.get_artifact(tx, artifact_id)
    found = queries.reading_of(tx, artifact_id)
    if found is None:
        return Taken()
    taken = Taken()
    if found.parser == envelope_v1.NAME:
        arrivals = list(_envelopes(artifact, artifacts.body(tx, artifact_id)))
    elif found.kind in ("statement", "settlement", "returns"):
        arrivals = _of_records(tx, artifact, found, taken)
    else:
        return taken
    for start in range(0, len(arrivals), BATCH_MAX):
        for answer in ingest_payments(tx, arrivals[start : start + BATCH_MAX]):
            if isinstance(answer, Refused):
                taken.refused += not answer.replayed
            else:
                taken.new += answer.is_new
                taken.known += not answer.is_new
    return taken


def envelopes(tx: Tx, artifact_id: str) -> Iterator[Arrival]:
    """The envelopes in an artifact that was read as such; none in any other. Raises NoSuchArtifact."""
    found = queries.reading_of(tx, artifact_id)
    if found is not None and found.parser == envelope_v1.NAME:
        yield from _envelopes(queries.get_artifact(tx, artifact_id), artifacts.body(tx, artifact_id))


def _envelopes(artifact: Artifact, body: bytes) -> Iterator[Arrival]:
    """Each envelope as it was sent: the whole of what holds one, else its line, else what it says."""
    found = [one for one in values(io.BytesIO(body), "envelope") if isinstance(one, tuple)]
    lines = body.split(b"\n")
    seen: Counter[int] = Counter()
    for line, value in found:
        seen[line] += 1
        raw = lines[line - 1].strip() if line <= len(lines) else b""
        if len(found) == 1:
            raw = body
        elif not (raw.startswith(b"{") and raw.endswith(b"}")):
            raw = json.dumps(value, default=_number).encode()
        yield Arrival(
            raw,
            artifact.sha256,
            line,
            seen[line],
            artifact_id=artifact.id,
            artifacts=(evidence(artifact, line, seen[line]),),
        )


def _number(value: Any) -> float:
    assert isinstance(value, Decimal), "the values of JSON are numbers and text"
    return float(value)


def evidence(artifact: Artifact, line: int, occurrence: int) -> Mapping[str, str]:
    """An artifact as an envelope names it, with the place in it."""
    kind = "psp_receipt" if artifact.type == "bank_file" and artifact.kind == "settlement" else artifact.type
    place = f"#line={line}" + (f"&n={occurrence}" if occurrence > 1 else "")
    return {"type": kind, "uri": f"{artifacts.URI}{artifact.id}{place}", "hash": artifact.sha256}


def read_together(tx: Tx, artifact_ids: Sequence[str]) -> None:
    """Read artifacts that wait, and take in the loan payments in them: small plain ones as a set, any other by itself."""
    telling = Telling()
    small = reading_together.read_small(tx, artifact_ids, telling)
    arrivals: list[Arrival] = []
    of_source: dict[str, Mapping[bytes | None, PaymentSource]] = {}
    for one in small:
        if one.parser == envelope_v1.NAME:
            arrivals += _envelopes(one.artifact, one.body)
            continue
        source = one.artifact.source
        if source not in of_source:
            of_source[source] = payment_sources.by_account(tx, source)
        arrivals += _of_message(tx, one, of_source[source].get(None), telling)
    for start in range(0, len(arrivals), BATCH_MAX):
        ingest_payments(tx, arrivals[start : start + BATCH_MAX], telling)
    telling.send(tx)
    done = {one.artifact.id for one in small}
    for artifact_id in artifact_ids:
        if artifact_id not in done:
            found = queries.get_artifact(tx, artifact_id)
            if found.status == "received" and found.kind != artifacts.RATES:
                read(tx, artifact_id)


def _of_message(tx: Tx, one: reading_together.Small, rule: PaymentSource | None, telling: Telling) -> list[Arrival]:
    """The loan payments among the records of a message; those that say that one came back are told."""
    if rule is None or rule.purpose != "loans":
        return []
    telling.messages += [
        returned.message(returned.of_record(one.artifact, record, private))
        for record, private in one.records
        if returned.is_returned(record)
    ]
    chosen = [(record, private) for record, private in one.records if _is_credit(record) and not _is_early(record)]
    unplaced = [record for record, _ in chosen if record.channel is None and rule.channel is None]
    if unplaced:
        _ask_channel(tx, one.artifact, len(unplaced))
    sent = _sent(one.body) if chosen and rule.loan_field.startswith("data.") else {}
    return [_arrival(one.artifact, record, rule, private, sent) for record, private in chosen if record not in unplaced]


def _of_records(tx: Tx, artifact: Artifact, found: Reading, taken: Taken) -> list[Arrival]:
    """The records that are loan payments, as envelopes, in the order of the file; those that say that one came back are told."""
    said = payment_sources.by_account(tx, artifact.source)
    if not any(one.purpose == "loans" for one in said.values()):
        return []
    of_statement = payment_sources.of_statements(tx, artifact.id, said) if found.kind == "statement" else {}
    usual = said.get(None)
    is_certain = payment_sources.brings_loans(said)
    chosen: list[tuple[StoredRecord, PaymentSource]] = []
    back: list[StoredRecord] = []
    for record in queries.all_records(tx, artifact.id):
        rule = of_statement.get(record.statement_id) if record.statement_id else usual
        if returned.is_returned(record):
            # A return file names no account of ours: where only some of a source's are of loans, it may tell of other money.
            if record.kind == RETURN_ENTRY or (rule is not None and rule.purpose == "loans"):
                back.append(record)
            continue
        if rule is None or rule.purpose != "loans" or not _is_credit(record):
            continue
        if _is_early(record):
            taken.waiting += 1
        elif record.channel is None and rule.channel is None:
            taken.unplaced += 1
        else:
            chosen.append((record, rule))
    if taken.unplaced:
        _ask_channel(tx, artifact, taken.unplaced)
    if is_certain and found.parser.startswith("column") and found.faults:
        returned.tell(tx, list(returned.recalls(artifact, artifacts.body(tx, artifact.id))))
    opened = _opened(tx, artifact, [*back, *(record for record, _ in chosen)])
    returned.tell(
        tx,
        [
            returned.of_record(
                artifact, record, opened[record.id], is_certain=is_certain or record.kind != RETURN_ENTRY
            )
            for record in back
        ],
    )
    paths = any(rule.loan_field.startswith("data.") for _, rule in chosen)
    sent = _sent(artifacts.body(tx, artifact.id)) if paths else {}
    return [_arrival(artifact, record, rule, opened[record.id], sent) for record, rule in chosen]


def _opened(tx: Tx, artifact: Artifact, records: Sequence[StoredRecord]) -> dict[str, Mapping[str, Any]]:
    """What is sealed beside these records, by their ids."""
    if not records:
        return {}
    sealed = queries.private_parts(tx, artifact.id)
    opened = secrets.open_many(tx, [sealed[record.id] for record in records], context=readings.CONTEXT)
    return {record.id: json.loads(private) for record, private in zip(records, opened, strict=True)}


def _ask_channel(tx: Tx, artifact: Artifact, count: int) -> None:
    cases.open_case(
        tx,
        key=f"ingestion:{artifact.id}:no_channel",
        category="parse_error",
        subcategory="no_channel",
        ingestion_id=artifact.id,
        detail={
            "artifact_id": artifact.id,
            "records": count,
            "next": "these credits do not say how they came: say the source's channel, and take the file in again",
        },
    )


def _is_credit(record: StoredRecord) -> bool:
    if record.direction != "credit" or record.amount_minor <= 0:
        return False
    if record.kind == STATEMENT_LINE:
        return str(record.details["booking"]) in _CREDITED
    return record.kind == SETTLEMENT_EVENT and record.details["status"] in ("settled", "pending") and _is_paid(record)


def _is_paid(record: StoredRecord) -> bool:
    return record.parser.startswith("column") or _PAID.search(record.details["kind"]) is not None


def _is_early(record: StoredRecord) -> bool:
    """Whether its rail's money does not count yet in the state that it tells of."""
    if record.kind == STATEMENT_LINE:
        return False
    reached = _TRIGGERS.get(record.channel or "")
    if reached is None or not record.parser.startswith("column"):
        return bool(record.details["status"] != "settled")
    return record.details["kind"].rpartition(".")[2] not in reached


def _sent(body: bytes) -> dict[str, list[Any]]:
    """The objects of what was sent, under their ids."""
    found: dict[str, list[Any]] = defaultdict(list)
    for one in values(io.BytesIO(body), "sent"):
        value = one[1] if isinstance(one, tuple) else None
        events = value.get("events") if isinstance(value, dict) else None
        for event in events if isinstance(events, list) else [value]:
            found[text_of(dig(event, "id"))].append(event)
    return found


def _arrival(
    artifact: Artifact,
    record: StoredRecord,
    rule: PaymentSource,
    private: Mapping[str, Any],
    sent: Mapping[str, Sequence[Any]],
) -> Arrival:
    details = record.details
    is_column = record.parser.startswith("column")
    transfer = record.reference if record.kind == SETTLEMENT_EVENT else None
    on = record.value_on or record.booked_on or artifact.received_at.date()
    channel = record.channel or rule.channel or ""
    envelope = {
        "schema": ENVELOPE,
        "message_id": record.id,
        "correlation_id": record.id,
        "occurred_at": f"{(record.booked_on or on).isoformat()}T00:00:00Z",
        "source": {
            "channel": channel,
            "provider": artifact.source,
            "batch_id": (details.get("group") or "")[:128] or None,
        },
        "borrower": {"loan_id": _loan(record, rule, private, sent), "name": None, "external_ids": {}},
        "payment": {
            "amount_minor": record.amount_minor,
            "currency": record.currency,
            "method": channel,
            "value_date": on.isoformat(),
            "reference": (record.reference or record.identity)[:140],
            "details": {"record_id": record.id},
        },
        "artifacts": [],
        "risk": {"flags": [], "score": None},
        "external": {
            "column_transfer_id": transfer[:128] if transfer and is_column else None,
            "column_event_id": record.external_id[:128] if record.external_id and is_column else None,
            "psp_id": transfer[:128] if transfer and not is_column else None,
        },
    }
    return Arrival(
        json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode(),
        artifact.sha256,
        record.line,
        record.occurrence,
        external_id=record.external_id,
        identifiers=_identifiers(record, private),
        artifact_id=artifact.id,
        record_id=record.id,
        artifacts=(evidence(artifact, record.line, record.occurrence),),
    )


def _loan(
    record: StoredRecord, rule: PaymentSource, private: Mapping[str, Any], sent: Mapping[str, Sequence[Any]]
) -> str | None:
    """The loan's reference by the tenant's rule; None where it is not there, or where it is there twice and differs."""
    if rule.loan_field.startswith("data."):
        names = rule.loan_field.split(".")
        found = {text_of(dig(one, *names)) for one in sent.get(record.external_id or "", ())}
        return rule.loan_in(found.pop()) if len(found) == 1 else None
    if rule.loan_field == "text":
        return rule.loan_in(private.get("text"))
    if rule.loan_field == "customer_reference":
        return rule.loan_in(private.get("customer_reference") or record.details.get("customer_reference"))
    if rule.loan_field == "reference":
        return rule.loan_in(record.reference)
    return rule.loan_in(record.details.get(rule.loan_field))


def _identifiers(record: StoredRecord, private: Mapping[str, Any]) -> frozenset[str]:
    """What the provider or the bank calls it, as the record tells it."""
    details = record.details
    if record.kind == SETTLEMENT_EVENT:
        return frozenset(identifiers.transfer(record.reference) | identifiers.in_text(details.get("external_trace_id")))
    return frozenset(identifiers.of_line(record, private))


def loan_records(tx: Tx, artifact_id: str) -> set[str]:
    """The records of a statement whose account's money is no deposit, by what the tenant says of it."""
    artifact = queries.get_artifact(tx, artifact_id)
    said = payment_sources.by_account(tx, artifact.source)
    of_statement = payment_sources.of_statements(tx, artifact_id, said) if said else {}
    others = [number for number, one in of_statement.items() if one.purpose != "deposits"]
    if not others:
        return set()
    return set(
        tx.values(
            """
            SELECT id FROM ingestion.records
             WHERE tenant_id = %(tenant)s AND artifact_id = %(artifact)s AND statement_id = ANY (%(statements)s)
            """,
            {"tenant": tx.tenant_id, "artifact": artifact_id, "statements": others},
        )
    )
