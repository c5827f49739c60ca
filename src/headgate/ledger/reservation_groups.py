"""Reservations in groups: several captured together into postings of their own, or given back together; all or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from headgate.core import ids
from headgate.core.db import Tx
from headgate.core.errors import Refused
from headgate.core.money import Money
from headgate.ledger import arrays
from headgate.ledger.accounts import resolve_accounts
from headgate.ledger.errors import MalformedBatch
from headgate.ledger.model import DEBIT_NORMAL, Capture, Posted, Reservation
from headgate.ledger.reservations import capture_many, release_many

_BATCH_REFUSED = "ledger.batch_refused"


def capture_group(
    tx: Tx,
    *,
    idempotency_key: str,
    parts: Sequence[tuple[Reservation, Money]],
    debit: str | None = None,
    credit: str | None = None,
    effective_at: datetime | None = None,
    source_type: str | None = None,
    source_id: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> list[Posted] | Refused:
    """Post that much out of each reservation, all or none; the answers come in their order.

    `debit` and `credit` are codes or ids; the side that is left out is the reserved account's, which money leaves. Each
    of several has a key of its own: the one given and the reservation's id. Where one is refused, the answer is its
    refusal. Raises MalformedBatch, AccountNotFound, IdempotencyConflict.
    """
    if len({held.id for held, _ in parts}) < len(parts):
        raise MalformedBatch("a reservation is named twice")
    numbers = resolve_accounts(tx, [name for name in (debit, credit) if name])
    found = tx.all(
        "SELECT id, type FROM ledger.accounts WHERE id = ANY (%(ids)s::bigint[])",
        {"ids": arrays.numbers({held.account_id for held, _ in parts})},
    )
    types = {row["id"]: row["type"] for row in found}
    captures = []
    for held, amount in parts:
        of_debit, of_credit = numbers.get(debit or ""), numbers.get(credit or "")
        if types[held.account_id] in DEBIT_NORMAL:
            of_credit = of_credit or held.account_id
        else:
            of_debit = of_debit or held.account_id
        if of_debit is None or of_credit is None:
            raise MalformedBatch("name the account that the captured money goes to: debit or credit")
        key = idempotency_key if len(parts) == 1 else f"{idempotency_key}:{ids.encode('rsv', held.id)}"
        captures.append(
            Capture(
                key,
                held.id,
                amount,
                of_debit,
                of_credit,
                effective_at,
                source_type,
                source_id,
                description,
                metadata,
            )
        )
    done = capture_many(tx, captures, atomic=True)
    refused = [one for one in done if isinstance(one, Refused)]
    if refused:
        return next((one for one in refused if one.code != _BATCH_REFUSED), refused[0])
    return [one for one in done if isinstance(one, Posted)]


def release_group(tx: Tx, reservation_ids: Sequence[int]) -> list[Reservation] | Refused:
    """Give back what is left of reservations, all or none; of those released or expired already, nothing.

    Where one was captured, its refusal is the answer. Raises ReservationNotFound.
    """
    try:
        with tx.savepoint():
            done: list[Reservation] = []
            for one in release_many(tx, reservation_ids):
                if isinstance(one, Refused):
                    raise _Undo(one)
                done.append(one)
    except _Undo as undone:
        return undone.refused
    return done


class _Undo(Exception):
    """Carries a refusal out of the savepoint that is undone."""

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
