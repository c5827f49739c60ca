"""Payments as they arrive: an envelope's JSON and its place in what was sent, and what is read in them. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from headgate.ingestion import cards, envelopes, identifiers, joining
from headgate.ingestion.conforming import SchemaFault
from headgate.ingestion.errors import ArtifactTooLarge, EmptyArtifact

BATCH_MAX: Final = 1_000
SIZE_MAX: Final = 2**20


@dataclass(frozen=True, slots=True)
class Arrival:
    """A payment as it was sent: `raw` is the envelope's JSON.

    `artifact_sha256`, `line` and `occurrence` are its place in the file that it came in; without one, what was sent is the
    file. They identify it where its source gave it no id, in the envelope or as `external_id`. `artifact_id` and `record_id`
    are the evidence that it was made of, `artifacts` as the envelope names it; `identifiers` are those that stood there
    beside the envelope's own.
    """

    raw: bytes = field(repr=False)
    artifact_sha256: str | None = None
    line: int = 1
    occurrence: int = 1
    external_id: str | None = None
    identifiers: frozenset[str] = frozenset()
    artifact_id: str | None = None
    record_id: str | None = None
    artifacts: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReadArrival:
    """An arrival that was read: its envelope, or what is wrong with it."""

    arrival: Arrival
    envelope: dict[str, Any] | None
    faults: Sequence[SchemaFault]
    source: str
    external_id: str | None
    raw_sha256: str
    identifiers: frozenset[str]
    masking: cards.Masking | None

    @property
    def piece(self) -> joining.Piece | None:
        """As a piece of evidence; None where it could not be read."""
        if self.envelope is None:
            return None
        paid = self.envelope["payment"]
        return joining.Piece(
            self.identity,
            self.source,
            self.envelope["borrower"]["loan_id"],
            paid["amount_minor"],
            paid["currency"],
            date.fromisoformat(paid["value_date"]),
            self.identifiers,
            self.arrival.artifact_id,
            self.arrival.record_id,
        )

    @property
    def stored(self) -> bytes:
        """What is kept of what was sent: all of it, but for the middle digits of card numbers."""
        return self.masking.data if self.masking else self.arrival.raw

    @property
    def artifact_sha256(self) -> str:
        return self.arrival.artifact_sha256 or self.raw_sha256

    @property
    def identity(self) -> bytes:
        parts: tuple[str, ...]
        if self.external_id is not None:
            parts = ("id", self.source, self.external_id)
        else:
            parts = ("place", self.artifact_sha256, str(self.arrival.line), str(self.arrival.occurrence))
        return hashlib.sha256("\0".join(parts).encode()).digest()


def read_all(arrivals: Sequence[Arrival]) -> list[ReadArrival]:
    """Read each of these, at most a thousand. Raises EmptyArtifact, ArtifactTooLarge."""
    _check(arrivals)
    return [_read(arrival) for arrival in arrivals]


def _check(arrivals: Sequence[Arrival]) -> None:
    if len(arrivals) > BATCH_MAX:
        raise ArtifactTooLarge(f"at most {BATCH_MAX:,} payments are taken at once; these are {len(arrivals):,}")
    for arrival in arrivals:
        if not arrival.raw:
            raise EmptyArtifact("there is nothing in this payment's envelope")
        if len(arrival.raw) > SIZE_MAX:
            raise ArtifactTooLarge(f"an envelope has at most {SIZE_MAX:,} bytes; this has {len(arrival.raw):,}")


def _read(arrival: Arrival) -> ReadArrival:
    digest = hashlib.sha256(arrival.raw).hexdigest()
    masking = cards.masked(arrival.raw)
    found = envelopes.read(masking.data if masking else arrival.raw)
    if isinstance(found, list):
        return ReadArrival(arrival, None, found, "unknown", None, digest, frozenset(), masking)
    words = identifiers.of_envelope(found) | arrival.identifiers
    external = found["external"]
    external_id = (
        external["column_transfer_id"] or external["psp_id"] or external["column_event_id"] or arrival.external_id
    )
    if arrival.artifacts:
        found = found | {"artifacts": [*found["artifacts"], *map(dict, arrival.artifacts)]}
    return ReadArrival(arrival, found, (), found["source"]["provider"], external_id, digest, frozenset(words), masking)
