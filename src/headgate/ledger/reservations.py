"""Reservations: money set aside, captured in parts into postings, released or expired."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, LiteralString

from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import arrays
from headgate.ledger.errors import IdempotencyConflict, MalformedBatch, ReservationNotFound, refusal
from headgate.ledger.model import BATCH_MAX, Capture, Posted, Reservation, ReservationRequest
from headgate.ledger.posting import answers, facts_of, raised_on_conflict

_SELECT: LiteralString = """
    SELECT id, account_id, amount_minor, captured_minor, released_minor, remaining_minor, currency,
           -- An overdue one counts no more, marked or not; it is shown as what it is worth.
           CASE WHEN status = 'active' AND expires_at <= (SELECT tenants.now()) THEN 'expired' ELSE status END
             AS status,
           reserve_type, source_ref, nullif(expires_at, 'infinity') AS expires_at, created_at, updated_at
      FROM ledger.reservations
"""


def reserve(
    tx: Tx,
    *,
    idempotency_key: str,
    account: int,
    amount: Money,
    reserve_type: str,
    source_ref: str,
    expires_at: datetime | None = None,
) -> Reservation | Refused:
    """Set money of an account aside, where that much is available. Raises MalformedBatch, IdempotencyConflict.

    A known key gives its reservation again, as it stands by now.
    """
    request = ReservationRequest(idempotency_key, account, amount, reserve_type, source_ref, expires_at)
    found = reserve_many(tx, [request], atomic=False)[0]
    if isinstance(found, Refused) and found.code == IdempotencyConflict.code:
        raise IdempotencyConflict(
            f"the idempotency key {idempotency_key} stands for another reservation: use a new key",
            idempotency_key=idempotency_key,
        )
    return found


def reserve_many(tx: Tx, requests: Sequence[ReservationRequest], atomic: bool = True) -> list[Reservation | Refused]:
    """Set money aside for up to 10,000 requests in one round trip: all or none, unless `atomic` is false.

    Where one of an atomic batch is refused, so are the others (`ledger.batch_refused`), each under its key.
    Raises MalformedBatch; IdempotencyConflict where `atomic` (else it is answered in its place).
    """
    if not requests:
        return []
    _check_size(requests)
    row = tx.one(
        """
        SELECT codes, ids, replayed, facts
          FROM ledger.reserve_many(%(keys)s, %(accounts)s, %(amounts)s, %(currencies)s, %(reserve_types)s,
                                   %(source_refs)s, %(expires_at)s, %(atomic)s)
        """,
        {
            "keys": arrays.texts([request.idempotency_key for request in requests]),
            "accounts": arrays.numbers(request.account for request in requests),
            "amounts": arrays.numbers(request.amount.minor for request in requests),
            "currencies": arrays.texts([request.amount.currency for request in requests]),
            "reserve_types": arrays.texts([request.reserve_type for request in requests]),
            "source_refs": arrays.texts([request.source_ref for request in requests]),
            "expires_at": arrays.instants([request.expires_at for request in requests]),
            "atomic": atomic,
        },
    )
    given = list(zip(requests, row["codes"], row["ids"], row["replayed"], strict=True))
    fresh = [number for _, code, number, again in given if code == 0 and not again]
    # What was made now is known but for its time, which is one for all; what stood before is as it has become.
    standing = _standing(tx, [number for _, code, number, again in given if code == 0 and again] + fresh[:1])
    made_at = standing[fresh[0]]["created_at"] if fresh else None
    figures = row["facts"] or [None] * len(requests)
    return [
        refusal(code, facts, again)
        if code != 0
        else _reservation(standing[number], again)
        if again
        else _made(request, number, made_at)
        for (request, code, number, again), facts in zip(given, figures, strict=True)
    ]


def capture(
    tx: Tx,
    *,
    idempotency_key: str,
    reservation_id: int,
    amount: Money,
    debit: int,
    credit: int,
    effective_at: datetime | None = None,
    source_type: str | None = None,
    source_id: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Posted | Refused:
    """Post out of a reservation, the whole or a part. Never more than is left of it, whoever else captures.

    Raises MalformedBatch, IdempotencyConflict.
    """
    one = Capture(
        idempotency_key,
        reservation_id,
        amount,
        debit,
        credit,
        effective_at,
        source_type,
        source_id,
        description,
        metadata,
    )
    return raised_on_conflict(capture_many(tx, [one])[0], idempotency_key)


def capture_many(tx: Tx, captures: Sequence[Capture], atomic: bool = False) -> list[Posted | Refused]:
    """Capture up to 10,000 times in one round trip, each by itself or all or none; also several of one reservation.

    Raises MalformedBatch; IdempotencyConflict where `atomic` (else it is answered in its place).
    """
    if not captures:
        return []
    _check_size(captures)
    row = tx.one(
        """
        SELECT codes, ids, replayed, facts
          FROM ledger.capture_many(%(keys)s, %(reservations)s, %(debits)s, %(credits)s, %(amounts)s, %(currencies)s,
                                   %(effective_at)s, %(source_types)s, %(source_ids)s, %(descriptions)s, %(metadata)s,
                                   %(atomic)s)
        """,
        {
            "reservations": arrays.numbers(one.reservation_id for one in captures),
            "debits": arrays.numbers(one.debit for one in captures),
            "credits": arrays.numbers(one.credit for one in captures),
            "amounts": arrays.numbers(one.amount.minor for one in captures),
            "currencies": arrays.texts([one.amount.currency for one in captures]),
            "atomic": atomic,
        }
        | facts_of(captures),
    )
    return answers(row)


def release(tx: Tx, reservation_id: int) -> Reservation | Refused:
    """Give back what is left of a reservation. Released or expired already: nothing happens. Captured: refused.

    Raises ReservationNotFound.
    """
    return release_many(tx, [reservation_id])[0]


def release_many(tx: Tx, reservation_ids: Sequence[int]) -> list[Reservation | Refused]:
    """Give back what is left of reservations, each as `release` does; the answers come in their order."""
    if not reservation_ids:
        return []
    codes = tx.value("SELECT ledger.release_many(%(ids)s)", {"ids": arrays.numbers(reservation_ids)})
    standing = _standing(tx, reservation_ids)
    for number in reservation_ids:
        if number not in standing:
            raise ReservationNotFound(f"there is no reservation {number}", reservation=number)
    return [
        _reservation(standing[number])
        if code == 0
        else refusal(code, {"reservation": number, "reservation_status": standing[number]["status"]})
        for number, code in zip(reservation_ids, codes, strict=True)
    ]


def expire_due(tx: Tx) -> int:
    """Mark every reservation that is overdue on the tenant's clock; says how many. They counted no more before."""
    return int(tx.value("SELECT ledger.expire_due()"))


