"""The list of what teams were told, by kind, by who was told and by whether anybody has read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from headgate.alerts.errors import NoSuchNotification
from headgate.alerts.model import KINDS, NotificationView
from headgate.core import terms
from headgate.core.listing import Listing

TERMS: Final = {
    "read": terms.Term("choice", ("yes", "no")),
    "kind": terms.Term("choice", KINDS),
    "to": terms.Term("choice", ("teams", "borrowers")),
    "mail": terms.Term("choice", ("none", "waiting", "sending", "sent", "failed", "unknown")),
    "recipient": terms.Term("word"),
    "loan": terms.Term("word"),
    "age": terms.Term("age"),
}


@dataclass(frozen=True, slots=True)
class NotificationTotal:
    """How many a query finds, and how many of them nobody has read."""

    count: int
    unread: int
    undelivered: int


_FROM = """
  FROM alerts.notifications n
  LEFT JOIN alerts.mails m ON m.tenant_id = n.tenant_id AND m.notification_id = n.id
"""

ROWS: Final = (
    """
SELECT n.id, n.kind, n.recipient, n.title, n.message, n.payment_id, n.loan_id, n.email_sent, m.status AS mail,
       coalesce(m.tries, 0) AS tries, n.read_at, n.read_by, n.created_at
"""
    + _FROM
)

_IDS = "SELECT n.id" + _FROM

_TOTALS = (
    """
SELECT count(*) AS count, count(*) FILTER (WHERE n.read_at IS NULL) AS unread,
       count(*) FILTER (WHERE m.status IN ('failed', 'unknown')) AS undelivered
"""
    + _FROM
)

_WHERE = """
 WHERE n.tenant_id = %(tenant)s
   AND (%(read)s::text[] IS NULL OR CASE WHEN n.read_at IS NULL THEN 'no' ELSE 'yes' END = ANY (%(read)s))
   AND (%(kind)s::text[] IS NULL OR n.kind = ANY (%(kind)s))
   AND (%(to)s::text[] IS NULL OR CASE WHEN n.recipient LIKE 'team:%%' THEN 'teams' ELSE 'borrowers' END = ANY (%(to)s))
   AND (%(mail)s::text[] IS NULL OR coalesce(m.status, 'none') = ANY (%(mail)s))
   AND (%(recipient)s::text IS NULL OR n.recipient = %(recipient)s)
   AND (%(loan)s::text IS NULL OR n.loan_id = %(loan)s)
   AND (%(age_under)s::interval IS NULL OR n.created_at > tenants.now() - %(age_under)s)
   AND (%(age_over)s::interval IS NULL OR n.created_at < tenants.now() - %(age_over)s)
"""

_PAGE = """
   AND (%(after)s::text IS NULL OR n.id < %(after)s)
 ORDER BY n.id DESC
 LIMIT %(limit)s
"""


def _missing(notification_id: str) -> NoSuchNotification:
    return NoSuchNotification(f"there is no notification {notification_id}", notification_id=notification_id)


_LISTING: Final = Listing(
    find=ROWS + _WHERE + _PAGE,
    rows=ROWS + " WHERE n.tenant_id = %(tenant)s AND n.id = ANY (%(ids)s) ORDER BY n.id DESC",
    matching=_IDS + _WHERE + " AND n.id = ANY (%(ids)s)",
    totals=_TOTALS + _WHERE + " HAVING count(*) > 0",
    row=NotificationView,
    total=NotificationTotal,
    missing=_missing,
)
find_notifications = _LISTING.find_rows
notification_rows = _LISTING.rows_of
get_notification = _LISTING.row_of
matching_notifications = _LISTING.matching_of
notification_totals = _LISTING.totals_of
