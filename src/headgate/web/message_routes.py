"""`/v1/messaging`: the messages that were given up, and trying them again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from headgate import messaging
from headgate.core import ids
from headgate.messaging import DeadLetter
from headgate.web.calls import Call, reads, writes
from headgate.web.models import DeadLetterModel, RequeuedModel, RequeueModel
from headgate.web.paging import Page, PageOf, page_of

router = APIRouter(prefix="/v1/messaging", tags=["messaging"])
Reads = Annotated[Call, reads("messaging.read")]
Requeues = Annotated[Call, writes("messaging.requeue")]


@router.get("/dead-letters")
def list_dead_letters(call: Reads, page: Page, requeued: bool = False) -> PageOf[DeadLetterModel]:
    """The messages that were given up, oldest first; those that were requeued only where asked for."""
    with call.begin() as tx:
        rows = messaging.dead_letters(tx, after=page.after(int) or 0, limit=page.limit + 1, requeued=requeued)
    return page_of(page, rows, key=lambda row: row.number, row=_shown)


@router.post("/dead-letters/requeue")
def requeue_dead_letters(call: Requeues, body: RequeueModel) -> list[RequeuedModel]:
    """Try again what a query finds, at most 500: status:dead consumer:funding.deposits age:<1d."""
    with call.begin() as tx:
        numbers = messaging.requeue_found(tx, body.query)
    return [RequeuedModel(id=ids.encode("dlt", number)) for number in numbers]


@router.post("/dead-letters/{dead_letter_id}/requeue")
def requeue_dead_letter(call: Requeues, dead_letter_id: str) -> RequeuedModel:
    """Try a message again, from its first attempt."""
    number = ids.decode("dlt", dead_letter_id)
    with call.begin() as tx:
        messaging.requeue(tx, number)
    return RequeuedModel(id=dead_letter_id)


def _shown(letter: DeadLetter) -> DeadLetterModel:
    return DeadLetterModel(
        id=letter.id,
        consumer=letter.consumer,
        event_type=letter.event_type,
        aggregate_type=letter.aggregate_type,
        aggregate_id=letter.aggregate_id,
        correlation_id=letter.correlation_id,
        attempt_count=letter.attempt_count,
        last_error=letter.last_error,
        dead_at=letter.dead_at,
        requeued_at=letter.requeued_at,
    )
