"""Payments that come in: each fact is kept once, normalised once and announced once, as a set or alone.

What a payment *is* says its identity: its source's own id, else its place in what was sent. That it comes again changes
nothing. What another source tells of it with an identifier of it is one more piece of its evidence (joining.py). Its
idempotency key only raises suspicion, as does another source's payment of the same loan and amount about the same day: both
stand, and a case asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from headgate import audit, cases, messaging
from headgate.core import arrays, ids, secrets
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ingestion import joining, suspicions, uses
from headgate.ingestion.arrivals import Arrival, ReadArrival, read_all
from headgate.ingestion.conforming import SchemaFault
from headgate.ingestion.errors import NoSuchPaymentIngestion

CONTEXT: Final = "ingestion.payment_ingestion_bodies.body_sealed"
INGESTED: Final = "payment.ingested"


@dataclass(frozen=True, slots=True)
class PaymentIngestion:
    """A payment that came in. `envelope` is as published; `identity` stays the same whenever the same fact comes again."""

    id: str
    identity: bytes = field(repr=False)
    status: Literal["received", "normalized", "published"]
    source: str
    channel: str | None
    idempotency_key: str | None
    source_reference: str | None
    raw_payload_hash: str
    received_at: datetime
    envelope: dict[str, Any] | None = field(repr=False)
    is_new: bool = False


def ingest_payment(tx: Tx, raw: bytes) -> PaymentIngestion | Refused:
    """Take one payment in; see `ingest_payments`."""
    return ingest_payments(tx, [Arrival(raw)])[0]


def ingest_payments(tx: Tx, arrivals: Sequence[Arrival]) -> list[PaymentIngestion | Refused]:
    """Take payments in as a set, at most a thousand, in as many round trips as one takes; the answers come in their order.

    One whose identity is known, or that is one more piece of evidence of a payment, gives the row that stands, and publishes
    nothing. One whose envelope fails its schema is kept as it came and refused (ingestion.schema_invalid), with a case; so is
    one whose money was counted as a deposit (ingestion.used_as_deposit). Raises EmptyArtifact, ArtifactTooLarge.
    """
    reads = read_all(arrivals)
    wanted: dict[bytes, ReadArrival] = {}
    for read in reads:
        wanted.setdefault(read.identity, read)
    pieces = {identity: piece for identity, read in wanted.items() if (piece := read.piece)}
    with tx.ahead():
        uses.lock_words(tx, _words(wanted.values(), pieces))
        joined = joining.join(tx, list(pieces.values()))
    fresh = _insert(tx, [read for identity, read in wanted.items() if joined.is_new(identity)])
    tx.follow({number: wanted[identity].arrival.artifact_id for identity, number in fresh.items()})
    with tx.ahead():
        _keep(tx, [(number, wanted[identity].stored) for identity, number in fresh.items()])
        _tell(tx, [(number, wanted[identity]) for identity, number in fresh.items()])
        added = joining.write(tx, pieces.values(), joined, fresh)
        suspicions.suspect(tx, [number for identity, number in fresh.items() if wanted[identity].envelope is not None])
        rows = _rows(tx, wanted, {**joined.known, **added})
    answers: list[PaymentIngestion | Refused] = []
    told: set[bytes] = set()
    for read in reads:
        if read.identity in joined.refused:
            answers.append(_used(read))
            continue
        row = rows[read.identity]
        is_new = read.identity in fresh and read.identity not in told
        told.add(read.identity)
        if read.envelope is None:
            answers.append(_refusal(row.id, read.faults, replayed=not is_new))
        else:
            answers.append(replace(row, is_new=is_new))
    return answers


def get_payment_ingestion(tx: Tx, ingestion_id: str) -> PaymentIngestion:
    """A payment that came in. Raises NoSuchPaymentIngestion."""
    found = get_payment_ingestions(tx, [ingestion_id])
    if not found:
        raise NoSuchPaymentIngestion(f"there is no payment ingestion {ingestion_id[:40]}", ingestion_id=ingestion_id)
    return found[ingestion_id]


def get_payment_ingestions(tx: Tx, ingestion_ids: Sequence[str]) -> dict[str, PaymentIngestion]:
    """Those of these payments that came in, by id."""
    rows = tx.all(
        """
        SELECT id, identity, status, source, channel, idempotency_key, source_reference, raw_payload_hash, received_at,
               normalized_envelope AS envelope
          FROM ingestion.payment_ingestions
         WHERE id = ANY (%(ids)s::text[])
        """,
        {"ids": arrays.texts(list(ingestion_ids))},
        row=PaymentIngestion,
    )
    return {row.id: row for row in rows}


def payload(tx: Tx, ingestion_id: str) -> bytes:
    """What was sent of a payment, byte for byte. Raises NoSuchPaymentIngestion."""
    get_payment_ingestion(tx, ingestion_id)
    sealed = tx.value(
        "SELECT body_sealed FROM ingestion.payment_ingestion_bodies WHERE ingestion_id = %(id)s", {"id": ingestion_id}
    )
    return secrets.open_sealed(tx, bytes(sealed), context=CONTEXT)


def _words(reads: Iterable[ReadArrival], pieces: Mapping[bytes, joining.Piece]) -> set[str]:
    """What of these payments others wait for, so that the later sees the earlier: their keys and identifiers."""
    words = {read.envelope["idempotency_key"] for read in reads if read.envelope}
    return words.union(*(piece.words for piece in pieces.values()))


def _insert(tx: Tx, reads: Sequence[ReadArrival]) -> dict[bytes, str]:
    """The new ids by identity, in the order of the ids; an identity that is known is left out.

    One with an envelope is published: it is announced in the same transaction.
    """
    if not reads:
        return {}
    rows = tx.all(
        """
        INSERT INTO ingestion.payment_ingestions
               (tenant_id, id, identity, source, external_id, artifact_sha256, line, occurrence, idempotency_key, channel,
                source_reference, raw_payload_hash, artifact_uri, artifact_hash, normalized_envelope, status, loan_id,
                amount_minor, currency, value_on)
        SELECT %(tenant)s, r.id, r.identity, r.source, r.external_id, r.sha256, r.line, r.occurrence,
               r.envelope ->> 'idempotency_key', r.envelope #>> '{source,channel}', r.envelope #>> '{payment,reference}', r.raw,
               ARRAY(SELECT a.one ->> 'uri'
                       FROM jsonb_array_elements(r.envelope -> 'artifacts') WITH ORDINALITY AS a (one, n) ORDER BY a.n),
               ARRAY(SELECT a.one ->> 'hash'
                       FROM jsonb_array_elements(r.envelope -> 'artifacts') WITH ORDINALITY AS a (one, n) ORDER BY a.n),
               r.envelope, CASE WHEN r.envelope IS NULL THEN 'received' ELSE 'published' END,
               r.envelope #>> '{borrower,loan_id}', (r.envelope #>> '{payment,amount_minor}')::bigint,
               r.envelope #>> '{payment,currency}', (r.envelope #>> '{payment,value_date}')::date
          FROM unnest(%(ids)s::text[], %(identities)s::bytea[], %(sources)s::text[], %(externals)s::text[], %(shas)s::text[],
                      %(lines)s::integer[], %(occurrences)s::integer[], %(raws)s::text[], %(envelopes)s::jsonb[])
               AS r (id, identity, source, external_id, sha256, line, occurrence, raw, envelope)
         ORDER BY r.identity
            ON CONFLICT (tenant_id, identity) DO NOTHING
        RETURNING id, identity
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts(ids.new_many("ing", len(reads))),
            "identities": arrays.blobs([read.identity for read in reads]),
            "sources": arrays.texts([read.source for read in reads]),
            "externals": arrays.texts([read.external_id for read in reads]),
            "shas": arrays.texts([read.artifact_sha256 for read in reads]),
            "lines": arrays.numbers(read.arrival.line for read in reads),
            "occurrences": arrays.numbers(read.arrival.occurrence for read in reads),
            "raws": arrays.texts([read.raw_sha256 for read in reads]),
            "envelopes": arrays.texts(
                [None if read.envelope is None else json.dumps(read.envelope, ensure_ascii=False) for read in reads]
            ),
        },
    )
    return {bytes(row["identity"]): row["id"] for row in rows}


