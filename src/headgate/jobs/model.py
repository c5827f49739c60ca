"""What a job is, and when it runs next."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

INSTALLATION: Final = UUID(int=0)
"""Under this id the installation's own jobs keep their schedule; no tenant has it."""

_NAME: Final = re.compile("[a-z][a-z0-9_]{1,60}")
"""What the schedules' table takes as a job's name (schedules_job_shape)."""

RETRY_FIRST: Final = timedelta(seconds=15)
RETRY_MAX: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done by the clock: `every` so often, or daily `at` a wall time in `zone`.

    A job of scope tenant is run as `run(tx)` for each tenant by that tenant's clock, in one transaction that also
    marks it done. One of scope installation is run as `run(database)` by real time; it opens its own transactions and
    must bear to be run again. One that `calls_out` to another machine is run as `run(outside)` for each tenant, with no
    transaction open: it opens its own (`Outside.begin`), and must bear to be run again too. What `run` returns is kept
    as the outcome, if not None.
    """

    name: str
    run: Callable[[Any], Any]
    every: timedelta | None = None
    at: time | None = None
    zone: str = "UTC"
    scope: Literal["tenant", "installation"] = "tenant"
    calls_out: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise TypeError(f"job {self.name!r} cannot be scheduled: name it in small letters, digits and underscores")
        if (self.every is None) == (self.at is None):
            raise TypeError(f"job {self.name} runs either every so often or at a time of day")
        if self.every is not None and self.every < timedelta(seconds=1):
            raise TypeError(f"job {self.name} runs too often: once a second at most")
        if self.calls_out and self.scope != "tenant":
            raise TypeError(f"job {self.name} calls out for the installation: let it do so for each tenant")
        ZoneInfo(self.zone)

    @property
    def horizon(self) -> timedelta:
        """No schedule lies further off: what does was made before a test tenant's clock was put back."""
        return max(self.every if self.every is not None else timedelta(hours=25), RETRY_MAX)

    def next_after(self, now: datetime) -> datetime:
        """When it runs next, after a run that went well."""
        if self.every is not None:
            return now + self.every
        assert self.at is not None, "checked when the job was made"
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        while True:
            found = datetime.combine(day, self.at, zone).astimezone(UTC)
            if found > now:
                return found
            day += timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job."""

    id: str
    job: str
    status: Literal["running", "succeeded", "failed", "crashed"]
    attempt: int
    due_at: datetime
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None


def retry_after(failures: int) -> timedelta:
    """How long a job waits after so many failures in a row: 15 s, doubling, an hour at most."""
    return min(RETRY_FIRST * (1 << min(failures - 1, 20)), RETRY_MAX)
