"""What the clock does for evidence."""

from __future__ import annotations

from datetime import time

from headgate.ingestion.rate_reading import read_rates_daily
from headgate.jobs import Job

JOBS = [
    # An hour after the European Central Bank publishes.
    Job(name="fx_rates_daily", at=time(17, 0), zone="Europe/Berlin", run=read_rates_daily, calls_out=True),
]
