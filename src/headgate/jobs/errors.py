"""What jobs refuse."""

from __future__ import annotations

from headgate.core.errors import Conflict, NotFound


class UnknownJob(NotFound):
    """There is no such job."""

    code = "jobs.unknown_job"


class JobRunning(Conflict):
    """This job is running already, and runs once at a time."""

    code = "jobs.running"
    retryable = True
