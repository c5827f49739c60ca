"""HTTP: the evidence of payments, from a payment to its artifacts and back, and the bytes of an artifact by a link."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import Response

from headgate.ingestion import attaching, links, rereading
from headgate.ingestion.attaching import Evidence, NewEvidence
from headgate.ingestion.differing import Added, Altered
from headgate.ingestion.links import Link
from headgate.ingestion.model import Artifact, ArtifactType, Reading
from headgate.ingestion.payment_routes import PaymentIngestionModel
from headgate.jobs import Outside
from headgate.web import Call, Page, PageOf, page_of, reads, writes

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]
Uploads = Annotated[Call, writes("ingestion.upload")]
Opens = Annotated[Call, writes("ingestion.reveal")]
IngestionId = Annotated[str, Path(max_length=40)]
ArtifactId = Annotated[str, Path(max_length=40)]

_SHOWN_AS_IT_IS = frozenset(
    {"text/plain", "text/csv", "application/json", "application/pdf", "image/png", "image/jpeg", "image/tiff"}
)
"""Media types that are said; every other is bytes, so that no sender decides what a browser makes of them."""


class NewArtifactLink(BaseModel):
    """How long a link is good."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(default=int(links.LIFE.total_seconds()), ge=1, le=int(links.LIFE_MAX.total_seconds()))


class NewEvidenceModel(BaseModel):
    """An artifact of ours (`urn:headgate:artifact:art_…`), or an address elsewhere with the sha256 of what lies there."""

    model_config = ConfigDict(extra="forbid")

    type: ArtifactType
    uri: str = Field(min_length=1, max_length=2000)
    sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="Left out, the bytes are read and hashed"
    )
    size_bytes: int | None = Field(default=None, ge=0, le=1 << 50)
    mime: str | None = Field(default=None, max_length=120)
    metadata: dict[str, Any] = Field(default={}, description="What the source said of it: ids and times, no names")


class Reprocessing(BaseModel):
    """By which parser (else the newest version of the one that read it), and the digest of what was shown, to apply it."""

    model_config = ConfigDict(extra="forbid")

    parser: str | None = Field(default=None, max_length=60)
    apply: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class ReprocessingOfRange(BaseModel):
    """What came from one moment on and before another, and the digest of what was shown, to apply it."""

    model_config = ConfigDict(extra="forbid")

    received_from: AwareDatetime | None = None
    received_before: AwareDatetime | None = None
    apply: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")


class RereadingModel(BaseModel):
    """What a parser would change of what stands of an artifact: the first hundred of each kind, and how many there are."""

    artifact_id: str
    from_parser: str | None
    to_parser: str
    records: int
    is_none: bool
    counts: dict[str, int]
    added: list[Added]
    altered: list[Altered]
    faults_new: list[str]
    faults_gone: list[str]
    digest: str


class ReprocessingAnswer(BaseModel):
    """The differences with the digest to apply them by, or the readings that applying made. `more`: others come after these."""

    digest: str
    differences: list[RereadingModel] = []
    readings: list[Reading] = []
    more: bool = False


@router.post("/payments/{ingestion_id}/artifacts", status_code=201)
def attach(call: Uploads, ingestion_id: IngestionId, body: NewEvidenceModel) -> Evidence:
    """Give evidence to a payment. What can be read at its address is kept; what cannot keeps what was said, and a warning."""
    return attaching.attach(_outside(call), ingestion_id, NewEvidence(**body.model_dump()))


@router.get("/payments/{ingestion_id}/artifacts")
def list_evidence(call: Reads, ingestion_id: IngestionId) -> list[Evidence]:
    """The evidence of a payment: the file it stood in, what its envelope names, and what was given to it later."""
    with call.begin() as tx:
        return attaching.evidence_of(tx, ingestion_id)


@router.get("/artifacts/{artifact_id}/payments")
def list_payments(call: Reads, page: Page, artifact_id: ArtifactId) -> PageOf[PaymentIngestionModel]:
    """The payments that an artifact is evidence of, in the order they came in."""
    with call.begin() as tx:
        rows = attaching.payments_of(tx, artifact_id, after=page.after(str) or "", limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=PaymentIngestionModel.of)


@router.post("/artifacts/{artifact_id}/reprocessings")
def reprocess(call: Uploads, artifact_id: ArtifactId, body: Reprocessing) -> ReprocessingAnswer:
    """What a newer parser would change of an artifact; with the digest that was shown, read it again just so."""
    outside = _outside(call)
    if body.apply is None:
        difference = rereading.propose(outside, artifact_id, parser=body.parser)
        return ReprocessingAnswer(differences=[RereadingModel(**difference.document())], digest=difference.digest)
    made = rereading.apply(outside, artifact_id, digest=body.apply, parser=body.parser)
    return ReprocessingAnswer(digest=body.apply, readings=[made])


@router.post("/reprocessings")
def reprocess_range(call: Uploads, body: ReprocessingOfRange) -> ReprocessingAnswer:
    """What the newest parsers would change of what came in a time; with the digest that was shown, read it again just so."""
    outside = _outside(call)
    times = {"received_from": body.received_from, "received_before": body.received_before}
    if body.apply is None:
        shown = rereading.propose_range(outside, **times)
        differences = [RereadingModel(**one.document()) for one in shown.differences]
        return ReprocessingAnswer(differences=differences, digest=shown.digest, more=shown.more)
    made = rereading.apply_range(outside, digest=body.apply, **times)
    return ReprocessingAnswer(digest=body.apply, readings=made)


@router.post("/artifacts/{artifact_id}/links", status_code=201)
def make_link(call: Opens, artifact_id: ArtifactId, body: NewArtifactLink | None = None) -> Link:
    """A link to the bytes of an artifact, which whoever holds it may follow without a key until it expires."""
    life = timedelta(seconds=body.seconds) if body else links.LIFE
    with call.begin() as tx:
        return links.make(tx, artifact_id, life=life)


@router.get("/links/{token}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}})
def follow_link(request: Request, token: Annotated[str, Path(max_length=links.TOKEN_MAX)]) -> Response:
    """The bytes that a link leads to, as they are stored, for saving: nothing of them is shown or run by a browser."""
    state = request.scope["headgate"]
    artifact, data = links.opened(state.database, token, correlation_id=state.request_id)
    return Response(data, headers=_headers(artifact))


def _outside(call: Call) -> Outside:
    return Outside(call.database, call.caller.tenant_id, call.caller.actor, call.correlation_id)


def _headers(artifact: Artifact) -> dict[str, str]:
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", artifact.filename)
    digest = base64.b64encode(bytes.fromhex(artifact.stored_sha256)).decode()
    return {
        "Content-Type": artifact.mime if artifact.mime in _SHOWN_AS_IT_IS else "application/octet-stream",
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(artifact.filename, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "Repr-Digest": f"sha-256=:{digest}:",
    }
