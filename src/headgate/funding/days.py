"""When what a bank booked on a day happened, as an instant of the legal entity's own day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from headgate import tenants
from headgate.core.db import Tx
from headgate.ingestion import StatementLine

_NOON = time(12)


def booked_at(tx: Tx, day: date, *, legal_entity_id: str | None) -> datetime:
    """Noon of that day where the legal entity is (in UTC for money of nobody yet): a bank's day has no hour.

    Noon is as far from both ends of the day as can be, so that a reader in a neighbouring zone sees the same day. A bank's
    day may begin before that of the legal entity (Fedwire's begins at 21:00 of the evening before): what is booked on a
    day that has begun in UTC is there, at the end of the legal entity's own day. Whoever asks again then gets the same.
    """
    zone = ZoneInfo(tenants.legal_entity(tx, legal_entity_id).time_zone) if legal_entity_id else UTC
    now = tx.now()
    if now.astimezone(zone).date() < day <= now.astimezone(UTC).date():
        return datetime.combine(day, time.min, zone) - timedelta.resolution
    return datetime.combine(day, _NOON, zone)


def booked_on(tx: Tx, line: StatementLine) -> date:
    """The day on which a bank booked a line; where it says none, the value date, else today in UTC."""
    return line.booked_on or line.value_on or tx.now().astimezone(UTC).date()
