"""A backdated posting in JSON: what is asked for, and what was posted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from headgate import ledger
from headgate.core import ids
from headgate.ledger import Posted
from headgate.web import MoneyModel


def _text(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("write an instant as text, as 2026-11-20T12:00:00Z")
    return value


def _in_calendar(value: datetime) -> datetime:
    # Every day of these years is a day in every time zone, so that whatever is written can be read again.
    if not 2 <= value.year <= 9998:
        raise ValueError("the book's calendar goes from the year 2 to 9998")
    return value


Name = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]


class BackdatedEntry(BaseModel):
    """An amount from one account to another, each by code or id."""

    model_config = ConfigDict(extra="forbid")

    debit: Name
    credit: Name
    amount: MoneyModel


class BackdatingRequest(BaseModel):
    """A posting for a time in the past that a limit stands against, and why it should be made all the same."""

    model_config = ConfigDict(extra="forbid")

    idempotency_key: Annotated[str, StringConstraints(strict=True, pattern=r"^[!-~]{1,255}$")] = Field(
        description="The posting's own; not that of the posting that was refused, whose answer stays"
    )
    entries: list[BackdatedEntry] = Field(min_length=1, max_length=1000)
    effective_at: Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_calendar)]
    source_type: Name | None = None
    source_id: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)] | None = None
    description: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)] | None = None
    metadata: dict[str, Any] | None = None
    reason: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _names_a_whole_source(self) -> Self:
        if (self.source_type is None) != (self.source_id is None):
            raise ValueError("a source has a type and an id: give source_type and source_id, or neither")
        return self

    @property
    def names(self) -> list[int | str]:
        """Every account that it names."""
        return [name for entry in self.entries for name in (entry.debit, entry.credit)]

    def posting(self, numbers: Mapping[int | str, int]) -> ledger.Posting:
        """The posting, its accounts by their numbers. Raises UnknownCurrency."""
        return ledger.Posting(
            self.idempotency_key,
            [ledger.Entry(numbers[one.debit], numbers[one.credit], one.amount.money()) for one in self.entries],
            self.effective_at,
            self.source_type,
            self.source_id,
            self.description,
            self.metadata,
        )


class BackdatedModel(BaseModel):
    """A posting that was made under an approval; `/v1/ledger/transactions/{transaction_id}` shows it."""

    transaction_id: str
    approval_id: str
    replayed: bool

    @classmethod
    def of(cls, posted: Posted, approval_id: str) -> BackdatedModel:
        """The model of a posting under this approval."""
        return cls(
            transaction_id=ids.encode("txn", posted.transaction_id), approval_id=approval_id, replayed=posted.replayed
        )
