"""The list of notifications and one of them opened: what teams and borrowers were told, and how its mail stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from headgate import alerts
from headgate.console import lists
from headgate.console.acts import Act, Done, Form
from headgate.console.list_screens import ListScreen, Searched, Templates
from headgate.core.db import Tx

parse = lists.by(alerts.TERMS)
VIEWS = (
    ("All", ""),
    ("Not read", "to:teams read:no"),
    ("Partial", "kind:payment_partial"),
    ("Reversed", "kind:payment_reversed"),
    ("To borrowers", "to:borrowers"),
    ("Mail given up", "mail:failed"),
)
KINDS: Final = {
    "payment_posted": ("Posted", "ok", "check"),
    "payment_partial": ("Partial", "warn", "half"),
    "payment_reversed": ("Reversed", "bad", "return"),
}
"""Of each kind its word, colour and icon."""
MAIL_SAYS: Final = {
    "waiting": "waits to be sent",
    "sending": "is being sent",
    "sent": "was sent",
    "failed": "was given up",
    "unknown": "may have left: it is not sent again",
}


def _read(tx: Tx, notification_id: str, form: Form) -> Done:
    row = alerts.mark_read(tx, notification_id=notification_id)
    return Done(f"Read: {row.title}.", f"/notifications/{notification_id}")


def _read_all(tx: Tx, notification_id: str, form: Form) -> Done:
    count = alerts.mark_all_read(tx, through=notification_id)
    return Done(
        f"{count:,} of the teams' notifications {'is' if count == 1 else 'are'} read.",
        f"/notifications/{notification_id}",
    )


ACTS: Final[Mapping[str, Act]] = {
    "read": Act("alerts.manage", _read),
    "read-all": Act("alerts.manage", _read_all),
}

SCREEN: Final = ListScreen(
    path="notifications",
    prefix="ntf",
    noun="notification",
    label="Notifications",
    templates=Templates("notifications.html", "notification_drawer.html", "notification_rows.html"),
    views=VIEWS,
    permissions=("alerts.read",),
    words={"kinds": KINDS, "mail_says": MAIL_SAYS},
    reads=Searched(
        parse=parse,
        find=alerts.find_notifications,
        totals=alerts.notification_totals,
        rows=alerts.notification_rows,
        matching=alerts.matching_notifications,
        opened=lambda tx, item_id: alerts.get_notification(tx, item_id),
    ),
)
