"""The evidence of a payment that came in: the file it stood in, what its envelope names, and what is given to it later."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args
from urllib.parse import urlsplit

from psycopg.types.json import Jsonb

from headgate import audit
from headgate.core import egress
from headgate.core.db import Tx
from headgate.ingestion import artifacts, queries
from headgate.ingestion.errors import MalformedEvidence
from headgate.ingestion.model import ArtifactType
from headgate.ingestion.payment_ingestions import PaymentIngestion, get_payment_ingestion
from headgate.jobs import Outside

SOURCE: Final = "evidence"
OURS: Final = artifacts.URI
BYTES_MAX: Final = 16 << 20
TIMEOUT_SECONDS: Final = 30.0
EVIDENCE_MAX: Final = 1_000

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of a payment's evidence. `artifact_id` is ours; without one it lies elsewhere, and `warning` may say that it
    could not be read there."""

    ingestion_id: str
    artifact_id: str | None
    type: ArtifactType
    uri: str
    sha256: str
    size_bytes: int | None
    mime: str | None
    source_metadata: dict[str, Any]
    warning: str | None


@dataclass(frozen=True, slots=True)
class NewEvidence:
    """What somebody gives as evidence. Without `sha256` its bytes must be readable at `uri`, and are hashed."""

    type: str
    uri: str
    sha256: str | None = None
    size_bytes: int | None = None
    mime: str | None = None
    metadata: Mapping[str, Any] | None = None


def evidence_of(tx: Tx, ingestion_id: str) -> list[Evidence]:
    """The evidence of a payment. Raises NoSuchPaymentIngestion."""
    get_payment_ingestion(tx, ingestion_id)
    return evidence_of_payments(tx, [ingestion_id])[ingestion_id]


def evidence_of_payments(tx: Tx, ingestion_ids: Collection[str]) -> dict[str, list[Evidence]]:
    """The evidence of each of these payments, what is kept here first."""
    found: dict[str, list[Evidence]] = {number: [] for number in ingestion_ids}
    if not found:
        return found
    rows = tx.all(
        """
        SELECT ingestion_id, artifact_id, type, uri, encode(sha256, 'hex') AS sha256, size_bytes, mime, source_metadata, warning
          FROM ingestion.payment_artifacts
         WHERE ingestion_id = ANY (%(ids)s)
         ORDER BY artifact_id NULLS LAST, uri
        """,
        {"ids": list(found)},
        row=Evidence,
    )
    for row in rows:
        found[row.ingestion_id].append(row)
    return found


