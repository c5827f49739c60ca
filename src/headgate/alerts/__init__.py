"""Who is told of what: notifications in the application, and by e-mail.

A message that a payment of a loan was posted, is partial or was reversed becomes a *notification* for each *recipient*
who wants to know (`notify`): its borrower, and the teams that asked for it. The row is written first and stays, whatever
becomes of its mail. Who gets what is data (`set_preference`), so are the words (`set_template`) and the addresses
(`set_address`, sealed).

A mail is claimed in one transaction, handed over with none open, and its outcome written down in another. It is tried
three times at most; one of which nobody knows whether it left is never sent again, so nobody gets one twice.
"""

from headgate.alerts.errors import InvalidPreference, InvalidTemplate, NoSuchNotification
from headgate.alerts.mailing import Posted, send_mails
from headgate.alerts.model import KINDS, TEAMS, Kind, MailStatus, NotificationView
from headgate.alerts.notifying import notify
from headgate.alerts.preferences import (
    AddressView,
    Preference,
    list_addresses,
    list_preferences,
    set_address,
    set_preference,
)
from headgate.alerts.queries import (
    count_unread,
    list_notifications,
    mark_all_read,
    mark_read,
    notifications_of_payment,
)
from headgate.alerts.search import (
    TERMS,
    NotificationTotal,
    find_notifications,
    get_notification,
    matching_notifications,
    notification_rows,
    notification_totals,
)
from headgate.alerts.templates import FIELDS, Template, list_templates, set_template

__all__ = [
    "FIELDS",
    "KINDS",
    "TEAMS",
    "TERMS",
    "AddressView",
    "InvalidPreference",
    "InvalidTemplate",
    "Kind",
    "MailStatus",
    "NoSuchNotification",
    "NotificationTotal",
    "NotificationView",
    "Posted",
    "Preference",
    "Template",
    "count_unread",
    "find_notifications",
    "get_notification",
    "list_addresses",
    "list_notifications",
    "list_preferences",
    "list_templates",
    "mark_all_read",
    "mark_read",
    "matching_notifications",
    "notification_rows",
    "notification_totals",
    "notifications_of_payment",
    "notify",
    "send_mails",
    "set_address",
    "set_preference",
    "set_template",
]
