"""HTTP: a file's way to its bank, and two people's word where nobody knows whether it arrived."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from headgate import cases
from headgate.payments.delivery import tries
from headgate.payments.delivery.decisions import Word, decide_delivery, request_delivery_decision
from headgate.payments.documents import FileModel, file_model
from headgate.payments.files import files
from headgate.web import Call, money, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("payments.read")]
Asks = Annotated[Call, writes("payments.send")]
Sends = Annotated[Call, money("payments.send")]
IdPath = Annotated[str, Path(max_length=40)]


class DeliveryFact(BaseModel):
    """A try that was begun, or what became known of one and what that rests on."""

    try_no: int
    verdict: str
    basis: str
    approval_id: str | None
    detail: dict[str, Any]
    recorded_at: datetime


class DeliveryModel(BaseModel):
    """A file and all that is known of its way to the bank, in order."""

    file: FileModel
    facts: list[DeliveryFact]


class NewDeliveryRequest(BaseModel):
    """What the bank says of the file: it has it (`delivered`), or it has not (`absent`)."""

    model_config = ConfigDict(extra="forbid")

    verdict: Word
    reason: str = Field(min_length=1, max_length=500)


@router.get("/files/{file_id}/delivery")
def get_delivery(call: Reads, file_id: IdPath) -> DeliveryModel:
    """What is known of a file's way to the bank: its tries, and the evidence of each."""
    with call.begin() as tx:
        file = files.get_file(tx, file_id)
        facts = tries.facts_of(tx, file_id)
    return DeliveryModel(
        file=file_model(file), facts=[DeliveryFact.model_validate(fact, from_attributes=True) for fact in facts]
    )


@router.post("/files/{file_id}/delivery-requests", status_code=201)
def request_decision(call: Asks, file_id: IdPath, body: NewDeliveryRequest) -> cases.Approval:
    """Ask another person to say with you whether the bank has a file of which nobody knows; nothing changes yet."""
    with call.begin() as tx:
        asked = request_delivery_decision(tx, file_id=file_id, verdict=body.verdict, reason=body.reason)
    return cast(cases.Approval, call.answer(asked, status=201))


@router.post("/delivery-requests/{approval_id}/decide", status_code=201)
def decide(call: Sends, approval_id: IdPath) -> FileModel:
    """Do what was approved, once: the file counts as delivered, or its bytes are handed over again by the job."""
    return cast(FileModel, call.once(lambda tx: file_model(decide_delivery(tx, approval_id=approval_id)), status=201))
