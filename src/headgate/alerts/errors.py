"""What can go wrong in telling people."""

from headgate.core.errors import NotFound, Unprocessable


class NoSuchNotification(NotFound):
    """There is no such notification."""

    code = "alerts.notification_not_found"


class InvalidPreference(Unprocessable):
    """This is no recipient that can be told, or no address that a mail can go to."""

    code = "alerts.invalid_preference"


class InvalidTemplate(Unprocessable):
    """These words cannot be filled in."""

    code = "alerts.invalid_template"
