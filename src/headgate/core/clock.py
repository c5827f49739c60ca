"""Real time. A tenant's own time, which a test tenant may move, is `tx.now()`."""

from __future__ import annotations

from datetime import UTC, datetime

from headgate.core.errors import Malformed


def real_now() -> datetime:
    """The real instant, in UTC."""
    return datetime.now(UTC)


def instant(text: str) -> datetime:
    """An instant that a person wrote. Raises Malformed."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed(f"'{text[:40]}' is no instant: write it as 2026-11-20T12:00:00+00:00") from error


def maybe_instant(text: str | None) -> datetime | None:
    """An instant, where one is given. Raises Malformed."""
    return instant(text) if text else None
