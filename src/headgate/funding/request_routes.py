"""Funding requests over HTTP: ask a client for money, and see what came."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from headgate.core import ids
from headgate.core.money import Money
from headgate.funding import events, requests
from headgate.funding.model import Reason
from headgate.funding.request_model import EventKind, FundingEvent, FundingRail, FundingRequest, RequestStatus
from headgate.web import Call, MoneyModel, Page, PageOf, money, page_of, reads, writes

router = APIRouter(prefix="/requests")

Reads = Annotated[Call, reads("funding.read")]
Asks = Annotated[Call, money("funding.manage")]
Manages = Annotated[Call, writes("funding.manage")]
IdPath = Annotated[str, Path(max_length=40)]
IdQuery = Annotated[str | None, Query(max_length=40)]


_EXAMPLE: dict[str, Any] = {
    "legal_entity_id": "le_01k8z3v7m2q4r6t8w0y2a4c6e7",
    "amount": {"minor": 4_500_000, "currency": "USD"},
    "rail": "inbound_wire",
    "due_on": "2026-11-30",
}


class NewFundingRequest(BaseModel):
    """Money to ask a client for."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    legal_entity_id: str = Field(max_length=40)
    amount: MoneyModel
    rail: FundingRail
    due_on: date


class Cancelling(BaseModel):
    """Why money is asked for no more."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(min_length=1, max_length=500)


class FundingRequestModel(BaseModel):
    """Money that is asked for. `provisional` has settled, and may still be taken back."""

    id: str
    legal_entity_id: str
    payroll_id: str | None
    rail: FundingRail
    profile: str
    amount: MoneyModel
    asked: MoneyModel
    received: MoneyModel
    provisional: MoneyModel
    due_on: date
    instructions: dict[str, Any]
    status: RequestStatus
    block_reason: Reason | None
    created_at: datetime
    changed_at: datetime


class FundingEventModel(BaseModel):
    """What happened to a request."""

    id: str
    kind: EventKind
    rail: FundingRail
    provider: str
    external_trace_id: str
    amount: MoneyModel
    settled_at: datetime
    return_deadline_at: datetime | None
    final_at: datetime | None
    of_event_id: str | None
    return_code: str | None
    transaction_id: str
    deposit_id: str | None
    receivable: MoneyModel


class FundingRequestDetail(FundingRequestModel):
    """A request with everything that happened to it, in order."""

    events: list[FundingEventModel]


@router.post("", status_code=201)
def request_funding(call: Asks, body: NewFundingRequest) -> FundingRequestModel:
    """Ask a client for money, over a rail of its bank profile. The header's Idempotency-Key is the request's own."""
    return call.once(  # type: ignore[no-any-return]
        lambda tx: model(
            requests.request_funding(
                tx,
                idempotency_key=call.key,
                legal_entity_id=body.legal_entity_id,
                amount=body.amount.money(),
                rail=body.rail,
                due_on=body.due_on,
            )
        ),
        status=201,
    )


@router.get("")
def list_requests(
    call: Reads, page: Page, legal_entity_id: IdQuery = None, status: RequestStatus | None = None
) -> PageOf[FundingRequestModel]:
    """Funding requests, the newest first."""
    with call.begin() as tx:
        rows = requests.list_requests(
            tx, legal_entity_id=legal_entity_id, status=status, after=page.after(str), limit=page.limit + 1
        )
    return page_of(page, rows, key=lambda row: row.id, row=model)


@router.get("/{funding_request_id}")
def get_request(call: Reads, funding_request_id: IdPath) -> FundingRequestDetail:
    """One funding request with what happened to it."""
    with call.begin() as tx:
        found = requests.get_request(tx, funding_request_id)
        return detail(found, events.list_events(tx, funding_request_id=found.id))


@router.post("/{funding_request_id}/cancel")
def cancel_request(call: Manages, funding_request_id: IdPath, body: Cancelling) -> FundingRequestModel:
    """Ask no more for the money, saying why; twice is once. A 409 where some of it has come."""
    with call.begin() as tx:
        return model(requests.cancel_request(tx, funding_request_id=funding_request_id, reason=body.reason))


def model(row: FundingRequest) -> FundingRequestModel:
    """A request as the API gives it."""
    return FundingRequestModel(**_facts(row))


def detail(row: FundingRequest, happened: list[FundingEvent]) -> FundingRequestDetail:
    """A request with its events, as the API gives it."""
    return FundingRequestDetail(**_facts(row), events=[_event(event) for event in happened])


def _facts(row: FundingRequest) -> dict[str, Any]:
    return {
        "id": row.id,
        "legal_entity_id": row.legal_entity_id,
        "payroll_id": row.subject,
        "rail": row.rail,
        "profile": row.profile,
        "amount": MoneyModel.of(row.amount),
        "asked": MoneyModel.of(row.asked),
        "received": MoneyModel.of(row.received),
        "provisional": MoneyModel.of(Money(row.held_minor, row.currency)),
        "due_on": row.due_on,
        "instructions": row.instructions,
        "status": row.status,
        "block_reason": row.block_reason,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
    }


def _event(row: FundingEvent) -> FundingEventModel:
    return FundingEventModel(
        id=row.id,
        kind=row.kind,
        rail=row.rail,
        provider=row.provider,
        external_trace_id=row.external_trace_id,
        amount=MoneyModel.of(row.amount),
        settled_at=row.settled_at,
        return_deadline_at=row.return_deadline_at,
        final_at=row.final_at,
        of_event_id=row.of_event_id,
        return_code=row.return_code,
        transaction_id=ids.encode("txn", row.transaction_id),
        deposit_id=row.deposit_id,
        receivable=MoneyModel.of(Money(row.receivable_minor, row.currency)),
    )