def payments_of(tx: Tx, artifact_id: str, *, limit: int = 50, after: str = "") -> list[PaymentIngestion]:
    """The payments that an artifact is evidence of, in the order they came in; from id `after` on. Raises NoSuchArtifact."""
    artifact = queries.get_artifact(tx, artifact_id)
    return tx.all(
        """
        SELECT id, identity, status, source, channel, idempotency_key, source_reference, raw_payload_hash, received_at,
               normalized_envelope AS envelope
          FROM ingestion.payment_ingestions
         WHERE id > %(after)s
           AND id IN (SELECT i.id FROM ingestion.payment_ingestions i WHERE i.artifact_sha256 = %(sha256)s
                       UNION
                      SELECT i.id FROM ingestion.payment_ingestions i
                       WHERE i.artifact_hash <> '{}' AND i.artifact_hash <> ARRAY[i.artifact_sha256]
                         AND (i.artifact_hash[1] = %(sha256)s
                              OR (cardinality(i.artifact_hash) > 1 AND %(sha256)s = ANY (i.artifact_hash)))
                       UNION
                      SELECT p.ingestion_id FROM ingestion.payment_evidence p WHERE p.artifact_id = %(artifact)s
                       UNION
                      SELECT r.ingestion_id FROM ingestion.artifact_references r WHERE r.artifact_id = %(artifact)s
                       UNION
                      SELECT r.ingestion_id FROM ingestion.artifact_references r WHERE r.sha256 = decode(%(sha256)s, 'hex'))
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"artifact": artifact_id, "sha256": artifact.sha256, "after": after, "limit": limit},
        row=PaymentIngestion,
    )


def attach(outside: Outside, ingestion_id: str, given: NewEvidence, *, client: egress.Client | None = None) -> Evidence:
    """Give evidence to a payment: an artifact of ours (`urn:headgate:artifact:art_…`), or what lies at an address.

    What can be read there is kept as an artifact of ours. What cannot is a warning and keeps what was said of it, or is
    refused where nobody said its sha256. Raises NoSuchPaymentIngestion, NoSuchArtifact, MalformedEvidence.
    """
    _check(given)
    with outside.begin() as tx:
        get_payment_ingestion(tx, ingestion_id)
    if given.uri.startswith(OURS):
        with outside.begin() as tx:
            artifact = queries.get_artifact(tx, given.uri.removeprefix(OURS))
            _agree(given, artifact.sha256)
            return _keep(tx, ingestion_id, given, artifact_id=artifact.id, warning=None)
    found, warning = _read(outside, given, client)
    with outside.begin() as tx:
        if found is None:
            if given.sha256 is None:
                raise MalformedEvidence(
                    f"no sha256 is given, and its bytes cannot be hashed: {warning}; give one of the two",
                    field="sha256",
                )
            return _keep(tx, ingestion_id, given, artifact_id=None, warning=warning)
        filename = urlsplit(given.uri).path.rpartition("/")[2].strip() or "evidence"
        facts = {"type": given.type, "mime": given.mime, "metadata": given.metadata}
        kept = artifacts.receive(tx, source=SOURCE, filename=filename, data=found, **facts)  # type: ignore[arg-type]
        _agree(given, kept.sha256)
        return _keep(tx, ingestion_id, given, artifact_id=kept.id, warning=None)


def _check(given: NewEvidence) -> None:
    if given.type not in get_args(ArtifactType):
        raise MalformedEvidence(f"type must be one of {', '.join(get_args(ArtifactType))}", field="type")
    if not 0 < len(given.uri) <= 2_000:
        raise MalformedEvidence("uri must have 1 to 2,000 characters", field="uri")
    if given.sha256 is not None and not _SHA256.match(given.sha256):
        raise MalformedEvidence("sha256 must be 64 digits of small hexadecimal", field="sha256")
    if len(json.dumps(dict(given.metadata or {}))) > artifacts.METADATA_MAX:
        raise MalformedEvidence(
            f"metadata is longer than {artifacts.METADATA_MAX} characters of JSON", field="metadata"
        )


def _agree(given: NewEvidence, sha256: str) -> None:
    if given.sha256 not in (None, sha256):
        raise MalformedEvidence("the bytes there have another sha256 than the one given", field="sha256", found=sha256)


def _read(outside: Outside, given: NewEvidence, client: egress.Client | None) -> tuple[bytes | None, str | None]:
    """The bytes at an address, or why they cannot be had."""
    if urlsplit(given.uri).scheme not in ("http", "https"):
        return None, "only addresses of https:// and http:// are read"
    config = outside.database.config
    client = client or egress.Client.from_config(config, timeout_seconds=TIMEOUT_SECONDS, size_max_bytes=BYTES_MAX)
    try:
        answer = client.request("GET", given.uri)
    except (egress.EgressRefused, egress.EgressFailed, egress.AnswerTooLarge) as error:
        return None, error.message[:300]
    if answer.status != 200 or not answer.body:
        return None, f"the address answered {answer.status} with {len(answer.body)} bytes"
    return answer.body, None


def _keep(tx: Tx, ingestion_id: str, given: NewEvidence, *, artifact_id: str | None, warning: str | None) -> Evidence:
    """Store it, once by its address; the payment's row is locked, so that two count on from each other."""
    tx.run("SELECT FROM ingestion.payment_ingestions WHERE id = %(id)s FOR UPDATE", {"id": ingestion_id})
    elsewhere = artifact_id is None
    new = tx.touched(
        """
        INSERT INTO ingestion.artifact_references
               (tenant_id, ingestion_id, ordinal, type, uri, artifact_id, sha256, size_bytes, mime, metadata, warning)
        SELECT %(tenant)s, %(ingestion)s, 1 + count(*), %(type)s, %(uri)s, %(artifact)s, decode(%(sha256)s, 'hex'), %(size)s,
               %(mime)s, %(metadata)s, %(warning)s
          FROM ingestion.artifact_references WHERE ingestion_id = %(ingestion)s
        HAVING count(*) < %(most)s
            ON CONFLICT (tenant_id, ingestion_id, uri) DO NOTHING
        """,
        {
            "tenant": tx.tenant_id,
            "ingestion": ingestion_id,
            "type": given.type,
            "uri": given.uri,
            "artifact": artifact_id,
            "sha256": given.sha256 if elsewhere else None,
            "size": given.size_bytes if elsewhere else None,
            "mime": given.mime if elsewhere else None,
            "metadata": Jsonb(dict(given.metadata or {})),
            "warning": warning,
            "most": EVIDENCE_MAX,
        },
    )
    if new:
        data = {"artifact_id": artifact_id, "type": given.type, "sha256": given.sha256, "warning": warning}
        audit.record(tx, type="ingestion.evidence.attached", data=data, ingestion_id=ingestion_id)
    ours = f"{OURS}{artifact_id}"
    for one in evidence_of(tx, ingestion_id):
        if one.uri in (given.uri, ours):
            return one
    raise MalformedEvidence(f"a payment has at most {EVIDENCE_MAX} pieces of evidence", field="uri")
