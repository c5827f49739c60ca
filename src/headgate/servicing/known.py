"""Payments that stand under a key or a provider's transfer, and what else is asked once their loans are locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, LiteralString

from headgate.core import arrays
from headgate.core.db import Asked, Tx
from headgate.servicing import refusing
from headgate.servicing.model import Channel, Instruction, NewPayment, PaymentStatus


@dataclass(frozen=True, slots=True)
class Known:
    """A payment that stands under a key or a transfer."""

    id: str
    loan_id: str
    external_id: str
    idempotency_key: str
    provider_transfer_id: str | None
    source_channel: Channel
    effective_date: date
    currency: str
    total_received: int
    status: PaymentStatus
    instruction: Instruction
    policy_version_no: int
    principal: int
    interest: int
    fee: int
    escrow: int
    suspense: int


_SELECT: Final[LiteralString] = """
    SELECT p.id, p.loan_id, n.external_id, p.idempotency_key, p.provider_transfer_id, p.source_channel, p.effective_date,
           p.currency, p.total_received, p.status, p.instruction, p.policy_version_no, p.principal, p.interest, p.fee, p.escrow,
           p.suspense
      FROM servicing.payments p
      JOIN servicing.loans n ON n.tenant_id = p.tenant_id AND n.id = p.loan_id
     WHERE p.idempotency_key = ANY (%(keys)s::text[]) OR p.provider_transfer_id = ANY (%(transfers)s::text[])
     ORDER BY p.id DESC
"""


def before(
    tx: Tx, payments: Sequence[NewPayment]
) -> tuple[datetime, dict[str, Known], dict[tuple[str, str], Known], dict[str, dict[str, Any]]]:
    """Now that the loans are locked: the hour, what stands by key and by transfer, what was refused. One round trip."""
    [clock], known, refused = tx.gather(
        ("SELECT tenants.now() AS now", None, None), asked(payments), refusing.asked(payments)
    )
    by_key, by_transfer = read(known)
    return clock["now"], by_key, by_transfer, refusing.read(refused)


def asked(payments: Sequence[NewPayment]) -> Asked:
    keys = [payment.idempotency_key for payment in payments]
    transfers = [payment.provider_transfer_id for payment in payments if payment.provider_transfer_id]
    return _SELECT, {"keys": arrays.texts(keys), "transfers": arrays.texts(transfers)}, Known


def read(rows: Sequence[Known]) -> tuple[dict[str, Known], dict[tuple[str, str], Known]]:
    """Payments that stand, by their keys, and by the transfers of their channel."""
    by_transfer: dict[tuple[str, str], Known] = {
        (row.source_channel, row.provider_transfer_id): row for row in rows if row.provider_transfer_id
    }
    return {row.idempotency_key: row for row in rows}, by_transfer
