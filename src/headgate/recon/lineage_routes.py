"""HTTP: /v1/recon/lineage, from an entry of the book to its line, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from headgate.core import ids
from headgate.recon.lineage import Effect, Lineage, Origin, lineage_of
from headgate.web import Call, reads

router = APIRouter()
Reads = Annotated[Call, reads("recon.read")]
ThingId = Annotated[str, Path(max_length=40, description="A txn_, rec_, art_ or ing_ id")]


class EffectModel(BaseModel):
    """What evidence became: `what` happened to `count` things, of which `subject_id` is the first."""

    what: str
    subject_id: str
    count: int
    record_id: str | None
    artifact_id: str | None
    ingestion_id: str | None
    transaction_id: str | None
    at: datetime


class OriginModel(BaseModel):
    """Evidence of a transaction: the effect that joins them, and the line; bytes from offset_start to before offset_end."""

    effect: EffectModel
    artifact_id: str | None
    filename: str | None
    source: str | None
    line: int | None
    offset_start: int | None
    offset_end: int | None


class LineageModel(BaseModel):
    """Where a thing came from, and what it caused."""

    origins: list[OriginModel]
    effects: list[EffectModel]


@router.get("/lineage/{thing_id}")
def get_lineage(call: Reads, thing_id: ThingId) -> LineageModel:
    """The lines that a transaction came from; or what a record, an artifact or a payment that came in became."""
    with call.begin() as tx:
        return shown(lineage_of(tx, thing_id))


def shown(found: Lineage) -> LineageModel:
    """A lineage as it goes out."""
    return LineageModel(
        origins=[_origin(one) for one in found.origins], effects=[_effect(one) for one in found.effects]
    )


def _origin(one: Origin) -> OriginModel:
    return OriginModel(
        effect=_effect(one.effect),
        artifact_id=one.artifact_id,
        filename=one.filename,
        source=one.source,
        line=one.line,
        offset_start=one.offset_start,
        offset_end=one.offset_end,
    )


def _effect(one: Effect) -> EffectModel:
    return EffectModel(
        what=one.what,
        subject_id=one.subject_id,
        count=one.count,
        record_id=one.record_id,
        artifact_id=one.artifact_id,
        ingestion_id=one.ingestion_id,
        transaction_id=ids.encode("txn", one.transaction_id) if one.transaction_id is not None else None,
        at=one.at,
    )
