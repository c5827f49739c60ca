"""HTTP: what a tenant says of the money that its sources bring."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from headgate.ingestion import payment_sources
from headgate.ingestion.payment_sources import Purpose
from headgate.web import Call, reads, writes

router = APIRouter()
Reads = Annotated[Call, reads("ingestion.read")]
Manages = Annotated[Call, writes("ledger.manage")]
Channel = Literal["ach", "wire", "realtime", "check", "card", "paypal", "venmo", "book"]


class NewPaymentSource(BaseModel):
    """What money is for that a source brings, or one account of its statements."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(max_length=60, description="As column or bank.amegy")
    purpose: Purpose
    reason: str = Field(max_length=500)
    account_number: str | None = Field(
        default=None, max_length=60, description="One account of its statements; kept as a fingerprint"
    )
    channel: Channel | None = Field(default=None, description="Of what does not say by itself how it came")
    loan_field: str = Field(
        default="customer_reference", max_length=100, description="Where the loan's reference stands"
    )
    loan_prefix: str = Field(default="", max_length=60, description="What stands before it in that field")


class PaymentSourceModel(BaseModel):
    """What was said last of a source, or of one account of it."""

    source: str
    account_last4: str
    purpose: Purpose
    channel: Channel | None
    loan_field: str
    loan_prefix: str
    reason: str
    set_by: str
    set_at: datetime

    @classmethod
    def of(cls, one: payment_sources.PaymentSource) -> PaymentSourceModel:
        """The model of what was said."""
        return cls.model_validate(one, from_attributes=True)


@router.post("/payment-sources", status_code=201)
def set_payment_source(call: Manages, body: NewPaymentSource) -> PaymentSourceModel:
    """Say it from now on: its credits become payments of loans, deposits, or neither."""
    with call.begin() as tx:
        return PaymentSourceModel.of(payment_sources.set_payment_source(tx, **body.model_dump()))


@router.get("/payment-sources")
def list_payment_sources(call: Reads) -> list[PaymentSourceModel]:
    """What was said of each source and account."""
    with call.begin() as tx:
        return [PaymentSourceModel.of(one) for one in payment_sources.list_payment_sources(tx)]
