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
from headgate.core.db import Asked, Tx
from headgate.core.errors import Refused
from headgate.ingestion import joining, suspicions, uses
from headgate.ingestion.arrivals import Arrival, ReadArrival, read_all
from headgate.ingestion.conforming import SchemaFault
from headgate.ingestion.errors import NoSuchPaymentIngestion
from headgate.ingestion.telling import Telling

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


def ingest_payments(
    tx: Tx, arrivals: Sequence[Arrival], telling: Telling | None = None
) -> list[PaymentIngestion | Refused]:
    """Take payments in as a set, at most a thousand, in as many round trips as one takes; the answers come in their order.

    One whose identity is known, or that is one more piece of evidence of a payment, gives the row that stands, and publishes
    nothing. One whose envelope fails its schema is kept as it came and refused (ingestion.schema_invalid), with a case; so is
    one whose money was counted as a deposit (ingestion.used_as_deposit). What is still to be told of what they came in goes out
    with what is told of them. Raises EmptyArtifact, ArtifactTooLarge.
    """
    telling = telling or Telling()
    reads = read_all(arrivals)
    wanted: dict[bytes, ReadArrival] = {}
    for read in reads:
        wanted.setdefault(read.identity, read)
    pieces = {identity: piece for identity, read in wanted.items() if (piece := read.piece)}
    joined = joining.join(tx, list(pieces.values()), _words(wanted.values(), pieces))
    kept, suspected = _keep(tx, [read for identity, read in wanted.items() if joined.is_new(identity)], joined)
    # In the order they came: a loan's later payment before its earlier one would be folded again.
    fresh = {identity: kept[identity].id for identity in wanted if identity in kept}
    tx.kept[__name__] = {row.id: row for row in kept.values()}  # For who goes on with them in this transaction.
    added = joined.added_to(fresh)
    tx.follow({number: wanted[identity].arrival.artifact_id for identity, number in fresh.items()})
    with tx.ahead():
        named = joining.write(tx, pieces.values(), fresh=fresh, added=added)
        opened = _tell(telling, [(number, wanted[identity]) for identity, number in fresh.items()])
        telling.send(tx)
        cases.open_cases(tx, opened)
        joining.tell(tx, pieces.values(), joined, added=added, named=named)
        suspicions.suspect(tx, suspected)
        rows = kept | _rows(tx, wanted.keys() - kept.keys() - joined.refused, {**joined.known, **added})
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
    just_kept: Mapping[str, PaymentIngestion] = tx.kept.get(__name__, {})
    if all(number in just_kept for number in ingestion_ids):
        return {number: just_kept[number] for number in ingestion_ids}
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


def _keep(
    tx: Tx, reads: Sequence[ReadArrival], joined: joining.Joined
) -> tuple[dict[bytes, PaymentIngestion], Sequence[Mapping[str, Any]]]:
    """Keep those that are new, and use up what the set claims: the payments by identity, and those that may be one with others.

    An identity that became known meanwhile is left out. One with an envelope is published: it is announced in the same
    transaction.
    """
    claiming = [uses.claiming(tx, "loan_payment", joined.claims)] if joined.claims else []
    if not reads:
        tx.gather(*claiming)
        return {}, ()
    numbered = dict(zip(ids.new_many("ing", len(reads)), reads, strict=True))
    published = [number for number, read in numbered.items() if read.envelope is not None]
    *_, rows, suspected = tx.gather(*claiming, _inserting(tx, numbered), suspicions.asking(tx, published))
    kept = [_kept(row["id"], row["received_at"], numbered[row["id"]]) for row in rows]
    return {one.identity: one for one in kept}, suspected


