"""What the gate judges by, over HTTP: limits, settings, overrides and credit, each asked for, approved and then made.

`POST …/approval-requests` asks another person for exactly one change (`/v1/cases/approvals/{id}/approve` gives it), and
`POST …/changes` with the approval makes it, once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from headgate import cases
from headgate.core.db import Tx
from headgate.funding import credit, limits, overrides
from headgate.funding.control_models import (
    Body,
    Change,
    ChangeModel,
    CreditModel,
    Id,
    LimitModel,
    OverrideModel,
    credit_model,
    limit_model,
    override_model,
)
from headgate.tenants import legal_entity
from headgate.web import Call, CurrencyCode, money, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("funding.read")]
Manages = Annotated[Call, writes("funding.manage")]
Changes = Annotated[Call, money("funding.manage")]
IdQuery = Annotated[str | None, Query(max_length=40)]
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class ChangeRequest(Body):
    """A change to be approved by another person."""

    change: Change
    reason: Words
    hours: Annotated[int, Field(ge=1, le=168, description="How long the request stands.")] = 24


class NewChange(Body):
    """A change that another person approved."""

    change: Change
    reason: Words
    approval_id: Id


@router.post("/approval-requests", status_code=201)
def request_change(call: Manages, body: ChangeRequest) -> cases.Approval:
    """Ask another person to allow exactly this change."""
    with call.begin() as tx:
        action, document = body.change.asks(tx)
        return cases.request(
            tx,
            action=action,
            subject=body.change.kind,
            document=document,
            reason=body.reason,
            life=timedelta(hours=body.hours),
        )


@router.post("/changes", status_code=201)
def make_change(call: Changes, body: NewChange) -> ChangeModel:
    """Make a change that another person approved, once."""

    def make(tx: Tx) -> ChangeModel:
        _, document = body.change.asks(tx)
        body.change.make(tx, reason=body.reason, approval_id=body.approval_id, key=call.key)
        return ChangeModel(kind=body.change.kind, approval_id=body.approval_id, document=document)

    return call.once(make, status=201)  # type: ignore[no-any-return]


@router.get("/limits")
def list_limits(call: Reads, legal_entity_id: IdQuery = None) -> list[LimitModel]:
    """Limits, the newest first; of each policy the newest in force counts."""
    with call.begin() as tx:
        rows = limits.list_limits(tx, legal_entity_id=legal_entity_id)
    return [limit_model(row) for row in rows]


@router.get("/overrides")
def list_overrides(call: Reads, legal_entity_id: IdQuery = None) -> list[OverrideModel]:
    """Overrides that are in force, the newest first."""
    with call.begin() as tx:
        rows = overrides.list_overrides(tx, legal_entity_id=legal_entity_id, in_force_only=True)
    return [override_model(row) for row in rows]


@router.get("/credit-lines/{legal_entity_id}")
def get_credit(
    call: Reads, legal_entity_id: Annotated[str, Path(max_length=40)], currency: CurrencyCode = "USD"
) -> CreditModel:
    """A legal entity's credit line, and what is drawn of it."""
    with call.begin() as tx:
        legal_entity(tx, legal_entity_id)
        found = credit.credit_standing(tx, legal_entity_id=legal_entity_id, currency=currency)
    return credit_model(found)
