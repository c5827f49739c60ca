"""HTTP: payments as envelopes. What was sent is kept sealed; what goes out names no borrower."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Body, Path
from pydantic import BaseModel
from starlette.responses import Response

from headgate.core.errors import Refused
from headgate.ingestion import payment_ingestions
from headgate.ingestion.payment_ingestions import PaymentIngestion
from headgate.web import Call, reads, writes

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]
Uploads = Annotated[Call, writes("ingestion.upload")]


class PaymentIngestionModel(BaseModel):
    """A payment that came in, with its envelope as it is published; none where it fails its schema."""

    id: str
    status: Literal["received", "normalized", "published"]
    source: str
    channel: str | None
    idempotency_key: str | None
    source_reference: str | None
    raw_payload_hash: str
    received_at: datetime
    envelope: dict[str, Any] | None

    @classmethod
    def of(cls, came: PaymentIngestion) -> PaymentIngestionModel:
        """The model of a payment that came in."""
        return cls.model_validate(came, from_attributes=True)


@router.post("/payments", status_code=201)
def ingest_payment(
    call: Uploads,
    envelope: Annotated[dict[str, Any], Body(description="headgate.payments.v1, or loanserve.payments.v1")],
) -> PaymentIngestionModel:
    """Take a payment in by its envelope. The same again, by its source's id or byte for byte, is the one that stands (200)."""
    with call.begin() as tx:
        came = payment_ingestions.ingest_payment(tx, call.request.scope["headgate"].body)
    if isinstance(came, Refused):
        return _as_is(call.answer(came))
    return _as_is(call.answer(PaymentIngestionModel.of(came), status=201 if came.is_new else 200))


@router.get("/payments/{ingestion_id}")
def get_payment_ingestion(call: Reads, ingestion_id: Annotated[str, Path(max_length=40)]) -> PaymentIngestionModel:
    """A payment that came in."""
    with call.begin() as tx:
        return PaymentIngestionModel.of(payment_ingestions.get_payment_ingestion(tx, ingestion_id))


def _as_is(response: Response) -> PaymentIngestionModel:
    """A finished answer passes FastAPI as it is; the annotation of the route documents its shape."""
    return cast(PaymentIngestionModel, response)
