"""Payments that stand under a key or a provider's transfer, and what else is asked once their loans are locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, LiteralString

from headgate.core import arrays
from headgate.core.db import Asked, Tx
from headgate.servicing import refusing
from headgate.servicing.loading import LoanRow, asked_locked, by_name
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


@dataclass(frozen=True, slots=True)
class Before:
    """What payments meet: their loans by every name, locked, and by key and by transfer what stands or was refused then."""

    loans: Mapping[str, LoanRow]
    now: datetime
    by_key: Mapping[str, Known]
    by_transfer: Mapping[tuple[str, str], Known]
    refused: Mapping[str, Mapping[str, Any]]


def lock_and_look(tx: Tx, payments: Sequence[NewPayment]) -> Before:
    """Lock the loans of these payments, and see what there is of them. One round trip: each query sees what the lock let come."""
    loans, [clock], known, refused = tx.gather(
        asked_locked({payment.loan_id for payment in payments}),
        ("SELECT tenants.now() AS now", None, None),
        asked(payments),
        refusing.asked(payments),
    )
    by_key, by_transfer = read(known)
    return Before(by_name(loans), clock["now"], by_key, by_transfer, refusing.read(refused))


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
