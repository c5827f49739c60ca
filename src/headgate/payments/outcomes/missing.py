"""Orders that left and of which nobody says anything: once their bank's time has run out, each is a case until it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from headgate import cases
from headgate.core.db import Tx

CATEGORY = "settlement_missing"


@dataclass(frozen=True, slots=True)
class _Silent:
    """An order that nothing was heard of."""

    order_id: str
    subject_id: str
    payment_id: str | None
    amount_minor: int
    currency: str
    ach_file_id: str | None
    heard_by: datetime


def open_missing(tx: Tx) -> int | None:
    """A case for each payment and debit that its bank should have spoken of by now, once each; how many are new."""
    silent = tx.all(
        """
        SELECT order_id, subject_id, payment_id, amount_minor, currency, ach_file_id, heard_by
          FROM payments.unheard
         WHERE tenant_id = %(tenant)s AND heard_by < %(now)s AND NOT has_case
         ORDER BY order_id
        """,
        {"tenant": tx.tenant_id, "now": tx.now()},
        row=_Silent,
    )
    cases.open_cases(
        tx,
        [
            cases.NewCase(
                key=key_of(one.order_id),
                category=CATEGORY,
                payment_id=one.payment_id,
                detail={
                    "order_id": one.order_id,
                    "subject_id": one.subject_id,
                    "amount_minor": one.amount_minor,
                    "currency": one.currency,
                    "ach_file_id": one.ach_file_id,
                    "heard_by": one.heard_by.isoformat(),
                    "next": "ask the bank what became of it, and have it send its statement or return again",
                },
            )
            for one in silent
        ],
    )
    return len(silent) or None


def end_missing(tx: Tx, order_ids: Sequence[str]) -> int:
    """These were heard of after all: their cases end; how many had one."""
    keys = [key_of(one) for one in order_ids]
    return cases.end_answered(tx, keys=keys, resolution="the bank said late what became of it")


def key_of(order_id: str) -> str:
    """The key of an order's case."""
    return f"{CATEGORY}:{order_id}"