def get_reservation(tx: Tx, reservation_id: int) -> Reservation:
    """One reservation. Raises ReservationNotFound."""
    row = tx.maybe(_SELECT + " WHERE id = %(id)s", {"id": reservation_id})
    if row is None:
        raise ReservationNotFound(f"there is no reservation {reservation_id}", reservation=reservation_id)
    return _reservation(row)


def get_reservations(tx: Tx, reservation_ids: Sequence[int]) -> list[Reservation]:
    """Reservations in the order of their numbers given, in one look-up. Raises ReservationNotFound."""
    standing = _standing(tx, reservation_ids)
    for number in reservation_ids:
        if number not in standing:
            raise ReservationNotFound(f"there is no reservation {number}", reservation=number)
    return [_reservation(standing[number]) for number in reservation_ids]


def list_reservations(
    tx: Tx,
    *,
    account: int | None = None,
    status: str | None = None,
    source_ref: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Reservation]:
    """Reservations, newest first, before the number `before`."""
    rows = tx.all(
        "SELECT * FROM ("  # noqa: S608 - constants of this module, no value of a caller
        + _SELECT
        + """
         WHERE (%(account)s::bigint IS NULL OR account_id = %(account)s)
           AND (%(source_ref)s::text IS NULL OR source_ref = %(source_ref)s)
           AND (%(before)s::bigint IS NULL OR id < %(before)s)) AS shown
         WHERE %(status)s::text IS NULL OR status = %(status)s
         ORDER BY id DESC LIMIT %(limit)s
        """,
        {"account": account, "status": status, "source_ref": source_ref, "before": before, "limit": limit},
    )
    return [_reservation(row) for row in rows]


def _standing(tx: Tx, numbers: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = tx.all(_SELECT + " WHERE id = ANY (%(ids)s::bigint[])", {"ids": arrays.numbers(numbers)})
    return {row["id"]: row for row in rows}


def _reservation(row: Mapping[str, Any], replayed: bool = False) -> Reservation:
    currency = row["currency"]
    return Reservation(
        id=row["id"],
        account_id=row["account_id"],
        amount=Money(row["amount_minor"], currency),
        captured=Money(row["captured_minor"], currency),
        released=Money(row["released_minor"], currency),
        remaining=Money(row["remaining_minor"], currency),
        status=row["status"],
        reserve_type=row["reserve_type"],
        source_ref=row["source_ref"],
        expires_at=row["expires_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        replayed=replayed,
    )


def _made(request: ReservationRequest, number: int, made_at: Any) -> Reservation:
    amount, nothing = request.amount, Money(0, request.amount.currency)
    return Reservation(
        id=number,
        account_id=request.account,
        amount=amount,
        captured=nothing,
        released=nothing,
        remaining=amount,
        status="active",
        reserve_type=request.reserve_type,
        source_ref=request.source_ref,
        expires_at=request.expires_at,
        created_at=made_at,
        updated_at=made_at,
        replayed=False,
    )


def _check_size(requests: Sequence[object]) -> None:
    if len(requests) > BATCH_MAX:
        raise MalformedBatch(f"a batch takes {BATCH_MAX:,} at most; this has {len(requests):,}")
