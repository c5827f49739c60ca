"""Many transactions in one request."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter

from headgate.core.errors import Refused
from headgate.ledger.bulk import post_rows
from headgate.ledger.bulk_documents import BulkAnswers, NewBulk, answers_of
from headgate.web import Call, writes

router = APIRouter()

Posts = Annotated[Call, writes("ledger.post")]


@router.post("/transactions/bulk", status_code=200)
def post_transactions(call: Posts, body: NewBulk) -> BulkAnswers:
    """Post up to 1,000 transactions, 10,000 entries together, in a body of at most 8 MiB; the answers come in order.

    Each has its own key, so a header Idempotency-Key is not needed and changes nothing: the same request again gives
    every transaction's first answer again. The status is 200 whatever became of them, since the request was done;
    each answer has the status and the problem that its transaction would have got alone. With `atomic` it is 200 where
    all stand, else the problem of the one that was refused, whose `facts` name its `position` and `refused_key`, and
    nothing was posted. A body that cannot be read is refused whole, with every fault by its position and field.
    """
    with call.begin() as tx:
        done = post_rows(tx, [(one.idempotency_key, one) for one in body.transactions], atomic=body.atomic)
    if isinstance(done, Refused):
        return cast(BulkAnswers, call.answer(done))
    shown = answers_of(done, atomic=body.atomic, request_id=call.correlation_id)
    return cast(BulkAnswers, call.answer(shown))
