"""HTTP: what a desk needs of evidence: its lines, why somebody looks at what is hidden, what columns mean, how sources fare."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from headgate import ingestion
from headgate.ingestion.mapping import Question
from headgate.ingestion.mappings import SavedMapping
from headgate.ingestion.payment_routes import PaymentIngestionModel
from headgate.ingestion.payment_search import MessageRow
from headgate.ingestion.records import Fault
from headgate.ingestion.showing import Shown
from headgate.ingestion.source_pausing import SourcePause
from headgate.ingestion.standings import SourceStanding
from headgate.ingestion.table_preview import Column, TablePreview
from headgate.web import Call, MoneyModel, Page, PageOf, page_of, reads, writes

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]
Uploads = Annotated[Call, writes("ingestion.upload")]
Reveals = Annotated[Call, writes("ingestion.reveal")]
Source = Annotated[str, Path(max_length=60)]
Fingerprint = Annotated[str, Path(max_length=64, description="Of the names of the columns")]
Manages = Annotated[Call, writes("ledger.manage")]
Name = Annotated[str, Path(max_length=40, description="A word of the tenant's, as amegy-statements")]
ThingId = Annotated[str, Path(max_length=40)]


class Why(BaseModel):
    """Why it is done."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Revealed(BaseModel):
    """What is hidden of it is shown to this caller until then."""

    subject: str
    until: datetime


class NewMapping(BaseModel):
    """A mapping of the columns of a source's tables (docs/howto/follow-the-evidence.md)."""

    model_config = ConfigDict(extra="forbid")

    source: Annotated[str, Field(max_length=60)]
    parser: Annotated[str, Field(max_length=24, description="csv_v1, xlsx_v1 or json_v1")]
    mapping: dict[str, Any]


class PreviewRow(BaseModel):
    """A row as it would be read; a negative amount went out. Its text is hidden unless this caller was shown it."""

    line: int
    booked_on: date | None
    value_on: date | None
    amount: MoneyModel
    text: str


class PreviewModel(BaseModel):
    """What a table would become: the mapping, what is open, the first rows, and what is wrong with them."""

    parser: str
    mapping: dict[str, Any] | None
    fingerprint: str | None
    is_saved: bool
    questions: list[Question]
    columns: list[Column]
    rows: list[PreviewRow]
    faults: list[Fault]

    @classmethod
    def of(cls, found: TablePreview) -> PreviewModel:
        """The model of a preview."""
        return cls(
            parser=found.parser,
            mapping=found.mapping.as_json() if found.mapping else None,
            fingerprint=found.mapping.fingerprint if found.mapping else None,
            is_saved=found.saved is not None,
            questions=list(found.questions),
            columns=list(found.columns),
            rows=[PreviewRow.model_validate(row, from_attributes=True) for row in found.rows],
            faults=list(found.faults),
        )


@router.get("/artifacts/{artifact_id}/lines")
def show_lines(
    call: Reads,
    artifact_id: ThingId,
    line: Annotated[int, Query(ge=1, le=2**31 - 1)] = 1,
    around: Annotated[int, Query(ge=0, le=200)] = 8,
) -> Shown:
    """Lines of an artifact about one of them. What may name people or accounts is hidden, letter for letter."""
    with call.begin() as tx:
        return ingestion.show_lines(tx, artifact_id, line=line, around=around)


@router.post("/artifacts/{artifact_id}/reveal", status_code=201)
def reveal_artifact(call: Reveals, artifact_id: ThingId, body: Why) -> Revealed:
    """Show this caller what is hidden of an artifact for a quarter of an hour; the reason stands in the audit log."""
    with call.begin() as tx:
        return Revealed(subject=artifact_id, until=ingestion.reveal(tx, subject=artifact_id, reason=body.reason))


@router.post("/artifacts/{artifact_id}/preview")
def preview_artifact(call: Uploads, artifact_id: ThingId, body: dict[str, Any] | None = None) -> PreviewModel:
    """What a table would become under a mapping (the body), or under the one that is proposed. Nothing is stored."""
    with call.begin() as tx:
        return PreviewModel.of(ingestion.preview_table(tx, artifact_id, mapping=body))


@router.get("/payments")
def list_payment_ingestions(
    call: Reads, page: Page, q: Annotated[str, Query(max_length=300)] = ""
) -> PageOf[PaymentIngestionModel]:
    """Payments that came in, the newest first. `q` as in the console: status:received channel:ach amount:>500 age:<2d."""
    with call.begin() as tx:
        rows = ingestion.find_messages(tx, ingestion.parse_messages(q), after=page.after(str), limit=page.limit + 1)
    return page_of(page, rows, key=lambda row: row.id, row=_payment)


def _payment(row: MessageRow) -> PaymentIngestionModel:
    return PaymentIngestionModel.model_validate(row, from_attributes=True)


@router.get("/payments/{ingestion_id}/lines")
def show_payload(call: Reads, ingestion_id: ThingId) -> Shown:
    """What was sent of a payment, in lines; what may name people or accounts is hidden."""
    with call.begin() as tx:
        return ingestion.show_payload(tx, ingestion_id)


@router.post("/payments/{ingestion_id}/reveal", status_code=201)
def reveal_payment(call: Reveals, ingestion_id: ThingId, body: Why) -> Revealed:
    """Show this caller what is hidden of a message for a quarter of an hour; the reason stands in the audit log."""
    with call.begin() as tx:
        return Revealed(subject=ingestion_id, until=ingestion.reveal(tx, subject=ingestion_id, reason=body.reason))


@router.get("/source-standings")
def source_standings(call: Reads) -> list[SourceStanding]:
    """How every source fares: what came by the hour, when it was last heard, what went wrong."""
    with call.begin() as tx:
        return ingestion.source_standings(tx)


@router.post("/sources/{name}/pause", status_code=201)
def pause_source(call: Manages, name: Name, body: Why) -> SourcePause:
    """Fetch there no more until it is resumed."""
    with call.begin() as tx:
        return ingestion.pause_source(tx, name=name, reason=body.reason)


@router.post("/sources/{name}/resume", status_code=204)
def resume_source(call: Manages, name: Name, body: Why) -> None:
    """Go on where it stood."""
    with call.begin() as tx:
        ingestion.resume_source(tx, name=name, reason=body.reason)


@router.get("/mappings")
def list_mappings(call: Reads, source: Annotated[str | None, Query(max_length=60)] = None) -> list[SavedMapping]:
    """What was said of the columns of tables, by source."""
    with call.begin() as tx:
        return ingestion.list_mappings(tx, source=source)


@router.post("/mappings", status_code=201)
def save_mapping(call: Uploads, body: NewMapping) -> SavedMapping:
    """Read a source's tables of these columns so from now on."""
    with call.begin() as tx:
        return ingestion.save_mapping(tx, source=body.source, parser=body.parser, mapping=body.mapping)


@router.delete("/mappings/{source}/{fingerprint}", status_code=204)
def remove_mapping(call: Uploads, source: Source, fingerprint: Fingerprint) -> None:
    """Forget what was said; what was read stays."""
    with call.begin() as tx:
        ingestion.remove_mapping(tx, source=source, fingerprint=fingerprint)
