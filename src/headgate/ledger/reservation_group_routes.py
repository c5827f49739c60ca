"""Several reservations in one request: captured together, or given back together; all or none."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ledger.documents import TransactionModel
from headgate.ledger.queries import transactions_by_number
from headgate.ledger.reservation_documents import ReservationModel
from headgate.ledger.reservation_group_documents import NewGroupCapture, NewGroupRelease
from headgate.ledger.reservation_groups import capture_group, release_group
from headgate.ledger.reservations import get_reservations
from headgate.web import Call, money

router = APIRouter()

Posts = Annotated[Call, money("ledger.post")]
Reserves = Annotated[Call, money("ledger.reserve")]


@router.post("/reservations/capture", status_code=201)
def capture_reservations(call: Posts, body: NewGroupCapture) -> list[TransactionModel]:
    """Post out of several reservations, of each the whole or a part, all or none: a transaction each, in their order.

    Each has a key of its own: the Idempotency-Key, a colon and the reservation's id.
    """

    def work(tx: Tx) -> list[TransactionModel] | Refused:
        held = get_reservations(tx, [ids.decode("rsv", part.reservation_id) for part in body.parts])
        done = capture_group(
            tx,
            idempotency_key=call.key,
            parts=[(one, part.amount.money()) for one, part in zip(held, body.parts, strict=True)],
            debit=body.debit,
            credit=body.credit,
            effective_at=body.effective_at,
            source_type=body.source_type,
            source_id=body.source_id,
            description=body.description,
            metadata=body.metadata,
        )
        if isinstance(done, Refused):
            return done
        found = transactions_by_number(tx, [one.transaction_id for one in done])
        return [TransactionModel.of(found[one.transaction_id]) for one in done]

    return cast(list[TransactionModel], call.once(work, status=201))


@router.post("/reservations/release", status_code=200)
def release_reservations(call: Reserves, body: NewGroupRelease) -> list[ReservationModel]:
    """Give back what is left of several reservations, all or none; of those released or expired already, nothing.

    One that was captured refuses them all.
    """

    def work(tx: Tx) -> list[ReservationModel] | Refused:
        done = release_group(tx, [ids.decode("rsv", name) for name in body.reservation_ids])
        return done if isinstance(done, Refused) else [ReservationModel.of(one) for one in done]

    return cast(list[ReservationModel], call.once(work, status=200))
