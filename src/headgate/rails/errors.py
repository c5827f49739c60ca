"""What can go wrong on a rail."""

from __future__ import annotations

from headgate.core.errors import ConfigError, Malformed, NotFound, Unavailable, Unprocessable


class CannotWrite(Unprocessable):
    """A file cannot be written as asked; `facts["problems"]` lists every reason, and nothing was written."""

    code = "rails.cannot_write"


class FileRefused(Unprocessable):
    """The bank refuses the file; `facts["faults"]` lists the broken rules, and nothing of it is booked."""

    code = "rails.file_refused"


class UnknownTrace(Unprocessable):
    """No entry of the files at hand has that trace number."""

    code = "rails.unknown_trace"


class DayBeyondCalendar(Malformed):
    """A day of a year for which nobody keeps a banking calendar."""

    code = "rails.day_beyond_calendar"


class ProviderAnswerUnread(Unavailable):
    """What a provider answered cannot be read; nothing of it is taken, and asking again may help."""

    code = "rails.provider_answer_unread"


class InvalidProfile(ConfigError):
    """A bank profile cannot be used as it stands; `facts["problems"]` lists every one, with file and key."""

    code = "rails.invalid_profile"


class NotEntered(Unprocessable):
    """A bank profile lacks something that only the bank's own guide says."""

    code = "rails.not_entered"


class NoSuchProfile(NotFound):
    """There is no bank profile of that name."""

    code = "rails.profile_not_found"


class RailNotOffered(Unprocessable):
    """The bank does not offer that rail; `facts` names the profile and the rails that it has."""

    code = "rails.rail_not_offered"


class NoWindow(Unprocessable):
    """A bank's profile has no window that opens any more."""

    code = "rails.no_window"
