"""What is done by the clock: schedules, run history, run locks.

A domain lists its jobs in `jobs.py` as `JOBS = [Job(name=…, every=…, run=fn)]`; the registry finds them. A tenant's
job is due by that tenant's clock, which a test tenant may move, and runs in one transaction with the mark that it is
done. A job runs once at a time, however many processes run the loop. A run that fails is tried again, later each
time; one whose process died is marked crashed by the next and tried again. A job that calls out to another machine has
no transaction open meanwhile; its claim is a lease, which is renewed while it runs.
"""

from headgate.jobs.errors import JobRunning, UnknownJob
from headgate.jobs.model import INSTALLATION, Job, Run
from headgate.jobs.outside import Outside
from headgate.jobs.runner import run_forever
from headgate.jobs.runs import discover, due, due_here, history, run_by_name, run_due, run_once

__all__ = [
    "INSTALLATION",
    "Job",
    "JobRunning",
    "Outside",
    "Run",
    "UnknownJob",
    "discover",
    "due",
    "due_here",
    "history",
    "run_by_name",
    "run_due",
    "run_forever",
    "run_once",
]
