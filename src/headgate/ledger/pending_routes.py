"""Pending transactions over HTTP: posted, whole or less, or void."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Path

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ledger import queries
from headgate.ledger.documents import NewPendingPosting, NewVoid, TransactionModel, amounts_of
from headgate.ledger.pending import post_pending, void
from headgate.web import Call, money

router = APIRouter()

Posts = Annotated[Call, money("ledger.post")]
IdPath = Annotated[str, Path(max_length=40)]


@router.post("/transactions/{transaction_id}/post", status_code=201)
def post_pending_transaction(
    call: Posts, transaction_id: IdPath, body: NewPendingPosting | None = None
) -> TransactionModel:
    """Post a pending transaction, once: whole, or less, and the rest is given back."""
    asked = body or NewPendingPosting()

    def work(tx: Tx) -> TransactionModel | Refused:
        posted = post_pending(
            tx,
            idempotency_key=call.key,
            transaction_id=ids.decode("txn", transaction_id),
            amounts=amounts_of(asked.amounts),
            effective_at=asked.effective_at,
        )
        if isinstance(posted, Refused):
            return posted
        return TransactionModel.of(queries.get_transaction(tx, posted.transaction_id))

    return cast(TransactionModel, call.once(work, status=201))


@router.post("/transactions/{transaction_id}/void", status_code=200)
def void_transaction(call: Posts, transaction_id: IdPath, body: NewVoid | None = None) -> TransactionModel:
    """Give back all that a pending transaction holds; of one that is void or expired already, nothing."""
    reason = body.reason if body else None

    def work(tx: Tx) -> TransactionModel | Refused:
        ended = void(tx, transaction_id=ids.decode("txn", transaction_id), reason=reason)
        return ended if isinstance(ended, Refused) else TransactionModel.of(ended)

    return cast(TransactionModel, call.once(work, status=200))
