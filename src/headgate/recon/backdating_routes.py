"""HTTP: a backdated posting under four eyes."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Path

from headgate import cases, ledger
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.recon.backdating import post_backdated, request_backdating
from headgate.recon.backdating_documents import BackdatedModel, BackdatingRequest
from headgate.web import Call, money, writes

router = APIRouter()
Asks = Annotated[Call, writes("ledger.post")]
Posts = Annotated[Call, money("ledger.post")]
ApprovalId = Annotated[str, Path(max_length=40)]


@router.post("/backdating-requests", status_code=201)
def request_backdated_posting(call: Asks, body: BackdatingRequest) -> cases.Approval:
    """Ask another person to let exactly this posting pass a limit of the past; nothing is posted yet.

    It was refused with `ledger.limit_at_effective_time`. Where anything else stands against it, that is the answer.
    """
    with call.begin() as tx:
        numbers = ledger.resolve_accounts(tx, body.names)
        asked = request_backdating(tx, posting=body.posting(numbers), reason=body.reason)
    return cast(cases.Approval, call.answer(asked, status=201))


@router.post("/backdating-requests/{approval_id}/post", status_code=201)
def post_backdated_posting(call: Posts, approval_id: ApprovalId) -> BackdatedModel:
    """Post what was approved, once; again, the first answer."""

    def work(tx: Tx) -> BackdatedModel | Refused:
        posted = post_backdated(tx, approval_id=approval_id)
        return posted if isinstance(posted, Refused) else BackdatedModel.of(posted, approval_id)

    return cast(BackdatedModel, call.once(work, status=201))
