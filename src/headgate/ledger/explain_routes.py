"""Explanations over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from headgate.ledger.explain import explain_balance, explain_refusal
from headgate.ledger.explain_documents import BalanceExplainedModel, RefusalExplainedModel
from headgate.web import Call, reads

router = APIRouter()

Reads = Annotated[Call, reads("ledger.read")]


@router.get("/accounts/{account}/explain")
def get_explained_balance(
    call: Reads, account: Annotated[str, Path(max_length=100, description="The account's code or id")]
) -> BalanceExplainedModel:
    """What an account's balance is made of, down to its entries and reservations."""
    with call.begin() as tx:
        return BalanceExplainedModel.of(explain_balance(tx, account))


@router.get("/refusals/explain")
def get_explained_refusal(
    call: Reads, request: Annotated[str, Query(min_length=1, max_length=255, description="Its idempotency key or id")]
) -> RefusalExplainedModel:
    """Why a transaction or reservation was refused, and what would cure it."""
    with call.begin() as tx:
        return RefusalExplainedModel.of(explain_refusal(tx, request))
