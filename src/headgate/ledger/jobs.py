"""What the clock does to the book."""

from __future__ import annotations

from datetime import timedelta

from headgate.jobs import Job
from headgate.ledger.pending import expire_pending, post_scheduled
from headgate.ledger.reservations import expire_due

JOBS = [
    Job(name="reservation_cleanup", every=timedelta(minutes=1), run=expire_due),
    Job(name="pending_cleanup", every=timedelta(minutes=1), run=expire_pending),
    Job(name="scheduled_posting", every=timedelta(minutes=1), run=post_scheduled),
]