def _inserting(tx: Tx, numbered: Mapping[str, ReadArrival]) -> Asked:
    """The query that inserts them with what was sent, each under its id, but for those whose identity is known."""
    reads = list(numbered.values())
    envelopes = [read.envelope for read in reads]
    return (
        """
        WITH given AS MATERIALIZED (
          SELECT r.*
            FROM unnest(%(ids)s::text[], %(identities)s::bytea[], %(sources)s::text[], %(externals)s::text[],
                        %(shas)s::text[], %(lines)s::integer[], %(occurrences)s::integer[], %(raws)s::text[],
                        %(envelopes)s::jsonb[], %(uris)s::text[], %(hashes)s::text[], %(bodies)s::bytea[])
                 AS r (id, identity, source, external_id, sha256, line, occurrence, raw, envelope, uris, hashes, body)
        ), kept AS (
          INSERT INTO ingestion.payment_ingestions
                 (tenant_id, id, identity, source, external_id, artifact_sha256, line, occurrence, idempotency_key, channel,
                  source_reference, raw_payload_hash, artifact_uri, artifact_hash, normalized_envelope, status, loan_id,
                  amount_minor, currency, value_on)
          SELECT %(tenant)s, r.id, r.identity, r.source, r.external_id, r.sha256, r.line, r.occurrence,
                 r.envelope ->> 'idempotency_key', r.envelope #>> '{source,channel}', r.envelope #>> '{payment,reference}',
                 r.raw, r.uris::text[], r.hashes::text[],
                 r.envelope, CASE WHEN r.envelope IS NULL THEN 'received' ELSE 'published' END,
                 r.envelope #>> '{borrower,loan_id}', (r.envelope #>> '{payment,amount_minor}')::bigint,
                 r.envelope #>> '{payment,currency}', (r.envelope #>> '{payment,value_date}')::date
            FROM given r
           ORDER BY r.identity
              ON CONFLICT (tenant_id, identity) DO NOTHING
          RETURNING id, received_at
        ), bodies AS (
          INSERT INTO ingestion.payment_ingestion_bodies (tenant_id, ingestion_id, body_sealed)
          SELECT %(tenant)s, r.id, r.body FROM given r JOIN kept k ON k.id = r.id
        )
        SELECT id, received_at FROM kept
        """,
        {
            "tenant": tx.tenant_id,
            "ids": arrays.texts(list(numbered)),
            "identities": arrays.blobs([read.identity for read in reads]),
            "sources": arrays.texts([read.source for read in reads]),
            "externals": arrays.texts([read.external_id for read in reads]),
            "shas": arrays.texts([read.artifact_sha256 for read in reads]),
            "lines": arrays.numbers(read.arrival.line for read in reads),
            "occurrences": arrays.numbers(read.arrival.occurrence for read in reads),
            "raws": arrays.texts([read.raw_sha256 for read in reads]),
            "envelopes": arrays.texts(
                [None if one is None else json.dumps(one, ensure_ascii=False) for one in envelopes]
            ),
            "uris": arrays.texts([_named_in(one, "uri") for one in envelopes]),
            "hashes": arrays.texts([_named_in(one, "hash") for one in envelopes]),
            "bodies": arrays.blobs(secrets.seal_many(tx, [read.stored for read in reads], context=CONTEXT)),
        },
        None,
    )


def _named_in(envelope: Mapping[str, Any] | None, name: str) -> str:
    """What an envelope's artifacts say under that name, as an array."""
    return arrays.texts([one[name] for one in envelope["artifacts"]] if envelope else [])


def _kept(number: str, received_at: datetime, read: ReadArrival) -> PaymentIngestion:
    envelope = read.envelope
    return PaymentIngestion(
        id=number,
        identity=read.identity,
        status="received" if envelope is None else "published",
        source=read.source,
        channel=envelope["source"]["channel"] if envelope else None,
        idempotency_key=envelope["idempotency_key"] if envelope else None,
        source_reference=envelope["payment"]["reference"] if envelope else None,
        raw_payload_hash=read.raw_sha256,
        received_at=received_at,
        envelope=envelope,
    )


def _tell(telling: Telling, fresh: Sequence[tuple[str, ReadArrival]]) -> list[cases.NewCase]:
    """Announce each fresh payment once, or that it was refused; its event says where it came from, and no more.

    The cases are of those that a person is to look at.
    """
    opened = []
    for number, read in fresh:
        facts: dict[str, Any] = {"ingestion_id": number, "raw_payload_hash": read.raw_sha256, "source": read.source}
        if read.envelope is not None:
            facts |= {
                "channel": read.envelope["source"]["channel"],
                "idempotency_key": read.envelope["idempotency_key"],
            }
            telling.messages.append(_outgoing(INGESTED, number, read.envelope))
        else:
            reason = {"reason": "the envelope fails its schema", "code": "schema_invalid"}
            rejected = {"schema": "payment.rejected.v1", "idempotency_key": None, "ingestion_id": number, **reason}
            telling.messages.append(_outgoing("payment.rejected", number, rejected))
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
        telling.events.append(audit.Event(type=type_, data=facts, ingestion_id=number))
    return opened


def _outgoing(event_type: str, number: str, document: Mapping[str, Any]) -> messaging.Outgoing:
    return messaging.Outgoing(
        event_type=event_type,
        aggregate_type="ingestion",
        aggregate_id=number,
        payload=document,
        dedupe_key=f"{event_type}:{number}",
    )


def _rows(tx: Tx, identities: Iterable[bytes], known: Mapping[bytes, str]) -> dict[bytes, PaymentIngestion]:
    """The payment of each identity that stands: its own, or the one that it is evidence of."""
    wanted = list(identities)
    if not wanted:
        return {}
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
        {"identities": arrays.blobs(wanted), "ids": arrays.texts(sorted(set(known.values())))},
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
