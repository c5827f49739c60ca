"""An operator lets go of money that is reserved: once, and never of money that has left."""

from __future__ import annotations

from headgate import ledger
from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.funding.errors import ReservationCaptured


def release_reservation(tx: Tx, *, reservation_id: int | str) -> ledger.Reservation:
    """Give back what is left of a reservation, by its number or its id (`rsv_…`); released or expired already: a no-op.

    The payment that it was for is judged again by the pay gate. Raises ReservationNotFound, ReservationCaptured.
    """
    number = reservation_id if isinstance(reservation_id, int) else ids.decode("rsv", reservation_id)
    released = ledger.release(tx, number)
    if isinstance(released, Refused):
        raise ReservationCaptured(f"reservation {ids.encode('rsv', number)} was captured: its money has left")
    return released