def _keep(tx: Tx, fresh: Sequence[tuple[str, bytes]]) -> None:
    if fresh:
        tx.run(
            """
            INSERT INTO ingestion.payment_ingestion_bodies (tenant_id, ingestion_id, body_sealed)
            SELECT %(tenant)s, b.id, b.body FROM unnest(%(ids)s::text[], %(bodies)s::bytea[]) AS b (id, body)
            """,
            {
                "tenant": tx.tenant_id,
                "ids": arrays.texts([number for number, _ in fresh]),
                "bodies": arrays.blobs(secrets.seal_many(tx, [raw for _, raw in fresh], context=CONTEXT)),
            },
        )


def _tell(tx: Tx, fresh: Sequence[tuple[str, ReadArrival]]) -> None:
    """Announce each fresh payment once, or that it was refused; its event says where it came from, and no more."""
    outgoing, opened, events = [], [], []
    for number, read in fresh:
        facts: dict[str, Any] = {"ingestion_id": number, "raw_payload_hash": read.raw_sha256, "source": read.source}
        if read.envelope is not None:
            facts |= {
                "channel": read.envelope["source"]["channel"],
                "idempotency_key": read.envelope["idempotency_key"],
            }
            outgoing.append(_outgoing(INGESTED, number, read.envelope))
        else:
            reason = {"reason": "the envelope fails its schema", "code": "schema_invalid"}
            rejected = {"schema": "payment.rejected.v1", "idempotency_key": None, "ingestion_id": number, **reason}
            outgoing.append(_outgoing("payment.rejected", number, rejected))
            detail = {"code": "schema_invalid", "faults": _told(read.faults)}
            key = f"schema_invalid:{number}"
            opened.append(
                cases.NewCase(key, "schema_invalid", read.faults[0].path or None, ingestion_id=number, detail=detail)
            )
        if read.masking:
            facts["card_numbers"] = len(read.masking.hits)
            warned = {"card_numbers": len(read.masking.hits), "next": "ask the sender to leave card numbers out"}
            opened.append(
                cases.NewCase(f"cards:{number}", "card_numbers", None, "high", ingestion_id=number, detail=warned)
            )
        type_ = "ingestion.payment.ingested" if read.envelope else "ingestion.payment.refused"
        events.append(audit.Event(type=type_, data=facts, ingestion_id=number))
    audit.record_ahead(tx, events)
    messaging.publish_many(tx, outgoing)
    cases.open_cases(tx, opened)


