"""Reservations in JSON: what the HTTP door takes and gives."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from headgate.core import ids
from headgate.ledger.document_parts import AccountName, Description, Instant, Moment, Reference, Request, Word
from headgate.ledger.model import Reservation, ReservationStatus
from headgate.web import MoneyModel


class NewReservation(Request):
    """Money of an account to set aside for `source_ref`, until `expires_at` (for ever where not given)."""

    account: AccountName
    amount: MoneyModel
    reserve_type: Word
    source_ref: Reference
    expires_at: Instant | None = None


class NewIncrease(Request):
    """How much more is set aside."""

    amount: MoneyModel


class NewRelease(Request):
    """How much is given back; all that is left where not given."""

    amount: MoneyModel | None = None


class NewExtension(Request):
    """Until when a reservation holds from now on; for ever where not given."""

    expires_at: Instant | None


class NewCapture(Request):
    """A posting out of a reservation. The reserved account's own side may be left out."""

    amount: MoneyModel
    debit: AccountName | None = None
    credit: AccountName | None = None
    effective_at: Instant | None = None
    source_type: Word | None = None
    source_id: Reference | None = None
    description: Description | None = None
    metadata: dict[str, Any] | None = None


class ReservationModel(BaseModel):
    """A reservation: amount = captured + released + remaining."""

    id: str
    account: str
    amount: MoneyModel
    captured: MoneyModel
    released: MoneyModel
    remaining: MoneyModel
    status: ReservationStatus
    reserve_type: str
    source_ref: str
    expires_at: Moment | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def of(cls, found: Reservation) -> ReservationModel:
        """The model of a reservation."""
        return cls(
            id=ids.encode("rsv", found.id),
            account=ids.encode("acct", found.account_id),
            amount=MoneyModel.of(found.amount),
            captured=MoneyModel.of(found.captured),
            released=MoneyModel.of(found.released),
            remaining=MoneyModel.of(found.remaining),
            status=found.status,
            reserve_type=found.reserve_type,
            source_ref=found.source_ref,
            expires_at=found.expires_at,
            created_at=found.created_at,
            updated_at=found.updated_at,
        )
