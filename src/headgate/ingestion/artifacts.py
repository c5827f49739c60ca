"""Keep the bytes: before anything is parsed, sealed, once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from pathlib import PurePath
from typing import Any, Final, get_args

from psycopg.types.json import Jsonb

from headgate import cases
from headgate.core import arrays, ids, secrets
from headgate.core.config import Config
from headgate.core.db import Tx
from headgate.ingestion import cards, queries
from headgate.ingestion.errors import ArtifactTooLarge, BodyDiffers, EmptyArtifact, MalformedArtifact, StorageRefused
from headgate.ingestion.model import Artifact, ArtifactType
from headgate.ingestion.parsers import Kind
from headgate.ingestion.storage import storage_of

URI: Final = "urn:headgate:artifact:"
"""The address of an artifact of ours is this and its id, and perhaps a place in it."""

SIZE_MAX: Final = 64 * 1024 * 1024
"""Bytes of one artifact: it is sealed in one piece."""

INLINE_MAX: Final = 1 << 20
"""Bytes of a body that the database keeps for good; a larger one is committed there and leaves for storage (ADR 0007)."""

METADATA_MAX: Final = 16_000
CARDS_IN_CASE: Final = 20

CONTEXT: Final = "ingestion.artifact_bodies.body_sealed"
UNKNOWN_KIND: Final = "unknown"
RATES: Final = "rates"
"""The kind of an artifact that holds exchange rates: recorded by the ledger, not read as records."""

_SOURCE = re.compile(r"[a-z][a-z0-9_.-]{0,59}\Z")
_MIME_BY_ENDING: Final = {
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".xml": "application/xml",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".eml": "message/rfc822",
    ".zip": "application/zip",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MIME = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,60}\Z")


def receive(
    tx: Tx,
    *,
    source: str,
    filename: str,
    data: bytes,
    kind: str | None = None,
    type: ArtifactType = "bank_file",
    mime: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Artifact:
    """Keep bytes from a source. The same bytes again are the artifact that stands already, and nothing is announced.

    Card numbers in them are masked before anything is stored; the artifact is still known by the bytes that came, and a case
    says where. `kind` is what the sender says it is; without it the parsers are asked when it is read. `metadata` is what the
    source said besides: ids and times, never names or numbers of accounts. Raises EmptyArtifact, ArtifactTooLarge,
    MalformedArtifact.
    """
    given = _prepared(source, filename, data, kind=kind, type=type, mime=mime, metadata=metadata)
    # Sealed before it is known whether the bytes are new: so that all is kept in one call of the database.
    kept = tx.one(
        """
        SELECT id, is_new, received_at, received_by
          FROM ingestion.receive(%(id)s, %(facts)s, %(sha256)s, %(body)s, %(lands)s, %(stored_sha256)s)
        """,
        {
            "id": ids.new("art"),
            "facts": Jsonb(given.facts),
            "sha256": given.sha256,
            "body": secrets.seal(tx, given.stored, context=CONTEXT),
            "lands": len(given.stored) > INLINE_MAX and storage_of(tx.config) is not None,
            "stored_sha256": given.stored_sha256,
        },
    )
    if not kept["is_new"]:
        return queries.get_artifact(tx, kept["id"])
    if given.masking:
        _tell_of_cards(tx, kept["id"], given.masking)
    return _new(given, kept)


@dataclass(frozen=True, slots=True)
class Incoming:
    """Bytes that came under a correlation of their own, at most INLINE_MAX of them."""

    source: str
    filename: str
    data: bytes = field(repr=False)
    correlation_id: str
    type: ArtifactType = "bank_file"
    mime: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def receive_many(tx: Tx, incoming: Sequence[Incoming]) -> list[str]:
    """Keep small bytes of several senders in one round trip, each under its correlation; the id of each artifact, in order.

    What `receive` promises of one holds of each. Raises as `receive` does, for the first that is wrong.
    """
    prepared = [
        _prepared(one.source, one.filename, one.data, type=one.type, mime=one.mime, metadata=one.metadata)
        for one in incoming
    ]
    assert all(len(given.stored) <= INLINE_MAX for given in prepared), "larger bodies are kept one by one"
    # In one order, so that two who keep the same bytes wait for each other instead of deadlocking.
    order = sorted(range(len(incoming)), key=lambda n: (incoming[n].source, prepared[n].sha256))
    sorted_out = [prepared[n] for n in order]
    rows = tx.all(
        """
        SELECT id, is_new FROM ingestion.receive_many(%(ids)s::text[], %(facts)s::jsonb[], %(sha256)s::bytea[],
                                                      %(bodies)s::bytea[], %(stored)s::bytea[], %(correlations)s::text[])
        """,
        {
            "ids": arrays.texts(ids.new_many("art", len(order))),
            "facts": arrays.documents([given.facts for given in sorted_out]),
            "sha256": arrays.blobs([given.sha256 for given in sorted_out]),
            "bodies": arrays.blobs(secrets.seal_many(tx, [given.stored for given in sorted_out], context=CONTEXT)),
            "stored": [given.stored_sha256 for given in sorted_out],
            "correlations": arrays.texts([incoming[n].correlation_id for n in order]),
        },
    )
    kept = dict(zip(order, rows, strict=True))
    for n, row in kept.items():
        masking = prepared[n].masking
        if row["is_new"] and masking:
            _tell_of_cards(tx, row["id"], masking)
    return [kept[n]["id"] for n in range(len(incoming))]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Bytes about to be kept: their facts, the sha256 of what came, and what is stored of it where card numbers are masked."""

    facts: dict[str, Any]
    sha256: bytes
    stored: bytes = field(repr=False)
    masking: cards.Masking | None

    @property
    def stored_sha256(self) -> bytes | None:
        """None where what came is what is stored."""
        return hashlib.sha256(self.stored).digest() if self.masking else None


