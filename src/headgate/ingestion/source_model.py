"""A source as one try finds it, and what the try takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from headgate.ingestion.connectors import Item


@dataclass(frozen=True, slots=True)
class Standing:
    """A source as one try finds it. `resting_until`: nothing is tried before then."""

    name: str
    connector: str
    source: str
    place: str
    settings: dict[str, Any]
    every_seconds: int | None
    login: str | None
    secret: str | None = field(repr=False)
    cursor: str | None
    position_no: int
    last_success_at: datetime | None = None
    resting_until: datetime | None = None
    resting_reason: str | None = None


@dataclass(frozen=True, slots=True)
class KeptItem:
    item: Item
    artifact_id: str | None
    refusal: str | None


@dataclass(slots=True)
class Taken:
    """What was committed so far, counted when its transaction is through."""

    items_new: int = 0
    items_known: int = 0
    items_refused: int = 0
    artifact_ids: list[str] = field(default_factory=list)
    newest_at: datetime | None = None
    _pending: tuple[int, int, int, list[str], datetime | None] | None = None

    def will(self, new: Sequence[KeptItem], known: int) -> None:
        """What the open transaction takes."""
        kept = [one.artifact_id for one in new if one.artifact_id is not None]
        newest = max((one.item.occurred_at for one in new if one.item.occurred_at is not None), default=None)
        self._pending = (len(kept), known, len(new) - len(kept), kept, newest)

    def count(self) -> None:
        """It is committed."""
        if self._pending is None:
            return
        new, known, refused, kept, newest = self._pending
        self.items_new += new
        self.items_known += known
        self.items_refused += refused
        self.artifact_ids += kept
        self.newest_at = max((one for one in (self.newest_at, newest) if one is not None), default=None)
        self._pending = None
