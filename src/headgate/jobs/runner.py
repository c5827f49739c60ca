"""The loop that runs jobs, in a thread of `headgate serve`. Several processes may run it: a job runs once at a time."""

from __future__ import annotations

import threading
from typing import Final

from headgate.core import log
from headgate.core.db import Database
from headgate.core.errors import HeadgateError
from headgate.jobs.model import Job
from headgate.jobs.runs import discover, run_due

POLL_SECONDS: Final = 1.0
_LOG = log.get(__name__)


def run_forever(database: Database, stop: threading.Event, *, jobs: dict[str, Job] | None = None) -> None:
    """Run what is due, until `stop` is set. A database that does not answer is asked again, not given up."""
    known = discover() if jobs is None else jobs
    while not stop.is_set():
        try:
            run_due(database, known, stop=stop)
        except HeadgateError as error:
            _LOG.warning("jobs cannot be looked up", extra={"reason": error.message})
        except Exception:
            _LOG.exception("the jobs' loop failed and tries again")
        stop.wait(POLL_SECONDS)
