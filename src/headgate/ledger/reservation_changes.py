"""A reservation before its end: more set aside, a part given back, held for longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import arrays
from headgate.ledger.errors import CONFLICT, IdempotencyConflict, refusal
from headgate.ledger.model import Reservation
from headgate.ledger.reservations import get_reservation


def increase(tx: Tx, *, idempotency_key: str, reservation_id: int, amount: Money) -> Reservation | Refused:
    """Set that much more aside for a reservation, where it is available; once a key.

    A known key moves nothing, and gives the reservation as it stands by now, `replayed`.
    Raises ReservationNotFound, IdempotencyConflict, MalformedBatch.
    """
    return _change(tx, idempotency_key, reservation_id, "increased", amount)


def release_part(tx: Tx, *, idempotency_key: str, reservation_id: int, amount: Money) -> Reservation | Refused:
    """Give that much of a reservation back, once a key, as `increase`; `release` gives back all that is left.

    Raises ReservationNotFound, IdempotencyConflict, MalformedBatch.
    """
    return _change(tx, idempotency_key, reservation_id, "released", amount)


def extend(tx: Tx, *, reservation_id: int, expires_at: datetime | None) -> Reservation | Refused:
    """Let a reservation hold until a later time, None: for ever. To the time that it has, nothing happens.

    Raises ReservationNotFound, MalformedBatch.
    """
    arrays.instants([expires_at])
    code = tx.value(
        "SELECT ledger.extend_reservation(%(id)s, coalesce(%(expires_at)s::timestamptz, 'infinity'))",
        {"id": reservation_id, "expires_at": expires_at},
    )
    held = get_reservation(tx, reservation_id)
    if code == 0:
        return held
    until = held.expires_at.isoformat() if held.expires_at else "for ever"
    return refusal(code, {"reservation": reservation_id, "reservation_status": held.status, "expires_at": until})


def _change(
    tx: Tx, key: str, reservation_id: int, kind: Literal["increased", "released"], amount: Money
) -> Reservation | Refused:
    arrays.texts([key])
    get_reservation(tx, reservation_id)
    row = tx.one(
        """
        SELECT code, replayed, facts
          FROM ledger.change_reservation(%(key)s, %(reservation)s, %(kind)s, %(amount)s, %(currency)s)
        """,
        {
            "key": key,
            "reservation": reservation_id,
            "kind": kind,
            "amount": amount.minor,
            "currency": amount.currency,
        },
    )
    if row["code"] == CONFLICT:
        raise IdempotencyConflict(
            f"the idempotency key {key} stands for another request: use a new key", idempotency_key=key
        )
    if row["code"] != 0:
        return refusal(row["code"], row["facts"], row["replayed"])
    return replace(get_reservation(tx, reservation_id), replayed=row["replayed"])
