"""Payments as whoever is told of them needs to know them: whose loan, how much, when, and what took it back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from headgate.core.db import Tx
from headgate.core.money import Money
from headgate.servicing.model import Channel


@dataclass(frozen=True, slots=True)
class PaymentNotice:
    """A payment and its loan, by what their people call them. `code` and `reason` say what took it back, if anything."""

    payment_id: str
    loan_id: str
    loan: str
    borrower_id: str | None
    amount_minor: int
    currency: str
    received_on: date
    channel: Channel
    code: str | None
    reason: str | None

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


def payment_notices(tx: Tx, payment_ids: Sequence[str]) -> dict[str, PaymentNotice]:
    """Those of these payments that there are, in one query; what this transaction wrote itself is not asked for."""
    kept = _kept(tx)
    found = {number: kept[number] for number in payment_ids if number in kept}
    return found | _asked(tx, [number for number in payment_ids if number not in kept])


def keep_notices(tx: Tx, notices: Iterable[PaymentNotice]) -> None:
    """These payments were written in this transaction: whoever is told of them in it need not ask."""
    _kept(tx).update({notice.payment_id: notice for notice in notices})


def drop_notice(tx: Tx, payment_id: str) -> None:
    """What was kept of a payment holds no more."""
    _kept(tx).pop(payment_id, None)


def _kept(tx: Tx) -> dict[str, PaymentNotice]:
    kept: dict[str, PaymentNotice] = tx.kept.setdefault(__name__, {})
    return kept


def _asked(tx: Tx, payment_ids: Sequence[str]) -> dict[str, PaymentNotice]:
    if not payment_ids:
        return {}
    rows = tx.all(
        """
        SELECT p.id AS payment_id, p.loan_id, n.external_id AS loan, n.borrower_id, p.total_received AS amount_minor,
               p.currency, p.effective_date AS received_on, p.source_channel AS channel, u.code, u.reason
          FROM servicing.payments p
          JOIN servicing.loans n ON n.tenant_id = p.tenant_id AND n.id = p.loan_id
          LEFT JOIN servicing.undoings u ON u.tenant_id = p.tenant_id AND u.payment_id = p.id
         WHERE p.tenant_id = %(tenant)s AND p.id = ANY (%(ids)s)
        """,
        {"tenant": tx.tenant_id, "ids": list(payment_ids)},
        row=PaymentNotice,
    )
    return {row.payment_id: row for row in rows}
