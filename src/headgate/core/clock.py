"""Real time. A tenant's own time, which a test tenant may move, is `tx.now()`."""

from __future__ import annotations

from datetime import UTC, datetime


def real_now() -> datetime:
    """The real instant, in UTC."""
    return datetime.now(UTC)
