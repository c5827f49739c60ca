"""Groups of reservations, in JSON."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from headgate.ledger.bulk_documents import refuse_half_a_source
from headgate.ledger.document_parts import AccountName, Description, Instant, Reference, Word
from headgate.web import MoneyModel

GROUP_MAX: Final = 1000
ReservationId = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=40)]


class CapturePart(BaseModel):
    """A reservation, and how much of it is posted."""

    model_config = ConfigDict(extra="forbid")

    reservation_id: ReservationId
    amount: MoneyModel


class NewGroupCapture(BaseModel):
    """Postings out of several reservations, all or none. The reserved accounts' own side may be left out."""

    model_config = ConfigDict(extra="forbid")

    parts: list[CapturePart] = Field(min_length=1, max_length=GROUP_MAX)
    debit: AccountName | None = None
    credit: AccountName | None = None
    effective_at: Instant | None = None
    source_type: Word | None = None
    source_id: Reference | None = None
    description: Description | None = None
    metadata: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _names_a_whole_source(self) -> Self:
        refuse_half_a_source(self.source_type, self.source_id)
        return self


class NewGroupRelease(BaseModel):
    """Reservations of which all that is left is given back."""

    model_config = ConfigDict(extra="forbid")

    reservation_ids: list[ReservationId] = Field(min_length=1, max_length=GROUP_MAX)
