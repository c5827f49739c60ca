"""What can go wrong on a rail."""

from __future__ import annotations

from headgate.core.errors import ConfigError, Malformed, Unavailable, Unprocessable


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


class SimulatorPortTaken(ConfigError):
    """Another process listens on the simulator's port."""

    code = "rails.simulator_port_taken"
