"""What becomes of a reservation over HTTP: increased, extended, released."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Path

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.ledger.model import Reservation
from headgate.ledger.reservation_changes import extend, increase, release_part
from headgate.ledger.reservation_documents import NewExtension, NewIncrease, NewRelease, ReservationModel
from headgate.ledger.reservations import release
from headgate.web import Call, money

router = APIRouter()

Reserves = Annotated[Call, money("ledger.reserve")]
IdPath = Annotated[str, Path(max_length=40)]


@router.post("/reservations/{reservation_id}/release", status_code=200)
def release_reservation(call: Reserves, reservation_id: IdPath, body: NewRelease | None = None) -> ReservationModel:
    """Give back what is left of a reservation, or a part; of one that is released or expired already, nothing."""
    amount = body.amount.money() if body and body.amount else None

    def work(tx: Tx) -> ReservationModel | Refused:
        number = ids.decode("rsv", reservation_id)
        if amount is None:
            return _shown(release(tx, number))
        return _shown(release_part(tx, idempotency_key=call.key, reservation_id=number, amount=amount))

    return cast(ReservationModel, call.once(work, status=200))


@router.post("/reservations/{reservation_id}/increase", status_code=200)
def increase_reservation(call: Reserves, reservation_id: IdPath, body: NewIncrease) -> ReservationModel:
    """Set more aside, where it is available."""

    def work(tx: Tx) -> ReservationModel | Refused:
        number = ids.decode("rsv", reservation_id)
        return _shown(increase(tx, idempotency_key=call.key, reservation_id=number, amount=body.amount.money()))

    return cast(ReservationModel, call.once(work, status=200))


@router.post("/reservations/{reservation_id}/extend", status_code=200)
def extend_reservation(call: Reserves, reservation_id: IdPath, body: NewExtension) -> ReservationModel:
    """Hold it for longer."""

    def work(tx: Tx) -> ReservationModel | Refused:
        return _shown(extend(tx, reservation_id=ids.decode("rsv", reservation_id), expires_at=body.expires_at))

    return cast(ReservationModel, call.once(work, status=200))


def _shown(found: Reservation | Refused) -> ReservationModel | Refused:
    return found if isinstance(found, Refused) else ReservationModel.of(found)
