"""What the clock does for reconciliation."""

from __future__ import annotations

from datetime import timedelta

from headgate.jobs import Job
from headgate.recon.closed_book import explain_old_residuals
from headgate.recon.lag import watch_lag

JOBS = [
    Job(name="old_residuals", every=timedelta(minutes=15), run=explain_old_residuals),
    Job(name="recon_lag", every=timedelta(hours=1), run=watch_lag),
]
