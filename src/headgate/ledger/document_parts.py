"""What the ledger's document modules share: the words, instants and days that its JSON is made of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from headgate.ledger.model import YEARS


def _text(value: Any) -> Any:
    if not isinstance(value, str | datetime):
        raise ValueError("write an instant as text, as 2026-11-20T12:00:00Z")
    return value


def _day_or_instant(value: Any) -> Any:
    text = _text(value)
    if isinstance(text, str):
        return date.fromisoformat(text) if len(text) == len("2026-11-20") else datetime.fromisoformat(text)
    return text


def _in_calendar(value: datetime) -> datetime:
    if value.year not in YEARS:
        raise ValueError(f"the book's calendar goes from the year {YEARS[0]} to {YEARS[-1]}")
    return value


@lru_cache(maxsize=1024)
def _written(instant: datetime) -> str:
    """An instant in UTC with microseconds. What is answered together was often recorded together."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


AccountName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]
"""An account by its code or its id."""
Instant = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(_in_calendar)]
"""RFC 3339 with an offset."""
DayOrInstant = Annotated[
    Annotated[date, Field(strict=False)] | AwareDatetime,
    BeforeValidator(_day_or_instant),
    WithJsonSchema({"type": "string", "examples": ["2026-11-20", "2026-11-20T12:00:00Z"]}),
]
"""An instant with an offset, or a day: its end."""
Moment = Annotated[
    datetime,
    PlainSerializer(_written),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in an answer, in UTC with microseconds: the same text whether it was read or posted."""
Word = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=100)]
Reference = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]
EntryNumber = Annotated[int, Field(strict=True, ge=1, lt=2**14)]
Version = Annotated[int, Field(strict=True, ge=0, lt=2**63)]
Description = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1000)]


class Request(BaseModel):
    """What is asked for: a word that is not known is refused."""

    model_config = ConfigDict(extra="forbid")
