"""Which pieces of evidence are one payment: those of different sources that share a provider's identifier.

A piece that comes again is known by its identity. Another is added to a payment that came in where a source that has told
nothing of it yet gives an identifier of it, with its amount and about its day; a payment takes one piece of each source, so
that a sender's end-to-end id of every month joins nothing of the next. What was used as a deposit is refused, with a case.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, LiteralString

from headgate import audit, cases, messaging
from headgate.core import arrays
from headgate.core.db import Asked, Tx
from headgate.core.money import Money
from headgate.ingestion import identifiers, uses

NAMED: Final = "ingestion.payment.named"
"""A payment that came in got an identifier that it had not: another source told of it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence of a payment, as far as joining needs it."""

    identity: bytes
    source: str
    loan_id: str | None
    amount_minor: int
    currency: str
    value_on: date
    identifiers: frozenset[str]
    artifact_id: str | None
    record_id: str | None

    @property
    def claims(self) -> list[str]:
        """What of it has one use: its record, and its amount under each identifier."""
        own = [f"record:{self.record_id}"] if self.record_id else []
        return own + identifiers.claims(self.identifiers, Money(self.amount_minor, self.currency))

    @property
    def words(self) -> set[str]:
        """What others wait for who mean the same."""
        return {uses.lock_word(claim) for claim in self.claims} | self.identifiers


@dataclass(slots=True)
class _Standing:
    """A payment that stands, or that this set brings: its id then is still to come."""

    ingestion_id: str | None
    identity: bytes
    loan_id: str | None
    amount_minor: int
    currency: str
    value_on: date
    sources: set[str]

    def takes(self, piece: Piece) -> bool:
        """Whether a piece with an identifier of it is of this payment. One that alone names a loan stands for itself."""
        return (
            piece.source not in self.sources
            and (piece.amount_minor, piece.currency) == (self.amount_minor, self.currency)
            and identifiers.are_near(piece.value_on, self.value_on)
            and (piece.loan_id is None or self.loan_id is not None)
        )


@dataclass(slots=True)
class Joined:
    """What became of the pieces of a set: `known` came before, `added` belong to another identity, `refused` have another use.

    `claims` are what the others use up; they are to be written down with them.
    """

    known: dict[bytes, str] = field(default_factory=dict)
    added: dict[bytes, _Standing] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)

    def is_new(self, identity: bytes) -> bool:
        return identity not in self.known and identity not in self.added and identity not in self.refused

    def added_to(self, fresh: Mapping[bytes, str]) -> dict[bytes, str]:
        """The payments that pieces were added to, where `fresh` are those that this set brought."""
        return {
            identity: one.ingestion_id or fresh[one.identity]
            for identity, one in self.added.items()
            if one.ingestion_id or one.identity in fresh
        }


def join(tx: Tx, pieces: Sequence[Piece], words: Collection[str]) -> Joined:
    """Sort the pieces of a set, in their order. Until this transaction ends, others wait who mean one of these words."""
    if not pieces:
        return Joined()
    _, known, taken, named = tx.gather(
        uses.locking(tx, words),
        _known(tx, pieces),
        uses.taking(tx, "loan_payment", {claim for piece in pieces for claim in piece.claims}),
        _named(tx, {word for piece in pieces for word in piece.identifiers}),
    )
    found = Joined(known={bytes(row["identity"]): row["ingestion_id"] for row in known})
    fresh = [piece for piece in pieces if piece.identity not in found.known]
    found.refused = _refused(tx, fresh, taken)
    found.claims = {claim for piece in fresh if piece.identity not in found.refused for claim in piece.claims}
    standing = _standing(named)
    for piece in fresh:
        if piece.identity in found.refused:
            continue
        nearest = _nearest(piece, standing)
        if nearest is not None:
            nearest.sources.add(piece.source)
            found.added[piece.identity] = nearest
        elif piece.identifiers:
            nearest = _Standing(
                None, piece.identity, piece.loan_id, piece.amount_minor, piece.currency, piece.value_on, {piece.source}
            )
        for word in piece.identifiers:
            if nearest is not None and nearest not in standing[word]:
                standing[word].append(nearest)
    return found


def write(
    tx: Tx, pieces: Collection[Piece], *, fresh: Mapping[bytes, str], added: Mapping[bytes, str]
) -> Collection[str]:
    """Write down whose evidence each piece is, and its identifiers; the payments that stood and got one that they had not."""
    owners = {**fresh, **added}
    rows = [
        (piece, owners[piece.identity])
        for piece in pieces
        if piece.identity in owners and (piece.artifact_id or piece.identity in added)
    ]
    if rows:
        tx.run(
            """
            INSERT INTO ingestion.payment_evidence (tenant_id, identity, ingestion_id, source, artifact_id, record_id)
            SELECT %(tenant)s, e.identity, e.ingestion_id, e.source, e.artifact_id, e.record_id
              FROM unnest(%(identities)s::bytea[], %(ingestions)s::text[], %(sources)s::text[], %(artifacts)s::text[],
                          %(records)s::text[]) AS e (identity, ingestion_id, source, artifact_id, record_id)
             ORDER BY e.identity
            ON CONFLICT DO NOTHING
            """,
            {
                "tenant": tx.tenant_id,
                "identities": arrays.blobs([piece.identity for piece, _ in rows]),
                "ingestions": arrays.texts([owner for _, owner in rows]),
                "sources": arrays.texts([piece.source for piece, _ in rows]),
                "artifacts": arrays.texts([piece.artifact_id for piece, _ in rows]),
                "records": arrays.texts([piece.record_id for piece, _ in rows]),
            },
        )
    words = sorted(
        {(word, owners[piece.identity]) for piece in pieces if piece.identity in owners for word in piece.identifiers}
    )
    if not words:
        return ()
    query: LiteralString = """
        INSERT INTO ingestion.payment_identifiers (tenant_id, identifier, ingestion_id)
        SELECT %(tenant)s, w.identifier, w.ingestion_id
          FROM unnest(%(words)s::text[], %(ingestions)s::text[]) AS w (identifier, ingestion_id)
        ON CONFLICT DO NOTHING
        RETURNING ingestion_id
    """
    params = {
        "tenant": tx.tenant_id,
        "words": arrays.texts([word for word, _ in words]),
        "ingestions": arrays.texts([owner for _, owner in words]),
    }
    if not added:
        tx.run(query, params)  # Nobody waits for its answer, which would name none but those that are new.
        return ()
    return {one for one in tx.values(query, params) if one in added.values()} - set(fresh.values())


def tell(
    tx: Tx, pieces: Collection[Piece], joined: Joined, *, added: Mapping[bytes, str], named: Collection[str]
) -> None:
    """Tell of what was added to payments; who waits under a name of theirs finds them."""
    _tell_named(tx, named)
    _tell_added(tx, pieces, joined, added)


def payments_under(tx: Tx, words: Collection[str]) -> dict[str, str | None]:
    """The payments that came in under any of these identifiers, by their ingestions, with the transfer that each names.

    Until this transaction ends, whoever brings evidence under one of them waits, and then finds what it wrote.
    """
    _, rows = tx.gather(
        uses.locking(tx, words),
        (
            """
            SELECT DISTINCT i.id, coalesce(i.normalized_envelope #>> '{external,column_transfer_id}',
                                           i.normalized_envelope #>> '{external,psp_id}') AS transfer
              FROM ingestion.payment_identifiers w
              JOIN ingestion.payment_ingestions i ON i.tenant_id = w.tenant_id AND i.id = w.ingestion_id
             WHERE w.tenant_id = %(tenant)s AND w.identifier = ANY (%(words)s::text[])
            """,
            {"tenant": tx.tenant_id, "words": arrays.texts(sorted(words))},
            None,
        ),
    )
    return {row["id"]: row["transfer"] for row in rows}


def _tell_named(tx: Tx, ingestion_ids: Collection[str]) -> None:
    """Payments that came before are called by one more name: what waits under it finds them."""
    messaging.publish_many(
        tx,
        [
            messaging.Outgoing(
                event_type=NAMED,
                aggregate_type="ingestion",
                aggregate_id=number,
                payload={"schema": f"{NAMED}.v1", "ingestion_id": number},
            )
            for number in sorted(ingestion_ids)
        ],
    )


def _known(tx: Tx, pieces: Sequence[Piece]) -> Asked:
    return (
        """
        SELECT identity, ingestion_id FROM ingestion.payment_evidence
         WHERE tenant_id = %(tenant)s AND identity = ANY (%(identities)s::bytea[])
        UNION ALL
        SELECT identity, id FROM ingestion.payment_ingestions
         WHERE tenant_id = %(tenant)s AND identity = ANY (%(identities)s::bytea[])
        """,
        {"tenant": tx.tenant_id, "identities": arrays.blobs([piece.identity for piece in pieces])},
        None,
    )


def _refused(tx: Tx, fresh: Sequence[Piece], taken: Sequence[Mapping[str, str]]) -> set[bytes]:
    """The identities of those of which something was used as a deposit; each opens a case."""
    by_name = {piece.identity.hex(): piece for piece in fresh}
    refused = uses.refused_of({name: piece.claims for name, piece in by_name.items()}, taken)
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"used_as_deposit:{name}",
                category="duplicate",
                subcategory="used_as_deposit",
                severity="high",
                ingestion_id=by_name[name].record_id,
                detail={
                    "source": by_name[name].source,
                    "artifact_id": by_name[name].artifact_id,
                    "record_id": by_name[name].record_id,
                    "amount_minor": by_name[name].amount_minor,
                    "currency": by_name[name].currency,
                    "loan_id": by_name[name].loan_id,
                    "next": "this money was counted as a deposit before: take that back, or leave the loan unpaid by it",
                },
            )
            for name in sorted(refused)
        ],
    )
    return {by_name[name].identity for name in refused}


def _named(tx: Tx, words: Collection[str]) -> Asked:
    """The query of the payments under each of these identifiers, oldest first."""
    return (
        """
        SELECT w.identifier, i.id, i.identity, i.loan_id, i.amount_minor, i.currency, i.value_on, i.source,
               ARRAY(SELECT e.source FROM ingestion.payment_evidence e
                      WHERE e.tenant_id = i.tenant_id AND e.ingestion_id = i.id) AS others
          FROM ingestion.payment_identifiers w
          JOIN ingestion.payment_ingestions i ON i.tenant_id = w.tenant_id AND i.id = w.ingestion_id
         WHERE w.tenant_id = %(tenant)s AND w.identifier = ANY (%(words)s::text[]) AND i.value_on IS NOT NULL
         ORDER BY i.id
        """,
        {"tenant": tx.tenant_id, "words": arrays.texts(sorted(words))},
        None,
    )


def _standing(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[_Standing]]:
    """The payments under each identifier, as `_named` found them."""
    found: dict[str, list[_Standing]] = defaultdict(list)
    made: dict[str, _Standing] = {}
    for row in rows:
        one = made.setdefault(
            row["id"],
            _Standing(
                row["id"],
                bytes(row["identity"]),
                row["loan_id"],
                row["amount_minor"],
                row["currency"],
                row["value_on"],
                {row["source"], *row["others"]},
            ),
        )
        found[row["identifier"]].append(one)
    return found


def _nearest(piece: Piece, standing: Mapping[str, Sequence[_Standing]]) -> _Standing | None:
    """The payment that a piece belongs to: of those that take it, the one of the nearest day."""
    taking = [one for word in sorted(piece.identifiers) for one in standing.get(word, ()) if one.takes(piece)]
    return min(taking, key=lambda one: abs(one.value_on - piece.value_on), default=None)


def _tell_added(tx: Tx, pieces: Collection[Piece], joined: Joined, added: Mapping[bytes, str]) -> None:
    """Record what was added; a piece that names another loan than its payment does is asked about."""
    told = [piece for piece in pieces if piece.identity in added]
    audit.record_many(
        tx,
        [
            audit.Event(
                type="ingestion.payment.evidenced",
                data={
                    "ingestion_id": added[piece.identity],
                    "source": piece.source,
                    "artifact_id": piece.artifact_id,
                    "record_id": piece.record_id,
                },
                ingestion_id=added[piece.identity],
            )
            for piece in told
        ],
    )
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=f"loan_differs:{piece.identity.hex()}",
                category="duplicate",
                subcategory="loan_differs",
                severity="high",
                ingestion_id=added[piece.identity],
                detail={
                    "ingestion_id": added[piece.identity],
                    "loan_id": joined.added[piece.identity].loan_id,
                    "other_loan_id": piece.loan_id,
                    "source": piece.source,
                    "next": "one payment, two loans: the first was kept; find out which is right, and move it if it is the other",
                },
            )
            for piece in told
            if piece.loan_id not in (None, joined.added[piece.identity].loan_id)
        ],
    )
