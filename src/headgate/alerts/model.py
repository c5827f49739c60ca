"""Notifications as data: kinds, recipients, and how a mail stands. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

Kind = Literal["payment_posted", "payment_partial", "payment_reversed"]
Audience = Literal["borrower", "team"]
MailStatus = Literal["waiting", "sending", "sent", "failed", "unknown"]
Outcome = Literal["sent", "deferred", "refused", "unreachable", "unknown"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
EVENTS: Final[dict[str, Kind]] = {
    "payment.posted": "payment_posted",
    "payment.partial": "payment_partial",
    "payment.reversed": "payment_reversed",
}
"""Of which messages somebody is told, and by what kind of notification."""

BORROWERS: Final = "borrowers"
"""Every borrower, each of the payments of its own loans."""
TEAMS: Final = ("team:servicing",)
"""The teams there are without anybody's doing; a tenant names others by giving them a preference."""

TRIES_MAX: Final = 3

_RECIPIENT: Final = re.compile(r"(borrowers|pty_[0-9a-hjkmnp-tv-z]{26}|team:[a-z][a-z0-9_-]{0,39})\Z")


@dataclass(frozen=True, slots=True)
class NotificationView:
    """What somebody was told. `mail` is how its mail stands; None where none goes out."""

    id: str
    kind: Kind
    recipient: str
    title: str
    message: str
    payment_id: str | None
    loan_id: str | None
    email_sent: bool
    mail: MailStatus | None
    tries: int
    read_at: datetime | None
    read_by: str | None
    created_at: datetime


def is_recipient(text: str) -> bool:
    """Whether a text names a team, one borrower by its party's id, or every borrower."""
    return _RECIPIENT.match(text) is not None


def audience_of(recipient: str) -> Audience:
    """Whose words are used for a recipient."""
    return "team" if recipient.startswith("team:") else "borrower"
