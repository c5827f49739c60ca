"""Values as JSON: one form of money, instants and ids for every answer.

Money is `{"minor": 1250, "currency": "USD"}`, an instant RFC 3339 in UTC with microseconds, a day `2026-11-20`, a
decimal text. Dataclasses are objects of their fields.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from headgate.core.money import MINOR_MAX, Money

CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""A currency of ISO 4217, three capitals."""


class MoneyModel(BaseModel):
    """An amount in whole minor units: `{"minor": 1250, "currency": "USD"}` is twelve dollars and fifty cents."""

    model_config = ConfigDict(extra="forbid", strict=True, title="Money")

    minor: int = Field(ge=-MINOR_MAX, le=MINOR_MAX, description="Minor units, a whole number; 1250 is 12.50 USD")
    currency: CurrencyCode = Field(description="ISO 4217, as USD")

    def money(self) -> Money:
        """The amount. Raises UnknownCurrency."""
        return Money(self.minor, self.currency)

    @classmethod
    def of(cls, amount: Money) -> MoneyModel:
        """The model of an amount."""
        return cls(minor=amount.minor, currency=amount.currency)


def rendered(value: Any) -> str:
    """The value as JSON text. A model writes itself, as it does in an answer that no key keeps."""
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="python")
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
