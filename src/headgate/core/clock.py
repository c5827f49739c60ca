"""Real time. A tenant's own time, which a test tenant may move, is `tx.now()`."""

from __future__ import annotations

from datetime import UTC, datetime

from headgate.core.errors import Malformed


def real_now() -> datetime:
    """The real instant, in UTC."""
    return datetime.now(UTC)


def wall_time(text: str) -> datetime:
    """A time that a person wrote, with an offset or without. Raises Malformed."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(f"'{text[:40]}' is no instant: write it as 2026-11-20T17:00:00Z") from None


def instant(text: str) -> datetime:
    """An instant that a person wrote, in UTC. Without an offset it would be another one elsewhere. Raises Malformed."""
    found = wall_time(text)
    if found.tzinfo is None:
        raise Malformed(f"'{text[:40]}' has no time zone: end it with Z or an offset, as -06:00")
    return found.astimezone(UTC)


def maybe_instant(text: str | None) -> datetime | None:
    """An instant, where one is given. Raises Malformed."""
    return instant(text) if text else None