def _outgoing(event_type: str, number: str, document: Mapping[str, Any]) -> messaging.Outgoing:
    return messaging.Outgoing(
        event_type=event_type,
        aggregate_type="ingestion",
        aggregate_id=number,
        payload=document,
        dedupe_key=f"{event_type}:{number}",
    )


def _rows(tx: Tx, identities: Iterable[bytes], known: Mapping[bytes, str]) -> dict[bytes, PaymentIngestion]:
    """The payment of each identity: its own, or the one that it is evidence of."""
    rows = tx.all(
        """
        SELECT id, identity, status, source, channel, idempotency_key, source_reference, raw_payload_hash, received_at,
               normalized_envelope AS envelope
          FROM ingestion.payment_ingestions
         WHERE identity = ANY (%(identities)s::bytea[])
        UNION ALL
        SELECT id, identity, status, source, channel, idempotency_key, source_reference, raw_payload_hash, received_at,
               normalized_envelope AS envelope
          FROM ingestion.payment_ingestions
         WHERE id = ANY (%(ids)s::text[])
        """,
        {"identities": arrays.blobs(list(identities)), "ids": arrays.texts(sorted(set(known.values())))},
        row=PaymentIngestion,
    )
    by_id = {row.id: row for row in rows}
    return {row.identity: row for row in rows} | {identity: by_id[number] for identity, number in known.items()}


def _used(read: ReadArrival) -> Refused:
    return Refused(
        "ingestion.used_as_deposit",
        "this money was counted as a deposit before: it is no loan payment too, and a case asks which is right",
        {"source": read.source, "identity": read.identity.hex()},
    )


def _refusal(number: str, faults: Sequence[SchemaFault], *, replayed: bool) -> Refused:
    first = faults[0]
    return Refused(
        "ingestion.schema_invalid",
        f"the envelope fails its schema: {first.path or 'the document'} {first.message}",
        {"ingestion_id": number, "faults": _told(faults)},
        replayed=replayed,
    )


def _told(faults: Sequence[SchemaFault]) -> list[dict[str, str]]:
    return [{"path": fault.path, "rule": fault.rule, "message": fault.message} for fault in faults]
