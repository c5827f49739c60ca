"""HTTP: /v1/ingestion. Bytes come in and are kept before they are read; what names people never goes out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, cast

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import BaseModel
from starlette.responses import Response

from headgate import ingestion
from headgate.core.errors import Malformed, Refused
from headgate.ingestion import (
    artifact_routes,
    desk_routes,
    payment_routes,
    payment_source_routes,
    rate_routes,
    schema_routes,
    source_routes,
    webhook_routes,
)
from headgate.ingestion.artifacts import SIZE_MAX
from headgate.ingestion.errors import ArtifactTooLarge
from headgate.ingestion.model import (
    Artifact,
    ArtifactStatus,
    ArtifactType,
    Reading,
    StoredFault,
    StoredRecord,
    StoredStatement,
)
from headgate.ingestion.parsers import Kind
from headgate.web import Call, MoneyModel, Page, PageOf, page_of, reads, writes

v1 = APIRouter(prefix="/v1/ingestion", tags=["ingestion"])
v1.include_router(rate_routes.router)
v1.include_router(webhook_routes.router)
v1.include_router(source_routes.router)
v1.include_router(payment_routes.router)
v1.include_router(desk_routes.router)
v1.include_router(payment_source_routes.router)
v1.include_router(artifact_routes.router)
v1.include_router(schema_routes.router)
Reads = Annotated[Call, reads("ingestion.read")]
Uploads = Annotated[Call, writes("ingestion.upload")]
_FORM_FIELDS: Final = ("file", "source", "kind", "type")


class ArtifactModel(BaseModel):
    """A file as it came. The sha256 is of the plain bytes received; `stored_sha256` of those stored, another where digits of
    card numbers were masked in them, at `redactions`."""

    id: str
    source: str
    kind: str
    filename: str
    sha256: str
    size_bytes: int
    status: ArtifactStatus
    received_at: datetime
    received_by: str
    type: ArtifactType
    mime: str
    metadata: dict[str, Any]
    stored_sha256: str
    redacted: bool
    redactions: list[dict[str, Any]] | None

    @classmethod
    def of(cls, artifact: Artifact) -> ArtifactModel:
        """The model of an artifact."""
        return cls.model_validate(artifact, from_attributes=True)


class ArtifactAnswer(BaseModel):
    """An artifact with what was read in it, where it was."""

    artifact: ArtifactModel
    reading: Reading | None


class RecordModel(BaseModel):
    """A record, and the place it was read at: bytes from offset_start to before offset_end."""

    id: str
    artifact_id: str
    statement_id: str | None
    source: str
    external_id: str | None
    line: int
    occurrence: int
    offset_start: int
    offset_end: int
    parser: str
    kind: str
    channel: str | None
    direction: Literal["credit", "debit"] | None
    amount: MoneyModel
    value_on: date | None
    booked_on: date | None
    reference: str | None
    details: dict[str, Any]
    recorded_at: datetime

    @classmethod
    def of(cls, record: StoredRecord) -> RecordModel:
        """The model of a record."""
        return cls.model_validate(record, from_attributes=True)


@v1.post("/files", status_code=201)
def receive_file(
    call: Uploads,
    file: Annotated[UploadFile, File(description="The file, at most 64 MiB")],
    source: Annotated[str, Form(description="Where it comes from, as upload or bank.amegy")] = "upload",
    kind: Annotated[Kind | None, Form(description="What it is; found out by its bytes where left out")] = None,
    type: Annotated[ArtifactType, Form(description="What it is as evidence")] = "bank_file",
) -> ArtifactAnswer:
    """Keep a file, then read it. The same bytes again are the artifact that stands (200)."""
    _refuse_query(call)
    data = file.file.read(SIZE_MAX + 1)
    if len(data) > SIZE_MAX:
        raise ArtifactTooLarge(f"the file has more than {SIZE_MAX} bytes")
    with call.begin() as tx:
        artifact = ingestion.receive(
            tx, source=source, kind=kind, filename=file.filename or "file", data=data, type=type
        )
    # A transaction of its own: the bytes stay whatever becomes of reading them.
    with call.begin() as tx:
        reading = ingestion.read(tx, artifact.id)
        standing = ingestion.get_artifact(tx, artifact.id)
    if isinstance(reading, Refused):
        return _as_is(call.answer(reading))
    answer = ArtifactAnswer(artifact=ArtifactModel.of(standing), reading=reading)
    return _as_is(call.answer(answer, status=201 if artifact.is_new else 200))


def _refuse_query(call: Call) -> None:
    """Raises Malformed where the address says something: ignored, a file would be filed under another source than meant."""
    said = sorted(set(call.request.query_params) - {"dry_run"})
    if said:
        name = said[0][:40]
        where = f"send it as a field of the form, as -F {name}=…" if name in _FORM_FIELDS else "leave it out"
        raise Malformed(f"{name} in the address says nothing here; {where} (its fields: {', '.join(_FORM_FIELDS)})")


@v1.post("/artifacts/{artifact_id}/read")
def read_artifact(
    call: Uploads,
    artifact_id: str,
    parser: Annotated[str | None, Form(description="A parser by name, where the bytes do not say it")] = None,
) -> ArtifactAnswer:
    """Read an artifact that is kept, with the parser named; read already, the reading that stands."""
    with call.begin() as tx:
        reading = ingestion.read(tx, artifact_id, parser=parser)
        standing = ingestion.get_artifact(tx, artifact_id)
    if isinstance(reading, Refused):
        return _as_is(call.answer(reading))
    return ArtifactAnswer(artifact=ArtifactModel.of(standing), reading=reading)


@v1.get("/artifacts")
def list_artifacts(
    call: Reads, page: Page, source: str | None = None, kind: Kind | None = None, status: ArtifactStatus | None = None
) -> PageOf[ArtifactModel]:
    """Artifacts, newest first."""
    with call.begin() as tx:
        rows = ingestion.list_artifacts(
            tx, source=source, kind=kind, status=status, before=page.after(datetime, str), limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: (row.received_at, row.id), row=ArtifactModel.of)


@v1.get("/artifacts/{artifact_id}")
def get_artifact(call: Reads, artifact_id: str) -> ArtifactAnswer:
    """One artifact, with its reading."""
    with call.begin() as tx:
        artifact = ingestion.get_artifact(tx, artifact_id)
        return ArtifactAnswer(artifact=ArtifactModel.of(artifact), reading=ingestion.reading_of(tx, artifact_id))


@v1.get("/artifacts/{artifact_id}/records")
def list_records(call: Reads, page: Page, artifact_id: str) -> PageOf[RecordModel]:
    """The records read in an artifact, in its order."""
    with call.begin() as tx:
        ingestion.get_artifact(tx, artifact_id)
        rows = ingestion.list_records(
            tx, artifact_id=artifact_id, after=page.after(int, int) or (0, 0), limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: (row.line, row.occurrence), row=RecordModel.of)


@v1.get("/artifacts/{artifact_id}/faults")
def list_faults(call: Reads, page: Page, artifact_id: str) -> PageOf[StoredFault]:
    """What is wrong in an artifact: line, position, field, rule and how to mend it."""
    with call.begin() as tx:
        ingestion.get_artifact(tx, artifact_id)
        rows = ingestion.list_faults(tx, artifact_id=artifact_id, after=page.after(int) or 0, limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id)


@v1.get("/statements")
def list_statements(
    call: Reads, page: Page, artifact_id: str | None = None, on: date | None = None
) -> PageOf[StoredStatement]:
    """Bank statements in the order they were read, amounts in signed minor units."""
    with call.begin() as tx:
        rows = ingestion.list_statements(
            tx, artifact_id=artifact_id, on=on, after=page.after(str) or "", limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: row.id)


@v1.get("/records/{record_id}")
def get_record(call: Reads, record_id: str) -> RecordModel:
    """One record."""
    with call.begin() as tx:
        return RecordModel.of(ingestion.get_record(tx, record_id))


def _as_is(response: Response) -> ArtifactAnswer:
    """A finished answer passes FastAPI as it is; the annotation of the route documents its shape."""
    return cast(ArtifactAnswer, response)


router = APIRouter()
router.include_router(v1)
router.include_router(webhook_routes.alias)
