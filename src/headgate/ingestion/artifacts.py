"""Keep the bytes: before anything is parsed, sealed, once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import PurePath
from typing import Final, get_args

from headgate import audit, messaging
from headgate.core import ids, secrets
from headgate.core.db import Tx
from headgate.ingestion import queries
from headgate.ingestion.errors import ArtifactTooLarge, BodyDiffers, EmptyArtifact, MalformedArtifact
from headgate.ingestion.model import Artifact
from headgate.ingestion.parsers import Kind

SIZE_MAX: Final = 64 * 1024 * 1024
"""Bytes of one artifact: it is sealed in one piece."""

CONTEXT: Final = "ingestion.artifact_bodies.body_sealed"
UNKNOWN_KIND: Final = "unknown"
RATES: Final = "rates"
"""The kind of an artifact that holds exchange rates: recorded by the ledger, not read as records."""

_SOURCE = re.compile(r"[a-z][a-z0-9_.-]{0,59}\Z")


def receive(tx: Tx, *, source: str, filename: str, data: bytes, kind: str | None = None) -> Artifact:
    """Keep bytes from a source. The same bytes again are the artifact that stands already, and nothing is announced.

    `kind` is what the sender says it is; without it the parsers are asked when it is read.
    Raises EmptyArtifact, ArtifactTooLarge, MalformedArtifact.
    """
    if not data:
        raise EmptyArtifact("the file is empty: there is nothing to keep")
    if len(data) > SIZE_MAX:
        raise ArtifactTooLarge(f"the file has {len(data)} bytes; at most {SIZE_MAX} are taken", size_bytes=len(data))
    if not _SOURCE.match(source):
        raise MalformedArtifact(
            "source must be a word of small letters, digits, '_', '-', '.', as upload or bank.amegy", field="source"
        )
    if kind is not None and kind not in (*get_args(Kind), RATES):
        raise MalformedArtifact(f"kind must be one of {', '.join(get_args(Kind))}, or be left out", field="kind")
    name = _cleaned(filename)
    digest = hashlib.sha256(data).digest()
    new = tx.maybe(
        """
        INSERT INTO ingestion.artifacts (tenant_id, id, source, kind, filename, sha256, size_bytes)
        VALUES (%(tenant)s, %(id)s, %(source)s, %(kind)s, %(filename)s, %(sha256)s, %(size)s)
            ON CONFLICT (tenant_id, source, sha256) DO NOTHING
        RETURNING id, received_at
        """,
        {
            "tenant": tx.tenant_id,
            "id": ids.new("art"),
            "source": source,
            "kind": kind or UNKNOWN_KIND,
            "filename": name,
            "sha256": digest,
            "size": len(data),
        },
    )
    if new is None:
        return queries.artifact_of_bytes(tx, source=source, sha256=digest)
    tx.run(
        """
        INSERT INTO ingestion.artifact_bodies (tenant_id, received_at, artifact_id, body_sealed)
        VALUES (%(tenant)s, %(received_at)s, %(id)s, %(body)s)
        """,
        {
            "tenant": tx.tenant_id,
            "received_at": new["received_at"],
            "id": new["id"],
            "body": secrets.seal(tx, data, context=CONTEXT),
        },
    )
    facts = {
        "artifact_id": new["id"],
        "source": source,
        "kind": kind or UNKNOWN_KIND,
        "sha256": digest.hex(),
        "size_bytes": len(data),
    }
    audit.record(tx, type="ingestion.artifact.received", data=facts, ingestion_id=new["id"])
    messaging.publish(
        tx, event_type="ingestion.artifact.received", aggregate_type="artifact", aggregate_id=new["id"], payload=facts
    )
    return replace(queries.get_artifact(tx, new["id"]), is_new=True)


def body(tx: Tx, artifact_id: str) -> bytes:
    """The bytes as they came. Raises NoSuchArtifact, BodyDiffers."""
    artifact = queries.get_artifact(tx, artifact_id)
    sealed = tx.value(
        """
        SELECT body_sealed FROM ingestion.artifact_bodies
         WHERE tenant_id = %(tenant)s AND artifact_id = %(id)s AND received_at = %(received_at)s
        """,
        {"tenant": tx.tenant_id, "id": artifact_id, "received_at": artifact.received_at},
    )
    assert sealed is not None, "an artifact and its body are inserted together"
    data = secrets.open_sealed(tx, bytes(sealed), context=CONTEXT)
    if hashlib.sha256(data).hexdigest() != artifact.sha256:
        raise BodyDiffers(f"the bytes kept of {artifact_id} are not those that came", artifact_id=artifact_id)
    return data


def _cleaned(filename: str) -> str:
    """The last part of the name, printable and short: a sender's folders are nobody's business."""
    name = PurePath(filename.replace("\\", "/")).name
    name = "".join(letter if letter.isprintable() else "_" for letter in name).strip()
    if not name:
        raise MalformedArtifact("filename must name a file", field="filename")
    return name[-200:]