def _prepared(
    source: str,
    filename: str,
    data: bytes,
    *,
    kind: str | None = None,
    type: str,
    mime: str | None,
    metadata: Mapping[str, Any] | None,
) -> _Prepared:
    facts = _checked(source, filename, data, kind, type, mime, metadata)
    masking = cards.masked(data)
    if masking:
        facts |= {"stored_size_bytes": len(masking.data), "redactions": [asdict(hit) for hit in masking.hits]}
    return _Prepared(facts, hashlib.sha256(data).digest(), masking.data if masking else data, masking)


def _new(given: _Prepared, kept: Mapping[str, Any]) -> Artifact:
    facts = {
        name: given.facts[name] for name in ("source", "kind", "filename", "size_bytes", "type", "mime", "metadata")
    }
    return Artifact(
        **facts,
        id=kept["id"],
        sha256=given.sha256.hex(),
        status="received",
        received_at=kept["received_at"],
        received_by=kept["received_by"],
        stored_sha256=(given.stored_sha256 or given.sha256).hex(),
        redacted=given.masking is not None,
        redactions=given.facts.get("redactions"),
        is_new=True,
    )


def _tell_of_cards(tx: Tx, artifact_id: str, masking: cards.Masking) -> None:
    """A case: who sent card numbers should not, and what was masked may be missed by a reader."""
    cases.open_case(
        tx,
        key=f"ingestion:{artifact_id}:cards",
        category="card_numbers",
        severity="high",
        ingestion_id=artifact_id,
        detail={
            "artifact_id": artifact_id,
            "card_numbers": len(masking.hits),
            "first": [asdict(hit) for hit in masking.hits[:CARDS_IN_CASE]],
            "next": "ask the sender to leave card numbers out; what is stored has their middle digits masked",
        },
    )


