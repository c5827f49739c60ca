"""Notifications, for those who read them."""

from __future__ import annotations

from headgate.alerts.model import Kind, NotificationView
from headgate.alerts.search import ROWS, get_notification
from headgate.core.db import Tx


def list_notifications(
    tx: Tx,
    *,
    recipient: str | None = None,
    kind: Kind | None = None,
    unread: bool = False,
    teams: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> list[NotificationView]:
    """What was told, the newest first: to one recipient, or to every team, where asked."""
    return tx.all(
        ROWS + _WHERE + " ORDER BY n.id DESC LIMIT %(limit)s",
        {
            "tenant": tx.tenant_id,
            "id": None,
            "payment": None,
            "recipient": recipient,
            "kind": kind,
            "unread": unread,
            "teams": teams,
            "after": after,
            "limit": limit,
        },
        row=NotificationView,
    )


def notifications_of_payment(tx: Tx, payment_id: str) -> list[NotificationView]:
    """Who was told what of a payment, in order."""
    return tx.all(
        ROWS + " WHERE n.tenant_id = %(tenant)s AND n.payment_id = %(payment)s ORDER BY n.id",
        {"tenant": tx.tenant_id, "payment": payment_id},
        row=NotificationView,
    )


def count_unread(tx: Tx, *, recipient: str | None = None) -> int:
    """How many nobody has read: of one recipient, or of all teams."""
    found: int = tx.value(
        """
        SELECT count(*) FROM alerts.notifications n
         WHERE n.tenant_id = %(tenant)s AND n.read_at IS NULL
           AND CASE WHEN %(recipient)s::text IS NULL THEN n.recipient LIKE 'team:%%' ELSE n.recipient = %(recipient)s END
        """,
        {"tenant": tx.tenant_id, "recipient": recipient},
    )
    return found


def mark_read(tx: Tx, *, notification_id: str) -> NotificationView:
    """Somebody has read it; who was first stays. Raises NoSuchNotification."""
    get_notification(tx, notification_id)
    tx.run(
        """
        UPDATE alerts.notifications SET read_at = %(now)s, read_by = %(who)s
         WHERE tenant_id = %(tenant)s AND id = %(id)s AND read_at IS NULL
        """,
        {"tenant": tx.tenant_id, "id": notification_id, "now": tx.now(), "who": tx.actor.id},
    )
    return get_notification(tx, notification_id)


def mark_all_read(tx: Tx, *, through: str, recipient: str | None = None) -> int:
    """Somebody has read all of a recipient's, or of every team's, up to this one; how many were not read before."""
    return tx.touched(
        """
        UPDATE alerts.notifications n SET read_at = %(now)s, read_by = %(who)s
         WHERE n.tenant_id = %(tenant)s AND n.read_at IS NULL AND n.id <= %(through)s
           AND CASE WHEN %(recipient)s::text IS NULL THEN n.recipient LIKE 'team:%%' ELSE n.recipient = %(recipient)s END
        """,
        {
            "tenant": tx.tenant_id,
            "now": tx.now(),
            "who": tx.actor.id,
            "through": through,
            "recipient": recipient,
        },
    )


_WHERE = """
 WHERE n.tenant_id = %(tenant)s
   AND (%(recipient)s::text IS NULL OR n.recipient = %(recipient)s)
   AND (NOT %(teams)s OR n.recipient LIKE 'team:%%')
   AND (%(kind)s::text IS NULL OR n.kind = %(kind)s)
   AND (NOT %(unread)s OR n.read_at IS NULL)
   AND (%(after)s::text IS NULL OR n.id < %(after)s)
"""
