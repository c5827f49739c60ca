"""What clients let us debit, over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from headgate.funding.authorizations import (
    DebitAuthorization,
    authorize_debits,
    debit_authorization,
    withdraw_debits,
)
from headgate.funding.errors import NoSuchAuthorization
from headgate.tenants import legal_entity
from headgate.web import Call, reads, writes

router = APIRouter()

Reads = Annotated[Call, reads("funding.read")]
Manages = Annotated[Call, writes("funding.manage")]
Entity = Annotated[str, Path(max_length=40, description="The client: le_…")]


class NewAuthorization(BaseModel):
    """An account of the client itself, as its employer, and what the client's word rests on."""

    model_config = ConfigDict(extra="forbid")

    bank_account_id: str = Field(max_length=40)
    evidence: str = Field(
        min_length=1, max_length=500, description="Where the client's authorization is kept. Audited."
    )


@router.get("/debit-authorizations/{legal_entity_id}")
def get_authorization(call: Reads, legal_entity_id: Entity) -> DebitAuthorization:
    """What a client said last of its debits; without an account it was withdrawn."""
    with call.begin() as tx:
        found = debit_authorization(tx, legal_entity_id=legal_entity(tx, legal_entity_id).id)
    if found is None:
        raise NoSuchAuthorization()
    return found


@router.put("/debit-authorizations/{legal_entity_id}")
def put_authorization(call: Manages, legal_entity_id: Entity, body: NewAuthorization) -> DebitAuthorization:
    """Let an account of a client be debited for what it is asked for, in place of any other."""
    with call.begin() as tx:
        return authorize_debits(
            tx, legal_entity_id=legal_entity_id, bank_account_id=body.bank_account_id, evidence=body.evidence
        )


@router.delete("/debit-authorizations/{legal_entity_id}")
def delete_authorization(
    call: Manages,
    legal_entity_id: Entity,
    reason: Annotated[str, Query(min_length=1, max_length=500, description="Why. Audited.")],
) -> DebitAuthorization:
    """Debit a client no more; what is with the bank already goes on."""
    with call.begin() as tx:
        found = withdraw_debits(tx, legal_entity_id=legal_entity_id, reason=reason)
    if found is None:
        raise NoSuchAuthorization()
    return found
