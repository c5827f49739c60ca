"""What the clock does to loans."""

from __future__ import annotations

from datetime import time

from headgate.jobs import Job
from headgate.servicing.loans import pass_days

JOBS = [Job(name="servicing_states_daily", at=time(0, 30), zone="America/New_York", run=pass_days)]