def _checked(
    source: str,
    filename: str,
    data: bytes,
    kind: str | None,
    type: str,
    mime: str | None,
    metadata: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """The facts of an artifact as they are stored. Raises EmptyArtifact, ArtifactTooLarge, MalformedArtifact."""
    if not data:
        raise EmptyArtifact("the file is empty: there is nothing to keep")
    if len(data) > SIZE_MAX:
        raise ArtifactTooLarge(f"the file has {len(data)} bytes; at most {SIZE_MAX} are taken", size_bytes=len(data))
    if not is_source(source):
        raise MalformedArtifact(
            "source must be a word of small letters, digits, '_', '-', '.', as upload or bank.amegy", field="source"
        )
    if kind is not None and kind not in (*get_args(Kind), RATES):
        raise MalformedArtifact(f"kind must be one of {', '.join(get_args(Kind))}, or be left out", field="kind")
    if type not in get_args(ArtifactType):
        raise MalformedArtifact(f"type must be one of {', '.join(get_args(ArtifactType))}", field="type")
    if mime is not None and not _MIME.match(mime):
        raise MalformedArtifact("mime must be a media type, as text/csv", field="mime")
    if len(json.dumps(dict(metadata or {}))) > METADATA_MAX:
        raise MalformedArtifact(f"metadata is longer than {METADATA_MAX} characters of JSON", field="metadata")
    name = cards.masked_text(_cleaned(filename))
    return {
        "source": source,
        "kind": kind or UNKNOWN_KIND,
        "filename": name,
        "size_bytes": len(data),
        "type": type,
        "mime": mime or mime_of(name),
        "metadata": json.loads(cards.masked_text(json.dumps(dict(metadata or {})))),
    }


def mime_of(filename: str) -> str:
    """The media type that a file's name suggests; nothing of ours relies on it."""
    return _MIME_BY_ENDING.get(PurePath(filename).suffix.lower(), "application/octet-stream")


def is_source(word: str) -> bool:
    """Whether a source may be called so."""
    return _SOURCE.match(word) is not None


def body(tx: Tx, artifact_id: str) -> bytes:
    """The bytes as they are stored: as they came, but for the digits of card numbers. Raises NoSuchArtifact, BodyDiffers,
    ObjectMissing, StorageUnavailable, StorageRefused.

    A large body may lie in an object store, which is then called while the transaction is open: `outside` calls it before.
    """
    artifact = queries.get_artifact(tx, artifact_id)
    placed = place(tx, artifact)
    return opened(tx, artifact, placed.sealed if placed.sealed is not None else fetched(tx.config, placed))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed body is: here, or in storage under a name."""

    sealed: bytes | None = field(repr=False)
    name: str | None


def place(tx: Tx, artifact: Artifact) -> Place:
    """Where the sealed body of an artifact is. One statement, since it may be on its way into storage."""
    found = tx.one(
        """
        SELECT coalesce(b.body_sealed, l.body_sealed) AS sealed, o.name
          FROM (SELECT) one
          LEFT JOIN ingestion.artifact_bodies b
            ON b.tenant_id = %(tenant)s AND b.artifact_id = %(id)s AND b.received_at = %(received_at)s
          LEFT JOIN ingestion.landed_bodies l ON l.tenant_id = %(tenant)s AND l.artifact_id = %(id)s
          LEFT JOIN ingestion.stored_objects o ON o.tenant_id = %(tenant)s AND o.artifact_id = %(id)s
        """,
        {"tenant": tx.tenant_id, "id": artifact.id, "received_at": artifact.received_at},
    )
    return Place(bytes(found["sealed"]) if found["sealed"] is not None else None, found["name"])


def fetched(config: Config, placed: Place) -> bytes:
    """A sealed body out of storage. Raises ObjectMissing, StorageUnavailable, StorageRefused."""
    assert placed.name is not None, "an artifact and its body are inserted together"
    storage = storage_of(config)
    if storage is None:
        raise StorageRefused(
            "this body lies in storage, and no storage is set up: set HEADGATE_ARTIFACTS_URL to where it was put"
        )
    return storage.get(placed.name)


def opened(tx: Tx, artifact: Artifact, sealed: bytes) -> bytes:
    """The plain bytes of a sealed body, which are those that were stored. Raises BodyDiffers, and those of core.secrets."""
    return _checked_body(artifact, secrets.open_sealed(tx, sealed, context=CONTEXT))


def opened_many(tx: Tx, sealed: Sequence[tuple[Artifact, bytes]]) -> list[tuple[Artifact, bytes]]:
    """Each of these with the plain bytes of its sealed body. Raises as `opened`, for the first that fails."""
    plain = secrets.open_many(tx, [body for _, body in sealed], context=CONTEXT) if sealed else []
    return [(artifact, _checked_body(artifact, body)) for (artifact, _), body in zip(sealed, plain, strict=True)]


def _checked_body(artifact: Artifact, data: bytes) -> bytes:
    if hashlib.sha256(data).hexdigest() != artifact.stored_sha256:
        raise BodyDiffers(f"the bytes kept of {artifact.id} are not those that were stored", artifact_id=artifact.id)
    return data


def outside(begin: Callable[[], AbstractContextManager[Tx]], artifact_id: str) -> tuple[Artifact, bytes]:
    """An artifact and its bytes, with no transaction open while storage is called. `begin` opens one. Raises as `body`."""
    with begin() as tx:
        artifact = queries.get_artifact(tx, artifact_id)
        placed, config = place(tx, artifact), tx.config
        if placed.sealed is not None:
            return artifact, opened(tx, artifact, placed.sealed)
    sealed = fetched(config, placed)
    with begin() as tx:
        return artifact, opened(tx, artifact, sealed)


def _cleaned(filename: str) -> str:
    """The last part of the name, printable and short: a sender's folders are nobody's business."""
    name = PurePath(filename.replace("\\", "/")).name
    name = "".join(letter if letter.isprintable() else "_" for letter in name).strip()
    if not name:
        raise MalformedArtifact("filename must name a file", field="filename")
    return name[-200:]
